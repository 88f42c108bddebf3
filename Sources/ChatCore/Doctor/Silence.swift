import ChatEngine

/// What is known about a server that was asked, and of which nothing came back.
struct Silence {
  /// `192.0.2.1:12345`.
  var place: String
  var port: UInt16
  /// Whether it answered who looks for servers, at another port.
  var isHeard = false
  /// Whether another server answers there.
  var otherPlace: String?
  /// Whether what comes back is dropped by this machine itself.
  var isDroppedHere = false
  var tcp = TCPAnswer.silent
  /// Whether it only answered as servers of before do.
  var isPlain = false
  var hasStrangeAnswer = false

  /// As far as it can be told: which of the two directions is blocked, and where.
  var finding: Finding {
    if isPlain {
      return .failed(
        .oldServer, "\(place) is a server of before, which does not know this protocol",
        "talk with it by chatd join --classic --server \(place)")
    }
    if hasStrangeAnswer {
      return .failed(
        .otherProgram, "what answers at \(place) is no chatd", "give the port that the server has")
    }
    if isDroppedHere {
      return .failed(
        .answersBlocked,
        "\(place) answers, and this machine's own firewall drops what comes in: UDP is blocked one "
          + "way",
        "let answers in: UDP from port \(port), or what belongs to a flow that began here "
          + "(ct state established)")
    }
    if isHeard {
      return .failed(
        .questionsBlocked,
        "\(place) is there and is heard, but what goes to UDP port \(port) does not arrive: UDP is "
          + "blocked one way",
        "let UDP \(port) in at the server's firewall, or at one on the way")
    }
    if let otherPlace {
      return .failed(
        .portClosed, "\(place) does not answer, and a server of that machine is at \(otherPlace)",
        "use --server \(otherPlace)")
    }
    if tcp.isThere {
      return .failed(
        .silence,
        "\(place) does not answer by UDP, though its machine is there: a firewall drops it",
        "let UDP \(port) in at the server's firewall, and answers out")
    }
    return .failed(
      .silence, "nothing at all came back from \(place)",
      "is the machine switched on, and is the address right? then a firewall drops UDP \(port) "
        + "there or on the way")
  }
}
