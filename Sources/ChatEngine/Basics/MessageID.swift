/// By which the same message is known again: its author's program, and the number that it gave it.
public struct MessageID: Hashable, Sendable {
  /// Tells that program from others; 0 where there is none, as for members of plain dialects.
  public var run: UInt64
  public var number: UInt64

  public init(run: UInt64, number: UInt64) { (self.run, self.number) = (run, number) }

  /// That of a message whose author gave it none.
  public static let none = MessageID(run: 0, number: 0)
}
