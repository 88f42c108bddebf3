/// A path as people give it: in quotes or with backslashes, as terminals and file managers drop it,
/// or as it is.
enum TypedPath {
  static func path(_ text: String) -> String {
    let text = text.trimmingEnd()
    if let word = quotedWord(text) { return word }
    if text.count >= 2, let quote = text.first, quote == "'" || quote == "\"",
      text.last == quote
    {
      return String(text.dropFirst().dropLast())
    }
    var path = ""
    var isEscaped = false
    for character in text {
      if character == "\\" && !isEscaped {
        isEscaped = true
      } else {
        path.append(character)
        isEscaped = false
      }
    }
    return path
  }

  /// A word that begins with a quote, as a shell reads it; nil where it is none, or several.
  private static func quotedWord(_ text: String) -> String? {
    guard let first = text.first, first == "'" || first == "\"" else { return nil }
    var word = ""
    var quote: Character?
    var isEscaped = false
    for character in text {
      if isEscaped {
        // Within double quotes a backslash is one, except before those that end or escape.
        if quote != nil, character != "\"", character != "\\" { word.append("\\") }
        word.append(character)
        isEscaped = false
      } else if character == "\\", quote != "'" {
        isEscaped = true
      } else if let open = quote {
        if character == open { quote = nil } else { word.append(character) }
      } else if character == "'" || character == "\"" {
        quote = character
      } else if character == " " || character == "\t" {
        return nil
      } else {
        word.append(character)
      }
    }
    return quote == nil && !isEscaped ? word : nil
  }
}

extension String {
  /// Without spaces and tabs at the end.
  func trimmingEnd() -> String {
    var text = self
    while text.last == " " || text.last == "\t" { text.removeLast() }
    return text
  }
}
