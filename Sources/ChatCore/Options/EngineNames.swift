import ChatEngine

// The executable imports ChatCore only; these are the engine's types that its options name.

/// Every bound in the program.
public typealias Limits = ChatEngine.Limits
/// Whom the plain-text dialects are served to.
public typealias ClassicPolicy = ChatEngine.ClassicPolicy
/// The name of a room.
public typealias RoomName = ChatEngine.RoomName
/// How serious a line of the log is.
public typealias LogLevel = ChatEngine.LogLevel
/// What is done to datagrams on purpose.
public typealias Impairment = ChatEngine.Impairment
/// Whose questions for a server are answered.
public typealias DiscoveryPolicy = ChatEngine.DiscoveryPolicy
