/// How objects go out: in pieces that are sealed once for everybody, or in parts for one session.
extension Session {
  /// A part of an object that is sealed for this session alone.
  mutating func writeObject(
    _ sources: SendSources, _ writer: inout ByteWriter, _ packet: inout SentPackets.Packet
  ) {
    let headBytesMax = 1 + 8 + 8 + 4
    let room = writer.room - headBytesMax
    guard room >= Limits.objectPartBytesMin,
      let wanted = objects.piece(end: sources.objects.end, atMost: room)
    else { return }
    let index = sources.objects.index(at: wanted.lowerBound)
    let object = sources.objects[index]
    guard !sources.objects.isShared(index) else { return }
    let range = wanted.clamped(to: object.positions)
    let offset = Int(range.lowerBound - object.start)
    writer.u8(FrameType.object.rawValue)
    writer.varint(object.number)
    writer.varint(UInt64(offset))
    writer.varint(UInt64(range.count))
    object.bytes.withUnsafeBufferPointer { writer.bytes($0.baseAddress! + offset, range.count) }
    noteRepeated(objects.onSent(range))
    packet.object = range
  }

  // MARK: Shared pieces

  /// Whether nothing but a shared piece is to be sent.
  mutating func isSharedNext(_ sources: SendSources) -> Bool {
    guard unprovenBytes == nil, owed.frames.isEmpty, !control.hasPiece(end: controlBytes.end),
      !talk.hasPiece(end: sources.talk.end), !($sides && sides.hasPiece(sources)),
      let wanted = objects.piece(end: sources.objects.end, atMost: 1)
    else { return false }
    return sources.objects.isShared(sources.objects.index(at: wanted.lowerBound))
  }

  mutating func fillShared(
    _ buffer: UnsafeMutableBufferPointer<UInt8>, _ packet: inout SentPackets.Packet,
    _ sources: SendSources, _ number: UInt64, at now: Instant
  ) -> Int {
    let wanted = objects.piece(end: sources.objects.end, atMost: 1)!
    let index = sources.objects.index(at: wanted.lowerBound)
    let object = sources.objects[index]
    let pieceSize = buffer.count - Limits.sharedOverheadBytes
    let piece = Int(wanted.lowerBound - object.start) / pieceSize
    let range =
      (object.start + UInt64(piece * pieceSize)..<object.start + UInt64((piece + 1) * pieceSize))
      .clamped(to: object.positions)
    let sealedPieceCount = range.count + PacketHeader.tagBytes
    var writer = ByteWriter(
      UnsafeMutableBufferPointer(
        rebasing: buffer[
          PacketHeader.sharedBytes..<PacketHeader.sharedBytes + Limits.sharedFramesBytesMax]))
    if asksAckNow(after: sealedPieceCount + Limits.sharedOverheadBytes) {
      writer.u8(FrameType.ackNow.rawValue)
    }
    writer.u8(FrameType.shared.rawValue)
    writer.varint(object.number)
    writer.varint(UInt64(pieceSize))
    writer.varint(UInt64(piece))
    writer.varint(UInt64(sealedPieceCount))
    let header = PacketHeader(
      phase: keys.sendingPhase, receiver: remoteID, number: number,
      sealedCount: writer.count + PacketHeader.tagBytes)
    let count = seal(buffer, header, writer.count)
    _ = sources.objects.writePiece(
      piece, size: pieceSize, ofObjectAt: index, to: buffer.baseAddress! + count)
    noteRepeated(objects.onSent(range))
    packet.object = range
    packet.contents.insert(.isAckEliciting)
    return count + sealedPieceCount
  }
}
