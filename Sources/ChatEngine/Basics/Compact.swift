/// A value that may not be there and takes no more room than if it were: one of its values, which
/// never comes up, stands for "none". An optional of eight bytes takes sixteen otherwise, and a
/// server holds many for each session.
@propertyWrapper
public struct Compact<Value: HasUnusedValue>: Sendable {
  private var stored = Value.unused

  public init() {}
  public init(wrappedValue: Value?) { self.wrappedValue = wrappedValue }

  public var wrappedValue: Value? {
    @inline(__always) get { stored == .unused ? nil : stored }
    @inline(__always) set { stored = newValue ?? .unused }
  }
}

/// What has a value that never comes up.
public protocol HasUnusedValue: Equatable, Sendable {
  static var unused: Self { get }
}

extension Instant: HasUnusedValue {
  /// The end of time: a deadline then is none.
  public static var unused: Instant { Instant(nanoseconds: .max) }
}

extension UInt64: HasUnusedValue {
  public static var unused: UInt64 { .max }
}

extension Int: HasUnusedValue {
  public static var unused: Int { .min }
}

/// A value that few of its owners need at a time: eight bytes while it is as it begins, and on the
/// heap from the first change until it is dropped.
@propertyWrapper
struct Seldom<Value: HasBeginning> {
  private final class Box {
    var value: Value
    init(_ value: Value) { self.value = value }
  }

  private var box: Box?

  init() {}

  var wrappedValue: Value {
    @inline(__always) get { box.map { $0.value } ?? Value() }
    @inline(__always) _modify {
      if box == nil || !isKnownUniquelyReferenced(&box) { box = Box(wrappedValue) }
      yield &box!.value
    }
  }

  /// Whether it is on the heap.
  var projectedValue: Bool { box != nil }

  /// Begins anew and gives the memory back.
  mutating func drop() { box = nil }
}

/// What begins without being told anything.
protocol HasBeginning {
  init()
}
