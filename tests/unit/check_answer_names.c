#include "unit.h"

#include <stdio.h>
#include <string.h>

#include "answer_fixture.h"
#include "list_fixture.h"

static const struct dns_reply *reply; /* the last one */

static const struct {
	const char *name;
	uint32_t address;
	uint32_t ttl;
} listed[] = {
	{"99.2.0.192." ORIGIN, 0x7f000002, 300},
	{"99.2.0.192.relays." ORIGIN, 0x7f000002, 300},
	{"99.2.0.192.all." ORIGIN, 0x7f000002, 300},
	{"0.100.51.198." ORIGIN, 0x7f000002, 300},
	{"255.100.51.198." ORIGIN, 0x7f000002, 300},
	{"1.2.31.10." ORIGIN, 0x7f000002, 300},
	{"7.113.0.203.suspects." ORIGIN, 0x7f000004, 300},
	{"7.113.0.203.all." ORIGIN, 0x7f000004, 300},
	{"20.113.0.203." ORIGIN, 0x7f000002, 100},
	{"9.0.0.127." ORIGIN, 0x7f000002, 300},
	{V6_LISTED "." ORIGIN, 0x7f000002, 300},
	{"3.6.2.0.0.0.0.c" MAPPED, 0x7f000002, 300}, /* ::ffff:192.0.2.99 */
	/* test points */
	{"2.0.0.127." ORIGIN, 0x7f000002, 300},
	{"3.0.0.127." ORIGIN, 0x7f000003, 300},
	{"2.0.0.127.relays." ORIGIN, 0x7f000002, 300},
	{"3.0.0.127.relays." ORIGIN, 0x7f000003, 300},
	{"2.0.0.127.suspects." ORIGIN, 0x7f000002, 300},
	{"4.0.0.127.suspects." ORIGIN, 0x7f000004, 300},
	{"5.0.0.127.outputs." ORIGIN, 0x7f000005, 300},
	{"6.0.0.127.untestable." ORIGIN, 0x7f000006, 300},
	{"7.0.0.127.bouncers." ORIGIN, 0x7f000007, 300},
	{"7.0.0.127.all." ORIGIN, 0x7f000007, 300},
	{"2.0.0.0.0.0.f.7" MAPPED, 0x7f000002, 300},
};

START_TEST(lists)
{
	reply = answer_ask(listed[_i].name, TYPE_A);
	answer_is_listed(listed[_i].address, listed[_i].ttl);
}
END_TEST

static const char *const unlisted[] = {
	"98.2.0.192." ORIGIN,
	"99.3.0.192." ORIGIN,
	"0.101.51.198." ORIGIN,
	"1.2.32.10." ORIGIN,
	"1.2.15.10." ORIGIN,
	"7.113.0.203." ORIGIN,
	"21.113.0.203." ORIGIN,
	"22.114.0.203." ORIGIN,
	"1.0.0.127." ORIGIN,
	"4.0.0.127." ORIGIN,
	"3.0.0.127.suspects." ORIGIN,
	"8.0.0.127.all." ORIGIN,
	"1.0.0.0.0.0.f.7" MAPPED,
	"2.6.2.0.0.0.0.c" MAPPED,
	"2.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.8.b.d.0.1.0.0.2." ORIGIN,
	"4." ORIGIN,
	"3.0.192." ORIGIN,
	"15.10." ORIGIN,
	"1.192." ORIGIN,
	"11." ORIGIN,
	"9.b.d.0.1.0.0.2." ORIGIN,
	"www." ORIGIN,
	"2.0.0.127.x." ORIGIN,
	"5.2.0.0.127." ORIGIN,
	"099.2.0.192." ORIGIN,
	"002.0.0.127." ORIGIN,
	"256.0.0.127." ORIGIN,
	"*." ORIGIN,
	"0." V6_LISTED "." ORIGIN,
	"f.7.suspects." ORIGIN,
	"e.f.f.f.0.0.0.0.0.0.0.0." ORIGIN,
};

START_TEST(denies)
{
	static const uint16_t all[] = {TYPE_A, TYPE_TXT, TYPE_NS, TYPE_SOA, TYPE_ANY, 28, 65535};

	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++) {
		reply = answer_ask(unlisted[_i], all[i]);
		ck_assert_msg(reply->rcode == RCODE_NXDOMAIN, "%s is not denied", unlisted[_i]);
		answer_is_negative(RCODE_NXDOMAIN,
			strstr(reply->name, "suspects") != NULL    ? "suspects." ORIGIN :
				strstr(reply->name, "all") != NULL ? "all." ORIGIN :
								     ORIGIN);
	}
}
END_TEST

/* Every name between a listed address and the origin exists (RFC 8020), for whole octets, for
 * parts of them, for nibbles; and the test points have theirs. */
static const char *const between[] = {
	"2.0.192." ORIGIN,
	"0.192." ORIGIN,
	"192." ORIGIN,
	"100.51.198." ORIGIN,
	"198." ORIGIN,
	"16.10." ORIGIN,
	"31.10." ORIGIN,
	"200.20.10." ORIGIN,
	"10." ORIGIN,
	"113.0.203." ORIGIN,
	"0.0.127." ORIGIN,
	"0.127." ORIGIN,
	"127." ORIGIN,
	"0.0.127.outputs." ORIGIN,
	"8.b.d.0.1.0.0.2." ORIGIN,
	"0.1.0.0.2." ORIGIN,
	"2." ORIGIN,
	"3.1.0.0.0.8.b.d.0.1.0.0.2." ORIGIN, /* 2001:db8:1::/50 ends within this nibble */
	"0.0.0.0." ORIGIN,
	"0." ORIGIN,
	"0.0.0.0.0.0." ORIGIN,
	"f.f.f.f.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0." ORIGIN,
	"c" MAPPED,
	"0.0.c" MAPPED,
	"6.2.0.0.0.0.c" MAPPED,
	"0.0.0.0.0.f.7" MAPPED,
	"7" MAPPED,
	"f.f.f.f.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.suspects." ORIGIN,
};

START_TEST(knows_empty_non_terminals)
{
	reply = answer_ask(between[_i], TYPE_A);
	ck_assert_msg(reply->rcode == RCODE_NOERROR, "%s", between[_i]);
	ck_assert_uint_eq(reply->answers, 0);
	ck_assert_uint_eq(reply->authorities, 1);
}
END_TEST

START_TEST(cuts_prefixes_inside_a_nibble)
{
	/* 2001:db8:1::/50 holds 2001:db8:1:0000 to 2001:db8:1:3fff. */
	reply = answer_ask("3.1.0.0.0.8.b.d.0.1.0.0.2." ORIGIN, TYPE_A);
	answer_is_negative(RCODE_NOERROR, ORIGIN);
	reply = answer_ask("4.1.0.0.0.8.b.d.0.1.0.0.2." ORIGIN, TYPE_A);
	answer_is_negative(RCODE_NXDOMAIN, ORIGIN);
}
END_TEST

static const uint16_t no_data_types[] = {0, 2, 5, 6, 12, 15, 28, 33, 41, 43, 46, 47, 48, 99, 249,
	250, 253, 254, 257, 32768, 65280, 65535};

START_TEST(has_a_and_txt_only)
{
	reply = answer_ask("99.2.0.192." ORIGIN, no_data_types[_i]);
	answer_is_negative(RCODE_NOERROR, ORIGIN);
	reply = answer_ask("2.0.192." ORIGIN, no_data_types[_i]);
	answer_is_negative(RCODE_NOERROR, ORIGIN);
}
END_TEST

/* A list of the whole world keeps 127.0.0.1 out and its TTL within RFC 2181. */
START_TEST(never_lists_127_0_0_1)
{
	reply = answer_ask("1.0.0.127.wild.test", TYPE_A);
	ck_assert_uint_eq(reply->rcode, RCODE_NXDOMAIN);
	reply = answer_ask("1.0.0.0.0.0.f.7.f.f.f.f.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.wild."
			   "test",
		TYPE_A);
	ck_assert_uint_eq(reply->rcode, RCODE_NXDOMAIN);
	reply = answer_ask("2.0.0.127.wild.test", TYPE_A);
	ck_assert_uint_eq(reply->rcode, RCODE_NOERROR);
}
END_TEST

/* a.deep.wild.test is served and so deep.wild.test exists in wild.test. */
START_TEST(knows_names_above_a_zone)
{
	reply = answer_ask("deep.wild.test", TYPE_A);
	ck_assert_uint_eq(reply->rcode, RCODE_NOERROR);
	reply = answer_ask("x.y.wild.test", TYPE_A);
	ck_assert_uint_eq(reply->rcode, RCODE_NXDOMAIN);
	reply = answer_ask("a.deep.wild.test", TYPE_SOA);
	ck_assert_uint_eq(reply->answers, 1);
	ck_assert_str_eq(reply->records[0].owner, "a.deep.wild.test");
}
END_TEST

/* What an attacker gains by asking over UDP with a forged source. */
START_TEST(amplifies_little)
{
	for (size_t i = 0; i < sizeof(unlisted) / sizeof(unlisted[0]); i++) {
		reply = answer_ask(unlisted[i], TYPE_A);
		ck_assert_uint_le(reply->len, 3 * (12 + strlen(unlisted[i]) + 2 + 4));
	}
}
END_TEST

#define LOOP(tcase, test, table)                                                                   \
	tcase_add_loop_test(tcase, test, 0, (int)(sizeof(table) / sizeof(table[0])))

static Suite *
suite(void)
{
	Suite *s = suite_create("answer_names");
	TCase *names = tcase_create("names");

	tcase_add_unchecked_fixture(names, answer_fixture_set_up, answer_fixture_tear_down);
	LOOP(names, lists, listed);
	LOOP(names, denies, unlisted);
	LOOP(names, knows_empty_non_terminals, between);
	tcase_add_test(names, cuts_prefixes_inside_a_nibble);
	LOOP(names, has_a_and_txt_only, no_data_types);
	tcase_add_test(names, never_lists_127_0_0_1);
	tcase_add_test(names, knows_names_above_a_zone);
	tcase_add_test(names, amplifies_little);
	suite_add_tcase(s, names);
	return s;
}

int
main(void)
{
	return unit_run(suite());
}
