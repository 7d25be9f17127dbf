/* sandbox_calls.h - the system calls that are left (sandbox.h). */
#ifndef FEEDS_SANDBOX_CALLS_H
#define FEEDS_SANDBOX_CALLS_H

#include <orbl/sandbox.h>

/* For all threads, for ever; no_new_privs is set. */
enum err sandbox_calls_filter(const struct sandbox *s, struct error *e) ORBL_NODISCARD;

#endif
