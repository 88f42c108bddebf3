import ChatEngine
import Glibc
import Synchronization
import Testing

@testable import ChatCore

@Suite("KeyFile")
struct KeyFileTests {
  @Test("A key is made once, for its owner's eyes, and stays")
  func isMade() throws {
    let state = try TemporaryState()
    #expect(try KeyFile.client.load(in: state.folder) == nil)
    let made = try KeyFile.client.loadOrMake(in: state.folder)
    #expect(state.files == ["client.key"])
    #expect(state.mode("client.key") == 0o600)
    let text = state.read("client.key")
    #expect(text.hasPrefix("chatd-key-1 ") && text.hasSuffix("\n") && text.utf8.count == 61)
    #expect(try KeyFile.client.loadOrMake(in: state.folder).publicKey == made.publicKey)
    #expect(try KeyFile.client.load(in: state.folder)?.publicKey == made.publicKey)
    #expect(state.read("client.key") == text)
    let server = try KeyFile.server.loadOrMake(in: state.folder)
    #expect(server.publicKey != made.publicKey)
    #expect(state.files == ["client.key", "server.key"])
  }

  @Test("Its file's form does not change")
  func isReadAsBefore() throws {
    let state = try TemporaryState()
    // The secret 0, 1 … 31, and the first bytes of its BLAKE2b-256 (Python: cb2f5160).
    state.write(
      "server.key", "chatd-key-1 AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh/LL1Fg\n")
    let pair = try #require(try KeyFile.server.load(in: state.folder))
    let secret = pair.secret.withBytes { span in span.indices.map { span[$0] } }
    #expect(secret == Array(0..<32))
  }

  @Test("Whoever makes it at the same time has the same")
  func isMadeOnce() throws {
    for _ in 0..<20 {
      let state = try TemporaryState()
      let folder = state.folder
      let keys = Mutex<[PublicKey]>([])
      let count = 8
      let start = Atomic(0)
      for _ in 0..<count {
        try startThread {
          start.add(1, ordering: .relaxed)
          while start.load(ordering: .relaxed) < count {}
          let key = try? KeyFile.client.loadOrMake(in: folder).publicKey
          keys.withLock { if let key { $0.append(key) } }
        }
      }
      #expect(waitUntil { keys.withLock { $0.count } == count })
      #expect(keys.withLock { Set($0) }.count == 1)
      #expect(state.files == ["client.key"], "a part was left")
    }
  }

  @Test("One that others can read is refused and kept", arguments: [0o644, 0o640, 0o604, 0o620])
  func isSecret(mode: mode_t) throws {
    let state = try TemporaryState()
    _ = try KeyFile.client.loadOrMake(in: state.folder)
    let text = state.read("client.key")
    chmod("\(state.folder.path)/client.key", mode)
    let said = complaint { () throws(Failure) in try KeyFile.client.loadOrMake(in: state.folder) }
    #expect(said?.contains("can be read by others") == true)
    #expect(said?.contains("chmod 600 \(state.folder.path)/client.key") == true)
    #expect(state.read("client.key") == text)
  }

  @Test("One that is damaged is refused and kept")
  func isWhole() throws {
    let state = try TemporaryState()
    _ = try KeyFile.client.loadOrMake(in: state.folder)
    let good = state.read("client.key")
    var bad = ["", "\n", "chatd-key-1 \n", String(good.dropLast()), good + "\n", " " + good]
    bad += [good.replacing("key-1", with: "key-2"), String(repeating: "x", count: 5_000)]
    bad += (12..<60).map { place in
      var bytes = Array(good.utf8)
      bytes[place] = bytes[place] == UInt8(ascii: "A") ? UInt8(ascii: "B") : UInt8(ascii: "A")
      return String(decoding: bytes, as: UTF8.self)
    }
    for text in bad {
      state.write("client.key", text)
      let said = complaint { () throws(Failure) in try KeyFile.client.loadOrMake(in: state.folder) }
      #expect(said?.contains("client.key is damaged") == true, "\(text)")
      #expect(state.read("client.key") == text)
    }
    state.write("client.key", good)
    #expect(complaint { () throws(Failure) in try KeyFile.client.load(in: state.folder) } == nil)
  }

  @Test("What is no plain file is refused")
  func isPlain() throws {
    let state = try TemporaryState()
    mkfifo("\(state.folder.path)/client.key", 0o600)
    #expect(
      complaint { () throws(Failure) in try KeyFile.client.loadOrMake(in: state.folder) }?
        .contains("no plain file") == true)
  }
}
