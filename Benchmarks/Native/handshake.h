/* handshake: from Hello to Accept, with repetition of what is lost. */
#ifndef HANDSHAKE_H
#define HANDSHAKE_H

#include "clients.h"

/* Sends Hello. */
void begin_handshake(struct client *client, double now);

/* Takes a datagram that came before there is a session. True: now there is one. */
bool take_answer(struct client *client, const uint8_t *datagram, size_t length, double now);

/* Repeats what was not answered. */
void repeat_question(struct client *client);

#endif
