/* import_fixture.h - zones made of records by hand or by chance, imported and asked, and what a
 * name server answers of them.
 */
#ifndef TESTS_IMPORT_FIXTURE_H
#define TESTS_IMPORT_FIXTURE_H

#include "dns_packet.h"
#include "zone.h"
#include "zone_import.h"

#define ORIGIN "dnsbl.test"

enum { IMPORT_FIXTURE_NOW = 1800000000, IMPORT_FIXTURE_RECORDS = 48, IMPORT_FIXTURE_RDATA = 600 };

struct import_record {
	char owner[300]; /* relative, "" is the origin */
	uint16_t type;
	uint32_t ttl_s;
	size_t len;
	uint8_t rdata[IMPORT_FIXTURE_RDATA];
};

/* The one of this test. */
struct import_fixture {
	uint32_t seed;
	size_t record_count;
	struct import_record records[IMPORT_FIXTURE_RECORDS];
	struct zone_import *import;
	struct snapshot *snapshot;
	struct zone_set *zones;
};
struct import_fixture *import_fixture(void);

unsigned import_fixture_number(unsigned below);
struct zone_import *import_fixture_new(void);
void import_fixture_set_soa(struct zone_import *z, uint32_t serial);
void import_fixture_set_up(void);
void import_fixture_tear_down(void);
enum err import_fixture_try_add(const struct import_record *r, struct error *e);
enum err import_fixture_change(const struct import_record *r, bool removes);
struct import_record import_fixture_a(const char *owner, const char *address, uint32_t ttl_s);
struct import_record import_fixture_txt(const char *owner, const char *text, uint32_t ttl_s);
struct import_record import_fixture_mx(const char *owner, const char *host, uint32_t ttl_s);
bool import_fixture_is_same(const struct import_record *a, const struct import_record *b);
void import_fixture_add(struct import_record r);
struct snapshot *import_fixture_freeze(struct zone_import *z, int64_t expires_s);
void import_fixture_serve(void);
const struct dns_reply *import_fixture_ask(const char *name, uint16_t type);
void import_fixture_ask_all(void);
const char *import_fixture_random_name(void);
struct import_record import_fixture_random_record(const char *owner);
void import_fixture_fill(size_t count);

#endif
