import Testing

/// Each rule must find what it is for: a rule that cannot fail holds nothing.
@Suite("The rules find what they forbid")
struct RulesTests {
  private func file(_ path: String, _ text: String) -> SourceFile {
    SourceFile(path: path, text: text)
  }

  @Test("Comments and texts are taken out, code and line breaks stay")
  func stripsCode() {
    let text = """
      let a = "Hub \\(f("x)") + Server)" // Frontends
      /* Dialects /* nested */ still */ let b = #"raw "Client" \\n"#
      let c = \"\"\"
        Basics
        \"\"\"; let d = 1
      """
    let code = SwiftCode.withoutCommentsAndTexts(text)
    let words = code.matches(of: #/\w+/#).map { String($0.0) }
    #expect(words == ["let", "a", "let", "b", "let", "c", "let", "d", "1"])
    #expect(code.count { $0 == "\n" } == text.count { $0 == "\n" })
  }

  @Test("An import that is not allowed is found, however it is written")
  func findsImports() {
    let text =
      "import Glibc\n@testable import A\npublic import struct B.C\n  import D\n// import E\n"
    #expect(ImportRules.imports(text) == ["Glibc", "A", "B", "D"])
    func wrong(_ path: String, _ module: String) -> Bool {
      !ImportRules.violations(file(path, "import \(module)\n")).isEmpty
    }
    #expect(wrong("Sources/ChatEngine/Hub/Hub.swift", "Glibc"))
    #expect(wrong("Sources/chatd/Serve.swift", "ChatEngine"))
    #expect(wrong("Sources/ChatCore/Send/Send.swift", "Foundation"))
    #expect(wrong("Sources/ChatCore/Send/Send.swift", "CTurboJPEG"))
    #expect(wrong("Sources/ChatCore/Images/EXIF.swift", "CTurboJPEG"))
    #expect(!wrong("Sources/ChatCore/Images/TurboJPEG.swift", "CTurboJPEG"))
    #expect(!wrong("Sources/ChatCore/Send/Send.swift", "ChatEngine"))
    #expect(ImportRules.idleOwners([]).count == ImportRules.owners.count)
  }

  @Test("A name from a folder above is found, in code only")
  func findsUpwardNames() {
    let basics = "struct Low {}\nextension Low { struct Inner {} }\n"
    let files = [
      file("Basics/Low.swift", basics), file("Hub/Hub.swift", "struct Hub { var low: Low }"),
      file("Basics/MemberName.swift", "struct MemberName {}"),
      file("Dialects/Wire.swift", "struct Wire {}"),
      file("Frontends/Output.swift", "struct Output {}"),
      file("Frontends/IRC/IRC.swift", "struct IRC { var output: Output }"),
      file("Server/Engine.swift", "final class Engine { var hub: Hub }"),
      file("Client/Client.swift", "struct Client { var name: MemberName }"),
    ]
    #expect(FolderRules.topLevelTypes(basics) == ["Low"])
    #expect(FolderRules.violations(files) == [])
    func violations(_ path: String, _ text: String) -> [String] {
      FolderRules.violations(files + [file(path, text)])
    }
    #expect(violations("Basics/A.swift", "// Hub\nlet a = \"Hub\"") == [])
    #expect(violations("Basics/A.swift", "var a: Hub?") == ["Basics/A.swift names Hub of Hub"])
    #expect(violations("Hub/A.swift", "var a: [Output]").count == 1)
    #expect(violations("Hub/A.swift", "var a: Wire").count == 1)
    #expect(violations("Frontends/Line/A.swift", "var a: IRC").count == 1)
    #expect(violations("Frontends/Line/A.swift", "var a: Output") == [])
    #expect(violations("Client/A.swift", "var a: Hub").count == 1)
    #expect(violations("Server/A.swift", "var a: Client").count == 1)
    #expect(violations("New/A.swift", "var a: Low").count == 1)
  }

  @Test("A file, a line and a function that are too long are found, in each language")
  func findsLongOnes() {
    let lines = String(repeating: "  a\n", count: 70)
    let row = String(repeating: "x\n", count: 401)
    #expect(SizeRules.longFiles(file("a.swift", row)).count == 1)
    #expect(SizeRules.longFiles(file("a.swift", String(row.dropLast(2)))).isEmpty)
    #expect(SizeRules.longLines(file("a.c", String(repeating: "é", count: 101))).count == 1)
    #expect(SizeRules.longLines(file("a.c", String(repeating: "é", count: 100))).isEmpty)
    let long = [
      ("a.swift", "struct A {\n func f() -> [Int] {\n\(lines)}\n}\n"),
      ("a.swift", "init(a: Int = { 1 }()) {\n\(lines)}\n"), ("a.swift", "deinit {\n\(lines)}\n"),
      ("a.c", "static int f(int a,\n      int b) {\n\(lines)}\n"),
      ("a.sh", "f() {\n\(lines)}\n"),
      ("a.py", "class A:\n  def f(self):\n\(lines.replacing("  a", with: "    a"))"),
    ]
    for (path, text) in long {
      #expect(SizeRules.longFunctions(file(path, text)).count == 1, "\(text)")
    }
    let short = [
      ("a.swift", "func f() {}\nstruct B {\n\(lines)}\nlet b = B.init(\n)\n"),
      ("a.swift", "protocol P {\n  func f()\n}\nstruct B {\n\(lines)}\n"),
      ("a.py", "def f():\n  pass\nclass A:\n\(lines)"), ("a.sh", "f() {\n  a\n}\n\(lines)"),
    ]
    for (path, text) in short {
      #expect(SizeRules.longFunctions(file(path, text)).isEmpty, "\(text)")
    }
  }

  @Test("Programs are known by their names or their first lines")
  func knowsLanguages() {
    #expect(file("a/b.swift", "").language == .swift)
    #expect(file("run", "#!/bin/sh\n").language == .shell)
    #expect(file("run", "#!/usr/bin/env python3\n").language == .python)
    #expect(file("README.md", "# x\n").language == nil)
  }

  @Test("Words for what is not done, and types named after nothing, are found")
  func findsWords() {
    for word in WordRules.unfinished {
      #expect(WordRules.unfinishedLines(file("a", "x\n// \(word): later\n")).count == 1)
    }
    #expect(WordRules.unfinishedLines(file("a", "before nowhere XX" + "XXXX\n")).isEmpty)
    let text =
      "class AManager {}\nenum StringUtils {}\nextension FooHelper {}\nstruct ServiceManager {}"
    #expect(WordRules.vagueTypes(text) == ["AManager", "StringUtils", "FooHelper"])
    #expect(WordRules.vagueTypes("struct Managed {}\n// struct XManager\n").isEmpty)
  }

  @Test("A first declaration without a doc comment is found")
  func findsUndocumented() {
    #expect(!WordRules.isFirstDeclarationDocumented("import A\n\nstruct B {}\n"))
    #expect(!WordRules.isFirstDeclarationDocumented("// B.\nstruct B {}\n"))
    #expect(!WordRules.isFirstDeclarationDocumented("/// A file.\n\nimport A\nstruct B {}\n"))
    #expect(
      WordRules.isFirstDeclarationDocumented("import A\n/// B.\n@frozen\npublic struct B {}\n"))
    #expect(WordRules.isFirstDeclarationDocumented("run()\n"))
  }

  @Test("Names are read from limits, options and documents")
  func readsDocuments() {
    #expect(DocumentRules.limits("public static let aMax = 1 // let b\n") == ["aMax"])
    #expect(DocumentRules.listed("| `aMax` | `b` |\ntext `c`\n| x |\n") == ["aMax"])
    let code = "Option(\n  \"port\", short: \"p\", value: \"N\"), Option(\"quiet\", \"x\")"
    #expect(DocumentRules.options(code) == ["--port", "-p", "--quiet"])
    let manual = """
      .\\" --no-comment
      .It Fl p Ar n , Fl -port Ar n
      .It Fl \\-log\\-level
      .Dl chatd join --json a-b
      """
    let named = DocumentRules.optionsInManual(manual)
    #expect(named == ["-p", "--port", "--log-level", "--json"])
  }
}
