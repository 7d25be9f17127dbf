/* Names with a key in them. */
#include "unit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "keys_fixture.h"

static struct keys_fixture f;

static void
set_up(void)
{
	keys_fixture_set_up(&f);
}

static void
tear_down(void)
{
	keys_fixture_tear_down(&f);
}

static const struct dns_reply *
ask(const char *name, uint16_t type)
{
	return keys_fixture_ask(&f, name, type);
}

static void
is_refused(const char *why)
{
	keys_fixture_is_refused(&f, why);
}

/* --- the same as without a key ------------------------------------------------ */

static const char *const origins[] = {"dnsbl.test", "relays.dnsbl.test", "suspects.dnsbl.test",
	"all.dnsbl.test", "data.test", "in.data.test", "v6.test", "delta.test", "acl.test",
	"addresses.test"};

static const char *const names[] = {"99.2.0.192", "98.2.0.192", "2.0.192", "192", "1.100.51.198",
	V6, "8.b.d.0.1.0.0.2", "2.0.0.127", "1.0.0.127", "3.0.0.127", "0.0.127", "127", "2." MAPPED,
	"1." MAPPED, MAPPED, "_status", "_codes", "test", "invalid", "nothing", "9.9.9.9.9",
	"a.example", "www.a.example", "example", "com", "example.com", "www", "x.wild.com",
	"wild.com", "both.com", "not.both.com", "x.both.com", "b.c.deep.com", "only.caa",
	"1.2.0.192", "4.2.0.192", "20.2.0.192", "30.2.0.192", "0.0.0.10", "1.2.3.10", "1.0.0.10",
	"0.10", "x", "*", "99.2.0.192.x", "relays"};

static const uint16_t types[] = {TYPE_A, TYPE_TXT, TYPE_ANY, TYPE_SOA, TYPE_NS, TYPE_DS, 28, 15};

static void
copy_reply(struct dns_reply *r, uint8_t *bytes)
{
	memcpy(bytes, f.out, f.reply.len);
	ck_assert(dns_reply_read(bytes, f.reply.len, r));
}

static void
compare(const char *name, const char *origin, uint16_t type)
{
	static struct dns_reply plain;
	static uint8_t bytes[ANSWER_MAX];
	char with[300], without[300];

	snprintf(without, sizeof(without), "%s.%s", name, origin);
	snprintf(with, sizeof(with), "%s.%s.%s", name, GOOD, origin);
	if (ask(without, type) == NULL) {
		ck_assert_ptr_null(ask(with, type));
		return;
	}
	copy_reply(&plain, bytes);
	ck_assert_ptr_nonnull(ask(with, type));
	ck_assert_msg(f.reply.rcode == plain.rcode && f.reply.aa == plain.aa &&
			f.reply.tc == plain.tc && f.reply.answers == plain.answers &&
			f.reply.authorities == plain.authorities,
		"%s %u: rcode %u, with a key %u; %zu, %zu answers", without, (unsigned)type,
		plain.rcode, f.reply.rcode, plain.answers, f.reply.answers);
	for (size_t i = 0; i < f.reply.answers + f.reply.authorities; i++) {
		const struct dns_record *r = &f.reply.records[i], *p = &plain.records[i];

		ck_assert(r->type == p->type && r->ttl == p->ttl);
		ck_assert_str_eq(r->owner, i < f.reply.answers ? with : p->owner);
		if (r->type != TYPE_SOA) { /* which has pointers */
			ck_assert_uint_eq(r->len, p->len);
			ck_assert_mem_eq(r->data, p->data, r->len);
		}
	}
	ck_assert_uint_ne(f.outcome.key, KEY_NONE);
}

START_TEST(answers_as_without_a_key)
{
	for (size_t i = 0; i < ORBL_COUNT(names); i++)
		for (size_t k = 0; k < ORBL_COUNT(types); k++) {
			/* A zone that lies below is not below a key. */
			if (strcmp(names[i], "relays") == 0 &&
				strcmp(origins[_i], "dnsbl.test") == 0)
				continue;
			compare(names[i], origins[_i], types[k]);
		}
}
END_TEST

START_TEST(answers_other_clients_as_without_a_key)
{
	static const char *const clients[] = {"10.0.0.2", "10.0.0.3", "10.0.0.4", "10.0.0.5",
		"10.0.1.2", "10.0.1.3", "10.0.2.4"};

	for (size_t c = 0; c < ORBL_COUNT(clients); c++) {
		ck_assert_int_eq(addr_parse(text_of(clients[c]), &f.context.client), OK);
		for (size_t i = 0; i < ORBL_COUNT(names); i++)
			if (strcmp(names[i], "relays") != 0)
				compare(names[i], origins[_i], TYPE_A);
	}
}
END_TEST

START_TEST(ignores_case)
{
	ask("99.2.0.192.AAaaaaAAAAaaaaaAAAAAaaaaaa.dNsBl.test", TYPE_A);
	ck_assert_uint_eq(f.reply.answers, 1);
	ck_assert_str_eq(f.reply.records[0].owner, f.reply.name);
}
END_TEST

/* RFC 9156: what a resolver asks on its way down. */
START_TEST(lets_minimising_resolvers_pass)
{
	static const uint16_t asked[] = {TYPE_A, TYPE_NS, TYPE_SOA, TYPE_TXT, TYPE_DS, TYPE_ANY,
		28};
	static const char *const here[] = {GOOD ".dnsbl.test", GOOD ".relays.dnsbl.test",
		ONE ".dnsbl.test", ONE ".relays.dnsbl.test", GOOD ".only.test", GOOD ".data.test"};

	for (size_t i = 0; i < ORBL_COUNT(here); i++)
		for (size_t k = 0; k < ORBL_COUNT(asked); k++) {
			ask(here[i], asked[k]);
			ck_assert_uint_eq(f.reply.rcode, RCODE_NOERROR);
			ck_assert(f.reply.aa);
			ck_assert_uint_eq(f.reply.answers, 0);
			ck_assert_uint_eq(f.reply.authorities, 1);
			ck_assert_uint_eq(f.reply.records[0].type, TYPE_SOA);
		}
	ask("192." GOOD ".dnsbl.test", TYPE_NS);
	ck_assert_uint_eq(f.reply.rcode, RCODE_NOERROR);
	ck_assert_uint_eq(f.reply.authorities, 1);
}
END_TEST

/* --- keys that are none -------------------------------------------------------- */

START_TEST(refuses_other_keys)
{
	ask("99.2.0.192." UNKNOWN ".dnsbl.test", TYPE_A);
	is_refused("unknown key; see https://x.example/");
	ck_assert(f.outcome.is_special && f.outcome.is_keyless);
	ck_assert_uint_eq(f.outcome.key, KEY_NONE);
	ask("99.2.0.192." REVOKED ".dnsbl.test", TYPE_TXT);
	is_refused("revoked key; see https://x.example/");
	ask(REVOKED ".dnsbl.test", TYPE_SOA);
	is_refused("revoked key; see https://x.example/");
	ask("2.0.0.127." ONE ".data.test", TYPE_A);
	is_refused("key of another zone; see https://x.example/");
	ask("2.0.0.127." ONE ".suspects.dnsbl.test", TYPE_A);
	ck_assert_uint_eq(f.reply.answers, 1);
	f.config.url = TEXT_NONE;
	ask("99.2.0.192." UNKNOWN ".dnsbl.test", TYPE_A);
	is_refused("unknown key");
}
END_TEST

START_TEST(takes_other_labels_as_names)
{
	static const char *const others[] = {"99.2.0.192.aaaaaaaaaaaaaaaaaaaaaaaaa.dnsbl.test",
		"99.2.0.192.aaaaaaaaaaaaaaaaaaaaaaaaaaa.dnsbl.test",
		"99.2.0.192.aaaaaaaaaaaaaaaaaaaaaaaaa1.dnsbl.test",
		"99.2.0.192." UNKNOWN ".x.dnsbl.test", UNKNOWN ".x.dnsbl.test",
		"relays." GOOD ".dnsbl.test", "99.2.0.192." GOOD "." GOOD ".dnsbl.test"};

	for (size_t i = 0; i < ORBL_COUNT(others); i++) {
		ask(others[i], TYPE_A);
		ck_assert_uint_eq(f.reply.rcode, RCODE_NXDOMAIN);
	}
	ask("99.2.0.192." GOOD ".other.test", TYPE_A);
	ck_assert_uint_eq(f.reply.rcode, RCODE_REFUSED);
	ck_assert_int_eq(f.reply.ede, EDE_NOT_AUTHORITATIVE);
}
END_TEST

START_TEST(fails_as_without_a_key)
{
	ask("2.0.0.127." GOOD ".later.test", TYPE_A);
	ck_assert_uint_eq(f.reply.rcode, RCODE_SERVFAIL);
	ck_assert_int_eq(f.reply.ede, EDE_NOT_READY);
	ask("2.0.0.127." GOOD ".dnsbl.test", TYPE_AXFR);
	ck_assert_uint_eq(f.reply.rcode, RCODE_REFUSED);
}
END_TEST

START_TEST(bounds_a_key)
{
	uint32_t slot;

	key_table_sum(f.keys, 1);
	ask("99.2.0.192." FEW ".dnsbl.test", TYPE_A);
	ck_assert_uint_eq(f.reply.answers, 1);
	slot = f.outcome.key;
	key_table_use(f.keys, 0, slot);
	key_table_use(f.keys, 0, slot);
	key_table_sum(f.keys, 1);
	ask("99.2.0.192." FEW ".dnsbl.test", TYPE_A);
	is_refused("over quota; see https://x.example/");
	ck_assert(f.outcome.is_over);
	ck_assert_uint_eq(f.outcome.key, slot);
	ask("99.2.0.192." GOOD ".dnsbl.test", TYPE_A);
	ck_assert_uint_eq(f.reply.answers, 1);
	f.context.is_exempt = true;
	ask("99.2.0.192." FEW ".dnsbl.test", TYPE_A);
	ck_assert_uint_eq(f.reply.answers, 1);
}
END_TEST

/* --- zones for keys only -------------------------------------------------------- */

START_TEST(needs_keys)
{
	static const char *const refused[] = {"99.2.0.192.only.test", "2.0.0.127.only.test",
		"1.0.0.127.only.test", "_status.only.test", "x.only.test", "192.only.test",
		"99.2.0.192.relays.only.test", "99.2.0.192.a.deep.only.test"};

	for (size_t i = 0; i < ORBL_COUNT(refused); i++) {
		ask(refused[i], TYPE_A);
		is_refused("key needed; see https://x.example/");
		ck_assert(f.outcome.is_keyless);
	}
	ask("99.2.0.192." GOOD ".only.test", TYPE_A);
	ck_assert_uint_eq(f.reply.answers, 1);
	ck_assert(!f.outcome.is_keyless && !f.outcome.is_over);
	ask("_status.dnsbl.test", TYPE_TXT);
	ck_assert(!f.outcome.is_keyless && !f.outcome.is_special);
	ask("99.2.0.192." GOOD ".relays.only.test", TYPE_A);
	ck_assert_uint_eq(f.reply.answers, 1);
	ask("1.0.0.127." GOOD ".only.test", TYPE_A);
	ck_assert_uint_eq(f.reply.rcode, RCODE_NXDOMAIN);
}
END_TEST

START_TEST(shows_the_way_without_a_key)
{
	static const struct {
		const char *name;
		uint16_t type;
		size_t answers;
	} shown[] = {
		{"only.test", TYPE_SOA, 1},
		{"only.test", TYPE_NS, 2},
		{"only.test", TYPE_A, 0},
		{"relays.only.test", TYPE_A, 0},
		{"relays.only.test", TYPE_NS, 2},
		{"deep.only.test", TYPE_A, 0},
		{"a.deep.only.test", TYPE_SOA, 1},
	};

	for (size_t over = 0; over < 2; over++) {
		f.context.is_over = over != 0;
		ask(shown[_i].name, shown[_i].type);
		ck_assert_uint_eq(f.reply.rcode, RCODE_NOERROR);
		ck_assert_uint_eq(f.reply.answers, shown[_i].answers);
	}
}
END_TEST

START_TEST(needs_no_key_of_exempt_clients)
{
	f.context.is_exempt = true;
	ask("99.2.0.192.only.test", TYPE_A);
	ck_assert_uint_eq(f.reply.answers, 1);
	ask("99.2.0.192." UNKNOWN ".only.test", TYPE_A);
	is_refused("unknown key; see https://x.example/");
}
END_TEST
static Suite *
suite(void)
{
	Suite *s = suite_create("answer_keys");
	TCase *same = tcase_create("same"), *key = tcase_create("keys");

	tcase_add_checked_fixture(same, set_up, tear_down);
	tcase_add_loop_test(same, answers_as_without_a_key, 0, ORBL_COUNT(origins));
	tcase_add_loop_test(same, answers_other_clients_as_without_a_key, 0, ORBL_COUNT(origins));
	tcase_add_test(same, ignores_case);
	tcase_add_test(same, lets_minimising_resolvers_pass);
	suite_add_tcase(s, same);
	tcase_add_checked_fixture(key, set_up, tear_down);
	tcase_add_test(key, refuses_other_keys);
	tcase_add_test(key, takes_other_labels_as_names);
	tcase_add_test(key, fails_as_without_a_key);
	tcase_add_test(key, bounds_a_key);
	tcase_add_test(key, needs_keys);
	tcase_add_loop_test(key, shows_the_way_without_a_key, 0, 7);
	tcase_add_test(key, needs_no_key_of_exempt_clients);
	suite_add_tcase(s, key);
	return s;
}

int
main(void)
{
	return unit_run(suite());
}
