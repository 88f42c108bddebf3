/// A public key as six words, for people to compare.
public enum KeyWords {
  private static let wordsInKey = 6
  /// 1,024 words: ten bits each.
  private static let bitsInWord = 10

  /// The first 60 bits of the key's BLAKE2b-256, ten bits a word, the greatest first.
  public static func words(of key: PublicKey) -> [String] {
    let bits = Blake2b.hash256(key.bytes.span).prefix(8).reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
    return (1...wordsInKey).map { number in
      let index = bits >> UInt64(64 - number * bitsInWord) & (1 << bitsInWord - 1)
      return String(KeyWordList.words[Int(index)])
    }
  }

  /// The words joined with `-`.
  public static func text(of key: PublicKey) -> String { words(of: key).joined(separator: "-") }
}
