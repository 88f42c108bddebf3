import ChatEngine
import Glibc

/// What `chatd discover` was asked for.
public struct DiscoverOptions: Sendable {
  public var search = SearchOptions()
  public var isJSON = false

  public init() {}
}

/// Looks for servers and lists them on standard output, each once.
public func discover(_ options: DiscoverOptions) throws(Failure) {
  let servers: [FoundServer]
  let obstacles: [ServerSearch.Obstacle]
  let signal: Int32?
  do throws(SystemError) {
    let search = try ServerSearch(options.search)
    try search.endAtSignals()
    servers = try search.run()
    (obstacles, signal) = (search.obstacles, search.signal)
  } catch {
    throw Failure(error)
  }
  let text =
    options.isJSON
    ? servers.map(\.json).joined() : servers.isEmpty ? "" : FoundServer.table(servers)
  if let failure = writeAll(Array(text.utf8), to: STDOUT_FILENO), failure != EPIPE {
    throw Failure(SystemError(failure, "write to standard output"))
  }
  if let signal { throw Failure(signal == SIGINT ? .interrupted : .terminated, "") }
  if servers.isEmpty { throw nothingFound(options.search, obstacles) }
}

private func nothingFound(
  _ options: SearchOptions, _ obstacles: [ServerSearch.Obstacle]
) -> Failure {
  Failure(
    .notReached, "no server answered within \(shownSeconds(options.seconds))",
    details: obstacles.map { "\($0.way): \($0.error)" }
      + ["one is started with: chatd serve; one beyond this network is named with --server HOST"])
}

extension FoundServer {
  /// One line for a person for each server, under a line of headings; numbered where they are to be
  /// chosen from.
  static func table(_ servers: [FoundServer], isNumbered: Bool = false) -> String {
    let heading = ["NAME", "ADDRESS", "KEY", "PEOPLE", "PASSWORD"]
    var rows = [heading] + servers.map(\.row)
    if isNumbered {
      for index in rows.indices { rows[index].insert(index == 0 ? "" : "\(index)", at: 0) }
    }
    let widths = rows[0].indices.map { column in
      rows.map { cellWidth($0[column]) }.max() ?? 0
    }
    return rows.map { row in
      let cells = row.indices.map { column in
        let gap = widths[column] - cellWidth(row[column])
        return column == row.count - 1
          ? row[column] : row[column] + String(repeating: " ", count: gap)
      }
      return cells.joined(separator: "  ") + "\n"
    }.joined()
  }

  private var row: [String] {
    guard let key else { return ["-", place, "plain", "-", "-"] }
    return [
      shownName ?? "-", place, KeyWords.text(of: key), "\(people)", needsPassword ? "yes" : "no",
    ]
  }

  /// Its name as far as a table has room for it; nil where there is nothing to see.
  var shownName: String? {
    let name = ShownText.string(name)
    if name.allSatisfy(\.isWhitespace) { return nil }
    return FiguresText.shortened(name, Limits.shownNameColumnsMax)
  }

  /// One object a line (`Docs/JSON.md`).
  var json: String {
    var object = JSONObject()
    object.add("name", name)
    object.add("address", place)
    object.add("port", Int(addresses.first?.port ?? 0))
    if let key {
      object.add("words", KeyWords.text(of: key))
      object.add("key", String(decoding: Base64.encode(key.bytes), as: UTF8.self))
    }
    object.add("people", people)
    object.add("password", needsPassword)
    object.add("addresses", addresses.map(\.scopedDescription))
    if let interface { object.add("interface", interface) }
    object.add("via", ways)
    object.add("plain", isPlain)
    return object.line
  }
}
