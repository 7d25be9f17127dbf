/* transfer_fixture.h - the transfer process without its loop: a zone, keys, rows, and who asks.
 *
 * Served is dnsbl.test, with its subzones. 127.0.0.1 may have dnsbl.test; 127.0.0.2 with key
 * a.test; whoever has key b.test may have it from anywhere; 127.0.0.9 is primary of other.test.
 */
#ifndef TESTS_TRANSFER_FIXTURE_H
#define TESTS_TRANSFER_FIXTURE_H

#include "connections.h"
#include "requests.h"
#include "zone_table.h"

enum { TRANSFER_FIXTURE_MS = 1000000, TRANSFER_FIXTURE_S = 1800000000 };

struct transfer_fixture {
	struct conf conf;
	char keys[64];
	struct feed_zone zones[1];
	struct zone_table table;
	struct peers *peers;
	struct requests requests;
	struct connections *connections;
};

void transfer_fixture_set_up(struct transfer_fixture *f, size_t connections);
void transfer_fixture_tear_down(struct transfer_fixture *f);
/* What is served becomes this list (list_fixture.h). */
void transfer_fixture_take(struct transfer_fixture *f, const char *lines, uint32_t serial);

const struct tsig_key *transfer_fixture_key(struct transfer_fixture *f, const char *name);
/* A question of dnsbl.test, or another name; for IXFR with the SOA of a serial. Returns its
 * length. */
size_t transfer_fixture_query(uint8_t *out, const char *name, uint16_t type, uint32_t serial);

#endif
