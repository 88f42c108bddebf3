#define _GNU_SOURCE
#include "clients.h"

#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>

#include "../Common/flight.h"
#include "../Common/sockets.h"
#include "handshake.h"

enum {
  BATCH = 16, /* datagrams taken from one socket by one call */
  ARENA_ROW = DATAGRAM_MAX + 1 + 4 * 64, /* so that rows do not share the processor's cache lines */
  RECEIVE_BUFFER = 1 << 20,
  CHECKER = 1, /* keeps the bytes of pictures and compares their hashes */
};

static const double LOOK_AT_CLOCK = 0.002; /* seconds between looks at what is due */

struct client *clients;
uint32_t client_count, connected_count, welcomed_count, informed_count;
void (*on_said)(uint64_t number, size_t length, double now);
void (*on_shown)(uint64_t number, double now);

static bool joins;
static uint32_t sharers; /* how many clients share a socket: one, as a rule */
static uint64_t speakers_run;
static double deadlines[CLIENTS_MAX]; /* side by side: all are looked at often */
static const uint8_t *offered;
static size_t offered_length;

static uint8_t arena[BATCH][ARENA_ROW];
static struct iovec rows[BATCH];
static struct mmsghdr incoming[BATCH];

static uint32_t index_of(const struct client *client) { return (uint32_t)(client - clients); }

/* ---- What a client says ---- */

static void write_message(struct client *client, enum channel channel, uint8_t type,
                          struct reader body, struct reader text) {
  uint8_t head[16], *at = put_varint(head, 1 + bytes_left(&body) + bytes_left(&text));
  *at++ = type;
  write_stream(&client->session, channel, head, (size_t)(at - head));
  write_stream(&client->session, channel, body.at, bytes_left(&body));
  write_stream(&client->session, channel, text.at, bytes_left(&text));
}

static void join(struct client *client) {
  uint8_t body[64], *at = body;
  uint64_t run;
  randombytes_buf(&run, sizeof run);
  if (index_of(client) == SPEAKER)
    speakers_run = run;
  *at++ = 0; /* no number behind the name */
  at = put_integer(at, run, 8);
  at = put_varint(at, client->name_length);
  at = put_bytes(at, client->name, client->name_length);
  at = put_integer(at, 0, 8); /* no log to go on in */
  at = put_varint(at, 0);
  write_message(client, CONTROL, JOIN, (struct reader){.at = body, .end = at}, (struct reader){0});
}

void say(uint64_t number, const char *text, size_t length) {
  const uint8_t *bytes = (const uint8_t *)text;
  uint8_t body[16], *end = put_varint(put_varint(body, number), TALK);
  *end++ = 0; /* a text */
  write_message(&clients[SPEAKER], TALK, SAY, (struct reader){.at = body, .end = end},
                (struct reader){.at = bytes, .end = bytes + length});
}

void offer(uint64_t number, const uint8_t *picture, size_t length) {
  uint8_t body[80], *at = put_varint(body, number);
  at = put_varint(at, clients[SPEAKER].session.objects_offered + 1);
  *at++ = 0; /* a picture */
  at = put_varint(at, length);
  crypto_generichash(at, KEY, picture, length, NULL, 0);
  at = put_varint(at + KEY, TALK);
  offered = picture;
  offered_length = length;
  write_message(&clients[SPEAKER], CONTROL, OFFER, (struct reader){.at = body, .end = at},
                (struct reader){0});
}

/* ---- What a client hears ---- */

static void count_others(struct client *client, struct reader name, int step) {
  if (bytes_left(&name) == client->name_length &&
      memcmp(name.at, client->name, client->name_length) == 0)
    return;
  client->others += (uint32_t)step;
  if (client->others > client_count)
    complain(&client->session, "more are present than ever joined");
  informed_count += step > 0 && client->others == client_count - 1;
}

static void take_welcome(struct client *client) {
  if (client->phase != CONNECTED)
    complain(&client->session, "WELCOME to who has not joined");
  client->phase = WELCOMED;
  welcomed_count++;
  if (index_of(client) == SPEAKER)
    probe_path(&client->session);
}

static void take_receipt(struct client *client, struct reader body) {
  char why[160];
  read_integer(&body, 1);
  uint64_t number = read_varint(&body), status = read_integer(&body, 1);
  struct reader words = read_block(&body);
  if (!body.failed && status == 0)
    return;
  snprintf(why, sizeof why, "number %" PRIu64 " was not accepted: %.*s", number,
           (int)(bytes_left(&words) > 100 ? 100 : bytes_left(&words)), (const char *)words.at);
  complain(&client->session, why);
}

static void take_control(struct client *client, uint8_t type, struct reader body) {
  struct reader words;
  char why[160];
  switch (type) {
  case WELCOME:
    take_welcome(client);
    break;
  case REFUSED:
    read_integer(&body, 1);
    words = read_block(&body);
    snprintf(why, sizeof why, "was not let in: %.*s",
             (int)(bytes_left(&words) > 100 ? 100 : bytes_left(&words)), (const char *)words.at);
    complain(&client->session, why);
  case RECEIPT:
    take_receipt(client, body);
    break;
  case WANT:
    write_object(&client->session, offered, offered_length);
    break;
  case PRESENT:
    for (uint64_t count = read_varint(&body); count && !body.failed; count--) {
      read_varint(&body);
      count_others(client, read_block(&body), 1);
    }
    break;
  default:
    complain(&client->session, "a control message of no type");
  }
  if (body.failed)
    complain(&client->session, "a control message that is cut short");
}

/* What every message has. Gives the number by which its author knows it. */
static uint64_t take_author(struct client *client, struct reader *body) {
  uint64_t number = read_varint(body);
  read_varint(body); /* time */
  if (read_integer(body, 8) != speakers_run)
    complain(&client->session, "a message by nobody of these");
  if (number <= client->last_number)
    complain(&client->session, "messages are numbered out of order");
  client->last_number = number;
  return read_varint(body);
}

static void take_showed(struct client *client, struct reader body) {
  uint64_t number = take_author(client, &body);
  uint64_t id = read_varint(&body), length = read_varint(&body);
  read_integer(&body, 2); /* width */
  read_integer(&body, 2); /* height */
  const uint8_t *key = read_bytes(&body, KEY), *hash = read_bytes(&body, KEY);
  if (body.failed || bytes_left(&body))
    complain(&client->session, "SHOWED whose fields are wrong");
  if (index_of(client) == SPEAKER)
    return;
  struct object *object = expect_object(&client->session, id, length, key);
  object->number = number;
  memcpy(object->hash, hash, KEY);
  if (index_of(client) == CHECKER && !(object->copy = realloc(object->copy, length)))
    fail("realloc");
}

static void take_event(struct client *client, uint8_t type, struct reader body, double now) {
  uint64_t event = read_varint(&body), number;
  if (event <= client->last_event)
    complain(&client->session, "events are out of order");
  client->last_event = event;
  read_varint(&body); /* member */
  switch (type) {
  case JOINED:
    count_others(client, read_block(&body), 1);
    break;
  case LEFT:
    client->others--;
    read_integer(&body, 1);
    break;
  case SAID:
    number = take_author(client, &body);
    on_said(number, bytes_left(&body), now);
    break;
  case SHOWED:
    take_showed(client, body);
    break;
  default:
    complain(&client->session, "an event of no type");
  }
  if (body.failed)
    complain(&client->session, "an event that is cut short");
}

static void take_message(struct session *session, enum channel channel, uint8_t type,
                         struct reader body, double now) {
  struct client *client = (struct client *)session;
  if (channel == CONTROL)
    take_control(client, type, body);
  else
    take_event(client, type, body, now);
}

static void take_picture(struct session *session, struct object *object, double now) {
  uint8_t hash[KEY];
  if (object->copy) {
    crypto_generichash(hash, KEY, object->copy, object->length, NULL, 0);
    if (memcmp(hash, object->hash, KEY) != 0)
      complain(session, "a picture whose bytes are wrong");
  }
  on_shown(object->number, now);
}

/* ---- Datagrams and time ---- */

static void set_deadline(struct client *client) {
  double *deadline = &deadlines[index_of(client)];
  if (client->session.has_ended || client->phase == OUTSIDE)
    *deadline = INFINITY;
  else if (client->phase < CONNECTED)
    *deadline = client->session.sent_at + client->wait;
  else
    *deadline = session_deadline(&client->session);
}

static void take_datagram(struct client *client, uint8_t *datagram, size_t length, double now) {
  if (*datagram < DATA) {
    if (!take_answer(client, datagram, length, now))
      return;
    connected_count++;
    if (joins)
      join(client);
  } else if (client->phase >= CONNECTED) {
    receive_datagram(&client->session, datagram, length, now);
  }
}

/* For whom of those that share a socket a datagram is. A Reset names the server's id, and ends the
 * program whoever gets it. */
static struct client *addressee(struct client *first, const uint8_t *datagram, size_t length) {
  size_t index_at = *datagram == HELLO_ANSWER ? 8 : 3;
  if (sharers == 1 || *datagram == RESET || length < index_at + 2)
    return first;
  struct reader index = {.at = datagram + index_at, .end = datagram + length};
  struct client *client = &clients[read_integer(&index, 2) & INDEX_BITS];
  if (client < first || client >= first + sharers || client >= clients + client_count)
    complain(&first->session, "a datagram for another address");
  return client;
}

/* Takes what has arrived at the socket of `first` and of those behind it that share it. */
static void empty(uint32_t first, double now) {
  struct client *begin = &clients[first];
  struct client *end = &clients[first + sharers < client_count ? first + sharers : client_count];
  int count;
  do {
    count = recvmmsg(begin->session.socket, incoming, BATCH, MSG_DONTWAIT, NULL);
    for (struct client *client = begin; count < 0 && client < end; client++)
      client->session.has_ended |= errno == ECONNREFUSED;
    if (count < 0 && errno != ECONNREFUSED && errno != EAGAIN)
      fail("receive");
    for (int i = 0; i < count; i++)
      if (incoming[i].msg_len)
        take_datagram(addressee(begin, arena[i], incoming[i].msg_len), arena[i],
                      incoming[i].msg_len, now);
  } while (count == BATCH);
  for (struct client *client = begin; client < end; client++) {
    if (client->phase >= CONNECTED)
      flush_session(&client->session, now);
    set_deadline(client);
  }
}

static void do_what_is_due(double now) {
  static double looked_at;
  if (now - looked_at < LOOK_AT_CLOCK)
    return;
  looked_at = now;
  for (uint32_t i = 0; i < client_count; i++) {
    struct client *client = &clients[i];
    if (deadlines[i] > now)
      continue;
    if (client->phase >= CONNECTED) {
      wake_session(&client->session, now);
    } else {
      client->session.sent_at = now;
      repeat_question(client);
    }
    set_deadline(client);
  }
}

bool listen_to_clients(void) {
  struct client *speaker = &clients[SPEAKER];
  if (speaker->phase >= CONNECTED) {
    flush_session(&speaker->session, seconds(CLOCK_MONOTONIC));
    set_deadline(speaker);
  }
  bool any = look_at_sockets(empty);
  do_what_is_due(seconds(CLOCK_MONOTONIC));
  return any;
}

/* ---- Coming in ---- */

void make_clients(uint16_t port, uint32_t count, bool will_join) {
  if (sodium_init() < 0)
    fail("libsodium");
  session_events.message = take_message;
  session_events.object = take_picture;
  joins = will_join;
  client_count = count;
  clients = calloc(count, sizeof *clients);
  if (!clients)
    fail("calloc");
  for (int i = 0; i < BATCH; i++) {
    rows[i] = (struct iovec){.iov_base = arena[i], .iov_len = ARENA_ROW};
    incoming[i].msg_hdr = (struct msghdr){.msg_iov = &rows[i], .msg_iovlen = 1};
  }
  uint32_t sockets = descriptors_allowed(count);
  sharers = (count + sockets - 1) / sockets;
  for (uint32_t i = 0; i < count; i++) {
    struct client *client = &clients[i];
    make_key_pair(&client->key);
    client->name_length = (size_t)snprintf(client->name, NAME_ROOM, "c%05" PRIu32, i);
    client->session.own_id = (randombytes_random() & ~(uint32_t)INDEX_BITS) | i;
    if (i % sharers == 0) {
      client->session.socket = open_datagram_socket(port, RECEIVE_BUFFER);
      watch_socket(client->session.socket, i);
    } else {
      client->session.socket = client[-1].session.socket;
    }
    deadlines[i] = INFINITY;
  }
}

void let_all_in(uint32_t at_once, double patience) {
  double last_progress = seconds(CLOCK_MONOTONIC);
  uint32_t begun = 0, progress = 0, in;
  while ((in = joins ? welcomed_count : connected_count) < client_count) {
    double now = seconds(CLOCK_MONOTONIC);
    for (; begun < client_count && begun < in + at_once; begun++) {
      begin_handshake(&clients[begun], now);
      set_deadline(&clients[begun]);
    }
    listen_to_clients();
    if (connected_count + welcomed_count > progress) {
      progress = connected_count + welcomed_count;
      last_progress = now;
    } else if (now - last_progress > patience) {
      fprintf(stderr, "load: of %" PRIu32 " clients %" PRIu32 " have a session, %" PRIu32
                      " were welcomed\n",
              client_count, connected_count, welcomed_count);
      exit(1);
    }
  }
}
