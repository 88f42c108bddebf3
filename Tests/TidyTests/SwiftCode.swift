/// Swift without its comments and texts: what is left says what the code names.
enum SwiftCode {
  /// `text` with every character of a comment or a string literal replaced by a space; lines stay.
  static func withoutCommentsAndTexts(_ text: String) -> String {
    var scanner = Scanner(Array(text.unicodeScalars))
    return scanner.scan()
  }

  private struct Scanner {
    let input: [Unicode.Scalar]
    var index = 0
    var output = String.UnicodeScalarView()

    init(_ input: [Unicode.Scalar]) { self.input = input }

    mutating func scan() -> String {
      while index < input.count {
        if isNext("//") {
          while index < input.count, input[index] != "\n" { blank() }
        } else if isNext("/*") {
          comment()
        } else if let quote = quote() {
          text(quote.hashes, quote.isMultiline)
        } else {
          output.append(input[index])
          index += 1
        }
      }
      return String(output)
    }

    private func isNext(_ word: String, at offset: Int = 0) -> Bool {
      let scalars = Array(word.unicodeScalars)
      let start = index + offset
      return start + scalars.count <= input.count
        && input[start..<start + scalars.count].elementsEqual(scalars)
    }

    private mutating func blank(_ count: Int = 1) {
      for _ in 0..<count where index < input.count {
        output.append(input[index] == "\n" ? "\n" : " ")
        index += 1
      }
    }

    private mutating func comment() {
      var depth = 0
      repeat {
        if isNext("/*") {
          depth += 1
          blank(2)
        } else if isNext("*/") {
          depth -= 1
          blank(2)
        } else {
          blank()
        }
      } while depth > 0 && index < input.count
    }

    /// Whether a text begins here: how many `#` stand before it, and how many quotes it has.
    private func quote() -> (hashes: Int, isMultiline: Bool)? {
      var hashes = 0
      while isNext("#", at: hashes) { hashes += 1 }
      if isNext("\"\"\"", at: hashes) { return (hashes, true) }
      return isNext("\"", at: hashes) ? (hashes, false) : nil
    }

    private mutating func text(_ hashes: Int, _ isMultiline: Bool) {
      let quotes = isMultiline ? "\"\"\"" : "\""
      let end = quotes + String(repeating: "#", count: hashes)
      let escape = "\\" + String(repeating: "#", count: hashes)
      blank(hashes + quotes.count)
      while index < input.count {
        if isNext(end) { return blank(end.count) }
        if isNext(escape + "(") {
          blank(escape.count)
          interpolation()
        } else if isNext(escape) {
          blank(escape.count + 1)
        } else {
          blank()
        }
      }
    }

    /// From `(` to its `)`, texts inside included.
    private mutating func interpolation() {
      var depth = 0
      repeat {
        if let quote = quote() {
          text(quote.hashes, quote.isMultiline)
          continue
        }
        if isNext("(") { depth += 1 }
        if isNext(")") { depth -= 1 }
        blank()
      } while depth > 0 && index < input.count
    }
  }
}
