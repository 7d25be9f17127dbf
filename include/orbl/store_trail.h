/* store_trail.h - what the audit log says of a host: the end of the chain from a log line to what
 * is published.
 */
#ifndef ORBL_STORE_TRAIL_H
#define ORBL_STORE_TRAIL_H

#include <stddef.h>
#include <stdint.h>

#include <orbl/addr.h>
#include <orbl/store.h>

struct store_trail { /* a record of the audit log; lends */
	uint64_t seq;
	int64_t time_s;
	const char *author; /* "": the analyzer by itself */
	const char *action, *subject, *detail;
};
typedef enum err store_trail_fn(const struct store_trail *t, void *context);
/* Records about the host or the prefix that is listed for it, the newest first, at most max. */
enum err store_trail_of(struct store *s, const struct addr *host, const struct prefix *prefix,
	size_t max, store_trail_fn *fn, void *context, struct error *e) ORBL_NODISCARD;
/* The detail of the newest record of this action about the host that begins so; "": there is none.
 * It may be cut. */
enum err store_trail_find(struct store *s, const struct addr *host, const char *action,
	const char *begin, char *detail, size_t size, struct error *e) ORBL_NODISCARD;

#endif
