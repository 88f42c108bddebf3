/*
 * clients: the crowd of native clients: how each comes in, and what it hears. Every client has its
 * own key pair, and its own socket, hence its own address, as far as this process may open as many:
 * else some share one, each with a session of its own.
 */
#ifndef CLIENTS_H
#define CLIENTS_H

#include "noise.h"
#include "session.h"

enum {
  CLIENTS_MAX = 30000,
  COOKIE = 24,
  NAME_ROOM = 16,
  SPEAKER = 0, /* the index of the client that speaks */
  INDEX_BITS = 0x7fff, /* of a session id and of a nonce: which client it is */
};

enum phase { OUTSIDE, ASKING, KNOCKING, CONNECTED, WELCOMED };

struct client {
  struct session session; /* first, so that a session's address is its client's */
  struct key_pair key;
  char name[NAME_ROOM];
  size_t name_length;
  enum phase phase;
  uint64_t nonce;
  uint8_t cookie[COOKIE];
  struct handshake *handshake; /* while it knocks */
  uint8_t init[256];
  size_t init_length;
  double wait; /* seconds until Hello or Init is repeated */
  int repeats;
  uint64_t last_event, last_number; /* of the log, and the room's of a message */
  uint32_t others; /* that it knows of */
};

extern struct client *clients;
extern uint32_t client_count;

/* How many have a session, were welcomed, and know of all others. */
extern uint32_t connected_count, welcomed_count, informed_count;

/* What a measurement awaits: a message that was said, a picture that is whole, by their numbers. */
extern void (*on_said)(uint64_t number, size_t length, double now);
extern void (*on_shown)(uint64_t number, double now);

/* Opens the sockets and makes the keys. With `joins` the clients join once they have a session. */
void make_clients(uint16_t port, uint32_t count, bool joins);

/* Lets in all clients that are not in yet, but no more than `at_once` at a time; returns when each
 * is in, or dies after so many seconds without progress. */
void let_all_in(uint32_t at_once, double patience);

/* Waits a little, takes what has arrived, and does what is due; tells whether anything arrived. */
bool listen_to_clients(void);

/* The first client says something, or offers a picture; numbers are 1, 2, 3 … The picture's bytes
 * must stay until it is accepted. Hash is BLAKE2b-256. */
void say(uint64_t number, const char *text, size_t length);
void offer(uint64_t number, const uint8_t *picture, size_t length);

#endif
