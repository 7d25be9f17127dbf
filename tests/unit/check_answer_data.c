#include "unit.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "answer.h"
#include "data_fixture.h"
#include "dns_packet.h"
#include "reply.h"

#define SIXTO4_REST "0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0."
#define MAPPED      ".f.f.f.f.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0."

static struct zone_set *zones;
static struct answer_config config;
static struct answer_context context;
static struct dns_reply reply;

static void
set_up(void)
{
	config = (struct answer_config){.udp_size = 1232};
	context = (struct answer_context){.config = &config, .now_s = DATA_FIXTURE_NOW};
	zones = data_fixture_open();
	ck_assert_int_eq(zone_set_finish(zones, NULL), OK);
}

static void
tear_down(void)
{
	data_fixture_close(zones);
}

/* --- asking ------------------------------------------------------------- */

static size_t
try(const char *name, uint16_t type)
{
	static uint8_t out[ANSWER_MAX];
	struct dns_query q = {.name = name, .type = type};
	uint8_t packet[512];
	size_t len = dns_query_write(&q, packet);

	len = answer_packet(zones, &context, packet, len, out, sizeof(out));
	if (len != 0)
		ck_assert(dns_reply_read(out, len, &reply));
	return len;
}

static void
ask(const char *name, uint16_t type)
{
	ck_assert_uint_ne(try(name, type), 0);
}

/* The answers' data: addresses, or TXT, with blanks between them, and the TTL; or the rcode. */
static const char *
said(const char *name, uint16_t type)
{
	static char out[4096];
	size_t at = 0;

	ask(name, type);
	if (reply.answers == 0)
		return reply.rcode == RCODE_NXDOMAIN ? "NXDOMAIN" :
			reply.rcode == RCODE_NOERROR ? "NODATA" :
						       "ERROR";
	for (size_t i = 0; i < reply.answers; i++) {
		const struct dns_record *r = &reply.records[i];
		char text[1024] = "?";

		ck_assert_uint_eq(r->ttl, reply.records[0].ttl); /* RFC 2181 section 5.2 */
		if (r->type == TYPE_A)
			snprintf(text, sizeof(text), "%u.%u.%u.%u", r->data[0], r->data[1],
				r->data[2], r->data[3]);
		else if (r->type == TYPE_TXT)
			dns_txt_join(r, text, sizeof(text));
		else
			snprintf(text, sizeof(text), "TYPE%u/%zu", r->type, r->len);
		at += (size_t)snprintf(out + at, sizeof(out) - at, "%s|", text);
	}
	snprintf(out + at, sizeof(out) - at, "%u", (unsigned)reply.records[0].ttl);
	return out;
}

static void
from(const char *client)
{
	ck_assert_int_eq(addr_parse(text_of(client), &context.client), OK);
}

struct expectation {
	const char *name;
	uint16_t type;
	const char *answer;
};

/* --- joined answers ----------------------------------------------------- */

static const struct expectation joined[] = {
	{"1.2.0.192.data.test", TYPE_A, "127.0.0.2|10.9.9.9|127.0.0.9|127.0.0.4|200"},
	{"1.2.0.192.data.test", TYPE_TXT, "one 192.0.2.1|odd 1.2.0.192|two 192.0.2.1|200"},
	{"1.2.0.192.data.test", TYPE_ANY, "127.0.0.2|10.9.9.9|127.0.0.9|127.0.0.4|200"},
	{"1.2.0.192.data.test", 15, "NODATA"},
	{"2.2.0.192.data.test", TYPE_A, "127.0.0.2|1000"},
	{"2.2.0.192.data.test", TYPE_TXT, "one 192.0.2.2|1000"},
	{"3.2.0.192.data.test", TYPE_A, "127.0.0.3|500"},
	{"3.2.0.192.data.test", TYPE_TXT, "three|500"},
	{"4.2.0.192.data.test", TYPE_A, "127.0.0.2|500"},
	{"4.2.0.192.data.test", TYPE_TXT, "only text|1000"},
	{"5.2.0.192.data.test", TYPE_A, "NXDOMAIN"},
	/* the one's end is the RRset's end; what is over is not there; the zone's TTL */
	{"20.2.0.192.data.test", TYPE_A, "127.0.0.2|127.0.0.4|50"},
	{"20.2.0.192.data.test", TYPE_TXT, "expiring|50"},
	{"21.2.0.192.data.test", TYPE_A, "127.0.0.4|800"},
	{"21.2.0.192.data.test", TYPE_TXT, "NODATA"},
	{"30.2.0.192.data.test", TYPE_A, "127.0.0.2|2147483647"},
	{"2.0.192.data.test", TYPE_A, "NODATA"},
};

START_TEST(joins_layers)
{
	ck_assert_str_eq(said(joined[_i].name, joined[_i].type), joined[_i].answer);
}
END_TEST

/* --- IPv6 that means IPv4 ----------------------------------------------- */

static const struct expectation embedded[] = {
	{"1.0.2.0.0.0.0.c" MAPPED "data.test", TYPE_TXT, "one 192.0.2.1|two 192.0.2.1|500"},
	{"9.0.2.0.0.0.0.c" MAPPED "data.test", TYPE_TXT, "low ::ffff:192.0.2.9|600"},
	{"1.0.0.0.0.0.f.7" MAPPED "data.test", TYPE_A, "NXDOMAIN"},
	{"2.0.0.0.0.0.f.7" MAPPED "data.test", TYPE_A, "127.0.0.2|2100"},
	{SIXTO4_REST "1.0.2.0.0.0.0.c.2.0.0.2.data.test", TYPE_A,
		"127.0.0.2|127.0.0.6|127.0.0.4|500"},
	{SIXTO4_REST "1.0.2.0.0.0.0.c.2.0.0.2.data.test", TYPE_TXT,
		"one 192.0.2.1|v6 2002:c000:201::|two 192.0.2.1|500"},
	{SIXTO4_REST "9.0.2.0.0.0.0.c.2.0.0.2.data.test", TYPE_A, "127.0.0.6|700"},
	{SIXTO4_REST "1.0.0.0.0.0.f.7.2.0.0.2.data.test", TYPE_A, "NXDOMAIN"},
	{SIXTO4_REST "1.0.3.0.0.0.0.c.2.0.0.2.data.test", TYPE_A, "NXDOMAIN"},
	{"0.0." SIXTO4_REST "1.0.2.0.0.0.0.c.2.0.0.2.data.test", TYPE_A, "NXDOMAIN"},
	{"c.2.0.0.2.data.test", TYPE_A, "NODATA"},
	{"0.2.data.test", TYPE_A, "NODATA"},
	{"f.7.2.0.0.2.data.test", TYPE_A, "NODATA"}, /* 127/8 has text */
	{"e.7.2.0.0.2.data.test", TYPE_A, "NXDOMAIN"},
	{"2.0.0.2.delta.test", TYPE_A, "NODATA"},
	{"b.c.2.0.0.2.delta.test", TYPE_A, "NODATA"}, /* 203/8 */
	{"1.7.0.0.b.c.2.0.0.2.delta.test", TYPE_A, "NODATA"},
	{"2.7.0.0.b.c.2.0.0.2.delta.test", TYPE_A, "NXDOMAIN"},
	/* a list of our own has the hosts it names */
	{SIXTO4_REST "1.0.2.0.0.0.0.c.2.0.0.2.v6.test", TYPE_A, "127.0.0.6|700"},
	{SIXTO4_REST "1.0.1.0.0.0.0.c.2.0.0.2.v6.test", TYPE_A, "NXDOMAIN"},
	{"0.1.0.0.0.0.c.2.0.0.2.v6.test", TYPE_A, "NXDOMAIN"},
	{"f.7.2.0.0.2.v6.test", TYPE_A, "NXDOMAIN"},
	{"5.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.8.b.d.0.1.0.0.2.v6.test", TYPE_TXT,
		"v6 2001:db8::5|1000"},
};

START_TEST(reads_ipv4_in_ipv6)
{
	ck_assert_str_eq(said(embedded[_i].name, embedded[_i].type), embedded[_i].answer);
}
END_TEST

/* --- names -------------------------------------------------------------- */

static const struct expectation names[] = {
	{"example.com.data.test", TYPE_A, "127.0.0.9|200"},
	{"eXample.COM.data.test", TYPE_TXT, "bad example.com domain|200"},
	{"a.example.com.data.test", TYPE_A, "NXDOMAIN"},
	{"com.data.test", TYPE_A, "NODATA"},
	{"wild.com.data.test", TYPE_A, "NODATA"},
	{"a.wild.com.data.test", TYPE_TXT, "bad wild.com domain|200"},
	{"x.y.Wild.com.data.test", TYPE_TXT, "bad wild.com domain|200"},
	{"both.com.data.test", TYPE_TXT, "both both.com|200"},
	{"x.y.Both.com.data.test", TYPE_TXT, "both both.com|200"},
	{"not.both.com.data.test", TYPE_A, "NODATA"}, /* the next one is below it */
	{"z.not.both.com.data.test", TYPE_TXT, "both both.com|200"},
	{"c.deep.com.data.test", TYPE_A, "NODATA"},
	{"x.c.deep.com.data.test", TYPE_A, "NXDOMAIN"},
	{"a.b.c.deep.com.data.test", TYPE_A, "127.0.0.9|200"},
	{"a.b.c.deep.com.data.test", TYPE_TXT, "NODATA"},
	{"a.b.c.deep.com.data.test", TYPE_ANY, "127.0.0.9|200"},
	/* RFC 5782 section 5 */
	{"test.data.test", TYPE_A, "127.0.0.2|2100"},
	{"TEST.data.test", TYPE_TXT, "[2] test entry of data.test|2100"},
	{"test.data.test", 28, "NODATA"},
	{"x.test.data.test", TYPE_A, "NXDOMAIN"},
	{"invalid.data.test", TYPE_A, "NXDOMAIN"},
	{"1.0.0.127.data.test", TYPE_A, "NXDOMAIN"},
	{"1.0.0.127.data.test", TYPE_TXT, "NXDOMAIN"},
	{"2.0.0.127.data.test", TYPE_A, "127.0.0.2|2100"},
	{"9.0.0.127.data.test", TYPE_TXT, "never|600"},
	{"9.0.0.127.data.test", TYPE_ANY, "never|600"},
	{"2.0.0.127.delta.test", TYPE_A, "127.0.0.4|100"}, /* of the data */
	{"2.0.0.127.delta.test", TYPE_TXT, "NODATA"},
	/* generic */
	{"www.data.test", TYPE_A, "10.0.0.1|10.0.0.2|300"},
	{"www.data.test", TYPE_TXT, "a $.|400"},
	{"www.data.test", 28, "TYPE28/16|400"},
	{"www.data.test", TYPE_ANY, "10.0.0.1|10.0.0.2|300"},
	{"www.data.test", 15, "NODATA"},
	{"only.caa.data.test", TYPE_ANY, "TYPE257/14|200"},
	{"only.caa.data.test", TYPE_A, "NODATA"},
	{"data.test", TYPE_A, "10.1.2.3|400"},
	{"data.test", TYPE_TXT, "hello apex|400"},
	{"data.test", 15, "TYPE15/12|400"},
	{"data.test", 28, "NODATA"},
};

START_TEST(answers_names)
{
	ck_assert_str_eq(said(names[_i].name, names[_i].type), names[_i].answer);
}
END_TEST

START_TEST(escapes_names_in_text)
{
	uint8_t packet[] = "\0\1\0\0\0\1\0\0\0\0\0\0\3b.d\3esc\4data\4test\0\0\20\0\1";
	char text[64];
	uint8_t out[512];
	size_t len = answer_packet(zones, &context, packet, sizeof(packet) - 1, out, sizeof(out));

	ck_assert(dns_reply_read(out, len, &reply));
	ck_assert_uint_eq(reply.answers, 1);
	ck_assert_uint_ne(dns_txt_join(&reply.records[0], text, sizeof(text)), SIZE_MAX);
	ck_assert_str_eq(text, "odd b\\.d.esc");
}
END_TEST

/* --- zones within a zone ------------------------------------------------ */

START_TEST(takes_the_base_zones_apex)
{
	ck_assert_str_eq(said("1.100.51.198.in.data.test", TYPE_A), "127.0.0.5|100");
	ck_assert_str_eq(said("example.com.in.data.test", TYPE_A), "127.0.0.9|200");
	ck_assert_str_eq(said("1.2.0.192.in.data.test", TYPE_A), "127.0.0.9|200");
	ck_assert_str_eq(said("2.2.0.192.in.data.test", TYPE_A), "NXDOMAIN");
	ck_assert_str_eq(reply.records[0].owner, "data.test");
	ck_assert_uint_eq(reply.records[0].ttl, 300);
	for (uint16_t type = 0; type < 300; type++) {
		if (type == TYPE_AXFR || type == TYPE_IXFR)
			continue;
		ck_assert_str_eq(said("in.data.test", type), "NODATA");
		ck_assert_uint_eq(reply.authorities, 1);
		ck_assert_str_eq(reply.records[0].owner, "data.test");
	}
	ck_assert_str_eq(said("2.0.0.127.in.data.test", TYPE_TXT),
		"[2] test entry of in.data.test|2100");
}
END_TEST

/* --- deltas ------------------------------------------------------------- */

static const struct expectation changed[] = {
	{"6.113.0.203.delta.test", TYPE_A, "127.0.0.2|100"},
	{"7.113.0.203.delta.test", TYPE_A, "NXDOMAIN"},
	{"8.113.0.203.delta.test", TYPE_A, "127.0.0.3|100"},
	{"7.8.9.10.delta.test", TYPE_A, "127.0.0.4|100"},
	{"9.10.delta.test", TYPE_A, "NODATA"},
	{"name.delta.test", TYPE_A, "127.0.0.2|100"},
	/* NS of the data, where no $NS gives them; none is made up then */
	{"delta.test", TYPE_NS, "TYPE2/9|100"},
	{"name.delta.test", TYPE_NS, "NODATA"},
	{"_status.delta.test", TYPE_TXT, "serial=7 generated=2023-11-14T22:15:00Z listed=259|300"},
};

START_TEST(answers_from_the_delta)
{
	ck_assert_str_eq(said(changed[_i].name, changed[_i].type), changed[_i].answer);
}
END_TEST

/* --- clients ------------------------------------------------------------ */

START_TEST(ignores_clients)
{
	from("10.0.0.2");
	ck_assert_uint_eq(try("1.2.0.192.acl.test", TYPE_A), 0);
	ck_assert_uint_ne(try("1.2.0.192.data.test", TYPE_A), 0);
	from("10.0.1.2");
	ck_assert_uint_eq(try("1.2.0.192.acl.test", TYPE_A), 0);
	ck_assert_uint_eq(try("1.2.0.192.data.test", TYPE_A), 0);
	ck_assert_uint_eq(try("elsewhere.example", TYPE_A), 0);
}
END_TEST

START_TEST(refuses_clients)
{
	from("10.0.0.3");
	ck_assert_str_eq(said("1.2.0.192.acl.test", TYPE_A), "ERROR");
	ck_assert_uint_eq(reply.rcode, RCODE_REFUSED);
	ck_assert(!reply.aa);
	ck_assert_uint_eq(reply.authorities, 0);
	ck_assert_str_eq(said("acl.test", TYPE_SOA), "ERROR");
	ck_assert_str_eq(said("2.2.0.192.data.test", TYPE_A), "127.0.0.2|1000");
	from("10.0.0.77");
	ck_assert_str_eq(said("2.2.0.192.acl.test", TYPE_A), "ERROR");
	from("10.0.0.6"); /* passes */
	ck_assert_str_eq(said("2.2.0.192.acl.test", TYPE_A), "127.0.0.2|1000");
	from("10.0.1.3"); /* by the list of all zones, whatever the zone's says */
	ck_assert_str_eq(said("2.2.0.192.acl.test", TYPE_A), "ERROR");
	ck_assert_str_eq(said("2.2.0.192.data.test", TYPE_A), "ERROR");
	ck_assert_uint_eq(reply.rcode, RCODE_REFUSED);
	ck_assert_str_eq(said("elsewhere.example", TYPE_A), "ERROR");
	ck_assert_uint_eq(reply.rcode, RCODE_REFUSED);
}
END_TEST

START_TEST(shows_some_clients_nothing)
{
	static const char *const clients[] = {"10.0.0.4", "10.0.2.4"};

	for (size_t i = 0; i < 2; i++) {
		from(clients[i]);
		ck_assert_str_eq(said("2.2.0.192.acl.test", TYPE_A), "NXDOMAIN");
		ck_assert_str_eq(said("2.0.192.acl.test", TYPE_A), "NODATA"); /* generic */
		ck_assert_str_eq(said("8.b.d.0.1.0.0.2.acl.test", TYPE_A), "NXDOMAIN");
		ck_assert_str_eq(said("example.com.acl.test", TYPE_A), "NXDOMAIN");
		ck_assert_str_eq(said("1.2.0.192.acl.test", TYPE_A), "10.9.9.9|200");
		ck_assert_str_eq(said("www.acl.test", TYPE_A), "10.0.0.1|10.0.0.2|300");
		ck_assert_str_eq(said("acl.test", TYPE_A), "10.1.2.3|400");
		ck_assert_str_eq(said("2.0.0.127.acl.test", TYPE_A), "127.0.0.2|2100");
		ask("acl.test", TYPE_SOA);
		ck_assert_uint_eq(reply.answers, 1);
	}
}
END_TEST

START_TEST(shows_some_clients_everything)
{
	from("10.0.0.5");
	ck_assert_str_eq(said("9.9.9.9.acl.test", TYPE_A), "127.0.0.10|33");
	ck_assert_str_eq(said("2.2.0.192.acl.test", TYPE_TXT), "over quota 10.0.0.5|33");
	ck_assert_str_eq(said("2.0.0.127.acl.test", TYPE_TXT), "over quota 10.0.0.5|33");
	ck_assert_str_eq(said("any.name.acl.test", TYPE_TXT), "over quota 10.0.0.5|33");
	ck_assert_str_eq(said("any.name.acl.test", 28), "NODATA");
	ck_assert_str_eq(said("com.acl.test", TYPE_A), "127.0.0.10|33");
	ck_assert_str_eq(said("example.com.acl.test", TYPE_A), "127.0.0.10|33");
	ck_assert_str_eq(said("9.9.9.9.data.test", TYPE_A), "NXDOMAIN");
	/* never, whatever an operator writes */
	ck_assert_str_eq(said("1.0.0.127.acl.test", TYPE_A), "NXDOMAIN");
	ck_assert_str_eq(said("1.0.0.0.0.0.f.7" MAPPED "acl.test", TYPE_A), "NXDOMAIN");
	ck_assert_str_eq(said("invalid.acl.test", TYPE_A), "NXDOMAIN");
	/* the zone's own */
	ck_assert_str_eq(said("www.acl.test", TYPE_A), "10.0.0.1|10.0.0.2|300");
	ck_assert_str_eq(said("acl.test", TYPE_A), "10.1.2.3|400");
	ask("acl.test", TYPE_NS);
	ck_assert_uint_eq(reply.answers, 1);
	ask("_status.acl.test", TYPE_TXT);
	ck_assert_uint_eq(reply.answers, 1);
	ck_assert_uint_eq(reply.records[0].ttl, 300);
	from("2001:db8:ac1::9");
	ck_assert_str_eq(said("9.9.9.9.acl.test", TYPE_TXT), "over quota 2001:db8:ac1::9|33");
	/* the text of the list of all zones comes first */
	from("10.0.2.5");
	ck_assert_str_eq(said("9.9.9.9.acl.test", TYPE_TXT), "all zones 10.0.2.5|2100");
	ck_assert_str_eq(said("9.9.9.9.data.test", TYPE_TXT), "all zones 10.0.2.5|2100");
	from("10.0.2.6"); /* expired there */
	ck_assert_str_eq(said("9.9.9.9.acl.test", TYPE_TXT), "over quota 10.0.2.6|33");
	ck_assert_str_eq(said("9.9.9.9.data.test", TYPE_TXT), "NXDOMAIN");
}
END_TEST

/* Where addresses are listed, not names, everything is every address. */
START_TEST(shows_them_every_address)
{
	from("10.0.0.5");
	ck_assert_str_eq(said("9.9.9.9.addresses.test", TYPE_A), "127.0.0.10|33");
	ck_assert_str_eq(said("1.2.0.192.addresses.test", TYPE_TXT), "over quota 10.0.0.5|33");
	ck_assert_str_eq(said("9.0.2.0.0.0.0.c" MAPPED "addresses.test", TYPE_A), "127.0.0.10|33");
	ck_assert_str_eq(said("1.0.0.127.addresses.test", TYPE_A), "NXDOMAIN");
	ck_assert_str_eq(said("9.9.addresses.test", TYPE_A), "NODATA");
	ck_assert_str_eq(said("f.addresses.test", TYPE_A), "NODATA");
	ck_assert_str_eq(said("www.addresses.test", TYPE_A), "NXDOMAIN");
	ck_assert_str_eq(said("addresses.test", TYPE_A), "NODATA");
	ck_assert_str_eq(said("_status.addresses.test", TYPE_A), "NODATA");
	from("10.0.0.4");
	ck_assert_str_eq(said("1.2.0.192.addresses.test", TYPE_A), "NXDOMAIN");
	ck_assert_str_eq(said("2.0.192.addresses.test", TYPE_A), "NXDOMAIN");
}
END_TEST

START_TEST(takes_a_client_without_address)
{
	context.client = (struct addr){0};
	ck_assert_str_eq(said("2.2.0.192.acl.test", TYPE_A), "127.0.0.2|1000");
}
END_TEST

#define LOOP(tcase, test, table)                                                                   \
	tcase_add_loop_test(tcase, test, 0, (int)(sizeof(table) / sizeof(table[0])))

static Suite *
suite(void)
{
	Suite *s = suite_create("answer_data");
	TCase *data = tcase_create("data"), *clients = tcase_create("clients");

	tcase_add_unchecked_fixture(data, set_up, tear_down);
	LOOP(data, joins_layers, joined);
	LOOP(data, reads_ipv4_in_ipv6, embedded);
	LOOP(data, answers_names, names);
	tcase_add_test(data, escapes_names_in_text);
	tcase_add_test(data, takes_the_base_zones_apex);
	LOOP(data, answers_from_the_delta, changed);
	tcase_add_unchecked_fixture(clients, set_up, tear_down);
	tcase_add_test(clients, ignores_clients);
	tcase_add_test(clients, refuses_clients);
	tcase_add_test(clients, shows_some_clients_nothing);
	tcase_add_test(clients, shows_some_clients_everything);
	tcase_add_test(clients, shows_them_every_address);
	tcase_add_test(clients, takes_a_client_without_address);
	suite_add_tcase(s, data);
	suite_add_tcase(s, clients);
	return s;
}

int
main(void)
{
	return unit_run(suite());
}
