/* Names with a key in them, before access.keys could be read. */
#include "unit.h"

#include <stdio.h>
#include <unistd.h>

#include "answer.h"
#include "data_fixture.h"
#include "dns_packet.h"
#include "list_fixture.h"
#include "reply.h"

#define KEY   "aaaaaaaaaaaaaaaaaaaaaaaaaa"
#define OTHER "234567abcdefghijklmnopqrsT"

static struct zone_set *zones;
static struct snapshot *list;
static struct answer_config config;
static struct answer_context context;
static struct dns_reply reply;
static uint8_t out[ANSWER_MAX];

static char *keys_only_items[] = {"only.test"};
static struct conf_list keys_only = {1, keys_only_items};

static void
add(const char *origin)
{
	struct zone_source source = {.snapshot = list, .is_list = true};

	ck_assert_int_eq(zone_set_add(zones, text_of(origin), &source, NULL), OK);
}

static void
set_up(void)
{
	struct list_fixture f = {.origin = "dnsbl.test",
		.lines = "192.0.2.99 relay\n",
		.serial = 1};

	config = (struct answer_config){.udp_size = 1232};
	context = (struct answer_context){.config = &config,
		.now_s = DATA_FIXTURE_NOW,
		.client = addr_from_ipv4(0xc0000201)};
	list = list_fixture_open(&f);
	zones = data_fixture_open();
	add("dnsbl.test");
	add("only.test");
	ck_assert_int_eq(zone_set_use_keys(zones, NULL, &keys_only, NULL), OK);
	zone_set_await_keys(zones);
	ck_assert_int_eq(zone_set_finish(zones, NULL), OK);
}

static void
tear_down(void)
{
	data_fixture_close(zones);
	snapshot_close(list);
}

static void
ask(const char *name, uint16_t type)
{
	struct dns_query q = {.name = name, .type = type, .edns = true, .udp_size = 1232};
	uint8_t packet[512];
	size_t len = dns_query_write(&q, packet);

	len = answer_packet(zones, &context, packet, len, out, 1232);
	ck_assert(dns_reply_read(out, len, &reply));
}

static void
is_not_ready(const char *name, uint16_t type)
{
	ask(name, type);
	ck_assert_uint_eq(reply.rcode, RCODE_SERVFAIL);
	ck_assert_int_eq(reply.ede, EDE_NOT_READY);
	ck_assert(!reply.aa);
	ck_assert_uint_eq(reply.answers + reply.authorities, 0);
}

START_TEST(waits_for_the_keys)
{
	static const char *const before[] = {"99.2.0.192.", "98.2.0.192.", "2.0.0.127.",
		"1.0.0.127.", "_status.", "x.", ""};
	static const char *const behind[] = {KEY ".dnsbl.test", OTHER ".dnsbl.test",
		KEY ".relays.dnsbl.test", KEY ".only.test", KEY ".data.test"};
	char name[300];

	for (int over = 0; over < 2; over++) {
		context.is_over = over != 0;
		for (size_t i = 0; i < ORBL_COUNT(before); i++)
			for (size_t k = 0; k < ORBL_COUNT(behind); k++) {
				snprintf(name, sizeof(name), "%s%s", before[i], behind[k]);
				is_not_ready(name, TYPE_A);
				is_not_ready(name, TYPE_TXT);
				is_not_ready(name, TYPE_SOA);
			}
	}
}
END_TEST

START_TEST(answers_the_others_meanwhile)
{
	ck_assert(zone_set_awaits_keys(zones));
	ask("99.2.0.192.dnsbl.test", TYPE_A);
	ck_assert_uint_eq(reply.answers, 1);
	ask("98.2.0.192.dnsbl.test", TYPE_A);
	ck_assert_uint_eq(reply.rcode, RCODE_NXDOMAIN);
	ask("dnsbl.test", TYPE_SOA);
	ck_assert_uint_eq(reply.answers, 1);
	ask("99.2.0.192.only.test", TYPE_A);
	ck_assert_uint_eq(reply.rcode, RCODE_REFUSED);
	ck_assert_int_eq(reply.ede, EDE_PROHIBITED);
	ask("99.2.0.192.aaaaaaaaaaaaaaaaaaaaaaaaa1.dnsbl.test", TYPE_A);
	ck_assert_uint_eq(reply.rcode, RCODE_NXDOMAIN);
}
END_TEST

/* Who has a table, does not wait. */
START_TEST(waits_for_no_second_table)
{
	struct zone_set *s = zone_set_new();
	struct key_table *keys;
	int fd;

	ck_assert_int_eq(key_table_compile(TEXT(""), "keys", &fd, NULL), OK);
	ck_assert_int_eq(key_table_open_fd(fd, 1, 0, &keys, NULL), OK);
	close(fd);
	ck_assert(!zone_set_awaits_keys(s));
	zone_set_await_keys(s);
	ck_assert(zone_set_awaits_keys(s));
	ck_assert_int_eq(zone_set_use_keys(s, keys, NULL, NULL), OK);
	ck_assert(!zone_set_awaits_keys(s));
	zone_set_await_keys(s);
	ck_assert(!zone_set_awaits_keys(s));
	zone_set_free(s);
	key_table_release(keys);
}
END_TEST

static Suite *
suite(void)
{
	Suite *s = suite_create("answer_await");
	TCase *early = tcase_create("early");

	tcase_add_checked_fixture(early, set_up, tear_down);
	tcase_add_test(early, waits_for_the_keys);
	tcase_add_test(early, answers_the_others_meanwhile);
	tcase_add_test(early, waits_for_no_second_table);
	suite_add_tcase(s, early);
	return s;
}

int
main(void)
{
	return unit_run(suite());
}
