/*
 * flight: messages on their way from a speaker to many clients, who still waits for them, and how
 * long they took. Every load generator sends through it, so all of them count alike.
 *
 * A message is in flight until every client that is to have it has received it. Its latency is the
 * time until then from when it was sent, or from when it should have been sent where a rate is
 * kept. When nothing awaited arrives for half a second, what is missing counts as lost and the
 * flight goes on; and after a limit nothing more is sent. So it always ends.
 */
#ifndef FLIGHT_H
#define FLIGHT_H

#include <stdbool.h>
#include <stdint.h>

enum {
  WINDOW_MAX = 32768, /* messages in flight */
  MESSAGES_MAX = 10000000,
  RATE_MAX = 1000000, /* messages a second */
};

/* What a load generator adds: how to say something, and how to hear. */
struct traffic {
  uint32_t clients;
  uint32_t recipients;          /* who wait for each message */
  double seconds_limit;         /* after which a measurement sends nothing more */
  long nap_chosen;              /* nanoseconds; negative: see `choose_nap` */
  void (*say)(uint64_t number); /* sends the message */
  bool (*listen)(void); /* waits a little, calls `receive_message`, tells if anything came */
};

extern struct traffic traffic;

/* Messages first_open ..< next_message are in flight. The numbers run on over all measurements, so
 * that a late message is never taken for one of the next. */
extern uint64_t first_open, next_message;

/* What no one waited for: late messages, echoes, changed ones. */
extern uint64_t strays;

/* How long to nap in measurements; a negative number leaves it to them. */
void choose_nap(double microseconds);

/* One recipient has this message; one that nobody waits for counts as a stray. */
void receive_message(uint64_t number, double now);

/* Sends so many messages, keeps the window full, and prints one line of JSON. */
void measure_window(uint64_t window, uint64_t messages);

/*
 * Obeys one command a line on standard input until its end, and answers each with one line of JSON:
 *
 *   measure WINDOW MESSAGES       with at most WINDOW in flight; the next message waits for the one
 *                                 WINDOW before it
 *   rate MESSAGES_PER_SECOND MESSAGES   whether or not the others have arrived
 *
 * Any other line goes to `other`, which says whether it knows it. While nobody commands, it listens
 * if `listens` is set.
 */
void obey(bool listens, bool (*other)(const char *line));

#endif
