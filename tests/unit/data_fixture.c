#include "data_fixture.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "zone_fixture.h"

static struct snapshot *first, *second, *third, *delta, *acls, *global;

static struct snapshot_class
class_of(uint32_t ttl_s, uint32_t a, const char *txt)
{
	struct snapshot_class c = {.ttl_s = ttl_s, .a_count = a != 0, .a = {a}};

	c.txt_count = txt != NULL;
	c.txt[0] = text_of(txt);
	return c;
}

static void
add_record(struct snapshot_class *c, uint16_t type, uint32_t ttl_s, const char *rdata, size_t len)
{
	c->records[c->record_count++] = (struct snapshot_record){type, ttl_s, {rdata, len}};
}

#define ADD_RECORD(c, type, ttl_s, literal) add_record(c, type, ttl_s, literal, sizeof(literal) - 1)

static void
add(struct zone_fixture *f, const char *what, uint32_t ttl_s, uint32_t a, const char *txt)
{
	struct snapshot_class c = class_of(ttl_s, a, txt);

	zone_fixture_add(f, what, &c);
}

/* As data sets of types generic and dnset. */
static void
add_names(struct zone_fixture *f)
{
	struct snapshot_class apex = {.ttl_s = 400}, www = {.ttl_s = 400}, c = {.ttl_s = 200};

	ADD_RECORD(&apex, TYPE_A, 0, "\12\1\2\3");
	ADD_RECORD(&apex, TYPE_TXT, 0, "\12hello apex");
	ADD_RECORD(&apex, 15, 0, "\0\12\4mail\3net\0");
	zone_fixture_set(f);
	zone_fixture_add(f, ".", &apex);
	ADD_RECORD(&www, TYPE_A, 3000, "\12\0\0\1");
	ADD_RECORD(&www, TYPE_A, 300, "\12\0\0\2");
	ADD_RECORD(&www, TYPE_TXT, 0, "\4a $.");
	ADD_RECORD(&www, 28, 0, "\x20\1\15\270\0\0\0\0\0\0\0\0\0\0\0\1");
	zone_fixture_add(f, "www", &www);
	ADD_RECORD(&c, 257, 0, "\0\5issueca.test");
	zone_fixture_add(f, "only.caa", &c);
	c.record_count = 0;
	ADD_RECORD(&c, TYPE_A, 0, "\12\11\11\11");
	zone_fixture_add(f, "1.2.0.192.", &c);
	zone_fixture_add(f, "1.0.0.127.", &c);
	zone_fixture_set(f);
	add(f, "example.com", 200, 0x7f000009, "bad \1 domain");
	add(f, "*.wild.com", 200, 0x7f000009, "bad \1 domain");
	add(f, "both.com", 200, 0x7f000008, "both \1");
	add(f, "*.both.com", 200, 0x7f000008, "both \1");
	zone_fixture_exclude(f, "not.both.com");
	add(f, "a.b.c.deep.com", 200, 0x7f000009, NULL);
	add(f, "1.2.0.192.", 200, 0x7f000009, "odd \1");
	add(f, "invalid", 200, 0x7f000009, NULL);
	add(f, "b\\046d.esc", 200, 0x7f000009, "odd \1");
}

static void
make_first(void)
{
	struct zone_fixture f = zone_fixture_new();
	struct snapshot_class c = class_of(0, 0x7f000002, "expiring");

	zone_fixture_zone(&f, "", false);
	zone_fixture_soa(&f, "ns.data.test", "ns.data.test");
	f.zone.policy = TEXT("https://data.test/");
	zone_fixture_set(&f);
	add(&f, "192.0.2.1", 1000, 0x7f000002, "one \1");
	add(&f, "192.0.2.2", 1000, 0x7f000002, "one \1");
	add(&f, "192.0.2.3", 1000, 0x7f000003, "three");
	add(&f, "192.0.2.4", 1000, 0, "only text");
	add(&f, "2001:db8::5", 1000, 0x7f000006, "v6 \1");
	add(&f, "2002:c000:200::/40", 700, 0x7f000006, "v6 \1");
	add(&f, "::/64", 600, 0x7f000007, "low \1");
	add(&f, "127.0.0.0/8", 600, 0, "never");
	add(&f, "192.0.2.30", 0xffffffff, 0x7f000002, NULL);
	c.expires_s = DATA_FIXTURE_NOW + 50;
	zone_fixture_add(&f, "192.0.2.20", &c);
	c.expires_s = DATA_FIXTURE_NOW;
	zone_fixture_add(&f, "192.0.2.21", &c);
	add_names(&f);
	zone_fixture_zone(&f, "in", true);
	f.zone.sets[f.zone.set_count++] = f.set; /* the names */
	zone_fixture_set(&f);
	add(&f, "198.51.100.1", 100, 0x7f000005, NULL);
	first = zone_fixture_open(&f);
}

static void
make_second(void)
{
	struct zone_fixture f = zone_fixture_new();

	zone_fixture_zone(&f, "", false);
	f.zone.apex.ttl_s = 800;
	zone_fixture_set(&f);
	add(&f, "192.0.2.1", 500, 0x7f000004, "two \1");
	add(&f, "192.0.2.3", 500, 0x7f000003, "three");
	add(&f, "192.0.2.4", 500, 0x7f000002, NULL);
	add(&f, "192.0.2.20", 0, 0x7f000004, NULL);
	add(&f, "192.0.2.21", 0, 0x7f000004, NULL);
	second = zone_fixture_open(&f);
}

static void
make_third(void)
{
	struct zone_fixture f = zone_fixture_new(), d = zone_fixture_new();
	struct snapshot_class gone = {.action = SNAPSHOT_REMOVED}, ns = {.ttl_s = 100};

	zone_fixture_zone(&f, "", false);
	zone_fixture_set(&f);
	add(&f, "203.0.113.0/24", 100, 0x7f000002, NULL);
	add(&f, "127.0.0.2", 100, 0x7f000004, NULL);
	zone_fixture_set(&f);
	add(&f, "name", 100, 0x7f000002, NULL);
	ADD_RECORD(&ns, TYPE_NS, 0, "\2ns\4test\0");
	zone_fixture_add(&f, ".", &ns);
	third = zone_fixture_open(&f);
	d.base = third;
	d.created_s += 100;
	zone_fixture_zone(&d, "", false);
	zone_fixture_set(&d);
	zone_fixture_add(&d, "203.0.113.7", &gone);
	add(&d, "203.0.113.8", 100, 0x7f000003, NULL);
	add(&d, "10.9.8.7", 100, 0x7f000004, NULL);
	zone_fixture_set(&d);
	delta = zone_fixture_open(&d);
}

static void
add_client(struct zone_fixture *f, const char *prefix, enum snapshot_action action)
{
	struct snapshot_class c = class_of(0, 0, NULL);

	if (action == SNAPSHOT_LISTED)
		c = class_of(33, 0x7f00000a, "over quota \1");
	c.action = action;
	zone_fixture_add(f, prefix, &c);
}

static void
make_acls(void)
{
	struct zone_fixture f = zone_fixture_new(), g = zone_fixture_new();
	struct snapshot_class c = class_of(0, 0x7f00000b, "all zones \1");

	zone_fixture_zone(&f, "", false);
	zone_fixture_acl(&f);
	add_client(&f, "10.0.0.2", SNAPSHOT_IGNORE);
	add_client(&f, "10.0.0.3", SNAPSHOT_REFUSE);
	add_client(&f, "10.0.0.4", SNAPSHOT_EMPTY);
	add_client(&f, "10.0.0.5", SNAPSHOT_LISTED);
	add_client(&f, "10.0.0.0/24", SNAPSHOT_REFUSE);
	add_client(&f, "10.0.0.6", SNAPSHOT_PASS);
	add_client(&f, "10.0.1.0/24", SNAPSHOT_PASS);
	add_client(&f, "10.0.2.0/24", SNAPSHOT_LISTED);
	add_client(&f, "2001:db8:ac1::/48", SNAPSHOT_LISTED);
	acls = zone_fixture_open(&f);
	zone_fixture_zone(&g, "", false);
	zone_fixture_acl(&g);
	add_client(&g, "10.0.1.2", SNAPSHOT_IGNORE);
	add_client(&g, "10.0.1.3", SNAPSHOT_REFUSE);
	add_client(&g, "10.0.2.4", SNAPSHOT_EMPTY);
	zone_fixture_add(&g, "10.0.2.5", &c);
	c.expires_s = DATA_FIXTURE_NOW;
	zone_fixture_add(&g, "10.0.2.6", &c);
	global = zone_fixture_open(&g);
}

static void
add_source(struct zone_set *zones, const char *origin, const struct snapshot *s,
	const struct snapshot *over, bool is_list)
{
	struct zone_source source = {.snapshot = s, .delta = over, .is_list = is_list};

	if (zone_set_add(zones, text_of(origin), &source, NULL) != OK)
		abort();
}

struct zone_set *
data_fixture_open(void)
{
	struct zone_set *zones = zone_set_new();

	make_first();
	make_second();
	make_third();
	make_acls();
	add_source(zones, "data.test", first, NULL, false);
	add_source(zones, "data.test", second, NULL, false);
	add_source(zones, "v6.test", first, NULL, true);
	add_source(zones, "delta.test", third, delta, false);
	add_source(zones, "acl.test", first, NULL, false);
	add_source(zones, "acl.test", acls, NULL, false);
	add_source(zones, "addresses.test", second, NULL, false);
	add_source(zones, "addresses.test", acls, NULL, false);
	add_source(zones, "", global, NULL, false);
	return zones;
}

void
data_fixture_close(struct zone_set *zones)
{
	zone_set_free(zones);
	snapshot_close(first);
	snapshot_close(second);
	snapshot_close(delta);
	snapshot_close(third);
	snapshot_close(acls);
	snapshot_close(global);
}
