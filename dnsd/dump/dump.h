/* dump.h - orbl-dnsd as a command: the zones served, written as files for other servers.
 *
 *	zones given -> loaded as for serving (reload.h) -> one form -> FILE a zone, or standard
 *output
 *
 * Opens no socket to the world. A zone that cannot be dumped takes no other with it.
 */
#ifndef DNSD_DUMP_H
#define DNSD_DUMP_H

#include "server.h"

struct dump_options {
	const char *form;      /* "bind" or "rbldnsd" */
	const char *directory; /* NULL: all to standard output */
	size_t zone_count;     /* 0: all zones */
	const char *const *zones;
};

/* The error is a form that there is not. */
enum err dump_check(const struct dump_options *d, struct error *e) ORBL_NODISCARD;
/* Logs what happened. True: all zones were dumped. */
bool dump_run(const struct dump_options *d, const struct server_options *s);

#endif
