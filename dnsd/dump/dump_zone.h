/* dump_zone.h - a zone in one form or another, as others read it. */
#ifndef DNSD_DUMP_ZONE_H
#define DNSD_DUMP_ZONE_H

#include <orbl/feed.h>

#include "dump_out.h"
#include "zone.h"

struct dump_zone {
	const struct zone_set *zones;
	const struct zone *zone; /* has its own SOA, is ready and not stale */
	const char *name;        /* for messages and comments */
	const char *file;        /* likewise: what it is written to, without its folder */
	int64_t now_s;
	uint64_t expand; /* transfer.expand */
	size_t source_count;
	const struct feed_zone *sources; /* of all zones */
};

/* What the form cannot say. */
struct dump_notes {
	size_t left_out; /* entries, or records */
	size_t cut;      /* different texts that the reader will cut */
};

struct dump_form {
	const char *name, *suffix;
	/* ERR_UNSUPPORTED: the zone is there in this form already, as e tells. Errors of out are
	 * for dump_out_close. */
	enum err (*write)(const struct dump_zone *z, struct dump_out *out, struct dump_notes *notes,
		struct error *e);
};

/* NULL: there is no such form. */
const struct dump_form *dump_form_find(const char *name);

enum err dump_bind_write(const struct dump_zone *z, struct dump_out *out, struct dump_notes *notes,
	struct error *e) ORBL_NODISCARD;
enum err dump_rbldnsd_write(const struct dump_zone *z, struct dump_out *out,
	struct dump_notes *notes, struct error *e) ORBL_NODISCARD;

#endif
