import ChatEngine
import Glibc

/// What `chatd id` is asked for.
public struct IdentityOptions {
  public var isJSON = false
  /// A server to forget.
  public var forgotten: ServerAddress?

  public init() {}
}

/// Writes the public keys of this user, and of a server that this user runs, to standard output;
/// or forgets a server.
public func showIdentity(_ options: IdentityOptions) throws(Failure) {
  let folder = try StateFolder()
  if let server = options.forgotten {
    var known = try KnownServers(in: folder)
    guard try known.forget(server) else {
      let damage = known.warning.map { "; \($0)" } ?? ""
      throw Failure(.failed, "\(server) is not in \(known.path)\(damage)")
    }
    return
  }
  // The server's first: where it cannot be read, no client key is made.
  let server = try KeyFile.server.load(in: folder)
  let client = try KeyFile.client.loadOrMake(in: folder)
  var text = line("client", client.publicKey, KeyFile.client.path(in: folder), options)
  if let server {
    text += line("server", server.publicKey, KeyFile.server.path(in: folder), options)
  }
  if let failure = writeAll(Array(text.utf8), to: STDOUT_FILENO), failure != EPIPE {
    throw Failure(SystemError(failure, "write to standard output"))
  }
}

private func line(
  _ kind: String, _ key: PublicKey, _ path: String, _ options: IdentityOptions
) -> String {
  let words = KeyWords.text(of: key)
  let digits = String(decoding: Base64.encode(key.bytes), as: UTF8.self)
  guard options.isJSON else { return "\(kind) \(words) \(digits)\n" }
  var object = JSONObject()
  object.add("type", kind)
  object.add("words", words)
  object.add("key", digits)
  object.add("file", path)
  return object.line
}
