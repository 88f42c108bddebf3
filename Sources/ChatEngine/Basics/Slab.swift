/// Values in numbered slots; a slot that was vacated is used again.
///
/// Bounded by `capacity`, grown as needed, never shrunk. A slot's number is small and stable while
/// its value lives, so tables can point at each other with four bytes.
public struct Slab<Element> {
  private var slots: [Element?] = []
  private var vacant: [UInt32] = []
  public let capacity: Int

  public init(capacity: Int) {
    self.capacity = capacity
  }

  /// One more than the greatest number that a slot ever had.
  public var slotCount: UInt32 { UInt32(slots.count) }
  public var count: Int { slots.count - vacant.count }
  public var isFull: Bool { count == capacity }

  /// Puts `element` into a vacant slot.
  ///
  /// - Returns: the slot's number, or nil when the slab is full.
  public mutating func insert(_ element: Element) -> UInt32? {
    if let slot = vacant.popLast() {
      slots[Int(slot)] = element
      return slot
    }
    guard slots.count < capacity else { return nil }
    slots.append(element)
    return UInt32(slots.count - 1)
  }

  /// Vacates `slot`, which must be occupied.
  @discardableResult
  public mutating func remove(_ slot: UInt32) -> Element {
    guard let element = slots[Int(slot)] else { preconditionFailure("slot \(slot) is vacant") }
    slots[Int(slot)] = nil
    vacant.append(slot)
    return element
  }

  /// All values, in the order of their slots.
  public var values: [Element] { slots.compactMap(\.self) }

  /// Calls `body` with each slot that is occupied, in the order of their numbers, and its value.
  public func forEachSlot(_ body: (UInt32, Element) -> Void) {
    for (slot, element) in slots.enumerated() {
      if let element { body(UInt32(slot), element) }
    }
  }

  /// The number that the next `insert` gives; the slab must not be full.
  public var nextSlot: UInt32 { vacant.last ?? UInt32(slots.count) }

  /// The value in `slot`; nil where it is vacant or never was.
  public func existing(_ slot: UInt32) -> Element? {
    slot < slots.count ? slots[Int(slot)] : nil
  }

  /// The value in `slot`, which must be occupied.
  public subscript(_ slot: UInt32) -> Element {
    @inline(__always) get { slots[Int(slot)]! }
    @inline(__always) _modify { yield &slots[Int(slot)]! }
  }
}
