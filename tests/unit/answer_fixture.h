/* answer_fixture.h - zones to ask, and what holds for every reply.
 *
 * Served are dnsbl.test with its subzones (its list is in answer_fixture.c); wild.test and
 * a.deep.wild.test, which list the whole world with 64 A and 40 TXT records; later.test, which
 * has no data; old.test, whose data are too old ANSWER_FIXTURE_OLD_S from now; and a zone below
 * each of these two.
 */
#ifndef TESTS_ANSWER_FIXTURE_H
#define TESTS_ANSWER_FIXTURE_H

#include "answer.h"
#include "dns_packet.h"
#include "reply.h"

enum { ANSWER_FIXTURE_NOW = 1700000000, ANSWER_FIXTURE_SERIAL = 42, ANSWER_FIXTURE_OLD_S = 100 };

#define ORIGIN    "dnsbl.test"
#define MAPPED    ".f.f.f.f.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0." ORIGIN
#define V6_LISTED "1.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.8.b.d.0.1.0.0.2"

/* What the packets are answered by; tests may change it, set_up makes it anew. */
struct answer_config *answer_fixture_config(void);
struct answer_context *answer_fixture_context(void);

void answer_fixture_set_up(void);
void answer_fixture_tear_down(void);
const struct zone_set *answer_fixture_zones(void);

/* Ask, check what is true of every reply, and lend it until the next question. */
const struct dns_reply *answer_ask_over(const struct dns_query *q, enum answer_transport transport);
const struct dns_reply *answer_ask(const char *name, uint16_t type); /* UDP, no EDNS, RD set */

/* Of the last reply: */
uint32_t answer_address(size_t i);                             /* record i is this A */
void answer_is_soa(size_t i, uint32_t ttl, const char *owner); /* record i is this zone's SOA */
void answer_is_txt(size_t i, const char *wanted);
void answer_is_listed(uint32_t address, uint32_t ttl); /* one A, nothing else */
void answer_is_negative(enum reply_rcode rcode, const char *zone);

#endif
