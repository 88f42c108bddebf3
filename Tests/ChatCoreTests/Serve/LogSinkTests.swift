import ChatEngine
import Foundation
import Testing

@testable import ChatCore

@Suite("LogSink")
struct LogSinkTests {
  /// The lines that the records make.
  private func lines(
    _ records: [LogRecord], _ format: LogFormat, level: LogLevel = .info
  ) throws -> [String] {
    let pipe = TestPipe()
    let stream = try OutputStream(fd: pipe.writeEnd)
    let sink = LogSink(stream: stream, fd: pipe.writeEnd, format: format, level: level)
    for record in records { sink.write(record) }
    stream.append(Array("end\n".utf8))
    stream.drain(until: Clocks.now() + .milliseconds(5_000))
    var bytes: [UInt8] = []
    while !bytes.reversed().starts(with: "\ndne".utf8) { bytes += pipe.read(1) }
    return String(decoding: bytes, as: UTF8.self).split(separator: "\n").dropLast().map(String.init)
  }

  private let hostile = LogRecord(
    .warning, "dropped",
    [("name", .text("a \"b\"\n\u{1b}[2J=x")), ("count", .number(3)), ("empty", .text(""))])

  @Test("A line of text has a time, a level, an event and its fields, and nothing obeyed")
  func writesText() throws {
    let line = try #require(lines([hostile], .text).first)
    #expect(line.hasSuffix(#" count=3 empty="""#))
    #expect(line.contains(#"warning dropped name="a \"b\"⏎^[[2J=x""#))
    #expect(line.unicodeScalars.allSatisfy { $0.properties.generalCategory != .control })
  }

  @Test("A line of JSON is one object with the same")
  func writesJSON() throws {
    let line = try #require(lines([hostile], .json).first)
    let object = try #require(
      JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any])
    #expect(object["level"] as? String == "warning" && object["event"] as? String == "dropped")
    #expect(object["name"] as? String == "a \"b\"\n\u{1b}[2J=x")
    #expect(object["count"] as? Int == 3 && object["empty"] as? String == "")
    #expect((object["time"] as? String)?.count == 20)
  }

  @Test("What is below the level is not written")
  func obeysTheLevel() throws {
    let records = LogLevel.allCases.map { LogRecord($0, "e-\($0)") }
    for (index, level) in LogLevel.allCases.enumerated() {
      let written = try lines(records, .text, level: level)
      #expect(written.count == LogLevel.allCases.count - index)
      #expect(written.first?.hasSuffix("e-\(level)") == true)
    }
  }
}
