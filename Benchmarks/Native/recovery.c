#include <math.h>
#include <stdlib.h>

#include "../Common/sockets.h"
#include "session.h"

/* RFC 9002, with the numbers of the protocol. */
enum { PACKET_THRESHOLD = 3, ROOM_AT_FIRST = 8, WINDOW_LEAST = 2 * DATAGRAM_SAFE };
enum { WINDOW_GREATEST = 16 << 20, TIMEOUTS_MAX = 10 };

static const double TIME_THRESHOLD = 9.0 / 8, GRANULARITY = 0.001, ACK_DELAY_MAX = 0.050;
static const double GONE_AFTER = 60;

static struct sent *packet_at(struct recovery *recovery, uint32_t index) {
  return &recovery->sent[index % recovery->room];
}

void note_sent(struct session *session, struct sent packet) {
  struct recovery *recovery = &session->recovery;
  if (recovery->last - recovery->first == recovery->room) {
    uint32_t count = recovery->room, room = count ? 2 * count : ROOM_AT_FIRST;
    struct sent *larger = malloc(room * sizeof *larger);
    if (!larger)
      fail("malloc");
    for (uint32_t i = 0; i < count; i++)
      larger[i] = *packet_at(recovery, recovery->first + i);
    free(recovery->sent);
    recovery->sent = larger;
    recovery->room = room;
    recovery->first = 0;
    recovery->last = count;
  }
  *packet_at(recovery, recovery->last++) = packet;
  recovery->eliciting_at = packet.at;
  if (!packet.is_probe)
    recovery->in_flight += packet.size;
}

/* What was in the packet goes out again, and more where there are too many gaps to tell apart. */
static void send_again(struct session *session, const struct sent *packet) {
  for (enum channel channel = CONTROL; channel < CHANNELS; channel++) {
    struct ranges *lost = &session->outbound[channel].lost;
    struct range part = packet->parts[channel];
    if (part.low == part.high)
      continue;
    if (!has_room(lost, part.low, part.high)) {
      part.low = part.low < lost->at[0].low ? part.low : lost->at[0].low;
      part.high = part.high > lost->at[0].high ? part.high : lost->at[0].high;
    }
    add_range(lost, part.low, part.high);
  }
  session->wanted_credits |= packet->credits;
}

static void lose_packet(struct session *session, struct sent *packet, double now) {
  struct recovery *recovery = &session->recovery;
  packet->is_open = false;
  if (packet->is_probe) {
    session->probe_result = PROBE_LOST;
    return;
  }
  recovery->in_flight -= packet->size;
  send_again(session, packet);
  if (packet->at <= recovery->recovering_since)
    return;
  recovery->recovering_since = now;
  recovery->window = recovery->window / 2 > WINDOW_LEAST ? recovery->window / 2 : WINDOW_LEAST;
  recovery->threshold = recovery->window;
}

static void find_lost(struct session *session, double now) {
  struct recovery *recovery = &session->recovery;
  double delay = fmax(TIME_THRESHOLD * recovery->smoothed, GRANULARITY);
  recovery->loss_at = INFINITY;
  for (uint32_t i = recovery->first; i != recovery->last; i++) {
    struct sent *packet = packet_at(recovery, i);
    if (packet->number > recovery->greatest_acked)
      break;
    if (!packet->is_open)
      continue;
    if (packet->number + PACKET_THRESHOLD <= recovery->greatest_acked ||
        packet->at + delay <= now)
      lose_packet(session, packet, now);
    else
      recovery->loss_at = fmin(recovery->loss_at, packet->at + delay);
  }
  while (recovery->first != recovery->last && !packet_at(recovery, recovery->first)->is_open)
    recovery->first++;
}

static void measure_path(struct recovery *recovery, double sample, double delay) {
  recovery->least = recovery->least > 0 ? fmin(recovery->least, sample) : sample;
  delay = fmin(delay, ACK_DELAY_MAX);
  if (sample >= recovery->least + delay)
    sample -= delay;
  if (!recovery->has_acked) {
    recovery->smoothed = sample;
    recovery->variation = sample / 2;
    return;
  }
  recovery->variation += (fabs(recovery->smoothed - sample) - recovery->variation) / 4;
  recovery->smoothed += (sample - recovery->smoothed) / 8;
}

static void acknowledge_packet(struct session *session, struct sent *packet) {
  struct recovery *recovery = &session->recovery;
  packet->is_open = false;
  recovery->timeouts = 0;
  if (packet->is_probe) {
    session->probe_result = PROBE_ARRIVED;
    return;
  }
  recovery->in_flight -= packet->size;
  if (packet->at <= recovery->recovering_since || recovery->window >= WINDOW_GREATEST)
    return;
  recovery->window += recovery->window < recovery->threshold
                          ? packet->size
                          : session->datagram_size * packet->size / recovery->window;
}

/* The ranges of an ACK frame, the greatest first. */
static uint32_t read_ranges(struct session *session, struct reader *frames,
                            struct range ranges[RANGES_MAX], double *delay) {
  uint64_t greatest = read_varint(frames);
  *delay = (double)read_varint(frames) / 1e6;
  uint64_t count = read_varint(frames), length = read_varint(frames);
  if (frames->failed)
    complain(session, "an ACK that is cut short");
  if (greatest >= session->next_number || count >= RANGES_MAX || length > greatest)
    complain(session, "an ACK of what was never sent, or too long");
  ranges[0] = (struct range){greatest - length, greatest + 1};
  for (uint64_t i = 1; i <= count; i++) {
    uint64_t gap = read_varint(frames);
    length = read_varint(frames);
    uint64_t low = ranges[i - 1].low;
    if (frames->failed || gap + 2 > low || length > low - gap - 2)
      complain(session, "an ACK whose ranges are wrong");
    ranges[i] = (struct range){low - gap - 2 - length, low - gap - 1};
  }
  return (uint32_t)count + 1;
}

void take_ack(struct session *session, struct reader *frames, double now) {
  struct recovery *recovery = &session->recovery;
  struct range ranges[RANGES_MAX];
  double delay;
  uint32_t count = read_ranges(session, frames, ranges, &delay), range = 0;
  for (uint32_t i = recovery->last; i-- != recovery->first;) {
    struct sent *packet = packet_at(recovery, i);
    while (range < count && packet->number < ranges[range].low)
      range++;
    if (range == count)
      break;
    if (!packet->is_open || packet->number >= ranges[range].high)
      continue;
    if (packet->number == ranges[0].high - 1)
      measure_path(recovery, now - packet->at, delay);
    acknowledge_packet(session, packet);
  }
  if (!recovery->has_acked || ranges[0].high - 1 > recovery->greatest_acked)
    recovery->greatest_acked = ranges[0].high - 1;
  recovery->has_acked = true;
  find_lost(session, now);
}

static double probe_timeout(const struct recovery *recovery) {
  double period = recovery->smoothed + fmax(4 * recovery->variation, GRANULARITY) + ACK_DELAY_MAX;
  return recovery->eliciting_at + ldexp(period, (int)recovery->timeouts);
}

double recovery_deadline(const struct session *session) {
  const struct recovery *recovery = &session->recovery;
  if (recovery->first == recovery->last)
    return INFINITY;
  if (recovery->has_acked && recovery->loss_at < INFINITY)
    return recovery->loss_at;
  return probe_timeout(recovery);
}

void wake_recovery(struct session *session, double now) {
  struct recovery *recovery = &session->recovery;
  if (now - session->heard_at > GONE_AFTER)
    complain(session, "nothing was heard for 60 s");
  if (recovery->first == recovery->last)
    return;
  if (recovery->has_acked && recovery->loss_at <= now) {
    find_lost(session, now);
  } else if (probe_timeout(recovery) <= now) {
    recovery->timeouts += recovery->timeouts < TIMEOUTS_MAX;
    recovery->must_probe = session->must_ping = true;
    send_again(session, packet_at(recovery, recovery->first));
  }
}
