/*
 * load: joins many classic clients to a chat server on loopback, lets some of them speak, and
 * counts what arrives.
 *
 *   load --port PORT --clients N [--speakers K] [--size BYTES] [--nap MICROSECONDS] [--seconds
 * LIMIT]
 *
 * When all have joined it prints {"joined": N}. Then it obeys one command a line on standard input,
 * until its end:
 *
 *   measure WINDOW MESSAGES    send MESSAGES with at most WINDOW in flight, and print one line of
 * JSON
 *
 * for instance:  echo measure 32 1000 | load --port 12345 --clients 200
 *
 * A message is in flight until every client but its speaker has received it; the next one waits for
 * the one WINDOW before it. Its latency is the time from sending it to its last delivery. When
 * nothing awaited arrives for half a second, what is missing counts as lost and the window moves
 * on; and after LIMIT seconds nothing more is sent. So it always ends. "stray" counts datagrams
 * that no one waited for: late ones, echoes, changed ones.
 *
 * It should disturb the server little and cost clearly less than it:
 *   - it naps between looks at its sockets, rather than sleep in epoll_wait. Otherwise the server
 * would pay for waking it, up to once per datagram, which is the price of clients on the same
 * machine and depends on the scheduler's mood. A nap is about a fifth of the time that the window
 * takes, from 150 µs to 1 ms, so many datagrams are taken at once; it adds up to its length to a
 * latency. `--nap` sets another length, and with 0 it does sleep in epoll_wait and so times
 * latencies exactly;
 *   - epoll is edge-triggered, and one recvmmsg call empties a socket;
 *   - only the first bytes of a datagram are copied (MSG_TRUNC tells its true length).
 *
 * The clients do not leave: end the server first, or it sends to closed ports for a while.
 * Build: cc -O2 -Wall -Wextra -Werror -o load load.c
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <getopt.h>
#include <inttypes.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum {
  CLIENTS_MAX = 30000,
  WINDOW_MAX = 1024,
  MESSAGES_MAX = 10000000,
  SIZE_MIN = 16,
  SIZE_MAX_BYTES = 1400,
  BATCH = 64,   /* datagrams taken from one socket by one call */
  EVENTS = 512, /* sockets reported by one call */
  JOINS_IN_FLIGHT = 32,
  RECEIVE_BUFFER = 1 << 20, /* holds a full window, and all notices of a thousand joins */
  HEAD = SIZE_MIN,
};

static const double QUIET_LIMIT =
    0.5; /* seconds without a delivery before what is missing is lost */
static const double SETTLED_AFTER =
    0.02; /* seconds without a datagram after which the joins are over */

static int sockets[CLIENTS_MAX];
static uint32_t clients, speakers = 1;
static size_t size = 100;
static long nap_chosen = -1; /* nanoseconds; negative: chosen for each phase */
static long nap = 200000;
static double seconds_limit = 30;
static int epoll;

/*
 * Sequence numbers run on over all phases, so that a late datagram is never taken for one of the
 * next phase. Messages first_open ..< next_message are in flight; their rows are found by the
 * number modulo WINDOW_MAX.
 */
static uint64_t first_open, next_message;
static uint32_t missing[WINDOW_MAX];
static double sent_at[WINDOW_MAX];
static double arrived_at[WINDOW_MAX];

static uint64_t deliveries, strays;
static uint32_t
    notices_seen_by_first; /* join notices that client 0, who joins first, has received */

static char heads[BATCH][HEAD];
static struct iovec head_payloads[BATCH];
static struct mmsghdr incoming[BATCH];

static void fail(const char *what) {
  fprintf(stderr, "load: %s: %s\n", what, strerror(errno));
  exit(1);
}

static double seconds(clockid_t clock) {
  struct timespec time;
  clock_gettime(clock, &time);
  return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

/* ---- Datagrams: `c00042: 00000017 …` and `c00042 has joined the chat.` ---- */

static const char JOINED[] = " has joined the chat.";

static void send_join(uint32_t client) {
  char text[64];
  int length = snprintf(text, sizeof text, "c%05" PRIu32 "%s", client, JOINED);
  if (send(sockets[client], text, (size_t)length, 0) < 0)
    fail("join");
}

static void send_message(void) {
  char text[SIZE_MAX_BYTES + 1];
  uint32_t speaker = (uint32_t)(next_message % speakers);
  memset(text, '.', size);
  int head =
      snprintf(text, sizeof text, "c%05" PRIu32 ": %08" PRIu64, speaker, next_message % 100000000);
  text[head] = '.';

  uint64_t row = next_message++ % WINDOW_MAX;
  missing[row] = clients - 1;
  sent_at[row] = seconds(CLOCK_MONOTONIC);
  if (send(sockets[speaker], text, size, 0) < 0)
    fail("send");
}

/* Whether the datagram is a message in flight that this client waits for; then `*row` is the
 * message's row. */
static bool awaited(uint32_t client, const char *head, size_t length, uint64_t *row) {
  if (length != size || head[0] != 'c' || head[6] != ':')
    return false;
  uint64_t number = 0;
  for (int i = 8; i < HEAD; i++)
    number = number * 10 + (uint64_t)(head[i] - '0');
  uint64_t offset = (number + 100000000 - first_open % 100000000) % 100000000;
  if (offset >= next_message - first_open || (first_open + offset) % speakers == client)
    return false;
  *row = (first_open + offset) % WINDOW_MAX;
  return missing[*row] > 0;
}

static void take(uint32_t client, const char *head, size_t length, double now) {
  uint64_t row;
  if (awaited(client, head, length, &row)) {
    deliveries++;
    if (--missing[row] == 0)
      arrived_at[row] = now;
  } else if (length == 6 + strlen(JOINED) && head[6] == ' ') {
    notices_seen_by_first += client == 0;
  } else {
    strays++;
  }
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

/* Waits a little, takes all that has arrived, and says whether there was anything. */
static bool pump(void) {
  struct epoll_event events[EVENTS];
  if (nap)
    nanosleep(&(struct timespec){.tv_nsec = nap}, NULL);
  int timeout = nap ? 0 : (int)(SETTLED_AFTER * 1000 / 2), count;
  bool any = false;
  do {
    count = epoll_wait(epoll, events, EVENTS, timeout);
    double now = seconds(CLOCK_MONOTONIC);
    for (int i = 0; i < count; i++)
      empty(events[i].data.u32, now);
    any |= count > 0;
    timeout = 0;
  } while (count == EVENTS);
  return any;
}

/* ---- Joining ---- */

static void open_clients(uint16_t port) {
  struct rlimit files;
  getrlimit(RLIMIT_NOFILE, &files);
  if (files.rlim_cur < clients + 64) {
    files.rlim_cur = clients + 64;
    if (files.rlim_max < files.rlim_cur)
      files.rlim_max = files.rlim_cur;
    if (setrlimit(RLIMIT_NOFILE, &files))
      fail("open files");
  }
  epoll = epoll_create1(EPOLL_CLOEXEC);
  if (epoll < 0)
    fail("epoll_create1");

  const struct sockaddr_in server = {
      .sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
  const int buffer = RECEIVE_BUFFER;
  for (uint32_t i = 0; i < clients; i++) {
    sockets[i] = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (sockets[i] < 0)
      fail("socket");
    if (setsockopt(sockets[i], SOL_SOCKET, SO_RCVBUF, &buffer, sizeof buffer))
      fail("SO_RCVBUF");
    if (connect(sockets[i], (const struct sockaddr *)&server, sizeof server))
      fail("connect");
    struct epoll_event event = {.events = EPOLLIN | EPOLLET, .data.u32 = i};
    if (epoll_ctl(epoll, EPOLL_CTL_ADD, sockets[i], &event))
      fail("epoll_ctl");
  }
}

/* Paced by the notices that the first client receives of the others, which also prove that they
 * joined. */
static void join_all(void) {
  double last_progress = seconds(CLOCK_MONOTONIC);
  uint32_t sent = 0, seen = 0;
  while (seen + 1 < clients) {
    while (sent < clients && sent <= seen + JOINS_IN_FLIGHT)
      send_join(sent++);
    pump();
    double now = seconds(CLOCK_MONOTONIC);
    if (notices_seen_by_first > seen) {
      seen = notices_seen_by_first;
      last_progress = now;
    } else if (now - last_progress > 2) {
      fprintf(stderr, "load: only %" PRIu32 " of %" PRIu32 " clients could join\n", seen + 1,
              clients);
      exit(1);
    }
  }
  for (double quiet_since = seconds(CLOCK_MONOTONIC);
       seconds(CLOCK_MONOTONIC) - quiet_since < SETTLED_AFTER;)
    if (pump())
      quiet_since = seconds(CLOCK_MONOTONIC);
}

/* ---- Measuring ---- */

static long nap_for(uint64_t window) {
  const uint64_t shortest = 150000, longest = 1000000, fifth_of_a_delivery = 600;
  uint64_t wanted = window * clients * fifth_of_a_delivery;
  return (long)(wanted < shortest ? shortest : wanted > longest ? longest : wanted);
}

static int ascending(const void *a, const void *b) {
  double left = *(const double *)a, right = *(const double *)b;
  return (left > right) - (left < right);
}

static double microseconds_at(const double *sorted, uint64_t count, double share) {
  return count ? sorted[(uint64_t)(share * (double)(count - 1))] * 1e6 : 0;
}

static void measure(uint64_t window, uint64_t messages) {
  double *latencies = calloc(messages, sizeof *latencies);
  if (!latencies)
    fail("calloc");
  uint64_t complete = 0, lost = 0, begin = next_message, end = next_message + messages;
  double started = seconds(CLOCK_MONOTONIC), cpu_started = seconds(CLOCK_PROCESS_CPUTIME_ID);
  double now = started, last_progress = started;
  deliveries = strays = 0;
  nap = nap_chosen < 0 ? nap_for(window) : nap_chosen;

  while (first_open < end) {
    if (now - started > seconds_limit)
      end = next_message;
    while (next_message < end && next_message - first_open < window)
      send_message();
    uint64_t before = deliveries;
    pump();
    now = seconds(CLOCK_MONOTONIC);
    if (deliveries > before)
      last_progress = now;
    bool give_up = now - last_progress > QUIET_LIMIT;
    for (; first_open < next_message; first_open++) {
      uint64_t row = first_open % WINDOW_MAX;
      if (missing[row] && !give_up)
        break;
      if (missing[row]) {
        lost += missing[row];
      } else {
        latencies[complete++] = arrived_at[row] - sent_at[row];
      }
    }
    if (give_up)
      last_progress = now;
  }

  double wall = seconds(CLOCK_MONOTONIC) - started,
         cpu = seconds(CLOCK_PROCESS_CPUTIME_ID) - cpu_started;
  qsort(latencies, complete, sizeof *latencies, ascending);
  printf("{\"clients\": %" PRIu32 ", \"window\": %" PRIu64 ", \"messages\": %" PRIu64
         ", \"deliveries\": %" PRIu64 ", \"lost\": %" PRIu64 ", \"stray\": %" PRIu64
         ", \"wall_seconds\": %.6f, \"load_cpu_seconds\": %.6f"
         ", \"latency_p50_us\": %.1f, \"latency_p99_us\": %.1f}\n",
         clients, window, next_message - begin, deliveries, lost, strays, wall, cpu,
         microseconds_at(latencies, complete, 0.50), microseconds_at(latencies, complete, 0.99));
  fflush(stdout);
  free(latencies);
}

static void obey(void) {
  char line[256];
  while (fgets(line, sizeof line, stdin)) {
    uint64_t window, messages;
    if (sscanf(line, "measure %" SCNu64 " %" SCNu64, &window, &messages) != 2 || window < 1 ||
        window > WINDOW_MAX || messages < 1 || messages > MESSAGES_MAX) {
      fprintf(stderr, "load: not a command: %s", line);
      exit(2);
    }
    measure(window, messages);
  }
}

int main(int argc, char **argv) {
  const struct option options[] = {
      {"port", required_argument, NULL, 'p'},
      {"clients", required_argument, NULL, 'c'},
      {"speakers", required_argument, NULL, 's'},
      {"size", required_argument, NULL, 'b'},
      {"nap", required_argument, NULL, 'n'},
      {"seconds", required_argument, NULL, 'l'},
      {0},
  };
  unsigned long port = 0;
  for (int option; (option = getopt_long(argc, argv, "", options, NULL)) != -1;) {
    switch (option) {
    case 'p':
      port = strtoul(optarg, NULL, 10);
      break;
    case 'c':
      clients = (uint32_t)strtoul(optarg, NULL, 10);
      break;
    case 's':
      speakers = (uint32_t)strtoul(optarg, NULL, 10);
      break;
    case 'b':
      size = strtoul(optarg, NULL, 10);
      break;
    case 'n':
      nap = nap_chosen = strtol(optarg, NULL, 10) * 1000;
      break;
    case 'l':
      seconds_limit = strtod(optarg, NULL);
      break;
    default:
      return 2;
    }
  }
  if (port < 1 || port > UINT16_MAX || clients < 2 || clients > CLIENTS_MAX || speakers < 1 ||
      speakers > clients || size < SIZE_MIN || size > SIZE_MAX_BYTES || nap < 0 || nap > 10000000 ||
      optind != argc) {
    fprintf(
        stderr,
        "usage: load --port PORT --clients 2…%d [--speakers K] [--size %d…%d] [--nap MICROSECONDS]"
        " [--seconds LIMIT]\n",
        CLIENTS_MAX, SIZE_MIN, SIZE_MAX_BYTES);
    return 2;
  }
  prctl(PR_SET_TIMERSLACK, 1);

  for (int i = 0; i < BATCH; i++) {
    head_payloads[i] = (struct iovec){.iov_base = heads[i], .iov_len = HEAD};
    incoming[i].msg_hdr = (struct msghdr){.msg_iov = &head_payloads[i], .msg_iovlen = 1};
  }
  open_clients((uint16_t)port);
  join_all();
  printf("{\"joined\": %" PRIu32 "}\n", clients);
  fflush(stdout);
  obey();
}
