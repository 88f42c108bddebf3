/// One handshake and what follows it, as another implementation made it.
///
/// From `cacophony.txt` of the cacophony project (Haskell), in the version that the snow project
/// (github.com/mcginty/snow, `tests/vectors/`, commit 62fbfae2) tests with: the two entries of the
/// names that the native protocol uses. All texts are bytes in hexadecimal.
struct NoiseVector: Sendable {
  let name: String
  let psk: String?
  /// Not from the file, whose `handshake_hash` is `h` from before the handshake's end, but what
  /// noiseprotocol 0.3.1 (Python) has after these messages.
  let hashAtEnd: String
  /// Two of the handshake, then of the initiator and the responder in turns.
  let messages: [(payload: String, ciphertext: String)]

  static let prologue = "4a6f686e2047616c74"
  static let initiatorStatic = "e61ef9919cde45dd5f82166404bd08e38bceb5dfdfded0a34c8df7ed542214d1"
  static let initiatorEphemeral =
    "893e28b9dc6ca8d611ab664754b8ceb7bac5117349a4439a6b0569da977c464a"
  static let responderStatic = "4a3acbfdb163dec651dfa3194dece676d437029c62a408b4c5ea9114246e4893"
  static let responderPublic = "31e0303fd6418d2f8c0e78b91f22e8caed0fbe48656dcf4767e4834f701b8f62"
  static let responderEphemeral =
    "bbdb4cdbd309f1a1f2e1456967fe288cadd6f712d65dc7b7793d5e63da6b375b"

  static let all = [ik, ikPSK2]

  static let ik = NoiseVector(
    name: "Noise_IK_25519_ChaChaPoly_BLAKE2b",
    psk: nil,
    hashAtEnd: """
      1c8fa891cb414fedba6daa7c6f4ae0a6d98e5f9768cc9cecd27e805614943ee9c8a1b27fbfb76dc1\
      97255c8aa69f6b4285c423840b8bedf45e652ca64f797d81
      """,
    messages: [
      (
        payload: "4c756477696720766f6e204d69736573",
        ciphertext: """
        ca35def5ae56cec33dc2036731ab14896bc4c75dbb07a61f879f8e3afa4c7944ba83a447b38c83e3\
        27ad936929812f624884847b7831e95e197b2f797088efdd2f88f1db7e1fb0e99c64419097af91ce\
        e64e470f4b6fcd9298ce0b56fe20f86e13bf70439c538e3602a7127af71a29cc
        """
      ),
      (
        payload: "4d757272617920526f746862617264",
        ciphertext: """
        95ebc60d2b1fa672c1f46a8aa265ef51bfe38e7ccb39ec5be34069f1448088439f069b267a06b3de\
        3ecb1043bcb098e9af91d9c64748d998c7b47890871571
        """
      ),
      (
        payload: "462e20412e20486179656b",
        ciphertext: "cd54383060e7a28434cca27fb1cc524cfbabeb18181589df219d07"
      ),
      (
        payload: "4361726c204d656e676572",
        ciphertext: "a856d3bf0246bfc476c655009cd1ed677b8dcc5b349ae8ef2a05f2"
      ),
      (
        payload: "4a65616e2d426170746973746520536179",
        ciphertext: "49063084b2c51f098337cb8a13739ac848f907e67cfb2cc8a8b60586467aa02fc7"
      ),
      (
        payload: "457567656e2042f6686d20766f6e2042617765726b",
        ciphertext: """
        8b9709d23b47e4639df7678d7a21741eba4ef1e9c60383001c7435549c20f9d56f30e935d3
        """
      ),
    ])

  static let ikPSK2 = NoiseVector(
    name: "Noise_IKpsk2_25519_ChaChaPoly_BLAKE2b",
    psk: "54686973206973206d7920417573747269616e20706572737065637469766521",
    hashAtEnd: """
      ed837c9084f2f0333a7ec60b9bcacd9921394858de8ced118b5966d1147ba390084dab42326c565a\
      309c29317a6079be30aa1d790d25a517b43287426cb1d36a
      """,
    messages: [
      (
        payload: "4c756477696720766f6e204d69736573",
        ciphertext: """
        ca35def5ae56cec33dc2036731ab14896bc4c75dbb07a61f879f8e3afa4c7944b6fe0240b839afac\
        809de1630eaf99d8f9b941394f0512c0554633bbb021d15176135c0a20e7fdb9a9ed066f22f054b4\
        7625b1d5061cb27d6a17f053273db7c25216a5addc506ee321bc0618feb5849d
        """
      ),
      (
        payload: "4d757272617920526f746862617264",
        ciphertext: """
        95ebc60d2b1fa672c1f46a8aa265ef51bfe38e7ccb39ec5be34069f1448088438f627e69fc120006\
        f746b9d420bf4056cf8481ab32d9e904ffaeeaa56a5290
        """
      ),
      (
        payload: "462e20412e20486179656b",
        ciphertext: "07fc0034398a5f1010322be193d62f94bebf2948a20b3e15d681fe"
      ),
      (
        payload: "4361726c204d656e676572",
        ciphertext: "2ea5400f5b8a16971c8b67bde75aeb7987d454b1c0beeb2566932d"
      ),
      (
        payload: "4a65616e2d426170746973746520536179",
        ciphertext: "96eef918ef51639fc0e156da1823c4f71b33fac5af983f5da9384f7da20d86ed91"
      ),
      (
        payload: "457567656e2042f6686d20766f6e2042617765726b",
        ciphertext: """
        f02766a56496e1fbf32e05274baebf6d693c8f3e4c6e0dc7ebdc5ac170f15dae433b92f469
        """
      ),
    ])
}
