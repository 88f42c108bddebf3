/*
 * link: a bad link between two network namespaces, for tests and benchmarks.
 *
 *   link --a NAMESPACE:DEVICE --b NAMESPACE:DEVICE [--seed N] [--seconds LIMIT]
 *
 * It makes a TUN device in each namespace, of which NAMESPACE is the path (/run/netns/NAME,
 * /proc/PID/ns/net), and passes IP packets from one to the other. It prints `ready`; then the
 * devices want addresses and to be set up (ip-link(8)). What happens on the way is set by lines on
 * standard input (see control.c), for both directions or, behind `a` or `b`, for what that end
 * sends. All begins with 0, which switches it off, except late (10) and queue (100).
 *
 *   delay MS     how long a packet is under way
 *   jitter MS    up to so much longer, at random; packets keep their order
 *   loss P       the probability that a packet is lost
 *   double P     … that it comes twice, the second one up to `late` behind
 *   reorder P    … that it comes up to `late` milliseconds later, and others overtake it
 *   corrupt P    … that a bit of its UDP payload flips, with a checksum that is right
 *   rate MBIT    megabits of IP packets a second
 *   queue MS     what waits for the line; a packet that finds more is dropped
 *   longest BYTES  longer IP packets vanish without a word
 *   nat SHIFT    behind this end is a NAT: source ports of UDP are moved by SHIFT, and only ports
 *                that sent something since it was set are reached
 *   down SECONDS nothing passes for so long, what was under way included
 *
 * The same seed does the same to the same packets. Multicast does not pass. It ends with status 0
 * when standard input ends, its parent is gone, a device is gone or the LIMIT (600) is over; with 1
 * where something failed. Needs root. Build: cc -O2 -Wall -Wextra -Werror -o link *.c
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <linux/if_tun.h>
#include <net/if.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include "control.h"

enum {
  READ_AT_ONCE = 64,          /* packets of one end before the other has its turn */
  DEVICE_QUEUE_PACKETS = 8192, /* in the kernel, for when this program has to wait for a CPU */
  LOOK_AFTER_PARENT_MS = 500,
  NICENESS = -10,             /* little work, but on time */
};

static _Noreturn void fail(const char *what) {
  fprintf(stderr, "link: %s: %s\n", what, strerror(errno));
  exit(1);
}

static _Noreturn void fail_usage(void) {
  fprintf(stderr, "usage: link --a NAMESPACE:DEVICE --b NAMESPACE:DEVICE [--seed N] "
                  "[--seconds LIMIT]\n");
  exit(2);
}

/* Makes the TUN device of `where`, a namespace's path, a colon and a device's name. */
static int open_tun(char *where) {
  char *colon = where ? strrchr(where, ':') : NULL;
  struct ifreq device = {.ifr_flags = IFF_TUN | IFF_NO_PI};
  if (colon == NULL || strlen(colon + 1) == 0 || strlen(colon + 1) >= IFNAMSIZ) fail_usage();
  *colon = '\0';
  int namespace = open(where, O_RDONLY | O_CLOEXEC);
  if (namespace < 0 || setns(namespace, CLONE_NEWNET) != 0) fail(where);
  close(namespace);
  /* A TUN device belongs to the namespace in which it was opened. */
  int tun = open("/dev/net/tun", O_RDWR | O_NONBLOCK | O_CLOEXEC);
  if (tun < 0) fail("/dev/net/tun");
  strcpy(device.ifr_name, colon + 1);
  if (ioctl(tun, TUNSETIFF, &device) != 0) fail(device.ifr_name);
  int any = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  device.ifr_qlen = DEVICE_QUEUE_PACKETS;
  if (any < 0 || ioctl(any, SIOCSIFTXQLEN, &device) != 0) fail("the device's queue");
  close(any);
  return tun;
}

static void watch(int epoll, int descriptor, const char *what) {
  struct epoll_event event = {.events = EPOLLIN, .data.fd = descriptor};
  if (epoll_ctl(epoll, EPOLL_CTL_ADD, descriptor, &event) != 0) fail(what);
}

/* Takes what came in at an end; false when its device is gone. */
static bool take(struct passage *passage, int from) {
  static uint8_t packet[PACKET_BYTES_MAX];
  for (int count = 0; count < READ_AT_ONCE; count++) {
    ssize_t length = read(passage->ends[from].tun, packet, sizeof packet);
    if (length < 0) return errno == EAGAIN || errno == EINTR;
    passage_take(passage, from, packet, (size_t)length);
  }
  return true;
}

static void arm(int timer, uint64_t due_ns) {
  struct itimerspec when = {.it_value = {.tv_sec = (time_t)(due_ns / 1000000000u),
                                         .tv_nsec = (long)(due_ns % 1000000000u)}};
  /* This also takes back that it had run out, so it is never read. */
  if (timerfd_settime(timer, TFD_TIMER_ABSTIME, &when, NULL) != 0) fail("timerfd_settime");
}

static void run(struct passage *passage, uint64_t end_ns) {
  static struct control control;
  pid_t parent = getppid();
  int epoll = epoll_create1(EPOLL_CLOEXEC);
  int timer = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC);
  if (epoll < 0 || timer < 0) fail("epoll, timerfd");
  for (int end = 0; end < ENDS; end++) watch(epoll, passage->ends[end].tun, "epoll of a device");
  watch(epoll, timer, "epoll of the timer");
  watch(epoll, STDIN_FILENO, "standard input must be a pipe, a socket or a terminal");
  uint64_t armed = 0;
  while (getppid() == parent && passage_now() < end_ns) {
    struct epoll_event events[ENDS + 2];
    int count = epoll_wait(epoll, events, ENDS + 2, LOOK_AFTER_PARENT_MS);
    if (count < 0 && errno != EINTR) fail("epoll_wait");
    for (int index = 0; index < count; index++) {
      int ready = events[index].data.fd;
      if (ready == STDIN_FILENO && !control_read(&control, passage)) return;
      for (int end = 0; end < ENDS; end++) {
        if (ready == passage->ends[end].tun && !take(passage, end)) return;
      }
    }
    uint64_t due = passage_deliver(passage);
    if (due != armed) arm(timer, armed = due);
  }
}

int main(int count, char **words) {
  static const struct option OPTIONS[] = {{"a", required_argument, NULL, 'a'},
                                          {"b", required_argument, NULL, 'b'},
                                          {"seed", required_argument, NULL, 's'},
                                          {"seconds", required_argument, NULL, 't'},
                                          {0}};
  static struct passage passage;
  char *where[ENDS] = {NULL, NULL};
  uint64_t seed = 1;
  double seconds = 600;
  for (int option; (option = getopt_long(count, words, "", OPTIONS, NULL)) != -1;) {
    char *end = "";
    if (option == 'a' || option == 'b') where[option - 'a'] = optarg;
    else if (option == 's') seed = strtoull(optarg, &end, 0);
    else if (option == 't') seconds = strtod(optarg, &end);
    else fail_usage();
    if (*end || !(seconds >= 0 && seconds <= 86400)) fail_usage();
  }
  if (optind != count) fail_usage();
  if (!passage_open(&passage, seed)) fail("memory");
  /* Where it is not allowed, packets may be less punctual. */
  (void)setpriority(PRIO_PROCESS, 0, NICENESS);
  int home = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC);
  for (int end = 0; end < ENDS; end++) {
    passage.ends[end].tun = open_tun(where[end]);
    if (home < 0 || setns(home, CLONE_NEWNET) != 0) fail("/proc/self/ns/net");
  }
  close(home);
  puts("ready");
  fflush(stdout);
  run(&passage, passage_now() + (uint64_t)(seconds * 1e9));
  return 0;
}
