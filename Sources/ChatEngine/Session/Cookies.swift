/// Stateless proof that a client receives at its address: a server gives a cookie away, keeps
/// nothing, and knows it again (as DTLS, RFC 9147 §5.1, and WireGuard do).
struct Cookies {
  private let secret: [UInt8]

  init(_ random: inout SecretRandom) { secret = random.bytes(32) }

  /// A cookie for `address`, good for `Limits.cookieSeconds` from now on.
  func make(for address: PeerAddress, at now: Instant) -> [UInt8] {
    let seconds = now.nanoseconds / 1_000_000_000
    var cookie: [UInt8] = []
    cookie.appendU64(seconds)
    return cookie + mac(address, seconds)
  }

  func accepts(
    _ cookie: UnsafeBufferPointer<UInt8>, from address: PeerAddress, at now: Instant
  ) -> Bool {
    var reader = ByteReader(cookie)
    guard let made = reader.u64(), cookie.count == Handshake.cookieBytes else { return false }
    let seconds = now.nanoseconds / 1_000_000_000
    guard made <= seconds, seconds - made <= UInt64(Limits.cookieSeconds) else { return false }
    return Blake2b.areEqual(reader.rest().span, mac(address, made).span)
  }

  private func mac(_ address: PeerAddress, _ seconds: UInt64) -> [UInt8] {
    var text: [UInt8] = []
    text.appendU64(address.high)
    text.appendU64(address.low)
    text.appendU16(address.port)
    text.appendU64(seconds)
    return Blake2b.keyed128(key: secret.span, text)
  }
}
