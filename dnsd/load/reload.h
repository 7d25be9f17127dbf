/* reload.h - zones and their sources: loading, loading again, keeping the old on failure.
 *
 *	zone, zone, ... ---> source ---> FILE (source.h), or compiled by the loader
 *
 * Sources are loaded at start, when asked to, and when one of their files has changed. What
 * cannot be loaded, or would take a name that another zone has, leaves in service what was;
 * without anything in service its zones are not ready (SERVFAIL). Every look at the files tries
 * again what has failed.
 *
 * Of the keeper, who opens the files: who answers has their descriptors. Logs what happened, each
 * reason once.
 */
#ifndef DNSD_RELOAD_H
#define DNSD_RELOAD_H

#include "loader.h"
#include "source.h"
#include "stats.h"
#include "zone.h"

struct reload;

/* Puts data of a source into service, before anything here says that they are. An error: what was
 * stays there. */
struct reload_publisher {
	/* same_snapshot: only the delta is new. NULL: nobody is to be told. */
	enum err (*publish)(void *context, size_t source, const struct source_data *data,
		bool same_snapshot, struct error *e);
	void *context;
};

struct reload_options {
	size_t zone_count;
	const struct feed_zone *zones; /* one with several sources is there several times */
	int64_t max_age_s;             /* of zone_source */
	uint16_t amplification;        /* of answer_config; zones that exceed it are warned about */
	struct loader *loader;
	struct reload_publisher publisher;
	struct stats *stats; /* zones get their rows and are described; NULL: not */
};

/* What is to be said of one of the zones given. Texts are lent until the next call of reload_*. */
struct reload_status {
	const struct feed_zone *zone;
	const struct snapshot *snapshot; /* NULL: not ready */
	const struct snapshot *delta;    /* NULL: none */
	bool is_served;
	int64_t loaded_s;
	bool is_previous; /* FILE.prev is in service */
	bool is_loading;
	size_t skipped;    /* lines of what is in service that could not be used */
	bool is_old;       /* beyond max_age_s, or expired */
	const char *error; /* of the last load; "" when it succeeded */
	const char *code;  /* err_name of it */
};

/* No zone is ready in the beginning. Copies the options, keeps what they point to. The
 * error is a zone with a bad name, or with sources that do not go together. */
enum err reload_new(const struct reload_options *options, struct reload **out,
	struct error *e) ORBL_NODISCARD;
void reload_free(struct reload *r); /* NULL ok */

/* Load the sources of which a file has changed since they were loaded; or all of them. */
void reload_request(struct reload *r, bool all, int64_t now_s);
/* A result of the loader is there (loader_fd). */
void reload_loaded(struct reload *r, int64_t now_s);
/* Is a load under way? */
bool reload_is_busy(const struct reload *r);

/* The set of what is in service, lent until the next call that loads. */
const struct zone_set *reload_zones(const struct reload *r);
size_t reload_source_count(const struct reload *r);
const struct source *reload_source(const struct reload *r, size_t i); /* i < source_count */

size_t reload_count(const struct reload *r); /* zones given */
void reload_status(const struct reload *r, size_t i, int64_t now_s,
	struct reload_status *out); /* i < count */

#endif
