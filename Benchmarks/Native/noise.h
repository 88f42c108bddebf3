/*
 * noise: the initiator's side of Noise_IK_25519_ChaChaPoly_BLAKE2b (revision 34 of the Noise
 * specification), with X25519 of libcrypto and BLAKE2b of libsodium.
 */
#ifndef NOISE_H
#define NOISE_H

#include "wire.h"

enum { HASH = 64 };

struct key_pair {
  uint8_t secret[KEY], public[KEY];
};

/* What is between the two messages of a handshake. */
struct handshake {
  struct key_pair own, ephemeral;
  uint8_t h[HASH], ck[HASH], k[KEY];
  uint64_t n;
};

void make_key_pair(struct key_pair *pair);

/* Writes message 1 with this payload to `message` and gives its end. */
uint8_t *write_first_message(struct handshake *handshake, const struct key_pair *own,
                             const uint8_t server[KEY], struct reader payload, uint8_t *message);

/* The key of the mac of a Refusal, after message 1. */
void refusal_key(const struct handshake *handshake, uint8_t key[KEY]);

/*
 * Reads message 2. Its payload must have `payload_length` bytes. False: it is not the answer to
 * message 1, and the handshake is as it was. `sending` and `receiving` get the keys of Split.
 */
bool read_second_message(struct handshake *handshake, struct reader message, uint8_t *payload,
                         size_t payload_length, uint8_t sending[KEY], uint8_t receiving[KEY]);

#endif
