import CLinux
import Glibc

/// What systemd and its like want to know: sd_notify(3), and sockets that they opened for us
/// (sd_listen_fds(3)). Where there is no such manager nothing happens.
struct ServiceManager {
  private let address: String?
  /// How often the manager wants to hear `WATCHDOG=1`, in microseconds; nil for never.
  let watchdogMicroseconds: Int64?

  init() {
    address = getenv("NOTIFY_SOCKET").map { String(cString: $0) }
    let isOurs = getenv("WATCHDOG_PID").map { String(cString: $0) == "\(getpid())" } ?? true
    let interval = getenv("WATCHDOG_USEC").flatMap { Int64(String(cString: $0)) }
    watchdogMicroseconds = isOurs ? interval.flatMap { $0 > 0 ? $0 : nil } : nil
  }

  /// Tells the manager, as lines `KEY=value`.
  func notify(_ state: String) {
    guard let address, let target = Self.unixAddress(address) else { return }
    let fd = socket(AF_UNIX, Int32(CLINUX_DATAGRAM | CLINUX_CLOSE_ON_EXEC | CLINUX_NONBLOCKING), 0)
    guard fd >= 0 else { return }
    defer { close(fd) }
    var (storage, length) = target
    withUnsafePointer(to: &storage) {
      $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        _ = sendto(fd, state, state.utf8.count, Int32(MSG_NOSIGNAL), $0, length)
      }
    }
  }

  /// The monotonic time that `RELOADING=1` must carry.
  static var monotonicMicroseconds: UInt64 { Clocks.now().nanoseconds / 1_000 }

  /// The first socket that was handed over, which must be for this process. The environment is
  /// cleared, so that no child takes it for its own.
  static func takeSocket() -> Int32? {
    defer { for name in ["LISTEN_PID", "LISTEN_FDS", "LISTEN_FDNAMES"] { unsetenv(name) } }
    guard let pid = getenv("LISTEN_PID"), String(cString: pid) == "\(getpid())",
      let count = getenv("LISTEN_FDS").flatMap({ Int(String(cString: $0)) }), count >= 1
    else { return nil }
    return 3
  }

  /// A path, or `@name` for the abstract namespace (unix(7)).
  private static func unixAddress(_ text: String) -> (sockaddr_un, socklen_t)? {
    var address = sockaddr_un()
    address.sun_family = sa_family_t(AF_UNIX)
    var bytes = Array(text.utf8)
    guard bytes.first == UInt8(ascii: "/") || bytes.first == UInt8(ascii: "@"),
      bytes.count < MemoryLayout.size(ofValue: address.sun_path)
    else { return nil }
    if bytes[0] == UInt8(ascii: "@") { bytes[0] = 0 }
    withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: bytes) }
    return (address, socklen_t(MemoryLayout<sa_family_t>.size + bytes.count))
  }
}
