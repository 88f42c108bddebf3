/// The keys of both directions, and their phases.
///
/// Both keys lie in one block: a server holds thousands, and whoever seals finds the key one step
/// from the session. What always holds: a number is sealed once, and opened only while it is fresh.
struct SessionKeys: ~Copyable {
  let cipher: Cipher
  private(set) var sendingPhase = false
  private var isSendingAcknowledged = false
  private var receivingPhase = false
  /// The sending key, then the receiving one.
  private let secrets: SecretBytes
  private var schedule = CipherSchedule()
  private var sendingSince: Instant
  /// The first number of the phase, of which a packet may have been acknowledged.
  private var sendingFirst: UInt64 = 0
  /// The least number that was opened in this phase.
  private var receivingFirst: UInt64 = 0
  private var previous: CipherKey?
  private var following: CipherKey?
  private(set) var replay = ReplayWindow()

  /// - Parameters:
  ///   - sending: not to be used any more, as `receiving`.
  ///   - cipher: what both are keys of from now on.
  init(sending: CipherKey, receiving: CipherKey, for cipher: Cipher, at now: Instant) {
    (self.cipher, sendingSince) = (cipher, now)
    secrets = SecretBytes(count: 2 * Cipher.keyBytes)
    sending.copy(to: sendingKey)
    receiving.copy(to: receivingKey)
  }

  private var sendingKey: UnsafeMutablePointer<UInt8> { secrets.start }
  private var receivingKey: UnsafeMutablePointer<UInt8> { secrets.start + Cipher.keyBytes }

  /// Takes the next sending key when this one was used enough.
  @inline(__always)
  mutating func turn(before number: UInt64, at now: Instant) {
    guard isSendingAcknowledged,
      number - sendingFirst >= Limits.keyPhasePackets
        || now - sendingSince >= .seconds(Limits.keyPhaseSeconds)
    else { return }
    schedule.drop()
    CipherKey.writeNext(of: sendingKey, to: sendingKey)
    sendingPhase.toggle()
    (sendingFirst, sendingSince, isSendingAcknowledged) = (number, now, false)
  }

  mutating func onAcknowledged(_ number: UInt64) {
    if number >= sendingFirst { isSendingAcknowledged = true }
  }

  /// Seals `count` bytes in place and writes the tag behind them, as `CipherKey.seal` does.
  mutating func seal(
    _ bytes: UnsafeMutablePointer<UInt8>, count: Int, header: UnsafePointer<UInt8>,
    headerCount: Int, number: UInt64
  ) {
    precondition(number != CipherKey.rekeyNumber, "the numbers of this key are used up")
    cipher.seal(
      bytes, count: count, header: header, headerCount: headerCount, key: sendingKey,
      nonce: CipherNonce(number: number, for: cipher),
      kept: schedule.use(of: sendingKey, for: cipher, count: count)
    )
  }

  /// Opens the sealed part of a datagram into `target`.
  ///
  /// - Returns: whether it is authentic and new. `confirm` makes that final.
  mutating func open(
    _ sealed: UnsafeBufferPointer<UInt8>, _ header: PacketHeader,
    headerBytes: UnsafePointer<UInt8>, to target: UnsafeMutablePointer<UInt8>
  ) -> Bool {
    guard replay.isFresh(header.number), header.number != CipherKey.rekeyNumber else {
      return false
    }
    if header.phase != receivingPhase {
      return otherKey(for: header).open(
        from: sealed.baseAddress!, count: sealed.count, into: target, header: headerBytes,
        headerCount: header.byteCount, number: header.number)
    }
    return cipher.open(
      sealed.baseAddress!, count: sealed.count, into: target, header: headerBytes,
      headerCount: header.byteCount, key: receivingKey,
      nonce: CipherNonce(number: header.number, for: cipher))
  }

  /// The key of the phase that is not this one: the one before, or the one to come.
  private mutating func otherKey(for header: PacketHeader) -> CipherKey {
    if header.number < receivingFirst, let previous { return previous }
    if let following { return following }
    let next = CipherKey(for: cipher) { CipherKey.writeNext(of: receivingKey, to: $0) }
    following = next
    return next
  }

  /// Notes that the packet was opened and taken.
  mutating func confirm(_ header: PacketHeader) {
    replay.mark(header.number)
    if header.phase != receivingPhase && header.number >= receivingFirst, let next = following {
      previous = CipherKey(for: cipher) {
        $0.update(from: receivingKey, count: Cipher.keyBytes)
      }
      next.copy(to: receivingKey)
      following = nil
      receivingPhase.toggle()
      receivingFirst = header.number
    }
  }

  /// The greatest number that was taken; 0 before the first.
  var greatest: UInt64 { replay.greatest ?? 0 }

  /// A key that seals little keeps nothing that was worked out of it.
  mutating func releaseRoom() { schedule.drop() }
}
