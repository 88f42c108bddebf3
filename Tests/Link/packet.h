/* What the emulated link reads and changes in an IP packet. */
#ifndef LINK_PACKET_H
#define LINK_PACKET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Whether the packet is for a group, such as IGMP and MLD: what kernels tell each other. */
bool packet_is_multicast(const uint8_t *packet, size_t length);

/* The UDP header of a packet that holds one, IPv4 (also a first fragment) or IPv6; else NULL. */
uint8_t *packet_udp(uint8_t *packet, size_t length);

/* Writes a port at `port` (the source's or the destination's) and mends the UDP checksum. */
void packet_set_port(uint8_t *udp, uint8_t *port, uint16_t value);

/*
 * Flips one bit of a UDP payload and mends the checksum, so that the change gets to the program
 * rather than be found by the kernel. False where there is no UDP payload to change.
 */
bool packet_corrupt(uint8_t *packet, size_t length, uint64_t random);

static inline uint16_t packet_u16(const uint8_t *bytes) {
  return (uint16_t)(bytes[0] << 8 | bytes[1]);
}

#endif
