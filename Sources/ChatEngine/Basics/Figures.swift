/// What a set of figures counts. The raw value is its place on the wire, and the case's name is
/// what scripts read; it ends in the unit where that is not a count.
public protocol FigureName: RawRepresentable, CaseIterable, Hashable, Sendable
where RawValue == Int {}

/// Numbers by their names. New names are added at the end of a set: who reads passes over those
/// that it does not know, and takes for 0 what an older program left out.
public struct Figures<Name: FigureName>: Equatable, Sendable {
  private var values = [UInt64](repeating: 0, count: Name.allCases.count)

  public init() {}

  public subscript(_ name: Name) -> UInt64 {
    get { values[name.rawValue] }
    set { values[name.rawValue] = newValue }
  }

  /// All of them, in their order.
  public var all: [(name: String, value: UInt64)] {
    Name.allCases.map { ("\($0)", self[$0]) }
  }

  // MARK: On the wire

  /// Reads their count and so many numbers; nil where they are malformed.
  init?(_ reader: inout ByteReader) {
    guard let count = reader.varint(max: Limits.figuresMax) else { return nil }
    for index in 0..<count {
      guard let value = reader.varint() else { return nil }
      if index < values.count { values[index] = value }
    }
  }

  func append(to bytes: inout [UInt8]) {
    bytes.appendVarint(UInt64(values.count))
    for value in values { bytes.appendVarint(min(value, ByteWriter.varintMax)) }
  }
}
