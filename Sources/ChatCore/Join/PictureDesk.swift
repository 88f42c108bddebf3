import ChatEngine
import Glibc

/// A picture that somebody showed.
struct ArrivedPicture: Sendable {
  var from: String
  var bytes: Int
  var size: PictureSize?
  /// Where it was saved.
  var file: String?
  /// What is wrong with it, or why it was not saved.
  var fault: String?
  /// The picture as a terminal draws it.
  var art: [UInt8]?

  /// `a picture, 640×480, 38 kB → received_image_from_Anoop.jpg`.
  var text: String {
    var text = "a picture"
    if let size { text += ", \(size.width)×\(size.height)" }
    text += ", \(PictureText.bytes(bytes))"
    if let file { text += " → \(ShownText.string(file))" }
    if let fault { text += " (\(fault))" }
    return text
  }
}

/// Where pictures are looked at, saved, drawn and made fit: a thread beside the loop, since all of
/// it is slow and what arrives is untrusted.
final class PictureDesk {
  enum Result: Sendable {
    case arrived(ArrivedPicture)
    /// Ready to be shown to the others; the summary says what was done to it.
    case fitted(jpeg: [UInt8], summary: String, RoomName)
    case failed(String)
  }

  private enum Job: Sendable {
    case arrived(from: String, jpeg: [UInt8], canvas: TerminalCanvas?)
    case fit(path: String, bytesMax: Int, RoomName)
  }

  private let worker: WorkerThread<Job>
  private let results: Mailbox<Result>
  private var watch: Reactor.Watch?
  /// Jobs that were given and whose result was not yet handed back.
  private(set) var pending = 0

  /// - Parameter store: where to save what arrives; nil saves nothing.
  init(
    store: PictureStore?, opens: Bool, on reactor: Reactor,
    _ handle: @escaping (Result) -> Void
  ) throws(SystemError) {
    let results = try Mailbox<Result>(capacity: Limits.saveQueuePicturesMax)
    self.results = results
    worker = try WorkerThread(capacity: Limits.saveQueuePicturesMax) { job in
      let result: Result =
        switch job {
        case .arrived(let from, let jpeg, let canvas):
          .arrived(Self.receive(jpeg, from: from, store, opens, canvas))
        case .fit(let path, let bytesMax, let room): Self.fit(path, bytesMax, for: room)
        }
      let isIn = results.send(result)
      precondition(isIn, "more results than jobs")
    }
    watch = try reactor.watch(results.fd, for: .readable) { [unowned self] _ in
      for result in results.takeAll() {
        pending -= 1
        handle(result)
      }
    }
  }

  /// Looks at a picture that arrived, saves it, and draws it where `canvas` says how.
  ///
  /// - Returns: false when too many are waiting; the picture is then lost.
  func receive(_ jpeg: [UInt8], from: String, canvas: TerminalCanvas?) -> Bool {
    give(.arrived(from: from, jpeg: jpeg, canvas: canvas))
  }

  /// Reads a picture and makes it fit, for a room.
  ///
  /// - Returns: false when too many are waiting.
  func fit(path: String, bytesMax: Int, for room: RoomName) -> Bool {
    give(.fit(path: path, bytesMax: bytesMax, room))
  }

  private func give(_ job: Job) -> Bool {
    // As many results as there are places for, so that none is ever lost.
    guard pending < Limits.saveQueuePicturesMax, worker.send(job) else { return false }
    pending += 1
    return true
  }

  // MARK: On the worker

  private static func receive(
    _ jpeg: [UInt8], from: String, _ store: PictureStore?, _ opens: Bool,
    _ canvas: TerminalCanvas?
  ) -> ArrivedPicture {
    var picture = ArrivedPicture(from: from, bytes: jpeg.count)
    do throws(JPEGHeader.Fault) {
      let header = try JPEGHeader.relayable(jpeg.span)
      picture.size = PictureSize(width: header.width, height: header.height)
    } catch {
      picture.fault = "not shown, because \(error.text)"
      return picture
    }
    if let store {
      do throws(SystemError) {
        let file = try store.save(jpeg, from: from)
        picture.file = store.path(of: file)
        if opens { DesktopOpener.open(store.path(of: file)) }
      } catch {
        picture.fault = "not saved: \(error.description)"
      }
    }
    picture.art = canvas?.draw(jpeg)
    return picture
  }

  private static func fit(_ path: String, _ bytesMax: Int, for room: RoomName) -> Result {
    do throws(PictureError) {
      let file = try PictureFile.read(path: path)
      let fitted = try PictureFitter.fit(
        file.bytes, name: path, request: PictureRequest(bytesMax: bytesMax))
      return .fitted(jpeg: fitted.jpeg, summary: fitted.summary(name: file.name), room)
    } catch {
      return .failed(error.description)
    }
  }
}
