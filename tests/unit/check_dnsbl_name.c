#include "unit.h"

#include <stdio.h>
#include <string.h>

#include "dns_packet.h"
#include "dnsbl_name.h"
#include "octet_label.h"

/* Reads all labels of a name, as if its origin were the root; then below another one. */
static bool
parse(const char *name, struct dnsbl_name *out)
{
	uint8_t packet[512];
	struct dns_query question = {.name = name, .type = 1};
	struct query q;

	ck_assert_int_eq(query_parse(packet, dns_query_write(&question, packet), &q), QUERY_ANSWER);
	return dnsbl_name_parse(&q.name, q.name.labels, out);
}

static bool
parse_below(const char *name, struct dnsbl_name *out)
{
	char longer[256];
	uint8_t packet[512];
	struct dns_query question = {.name = longer, .type = 1};
	struct query q;

	snprintf(longer, sizeof(longer), "%s.4.dnsbl.test", name);
	ck_assert_int_eq(query_parse(packet, dns_query_write(&question, packet), &q), QUERY_ANSWER);
	return dnsbl_name_parse(&q.name, q.name.labels - 3u, out);
}

static const char *
ipv4_of(const struct dnsbl_name *n, char out[PREFIX_TEXT])
{
	struct prefix p = {addr_from_ipv4(n->ipv4), n->ipv4_bits};

	return n->ipv4_bits == DNSBL_NAME_NONE ? NULL : prefix_format(&p, out);
}

static const char *
ipv6_of(const struct dnsbl_name *n, char out[PREFIX_TEXT])
{
	struct prefix p = {n->ipv6, n->ipv6_bits};

	return n->ipv6_bits == DNSBL_NAME_NONE ? NULL : prefix_format(&p, out);
}

static const char *
sixto4_of(const struct dnsbl_name *n, char out[PREFIX_TEXT])
{
	struct prefix p = {addr_from_ipv4(n->sixto4), n->sixto4_bits};

	return n->sixto4_bits == DNSBL_NAME_NONE ? NULL : prefix_format(&p, out);
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
	/* ::ffff:0:0/96 is IPv4 too */
	{"2.0.0.0.0.0.f.7.f.f.f.f." V6_ZEROS_20, "127.0.0.2", "::ffff:127.0.0.2"},
	{"0.0.0.0.0.f.7.f.f.f.f." V6_ZEROS_20, "127.0.0.0/28", "::ffff:127.0.0.0/124"},
	{"f.f.f.f." V6_ZEROS_20, "0.0.0.0/0", "::ffff:0.0.0.0/96"},
	{"f.f.f." V6_ZEROS_20, NULL, "::fff0:0:0/92"},
	{"e.f.f.f." V6_ZEROS_20, NULL, "::fffe:0:0/96"},
};

START_TEST(reads_addresses_and_parts_of_them)
{
	char ipv4[PREFIX_TEXT], ipv6[PREFIX_TEXT];
	struct dnsbl_name n;

	for (int i = 0; i < 2; i++) {
		ck_assert((i == 0 ? parse : parse_below)(readings[_i].name, &n));
		ck_assert_pstr_eq(ipv4_of(&n, ipv4), readings[_i].ipv4);
		ck_assert_pstr_eq(ipv6_of(&n, ipv6), readings[_i].ipv6);
		ck_assert_int_eq(n.is_mapped,
			readings[_i].ipv4 != NULL && n.ipv6_bits >= 96 &&
				n.ipv6_bits != DNSBL_NAME_NONE);
	}
}
END_TEST

/* 2002:c000:263::/48 is 192.0.2.99 (RFC 3056). */
static const struct {
	const char *name, *ipv4;
} sixto4[] = {
	{"2", "0.0.0.0/0"},
	{"0.2", "0.0.0.0/0"},
	{"0.0.2", "0.0.0.0/0"},
	{"2.0.0.2", "0.0.0.0/0"},
	{"c.2.0.0.2", "192.0.0.0/4"},
	{"3.6.2.0.0.0.0.c.2.0.0.2", "192.0.2.99"},
	{"0.3.6.2.0.0.0.0.c.2.0.0.2", "192.0.2.99"},
	{"1.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.3.6.2.0.0.0.0.c.2.0.0.2", "192.0.2.99"},
	{"3", NULL},
	{"1.2", NULL},
	{"1.0.0.2", NULL},
	{"3.0.0.2", NULL},
	{"8.b.d.0.1.0.0.2", NULL},
};

START_TEST(reads_6to4)
{
	struct dnsbl_name n;
	char text[PREFIX_TEXT];

	ck_assert(parse(sixto4[_i].name, &n));
	ck_assert_pstr_eq(sixto4_of(&n, text), sixto4[_i].ipv4);
	ck_assert(!n.is_mapped);
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
	ck_assert_msg(!parse_below(strangers[_i], &n), "%s", strangers[_i]);
}
END_TEST

/* Every octet has one spelling. */
START_TEST(reads_each_octet)
{
	struct dnsbl_name n;
	char name[32];

	for (int i = 0; i < 256; i++) {
		snprintf(name, sizeof(name), "%d.0.0.10", i);
		ck_assert(parse(name, &n));
		ck_assert_uint_eq(n.ipv4, 0x0a000000u + (unsigned)i);
		ck_assert_uint_eq(n.ipv4_bits, 32);
	}
	for (int i = 256; i < 1100; i++) {
		snprintf(name, sizeof(name), "%d.0.0.10", i);
		ck_assert(!parse(name, &n));
	}
}
END_TEST

/* Labels of any length, of bytes around those that are digits. */
START_TEST(takes_the_same_labels)
{
	static const uint8_t bytes[] = {0, 1, 2, 3, '-', '/', '0', '1', '2', '4', '5', '6', '9',
		':', 'p', 0x80, 0xb1, 0xff};
	const size_t count = sizeof(bytes);
	size_t octets = 0;

	for (size_t i = 0; i < 256 * count * count * count; i++) {
		uint8_t label[] = {(uint8_t)i, bytes[i / 256 % count],
			bytes[i / 256 / count % count], bytes[i / 256 / count / count]};
		const uint8_t *end = label;
		unsigned wanted = dnsbl_name_octet(label), got = octet_label_take(&end);

		if (wanted <= 255 ? got != wanted || end != label + label[0] + 1 : got <= 255)
			ck_abort_msg("%u %u %u %u: %u", label[0], label[1], label[2], label[3],
				got);
		octets += wanted <= 255;
	}
	/* 1xx, 2xx; and with any bytes behind them those of two digits, and of one */
	ck_assert_uint_eq(octets, 49 + 33 + 42 * count + 7 * count * count);
}
END_TEST

START_TEST(takes_and_writes_each_octet)
{
	char name[8], text[8];

	for (unsigned i = 0; i < 1000; i++) {
		uint8_t label[8] = {0};
		const uint8_t *end = label;

		label[0] = (uint8_t)snprintf(name, sizeof(name), "%u", i);
		memcpy(label + 1, name, label[0]);
		ck_assert_uint_eq(octet_label_take(&end) <= 255, i <= 255);
		if (i > 255)
			continue;
		end = label;
		ck_assert_uint_eq(octet_label_take(&end), i);
		ck_assert_ptr_eq(end, label + strlen(name) + 1);
		*octet_label_write(i, text) = '\0';
		ck_assert_str_eq(text, name);
	}
}
END_TEST

static const struct {
	const char *name;
	bool above; /* 127.0.0.2 */
} ancestors[] = {
	{"127", true},
	{"0.0.127", true},
	{"1.0.127", false},
	{"126", false},
	{"2.0.0.127", false}, /* it itself */
	{"0", true},          /* ::/4 */
	{"0.0.0.0", true},
	{"2", false},
	{"0.f.f.f." V6_ZEROS_20, false},
	{"f.f." V6_ZEROS_20, true},
	{"e.f.f.f." V6_ZEROS_20, false},
	{"f.7.f.f.f.f." V6_ZEROS_20, true},
	{"0.0.0.0.0.f.7.f.f.f.f." V6_ZEROS_20, true},
	{"1.0.0.0.0.f.7.f.f.f.f." V6_ZEROS_20, false},
	{"2.0.0.0.0.0.f.7.f.f.f.f." V6_ZEROS_20, false},
};

START_TEST(knows_what_is_above_an_address)
{
	struct dnsbl_name n;

	ck_assert(parse(ancestors[_i].name, &n));
	ck_assert_msg(dnsbl_name_is_above(&n, 0x7f000002) == ancestors[_i].above, "%s",
		ancestors[_i].name);
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
	tcase_add_test(addresses, takes_the_same_labels);
	tcase_add_test(addresses, takes_and_writes_each_octet);
	tcase_add_loop_test(addresses, reads_6to4, 0, sizeof(sixto4) / sizeof(sixto4[0]));
	tcase_add_loop_test(addresses, knows_what_is_above_an_address, 0,
		sizeof(ancestors) / sizeof(ancestors[0]));
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
