import Testing

@testable import ChatEngine

@Suite("NativeFrontend: uploads that do not get on")
struct NativeUploadTests {
  private static let rogues = Limits.uploadBytesMax / Limits.nativePictureBytesMax

  /// As many as it takes offer the largest picture, with one more behind, and send nothing.
  private static func occupy(_ network: NativeNetwork) -> [NativePerson] {
    let rogues = (0..<rogues).map { network.join("R\($0)")[0] }
    for rogue in rogues { offer(rogue, number: 1, network) }
    #expect(
      network.run(.seconds(5)) { network.engine.tables.uploadBytes == Limits.uploadBytesMax })
    return rogues
  }

  private static func offer(_ person: NativePerson, number: UInt64, _ network: NativeNetwork) {
    person.client.session?.sendControl { bytes in
      NativeRequest.offer(
        NativeRequest.Offer(
          number: number, object: number, length: UInt64(Limits.nativePictureBytesMax),
          hash: [UInt8](repeating: 1, count: 32))
      ).append(to: &bytes)
    }
    person.client.flush(at: network.now)
  }

  private static func failures(_ person: NativePerson) -> [String] {
    person.events.compactMap {
      if case .failed(_, let words) = $0 { String(decoding: words, as: UTF8.self) } else { nil }
    }
  }

  @Test("Those who offer and send nothing keep others from showing pictures for a while only")
  func givesUpStalled() {
    let network = NativeNetwork { $0.joinsPerSecond = 0 }
    let ann = network.join("Ann")[0]
    let rogues = Self.occupy(network)
    let jpeg = NativePictureTests.jpeg(2_000)
    ann.client.show(jpeg, at: network.now)
    network.run(.seconds(1))
    #expect(Self.failures(ann) == ["too many pictures are under way; try again"])
    network.run(.seconds(Limits.uploadStallSecondsMax))
    #expect(
      network.engine.tables.uploadBytes == Limits.uploadBytesMax, "nobody wants the room")
    ann.client.show(jpeg, at: network.now)
    network.run(.seconds(1))
    #expect(ann.accepted(pictures: true) == [2])
    #expect(network.engine.tables.uploadBytes == 0)
    // They are here still, and may offer again.
    #expect(rogues.allSatisfy { $0.isJoined })
    rogues[0].client.lastShown = 1
    rogues[0].client.show(jpeg, at: network.now)
    network.run(.seconds(1))
    #expect(rogues[0].accepted(pictures: true) == [2])
    // Under the same numbers as well.
    rogues[1].client.show(jpeg, at: network.now)
    network.run(.seconds(1))
    #expect(rogues[1].accepted(pictures: true) == [1])
  }

  @Test("An upload that gets on is kept; one of which only a little comes is not")
  func keepsSlow() {
    let network = NativeNetwork { $0.joinsPerSecond = 0 }
    let ann = network.join("Ann")[0]
    let rogues = Self.occupy(network)
    // One sends as much as it takes, another too little.
    for (rogue, count) in [(rogues[0], Limits.uploadProgressBytesMin), (rogues[1], 100)] {
      network.run(.seconds(Limits.uploadStallSecondsMax / 2))
      rogue.client.sources.objects.append([UInt8](repeating: 0, count: count), number: 1)
      rogue.client.flush(at: network.now)
    }
    network.run(.seconds(Limits.uploadStallSecondsMax / 4))
    ann.client.show(NativePictureTests.jpeg(2_000), at: network.now)
    network.run(.seconds(1))
    #expect(ann.accepted(pictures: true) == [1])
    #expect(network.engine.tables.uploadBytes == Limits.nativePictureBytesMax)
  }

  @Test("An offer of nothing is told that it is too short, not that it is too long")
  func namesEmpty() {
    let network = NativeNetwork()
    let ann = network.join("Ann")[0]
    ann.client.session?.sendControl { bytes in
      NativeRequest.offer(
        NativeRequest.Offer(
          number: 1, object: 9, length: 0, hash: [UInt8](repeating: 1, count: 32))
      ).append(to: &bytes)
    }
    // Its own first picture has the same number, and so takes the answer for its own.
    ann.client.show(NativePictureTests.jpeg(2_000), at: network.now)
    network.run(.seconds(1))
    #expect(Self.failures(ann) == ["a picture has at least one byte"])
  }

  @Test("What comes of an upload that was given up is passed over, and the next one arrives")
  func passesOverLate() {
    let network = NativeNetwork { $0.joinsPerSecond = 0 }
    let ann = network.join("Ann")[0]
    let rogue = Self.occupy(network)[0]
    network.run(.seconds(Limits.uploadStallSecondsMax))
    ann.client.show(NativePictureTests.jpeg(2_000), at: network.now)
    network.run(.seconds(1))
    rogue.client.sources.objects.append([UInt8](repeating: 0, count: 3 << 20), number: 1)
    rogue.client.flush(at: network.now)
    network.run(.seconds(10))
    rogue.client.lastShown = 1
    rogue.client.show(NativePictureTests.jpeg(60_000, 1), at: network.now)
    network.run(.seconds(5))
    #expect(rogue.isJoined && rogue.accepted(pictures: true) == [2])
    #expect(network.engine.tables.uploadBytes == 0)
  }
}
