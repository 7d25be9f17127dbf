#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "answer.h"
#include "catalog.h"
#include "dns_packet.h"
#include "unit.h"
#include "zone_fixture.h"

enum { NOW = 1800000000, TYPE_PTR = 12 };

static const char origin[] = "catalog.example";

/* A set with the list's zones and, when there is one, the catalog. */
struct fixture {
	struct snapshot *list, *catalog;
	struct zone_set *zones;
	struct catalog state;
	char missing[WIRE_NAME_TEXT];
};

static struct snapshot *
make_list(bool has_second)
{
	struct zone_fixture f = zone_fixture_new();

	zone_fixture_zone(&f, "", false);
	zone_fixture_set(&f);
	zone_fixture_zone(&f, "relay", false);
	zone_fixture_set(&f);
	zone_fixture_zone(&f, "inside", true);
	zone_fixture_set(&f);
	if (has_second) {
		zone_fixture_zone(&f, "web", false);
		zone_fixture_set(&f);
	}
	return zone_fixture_open(&f);
}

static void
add(struct fixture *f, const char *name, const struct snapshot *s, bool is_bare)
{
	struct zone_source source = {.snapshot = s, .is_bare = is_bare};
	struct error e;

	ck_assert_msg(zone_set_add(f->zones, text_of(name), &source, &e) == OK, "%s", e.text);
}

static void
build(struct fixture *f)
{
	struct error e;

	zone_set_free(f->zones);
	f->zones = zone_set_new();
	ck_assert_ptr_nonnull(f->zones);
	add(f, "dnsbl.example", f->list, false);
	add(f, origin, f->catalog, true);
	ck_assert_int_eq(zone_set_finish(f->zones, &e), OK);
}

static void
use_list(struct fixture *f, bool has_second)
{
	struct snapshot *old = f->list;

	f->list = make_list(has_second);
	build(f);
	snapshot_close(old);
}

/* Returns whether there was anything to do. */
static bool
make(struct fixture *f, int64_t now_s)
{
	struct snapshot *old = f->catalog;
	struct error e;
	int fd;

	ck_assert_msg(catalog_make(&f->state, f->zones, origin, now_s, &fd, f->missing, &e) == OK,
		"%s", e.text);
	if (fd < 0)
		return false;
	ck_assert_msg(snapshot_open_fd(fd, "catalog", &f->catalog, &e) == OK, "%s", e.text);
	close(fd);
	build(f);
	snapshot_close(old);
	return true;
}

static void
set_up(struct fixture *f)
{
	memset(f, 0, sizeof(*f));
	use_list(f, false);
}

static void
tear_down(struct fixture *f)
{
	zone_set_free(f->zones);
	snapshot_close(f->list);
	snapshot_close(f->catalog);
}

static void
ask(struct fixture *f, const char *name, uint16_t type, struct dns_reply *out)
{
	static uint8_t reply[ANSWER_MAX];
	struct answer_config config = {.udp_size = 1232};
	struct answer_context context = {.config = &config, .transport = ANSWER_TCP, .now_s = NOW};
	struct dns_query q = {.name = name, .type = type};
	uint8_t packet[512];
	size_t len = dns_query_write(&q, packet);

	len = answer_packet(f->zones, &context, packet, len, reply, sizeof(reply));
	ck_assert(dns_reply_read(reply, len, out));
}

static uint32_t
serial_of(struct fixture *f)
{
	struct dns_reply r;
	const uint8_t *b;

	ask(f, origin, TYPE_SOA, &r);
	ck_assert_uint_eq(r.answers, 1);
	b = r.records[0].data + r.records[0].len - 20;
	return (uint32_t)b[0] << 24 | (uint32_t)b[1] << 16 | (uint32_t)b[2] << 8 | b[3];
}

/* The PTR of the member whose label is this. */
static void
is_member(struct fixture *f, const char *label, const char *zone)
{
	char name[300], target[DNS_NAME_TEXT];
	struct dns_reply r;

	snprintf(name, sizeof(name), "%s.zones.%s", label, origin);
	ask(f, name, TYPE_PTR, &r);
	ck_assert_uint_eq(r.rcode, 0);
	ck_assert_uint_eq(r.answers, 1);
	ck_assert_uint_ne(dns_name_read(r.bytes, r.len, (size_t)(r.records[0].data - r.bytes),
				  target),
		0);
	ck_assert_str_eq(target, zone);
}

/* Of BLAKE2b of the wire name, by Python's hashlib. */
#define LABEL_BASE  "a7ba4d111f953f88921deb9882dc5fcd"
#define LABEL_RELAY "55001ed9dbcf37d42cc3f775e08b675c"
#define LABEL_WEB   "5c0b8b9a4189b2e71b1295fadc1e664b"

START_TEST(test_members)
{
	struct fixture f;
	struct dns_reply r;
	char text[300];

	set_up(&f);
	ck_assert(make(&f, NOW));
	ask(&f, "version.catalog.example", TYPE_TXT, &r);
	ck_assert_uint_eq(r.answers, 1);
	dns_txt_join(&r.records[0], text, sizeof(text));
	ck_assert_str_eq(text, "2");
	ask(&f, origin, TYPE_NS, &r);
	ck_assert_uint_eq(r.answers, 1);
	ck_assert_mem_eq(r.records[0].data, "\7invalid", 9);
	is_member(&f, LABEL_BASE, "dnsbl.example");
	is_member(&f, LABEL_RELAY, "relay.dnsbl.example");
	tear_down(&f);
}
END_TEST

/* Neither test entries nor _status: each would be a broken property to a consumer. */
START_TEST(test_nothing_else)
{
	static const char *const names[] = {"2.0.0.127.catalog.example", "_status.catalog.example",
		"_codes.catalog.example", "test.catalog.example"};
	struct fixture f;
	struct dns_reply r;

	set_up(&f);
	ck_assert(make(&f, NOW));
	for (size_t i = 0; i < ORBL_COUNT(names); i++) {
		ask(&f, names[i], TYPE_TXT, &r);
		ck_assert_uint_eq(r.rcode, 3);
	}
	ask(&f, "zones.catalog.example", TYPE_PTR, &r);
	ck_assert_uint_eq(r.rcode, 0);
	ck_assert_uint_eq(r.answers, 0);
	tear_down(&f);
}
END_TEST

START_TEST(test_serial)
{
	struct fixture f;

	set_up(&f);
	ck_assert(make(&f, NOW));
	ck_assert_uint_eq(serial_of(&f), NOW);
	use_list(&f, false);
	ck_assert(!make(&f, NOW + 50));
	ck_assert_uint_eq(serial_of(&f), NOW);
	use_list(&f, true);
	ck_assert(make(&f, NOW + 100));
	ck_assert_uint_eq(serial_of(&f), NOW + 100);
	is_member(&f, LABEL_BASE, "dnsbl.example");
	is_member(&f, LABEL_WEB, "web.dnsbl.example");
	/* twice in a second, and with a clock that went back */
	use_list(&f, false);
	ck_assert(make(&f, NOW + 100));
	ck_assert_uint_eq(serial_of(&f), NOW + 101);
	use_list(&f, true);
	ck_assert(make(&f, NOW));
	ck_assert_uint_eq(serial_of(&f), NOW + 102);
	tear_down(&f);
}
END_TEST

/* Who takes the catalog would drop the zone. */
START_TEST(test_not_without_a_zone)
{
	struct fixture f;
	struct snapshot *list;

	set_up(&f);
	list = f.list;
	f.list = NULL;
	build(&f);
	ck_assert(!make(&f, NOW));
	ck_assert_str_eq(f.missing, "dnsbl.example");
	ck_assert_uint_eq(f.state.serial, 0);
	f.list = list;
	build(&f);
	ck_assert(make(&f, NOW));
	ck_assert_str_eq(f.missing, "");
	tear_down(&f);
}
END_TEST

static Suite *
suite(void)
{
	Suite *s = suite_create("catalog");
	TCase *content = tcase_create("content"), *changes = tcase_create("changes");

	tcase_add_test(content, test_members);
	tcase_add_test(content, test_nothing_else);
	suite_add_tcase(s, content);
	tcase_add_test(changes, test_serial);
	tcase_add_test(changes, test_not_without_a_zone);
	suite_add_tcase(s, changes);
	return s;
}

int
main(void)
{
	return unit_run(suite());
}
