#define _GNU_SOURCE
#include "options.h"

#include <errno.h>
#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static _Noreturn void print_usage(const struct number_option *table) {
  fprintf(stderr, "usage: %s", program_invocation_short_name);
  for (const struct number_option *row = table; row->name; row++)
    fprintf(stderr, isnan(*row->value) ? " --%s %.15g…%.15g" : " [--%s %.15g…%.15g]", row->name,
            row->least, row->most);
  fputc('\n', stderr);
  exit(2);
}

static bool read_option(const char *name, const char *text, const struct number_option *table) {
  for (const struct number_option *row = table; row->name; row++) {
    if (strncmp(name, "--", 2) != 0 || strcmp(name + 2, row->name) != 0)
      continue;
    char *end;
    *row->value = strtod(text, &end);
    return end != text && !*end && *row->value >= row->least && *row->value <= row->most;
  }
  return false;
}

void read_options(int argc, char **argv, const struct number_option *table) {
  for (int i = 1; i < argc; i += 2)
    if (i + 1 == argc || !read_option(argv[i], argv[i + 1], table))
      print_usage(table);
  for (const struct number_option *row = table; row->name; row++)
    if (isnan(*row->value))
      print_usage(table);
}
