#include "probe_case.h"

#include <stdio.h>
#include <string.h>

#include <orbl/addr.h>

#include "unit.h"

static struct probe_names names;
static struct error error;

static void
set_up(void)
{
	struct addr target, collector;

	ck_assert_int_eq(addr_parse(TEXT("192.0.2.9"), &target), OK);
	ck_assert_int_eq(addr_parse(TEXT("2001:db8::25"), &collector), OK);
	ck_assert_int_eq(probe_names_init(&names, "probe.test", &target, &collector, &error), OK);
	probe_names_host(&names, TEXT("mx.example.net"));
	snprintf(names.u, sizeof(names.u), "uuu");
	snprintf(names.f, sizeof(names.f), "fff");
}

/* Each row of the table, written out. */
static const struct {
	const char *id, *mail_from, *rcpt_to;
} wanted[] = {
	{"P01-plain", "<fff@probe.test>", "<uuu@probe.test>"},
	{"P02-null", "<>", "<uuu@probe.test>"},
	{"P03-same", "<uuu@probe.test>", "<uuu@probe.test>"},
	{"P04-nodom", "<fff@nosuch.probe.test>", "<uuu@probe.test>"},
	{"P05-localhost", "<fff@localhost>", "<uuu@probe.test>"},
	{"P06-bare", "<fff>", "<uuu@probe.test>"},
	{"P07-fhost", "<fff@mx.example.net>", "<uuu@probe.test>"},
	{"P08-fparent", "<fff@example.net>", "<uuu@probe.test>"},
	{"P09-fpostmaster", "<postmaster@mx.example.net>", "<uuu@probe.test>"},
	{"P10-fip", "<fff@[192.0.2.9]>", "<uuu@probe.test>"},
	{"P11-pct-host", "<fff@probe.test>", "<uuu%probe.test@mx.example.net>"},
	{"P12-pct-parent", "<fff@probe.test>", "<uuu%probe.test@example.net>"},
	{"P13-pct-ip", "<fff@probe.test>", "<uuu%probe.test@[192.0.2.9]>"},
	{"P14-pct-bare", "<fff@probe.test>", "<uuu%probe.test>"},
	{"P15-qpct", "<fff@probe.test>", "<\"uuu%probe.test\">"},
	{"P16-at-host", "<fff@probe.test>", "<uuu@probe.test@mx.example.net>"},
	{"P17-at-ip", "<fff@probe.test>", "<uuu@probe.test@[192.0.2.9]>"},
	{"P18-qat", "<fff@probe.test>", "<\"uuu@probe.test\">"},
	{"P19-qat-host", "<fff@probe.test>", "<\"uuu@probe.test\"@mx.example.net>"},
	{"P20-qat-ip", "<fff@probe.test>", "<\"uuu@probe.test\"@[192.0.2.9]>"},
	{"P21-route-host", "<fff@probe.test>", "<@mx.example.net:uuu@probe.test>"},
	{"P22-route-ip", "<fff@probe.test>", "<@[192.0.2.9]:uuu@probe.test>"},
	{"P23-route-multi", "<fff@probe.test>", "<@mx.example.net,@example.net:uuu@probe.test>"},
	{"P24-bang-bare", "<fff@probe.test>", "<probe.test!uuu>"},
	{"P25-bang-host", "<fff@probe.test>", "<probe.test!uuu@mx.example.net>"},
	{"P26-bang-ip", "<fff@probe.test>", "<probe.test!uuu@[192.0.2.9]>"},
	{"P27-bang-multi", "<fff@probe.test>", "<mx.example.net!probe.test!uuu>"},
	{"P28-imcea", "<fff@probe.test>", "<IMCEASMTP-uuu+40probe+2Etest@mx.example.net>"},
	{"P29-imcea-parent", "<fff@probe.test>", "<IMCEASMTP-uuu+40probe+2Etest@example.net>"},
	{"P30-imcea-ip", "<fff@probe.test>", "<IMCEASMTP-uuu+40probe+2Etest@[192.0.2.9]>"},
	{"P31-dot", "<fff@probe.test>", "<uuu@probe.test.>"},
	{"P32-substr", "<fff@probe.test>", "<uuu@example.net.probe.test>"},
	{"P33-literal", "<fff@probe.test>", "<uuu@[IPv6:2001:db8::25]>"},
	{"P34-nobracket", "<fff@probe.test>", "uuu@probe.test"},
	{"P35-space", "<fff@probe.test>", " <uuu@probe.test>"},
	{"P36-pct-localhost", "<fff@probe.test>", "<uuu%probe.test@localhost>"},
	{"P37-route-pct", "<fff@probe.test>", "<@mx.example.net:uuu%probe.test@mx.example.net>"},
	{"P38-pct-double", "<fff@probe.test>", "<uuu%probe.test%mx.example.net@[192.0.2.9]>"},
	{"P39-srs", "<fff@probe.test>", "<SRS0=aaaa=zz=probe.test=uuu@mx.example.net>"},
	{"P40-eq", "<fff@probe.test>", "<uuu=probe.test@mx.example.net>"},
	{"P41-pct-null", "<>", "<uuu%probe.test@mx.example.net>"},
	{"P42-pct-fhost", "<fff@mx.example.net>", "<uuu%probe.test@mx.example.net>"},
	{"P43-pct-fip", "<fff@[192.0.2.9]>", "<uuu%probe.test@[192.0.2.9]>"},
	{"P44-mixed", "<fff@probe.test>", "<uuu@probe.test>"},
	{"P45-bang-fhost", "<fff@mx.example.net>", "<probe.test!uuu@mx.example.net>"},
	{"P46-pct-fparent", "<fff@example.net>", "<uuu%probe.test@example.net>"},
};

START_TEST(every_row)
{
	char text[512];

	set_up();
	ck_assert_uint_eq(probe_case_count(), ORBL_COUNT(wanted));
	for (size_t i = 0; i < ORBL_COUNT(wanted); i++) {
		const struct probe_case *c = probe_case_by_name(text_of(wanted[i].id));

		ck_assert_msg(c != NULL, "%s", wanted[i].id);
		ck_assert_int_eq(probe_case_expand(c->mail_from, &names, text, sizeof(text)), OK);
		ck_assert_str_eq(text, wanted[i].mail_from);
		ck_assert_int_eq(probe_case_expand(c->rcpt_to, &names, text, sizeof(text)), OK);
		ck_assert_str_eq(text, wanted[i].rcpt_to);
	}
}
END_TEST

/* The number is the one in the id, and each only once. */
START_TEST(numbers)
{
	uint64_t seen = 0;

	for (size_t i = 0; i < probe_case_count(); i++) {
		const struct probe_case *c = probe_case_row(i);
		char prefix[8];

		snprintf(prefix, sizeof(prefix), "P%02u-", c->number);
		ck_assert_int_eq(strncmp(c->id, prefix, 4), 0);
		ck_assert_uint_lt(c->number, PROBE_CASE_NUMBERS);
		ck_assert_uint_eq(seen >> c->number & 1, 0);
		seen |= UINT64_C(1) << c->number;
		ck_assert_ptr_eq(probe_case_by_number(c->number), c);
		ck_assert_uint_gt(strlen(c->finds), 5);
	}
	ck_assert_uint_eq(seen, probe_case_mask_all());
	ck_assert_uint_eq(seen, ((UINT64_C(1) << 46) - 1) << 1); /* P01 to P46, none is missing */
	ck_assert_ptr_null(probe_case_by_number(0));
	ck_assert_ptr_null(probe_case_by_number(63));
}
END_TEST

/* What reaches a mailbox that is not ours is sent only when somebody wants it. */
START_TEST(not_by_default)
{
	for (size_t i = 0; i < probe_case_count(); i++) {
		const struct probe_case *c = probe_case_row(i);
		bool by_default = (probe_case_mask_default() >> c->number & 1) != 0;

		ck_assert_int_eq(by_default, c->before_rcpt == NULL);
		ck_assert_int_eq(by_default, c->number != 44);
	}
	ck_assert_str_eq(probe_case_by_number(44)->before_rcpt, "<postmaster@$H>");
}
END_TEST

START_TEST(order)
{
	static const char *const first[] = {"P01-plain", "P02-null", "P07-fhost", "P08-fparent",
		"P10-fip", "P11-pct-host", "P12-pct-parent", "P13-pct-ip", "P18-qat",
		"P21-route-host", "P24-bang-bare", "P25-bang-host", "P28-imcea", "P19-qat-host",
		"P15-qpct"};

	for (size_t i = 0; i < ORBL_COUNT(first); i++)
		ck_assert_str_eq(probe_case_row(i)->id, first[i]);
	ck_assert_str_eq(probe_case_row(probe_case_count() - 1)->id, "P03-same");
}
END_TEST

START_TEST(senders_are_shared)
{
	ck_assert_uint_eq(probe_case_sender(probe_case_by_number(1)), 1);
	ck_assert_uint_eq(probe_case_sender(probe_case_by_number(25)), 1);
	ck_assert_uint_eq(probe_case_sender(probe_case_by_number(42)), 7);
	ck_assert_uint_eq(probe_case_sender(probe_case_by_number(41)), 2);
}
END_TEST

START_TEST(lists)
{
	uint64_t mask;

	ck_assert_int_eq(probe_case_parse_list(TEXT("P01"), &mask, &error), OK);
	ck_assert_uint_eq(mask, 1 << 1);
	ck_assert_int_eq(probe_case_parse_list(TEXT("p01, P11-pct-host,P46"), &mask, &error), OK);
	ck_assert_uint_eq(mask, UINT64_C(1) << 1 | UINT64_C(1) << 11 | UINT64_C(1) << 46);
	ck_assert_int_eq(probe_case_parse_list(TEXT("P01,P99,P02"), &mask, &error), ERR_NOT_FOUND);
	ck_assert_ptr_nonnull(strstr(error.text, "\"P99\""));
	ck_assert_int_eq(probe_case_parse_list(TEXT(""), &mask, &error), ERR_NOT_FOUND);
	ck_assert_int_eq(probe_case_parse_list(TEXT("P"), &mask, &error), ERR_NOT_FOUND);
	ck_assert_int_eq(probe_case_parse_list(TEXT("P01-"), &mask, &error), ERR_NOT_FOUND);
	ck_assert_int_eq(probe_case_parse_list(TEXT("P01,"), &mask, &error), ERR_NOT_FOUND);
	ck_assert_ptr_nonnull(strstr(error.text, "\"\""));
	ck_assert_int_eq(probe_case_parse_list(TEXT(",P01"), &mask, &error), ERR_NOT_FOUND);
	ck_assert_int_eq(probe_case_parse_list(TEXT("P01,,P02"), &mask, &error), ERR_NOT_FOUND);
}
END_TEST

START_TEST(expansion_is_bounded)
{
	char text[512];

	set_up();
	memset(text, 'x', sizeof(text));
	ck_assert_int_eq(probe_case_expand("<$U@$D>", &names, text, 17), OK);
	ck_assert_str_eq(text, "<uuu@probe.test>");
	for (size_t size = 1; size < 17; size++) {
		memset(text, 'x', sizeof(text));
		ck_assert_int_eq(probe_case_expand("<$U@$D>", &names, text, size), ERR_FULL);
		ck_assert_int_eq(text[size], 'x');
	}
	ck_assert_int_eq(probe_case_expand("<$X>", &names, text, sizeof(text)), ERR_NOT_FOUND);
	ck_assert_int_eq(probe_case_expand("a$", &names, text, sizeof(text)), OK);
	ck_assert_str_eq(text, "a$");
	names.c[0] = '\0';
	ck_assert_int_eq(probe_case_expand("<$U@[$C]>", &names, text, sizeof(text)), ERR_NOT_FOUND);
}
END_TEST

static const struct {
	const char *announced, *host, *parent;
} hosts[] = {
	{"mx.example.net", "mx.example.net", "example.net"},
	{"mx.example.net.", "mx.example.net", "example.net"},
	{"MX1.Example.NET", "MX1.Example.NET", "Example.NET"},
	{"example.net", "example.net", "example.net"}, /* "net" is no mail domain */
	{"a_b.example.net", "a_b.example.net", "example.net"},
	{"", "[192.0.2.9]", "[192.0.2.9]"},
	{"localhost", "[192.0.2.9]", "[192.0.2.9]"},
	{"***************", "[192.0.2.9]", "[192.0.2.9]"},
	{"192.0.2.9", "[192.0.2.9]", "[192.0.2.9]"},
	{"[192.0.2.9]", "[192.0.2.9]", "[192.0.2.9]"},
	{".example.net", "[192.0.2.9]", "[192.0.2.9]"},
	{"a..net", "[192.0.2.9]", "[192.0.2.9]"},
	{"-a.net", "[192.0.2.9]", "[192.0.2.9]"},
	{"a>.net", "[192.0.2.9]", "[192.0.2.9]"},
	{"a.net\r\nRCPT", "[192.0.2.9]", "[192.0.2.9]"},
	{"$U.net", "[192.0.2.9]", "[192.0.2.9]"},
};

START_TEST(host_names)
{
	set_up();
	probe_names_host(&names, text_of(hosts[_i].announced));
	ck_assert_str_eq(names.h, hosts[_i].host);
	ck_assert_str_eq(names.p, hosts[_i].parent);
}
END_TEST

START_TEST(long_host_names)
{
	char name[300];

	set_up();
	memset(name, 'a', sizeof(name));
	for (size_t i = 50; i < sizeof(name); i += 50)
		name[i] = '.';
	probe_names_host(&names, (struct text){name, 255});
	ck_assert_uint_eq(strlen(names.h), 255);
	probe_names_host(&names, (struct text){name, 256});
	ck_assert_str_eq(names.h, "[192.0.2.9]");
}
END_TEST

START_TEST(ipv6_literal)
{
	struct addr target;

	ck_assert_int_eq(addr_parse(TEXT("2001:db8::1"), &target), OK);
	ck_assert_int_eq(probe_names_init(&names, "probe.test", &target, NULL, &error), OK);
	ck_assert_str_eq(names.i, "IPv6:2001:db8::1"); /* RFC 5321 section 4.1.3 */
	ck_assert_str_eq(names.h, "[IPv6:2001:db8::1]");
	ck_assert_str_eq(names.c, "");
	ck_assert_int_eq(probe_names_init(&names, "no dots", &target, NULL, &error), ERR_SYNTAX);
	ck_assert_int_eq(probe_names_init(&names, "", &target, NULL, &error), ERR_SYNTAX);
}
END_TEST

static Suite *
suite(void)
{
	Suite *s = suite_create("probe_case");
	TCase *table = tcase_create("table"), *expand = tcase_create("expand");

	tcase_add_test(table, every_row);
	tcase_add_test(table, numbers);
	tcase_add_test(table, not_by_default);
	tcase_add_test(table, order);
	tcase_add_test(table, senders_are_shared);
	tcase_add_test(table, lists);
	tcase_add_test(expand, expansion_is_bounded);
	tcase_add_loop_test(expand, host_names, 0, (int)ORBL_COUNT(hosts));
	tcase_add_test(expand, long_host_names);
	tcase_add_test(expand, ipv6_literal);
	suite_add_tcase(s, table);
	suite_add_tcase(s, expand);
	return s;
}

int
main(void)
{
	return unit_run(suite());
}
