/// What a listing of nft(8) keeps from passing.
struct FirewallRules: Equatable {
  /// Rules that drop or reject, by where their chain is hooked: `input`, `output`, or `elsewhere`
  /// for those of forwarding and of chains that others jump to.
  private(set) var rules: [String: Int] = [:]
  /// The hooks whose chains drop what no rule lets through.
  private(set) var policies: [String] = []

  /// Reads what `nft list ruleset` writes.
  init(_ listing: String) {
    var hook = "elsewhere"
    for line in listing.split(separator: "\n") {
      let words = line.split { " \t;{}".contains($0) }
      if words.first == "chain" { hook = "elsewhere" }
      if words.first == "type", let index = words.firstIndex(of: "hook"), index + 1 < words.count {
        let name = String(words[index + 1])
        hook = name == "input" || name == "output" ? name : "elsewhere"
        if words.suffix(2).elementsEqual(["policy", "drop"]), hook != "elsewhere" {
          policies.append(hook)
        }
      } else if words.contains("drop") || words.contains("reject") {
        rules[hook, default: 0] += 1
      }
    }
  }

  /// Whether everything passes.
  var isOpen: Bool { rules.isEmpty && policies.isEmpty }

  /// `2 rules on input drop or reject; output drops what no rule lets through`.
  var text: String {
    let counted = ["input", "output", "elsewhere"].compactMap { hook -> String? in
      guard let count = rules[hook] else { return nil }
      let place = hook == "elsewhere" ? "elsewhere" : "on \(hook)"
      return count == 1
        ? "1 rule \(place) drops or rejects" : "\(count) rules \(place) drop or reject"
    }
    return (counted + policies.map { "\($0) drops what no rule lets through" })
      .joined(separator: "; ")
  }
}
