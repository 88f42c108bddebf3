import ChatEngine
import Testing

@testable import Simulator

/// What simulation has found once, written out: a world for each, small enough to be understood.
@Suite("Scenarios")
struct ScenarioTests {
  /// How often each is played, with other losses.
  private static let seeds = UInt64(1)...6

  private func faults(_ scenario: Scenario) -> [String] {
    Report.play(scenario).violations.map(\.description)
  }

  @Test("All is well where nothing happens")
  func isQuiet() {
    var scenario = Scenario(natives: 3)
    scenario.add(.say(client: 0, bytes: 20, isSound: true), atSecond: 2)
    scenario.add(.show(client: 1, bytes: 50_000, isSound: true), atSecond: 2)
    let report = Report.play(scenario)
    #expect(report.violations.map(\.description) == [])
    // Each says one thing twice at the end, and everybody hears all of it, itself included.
    #expect(report.accepted == 2 + 6)
    #expect(report.heard == 3 * report.accepted)
  }

  @Test("Who has a session and has not joined is told nothing", arguments: seeds)
  func holdsBack(_ seed: UInt64) {
    var scenario = Scenario(natives: 2, seed: seed)
    for second in 1..<20 {
      scenario.add(.say(client: 0, bytes: 2_000, isSound: true), atSecond: Double(second))
    }
    scenario.clients[1].up.lossPerMille = 500
    for second in stride(from: 3.0, to: 50, by: 4) {
      scenario.add(.leave(client: 1, isPatient: false), atSecond: second)
      scenario.add(.start(client: 1), atSecond: second + 0.1)
    }
    #expect(faults(scenario) == [])
  }

  @Test("A path that lets through less than before is found out", arguments: seeds)
  func shrinks(_ seed: UInt64) {
    var scenario = Scenario(natives: 2, seed: seed)
    for index in 0...1 {
      scenario.clients[index].up.datagramBytesMax = 8_952
      scenario.clients[index].down.datagramBytesMax = 8_952
    }
    scenario.add(.say(client: 0, bytes: 60_000, isSound: true), atSecond: 2)
    scenario.add(.show(client: 1, bytes: 60_000, isSound: true), atSecond: 3)
    scenario.add(.setPath(client: 0, bytes: 1_372), atSecond: 10)
    for second in 11...14 {
      scenario.add(.say(client: 0, bytes: 5_000, isSound: true), atSecond: Double(second))
      scenario.add(.show(client: 1, bytes: 9_000, isSound: true), atSecond: Double(second))
    }
    let report = Report.play(scenario)
    #expect(report.violations.map(\.description) == [])
    #expect(report.datagrams < 3_000)
  }

  @Test("An answer with a changed byte ends nobody", arguments: seeds)
  func staysCalm(_ seed: UInt64) {
    var scenario = Scenario(natives: 4, seed: seed)
    for index in scenario.clients.indices {
      scenario.clients[index].knowsServer = true
      scenario.clients[index].down.corruptPerMille = 400
      scenario.add(.leave(client: index, isPatient: false), atSecond: 10 + Double(index))
      scenario.add(.start(client: index), atSecond: 20 + Double(index))
    }
    #expect(faults(scenario) == [])
  }

  @Test("Who comes from a new address over a bad way gets pictures again", arguments: seeds)
  func roams(_ seed: UInt64) {
    var scenario = Scenario(natives: 2, seed: seed)
    scenario.clients[1].up.lossPerMille = 400
    for second in 1...9 {
      scenario.add(.move(client: 1), atSecond: 5 * Double(second))
      scenario.add(.show(client: 0, bytes: 20_000, isSound: true), atSecond: 5 * Double(second))
    }
    #expect(faults(scenario) == [])
  }

  @Test("A picture that was on its way when a session was lost arrives with the next")
  func resumes() {
    var scenario = Scenario(natives: 2)
    scenario.clients[1].down.bitsPerSecond = 500_000
    scenario.add(.show(client: 0, bytes: 60_000, isSound: true), atSecond: 5)
    scenario.add(.cut(client: 1), atSecond: 5.3)
    scenario.add(.mend(client: 1), atSecond: 100)
    scenario.healsAt = Simulation.start + .seconds(130)
    #expect(faults(scenario) == [])
  }

  @Test("Who slept longer than its session lived is present again, and knows it")
  func wakes() {
    var scenario = Scenario(natives: 3)
    for client in 1...2 {
      scenario.add(.freeze(client: client, milliseconds: 90_000), atSecond: 5 + Double(client))
    }
    scenario.add(.say(client: 0, bytes: 20, isSound: true), atSecond: 10)
    scenario.healsAt = Simulation.start + .seconds(130)
    #expect(faults(scenario) == [])
  }

  @Test("A restart in the middle of everything doubles nothing", arguments: seeds)
  func restarts(_ seed: UInt64) {
    var scenario = Scenario(natives: 4, seed: seed)
    for index in scenario.clients.indices {
      scenario.clients[index].down.lossPerMille = 200
      for step in 0..<20 {
        let second = 3 + 0.4 * Double(step)
        scenario.add(.say(client: index, bytes: 300, isSound: true), atSecond: second)
        if step % 5 == 0 {
          scenario.add(.show(client: index, bytes: 9_000, isSound: true), atSecond: second)
        }
      }
    }
    scenario.add(.crashServer(0), atSecond: 5)
    scenario.add(.startServer(0), atSecond: 5.1)
    scenario.add(.stopServer(0), atSecond: 9)
    scenario.add(.startServer(0), atSecond: 9.1)
    #expect(faults(scenario) == [])
  }
}
