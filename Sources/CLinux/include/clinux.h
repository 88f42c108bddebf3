// The few Linux system calls and macros that Swift's Glibc module does not show.
//
// This header is imported by Swift, so it must not define _GNU_SOURCE; clinux.c does.
#ifndef CLINUX_H
#define CLINUX_H

#include <stdint.h>

#endif
