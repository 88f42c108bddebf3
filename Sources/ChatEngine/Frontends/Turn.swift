/// What a turn of the server works on, beside the front end whose turn it is: the hub, what
/// newcomers may still do, what goes out, and when it is.
public struct Turn: ~Copyable {
  public var hub: Hub
  public var joins: JoinBudgets
  public var output = ServerOutput()
  public var time: TurnTime

  public init(hub: Hub, joins: JoinBudgets) {
    (self.hub, self.joins) = (hub, joins)
    time = TurnTime(instant: Instant(nanoseconds: 0), wall: WallClock(unixMilliseconds: 0))
  }

  public var now: Instant { time.instant }
}
