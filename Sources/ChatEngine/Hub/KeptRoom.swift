/// A room that was kept from before the server was started.
public struct KeptRoom: Sendable {
  public var name: RoomName
  public var topic: String
  /// The number of its next message.
  public var nextNumber: UInt64

  public init(name: RoomName, topic: String, nextNumber: UInt64) {
    (self.name, self.topic, self.nextNumber) = (name, topic, nextNumber)
  }
}
