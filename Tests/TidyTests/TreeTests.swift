import Testing

@Suite("The source tree")
struct TreeTests {
  private let sources = SourceTree.files.filter { $0.path.hasPrefix("Sources/") }
  private var swift: [SourceFile] { sources.filter { $0.language == .swift } }

  @Test("The tree is where these tests look for it")
  func isFound() {
    #expect(swift.count > 50)
    #expect(SourceTree.file("Package.swift") != nil)
    #expect(SourceTree.programs.contains { $0.language == .c })
    #expect(SourceTree.programs.contains { $0.language == .python })
    #expect(SourceTree.programs.contains { $0.language == .shell })
  }

  @Test("Each target imports what it may, and each C library has one file")
  func importsWhatItMay() {
    let simulator = SourceTree.swift(in: "Tests/Simulator")
    #expect((swift + simulator).flatMap(ImportRules.violations) == [])
    #expect(ImportRules.idleOwners(swift) == [])
    // Whatever else there is in Sources is a C library with an owner, or CLinux.
    let folders = Set(sources.map { String($0.path.split(separator: "/")[1]) })
    let known = Set(ImportRules.owners.keys).union(["chatd", "ChatCore", "ChatEngine", "CLinux"])
    #expect(folders.symmetricDifference(known) == [])
  }

  @Test("The folders of the engine look down only, and front ends do not name each other")
  func looksDown() {
    let files = SourceTree.swift(in: "Sources/ChatEngine").map { file in
      SourceFile(path: String(file.path.dropFirst("Sources/ChatEngine/".count)), text: file.text)
    }
    #expect(files.count > 10)
    #expect(FolderRules.violations(files) == [])
  }

  @Test("Files and functions are short enough to be read")
  func isShort() {
    let programs = SourceTree.programs
    #expect(programs.flatMap(SizeRules.longFiles) == [])
    #expect(programs.flatMap(SizeRules.longFunctions) == [])
    for path in SizeRules.fileExceptions.keys {
      let count = SourceTree.file(path)?.lines.count ?? 0
      #expect(count > SizeRules.fileLinesMax, "\(path) needs no exception any more")
    }
  }

  @Test("Lines are short enough to be read")
  func hasShortLines() {
    let wide = SourceTree.programs.map { (path: $0.path, lines: SizeRules.longLines($0)) }
      .filter { !$0.lines.isEmpty }
    #expect(wide.map { "\($0.path): \($0.lines)" } == [])
  }

  @Test("Nothing is left for later")
  func isFinished() {
    #expect(SourceTree.files.flatMap(WordRules.unfinishedLines) == [])
  }

  @Test("Types are named after what they are")
  func namesTypes() {
    #expect(swift.flatMap { WordRules.vagueTypes($0.text) } == [])
  }

  @Test("Every file's first declaration says what it is")
  func documentsFiles() {
    let silent = swift.filter { !WordRules.isFirstDeclarationDocumented($0.text) }.map(\.path)
    #expect(silent == [])
  }
}

@Suite("The documents")
struct DocumentTests {
  private func limits() throws -> [String] {
    let files = SourceTree.swift(in: "Sources/ChatEngine/Basics").filter {
      $0.path.contains("/Limits")
    }
    let names = files.flatMap { DocumentRules.limits($0.text) }
    #expect(names.count > 30)
    return names
  }

  @Test("Every limit stands in Docs/Limits.md, and nothing else does")
  func listsLimits() throws {
    let document = try #require(SourceTree.file("Docs/Limits.md"), "Docs/Limits.md is missing")
    let names = Set(try limits())
    let listed = Set(DocumentRules.listed(document.text))
    #expect(names.subtracting(listed).sorted() == [], "limits that are not listed")
    #expect(listed.subtracting(names).sorted() == [], "listed, but no limit")
  }

  @Test("Every limit is obeyed somewhere")
  func obeysLimits() throws {
    let all = SourceTree.files.filter {
      $0.path.hasPrefix("Sources/") && $0.language == .swift
    }
    let uses = all.map { file -> Set<String> in
      // A limit may be made of others, so its own declaration does not count, and only that.
      let text = file.text.replacing(#/static let \w+/#, with: "")
      return FolderRules.words(text)
    }
    let idle = try limits().filter { name in !uses.contains { $0.contains(name) } }
    #expect(idle == [])
  }

  @Test("Every option of every subcommand stands in the manual, and nothing else does")
  func listsOptions() throws {
    let manual = try #require(SourceTree.file("Docs/chatd.1"), "Docs/chatd.1 is missing")
    let commands = SourceTree.swift(in: "Sources/chatd")
    let options = Set(
      commands.flatMap { DocumentRules.options($0.text) } + ["--help", "-h", "--version", "-V"])
    #expect(options.count > 25)
    let named = DocumentRules.optionsInManual(manual.text)
    #expect(options.subtracting(named).sorted() == [], "options that are not in the manual")
    let long = named.filter { $0.hasPrefix("--") }
    #expect(long.subtracting(options).sorted() == [], "in the manual, but no option")
  }

  @Test("Every subcommand stands in the manual")
  func listsSubcommands() throws {
    let manual = try #require(SourceTree.file("Docs/chatd.1"), "Docs/chatd.1 is missing")
    let main = try #require(SourceTree.file("Sources/chatd/Chatd.swift"))
    let names = main.text.matches(of: #/Subcommand\(name: "([a-z-]+)"/#).map { String($0.1) }
    #expect(names.count >= 4)
    for name in names {
      #expect(manual.text.replacing("\\-", with: "-").contains("chatd \(name)"), "\(name)")
    }
  }
}
