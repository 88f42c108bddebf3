// libedit's globals, which Swift 6 will not touch directly, behind functions.
#include <stdlib.h>
#include <editline/readline.h>

static inline void ceditline_set_completion(char **(*complete)(const char *, int, int)) {
  rl_attempted_completion_function = (rl_completion_func_t *)complete;
}

// No files are offered where nothing else fits.
static inline void ceditline_end_completion(void) { rl_attempted_completion_over = 1; }

static inline void ceditline_set_completion_append(int character) {
  rl_completion_append_character = character;
}

static inline void ceditline_set_getc(int (*next)(FILE *)) { rl_getc_function = next; }

static inline void ceditline_disown_signals(void) {
  rl_catch_signals = 0;
  rl_catch_sigwinch = 0;
}

static inline int ceditline_point(void) { return rl_point; }
static inline int ceditline_end(void) { return rl_end; }
