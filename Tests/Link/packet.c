/* IPv4 (RFC 791), IPv6 (RFC 8200) and UDP (RFC 768), as far as the link looks into them. */
#include "packet.h"

#include <string.h>

enum {
  IP4_HEADER = 20,
  IP6_HEADER = 40,
  UDP_HEADER = 8,
  UDP_CHECKSUM = 6,
  PROTOCOL_UDP = 17,
};

bool packet_is_multicast(const uint8_t *packet, size_t length) {
  if (length >= IP4_HEADER && packet[0] >> 4 == 4) return packet[16] >> 4 == 0xe;
  return length >= IP6_HEADER && packet[0] >> 4 == 6 && packet[24] == 0xff;
}

uint8_t *packet_udp(uint8_t *packet, size_t length) {
  size_t header = 0;
  if (length >= IP4_HEADER && packet[0] >> 4 == 4) {
    bool is_later_fragment = (packet_u16(packet + 6) & 0x1fff) != 0;
    if (packet[9] != PROTOCOL_UDP || is_later_fragment) return NULL;
    header = (size_t)(packet[0] & 15) * 4;
    if (header < IP4_HEADER) return NULL;
  } else if (length >= IP6_HEADER && packet[0] >> 4 == 6) {
    if (packet[6] != PROTOCOL_UDP) return NULL;
    header = IP6_HEADER;
  }
  return header > 0 && length >= header + UDP_HEADER ? packet + header : NULL;
}

/* A 16-bit word that the checksum covers was `before` and is `after`: RFC 1624, equation 3. */
static void mend_checksum(uint8_t *udp, uint16_t before, uint16_t after) {
  uint16_t checksum = packet_u16(udp + UDP_CHECKSUM);
  if (checksum == 0) return; /* IPv4 may do without */
  uint32_t sum = (uint16_t)~checksum + (uint32_t)(uint16_t)~before + after;
  sum = (sum & 0xffff) + (sum >> 16);
  sum = (sum & 0xffff) + (sum >> 16);
  checksum = (uint16_t)~sum;
  if (checksum == 0) checksum = 0xffff;
  udp[UDP_CHECKSUM] = (uint8_t)(checksum >> 8);
  udp[UDP_CHECKSUM + 1] = (uint8_t)checksum;
}

void packet_set_port(uint8_t *udp, uint8_t *port, uint16_t value) {
  mend_checksum(udp, packet_u16(port), value);
  port[0] = (uint8_t)(value >> 8);
  port[1] = (uint8_t)value;
}

bool packet_corrupt(uint8_t *packet, size_t length, uint64_t random) {
  uint8_t *udp = packet_udp(packet, length);
  if (udp == NULL) return false;
  size_t payload = length - (size_t)(udp - packet) - UDP_HEADER;
  if (payload == 0) return false;
  size_t at = UDP_HEADER + (random >> 3) % payload;
  /* The checksum's words begin at even offsets; a last odd byte counts as the higher one. */
  uint8_t *word = udp + (at & ~(size_t)1);
  bool is_whole = (size_t)(word - packet) + 1 < length;
  uint16_t before = is_whole ? packet_u16(word) : (uint16_t)(word[0] << 8);
  udp[at] ^= (uint8_t)(1 << (random & 7));
  uint16_t after = is_whole ? packet_u16(word) : (uint16_t)(word[0] << 8);
  mend_checksum(udp, before, after);
  return true;
}
