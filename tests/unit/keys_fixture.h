/* keys_fixture.h - zones with query keys, and one that needs them; who asks, and what was answered.
 */
#ifndef TESTS_KEYS_FIXTURE_H
#define TESTS_KEYS_FIXTURE_H

#include "answer.h"
#include "data_fixture.h"
#include "dns_packet.h"
#include "reply.h"

#define GOOD    "aaaaaaaaaaaaaaaaaaaaaaaaaa"
#define ONE     "bbbbbbbbbbbbbbbbbbbbbbbbbb" /* for dnsbl.test alone */
#define REVOKED "cccccccccccccccccccccccccc"
#define UNKNOWN "dddddddddddddddddddddddddd"
#define FEW     "eeeeeeeeeeeeeeeeeeeeeeeeee" /* two queries a day */
#define V6      "1.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.8.b.d.0.1.0.0.2"
#define MAPPED  "0.0.f.7.f.f.f.f.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0"

/* dnsbl.test, only.test (for keys alone), a.deep.only.test, later.test (not there yet), and those
 * of data_fixture.h. */
struct keys_fixture {
	struct zone_set *zones;
	struct snapshot *list;
	struct key_table *keys;
	struct answer_config config;
	struct answer_context context; /* of the next question */
	struct answer_outcome outcome; /* of the last one */
	struct dns_reply reply;
	uint8_t out[ANSWER_MAX];
};

void keys_fixture_set_up(struct keys_fixture *f);
void keys_fixture_tear_down(struct keys_fixture *f);

/* By the short way, where that knows it, and by the long one: they say the same. NULL: nothing was
 * sent; else the reply of f. */
const struct dns_reply *keys_fixture_ask_query(struct keys_fixture *f, const struct dns_query *q);
/* ... with EDNS, over UDP unless f says otherwise. */
const struct dns_reply *keys_fixture_ask(struct keys_fixture *f, const char *name, uint16_t type);
/* REFUSED, error 18, and this text. */
void keys_fixture_is_refused(const struct keys_fixture *f, const char *why);

#endif
