/*
 * session: a client's side of a native session after its handshake: packets that are sealed and
 * numbered, acknowledgements, streams of messages, pictures in pieces, recovery after RFC 9002.
 *
 * What the peer must not do ends the program with a word: a load generator that puts up with
 * mistakes measures something else.
 *
 *   receiving.c   what comes in: packets and their frames
 *   inbound.c     streams that are put in order, and pictures that are put together
 *   sending.c     what goes out
 *   recovery.c    what became of it
 */
#ifndef SESSION_H
#define SESSION_H

#include "cipher.h"
#include "ranges.h"
#include "wire.h"

enum channel { CONTROL, TALK, OBJECTS, CHANNELS };

enum {
  MESSAGE_MAX = 70000,    /* type and body */
  REPLAY_PACKETS = 1024,  /* as far back a packet is taken */
  ACK_PACKETS = 256,      /* ack-eliciting ones before they are acknowledged */
  OBJECTS_KEPT = 8,       /* the latest pictures of a session */
  CREDIT_CONTROL = 65536, /* bytes that may be sent at first */
  CREDIT_TALK = 262144,
  CREDIT_OBJECTS = 4194304,
};

/* A stretch of a stream that came too early. */
struct segment {
  struct segment *next;
  uint64_t offset;
  size_t length;
  uint8_t bytes[];
};

struct inbound {
  uint64_t next;    /* all before was taken */
  uint64_t granted; /* the peer may send up to here */
  uint8_t *partial; /* the beginning of a message whose end is still to come */
  size_t partial_length, partial_room;
  struct segment *waiting; /* in ascending order */
};

/* A picture on its way to here. */
struct object {
  uint64_t id, length, received, number;
  uint8_t key[KEY], hash[KEY];
  uint8_t *copy; /* its bytes, where they are wanted */
  struct ranges got;
  bool is_complete;
};

struct outbound {
  uint8_t *bytes; /* base ..< end */
  size_t room;
  uint64_t base, next, end; /* next: the first that was never sent */
  uint64_t limit;           /* the peer's credit */
  struct ranges lost;       /* to be sent again */
};

/* A packet that waits for its acknowledgement, and what was in it. */
struct sent {
  uint64_t number;
  double at;
  uint32_t size;
  bool is_open, is_probe;
  uint8_t credits;                /* a bit for each channel */
  struct range parts[CHANNELS];   /* of the streams */
};

struct recovery {
  struct sent *sent; /* in ascending order; a ring of `room`, of which first ..< last are used */
  uint32_t room, first, last;
  uint64_t in_flight, window, threshold, unasked;
  double recovering_since, smoothed, variation, least, loss_at, eliciting_at;
  uint64_t greatest_acked;
  uint32_t timeouts;
  bool has_acked, must_probe;
};

struct session {
  int socket;
  uint32_t own_id, peer_id;
  uint8_t reset_token[16];
  double heard_at, sent_at;
  bool has_ended; /* it was closed from here, or the server is gone */

  struct cipher opening, opening_before; /* of the present key phase, and the one before */
  uint8_t opening_phase;
  bool has_seen;
  uint64_t greatest, seen[REPLAY_PACKETS / 64];
  struct ranges received;
  uint32_t unacknowledged;
  bool must_acknowledge;
  double acknowledge_at, greatest_at;
  struct inbound inbound[2];
  uint64_t objects_received, objects_granted;
  struct object *objects[OBJECTS_KEPT];
  uint32_t object_count; /* of all time */

  struct cipher sealing;
  uint8_t sealing_phase;
  uint64_t next_number, phase_begin;
  double phase_since;
  struct outbound outbound[CHANNELS];
  uint64_t object_begins[OBJECTS_KEPT], objects_offered; /* where ours begin in their channel */
  uint8_t wanted_credits;
  bool must_ping, must_answer_path;
  uint8_t path_challenge[8];
  size_t datagram_size;
  int probe_step, probe_tries;
  enum probe_result { PROBE_PENDING, PROBE_ARRIVED, PROBE_LOST } probe_result;
  struct recovery recovery;
};

/* What the program does with what it gets. */
extern struct session_events {
  void (*message)(struct session *session, enum channel channel, uint8_t type, struct reader body,
                  double now);
  void (*object)(struct session *session, struct object *object, double now);
} session_events;

/* Prints why this session cannot go on, and ends the program. */
_Noreturn void complain(const struct session *session, const char *why);

/* The session must be all zeros but for socket and ids. */
void begin_session(struct session *session, const uint8_t sending[KEY],
                   const uint8_t receiving[KEY], bool is_aes, double now);

/* Takes one Data or Reset datagram, which it decrypts where it lies. */
void receive_datagram(struct session *session, uint8_t *datagram, size_t length, double now);

/* Appends to a stream; `flush_session` sends it. */
void write_stream(struct session *session, enum channel channel, const uint8_t *bytes,
                  size_t length);

/* Appends an object of our own; ids are 1, 2, 3 … */
void write_object(struct session *session, const uint8_t *bytes, size_t length);

/* Sends all that may go now. */
void flush_session(struct session *session, double now);

/* When `flush_session` is due at the latest. */
double session_deadline(const struct session *session);

/* What is due by time: loss, probe timeouts, keep-alive. */
void wake_session(struct session *session, double now);

/* Finds out how large datagrams may be. */
void probe_path(struct session *session);

void close_session(struct session *session, double now);

/* ---- Between the files of the session ---- */

uint64_t stream_grant(enum channel channel);
void take_stream(struct session *session, enum channel channel, uint64_t offset,
                 struct reader bytes, double now);
void skip_stream(struct session *session, enum channel channel, uint64_t offset, double now);

/* Whether the object may still come or was complete; NULL with true: it was, long ago. */
bool find_object(struct session *session, uint64_t id, struct object **object);

/* Makes room for an object that will come. */
struct object *expect_object(struct session *session, uint64_t id, uint64_t length,
                             const uint8_t key[KEY]);

/* False: there is no room to note it. */
bool take_object_bytes(struct session *session, struct object *object, uint64_t offset,
                       struct reader bytes, double now);

void take_ack(struct session *session, struct reader *frames, double now);
void note_sent(struct session *session, struct sent packet);
double recovery_deadline(const struct session *session);
void wake_recovery(struct session *session, double now);

#endif
