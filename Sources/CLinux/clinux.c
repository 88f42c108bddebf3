#include "clinux.h"

#include <arpa/inet.h>
#include <errno.h>
#include <getopt.h>
#include <linux/errqueue.h>
#include <linux/rtnetlink.h>
#include <linux/sock_diag.h>
#include <locale.h>
#include <malloc.h>
#include <netinet/udp.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/signalfd.h>
#include <time.h>
#include <unistd.h>
#include <wchar.h>

_Static_assert(CLINUX_STREAM == SOCK_STREAM && CLINUX_DATAGRAM == SOCK_DGRAM &&
                   CLINUX_NONBLOCKING == SOCK_NONBLOCK &&
                   CLINUX_CLOSE_ON_EXEC == SOCK_CLOEXEC,
               "SOCK_*");
_Static_assert(sizeof(struct clinux_event) == sizeof(struct epoll_event), "epoll_event");
_Static_assert(offsetof(struct clinux_event, token) == offsetof(struct epoll_event, data),
               "epoll_event.data");
_Static_assert(CLINUX_READABLE == EPOLLIN && CLINUX_WRITABLE == EPOLLOUT &&
                   CLINUX_FAILED == EPOLLERR && CLINUX_HUNG_UP == EPOLLHUP,
               "EPOLL*");
_Static_assert(sizeof(struct clinux_message) == sizeof(struct mmsghdr), "mmsghdr");
_Static_assert(offsetof(struct clinux_message, length) == offsetof(struct mmsghdr, msg_len),
               "mmsghdr.msg_len");

int clinux_epoll_create(void) { return epoll_create1(EPOLL_CLOEXEC); }

static int control(int epoll, int operation, int fd, uint32_t events, uint64_t token) {
  struct epoll_event event = {.events = events, .data.u64 = token};
  return epoll_ctl(epoll, operation, fd, &event);
}

int clinux_epoll_add(int epoll, int fd, uint32_t events, uint64_t token) {
  return control(epoll, EPOLL_CTL_ADD, fd, events, token);
}

int clinux_epoll_change(int epoll, int fd, uint32_t events, uint64_t token) {
  return control(epoll, EPOLL_CTL_MOD, fd, events, token);
}

int clinux_epoll_remove(int epoll, int fd) { return control(epoll, EPOLL_CTL_DEL, fd, 0, 0); }

int clinux_epoll_wait(int epoll, struct clinux_event *events, int capacity, int64_t timeout_ns) {
  struct timespec timeout = {.tv_sec = timeout_ns / 1000000000,
                             .tv_nsec = timeout_ns % 1000000000};
  return epoll_pwait2(epoll, (struct epoll_event *)events, capacity,
                      timeout_ns < 0 ? NULL : &timeout, NULL);
}

int clinux_eventfd(void) { return eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK); }

int clinux_signalfd(const int *signals, int count) {
  sigset_t set;
  sigemptyset(&set);
  for (int i = 0; i < count; i++) sigaddset(&set, signals[i]);
  int error = pthread_sigmask(SIG_BLOCK, &set, NULL);
  if (error != 0) {
    errno = error;
    return -1;
  }
  return signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
}

int clinux_next_signal(int fd) {
  struct signalfd_siginfo info;
  return read(fd, &info, sizeof info) == sizeof info ? (int)info.ssi_signo : 0;
}

int clinux_receive_messages(int fd, struct clinux_message *messages, unsigned int count) {
  return recvmmsg(fd, (struct mmsghdr *)messages, count, MSG_DONTWAIT, NULL);
}

int clinux_send_messages(int fd, struct clinux_message *messages, unsigned int count) {
  return sendmmsg(fd, (struct mmsghdr *)messages, count, MSG_DONTWAIT | MSG_NOSIGNAL);
}

_Static_assert(sizeof(struct clinux_segment_control) ==
                   CMSG_SPACE(sizeof(uint16_t)) + CMSG_SPACE(sizeof(struct in6_pktinfo)),
               "control messages of a segment's size and of a source");

// What the message has already, its source, comes behind.
void clinux_segment(struct clinux_message *message, struct clinux_segment_control *control,
                    uint16_t bytes) {
  size_t own = CMSG_SPACE(sizeof bytes);
  size_t others = message->header.msg_controllen;
  memcpy((char *)control + own, message->header.msg_control, others);
  message->header.msg_control = control;
  message->header.msg_controllen = own + others;
  struct cmsghdr *c = CMSG_FIRSTHDR(&message->header);
  c->cmsg_level = SOL_UDP;
  c->cmsg_type = UDP_SEGMENT;
  c->cmsg_len = CMSG_LEN(sizeof bytes);
  memcpy(CMSG_DATA(c), &bytes, sizeof bytes);
}

_Static_assert(sizeof(struct clinux_arrival_control) >=
                   CMSG_SPACE(sizeof(struct in_pktinfo)) + CMSG_SPACE(sizeof(struct in6_pktinfo)),
               "a dual-stack socket says both of an IPv4 datagram");
_Static_assert(sizeof((struct clinux_source_control){0}.words) ==
                   CMSG_SPACE(sizeof(struct in6_pktinfo)),
               "a control message of a source");

int clinux_enable_arrivals(int fd, int family) {
  int on = 1;
  if (family == AF_INET6 &&
      setsockopt(fd, IPPROTO_IPV6, IPV6_RECVPKTINFO, &on, sizeof on) != 0)
    return -1;
  return setsockopt(fd, IPPROTO_IP, IP_PKTINFO, &on, sizeof on);
}

static const uint8_t mapped[12] = {[10] = 0xff, [11] = 0xff};

int clinux_arrival(const struct clinux_message *message, struct clinux_local *local) {
  struct msghdr *header = (struct msghdr *)&message->header;
  int found = 0;
  for (struct cmsghdr *c = CMSG_FIRSTHDR(header); c != NULL; c = CMSG_NXTHDR(header, c)) {
    if (c->cmsg_level == IPPROTO_IP && c->cmsg_type == IP_PKTINFO) {
      struct in_pktinfo info;
      memcpy(&info, CMSG_DATA(c), sizeof info);
      memcpy(local->address, mapped, sizeof mapped);
      memcpy(local->address + sizeof mapped, &info.ipi_spec_dst, sizeof info.ipi_spec_dst);
      local->interface = (uint32_t)info.ipi_ifindex;
      return 1;
    }
    if (c->cmsg_level == IPPROTO_IPV6 && c->cmsg_type == IPV6_PKTINFO) {
      struct in6_pktinfo info;
      memcpy(&info, CMSG_DATA(c), sizeof info);
      memcpy(local->address, &info.ipi6_addr, sizeof local->address);
      local->interface = info.ipi6_ifindex;
      found = local->address[0] != 0xff;
    }
  }
  return found;
}

void clinux_source(struct clinux_source_control *control, int family,
                   const struct clinux_local *local) {
  struct msghdr header = {.msg_control = control->words, .msg_controllen = sizeof control->words};
  struct cmsghdr *c = CMSG_FIRSTHDR(&header);
  if (family == AF_INET) {
    struct in_pktinfo info = {0};
    memcpy(&info.ipi_spec_dst, local->address + sizeof mapped, sizeof info.ipi_spec_dst);
    c->cmsg_level = IPPROTO_IP;
    c->cmsg_type = IP_PKTINFO;
    c->cmsg_len = CMSG_LEN(sizeof info);
    memcpy(CMSG_DATA(c), &info, sizeof info);
    control->bytes = CMSG_LEN(sizeof info);
    return;
  }
  // The interface is left open: the address decides, and a link-local one has its scope.
  struct in6_pktinfo info = {0};
  memcpy(&info.ipi6_addr, local->address, sizeof info.ipi6_addr);
  c->cmsg_level = IPPROTO_IPV6;
  c->cmsg_type = IPV6_PKTINFO;
  c->cmsg_len = CMSG_LEN(sizeof info);
  memcpy(CMSG_DATA(c), &info, sizeof info);
  // Without the padding behind it, the kernel needs no memory for it.
  control->bytes = CMSG_LEN(sizeof info);
}

void clinux_leave_from(struct clinux_message *message,
                       const struct clinux_source_control *control) {
  message->header.msg_control = (void *)control->words;
  message->header.msg_controllen = control->bytes;
}

// What a socket does about fragments; a dual-stack socket has it for either family.
struct discovery {
  int v4;
  int v6;
};

static struct discovery read_discovery(int fd, int family) {
  struct discovery now = {.v4 = IP_PMTUDISC_WANT, .v6 = IPV6_PMTUDISC_WANT};
  socklen_t length = sizeof now.v4;
  getsockopt(fd, IPPROTO_IP, IP_MTU_DISCOVER, &now.v4, &length);
  length = sizeof now.v6;
  if (family == AF_INET6) getsockopt(fd, IPPROTO_IPV6, IPV6_MTU_DISCOVER, &now.v6, &length);
  return now;
}

static int set_discovery(int fd, int family, struct discovery wanted) {
  if (family == AF_INET6 &&
      setsockopt(fd, IPPROTO_IPV6, IPV6_MTU_DISCOVER, &wanted.v6, sizeof wanted.v6) != 0)
    return -1;
  return setsockopt(fd, IPPROTO_IP, IP_MTU_DISCOVER, &wanted.v4, sizeof wanted.v4);
}

int64_t clinux_send_probe(int fd, int family, struct clinux_message *message) {
  struct discovery usual = read_discovery(fd, family);
  struct discovery probing = {.v4 = IP_PMTUDISC_PROBE, .v6 = IPV6_PMTUDISC_PROBE};
  int64_t result = set_discovery(fd, family, probing);
  if (result == 0) result = sendmsg(fd, &message->header, MSG_DONTWAIT | MSG_NOSIGNAL);
  int error = errno;
  set_discovery(fd, family, usual);
  errno = error;
  return result;
}

int clinux_enable_error_queue(int fd, int family) {
  int on = 1;
  if (family == AF_INET6 && setsockopt(fd, IPPROTO_IPV6, IPV6_RECVERR, &on, sizeof on) != 0)
    return -1;
  return setsockopt(fd, IPPROTO_IP, IP_RECVERR, &on, sizeof on);
}

int clinux_next_error(int fd, struct sockaddr_storage *destination, int *error) {
  char control[512];
  char payload[1];
  struct iovec part = {.iov_base = payload, .iov_len = sizeof payload};
  struct msghdr header = {.msg_name = destination,
                          .msg_namelen = sizeof *destination,
                          .msg_iov = &part,
                          .msg_iovlen = 1,
                          .msg_control = control,
                          .msg_controllen = sizeof control};
  if (recvmsg(fd, &header, MSG_ERRQUEUE | MSG_DONTWAIT) < 0)
    return errno == EAGAIN || errno == EWOULDBLOCK ? 0 : -1;
  *error = 0;
  for (struct cmsghdr *c = CMSG_FIRSTHDR(&header); c != NULL; c = CMSG_NXTHDR(&header, c)) {
    int is_error = (c->cmsg_level == IPPROTO_IPV6 && c->cmsg_type == IPV6_RECVERR) ||
                   (c->cmsg_level == IPPROTO_IP && c->cmsg_type == IP_RECVERR);
    if (is_error) {
      struct sock_extended_err details;
      memcpy(&details, CMSG_DATA(c), sizeof details);
      *error = (int)details.ee_errno;
    }
  }
  return 1;
}

uint32_t clinux_socket_drops(int fd) {
  uint32_t values[SK_MEMINFO_VARS] = {0};
  socklen_t length = sizeof values;
  if (getsockopt(fd, SOL_SOCKET, SO_MEMINFO, values, &length) != 0) return 0;
  return values[SK_MEMINFO_DROPS];
}

int clinux_force_buffer(int fd, int option, int bytes) {
  int forced = option == SO_RCVBUF ? SO_RCVBUFFORCE : SO_SNDBUFFORCE;
  if (setsockopt(fd, SOL_SOCKET, forced, &bytes, sizeof bytes) == 0) return 0;
  return setsockopt(fd, SOL_SOCKET, option, &bytes, sizeof bytes);
}

int64_t clinux_kept_memory(void) {
  long long size = 0, resident = 0, shared = 0;
  FILE *figures = fopen("/proc/self/statm", "re");
  if (figures == NULL) return 0;
  int count = fscanf(figures, "%lld %lld %lld", &size, &resident, &shared);
  fclose(figures);
  if (count != 3) return 0;
  struct mallinfo2 heap = mallinfo2();
  return (resident - shared) * sysconf(_SC_PAGESIZE) - (int64_t)(heap.uordblks + heap.hblkhd);
}

void clinux_map_blocks(int block_bytes, int top_bytes) {
  mallopt(M_MMAP_THRESHOLD, block_bytes);
  mallopt(M_TRIM_THRESHOLD, top_bytes);
}

void clinux_release_memory(void) { malloc_trim(0); }

int clinux_allow_broadcast(int fd) {
  int on = 1;
  return setsockopt(fd, SOL_SOCKET, SO_BROADCAST, &on, sizeof on);
}

int clinux_share_port(int fd) {
  int on = 1;
  return setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
}

int clinux_join_group(int fd, const struct in6_addr *group, uint32_t interface) {
  struct ipv6_mreq request = {.ipv6mr_multiaddr = *group, .ipv6mr_interface = interface};
  return setsockopt(fd, IPPROTO_IPV6, IPV6_JOIN_GROUP, &request, sizeof request);
}

int64_t clinux_send_through(int fd, const struct sockaddr *to, socklen_t to_length,
                            uint32_t interface, uint32_t source, const void *bytes, size_t count) {
  struct iovec part = {.iov_base = (void *)bytes, .iov_len = count};
  struct msghdr header = {
      .msg_name = (void *)to, .msg_namelen = to_length, .msg_iov = &part, .msg_iovlen = 1};
  union {
    char bytes[CMSG_SPACE(sizeof(struct in_pktinfo))];
    struct cmsghdr aligned;
  } control;
  memset(&control, 0, sizeof control);
  if (to->sa_family == AF_INET && interface != 0) {
    header.msg_control = control.bytes;
    header.msg_controllen = sizeof control.bytes;
    struct cmsghdr *c = CMSG_FIRSTHDR(&header);
    c->cmsg_level = IPPROTO_IP;
    c->cmsg_type = IP_PKTINFO;
    c->cmsg_len = CMSG_LEN(sizeof(struct in_pktinfo));
    struct in_pktinfo info = {.ipi_ifindex = (int)interface, .ipi_spec_dst.s_addr = htonl(source)};
    memcpy(CMSG_DATA(c), &info, sizeof info);
  }
  return sendmsg(fd, &header, MSG_DONTWAIT | MSG_NOSIGNAL);
}

int clinux_interface_changes(void) {
  int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, NETLINK_ROUTE);
  if (fd < 0) return -1;
  struct sockaddr_nl address = {
      .nl_family = AF_NETLINK,
      .nl_groups = RTMGRP_LINK | RTMGRP_IPV4_IFADDR | RTMGRP_IPV6_IFADDR};
  if (bind(fd, (struct sockaddr *)&address, sizeof address) == 0) return fd;
  int error = errno;
  close(fd);
  errno = error;
  return -1;
}

void clinux_discard(int fd, int count) {
  char byte;
  // A socket that lost messages says so once (ENOBUFS), and then has others.
  while (count-- > 0 && (recv(fd, &byte, sizeof byte, MSG_DONTWAIT) >= 0 || errno == ENOBUFS)) {
  }
}

int clinux_rename_new(int directory, const char *from, const char *to) {
  return renameat2(directory, from, directory, to, RENAME_NOREPLACE);
}

int clinux_window_size(int fd, int *columns, int *rows, int *pixel_width, int *pixel_height) {
  struct winsize size;
  if (ioctl(fd, TIOCGWINSZ, &size) != 0) return -1;
  *columns = size.ws_col;
  *rows = size.ws_row;
  *pixel_width = size.ws_xpixel;
  *pixel_height = size.ws_ypixel;
  return 0;
}

static pthread_once_t width_once = PTHREAD_ONCE_INIT;
static locale_t width_locale;

static void make_width_locale(void) {
  width_locale = newlocale(LC_CTYPE_MASK, "C.UTF-8", (locale_t)0);
}

int clinux_cell_width(uint32_t character) {
  pthread_once(&width_once, make_width_locale);
  if (!width_locale) return wcwidth((wchar_t)character);
  // In the locale that a process begins with, nothing beyond ASCII has a width.
  locale_t before = uselocale(width_locale);
  int width = wcwidth((wchar_t)character);
  uselocale(before);
  return width;
}

enum { OPTIONS_MAX = 64 };

int clinux_getopt(int argc, char *const argv[], const char *short_options,
                  const struct clinux_option *options, int count) {
  struct option table[OPTIONS_MAX + 1];
  memset(table, 0, sizeof table);
  for (int i = 0; i < count && i < OPTIONS_MAX; i++) {
    table[i].name = options[i].name;
    table[i].has_arg = options[i].takes_value ? required_argument : no_argument;
    table[i].val = options[i].code;
  }
  opterr = 0;
  return getopt_long(argc, argv, short_options, table, NULL);
}

const char *clinux_optarg(void) { return optarg; }
int clinux_optind(void) { return optind; }
