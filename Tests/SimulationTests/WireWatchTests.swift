import ChatEngine
import Testing

@testable import Simulator

/// What the wire must not show is noticed when it does.
@Suite("The watch on the wire")
struct WireWatchTests {
  private let server = PeerAddress(v4: 10, 9, 0, 0, port: 12_345)
  private let client = PeerAddress(v4: 10, 1, 0, 1, port: 4_000)

  private func data(_ number: UInt8, phase: UInt8 = 0, to receiver: UInt8 = 7, count: Int = 40)
    -> [UInt8]
  {
    [0x86 | phase, 0, 0, 0, receiver, 0, 0, 0, 0, 0, 0, 0, number]
      + [UInt8](repeating: 1, count: count - 13)
  }

  /// With an ephemeral key of its own for each `key`.
  private func initiation(_ key: UInt8) -> [UInt8] {
    [0x82, 1] + [UInt8](repeating: 0, count: 24) + [UInt8](repeating: key, count: 100)
  }

  private func send(_ bytes: [UInt8], _ wire: inout WireWatch, path: Int = 1_472) -> String? {
    wire.sent(bytes, by: 1, isProbe: false, path: path, at: Simulation.start)
  }

  @Test("A number is one more than the one before")
  func countsUp() {
    var wire = WireWatch()
    _ = send(initiation(1), &wire)
    #expect(send(data(0), &wire) == nil)
    #expect(send(data(1), &wire) == nil)
    #expect(send(data(1), &wire) != nil)
    #expect(send(data(3), &wire) != nil)
    #expect(send(data(0), &wire) != nil)
  }

  @Test("Numbers begin again with a new handshake, and not with the same one again")
  func beginsAgain() {
    var wire = WireWatch()
    _ = send(initiation(1), &wire)
    _ = send(data(0), &wire)
    _ = send(initiation(1), &wire)
    #expect(send(data(0), &wire) != nil)
    _ = send(initiation(2), &wire)
    #expect(send(data(0), &wire) == nil)
  }

  @Test("A key phase is not left early, and none begins in the second")
  func keepsPhase() {
    var wire = WireWatch()
    _ = send(initiation(1), &wire)
    #expect(send(data(0), &wire) == nil)
    #expect(send(data(1, phase: 1), &wire) != nil)
    _ = send(initiation(2), &wire)
    #expect(send(data(0, phase: 1, to: 9), &wire) != nil)
  }

  @Test("What is longer than the path is a probe")
  func keepsToThePath() {
    var wire = WireWatch()
    _ = send(initiation(1), &wire)
    #expect(send(data(0, count: 1_473), &wire) != nil)
    #expect(
      wire.sent(
        data(0, count: 4_000), by: 1, isProbe: true, path: 1_472, at: Simulation.start) == nil)
    let long = [UInt8](repeating: 0x86, count: Limits.datagramBytesMax + 1)
    #expect(send(long, &wire, path: .max) != nil)
  }

  @Test("A stranger is told no more than it said, somebody who moved three times as much")
  func isShort() {
    var wire = WireWatch()
    let hello = [UInt8](repeating: 0x80, count: 256)
    wire.reached(server, by: client, hello, isTrue: true)
    #expect(wire.sent(by: server, to: client, hello) == nil)
    #expect(wire.sent(by: server, to: client, [0x81]) != nil)
    wire.reached(server, by: client, data(0), isTrue: true)
    #expect(wire.sent(by: server, to: client, [0x86]) == nil)
    // Something arrived there, and then something comes from there.
    wire.reached(client: client, by: server)
    wire.reached(server, by: client, data(1), isTrue: false)
    #expect(wire.sent(by: server, to: client, [UInt8](repeating: 0x86, count: 9_000)) != nil)
    wire.reached(server, by: client, data(1), isTrue: true)
    #expect(wire.sent(by: server, to: client, [UInt8](repeating: 0x86, count: 9_000)) == nil)
  }
}
