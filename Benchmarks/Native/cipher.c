#include "cipher.h"

#include "../Common/sockets.h"

void set_key(struct cipher *cipher, const uint8_t key[KEY], bool seals) {
  if (!cipher->context)
    cipher->context = EVP_CIPHER_CTX_new();
  if (!cipher->context ||
      EVP_CipherInit_ex(cipher->context,
                        cipher->is_aes ? EVP_aes_256_gcm() : EVP_chacha20_poly1305(), NULL, key,
                        NULL, seals) != 1)
    fail("cipher");
  memcpy(cipher->key, key, KEY);
}

void drop_key(struct cipher *cipher) {
  EVP_CIPHER_CTX_free(cipher->context);
  *cipher = (struct cipher){0};
}

void number_nonce(const struct cipher *cipher, uint8_t nonce[NONCE], uint64_t number) {
  memset(nonce, 0, 4);
  for (int i = 0; i < 8; i++)
    nonce[4 + i] = (uint8_t)(number >> 8 * (cipher->is_aes ? 7 - i : i));
}

static void begin(struct cipher *cipher, const uint8_t *nonce, struct reader associated) {
  int count;
  if (EVP_CipherInit_ex(cipher->context, NULL, NULL, NULL, nonce, -1) != 1 ||
      (associated.at && EVP_CipherUpdate(cipher->context, NULL, &count, associated.at,
                                         (int)bytes_left(&associated)) != 1))
    fail("nonce");
}

void seal(struct cipher *cipher, const uint8_t nonce[NONCE], struct reader associated,
          const uint8_t *plain, size_t length, uint8_t *sealed) {
  int count;
  begin(cipher, nonce, associated);
  if ((length && EVP_CipherUpdate(cipher->context, sealed, &count, plain, (int)length) != 1) ||
      EVP_CipherFinal_ex(cipher->context, sealed + length, &count) != 1 ||
      EVP_CIPHER_CTX_ctrl(cipher->context, EVP_CTRL_AEAD_GET_TAG, TAG, sealed + length) != 1)
    fail("seal");
}

bool open_sealed(struct cipher *cipher, const uint8_t nonce[NONCE], struct reader associated,
                 const uint8_t *sealed, size_t length, uint8_t *plain) {
  int count;
  uint8_t tag[TAG];
  if (length < TAG)
    return false;
  length -= TAG;
  memcpy(tag, sealed + length, TAG);
  begin(cipher, nonce, associated);
  return EVP_CIPHER_CTX_ctrl(cipher->context, EVP_CTRL_AEAD_SET_TAG, TAG, tag) == 1 &&
         (!length || EVP_CipherUpdate(cipher->context, plain, &count, sealed, (int)length) == 1) &&
         EVP_CipherFinal_ex(cipher->context, plain + length, &count) == 1;
}

void next_key(const uint8_t key[KEY], uint8_t next[KEY]) {
  static const uint8_t zeros[KEY];
  uint8_t nonce[NONCE], sealed[KEY + TAG];
  struct cipher cipher = {0};
  set_key(&cipher, key, true);
  number_nonce(&cipher, nonce, UINT64_MAX);
  seal(&cipher, nonce, (struct reader){0}, zeros, sizeof zeros, sealed);
  memcpy(next, sealed, KEY);
  drop_key(&cipher);
}
