/*
 * wire: the numbers and fields of the native protocol, read and written. Written from
 * Docs/Protocol.md alone, so that it also tells whether that page says enough.
 */
#ifndef WIRE_H
#define WIRE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

enum {
  DATAGRAM_MAX = 65507,
  DATAGRAM_SAFE = 1200, /* gets through everywhere */
  VERSION = 1,
  TAG = 16,
  KEY = 32,
};

enum datagram_type {
  HELLO = 0x80,
  HELLO_ANSWER = 0x81,
  INIT = 0x82,
  ACCEPT = 0x83,
  REFUSAL = 0x84,
  DATA = 0x86,        /* the lowest bit is the key phase */
  DATA_SHARED = 0x88, /* likewise */
  RESET = 0x8a,
};

enum frame_type {
  FRAME_PADDING,
  FRAME_PING,
  FRAME_ACK,
  FRAME_ACK_NOW,
  FRAME_STREAM,
  FRAME_OBJECT,
  FRAME_SHARED,
  FRAME_CREDIT,
  FRAME_SKIP,
  FRAME_PATH_CHALLENGE,
  FRAME_PATH_RESPONSE,
  FRAME_CLOSE,
};

enum message_type {
  JOIN = 0x01,
  OFFER = 0x03,
  SAY = 0x10,
  WELCOME = 0x20,
  REFUSED = 0x21,
  RECEIPT = 0x22,
  WANT = 0x23,
  PRESENT = 0x24,
  JOINED = 0x30,
  LEFT = 0x31,
  SAID = 0x32,
  SHOWED = 0x33,
  DID = 0x34,
  TOPIC = 0x35,
};

/* Bytes that are read from the front. What is too short gives zeros and sets `failed`. */
struct reader {
  const uint8_t *at, *end;
  bool failed;
};

static inline size_t bytes_left(const struct reader *reader) {
  return (size_t)(reader->end - reader->at);
}

static inline const uint8_t *read_bytes(struct reader *reader, uint64_t count) {
  static const uint8_t nothing[64];
  if (count > bytes_left(reader)) {
    reader->failed = true;
    reader->at = reader->end;
    return nothing;
  }
  const uint8_t *bytes = reader->at;
  reader->at += count;
  return bytes;
}

/* A big-endian integer of so many bytes. */
static inline uint64_t read_integer(struct reader *reader, unsigned count) {
  const uint8_t *bytes = read_bytes(reader, count);
  uint64_t value = 0;
  for (unsigned i = 0; i < count; i++)
    value = value << 8 | bytes[i];
  return value;
}

/* RFC 9000 §16. */
static inline uint64_t read_varint(struct reader *reader) {
  if (reader->at == reader->end) {
    reader->failed = true;
    return 0;
  }
  unsigned more = (1u << (*reader->at >> 6)) - 1;
  uint64_t value = *reader->at++ & 0x3f;
  if (more > bytes_left(reader)) {
    reader->failed = true;
    reader->at = reader->end;
    return 0;
  }
  for (; more; more--)
    value = value << 8 | *reader->at++;
  return value;
}

/* A varint length and so many bytes. They become a reader of their own. */
static inline struct reader read_block(struct reader *reader) {
  uint64_t length = read_varint(reader);
  if (length > bytes_left(reader)) {
    reader->failed = true;
    length = 0;
  }
  const uint8_t *bytes = read_bytes(reader, length);
  return (struct reader){.at = bytes, .end = bytes + length};
}

/* What follows writes at `at` and gives the place behind. */
static inline uint8_t *put_integer(uint8_t *at, uint64_t value, unsigned count) {
  for (unsigned i = 0; i < count; i++)
    at[i] = (uint8_t)(value >> 8 * (count - 1 - i));
  return at + count;
}

static inline uint8_t *put_varint(uint8_t *at, uint64_t value) {
  unsigned power = value < 1u << 6 ? 0 : value < 1u << 14 ? 1 : value < 1u << 30 ? 2 : 3;
  uint8_t *end = put_integer(at, value, 1u << power);
  *at |= (uint8_t)(power << 6);
  return end;
}

static inline uint8_t *put_bytes(uint8_t *at, const void *bytes, size_t count) {
  if (count)
    memcpy(at, bytes, count);
  return at + count;
}

#endif
