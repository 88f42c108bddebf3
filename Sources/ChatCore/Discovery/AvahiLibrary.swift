import Glibc

/// libavahi-client's functions, found when they are needed: the only user of that library.
///
/// Nothing but pointers that it made, numbers and texts goes in and out, so its headers are not
/// needed to build. The numbers are those of `avahi-client/client.h`, `publish.h` and
/// `avahi-common/defs.h`; they are part of what libavahi-client.so.3 promises.
struct AvahiLibrary {
  typealias Changed = @convention(c) (OpaquePointer?, Int32, UnsafeMutableRawPointer?) -> Void

  /// AVAHI_CLIENT_NO_FAIL: a daemon that is not there yet is waited for.
  static let waitsForDaemon: Int32 = 2
  /// AVAHI_CLIENT_S_REGISTERING, _S_RUNNING, _S_COLLISION and _FAILURE.
  static let clientRegistering: Int32 = 1
  static let clientRunning: Int32 = 2
  static let clientCollision: Int32 = 3
  static let clientFailure: Int32 = 100
  /// AVAHI_ENTRY_GROUP_ESTABLISHED, _COLLISION and _FAILURE.
  static let groupEstablished: Int32 = 2
  static let groupCollision: Int32 = 3
  static let groupFailure: Int32 = 4
  /// AVAHI_IF_UNSPEC and AVAHI_PROTO_UNSPEC: every interface, both families.
  static let unspecified: Int32 = -1
  /// AVAHI_ERR_COLLISION.
  static let collision: Int32 = -8

  let loopNew: @convention(c) () -> OpaquePointer?
  let loopGet: @convention(c) (OpaquePointer) -> OpaquePointer?
  let loopRun: @convention(c) (OpaquePointer) -> Int32
  let loopQuit: @convention(c) (OpaquePointer) -> Void
  let loopFree: @convention(c) (OpaquePointer) -> Void
  let clientNew:
    @convention(c) (
      OpaquePointer?, Int32, Changed, UnsafeMutableRawPointer, UnsafeMutablePointer<Int32>
    ) -> OpaquePointer?
  let clientErrno: @convention(c) (OpaquePointer) -> Int32
  /// Frees its groups too.
  let clientFree: @convention(c) (OpaquePointer) -> Void
  let groupNew: @convention(c) (OpaquePointer, Changed, UnsafeMutableRawPointer) -> OpaquePointer?
  /// Interface, family, flags, name, type, domain, host, port, records.
  let groupAdd:
    @convention(c) (
      OpaquePointer, Int32, Int32, Int32, UnsafePointer<CChar>, UnsafePointer<CChar>,
      UnsafePointer<CChar>?, UnsafePointer<CChar>?, UInt16, OpaquePointer?
    ) -> Int32
  let groupCommit: @convention(c) (OpaquePointer) -> Int32
  let groupReset: @convention(c) (OpaquePointer) -> Int32
  let listAdd: @convention(c) (OpaquePointer?, UnsafePointer<CChar>) -> OpaquePointer?
  let listFree: @convention(c) (OpaquePointer?) -> Void
  let otherName: @convention(c) (UnsafePointer<CChar>) -> UnsafeMutablePointer<CChar>?
  let free: @convention(c) (UnsafeMutableRawPointer) -> Void
  let errorText: @convention(c) (Int32) -> UnsafePointer<CChar>?

  /// Loads the library, or finds it loaded; it is never unloaded. Nil where it is not there.
  init?() {
    guard let library = dlopen("libavahi-client.so.3", RTLD_NOW | RTLD_LOCAL) else { return nil }
    // What it needs of libavahi-common came with it.
    func find<Function>(_ name: String) throws(Missing) -> Function {
      guard let symbol = dlsym(library, name) else { throw Missing() }
      return unsafeBitCast(symbol, to: Function.self)
    }
    do throws(Missing) {
      loopNew = try find("avahi_simple_poll_new")
      loopGet = try find("avahi_simple_poll_get")
      loopRun = try find("avahi_simple_poll_loop")
      loopQuit = try find("avahi_simple_poll_quit")
      loopFree = try find("avahi_simple_poll_free")
      clientNew = try find("avahi_client_new")
      clientErrno = try find("avahi_client_errno")
      clientFree = try find("avahi_client_free")
      groupNew = try find("avahi_entry_group_new")
      groupAdd = try find("avahi_entry_group_add_service_strlst")
      groupCommit = try find("avahi_entry_group_commit")
      groupReset = try find("avahi_entry_group_reset")
      listAdd = try find("avahi_string_list_add")
      listFree = try find("avahi_string_list_free")
      otherName = try find("avahi_alternative_service_name")
      free = try find("avahi_free")
      errorText = try find("avahi_strerror")
    } catch {
      return nil
    }
  }

  private struct Missing: Error {}
}
