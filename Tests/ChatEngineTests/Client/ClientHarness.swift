import Testing

@testable import ChatEngine

/// A client's engine with a clock; what it sends and tells is taken as text.
final class ClientHarness {
  let client: ClassicClient
  private(set) var now = Instant(nanoseconds: 1_000_000_000_000)

  init(_ name: String = "Ann", _ change: (inout ClassicClient.Configuration) -> Void = { _ in }) {
    var configuration = ClassicClient.Configuration(name: try! MemberName(name))
    change(&configuration)
    client = ClassicClient(configuration)
  }

  var sent: [String] {
    client.outbox.takeDatagrams().map { String(decoding: $0.bytes, as: UTF8.self) }
  }

  var events: [ClientEvent] { client.takeEvents() }

  func start() { client.start(at: now) }
  func say(_ text: String) { client.say(bytes(text), at: now) }
  func leave() { client.leave(at: now) }
  func receive(_ text: String) { receive(bytes(text)) }
  func receive(_ datagram: [UInt8]) { client.receive(datagram.span, at: now) }

  /// Goes from deadline to deadline, as a loop does.
  func advance(by span: Duration) {
    let end = now + span
    var turns = 0
    while let deadline = client.nextDeadline, deadline <= end, turns < 100_000 {
      now = max(now, deadline)
      client.advance(to: now)
      turns += 1
    }
    #expect(turns < 100_000, "the client's deadlines do not move on")
    now = end
    client.advance(to: now)
  }

  /// Starts and counts as joined; what that takes is thrown away.
  func join() {
    start()
    advance(by: .milliseconds(Limits.classicGraceMilliseconds))
    _ = (sent, events)
  }

  /// Waits until the network would have said that nobody is there.
  func waitForTheEnd() { advance(by: .milliseconds(Limits.classicGraceMilliseconds)) }
}
