import ChatEngine
import Glibc

/// Packets that reached this machine and no program of it: what its own firewall drops on the way
/// in. The kernel counts both for everybody to read (proc_pid_net(5), RFC 4293).
enum UndeliveredPackets {
  /// How many there were since the machine started; nil where the kernel does not say.
  static func count(isV4: Bool) -> Int? {
    guard let text = read(isV4 ? "/proc/thread-self/net/snmp" : "/proc/thread-self/net/snmp6")
    else { return nil }
    return isV4 ? v4(text) : v6(text)
  }

  /// Reads two lines that begin with `Ip:`, of names and of numbers.
  static func v4(_ text: String) -> Int? {
    let lines = text.split(separator: "\n").filter { $0.hasPrefix("Ip:") }
    guard lines.count == 2 else { return nil }
    let columns = zip(lines[0].split(separator: " "), lines[1].split(separator: " "))
    let values = Dictionary(columns.map { (String($0), Int($1) ?? 0) }) { first, _ in first }
    return difference(values, prefix: "")
  }

  /// Reads a name and a number on each line.
  static func v6(_ text: String) -> Int? {
    let pairs = text.split(separator: "\n").compactMap { line -> (String, Int)? in
      let words = line.split { $0 == " " || $0 == "\t" }
      return words.count == 2 ? (String(words[0]), Int(words[1]) ?? 0) : nil
    }
    return difference(Dictionary(pairs) { first, _ in first }, prefix: "Ip6")
  }

  private static func difference(_ values: [String: Int], prefix: String) -> Int? {
    guard let received = values["\(prefix)InReceives"],
      let delivered = values["\(prefix)InDelivers"]
    else { return nil }
    let others = prefix.isEmpty ? "ForwDatagrams" : "OutForwDatagrams"
    return received - delivered - (values["\(prefix)\(others)"] ?? 0)
  }

  private static func read(_ path: String) -> String? {
    guard let file = try? OwnedFD(checking: open(path, O_RDONLY | O_CLOEXEC), "open \(path)"),
      let bytes = try? readAll(file.raw, max: Limits.inputChunkBytes, "read \(path)")
    else { return nil }
    return String(decoding: bytes, as: UTF8.self)
  }
}
