/*
 * pubsub: subscribes many clients to NATS or Redis on loopback, publishes, and counts what arrives:
 * what the native load does, to servers that others wrote.
 *
 *   pubsub --port PORT --clients N [--redis 0|1] [--tls 0|1] [--size BYTES] [--nap MICROSECONDS]
 *          [--seconds LIMIT] [--together 0|1]
 *
 * There are N subscribers and one publisher, each with a connection of its own. When all have
 * subscribed it prints {"joined": N}; then it obeys the commands of flight.h. Each message is
 * written by itself, with `--together 1` all that may go now are. With `--tls` a connection is
 * encrypted as NATS does it: after the server's first line. The certificate is not checked: it was
 * made for this run.
 *
 * All messages are equally long, so what a subscriber gets is a row of equal frames. Of each it
 * compares the head and reads the number in the payload.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <math.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <openssl/ssl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "../Common/flight.h"
#include "../Common/options.h"
#include "../Common/sockets.h"

enum {
  CLIENTS_MAX = 30000,
  SIZE_MIN = 8, /* the number's digits */
  SIZE_MAX_BYTES = 1 << 20,
  HEAD_MAX = 64,
  LINE_MAX_BYTES = 4096,
  READ_BYTES = 1 << 16,
};

struct connection {
  int socket;
  SSL *tls;
  size_t held; /* bytes of a head and a number that has begun */
  char head[HEAD_MAX + SIZE_MIN];
  uint64_t number;
  size_t rest; /* bytes of a frame that are still to come behind its number */
};

static const char NATS_HELLO[] =
    "CONNECT {\"verbose\":false,\"pedantic\":false,\"lang\":\"c\",\"version\":\"1\"}\r\n";
static const char PING[] = "PING\r\n", PONG[] = "PONG\r\n";

static struct connection *connections; /* the last is the publisher */
static bool is_redis, writes_together;
static SSL_CTX *tls_context;
static size_t size;
static char head[HEAD_MAX], *outgoing; /* of a message that arrives; what is to be published */
static size_t head_length, outgoing_length, outgoing_room;

static struct connection *publisher(void) { return &connections[traffic.clients]; }

/* ---- Bytes, encrypted or not ---- */

/* Waits until the socket can do what a call could not. */
static void wait_for(const struct connection *connection, short events) {
  if (poll(&(struct pollfd){.fd = connection->socket, .events = events}, 1, 10000) != 1)
    fail("a server that does not answer");
}

static void write_all(struct connection *connection, const char *bytes, size_t length) {
  while (length) {
    ssize_t count;
    if (connection->tls) {
      count = SSL_write(connection->tls, bytes, (int)length);
      int error = SSL_get_error(connection->tls, (int)count);
      if (count <= 0 && error != SSL_ERROR_WANT_WRITE && error != SSL_ERROR_WANT_READ)
        fail("SSL_write");
    } else {
      count = send(connection->socket, bytes, length, MSG_NOSIGNAL);
      if (count < 0 && errno != EAGAIN)
        fail("send");
    }
    if (count <= 0) {
      wait_for(connection, POLLOUT);
      continue;
    }
    bytes += count;
    length -= (size_t)count;
  }
}

/* 0: there is nothing now. */
static size_t read_some(struct connection *connection, char *bytes, size_t room) {
  ssize_t count;
  if (connection->tls) {
    count = SSL_read(connection->tls, bytes, (int)room);
    if (count > 0)
      return (size_t)count;
    if (SSL_get_error(connection->tls, (int)count) == SSL_ERROR_WANT_READ)
      return 0;
    fail("SSL_read");
  }
  count = recv(connection->socket, bytes, room, MSG_DONTWAIT);
  if (count > 0)
    return (size_t)count;
  if (count < 0 && errno == EAGAIN)
    return 0;
  fail("receive");
}

/* ---- Messages ---- */

static void write_outgoing(void) {
  if (outgoing_length)
    write_all(publisher(), outgoing, outgoing_length);
  outgoing_length = 0;
}

static void publish(uint64_t number) {
  size_t needed = outgoing_length + HEAD_MAX + size + 2;
  if (needed > outgoing_room) {
    outgoing_room = 2 * needed;
    outgoing = realloc(outgoing, outgoing_room);
    if (!outgoing)
      fail("realloc");
  }
  char *at = outgoing + outgoing_length;
  at += sprintf(
      at, is_redis ? "*3\r\n$7\r\nPUBLISH\r\n$1\r\nc\r\n$%zu\r\n" : "PUB c %zu\r\n", size);
  memset(at, '.', size);
  snprintf(at, SIZE_MIN + 1, "%08" PRIu64, number % 100000000);
  if (size > SIZE_MIN)
    at[SIZE_MIN] = '.';
  memcpy(at + size, "\r\n", 2);
  outgoing_length = (size_t)(at - outgoing) + size + 2;
  if (!writes_together)
    write_outgoing();
}

static uint64_t read_number(const char *digits) {
  uint64_t shown = 0;
  for (int i = 0; i < SIZE_MIN; i++)
    shown = shown * 10 + (uint64_t)(digits[i] - '0');
  return first_open + (shown + 100000000 - first_open % 100000000) % 100000000;
}

/* Takes as much of a head and its number as there is; gives how many bytes that was. */
static size_t take_head(struct connection *connection, const char *bytes, size_t length) {
  size_t missing = head_length + SIZE_MIN - connection->held;
  size_t count = length < missing ? length : missing;
  memcpy(connection->head + connection->held, bytes, count);
  connection->held += count;
  if (!is_redis && connection->held >= sizeof PING - 1 &&
      memcmp(connection->head, PING, sizeof PING - 1) == 0) {
    write_all(connection, PONG, sizeof PONG - 1);
    count -= connection->held - (sizeof PING - 1);
    connection->held = 0;
    return count;
  }
  if (count < missing)
    return count;
  if (memcmp(connection->head, head, head_length) != 0) {
    fprintf(stderr, "pubsub: the server said %.*s\n", (int)connection->held, connection->head);
    exit(1);
  }
  connection->number = read_number(connection->head + head_length);
  connection->rest = size - SIZE_MIN + 2;
  connection->held = 0;
  return count;
}

static void take_bytes(struct connection *connection, const char *bytes, size_t length,
                       double now) {
  while (length) {
    size_t count;
    if (!connection->rest) {
      count = take_head(connection, bytes, length);
    } else {
      count = length < connection->rest ? length : connection->rest;
      connection->rest -= count;
      if (!connection->rest)
        receive_message(connection->number, now);
    }
    bytes += count;
    length -= count;
  }
}

static void empty(uint32_t index, double now) {
  static char bytes[READ_BYTES];
  struct connection *connection = &connections[index];
  for (size_t count; (count = read_some(connection, bytes, sizeof bytes));) {
    if (!is_redis || connection != publisher()) /* which is told how many have got it */
      take_bytes(connection, bytes, count, now);
    if (!connection->tls && count < sizeof bytes)
      return; /* a socket that gives less than it might is empty */
  }
}

static bool listen_to_subscribers(void) {
  write_outgoing();
  return look_at_sockets(empty);
}

/* ---- Connecting ---- */

/* Reads up to and with a text that the server says at last, byte by byte. */
static void read_until(struct connection *connection, const char *last) {
  char line[LINE_MAX_BYTES];
  for (size_t length = 0; length + 1 < sizeof line;) {
    if (!read_some(connection, line + length, 1)) {
      wait_for(connection, POLLIN);
      continue;
    }
    line[++length] = '\0';
    if (length >= strlen(last) && strcmp(line + length - strlen(last), last) == 0)
      return;
  }
  fail("an answer that never ends");
}

static void begin_tls(struct connection *connection) {
  connection->tls = SSL_new(tls_context);
  if (!connection->tls || SSL_set_fd(connection->tls, connection->socket) != 1 ||
      SSL_connect(connection->tls) != 1)
    fail("TLS");
}

static void open_connection(struct connection *connection, uint16_t port, bool subscribes) {
  const struct sockaddr_in server = {
      .sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
  const int on = 1;
  connection->socket = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (connection->socket < 0)
    fail("socket");
  if (connect(connection->socket, (const struct sockaddr *)&server, sizeof server))
    fail("connect");
  setsockopt(connection->socket, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  if (!is_redis)
    read_until(connection, "\r\n");
  if (tls_context)
    begin_tls(connection);
  if (fcntl(connection->socket, F_SETFL, O_NONBLOCK))
    fail("fcntl");
  if (is_redis && subscribes) {
    write_all(connection, "SUBSCRIBE c\r\n", 13);
    read_until(connection, ":1\r\n");
  } else if (!is_redis) {
    write_all(connection, NATS_HELLO, sizeof NATS_HELLO - 1);
    if (subscribes)
      write_all(connection, "SUB c 1\r\n", 9);
    write_all(connection, PING, sizeof PING - 1);
    read_until(connection, PONG);
  }
}

static void prepare_tls(void) {
  tls_context = SSL_CTX_new(TLS_client_method());
  if (!tls_context)
    fail("TLS");
  SSL_CTX_set_read_ahead(tls_context, 1);
  SSL_CTX_set_default_read_buffer_len(tls_context, READ_BYTES);
  SSL_CTX_set_mode(tls_context,
                   SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
}

int main(int argc, char **argv) {
  double port = NAN, clients = NAN, redis = 0, tls = 0, chosen_size = 100, chosen_nap = -1;
  double together = 0;
  read_options(argc, argv,
               (struct number_option[]){
                   {"port", &port, 1, UINT16_MAX},
                   {"clients", &clients, 1, CLIENTS_MAX},
                   {"redis", &redis, 0, 1},
                   {"tls", &tls, 0, 1},
                   {"size", &chosen_size, SIZE_MIN, SIZE_MAX_BYTES},
                   {"nap", &chosen_nap, 0, 10000},
                   {"seconds", &traffic.seconds_limit, 0, 3600},
                   {"together", &together, 0, 1},
                   {0},
               });
  is_redis = redis > 0;
  writes_together = together > 0;
  size = (size_t)chosen_size;
  head_length = (size_t)sprintf(
      head, is_redis ? "*3\r\n$7\r\nmessage\r\n$1\r\nc\r\n$%zu\r\n" : "MSG c 1 %zu\r\n", size);
  choose_nap(chosen_nap);
  traffic.clients = traffic.recipients = (uint32_t)clients;
  traffic.say = publish;
  traffic.listen = listen_to_subscribers;
  if (tls > 0)
    prepare_tls();

  allow_descriptors(traffic.clients + 1);
  connections = calloc(traffic.clients + 1, sizeof *connections);
  if (!connections)
    fail("calloc");
  for (uint32_t i = 0; i <= traffic.clients; i++) {
    open_connection(&connections[i], (uint16_t)port, i < traffic.clients);
    watch_socket(connections[i].socket, i);
  }
  printf("{\"joined\": %" PRIu32 "}\n", traffic.clients);
  fflush(stdout);
  obey(true, NULL);
}
