/* ranges: numbers that were seen, as a few stretches of them. */
#ifndef RANGES_H
#define RANGES_H

#include <stdbool.h>
#include <stdint.h>

enum { RANGES_MAX = 33 }; /* an ACK tells the first and 32 more */

/* low ..< high */
struct range {
  uint64_t low, high;
};

/* The greatest first; no two of them touch. */
struct ranges {
  uint32_t count;
  struct range at[RANGES_MAX];
};

/* Adds a stretch, and gives how many of its numbers are new. Where there is no room, the lowest
 * stretch is forgotten. */
uint64_t add_range(struct ranges *ranges, uint64_t low, uint64_t high);

/* Whether the stretch can be added and nothing be forgotten. */
bool has_room(const struct ranges *ranges, uint64_t low, uint64_t high);

/* Takes a stretch of at most `most` numbers away from the low end. */
struct range take_lowest(struct ranges *ranges, uint64_t most);

#endif
