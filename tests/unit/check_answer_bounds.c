/* Clients that have used up what they may. */
#include "unit.h"

#include <string.h>

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

/* --- over quota, and above the rate --------------------------------------------- */

START_TEST(refuses_who_is_over)
{
	f.context.is_over = true;
	ask("99.2.0.192.dnsbl.test", TYPE_A);
	is_refused("over quota; see https://x.example/");
	ck_assert(f.outcome.is_special && f.outcome.is_over);
	ck_assert_ptr_nonnull(f.outcome.zone);
	ask("98.2.0.192.dnsbl.test", TYPE_A);
	is_refused("over quota; see https://x.example/");
	ask("99.2.0.192." GOOD ".dnsbl.test", TYPE_A);
	ck_assert_uint_eq(f.reply.answers, 1);
	f.context.transport = ANSWER_TCP;
	ask("99.2.0.192.dnsbl.test", TYPE_A);
	is_refused("over quota; see https://x.example/");
}
END_TEST

/* --- ... told by an error code -------------------------------------------------- */

static void
is_error_code(const char *name, const char *octets, const char *text)
{
	char joined[256];

	for (int any = 0; any < 2; any++) {
		ask(name, any != 0 ? TYPE_ANY : TYPE_A);
		ck_assert(f.reply.rcode == RCODE_NOERROR && f.reply.aa && !f.reply.tc);
		ck_assert_uint_eq(f.reply.answers, 1);
		ck_assert_uint_eq(f.reply.authorities, 0);
		ck_assert_uint_eq(f.reply.records[0].type, TYPE_A);
		ck_assert_uint_eq(f.reply.records[0].ttl, ANSWER_ERROR_TTL_S);
		ck_assert_mem_eq(f.reply.records[0].data, octets, 4);
		ck_assert_int_eq(f.reply.ede, -1);
	}
	ask(name, TYPE_TXT);
	ck_assert_uint_eq(f.reply.answers, 1);
	ck_assert_uint_ne(dns_txt_join(&f.reply.records[0], joined, sizeof(joined)), SIZE_MAX);
	ck_assert_str_eq(joined, text);
	ck_assert(f.outcome.is_special);
}

#define OVER_CODE  "\x7f\xff\xff\xff"
#define LEAVE_CODE "\x7f\xff\xff\xfe"

START_TEST(tells_by_a_code_who_is_over)
{
	f.config.error_codes = true;
	f.context.is_over = true;
	is_error_code("99.2.0.192.dnsbl.test", OVER_CODE,
		"Error: over quota; see https://x.example/");
	is_error_code("98.2.0.192.dnsbl.test", OVER_CODE,
		"Error: over quota; see https://x.example/");
	is_error_code(V6 ".dnsbl.test", OVER_CODE, "Error: over quota; see https://x.example/");
	is_error_code("2.0.0.127.dnsbl.test", OVER_CODE,
		"Error: over quota; see https://x.example/");
	ck_assert(f.outcome.is_over && !f.outcome.is_keyless);
	f.config.url = TEXT_NONE;
	is_error_code("99.2.0.192.dnsbl.test", OVER_CODE, "Error: over quota");
	ask("99.2.0.192." GOOD ".dnsbl.test", TYPE_A); /* who is not over */
	ck_assert_uint_eq(f.reply.answers, 1);
	ck_assert_mem_eq(f.reply.records[0].data, "\x7f\0\0\2", 4);
}
END_TEST

START_TEST(tells_by_a_code_whose_key_is_wrong)
{
	f.config.error_codes = true;
	f.config.url = TEXT_NONE;
	is_error_code("99.2.0.192." UNKNOWN ".dnsbl.test", LEAVE_CODE, "Error: unknown key");
	ck_assert(f.outcome.is_keyless && !f.outcome.is_over);
	is_error_code("99.2.0.192." REVOKED ".dnsbl.test", LEAVE_CODE, "Error: revoked key");
	is_error_code("99.2.0.192." ONE ".only.test", LEAVE_CODE, "Error: key of another zone");
	is_error_code("99.2.0.192.only.test", LEAVE_CODE, "Error: key needed");
}
END_TEST

/* What lists nothing, 127.0.0.1 first of all, would say that the world is listed. */
START_TEST(tells_by_a_code_only_what_could_be_listed)
{
	static const char *const bare[] = {"1.0.0.127.only.test", MAPPED ".only.test",
		"1." MAPPED ".only.test", "2.0.192.only.test", "x.only.test", "_status.only.test",
		"1.0.0.127." UNKNOWN ".dnsbl.test"};

	f.config.error_codes = true;
	f.config.url = TEXT_NONE;
	for (size_t i = 0; i < ORBL_COUNT(bare); i++) {
		ask(bare[i], TYPE_A);
		ck_assert_msg(f.reply.rcode == RCODE_REFUSED, "%s", bare[i]);
		ck_assert_uint_eq(f.reply.answers, 0);
	}
	ask("99.2.0.192.only.test", TYPE_NS);
	is_refused("key needed");
	ask("99.2.0.192.only.test", TYPE_AXFR);
	is_refused("key needed");
	ask("only.test", TYPE_SOA);
	ck_assert_uint_eq(f.reply.answers, 1);
}
END_TEST

static void
is_sent_to_tcp(void)
{
	ck_assert_uint_eq(f.reply.rcode, RCODE_NOERROR);
	ck_assert_uint_ne(f.reply.flags & REPLY_FLAG_TC, 0);
	ck_assert_uint_eq(f.reply.answers, 0);
}

/* Over quota by what others may have forged: over TCP it is known who asks. */
START_TEST(sends_whom_it_doubts_to_tcp)
{
	f.context.is_doubted = true;
	ask("99.2.0.192.dnsbl.test", TYPE_A);
	is_sent_to_tcp();
	ck_assert(!f.outcome.is_over && !f.outcome.is_keyless);
	ck_assert_ptr_nonnull(f.outcome.zone);
	ask("98.2.0.192.dnsbl.test", TYPE_TXT);
	is_sent_to_tcp();
	ask("dnsbl.test", TYPE_SOA);
	ck_assert_uint_eq(f.reply.answers, 1);
	ask("99.2.0.192." GOOD ".dnsbl.test", TYPE_A);
	ck_assert_uint_eq(f.reply.answers, 1);
	f.context.is_over = true;
	ask("99.2.0.192.dnsbl.test", TYPE_A);
	is_refused("over quota; see https://x.example/");
	f.context.is_over = false;
	f.context.is_exempt = true;
	ask("99.2.0.192.dnsbl.test", TYPE_A);
	ck_assert_uint_eq(f.reply.answers, 1);
	f.context.is_exempt = false;
	f.context.transport = ANSWER_TCP;
	ask("99.2.0.192.dnsbl.test", TYPE_A);
	ck_assert_uint_eq(f.reply.answers, 1);
}
END_TEST

/* The text goes first where there is no room, then the code. */
START_TEST(keeps_the_bounds)
{
	struct dns_query q = {.name = "99.2.0.192.dnsbl.test",
		.type = TYPE_A,
		.edns = true,
		.udp_size = 512};
	static char url[151];

	memset(url, 'u', sizeof(url) - 1);
	f.context.is_over = true;
	f.config.url = text_of(url);
	keys_fixture_ask_query(&f, &q);
	ck_assert_uint_eq(f.reply.ede_text_len, 10 + 6 + 150);
	f.config.amplification = 3;
	keys_fixture_ask_query(&f, &q);
	is_refused("over quota");
	ck_assert_uint_le(f.reply.len, 3 * 50);
	f.config.amplification = 1;
	keys_fixture_ask_query(&f, &q);
	ck_assert_int_eq(f.reply.ede, -1);
	ck_assert_uint_eq(f.reply.rcode, RCODE_REFUSED);
	q.edns = false;
	keys_fixture_ask_query(&f, &q);
	ck_assert_uint_eq(f.reply.rcode, RCODE_REFUSED);
}
END_TEST

static const struct dns_reply *
ask_with_cookie(const char *name, const uint8_t *cookie, size_t len)
{
	uint8_t option[28] = {0, 10, 0, (uint8_t)len};
	struct dns_query q = {.name = name,
		.type = TYPE_A,
		.edns = true,
		.udp_size = 1232,
		.options = option,
		.options_len = (uint16_t)(4 + len)};

	memcpy(option + 4, cookie, len);
	return keys_fixture_ask_query(&f, &q);
}

START_TEST(truncates_above_the_rate)
{
	uint8_t cookie[24] = "client..";

	f.config.cookies.count = 1;
	f.context.is_limited = true;
	ask("99.2.0.192.dnsbl.test", TYPE_A);
	ck_assert(f.reply.tc);
	ck_assert_uint_eq(f.reply.rcode, RCODE_NOERROR);
	ck_assert_uint_eq(f.reply.answers + f.reply.authorities, 0);
	ck_assert(f.outcome.is_special && f.outcome.is_limited && !f.outcome.is_dropped);
	ask("1.other.test", TYPE_A);
	ck_assert(f.reply.tc);
	ask_with_cookie("99.2.0.192.dnsbl.test", cookie, 8);
	ck_assert(f.reply.tc);
	ck_assert_uint_eq(f.reply.cookie_len, 24);
	memcpy(cookie, f.reply.cookie, 24);
	ask_with_cookie("99.2.0.192.dnsbl.test", cookie, 24);
	ck_assert(!f.reply.tc);
	ck_assert_uint_eq(f.reply.answers, 1);
	ck_assert(f.outcome.is_special && f.outcome.is_proven && !f.outcome.is_limited);
	f.context.is_dropped = true;
	ask_with_cookie("99.2.0.192.dnsbl.test", cookie, 24);
	ck_assert_uint_eq(f.reply.answers, 1);
	cookie[23] ^= 1;
	ck_assert_ptr_null(ask_with_cookie("99.2.0.192.dnsbl.test", cookie, 24));
	ck_assert(f.outcome.is_special && f.outcome.is_dropped);
	ck_assert_ptr_null(ask("99.2.0.192.dnsbl.test", TYPE_A));
	f.context.transport = ANSWER_TCP;
	ask("99.2.0.192.dnsbl.test", TYPE_A);
	ck_assert_uint_eq(f.reply.answers, 1);
}
END_TEST

/* RFC 8906: even a reply that says what was wrong can be sent to somebody else. */
START_TEST(is_silent_about_nonsense_above_the_rate)
{
	struct dns_query q = {.name = "99.2.0.192.dnsbl.test", .type = TYPE_A, .flags = 0x2800};

	keys_fixture_ask_query(&f, &q);
	ck_assert_uint_eq(f.reply.rcode, RCODE_NOTIMP);
	f.context.is_limited = true;
	ck_assert_ptr_null(keys_fixture_ask_query(&f, &q));
	ck_assert(f.outcome.is_dropped);
}
END_TEST

/* An access list that says "pass" lifts all bounds; none of them says it of others. */
START_TEST(lets_pass_whom_a_list_lets_pass)
{
	ck_assert_int_eq(addr_parse(TEXT("10.0.0.6"), &f.context.client), OK);
	f.context.is_limited = f.context.is_dropped = f.context.is_over = true;
	ck_assert_ptr_nonnull(ask("99.2.0.192.acl.test", TYPE_A));
	ck_assert(f.outcome.passes);
	ck_assert(!f.reply.tc);
	ck_assert_uint_ne(f.reply.rcode, RCODE_REFUSED);
	ck_assert_ptr_null(ask("99.2.0.192.dnsbl.test", TYPE_A));
	f.context.is_limited = f.context.is_dropped = f.context.is_over = false;
	ask("99.2.0.192.addresses.test", TYPE_A);
	ck_assert(f.outcome.is_special && f.outcome.passes);
	ask("99.2.0.192.dnsbl.test", TYPE_A);
	ck_assert(!f.outcome.is_special);
}
END_TEST
static Suite *
suite(void)
{
	Suite *s = suite_create("answer_bounds");
	TCase *bound = tcase_create("bounds");

	tcase_add_checked_fixture(bound, set_up, tear_down);
	tcase_add_test(bound, refuses_who_is_over);
	tcase_add_test(bound, tells_by_a_code_who_is_over);
	tcase_add_test(bound, tells_by_a_code_whose_key_is_wrong);
	tcase_add_test(bound, tells_by_a_code_only_what_could_be_listed);
	tcase_add_test(bound, sends_whom_it_doubts_to_tcp);
	tcase_add_test(bound, keeps_the_bounds);
	tcase_add_test(bound, truncates_above_the_rate);
	tcase_add_test(bound, is_silent_about_nonsense_above_the_rate);
	tcase_add_test(bound, lets_pass_whom_a_list_lets_pass);
	suite_add_tcase(s, bound);
	return s;
}

int
main(void)
{
	return unit_run(suite());
}
