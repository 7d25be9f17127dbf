#include "unit.h"

#include <stdio.h>
#include <string.h>

#include "dns_packet.h"
#include "dnsbl_name.h"

/* Reads all labels of a name, as if its origin were the root. */
static bool
parse(const char *name, struct dnsbl_name *out)
{
	uint8_t packet[512];
	struct dns_query question = {.name = name, .type = 1};
	struct query q;

	ck_assert_int_eq(query_parse(packet, dns_query_write(&question, packet), &q), QUERY_ANSWER);
	return dnsbl_name_parse(&q.name, q.name.labels, out);
}

#define V6_ZEROS_20 "0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0"

static const struct {
	const char *name, *ipv4, *ipv6; /* NULL: no such reading */
} readings[] = {
	{"99.2.0.192", "192.0.2.99", NULL},
	{"0.0.0.0", "0.0.0.0", "::/16"},
	{"255.255.255.255", "255.255.255.255", NULL},
	{"2.0.192", "192.0.2.0/24", NULL},
	{"0.192", "192.0.0.0/16", NULL},
	{"192", "192.0.0.0/8", NULL},
	{"0", "0.0.0.0/8", "::/4"},
	{"1.0", "0.1.0.0/16", "100::/8"},
	{"8.b.d.0.1.0.0.2", NULL, "2001:db8::/32"},
	{"8.B.D.0.1.0.0.2", NULL, "2001:db8::/32"},
	{"a", NULL, "a000::/4"},
	{"f.e.d.c", NULL, "cdef::/16"},
	{"1.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.8.b.d.0.1.0.0.2", NULL, "2001:db8::1"},
	/* ::ffff:0:0/96 is IPv4 */
	{"2.0.0.0.0.0.f.7.f.f.f.f." V6_ZEROS_20, "127.0.0.2", NULL},
	{"0.0.0.0.0.f.7.f.f.f.f." V6_ZEROS_20, "127.0.0.0/28", NULL},
	{"f.f.f.f." V6_ZEROS_20, "0.0.0.0/0", NULL},
	{"f.f.f." V6_ZEROS_20, NULL, "::fff0:0:0/92"},
	{"e.f.f.f." V6_ZEROS_20, NULL, "::fffe:0:0/96"},
};

START_TEST(reads_addresses_and_parts_of_them)
{
	struct dnsbl_name n;
	char text[PREFIX_TEXT];

	ck_assert(parse(readings[_i].name, &n));
	ck_assert_int_eq(n.ipv4.addr.family != 0, readings[_i].ipv4 != NULL);
	ck_assert_int_eq(n.ipv6.addr.family != 0, readings[_i].ipv6 != NULL);
	if (readings[_i].ipv4 != NULL)
		ck_assert_str_eq(prefix_format(&n.ipv4, text), readings[_i].ipv4);
	if (readings[_i].ipv6 != NULL)
		ck_assert_str_eq(prefix_format(&n.ipv6, text), readings[_i].ipv6);
}
END_TEST

static const char *const strangers[] = {
	"256.0.0.127",
	"1000.0.0.127",
	"099.2.0.192",
	"00.2.0.192",
	"002.0.0.127",
	"x.2.0.192",
	"2.x",
	"www",
	"-1.0.0.127",
	"2 .0.0.127",
	"99.2.0.192.7",
	"99.2.0.192.10",
	"g.0.0.2",
	"10.0.0.0.0.0.0",
	"ff.0.0.2",
	"_status",
	"*",
	"*.0.0.127",
	/* 33 nibbles */
	"0.1.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.8.b.d.0.1.0.0.2",
	/* 32, one of them no nibble */
	"1.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.8.g.d.0.1.0.0.2",
	"11.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.8.b.d.0.1.0.0.2",
};

START_TEST(refuses_other_names)
{
	struct dnsbl_name n;

	ck_assert_msg(!parse(strangers[_i], &n), "%s", strangers[_i]);
}
END_TEST

/* Every octet has one spelling. */
START_TEST(reads_each_octet)
{
	struct dnsbl_name n;
	char name[16];

	for (int i = 0; i < 256; i++) {
		snprintf(name, sizeof(name), "%d.0.0.10", i);
		ck_assert(parse(name, &n));
		ck_assert_uint_eq(n.ipv4.addr.b[3], (unsigned)i);
		ck_assert_uint_eq(n.ipv4.len, 32);
	}
}
END_TEST

static const struct {
	const char *prefix;
	bool has;
} mapped[] = {
	{"::/4", true},
	{"::/0", true},
	{"::fff0:0:0/92", true},
	{"::fffe:0:0/96", false},
	{"2000::/3", false},
	{"::/92", false},
	{"::/80", true},
	{"::/81", false},
};

START_TEST(finds_mapped_addresses_in_prefixes)
{
	struct addr test = addr_from_ipv4(0x7f000002);
	struct prefix p;

	ck_assert_int_eq(prefix_parse(text_of(mapped[_i].prefix), &p), OK);
	ck_assert_int_eq(dnsbl_name_has_mapped(&p, &test), mapped[_i].has);
}
END_TEST

static Suite *
suite(void)
{
	Suite *s = suite_create("dnsbl_name");
	TCase *addresses = tcase_create("addresses"), *others = tcase_create("other names");

	tcase_add_loop_test(addresses, reads_addresses_and_parts_of_them, 0,
		sizeof(readings) / sizeof(readings[0]));
	tcase_add_test(addresses, reads_each_octet);
	tcase_add_loop_test(addresses, finds_mapped_addresses_in_prefixes, 0,
		sizeof(mapped) / sizeof(mapped[0]));
	tcase_add_loop_test(others, refuses_other_names, 0,
		sizeof(strangers) / sizeof(strangers[0]));
	suite_add_tcase(s, addresses);
	suite_add_tcase(s, others);
	return s;
}

int
main(void)
{
	return unit_run(suite());
}
