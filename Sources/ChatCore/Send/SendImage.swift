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
  let session = try SendSession(options.client)
  let request = PictureRequest(
    box: options.box, quality: options.quality, bytesMax: session.pictureBytesMax)
  let (fitted, name) = try fit(options.path, request)
  session.pictures = [fitted.jpeg]
  try session.run()
  if !options.client.isQuiet { note(fitted.summary(name: name)) }
}

private func fit(
  _ path: String, _ request: PictureRequest
) throws(Failure) -> (FittedPicture, name: String) {
  do throws(PictureError) {
    let file = try PictureFile.read(path: path)
    return (try PictureFitter.fit(file.bytes, name: file.name, request: request), file.name)
  } catch {
    throw Failure(.failed, error.description)
  }
}
