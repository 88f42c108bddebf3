/*
 * load: joins many classic clients to a chat server on loopback, lets some of them speak, and
 * counts what arrives.
 *
 *   load --port PORT --clients N [--speakers K] [--size BYTES] [--nap MICROSECONDS] [--seconds
 * LIMIT]
 *
 * When all have joined it prints {"joined": N}. Then it obeys the commands of flight.h on standard
 * input, for instance:  echo measure 32 1000 | load --port 12345 --clients 200
 *
 * It should disturb the server little and cost clearly less than it: it naps (see sockets.h; by
 * default from 150 µs to 1 ms, `--nap` sets another length), one recvmmsg call empties a socket,
 * and only the first bytes of a datagram are copied (MSG_TRUNC tells its true length).
 *
 * The clients do not leave: end the server first, or it sends to closed ports for a while.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "../Common/flight.h"
#include "../Common/options.h"
#include "../Common/sockets.h"

enum {
  CLIENTS_MAX = 30000,
  SIZE_MIN = 16,
  SIZE_MAX_BYTES = 1400,
  BATCH = 64, /* datagrams taken from one socket by one call */
  JOINS_IN_FLIGHT = 32,
  RECEIVE_BUFFER = 1 << 20, /* holds a full window, and all notices of a thousand joins */
  HEAD = SIZE_MIN,
};

static const double SETTLED_AFTER =
    0.02; /* seconds without a datagram after which the joins are over */

static int sockets[CLIENTS_MAX];
static uint32_t speakers = 1;
static size_t size = 100;
static uint32_t
    notices_seen_by_first; /* join notices that client 0, who joins first, has received */

static char heads[BATCH][HEAD];
static struct iovec head_payloads[BATCH];
static struct mmsghdr incoming[BATCH];

/* ---- Datagrams: `c00042: 00000017 …` and `c00042 has joined the chat.` ---- */

static const char JOINED[] = " has joined the chat.";

static void send_join(uint32_t client) {
  char text[64];
  int length = snprintf(text, sizeof text, "c%05" PRIu32 "%s", client, JOINED);
  if (send(sockets[client], text, (size_t)length, 0) < 0)
    fail("join");
}

static void send_message(uint64_t number) {
  char text[SIZE_MAX_BYTES + 1];
  uint32_t speaker = (uint32_t)(number % speakers);
  memset(text, '.', size);
  int head = snprintf(text, sizeof text, "c%05" PRIu32 ": %08" PRIu64, speaker, number % 100000000);
  text[head] = '.';
  if (send(sockets[speaker], text, size, 0) < 0)
    fail("send");
}

/* Whether the datagram is a message that this client may wait for; then its number. */
static bool is_message(uint32_t client, const char *head, size_t length, uint64_t *number) {
  if (length != size || head[0] != 'c' || head[6] != ':')
    return false;
  uint64_t shown = 0;
  for (int i = 8; i < HEAD; i++)
    shown = shown * 10 + (uint64_t)(head[i] - '0');
  *number = first_open + (shown + 100000000 - first_open % 100000000) % 100000000;
  return *number % speakers != client;
}

static void take(uint32_t client, const char *head, size_t length, double now) {
  uint64_t number;
  if (is_message(client, head, length, &number))
    receive_message(number, now);
  else if (length == 6 + strlen(JOINED) && head[6] == ' ')
    notices_seen_by_first += client == 0;
  else
    strays++;
}

static void empty(uint32_t client, double now) {
  int count;
  do {
    count = recvmmsg(sockets[client], incoming, BATCH, MSG_DONTWAIT | MSG_TRUNC, NULL);
    if (count < 0 && errno != EAGAIN)
      fail("receive");
    for (int i = 0; i < count; i++)
      take(client, heads[i], incoming[i].msg_len, now);
  } while (count == BATCH);
}

static bool listen_to_all(void) { return look_at_sockets(empty); }

/* ---- Joining ---- */

static void open_clients(uint16_t port) {
  allow_descriptors(traffic.clients);
  for (uint32_t i = 0; i < traffic.clients; i++) {
    sockets[i] = open_datagram_socket(port, RECEIVE_BUFFER);
    watch_socket(sockets[i], i);
  }
}

/* Paced by the notices that the first client receives of the others, which also prove that they
 * joined. */
static void join_all(void) {
  double last_progress = seconds(CLOCK_MONOTONIC);
  uint32_t sent = 0, seen = 0;
  while (seen + 1 < traffic.clients) {
    while (sent < traffic.clients && sent <= seen + JOINS_IN_FLIGHT)
      send_join(sent++);
    listen_to_all();
    double now = seconds(CLOCK_MONOTONIC);
    if (notices_seen_by_first > seen) {
      seen = notices_seen_by_first;
      last_progress = now;
    } else if (now - last_progress > 2) {
      fprintf(stderr, "load: only %" PRIu32 " of %" PRIu32 " clients could join\n", seen + 1,
              traffic.clients);
      exit(1);
    }
  }
  for (double quiet_since = seconds(CLOCK_MONOTONIC);
       seconds(CLOCK_MONOTONIC) - quiet_since < SETTLED_AFTER;)
    if (listen_to_all())
      quiet_since = seconds(CLOCK_MONOTONIC);
}

int main(int argc, char **argv) {
  double port = NAN, clients = NAN, chosen_speakers = 1, chosen_size = 100, chosen_nap = -1;
  read_options(argc, argv,
               (struct number_option[]){
                   {"port", &port, 1, UINT16_MAX},
                   {"clients", &clients, 2, CLIENTS_MAX},
                   {"speakers", &chosen_speakers, 1, CLIENTS_MAX},
                   {"size", &chosen_size, SIZE_MIN, SIZE_MAX_BYTES},
                   {"nap", &chosen_nap, 0, 10000},
                   {"seconds", &traffic.seconds_limit, 0, 3600},
                   {0},
               });
  speakers = (uint32_t)fmin(chosen_speakers, clients);
  size = (size_t)chosen_size;
  choose_nap(chosen_nap);
  traffic.clients = (uint32_t)clients;
  traffic.recipients = traffic.clients - 1;
  traffic.say = send_message;
  traffic.listen = listen_to_all;

  for (int i = 0; i < BATCH; i++) {
    head_payloads[i] = (struct iovec){.iov_base = heads[i], .iov_len = HEAD};
    incoming[i].msg_hdr = (struct msghdr){.msg_iov = &head_payloads[i], .msg_iovlen = 1};
  }
  open_clients((uint16_t)port);
  join_all();
  printf("{\"joined\": %" PRIu32 "}\n", traffic.clients);
  fflush(stdout);
  obey(false, NULL);
}
