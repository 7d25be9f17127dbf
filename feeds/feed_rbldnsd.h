/* feed_rbldnsd.h - data sets of rbldnsd(8), as its manual page describes them.
 *
 * Where the page and the program differ (1.0pre) the program is followed; what is different
 * here on purpose is in docs/snapshot-format.md, "Compiled from rbldnsd files".
 */
#ifndef FEEDS_FEED_RBLDNSD_H
#define FEEDS_FEED_RBLDNSD_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include <orbl/err.h>
#include <orbl/snapshot.h>
#include <orbl/text.h>

struct feed_job {
	FILE *in;           /* read from its start, twice */
	const char *name;   /* for messages */
	const char *origin; /* of the zone */
	int64_t now_s;
	uint32_t file_serial; /* where the file gives none */
	int fd;               /* the snapshot goes there */
	FILE *warnings;       /* may be NULL */
};

enum err feed_rbldnsd_ip4set(const struct feed_job *job, struct error *e) ORBL_NODISCARD;

/* --- special entries, "$WORD ..." (feed_rbldnsd_special.c) --- */

enum {
	RBLDNSD_TTL_S = 2100,   /* 35 minutes, as the program's own */
	RBLDNSD_VARIABLES = 11, /* $0 to $9, and $= */
	RBLDNSD_BASE = 10,
};

struct rbldnsd_variable {
	bool set;
	size_t len;
	char text[SNAPSHOT_TXT_MAX];
};

struct rbldnsd_name {
	char text[256];
};

struct rbldnsd_soa {
	struct rbldnsd_name mname, rname;
	uint32_t ttl_s, serial, refresh_s, retry_s, expire_s, minimum_s;
};

/* What the special entries of a file said. */
struct rbldnsd_specials {
	uint32_t ttl_s;     /* 0: not given */
	uint64_t max_range; /* addresses; 0: no limit */
	int64_t expires_s;  /* 0: never */
	bool has_soa;
	struct rbldnsd_soa soa;
	uint32_t ns_ttl_s;
	size_t ns_count;
	struct rbldnsd_name ns[SNAPSHOT_NS_MAX];
	struct rbldnsd_variable variables[RBLDNSD_VARIABLES];
};

/* Is it a special entry? If so *line becomes what follows the dollar. */
bool rbldnsd_special_cut(struct text *line);
/* Take in one of them. ERR_SYNTAX: the line is to be rejected; ERR_REFUSED: the file. The
 * text of e is the reason alone. */
enum err rbldnsd_special_read(struct rbldnsd_specials *s, struct text line, int64_t now_s,
	struct error *e) ORBL_NODISCARD;
/* The apex that they make, with the defaults for what is missing. Lends from s and from
 * rname, which it may fill. */
void rbldnsd_special_apex(const struct rbldnsd_specials *s, const char *origin,
	struct rbldnsd_name *rname, struct snapshot_apex *out);

#endif
