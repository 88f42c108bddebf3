#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "session.h"

enum { RESET_LENGTH = 21, HEADER = 13, SHARED_HEADER = 15 };

/* What the frames of a packet ask for. */
struct packet {
  uint64_t number;
  bool elicits, asks, is_void; /* void: treat it as not received */
  struct reader piece;
};

void complain(const struct session *session, const char *why) {
  fprintf(stderr, "load: session %08" PRIx32 ": %s\n", session->own_id, why);
  exit(1);
}

/* ---- Which packets are taken ---- */

static bool was_taken(const struct session *session, uint64_t number) {
  if (!session->has_seen || number > session->greatest)
    return false;
  return session->greatest - number >= REPLAY_PACKETS ||
         session->seen[number / 64 % (REPLAY_PACKETS / 64)] >> number % 64 & 1;
}

static void mark_taken(struct session *session, uint64_t number) {
  const uint64_t words = REPLAY_PACKETS / 64;
  uint64_t before = session->has_seen ? session->greatest / 64 : 0;
  for (uint64_t word = before + 1; word <= number / 64 && word <= before + words; word++)
    session->seen[word % words] = 0;
  session->seen[number / 64 % words] |= UINT64_C(1) << number % 64;
}

static void note_received(struct session *session, const struct packet *packet, double now) {
  uint64_t expected = session->has_seen ? session->greatest + 1 : 0;
  mark_taken(session, packet->number);
  add_range(&session->received, packet->number, packet->number + 1);
  if (packet->number >= expected) {
    session->greatest = packet->number;
    session->greatest_at = now;
    session->has_seen = true;
  }
  if (!packet->elicits)
    return;
  if (session->unacknowledged++ == 0)
    session->acknowledge_at = now;
  session->must_acknowledge |= packet->asks || packet->number != expected;
}

/* ---- Frames ---- */

static void take_piece(struct session *session, struct reader *frames, struct packet *packet,
                       double now) {
  static struct cipher opening; /* many clients open pieces of one object */
  static uint8_t plain[DATAGRAM_MAX];
  uint64_t id = read_varint(frames), size = read_varint(frames), index = read_varint(frames);
  uint64_t length = read_varint(frames);
  struct object *object;
  uint8_t nonce[NONCE];
  if (frames->failed || size == 0 || size > UINT32_MAX || length != bytes_left(&packet->piece) ||
      length <= TAG)
    complain(session, "a SHARED frame does not fit its datagram");
  if (!find_object(session, id, &object)) {
    packet->is_void = true;
    return;
  }
  if (!object)
    return;
  if (!opening.context || memcmp(opening.key, object->key, KEY) != 0)
    set_key(&opening, object->key, false);
  put_integer(put_integer(nonce, size, 4), index, 8);
  if (index > object->length / size ||
      !open_sealed(&opening, nonce, (struct reader){0}, packet->piece.at, length, plain)) {
    packet->is_void = true;
    return;
  }
  struct reader bytes = {.at = plain, .end = plain + length - TAG};
  packet->is_void = !take_object_bytes(session, object, index * size, bytes, now);
}

static void take_object(struct session *session, struct reader *frames, struct packet *packet,
                        double now) {
  uint64_t id = read_varint(frames), offset = read_varint(frames);
  struct reader bytes = read_block(frames);
  struct object *object;
  if (!find_object(session, id, &object))
    packet->is_void = true;
  else if (object)
    packet->is_void |= !take_object_bytes(session, object, offset, bytes, now);
}

static void take_stream_frame(struct session *session, struct reader *frames, double now) {
  uint64_t channel = read_varint(frames), offset = read_varint(frames);
  struct reader bytes = read_block(frames);
  if (frames->failed)
    return;
  if (channel > TALK)
    complain(session, "a STREAM frame of no channel");
  take_stream(session, (enum channel)channel, offset, bytes, now);
}

static void take_credit(struct session *session, struct reader *frames) {
  uint64_t channel = read_varint(frames), limit = read_varint(frames);
  if (channel >= CHANNELS)
    complain(session, "CREDIT for no channel");
  if (limit > session->outbound[channel].limit)
    session->outbound[channel].limit = limit;
}

static _Noreturn void take_close(struct session *session, struct reader *frames) {
  uint64_t reason = read_varint(frames);
  struct reader words = read_block(frames);
  char why[160];
  snprintf(why, sizeof why, "closed with reason %" PRIu64 ": %.*s", reason,
           (int)(bytes_left(&words) > 100 ? 100 : bytes_left(&words)), (const char *)words.at);
  complain(session, why);
}

static void take_frame(struct session *session, struct reader *frames, struct packet *packet,
                       double now) {
  uint64_t type = read_integer(frames, 1), channel;
  packet->elicits |= type != FRAME_PADDING && type != FRAME_ACK && type != FRAME_CLOSE;
  switch (type) {
  case FRAME_PADDING:
    while (frames->at < frames->end && *frames->at == FRAME_PADDING)
      frames->at++;
    break;
  case FRAME_PING:
    break;
  case FRAME_ACK:
    take_ack(session, frames, now);
    break;
  case FRAME_ACK_NOW:
    packet->asks = true;
    break;
  case FRAME_STREAM:
    take_stream_frame(session, frames, now);
    break;
  case FRAME_OBJECT:
    take_object(session, frames, packet, now);
    break;
  case FRAME_SHARED:
    take_piece(session, frames, packet, now);
    if (bytes_left(frames))
      complain(session, "SHARED is not the last frame");
    packet->piece.at = packet->piece.end;
    break;
  case FRAME_CREDIT:
    take_credit(session, frames);
    break;
  case FRAME_SKIP:
    channel = read_varint(frames);
    if (channel > TALK)
      complain(session, "SKIP of no stream");
    skip_stream(session, (enum channel)channel, read_varint(frames), now);
    break;
  case FRAME_PATH_CHALLENGE:
    memcpy(session->path_challenge, read_bytes(frames, 8), 8);
    session->must_answer_path = true;
    break;
  case FRAME_PATH_RESPONSE:
    complain(session, "PATH_RESPONSE to no challenge");
  case FRAME_CLOSE:
    take_close(session, frames);
  default:
    complain(session, "a frame of no type");
  }
}

/* ---- Datagrams ---- */

/* Opens with the key that the phase bit and the number call for. */
static bool open_packet(struct session *session, uint8_t phase, uint64_t number,
                        struct reader header, uint8_t *sealed, size_t length) {
  uint8_t nonce[NONCE], key[KEY];
  number_nonce(&session->opening, nonce, number);
  if (phase == session->opening_phase)
    return open_sealed(&session->opening, nonce, header, sealed, length, sealed);
  if (session->has_seen && number < session->greatest)
    return session->opening_before.context &&
           open_sealed(&session->opening_before, nonce, header, sealed, length, sealed);
  struct cipher next = {.is_aes = session->opening.is_aes};
  next_key(session->opening.key, key);
  set_key(&next, key, false);
  if (!open_sealed(&next, nonce, header, sealed, length, sealed)) {
    drop_key(&next);
    return false;
  }
  drop_key(&session->opening_before);
  session->opening_before = session->opening;
  session->opening = next;
  session->opening_phase = phase;
  return true;
}

static void take_reset(const struct session *session, struct reader datagram) {
  if (bytes_left(&datagram) != RESET_LENGTH || read_integer(&datagram, 1) != RESET ||
      read_integer(&datagram, 4) != session->peer_id ||
      memcmp(read_bytes(&datagram, 16), session->reset_token, 16) != 0)
    complain(session, "a datagram of no kind, or a false Reset");
  complain(session, "the server does not know the session");
}

void receive_datagram(struct session *session, uint8_t *datagram, size_t length, double now) {
  struct reader rest = {.at = datagram, .end = datagram + length};
  if (!length || session->has_ended)
    return;
  if (*datagram < DATA || *datagram > (DATA_SHARED | 1))
    take_reset(session, rest);
  bool is_shared = *datagram >= DATA_SHARED;
  uint8_t phase = *datagram & 1;
  read_integer(&rest, 1);
  uint32_t id = (uint32_t)read_integer(&rest, 4);
  struct packet packet = {.number = read_integer(&rest, 8)};
  uint64_t sealed = is_shared ? read_integer(&rest, 2) : bytes_left(&rest);
  if (rest.failed || id != session->own_id || sealed <= TAG || sealed > bytes_left(&rest))
    complain(session, "a Data datagram whose header is wrong");
  if (was_taken(session, packet.number))
    return;
  struct reader header = {.at = datagram, .end = rest.at};
  uint8_t *plain = datagram + (is_shared ? SHARED_HEADER : HEADER);
  if (!open_packet(session, phase, packet.number, header, plain, sealed))
    complain(session, "a packet that cannot be opened");
  session->heard_at = now;

  struct reader frames = {.at = plain, .end = plain + sealed - TAG};
  packet.piece = (struct reader){.at = plain + sealed, .end = rest.end};
  while (bytes_left(&frames) && !packet.is_void)
    take_frame(session, &frames, &packet, now);
  if (frames.failed)
    complain(session, "a frame that is cut short");
  if (packet.is_void)
    return;
  if (bytes_left(&packet.piece))
    complain(session, "a piece without a SHARED frame");
  note_received(session, &packet, now);
}
