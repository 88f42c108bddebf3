import ChatEngine

/// What is to be told of a server that was met under a name for the first time.
enum ServerMeeting: Equatable {
  /// Nothing: it was met at its address before, under another name.
  case known
  case news(String)
  case warning(String)
}

/// By what a client and its server know each other: the client's own key, and the server's key as
/// it was met the first time (trust on first use, as ssh has it).
final class ServerTrust {
  let ownKeys: KeyPair
  /// The server's key, where it was met before.
  private(set) var serverKey: PublicKey?
  private let server: ServerAddress
  private var known: KnownServers?
  /// Whether the client's own key is for this time only.
  let isPassing: Bool
  /// Why keys are not kept, or not all of them read.
  let warning: String?

  /// Reads the keys; makes this user's own where there is none.
  ///
  /// Where there is no place to keep them a key is made for this time only, since nobody should be
  /// kept from talking by that. A damaged key is an error, and so is damage that may be about this
  /// server, or a folder that others can write to: it may be somebody's doing.
  init(of server: ServerAddress) throws(Failure) {
    self.server = server
    let folder: StateFolder
    do throws(Failure) {
      folder = try StateFolder()
    } catch {
      if StateFolder.isOpenToOthers { throw error }
      ownKeys = Self.passingKeys()
      serverKey = nil
      isPassing = true
      warning = "keys are not kept, and the server is not known again: \(error.message)"
      return
    }
    let known = try KnownServers(in: folder)
    self.known = known
    serverKey = try known.key(of: server)
    if let keys = try KeyFile.client.load(in: folder) {
      (ownKeys, isPassing, warning) = (keys, false, known.warning)
      return
    }
    do throws(Failure) {
      ownKeys = try KeyFile.client.loadOrMake(in: folder)
      (isPassing, warning) = (false, known.warning)
    } catch {
      // A folder that is full, or may only be read.
      (ownKeys, isPassing) = (Self.passingKeys(), true)
      warning = "your key is for this time only, since it could not be kept: \(error.message)"
    }
  }

  private static func passingKeys() -> KeyPair {
    var random = SecretRandom(seed: KernelRandom.bytes(32))
    return KeyPair.make(&random)
  }

  /// Remembers the key that the server has shown that it has.
  ///
  /// - Parameter address: where it was reached.
  /// - Returns: what to tell the person.
  func pin(_ key: PublicKey, at address: PeerAddress?) -> ServerMeeting {
    let words = KeyWords.text(of: key)
    serverKey = key
    guard let before = known else { return .news("\(server) is \(words)") }
    do throws(Failure) {
      try known?.pin(key, of: server, at: address)
    } catch {
      return .news("\(server) is \(words); this could not be remembered: \(error.message)")
    }
    let met = address.map { before.met(at: $0) } ?? []
    if met.contains(where: { $0.key == key }) { return .known }
    guard let address, let other = met.first else {
      return .news(
        "\(server) is met for the first time; its key is \(words): compare it with what chatd id "
          + "shows there")
    }
    return .warning(
      "\(address), WHICH \(server) IS, WAS MET BEFORE AS \(other.name) WITH ANOTHER KEY: it was  "
        + "\(KeyWords.text(of: other.key))  and is  \(words)  ; somebody may stand between you and "
        + "it, or another server is there now: compare the words with what chatd id shows there")
  }

  /// What to say, and to do, when the server claims another key than before.
  func changedKey(_ key: PublicKey) -> Failure {
    let before = serverKey.map { KeyWords.text(of: $0) } ?? "?"
    return Failure(
      .refused,
      "THE KEY OF \(server) HAS CHANGED, so nothing was said to it",
      details: [
        "it was  \(before)", "now it is  \(KeyWords.text(of: key))",
        "somebody may stand between you and it, or it was set up anew: ask who runs it for the "
          + "words that chatd id shows there",
        "where they are the new ones, forget the old: chatd id --forget \(server)",
      ])
  }
}
