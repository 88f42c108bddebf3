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
        #expect(header.componentCount == components)
        #expect(header.blocks == 500 * components)
        #expect(header.isProgressive == (marker == 0xc2))
        #expect(header.keepsCoefficients == (marker == 0xc2 || components > 1))
        #expect(!header.isArithmetic)
        #expect(header.scanStart == made.header.count)
      }
    }
  }

  @Test("A picture that is cut anywhere in its headers is refused; one cut later is read")
  func refusesCuts() {
    let made = MadeJPEG()
    for count in 0...made.bytes.count {
      let cut = Array(made.bytes[..<count])
      let expected: JPEGHeader.Fault? =
        count < 3 ? .notJPEG : count < made.header.count ? .truncated : nil
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

  @Test(
    "Fill bytes, markers without a length, tables and junk may stand before the frame",
    arguments: [
      [0xff, 0xff, 0xff, 0xe1, 0, 2], [0xff, 0x01, 0xff, 0xd0, 0xff, 0xd7], [0xff, 0xd8], [0, 1],
      [0xff, 0xc4, 0, 5, 1, 2, 3], [0xff, 0xc8, 0, 2], [0xff, 0xcc, 0, 2], [0xff, 0xdb, 0, 2],
      [0xff, 0xdd, 0, 4, 0, 0], [0xff, 0xfe, 0, 4, 0xff, 0xc0], [],
    ] as [[UInt8]])
  func skipsSegments(before: [UInt8]) throws {
    #expect(try MadeJPEG(before: [0xff, 0xe0, 0, 2] + before).bytes.jpegHeader().height == 48)
  }

  @Test("Each broken rule has a fault of its own")
  func refusesDamage() {
    let made = MadeJPEG()
    #expect(
      fault(MadeJPEG(before: [0xff, 0xe0, 0, 1]).bytes) == .damaged("a segment has no length"))
    #expect(
      fault(MadeJPEG(before: [0xff, 0xd9]).bytes) == .damaged("it ends before its first scan"))
    #expect(fault(MadeJPEG(before: made.frame).bytes) == .damaged("it has two frames"))
    #expect(
      fault(MadeJPEG(before: made.scanHeader).bytes) == .damaged("a scan comes before the frame"))
    #expect(fault(MadeJPEG(width: 0).bytes) == .damaged("it has no size"))
    #expect(fault(MadeJPEG(height: 0).bytes) == .damaged("it has no size"))
    #expect(fault(MadeJPEG(components: 0).bytes) == .damaged("its frame header is too short"))
    for factors in [0x01, 0x10, 0x51, 0x15, 0xff] as [UInt8] {
      #expect(
        fault(MadeJPEG(factors: factors).bytes) == .damaged("its sampling factors are out of range")
      )
    }
    var short = made.bytes
    short[2 + made.before.count + 3] = 10
    #expect(fault(short) == .damaged("its frame header is too short"))
  }

  @Test("Lossless and hierarchical frames, other depths and five components are of no use")
  func refusesUnusualFrames() {
    for marker in [0xc3, 0xc5, 0xc6, 0xc7, 0xcb, 0xcd, 0xce, 0xcf] as [UInt8] {
      #expect(
        fault(MadeJPEG(marker: marker).bytes) == .unsupported("lossless or hierarchical coding"))
    }
    #expect(fault(MadeJPEG(precision: 12).bytes) == .unsupported("12 bits per sample"))
    #expect(fault(MadeJPEG(components: 5).bytes) == .unsupported("5 components"))
  }

  @Test("Two components are read, and not relayed, since nobody knows their colours")
  func knowsTwoComponents() throws {
    let made = MadeJPEG(components: 2)
    #expect(try made.bytes.jpegHeader().componentCount == 2)
    #expect(relayFault(made.bytes) == .unsupported("2 components"))
  }

  @Test("Arithmetic coding is read, and not relayed, since few programs show it")
  func knowsArithmeticCoding() throws {
    for marker in [0xc9, 0xca] as [UInt8] {
      let made = MadeJPEG(marker: marker)
      #expect(try made.bytes.jpegHeader().isArithmetic)
      #expect(relayFault(made.bytes) == .unsupported("arithmetic coding"))
    }
  }

  @Test("The first EXIF block and Adobe's marker are found, and look-alikes are not")
  func findsApplicationSegments() throws {
    func segment(_ marker: UInt8, _ text: String) -> [UInt8] {
      [0xff, marker, 0, UInt8(text.utf8.count + 2)] + Array(text.utf8)
    }
    let exif = segment(0xe1, "Exif\0\0first")
    let header = try MadeJPEG(
      before: segment(0xe1, "http") + exif + segment(0xe1, "Exif\0\0second")
        + segment(0xee, "Adobe1234567")
    ).bytes.jpegHeader()
    #expect(header.exif == 14..<25)
    #expect(header.isAdobe)
    let plain = try MadeJPEG(
      before: segment(0xe1, "Exif") + segment(0xee, "Adobe") + segment(0xe2, "Exif\0\0")
    ).bytes.jpegHeader()
    #expect(plain.exif == nil)
    #expect(!plain.isAdobe)
  }

  @Test("Blocks are counted in whole units of all components")
  func countsBlocks() throws {
    #expect(try MadeJPEG(width: 1, height: 1, components: 1).bytes.jpegHeader().blocks == 1)
    #expect(try MadeJPEG(width: 64, height: 48).bytes.jpegHeader().blocks == 8 * 6 * 3)
    #expect(try MadeJPEG(width: 65, height: 48).bytes.jpegHeader().blocks == 9 * 6 * 3)
    let coarse = MadeJPEG(width: 17, height: 16, components: 1, factors: 0x22)
    #expect(try coarse.bytes.jpegHeader().blocks == 2 * 4)
  }

  @Test("Only pictures within the sides and pixels of the limits are relayed")
  func boundsDimensions() {
    let side = Limits.relayedPictureSideMax
    let pixels = Limits.relayedPicturePixelsMax
    let sizes = [
      (1, 1, true), (side, 1, true), (1, side, true), (side, pixels / side, true),
      (side, pixels / side + 1, false), (side + 1, 1, false), (1, side + 1, false),
      (65_535, 65_535, false), (side, side, side * side <= pixels),
    ]
    for (width, height, isRelayed) in sizes {
      let found = relayFault(MadeJPEG(width: width, height: height, components: 1).bytes)
      #expect(found == (isRelayed ? nil : .dimensions(width: width, height: height)))
    }
  }

  @Test("A few bytes that claim many pixels are not relayed; a bit for each block is enough")
  func refusesEmptyClaims() {
    var made = MadeJPEG(width: 640, height: 480, components: 1)
    let needed = 80 * 60 / 8
    made.scan = [UInt8](repeating: 0, count: needed - 2)
    #expect(relayFault(made.bytes) == nil)
    made.scan = [UInt8](repeating: 0, count: needed - 3)
    #expect(relayFault(made.bytes) == .truncated)
    #expect(fault(made.bytes) == nil)
  }

  @Test("Scans are counted to the end marker, or to where the bytes end")
  func countsScans() throws {
    let made = MadeJPEG(scan: [1, 0xff, 0x00, 2, 0xff, 0xd3, 4])
    func scans(_ bytes: [UInt8]) throws -> [Int] {
      let found = try bytes.jpegHeader().scans(of: bytes.span)
      return [found.count, found.isEnded ? 1 : 0]
    }
    #expect(try scans(made.bytes) == [1, 1])
    #expect(try scans(made.header) == [1, 0])
    let next = made.header + [1, 2, 0xff, 0xc4, 0, 2] + made.scanHeader + [3]
    #expect(try scans(next) == [2, 0])
    #expect(try scans(next + [0xff, 0xd9] + made.scanHeader) == [2, 1])
  }

  @Test("Each fault says something else")
  func explainsFaults() {
    let faults: [JPEGHeader.Fault] = [
      .notJPEG, .truncated, .damaged("x"), .unsupported("x"), .dimensions(width: 7, height: 9),
    ]
    #expect(Set(faults.map(\.text)).count == faults.count)
    #expect(faults[4].text.contains("7×9"))
  }
}
