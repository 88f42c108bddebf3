/// The pictures that native clients send.
extension NativeFrontend {
  func take(_ offer: NativeRequest.Offer, from peer: NativePeer) {
    guard peer.member != nil else { return peer.session.fail("OFFER before JOIN") }
    guard peer.uploads.offers.count < Limits.offersMax else { return peer.session.fail("offers") }
    peer.uploads.offers.append(offer)
  }

  mutating func servePictures(of peer: NativePeer, _ turn: inout Turn) {
    guard let member = peer.member, peer.isUploading else { return }
    let next = turn.hub.nextSpeech(of: member)
    if next > turn.now {
      if peer.uploads.finished != nil || !peer.uploads.offers.isEmpty { peer.heldUntil = next }
      return
    }
    if let bytes = peer.uploads.finished, let offer = peer.uploads.current {
      (peer.uploads.finished, peer.uploads.current) = (nil, nil)
      uploadBytes -= bytes.count
      finish(offer, bytes, peer, member, &turn)
    }
    while peer.uploads.current == nil, !peer.uploads.offers.isEmpty {
      begin(peer.uploads.offers.removeFirst(), peer, at: turn.now)
    }
  }

  private mutating func begin(
    _ offer: NativeRequest.Offer, _ peer: NativePeer, at now: Instant
  ) {
    let key = peer.program
    if offer.number <= runs[key].shown.accepted {
      answerAgain(.offer, offer.number, runs[key].shown, peer)
      return
    }
    guard offer.length > 0 else { return fail(offer, peer, "a picture has at least one byte") }
    guard offer.length <= UInt64(Limits.nativePictureBytesMax) else {
      return fail(
        offer, peer,
        "a picture has at most \(Limits.nativePictureBytesMax) bytes "
          + "(limit nativePictureBytesMax)")
    }
    let length = Int(offer.length)
    if uploadBytes + length > Limits.uploadBytesMax { giveUpStalledUploads(at: now) }
    guard uploadBytes + length <= Limits.uploadBytesMax,
      peer.session.expectObject(offer.object, length: length)
    else { return fail(offer, peer, "too many pictures are under way; try again") }
    uploadBytes += length
    peer.uploads.current = offer
    (peer.uploads.bytesSeen, peer.uploads.lastProgress) = (0, now)
    NativeReply.want(number: offer.number).send(on: &peer.session)
  }

  /// Notes when an upload got on last: a byte now and then is not enough.
  func noteUpload(of peer: NativePeer, at now: Instant) {
    guard peer.isUploading, let offer = peer.uploads.current,
      let bytes = peer.session.objectProgress(offer.object),
      bytes - peer.uploads.bytesSeen >= Limits.uploadProgressBytesMin
    else { return }
    (peer.uploads.bytesSeen, peer.uploads.lastProgress) = (bytes, now)
  }

  /// Gives up the uploads that do not get on, since somebody wants their room: else a few clients
  /// that offer and send nothing would keep everybody from showing pictures.
  private mutating func giveUpStalledUploads(at now: Instant) {
    // Each time looks at every session, and one datagram can hold many offers.
    if let last = uploadsLookedAt, now < last + .milliseconds(Limits.uploadLookMilliseconds) {
      return
    }
    uploadsLookedAt = now
    let limit = Duration.seconds(Limits.uploadStallSecondsMax)
    var stalled: [NativePeer] = []
    peers.forEachSlot { _, peer in
      if peer.isUploading, peer.uploads.current != nil,
        let last = peer.uploads.lastProgress, last + limit <= now
      {
        stalled.append(peer)
      }
    }
    for peer in stalled {
      guard let offer = peer.uploads.current else { continue }
      (peer.uploads.current, peer.uploads.finished) = (nil, nil)
      uploadBytes -= Int(offer.length)
      peer.session.forgetObject(offer.object)
      fail(offer, peer, "too little of it came for \(Limits.uploadStallSecondsMax) s; try again")
      enqueue(peer)
    }
  }

  private mutating func finish(
    _ offer: NativeRequest.Offer, _ bytes: [UInt8], _ peer: NativePeer, _ member: MemberID,
    _ turn: inout Turn
  ) {
    guard Blake2b.hash256(bytes.span) == offer.hash else {
      return fail(offer, peer, "it arrived damaged; try again")
    }
    do throws(Hub.SpeechRefusal) {
      let id = MessageID(run: peer.run, number: offer.number)
      guard let room = peer.room(on: offer.channel) else { throw .notInRoom }
      try turn.hub.show(
        member, in: room, bytes.span, hash: offer.hash, id: id, at: turn.time)
    } catch {
      return fail(offer, peer, error.text)
    }
    runs[peer.program].shown.take(offer.number)
  }

  private mutating func fail(
    _ offer: NativeRequest.Offer, _ peer: NativePeer, _ words: String
  ) {
    runs[peer.program].shown.refuse(offer.number)
    NativeReply.receipt(.offer, number: offer.number, failure: words).send(on: &peer.session)
  }
}
