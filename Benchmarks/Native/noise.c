#include "noise.h"

#include <openssl/evp.h>
#include <sodium.h>

#include "../Common/sockets.h"
#include "cipher.h"

enum { BLOCK = 128 };

static const char NAME[] = "Noise_IK_25519_ChaChaPoly_BLAKE2b";
static const char PROLOGUE[] = "chatd/1";
static const struct reader EMPTY = {0};

static struct reader block(const void *bytes, size_t count) {
  return (struct reader){.at = bytes, .end = (const uint8_t *)bytes + count};
}

/* ---- Hashes ---- */

static void hash_two(struct reader first, struct reader second, uint8_t out[HASH]) {
  crypto_generichash_state state;
  crypto_generichash_init(&state, NULL, 0, HASH);
  crypto_generichash_update(&state, first.at, bytes_left(&first));
  crypto_generichash_update(&state, second.at, bytes_left(&second));
  crypto_generichash_final(&state, out, HASH);
}

/* RFC 2104 over BLAKE2b, not BLAKE2b's own keyed mode. */
static void hmac(const uint8_t key[HASH], struct reader data, uint8_t out[HASH]) {
  uint8_t inner[BLOCK], outer[BLOCK], digest[HASH];
  memset(inner, 0x36, BLOCK);
  memset(outer, 0x5c, BLOCK);
  for (int i = 0; i < HASH; i++) {
    inner[i] ^= key[i];
    outer[i] ^= key[i];
  }
  hash_two(block(inner, BLOCK), data, digest);
  hash_two(block(outer, BLOCK), block(digest, HASH), out);
}

/* Noise's HKDF with two outputs. */
static void hkdf(const uint8_t ck[HASH], struct reader material, uint8_t first[HASH],
                 uint8_t second[HASH]) {
  uint8_t temporary[HASH], extended[HASH + 1];
  hmac(ck, material, temporary);
  hmac(temporary, block("\1", 1), first);
  memcpy(extended, first, HASH);
  extended[HASH] = 2;
  hmac(temporary, block(extended, sizeof extended), second);
}

static void mix_hash(struct handshake *handshake, struct reader data) {
  hash_two(block(handshake->h, HASH), data, handshake->h);
}

static void mix_key(struct handshake *handshake, const uint8_t material[KEY]) {
  uint8_t key[HASH], ck[HASH];
  hkdf(handshake->ck, block(material, KEY), ck, key);
  memcpy(handshake->ck, ck, HASH);
  memcpy(handshake->k, key, KEY);
  handshake->n = 0;
}

/* ---- X25519 ---- */

static void public_key(const uint8_t secret[KEY], uint8_t public[KEY]) {
  EVP_PKEY *key = EVP_PKEY_new_raw_private_key(EVP_PKEY_X25519, NULL, secret, KEY);
  size_t length = KEY;
  if (!key || EVP_PKEY_get_raw_public_key(key, public, &length) != 1)
    fail("X25519");
  EVP_PKEY_free(key);
}

static bool agree(const uint8_t secret[KEY], const uint8_t public[KEY], uint8_t shared[KEY]) {
  EVP_PKEY *own = EVP_PKEY_new_raw_private_key(EVP_PKEY_X25519, NULL, secret, KEY);
  EVP_PKEY *other = EVP_PKEY_new_raw_public_key(EVP_PKEY_X25519, NULL, public, KEY);
  EVP_PKEY_CTX *context = own ? EVP_PKEY_CTX_new(own, NULL) : NULL;
  size_t length = KEY;
  bool agreed = context && other && EVP_PKEY_derive_init(context) == 1 &&
                EVP_PKEY_derive_set_peer(context, other) == 1 &&
                EVP_PKEY_derive(context, shared, &length) == 1;
  EVP_PKEY_CTX_free(context);
  EVP_PKEY_free(other);
  EVP_PKEY_free(own);
  return agreed;
}

void make_key_pair(struct key_pair *pair) {
  randombytes_buf(pair->secret, KEY);
  public_key(pair->secret, pair->public);
}

/* ---- Messages ---- */

static void encrypt_and_hash(struct handshake *handshake, struct reader plain, uint8_t *sealed) {
  struct cipher cipher = {0};
  uint8_t nonce[NONCE];
  size_t length = bytes_left(&plain);
  set_key(&cipher, handshake->k, true);
  number_nonce(&cipher, nonce, handshake->n++);
  seal(&cipher, nonce, block(handshake->h, HASH), plain.at, length, sealed);
  mix_hash(handshake, block(sealed, length + TAG));
  drop_key(&cipher);
}

static bool decrypt_and_hash(struct handshake *handshake, struct reader sealed, uint8_t *plain) {
  struct cipher cipher = {0};
  uint8_t nonce[NONCE];
  set_key(&cipher, handshake->k, false);
  number_nonce(&cipher, nonce, handshake->n++);
  bool opened = open_sealed(&cipher, nonce, block(handshake->h, HASH), sealed.at,
                            bytes_left(&sealed), plain);
  mix_hash(handshake, sealed);
  drop_key(&cipher);
  return opened;
}

uint8_t *write_first_message(struct handshake *handshake, const struct key_pair *own,
                             const uint8_t server[KEY], struct reader payload, uint8_t *message) {
  uint8_t shared[KEY], *at = message;
  *handshake = (struct handshake){.own = *own};
  memcpy(handshake->h, NAME, sizeof NAME - 1);
  memcpy(handshake->ck, handshake->h, HASH);
  mix_hash(handshake, block(PROLOGUE, sizeof PROLOGUE - 1));
  mix_hash(handshake, block(server, KEY));

  make_key_pair(&handshake->ephemeral);
  mix_hash(handshake, block(handshake->ephemeral.public, KEY));
  at = put_bytes(at, handshake->ephemeral.public, KEY);
  if (!agree(handshake->ephemeral.secret, server, shared))
    fail("the server's key");
  mix_key(handshake, shared);
  encrypt_and_hash(handshake, block(own->public, KEY), at);
  at += KEY + TAG;
  if (!agree(own->secret, server, shared))
    fail("the server's key");
  mix_key(handshake, shared);
  encrypt_and_hash(handshake, payload, at);
  return at + bytes_left(&payload) + TAG;
}

void refusal_key(const struct handshake *handshake, uint8_t key[KEY]) {
  uint8_t first[HASH], second[HASH];
  hkdf(handshake->ck, block("refusal", 7), first, second);
  memcpy(key, first, KEY);
}

bool read_second_message(struct handshake *handshake, struct reader message, uint8_t *payload,
                         size_t payload_length, uint8_t sending[KEY], uint8_t receiving[KEY]) {
  struct handshake next = *handshake;
  uint8_t shared[KEY], first[HASH], second[HASH];
  if (bytes_left(&message) != KEY + payload_length + TAG)
    return false;
  const uint8_t *ephemeral = read_bytes(&message, KEY);
  mix_hash(&next, block(ephemeral, KEY));
  if (!agree(next.ephemeral.secret, ephemeral, shared))
    return false;
  mix_key(&next, shared);
  if (!agree(next.own.secret, ephemeral, shared))
    return false;
  mix_key(&next, shared);
  if (!decrypt_and_hash(&next, message, payload))
    return false;
  hkdf(next.ck, EMPTY, first, second);
  memcpy(sending, first, KEY);
  memcpy(receiving, second, KEY);
  return true;
}
