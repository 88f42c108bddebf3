/// A handshake pattern as a table of tokens (Noise §7): what each message does, in order.
struct NoisePattern: Sendable {
  enum Token {
    /// An ephemeral key is sent; a static key is sent, encrypted.
    case e, s
    /// A shared secret is mixed in: of the initiator's (first letter) and the responder's keys.
    case ee, es, se, ss
    /// The pre-shared key is mixed in.
    case psk
  }

  let name: String
  /// The initiator's message and the responder's.
  let messages: [[Token]]
  let hasPSK: Bool

  /// The initiator knows the responder's static key beforehand: `<- s`.
  static let ik = NoisePattern(
    name: "Noise_IK_25519_ChaChaPoly_BLAKE2b", messages: [[.e, .es, .s, .ss], [.e, .ee, .se]],
    hasPSK: false)
  /// The same, and both know a secret, mixed in at the end of the second message (§9).
  static let ikPSK2 = NoisePattern(
    name: "Noise_IKpsk2_25519_ChaChaPoly_BLAKE2b",
    messages: [[.e, .es, .s, .ss], [.e, .ee, .se, .psk]], hasPSK: true)
}
