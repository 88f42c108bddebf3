import CLinux

/// How many cells a text takes in a terminal, as wcwidth(3) counts.
func cellWidth(_ text: some StringProtocol) -> Int {
  text.unicodeScalars.reduce(0) { width, scalar in
    width + max(0, Int(clinux_cell_width(scalar.value)))
  }
}

/// The beginning of a text, with an ellipsis where that is not all, in at most so many cells.
func cut(_ text: String, toCells cells: Int) -> String {
  if cellWidth(text) <= cells { return text }
  var (kept, width) = (String.UnicodeScalarView(), 1)
  for scalar in text.unicodeScalars {
    width += max(0, Int(clinux_cell_width(scalar.value)))
    if width > cells { break }
    kept.append(scalar)
  }
  return String(kept) + "…"
}
