/* rbldnsd_oracle.h - the parts of rbldnsd_oracle, which compares orbl-dnsd with rbldnsd(8).
 *
 *	plan --> names --> ask --> wire --> rules --> counts
 *	zones,   ques-     three   replies  what the reply of rbldnsd has to be
 *	entries  tions     servers          changed to, and under which name
 */
#ifndef RBLDNSD_ORACLE_H
#define RBLDNSD_ORACLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
	WIRE_NAME_MAX = 255,
	NAME_MAX_WIRE = 300, /* more than a name may have, to ask for just that */
	PACKET_MAX = 4096,
	RECORDS_MAX = 256,
	BLOB_MAX = 32768,
	WINDOW = 48,  /* questions in a batch; two are under way, and fill no buffer of a socket */
	CLIENTS = 18, /* 127.0.0.1, and 127.0.0.9 to 127.0.0.25 */
};

enum { TYPE_A = 1, TYPE_NS = 2, TYPE_SOA = 6, TYPE_HINFO = 13, TYPE_MX = 15, TYPE_TXT = 16 };
enum { TYPE_AAAA = 28, TYPE_OPT = 41, TYPE_DS = 43, TYPE_TSIG = 250, TYPE_IXFR = 251 };
enum { TYPE_AXFR = 252, TYPE_ANY = 255, TYPE_CAA = 257 };
enum { RCODE_OK, RCODE_FORMERR, RCODE_SERVFAIL, RCODE_NXDOMAIN, RCODE_NOTIMP, RCODE_REFUSED };
enum { FLAG_AA = 0x0400, FLAG_TC = 0x0200, FLAG_RD = 0x0100, FLAG_AD = 0x20, FLAG_CD = 0x10 };

/* --- rbldnsd_oracle_plan.c: what rbldnsd_zones.py wrote --- */

enum point_kind { POINT_IP4, POINT_IP6, POINT_NAME };

struct point {
	enum point_kind kind;
	char *below;        /* subzone, "" none */
	uint32_t low, high; /* IP4 */
	uint8_t low6[16], high6[16];
	char *name; /* NAME */
};

struct zone {
	char *origin, *types, *rule; /* rule: of the files that are read otherwise, "" none */
	uint8_t wire[NAME_MAX_WIRE]; /* the origin */
	size_t len;
	bool has_soa, has_ns;
	bool has_twin; /* at ip6.ORIGIN READ serves it without its IPv4 data, */
	bool has_meta; /* at meta.ORIGIN its generic data alone */
	size_t sub_count, list_count;
	char **subs;  /* subzones */
	char **lists; /* those that have a dnset; "" is the origin */
	uint32_t serial;
	size_t point_count;
	struct point *points;
	unsigned long asked, positive;
};

struct plan {
	size_t zone_count;
	struct zone *zones;
};

bool plan_read(const char *path, struct plan *out);
void plan_free(struct plan *p);
/* The zone that a name is in, the one with the longest origin; NULL none. */
struct zone *plan_zone(const struct plan *p, const uint8_t *wire, size_t len);
/* Which of its subzones the name is in, "" none; and whether names are listed there. */
bool plan_lists_names(const struct zone *z, const char *sub);
const char *plan_sub(const struct zone *z, const uint8_t *wire, size_t len);

/* --- rbldnsd_oracle_wire.c --- */

struct question {
	uint8_t name[NAME_MAX_WIRE];
	size_t len; /* of the name, with the root */
	uint16_t type, class, flags;
	bool edns, dnssec_ok;
	uint16_t udp_size;
	unsigned client;
};

enum section { SECTION_ANSWER, SECTION_AUTHORITY, SECTION_ADDITIONAL };

struct record {
	enum section section;
	uint16_t type, class;
	uint32_t ttl;
	size_t owner_len, len;
	const uint8_t *owner, *data; /* in the blob; names whole and in lower case, TXT joined */
};

struct reply {
	bool got, bad; /* bad: not a reply to the question */
	uint16_t flags;
	unsigned rcode;
	bool edns;
	size_t count;
	struct record records[RECORDS_MAX]; /* in order of their content; OPT is not among them */
	size_t used;
	uint8_t blob[BLOB_MAX];
};

size_t wire_question(const struct question *q, uint16_t id, uint8_t out[PACKET_MAX]);
/* len 0: there is no reply. */
void wire_reply(const struct question *q, const uint8_t *packet, size_t len, struct reply *out);
bool wire_equal(const struct reply *a, const struct reply *b);
bool wire_record_equal(const struct record *a, const struct record *b);
/* Add to a reply, in its place. */
void wire_add(struct reply *r, enum section section, const uint8_t *owner, size_t owner_len,
	uint16_t type, uint32_t ttl, const uint8_t *data, size_t len);
/* Change one; the order has to be restored then. */
void wire_set_data(struct reply *r, struct record *record, const uint8_t *data, size_t len);
void wire_sort(struct reply *r);
void wire_copy(struct reply *to, const struct reply *from);
size_t wire_section(const struct reply *r, enum section section);
/* Presentation form to wire, in lower case, with \DDD; 0: bad. */
size_t wire_name(const char *text, uint8_t out[NAME_MAX_WIRE]);
void wire_print_question(const struct question *q);
void wire_print_reply(const char *who, const struct reply *r);

/* --- rbldnsd_oracle_names.c --- */

uint64_t names_random(uint64_t *state);
void names_question(const struct plan *p, uint64_t *state, struct question *out);
/* The i-th of those that are always asked; false: there are no more. */
bool names_fixed(const struct plan *p, size_t i, struct question *out);
void names_ip4(uint32_t address, size_t skip, struct question *out);
void names_ip6(const uint8_t address[16], size_t skip, struct question *out);
void names_text(const char *relative, struct question *out);
/* Does the name begin with fewer labels than an address has, all of them proper ones? If so
 * the lowest and the highest address below it; labels is how many there were. */
bool names_partial_ip4(const uint8_t *name, size_t labels, uint32_t *low, uint32_t *high);
bool names_partial_ip6(const uint8_t *name, size_t labels, uint8_t low[16], uint8_t high[16]);

/* --- rbldnsd_oracle_ask.c --- */

enum server { THEIRS, OURS, READ, SERVERS };

struct ask;

struct ask_slot {
	struct question question;
	size_t len[2]; /* of the replies of THEIRS and OURS */
	uint8_t reply[2][PACKET_MAX];
};

struct ask_batch {
	unsigned first_id, client;
	size_t count;
	struct ask_slot slots[WINDOW];
};

struct ask *ask_open(const uint16_t ports[SERVERS]); /* NULL: errno */
void ask_close(struct ask *a);
void ask_send(struct ask *a, const struct ask_batch *b);
/* Waits for all replies; what is lost is asked again. Those of the next batch come, too. */
void ask_collect(struct ask *a, struct ask_batch *b, struct ask_batch *next);
/* One question, and its reply. */
void ask_one(struct ask *a, enum server server, const struct question *q, struct reply *out);
/* A packet as it is; the length of what comes back, 0 nothing. */
size_t ask_raw(struct ask *a, enum server server, const uint8_t *packet, size_t len,
	uint8_t out[PACKET_MAX]);
void ask_tcp(struct ask *a, enum server server, const struct question *q, struct reply *out);
bool ask_has_tcp(struct ask *a, enum server server);
/* Does this client get any reply? Tried some times. */
bool ask_is_ignored(struct ask *a, enum server server, const struct question *q);

/* --- rbldnsd_oracle_exists.c --- */

struct exists;

struct exists *exists_new(const struct plan *p, struct ask *a);
void exists_free(struct exists *e);
/* Is anything below the name listed, for this client, or is there a zone? */
bool exists_below(struct exists *e, const struct question *q, const struct zone *z);

/* --- rbldnsd_oracle_packets.c --- */

size_t packets_count(void);
const char *packets_rule(size_t i); /* NULL: both do the same */
/* Does the i-th packet have the effect that is known? out: what it was. */
bool packets_compare(struct ask *a, size_t i, char out[128]);

/* --- rbldnsd_oracle_rules.c --- */

struct rules;

/* ignored: clients, in zones without a list of their own, and in the zone that has one. */
struct rules *rules_new(const struct plan *p, struct ask *a, const struct zone *acl_zone,
	const bool ignored[2][CLIENTS]);
void rules_free(struct rules *r);
/* Is ours what the documented differences make of theirs? Counts those that were needed. */
bool rules_explain(struct rules *r, const struct question *q, const struct reply *theirs,
	const struct reply *ours);
/* What was due when there was no explanation. */
const struct reply *rules_due(const struct rules *r);
const char *rules_name(size_t i);                           /* NULL at the end */
unsigned long rules_count(const struct rules *r, size_t i); /* of answers that needed it */

#endif
