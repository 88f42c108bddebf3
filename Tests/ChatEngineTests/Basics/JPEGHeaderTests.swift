import Testing

@testable import ChatEngine

@Suite("JPEGHeader")
struct JPEGHeaderTests {
  private func fault(_ bytes: [UInt8]) -> JPEGHeader.Fault? {
    do throws(JPEGHeader.Fault) {
      _ = try JPEGHeader(bytes.span)
      return nil
    } catch {
      return error
    }
  }

  private func relayFault(_ bytes: [UInt8]) -> JPEGHeader.Fault? {
    do throws(JPEGHeader.Fault) {
      _ = try JPEGHeader.relayable(bytes.span)
      return nil
    } catch {
      return error
    }
  }

  @Test("Baseline, extended and progressive frames of 1, 3 and 4 components are read")
  func readsFrames() throws {
    for marker in [0xc0, 0xc1, 0xc2] as [UInt8] {
      for components in [1, 3, 4] {
        let made = MadeJPEG(width: 4_000, height: 3, marker: marker, components: components)
        let header = try made.bytes.jpegHeader()
        #expect(header.width == 4_000)
        #expect(header.height == 3)
        #expect(header.components == components)
        #expect(header.isProgressive == (marker == 0xc2))
      }
    }
  }

  @Test("A picture that is cut anywhere in its headers is refused; one cut later is not")
  func refusesCuts() {
    let made = MadeJPEG()
    for count in 0..<made.bytes.count {
      let cut = Array(made.bytes[..<count])
      let expected: JPEGHeader.Fault? =
        count < 4 ? .notJPEG : count < made.headerBytes ? .damaged : nil
      #expect(fault(cut) == expected, "cut to \(count)")
    }
  }

  @Test("What does not begin as a JPEG is none")
  func refusesOthers() {
    #expect(fault([]) == .notJPEG)
    #expect(fault(Array("GIF89a, and more".utf8)) == .notJPEG)
    #expect(fault([0xff, 0xd8, 0x00, 0xff]) == .notJPEG)
    #expect(fault([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a]) == .notJPEG)
  }

  @Test("Fill bytes and markers without a length may stand between segments")
  func skipsFillBytes() throws {
    var made = MadeJPEG()
    made.before = [0xff, 0xff, 0xff, 0xe1, 0, 2, 0xff, 0x01, 0xff, 0xd0, 0xff, 0xd7]
    #expect(try made.bytes.jpegHeader().width == 64)
  }

  @Test("Bytes that are no marker between segments damage the picture")
  func refusesJunk() {
    for junk in [[0xff, 0], [0xff, 0xfe, 0, 2, 0], [0xff, 0xe0, 0, 1], [0xff, 0xe0, 0, 0]]
      as [[UInt8]]
    {
      var made = MadeJPEG()
      made.before = junk
      #expect(fault(made.bytes) == .damaged, "\(junk)")
    }
  }

  @Test("A second SOI, or EOI before a picture, damages it")
  func refusesMisplacedMarkers() {
    for marker in [0xd8, 0xd9] as [UInt8] {
      var made = MadeJPEG()
      made.before = [0xff, marker]
      #expect(fault(made.bytes) == .damaged)
    }
  }

  @Test("A scan without a frame damages the picture")
  func refusesScanWithoutFrame() {
    let made = MadeJPEG()
    #expect(fault([0xff, 0xd8] + made.scanHeader + [1, 2, 3]) == .damaged)
  }

  @Test("Lossless, hierarchical and arithmetic frames are of no use")
  func refusesUnusualFrames() {
    let markers: [UInt8] = [0xc3, 0xc5, 0xc6, 0xc7, 0xc9, 0xca, 0xcb, 0xcd, 0xce, 0xcf]
    for marker in markers { #expect(fault(MadeJPEG(marker: marker).bytes) == .unsupported) }
    #expect(fault(MadeJPEG(precision: 12).bytes) == .unsupported)
    for components in [0, 2, 5] {
      #expect(fault(MadeJPEG(components: components).bytes) == .unsupported)
    }
  }

  @Test("Tables between the headers are skipped, although their markers look like frames'")
  func skipsTables() throws {
    for marker in [0xc4, 0xc8, 0xcc, 0xdb, 0xdd, 0xfe] as [UInt8] {
      var made = MadeJPEG()
      made.before = [0xff, marker, 0, 5, 1, 2, 3]
      #expect(try made.bytes.jpegHeader().height == 48)
    }
  }

  @Test("A frame whose length does not fit its components is damaged")
  func refusesFramesOfWrongLength() {
    let made = MadeJPEG()
    for (offset, byte) in [(3, UInt8(18)), (3, 16), (9, 1), (9, 4)] {
      var bytes = made.bytes
      bytes[2 + made.before.count + offset] = byte
      #expect(fault(bytes) == .damaged, "byte \(offset) = \(byte)")
    }
  }

  @Test("Only pictures within the sides and pixels of the limits are relayed")
  func boundsDimensions() {
    let side = Limits.relayedPictureSideMax
    let pixels = Limits.relayedPicturePixelsMax
    let sizes = [
      (1, 1, true), (side, 1, true), (1, side, true), (side, pixels / side, true),
      (side, pixels / side + 1, false), (side + 1, 1, false), (1, side + 1, false),
      (0, 10, false), (10, 0, false), (65_535, 65_535, false), (side, side, side * side <= pixels),
    ]
    for (width, height, isRelayed) in sizes {
      let found = relayFault(MadeJPEG(width: width, height: height).bytes)
      #expect(found == (isRelayed ? nil : .dimensions(width: width, height: height)))
    }
  }

  @Test("Dimensions are no fault where nobody relays, and other faults are faults there too")
  func separatesFaults() {
    #expect(fault(MadeJPEG(width: 0, height: 0).bytes) == nil)
    #expect(relayFault([1, 2, 3]) == .notJPEG)
  }

  @Test("Each fault says something else")
  func explainsFaults() {
    let faults: [JPEGHeader.Fault] = [
      .notJPEG, .damaged, .unsupported, .dimensions(width: 7, height: 9),
    ]
    #expect(Set(faults.map(\.text)).count == faults.count)
    #expect(faults[3].text.contains("7×9"))
  }
}
