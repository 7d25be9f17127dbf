/* feed.h - formats in which a list travels in or out: a table, one row a format.
 *
 *	--zone NAME=SOURCE            NAME:TYPE:FILE,FILE... (as rbldnsd is told)
 *
 * A source is "snapshot:FILE" (as it is, with FILE.delta when there is one), "transfer:FILE" (a
 * snapshot too, which the server writes itself, of what it receives from the zone's primaries) or
 * "rbldnsd:TYPE:FILE,FILE..." (data set of rbldnsd(8), compiled into a snapshot). A zone has as
 * many sources as name it, in the order given; a source that several zones name is loaded once.
 * A zone that comes by transfer has no other source but an access control list.
 * Compiling writes to a descriptor of the caller: a hostile file meets only the process
 * that compiles it.
 */
#ifndef ORBL_FEED_H
#define ORBL_FEED_H

#include <stdio.h>

#include <orbl/err.h>
#include <orbl/snapshot.h>

enum feed_kind {
	FEED_SNAPSHOT,
	FEED_RBLDNSD,
	FEED_TRANSFER,
	FEED_CATALOG, /* of no file: the server makes it of the zones it serves (transfer.catalog)
	               */
};

enum { FEED_PATHS_MAX = 4096, FEED_FILES_MAX = 64 };

struct feed_source {
	enum feed_kind kind;
	char type[16];              /* rbldnsd data set type, "" of another kind */
	char paths[FEED_PATHS_MAX]; /* of rbldnsd: several, with commas between */
};

/* Which zone a source is part of. */
struct feed_zone {
	char origin[256]; /* presentation form, without the last dot, lower case; "": the global
	                   * access control list, only of type acl */
	struct feed_source source;
};

/* Parse "NAME=SOURCE". The error names the part that is wrong and the types there are. */
enum err
feed_zone_parse(const char *argument, struct feed_zone *out, struct error *e) ORBL_NODISCARD;
/* Parse "NAME:TYPE:FILE,FILE...", the zone specification of rbldnsd(8). */
enum err feed_zone_parse_rbldnsd(const char *argument, struct feed_zone *out,
	struct error *e) ORBL_NODISCARD;
/* Is it a snapshot, with a delta perhaps? Else it has to be compiled. */
static inline bool
feed_source_is_snapshot(const struct feed_source *s)
{
	return s->kind == FEED_SNAPSHOT || s->kind == FEED_TRANSFER;
}
bool feed_source_equal(const struct feed_source *a, const struct feed_source *b);
/* The i-th of its files; false: it has no more. */
bool feed_source_file(const struct feed_source *s, size_t i, char out[FEED_PATHS_MAX]);

/* rbldnsd's options for what its files do not say. */
struct feed_options {
	uint32_t ttl_s, ttl_min_s, ttl_max_s; /* of -t; 0: 2100 seconds, no bound, no bound */
	bool host_bits; /* of -e: an address may have bits set outside its mask */
	bool list_all;  /* A and TXT in an acl list everything to its client; else they refuse */
};

/* What a file has that cannot be used does not end the compiling. */
struct feed_warnings {
	FILE *out;      /* gets the first ones, as "FILE:LINE: reason"; NULL: none */
	size_t skipped; /* lines of all files that are not used; written at the end */
};

/* Compile the files of a FEED_RBLDNSD source and write the snapshot to fd; its creation time, and
 * its serial where the files give none, is when the newest file was modified. warnings may be
 * NULL. */
enum err feed_compile(const struct feed_source *source, const struct feed_options *options,
	int64_t now_s, int fd, struct feed_warnings *warnings, struct error *e) ORBL_NODISCARD;

#endif
