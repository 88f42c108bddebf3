/* The link's line protocol: settings and questions in, one line for each out. */
#ifndef LINK_CONTROL_H
#define LINK_CONTROL_H

#include "passage.h"

struct control {
  char line[256];
  size_t length;
  bool is_too_long; /* the rest of the line is passed over */
};

/* Reads what is there on standard input and answers it; false when it ended, or at `quit`. */
bool control_read(struct control *control, struct passage *passage);

#endif
