/*
 * load: joins many native clients to chatd on loopback, lets the first of them speak, and counts
 * what arrives.
 *
 *   load --port PORT --clients N [--size BYTES] [--nap MICROSECONDS] [--seconds LIMIT]
 *        [--joins 0|1] [--at-once CLIENTS] [--informed 0|1] [--together 0|1]
 *
 * Every client has its own key pair and its own address; where this process may not open as many
 * sockets, some share one. It is a whole client of the protocol: it checks every tag, acknowledges
 * in time, grants credit, answers probes, sends again what is lost. What it leaves out is what it
 * would do with a message. A mistake of the server ends it with a word.
 *
 * All come in, at most CLIENTS of them at a time; with `--joins 0` they take up a session and do
 * not join, with `--informed 1` it waits until each knows of all others. Then it prints one line of
 * JSON: how many, the seconds until all were in and until all knew, and its own CPU time. Keys are
 * made before that. Then it obeys the commands of flight.h, which say messages of SIZE bytes, each
 * in a packet of its own or, with `--together 1`, in one with all that may go now; and
 *
 *   pictures COUNT PATH    shows the JPEG so often, one after the other, and each time another one:
 *                          a comment in it counts. A picture has arrived when all its bytes have.
 *   close                  ends all sessions
 *
 * While nobody commands it goes on to listen, so that sessions stay alive. Among the latencies is
 * a nap (see sockets.h).
 */
#define _GNU_SOURCE
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "../Common/flight.h"
#include "../Common/options.h"
#include "../Common/sockets.h"
#include "clients.h"

enum { SIZE_MAX_BYTES = 4000, PICTURE_MAX = 1 << 20, COMMENT = 12 };

static const double PATIENCE = 10;         /* seconds without anybody coming in */
static const double SETTLED_AFTER = 0.020; /* seconds without a datagram: the joins are over */

static bool says_together;
static size_t size;
static char text[SIZE_MAX_BYTES];
static uint8_t picture[PICTURE_MAX];
static size_t picture_length;

/* What is said and what is shown are numbered apart, and the flight numbers both. */
static uint64_t said_last, shown_last, said_offset, shown_offset;

static void say_message(uint64_t number) {
  said_offset = number - ++said_last;
  say(said_last, text, size);
  if (!says_together)
    flush_session(&clients[SPEAKER].session, seconds(CLOCK_MONOTONIC));
}

static void hear_message(uint64_t number, size_t length, double now) {
  if (length == size)
    receive_message(number + said_offset, now);
  else
    strays++;
}

static void show_picture(uint64_t number) {
  shown_offset = number - ++shown_last;
  put_integer(picture + 2 + 4, shown_last, COMMENT - 4);
  offer(shown_last, picture, picture_length);
}

static void see_picture(uint64_t number, double now) {
  receive_message(number + shown_offset, now);
}

/* Reads a JPEG and puts a comment behind its first marker. */
static bool read_picture(const char *path) {
  FILE *file = fopen(path, "rb");
  if (!file)
    return false;
  bool is_jpeg = fread(picture, 1, 2, file) == 2 && picture[0] == 0xff && picture[1] == 0xd8;
  uint8_t *at = put_integer(picture + 2, 0xfffe, 2);
  put_integer(at, COMMENT - 2, 2);
  picture_length = 2 + COMMENT;
  picture_length += fread(picture + picture_length, 1, sizeof picture - picture_length, file);
  fclose(file);
  return is_jpeg && picture_length < sizeof picture;
}

static bool show_pictures(uint64_t count, const char *path) {
  if (!read_picture(path))
    return false;
  traffic.say = show_picture;
  traffic.recipients = client_count - 1;
  measure_window(1, count);
  traffic.say = say_message;
  traffic.recipients = client_count;
  return true;
}

static bool obey_other(const char *line) {
  uint64_t count;
  char path[512];
  if (strcmp(line, "close") == 0) {
    for (uint32_t i = 0; i < client_count; i++)
      close_session(&clients[i].session, seconds(CLOCK_MONOTONIC));
    return true;
  }
  return sscanf(line, "pictures %" SCNu64 " %511[^\n]", &count, path) == 2 && count >= 1 &&
         count <= MESSAGES_MAX && show_pictures(count, path);
}

/* ---- Coming in ---- */

static void settle(void) {
  for (double quiet_since = seconds(CLOCK_MONOTONIC);
       seconds(CLOCK_MONOTONIC) - quiet_since < SETTLED_AFTER;)
    if (listen_to_clients())
      quiet_since = seconds(CLOCK_MONOTONIC);
}

static void wait_until_informed(void) {
  double last_progress = seconds(CLOCK_MONOTONIC);
  while (informed_count < client_count) {
    double now = seconds(CLOCK_MONOTONIC);
    if (listen_to_clients())
      last_progress = now;
    if (now - last_progress > PATIENCE) {
      fprintf(stderr, "load: only %" PRIu32 " of %" PRIu32 " clients know of all others\n",
              informed_count, client_count);
      exit(1);
    }
  }
}

static void come_in(uint32_t at_once, bool waits) {
  double begun = seconds(CLOCK_MONOTONIC), cpu_begun = seconds(CLOCK_PROCESS_CPUTIME_ID);
  let_all_in(at_once, PATIENCE);
  double in = seconds(CLOCK_MONOTONIC);
  if (waits)
    wait_until_informed();
  double informed = seconds(CLOCK_MONOTONIC);
  if (!waits)
    settle();
  printf("{\"joined\": %" PRIu32 ", \"in_seconds\": %.6f, \"informed_seconds\": %.6f"
         ", \"load_cpu_seconds\": %.6f}\n",
         client_count, in - begun, informed - begun,
         seconds(CLOCK_PROCESS_CPUTIME_ID) - cpu_begun);
  fflush(stdout);
}

int main(int argc, char **argv) {
  double port = NAN, count = NAN, chosen_size = 100, chosen_nap = -1, joins = 1, at_once = 64;
  double informed = 0, together = 0;
  read_options(argc, argv,
               (struct number_option[]){
                   {"port", &port, 1, UINT16_MAX},
                   {"clients", &count, 2, CLIENTS_MAX},
                   {"size", &chosen_size, 1, SIZE_MAX_BYTES},
                   {"nap", &chosen_nap, 0, 10000},
                   {"seconds", &traffic.seconds_limit, 0, 3600},
                   {"joins", &joins, 0, 1},
                   {"at-once", &at_once, 1, CLIENTS_MAX},
                   {"informed", &informed, 0, 1},
                   {"together", &together, 0, 1},
                   {0},
               });
  size = (size_t)chosen_size;
  memset(text, '.', size);
  says_together = together > 0;
  choose_nap(chosen_nap);
  traffic.clients = traffic.recipients = (uint32_t)count;
  traffic.say = say_message;
  traffic.listen = listen_to_clients;
  on_said = hear_message;
  on_shown = see_picture;
  make_clients((uint16_t)port, (uint32_t)count, joins > 0);
  come_in((uint32_t)at_once, joins > 0 && informed > 0);
  obey(true, obey_other);
}
