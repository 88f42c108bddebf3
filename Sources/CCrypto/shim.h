// OpenSSL's libcrypto for three jobs: X25519 (RFC 7748), ChaCha20-Poly1305 (RFC 8439) and
// AES-256-GCM (NIST SP 800-38D).
//
// The contexts of EVP cost an allocation and a look-up by name each, so a thread makes its own at
// its first use and keeps them. Keys and nonces are set for each call, but for a key that keeps a
// context of its own. No configuration file is read, and nothing is initialised before the first
// use.
#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/params.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>
#if defined(__aarch64__)
#include <asm/hwcap.h>
#include <sys/auxv.h>
#endif

enum { CCRYPTO_KEY_BYTES = 32, CCRYPTO_NONCE_BYTES = 12, CCRYPTO_TAG_BYTES = 16 };

enum { CCRYPTO_CHACHA_POLY = 0, CCRYPTO_AES_GCM = 1, CCRYPTO_CIPHERS = 2 };

/// What one thread keeps: for each cipher a context that seals and one that opens, and one that
/// takes in keys.
struct ccrypto_thread {
  EVP_CIPHER_CTX *sealing[CCRYPTO_CIPHERS];
  EVP_CIPHER_CTX *opening[CCRYPTO_CIPHERS];
  EVP_PKEY_CTX *keys;
  /// How many keys keep a context of their own.
  int kept;
};

/// Whether this processor has instructions for AES-GCM, without which it is slow, and may take
/// different times for different keys.
static inline bool ccrypto_has_aes(void) {
#if defined(__x86_64__)
  return __builtin_cpu_supports("aes") && __builtin_cpu_supports("pclmul");
#elif defined(__aarch64__)
  return (getauxval(AT_HWCAP) & (HWCAP_AES | HWCAP_PMULL)) == (HWCAP_AES | HWCAP_PMULL);
#else
  return false;
#endif
}

/// A pair of contexts for a cipher; false where there is no memory, or no such algorithm.
static inline bool ccrypto_prepare(struct ccrypto_thread *here, int cipher) {
  const char *name = cipher == CCRYPTO_AES_GCM ? "AES-256-GCM" : "ChaCha20-Poly1305";
  EVP_CIPHER *algorithm = EVP_CIPHER_fetch(NULL, name, NULL);
  EVP_CIPHER_CTX *sealing = EVP_CIPHER_CTX_new();
  EVP_CIPHER_CTX *opening = EVP_CIPHER_CTX_new();
  bool is_done = algorithm != NULL && sealing != NULL && opening != NULL &&
                 EVP_EncryptInit_ex2(sealing, algorithm, NULL, NULL, NULL) == 1 &&
                 EVP_DecryptInit_ex2(opening, algorithm, NULL, NULL, NULL) == 1;
  EVP_CIPHER_free(algorithm);
  if (is_done) {
    here->sealing[cipher] = sealing;
    here->opening[cipher] = opening;
  } else {
    EVP_CIPHER_CTX_free(sealing);
    EVP_CIPHER_CTX_free(opening);
  }
  return is_done;
}

/// This thread's contexts; NULL where there is no memory, or no such algorithm.
static inline struct ccrypto_thread *ccrypto_here(void) {
  static _Thread_local struct ccrypto_thread here;
  if (here.keys != NULL) return &here;
  if (OPENSSL_init_crypto(OPENSSL_INIT_NO_LOAD_CONFIG, NULL) != 1) return NULL;
  EVP_PKEY_CTX *keys = EVP_PKEY_CTX_new_from_name(NULL, "X25519", NULL);
  if (keys != NULL && EVP_PKEY_fromdata_init(keys) == 1) {
    here.keys = keys;
    return &here;
  }
  EVP_PKEY_CTX_free(keys);
  return NULL;
}

/// The same with the contexts of a cipher ready.
static inline struct ccrypto_thread *ccrypto_with(int cipher) {
  struct ccrypto_thread *here = ccrypto_here();
  if (here == NULL) return NULL;
  return here->sealing[cipher] != NULL || ccrypto_prepare(here, cipher) ? here : NULL;
}

/// A context that seals with one key, whose schedule is then worked out once; NULL where this
/// thread
/// keeps `most` of them, or there is no memory. To be given back with `ccrypto_drop`.
static inline EVP_CIPHER_CTX *ccrypto_keep(int cipher, const uint8_t *key, int most) {
  struct ccrypto_thread *here = ccrypto_with(cipher);
  if (here == NULL || here->kept >= most) return NULL;
  EVP_CIPHER_CTX *kept = EVP_CIPHER_CTX_new();
  if (kept == NULL) return NULL;
  const EVP_CIPHER *algorithm = EVP_CIPHER_CTX_get0_cipher(here->sealing[cipher]);
  if (EVP_EncryptInit_ex2(kept, algorithm, key, NULL, NULL) == 1) {
    here->kept++;
    return kept;
  }
  EVP_CIPHER_CTX_free(kept);
  return NULL;
}

/// Wipes a context, on the thread that made it, and gives it back.
static inline void ccrypto_drop(EVP_CIPHER_CTX *kept) {
  struct ccrypto_thread *here = ccrypto_here();
  if (here != NULL && here->kept > 0) here->kept--;
  EVP_CIPHER_CTX_free(kept);
}

/// Seals `count` bytes of `from` into `to`, which may be the same, and writes the tag's 16 bytes.
/// Where `kept` is a context of `key`, that is used.
static inline bool ccrypto_seal(int cipher, EVP_CIPHER_CTX *kept, const uint8_t *key,
                                const uint8_t *nonce, const uint8_t *header, int header_count,
                                const uint8_t *from, uint8_t *to, int count, uint8_t *tag) {
  struct ccrypto_thread *here = kept == NULL ? ccrypto_with(cipher) : NULL;
  if (kept == NULL && here == NULL) return false;
  EVP_CIPHER_CTX *sealing = kept != NULL ? kept : here->sealing[cipher];
  int written = 0;
  return EVP_EncryptInit_ex(sealing, NULL, NULL, kept == NULL ? key : NULL, nonce) == 1 &&
         (header_count == 0 ||
          EVP_EncryptUpdate(sealing, NULL, &written, header, header_count) == 1) &&
         (count == 0 || EVP_EncryptUpdate(sealing, to, &written, from, count) == 1) &&
         EVP_EncryptFinal_ex(sealing, to + count, &written) == 1 &&
         EVP_CIPHER_CTX_ctrl(sealing, EVP_CTRL_AEAD_GET_TAG, CCRYPTO_TAG_BYTES, tag) == 1;
}

/// Opens `count` bytes of `from`, without the tag, into `to`, which may be the same; false where
/// they were not sealed so. Then `to` holds nothing that was in them.
static inline bool ccrypto_open(int cipher, const uint8_t *key, const uint8_t *nonce,
                                const uint8_t *header, int header_count, const uint8_t *from,
                                uint8_t *to, int count, const uint8_t *tag) {
  struct ccrypto_thread *here = ccrypto_with(cipher);
  EVP_CIPHER_CTX *opening = here == NULL ? NULL : here->opening[cipher];
  uint8_t wanted[CCRYPTO_TAG_BYTES];
  int written = 0;
  memcpy(wanted, tag, sizeof wanted);
  if (opening != NULL && EVP_DecryptInit_ex(opening, NULL, NULL, key, nonce) == 1 &&
      EVP_CIPHER_CTX_ctrl(opening, EVP_CTRL_AEAD_SET_TAG, sizeof wanted, wanted) == 1 &&
      (header_count == 0 ||
       EVP_DecryptUpdate(opening, NULL, &written, header, header_count) == 1) &&
      (count == 0 || EVP_DecryptUpdate(opening, to, &written, from, count) == 1) &&
      EVP_DecryptFinal_ex(opening, to + count, &written) == 1) {
    return true;
  }
  if (count > 0) memset(to, 0, (size_t)count);
  return false;
}

/// A key of this library from a public key, and its secret where there is one. To be freed.
static inline EVP_PKEY *ccrypto_key(const uint8_t *secret, const uint8_t *public_key) {
  struct ccrypto_thread *here = ccrypto_here();
  EVP_PKEY *key = NULL;
  OSSL_PARAM parts[3];
  int count = 0;
  if (here == NULL) return NULL;
  // The library reads these only, though its type does not say so.
  parts[count++] = OSSL_PARAM_construct_octet_string(OSSL_PKEY_PARAM_PUB_KEY, (void *)public_key,
                                                     CCRYPTO_KEY_BYTES);
  if (secret != NULL) {
    parts[count++] = OSSL_PARAM_construct_octet_string(OSSL_PKEY_PARAM_PRIV_KEY, (void *)secret,
                                                       CCRYPTO_KEY_BYTES);
  }
  parts[count] = OSSL_PARAM_construct_end();
  int kind = secret != NULL ? EVP_PKEY_KEYPAIR : EVP_PKEY_PUBLIC_KEY;
  return EVP_PKEY_fromdata(here->keys, &key, kind, parts) == 1 ? key : NULL;
}

/// X25519 of a secret, whose own public key saves working it out again, and another's public key;
/// false where the result is all zeros.
static inline bool ccrypto_x25519(const uint8_t *secret, const uint8_t *own,
                                  const uint8_t *other, uint8_t *result) {
  EVP_PKEY *ours = ccrypto_key(secret, own);
  EVP_PKEY *theirs = ccrypto_key(NULL, other);
  EVP_PKEY_CTX *context = ours != NULL ? EVP_PKEY_CTX_new_from_pkey(NULL, ours, NULL) : NULL;
  size_t count = CCRYPTO_KEY_BYTES;
  bool is_done = context != NULL && theirs != NULL && EVP_PKEY_derive_init(context) == 1 &&
                 EVP_PKEY_derive_set_peer_ex(context, theirs, 0) == 1 &&
                 EVP_PKEY_derive(context, result, &count) == 1 && count == CCRYPTO_KEY_BYTES;
  EVP_PKEY_CTX_free(context);
  EVP_PKEY_free(theirs);
  EVP_PKEY_free(ours);
  return is_done;
}

/// The public key of a secret.
static inline bool ccrypto_x25519_public(const uint8_t *secret, uint8_t *result) {
  size_t count = CCRYPTO_KEY_BYTES;
  if (ccrypto_here() == NULL) return false;
  EVP_PKEY *key = EVP_PKEY_new_raw_private_key(EVP_PKEY_X25519, NULL, secret, count);
  bool is_done = key != NULL && EVP_PKEY_get_raw_public_key(key, result, &count) == 1;
  EVP_PKEY_free(key);
  return is_done;
}
