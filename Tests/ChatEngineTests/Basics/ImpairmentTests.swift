import Testing

@testable import ChatEngine

@Suite("Faults on purpose: what is asked for")
struct ImpairmentTests {
  @Test("All parts are read, in any order, and any of them may be left out")
  func reads() throws {
    var expected = Impairment()
    expected.lossPerMillion = 50_000
    expected.delayMicroseconds = 50_000
    expected.jitterMicroseconds = 10_000
    expected.reorderedPerMillion = 10_000
    expected.duplicatesPerMillion = 5_000
    expected.bitsPerSecond = 1_000_000
    expected.seed = 7
    let text = "loss=5%,delay=50ms,jitter=10ms,reorder=1%,dup=0.5%,rate=1mbit,seed=7"
    #expect(try Impairment(text) == expected)
    let reversed = text.split(separator: ",").reversed().joined(separator: ",")
    #expect(try Impairment(reversed) == expected)
    #expect(expected.description == text)
    for part in text.split(separator: ",") {
      #expect(try Impairment(String(part)).description == part, "\(part)")
    }
  }

  @Test(
    "Units",
    arguments: [
      ("delay=1s", "delay=1s"), ("delay=1500ms", "delay=1.5s"), ("delay=0.25ms", "delay=0.25ms"),
      ("rate=512kbit", "rate=512kbit"), ("rate=2.5gbit", "rate=2.5gbit"), ("loss=0%", ""),
      ("loss=100%", "loss=100%"), ("dup=0.0001%", "dup=0.0001%"), ("delay=10s", "delay=10s"),
    ])
  func units(text: String, shown: String) throws {
    #expect(try Impairment(text).description == shown)
  }

  @Test(
    "A fault names the part",
    arguments: [
      ("", "\"\""), ("los=5%", "\"los=5%\""), ("loss", "\"loss\""), ("loss=5", "loss=5%"),
      ("loss=101%", "\"loss=101%\""), ("loss=-1%", "\"loss=-1%\""), ("loss=.5%", "\"loss=.5%\""),
      ("loss=%", "\"loss=%\""), ("loss=1%,loss=2%", "loss stands there twice"),
      ("loss=nan%", "\"loss=nan%\""), ("delay=11s", "\"delay=11s\""), ("delay=5", "delay=50ms"),
      ("delay=5m", "\"delay=5m\""), ("jitter=1e3ms", "\"jitter=1e3ms\""),
      ("rate=1", "rate=1mbit"), ("rate=0kbit", "\"rate=0kbit\""),
      ("rate=101gbit", "\"rate=101gbit\""), ("seed=-1", "\"seed=-1\""), ("seed=x", "seed=7"),
      ("loss=5%,", "\"\""), ("loss=1.2.3%", "\"loss=1.2.3%\""),
      ("loss=99999999999999999999999%", "loss"), ("rate=1mbit=2", "\"rate=1mbit=2\""),
    ])
  func refuses(text: String, named: String) {
    do throws(Impairment.Fault) {
      let impairment = try Impairment(text)
      Issue.record("\(text) was read as \(impairment)")
    } catch {
      #expect(error.text.contains(named), "\(error.text)")
    }
  }
}
