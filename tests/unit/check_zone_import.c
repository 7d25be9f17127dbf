#include "unit.h"

#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#include "import_fixture.h"
#include "query.h"

static struct import_fixture *f;

static void
set_up(void)
{
	import_fixture_set_up();
	f = import_fixture();
}

START_TEST(answers_are_those_of_a_name_server)
{
	f->seed = (uint32_t)_i;
	import_fixture_fill(1 + import_fixture_number(20));
	import_fixture_serve();
	import_fixture_ask_all();
}
END_TEST

static void
forget(size_t i)
{
	ck_assert_int_eq(import_fixture_change(&f->records[i], true), OK);
	f->records[i] = f->records[--f->record_count];
}

START_TEST(changes_are_as_if_it_had_come_whole)
{
	f->seed = 77777 + (uint32_t)_i;
	import_fixture_fill(1 + import_fixture_number(12));
	if (import_fixture_number(2) == 0)
		import_fixture_serve();
	for (int round = 0; round < 3; round++) {
		for (unsigned n = import_fixture_number(5); n != 0 && f->record_count != 0; n--)
			forget(import_fixture_number((unsigned)f->record_count));
		for (unsigned n = import_fixture_number(5); n != 0; n--) {
			struct import_record r = import_fixture_random_record(
				import_fixture_random_name());
			bool is_there = false;

			for (size_t i = 0; i < f->record_count; i++)
				is_there |= import_fixture_is_same(&f->records[i], &r);
			if (is_there)
				continue;
			ck_assert_int_eq(import_fixture_change(&r, false), OK);
			f->records[f->record_count++] = r;
		}
		if (import_fixture_number(2) == 0)
			ck_assert_int_eq(zone_import_apply(f->import, NULL), OK);
	}
	ck_assert_int_eq(zone_import_apply(f->import, NULL), OK);
	import_fixture_serve();
	import_fixture_ask_all();
}
END_TEST

/* Without wildcards of addresses. */
START_TEST(a_snapshot_can_be_read_back)
{
	struct error e = {.text = ""};
	struct zone_import *was = f->import;
	size_t count;
	enum err err;

	f->seed = 555555 + (uint32_t)_i;
	import_fixture_fill(1 + import_fixture_number(20));
	import_fixture_serve();
	count = zone_import_count(f->import);
	f->import = import_fixture_new();
	err = zone_import_read(f->import, f->snapshot, &e);
	ck_assert_msg(err == OK || strstr(e.text, "wildcards of addresses") != NULL, "%s", e.text);
	zone_import_free(was);
	if (err != OK) {
		import_fixture_set_soa(f->import, 1);
		return;
	}
	ck_assert_uint_eq(zone_import_count(f->import), count);
	ck_assert_uint_eq(zone_import_soa(f->import)->serial, 77);
	for (size_t i = 0; i < f->record_count; i++)
		ck_assert_int_eq(import_fixture_change(&f->records[i], true), OK);
	ck_assert_int_eq(zone_import_apply(f->import, NULL), OK);
	ck_assert_uint_eq(zone_import_count(f->import), 0);
	for (size_t i = 0; i < f->record_count; i++)
		ck_assert_int_eq(import_fixture_try_add(&f->records[i], NULL), OK);
	import_fixture_serve();
	import_fixture_ask_all();
}
END_TEST

/* --- by hand ---------------------------------------------------------------------------------- */

START_TEST(texts_with_the_address_are_one_class)
{
	char owner[40], text[100];

	for (unsigned i = 0; i < 20; i++) {
		snprintf(owner, sizeof(owner), "%u.2.0.192", 3 * i);
		snprintf(text, sizeof(text), "https://bl.test/?ip=192.0.2.%u&a=1192.0.2.%u0", 3 * i,
			3 * i);
		import_fixture_add(import_fixture_a(owner, "127.0.0.2", 300));
		import_fixture_add(import_fixture_txt(owner, text, 300));
	}
	import_fixture_serve();
	import_fixture_ask_all();
	{
		struct snapshot_zone zone;
		struct snapshot_walk walk = {.host = 0};
		struct snapshot_range range;
		uint32_t first = UINT32_MAX;

		snapshot_zone(f->snapshot, 0, &zone);
		ck_assert_uint_eq(zone.set_count, 1);
		while (snapshot_next_range(zone.sets[0], &walk, &range)) {
			if (first == UINT32_MAX)
				first = range.view.txt_first;
			ck_assert_uint_eq(range.view.txt_first, first);
		}
	}
}
END_TEST

START_TEST(soa_and_ns_are_the_zones)
{
	static const uint8_t ns[] = "\002ns\005dnsbl\004test", other[] = "\002n2\000";
	struct import_record r = {.type = TYPE_NS, .ttl_s = 900, .len = sizeof(ns)};
	struct snapshot_zone zone;

	memcpy(r.rdata, ns, sizeof(ns));
	ck_assert_int_eq(import_fixture_try_add(&r, NULL), OK);
	memcpy(r.rdata, other, sizeof(other) - 1);
	r.len = sizeof(other) - 1;
	ck_assert_int_eq(import_fixture_try_add(&r, NULL), OK);
	import_fixture_serve();
	snapshot_zone(f->snapshot, 0, &zone);
	ck_assert_uint_eq(zone.apex.serial, 77);
	ck_assert_uint_eq(zone.apex.soa_ttl_s, 500);
	ck_assert_uint_eq(zone.apex.refresh_s, 1000);
	ck_assert_uint_eq(zone.apex.expire_s, 3000);
	ck_assert(text_equal(zone.apex.rname, TEXT("host.master.test")));
	ck_assert_uint_eq(zone.apex.ns_count, 2);
	ck_assert_uint_eq(zone.set_count, 1);
	ck_assert_uint_eq(import_fixture_ask("", TYPE_NS)->answers, 2);
	ck_assert_uint_eq(import_fixture_ask("", TYPE_NS)->records[0].ttl, 900);
	ck_assert_uint_eq(import_fixture_ask("", TYPE_SOA)->answers, 1);
	ck_assert_uint_eq(import_fixture_ask("", TYPE_A)->answers, 0);
}
END_TEST

static void
is_refused(struct import_record r, enum err err, const char *why)
{
	struct error e = {.text = ""};

	ck_assert_int_eq(import_fixture_try_add(&r, &e), err);
	ck_assert_msg(strstr(e.text, why) != NULL, "\"%s\" lacks \"%s\"", e.text, why);
}

START_TEST(what_cannot_be_served_is_refused)
{
	struct import_record r = import_fixture_mx("www", "other.test", 60);
	uint8_t outside[] = "\003www\005dnsbl\005other";
	struct zone_import_record wire = {outside, TYPE_A, 60, outside, 4};
	struct error e;

	r.type = 5;
	is_refused(r, ERR_UNSUPPORTED, "CNAME");
	r.type = 39;
	is_refused(r, ERR_UNSUPPORTED, "DNAME");
	r.type = TYPE_OPT;
	is_refused(r, ERR_UNSUPPORTED, "type");
	r.type = TYPE_AXFR;
	is_refused(r, ERR_UNSUPPORTED, "type");
	r.type = TYPE_A;
	is_refused(r, ERR_SYNTAX, "malformed");
	r.type = TYPE_TXT;
	is_refused(r, ERR_SYNTAX, "malformed");
	r.len = 0;
	is_refused(r, ERR_SYNTAX, "malformed");
	ck_assert_int_eq(zone_import_add(f->import, &wire, &e), ERR_RANGE);
	ck_assert_ptr_nonnull(strstr(e.text, "not in the zone"));
	ck_assert_uint_eq(zone_import_count(f->import), 0);
}
END_TEST

START_TEST(signatures_are_left_out)
{
	struct import_record r = import_fixture_a("www", "192.0.2.1", 60);

	ck_assert(!zone_import_is_signed(f->import));
	r.type = 46;
	ck_assert_int_eq(import_fixture_try_add(&r, NULL), OK);
	r.type = 47;
	ck_assert_int_eq(import_fixture_change(&r, true), OK);
	ck_assert(zone_import_is_signed(f->import));
	ck_assert_uint_eq(zone_import_count(f->import), 0);
	ck_assert_int_eq(zone_import_apply(f->import, NULL), OK);
}
END_TEST

START_TEST(too_many_records_of_a_name_are_refused)
{
	int fd = memfd_create("import", MFD_CLOEXEC);
	struct error e;

	for (unsigned i = 0; i < 65; i++) {
		struct import_record r = import_fixture_a("1.2.0.192", "127.0.0.2", 60);

		r.rdata[3] = (uint8_t)i;
		ck_assert_int_eq(import_fixture_try_add(&r, NULL), OK);
	}
	ck_assert_int_eq(zone_import_write(f->import, fd, IMPORT_FIXTURE_NOW, 0, &e),
		ERR_UNSUPPORTED);
	ck_assert_ptr_nonnull(strstr(e.text, "192.0.2.1"));
	close(fd);
}
END_TEST

START_TEST(a_wildcard_of_all_is_seen)
{
	static const struct {
		const char *owner, *address;
		bool lists_all, has_odd_codes;
	} steps[] = {
		{"2.0.0.127", "127.0.0.2", false, false},
		{"x.example", "192.0.2.1", false, false},
		{"*", "127.0.0.2", false, false},
		{"1.2.0.192", "127.0.0.2", true, false},
		{"2.2.0.192", "192.0.2.1", true, true},
	};

	for (size_t i = 0; i < ORBL_COUNT(steps); i++) {
		struct import_record r = import_fixture_a(steps[i].owner, steps[i].address, 60);

		ck_assert_int_eq(import_fixture_try_add(&r, NULL), OK);
		ck_assert(zone_import_lists_all(f->import) == steps[i].lists_all);
		ck_assert(zone_import_has_odd_codes(f->import) == steps[i].has_odd_codes);
	}
}
END_TEST

START_TEST(limits_hold)
{
	static const uint8_t origin[] = "\005dnsbl\004test";
	struct zone_import_limits few = {2, 1000};
	char text[500];
	struct import_record r;

	zone_import_free(f->import);
	f->import = zone_import_new(origin, &few);
	r = import_fixture_a("1.2.0.192", "127.0.0.2", 60);
	ck_assert_int_eq(import_fixture_try_add(&r, NULL), OK);
	r.rdata[3] = 3;
	ck_assert_int_eq(import_fixture_try_add(&r, NULL), OK);
	is_refused(r, ERR_FULL, "more than 2 records");
	zone_import_free(f->import);
	few.records = 100;
	f->import = zone_import_new(origin, &few);
	for (unsigned i = 0; i < 2; i++) {
		memset(text, 'a' + (int)i, sizeof(text));
		text[490] = '\0';
		r = import_fixture_txt("x", text, 60);
		ck_assert_int_eq(import_fixture_try_add(&r, NULL), OK);
	}
	memset(text, 'c', 490);
	is_refused(import_fixture_txt("x", text, 60), ERR_FULL, "bytes");
}
END_TEST

START_TEST(changes_that_do_not_fit_change_nothing)
{
	struct import_record a = import_fixture_a("1.2.0.192", "127.0.0.2", 60),
			     b = import_fixture_a("foo", "192.0.2.1", 60);

	import_fixture_add(a);
	ck_assert_int_eq(import_fixture_change(&b, true), OK);
	ck_assert_int_eq(zone_import_apply(f->import, NULL), ERR_REFUSED);
	ck_assert_int_eq(import_fixture_change(&a, false), OK);
	ck_assert_int_eq(zone_import_apply(f->import, NULL), ERR_REFUSED);
	ck_assert_int_eq(import_fixture_change(&a, true), OK);
	ck_assert_int_eq(import_fixture_change(&a, true), OK);
	ck_assert_int_eq(zone_import_apply(f->import, NULL), ERR_REFUSED);
	ck_assert_int_eq(import_fixture_change(&b, false), OK);
	ck_assert_int_eq(import_fixture_change(&b, false), OK);
	ck_assert_int_eq(zone_import_apply(f->import, NULL), ERR_REFUSED);
	ck_assert_int_eq(import_fixture_change(&b, false), OK);
	zone_import_forget(f->import);
	ck_assert_int_eq(zone_import_apply(f->import, NULL), OK);
	ck_assert_uint_eq(zone_import_count(f->import), 1);
	import_fixture_serve();
	import_fixture_ask_all();
	/* Another TTL is what was there taken away, and added anew. */
	ck_assert_int_eq(import_fixture_change(&a, true), OK);
	a.ttl_s = f->records[0].ttl_s = 99;
	ck_assert_int_eq(import_fixture_change(&a, false), OK);
	ck_assert_int_eq(import_fixture_change(&b, false), OK);
	ck_assert_int_eq(import_fixture_change(&b, true), OK);
	ck_assert_int_eq(zone_import_apply(f->import, NULL), OK);
	ck_assert_uint_eq(zone_import_count(f->import), 1);
	import_fixture_serve();
	import_fixture_ask_all();
}
END_TEST

START_TEST(a_renewal_changes_when_it_expires)
{
	int fd = memfd_create("delta", MFD_CLOEXEC);
	struct zone_source source = {.is_received = true};
	struct snapshot *base, *delta;
	struct snapshot_zone zone;
	struct zone_set *set = zone_set_new();
	struct error e = {.text = ""};

	import_fixture_add(import_fixture_a("1.2.0.192", "127.0.0.2", 60));
	import_fixture_add(import_fixture_a("*.3.0.192", "127.0.0.2", 60));
	import_fixture_add(import_fixture_a("foo", "192.0.2.1", 60));
	base = import_fixture_freeze(f->import, IMPORT_FIXTURE_NOW + 100);
	ck_assert_int_eq(zone_import_write_renewal(base, fd, IMPORT_FIXTURE_NOW + 5,
				 IMPORT_FIXTURE_NOW + 900, &e),
		OK);
	ck_assert_int_lt(lseek(fd, 0, SEEK_END), 2000);
	ck_assert_msg(snapshot_open_fd(fd, "delta", &delta, &e) == OK, "%s", e.text);
	close(fd);
	ck_assert_msg(snapshot_check_delta(base, delta, &e) == OK, "%s", e.text);
	snapshot_zone(base, 0, &zone);
	ck_assert_int_eq(zone.expires_s, IMPORT_FIXTURE_NOW + 100);
	source.snapshot = base;
	source.delta = delta;
	ck_assert_int_eq(zone_set_add(set, TEXT(ORIGIN), &source, NULL), OK);
	ck_assert_int_eq(zone_set_finish(set, NULL), OK);
	ck_assert_int_eq(zone_set_get(set, 0)->stale_s, IMPORT_FIXTURE_NOW + 900);
	ck_assert_uint_eq(zone_set_get(set, 0)->serial, 77);
	f->zones = set;
	import_fixture_ask_all();
	zone_set_free(set);
	f->zones = NULL;
	snapshot_close(delta);
	snapshot_close(base);
}
END_TEST

/* --- a million -----------------------------------------------------------------------------------
 */

static long
resident_kb(void)
{
	FILE *status = fopen("/proc/self/status", "re");
	char line[200];
	long kb = 0;

	while (status != NULL && fgets(line, sizeof(line), status) != NULL)
		if (sscanf(line, "VmHWM: %ld", &kb) == 1)
			break;
	if (status != NULL)
		fclose(status);
	return kb;
}

START_TEST(a_million_addresses_are_soon_imported)
{
	long before_kb = resident_kb();
	clock_t began = clock();

	for (uint32_t i = 0; i < 1000000; i++) {
		uint32_t a = i * 2654435761u;
		struct import_record r = {.type = TYPE_A,
			.ttl_s = 300,
			.len = 4,
			.rdata = {127, 0, 0, 2}};

		snprintf(r.owner, sizeof(r.owner), "%u.%u.%u.%u", a & 255, a >> 8 & 255,
			a >> 16 & 255, a >> 24);
		ck_assert_int_eq(import_fixture_try_add(&r, NULL), OK);
	}
	import_fixture_serve();
	printf("# a million: %.2f s, %ld MB\n", (double)(clock() - began) / CLOCKS_PER_SEC,
		(resident_kb() - before_kb) / 1024);
	ck_assert_uint_eq(zone_set_get(f->zones, 0)->entries, 1000000);
}
END_TEST

static Suite *
suite(void)
{
	Suite *s = suite_create("zone_import");
	TCase *c = tcase_create("model");

	tcase_add_checked_fixture(c, set_up, import_fixture_tear_down);
	tcase_set_timeout(c, 60);
	tcase_add_loop_test(c, answers_are_those_of_a_name_server, 0, 120);
	tcase_add_loop_test(c, changes_are_as_if_it_had_come_whole, 0, 60);
	tcase_add_loop_test(c, a_snapshot_can_be_read_back, 0, 60);
	suite_add_tcase(s, c);
	c = tcase_create("by hand");
	tcase_add_checked_fixture(c, set_up, import_fixture_tear_down);
	tcase_set_timeout(c, 120);
	tcase_add_test(c, texts_with_the_address_are_one_class);
	tcase_add_test(c, soa_and_ns_are_the_zones);
	tcase_add_test(c, what_cannot_be_served_is_refused);
	tcase_add_test(c, signatures_are_left_out);
	tcase_add_test(c, too_many_records_of_a_name_are_refused);
	tcase_add_test(c, a_wildcard_of_all_is_seen);
	tcase_add_test(c, limits_hold);
	tcase_add_test(c, changes_that_do_not_fit_change_nothing);
	tcase_add_test(c, a_renewal_changes_when_it_expires);
	tcase_add_test(c, a_million_addresses_are_soon_imported);
	suite_add_tcase(s, c);
	return s;
}

int
main(void)
{
	return unit_run(suite());
}
