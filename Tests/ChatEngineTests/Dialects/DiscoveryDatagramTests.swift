import Testing

@testable import ChatEngine

@Suite("Questions for a server, and their answers")
struct DiscoveryDatagramTests {
  static func found(_ name: String, password: Bool = false, plain: Bool = true) -> DiscoveryAnswer {
    .found(
      DiscoveryAnswer.Found(
        nonce: 0x0102_0304_0506_0708, key: NoiseTestKeys.server.publicKey,
        needsPassword: password, servesPlain: plain, port: 0x3039, people: 0x0a0b_0c0d, name: name))
  }

  @Test("A Seek is 256 bytes; a shorter one is none, and a longer or a later one is")
  func readsSeek() {
    let seek = DiscoveryQuestion.seek(nonce: 0x0102_0304_0506_0708)
    let datagram = seek.bytes
    #expect(datagram == [0x8b, 1, 1, 2, 3, 4, 5, 6, 7, 8] + [UInt8](repeating: 0, count: 246))
    #expect(datagram.question == seek)
    for count in datagram.indices {
      #expect(Array(datagram[..<count]).question == nil)
    }
    #expect((datagram + [9]).question == seek)
    #expect(([0x8b, 2] + datagram[2...]).question == seek)
    #expect(([0x8b, 0] + datagram[2...]).question == nil)
    #expect(([0x8a] + datagram[1...]).question == nil)
  }

  @Test("The question of programs from before is these bytes and no others")
  func readsText() {
    let datagram = bytes("DISCOVER_CHAT_SERVER")
    #expect(datagram.question == .text)
    #expect(DiscoveryQuestion.text.bytes == datagram)
    for other in ["", "DISCOVER_CHAT_SERVE", "DISCOVER_CHAT_SERVER\n", "discover_chat_server"] {
      #expect(bytes(other).question == nil, "\(other)")
    }
  }

  @Test("A Found has its fields where the protocol says")
  func writesFound() {
    let wanted: [UInt8] =
      [0x8c, 1, 1, 2, 3, 4, 5, 6, 7, 8] + NoiseTestKeys.server.publicKey.bytes
      + [3, 0x30, 0x39, 0x0a, 0x0b, 0x0c, 0x0d, 3, 0x6c, 0x61, 0x62]
    #expect(Self.found("lab", password: true).bytes == wanted)
  }

  @Test("A Found is read back, is no longer than its question, and a part of one is none")
  func readsFound() {
    for name in ["", "lab", String(repeating: "é", count: 32)] {
      for flags in 0..<4 {
        let answer = Self.found(name, password: flags & 1 != 0, plain: flags & 2 != 0)
        let datagram = answer.bytes
        #expect(datagram.count <= DiscoveryQuestion.seek(nonce: 0).bytes.count)
        #expect(datagram.answer == answer)
        for count in datagram.indices {
          #expect(Array(datagram[..<count]).answer == nil, "\(count)")
        }
      }
    }
  }

  @Test("The server's clock stands behind its name, whole or not at all")
  func carriesClock() {
    guard case .found(var found) = Self.found("lab") else { return }
    let before = DiscoveryAnswer.found(found).bytes
    found.unixSeconds = 0x0102_0304
    let datagram = DiscoveryAnswer.found(found).bytes
    #expect(datagram == before + [0, 0, 0, 0, 1, 2, 3, 4])
    #expect(datagram.answer == .found(found))
    #expect(Array(datagram.dropLast()).answer == Self.found("lab"))
  }

  @Test("An answer without a port, with bytes that are no name, or too long, is none")
  func refusesFaults() {
    let good = Self.found("lab").bytes
    var portless = good
    portless[43] = 0
    portless[44] = 0
    #expect(portless.answer == nil)
    #expect((good.dropLast() + [0xff]).answer == nil)
    let tail = [UInt8](repeating: 0, count: 257 - good.count)
    #expect((good + tail).answer == nil)
    #expect((good + tail.dropLast()).answer != nil, "a later server may say more")
    let later = [0x8c, 2] + good[2...]
    #expect(later.answer == .other(version: 2, nonce: 0x0102_0304_0506_0708))
    #expect(bytes("CHAT_SERVER_FOUND").answer == .text)
    #expect(bytes("CHAT_SERVER_FOUND\n").answer == nil)
  }
}
