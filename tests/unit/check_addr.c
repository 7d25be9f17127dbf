#include <arpa/inet.h>
#include <netinet/in.h>
#include <string.h>

#include <orbl/addr.h>

#include "unit.h"

/* --- addresses ---------------------------------------------------------- */

static const struct {
	const char *text;
	const char *wanted; /* NULL: refused */
} addresses[] = {
	{"192.0.2.1", "192.0.2.1"},
	{"0.0.0.0", "0.0.0.0"},
	{"255.255.255.255", "255.255.255.255"},
	{"2001:DB8:0:0:0:0:0:1", "2001:db8::1"},
	{"2001:db8:0:1:1:1:1:1", "2001:db8:0:1:1:1:1:1"}, /* RFC 5952 section 4.2.2 */
	{"2001:0:0:1:0:0:0:1", "2001:0:0:1::1"},
	{"::", "::"},
	{"::1", "::1"},
	{"::4:0", "::4:0"}, /* not ::0.4.0.0 */
	{"::c000:201", "::c000:201"},
	{"::192.0.2.1", "::c000:201"},
	{"::ffff", "::ffff"},
	{"::1:0:0", "::1:0:0"},
	{"::ffff:192.0.2.1", "192.0.2.1"}, /* one identity for each host */
	{"::FFFF:c000:201", "192.0.2.1"},
	{"0:0:0:0:0:ffff:192.0.2.1", "192.0.2.1"},
	{"ffff:ffff:ffff:ffff:ffff:ffff:255.255.255.255",
		"ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff"},
	{"", NULL},
	{"192.0.2", NULL},
	{"192.0.2.1.", NULL},
	{"192.0.2.256", NULL},
	{"192.0.2.01", NULL},
	{"0300.0.2.1", NULL},
	{"0xc0.0.2.1", NULL},
	{"3221225985", NULL},
	{" 192.0.2.1", NULL},
	{"192.0.2.1 ", NULL},
	{"192.0.2.1\n", NULL},
	{"[::1]", NULL},
	{"fe80::1%eth0", NULL},
	{"1::2::3", NULL},
	{"12345::", NULL},
	{"::ffff:192.0.2", NULL},
	{"1:2:3:4:5:6:7:8:9", NULL},
	{"0000:0000:0000:0000:0000:0000:0000:0000:0000:0000", NULL},
	{"localhost", NULL},
};

START_TEST(parse_address)
{
	char text[ADDR_TEXT];
	struct addr a = {.family = 9};
	enum err err = addr_parse(text_of(addresses[_i].text), &a);

	if (addresses[_i].wanted == NULL) {
		ck_assert_int_eq(err, ERR_SYNTAX);
		ck_assert_int_eq(a.family, 9);
		return;
	}
	ck_assert_int_eq(err, OK);
	ck_assert_str_eq(addr_format(&a, text), addresses[_i].wanted);
}
END_TEST

START_TEST(parse_slices)
{
	struct addr a;

	ck_assert_int_eq(addr_parse(text_upto(TEXT("192.0.2.12"), 9), &a), OK);
	ck_assert_uint_eq(addr_ipv4(&a), 0xc0000201);
	ck_assert_int_eq(addr_parse(TEXT("192.0.2.1\0"), &a), ERR_SYNTAX);
	ck_assert_int_eq(addr_parse(TEXT("192.0.2.1\0.5"), &a), ERR_SYNTAX);
	ck_assert_int_eq(addr_parse(TEXT_NONE, &a), ERR_SYNTAX);
}
END_TEST

START_TEST(ipv4_numbers)
{
	struct addr a = addr_from_ipv4(0x7f000002);
	char text[ADDR_TEXT];

	ck_assert_str_eq(addr_format(&a, text), "127.0.0.2");
	ck_assert_uint_eq(addr_ipv4(&a), 0x7f000002);
	a = addr_from_ipv4(UINT32_MAX);
	ck_assert_uint_eq(addr_ipv4(&a), UINT32_MAX);
	a = (struct addr){0};
	ck_assert_str_eq(addr_format(&a, text), "-");
}
END_TEST

START_TEST(ordering)
{
	static const char *const order[] = {"0.0.0.0", "9.0.0.0", "10.0.0.0", "255.255.255.255",
		"::", "::1", "2001:db8::", "ffff::"};
	struct addr a, b;

	for (size_t i = 0; i < ORBL_COUNT(order); i++)
		for (size_t k = 0; k < ORBL_COUNT(order); k++) {
			ck_assert_int_eq(addr_parse(text_of(order[i]), &a), OK);
			ck_assert_int_eq(addr_parse(text_of(order[k]), &b), OK);
			ck_assert_int_eq(addr_compare(&a, &b) < 0, i < k);
			ck_assert_int_eq(addr_compare(&a, &b) > 0, i > k);
			ck_assert_int_eq(addr_equal(&a, &b), i == k);
		}
}
END_TEST

static const struct {
	const char *text;
	bool reserved;
} reservations[] = {
	{"0.0.0.0", true},
	{"1.0.0.0", false},
	{"9.255.255.255", false},
	{"10.0.0.0", true},
	{"10.255.255.255", true},
	{"11.0.0.0", false},
	{"100.63.255.255", false},
	{"100.64.0.0", true},
	{"100.127.255.255", true},
	{"100.128.0.0", false},
	{"127.0.0.1", true},
	{"127.255.255.255", true},
	{"169.254.169.254", true},
	{"172.15.255.255", false},
	{"172.16.0.0", true},
	{"172.31.255.255", true},
	{"172.32.0.0", false},
	{"192.0.2.255", true},
	{"192.0.3.0", false},
	{"192.168.0.0", true},
	{"192.169.0.0", false},
	{"198.17.255.255", false},
	{"198.18.0.0", true},
	{"198.20.0.0", false},
	{"198.51.100.7", true},
	{"203.0.113.7", true},
	{"223.255.255.255", false},
	{"224.0.0.1", true},
	{"255.255.255.255", true},
	{"8.8.8.8", false},
	{"::", true},
	{"::1", true},
	{"::7f00:1", true},
	{"::ffff:10.0.0.1", true},
	{"::ffff:8.8.8.8", false},
	{"64:ff9b::808:808", true},
	{"100::1", true},
	{"2001::1", true},
	{"2001:200::1", false},
	{"2001:db8::1", true},
	{"2001:db9::1", false},
	{"2002:0808:0808::1", true},
	{"2600::1", false},
	{"fc00::1", true},
	{"fdff::1", true},
	{"fe80::1", true},
	{"fec0::1", true},
	{"ff02::1", true},
	{"2a00:1450::1", false},
};

START_TEST(reserved_space)
{
	struct addr a;

	ck_assert_int_eq(addr_parse(text_of(reservations[_i].text), &a), OK);
	ck_assert_msg(addr_is_reserved(&a) == reservations[_i].reserved, "%s",
		reservations[_i].text);
}
END_TEST

/* --- prefixes ----------------------------------------------------------- */

static const struct {
	const char *text;
	enum err err;
	const char *wanted;
} prefixes[] = {
	{"192.0.2.0/24", OK, "192.0.2.0/24"},
	{"192.0.2.1", OK, "192.0.2.1"},
	{"192.0.2.1/32", OK, "192.0.2.1"},
	{"0.0.0.0/0", OK, "0.0.0.0/0"},
	{"128.0.0.0/1", OK, "128.0.0.0/1"},
	{"2001:db8::/32", OK, "2001:db8::/32"},
	{"::1/128", OK, "::1"},
	{"::/0", OK, "::/0"},
	{"2001:db8::8000/113", OK, "2001:db8::8000/113"},
	{"::ffff:192.0.2.1", OK, "192.0.2.1"},
	{"192.0.2.1/24", ERR_RANGE, NULL},
	{"192.0.2.1/31", ERR_RANGE, NULL},
	{"192.0.2.0/0", ERR_RANGE, NULL},
	{"2001:db8::1/127", ERR_RANGE, NULL},
	{"2001:db8::/31", OK, "2001:db8::/31"},
	{"2001:db9::/31", ERR_RANGE, NULL},
	{"192.0.2.0/33", ERR_SYNTAX, NULL},
	{"2001:db8::/129", ERR_SYNTAX, NULL},
	{"192.0.2.0/", ERR_SYNTAX, NULL},
	{"/24", ERR_SYNTAX, NULL},
	{"/", ERR_SYNTAX, NULL},
	{"", ERR_SYNTAX, NULL},
	{"192.0.2.0/-1", ERR_SYNTAX, NULL},
	{"192.0.2.0/2 4", ERR_SYNTAX, NULL},
	{"192.0.2.0/24/24", ERR_SYNTAX, NULL},
	{"192.0.2.0/4294967320", ERR_SYNTAX, NULL}, /* 24 + 2^32 */
	{"192.0.2.0/255.255.255.0", ERR_SYNTAX, NULL},
	{"192.0.2/24", ERR_SYNTAX, NULL},
	{"::ffff:192.0.2.0/120", ERR_SYNTAX, NULL}, /* 120 of which bits? */
	{"::ffff:192.0.2.0/24", ERR_SYNTAX, NULL},
	{"::ffff:0:0/96", ERR_SYNTAX, NULL},
};

START_TEST(parse_prefix)
{
	char text[PREFIX_TEXT];
	struct prefix p = {.len = 99};

	ck_assert_int_eq(prefix_parse(text_of(prefixes[_i].text), &p), prefixes[_i].err);
	if (prefixes[_i].wanted == NULL)
		ck_assert_int_eq(p.len, 99);
	else
		ck_assert_str_eq(prefix_format(&p, text), prefixes[_i].wanted);
}
END_TEST

START_TEST(longest_prefix_text)
{
	char text[PREFIX_TEXT];
	struct prefix p;

	ck_assert_int_eq(prefix_parse(TEXT("fff1:fff2:fff3:fff4:fff5:fff6:fff7:ff80/121"), &p), OK);
	ck_assert_str_eq(prefix_format(&p, text), "fff1:fff2:fff3:fff4:fff5:fff6:fff7:ff80/121");
}
END_TEST

static const struct {
	const char *prefix, *addr;
	bool wanted;
} memberships[] = {
	{"192.0.2.0/24", "192.0.2.0", true},
	{"192.0.2.0/24", "192.0.2.255", true},
	{"192.0.2.0/24", "192.0.3.0", false},
	{"192.0.2.0/24", "192.0.1.255", false},
	{"192.0.2.0/31", "192.0.2.1", true},
	{"192.0.2.0/31", "192.0.2.2", false},
	{"192.0.2.1", "192.0.2.1", true},
	{"192.0.2.1", "192.0.2.0", false},
	{"0.0.0.0/0", "255.1.2.3", true},
	{"0.0.0.0/0", "::1", false},
	{"::/0", "ffff::", true},
	{"::/0", "192.0.2.1", false},
	{"2001:db8::/33", "2001:db8:7fff::", true},
	{"2001:db8::/33", "2001:db8:8000::", false},
	{"::1/128", "::1", true},
	{"::/127", "::2", false},
	{"192.0.2.0/24", "::ffff:192.0.2.9", true},
};

START_TEST(membership)
{
	struct prefix p;
	struct addr a;

	ck_assert_int_eq(prefix_parse(text_of(memberships[_i].prefix), &p), OK);
	ck_assert_int_eq(addr_parse(text_of(memberships[_i].addr), &a), OK);
	ck_assert_int_eq(prefix_has_addr(&p, &a), memberships[_i].wanted);
}
END_TEST

/* --- endpoints ---------------------------------------------------------- */

static const struct {
	const char *text;
	const char *wanted; /* NULL: refused */
} endpoints[] = {
	{"127.0.0.1", "127.0.0.1"},
	{"127.0.0.1:53", "127.0.0.1:53"},
	{"127.0.0.1@53", "127.0.0.1:53"},
	{"::1", "::1"},
	{"::1@53", "[::1]:53"},
	{"[::1]", "::1"},
	{"[::1]:65535", "[::1]:65535"},
	{"2001:db8::53", "2001:db8::53"}, /* not port 53 */
	{"ffff:ffff:ffff:ffff:ffff:ffff:ffff:fff1@65535",
		"[ffff:ffff:ffff:ffff:ffff:ffff:ffff:fff1]:65535"},
	{"127.0.0.1:", NULL},
	{"127.0.0.1@", NULL},
	{"[::1]:", NULL},
	{"[::1]x", NULL},
	{"[::1]x53", NULL},
	{"[::1]53", NULL},
	{"[::1", NULL},
	{"::1]", NULL},
	{"[]", NULL},
	{"[", NULL},
	{"[[::1]]", NULL},
	{"[::1]@53", NULL},
	{"@53", NULL},
	{":53", NULL},
	{"", NULL},
	{"127.0.0.1@0", NULL},
	{"127.0.0.1:65536", NULL},
	{"127.0.0.1:5:3", NULL},
	{"127.0.0.1@53@53", NULL},
	{"127.0.0.1@+53", NULL},
	{"localhost:53", NULL},
	{"*:53", NULL},
};

START_TEST(parse_endpoint)
{
	char text[ENDPOINT_TEXT];
	struct endpoint e = {.port = 9};
	enum err err = endpoint_parse(text_of(endpoints[_i].text), &e);

	if (endpoints[_i].wanted == NULL) {
		ck_assert_int_eq(err, ERR_SYNTAX);
		ck_assert_int_eq(e.port, 9);
		return;
	}
	ck_assert_int_eq(err, OK);
	ck_assert_str_eq(endpoint_format(&e, text), endpoints[_i].wanted);
}
END_TEST

START_TEST(sockaddr_round_trip)
{
	static const char *const texts[] = {"192.0.2.1:25", "[2001:db8::1]:53", "192.0.2.1"};
	static const socklen_t sizes[] = {sizeof(struct sockaddr_in), sizeof(struct sockaddr_in6),
		sizeof(struct sockaddr_in)};
	struct sockaddr_storage sa;
	struct endpoint e, back;

	ck_assert_int_eq(endpoint_parse(text_of(texts[_i]), &e), OK);
	memset(&sa, 0xff, sizeof(sa));
	ck_assert_uint_eq(endpoint_to_sockaddr(&e, &sa), sizes[_i]);
	back = endpoint_from_sockaddr((struct sockaddr *)&sa);
	ck_assert(addr_equal(&e.addr, &back.addr));
	ck_assert_uint_eq(back.port, e.port);
}
END_TEST

START_TEST(sockaddr_kinds)
{
	struct sockaddr_in6 mapped = {.sin6_family = AF_INET6, .sin6_port = htons(25)};
	struct sockaddr local = {.sa_family = AF_UNIX};
	struct endpoint e;

	ck_assert_int_eq(inet_pton(AF_INET6, "::ffff:192.0.2.1", &mapped.sin6_addr), 1);
	e = endpoint_from_sockaddr((struct sockaddr *)&mapped);
	ck_assert_int_eq(e.addr.family, 4);
	ck_assert_uint_eq(addr_ipv4(&e.addr), 0xc0000201);
	ck_assert_uint_eq(e.port, 25);
	e = endpoint_from_sockaddr(&local);
	ck_assert_int_eq(e.addr.family, 0);
	ck_assert_uint_eq(e.port, 0);
}
END_TEST

static Suite *
suite(void)
{
	Suite *s = suite_create("addr");
	TCase *address = tcase_create("addresses"), *prefix = tcase_create("prefixes"),
	      *endpoint = tcase_create("endpoints");

	tcase_add_loop_test(address, parse_address, 0, ORBL_COUNT(addresses));
	tcase_add_test(address, parse_slices);
	tcase_add_test(address, ipv4_numbers);
	tcase_add_test(address, ordering);
	tcase_add_loop_test(address, reserved_space, 0, ORBL_COUNT(reservations));
	suite_add_tcase(s, address);
	tcase_add_loop_test(prefix, parse_prefix, 0, ORBL_COUNT(prefixes));
	tcase_add_test(prefix, longest_prefix_text);
	tcase_add_loop_test(prefix, membership, 0, ORBL_COUNT(memberships));
	suite_add_tcase(s, prefix);
	tcase_add_loop_test(endpoint, parse_endpoint, 0, ORBL_COUNT(endpoints));
	tcase_add_loop_test(endpoint, sockaddr_round_trip, 0, 3);
	tcase_add_test(endpoint, sockaddr_kinds);
	suite_add_tcase(s, endpoint);
	return s;
}

int
main(void)
{
	return unit_run(suite());
}
