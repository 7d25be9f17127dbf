/* rbldnsd_special.h - special entries of rbldnsd's files, "$WORD ...": what they said.
 */
#ifndef FEEDS_RBLDNSD_SPECIAL_H
#define FEEDS_RBLDNSD_SPECIAL_H

#include <stdbool.h>
#include <stdint.h>

#include <orbl/err.h>
#include <orbl/snapshot.h>
#include <orbl/text.h>

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

/* What the special entries of a data set said. */
struct rbldnsd_specials {
	bool has_ttl;
	uint32_t ttl_s;     /* 0: the default, also where a container has another */
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
/* Take in one of them. ERR_SYNTAX: the line is to be rejected; ERR_RANGE: it was taken, but not
 * all of it; ERR_REFUSED: the file is to be refused. The text of e is the reason alone. */
enum err rbldnsd_special_read(struct rbldnsd_specials *s, struct text line, int64_t now_s,
	struct error *e) ORBL_NODISCARD;

/* Tools for entries of a type's own. */
struct text rbldnsd_next_word(struct text *rest); /* and the blanks behind it */
/* Seconds, or a number with one of s m h d w behind. */
bool rbldnsd_parse_seconds(struct text t, uint32_t *out);
/* A domain name as it stands, with escapes and the last dot. */
bool rbldnsd_parse_name(struct text t, struct rbldnsd_name *out);

#endif
