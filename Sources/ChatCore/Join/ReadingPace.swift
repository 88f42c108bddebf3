import ChatEngine

/// Whether the reader of the screen took less than came, so that what is missing now may be missing
/// because of that, and not because of the connection.
///
/// While the reader holds it up the client hears nothing more, and its server skips what falls out
/// of the log. That is told once the client has heard what was on its way to it before, which is
/// `Limits.talkCreditBytes` of talk at most.
struct ReadingPace: Equatable {
  private var isReceiving = true
  /// Talk that was heard since the reader was last held up; nil where that explains nothing.
  private var heardBytes: Int?

  /// Whether the reader explains what is found to be missing now.
  var wasSlow: Bool { !isReceiving || heardBytes != nil }

  mutating func note(isReceiving: Bool) {
    self.isReceiving = isReceiving
    if !isReceiving { heardBytes = 0 }
  }

  mutating func note(heardBytes count: Int) {
    guard let heardBytes else { return }
    self.heardBytes = heardBytes + count > Limits.talkCreditBytes ? nil : heardBytes + count
  }

  /// What is missed until the client is back it misses because it was away.
  mutating func noteLostConnection() { heardBytes = nil }
}
