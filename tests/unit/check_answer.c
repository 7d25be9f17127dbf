#include "unit.h"

#include <stdio.h>
#include <string.h>

#include "answer_fixture.h"
#include "list_fixture.h"

static const struct dns_reply *reply; /* the last one */

/* --- records ------------------------------------------------------------ */

START_TEST(puts_the_address_into_txt)
{
	reply = answer_ask("99.2.0.192." ORIGIN, TYPE_TXT);
	ck_assert_uint_eq(reply->answers, 1);
	answer_is_txt(0,
		"[2] open relay, proved by a test message; "
		"https://dnsbl.test/lookup?ip=192.0.2.99");
	reply = answer_ask(V6_LISTED "." ORIGIN, TYPE_TXT);
	answer_is_txt(0,
		"[2] open relay, proved by a test message; "
		"https://dnsbl.test/lookup?ip=2001:db8::1");
	reply = answer_ask("3.6.2.0.0.0.0.c" MAPPED, TYPE_TXT);
	answer_is_txt(0,
		"[2] open relay, proved by a test message; "
		"https://dnsbl.test/lookup?ip=192.0.2.99");
}
END_TEST

START_TEST(gives_test_points_a_txt)
{
	reply = answer_ask("4.0.0.127.suspects." ORIGIN, TYPE_TXT);
	ck_assert_uint_eq(reply->answers, 1);
	answer_is_txt(0,
		"[4] test entry of suspects." ORIGIN
		", meaning: relay abuse by log evidence, not proved");
	reply = answer_ask("2.0.0.127.suspects." ORIGIN, TYPE_TXT);
	answer_is_txt(0, "[2] test entry of suspects." ORIGIN);
	reply = answer_ask("2.0.0.0.0.0.f.7" MAPPED, TYPE_TXT);
	ck_assert_uint_eq(reply->answers, 1);
}
END_TEST

START_TEST(gives_several_categories_several_records)
{
	reply = answer_ask("8.113.0.203.all." ORIGIN, TYPE_A);
	ck_assert_uint_eq(reply->answers, 2);
	ck_assert_uint_eq(answer_address(0), 0x7f000002);
	ck_assert_uint_eq(answer_address(1), 0x7f000004);
	reply = answer_ask("8.113.0.203." ORIGIN, TYPE_A);
	answer_is_listed(0x7f000002, 300);
}
END_TEST

START_TEST(answers_any_with_one_rrset)
{
	reply = answer_ask("99.2.0.192." ORIGIN, TYPE_ANY);
	answer_is_listed(0x7f000002, 300);
	reply = answer_ask("2.0.0.127." ORIGIN, TYPE_ANY);
	answer_is_listed(0x7f000002, 300);
	reply = answer_ask(ORIGIN, TYPE_ANY);
	ck_assert_uint_eq(reply->answers, 1);
	answer_is_soa(0, LIST_FIXTURE_SOA_TTL, ORIGIN);
	reply = answer_ask("2.0.192." ORIGIN, TYPE_ANY);
	answer_is_negative(RCODE_NOERROR, ORIGIN);
}
END_TEST

START_TEST(serves_each_apex)
{
	static const char *const apexes[] = {ORIGIN, "relays." ORIGIN, "suspects." ORIGIN,
		"outputs." ORIGIN, "untestable." ORIGIN, "bouncers." ORIGIN, "all." ORIGIN};
	char name[DNS_NAME_TEXT];

	reply = answer_ask(apexes[_i], TYPE_SOA);
	ck_assert_uint_eq(reply->answers, 1);
	answer_is_soa(0, LIST_FIXTURE_SOA_TTL, apexes[_i]);
	reply = answer_ask(apexes[_i], TYPE_NS);
	ck_assert_uint_eq(reply->answers, 2);
	ck_assert_uint_eq(reply->records[0].ttl, 7200);
	ck_assert_uint_ne(dns_name_read(reply->bytes, reply->len,
				  (size_t)(reply->records[0].data - reply->bytes), name),
		0);
	ck_assert_str_eq(name, "ns1." ORIGIN);
	ck_assert_uint_ne(dns_name_read(reply->bytes, reply->len,
				  (size_t)(reply->records[1].data - reply->bytes), name),
		0);
	ck_assert_str_eq(name, "ns2.example.net");
	reply = answer_ask(apexes[_i], TYPE_A);
	answer_is_negative(RCODE_NOERROR, apexes[_i]);
}
END_TEST

/* 64 A records: 12 + 27 + 64 * 16 bytes. */
START_TEST(cuts_by_the_clients_size)
{
	struct dns_query q = {.name = "1.2.3.4.wild.test", .type = TYPE_A, .edns = true};

	reply = answer_ask("1.2.3.4.wild.test", TYPE_A);
	ck_assert(reply->tc && reply->aa);
	ck_assert_uint_eq(reply->rcode, RCODE_NOERROR);
	ck_assert_uint_eq(reply->answers + reply->authorities, 0);
	q.udp_size = 512;
	reply = answer_ask_over(&q, ANSWER_UDP);
	ck_assert(reply->tc);
	ck_assert_uint_le(reply->len, 512);
	q.udp_size = 1232;
	reply = answer_ask_over(&q, ANSWER_UDP);
	ck_assert(!reply->tc);
	ck_assert_uint_eq(reply->answers, 64);
	ck_assert_uint_eq(reply->records[0].ttl, INT32_MAX);
	for (uint32_t i = 0; i < 64; i++)
		ck_assert_uint_eq(answer_address(i), 0x7f000100 + i);
	ck_assert_uint_eq(reply->udp_size, 1232);
	reply = answer_ask_over(&q, ANSWER_TCP);
	ck_assert_uint_eq(reply->answers, 64);
}
END_TEST

/* To the octet: one byte less than the reply needs is too few. */
START_TEST(cuts_at_the_right_byte)
{
	struct dns_query q = {.name = "1.2.3.4.wild.test", .type = TYPE_A, .edns = true};
	uint16_t whole = 12 + 23 + 64 * 16 + 11;

	q.udp_size = whole;
	reply = answer_ask_over(&q, ANSWER_UDP);
	ck_assert(!reply->tc);
	ck_assert_uint_eq(reply->len, whole);
	q.udp_size--;
	reply = answer_ask_over(&q, ANSWER_UDP);
	ck_assert(reply->tc);
}
END_TEST

/* 40 records of 2,048 bytes are more than 64 KiB: whole records are left out, none is cut. */
START_TEST(sends_whole_txt_over_tcp)
{
	struct dns_query q = {.name = "1.2.3.4.wild.test", .type = TYPE_TXT};
	static char text[4096];

	reply = answer_ask_over(&q, ANSWER_UDP);
	ck_assert(reply->tc);
	reply = answer_ask_over(&q, ANSWER_TCP);
	ck_assert(!reply->tc);
	ck_assert_uint_eq(reply->answers, 31);
	for (size_t i = 0; i < reply->answers; i++) {
		ck_assert_uint_eq(dns_txt_join(&reply->records[i], text, sizeof(text)),
			SNAPSHOT_TXT_MAX - 1 + 7);
		ck_assert_mem_eq(text + 5, "4.3.2.1", 7);
		ck_assert_int_eq(text[12], 'a' + (int)(i % 26));
		/* strings of 255 bytes, but for the last */
		ck_assert_uint_eq(reply->records[i].data[0], 255);
		ck_assert_uint_eq(reply->records[i].data[256], 255);
	}
}
END_TEST

/* --- what is built in --------------------------------------------------- */

START_TEST(says_how_fresh_it_is)
{
	reply = answer_ask("_status." ORIGIN, TYPE_TXT);
	ck_assert_uint_eq(reply->answers, 1);
	answer_is_txt(0,
		"serial=42 generated=2023-11-14T22:13:20Z listed=1065224 "
		"policy=https://dnsbl.test/policy");
	reply = answer_ask("_STATUS.suspects." ORIGIN, TYPE_ANY);
	ck_assert_uint_eq(reply->answers, 1);
	answer_is_txt(0,
		"serial=42 generated=2023-11-14T22:13:20Z listed=2 "
		"policy=https://dnsbl.test/policy");
	reply = answer_ask("_status." ORIGIN, TYPE_A);
	answer_is_negative(RCODE_NOERROR, ORIGIN);
	reply = answer_ask("x._status." ORIGIN, TYPE_TXT);
	answer_is_negative(RCODE_NXDOMAIN, ORIGIN);
	reply = answer_ask("_statuses." ORIGIN, TYPE_TXT);
	answer_is_negative(RCODE_NXDOMAIN, ORIGIN);
}
END_TEST

START_TEST(explains_its_codes)
{
	reply = answer_ask("_codes." ORIGIN, TYPE_TXT);
	ck_assert_uint_eq(reply->answers, 2);
	answer_is_txt(0, "127.0.0.2=relay;open relay, proved by a test message");
	answer_is_txt(1, "127.0.0.3=relay-input;open relay through another host, proved");
	reply = answer_ask("_codes.all." ORIGIN, TYPE_TXT);
	ck_assert_uint_eq(reply->answers, CATEGORY_COUNT);
	reply = answer_ask("_codes.all." ORIGIN, 28);
	answer_is_negative(RCODE_NOERROR, "all." ORIGIN);
	reply = answer_ask("x._codes." ORIGIN, TYPE_TXT);
	answer_is_negative(RCODE_NXDOMAIN, ORIGIN);
	reply = answer_ask("_codes.wild.test", TYPE_TXT);
	ck_assert_uint_eq(reply->rcode, RCODE_NXDOMAIN);
}
END_TEST

/* --- protocol ----------------------------------------------------------- */

START_TEST(repeats_the_spelling)
{
	reply = answer_ask("99.2.0.192.dNsBl.TeSt", TYPE_A);
	answer_is_listed(0x7f000002, 300);
	ck_assert_str_eq(reply->name, "99.2.0.192.dNsBl.TeSt");
	reply = answer_ask("98.2.0.192.dNsBl.TeSt", TYPE_A);
	answer_is_negative(RCODE_NXDOMAIN, "dNsBl.TeSt");
	reply = answer_ask("8.B.D.0.1.0.0.2." ORIGIN, TYPE_A);
	answer_is_negative(RCODE_NOERROR, ORIGIN);
}
END_TEST

static const char *const foreign[] = {"example.com", "test", "", "xdnsbl.test",
	"dnsbl.test.example", "2.0.0.127.example.com"};

START_TEST(refuses_other_zones)
{
	struct dns_query q = {.name = foreign[_i], .type = TYPE_A, .edns = true};

	reply = answer_ask(foreign[_i], TYPE_SOA);
	ck_assert_uint_eq(reply->rcode, RCODE_REFUSED);
	ck_assert(!reply->aa && reply->has_question);
	ck_assert_uint_eq(reply->authorities, 0);
	reply = answer_ask_over(&q, ANSWER_UDP);
	ck_assert_uint_eq(reply->rcode, RCODE_REFUSED);
	ck_assert_int_eq(reply->ede, EDE_NOT_AUTHORITATIVE);
}
END_TEST

START_TEST(refuses_other_classes)
{
	static const uint16_t classes[] = {2, 3, 4, 254, 255, 65535};

	for (size_t i = 0; i < sizeof(classes) / sizeof(classes[0]); i++) {
		struct dns_query q = {.name = "2.0.0.127." ORIGIN,
			.type = TYPE_A,
			.class = classes[i]};

		reply = answer_ask_over(&q, ANSWER_UDP);
		ck_assert_uint_eq(reply->rcode, RCODE_REFUSED);
		ck_assert_uint_eq(reply->answers, 0);
	}
}
END_TEST

START_TEST(refuses_transfers)
{
	reply = answer_ask(ORIGIN, TYPE_AXFR);
	ck_assert_uint_eq(reply->rcode, RCODE_REFUSED);
	ck_assert(!reply->aa);
	reply = answer_ask(ORIGIN, TYPE_IXFR);
	ck_assert_uint_eq(reply->rcode, RCODE_REFUSED);
}
END_TEST

START_TEST(says_servfail_without_data)
{
	static const char *const names[] = {"later.test", "2.0.0.127.later.test",
		"2.0.0.127.relays.later.test"};

	for (size_t i = 0; i < 3; i++) {
		struct dns_query q = {.name = names[i], .type = TYPE_A, .edns = true};

		reply = answer_ask_over(&q, ANSWER_UDP);
		ck_assert_uint_eq(reply->rcode, RCODE_SERVFAIL);
		ck_assert_int_eq(reply->ede, EDE_NOT_READY);
		ck_assert(!reply->aa);
		q.edns = false;
		reply = answer_ask_over(&q, ANSWER_UDP);
		ck_assert_uint_eq(reply->rcode, RCODE_SERVFAIL);
	}
}
END_TEST

START_TEST(answers_edns_with_edns)
{
	struct dns_query q = {.name = "2.0.0.127." ORIGIN,
		.type = TYPE_A,
		.edns = true,
		.dnssec_ok = true,
		.udp_size = 4096};

	reply = answer_ask_over(&q, ANSWER_UDP);
	answer_is_listed(0x7f000002, 300);
	ck_assert(reply->dnssec_ok);
	ck_assert_uint_eq(reply->udp_size, 1232);
	ck_assert_int_eq(reply->ede, -1);
	q.edns_version = 1;
	reply = answer_ask_over(&q, ANSWER_UDP);
	ck_assert_uint_eq(reply->rcode, RCODE_BADVERS);
	ck_assert_uint_eq(reply->answers, 0);
	ck_assert(!reply->aa);
}
END_TEST

START_TEST(says_notimp_to_other_opcodes)
{
	for (uint16_t opcode = 1; opcode < 16; opcode++) {
		struct dns_query q = {.name = ORIGIN,
			.type = TYPE_SOA,
			.flags = (uint16_t)(opcode << 11)};

		reply = answer_ask_over(&q, ANSWER_UDP);
		ck_assert_uint_eq(reply->rcode, RCODE_NOTIMP);
		ck_assert_uint_eq(reply->flags >> 11 & 0xf, opcode);
	}
}
END_TEST

START_TEST(says_formerr_to_half_a_query)
{
	const struct answer_context *context = answer_fixture_context();
	struct dns_query q = {.name = "2.0.0.127." ORIGIN, .type = TYPE_A, .id = 77};
	const struct zone_set *zones = answer_fixture_zones();
	uint8_t packet[512], out[1232];
	size_t len = dns_query_write(&q, packet);
	static struct dns_reply formerr;

	for (size_t cut = 0; cut < 12; cut++)
		ck_assert_uint_eq(answer_packet(zones, context, packet, cut, out, sizeof(out)), 0);
	for (size_t cut = 12; cut < len; cut++) {
		ck_assert_uint_eq(answer_packet(zones, context, packet, cut, out, sizeof(out)), 12);
		ck_assert(dns_reply_read(out, 12, &formerr));
		ck_assert_uint_eq(formerr.rcode, RCODE_FORMERR);
		ck_assert_uint_eq(formerr.id, 77);
	}
}
END_TEST

/* RFC 4035 section 3.1.4.1: at a zone's apex it is the parent's to answer, if we serve that. */
START_TEST(answers_ds_from_the_parent)
{
	reply = answer_ask("suspects." ORIGIN, TYPE_DS);
	answer_is_negative(RCODE_NOERROR, ORIGIN);
	reply = answer_ask(ORIGIN, TYPE_DS);
	answer_is_negative(RCODE_NOERROR, ORIGIN);
	reply = answer_ask("a.deep.wild.test", TYPE_DS);
	ck_assert_str_eq(reply->records[0].owner, "wild.test");
	reply = answer_ask("below.later.test", TYPE_DS);
	ck_assert_str_eq(reply->records[0].owner, "below.later.test");
	reply = answer_ask("99.2.0.192." ORIGIN, TYPE_DS);
	answer_is_negative(RCODE_NOERROR, ORIGIN);
}
END_TEST

START_TEST(says_servfail_when_data_are_old)
{
	static const uint16_t types[] = {TYPE_A, TYPE_SOA, TYPE_TXT, TYPE_AXFR};
	struct dns_query q = {.name = "2.0.0.127.old.test", .edns = true};

	for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++) {
		q.type = types[i];
		answer_fixture_context()->now_s = ANSWER_FIXTURE_NOW + ANSWER_FIXTURE_OLD_S;
		reply = answer_ask_over(&q, ANSWER_UDP);
		ck_assert_uint_eq(reply->rcode, RCODE_SERVFAIL);
		ck_assert_int_eq(reply->ede, EDE_INVALID_DATA);
		ck_assert(!reply->aa);
		answer_fixture_context()->now_s--;
		reply = answer_ask_over(&q, ANSWER_UDP);
		ck_assert_uint_ne(reply->rcode, RCODE_SERVFAIL);
	}
	reply = answer_ask("below.old.test", TYPE_DS);
	ck_assert_str_eq(reply->records[0].owner, "old.test");
	answer_fixture_context()->now_s++;
	reply = answer_ask("below.old.test", TYPE_DS);
	ck_assert_str_eq(reply->records[0].owner, "below.old.test");
	answer_fixture_context()->now_s = ANSWER_FIXTURE_NOW;
}
END_TEST

/* RFC 2308 section 3: the smaller of TTL and MINIMUM. */
START_TEST(takes_the_smaller_negative_ttl)
{
	reply = answer_ask("x.wild.test", TYPE_A);
	ck_assert_uint_eq(reply->rcode, RCODE_NXDOMAIN);
	ck_assert_uint_eq(reply->records[0].ttl, 60);
}
END_TEST

static Suite *
suite(void)
{
	Suite *s = suite_create("answer");
	TCase *records = tcase_create("records"), *protocol = tcase_create("protocol");

	tcase_add_unchecked_fixture(records, answer_fixture_set_up, answer_fixture_tear_down);
	tcase_add_test(records, puts_the_address_into_txt);
	tcase_add_test(records, gives_test_points_a_txt);
	tcase_add_test(records, gives_several_categories_several_records);
	tcase_add_test(records, answers_any_with_one_rrset);
	tcase_add_loop_test(records, serves_each_apex, 0, 7);
	tcase_add_test(records, cuts_by_the_clients_size);
	tcase_add_test(records, cuts_at_the_right_byte);
	tcase_add_test(records, sends_whole_txt_over_tcp);
	tcase_add_test(records, says_how_fresh_it_is);
	tcase_add_test(records, explains_its_codes);
	tcase_add_unchecked_fixture(protocol, answer_fixture_set_up, answer_fixture_tear_down);
	tcase_add_test(protocol, repeats_the_spelling);
	tcase_add_loop_test(protocol, refuses_other_zones, 0, sizeof(foreign) / sizeof(foreign[0]));
	tcase_add_test(protocol, refuses_other_classes);
	tcase_add_test(protocol, refuses_transfers);
	tcase_add_test(protocol, says_servfail_without_data);
	tcase_add_test(protocol, answers_edns_with_edns);
	tcase_add_test(protocol, says_notimp_to_other_opcodes);
	tcase_add_test(protocol, says_formerr_to_half_a_query);
	tcase_add_test(protocol, answers_ds_from_the_parent);
	tcase_add_test(protocol, says_servfail_when_data_are_old);
	tcase_add_test(protocol, takes_the_smaller_negative_ttl);
	suite_add_tcase(s, records);
	suite_add_tcase(s, protocol);
	return s;
}

int
main(void)
{
	return unit_run(suite());
}
