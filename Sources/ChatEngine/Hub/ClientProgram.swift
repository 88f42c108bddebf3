/// A client program, for as long as it runs: by this, what it says again is known again.
public struct ClientProgram: Hashable, Sendable {
  public var client: PublicKey
  /// Chosen at random by the program; others may claim the same, but not under the same key.
  public var run: UInt64

  public init(client: PublicKey, run: UInt64) { (self.client, self.run) = (client, run) }
}
