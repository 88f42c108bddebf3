#include <stdlib.h>

#include "../Common/sockets.h"
#include "session.h"

struct session_events session_events;

uint64_t stream_grant(enum channel channel) {
  return channel == CONTROL ? CREDIT_CONTROL : channel == TALK ? CREDIT_TALK : CREDIT_OBJECTS;
}

/* ---- Streams ---- */

/* Hands on the messages that are whole; what is left is the beginning of one. */
static struct reader take_messages(struct session *session, enum channel channel,
                                   struct reader bytes, double now) {
  while (bytes_left(&bytes)) {
    struct reader rest = bytes;
    uint64_t length = read_varint(&rest);
    if (rest.failed)
      break;
    if (length < 1 || length > MESSAGE_MAX)
      complain(session, "a message of no length, or too long");
    if (length > bytes_left(&rest))
      break;
    uint8_t type = *rest.at;
    struct reader body = {.at = rest.at + 1, .end = rest.at + length};
    session_events.message(session, channel, type, body, now);
    bytes.at = rest.at + length;
  }
  return bytes;
}

static void keep_partial(struct inbound *stream, struct reader bytes) {
  size_t length = stream->partial_length + bytes_left(&bytes);
  if (length > stream->partial_room) {
    stream->partial_room = 2 * length;
    stream->partial = realloc(stream->partial, stream->partial_room);
    if (!stream->partial)
      fail("realloc");
  }
  put_bytes(stream->partial + stream->partial_length, bytes.at, bytes_left(&bytes));
  stream->partial_length = length;
}

static void grant_more(struct session *session, enum channel channel) {
  struct inbound *stream = &session->inbound[channel];
  if (stream->granted > stream->next + stream_grant(channel) / 2)
    return;
  stream->granted = stream->next + stream_grant(channel);
  session->wanted_credits |= (uint8_t)(1 << channel);
}

/* These bytes are the next of the stream. */
static void take_next(struct session *session, enum channel channel, struct reader bytes,
                      double now) {
  struct inbound *stream = &session->inbound[channel];
  stream->next += bytes_left(&bytes);
  if (!stream->partial_length) {
    keep_partial(stream, take_messages(session, channel, bytes, now));
  } else {
    keep_partial(stream, bytes);
    struct reader all = {.at = stream->partial, .end = stream->partial + stream->partial_length};
    struct reader rest = take_messages(session, channel, all, now);
    stream->partial_length = bytes_left(&rest);
    if (stream->partial_length)
      memmove(stream->partial, rest.at, stream->partial_length);
  }
  if (!stream->partial_length) {
    free(stream->partial);
    stream->partial = NULL;
    stream->partial_room = 0;
  }
  grant_more(session, channel);
}

static void keep_segment(struct inbound *stream, uint64_t offset, struct reader bytes) {
  struct segment **place = &stream->waiting;
  while (*place && (*place)->offset < offset)
    place = &(*place)->next;
  if (*place && (*place)->offset == offset && (*place)->length >= bytes_left(&bytes))
    return;
  struct segment *segment = malloc(sizeof *segment + bytes_left(&bytes));
  if (!segment)
    fail("malloc");
  *segment = (struct segment){.next = *place, .offset = offset, .length = bytes_left(&bytes)};
  put_bytes(segment->bytes, bytes.at, segment->length);
  *place = segment;
}

/* Takes what waited for its turn, and forgets what came otherwise. */
static void take_waiting(struct session *session, enum channel channel, double now) {
  struct inbound *stream = &session->inbound[channel];
  for (struct segment *segment; (segment = stream->waiting);) {
    if (segment->offset > stream->next)
      return;
    stream->waiting = segment->next;
    uint64_t known = stream->next - segment->offset;
    if (known < segment->length)
      take_next(session, channel,
                (struct reader){.at = segment->bytes + known,
                                .end = segment->bytes + segment->length},
                now);
    free(segment);
  }
}

void take_stream(struct session *session, enum channel channel, uint64_t offset,
                 struct reader bytes, double now) {
  struct inbound *stream = &session->inbound[channel];
  uint64_t end = offset + bytes_left(&bytes);
  if (end > stream->granted)
    complain(session, "more bytes of a stream than there was credit for");
  if (offset > stream->next) {
    keep_segment(stream, offset, bytes);
    return;
  }
  if (end <= stream->next)
    return;
  bytes.at += stream->next - offset;
  take_next(session, channel, bytes, now);
  if (stream->waiting)
    take_waiting(session, channel, now);
}

void skip_stream(struct session *session, enum channel channel, uint64_t offset, double now) {
  struct inbound *stream = &session->inbound[channel];
  if (offset <= stream->next)
    return;
  stream->partial_length = 0;
  stream->next = offset;
  grant_more(session, channel);
  take_waiting(session, channel, now);
}

/* ---- Objects ---- */

bool find_object(struct session *session, uint64_t id, struct object **object) {
  uint32_t kept = session->object_count < OBJECTS_KEPT ? session->object_count : OBJECTS_KEPT;
  uint64_t oldest = UINT64_MAX;
  for (uint32_t i = 0; i < kept; i++) {
    *object = session->objects[i];
    if ((*object)->id == id)
      return true;
    oldest = (*object)->id < oldest ? (*object)->id : oldest;
  }
  *object = NULL;
  return session->object_count > OBJECTS_KEPT && id < oldest;
}

struct object *expect_object(struct session *session, uint64_t id, uint64_t length,
                             const uint8_t key[KEY]) {
  struct object **place = &session->objects[session->object_count++ % OBJECTS_KEPT];
  uint8_t *copy = *place ? (*place)->copy : NULL;
  if (!*place)
    *place = malloc(sizeof **place);
  if (!*place)
    fail("malloc");
  **place = (struct object){.id = id, .length = length, .copy = copy};
  memcpy((*place)->key, key, KEY);
  return *place;
}

bool take_object_bytes(struct session *session, struct object *object, uint64_t offset,
                       struct reader bytes, double now) {
  uint64_t count = bytes_left(&bytes);
  if (offset > object->length || count > object->length - offset)
    complain(session, "more bytes of an object than it has");
  if (object->is_complete)
    return true;
  if (!has_room(&object->got, offset, offset + count))
    return false;
  uint64_t fresh = add_range(&object->got, offset, offset + count);
  object->received += fresh;
  session->objects_received += fresh;
  if (session->objects_received > session->objects_granted)
    complain(session, "more bytes of objects than there was credit for");
  if (session->objects_granted - session->objects_received < CREDIT_OBJECTS / 2) {
    session->objects_granted = session->objects_received + CREDIT_OBJECTS;
    session->wanted_credits |= 1 << OBJECTS;
  }
  if (object->copy)
    put_bytes(object->copy + offset, bytes.at, count);
  if (object->received == object->length) {
    object->is_complete = true;
    session_events.object(session, object, now);
  }
  return true;
}
