#define _GNU_SOURCE
#include "sockets.h"

#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>

enum {
  EVENTS = 512, /* sockets reported by one call */
  SPARE_DESCRIPTORS = 64,
  SLEEP_MILLISECONDS = 10, /* at most, where there is no nap */
};

long nap = 200000;
static int epoll = -1;

void fail(const char *what) {
  fprintf(stderr, "%s: %s: %s\n", program_invocation_short_name, what, strerror(errno));
  exit(1);
}

double seconds(clockid_t clock) {
  struct timespec time;
  clock_gettime(clock, &time);
  return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

uint32_t descriptors_allowed(uint32_t wanted) {
  struct rlimit files, more = {.rlim_cur = wanted + SPARE_DESCRIPTORS};
  getrlimit(RLIMIT_NOFILE, &files);
  if (files.rlim_cur >= more.rlim_cur)
    return wanted;
  more.rlim_max = more.rlim_cur > files.rlim_max ? more.rlim_cur : files.rlim_max;
  if (setrlimit(RLIMIT_NOFILE, &more) == 0)
    return wanted;
  files.rlim_cur = files.rlim_max;
  if (setrlimit(RLIMIT_NOFILE, &files) || files.rlim_max <= SPARE_DESCRIPTORS)
    fail("open files");
  return (uint32_t)files.rlim_max - SPARE_DESCRIPTORS;
}

void allow_descriptors(uint32_t count) {
  if (descriptors_allowed(count) < count)
    fail("open files");
}

int open_datagram_socket(uint16_t port, int receive_buffer) {
  const struct sockaddr_in server = {
      .sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
  int udp = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  if (udp < 0)
    fail("socket");
  if (setsockopt(udp, SOL_SOCKET, SO_RCVBUF, &receive_buffer, sizeof receive_buffer))
    fail("SO_RCVBUF");
  if (connect(udp, (const struct sockaddr *)&server, sizeof server))
    fail("connect");
  return udp;
}

void watch_socket(int socket, uint32_t client) {
  if (epoll < 0) {
    prctl(PR_SET_TIMERSLACK, 1);
    epoll = epoll_create1(EPOLL_CLOEXEC);
    if (epoll < 0)
      fail("epoll_create1");
  }
  struct epoll_event event = {.events = EPOLLIN | EPOLLET, .data.u32 = client};
  if (epoll_ctl(epoll, EPOLL_CTL_ADD, socket, &event))
    fail("epoll_ctl");
}

bool look_at_sockets(void (*empty)(uint32_t client, double now)) {
  struct epoll_event events[EVENTS];
  if (nap)
    nanosleep(&(struct timespec){.tv_nsec = nap}, NULL);
  int timeout = nap ? 0 : SLEEP_MILLISECONDS, count;
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
