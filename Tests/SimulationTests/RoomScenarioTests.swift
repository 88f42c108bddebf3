import ChatEngine
import Testing

@testable import Simulator

/// Rooms, and servers with a disk: what simulation has found once, written out.
@Suite("Scenarios with rooms and disks")
struct RoomScenarioTests {
  private static let seeds = UInt64(1)...6
  private static let room = Scenario.rooms[0]

  private func faults(_ scenario: Scenario) -> [String] {
    Report.play(scenario).violations.map(\.description)
  }

  /// Native clients, of whom so many enter a room.
  private func scenario(_ natives: Int, inRoom: Int, seed: UInt64 = 1) -> Scenario {
    var scenario = Scenario(natives: natives, seed: seed)
    for client in 0..<inRoom {
      scenario.add(.enter(client: client, room: Self.room), atSecond: 2 + Double(client) / 10)
    }
    return scenario
  }

  @Test("What is said in a room is heard there, and nowhere else", arguments: [false, true])
  func isQuiet(_ keepsHistory: Bool) {
    var scenario = scenario(3, inRoom: 2)
    scenario.servers[0].keepsHistory = keepsHistory
    scenario.add(.say(client: 0, bytes: 20, isSound: true, in: Self.room), atSecond: 3)
    scenario.add(.show(client: 1, bytes: 9_000, isSound: true, in: Self.room), atSecond: 3)
    scenario.add(.say(client: 2, bytes: 20, isSound: true, as: .action), atSecond: 3)
    let report = Report.play(scenario)
    #expect(report.violations.map(\.description) == [])
    // Each says one thing twice at the end in each of its rooms.
    #expect(report.accepted == 3 + 2 * (3 + 2))
    #expect(report.heard == 2 * 2 + 3 + 2 * (3 * 3 + 2 * 2))
  }

  @Test("A room that was left is left, though the session died meanwhile")
  func staysAway() {
    var scenario = scenario(2, inRoom: 2)
    scenario.add(.cut(client: 1), atSecond: 5)
    scenario.add(.part(client: 1, room: Self.room), atSecond: 6)
    scenario.add(.mend(client: 1), atSecond: 100)
    scenario.healsAt = Simulation.start + .seconds(110)
    #expect(faults(scenario) == [])
  }

  @Test("Who was in a room before a restart and is not back has gone, to those who are")
  func isMissed() {
    var scenario = scenario(3, inRoom: 3)
    scenario.add(.crashServer(0), atSecond: 5)
    scenario.add(.leave(client: 2, isPatient: false), atSecond: 5.5)
    scenario.add(.startServer(0), atSecond: 6)
    #expect(faults(scenario) == [])
  }

  @Test("Who leaves a room and is back at once is not told of that", arguments: seeds)
  func isBackAtOnce(_ seed: UInt64) {
    var scenario = scenario(2, inRoom: 1, seed: seed)
    for round in 0..<40 {
      let second = 5 + Double(round) / 4
      scenario.add(.say(client: 0, bytes: 20, isSound: true), atSecond: second)
      scenario.add(.enter(client: 1, room: Self.room), atSecond: second + 0.01)
      scenario.add(.part(client: 1, room: Self.room), atSecond: second + 0.05)
    }
    #expect(faults(scenario) == [])
  }

  @Test("What failed for the disk is not taken for kept by who lost its session", arguments: seeds)
  func tellsOfFailures(_ seed: UInt64) {
    var scenario = scenario(2, inRoom: 0, seed: seed)
    scenario.add(.fillDisk(0, milliseconds: 5_000), atSecond: 5)
    for _ in 0..<5 { scenario.add(.say(client: 0, bytes: 20, isSound: true), atSecond: 6) }
    // What it says arrives, and what it is told of that does not.
    scenario.add(.cut(client: 0), atSecond: 6.0105)
    scenario.add(.mend(client: 0), atSecond: 100)
    scenario.healsAt = Simulation.start + .seconds(110)
    #expect(faults(scenario) == [])
  }

  @Test("A crash between two writes loses nothing and doubles nothing", arguments: seeds)
  func survivesCrashes(_ seed: UInt64) {
    for isKept in [false, true] {
      var scenario = scenario(3, inRoom: 3, seed: seed)
      for round in 0..<4 {
        let second = 5 + 10 * Double(round)
        scenario.add(.crashAtWrite(0, isKept: isKept), atSecond: second)
        for client in 0..<3 {
          scenario.add(.say(client: client, bytes: 200, isSound: true), atSecond: second + 1)
          scenario.add(
            .say(client: client, bytes: 200, isSound: true, in: Self.room), atSecond: second + 1)
          scenario.add(
            .show(client: client, bytes: 2_000, isSound: true, in: Self.room),
            atSecond: second + 1)
        }
        scenario.add(.startServer(0), atSecond: second + 3)
      }
      #expect(faults(scenario) == [])
    }
  }
}
