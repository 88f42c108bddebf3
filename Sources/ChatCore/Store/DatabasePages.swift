import ChatEngine
import Glibc

/// The pages of an SQLite database, read without SQLite: for a database that it refuses.
///
/// Follows the file format (sqlite.org/fileformat2.html). What its write-ahead log has committed
/// counts for more than what the file has. Nothing that the files say is trusted.
final class DatabasePages {
  /// A value of a row.
  enum Value: Equatable {
    case null
    case integer(Int64)
    case text([UInt8])
    case blob([UInt8])
    /// A fraction, which none of our tables has.
    case other
  }

  /// A row of a table, or an entry of an index, which has no id.
  struct Row {
    var id: Int64?
    var values: [Value]
  }

  private let file: OwnedFD
  /// -1 where there is none.
  private let log: Int32
  /// Where the log has a page.
  private var logged: [Int: Int] = [:]
  private(set) var pageBytes = 4_096
  private(set) var pageCount = 0

  init(database: String, writeAhead: String) throws(SystemError) {
    file = try OwnedFD(
      checking: open(database, O_RDONLY | O_CLOEXEC | O_NOFOLLOW), "open \(database)")
    log = open(writeAhead, O_RDONLY | O_CLOEXEC | O_NOFOLLOW)
    let header = Self.read(file.raw, at: 0, 100)
    // 1 stands for 65,536, which the two bytes have no room for.
    let size = header.count < 18 ? 0 : Int(header[16]) << 8 | Int(header[17])
    if Self.isPageSize(size == 1 ? 65_536 : size) { pageBytes = size == 1 ? 65_536 : size }
    readLog()
    var status = stat()
    try checked(fstat(file.raw, &status), "look at \(database)")
    let inFile = (Int(status.st_size) + pageBytes - 1) / pageBytes
    pageCount = max(inFile, logged.keys.max() ?? 0)
  }

  deinit {
    if log >= 0 { close(log) }
  }

  private static func isPageSize(_ size: Int) -> Bool {
    512...65_536 ~= size && size & (size - 1) == 0
  }

  private static func read(_ fd: Int32, at offset: Int, _ count: Int) -> [UInt8] {
    var bytes = [UInt8](repeating: 0, count: count)
    var filled = 0
    while filled < count {
      let got = bytes.withUnsafeMutableBytes {
        pread(fd, $0.baseAddress! + filled, count - filled, off_t(offset + filled))
      }
      if got < 0 && errno == EINTR { continue }
      if got <= 0 { break }
      filled += got
    }
    bytes.removeLast(count - filled)
    return bytes
  }

  // MARK: The write-ahead log

  /// Finds the pages that the log has committed: frames in a row with the header's salt and sums
  /// that are right, up to the last that ends a transaction.
  private func readLog() {
    if log < 0 { return }
    let header = Self.read(log, at: 0, 32)
    guard header.count == 32 else { return }
    let magic = Self.u32(header, 0)
    guard magic & ~1 == 0x377f_0682 else { return }
    let isBig = magic & 1 == 1
    let size = Int(Self.u32(header, 8))
    guard Self.isPageSize(size) else { return }
    var sums: (UInt32, UInt32) = (0, 0)
    Self.add(header[..<24], to: &sums, isBig: isBig)
    guard sums == (Self.u32(header, 24), Self.u32(header, 28)) else { return }
    // The log's header has a sum, the file's has none.
    pageBytes = size
    var offset = 32
    var waiting: [Int: Int] = [:]
    while true {
      let frame = Self.read(log, at: offset, 24 + size)
      guard frame.count == 24 + size, frame[8..<16].elementsEqual(header[16..<24]) else { return }
      Self.add(frame[..<8], to: &sums, isBig: isBig)
      Self.add(frame[24...], to: &sums, isBig: isBig)
      guard sums == (Self.u32(frame, 16), Self.u32(frame, 20)) else { return }
      waiting[Int(Self.u32(frame, 0))] = offset + 24
      if Self.u32(frame, 4) != 0 {
        logged.merge(waiting) { $1 }
        waiting = [:]
      }
      offset += 24 + size
    }
  }

  private static func u32(_ bytes: [UInt8], _ at: Int) -> UInt32 {
    bytes[at..<at + 4].reduce(0) { $0 << 8 | UInt32($1) }
  }

  /// The log's running sum, over words of four bytes.
  private static func add(
    _ bytes: ArraySlice<UInt8>, to sums: inout (UInt32, UInt32), isBig: Bool
  ) {
    bytes.withUnsafeBytes { raw in
      for at in stride(from: 0, to: raw.count, by: 8) {
        let first = raw.loadUnaligned(fromByteOffset: at, as: UInt32.self)
        let second = raw.loadUnaligned(fromByteOffset: at + 4, as: UInt32.self)
        sums.0 &+= (isBig ? UInt32(bigEndian: first) : UInt32(littleEndian: first)) &+ sums.1
        sums.1 &+= (isBig ? UInt32(bigEndian: second) : UInt32(littleEndian: second)) &+ sums.0
      }
    }
  }

  // MARK: Pages and rows

  /// A page, from 1 on; nil where it is not all there.
  private func page(_ number: Int) -> [UInt8]? {
    if number < 1 || number > pageCount { return nil }
    let bytes =
      if let offset = logged[number] {
        Self.read(log, at: offset, pageBytes)
      } else {
        Self.read(file.raw, at: (number - 1) * pageBytes, pageBytes)
      }
    return bytes.count == pageBytes ? bytes : nil
  }

  /// The rows and entries of a page; none where it holds none, or is junk. A row that cannot be
  /// read is left out.
  func rows(ofPage number: Int) -> [Row] {
    // The first page has the schema, which is known.
    guard number > 1, let page = page(number), let kind = Kind(rawValue: page[0]) else { return [] }
    let count = Int(page[3]) << 8 | Int(page[4])
    let start = kind.headerBytes
    guard start + 2 * count <= page.count else { return [] }
    return (0..<count).compactMap { index in
      let at = start + 2 * index
      let offset = Int(page[at]) << 8 | Int(page[at + 1])
      guard offset >= start + 2 * count, offset < page.count else { return nil }
      return row(kind, page, at: offset)
    }
  }

  private enum Kind: UInt8 {
    case indexInside = 0x02
    case index = 0x0a
    case table = 0x0d

    var headerBytes: Int { self == .indexInside ? 12 : 8 }
  }

  private func row(_ kind: Kind, _ page: [UInt8], at offset: Int) -> Row? {
    var cell = Cursor(bytes: page[offset...])
    if kind == .indexInside { cell.skip(4) }
    guard let length = cell.varint(), length > 0, length <= Int64(Self.rowBytesMax) else {
      return nil
    }
    var id: Int64?
    if kind == .table {
      guard let number = cell.varint() else { return nil }
      id = number
    }
    guard let payload = payload(kind, &cell, Int(length)), let values = Self.values(payload) else {
      return nil
    }
    return Row(id: id, values: values)
  }

  private static let rowBytesMax = 2 * Limits.storedBodyBytesMax

  /// What belongs to a cell: a part of it in its page, and the rest in a chain of others.
  private func payload(_ kind: Kind, _ cell: inout Cursor, _ length: Int) -> [UInt8]? {
    let most = kind == .table ? pageBytes - 35 : (pageBytes - 12) * 64 / 255 - 23
    if length <= most { return cell.take(length) }
    let least = (pageBytes - 12) * 32 / 255 - 23
    let even = least + (length - least) % (pageBytes - 4)
    guard var payload = cell.take(even <= most ? even : least), let link = cell.take(4) else {
      return nil
    }
    var next = Int(Self.u32(link, 0))
    for _ in 0..<Limits.damagedRowPagesMax where payload.count < length {
      guard let page = page(next) else { return nil }
      payload += page[4..<min(pageBytes, 4 + length - payload.count)]
      next = Int(Self.u32(page, 0))
    }
    return payload.count == length ? payload : nil
  }

  /// The values of a record.
  static func values(_ record: [UInt8]) -> [Value]? {
    var header = Cursor(bytes: record[...])
    guard let headerBytes = header.varint(), headerBytes >= 1, headerBytes <= record.count else {
      return nil
    }
    var body = Cursor(bytes: record[Int(headerBytes)...])
    header.end(at: Int(headerBytes))
    var values: [Value] = []
    while !header.isAtEnd {
      guard let type = header.varint(), let value = body.value(type) else { return nil }
      values.append(value)
    }
    return body.isAtEnd ? values : nil
  }

  /// Reads forwards, never beyond the end.
  private struct Cursor {
    private var bytes: ArraySlice<UInt8>

    init(bytes: ArraySlice<UInt8>) { self.bytes = bytes }

    var isAtEnd: Bool { bytes.isEmpty }

    mutating func skip(_ count: Int) { bytes = bytes.dropFirst(count) }

    mutating func end(at index: Int) { bytes = bytes[bytes.startIndex..<index] }

    mutating func take(_ count: Int) -> [UInt8]? {
      guard count >= 0, count <= bytes.count else { return nil }
      defer { bytes = bytes.dropFirst(count) }
      return Array(bytes.prefix(count))
    }

    /// A number of 1 to 9 bytes, of which the last has 8 bits and the others 7.
    mutating func varint() -> Int64? {
      var value: UInt64 = 0
      for place in 1...9 {
        guard let byte = bytes.popFirst() else { return nil }
        if place == 9 { return Int64(bitPattern: value << 8 | UInt64(byte)) }
        value = value << 7 | UInt64(byte & 0x7f)
        if byte < 0x80 { break }
      }
      return Int64(bitPattern: value)
    }

    mutating func value(_ type: Int64) -> Value? {
      switch type {
      case 0: return .null
      case 1...6:
        guard let digits = take([1, 2, 3, 4, 6, 8][Int(type) - 1]) else { return nil }
        let start: UInt64 = digits[0] < 0x80 ? 0 : .max
        return .integer(Int64(bitPattern: digits.reduce(start) { $0 << 8 | UInt64($1) }))
      case 7: return take(8).map { _ in .other }
      case 8, 9: return .integer(type - 8)
      case 12...:
        guard let bytes = take(Int(clamping: (type - 12) / 2)) else { return nil }
        return type.isMultiple(of: 2) ? .blob(bytes) : .text(bytes)
      default: return nil
      }
    }
  }
}
