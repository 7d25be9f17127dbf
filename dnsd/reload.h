/* reload.h - the sources of the zones: loading, loading again, keeping the old on failure.
 *
 * A source is a snapshot file or an rbldnsd file (compiled by the loader process). It is
 * loaded at start, when asked to, and when its file has changed. A file that cannot be
 * loaded leaves in service what was; without anything in service its zone is not ready
 * (SERVFAIL) and every look at the file tries again.
 *
 * Main thread only. Logs what happened, once for each load.
 */
#ifndef DNSD_RELOAD_H
#define DNSD_RELOAD_H

#include <orbl/feed.h>

#include "live.h"
#include "loader.h"

struct reload;

/* What is to be said of one source. Texts are lent until the next call of reload_*. */
struct reload_status {
	const struct feed_zone *zone;
	const struct snapshot *snapshot; /* NULL: not ready */
	int64_t loaded_s;
	bool is_previous; /* FILE.prev is in service */
	bool is_loading;
	const char *error; /* of the last load; "" when it succeeded */
	const char *code;  /* err_name of it */
};

/* Publishes a set in which no zone is ready. Copies zones; keeps loader (NULL when no zone needs
 * it) and live. The error is a zone given twice or with a bad name. */
enum err reload_new(const struct feed_zone *zones, size_t count, struct loader *loader,
	struct live *live, struct reload **out, struct error *e) ORBL_NODISCARD;
/* NULL ok. Call after live_free: what is in service uses the snapshots. */
void reload_free(struct reload *r);

/* Load all sources, or only those whose file has changed since they were loaded. */
void reload_request(struct reload *r, bool all, int64_t now_s);
/* A result of the loader is there (loader_fd). False: the loader is gone. */
bool reload_loaded(struct reload *r, int64_t now_s);
/* Is a load under way? */
bool reload_is_busy(const struct reload *r);

size_t reload_count(const struct reload *r);
void reload_status(const struct reload *r, size_t i, struct reload_status *out); /* i < count */

#endif
