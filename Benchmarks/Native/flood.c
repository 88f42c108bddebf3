/*
 * flood: what somebody sends who does not want to chat but to keep the server busy.
 *
 *   flood --port PORT [--hellos RATE] [--forged RATE] [--garbage RATE] [--seconds LIMIT]
 *
 * So many datagrams a second go to 127.0.0.1, each from another address of 127.0.0.0/8:
 *   hellos    Hello, as it should be; nothing follows the answer
 *   forged    Init with a cookie that the server never gave
 *   garbage   Init with the cookie that the server gave to this address, and noise for a Noise
 *             message; it comes from few addresses, since each must ask for its cookie first
 *
 * It ends after so many seconds or at the end of standard input and prints what it sent, and how
 * many answers came.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <netinet/in.h>
#include <poll.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "../Common/options.h"
#include "../Common/sockets.h"
#include "wire.h"

enum {
  RATE_HIGHEST = 1000000,
  BATCH = 64, /* datagrams sent by one call */
  HELLO_LENGTH = 256,
  COOKIE = 24,
  INIT_LENGTH = 2 + COOKIE + KEY + KEY + TAG + 4 + TAG,
  ADDRESSES = 64, /* that ask for a cookie */
  TICK = 1000000, /* nanoseconds */
};

static const uint32_t FORGED_NET = 0x7f400000, ASKING_NET = 0x7f100000; /* 127.64… and 127.16… */
static const double COOKIE_SECONDS = 0.5;

struct datagram {
  uint8_t bytes[HELLO_LENGTH], control[CMSG_SPACE(sizeof(struct in_pktinfo))];
  struct iovec row;
};

static int udp;
static struct sockaddr_in server;
static struct datagram datagrams[BATCH];
static struct mmsghdr outgoing[BATCH];
static uint8_t cookies[ADDRESSES][COOKIE];
static uint64_t answers;

/* ---- Datagrams ---- */

static void set_source(struct msghdr *message, uint32_t address) {
  struct cmsghdr *control = CMSG_FIRSTHDR(message);
  struct in_pktinfo info = {.ipi_spec_dst.s_addr = htonl(address)};
  *control = (struct cmsghdr){.cmsg_len = CMSG_LEN(sizeof info),
                              .cmsg_level = IPPROTO_IP,
                              .cmsg_type = IP_PKTINFO};
  memcpy(CMSG_DATA(control), &info, sizeof info);
}

static void write_hello(int index, uint32_t address, uint64_t nonce) {
  uint8_t *at = datagrams[index].bytes;
  memset(at, 0, HELLO_LENGTH);
  *at++ = HELLO;
  *at++ = VERSION;
  put_integer(at, nonce, 8);
  datagrams[index].row.iov_len = HELLO_LENGTH;
  set_source(&outgoing[index].msg_hdr, address);
}

static void write_init(int index, uint32_t address, const uint8_t *cookie) {
  uint8_t *at = datagrams[index].bytes;
  randombytes_buf(at, INIT_LENGTH);
  *at++ = INIT;
  *at++ = VERSION;
  if (cookie)
    put_bytes(at, cookie, COOKIE);
  else
    put_integer(at, (uint64_t)seconds(CLOCK_REALTIME), 8);
  datagrams[index].row.iov_len = INIT_LENGTH;
  set_source(&outgoing[index].msg_hdr, address);
}

static void write_datagram(char kind, int index, uint64_t number) {
  uint32_t address = FORGED_NET + (uint32_t)(number * 2654435761u >> 12) % (1 << 20);
  if (kind == 'h')
    write_hello(index, address, number);
  else if (kind == 'f')
    write_init(index, address, NULL);
  else
    write_init(index, ASKING_NET + number % ADDRESSES, cookies[number % ADDRESSES]);
}

static void send_batch(int count) {
  for (int sent = 0; sent < count;) {
    int step = sendmmsg(udp, &outgoing[sent], (unsigned)(count - sent), 0);
    if (step < 0 && errno != EAGAIN && errno != ECONNREFUSED && errno != EINTR)
      fail("send");
    sent += step > 0 ? step : 0;
  }
}

static void prepare(uint16_t port) {
  const int on = 1;
  server = (struct sockaddr_in){
      .sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
  udp = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  if (udp < 0 || setsockopt(udp, IPPROTO_IP, IP_PKTINFO, &on, sizeof on))
    fail("socket");
  for (int i = 0; i < BATCH; i++) {
    datagrams[i].row.iov_base = datagrams[i].bytes;
    outgoing[i].msg_hdr = (struct msghdr){.msg_name = &server,
                                          .msg_namelen = sizeof server,
                                          .msg_iov = &datagrams[i].row,
                                          .msg_iovlen = 1,
                                          .msg_control = datagrams[i].control,
                                          .msg_controllen = sizeof datagrams[i].control};
  }
}

/* ---- Cookies ---- */

/* Asks for a cookie from each address; the nonce tells whose it is. Who gets none goes on with
 * zeros. */
static void ask_for_cookies(void) {
  for (uint32_t i = 0; i < ADDRESSES; i++)
    write_hello((int)i, ASKING_NET + i, i);
  send_batch(ADDRESSES);
  double until = seconds(CLOCK_MONOTONIC) + COOKIE_SECONDS;
  for (int missing = ADDRESSES; missing && seconds(CLOCK_MONOTONIC) < until;) {
    uint8_t answer[HELLO_LENGTH];
    if (poll(&(struct pollfd){.fd = udp, .events = POLLIN}, 1, 10) < 1)
      continue;
    ssize_t length = recv(udp, answer, sizeof answer, MSG_DONTWAIT);
    if (length < 10 + COOKIE || answer[0] != HELLO_ANSWER)
      continue;
    struct reader reader = {.at = answer + 2, .end = answer + length};
    uint64_t nonce = read_integer(&reader, 8);
    if (nonce < ADDRESSES)
      memcpy(cookies[nonce], reader.at, COOKIE);
    missing--;
  }
}

/* ---- The flood ---- */

struct stream {
  char kind;
  double rate;
  uint64_t sent;
};

static void send_due(struct stream *stream, double elapsed) {
  uint64_t due = (uint64_t)(stream->rate * elapsed);
  while (stream->sent < due) {
    int count = 0;
    for (; count < BATCH && stream->sent < due; count++)
      write_datagram(stream->kind, count, stream->sent++);
    send_batch(count);
  }
}

static void count_answers(void) {
  uint8_t byte;
  while (recv(udp, &byte, 1, MSG_DONTWAIT | MSG_TRUNC) >= 0)
    answers++;
}

int main(int argc, char **argv) {
  double port = NAN, limit = 60;
  struct stream streams[] = {{.kind = 'h'}, {.kind = 'f'}, {.kind = 'g'}};
  read_options(argc, argv,
               (struct number_option[]){
                   {"port", &port, 1, UINT16_MAX},
                   {"hellos", &streams[0].rate, 0, RATE_HIGHEST},
                   {"forged", &streams[1].rate, 0, RATE_HIGHEST},
                   {"garbage", &streams[2].rate, 0, RATE_HIGHEST},
                   {"seconds", &limit, 0, 600},
                   {0},
               });
  if (sodium_init() < 0)
    fail("libsodium");
  prctl(PR_SET_TIMERSLACK, 1);
  prepare((uint16_t)port);
  if (streams[2].rate > 0)
    ask_for_cookies();
  double begun = seconds(CLOCK_MONOTONIC), elapsed = 0;
  struct pollfd input = {.fd = STDIN_FILENO, .events = POLLIN};
  while (elapsed < limit && poll(&input, 1, 0) == 0) {
    for (int i = 0; i < 3; i++)
      send_due(&streams[i], elapsed);
    count_answers();
    nanosleep(&(struct timespec){.tv_nsec = TICK}, NULL);
    elapsed = seconds(CLOCK_MONOTONIC) - begun;
  }
  printf("{\"seconds\": %.3f, \"hellos\": %" PRIu64 ", \"forged\": %" PRIu64
         ", \"garbage\": %" PRIu64 ", \"answers\": %" PRIu64 "}\n",
         elapsed, streams[0].sent, streams[1].sent, streams[2].sent, answers);
}
