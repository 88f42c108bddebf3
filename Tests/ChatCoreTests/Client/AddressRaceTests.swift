import ChatEngine
import Glibc
import Testing

@testable import ChatCore

@Suite("AddressRace on loopback")
struct AddressRaceTests {
  private static let any = PeerAddress(v4: 127, 0, 0, 1, port: 0)

  /// Where nobody is, which the network reports.
  private static func refusing() throws -> PeerAddress {
    try #require(try DatagramSocket(bindingTo: any).localAddress)
  }

  /// Runs a race for at most a second.
  ///
  /// - Parameter answering: sockets that answer what they hear with these bytes.
  /// - Returns: who won, or the error; nil where neither came.
  private func race(
    _ addresses: [PeerAddress], answering: [DatagramSocket] = [], with answer: [UInt8] = [0x81]
  ) throws -> (winner: PeerAddress?, error: Int32?) {
    let reactor = try Reactor()
    var result: (winner: PeerAddress?, error: Int32?) = (nil, nil)
    let watches = try answering.map { server in
      try reactor.watch(server.fd, for: .readable) { _ in
        var outbox = Outbox()
        for index in 0..<server.receive() {
          server.withDatagram(index) { _, source in outbox.addDatagram(answer, to: source) }
        }
        _ = server.send(&outbox)
      }
    }
    let race = AddressRace(to: addresses[...], on: reactor) { socket, address, count in
      #expect(count > 0)
      #expect(throws: Never.self, "it is free to be watched") {
        _ = try reactor.watch(socket.fd, for: .readable) { _ in }
      }
      result.winner = address
      reactor.stop()
    } onFailure: { error in
      result.error = error
      reactor.stop()
    }
    let end = reactor.addTimer { reactor.stop() }
    end.deadline = reactor.now + .seconds(1)
    race.ask([0x80])
    try reactor.run()
    withExtendedLifetime((race, watches)) {}
    return result
  }

  @Test("An address that swallows everything does not keep the next from answering")
  func passesOverSilence() throws {
    let silent = try DatagramSocket(bindingTo: Self.any)
    let server = try DatagramSocket(bindingTo: Self.any)
    let address = try #require(server.localAddress)
    let result = try race([try #require(silent.localAddress), address], answering: [server])
    #expect(result.winner == address && result.error == nil)
    #expect(silent.receive() == 1, "the first was asked first")
  }

  @Test("An address that refuses is passed over at once, wherever it stands")
  func passesOverRefusal() throws {
    let server = try DatagramSocket(bindingTo: Self.any)
    let address = try #require(server.localAddress)
    let addresses = try (0..<4).map { _ in try Self.refusing() } + [address]
    // Four delays would not fit into the second.
    #expect(try race(addresses, answering: [server]).winner == address)
  }

  @Test("Where nobody is at any address, that is told")
  func tellsFailure() throws {
    let result = try race([try Self.refusing(), try Self.refusing()])
    #expect(result.winner == nil && result.error == ECONNREFUSED)
  }

  @Test("What is no native datagram wins nothing")
  func ignoresOthers() throws {
    let talker = try DatagramSocket(bindingTo: Self.any)
    let address = try #require(talker.localAddress)
    let result = try race([address], answering: [talker], with: [0x41])
    #expect(result.winner == nil && result.error == nil)
  }
}
