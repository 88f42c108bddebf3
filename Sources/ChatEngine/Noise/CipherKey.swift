/// The nonce of one sealing: 12 bytes.
public struct CipherNonce: Equatable, Sendable {
  /// As they lie in memory.
  let words: (UInt32, UInt32, UInt32)

  /// Four bytes and eight, both big-endian.
  public init(_ high: UInt32, _ low: UInt64) {
    words = (
      high.bigEndian, UInt32(truncatingIfNeeded: low >> 32).bigEndian,
      UInt32(truncatingIfNeeded: low).bigEndian
    )
  }

  /// Noise's nonces: four zero bytes and the number, little-endian for ChaChaPoly, big-endian for
  /// AESGCM (§12.3, §12.4).
  public init(number: UInt64, for cipher: Cipher = .chaChaPoly) {
    switch cipher {
    case .chaChaPoly:
      // Little-endian is big-endian with the bytes the other way round.
      self.init(0, number.byteSwapped)
    case .aesGCM: self.init(0, number)
    }
  }

  public static func == (first: Self, second: Self) -> Bool { first.words == second.words }
}

/// What was worked out of a key that seals much, wiped at the end.
///
/// To set up a key of AES-GCM in libcrypto takes as long as sealing a line of talk, so the first
/// `Limits.cipherSchedulesMax` keys that seal much with it keep what comes of it.
struct CipherSchedule: ~Copyable {
  private var kept: OpaquePointer?
  /// How often the key has sealed.
  private var sealings: UInt32 = 0

  deinit { if let kept { Cipher.drop(kept) } }

  /// What there is for a key that is to seal so many bytes now.
  @inline(__always)
  mutating func use(
    of key: UnsafePointer<UInt8>, for cipher: Cipher, count: Int
  ) -> OpaquePointer? {
    if kept == nil, cipher == .aesGCM, !cipher.isLeftToSodium(count) {
      sealings &+= 1
      if sealings.isMultiple(of: Limits.cipherSchedulePackets) { kept = cipher.keep(key) }
    }
    return kept
  }

  /// Forgets it, until the key seals much again, or because it is another now.
  mutating func drop() {
    if let kept { Cipher.drop(kept) }
    kept = nil
    sealings = 0
  }
}

/// A key that seals and opens, wiped at the end.
///
/// Who seals with it never uses a number twice. Nothing is allocated in a call, but once for a key
/// of AES-GCM that is used much. Not `Sendable`: it stays on its session's thread.
public final class CipherKey {
  public static let tagBytes = Cipher.tagBytes
  /// The number that Noise keeps for rekeying (§4.2); nothing else is sealed with it.
  static let rekeyNumber = UInt64.max

  public let cipher: Cipher
  private let key: SecretBytes
  private var schedule = CipherSchedule()

  /// Nil where `bytes` are not 32.
  public init?(copying bytes: Span<UInt8>, for cipher: Cipher = .chaChaPoly) {
    guard bytes.count == Cipher.keyBytes else { return nil }
    self.cipher = cipher
    key = bytes.withUnsafeBufferPointer { SecretBytes(copying: $0.baseAddress!, count: $0.count) }
  }

  /// 32 bytes that `fill` writes.
  init(for cipher: Cipher = .chaChaPoly, _ fill: (UnsafeMutablePointer<UInt8>) -> Void) {
    self.cipher = cipher
    key = SecretBytes(count: Cipher.keyBytes)
    fill(key.start)
  }

  /// A key for something that is sealed by itself.
  public static func make(_ random: inout SecretRandom) -> CipherKey {
    CipherKey { random.fill($0, Cipher.keyBytes) }
  }

  /// Writes its 32 bytes where they are wiped at the end.
  func copy(to place: UnsafeMutablePointer<UInt8>) {
    place.update(from: key.start, count: Cipher.keyBytes)
  }

  public func withBytes<Result, Failure: Error>(
    _ body: (Span<UInt8>) throws(Failure) -> Result
  ) throws(Failure) -> Result {
    try body(UnsafeBufferPointer(start: key.start, count: key.count).span)
  }

  /// Seals `count` bytes in place and writes the tag's 16 behind them.
  ///
  /// - Parameters:
  ///   - header: what is authenticated with them and stays readable.
  ///   - number: any but `UInt64.max`, and never twice.
  @inline(never)
  public func seal(
    _ bytes: UnsafeMutablePointer<UInt8>, count: Int, header: UnsafePointer<UInt8>,
    headerCount: Int, number: UInt64
  ) {
    precondition(number != Self.rekeyNumber, "the numbers of this key are used up")
    seal(
      bytes, count: count, header: header, headerCount: headerCount,
      nonce: CipherNonce(number: number, for: cipher))
  }

  /// The same with a nonce of the caller's own.
  public func seal(
    _ bytes: UnsafeMutablePointer<UInt8>, count: Int, header: UnsafePointer<UInt8>,
    headerCount: Int, nonce: CipherNonce
  ) {
    cipher.seal(
      bytes, count: count, header: header, headerCount: headerCount, key: key.start, nonce: nonce,
      kept: schedule.use(of: key.start, for: cipher, count: count))
  }

  /// Opens `count` bytes, the tag's 16 among them, in place: `count − 16` are left.
  ///
  /// - Returns: whether they were sealed so. If not, they are zeros now.
  @inline(never)
  public func open(
    _ bytes: UnsafeMutablePointer<UInt8>, count: Int, header: UnsafePointer<UInt8>,
    headerCount: Int, number: UInt64
  ) -> Bool {
    open(
      from: bytes, count: count, into: bytes, header: header, headerCount: headerCount,
      number: number)
  }

  /// The same from one place into another, of `count − 16` bytes.
  @inline(never)
  public func open(
    from source: UnsafePointer<UInt8>, count: Int, into result: UnsafeMutablePointer<UInt8>,
    header: UnsafePointer<UInt8>, headerCount: Int, number: UInt64
  ) -> Bool {
    number != Self.rekeyNumber
      && open(
        from: source, count: count, into: result, header: header, headerCount: headerCount,
        nonce: CipherNonce(number: number, for: cipher))
  }

  /// The same with a nonce of the sender's own.
  public func open(
    from source: UnsafePointer<UInt8>, count: Int, into result: UnsafeMutablePointer<UInt8>,
    header: UnsafePointer<UInt8>, headerCount: Int, nonce: CipherNonce
  ) -> Bool {
    cipher.open(
      source, count: count, into: result, header: header, headerCount: headerCount, key: key.start,
      nonce: nonce)
  }

  /// The key that follows this one: REKEY of Noise §4.2, with ChaChaPoly for both ciphers.
  public func next() -> CipherKey {
    CipherKey(for: cipher) { Self.writeNext(of: key.start, to: $0) }
  }

  /// The same for 32 bytes wherever they lie; both places may be one.
  static func writeNext(
    of key: UnsafePointer<UInt8>, to next: UnsafeMutablePointer<UInt8>
  ) {
    let sealed = SecretBytes(count: Cipher.keyBytes + Cipher.tagBytes)
    Cipher.chaChaPoly.seal(
      sealed.start, count: Cipher.keyBytes, header: sealed.start, headerCount: 0,
      key: key, nonce: CipherNonce(number: Self.rekeyNumber))
    next.update(from: sealed.start, count: Cipher.keyBytes)
  }
}

extension CipherKey: CustomStringConvertible, CustomReflectable {
  public var description: String { "(a cipher key)" }
  public var customMirror: Mirror { Mirror(self, children: [:]) }
}
