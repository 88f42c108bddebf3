import ChatEngine
import Glibc

/// What `chatd send-image` was asked for.
public struct SendImageOptions: Sendable {
  public var client = ClientOptions()
  /// A file, or `-` for standard input.
  public var path = ""
  public var quality = Limits.pictureQualityDefault
  public var box = PictureSize(
    width: Limits.pictureWidthDefault, height: Limits.pictureHeightDefault)

  public init() {}
}

/// Fits a picture, sends it, and says on standard error what was done to it.
public func sendImage(_ options: SendImageOptions) throws(Failure) {
  let request = PictureRequest(
    box: options.box, quality: options.quality,
    bytesMax: ClientEngine.pictureBytesMax(for: try options.client.memberName()))
  // Before there is a session: as long as this takes, a signal ends the process as usual.
  let (fitted, fileName) = try fit(options.path, request)
  let session = try SendSession(options.client)
  session.pictures = [fitted.jpeg]
  let progress = ProgressLine(isQuiet: options.client.isQuiet)
  session.onProgress = { bytes, all in progress.show("\(fileName)  \(100 * bytes / all) %") }
  defer { progress.clear() }
  try session.run()
  progress.clear()
  if !options.client.isQuiet { note(fitted.summary(name: fileName)) }
}

private func fit(
  _ path: String, _ request: PictureRequest
) throws(Failure) -> (FittedPicture, name: String) {
  do throws(PictureError) {
    let file = try PictureFile.read(path: path, acceptsPipes: true)
    return (
      try PictureFitter.fit(file.bytes, name: path == "-" ? file.name : path, request: request),
      file.name
    )
  } catch {
    throw Failure(.failed, error.description)
  }
}
