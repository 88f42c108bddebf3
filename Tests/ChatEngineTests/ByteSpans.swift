@testable import ChatEngine

/// What the engine says of bytes, as values that an expectation can hold: a span must not escape
/// into one.
extension [UInt8] {
  var isUTF8: Bool { UTF8Text.isValid(span) }
  var firstScalar: Unicode.Scalar? { UTF8Text.decode(span, at: 0) }
  var datagram: ClassicDatagram { ClassicDatagram(span) }
  var question: DiscoveryQuestion? { DiscoveryQuestion(span) }
  var answer: DiscoveryAnswer? { DiscoveryAnswer(span) }
  var relay: ClassicRelay { ClassicRelay(span) }

  func jpegHeader() throws(JPEGHeader.Fault) -> JPEGHeader { try JPEGHeader(span) }
  func has(_ text: String, at index: Int = 0) -> Bool { span.hasBytes(text, at: index) }
  func equals(_ text: String) -> Bool { span.equals(text) }
  func endsWith(_ text: String) -> Bool { span.endsWith(text) }
  func position(of byte: UInt8, from start: Int = 0) -> Int? {
    span.firstIndex(of: byte, from: start)
  }
  func text(_ range: Range<Int>) -> String { span.string(range) }
}

/// The bytes of a text.
func bytes(_ text: String) -> [UInt8] { Array(text.utf8) }
