#include "unit.h"

#include <stdio.h>
#include <string.h>

#include "answer_fixture.h"
#include "list_fixture.h"
#include "zone_fixture.h"

static const struct dns_reply *reply; /* the last one */

#define LISTED "99.2.0.192." ORIGIN
#define WILD   "1.2.3.4.wild.test"

static const struct dns_reply *
ask_with(const char *name, uint16_t type, const void *options, size_t len)
{
	struct dns_query q = {.name = name,
		.type = type,
		.edns = true,
		.udp_size = 1232,
		.options = options,
		.options_len = (uint16_t)len};

	return answer_ask_over(&q, ANSWER_UDP);
}

static size_t
query_length(const char *name, size_t opt)
{
	return 12 + strlen(name) + 2 + 4 + opt;
}

/* --- NSID --------------------------------------------------------------- */

static const uint8_t nsid[] = {0, 3, 0, 0};

START_TEST(says_who_it_is)
{
	reply = ask_with(LISTED, TYPE_A, nsid, sizeof(nsid));
	ck_assert_uint_eq(reply->nsid_len, 15);
	ck_assert_mem_eq(reply->nsid, "ns1.example.net", 15);
	answer_is_listed(0x7f000002, 300);
	reply = ask_with(LISTED, TYPE_A, NULL, 0);
	ck_assert_ptr_null(reply->nsid);
	answer_fixture_config()->identity = TEXT_NONE;
	reply = ask_with(LISTED, TYPE_A, nsid, sizeof(nsid));
	ck_assert_ptr_null(reply->nsid);
}
END_TEST

/* It never costs a record, and the reply stays within its bounds. */
START_TEST(leaves_a_long_identity_out)
{
	static char identity[300];

	memset(identity, 'i', sizeof(identity));
	answer_fixture_config()->identity = (struct text){identity, sizeof(identity)};
	reply = ask_with(LISTED, TYPE_A, nsid, sizeof(nsid));
	ck_assert_uint_eq(reply->nsid_len, 255);
	answer_fixture_config()->amplification = 3;
	reply = ask_with(LISTED, TYPE_A, nsid, sizeof(nsid));
	ck_assert_ptr_null(reply->nsid);
	ck_assert(!reply->tc);
	ck_assert_uint_eq(reply->answers, 1);
}
END_TEST

/* --- CH ----------------------------------------------------------------- */

static const struct {
	const char *name, *txt; /* NULL: REFUSED */
	uint16_t type, class;
} chaos[] = {
	{"version.bind", "orbl 1.2.3", TYPE_TXT, CLASS_CH},
	{"VERSION.Server", "orbl 1.2.3", TYPE_TXT, CLASS_CH},
	{"version.server", "orbl 1.2.3", TYPE_ANY, CLASS_CH},
	{"hostname.bind", "ns1.example.net", TYPE_TXT, CLASS_CH},
	{"id.server", "ns1.example.net", TYPE_TXT, CLASS_CH},
	{"id.server", NULL, TYPE_A, CLASS_CH},
	{"authors.bind", NULL, TYPE_TXT, CLASS_CH},
	{"version.bind", NULL, TYPE_TXT, 0},
	{"version.bind", NULL, TYPE_TXT, 4},
	{"x.version.bind", NULL, TYPE_TXT, CLASS_CH},
	{"bind", NULL, TYPE_TXT, CLASS_CH},
	{"", NULL, TYPE_TXT, CLASS_CH},
	{"2.0.0.127." ORIGIN, NULL, TYPE_TXT, CLASS_CH},
};

START_TEST(answers_chaos)
{
	struct dns_query q = {.name = chaos[_i].name,
		.type = chaos[_i].type,
		.class = chaos[_i].class};

	reply = answer_ask_over(&q, ANSWER_UDP);
	if (chaos[_i].txt == NULL) {
		ck_assert_uint_eq(reply->rcode, RCODE_REFUSED);
		ck_assert_uint_eq(reply->answers, 0);
		return;
	}
	ck_assert_uint_eq(reply->answers, 1);
	ck_assert_uint_eq(reply->records[0].class, CLASS_CH);
	ck_assert_uint_eq(reply->records[0].ttl, 0);
	answer_is_txt(0, chaos[_i].txt);
	*answer_fixture_config() = (struct answer_config){.udp_size = 1232};
	reply = answer_ask_over(&q, ANSWER_UDP);
	ck_assert_uint_eq(reply->rcode, RCODE_REFUSED);
}
END_TEST

/* --- cookies ------------------------------------------------------------ */

static const uint8_t client_cookie[] = {0, 10, 0, 8, 'a', 'b', 'c', 'd', 'e', 'f', 'g', 'h'};
static uint8_t whole[28]; /* the option with the server's part */

static void
set_secret(void)
{
	answer_fixture_set_up();
	answer_fixture_config()->cookies = (struct cookie_secrets){1, {{1, 2, 3}}};
	answer_fixture_config()->amplification = 3;
}

/* Ask with the client's part, keep what comes back. */
static void
learn(void)
{
	reply = ask_with(LISTED, TYPE_A, client_cookie, sizeof(client_cookie));
	ck_assert_uint_eq(reply->cookie_len, 24);
	ck_assert_mem_eq(reply->cookie, "abcdefgh", 8);
	memcpy(whole, client_cookie, 4);
	whole[3] = 24;
	memcpy(whole + 4, reply->cookie, 24);
}

START_TEST(gives_cookies)
{
	struct cookie_secrets *s = &answer_fixture_config()->cookies;

	learn();
	answer_is_listed(0x7f000002, 300);
	ck_assert(cookie_is_valid(s, &answer_fixture_context()->client, whole + 4, whole + 12, 16,
		ANSWER_FIXTURE_NOW));
	reply = ask_with("nothing." ORIGIN, TYPE_A, whole, sizeof(whole));
	ck_assert_mem_eq(reply->cookie, whole + 4, 24);
	/* not asked, not given */
	reply = ask_with(LISTED, TYPE_A, NULL, 0);
	ck_assert_ptr_null(reply->cookie);
	s->count = 0;
	reply = ask_with(LISTED, TYPE_A, whole, sizeof(whole));
	ck_assert_ptr_null(reply->cookie);
}
END_TEST

START_TEST(renews_old_cookies)
{
	learn();
	answer_fixture_context()->now_s += COOKIE_RENEW_S;
	reply = ask_with(LISTED, TYPE_A, whole, sizeof(whole));
	ck_assert_mem_eq(reply->cookie, whole + 4, 24);
	answer_fixture_context()->now_s++;
	reply = ask_with(LISTED, TYPE_A, whole, sizeof(whole));
	ck_assert_mem_eq(reply->cookie, whole + 4, 12);
	ck_assert_mem_ne(reply->cookie, whole + 4, 24);
}
END_TEST

/* 64 A records are more than three times the query: only for whom a cookie proves. */
START_TEST(sends_much_to_the_proven_alone)
{
	struct dns_query q = {.name = WILD, .type = TYPE_A, .edns = true, .udp_size = 1232};

	learn();
	reply = ask_with(WILD, TYPE_TXT, NULL, 0);
	ck_assert(reply->tc && reply->aa);
	reply = ask_with(WILD, TYPE_A, NULL, 0);
	ck_assert(reply->tc && reply->aa);
	ck_assert_uint_eq(reply->answers, 0);
	reply = ask_with(WILD, TYPE_A, client_cookie, sizeof(client_cookie));
	ck_assert(reply->tc);
	ck_assert_uint_eq(reply->cookie_len, 24);
	reply = ask_with(WILD, TYPE_A, whole, sizeof(whole));
	ck_assert(!reply->tc);
	ck_assert_uint_eq(reply->answers, 64);
	whole[27] ^= 1;
	reply = ask_with(WILD, TYPE_A, whole, sizeof(whole));
	ck_assert(reply->tc);
	whole[27] ^= 1;
	answer_fixture_context()->client.b[3]++;
	reply = ask_with(WILD, TYPE_A, whole, sizeof(whole));
	ck_assert(reply->tc);
	reply = answer_ask_over(&q, ANSWER_TCP);
	ck_assert_uint_eq(reply->answers, 64);
	answer_fixture_config()->amplification = 0;
	reply = answer_ask_over(&q, ANSWER_UDP);
	ck_assert_uint_eq(reply->answers, 64);
}
END_TEST

START_TEST(refuses_cookies_of_wrong_length)
{
	reply = ask_with(LISTED, TYPE_A, "\0\12\0\7abcdefg", 11);
	ck_assert_uint_eq(reply->rcode, RCODE_FORMERR);
	ck_assert_ptr_null(reply->cookie);
	reply = ask_with(LISTED, TYPE_A, "\0\12\0\11abcdefghi", 13);
	ck_assert_uint_eq(reply->rcode, RCODE_FORMERR);
}
END_TEST

/* RFC 7873 section 5.4: no question, a cookie. */
START_TEST(answers_a_cookie_alone)
{
	uint8_t packet[] = {0, 7, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 41, 4, 0, 0, 0, 0, 0, 0, 12,
		0, 10, 0, 8, 'a', 'b', 'c', 'd', 'e', 'f', 'g', 'h'};
	static struct dns_reply alone;
	uint8_t out[512];
	size_t len = answer_packet(answer_fixture_zones(), answer_fixture_context(), packet,
		sizeof(packet), out, sizeof(out));

	ck_assert(dns_reply_read(out, len, &alone));
	ck_assert_uint_eq(alone.rcode, RCODE_NOERROR);
	ck_assert(!alone.has_question);
	ck_assert_uint_eq(alone.cookie_len, 24);
	answer_fixture_config()->cookies.count = 0;
	len = answer_packet(answer_fixture_zones(), answer_fixture_context(), packet,
		sizeof(packet), out, sizeof(out));
	ck_assert(dns_reply_read(out, len, &alone));
	ck_assert_ptr_null(alone.cookie);
}
END_TEST

/* With the strictest bound there is no room for what the query did not bring. */
START_TEST(keeps_the_strictest_bound)
{
	static const char neighbour[] = "98.2.0.192." ORIGIN;
	static const char *const names[] = {LISTED, neighbour, ORIGIN, WILD, "later.test",
		"elsewhere.example"};

	answer_fixture_config()->amplification = 1;
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		reply = ask_with(names[i], TYPE_A, NULL, 0);
		ck_assert_uint_le(reply->len, query_length(names[i], 11));
		ck_assert_int_eq(reply->ede, -1);
		reply = ask_with(names[i], TYPE_A, client_cookie, sizeof(client_cookie));
		ck_assert_uint_le(reply->len, query_length(names[i], 23));
		ck_assert_ptr_null(reply->cookie);
	}
}
END_TEST

/* --- bounds ------------------------------------------------------------- */

/* What an attacker gains by asking over UDP with a forged source. */
START_TEST(amplifies_to_the_bound_only)
{
	static const uint16_t types[] = {TYPE_A, TYPE_TXT, TYPE_NS, TYPE_SOA, TYPE_ANY, TYPE_DS,
		TYPE_AXFR, 28};
	static const char *const names[] = {LISTED, WILD, ORIGIN, "suspects." ORIGIN,
		"98.2.0.192." ORIGIN, "_status." ORIGIN, "_codes.all." ORIGIN, "2.0.0.127." ORIGIN,
		"later.test", "x"};

	for (uint16_t bound = 1; bound < 30; bound++)
		for (size_t i = 0; i < sizeof(names) / sizeof(names[0]) * 8; i++) {
			const char *name = names[i / 8];

			answer_fixture_config()->amplification = bound;
			reply = answer_ask(name, types[i % 8]);
			ck_assert_uint_le(reply->len, bound * query_length(name, 0));
			ck_assert(!reply->tc || reply->answers + reply->authorities == 0);
		}
}
END_TEST

START_TEST(bounds_to_the_byte)
{
	size_t len = query_length(LISTED, 0);

	/* An A record needs 16 bytes: a bound of twice is enough, of once is not. */
	answer_fixture_config()->amplification = 2;
	reply = answer_ask(LISTED, TYPE_A);
	ck_assert_uint_eq(reply->len, len + 16);
	answer_fixture_config()->amplification = 1;
	reply = answer_ask(LISTED, TYPE_A);
	ck_assert(reply->tc);
	ck_assert_uint_eq(reply->len, len);
}
END_TEST

START_TEST(needs_room_for_the_question)
{
	static const uint16_t types[] = {TYPE_A, TYPE_SOA};
	struct dns_query q = {.name = LISTED, .type = types[_i], .edns = true};
	uint8_t packet[512], out[512];
	size_t len = dns_query_write(&q, packet);

	for (size_t size = 0; size < len; size++)
		ck_assert_uint_eq(answer_packet(answer_fixture_zones(), answer_fixture_context(),
					  packet, len, out, size),
			0);
	ck_assert_uint_eq(answer_packet(answer_fixture_zones(), answer_fixture_context(), packet,
				  len, out, len),
		len);
}
END_TEST

static Suite *
suite(void)
{
	Suite *s = suite_create("answer_edns");
	TCase *self = tcase_create("self"), *cookies = tcase_create("cookies"),
	      *bounds = tcase_create("bounds");

	tcase_add_checked_fixture(self, answer_fixture_set_up, answer_fixture_tear_down);
	tcase_add_test(self, says_who_it_is);
	tcase_add_test(self, leaves_a_long_identity_out);
	tcase_add_loop_test(self, answers_chaos, 0, sizeof(chaos) / sizeof(chaos[0]));
	tcase_add_checked_fixture(cookies, set_secret, answer_fixture_tear_down);
	tcase_add_test(cookies, gives_cookies);
	tcase_add_test(cookies, renews_old_cookies);
	tcase_add_test(cookies, sends_much_to_the_proven_alone);
	tcase_add_test(cookies, refuses_cookies_of_wrong_length);
	tcase_add_test(cookies, answers_a_cookie_alone);
	tcase_add_test(cookies, keeps_the_strictest_bound);
	tcase_add_checked_fixture(bounds, answer_fixture_set_up, answer_fixture_tear_down);
	tcase_add_test(bounds, amplifies_to_the_bound_only);
	tcase_add_test(bounds, bounds_to_the_byte);
	tcase_add_loop_test(bounds, needs_room_for_the_question, 0, 2);
	suite_add_tcase(s, self);
	suite_add_tcase(s, cookies);
	suite_add_tcase(s, bounds);
	return s;
}

int
main(void)
{
	return unit_run(suite());
}
