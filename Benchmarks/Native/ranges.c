#include "ranges.h"

#include <string.h>

uint64_t add_range(struct ranges *ranges, uint64_t low, uint64_t high) {
  if (ranges->count && ranges->at[0].high == low) {
    ranges->at[0].high = high; /* nearly always */
    return high - low;
  }
  uint64_t fresh = high - low;
  uint32_t first = 0;
  while (first < ranges->count && ranges->at[first].low > high)
    first++;
  uint32_t last = first;
  for (; last < ranges->count && ranges->at[last].high >= low; last++) {
    struct range other = ranges->at[last];
    if (other.low < high && low < other.high) {
      uint64_t from = other.low > low ? other.low : low, to = other.high < high ? other.high : high;
      fresh -= to - from;
    }
  }
  for (uint32_t i = first; i < last; i++) {
    low = ranges->at[i].low < low ? ranges->at[i].low : low;
    high = ranges->at[i].high > high ? ranges->at[i].high : high;
  }
  if (first == last && ranges->count == RANGES_MAX) {
    if (first == RANGES_MAX)
      return fresh;
    ranges->count--;
  }
  memmove(&ranges->at[first + 1], &ranges->at[last], (ranges->count - last) * sizeof *ranges->at);
  ranges->count += 1 + first - last;
  ranges->at[first] = (struct range){low, high};
  return fresh;
}

bool has_room(const struct ranges *ranges, uint64_t low, uint64_t high) {
  for (uint32_t i = 0; i < ranges->count; i++)
    if (ranges->at[i].low <= high && low <= ranges->at[i].high)
      return true;
  return ranges->count < RANGES_MAX;
}

struct range take_lowest(struct ranges *ranges, uint64_t most) {
  struct range *lowest = &ranges->at[ranges->count - 1], taken = *lowest;
  if (taken.high - taken.low > most)
    taken.high = taken.low + most;
  lowest->low = taken.high;
  if (lowest->low == lowest->high)
    ranges->count--;
  return taken;
}
