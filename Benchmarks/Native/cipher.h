/*
 * cipher: ChaCha20-Poly1305 (RFC 8439) of libcrypto, under a key that stays while nonces change.
 * libcrypto's is about twice as fast as libsodium's where the processor has wide registers.
 */
#ifndef CIPHER_H
#define CIPHER_H

#include <openssl/evp.h>

#include "wire.h"

enum { NONCE = 12 };

/* Either seals or opens, for as long as it lives. */
struct cipher {
  EVP_CIPHER_CTX *context;
  uint8_t key[KEY];
  bool is_aes; /* AES-256-GCM instead of ChaCha20-Poly1305; set before the key */
};

void set_key(struct cipher *cipher, const uint8_t key[KEY], bool seals);
void drop_key(struct cipher *cipher);

/* Noise's nonce: four zeros, and the number, little-endian or for AES big-endian. */
void number_nonce(const struct cipher *cipher, uint8_t nonce[NONCE], uint64_t number);

/* Writes `length` bytes and the tag to `sealed`, which may be where `plain` is. */
void seal(struct cipher *cipher, const uint8_t nonce[NONCE], struct reader associated,
          const uint8_t *plain, size_t length, uint8_t *sealed);

/* `length` counts the tag. Writes `length` − 16 bytes to `plain`, which may be where `sealed` is;
 * false: the tag is not right. */
bool open_sealed(struct cipher *cipher, const uint8_t nonce[NONCE], struct reader associated,
                 const uint8_t *sealed, size_t length, uint8_t *plain);

/* The key of the next phase: REKEY of Noise §4.2. */
void next_key(const uint8_t key[KEY], uint8_t next[KEY]);

#endif
