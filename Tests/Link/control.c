/*
 * One line is one command:
 *
 *   [a|b] SETTING NUMBER [SETTING NUMBER …]   what a or b sends, or both; all of it, or nothing
 *   stats                                     counts since the start, a JSON object
 *   quit
 *
 * The answer is one line: `ok`, the object, or `error: ` and why.
 */
#include "control.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

static const struct {
  const char *name;
  double max;
} WORDS[SETTINGS] = {
    [DELAY_MS] = {"delay", 600e3},   [JITTER_MS] = {"jitter", 600e3},
    [LOSS] = {"loss", 1},            [DOUBLE] = {"double", 1},
    [REORDER] = {"reorder", 1},      [LATE_MS] = {"late", 600e3},
    [CORRUPT] = {"corrupt", 1},      [RATE_MBIT] = {"rate", 1e6},
    [QUEUE_MS] = {"queue", 600e3},   [LONGEST_BYTES] = {"longest", PACKET_BYTES_MAX},
    [NAT_SHIFT] = {"nat", 60000},    [DOWN_SECONDS] = {"down", 86400},
};

static const char *const COUNTER_NAMES[COUNTERS] = {
    [PACKETS] = "packets",       [BYTES] = "bytes",
    [DELIVERED] = "delivered",   [DELIVERED_BYTES] = "delivered_bytes",
    [LOST] = "lost",             [DOUBLED] = "doubled",
    [REORDERED] = "reordered",   [CORRUPTED] = "corrupted",
    [QUEUE_FULL] = "queue_full", [OUTAGE] = "outage",
    [TOO_LONG] = "too_long",     [NAT_CLOSED] = "nat_closed",
    [OVERFLOW] = "overflow",     [REFUSED] = "refused",
};

static void print_statistics(const struct passage *passage) {
  uint64_t delivered = 0;
  printf("{");
  for (int end = 0; end < ENDS; end++) {
    printf("\"%c\":{", 'a' + end);
    for (int counter = 0; counter < COUNTERS; counter++) {
      printf("%s\"%s\":%" PRIu64, counter ? "," : "", COUNTER_NAMES[counter],
             passage->ends[end].counters[counter]);
    }
    printf("},");
    delivered += passage->ends[end].counters[DELIVERED];
  }
  struct rusage used;
  getrusage(RUSAGE_SELF, &used);
  double cpu = (double)(used.ru_utime.tv_sec + used.ru_stime.tv_sec) +
               (double)(used.ru_utime.tv_usec + used.ru_stime.tv_usec) * 1e-6;
  printf("\"held\":%zu,\"cpu_seconds\":%.6f,\"overdue_us_max\":%.1f,\"overdue_us_mean\":%.2f}\n",
         passage->held, cpu, (double)passage->overdue_ns_max / 1000,
         delivered ? (double)passage->overdue_ns_sum / 1000 / (double)delivered : 0);
}

static int setting_named(const char *name) {
  for (int setting = 0; setting < SETTINGS; setting++) {
    if (strcmp(name, WORDS[setting].name) == 0) return setting;
  }
  return -1;
}

/* Obeys or refuses a line of settings. */
static void set_all(struct passage *passage, char *line) {
  double wanted[SETTINGS];
  bool is_wanted[SETTINGS] = {false};
  int first = 0, last = ENDS - 1, count = 0;
  char *rest = NULL, *word = strtok_r(line, " ", &rest);
  if (word && (strcmp(word, "a") == 0 || strcmp(word, "b") == 0)) {
    first = last = word[0] - 'a';
    word = strtok_r(NULL, " ", &rest);
  }
  for (; word; word = strtok_r(NULL, " ", &rest)) {
    int setting = setting_named(word);
    char *number = strtok_r(NULL, " ", &rest), *end = NULL;
    double value = number ? strtod(number, &end) : -1;
    if (setting < 0) {
      printf("error: there is no setting \"%s\"\n", word);
      return;
    }
    if (number == NULL || *end || !(value >= 0 && value <= WORDS[setting].max)) {
      printf("error: \"%s\" needs a number from 0 to %g\n", word, WORDS[setting].max);
      return;
    }
    wanted[setting] = value;
    is_wanted[setting] = true;
    count++;
  }
  if (count == 0) {
    printf("error: nothing to set\n");
    return;
  }
  for (int end = first; end <= last; end++) {
    for (int setting = 0; setting < SETTINGS; setting++) {
      if (is_wanted[setting]) passage_set(passage, end, setting, wanted[setting]);
    }
  }
  printf("ok\n");
}

static bool obey(struct passage *passage, char *line) {
  if (strcmp(line, "quit") == 0) return false;
  if (strcmp(line, "stats") == 0) {
    print_statistics(passage);
  } else {
    set_all(passage, line);
  }
  fflush(stdout);
  return true;
}

bool control_read(struct control *control, struct passage *passage) {
  char bytes[1024];
  ssize_t count = read(STDIN_FILENO, bytes, sizeof bytes);
  for (ssize_t index = 0; index < count; index++) {
    if (bytes[index] != '\n') {
      control->is_too_long |= control->length + 1 == sizeof control->line;
      if (!control->is_too_long) control->line[control->length++] = bytes[index];
      continue;
    }
    control->line[control->is_too_long ? 0 : control->length] = '\0';
    control->length = 0;
    control->is_too_long = false;
    if (!obey(passage, control->line)) return false;
  }
  return count > 0;
}
