/*
 * The decisions of the link, and what is held back.
 *
 * Every random number belongs to one end, one packet and one question, by the packet's number
 * rather than by what was drawn before. So the fifth packet of an end is lost or not whatever
 * happens at the other end, and whatever else is switched on.
 */
#include "passage.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "packet.h"

/* More than 100 ms of 1 Gbit/s; what comes beyond is dropped and counted. */
enum {
  HELD_PACKETS_MAX = 1 << 17,
  HELD_BYTES_MAX = 64 << 20,
  NAT_PORT_MIN = 1024,
  NAT_PORTS = 65536 - NAT_PORT_MIN,
};

enum question { ASK_LOSS, ASK_JITTER, ASK_REORDER, ASK_LATE, ASK_DOUBLE, ASK_CORRUPT, QUESTIONS };

static const double NS_PER_MS = 1e6;

uint64_t passage_now(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

bool passage_open(struct passage *passage, uint64_t seed) {
  memset(passage, 0, sizeof *passage);
  passage->seed = seed;
  passage->heap = calloc(HELD_PACKETS_MAX, sizeof *passage->heap);
  for (int end = 0; end < ENDS; end++) {
    passage->ends[end].settings[LATE_MS] = 10;
    passage->ends[end].settings[QUEUE_MS] = 100;
  }
  return passage->heap != NULL;
}

void passage_set(struct passage *passage, int end, enum setting setting, double value) {
  struct end *sender = &passage->ends[end];
  uint64_t now = passage_now();
  sender->settings[setting] = value;
  if (setting == DOWN_SECONDS) sender->down_until_ns = now + (uint64_t)(value * 1e9);
  /* A new mapping: nothing comes in until something went out. */
  if (setting == NAT_SHIFT) memset(sender->nat_open, 0, sizeof sender->nat_open);
  /* What waits was paced at the old rate; what comes is paced from here. */
  if (setting == RATE_MBIT) sender->free_at_ns = now;
}

/* The output function of SplitMix64 (Steele, Lea, Flood 2014). */
static uint64_t mix(uint64_t value) {
  value = (value ^ value >> 30) * 0xbf58476d1ce4e5b9u;
  value = (value ^ value >> 27) * 0x94d049bb133111ebu;
  return value ^ value >> 31;
}

static uint64_t draw(const struct passage *passage, int from, enum question question) {
  uint64_t number = passage->ends[from].counters[PACKETS] * QUESTIONS + question;
  uint64_t stream = mix(passage->seed * ENDS + (uint64_t)from + 0x9e3779b97f4a7c15u);
  return mix(stream + number * 0x9e3779b97f4a7c15u);
}

/* 0 ≤ fraction < 1 */
static double fraction(uint64_t random) { return (double)(random >> 11) * 0x1p-53; }

static bool happens(const struct passage *passage, int from, enum setting setting,
                    enum question question) {
  double probability = passage->ends[from].settings[setting];
  return probability > 0 && fraction(draw(passage, from, question)) < probability;
}

static bool comes_first(const struct held *one, const struct held *other) {
  if (one->due_ns != other->due_ns) return one->due_ns < other->due_ns;
  return one->order < other->order;
}

static void hold(struct passage *passage, int from, const uint8_t *packet, size_t length,
                 uint64_t due) {
  struct end *sender = &passage->ends[from];
  uint8_t *copy = NULL;
  if (passage->held < HELD_PACKETS_MAX && passage->held_bytes + length <= HELD_BYTES_MAX) {
    copy = malloc(length);
  }
  if (copy == NULL) {
    sender->counters[OVERFLOW]++;
    return;
  }
  memcpy(copy, packet, length);
  struct held added = {due, passage->order++, copy, (uint32_t)length, (uint32_t)from};
  passage->held_bytes += length;
  size_t at = passage->held++;
  while (at > 0 && comes_first(&added, &passage->heap[(at - 1) / 2])) {
    passage->heap[at] = passage->heap[(at - 1) / 2];
    at = (at - 1) / 2;
  }
  passage->heap[at] = added;
}

static struct held take_first(struct passage *passage) {
  struct held first = passage->heap[0];
  struct held last = passage->heap[--passage->held];
  size_t at = 0;
  for (;;) {
    size_t child = 2 * at + 1;
    if (child >= passage->held) break;
    if (child + 1 < passage->held &&
        comes_first(&passage->heap[child + 1], &passage->heap[child])) {
      child++;
    }
    if (!comes_first(&passage->heap[child], &last)) break;
    passage->heap[at] = passage->heap[child];
    at = child;
  }
  passage->heap[at] = last;
  passage->held_bytes -= first.length;
  return first;
}

/* Ports from 1,024 are moved by `shift` among themselves. */
static uint16_t shifted(uint16_t port, uint32_t shift) {
  if (port < NAT_PORT_MIN) return port;
  return (uint16_t)(NAT_PORT_MIN + (port - NAT_PORT_MIN + shift) % NAT_PORTS);
}

/* The NAT of each end: false where it lets the packet not in. */
static bool translate(struct passage *passage, int from, uint8_t *packet, size_t length) {
  struct end *sender = &passage->ends[from], *receiver = &passage->ends[1 - from];
  uint32_t outward = (uint32_t)sender->settings[NAT_SHIFT];
  uint32_t inward = (uint32_t)receiver->settings[NAT_SHIFT];
  uint8_t *udp = outward || inward ? packet_udp(packet, length) : NULL;
  if (udp == NULL) return true;
  if (outward) {
    uint16_t port = packet_u16(udp);
    sender->nat_open[port / 8] |= (uint8_t)(1 << port % 8);
    packet_set_port(udp, udp, shifted(port, outward));
  }
  if (inward) {
    uint16_t port = shifted(packet_u16(udp + 2), NAT_PORTS - inward);
    if (!(receiver->nat_open[port / 8] & 1 << port % 8)) return false;
    packet_set_port(udp, udp + 2, port);
  }
  return true;
}

/*
 * When the paced line has sent a packet that comes now; 0 where it would have to wait for longer
 * than the queue is. The queue is bounded by time, which at one rate is the same as by bytes.
 */
static uint64_t sent_at(struct end *sender, uint64_t now, size_t length) {
  double rate = sender->settings[RATE_MBIT];
  if (rate <= 0) return now;
  uint64_t begin = sender->free_at_ns > now ? sender->free_at_ns : now;
  if ((double)(begin - now) > sender->settings[QUEUE_MS] * NS_PER_MS) return 0;
  sender->free_at_ns = begin + (uint64_t)((double)length * 8000 / rate);
  return sender->free_at_ns;
}

void passage_take(struct passage *passage, int from, uint8_t *packet, size_t length) {
  /* What kernels tell groups is not counted: how much of it there is depends on the machine. */
  if (packet_is_multicast(packet, length)) return;
  struct end *sender = &passage->ends[from];
  const double *settings = sender->settings;
  uint64_t *counters = sender->counters;
  counters[PACKETS]++;
  counters[BYTES] += length;
  uint64_t now = passage_now();
  if (now < sender->down_until_ns) {
    counters[OUTAGE]++;
    return;
  }
  if (settings[LONGEST_BYTES] > 0 && (double)length > settings[LONGEST_BYTES]) {
    counters[TOO_LONG]++;
    return;
  }
  if (!translate(passage, from, packet, length)) {
    counters[NAT_CLOSED]++;
    return;
  }
  uint64_t due = sent_at(sender, now, length);
  if (due == 0) {
    counters[QUEUE_FULL]++;
    return;
  }
  if (happens(passage, from, LOSS, ASK_LOSS)) {
    counters[LOST]++;
    return;
  }
  if (happens(passage, from, CORRUPT, ASK_CORRUPT) &&
      packet_corrupt(packet, length, mix(draw(passage, from, ASK_CORRUPT)))) {
    counters[CORRUPTED]++;
  }
  double jitter = settings[JITTER_MS] * fraction(draw(passage, from, ASK_JITTER));
  due += (uint64_t)((settings[DELAY_MS] + jitter) * NS_PER_MS);
  uint64_t late = (uint64_t)(settings[LATE_MS] * NS_PER_MS *
                             (1 - fraction(draw(passage, from, ASK_LATE))));
  if (happens(passage, from, REORDER, ASK_REORDER)) {
    /* It lets others overtake it. Only so are packets put out of order; jitter alone does not. */
    counters[REORDERED]++;
    hold(passage, from, packet, length, due + late);
  } else {
    if (due < sender->last_due_ns) due = sender->last_due_ns;
    sender->last_due_ns = due;
    hold(passage, from, packet, length, due);
  }
  if (happens(passage, from, DOUBLE, ASK_DOUBLE)) {
    counters[DOUBLED]++;
    hold(passage, from, packet, length, due + late);
  }
}

uint64_t passage_deliver(struct passage *passage) {
  while (passage->held > 0) {
    uint64_t now = passage_now();
    if (passage->heap[0].due_ns > now) return passage->heap[0].due_ns;
    struct held packet = take_first(passage);
    struct end *sender = &passage->ends[packet.from];
    if (now < sender->down_until_ns) {
      sender->counters[OUTAGE]++;
    } else if (write(passage->ends[1 - packet.from].tun, packet.bytes, packet.length) < 0) {
      sender->counters[REFUSED]++;
    } else {
      sender->counters[DELIVERED]++;
      sender->counters[DELIVERED_BYTES] += packet.length;
      uint64_t overdue = now - packet.due_ns;
      passage->overdue_ns_sum += overdue;
      if (overdue > passage->overdue_ns_max) passage->overdue_ns_max = overdue;
    }
    free(packet.bytes);
  }
  return 0;
}
