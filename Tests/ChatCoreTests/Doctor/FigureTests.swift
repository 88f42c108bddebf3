import ChatEngine
import Testing

@testable import ChatCore

@Suite("The figures of a doctor")
struct FigureTests {
  @Test("Round trips and losses have their verdicts", arguments: [0, 1, 20])
  func judgesLoss(lost: Int) {
    let trips = (0..<20 - lost).map { Duration.milliseconds($0 + 1) }
    let finding = PathChecks.finding(trips, of: 20)
    #expect(finding.verdict == (lost == 0 ? .ok : lost == 20 ? .failed : .warning))
    #expect(finding.fault == (lost == 0 ? nil : .loss))
    if lost == 0 {
      #expect(finding.figure == "11 ms (1.0 ms to 20 ms), none of 20 lost")
      #expect(finding.measures.first { $0.name == "microseconds" }?.value == 11_000)
    }
  }

  @Test("A slow way is told")
  func judgesTime() {
    let slow = PathChecks.finding([.milliseconds(Limits.doctorSlowMilliseconds + 1)], of: 1)
    #expect(slow.fault == .slow && slow.verdict == .warning)
    #expect(PathChecks.finding([.milliseconds(Limits.doctorSlowMilliseconds)], of: 1).fault == nil)
  }

  @Test("The longest length is found to the byte", arguments: [256, 548, 1_199, 1_472, 65_507])
  func findsLongest(limit: Int) {
    var rounds = 0
    let longest = Lengths.longest([256, 1_200] + Limits.sessionDatagramBytesTried) { lengths in
      rounds += 1
      return Set(lengths.filter { $0 <= limit })
    }
    #expect(longest == limit)
    #expect(rounds <= 1 + Limits.doctorRoundsMax)
    #expect(Lengths.longest([256, 1_200]) { _ in [] } == 0)
  }

  @Test("The shorter of the two directions is judged")
  func judgesLengths() {
    func finding(_ bytes: Int, _ back: Int?, cut: Bool = true) -> Finding {
      PathChecks.wholeFinding(bytes: bytes, back: back, overhead: 28) { cut }
    }
    #expect(finding(1_472, 1_472).verdict == .ok)
    #expect(finding(1_472, 1_472).figure.contains("both ways (an MTU of 1500)"))
    #expect(finding(1_472, nil).verdict == .ok)
    #expect(finding(1_472, nil).figure.contains("does not tell"))
    #expect(finding(1_472, 548).fault == .smallMTU)
    #expect(finding(1_472, 548).figure.contains("of up to 548 come back (an MTU of 576)"))
    #expect(finding(548, 548).fault == .smallMTU)
    let back = finding(1_472, 548, cut: false)
    #expect(back.verdict == .failed && back.fault == .smallDatagrams)
    #expect(back.advice?.contains("the server's machine's") == true)
    #expect(finding(548, 548, cut: false).advice?.contains("this machine's") == true)
    let any = Limits.datagramBytesMax
    #expect(PathChecks.fragmentsFinding(bytes: any, back: any, whole: 1_472).verdict == .ok)
    #expect(PathChecks.fragmentsFinding(bytes: any, back: nil, whole: 1_472).verdict == .ok)
    let dropped = PathChecks.fragmentsFinding(bytes: any, back: 1_472, whole: 1_472)
    #expect(dropped.fault == .fragmentsBlocked && dropped.figure.hasSuffix("on the way back"))
    let slow = PathChecks.fragmentsFinding(bytes: 16_000, back: 16_000, whole: 1_472)
    #expect(slow.advice?.contains("slow") == true)
  }

  @Test("Rules that drop are counted where their chains are hooked")
  func readsRules() {
    let rules = FirewallRules(
      """
      table inet filter {
      \tset drop-list { type ipv4_addr }
      \tchain input {
      \t\ttype filter hook input priority filter; policy drop;
      \t\tct state established,related accept
      \t\tudp dport 12345 counter packets 0 bytes 0 drop
      \t}
      \tchain output {
      \t\ttype filter hook output priority filter; policy accept;
      \t}
      \tchain others {
      \t\ttcp dport 22 reject with icmp port-unreachable
      \t}
      }
      """)
    #expect(rules.rules == ["input": 1, "elsewhere": 1] && rules.policies == ["input"])
    #expect(
      rules.text == "1 rule on input drops or rejects; 1 rule elsewhere drops or rejects; "
        + "input drops what no rule lets through")
    #expect(!rules.isOpen && FirewallRules("").isOpen)
    #expect(FirewallRules("table ip x {\n\tchain y {\n\t\taccept\n\t}\n}").isOpen)
  }

  @Test("What the kernel counts as received and not delivered is read, and nonsense is not")
  func readsCounters() {
    let v4 = """
      Ip: Forwarding InReceives ForwDatagrams InDelivers
      Ip: 2 100 7 60
      Icmp: a b
      """
    #expect(UndeliveredPackets.v4(v4) == 33)
    #expect(UndeliveredPackets.v4("Ip: a\n") == nil && UndeliveredPackets.v4("") == nil)
    let v6 = "Ip6InReceives  \t50\nIp6InDelivers \t 40\nIp6OutForwDatagrams 1\n"
    #expect(UndeliveredPackets.v6(v6) == 9)
    #expect(UndeliveredPackets.v6("x y z") == nil)
    #expect(UndeliveredPackets.count(isV4: true) != nil)
  }

  @Test("A program's output and status are read, and one that hangs is ended")
  func runsPrograms() throws {
    let shell = try #require(OutsideProgram.path("sh"))
    let done = try #require(OutsideProgram.run(shell, ["-c", "echo one; echo two >&2; exit 3"]))
    #expect(done.status == 3 && done.output == "one\n")
    #expect(OutsideProgram.run(shell, ["-c", "exec sleep 60"]) == nil)
    #expect(OutsideProgram.path("no-such-program") == nil)
    #expect(OutsideProgram.run("/no/such/program", []) == nil)
    let long = try #require(OutsideProgram.run(shell, ["-c", "head -c 3000000 /dev/zero"]))
    #expect(long.output.utf8.count == Limits.doctorProgramBytesMax)
  }
}
