#include "store_fixture.h"

#include <stdio.h>
#include <string.h>

/* --- listings ------------------------------------------------------------ */

struct listings {
	size_t count;
	struct {
		char prefix[PREFIX_TEXT], reason[64];
		enum category category;
		int64_t since_s, expires_s;
		uint64_t probe;
	} rows[8];
};

static enum err
on_listing(const struct store_listing *l, void *context)
{
	struct listings *all = context;
	size_t i = all->count++;

	ck_assert_uint_lt(i, ORBL_COUNT(all->rows));
	prefix_format(&l->prefix, all->rows[i].prefix);
	snprintf(all->rows[i].reason, sizeof(all->rows[i].reason), "%s", l->reason);
	all->rows[i].category = l->category;
	all->rows[i].since_s = l->since_s;
	all->rows[i].expires_s = l->expires_s;
	all->rows[i].probe = l->probe;
	return OK;
}

static struct listings
listings_of(struct store *s, const char *p)
{
	struct listings all = {.count = 0};
	struct prefix one = fixture_prefix(p != NULL ? p : "0.0.0.0/0");

	ck_ok(store_listings(s, p != NULL ? &one : NULL, on_listing, &all, trouble()));
	return all;
}

static void
put(struct store *s, const char *p, enum category c, uint64_t probe, int64_t now_s)
{
	struct store_listing l = {.prefix = fixture_prefix(p),
		.category = c,
		.since_s = now_s,
		.expires_s = now_s + 100,
		.probe = probe,
		.reason = "it's \"open\""};

	ck_ok(store_listing_put(s, &l, trouble()));
}

START_TEST(a_listing_is_put_and_renewed)
{
	struct store *s = open_store();
	struct listings all;

	put(s, "192.0.2.1", CATEGORY_RELAY, 1, NOW);
	put(s, "192.0.2.1", CATEGORY_BOUNCER, 1, NOW);
	put(s, "2001:db8:0:1::/64", CATEGORY_RELAY, 2, NOW);
	put(s, "192.0.2.1", CATEGORY_RELAY, 3, NOW + 50);
	s = reopen_store(s);
	all = listings_of(s, NULL);
	ck_assert_uint_eq(all.count, 3);
	ck_assert_str_eq(all.rows[0].prefix, "192.0.2.1");
	ck_assert_int_eq(all.rows[0].category, CATEGORY_RELAY);
	ck_assert_int_eq(all.rows[0].since_s, NOW);
	ck_assert_int_eq(all.rows[0].expires_s, NOW + 150);
	ck_assert_uint_eq(all.rows[0].probe, 3);
	ck_assert_str_eq(all.rows[0].reason, "it's \"open\"");
	ck_assert_str_eq(all.rows[1].prefix, "192.0.2.1"); /* a prefix's listings are together */
	ck_assert_str_eq(all.rows[2].prefix, "2001:db8:0:1::/64");
	ck_assert_uint_eq(listings_of(s, "192.0.2.1").count, 2);
	ck_assert_uint_eq(listings_of(s, "192.0.2.2").count, 0);
	store_close(s);
}
END_TEST

/* In the /64 of a listed host a closed one proves nothing about it. */
START_TEST(a_listing_ends_with_what_it_rests_on)
{
	struct store *s = open_store();
	struct addr open6 = fixture_address("2001:db8::1"),
		    closed6 = fixture_address("2001:db8::2"), input = fixture_address("192.0.2.1"),
		    output = fixture_address("192.0.2.9");
	uint64_t of_open = queue_probe(s, "2001:db8::1", CAUSE_NOMINATION),
		 of_input = queue_probe(s, "192.0.2.1", CAUSE_NOMINATION);
	size_t removed;

	queue_probe(s, "2001:db8::2", CAUSE_DELISTING);
	put(s, "2001:db8::/64", CATEGORY_RELAY, of_open, NOW);
	put(s, "192.0.2.1", CATEGORY_RELAY_INPUT, of_input, NOW);
	put(s, "192.0.2.1", CATEGORY_UNTESTABLE, of_input, NOW);
	put(s, "192.0.2.9", CATEGORY_RELAY_OUTPUT, of_input, NOW);
	ck_ok(store_listing_remove(s, &closed6, CATEGORY_ALL_MASK, &removed, trouble()));
	ck_assert_uint_eq(removed, 0);
	ck_ok(store_listing_remove(s, &output, CATEGORY_ALL_MASK, &removed, trouble()));
	ck_assert_uint_eq(removed, 0);
	ck_ok(store_listing_remove(s, &open6, 1U << CATEGORY_RELAY, &removed, trouble()));
	ck_assert_uint_eq(removed, 1);
	ck_ok(store_listing_remove(s, &input,
		1U << CATEGORY_RELAY_INPUT | 1U << CATEGORY_RELAY_OUTPUT, &removed, trouble()));
	ck_assert_uint_eq(removed, 2);
	ck_assert_uint_eq(listings_of(s, NULL).count, 1);
	ck_assert_int_eq(listings_of(s, NULL).rows[0].category, CATEGORY_UNTESTABLE);
	ck_ok(store_listing_remove(s, &input, 0, NULL, trouble()));
	ck_assert_uint_eq(listings_of(s, NULL).count, 1);
	store_close(s);
}
END_TEST

/* Two hosts of one /64, two inputs with one output: one that closes does not free the other. */
START_TEST(a_listing_lasts_while_one_of_its_hosts_is_open)
{
	struct store *s = open_store();
	struct addr first = fixture_address("2001:db8::1"), second = fixture_address("2001:db8::2");
	uint64_t of_first = queue_probe(s, "2001:db8::1", CAUSE_NOMINATION),
		 of_second = queue_probe(s, "2001:db8::2", CAUSE_NOMINATION);
	struct listings left;
	size_t removed;

	put(s, "2001:db8::/64", CATEGORY_RELAY, of_first, NOW);
	put(s, "192.0.2.9", CATEGORY_RELAY_OUTPUT, of_first, NOW);
	put(s, "2001:db8::/64", CATEGORY_RELAY, of_second, NOW + 5);
	put(s, "192.0.2.9", CATEGORY_RELAY_OUTPUT, of_second, NOW + 5);
	ck_ok(store_listing_remove(s, &second, CATEGORY_ALL_MASK, &removed, trouble()));
	ck_assert_uint_eq(removed, 0);
	left = listings_of(s, NULL);
	ck_assert_uint_eq(left.count, 2);
	for (size_t i = 0; i < left.count; i++) {
		ck_assert_uint_eq(left.rows[i].probe, of_first);
		ck_assert_int_eq(left.rows[i].expires_s, NOW + 100);
	}
	ck_ok(store_listing_remove(s, &first, CATEGORY_ALL_MASK, &removed, trouble()));
	ck_assert_uint_eq(removed, 2);
	store_close(s);
}
END_TEST

START_TEST(a_listing_expires)
{
	struct store *s = open_store();
	size_t removed;

	put(s, "192.0.2.1", CATEGORY_RELAY, 1, NOW);
	put(s, "192.0.2.2", CATEGORY_RELAY, 2, NOW + 1);
	ck_ok(store_listing_expire(s, NOW + 99, &removed, trouble()));
	ck_assert_uint_eq(removed, 0);
	ck_ok(store_listing_expire(s, NOW + 100, &removed, trouble()));
	ck_assert_uint_eq(removed, 1);
	ck_assert_str_eq(listings_of(s, NULL).rows[0].prefix, "192.0.2.2");
	store_close(s);
}
END_TEST

/* A row that no version of ours wrote is passed over, not served. */
START_TEST(a_strange_row_is_passed_over)
{
	struct store *s = open_store();
	struct addr host;
	size_t count;

	put(s, "192.0.2.1", CATEGORY_RELAY, 1, NOW);
	store_meddle("INSERT INTO listing (prefix, category, since_s, expires_s, probe, reason)"
		     " VALUES ('0.0.0.0/33', 0, 0, 1, 1, '');"
		     "INSERT INTO listing (prefix, category, since_s, expires_s, probe, reason)"
		     " VALUES ('192.0.2.3', 77, 0, 1, 1, '');"
		     "INSERT INTO listing (prefix, category, since_s, expires_s, probe, reason)"
		     " VALUES ('192.0.2.4', -1, 0, 1, 1, '');"
		     "INSERT INTO pending VALUES ('nonsense');"
		     "INSERT INTO probe (host, cause, queued_s) VALUES ('nonsense', 0, 1)");
	ck_assert_uint_eq(listings_of(s, NULL).count, 1);
	ck_ok(store_hosts_pending(s, &host, 1, &count, trouble()));
	ck_assert_uint_eq(count, 0);
	ck_assert_uint_eq(waiting_probes(s).count, 0);
	store_close(s);
}
END_TEST

/* --- numbers and secrets ------------------------------------------------- */

START_TEST(serials_go_up_and_around)
{
	struct store *s = open_store();
	uint32_t serial;

	ck_ok(store_next_serial(s, &serial, trouble()));
	ck_assert_uint_eq(serial, 1);
	s = reopen_store(s);
	ck_ok(store_next_serial(s, &serial, trouble()));
	ck_assert_uint_eq(serial, 2);
	store_meddle("UPDATE number SET value = 4294967295 WHERE name = 'serial'");
	ck_ok(store_next_serial(s, &serial, trouble()));
	ck_assert_uint_eq(serial, 1); /* never 0 */
	store_close(s);
}
END_TEST

static void
make_secret(void *bytes, size_t len)
{
	memset(bytes, 0x5a, len);
}

static void
must_not_be_called(void *bytes, size_t len)
{
	(void)bytes;
	ck_abort_msg("a secret of %zu bytes was made twice", len);
}

START_TEST(a_secret_is_made_once)
{
	struct store *s = open_store();
	uint8_t bytes[32] = {0}, again[32] = {0};

	ck_ok(store_secret(s, "token", bytes, sizeof(bytes), make_secret, trouble()));
	ck_assert_uint_eq(bytes[31], 0x5a);
	s = reopen_store(s);
	ck_ok(store_secret(s, "token", again, sizeof(again), must_not_be_called, trouble()));
	ck_assert_mem_eq(bytes, again, sizeof(bytes));
	ck_assert_int_eq(store_secret(s, "token", again, 16, must_not_be_called, trouble()),
		ERR_CORRUPT);
	ck_ok(store_secret(s, "other", again, 16, make_secret, trouble()));
	store_close(s);
}
END_TEST

/* --- changes since the whole list was published ----------------------------- */

static enum err
on_changed(const struct prefix *prefix, void *context)
{
	char *out = context, text[PREFIX_TEXT];
	size_t len = strlen(out);

	snprintf(out + len, 256 - len, "%s ", prefix_format(prefix, text));
	return OK;
}

static const char *
changed(struct store *s, char out[256])
{
	out[0] = '\0';
	ck_ok(store_changed(s, on_changed, out, trouble()));
	return out;
}

static void
put_listing(struct store *s, const char *prefix, int64_t expires_s)
{
	struct store_listing l = {.prefix = fixture_prefix(prefix),
		.category = CATEGORY_RELAY,
		.since_s = NOW,
		.expires_s = expires_s,
		.probe = 1,
		.reason = "it came back"};

	ck_ok(store_listing_put(s, &l, trouble()));
}

START_TEST(changes_are_remembered_until_published)
{
	struct store *s = open_store();
	uint64_t checksum;
	size_t count, removed;
	char got[256];

	ck_assert_str_eq(changed(s, got), "");
	ck_ok(store_published_checksum(s, &checksum, trouble()));
	ck_assert_uint_eq(checksum, 0);
	put_listing(s, "192.0.2.1", NOW + 2);
	put_listing(s, "192.0.2.2", NOW + 1);
	put_listing(s, "192.0.2.1", NOW + 3);
	s = reopen_store(s);
	ck_assert_str_eq(changed(s, got), "192.0.2.1 192.0.2.2 ");
	ck_ok(store_changed_count(s, &count, trouble()));
	ck_assert_uint_eq(count, 2);
	ck_ok(store_published_whole(s, UINT64_MAX - 1, trouble()));
	ck_assert_str_eq(changed(s, got), "");
	s = reopen_store(s);
	ck_ok(store_published_checksum(s, &checksum, trouble()));
	ck_assert_uint_eq(checksum, UINT64_MAX - 1);
	ck_ok(store_listing_expire(s, NOW + 1, &removed, trouble()));
	ck_assert_uint_eq(removed, 1);
	ck_assert_str_eq(changed(s, got), "192.0.2.2 ");
	put_listing(s, "192.0.2.1", NOW + 9);
	ck_assert_str_eq(changed(s, got), "192.0.2.1 192.0.2.2 ");
	store_close(s);
}
END_TEST

START_TEST(a_store_of_the_first_version_is_taken_over)
{
	struct store *s = open_store();
	struct probes_seen probes;
	char got[256];

	queue_probe(s, "192.0.2.9", CAUSE_NOMINATION);
	put_listing(s, "192.0.2.1", NOW + 2);
	store_close(s);
	store_meddle("DROP TRIGGER listing_inserted; DROP TRIGGER listing_updated;"
		     "DROP TRIGGER listing_deleted; DROP TABLE changed; DROP TABLE "
		     "position;" STORE_SEEN_2 STORE_PROBE_3 "PRAGMA user_version = 1");
	s = open_store();
	ck_assert_str_eq(changed(s, got), "");
	probes = waiting_probes(s);
	ck_assert_uint_eq(probes.count, 1);
	put_listing(s, "192.0.2.1", NOW + 3);
	ck_assert_str_eq(changed(s, got), "192.0.2.1 ");
	store_close(s);
}
END_TEST

/* --- within a prefix ------------------------------------------------------- */

static const char *const places[] = {"0.0.0.0/0", "11.0.0.0/8", "11.1.0.0/16", "11.1.2.0/24",
	"11.1.2.0/25", "11.1.2.128/25", "11.1.2.3", "11.1.2.30", "11.1.20.0/24", "11.10.2.0/24",
	"11.1.2.4/30", "111.1.2.0/24", "1.11.2.3", "::/0", "2001:db8::/32", "2001:db8:1::/48",
	"2001:db8:0:1::/64", "2001:db8:10::/48", "2001:db8::1", "2001::1", "2001::/32",
	"2001:0:1::/48", "2001:db80::/32", "2001:db8:1:2:3:4:5:6", "2001:db8:1:2:3:4:5:0/112",
	"::ffff:11.1.2.3", "::1", "ff::", "2000::/3"};

struct compared {
	struct prefix of;
	bool within;
	char text[2000];
};

static enum err
on_compared(const struct store_listing *l, void *context)
{
	struct compared *c = context;
	size_t len = strlen(c->text);
	char prefix[PREFIX_TEXT];
	const struct prefix *outer = c->within ? &c->of : &l->prefix;
	const struct prefix *inner = c->within ? &l->prefix : &c->of;

	if (outer->len <= inner->len && prefix_has_addr(outer, &inner->addr) &&
		(c->within || outer->len != inner->len))
		snprintf(c->text + len, sizeof(c->text) - len, "%s %d\n",
			prefix_format(&l->prefix, prefix), (int)l->category);
	return OK;
}

static enum err
on_told(const struct store_listing *l, void *context)
{
	struct compared *c = context;
	size_t len = strlen(c->text);
	char prefix[PREFIX_TEXT];

	snprintf(c->text + len, sizeof(c->text) - len, "%s %d\n", prefix_format(&l->prefix, prefix),
		(int)l->category);
	return OK;
}

/* The same as a walk over all of them finds. */
START_TEST(those_within_a_prefix_are_all_and_no_others)
{
	struct compared all = {.within = true}, told = {.within = true};
	struct store *s = open_store();

	for (size_t i = 0; i < ORBL_COUNT(places); i++)
		put(s, places[i], i % 2 != 0 ? CATEGORY_BOUNCER : CATEGORY_SUSPECT, 0, 100);
	put(s, "11.1.2.3", CATEGORY_SUSPECT, 0, 100);
	for (size_t i = 0; i < ORBL_COUNT(places); i++) {
		all.of = fixture_prefix(places[i]);
		all.text[0] = told.text[0] = '\0';
		ck_ok(store_listings(s, NULL, on_compared, &all, trouble()));
		ck_ok(store_listings_within(s, &all.of, on_told, &told, trouble()));
		ck_assert_str_ne(all.text, "");
		ck_assert_str_eq(told.text, all.text);
	}
	store_close(s);
}
END_TEST

START_TEST(those_over_a_prefix_are_told_from_the_narrowest)
{
	struct compared told = {.within = false};
	struct prefix p = fixture_prefix("11.1.2.3");
	struct store *s = open_store();

	for (size_t i = 0; i < ORBL_COUNT(places); i++)
		put(s, places[i], CATEGORY_SUSPECT, 0, 100);
	ck_ok(store_listings_over(s, &p, on_told, &told, trouble()));
	ck_assert_str_eq(told.text,
		"11.1.2.0/25 2\n11.1.2.0/24 2\n11.1.0.0/16 2\n11.0.0.0/8 2\n0.0.0.0/0 2\n");
	told.text[0] = '\0';
	p = fixture_prefix("2001:db8:0:1::5");
	ck_ok(store_listings_over(s, &p, on_told, &told, trouble()));
	ck_assert_str_eq(told.text, "2001:db8:0:1::/64 2\n2001:db8::/32 2\n2000::/3 2\n::/0 2\n");
	store_close(s);
}
END_TEST

static Suite *
suite(void)
{
	const TTest *const listings[] = {a_listing_is_put_and_renewed,
		a_listing_ends_with_what_it_rests_on,
		a_listing_lasts_while_one_of_its_hosts_is_open, a_listing_expires,
		a_strange_row_is_passed_over, serials_go_up_and_around, a_secret_is_made_once,
		those_within_a_prefix_are_all_and_no_others,
		those_over_a_prefix_are_told_from_the_narrowest};
	const TTest *const changes[] = {changes_are_remembered_until_published,
		a_store_of_the_first_version_is_taken_over};
	Suite *s = suite_create("store_listing");

	suite_add_tcase(s, store_tests("listings", listings, ORBL_COUNT(listings)));
	suite_add_tcase(s, store_tests("changes", changes, ORBL_COUNT(changes)));
	return s;
}

int
main(void)
{
	return unit_run(suite());
}
