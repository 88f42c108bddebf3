/*
 * relay: the smallest strong server of the classic plain-text dialect, as a yardstick for `chatd`.
 *
 *   relay --port PORT [--bind ADDRESS] [--ipv4]
 *
 * The first datagram of an unknown address joins it. Every datagram goes, unchanged, to every other
 * joined address. `NAME has left the chat.` from the address that joined as NAME ends its
 * membership. There are no limits, no transcript and no other dialect; SIGTERM and SIGINT end it.
 *
 * What makes it hard to beat by a server that sends every datagram on its own:
 *   - up to 64 datagrams are received by one call, into an arena that never moves;
 *   - a member's row in the sendmmsg table is written once, when it joins, and all rows share one
 * iovec. So a fan-out sets two words, whatever the number of recipients, and takes two calls per
 * thousand of them (the rows before the sender and the rows behind it);
 *   - sends block and receives do not, so a full send queue needs no bookkeeping.
 *
 * It listens on a dual-stack IPv6 socket, as `chatd` does, so that both pay for the same kind of
 * socket; `--ipv4` shows what a plain IPv4 socket would cost. Build: cc -O2 -Wall -Wextra -Werror
 * -o relay relay.c
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <getopt.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <unistd.h>

enum {
  MEMBERS_MAX = 32768,
  SLOTS = 2 * MEMBERS_MAX, /* a power of two, never more than half full */
  BATCH = 64,
  DATAGRAM_MAX = 65536,
  RECEIVE_BUFFER = 4 << 20,
};

union address {
  struct sockaddr any;
  struct sockaddr_in v4;
  struct sockaddr_in6 v6;
};

/* The name that an address joined under, as a digest: it is only ever compared. Length 0: it has
 * none. */
struct name {
  uint64_t digest;
  size_t length;
};

/* Members stand without gaps in 0 ..< member_count; these three arrays share that index. */
static union address addresses[MEMBERS_MAX];
static struct mmsghdr outgoing[MEMBERS_MAX];
static struct name names[MEMBERS_MAX];
static uint32_t member_count;

/* Open addressing with linear probing: a member's index plus one, or 0 for an empty slot. */
static uint32_t slots[SLOTS];

static struct iovec shared_payload;

static char arena[BATCH][DATAGRAM_MAX];
static union address senders[BATCH];
static struct iovec incoming_payload[BATCH];
static struct mmsghdr incoming[BATCH];

static void fail(const char *what) {
  perror(what);
  exit(1);
}

/* ---- The address table ---- */

static uint32_t home_slot(const union address *address) {
  uint64_t high = 0, low;
  if (address->any.sa_family == AF_INET) {
    low = (uint64_t)address->v4.sin_addr.s_addr << 16 | address->v4.sin_port;
  } else {
    memcpy(&high, address->v6.sin6_addr.s6_addr, 8);
    memcpy(&low, address->v6.sin6_addr.s6_addr + 8, 8);
    high ^= (uint64_t)address->v6.sin6_scope_id << 16 | address->v6.sin6_port;
  }
  uint64_t mixed = (high ^ low * 0x9e3779b97f4a7c15u) * 0xd6e8feb86659fd93u;
  return (uint32_t)(mixed >> 32) & (SLOTS - 1);
}

static bool same_address(const union address *a, const union address *b) {
  if (a->any.sa_family == AF_INET)
    return a->v4.sin_port == b->v4.sin_port && a->v4.sin_addr.s_addr == b->v4.sin_addr.s_addr;
  return a->v6.sin6_port == b->v6.sin6_port && a->v6.sin6_scope_id == b->v6.sin6_scope_id &&
         memcmp(&a->v6.sin6_addr, &b->v6.sin6_addr, sizeof a->v6.sin6_addr) == 0;
}

/* The slot that holds this address, or the empty one where it would go. */
static uint32_t find_slot(const union address *address) {
  uint32_t slot = home_slot(address);
  while (slots[slot] && !same_address(&addresses[slots[slot] - 1], address))
    slot = (slot + 1) & (SLOTS - 1);
  return slot;
}

static void add_member(uint32_t slot, const union address *address, socklen_t length,
                       struct name name) {
  uint32_t index = member_count++;
  slots[slot] = index + 1;
  addresses[index] = *address;
  names[index] = name;
  outgoing[index].msg_hdr = (struct msghdr){.msg_name = &addresses[index],
                                            .msg_namelen = length,
                                            .msg_iov = &shared_payload,
                                            .msg_iovlen = 1};
}

/* Closes the gap in the hash by moving back every later entry of the run that may stand there. */
static void empty_slot(uint32_t hole) {
  for (uint32_t next = (hole + 1) & (SLOTS - 1); slots[next]; next = (next + 1) & (SLOTS - 1)) {
    uint32_t home = home_slot(&addresses[slots[next] - 1]);
    if (((next - home) & (SLOTS - 1)) < ((next - hole) & (SLOTS - 1)))
      continue;
    slots[hole] = slots[next];
    hole = next;
  }
  slots[hole] = 0;
}

/* The last member takes the place of the one that goes; its row keeps pointing at its own index. */
static void remove_member(uint32_t index) {
  empty_slot(find_slot(&addresses[index]));
  uint32_t last = --member_count;
  if (index == last)
    return;
  slots[find_slot(&addresses[last])] = index + 1;
  addresses[index] = addresses[last];
  names[index] = names[last];
}

/* ---- The dialect ---- */

static struct name name_before(const char *payload, size_t length, const char *suffix) {
  size_t suffix_length = strlen(suffix);
  if (length <= suffix_length ||
      memcmp(payload + length - suffix_length, suffix, suffix_length) != 0)
    return (struct name){0};
  struct name name = {.digest = 0xcbf29ce484222325u, .length = length - suffix_length};
  for (size_t i = 0; i < name.length; i++)
    name.digest = (name.digest ^ (unsigned char)payload[i]) * 0x100000001b3u;
  return name;
}

static void send_rows(int socket, uint32_t from, uint32_t to) {
  while (from < to) {
    int sent = sendmmsg(socket, &outgoing[from], to - from, 0);
    if (sent > 0) {
      from += (uint32_t)sent;
    } else if (errno != EINTR) {
      from++; /* this recipient cannot be reached: the others still can */
    }
  }
}

static void handle(int socket, const struct mmsghdr *datagram) {
  const union address *sender = datagram->msg_hdr.msg_name;
  char *payload = datagram->msg_hdr.msg_iov->iov_base;
  size_t length = datagram->msg_len;

  uint32_t slot = find_slot(sender);
  if (!slots[slot]) {
    if (member_count == MEMBERS_MAX)
      return;
    add_member(slot, sender, datagram->msg_hdr.msg_namelen,
               name_before(payload, length, " has joined the chat."));
  }
  uint32_t index = slots[slot] - 1;

  shared_payload = (struct iovec){.iov_base = payload, .iov_len = length};
  send_rows(socket, 0, index);
  send_rows(socket, index + 1, member_count);

  struct name leaving = name_before(payload, length, " has left the chat.");
  if (leaving.length && leaving.length == names[index].length &&
      leaving.digest == names[index].digest)
    remove_member(index);
}

static void receive(int socket) {
  for (int i = 0; i < BATCH; i++)
    incoming[i].msg_hdr.msg_namelen = sizeof senders[i];
  int count = recvmmsg(socket, incoming, BATCH, MSG_DONTWAIT, NULL);
  for (int i = 0; i < count; i++)
    handle(socket, &incoming[i]);
}

/* ---- Set-up ---- */

static union address parse_address(const char *text, uint16_t port, bool ipv4, socklen_t *length) {
  union address address = {0};
  if (ipv4) {
    address.v4 = (struct sockaddr_in){.sin_family = AF_INET, .sin_port = htons(port)};
    *length = sizeof address.v4;
    if (inet_pton(AF_INET, text, &address.v4.sin_addr) == 1)
      return address;
  } else {
    char mapped[INET6_ADDRSTRLEN];
    address.v6 = (struct sockaddr_in6){.sin6_family = AF_INET6, .sin6_port = htons(port)};
    *length = sizeof address.v6;
    if (inet_pton(AF_INET6, text, &address.v6.sin6_addr) == 1)
      return address;
    snprintf(mapped, sizeof mapped, "::ffff:%s", text);
    if (inet_pton(AF_INET6, mapped, &address.v6.sin6_addr) == 1)
      return address;
  }
  fprintf(stderr, "relay: %s is no address\n", text);
  exit(2);
}

static int open_socket(const char *text, uint16_t port, bool ipv4) {
  socklen_t length;
  union address address = parse_address(text, port, ipv4, &length);
  int udp = socket(address.any.sa_family, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  if (udp < 0)
    fail("socket");
  int off = 0, buffer = RECEIVE_BUFFER;
  if (!ipv4 && setsockopt(udp, IPPROTO_IPV6, IPV6_V6ONLY, &off, sizeof off))
    fail("IPV6_V6ONLY");
  if (setsockopt(udp, SOL_SOCKET, SO_RCVBUF, &buffer, sizeof buffer))
    fail("SO_RCVBUF");
  if (bind(udp, &address.any, length))
    fail("bind");
  return udp;
}

static int open_signals(void) {
  sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, SIGTERM);
  sigaddset(&set, SIGINT);
  if (sigprocmask(SIG_BLOCK, &set, NULL))
    fail("sigprocmask");
  int signals = signalfd(-1, &set, SFD_CLOEXEC);
  if (signals < 0)
    fail("signalfd");
  return signals;
}

static void watch(int epoll, int descriptor) {
  struct epoll_event event = {.events = EPOLLIN, .data.fd = descriptor};
  if (epoll_ctl(epoll, EPOLL_CTL_ADD, descriptor, &event))
    fail("epoll_ctl");
}

int main(int argc, char **argv) {
  const struct option options[] = {
      {"port", required_argument, NULL, 'p'},
      {"bind", required_argument, NULL, 'b'},
      {"ipv4", no_argument, NULL, '4'},
      {0},
  };
  const char *bind_address = NULL;
  unsigned long port = 0;
  bool ipv4 = false;
  for (int option; (option = getopt_long(argc, argv, "p:b:4", options, NULL)) != -1;) {
    switch (option) {
    case 'p':
      port = strtoul(optarg, NULL, 10);
      break;
    case 'b':
      bind_address = optarg;
      break;
    case '4':
      ipv4 = true;
      break;
    default:
      return 2;
    }
  }
  if (port == 0 || port > UINT16_MAX || optind != argc) {
    fprintf(stderr, "usage: relay --port PORT [--bind ADDRESS] [--ipv4]\n");
    return 2;
  }
  if (!bind_address)
    bind_address = ipv4 ? "0.0.0.0" : "::";

  for (int i = 0; i < BATCH; i++) {
    incoming_payload[i] = (struct iovec){.iov_base = arena[i], .iov_len = DATAGRAM_MAX};
    incoming[i].msg_hdr =
        (struct msghdr){.msg_name = &senders[i], .msg_iov = &incoming_payload[i], .msg_iovlen = 1};
  }

  int signals = open_signals();
  int udp = open_socket(bind_address, (uint16_t)port, ipv4);
  int epoll = epoll_create1(EPOLL_CLOEXEC);
  if (epoll < 0)
    fail("epoll_create1");
  watch(epoll, signals);
  watch(epoll, udp);

  for (;;) {
    struct epoll_event events[2];
    int count = epoll_wait(epoll, events, 2, -1);
    for (int i = 0; i < count; i++) {
      if (events[i].data.fd == signals)
        return 0;
      receive(udp);
    }
  }
}
