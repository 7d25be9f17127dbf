/* Older versions that come from files, after a start. */
#include "generations.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <orbl/snapshot_builder.h>

#include "snapshot_file.h"
#include "unit.h"
#include "zone_diff.h"

enum { HISTORY = 8, EXPAND = 1000, CREATED = 1700000000 };

static const uint8_t origin[] = "\3old\4test";

static struct feed_zone zones[2];
static struct zone_table table;
static struct generations *kept;
static struct snapshot *bases[2]; /* serials 10 and 20 */
static uint32_t ahead;            /* of its serial the SOA's is by so much; 0: it has none */

/* --- files ------------------------------------------------------------------------ */

static struct snapshot_file
freeze(struct snapshot_builder *b, uint32_t serial)
{
	struct snapshot_file f;
	int fd = memfd_create("list", MFD_CLOEXEC);
	off_t len;

	ck_assert_int_eq(snapshot_builder_write(b, fd, serial,
				 serial < CREATED ? CREATED + serial : serial, NULL),
		OK);
	snapshot_builder_free(b);
	len = lseek(fd, 0, SEEK_END);
	ck_assert_int_gt(len, 0);
	f = (struct snapshot_file){malloc((size_t)len), (size_t)len};
	ck_assert_int_eq(pread(fd, f.bytes, f.len, 0), len);
	close(fd);
	return f;
}

/* As many addresses as its serial, less hundreds, so that each version has other data; in a delta
 * with one of the base removed. is_acl: of clients, and no data. */
static struct snapshot_file
make(const struct snapshot *base, uint32_t serial, bool is_acl)
{
	struct snapshot_class listed = {.a_count = 1, .a = {0x7f000002}},
			      gone = {.action = SNAPSHOT_REMOVED}, pass = {.action = SNAPSHOT_PASS};
	struct snapshot_zone_draft draft = {.name = TEXT(""), .set_count = !is_acl};
	struct snapshot_builder *b = snapshot_builder_new();
	uint32_t id, gone_id, first = base != NULL ? 0x0a800000 : 0x0a000000;

	ck_assert_int_eq(snapshot_builder_class(b, is_acl ? &pass : &listed, &id, NULL), OK);
	ck_assert_int_eq(snapshot_builder_set(b, &draft.sets[0], NULL), OK);
	draft.apex = (struct snapshot_apex){.has_soa = ahead != 0,
		.mname = TEXT("ns.old.test"),
		.rname = TEXT("ns.old.test"),
		.serial = ahead != 0 ? serial + ahead : 0};
	draft.has_acl = is_acl;
	draft.acl = draft.sets[0];
	for (uint32_t i = 0; i < serial % 100; i++)
		ck_assert_int_eq(snapshot_builder_add4(b, draft.sets[0], first + 2 * i, id, NULL),
			OK);
	if (base != NULL) {
		ck_assert_int_eq(snapshot_builder_class(b, &gone, &gone_id, NULL), OK);
		ck_assert_int_eq(snapshot_builder_add4(b, draft.sets[0], 0x0a000000, gone_id, NULL),
			OK);
		snapshot_builder_delta_of(b, base);
	}
	ck_assert_int_eq(snapshot_builder_zone(b, &draft, NULL), OK);
	return freeze(b, serial);
}

/* In memory of its own, as a descriptor is mapped. */
static enum err
open_bytes(const struct snapshot_file *f, struct snapshot **out, struct error *e)
{
	int fd = memfd_create("list", MFD_CLOEXEC);
	enum err err;

	ck_assert_int_eq(write(fd, f->bytes, f->len), (ssize_t)f->len);
	err = snapshot_open_fd(fd, "list", out, e);
	close(fd);
	return err;
}

static struct snapshot *
list(const struct snapshot *base, uint32_t serial)
{
	struct snapshot_file f = make(base, serial, false);
	struct snapshot *s;

	ck_assert_int_eq(open_bytes(&f, &s, NULL), OK);
	free(f.bytes);
	return s;
}

static struct snapshot *
acl(void)
{
	struct snapshot_file f = make(NULL, 5, true);
	struct snapshot *s;

	ck_assert_int_eq(open_bytes(&f, &s, NULL), OK);
	free(f.bytes);
	return s;
}

/* --- versions ---------------------------------------------------------------------- */

static void
take(size_t source, struct snapshot *snapshot, struct snapshot *delta)
{
	struct error e = {.text = ""};

	ck_assert_msg(generations_take(kept, source, snapshot, delta, &e) == OK, "%s", e.text);
}

static enum err
older(struct snapshot *file)
{
	struct error e = {.text = ""};

	return generations_take_older(kept, 0, file, &e);
}

static struct generation *
find(uint32_t serial)
{
	return generations_find_serial(kept, origin, sizeof(origin), serial);
}

/* How many addresses the version with this serial has; 0: it is not kept. */
static size_t
entries(uint32_t serial)
{
	struct generation *n = find(serial);

	return n != NULL ? generation_zone(n, origin, sizeof(origin))->entries : 0;
}

static void
open_table(size_t count, size_t history)
{
	struct error e = {.text = ""};

	generations_free(kept);
	zone_table_free(&table);
	ck_assert_msg(zone_table_init(&table, zones, count, 0, &e) == OK, "%s", e.text);
	kept = generations_new(&table, history);
}

/* What is in service is a delta of the second base. */
static void
set_up(void)
{
	memset(zones, 0, sizeof(zones));
	for (size_t i = 0; i < ORBL_COUNT(zones); i++)
		snprintf(zones[i].origin, sizeof(zones[i].origin), "old.test");
	snprintf(zones[0].source.paths, sizeof(zones[0].source.paths), "list");
	zones[0].source.kind = FEED_SNAPSHOT;
	ahead = 0;
	kept = NULL;
	table = (struct zone_table){.entry_count = 0};
	open_table(1, HISTORY);
	bases[0] = list(NULL, 10);
	bases[1] = list(NULL, 20);
	take(0, list(NULL, 20), list(bases[1], 24));
}

static void
tear_down(void)
{
	for (size_t i = 0; i < ORBL_COUNT(bases); i++)
		snapshot_close(bases[i]);
	generations_free(kept);
	zone_table_free(&table);
}

START_TEST(versions_come_back)
{
	ck_assert_int_eq(older(NULL), OK);
	ck_assert_int_eq(older(list(NULL, 10)), OK);
	ck_assert_int_eq(older(list(bases[1], 23)), OK);
	ck_assert_int_eq(older(list(bases[1], 22)), OK);
	ck_assert_int_eq(older(list(bases[0], 12)), OK);
	ck_assert_int_eq(older(list(bases[0], 11)), OK);
	ck_assert_uint_eq(entries(24), 20 - 1 + 24);
	ck_assert_uint_eq(entries(23), 20 - 1 + 23);
	ck_assert_uint_eq(entries(22), 20 - 1 + 22);
	ck_assert_uint_eq(entries(20), 20);
	ck_assert_uint_eq(entries(12), 10 - 1 + 12);
	ck_assert_uint_eq(entries(11), 10 - 1 + 11);
	ck_assert_uint_eq(entries(10), 10);
	ck_assert_uint_eq(entries(21), 0);
	ck_assert_ptr_eq(find(24), generations_newest(kept));
}
END_TEST

START_TEST(their_order_is_that_of_serials)
{
	ck_assert_int_eq(older(NULL), OK);
	ck_assert_int_eq(older(list(NULL, 10)), OK);
	ck_assert_int_eq(older(list(bases[0], 11)), OK);
	ck_assert_int_eq(older(list(bases[1], 21)), OK);
	ck_assert_int_eq(older(list(bases[1], 23)), OK);
	ck_assert_int_eq(older(list(bases[0], 13)), OK);
	/* What comes then is the newest, and one more base makes the first one's go. */
	take(0, list(NULL, 30), NULL);
	ck_assert_ptr_nonnull(find(23));
	ck_assert_ptr_nonnull(find(21));
	ck_assert_ptr_nonnull(find(20));
	ck_assert_ptr_null(find(13));
	ck_assert_ptr_null(find(10));
}
END_TEST

/* A base is mapped once, so that the difference to what stands on it is found at once. */
START_TEST(a_difference_of_a_base_is_local)
{
	struct generation *old, *new = generations_newest(kept);
	struct zone_records *d;

	ck_assert_int_eq(older(list(bases[1], 23)), OK);
	old = find(23);
	d = zone_diff_new(generation_zones(old), generation_zone(old, origin, sizeof(origin)),
		generation_zones(new), generation_zone(new, origin, sizeof(origin)));
	ck_assert(zone_diff_is_local(d));
	zone_records_free(d);
}
END_TEST

/* As a zone from a primary has it. */
START_TEST(the_serial_of_the_soa_counts)
{
	struct snapshot *base;

	ahead = 1000;
	base = list(NULL, 20);
	open_table(1, HISTORY);
	take(0, list(NULL, 20), list(base, 24));
	ck_assert_int_eq(older(list(base, 23)), OK);
	ck_assert_ptr_eq(find(1024), generations_newest(kept));
	ck_assert_uint_eq(entries(1023), 20 - 1 + 23);
	ck_assert_ptr_null(find(23));
	snapshot_close(base);
}
END_TEST

START_TEST(without_a_delta_the_base_is_the_newest)
{
	take(0, list(NULL, 30), NULL);
	ck_assert_int_eq(older(NULL), OK);
	ck_assert_int_eq(older(list(NULL, 20)), OK);
	ck_assert_uint_eq(entries(20), 20);
	ck_assert_int_eq(older(list(NULL, 20)), ERR_REFUSED); /* is kept already */
	ck_assert_ptr_eq(find(30), generations_newest(kept));
}
END_TEST

/* --- what is no older version ---------------------------------------------------------- */

START_TEST(serials_that_do_not_fall)
{
	ck_assert_int_eq(older(list(bases[1], 24)), ERR_REFUSED);
	ck_assert_int_eq(older(list(bases[1], 25)), ERR_REFUSED);
	ck_assert_int_eq(older(list(NULL, 24)), ERR_REFUSED);
	ck_assert_int_eq(older(list(NULL, 40)), ERR_REFUSED);
	ck_assert_int_eq(older(list(bases[1], 23)), OK);
	ck_assert_int_eq(older(list(bases[1], 23)), ERR_REFUSED);
	/* Older than its base, or as old. */
	ck_assert_int_eq(older(list(bases[1], 20)), ERR_REFUSED);
	ck_assert_int_eq(older(list(bases[1], 15)), ERR_REFUSED);
	ck_assert_uint_eq(entries(24), 20 - 1 + 24);
	ck_assert_uint_eq(entries(23), 20 - 1 + 23);
}
END_TEST

/* Serials that were given twice, after the list had been restored from a backup. */
START_TEST(versions_between_those_of_another_base)
{
	ck_assert_int_eq(older(NULL), OK);
	ck_assert_int_eq(older(list(NULL, 22)), ERR_REFUSED);
	ck_assert_int_eq(older(list(NULL, 10)), OK);
	ck_assert_int_eq(older(list(bases[0], 21)), ERR_REFUSED);
	ck_assert_int_eq(older(list(bases[0], 20)), ERR_REFUSED);
	ck_assert_int_eq(older(list(bases[0], 19)), OK);
	ck_assert_ptr_null(find(21));
	ck_assert_uint_eq(entries(20), 20);
}
END_TEST

START_TEST(deltas_of_what_is_not_there)
{
	struct snapshot *other = list(NULL, 9);

	ck_assert_int_eq(older(list(bases[0], 11)), ERR_REFUSED);
	ck_assert_int_eq(older(list(other, 21)), ERR_REFUSED);
	ck_assert_int_eq(older(list(NULL, 10)), OK);
	ck_assert_int_eq(older(list(bases[0], 11)), OK);
	snapshot_close(other);
}
END_TEST

START_TEST(nothing_is_in_service)
{
	struct error e;

	open_table(1, HISTORY);
	ck_assert_int_eq(older(NULL), ERR_REFUSED);
	ck_assert_int_eq(older(list(NULL, 10)), ERR_REFUSED);
	take(0, NULL, NULL);
	ck_assert_int_eq(older(list(NULL, 10)), ERR_REFUSED);
	take(0, list(NULL, 20), NULL);
	ck_assert_int_eq(generations_take_older(kept, 1, list(NULL, 10), &e), ERR_REFUSED);
	ck_assert_int_eq(older(list(NULL, 10)), OK);
}
END_TEST

START_TEST(too_many)
{
	open_table(1, 2);
	take(0, list(NULL, 20), list(bases[1], 24));
	ck_assert_int_eq(older(NULL), OK);
	ck_assert_int_eq(older(list(bases[1], 21)), OK);
	ck_assert_ptr_nonnull(find(20));
	ck_assert_int_eq(older(list(bases[1], 22)), OK);
	ck_assert_int_eq(older(list(bases[1], 23)), OK);
	ck_assert_ptr_nonnull(find(24));
	ck_assert_ptr_nonnull(find(23));
	ck_assert_ptr_nonnull(find(22));
	ck_assert_ptr_null(find(21));
	ck_assert_ptr_null(find(20));
}
END_TEST

/* --- zones of several sources ------------------------------------------------------------ */

static void
open_two(const char *type)
{
	zones[1].source.kind = FEED_RBLDNSD;
	snprintf(zones[1].source.type, sizeof(zones[1].source.type), "%s", type);
	snprintf(zones[1].source.paths, sizeof(zones[1].source.paths), "file");
	open_table(2, HISTORY);
}

/* Which older list went with which older file? The serial of such a zone is a time; here the list's
 * is one, too. */
START_TEST(a_zone_with_data_of_two_has_none)
{
	struct snapshot *base = list(NULL, CREATED + 20);

	open_two("ip4set");
	take(0, list(NULL, CREATED + 20), list(base, CREATED + 24));
	take(1, list(NULL, 7), NULL);
	ck_assert_int_eq(older(list(base, CREATED + 23)), OK);
	ck_assert_ptr_eq(find(CREATED + 24), generations_newest(kept));
	ck_assert_ptr_null(find(CREATED + 23));
	snapshot_close(base);
}
END_TEST

START_TEST(an_access_list_is_no_data)
{
	open_two("acl");
	take(0, list(NULL, 20), list(bases[1], 24));
	take(1, acl(), NULL);
	ck_assert_int_eq(older(list(bases[1], 23)), OK);
	ck_assert_uint_eq(entries(23), 20 - 1 + 23);
}
END_TEST

/* --- damage -------------------------------------------------------------------------------- */

static void
read_all(uint32_t serial)
{
	struct generation *old = find(serial), *new = generations_newest(kept);
	const struct zone *x, *y = generation_zone(new, origin, sizeof(origin));
	struct zone_record record;
	struct zone_records *d;
	struct error e;
	size_t steps = 0;

	if (old == NULL)
		return;
	x = generation_zone(old, origin, sizeof(origin));
	if (x == NULL || generation_check(old, x, EXPAND, &e) != OK)
		return;
	d = zone_diff_new(generation_zones(old), x, generation_zones(new), y);
	while (zone_records_next(d, &record) != ZONE_RECORDS_END)
		ck_assert_uint_lt(steps++, 100000);
	zone_records_free(d);
}

/* Each octet of each region: header, sections, data, trailer. */
START_TEST(a_damaged_file_is_none)
{
	struct snapshot_file f = make(_i == 0 ? NULL : bases[1], _i == 0 ? 10 : 22, false);
	struct snapshot *s;

	for (size_t at = 0; at < f.len; at++) {
		f.bytes[at] ^= 0x41;
		ck_assert_int_ne(open_bytes(&f, &s, NULL), OK);
		f.bytes[at] ^= 0x41;
	}
	for (size_t len = 0; len < f.len; len++)
		ck_assert_int_ne(open_bytes(&(struct snapshot_file){f.bytes, len}, &s, NULL), OK);
	free(f.bytes);
}
END_TEST

/* The same with a right checksum, by who wants to hurt: what is in service stays what it is, and
 * what is sent of the rest comes to an end. */
START_TEST(a_hostile_file_hurts_nobody)
{
	struct snapshot_file f = make(_i == 0 ? NULL : bases[1], _i == 0 ? 10 : 22, false);
	struct snapshot *s;
	size_t opened = 0;

	for (size_t at = 0; at < f.len - 16; at++) {
		struct generation *newest = generations_newest(kept);
		uint8_t was = f.bytes[at];

		f.bytes[at] ^= (uint8_t)(1U << at % 8);
		snapshot_file_repair(&f);
		if (open_bytes(&f, &s, NULL) == OK) {
			uint32_t serial = snapshot_serial(s);

			opened++;
			(void)!older(s);
			read_all(serial);
		}
		f.bytes[at] = was;
		ck_assert_ptr_eq(generations_newest(kept), newest);
		ck_assert_ptr_eq(find(24), newest);
		ck_assert_uint_eq(entries(24), 20 - 1 + 24);
		generations_free(kept);
		kept = generations_new(&table, HISTORY);
		take(0, list(NULL, 20), list(bases[1], 24));
	}
	ck_assert_uint_gt(opened, 20);
	free(f.bytes);
}
END_TEST

static Suite *
suite(void)
{
	Suite *s = suite_create("generations");
	TCase *good = tcase_create("good"), *bad = tcase_create("bad"),
	      *damage = tcase_create("damage");

	tcase_add_checked_fixture(good, set_up, tear_down);
	tcase_add_test(good, versions_come_back);
	tcase_add_test(good, their_order_is_that_of_serials);
	tcase_add_test(good, a_difference_of_a_base_is_local);
	tcase_add_test(good, the_serial_of_the_soa_counts);
	tcase_add_test(good, without_a_delta_the_base_is_the_newest);
	tcase_add_test(good, too_many);
	tcase_add_test(good, an_access_list_is_no_data);
	tcase_add_checked_fixture(bad, set_up, tear_down);
	tcase_add_test(bad, serials_that_do_not_fall);
	tcase_add_test(bad, versions_between_those_of_another_base);
	tcase_add_test(bad, deltas_of_what_is_not_there);
	tcase_add_test(bad, nothing_is_in_service);
	tcase_add_test(bad, a_zone_with_data_of_two_has_none);
	tcase_set_timeout(damage, 120);
	tcase_add_checked_fixture(damage, set_up, tear_down);
	tcase_add_loop_test(damage, a_damaged_file_is_none, 0, 2);
	tcase_add_loop_test(damage, a_hostile_file_hurts_nobody, 0, 2);
	suite_add_tcase(s, good);
	suite_add_tcase(s, bad);
	suite_add_tcase(s, damage);
	return s;
}

int
main(void)
{
	return unit_run(suite());
}
