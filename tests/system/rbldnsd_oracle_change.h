/* rbldnsd_oracle_change.h - a reply of rbldnsd on its way to what is due, and what the rules use.
 */
#ifndef RBLDNSD_ORACLE_CHANGE_H
#define RBLDNSD_ORACLE_CHANGE_H

#include "rbldnsd_oracle.h"

enum {
	RULES_MAX = 64,
	MADE_UP_TTL = 3600,
	MADE_UP_MINIMUM = 300,
	TXT_CUT = 254, /* where rbldnsd cuts */
	TEXT_MAX = 2048,
	SOA_NUMBERS = 20,
};

/* What the access control lists make of a client. */
enum client_kind { CLIENT_PLAIN, CLIENT_EMPTY, CLIENT_LISTED };

struct rules {
	const struct plan *plan;
	struct ask *ask;
	struct exists *exists;
	unsigned long counts[RULES_MAX], edns;
	enum client_kind kinds[2][CLIENTS]; /* in zones without, and with a list of their own */
	struct reply expected, other, theirs, ours;
};

struct change {
	struct rules *rules;
	const struct question *q;
	const char *rule;            /* that is tried */
	struct zone *zone;           /* NULL: none */
	uint8_t name[NAME_MAX_WIRE]; /* in lower case */
	const char *sub;             /* subzone, "" none */
	size_t base_len;             /* of subzone and origin; the labels before are the entry's */
	char base[512];              /* the same as text */
	bool was_cut;                /* one of both was, over UDP */
	struct reply *expected;
	const struct reply *theirs, *ours;
};

/* --- what the name is --- */

bool change_is_apex(const struct change *c);
bool change_is_label(const struct change *c, const char *label);
/* In either form. */
bool change_is_address(const struct change *c, uint32_t address);
/* 32 nibbles, in ::ffff:0:0/96. */
bool change_is_mapped(const struct change *c);
/* 2002:7f00:1::/48 (RFC 3056) */
bool change_is_6to4_of_loopback(const struct change *c);
bool change_has_type(const struct zone *z, const char *type);
void change_map_ip4(uint32_t address, uint8_t out[16]);

/* --- replies --- */

bool change_is_negative(const struct reply *r);
const struct record *change_first_answer(const struct reply *r);
bool change_wants(const struct change *c, uint16_t type);
enum client_kind change_client(const struct change *c);
/* READ's reply in the place of what there is. */
void change_ask_instead(struct change *c, const struct question *q);
/* The zone's SOA as rbldnsd has it; NULL: it has none. */
const struct record *change_their_soa(struct change *c);
uint32_t change_read_u32(const uint8_t *p);
/* A part of the zone, as anybody gets it; false: nothing is listed there. */
bool change_ask_part(struct change *c, const char *part);
/* What was asked for last, instead of all. */
bool change_take_other(struct change *c);

/* --- what is due --- */

/* RFC 2308 section 5: a no lasts no longer than the SOA itself. */
void change_add_soa(struct change *c, enum section section);
void change_set_negative(struct change *c, unsigned rcode);
void change_set_positive(struct change *c);
/* A record of the name that is asked for, once; all of its type get the lowest TTL. */
void
change_add_answer(struct change *c, uint16_t type, uint32_t ttl, const uint8_t *data, size_t len);
/* RFC 2181 section 5.2: the lowest of a type holds for all of it. */
void change_equal_ttls(struct change *c);

/* --- rules: false when there was nothing to change --- */

bool rule_truncation(struct change *c);
bool rule_refuse_first(struct change *c);
bool rule_unknown_types(struct change *c);
bool rule_transfers(struct change *c);
bool rule_ent(struct change *c);
bool rule_soa_always(struct change *c);
bool rule_negative_ttl(struct change *c);
bool rule_ds_parent(struct change *c);
bool rule_status(struct change *c);
bool rule_any_minimal(struct change *c);
bool rule_read_otherwise(struct change *c);
bool rule_generic_types(struct change *c);
bool rule_acl_generic(struct change *c);
bool rule_acl_template(struct change *c);
bool rule_leading_zeros(struct change *c);
bool rule_mapped_ipv6(struct change *c);
bool rule_never_listed(struct change *c);
bool rule_test_point(struct change *c);
bool rule_ipv6_text(struct change *c);
bool rule_long_txt(struct change *c);

#endif
