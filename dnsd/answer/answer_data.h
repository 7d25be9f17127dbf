/* answer_data.h - what a zone's data say about one name, and the records of it.
 *
 *	name -> address and names sets of each layer -> matches -> A, TXT and other records
 *
 * Every layer is asked. Their records are joined: without repetition, in the order of the
 * layers, with the lowest TTL that one of them has for the type (RFC 2181 section 5.2).
 */
#ifndef DNSD_ANSWER_DATA_H
#define DNSD_ANSWER_DATA_H

#include "answer.h"
#include "dnsbl_name.h"
#include "reply.h"

enum answer_kind {
	ANSWER_NONE,   /* no such name */
	ANSWER_EMPTY,  /* nothing here, something below */
	ANSWER_LISTED, /* it has records */
};

/* What a TXT template's mark stands for. */
enum answer_subject { SUBJECT_IPV4, SUBJECT_IPV6, SUBJECT_NAME, SUBJECT_CLIENT };

struct answer_match {
	struct snapshot_view view;
	enum answer_subject subject;
	uint32_t ttl_s;
	uint32_t ipv4;  /* of SUBJECT_IPV4, host order */
	size_t matched; /* of SUBJECT_NAME: labels of the entry */
};

enum {
	/* An address that has both families meets a set of addresses twice. */
	ANSWER_MATCHES_MAX = 2 * ZONE_LAYERS_MAX,
	ANSWER_RECORDS_MAX = 256,
};

/* A question about a name in one of our zones. */
struct answer {
	struct reply reply;
	const struct answer_context *context;
	const struct zone_set *zones;
	const struct zone *zone;
	size_t below; /* labels below the zone's origin, or below the key that is before it */

	bool is_proven; /* the client, by a cookie */
	bool has_key;   /* the name has a label that is a key by its form */
	enum key_verdict key_verdict;
	uint32_t key; /* slot; KEY_NONE */

	bool passes; /* ... and an access control list says so; none says otherwise */
	enum snapshot_action client; /* of the access control lists; SNAPSHOT_PASS: none */
	struct snapshot_view client_view;
	uint32_t client_ttl_s;

	struct dnsbl_name address;
	const struct zone_test *test;   /* answers instead of the matches */
	const struct zone_piece *piece; /* answers TXT instead of the matches */
	size_t match_count;
	struct answer_match *matches; /* as many as could be found */
	uint8_t lower[WIRE_NAME_MAX]; /* the name, where it is asked of sets of names */
};

/* The most that is sent in reply to a packet of len bytes; proven: by a cookie. */
static inline size_t
answer_data_limit(const struct answer_context *c, const struct query *q, size_t len, bool proven)
{
	const struct answer_config *config = c->config;
	size_t limit;

	if (c->transport != ANSWER_UDP)
		return ANSWER_MAX;
	limit = q->udp_size < config->udp_size ? q->udp_size : config->udp_size;
	if (config->amplification == 0 || proven || len * config->amplification > limit)
		return limit;
	return len * config->amplification;
}

/* Ask the zone's data. Fills test, piece and matches. */
enum answer_kind answer_data_find(struct answer *a);
/* Is the entry there now? Then how long it may be kept. */
static inline bool
answer_data_lasts(const struct snapshot_view *v, uint32_t default_ttl_s, int64_t now_s,
	uint32_t *ttl_s)
{
	uint32_t ttl = v->ttl_s != 0 ? v->ttl_s : default_ttl_s;

	/* RFC 2181 section 8: with the highest bit set it would count as 0. */
	if (ttl > INT32_MAX)
		ttl = INT32_MAX;
	if (v->expires_s != 0) {
		if (v->expires_s <= now_s)
			return false;
		/* No cache may keep a listing longer than the list does. */
		if (v->expires_s - now_s < (int64_t)ttl)
			ttl = (uint32_t)(v->expires_s - now_s);
	}
	*ttl_s = ttl;
	return true;
}

/* Could data list the name? Not 127.0.0.1, nor part of an address. */
bool answer_data_is_entry(struct answer *a);

/* Write the records of a type, or for ANY those of one of its types. */
void answer_data_write(struct answer *a, uint16_t type);

#endif
