import ChatEngine
import Glibc
import Testing

@testable import ChatCore

@Suite("NameKeeper")
struct NameKeeperTests {
  private let owner = PublicKey(Array(UInt8(1)...32))!

  /// Puts a disk without room in the place of the file of names.
  private func fill(_ state: TemporaryState) {
    #expect(symlink("/dev/full", "\(state.folder.path)/names") == 0)
  }

  private func empty(_ state: TemporaryState) {
    #expect(unlink("\(state.folder.path)/names") == 0)
  }

  private func loaded(_ state: TemporaryState) throws -> [String] {
    try OwnedNames(in: state.folder).loaded.map(\.name.text)
  }

  @Test("What a full disk did not take is written with what comes next, in its order, once")
  func triesAgain() throws {
    let state = try TemporaryState()
    let keeper = NameKeeper(try OwnedNames(in: state.folder))
    fill(state)
    #expect(throws: Failure.self) { try keeper.keep([(try MemberName("Ann"), owner)]) }
    #expect(throws: Failure.self) { try keeper.keep([(try MemberName("Ben"), owner)]) }
    empty(state)
    try keeper.keep([(try MemberName("Cem"), owner)])
    #expect(try loaded(state) == ["Ann", "Ben", "Cem"])
    try keeper.keep([(try MemberName("Dan"), owner)])
    #expect(state.read("names").split(separator: "\n").count == 4)
  }

  @Test("It is written at the end, too, where nothing comes next; nothing makes no file")
  func triesAtTheEnd() throws {
    let state = try TemporaryState()
    let keeper = NameKeeper(try OwnedNames(in: state.folder))
    try keeper.keep([])
    #expect(state.files == [])
    fill(state)
    #expect(throws: Failure.self) { try keeper.keep([(try MemberName("Ann"), owner)]) }
    #expect(throws: Failure.self) { try keeper.keep([]) }
    empty(state)
    try keeper.keep([])
    #expect(try loaded(state) == ["Ann"])
  }

  @Test("Of more than may be kept, the latest are")
  func boundsUnwritten() throws {
    let state = try TemporaryState()
    let keeper = NameKeeper(try OwnedNames(in: state.folder))
    fill(state)
    let ann = try MemberName("Ann")
    let many = [OwnedNames.Owned](repeating: (ann, owner), count: Limits.ownersUnwrittenMax)
    #expect(throws: Failure.self) { try keeper.keep([(try MemberName("Old"), owner)] + many) }
    empty(state)
    try keeper.keep([])
    let lines = state.read("names").split(separator: "\n")
    #expect(lines.count == Limits.ownersUnwrittenMax && lines.allSatisfy { $0.hasSuffix(" Ann") })
  }
}
