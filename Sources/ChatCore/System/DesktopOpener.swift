import Glibc

/// Hands a file to the desktop's program for it (xdg-open).
enum DesktopOpener {
  /// Starts the program and does not wait for it; where there is none, nothing happens.
  static func open(_ path: String) {
    let target = path.hasPrefix("/") ? path : "./" + path
    var actions = posix_spawn_file_actions_t()
    posix_spawn_file_actions_init(&actions)
    defer { posix_spawn_file_actions_destroy(&actions) }
    for fd in [STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO] {
      posix_spawn_file_actions_addopen(&actions, fd, "/dev/null", O_RDWR, 0)
    }
    // The signals that the loop takes by descriptor are blocked here, and must not stay so there.
    var attributes = posix_spawnattr_t()
    posix_spawnattr_init(&attributes)
    defer { posix_spawnattr_destroy(&attributes) }
    var none = sigset_t()
    sigemptyset(&none)
    posix_spawnattr_setsigmask(&attributes, &none)
    posix_spawnattr_setflags(&attributes, Int16(POSIX_SPAWN_SETSIGMASK))
    let words: [UnsafeMutablePointer<CChar>?] = [strdup("xdg-open"), strdup(target), nil]
    defer { for word in words { free(word) } }
    var child = pid_t()
    if posix_spawnp(&child, "xdg-open", &actions, &attributes, words, environ) == 0 {
      let pid = child
      try? startThread {
        var status: Int32 = 0
        waitpid(pid, &status, 0)
      }
    }
  }
}
