// The few Linux system calls, structs and macros that Swift's Glibc module does not show.
//
// This header is imported by Swift, so it must not define _GNU_SOURCE (fd_set would clash with
// SwiftGlibc); clinux.c does, and checks that what is declared here is what the kernel knows.
#ifndef CLINUX_H
#define CLINUX_H

#include <netinet/in.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>

// socket(2). Swift shows the C library's own names in one of the modules that include them, which
// one is a matter of luck.

enum {
  CLINUX_STREAM = 1,
  CLINUX_DATAGRAM = 2,
  CLINUX_NONBLOCKING = 04000,
  CLINUX_CLOSE_ON_EXEC = 02000000
};

// epoll(7)

struct clinux_event {
  uint32_t events;
  uint64_t token;
} __attribute__((packed));

enum { CLINUX_READABLE = 1, CLINUX_WRITABLE = 4, CLINUX_FAILED = 8, CLINUX_HUNG_UP = 16 };

int clinux_epoll_create(void);
int clinux_epoll_add(int epoll, int fd, uint32_t events, uint64_t token);
int clinux_epoll_change(int epoll, int fd, uint32_t events, uint64_t token);
int clinux_epoll_remove(int epoll, int fd);
// A negative timeout waits for ever; the unit is nanoseconds.
int clinux_epoll_wait(int epoll, struct clinux_event *events, int capacity, int64_t timeout_ns);

// eventfd(2), signalfd(2)

int clinux_eventfd(void);
// Blocks the given signals in this thread (and in those it starts later) and returns a descriptor
// that tells of them.
int clinux_signalfd(const int *signals, int count);
// The next signal that the descriptor tells of; 0 when there is none.
int clinux_next_signal(int fd);

// Datagrams: recvmmsg(2), sendmmsg(2), IP_RECVERR of ip(7)

struct clinux_message {
  struct msghdr header;
  unsigned int length;
};

int clinux_receive_messages(int fd, struct clinux_message *messages, unsigned int count);
int clinux_send_messages(int fd, struct clinux_message *messages, unsigned int count);
// Lets the kernel cut a message into datagrams of so many bytes (UDP_SEGMENT of udp(7)). `control`
// must live until it is sent.
struct clinux_segment_control {
  uint64_t words[8];
};
void clinux_segment(struct clinux_message *message, struct clinux_segment_control *control,
                    uint16_t bytes);

// At which of this machine's addresses a datagram arrived, and from which one leaves: IP_PKTINFO
// of ip(7), IPV6_PKTINFO of ipv6(7). IPv4 addresses are mapped ones.

struct clinux_local {
  uint8_t address[16];
  uint32_t interface;
};
// Room for what the kernel says about one received message.
struct clinux_arrival_control {
  uint64_t words[10];
};
int clinux_enable_arrivals(int fd, int family);
// Returns 1 and fills `local`, or 0 where the kernel did not say, or it was a group's address.
int clinux_arrival(const struct clinux_message *message, struct clinux_local *local);
// What has a message leave from an address; `clinux_leave_from` points to it.
struct clinux_source_control {
  uint64_t words[5];
  uint32_t bytes;
};
void clinux_source(struct clinux_source_control *control, int family,
                   const struct clinux_local *local);
void clinux_leave_from(struct clinux_message *message,
                       const struct clinux_source_control *control);
// Sends one datagram with "don't fragment" and without regard to what the kernel knows about the
// path (IP_PMTUDISC_PROBE of ip(7)). Returns what sendmsg(2) does.
int64_t clinux_send_probe(int fd, int family, struct clinux_message *message);
int clinux_enable_error_queue(int fd, int family);
// Takes one entry from the error queue. Returns 1 with the destination that it is about and the
// error's number, 0 when the queue is empty, -1 on failure.
int clinux_next_error(int fd, struct sockaddr_storage *destination, int *error);
// The datagrams that the kernel dropped because the socket's buffer was full.
uint32_t clinux_socket_drops(int fd);
int clinux_force_buffer(int fd, int option, int bytes);

// Memory: mallinfo(3), mallopt(3), malloc_trim(3)

// What this process holds of the machine's memory beside what is in use: what the allocator keeps.
// Stacks and globals are in it, and room that was never touched is not, so it may be below 0; only
// how it changes means something.
int64_t clinux_kept_memory(void);
// Has the allocator map blocks of so many bytes and more by themselves, and keep at most so many at
// the heap's end (mallopt(3)); else both grow with the first such block that is freed.
void clinux_map_blocks(int block_bytes, int top_bytes);
// Gives back to the kernel what the allocator keeps, page by page.
void clinux_release_memory(void);

// Looking for servers

// Lets a socket send to broadcast addresses (SO_BROADCAST of socket(7)).
int clinux_allow_broadcast(int fd);
// Lets other sockets have the same port, if they all allow it (SO_REUSEADDR of socket(7)).
int clinux_share_port(int fd);
// Hears what is sent to an IPv6 group on an interface's link (ipv6(7)).
int clinux_join_group(int fd, const struct in6_addr *group, uint32_t interface);
// Sends a datagram out of an interface, 0 for the one that the kernel chooses; an IPv4 one from
// `source`, in host order, 0 for the kernel's choice (IP_PKTINFO of ip(7)). Returns what
// sendmsg(2) does.
int64_t clinux_send_through(int fd, const struct sockaddr *to, socklen_t to_length,
                            uint32_t interface, uint32_t source, const void *bytes, size_t count);
// A descriptor that is readable once an interface or an address has changed (rtnetlink(7)).
int clinux_interface_changes(void);
// Throws away what waits to be read, at most so many messages.
void clinux_discard(int fd, int count);

// Files

int clinux_rename_new(int directory, const char *from, const char *to);

// Terminals

int clinux_window_size(int fd, int *columns, int *rows, int *pixel_width, int *pixel_height);

// The cells that a character takes, as wcwidth(3) has it for UTF-8, whatever the process's locale;
// -1 for what cannot be shown.
int clinux_cell_width(uint32_t character);

// getopt_long(3)

struct clinux_option {
  const char *name;
  int takes_value;
  int code;
};

// Returns the code of the next option, '?' or ':' as getopt_long does, or -1 at the end.
int clinux_getopt(int argc, char *const argv[], const char *short_options,
                  const struct clinux_option *options, int count);
const char *clinux_optarg(void);
int clinux_optind(void);

#endif
