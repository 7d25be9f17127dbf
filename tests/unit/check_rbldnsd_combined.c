#include "unit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "names_fixture.h"
#include "scratch.h"

static void
assert_ask(const char *zone, const char *name, const char *wanted)
{
	const char *got = names_ask(zone, name);

	ck_assert_msg(got != NULL && strcmp(got, wanted) == 0, "%s in \"%s\": %s, not %s", name,
		zone, got != NULL ? got : "no such zone", wanted);
}

static void
assert_no_zone(const char *zone)
{
	ck_assert_msg(names_ask(zone, "") == NULL, "there is a zone \"%s\"", zone);
}

static void
setup(void)
{
	scratch_enter();
}

static void
teardown(void)
{
	names_close();
	scratch_leave();
}

static void
find_zone(const char *name, struct snapshot_zone *out)
{
	for (size_t i = 0; i < snapshot_zone_count(names_snapshot()); i++) {
		snapshot_zone(names_snapshot(), i, out);
		if (text_equal(out->name, text_of(name)))
			return;
	}
	ck_abort_msg("no zone \"%s\"", name);
}

START_TEST(test_subzones)
{
	names_file("f", "# common", "$DATASET ip4set:proxies proxies @", ":2:proxy $", "192.0.2.1",
		"$DATASET ip4set relays. @", ":3:relay $", "192.0.2.1", "192.0.2.2",
		"$DATASET dnset NAMES a.b.names", "example.com :4",
		"$DATASET generic:common proxies @", "@ A 192.0.2.80", "www TXT hi", NULL);
	names_compile("combined", "f");
	ck_assert_str_eq(names_warnings(), "");
	ck_assert_uint_eq(snapshot_zone_count(names_snapshot()), 5);
	assert_ask("", "192.0.2.1",
		"127.0.0.2 \"proxy $\" 2100 | 127.0.0.3 \"relay $\" 2100 | none");
	assert_ask("", "", "none | none | A 192.0.2.80 2100 of 0");
	assert_ask("proxies", "192.0.2.1", "127.0.0.2 \"proxy $\" 2100 | none");
	assert_ask("proxies", "192.0.2.2", "none | none");
	assert_ask("proxies", "www", "none | TXT \"hi\" 2100 of 1");
	assert_ask("relays", "192.0.2.2", "127.0.0.3 \"relay $\" 2100");
	assert_ask("names", "example.com", "127.0.0.4 2100 of 2");
	assert_ask("a.b.names", "example.com", "127.0.0.4 2100 of 2");
	assert_no_zone("b.names");
}
END_TEST

/* SOA, NS and expiry are the base zone's wherever they stand; the first counts. */
START_TEST(test_apex)
{
	struct snapshot_zone zone;

	names_file("f", "$DATASET dnset a", "$SOA 300 ns.one.ex h.ex 5 1 2 3 4", "x",
		"$DATASET dnset @", "$NS 400 ns1.ex ns2.ex", "$SOA 300 ns.two.ex h.ex 6 1 2 3 4",
		"$TIMESTAMP 2026:11:01 2036:01:01", "$TTL 70", "y", NULL);
	names_compile("combined", "f");
	ck_assert_uint_eq(snapshot_serial(names_snapshot()), 5);
	find_zone("", &zone);
	ck_assert(!zone.is_within);
	ck_assert(zone.apex.has_soa);
	ck_assert(text_equal(zone.apex.mname, TEXT("ns.one.ex")));
	ck_assert_uint_eq(zone.apex.ns_count, 2);
	ck_assert_uint_eq(zone.apex.ns_ttl_s, 400);
	ck_assert_uint_eq(zone.apex.ttl_s, 2100);
	ck_assert_int_eq(zone.expires_s, 2082758400);
	find_zone("a", &zone);
	ck_assert(zone.is_within);
	ck_assert_int_eq(zone.expires_s, 2082758400);
	assert_ask("a", "x", "127.0.0.2 2100 of 1");
	assert_ask("", "y", "127.0.0.2 70 of 1");
}
END_TEST

/* What the common section has is inherited, and wins where the first one counts. */
START_TEST(test_inheritance)
{
	names_file("f", "$1 c1", "$2 c2", "$TTL 10", "$MAXRANGE4 /24", "$DATASET dnset a",
		":9:nested $1 $", "$1 a1", "x :2:$1 $2 $3", "y", "$DATASET dnset b",
		"x :2:$1 $2 $3", "y", "$TTL 20", "$3 b3", "$DATASET ip4set c", "10.0.0.0/8",
		"192.0.2.0/25", "$DATASET generic a b c", "@ A 192.0.2.1", "$TTL 33",
		"w A 192.0.2.1", NULL);
	names_compile("combined", "f");
	ck_assert_ptr_nonnull(strstr(names_warnings(), "f:16: "));
	assert_ask("a", "x", "127.0.0.2 \"c1 c2 $3\" 10 of 1 | none");
	assert_ask("a", "y", "127.0.0.9 \"nested c1 $\" 10 of 1 | none");
	assert_ask("b", "x", "127.0.0.2 \"c1 c2 b3\" 20 of 1 | none");
	assert_ask("b", "y", "127.0.0.2 20 of 1 | none");
	assert_ask("c", "10.0.0.1", "none | none");
	assert_ask("c", "192.0.2.1", "127.0.0.2 10 | none");
	assert_ask("a", "", "empty | A 192.0.2.1 10 of 0");
	assert_ask("a", "w", "none | A 192.0.2.1 33 of 1");
}
END_TEST

START_TEST(test_base_template)
{
	names_file("f", "$= common [$=]", "$DATASET dnset a", "$= own [$=]", "x :2:t1", "y :2:=t2",
		NULL);
	names_compile("combined", "f");
	assert_ask("a", "x", "127.0.0.2 \"common [t1]\" 2100 of 1");
	assert_ask("a", "y", "127.0.0.2 \"t2\" 2100 of 1");
	names_file("f", "$DATASET dnset a", "$= own [$=]", "x :2:t1", "$DATASET dnset b", "x :2:t1",
		NULL);
	names_compile("combined", "f");
	assert_ask("a", "x", "127.0.0.2 \"own [t1]\" 2100 of 1");
	assert_ask("b", "x", "127.0.0.2 \"t1\" 2100 of 1");
}
END_TEST

/* A further file begins outside of all data sets, but its first special entries are still those
 * of the data set before. */
START_TEST(test_several_files)
{
	names_file("f", "$1 one", "$DATASET dnset a", "x :2:$1 $2", ":4:left behind", NULL);
	names_file("g", "$NS 300 ns.ex", "$2 two", "$TTL 44", "$DATASET dnset a b", "$3 three",
		"y :3:$1 $2 $3", "z", NULL);
	names_compile("combined", "f,g");
	assert_ask("a", "x", "127.0.0.2 \"one two\" 44 of 1 | none");
	assert_ask("a", "y", "none | 127.0.0.3 \"one $2 three\" 2100 of 1");
	assert_ask("a", "z", "none | 127.0.0.2 2100 of 1");
	assert_ask("b", "y", "127.0.0.3 \"one $2 three\" 2100 of 1");
}
END_TEST

START_TEST(test_subzone_lists)
{
	names_file("f", "$DATASET dnset a A a. # comment b", "x :2:one", "$DATASET dnset a ;c",
		"!x", "y :3:two", "#$dataset dnset\td\te#f", "z", "$DATASET dnset: . a..g @. *.q",
		"w", NULL);
	names_compile("combined", "f");
	ck_assert_str_eq(names_warnings(), "");
	assert_ask("a", "x", "127.0.0.2 \"one\" 2100 of 1 | none");
	assert_ask("a", "y", "none | 127.0.0.3 \"two\" 2100 of 1");
	assert_no_zone("b");
	assert_no_zone("c");
	assert_ask("d", "z", "127.0.0.2 2100 of 1");
	assert_ask("e#f", "z", "127.0.0.2 2100 of 1");
	assert_ask("", "w", "127.0.0.2 2100 of 1");
	assert_ask("a.g", "w", "127.0.0.2 2100 of 1");
	assert_ask("@", "w", "127.0.0.2 2100 of 1");
	assert_ask("*.q", "w", "127.0.0.2 2100 of 1");
}
END_TEST

START_TEST(test_left_out)
{
	char label[65], line[128];

	memset(label, 'a', 64);
	label[64] = '\0';
	snprintf(line, sizeof(line), "$DATASET dnset %s b \\046x c\\ d", label);
	names_file("f", line, "x", "$DATASET dnset", "y", "$DATASET dnset c", "z", NULL);
	names_compile("combined", "f");
	ck_assert_ptr_nonnull(strstr(names_warnings(), "f:1: subzone that is not a domain name"));
	ck_assert_ptr_nonnull(strstr(names_warnings(), "f:3: data set without a subzone"));
	assert_ask("b", "x", "127.0.0.2 2100 of 1");
	assert_ask("c", "x", "127.0.0.2 2100 of 1 | none");
	assert_ask("c", "z", "none | 127.0.0.2 2100 of 1");
	assert_ask("d", "x", "127.0.0.2 2100 of 1");
	assert_ask("", "y", "");
	ck_assert_uint_eq(snapshot_zone_count(names_snapshot()), 4);
}
END_TEST

/* Not read as a new data set: what follows is still the old one's. */
START_TEST(test_rejected)
{
	names_file("f", "$FOO x", "$TTL x", "$DATASET dnset a", "x", "$DATASET", "y",
		"$ DATASET dnset b", "z", "..", NULL);
	names_compile("combined", "f");
	ck_assert_ptr_nonnull(strstr(names_warnings(), "f:1: "));
	ck_assert_ptr_nonnull(strstr(names_warnings(), "f:2: "));
	ck_assert_ptr_nonnull(strstr(names_warnings(), "f:5: "));
	ck_assert_ptr_nonnull(strstr(names_warnings(), "f:7: "));
	ck_assert_ptr_nonnull(strstr(names_warnings(), "f:9: "));
	assert_ask("a", "x", "127.0.0.2 2100 of 1");
	assert_ask("a", "y", "127.0.0.2 2100 of 1");
	assert_ask("a", "z", "127.0.0.2 2100 of 1");
	assert_no_zone("b");
}
END_TEST

START_TEST(test_refused)
{
	static const struct {
		const char *line, *wanted;
	} rows[] = {
		{"$DATASET foo a", "f:3: data set type is not known"},
		{"$DATASET DNSET a", "f:3: data set type is not known"},
		{"$DATASET :name a", "f:3: data set type is not known"},
		{"$DATASET combined a", "f:3: data set of type combined cannot stand inside"},
		{"$DATASET acl @", "f:3: data set of type acl cannot stand inside"},
		{"$DATASET generic a\nx 1h30m A 192.0.2.1", "f:4: TTL is not a time"},
	};
	struct error e = {.text = ""};

	for (size_t i = 0; i < ORBL_COUNT(rows); i++) {
		names_file("f", "$DATASET dnset keep @", "x", rows[i].line, "x", NULL);
		ck_assert_int_eq(names_try_compile("combined", "f", &e), ERR_SYNTAX);
		ck_assert_msg(strncmp(e.text, rows[i].wanted, strlen(rows[i].wanted)) == 0,
			"%s: %s", rows[i].line, e.text);
	}
	names_file("f", "x", "$DATASET dnset a", "x", NULL);
	ck_assert_int_eq(names_try_compile("combined", "f", &e), ERR_SYNTAX);
	ck_assert_ptr_nonnull(strstr(e.text, "f:1: entry outside of a data set"));
	names_file("f", ":2:default", "$DATASET dnset a", "x", NULL);
	ck_assert_int_eq(names_try_compile("combined", "f", &e), ERR_SYNTAX);
	names_file("f", "$DATASET dnset a", "x", NULL);
	names_file("g", "y", NULL);
	ck_assert_int_eq(names_try_compile("combined", "f,g", &e), ERR_SYNTAX);
	ck_assert_ptr_nonnull(strstr(e.text, "g:1: entry outside of a data set"));
}
END_TEST

START_TEST(test_common_section_alone)
{
	struct snapshot_zone zone;

	names_file("f", "$NS 300 ns.ex", NULL);
	names_compile("combined", "f");
	ck_assert_uint_eq(snapshot_zone_count(names_snapshot()), 1);
	find_zone("", &zone);
	ck_assert_uint_eq(zone.set_count, 0);
	ck_assert_uint_eq(zone.apex.ns_count, 1);
}
END_TEST

/* So many data sets, with a number in each. */
static void
many_sets(size_t sets, const char *before, const char *behind)
{
	char *all = calloc(sets, 64), *p = all;

	ck_assert_ptr_nonnull(all);
	for (size_t i = 0; i < sets; i++)
		p += snprintf(p, 64, "%s%zu%s", before, i, behind);
	names_file("f", all, NULL);
	free(all);
}

START_TEST(test_limits)
{
	struct error e = {.text = ""};

	many_sets(64, "$DATASET dnset a\nx :", "\n");
	ck_assert_int_eq(names_try_compile("combined", "f", &e), OK);
	many_sets(65, "$DATASET dnset a\nx\n# ", "\n");
	ck_assert_int_eq(names_try_compile("combined", "f", &e), ERR_FULL);
	ck_assert_ptr_nonnull(strstr(e.text, "f:193: more than 64 data sets in a subzone"));
	many_sets(255, "$DATASET dnset z", "\nx\n");
	ck_assert_int_eq(names_try_compile("combined", "f", &e), OK);
	many_sets(256, "$DATASET dnset z", "\nx\n");
	ck_assert_int_eq(names_try_compile("combined", "f", &e), ERR_FULL);
	ck_assert_ptr_nonnull(strstr(e.text, "f:511: more than "));
}
END_TEST

static Suite *
suite(void)
{
	Suite *s = suite_create("rbldnsd_combined");
	TCase *meaning = tcase_create("meaning"), *bad = tcase_create("bad");

	tcase_add_checked_fixture(meaning, setup, teardown);
	tcase_add_checked_fixture(bad, setup, teardown);
	tcase_add_test(meaning, test_subzones);
	tcase_add_test(meaning, test_apex);
	tcase_add_test(meaning, test_inheritance);
	tcase_add_test(meaning, test_base_template);
	tcase_add_test(meaning, test_several_files);
	tcase_add_test(meaning, test_subzone_lists);
	tcase_add_test(meaning, test_common_section_alone);
	tcase_add_test(bad, test_left_out);
	tcase_add_test(bad, test_rejected);
	tcase_add_test(bad, test_refused);
	tcase_add_test(bad, test_limits);
	suite_add_tcase(s, meaning);
	suite_add_tcase(s, bad);
	return s;
}

int
main(void)
{
	return unit_run(suite());
}
