#include "unit.h"

#include <stdlib.h>
#include <string.h>

#include "snapshot_file.h"
#include "snapshot_format.h"

/* A base and its delta, both open. */
struct pair {
	struct snapshot_file base_file, delta_file;
	struct snapshot *base, *delta;
	struct snapshot_layer layer;
};

static uint32_t
removing_class(struct snapshot_builder *b)
{
	struct snapshot_class c = {.action = SNAPSHOT_REMOVED};
	struct error e;
	uint32_t id;

	ck_assert_int_eq(snapshot_builder_class(b, &c, &id, &e), OK);
	return id;
}

/* Takes the builders; that of the delta has no base yet. */
static struct pair
pair_open(struct snapshot_builder *base, struct snapshot_builder *delta)
{
	struct pair p = {.base_file = snapshot_file_freeze(base)};
	struct error e = {.text = ""};

	p.base = snapshot_file_open(&p.base_file);
	snapshot_builder_delta_of(delta, p.base);
	p.delta_file = snapshot_file_freeze(delta);
	p.delta = snapshot_file_open(&p.delta_file);
	ck_assert_msg(snapshot_check_delta(p.base, p.delta, &e) == OK, "%s", e.text);
	p.layer = (struct snapshot_layer){snapshot_set_at(p.base, 0), snapshot_set_at(p.delta, 0)};
	return p;
}

static void
pair_close(struct pair *p)
{
	snapshot_close(p->base);
	snapshot_close(p->delta);
	free(p->base_file.bytes);
	free(p->delta_file.bytes);
}

/* --- looking up --- */

START_TEST(test_find)
{
	size_t set, same;
	struct snapshot_builder *base = snapshot_file_builder(&set);
	struct snapshot_builder *delta = snapshot_file_builder(&same);
	uint32_t one = snapshot_file_class(base, 0x7f000002, NULL, 0, 0);
	uint32_t two = snapshot_file_class(delta, 0x7f000003, NULL, 0, 0);
	struct pair p;

	snapshot_file_range(base, set, "192.0.2.0", "192.0.2.255", 24, one);
	snapshot_file_range(base, set, "198.51.100.1", "198.51.100.1", 32, one);
	snapshot_file_range(base, set, "2001:db8::", "2001:db8::ff", 120, one);
	snapshot_file_range(delta, same, "192.0.2.7", "192.0.2.7", 32, removing_class(delta));
	snapshot_file_range(delta, same, "192.0.2.8", "192.0.2.8", 32, two);
	snapshot_file_range(delta, same, "203.0.113.1", "203.0.113.1", 32, two);
	snapshot_file_range(delta, same, "198.51.100.1", "198.51.100.1", 32,
		SNAPSHOT_NOT_LISTED); /* says nothing */
	snapshot_file_range(delta, same, "2001:db8::7", "2001:db8::8", 127, removing_class(delta));
	snapshot_file_range(delta, same, "2001:db9::", "2001:db9::", 128, two);
	p = pair_open(base, delta);
	ck_assert_uint_eq(snapshot_file_find(p.layer, "192.0.2.6"), 0x7f000002);
	ck_assert_uint_eq(snapshot_file_find(p.layer, "192.0.2.7"), 0);
	ck_assert_uint_eq(snapshot_file_find(p.layer, "192.0.2.8"), 0x7f000003);
	ck_assert_uint_eq(snapshot_file_find(p.layer, "192.0.2.9"), 0x7f000002);
	ck_assert_uint_eq(snapshot_file_find(p.layer, "198.51.100.1"), 0x7f000002);
	ck_assert_uint_eq(snapshot_file_find(p.layer, "203.0.113.1"), 0x7f000003);
	ck_assert_uint_eq(snapshot_file_find(p.layer, "203.0.113.2"), 0);
	ck_assert_uint_eq(snapshot_file_find(p.layer, "2001:db8::6"), 0x7f000002);
	ck_assert_uint_eq(snapshot_file_find(p.layer, "2001:db8::7"), 0);
	ck_assert_uint_eq(snapshot_file_find(p.layer, "2001:db8::9"), 0x7f000002);
	ck_assert_uint_eq(snapshot_file_find(p.layer, "2001:db9::"), 0x7f000003);
	ck_assert_uint_ne(snapshot_base_checksum(p.delta), 0);
	ck_assert_uint_eq(snapshot_base_checksum(p.delta), snapshot_checksum(p.base));
	pair_close(&p);
}
END_TEST

/* Who asks several layers has the view of another one where it is not found. */
START_TEST(test_find_many)
{
	static const struct {
		uint32_t address, a;
	} wanted[] = {{0xc0000206, 0x7f000002}, {0xc0000207, 0}, {0xc0000208, 0x7f000003},
		{0xc0000300, 0}};
	size_t set, same;
	struct snapshot_builder *base = snapshot_file_builder(&set);
	struct snapshot_builder *delta = snapshot_file_builder(&same);
	uint32_t one = snapshot_file_class(base, 0x7f000002, NULL, 0, 0);
	uint32_t two = snapshot_file_class(delta, 0x7f000003, NULL, 0, 0);
	struct snapshot_view views[4] = {{.ttl_s = 1}, {.ttl_s = 1}, {.ttl_s = 1}, {.ttl_s = 1}};
	struct snapshot_search searches[4];
	struct pair p;

	snapshot_file_range(base, set, "192.0.2.0", "192.0.2.255", 24, one);
	snapshot_file_range(delta, same, "192.0.2.7", "192.0.2.7", 32, removing_class(delta));
	snapshot_file_range(delta, same, "192.0.2.8", "192.0.2.8", 32, two);
	p = pair_open(base, delta);
	for (size_t i = 0; i < 4; i++)
		searches[i] = (struct snapshot_search){.layer = &p.layer,
			.view = &views[i],
			.address = wanted[i].address};
	snapshot_layer_find_many4(searches, 4);
	for (size_t i = 0; i < 4; i++) {
		ck_assert(searches[i].is_found == (wanted[i].a != 0));
		if (wanted[i].a != 0)
			ck_assert_uint_eq(snapshot_view_a(&views[i], 0), wanted[i].a);
		else
			ck_assert(views[i].snapshot == NULL && views[i].ttl_s == 1);
	}
	pair_close(&p);
}
END_TEST

START_TEST(test_intersects)
{
	static const struct {
		const char *prefix;
		bool wanted;
	} rows[] = {
		{"192.0.2.0/24", true},
		{"192.0.2.0/25", false}, /* removed as a whole, by two entries */
		{"192.0.2.64/26", false},
		{"192.0.2.128/26", true}, /* removed but for its last address */
		{"192.0.2.128/27", false}, {"192.0.2.191/32", true}, {"192.0.2.192/26", true},
		{"192.0.3.0/24", true},  /* added */
		{"192.0.4.0/24", false}, /* removed, and never listed */
		{"192.0.4.0/22", false}, {"0.0.0.0/32", false}, {"0.0.0.0/31", true},
		{"255.255.255.255/32", false}, {"255.255.255.254/31", true}, {"224.0.0.0/3", true},
		{"::/128", false}, {"::/127", true},
		{"ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff/128", false},
		{"ffff:ffff:ffff:ffff:ffff:ffff:ffff:0/112", true},
		{"ffff:ffff:ffff:ffff::/64", true}, {"2001:db8::/64", false},
		{"2001:db8::/63", true}, {"2001:db8:0:1::/64", true},
		{"2001:dbf::/32", false}, /* removed from where a half of the address is 0 */
	};
	size_t set, same;
	struct snapshot_builder *base = snapshot_file_builder(&set);
	struct snapshot_builder *delta = snapshot_file_builder(&same);
	uint32_t one = snapshot_file_class(base, 0x7f000002, NULL, 0, 0);
	uint32_t two = snapshot_file_class(delta, 0x7f000003, NULL, 0, 0);
	uint32_t gone = removing_class(delta);
	struct pair p;

	snapshot_file_range(base, set, "192.0.2.0", "192.0.2.255", 24, one);
	snapshot_file_range(base, set, "0.0.0.0", "0.0.0.1", 31, one);
	snapshot_file_range(base, set, "255.255.255.240", "255.255.255.255", 28, one);
	snapshot_file_range(base, set, "::", "::1", 127, one);
	snapshot_file_range(base, set, "ffff:ffff:ffff:ffff:ffff:ffff:ffff:0",
		"ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", 112, one);
	snapshot_file_range(base, set, "2001:db8::", "2001:db8:0:1:ffff:ffff:ffff:ffff", 63, one);
	snapshot_file_range(base, set, "2001:dbf:0:5::", "2001:dbf:0:5:ffff:ffff:ffff:ffff", 64,
		one);
	snapshot_file_range(delta, same, "2001:dbf:0:5::", "2001:dbf:0:5:ffff:ffff:ffff:ffff", 64,
		gone);
	snapshot_file_range(delta, same, "192.0.2.0", "192.0.2.100", 24, gone);
	snapshot_file_range(delta, same, "192.0.2.101", "192.0.2.190", 24, gone);
	snapshot_file_range(delta, same, "192.0.3.9", "192.0.3.9", 32, two);
	snapshot_file_range(delta, same, "192.0.4.0", "192.0.4.255", 24, gone);
	snapshot_file_range(delta, same, "0.0.0.0", "0.0.0.0", 32, gone);
	snapshot_file_range(delta, same, "255.255.255.255", "255.255.255.255", 32, gone);
	snapshot_file_range(delta, same, "::", "::", 128, gone);
	snapshot_file_range(delta, same, "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff",
		"ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", 128, gone);
	snapshot_file_range(delta, same, "2001:db7::", "2001:db8::ffff:ffff:ffff:ffff", 0, gone);
	p = pair_open(base, delta);
	for (size_t i = 0; i < ORBL_COUNT(rows); i++)
		ck_assert_msg(snapshot_file_intersects(p.layer, rows[i].prefix) == rows[i].wanted,
			"%s", rows[i].prefix);
	pair_close(&p);
}
END_TEST

START_TEST(test_all_removed)
{
	size_t set, same;
	struct snapshot_builder *base = snapshot_file_builder(&set);
	struct snapshot_builder *delta = snapshot_file_builder(&same);
	uint32_t one = snapshot_file_class(base, 0x7f000002, NULL, 0, 0);
	uint32_t gone = removing_class(delta);
	struct pair p;

	snapshot_file_range(base, set, "0.0.0.0", "255.255.255.255", 0, one);
	snapshot_file_range(base, set, "::", "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", 0, one);
	snapshot_file_range(delta, same, "0.0.0.0", "255.255.255.255", 0, gone);
	snapshot_file_range(delta, same, "::", "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", 0, gone);
	p = pair_open(base, delta);
	ck_assert(!snapshot_file_intersects(p.layer, "0.0.0.0/0"));
	ck_assert(!snapshot_file_intersects(p.layer, "::/0"));
	ck_assert(!snapshot_file_intersects(p.layer, "255.255.255.255/32"));
	ck_assert_uint_eq(snapshot_file_find(p.layer, "255.255.255.255"), 0);
	ck_assert_uint_eq(snapshot_file_find(p.layer, "::"), 0);
	pair_close(&p);
}
END_TEST

/* An array out of order under a right checksum, which sends a walk over it back, if followed. */
START_TEST(test_backwards)
{
	size_t set, same;
	struct snapshot_builder *base = snapshot_file_builder(&set);
	struct snapshot_builder *delta = snapshot_file_builder(&same);
	struct snapshot_view v;
	struct pair p;
	uint32_t gone = removing_class(delta);
	uint8_t *highs;

	snapshot_file_range(delta, same, "0.0.0.10", "0.0.0.15", 24, gone);
	snapshot_file_range(delta, same, "0.0.0.20", "0.0.0.25", 24, gone);
	p = pair_open(base, delta);
	snapshot_close(p.delta);
	highs = snapshot_file_section(&p.delta_file, SECTION_DATA) + 8;
	ck_assert_uint_eq(format_get32(highs + 4), 25);
	format_put32(highs + 4, 5);
	snapshot_file_repair(&p.delta_file);
	p.delta = snapshot_file_open(&p.delta_file);
	p.layer.delta = snapshot_set_at(p.delta, 0);
	snapshot_file_intersects(p.layer, "0.0.0.0/26");
	ck_assert(!snapshot_layer_find4(&p.layer, 22, &v));
	pair_close(&p);
}
END_TEST

/* --- what stands over what --- */

/* What a builder of a delta over snapshot_file_small may do differently. */
enum change {
	SAME,
	NAME,
	WITHIN,
	SETS,
	ACL,
	NO_ACL,
	NEW_ACL,
	LESS_SETS,
	CHANGES_NAMES,
	NAMES,
	CHANGES
};

static struct snapshot_file
small_delta(const struct snapshot *base, enum change change)
{
	struct snapshot_builder *b = snapshot_builder_new();
	struct snapshot_zone_draft zone = {.set_count = 1};
	size_t set;
	struct error e;

	for (size_t i = 0; i < 3; i++)
		ck_assert_int_eq(snapshot_builder_set(b, &set, &e), OK);
	ck_assert_int_eq(snapshot_builder_add4(b, change == CHANGES_NAMES ? 2 : 1, 1,
				 removing_class(b), &e),
		OK);
	if (change == NAMES)
		ck_assert_int_eq(snapshot_builder_add_name(b, 2, (const uint8_t *)"", true, 1, &e),
			OK);
	zone.has_acl = change == NEW_ACL;
	ck_assert_int_eq(snapshot_builder_zone(b, &zone, &e), OK);
	zone.name = change == NAME ? TEXT("suspect") : TEXT("suspects");
	zone.sets[0] = change == SETS ? 0 : 1;
	zone.sets[1] = 2;
	zone.set_count = change == LESS_SETS ? 1 : 2;
	zone.has_acl = change != NO_ACL;
	zone.acl = change == ACL ? 1 : 0;
	ck_assert_int_eq(snapshot_builder_zone(b, &zone, &e), OK);
	zone = (struct snapshot_zone_draft){.name = TEXT("again"), .set_count = 1};
	zone.is_within = change != WITHIN;
	ck_assert_int_eq(snapshot_builder_zone(b, &zone, &e), OK);
	snapshot_builder_delta_of(b, base);
	return snapshot_file_freeze(b);
}

START_TEST(test_shape)
{
	struct snapshot_file file = snapshot_file_small();
	struct snapshot *base = snapshot_file_open(&file);

	for (enum change change = SAME; change < CHANGES; change++) {
		struct snapshot_file delta_file = small_delta(base, change);
		struct snapshot *delta = snapshot_file_open(&delta_file);
		struct error e = {.text = ""};

		ck_assert_msg((snapshot_check_delta(base, delta, &e) == OK) == (change == SAME),
			"change %d: %s", change, e.text);
		ck_assert(change == SAME || e.code == ERR_REFUSED);
		snapshot_close(delta);
		free(delta_file.bytes);
	}
	snapshot_close(base);
	free(file.bytes);
}
END_TEST

START_TEST(test_wrong_base)
{
	size_t set;
	struct snapshot_file file = snapshot_file_small(), other_file, delta_file, second_file;
	struct snapshot *base = snapshot_file_open(&file), *other, *delta, *second;
	struct error e;

	other_file = snapshot_file_freeze(snapshot_file_builder(&set));
	other = snapshot_file_open(&other_file);
	delta_file = small_delta(base, SAME);
	delta = snapshot_file_open(&delta_file);
	second_file = small_delta(delta, SAME);
	second = snapshot_file_open(&second_file);
	ck_assert_int_eq(snapshot_check_delta(base, delta, &e), OK);
	ck_assert_int_eq(snapshot_check_delta(other, delta, &e), ERR_REFUSED);
	ck_assert_ptr_nonnull(strstr(e.text, "serial 42"));
	ck_assert_int_eq(snapshot_check_delta(delta, base, &e), ERR_REFUSED); /* swapped */
	ck_assert_int_eq(snapshot_check_delta(delta, delta, &e), ERR_REFUSED);
	ck_assert_int_eq(snapshot_check_delta(base, base, &e), ERR_REFUSED);
	ck_assert_int_eq(snapshot_check_delta(base, other, &e), ERR_REFUSED);
	ck_assert_int_eq(snapshot_check_delta(delta, second, &e), ERR_REFUSED);
	snapshot_close(base);
	snapshot_close(other);
	snapshot_close(delta);
	snapshot_close(second);
	free(file.bytes);
	free(other_file.bytes);
	free(delta_file.bytes);
	free(second_file.bytes);
}
END_TEST

/* The same base but for one bit, under a right checksum, is another one. */
START_TEST(test_changed_base)
{
	struct snapshot_file file = snapshot_file_small(), delta_file;
	struct snapshot *base = snapshot_file_open(&file), *delta;
	struct error e;

	delta_file = small_delta(base, SAME);
	delta = snapshot_file_open(&delta_file);
	snapshot_close(base);
	file.bytes[HEADER_SERIAL] ^= 1;
	snapshot_file_repair(&file);
	base = snapshot_file_open(&file);
	ck_assert_int_eq(snapshot_check_delta(base, delta, &e), ERR_REFUSED);
	snapshot_close(base);
	snapshot_close(delta);
	free(file.bytes);
	free(delta_file.bytes);
}
END_TEST

START_TEST(test_damage)
{
	struct snapshot_file file = snapshot_file_small(), delta_file;
	struct snapshot *base = snapshot_file_open(&file), *s;
	struct error e;

	delta_file = small_delta(base, SAME);
	for (size_t i = 0; i < 8 * delta_file.len; i++) {
		delta_file.bytes[i / 8] ^= (uint8_t)(1u << i % 8);
		if (snapshot_open_bytes(delta_file.bytes, delta_file.len, "x", &s, &e) == OK)
			ck_abort_msg("opened with bit %zu flipped", i);
		delta_file.bytes[i / 8] ^= (uint8_t)(1u << i % 8);
	}
	for (size_t len = 0; len < delta_file.len; len++)
		if (snapshot_open_bytes(delta_file.bytes, len, "x", &s, &e) == OK)
			ck_abort_msg("opened when cut at %zu", len);
	snapshot_close(base);
	free(file.bytes);
	free(delta_file.bytes);
}
END_TEST

/* --- making one --- */

START_TEST(test_builder_refuses)
{
	struct snapshot_file file = snapshot_file_small();
	struct snapshot *base = snapshot_file_open(&file);
	struct snapshot_builder *b;
	struct error e;
	size_t set;

	b = snapshot_file_builder(&set); /* one set, one zone */
	snapshot_builder_delta_of(b, base);
	ck_assert_int_eq(snapshot_builder_write(b, -1, 1, 1, &e), ERR_REFUSED);
	for (size_t i = 1; i < snapshot_zone_count(base); i++) {
		struct snapshot_zone_draft zone = {.name = {"ab", i}};

		ck_assert_int_eq(snapshot_builder_zone(b, &zone, &e), OK);
	}
	ck_assert_int_eq(snapshot_builder_write(b, -1, 1, 1, &e), ERR_REFUSED);
	snapshot_builder_free(b);
	b = snapshot_file_builder(&set);
	removing_class(b);
	ck_assert_int_eq(snapshot_builder_write(b, -1, 1, 1, &e), ERR_REFUSED);
	snapshot_builder_free(b);
	snapshot_close(base);
	free(file.bytes);
}
END_TEST

static Suite *
suite(void)
{
	Suite *s = suite_create("snapshot_delta");
	TCase *lookup = tcase_create("lookup");
	TCase *over = tcase_create("over");

	tcase_add_test(lookup, test_find);
	tcase_add_test(lookup, test_find_many);
	tcase_add_test(lookup, test_intersects);
	tcase_add_test(lookup, test_all_removed);
	tcase_add_test(lookup, test_backwards);
	suite_add_tcase(s, lookup);
	tcase_add_test(over, test_shape);
	tcase_add_test(over, test_wrong_base);
	tcase_add_test(over, test_changed_base);
	tcase_add_test(over, test_damage);
	tcase_add_test(over, test_builder_refuses);
	suite_add_tcase(s, over);
	return s;
}

int
main(void)
{
	return unit_run(suite());
}
