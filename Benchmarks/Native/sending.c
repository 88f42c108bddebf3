#define _GNU_SOURCE
#include <errno.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <sys/socket.h>

#include "../Common/sockets.h"
#include "session.h"

enum {
  HEADER = 13,
  FRAME_HEAD_MAX = 1 + 8 + 8 + 8, /* of a STREAM or OBJECT frame */
  PHASE_PACKETS_MAX = 1 << 20,
  PROBE_TRIES = 3,
};

static const double ACK_DELAY = 0.047; /* seconds: 50 ms, and time to notice */
static const double KEEP_ALIVE = 10, PHASE_SECONDS = 3600;

static const size_t DATAGRAM_SIZES[] = {1232, 1372, 1452,  1472,  2948,
                                        4352, 8952, 16000, 32000, DATAGRAM_MAX};

void begin_session(struct session *session, const uint8_t sending[KEY],
                   const uint8_t receiving[KEY], bool is_aes, double now) {
  session->sealing.is_aes = session->opening.is_aes = is_aes;
  set_key(&session->sealing, sending, true);
  set_key(&session->opening, receiving, false);
  for (enum channel channel = CONTROL; channel < CHANNELS; channel++) {
    session->outbound[channel].limit = stream_grant(channel);
    if (channel != OBJECTS)
      session->inbound[channel].granted = stream_grant(channel);
  }
  session->objects_granted = CREDIT_OBJECTS;
  session->datagram_size = DATAGRAM_SAFE;
  session->probe_step = -1;
  session->heard_at = session->sent_at = session->phase_since = now;
  session->recovery.window = 10 * DATAGRAM_SAFE;
  session->recovery.threshold = UINT64_MAX;
  session->recovery.smoothed = 0.333;
  session->recovery.variation = 0.1665;
}

/* ---- What is to be sent ---- */

/* Everything before the first byte that is neither acknowledged nor yet to be sent may go. */
static void drop_acknowledged(struct session *session, enum channel channel) {
  struct outbound *stream = &session->outbound[channel];
  const struct recovery *recovery = &session->recovery;
  uint64_t keep = stream->next;
  if (stream->lost.count && stream->lost.at[stream->lost.count - 1].low < keep)
    keep = stream->lost.at[stream->lost.count - 1].low;
  for (uint32_t i = recovery->first; i != recovery->last; i++) {
    const struct sent *sent = &recovery->sent[i % recovery->room];
    const struct range *part = &sent->parts[channel];
    if (sent->is_open && part->low < part->high && part->low < keep)
      keep = part->low;
  }
  if (keep > stream->base)
    memmove(stream->bytes, stream->bytes + (keep - stream->base), stream->end - keep);
  stream->base = keep;
}

void write_stream(struct session *session, enum channel channel, const uint8_t *bytes,
                  size_t length) {
  struct outbound *stream = &session->outbound[channel];
  if (stream->end - stream->base + length > stream->room) {
    drop_acknowledged(session, channel);
    size_t needed = stream->end - stream->base + length;
    if (2 * needed > stream->room) {
      stream->room = 4 * needed;
      stream->bytes = realloc(stream->bytes, stream->room);
      if (!stream->bytes)
        fail("realloc");
    }
  }
  put_bytes(stream->bytes + (stream->end - stream->base), bytes, length);
  stream->end += length;
}

void write_object(struct session *session, const uint8_t *bytes, size_t length) {
  session->object_begins[session->objects_offered++ % OBJECTS_KEPT] =
      session->outbound[OBJECTS].end;
  write_stream(session, OBJECTS, bytes, length);
}

static bool has_bytes(const struct session *session) {
  for (enum channel channel = CONTROL; channel < CHANNELS; channel++) {
    const struct outbound *stream = &session->outbound[channel];
    if (stream->lost.count || (stream->next < stream->end && stream->next < stream->limit))
      return true;
  }
  return false;
}

/* ---- Frames ---- */

static uint8_t *put_ack(struct session *session, uint8_t *at, double now) {
  const struct ranges *received = &session->received;
  double delay = now > session->greatest_at ? now - session->greatest_at : 0;
  *at++ = FRAME_ACK;
  at = put_varint(at, received->at[0].high - 1);
  at = put_varint(at, (uint64_t)(delay * 1e6));
  at = put_varint(at, received->count - 1);
  at = put_varint(at, received->at[0].high - received->at[0].low - 1);
  for (uint32_t i = 1; i < received->count; i++) {
    at = put_varint(at, received->at[i - 1].low - received->at[i].high - 1);
    at = put_varint(at, received->at[i].high - received->at[i].low - 1);
  }
  session->unacknowledged = 0;
  session->must_acknowledge = false;
  return at;
}

static uint8_t *put_credits(struct session *session, uint8_t *at, struct sent *packet) {
  for (enum channel channel = CONTROL; channel < CHANNELS; channel++) {
    if (!(session->wanted_credits >> channel & 1))
      continue;
    *at++ = FRAME_CREDIT;
    *at++ = (uint8_t)channel;
    at = put_varint(at, channel == OBJECTS ? session->objects_granted
                                           : session->inbound[channel].granted);
  }
  packet->credits = session->wanted_credits;
  session->wanted_credits = 0;
  return at;
}

/* The stretch of a channel's bytes that goes next, at most so long: what was lost before what is
 * new, and of one object only. */
static struct range choose_part(struct session *session, enum channel channel, uint64_t room,
                                uint64_t *object) {
  struct outbound *stream = &session->outbound[channel];
  uint64_t most = stream->end < stream->limit ? stream->end : stream->limit;
  struct range part = {stream->next, most - stream->next > room ? stream->next + room : most};
  bool is_new = !stream->lost.count;
  if (!is_new)
    part = take_lowest(&stream->lost, room);
  if (channel == OBJECTS && part.low < part.high) {
    for (*object = session->objects_offered;
         session->object_begins[(*object - 1) % OBJECTS_KEPT] > part.low;)
      --*object;
    uint64_t end = *object < session->objects_offered
                       ? session->object_begins[*object % OBJECTS_KEPT]
                       : stream->end;
    if (part.high > end && !is_new)
      add_range(&stream->lost, end, part.high);
    part.high = part.high > end ? end : part.high;
  }
  if (is_new)
    stream->next = part.high;
  return part;
}

/* One frame of a channel's bytes, as many as fit. */
static uint8_t *put_part(struct session *session, enum channel channel, uint8_t *at, uint8_t *end,
                         struct sent *packet) {
  const struct outbound *stream = &session->outbound[channel];
  uint64_t object = 0, begin = 0;
  if (end - at <= FRAME_HEAD_MAX)
    return at;
  struct range part = choose_part(session, channel, (uint64_t)(end - at) - FRAME_HEAD_MAX, &object);
  if (part.low >= part.high)
    return at;
  packet->parts[channel] = part;
  if (channel == OBJECTS) {
    begin = session->object_begins[(object - 1) % OBJECTS_KEPT];
    *at++ = FRAME_OBJECT;
    at = put_varint(at, object);
  } else {
    *at++ = FRAME_STREAM;
    *at++ = (uint8_t)channel;
  }
  at = put_varint(at, part.low - begin);
  at = put_varint(at, part.high - part.low);
  return put_bytes(at, stream->bytes + (part.low - stream->base), part.high - part.low);
}

static uint8_t *put_small_frames(struct session *session, uint8_t *at, struct sent *packet) {
  at = put_credits(session, at, packet);
  if (session->must_answer_path) {
    *at++ = FRAME_PATH_RESPONSE;
    at = put_bytes(at, session->path_challenge, sizeof session->path_challenge);
  }
  if (session->must_ping)
    *at++ = FRAME_PING;
  session->must_answer_path = session->must_ping = false;
  return at;
}

/* ---- Packets ---- */

static void use_next_phase(struct session *session, double now) {
  const struct recovery *recovery = &session->recovery;
  uint8_t key[KEY];
  bool is_known = recovery->has_acked && recovery->greatest_acked >= session->phase_begin;
  if (!is_known || (session->next_number - session->phase_begin < PHASE_PACKETS_MAX &&
                    now - session->phase_since < PHASE_SECONDS))
    return;
  next_key(session->sealing.key, key);
  set_key(&session->sealing, key, true);
  session->sealing_phase ^= 1;
  session->phase_begin = session->next_number;
  session->phase_since = now;
}

/* Seals frames that lie behind room for the header, and sends them. False: too long for the
 * network. */
static bool send_packet(struct session *session, uint8_t *datagram, uint8_t *end, double now) {
  uint8_t nonce[NONCE];
  use_next_phase(session, now);
  uint8_t *at = put_integer(datagram, (uint64_t)(DATA | session->sealing_phase), 1);
  at = put_integer(at, session->peer_id, 4);
  at = put_integer(at, session->next_number, 8);
  number_nonce(&session->sealing, nonce, session->next_number++);
  seal(&session->sealing, nonce, (struct reader){.at = datagram, .end = at}, at, (size_t)(end - at),
       at);
  session->sent_at = now;
  if (send(session->socket, datagram, (size_t)(end - datagram) + TAG, 0) >= 0)
    return true;
  if (errno == ECONNREFUSED)
    session->has_ended = true;
  return errno != EMSGSIZE;
}

/* ---- The path ---- */

static void send_probe(struct session *session, double now) {
  static uint8_t datagram[DATAGRAM_MAX];
  size_t size = DATAGRAM_SIZES[session->probe_step];
  uint8_t *at = datagram + HEADER;
  memset(datagram, FRAME_PADDING, size);
  *at++ = FRAME_PING;
  *at++ = FRAME_ACK_NOW;
  struct sent packet = {
      .number = session->next_number, .at = now, .is_open = true, .is_probe = true};
  session->probe_result = PROBE_PENDING;
  if (send_packet(session, datagram, datagram + size - TAG, now))
    note_sent(session, packet);
}

void probe_path(struct session *session) {
  const int probing = IP_PMTUDISC_PROBE;
  if (setsockopt(session->socket, IPPROTO_IP, IP_MTU_DISCOVER, &probing, sizeof probing))
    fail("IP_MTU_DISCOVER");
  session->probe_step = session->probe_tries = 0;
  send_probe(session, session->sent_at);
}

static void go_on_probing(struct session *session, double now) {
  const int steps = sizeof DATAGRAM_SIZES / sizeof *DATAGRAM_SIZES;
  if (session->probe_result == PROBE_ARRIVED) {
    session->datagram_size = DATAGRAM_SIZES[session->probe_step++];
    session->probe_tries = 0;
  } else {
    session->probe_tries++;
  }
  session->probe_result = PROBE_PENDING;
  if (session->probe_step < steps && session->probe_tries < PROBE_TRIES)
    send_probe(session, now);
}

/* ---- What goes now ---- */

/* Whether it is time to ask for an acknowledgement: half of the window was used since the last
 * time, or this packet is the last that goes. */
static bool asks_now(struct session *session, uint64_t size) {
  struct recovery *recovery = &session->recovery;
  recovery->unasked += size;
  bool asks = recovery->must_probe || recovery->unasked >= recovery->window / 2 ||
              recovery->in_flight + size + DATAGRAM_SAFE > recovery->window;
  if (asks)
    recovery->unasked = 0;
  return asks;
}

/* How long a datagram may be that the congestion window lets through; 0: none may go. */
static size_t size_that_may_go(const struct session *session) {
  const struct recovery *recovery = &session->recovery;
  if (recovery->must_probe)
    return DATAGRAM_SAFE;
  if (recovery->in_flight + DATAGRAM_SAFE > recovery->window)
    return 0;
  uint64_t room = recovery->window - recovery->in_flight;
  return room < session->datagram_size ? room : session->datagram_size;
}

void flush_session(struct session *session, double now) {
  static uint8_t datagram[DATAGRAM_MAX + 1];
  struct recovery *recovery = &session->recovery;
  if (session->probe_result != PROBE_PENDING)
    go_on_probing(session, now);
  while (!session->has_ended) {
    bool is_due = session->unacknowledged &&
                  (session->must_acknowledge || session->unacknowledged >= ACK_PACKETS ||
                   now - session->acknowledge_at >= ACK_DELAY);
    bool has_small = session->wanted_credits || session->must_answer_path || session->must_ping;
    size_t size = has_bytes(session) ? size_that_may_go(session) : 0;
    if (!is_due && !has_small && !size)
      return;
    struct sent packet = {.number = session->next_number, .at = now, .is_open = true};
    uint8_t *at = datagram + HEADER;
    if (session->unacknowledged)
      at = put_ack(session, at, now);
    uint8_t *eliciting = at;
    at = put_small_frames(session, at, &packet);
    for (enum channel channel = CONTROL; size && channel < CHANNELS; channel++)
      at = put_part(session, channel, at, datagram + size - TAG - 1, &packet);
    packet.size = (uint32_t)(at - datagram) + 1 + TAG;
    if (at > eliciting) {
      if (asks_now(session, packet.size))
        *at++ = FRAME_ACK_NOW;
      note_sent(session, packet);
      recovery->must_probe = false;
    }
    send_packet(session, datagram, at, now);
  }
}

/* ---- Time ---- */

double session_deadline(const struct session *session) {
  double deadline = recovery_deadline(session);
  if (session->unacknowledged && session->acknowledge_at + ACK_DELAY < deadline)
    deadline = session->acknowledge_at + ACK_DELAY;
  if (session->sent_at + KEEP_ALIVE < deadline)
    deadline = session->sent_at + KEEP_ALIVE;
  return deadline;
}

void wake_session(struct session *session, double now) {
  wake_recovery(session, now);
  if (now - session->sent_at >= KEEP_ALIVE)
    session->must_ping = true;
  flush_session(session, now);
}

void close_session(struct session *session, double now) {
  uint8_t datagram[HEADER + 8 + TAG], *at = datagram + HEADER;
  *at++ = FRAME_CLOSE;
  *at++ = 0; /* done */
  *at++ = 0; /* no words */
  send_packet(session, datagram, at, now);
  session->has_ended = true;
}
