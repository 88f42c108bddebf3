/*
 * What happens to packets between the two ends of the link: each is dropped, or held back until it
 * is due, perhaps changed, perhaps twice.
 */
#ifndef LINK_PASSAGE_H
#define LINK_PASSAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The ends are 0 and 1, called a and b. Everything that is set or counted belongs to a sender. */
enum { ENDS = 2 };

enum setting {
  DELAY_MS,
  JITTER_MS,
  LOSS,
  DOUBLE,
  REORDER,
  LATE_MS,
  CORRUPT,
  RATE_MBIT,
  QUEUE_MS,
  LONGEST_BYTES,
  NAT_SHIFT,
  DOWN_SECONDS,
  SETTINGS
};

enum counter {
  PACKETS,
  BYTES,
  DELIVERED,
  DELIVERED_BYTES,
  LOST,
  DOUBLED,
  REORDERED,
  CORRUPTED,
  QUEUE_FULL,
  OUTAGE,
  TOO_LONG,
  NAT_CLOSED,
  OVERFLOW,
  REFUSED,
  COUNTERS
};

/* The largest packet that a TUN device hands over. */
enum { PACKET_BYTES_MAX = 65535 };

struct end {
  int tun;
  double settings[SETTINGS];
  uint64_t counters[COUNTERS];
  uint64_t free_at_ns;        /* when the paced line has sent what waits for it */
  uint64_t last_due_ns;       /* the due time of the last packet that kept its place */
  uint64_t down_until_ns;     /* the end of an outage */
  uint8_t nat_open[65536 / 8]; /* the ports behind this end's NAT that have sent something */
};

/* A packet that is held back, in a heap ordered by due time and then by arrival. */
struct held {
  uint64_t due_ns;
  uint64_t order;
  uint8_t *bytes;
  uint32_t length;
  uint32_t from;
};

struct passage {
  uint64_t seed;
  struct end ends[ENDS];
  struct held *heap;
  size_t held;
  size_t held_bytes;
  uint64_t order;
  uint64_t overdue_ns_max; /* how much later than it was due a packet went on */
  uint64_t overdue_ns_sum;
};

/* CLOCK_MONOTONIC. */
uint64_t passage_now(void);

/* Begins with a link that does nothing. False where there is no memory. */
bool passage_open(struct passage *passage, uint64_t seed);

/* Sets settings[setting] of an end, which must be in its range; some begin something. */
void passage_set(struct passage *passage, int end, enum setting setting, double value);

/* Decides about a packet that came in at the end `from`; it may be changed in place. */
void passage_take(struct passage *passage, int from, uint8_t *packet, size_t length);

/* Sends what is due; returns when the next packet will be, 0 for never. */
uint64_t passage_deliver(struct passage *passage);

#endif
