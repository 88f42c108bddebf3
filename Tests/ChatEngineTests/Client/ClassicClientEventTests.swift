import Testing

@testable import ChatEngine

@Suite("What ClassicClient tells of datagrams")
struct ClassicClientEventTests {
  @Test("Each datagram of a server is told as what it means")
  func tellsEvents() {
    let harness = ClientHarness()
    harness.join()
    harness.receive("Bob has joined the chat.")
    harness.receive("Bob: a: b")
    harness.receive(bytes("IMG:Bob:") + [0xff, 0xd8])
    harness.receive("This name is taken here, so you are Ann-2.")
    harness.receive("This was not passed on, because it is no JPEG.")
    harness.receive("Welcome")
    harness.receive([0xff])
    harness.receive("Bob has left the chat.")
    #expect(
      harness.events == [
        .arrived("Bob"), .message(from: "Bob", text: bytes("a: b")),
        .picture(from: "Bob", jpeg: [0xff, 0xd8]), .renamed("Ann-2"),
        .notPassedOn(bytes("This was not passed on, because it is no JPEG.")),
        .notice(bytes("Welcome")), .notice([0xff]), .departed("Bob"),
      ])
    #expect(harness.sent == [])
  }

  @Test("The server's end is the client's, and a stray answer is nothing")
  func endsWithTheServer() {
    let harness = ClientHarness()
    harness.join()
    harness.receive("CHAT_SERVER_FOUND")
    #expect(harness.events == [])
    harness.receive("The server is shutting down.")
    #expect(harness.events == [.ended(.shutDown)])
    harness.receive("Bob: hi")
    #expect(harness.events == [])
  }

  @Test(
    "A client that is not let in ends with the server's reason",
    arguments: ["Name already taken", "You were not let in, because the chat is full."])
  func endsWhenNotLetIn(reason: String) {
    let harness = ClientHarness()
    harness.join()
    harness.receive(reason)
    #expect(harness.events == [.ended(.notLetIn(bytes(reason)))])
    #expect(harness.client.isEnded)
  }

  @Test("The largest picture and the longest text fit a datagram, whatever the name")
  func fitsDatagrams() {
    let names = ["A", String(repeating: "x", count: 32), String(repeating: "👍", count: 32)]
    for name in names {
      let harness = ClientHarness(name)
      harness.join()
      let size = harness.client.pictureBytesMax
      #expect(size <= Limits.classicPictureBytesMax)
      harness.client.show([UInt8](repeating: 0, count: size), at: harness.now)
      harness.client.say([UInt8](repeating: 0x61, count: Limits.messageBytesMax), at: harness.now)
      let numbered = "-\(Limits.nameNumberMax)".utf8.count
      let datagrams = harness.client.outbox.takeDatagrams()
      #expect(datagrams.count == 2)
      for datagram in datagrams {
        #expect(datagram.bytes.count + numbered <= Limits.datagramBytesMax)
      }
    }
    #expect(ClientHarness("A").client.pictureBytesMax == Limits.classicPictureBytesMax)
  }

  @Test("A client and a server talk through a whole session without losing a word")
  func talksToTheServer() {
    let server = EngineHarness()
    server.receive("Bob has joined the chat.", from: 2)
    let harness = ClientHarness("Bob") { $0.pace = Rate(perSecond: 50, burst: 2) }
    harness.start()
    var heard: [String] = []
    func exchange() {
      var isQuiet = false
      while !isQuiet {
        isQuiet = harness.client.outbox.isEmpty
        for text in harness.sent {
          for told in server.receive(text, from: 1) {
            if told.address == EngineHarness.address(1) {
              harness.receive(told.bytes)
            } else {
              heard.append(String(decoding: told.bytes, as: UTF8.self))
            }
          }
        }
      }
    }
    exchange()
    #expect(harness.events == [.joined, .renamed("Bob-2")])
    for number in 0..<20 { harness.say("\(number)") }
    harness.leave()
    for _ in 0..<100 where !harness.client.isEnded {
      harness.advance(by: .milliseconds(20))
      exchange()
    }
    #expect(harness.events == [.ended(.left)])
    #expect(
      heard == ["Bob-2 has joined the chat."] + (0..<20).map { "Bob-2: \($0)" }
        + ["Bob-2 has left the chat."])
  }
}

@Suite("A client's signs of life")
struct ClassicClientKeepAliveTests {
  @Test("A client that stays shows once in a while that it does, and is content with an answer")
  func showsSigns() {
    let harness = ClientHarness()
    harness.join()
    for _ in 0..<10 {
      harness.advance(by: .seconds(Limits.keepAliveSeconds) - .nanoseconds(1))
      #expect(harness.sent == [])
      harness.advance(by: .nanoseconds(1))
      #expect(harness.sent == ["Ann has joined the chat.", question])
      harness.receive("CHAT_SERVER_FOUND")
    }
    #expect(harness.events == [])
  }

  @Test("Some answers may stay out; after that the server is lost")
  func losesTheServer() {
    let harness = ClientHarness()
    harness.join()
    harness.advance(by: .seconds(Limits.keepAliveSeconds * Limits.keepAlivesMissedMax))
    #expect(harness.sent.count == 2 * Limits.keepAlivesMissedMax)
    harness.receive("CHAT_SERVER_FOUND")
    harness.advance(by: .seconds(Limits.keepAliveSeconds * Limits.keepAlivesMissedMax))
    #expect(harness.events == [])
    harness.advance(by: .seconds(Limits.keepAliveSeconds))
    #expect(harness.events == [.ended(.lost)])
    #expect(harness.client.nextDeadline == nil)
  }

  @Test("A server that did not answer at first, or is not asked, is shown no signs")
  func sparesOldServers() {
    let old = ClientHarness()
    old.start()
    old.receive("Bob: hi")
    let unasked = ClientHarness { $0.asks = false }
    unasked.start()
    unasked.advance(by: .seconds(1))
    for harness in [old, unasked] {
      _ = (harness.sent, harness.events)
      harness.advance(by: .seconds(86_400))
      #expect(harness.sent == [])
      #expect(harness.events == [])
    }
  }

  @Test("A client that was let go although it is there comes back at once")
  func comesBack() {
    let harness = ClientHarness()
    harness.join()
    harness.receive(ClassicText.idle)
    #expect(harness.sent == ["Ann has joined the chat."])
    #expect(harness.events == [])
  }

  @Test("A client that has left does not come back when it is let go")
  func staysAway() {
    let harness = ClientHarness()
    harness.join()
    harness.leave()
    _ = harness.sent
    harness.receive(ClassicText.idle)
    #expect(harness.sent == [])
  }

  @Test("A name that the server tells again is no news, another one is")
  func tellsNamesOnce() {
    let harness = ClientHarness()
    harness.join()
    for name in ["Ann-2", "Ann-2", "Ann-3", "Ann-2"] {
      harness.receive("This name is taken here, so you are \(name).")
    }
    #expect(harness.events == [.renamed("Ann-2"), .renamed("Ann-3"), .renamed("Ann-2")])
  }

  @Test("Somebody who only listens is not let go, and nobody else hears of the signs")
  func keepsListeners() {
    let server = EngineHarness { $0.idleTimeout = .seconds(100) }
    server.receive("Bob:join", from: 2)
    let harness = ClientHarness()
    harness.start()
    var heard: [String] = []
    for second in 0..<1_000 {
      if second % 30 == 0 { server.receive("Bob:\(second)", from: 2) }
      for told in server.advance(by: .seconds(1)) { harness.receive(told.bytes) }
      harness.advance(by: .seconds(1))
      for text in harness.sent {
        for told in server.receive(text, from: 1) {
          if told.address == EngineHarness.address(1) {
            harness.receive(told.bytes)
          } else {
            heard.append(String(decoding: told.bytes, as: UTF8.self))
          }
        }
      }
    }
    #expect(heard == ["Ann joined"])
    #expect(server.engine.clientCount == 2)
    #expect(!harness.client.isEnded)
  }
}
