import ChatEngine
import Glibc

/// Addresses as people write them: a link-local one with the name of its interface behind it
/// (RFC 4007 §11), which stays the same where its number does not.
extension PeerAddress {
  /// The address without its port: `192.0.2.1`, `fe80::1%eth0`.
  var scopedHost: String {
    guard scope != 0, let name = Self.interfaceName(scope) else { return host }
    var bare = self
    bare.scope = 0
    return "\(bare.host)%\(name)"
  }

  /// With its port: `192.0.2.1:5`, `[fe80::1%eth0]:5`.
  var scopedDescription: String {
    v4 == nil ? "[\(scopedHost)]:\(port)" : "\(host):\(port)"
  }

  private static func interfaceName(_ index: UInt32) -> String? {
    var bytes = [CChar](repeating: 0, count: Int(IF_NAMESIZE))
    guard if_indextoname(index, &bytes) != nil else { return nil }
    return String(decoding: bytes.prefix { $0 != 0 }.map(UInt8.init(bitPattern:)), as: UTF8.self)
  }
}
