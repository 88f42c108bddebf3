import ChatEngine
import Glibc

/// What `chatd send-image` was asked for.
public struct SendImageOptions: Sendable {
  public var client = ClientOptions()
  /// Where to show it.
  public var room = RoomName.lobby
  /// A file, or `-` for standard input.
  public var path = ""
  public var quality = Limits.pictureQualityDefault
  public var box = PictureSize(
    width: Limits.pictureWidthDefault, height: Limits.pictureHeightDefault)

  public init() {}
}

/// Fits a picture, sends it, and says on standard error what was done to it.
public func sendImage(_ options: SendImageOptions) throws(Failure) {
  try options.client.check([options.room])
  let request = PictureRequest(
    box: options.box, quality: options.quality,
    bytesMax: ClientEngine.pictureBytesMax(for: try options.client.memberName()))
  // Before there is a session: as long as this takes, a signal ends the process as usual.
  let (fitted, fileName) = try fit(options.path, request)
  let session = try SendSession(options.client, in: options.room)
  session.pictures = [fitted.jpeg]
  let progress = ProgressLine(fileName, isQuiet: options.client.isQuiet)
  session.onProgress = progress.show
  defer { progress.clear() }
  try session.run()
  progress.finish()
  if !options.client.isQuiet { note(fitted.summary(name: fileName)) }
}

private func fit(
  _ path: String, _ request: PictureRequest
) throws(Failure) -> (FittedPicture, name: String) {
  let file: PictureFile
  do throws(PictureError) {
    file = try PictureFile.read(path: path, acceptsPipes: true)
  } catch {
    throw Failure(.failed, error.description)
  }
  do throws(PictureError) {
    let name = path == "-" ? file.name : path
    return (try PictureFitter.fit(file.bytes, name: name, request: request), file.name)
  } catch {
    guard case .tooMuchMemory = error.reason else { throw Failure(.failed, error.description) }
    throw Failure(.failed, "\(error.description); \(advice(file, request))")
  }
}

/// What to do about a picture that needs too much memory: the box, halved as often as it takes,
/// into which it can be fitted.
private func advice(_ file: PictureFile, _ request: PictureRequest) -> String {
  var smaller = request
  while smaller.box.width > 1, smaller.box.height > 1 {
    smaller.box.width /= 2
    smaller.box.height /= 2
    do throws(PictureError) {
      _ = try PictureFitter.fit(file.bytes, name: file.name, request: smaller)
      return "--max-size \(smaller.box.width)x\(smaller.box.height) would do"
    } catch {
      guard case .tooMuchMemory = error.reason else { break }
    }
  }
  return "make it smaller with another program first"
}
