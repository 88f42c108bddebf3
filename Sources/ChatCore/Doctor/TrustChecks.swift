import ChatEngine
import Glibc

/// Whether the two ends trust each other: the server's key, the password, a session.
enum TrustChecks {
  // MARK: The key

  static func key(_ examination: Examination) -> Finding {
    guard let server = examination.server, let key = examination.answer?.serverKey else {
      return .skipped("the server did not say it")
    }
    let words = KeyWords.text(of: key)
    let isNew = Finding.note(
      "\(words), met for the first time", "compare it with what chatd id shows there")
    guard let folder = examination.folder else { return isNew }
    do throws(Failure) {
      let known = try KnownServers(in: folder)
      if let pinned = try known.key(of: server) {
        if pinned == key { return .ok("\(words), as it was met before") }
        return .failed(
          .keyChanged,
          "the server's key has changed: it was \(KeyWords.text(of: pinned)) and is \(words)",
          "somebody may stand between: ask who runs the server for the words that chatd id shows "
            + "there; where they are the new ones, chatd id --forget \(server)")
      }
      if let other = known.met(at: examination.address).first(where: { $0.key != key }) {
        return .warning(
          .keyInDoubt,
          "\(words), and \(other.name) was met at this address with "
            + KeyWords.text(of: other.key),
          "somebody may stand between: compare the words with what chatd id shows there")
      }
      return isNew
    } catch {
      return .failed(.keyInDoubt, error.message, "mend known_servers as it says")
    }
  }

  // MARK: The password

  static func password(_ examination: Examination) -> Finding {
    let needsOne = examination.answer?.needsPassword == true
    guard examination.options.passwordFile != nil else {
      if !needsOne { return .ok("none is needed") }
      return .failed(
        .passwordNeeded, "the server needs a password", "give it with --password-file FILE")
    }
    if !needsOne {
      return .failed(
        .passwordNotAsked, "a password is given, and the server asks for none",
        "it may not be the server that you mean; leave out --password-file to speak with it")
    }
    switch examination.visit {
    case .file(let failure):
      return .failed(.passwordFile, failure.message, "mend the file of --password-file")
    case .ended(.wrongPassword):
      return .failed(
        .passwordWrong, "the password is wrong", "ask who runs the server for the right one")
    case .ended(.left): return .ok("it is right")
    default: return .skipped("the server did not say whether it is right")
    }
  }

  // MARK: A session

  /// What came of an attempt to make a session.
  enum Visit {
    case ended(ClientEnding)
    case file(Failure)
    case impossible(SystemError)
  }

  static func handshake(_ examination: Examination) -> Finding {
    switch examination.visit {
    case .ended(.left) where examination.answer?.isFull == true:
      return .failed(
        .refused, "a session was made, and the chat is full: nobody else is let in",
        "try again later, or ask who runs the server for more room (--clients-max)")
    case .ended(.left): return .ok("a session was made and ended; the server has shown its key")
    case .ended(.notLetIn(let text)):
      return .failed(
        .refused, "the server lets nobody in: \(String(decoding: text, as: UTF8.self))",
        "try again later, or ask who runs the server")
    case .ended(.keyChanged):
      return .failed(
        .keyChanged, "the server's key changed meanwhile", "look at it again: chatd doctor")
    case .ended(.notAnswered), .ended(.unreachable):
      return .failed(
        .handshake, "the server answers questions, and no session comes about",
        "it, or something on the way, drops what is longer or comes later: look at its log")
    case .ended(let ending):
      return .failed(
        .handshake, "no session comes about: \(ending)", "use a chatd of the same age on both sides"
      )
    case .file(let failure): return .failed(.passwordFile, failure.message, "mend that file")
    case .impossible(let error):
      return .failed(.handshake, error.description, "look at this machine's limits")
    }
  }

  /// Makes a session and ends it, without joining, so that nobody hears of it.
  static func visit(_ examination: Examination) -> Visit {
    guard let name = try? MemberName("doctor") else { return .ended(.notAnswered) }
    var configuration = NativeClient.Configuration(
      name: name, keyPair: ownKeys(examination), seed: KernelRandom.bytes(32))
    configuration.isOnlooker = true
    configuration.serverKey = examination.answer?.serverKey
    do throws(Failure) {
      if let path = examination.options.passwordFile {
        configuration.password = try PasswordFile(path).password
      }
    } catch {
      return .file(error)
    }
    var result: ClientEnding?
    do throws(SystemError) {
      let reactor = try Reactor()
      let connection = ClientConnection(
        to: [examination.address], .native(NativeClient(configuration)), on: reactor)
      connection.onEvent = { [unowned reactor, unowned connection] event in
        switch event {
        // The server has shown its key and has taken this client's: there is no more to know.
        case .joined: connection.leaveNow()
        case .ended(let ending):
          result = ending
          reactor.stop()
        default: break
        }
      }
      connection.start()
      if result == nil { try reactor.run() }
      withExtendedLifetime(connection) {}
    } catch {
      return .impossible(error)
    }
    return .ended(result ?? .notAnswered)
  }

  /// This user's key, else one for this time only: a doctor makes no files.
  private static func ownKeys(_ examination: Examination) -> KeyPair {
    if let folder = examination.folder, let keys = try? KeyFile.client.load(in: folder) {
      return keys
    }
    var random = SecretRandom(seed: KernelRandom.bytes(32))
    return KeyPair.make(&random)
  }
}
