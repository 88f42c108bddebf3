/* options: the numbers that a load generator is told on its command line. */
#ifndef OPTIONS_H
#define OPTIONS_H

#include <stddef.h>

/* `--name VALUE`, with least ≤ VALUE ≤ most. `*value` holds the default; NaN means that there is
 * none, and that the option must be given. */
struct number_option {
  const char *name;
  double *value, least, most;
};

/* Reads all, or prints the usage and ends the program with status 2. The last row has no name. */
void read_options(int argc, char **argv, const struct number_option *table);

#endif
