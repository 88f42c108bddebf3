import Foundation
import Testing

@testable import ChatEngine

/// The example of `Docs/Protocol.md`, by which others check what they wrote, is what this program
/// says.
@Suite("The worked example")
struct WorkedExampleTests {
  private let example = WorkedExample()

  /// The document without spaces and line ends, since long bytes go over several lines.
  private static let document: String = {
    let root = URL(fileURLWithPath: #filePath)
      .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
      .deletingLastPathComponent()
    let text = try? String(
      contentsOf: root.appendingPathComponent("Docs/Protocol.md"), encoding: .utf8)
    return (text ?? "").filter { !$0.isWhitespace }
  }()

  private func expectShown(_ bytes: [UInt8], _ name: String) {
    if bytes.isEmpty { return }
    let digits = bytes.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
    let isShown = Self.document.contains(digits)
    #expect(isShown, "\(name): \(digits)")
  }

  @Test("Every datagram stands in the document, and what is sealed in it")
  func showsDatagrams() {
    #expect(example.datagrams.map { $0.bytes[0] }.prefix(4) == [0x80, 0x81, 0x82, 0x83])
    #expect(example.datagrams.count == 10)
    for (index, datagram) in example.datagrams.enumerated() {
      // A Hello ends in zeros, which are not written out.
      expectShown(
        index == 0 ? Array(datagram.bytes.prefix(10)) : datagram.bytes, "datagram \(index)")
      if index >= 4 { #expect(datagram.frames != nil) }
      expectShown(datagram.frames ?? [], "frames of datagram \(index)")
    }
  }

  @Test("Every key stands in the document")
  func showsKeys() {
    let pairs = [
      example.client, example.server, example.clientEphemeral, example.serverEphemeral,
    ]
    for pair in pairs {
      expectShown(pair.secret.copied, "a secret")
      expectShown(pair.publicKey.bytes, "a public key")
    }
    expectShown(example.hash, "h")
    expectShown(example.refusalKey, "the refusal key")
    expectShown(example.initiationPayload, "the payload of message 1")
    expectShown(example.acceptPayload, "the payload of message 2")
    expectShown(example.clientKey.copied, "the client's key")
    expectShown(example.serverKey.copied, "the server's key")
    expectShown(example.clientKey.next().copied, "the client's next key")
    expectShown(example.refusal, "the Refusal")
    expectShown(example.reset, "the Reset")
    expectShown(example.sealedPiece, "the sealed piece")
    expectShown(example.sealedWithAES, "datagram 4 with AES-256-GCM")
    let words = KeyWords.text(of: example.server.publicKey)
    let isShown = Self.document.contains(words)
    #expect(isShown, "\(words)")
  }

  @Test("The handshake with a password stands in the document")
  func showsPassword() {
    for (name, bytes) in example.withPassword() { expectShown(bytes, name) }
    let isShown = Self.document.contains(WorkedExample.password.filter { $0 != " " })
    #expect(isShown)
  }
}
