/*
 * sockets: what every load generator does with the many sockets of its clients. It naps between
 * looks at them, rather than sleep in epoll_wait: otherwise the server would pay for waking it, up
 * to once per datagram, which is the price of clients on the same machine and depends on the
 * scheduler's mood. Epoll is edge-triggered, so a client's socket is emptied whenever it is named.
 */
#ifndef SOCKETS_H
#define SOCKETS_H

#include <stdbool.h>
#include <stdint.h>
#include <time.h>

/* Prints what went wrong, and errno, and ends the program. */
_Noreturn void fail(const char *what);

double seconds(clockid_t clock);

/* The nap before each look, in nanoseconds; 0 sleeps in epoll_wait instead, and so times latencies
 * exactly. */
extern long nap;

/* How many of so many descriptors may be open, and some more besides. */
uint32_t descriptors_allowed(uint32_t wanted);

/* So many descriptors may be open, and some more; dies where that is not allowed. */
void allow_descriptors(uint32_t count);

/* A datagram socket that is connected to the port on 127.0.0.1; dies if there is none. */
int open_datagram_socket(uint16_t port, int receive_buffer);

/* From now on `look_at_sockets` reports this socket by the client's number. */
void watch_socket(int socket, uint32_t client);

/* Waits a little, calls `empty` for each client whose socket has something, and says whether there
 * was any. `now` is the monotonic time in seconds. */
bool look_at_sockets(void (*empty)(uint32_t client, double now));

#endif
