#define _GNU_SOURCE
#include "flight.h"

#include <errno.h>
#include <inttypes.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "sockets.h"

enum { IDLE_NAP = 2000000 }; /* nanoseconds, while nobody commands */

static const double QUIET_LIMIT = 0.5; /* seconds without a delivery: what is missing is lost */

struct traffic traffic = {.seconds_limit = 30, .nap_chosen = -1};
uint64_t first_open, next_message, strays;

static uint64_t deliveries;
static uint32_t missing[WINDOW_MAX]; /* rows are found by the number modulo WINDOW_MAX */
static double sent_at[WINDOW_MAX];
static double arrived_at[WINDOW_MAX];

/* A measurement: a window to keep full, or a rate to keep. */
struct plan {
  uint64_t window, rate, messages;
};

struct tally {
  uint64_t complete, lost;
  double *latencies, seconds, cpu_seconds;
};

void receive_message(uint64_t number, double now) {
  uint64_t row = number % WINDOW_MAX;
  if (number - first_open >= next_message - first_open || !missing[row]) {
    strays++;
    return;
  }
  deliveries++;
  if (--missing[row] == 0)
    arrived_at[row] = now;
}

static void say_next(double due) {
  uint64_t number = next_message++;
  missing[number % WINDOW_MAX] = traffic.recipients;
  sent_at[number % WINDOW_MAX] = due;
  traffic.say(number);
}

/* Says all that the plan lets go now. */
static void say_what_is_due(struct plan plan, uint64_t begin, uint64_t end, double started,
                            double now) {
  while (next_message < end && next_message - first_open < plan.window) {
    double due = started + (double)(next_message - begin) / (double)plan.rate;
    if (plan.rate && due > now)
      return;
    say_next(plan.rate ? due : seconds(CLOCK_MONOTONIC));
  }
}

/* What has arrived everywhere, in order, leaves the flight; with `give_up` all does. */
static void close_rows(struct tally *tally, bool give_up) {
  for (; first_open < next_message; first_open++) {
    uint64_t row = first_open % WINDOW_MAX;
    if (missing[row] && !give_up)
      return;
    if (missing[row])
      tally->lost += missing[row];
    else
      tally->latencies[tally->complete++] = arrived_at[row] - sent_at[row];
  }
}

static void fly(struct plan plan, struct tally *tally) {
  uint64_t begin = next_message, end = next_message + plan.messages;
  double started = seconds(CLOCK_MONOTONIC), cpu_started = seconds(CLOCK_PROCESS_CPUTIME_ID);
  double now = started, last_progress = started;
  while (first_open < end) {
    if (now - started > traffic.seconds_limit)
      end = next_message;
    bool was_empty = first_open == next_message;
    say_what_is_due(plan, begin, end, started, now);
    uint64_t before = deliveries;
    traffic.listen();
    now = seconds(CLOCK_MONOTONIC);
    if (deliveries > before || was_empty)
      last_progress = now;
    bool give_up = now - last_progress > QUIET_LIMIT;
    close_rows(tally, give_up);
    if (give_up)
      last_progress = now;
  }
  tally->seconds = seconds(CLOCK_MONOTONIC) - started;
  tally->cpu_seconds = seconds(CLOCK_PROCESS_CPUTIME_ID) - cpu_started;
}

/* A nap is about a fifth of the time that the window takes, so many datagrams are taken at once; it
 * adds up to its length to a latency. */
static long nap_for(uint64_t window) {
  const uint64_t shortest = 150000, longest = 1000000, fifth_of_a_delivery = 600;
  uint64_t wanted = window * traffic.clients * fifth_of_a_delivery;
  return (long)(wanted < shortest ? shortest : wanted > longest ? longest : wanted);
}

static int ascending(const void *a, const void *b) {
  double left = *(const double *)a, right = *(const double *)b;
  return (left > right) - (left < right);
}

static double microseconds_at(const double *sorted, uint64_t count, double share) {
  return count ? sorted[(uint64_t)(share * (double)(count - 1))] * 1e6 : 0;
}

void choose_nap(double microseconds) {
  traffic.nap_chosen = microseconds < 0 ? -1 : (long)(microseconds * 1000);
  if (traffic.nap_chosen >= 0)
    nap = traffic.nap_chosen;
}

static void measure(struct plan plan) {
  struct tally tally = {.latencies = calloc(plan.messages, sizeof *tally.latencies)};
  if (!tally.latencies)
    fail("calloc");
  deliveries = strays = 0;
  nap = traffic.nap_chosen < 0 ? nap_for(plan.rate ? 1 : plan.window) : traffic.nap_chosen;
  uint64_t begin = next_message;
  fly(plan, &tally);
  qsort(tally.latencies, tally.complete, sizeof *tally.latencies, ascending);
  printf("{\"clients\": %" PRIu32 ", \"window\": %" PRIu64 ", \"rate\": %" PRIu64
         ", \"messages\": %" PRIu64 ", \"deliveries\": %" PRIu64 ", \"lost\": %" PRIu64
         ", \"stray\": %" PRIu64 ", \"wall_seconds\": %.6f, \"load_cpu_seconds\": %.6f"
         ", \"latency_p50_us\": %.1f, \"latency_p99_us\": %.1f}\n",
         traffic.clients, plan.rate ? 0 : plan.window, plan.rate, next_message - begin, deliveries,
         tally.lost, strays, tally.seconds, tally.cpu_seconds,
         microseconds_at(tally.latencies, tally.complete, 0.50),
         microseconds_at(tally.latencies, tally.complete, 0.99));
  fflush(stdout);
  free(tally.latencies);
}

void measure_window(uint64_t window, uint64_t messages) {
  measure((struct plan){.window = window, .messages = messages});
}

/* The next line of standard input; NULL at its end. Meanwhile it listens if that is wanted. */
static char *next_line(bool listens) {
  static char held[1024];
  static size_t length, taken;
  memmove(held, held + taken, length - taken);
  length -= taken;
  taken = 0;
  for (;;) {
    char *end = memchr(held, '\n', length);
    if (end) {
      *end = '\0';
      taken = (size_t)(end - held) + 1;
      return held;
    }
    if (length == sizeof held)
      return NULL;
    while (listens && poll(&(struct pollfd){.fd = STDIN_FILENO, .events = POLLIN}, 1, 0) == 0) {
      nap = IDLE_NAP;
      traffic.listen();
    }
    ssize_t count = read(STDIN_FILENO, held + length, sizeof held - length);
    if (count <= 0)
      return NULL;
    length += (size_t)count;
  }
}

void obey(bool listens, bool (*other)(const char *line)) {
  for (const char *line; (line = next_line(listens));) {
    uint64_t pace, messages;
    bool is_known = false;
    if (sscanf(line, "measure %" SCNu64 " %" SCNu64, &pace, &messages) == 2 && pace >= 1 &&
        pace <= WINDOW_MAX && messages >= 1 && messages <= MESSAGES_MAX) {
      measure_window(pace, messages);
      is_known = true;
    } else if (sscanf(line, "rate %" SCNu64 " %" SCNu64, &pace, &messages) == 2 && pace >= 1 &&
               pace <= RATE_MAX && messages >= 1 && messages <= MESSAGES_MAX) {
      measure((struct plan){.window = WINDOW_MAX, .rate = pace, .messages = messages});
      is_known = true;
    } else if (other) {
      is_known = other(line);
    }
    if (!is_known) {
      fprintf(stderr, "%s: not a command: %s\n", program_invocation_short_name, line);
      exit(2);
    }
  }
}
