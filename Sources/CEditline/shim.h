// libedit's own interface (editline(3)). Its functions with variable arguments, which Swift cannot
// call, stand behind functions with fixed ones.
#include <stdio.h>
#include <histedit.h>

static inline EditLine *ceditline_init(const char *program) {
  return el_init(program, stdin, stdout, stderr);
}

static inline void ceditline_set_owner(EditLine *e, void *owner) {
  el_wset(e, EL_CLIENTDATA, owner);
}

static inline void *ceditline_owner(EditLine *e) {
  void *owner = NULL;
  el_wget(e, EL_CLIENTDATA, &owner);
  return owner;
}

static inline void ceditline_set_prompt(EditLine *e, wchar_t *(*prompt)(EditLine *)) {
  el_wset(e, EL_PROMPT, prompt);
}

static inline void ceditline_set_reader(EditLine *e, int (*read)(EditLine *, wchar_t *)) {
  el_wset(e, EL_GETCFN, read);
}

// Each el_wgets takes one key instead of a whole line; 0 gives the terminal back.
static inline void ceditline_set_unbuffered(EditLine *e, int on) {
  el_wset(e, EL_UNBUFFERED, on);
}

static inline void ceditline_set_raw(EditLine *e, int on) { el_wset(e, EL_PREP_TERM, on); }

static inline void ceditline_refresh(EditLine *e) { el_wset(e, EL_REFRESH); }

static inline void ceditline_bind(EditLine *e, const wchar_t *key, const wchar_t *command) {
  el_wset(e, EL_BIND, key, command, NULL);
}

static inline void ceditline_add_command(EditLine *e, const wchar_t *name,
                                         unsigned char (*command)(EditLine *, int)) {
  el_wset(e, EL_ADDFN, name, name, command);
}

static inline void ceditline_use_emacs_keys(EditLine *e) {
  el_wset(e, EL_SIGNAL, 0);
  el_wset(e, EL_EDITOR, L"emacs");
}
