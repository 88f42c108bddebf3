// libsodium; and AES-256-GCM whose key schedule, of 512 bytes, lies on the stack for one packet,
// and is wiped. The library must be initialised, and have code for this processor.
#include <sodium.h>
#include <stdbool.h>
#include <string.h>

/// Seals `count` bytes in place, and writes the tag's 16 behind them.
static inline void csodium_aes_seal(uint8_t *bytes, size_t count, const uint8_t *header,
                                    size_t header_count, const uint8_t *key,
                                    const uint8_t *nonce) {
  crypto_aead_aes256gcm_state schedule;
  crypto_aead_aes256gcm_beforenm(&schedule, key);
  crypto_aead_aes256gcm_encrypt_detached_afternm(bytes, bytes + count, NULL, bytes, count, header,
                                                 header_count, NULL, nonce, &schedule);
  sodium_memzero(&schedule, sizeof schedule);
}

/// Opens `count` bytes, with the tag's 16 behind them, into `result`; false where they were not
/// sealed so, and then `result` holds zeros.
static inline bool csodium_aes_open(const uint8_t *bytes, size_t count, uint8_t *result,
                                    const uint8_t *header, size_t header_count,
                                    const uint8_t *key, const uint8_t *nonce) {
  uint8_t tag[crypto_aead_aes256gcm_ABYTES];
  crypto_aead_aes256gcm_state schedule;
  // The result may lie where the text does, and then ends before the tag.
  memcpy(tag, bytes + count, sizeof tag);
  crypto_aead_aes256gcm_beforenm(&schedule, key);
  bool is_authentic =
      crypto_aead_aes256gcm_decrypt_detached_afternm(result, NULL, bytes, count, tag, header,
                                                     header_count, nonce, &schedule) == 0;
  sodium_memzero(&schedule, sizeof schedule);
  return is_authentic;
}
