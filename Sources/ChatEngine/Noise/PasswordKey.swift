/// The key that a password and its salt make, slowly and with much memory.
public enum PasswordKey {
  public static let saltBytes = 16
  /// With 64 MiB of memory, what libsodium calls INTERACTIVE.
  private static let passes: UInt64 = 2

  /// Argon2id, version 1.3 (RFC 9106), of 32 bytes. Takes some 60 ms and 64 MiB, so it is for a
  /// worker; it touches nothing that threads share.
  ///
  /// - Returns: nil where the salt is not of 16 bytes, or the memory not to be had.
  public static func derive(password: [UInt8], salt: [UInt8]) -> SecretKey? {
    guard salt.count == saltBytes else { return nil }
    var isDerived = false
    let key = SecretKey { result in
      isDerived = Sodium.argon2id(
        result, X25519.keyBytes, password: password, salt: salt, passes: passes,
        memoryBytes: Limits.passwordKeyMemoryBytes)
    }
    return isDerived ? key : nil
  }
}
