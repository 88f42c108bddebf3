import ChatEngine

// The executable imports ChatCore only; these are the engine's types that its options name.
public typealias Limits = ChatEngine.Limits
public typealias ClassicPolicy = ChatEngine.ClassicPolicy
public typealias LogLevel = ChatEngine.LogLevel
