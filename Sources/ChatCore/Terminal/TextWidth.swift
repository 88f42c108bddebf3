import CLinux

/// How many cells a text takes in a terminal, as wcwidth(3) counts.
func cellWidth(_ text: some StringProtocol) -> Int {
  text.unicodeScalars.reduce(0) { width, scalar in
    width + max(0, Int(clinux_cell_width(scalar.value)))
  }
}
