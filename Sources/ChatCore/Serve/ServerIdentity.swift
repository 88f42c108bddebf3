import ChatEngine
import Glibc

/// By what clients know the server: its key, its password, its name; and the folder where it keeps
/// what lasts.
struct ServerIdentity {
  private let keyPair: KeyPair?
  private let password: (key: SecretKey, salt: [UInt8])?
  private let name: String
  /// Where it all lies; nil where there is no place for it.
  let folder: StateFolder?
  /// What is not as it should be, though the server runs: one line each for a person.
  let warnings: [String]

  /// Reads what there is; makes the server's key at the first start.
  ///
  /// Where there is no place to keep a key, one is made for this run: a server that runs is worth
  /// more than one that does not, and says so.
  init(_ options: ServeOptions) throws(Failure) {
    var warnings: [String] = []
    var folder: StateFolder?
    do throws(Failure) {
      folder = try StateFolder(at: options.stateFolder)
    } catch {
      // Who names a folder means that one.
      if options.stateFolder != nil { throw error }
      // With another key its clients would refuse it, and not know why.
      if StateFolder.isOpenToOthers { throw error }
      warnings.append("the server's key is for this run only: \(error.message)")
    }
    if let folder {
      keyPair = try KeyFile.server.loadOrMake(in: folder)
    } else {
      keyPair = nil
    }
    self.folder = folder
    if let path = options.passwordFile {
      let file = try PasswordFile(path)
      if let warning = file.warning { warnings.append(warning) }
      let salt = KernelRandom.bytes(PasswordKey.saltBytes)
      guard let key = PasswordKey.derive(password: file.password, salt: salt) else {
        throw Failure(.failed, "there is not enough memory to make a key of the password")
      }
      password = (key, salt)
    } else {
      password = nil
    }
    name = options.serverName ?? Self.hostName()
    self.warnings = warnings
  }

  /// Tells the engine.
  func complete(_ configuration: inout ServerConfiguration) {
    configuration.keyPair = keyPair
    configuration.password = password
    configuration.serverName = name
  }

  private static func hostName() -> String {
    var bytes = [UInt8](repeating: 0, count: Limits.serverNameBytesMax + 1)
    let isNamed = bytes.withUnsafeMutableBytes { gethostname($0.baseAddress!, $0.count - 1) } == 0
    return isNamed ? String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self) : "chatd"
  }
}
