#include "handshake.h"

#include <inttypes.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>

#include "../Common/sockets.h"

enum {
  HELLO_LENGTH = 256,
  ANSWER_MAX = 256,
  SALT = 16,
  RESET_TOKEN = 16,
  OFFERS_AES = 1,
  REFUSAL_LENGTH = 22,
  MAC = 16,
  SERVER_NAME_MAX = 64,
  INIT_REPEATS = 2,
};

static const double FIRST_WAIT = 0.250;

static uint8_t server_key[KEY]; /* once it is known */
static bool knows_server;

static void send_hello(struct client *client) {
  uint8_t hello[HELLO_LENGTH] = {HELLO, VERSION};
  put_integer(hello + 2, client->nonce, 8);
  if (send(client->session.socket, hello, sizeof hello, 0) < 0)
    fail("Hello");
}

static void send_init(struct client *client) {
  if (send(client->session.socket, client->init, client->init_length, 0) < 0)
    fail("Init");
}

void begin_handshake(struct client *client, double now) {
  randombytes_buf(&client->nonce, sizeof client->nonce);
  client->nonce ^= (client->nonce ^ client->session.own_id) & INDEX_BITS;
  client->phase = ASKING;
  client->wait = FIRST_WAIT;
  client->repeats = 0;
  client->session.sent_at = now;
  send_hello(client);
}

void repeat_question(struct client *client) {
  client->wait *= 2;
  if (client->phase == ASKING) {
    send_hello(client);
  } else if (++client->repeats <= INIT_REPEATS) {
    send_init(client);
  } else {
    begin_handshake(client, client->session.sent_at);
  }
}

static void take_hello_answer(struct client *client, struct reader answer, double now) {
  if (bytes_left(&answer) > ANSWER_MAX - 1)
    complain(&client->session, "a HelloAnswer that is longer than a Hello");
  bool is_version = read_integer(&answer, 1) == VERSION;
  bool is_ours = read_integer(&answer, 8) == client->nonce;
  const uint8_t *cookie = read_bytes(&answer, COOKIE), *key = read_bytes(&answer, KEY);
  uint64_t flags = read_integer(&answer, 1);
  read_bytes(&answer, SALT);
  read_integer(&answer, 4); /* people present */
  struct reader name = read_block(&answer); /* the server's clock may follow */
  if (answer.failed || bytes_left(&name) > SERVER_NAME_MAX || !is_version)
    complain(&client->session, "a HelloAnswer whose fields are wrong");
  if (!is_ours)
    return;
  if (flags & 1)
    complain(&client->session, "the server wants a password");
  if (knows_server && memcmp(key, server_key, KEY) != 0)
    complain(&client->session, "the server's key has changed");
  memcpy(server_key, key, KEY);
  knows_server = true;

  uint8_t payload[5], *at = client->init;
  put_integer(put_integer(payload, client->session.own_id, 4), OFFERS_AES, 1);
  *at++ = INIT;
  *at++ = VERSION;
  at = put_bytes(at, cookie, COOKIE);
  if (!client->handshake)
    client->handshake = malloc(sizeof *client->handshake);
  if (!client->handshake)
    fail("malloc");
  at = write_first_message(client->handshake, &client->key, server_key,
                           (struct reader){.at = payload, .end = payload + sizeof payload}, at);
  client->init_length = (size_t)(at - client->init);
  client->phase = KNOCKING;
  client->wait = FIRST_WAIT;
  client->repeats = 0;
  client->session.sent_at = now;
  send_init(client);
}

static bool take_accept(struct client *client, struct reader answer, double now) {
  uint8_t payload[4 + RESET_TOKEN + 1], sending[KEY], receiving[KEY];
  if (read_integer(&answer, 4) != client->session.own_id)
    complain(&client->session, "an Accept for somebody else");
  if (!read_second_message(client->handshake, answer, payload, sizeof payload, sending, receiving))
    complain(&client->session, "an Accept that cannot be opened");
  struct reader fields = {.at = payload, .end = payload + sizeof payload};
  client->session.peer_id = (uint32_t)read_integer(&fields, 4);
  memcpy(client->session.reset_token, read_bytes(&fields, RESET_TOKEN), RESET_TOKEN);
  begin_session(&client->session, sending, receiving, read_integer(&fields, 1) == 1, now);
  client->phase = CONNECTED;
  free(client->handshake);
  client->handshake = NULL;
  return true;
}

static _Noreturn void take_refusal(const struct client *client, const uint8_t *datagram,
                                   size_t length) {
  uint8_t key[KEY], mac[MAC];
  char why[64];
  refusal_key(client->handshake, key);
  crypto_generichash(mac, sizeof mac, datagram, REFUSAL_LENGTH - MAC, key, sizeof key);
  if (length != REFUSAL_LENGTH || memcmp(mac, datagram + REFUSAL_LENGTH - MAC, MAC) != 0)
    complain(&client->session, "a Refusal that the server did not say");
  snprintf(why, sizeof why, "refused with reason %d", datagram[5]);
  complain(&client->session, why);
}

bool take_answer(struct client *client, const uint8_t *datagram, size_t length, double now) {
  struct reader answer = {.at = datagram + 1, .end = datagram + length};
  if (*datagram == HELLO_ANSWER && client->phase == ASKING)
    take_hello_answer(client, answer, now);
  else if (*datagram == ACCEPT && client->phase == KNOCKING)
    return take_accept(client, answer, now);
  else if (*datagram == REFUSAL && client->phase == KNOCKING)
    take_refusal(client, datagram, length);
  else if (*datagram < HELLO_ANSWER || *datagram > REFUSAL || *datagram == INIT)
    complain(&client->session, "a datagram that belongs to no handshake");
  return false;
}
