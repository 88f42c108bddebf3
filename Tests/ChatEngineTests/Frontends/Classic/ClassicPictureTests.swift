import Testing

@testable import ChatEngine

@Suite("Pictures between classic clients")
struct ClassicPictureTests {
  private func lobby(_ change: (inout ServerConfiguration) -> Void = { _ in }) -> EngineHarness {
    let harness = EngineHarness(change)
    harness.receive("Ann has joined the chat.", from: 1)
    harness.receive("Bob has joined the chat.", from: 2)
    harness.receive("Cid:join", from: 3)
    _ = harness.takeTranscript()
    return harness
  }

  private func picture(_ name: String, _ jpeg: [UInt8]) -> [UInt8] { bytes("IMG:\(name):") + jpeg }

  @Test("A picture goes on byte for byte to dialect A, and dialect B is told of it")
  func relaysPictures() {
    let harness = lobby()
    let datagram = picture("Ann", MadeJPEG().bytes)
    let told = harness.receive(datagram, from: EngineHarness.address(1))
    #expect(
      told.byAddress == [
        Sent(EngineHarness.address(2), datagram), sent(3, "Ann sent an image."),
      ])
    #expect(harness.engine.turn.output.counters.pictures == 1)
    #expect(harness.engine.turn.output.counters.messages == 0)
  }

  @Test("A picture is its sender's, whatever name stands in it, and dialect B may show one too")
  func showsWhoSent() {
    let harness = lobby()
    let jpeg = MadeJPEG().bytes
    for name in ["Bob", "", "ann", "a/../b"] {
      let told = harness.receive(picture(name, jpeg), from: EngineHarness.address(1))
      #expect(told.contains(Sent(EngineHarness.address(2), picture("Ann", jpeg))))
    }
    let told = harness.receive(picture("Cid", jpeg), from: EngineHarness.address(3))
    #expect(told.contains(Sent(EngineHarness.address(1), picture("Cid", jpeg))))
    #expect(told.count == 2)
  }

  @Test(
    "What is no picture to relay is dropped, and its sender alone is told why",
    arguments: [
      ([], "it is no JPEG"), (bytes("GIF89a"), "it is no JPEG"),
      (Array(MadeJPEG().bytes.prefix(20)), "its JPEG data end too early"),
      (MadeJPEG(scan: [1]).bytes, "its JPEG data end too early"),
      (MadeJPEG(width: 0).bytes, "it is a damaged JPEG (it has no size)"),
      (
        MadeJPEG(marker: 0xc9).bytes,
        "it is a kind of JPEG that not everyone can show (arithmetic coding)"
      ),
      (
        MadeJPEG(width: 65_535, height: 65_535, scan: []).bytes,
        "its size of 65535×65535 is not allowed"
      ),
    ] as [([UInt8], String)])
  func refusesBadPictures(jpeg: [UInt8], reason: String) {
    let harness = lobby()
    let told = harness.receive(picture("Ann", jpeg), from: EngineHarness.address(1))
    #expect(told == [sent(1, "This was not passed on, because \(reason).")])
    #expect(harness.drops(.badPicture) == 1)
    #expect(harness.takeTranscript() == "")
    #expect(harness.engine.turn.output.counters.pictures == 0)
  }

  @Test("A sender is warned at most once a second, and every drop is counted")
  func warnsSeldom() {
    let harness = lobby()
    let bad = picture("Ann", [1, 2, 3])
    #expect(harness.receive(bad, from: EngineHarness.address(1)).count == 1)
    for _ in 0..<9 {
      harness.now = harness.now + .milliseconds(100)
      #expect(harness.receive(bad, from: EngineHarness.address(1)) == [])
    }
    harness.now = harness.now + .milliseconds(100)
    #expect(harness.receive(bad, from: EngineHarness.address(1)).count == 1)
    #expect(harness.drops(.badPicture) == 11)
  }

  @Test("A stranger's picture joins it, as after a restart; a bad one joins it, too, and warns it")
  func takesInStrangers() {
    let harness = lobby()
    let jpeg = MadeJPEG().bytes
    let told = harness.receive(picture("Dee", jpeg), from: EngineHarness.address(4))
    #expect(told.contains(sent(1, "Dee has joined the chat.")))
    #expect(told.contains(Sent(EngineHarness.address(1), picture("Dee", jpeg))))
    #expect(told.contains(sent(3, "Dee sent an image.")))
    let bad = harness.receive(picture("Eve", [0]), from: EngineHarness.address(5))
    #expect(bad.contains(sent(1, "Eve has joined the chat.")))
    #expect(bad.contains { $0.address == EngineHarness.address(5) })
  }

  @Test("A stranger's picture whose name is no UTF-8 is dropped")
  func dropsBadNames() {
    let harness = lobby()
    let datagram = bytes("IMG:") + [0xff] + bytes(":") + MadeJPEG().bytes
    #expect(harness.receive(datagram, from: EngineHarness.address(9)) == [])
    #expect(harness.drops(.badName) == 1)
    #expect(harness.engine.clientCount == 3)
  }

  @Test("A picture that a longer name pushes over a datagram is passed on to nobody")
  func refusesWhatDoesNotFit() {
    let harness = lobby()
    harness.receive("Ann has joined the chat.", from: 4)
    var made = MadeJPEG()
    let rest = Limits.datagramBytesMax - "IMG:Ann:".utf8.count - made.header.count - 2
    made.scan = [UInt8](repeating: 7, count: rest)
    let full = picture("Ann", made.bytes)
    #expect(full.count == Limits.datagramBytesMax)
    #expect(harness.receive(full, from: EngineHarness.address(1)).count == 3)
    let told = harness.receive(full, from: EngineHarness.address(4))
    #expect(
      told.byAddress == [
        sent(4, "This was not passed on, because it is too long with your name in front.")
      ])
    #expect(harness.drops(.tooLong) == 1 && harness.engine.turn.output.counters.pictures == 1)
  }

  @Test("Pictures are handed over to be kept, as they are and under their sender's name, if wanted")
  func keepsPictures() throws {
    let harness = lobby { $0.savesPictures = true }
    let jpeg = MadeJPEG().bytes
    harness.receive(picture("Bob", jpeg), from: EngineHarness.address(1))
    harness.receive(picture("Ann", [1]), from: EngineHarness.address(1))
    try #require(harness.engine.turn.output.effects.count == 1)
    guard case .savePicture(let name, let bytes) = harness.engine.turn.output.effects[0] else {
      return
    }
    #expect(name == "Ann")
    #expect(bytes == jpeg)
    let other = lobby()
    other.receive(picture("Ann", jpeg), from: EngineHarness.address(1))
    #expect(other.engine.turn.output.effects.isEmpty)
  }
}
