/* retire.h - the end of a list that does nobody harm, in the order of RFC 6471 section 3.4.
 *
 *	announced  all goes on; the end and its date are told in the zone (_status) and to ourselves
 *	empty      nothing is listed any more, with long TTLs: who still asks gets "not listed"
 *	gone       nothing is published; the parent zone points at name servers in TEST-NET
 *
 * At no step more is listed than before. Kept in the store: a restart changes nothing.
 */
#ifndef ANALYZER_RETIRE_H
#define ANALYZER_RETIRE_H

#include <stdbool.h>
#include <stdint.h>

#include <orbl/store.h>
#include <orbl/text.h>

enum retire_stage { RETIRE_NOT, RETIRE_ANNOUNCED, RETIRE_EMPTY, RETIRE_GONE, RETIRE_COUNT };

enum {
	RETIRE_TTL_S = 604800,         /* a week */
	RETIRE_WARNING_S = 30 * 86400, /* "one or more months" between announcement and end */
	RETIRE_NOTICE = 32,
	RETIRE_RECORDS = 2048,
};

struct retirement {
	enum retire_stage stage;
	int64_t announced_s; /* 0: not */
	int64_t since_s;     /* of this stage */
	int64_t at_s;        /* when the list ends, as announced */
};

/* --- for who publishes --- */

enum err retire_load(struct store *s, struct retirement *out, struct error *e) ORBL_NODISCARD;
/* The list that is published has no listing (the test points are no listings). */
bool retire_is_empty(const struct retirement *r);
/* Once the empty list is published nothing more is, not even as a sign of life. */
bool retire_is_gone(const struct retirement *r);
/* The TTL to publish instead of ttl_s: that, or a week. Of answers with and without data. */
uint32_t retire_ttl(const struct retirement *r, uint32_t ttl_s);
/* For _status: "retire=2026-03-01", or "". Returns out. */
const char *retire_notice(const struct retirement *r, char out[RETIRE_NOTICE]);

/* --- for who decides --- */

struct retire_order {
	enum retire_stage stage; /* RETIRE_NOT: go on as if nothing had been */
	int64_t at_s;            /* announced: 0 is RETIRE_WARNING_S from now */
	int64_t now_s;
	bool force; /* earlier than was announced */
};

/* What becomes of r by this order: *out. ERR_REFUSED: a step is left out, or comes before its
 * time. Pure. */
enum err retire_next(const struct retirement *r, const struct retire_order *o,
	struct retirement *out, struct error *e) ORBL_NODISCARD;
/* Inside a transaction. */
enum err retire_save(struct store *s, const struct retirement *r, struct error *e) ORBL_NODISCARD;
/* What is to be put into the parent zone when the list is gone, as lines of a zone file. A zone
 * name with "*" is ERR_REFUSED: such a record would list the world. */
enum err retire_records(struct text zone, char out[RETIRE_RECORDS], struct error *e) ORBL_NODISCARD;
const char *retire_stage_name(enum retire_stage stage); /* "announced" */

#endif
