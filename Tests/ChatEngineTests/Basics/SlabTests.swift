import Testing

@testable import ChatEngine

@Suite("Slab")
struct SlabTests {
  @Test("Slots are numbered from 0 and keep their values")
  func numbersSlots() throws {
    var slab = Slab<String>(capacity: 3)
    #expect(slab.insert("a") == 0)
    #expect(slab.insert("b") == 1)
    slab[1] += "!"
    #expect(slab[0] == "a")
    #expect(slab[1] == "b!")
    #expect(slab.count == 2)
    #expect(!slab.isFull)
  }

  @Test("A full slab takes nothing, and takes again after one was removed")
  func isBounded() {
    var slab = Slab<Int>(capacity: 2)
    _ = slab.insert(10)
    _ = slab.insert(20)
    #expect(slab.isFull)
    #expect(slab.insert(30) == nil)
    #expect(slab.count == 2)
    #expect(slab.remove(0) == 10)
    #expect(!slab.isFull)
    #expect(slab.insert(40) == 0)
    #expect(slab[0] == 40)
    #expect(slab[1] == 20)
  }

  @Test("A slab without room takes nothing at all")
  func canBeEmpty() {
    var slab = Slab<Int>(capacity: 0)
    #expect(slab.isFull)
    #expect(slab.insert(1) == nil)
  }

  @Test("Over thousands of random steps a slab agrees with a dictionary")
  func agreesWithADictionary() throws {
    var random = SplitMix64(seed: 11)
    var slab = Slab<Int>(capacity: 50)
    var model: [UInt32: Int] = [:]
    for step in 0..<5_000 {
      if random.chance(55) {
        guard let slot = slab.insert(step) else {
          #expect(model.count == 50)
          continue
        }
        #expect(slot < 50)
        #expect(model.updateValue(step, forKey: slot) == nil, "slot \(slot) was taken")
      } else if let slot = model.keys.sorted().randomElement(using: &random) {
        #expect(slab.remove(slot) == model.removeValue(forKey: slot))
      }
      #expect(slab.count == model.count)
    }
    for (slot, value) in model { #expect(slab[slot] == value) }
  }
}
