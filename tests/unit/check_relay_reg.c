#include "unit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "relay_policy.h"

#define HKLM     "HKEY_LOCAL_MACHINE\\SYSTEM"
#define IMC      "\\MSExchangeIMC\\Parameters"
#define KEY      HKLM "\\CurrentControlSet\\Services" IMC
#define REGEDIT4 "REGEDIT4\r\n\r\n"
#define REGEDIT5 "Windows Registry Editor Version 5.00\r\n\r\n"

/* 10.0.0.1 as REG_MULTI_SZ, in both widths. */
#define NARROW "31,30,2e,30,2e,30,2e,31,00,00"
#define WIDE   "31,00,30,00,2e,00,30,00,2e,00,30,00,2e,00,31,00,00,00,00,00"

enum { FILE_SIZE = 4096, WARNINGS_SIZE = 1024 };

static enum err
parse(const char *bytes, size_t len, struct relay_policy **out, struct error *e)
{
	/* A copy of the exact size, so that the sanitizers see one byte too far. */
	char *copy = malloc(len != 0 ? len : 1);
	enum err err;

	memcpy(copy, bytes, len);
	err = relay_policy_parse(copy, len, "r", out, NULL, e);
	free(copy);
	return err;
}

static struct relay_policy *
read_reg(const char *text)
{
	struct relay_policy *p;
	struct error e = {.code = OK};

	ck_assert_msg(parse(text, strlen(text), &p, &e) == OK, "%s", e.text);
	return p;
}

static struct relay_decision
ask(const struct relay_policy *p, const char *client)
{
	struct relay_request r = {.authenticated = false};

	ck_assert_int_eq(addr_parse(text_of(client), &r.client), OK);
	return relay_policy_decide(p, &r);
}

static void
assert_allows_one(const char *text)
{
	struct relay_policy *p = read_reg(text);

	ck_assert_str_eq(ask(p, "10.0.0.1").rule, "RelayAllowList");
	ck_assert_str_eq(ask(p, "10.0.0.2").rule, "default");
	relay_policy_free(p);
}

START_TEST(allows_one)
{
	static const char *const rows[] = {
		REGEDIT4 "[" KEY "]\r\n\"RelayFlags\"=dword:00000002\r\n"
			 "\"RelayAllowList\"=hex(7):" NARROW "\r\n",
		REGEDIT5 "[" KEY "]\r\n\"RelayFlags\"=dword:00000002\r\n"
			 "\"RelayAllowList\"=hex(7):" WIDE "\r\n",
		/* The other width under either name. */
		REGEDIT4 "[" KEY "]\r\n\"RelayFlags\"=dword:00000002\r\n"
			 "\"RelayAllowList\"=hex(7):" WIDE "\r\n",
		REGEDIT5 "[" KEY "]\r\n\"RelayFlags\"=dword:00000002\r\n"
			 "\"RelayAllowList\"=hex(7):" NARROW "\r\n",
		/* Line feeds alone, the last one missing, blanks, capitals, a byte-order mark. */
		"\xef\xbb\xbfREGEDIT4\n[" KEY "]\n  \"RELAYFLAGS\" = DWORD:00000002\n"
		"\"relayallowlist\"=HEX(7):31,30,2E,30, \\\n\t2E,30,2E,31,00,00",
		/* A key without its values before, one with others behind. */
		REGEDIT4 "[" KEY "\\Sub]\n\"RelayFlags\"=dword:0000000f\n[" KEY "]\n"
			 "\"RelayFlags\"=dword:00000002\n\"RelayAllowList\"=hex(7):" NARROW "\n"
			 "[HKEY_LOCAL_MACHINE\\SOFTWARE]\n\"RelayFlags\"=dword:0000000f\n",
		/* The same key again, with another value. */
		REGEDIT4 "[" KEY "]\n\"RelayFlags\"=dword:00000002\n[" KEY "]\n"
			 "\"RelayAllowList\"=hex(7):" NARROW "\n",
		/* Values and types of other keys are nobody's business. */
		REGEDIT4 "[HKEY_USERS]\n\"RelayFlags\"=dword:zz\n\"x\nnonsense\n"
			 "\"y\"=hex:00,\\\n  01,\\\n  02\n"
			 "[" KEY "]\n\"z\"=\"a \\\"quoted\\\" text\\\\\"\n"
			 "\"RelayFlags\"=dword:00000002\n\"RelayAllowList\"=hex(7):" NARROW "\n",
	};

	assert_allows_one(rows[_i]);
}
END_TEST
enum { ALLOWS_ROWS = 8 };

static size_t
widen(const char *text, char *out)
{
	size_t len = 0;

	out[len++] = (char)0xff;
	out[len++] = (char)0xfe;
	for (; *text != '\0'; text++) {
		out[len++] = *text;
		out[len++] = '\0';
	}
	return len;
}

START_TEST(utf16_files)
{
	const char *text = REGEDIT5 "[" KEY "]\r\n\"RelayFlags\"=dword:00000002\r\n"
				    "\"RelayAllowList\"=hex(7):" WIDE "\r\n";
	char bytes[FILE_SIZE];
	size_t len = widen(text, bytes);
	struct relay_policy *p;
	struct error e;

	ck_assert_int_eq(parse(bytes, len, &p, &e), OK);
	ck_assert_int_eq(ask(p, "10.0.0.1").answer, RELAY_PERMIT);
	ck_assert_uint_eq(ask(p, "10.0.0.1").line, 5);
	relay_policy_free(p);
	ck_assert_int_eq(parse(bytes, len - 1, &p, &e), ERR_SYNTAX);
	ck_assert_ptr_nonnull(strstr(e.text, "odd number of bytes"));
	bytes[0] = (char)0xfe;
	bytes[1] = (char)0xff;
	ck_assert_int_eq(parse(bytes, len, &p, &e), ERR_UNSUPPORTED);
}
END_TEST

/* Cut anywhere, an export is either refused or has lost only what stood behind the cut; an
 * entry is never read by half. */
START_TEST(cut_short)
{
	const char *text = REGEDIT4
		"[" KEY "]\r\n\"RelayFlags\"=dword:00000002\r\n"
		"\"RelayAllowList\"=hex(7):31,30,2e,30,2e,30,2e,31,32,00,00\r\n";
	struct relay_policy *p;
	struct error e;

	for (size_t len = 0; len < strlen(text); len++) {
		if (parse(text, len, &p, &e) != OK)
			continue;
		ck_assert_int_eq(ask(p, "10.0.0.1").answer == RELAY_PERMIT,
			strcmp(ask(p, "10.0.0.1").rule, "not set") == 0);
		relay_policy_free(p);
	}
}
END_TEST

START_TEST(keys)
{
	static const struct {
		const char *key;
		bool known;
	} rows[] = {
		{KEY, true},
		{HKLM "\\CurrentControlSet\\Service" IMC, true},
		{HKLM "\\ControlSet001\\Services" IMC, true},
		{HKLM "\\ControlSet\\Services" IMC, false},
		{HKLM "\\ControlSet000\\Services" IMC, false},
		{HKLM "\\ControlSetX\\Services" IMC, false},
		{"HKEY_CURRENT_USER\\SYSTEM\\CurrentControlSet\\Services" IMC, false},
		{"hkey_local_machine\\system\\CURRENTCONTROLSET\\services\\msexchangeimc"
		 "\\parameters",
			true},
		{KEY "\\x", false},
		{"HKEY_LOCAL_MACHINE", false},
		{"", false},
	};
	char text[FILE_SIZE];
	struct relay_policy *p;
	struct error e;

	snprintf(text, sizeof(text), REGEDIT4 "[%s]\n\"RelayFlags\"=dword:00000000\n",
		rows[_i].key);
	ck_assert_msg(parse(text, strlen(text), &p, &e) == (rows[_i].known ? OK : ERR_NOT_FOUND),
		"%s", rows[_i].key);
	if (rows[_i].known)
		ck_assert_int_eq(ask(p, "10.0.0.1").answer, RELAY_DENY);
	relay_policy_free(p);
}
END_TEST
enum { KEY_ROWS = 11 };

#define SET(name, flags)                                                                           \
	"[" HKLM "\\" name "\\Services" IMC "]\n"                                                  \
	"\"RelayFlags\"=dword:0000000" flags "\n"

START_TEST(control_sets)
{
	static const struct {
		const char *text, *rule;
	} rows[] = {
		{"REGEDIT4\n" SET("ControlSet001", "0") SET("CurrentControlSet", "1"),
			"RelayFlags exactly 1"},
		{"REGEDIT4\n" SET("CurrentControlSet", "1") SET("ControlSet001", "0"),
			"RelayFlags exactly 1"},
		{"REGEDIT4\n" SET("ControlSet002", "1") SET("ControlSet001", "0"),
			"RelayFlags exactly 1"},
		{"REGEDIT4\n" SET("ControlSet001", "0") "[" KEY "]\n", "not set"},
	};
	struct relay_policy *p = read_reg(rows[_i].text);

	ck_assert_str_eq(ask(p, "10.0.0.1").rule, rows[_i].rule);
	relay_policy_free(p);
}
END_TEST
enum { SET_ROWS = 4 };

START_TEST(empty_lists)
{
	static const char *const rows[] = {"", "00", "00,00", "00,00,00", "00,00,00,00"};
	char text[FILE_SIZE];
	struct relay_policy *p;

	snprintf(text, sizeof(text),
		REGEDIT5 "[" KEY "]\n\"RelayAllowList\"=hex(7):%s\n"
			 "\"RelayFlags\"=dword:00000002\n",
		rows[_i]);
	p = read_reg(text);
	ck_assert_str_eq(ask(p, "10.0.0.1").rule, "default");
	relay_policy_free(p);
}
END_TEST
enum { EMPTY_ROWS = 5 };

START_TEST(refuses)
{
	static const char *const rows[][2] = {
		{"\"RelayFlags\"=dword:", "r:4: RelayFlags is not of 8 hexadecimal digits"},
		{"\"RelayFlags\"=dword:000000001", "RelayFlags is not of 8 hexadecimal digits"},
		{"\"RelayFlags\"=dword:0000000g", "r:4: RelayFlags is not of 8 hexadecimal digits"},
		{"\"RelayFlags\"=hex(4):03,00,00,00", "r:4: RelayFlags is no dword"},
		{"\"RelayFlags\"=", "r:4: RelayFlags is no dword"},
		{"\"RelayFlags\"", "r:4: a value has no '='"},
		{"\"RelayFlags=dword:00000001", "r:4: a value has no '='"},
		{"RelayFlags=dword:00000001", "r:4: the line is neither key nor value"},
		{"\"RelayFlags\"=-", "r:4: RelayFlags is to be deleted"},
		{"\"RelayFlags\"=dword:00000001\n\"relayFLAGS\"=dword:00000001",
			"r:5: RelayFlags is there twice"},
		{"\"RelayDenyList\"=\"10.0.0.1\"", "r:4: RelayDenyList is no hex(7)"},
		{"\"RelayDenyList\"=hex:31,00,00", "r:4: RelayDenyList is no hex(7)"},
		{"\"RelayDenyList\"=hex(7):3", "a byte that is not two hexadecimal digits"},
		{"\"RelayDenyList\"=hex(7):31 30", "a byte that is not two hexadecimal digits"},
		{"\"RelayDenyList\"=hex(7):31,,30", "a byte that is not two hexadecimal digits"},
		{"\"RelayDenyList\"=hex(7):,", "a byte that is not two hexadecimal digits"},
		{"\"RelayDenyList\"=hex(7):31\\\n,30", "a byte that is not two hexadecimal digits"},
		{"\"RelayDenyList\"=hex(7):31,\\\n\n30", "r:5: RelayDenyList has a byte"},
		{"\"RelayDenyList\"=hex(7):31,\\", "r:4: RelayDenyList is cut short: no line"},
		{"\"RelayDenyList\"=hex(7):31,30,2e,30,2e,30,2e,31,00", "no empty string ends it"},
		{"\"RelayDenyList\"=hex(7):31,30,2e,30,2e,30,2e,31", "no empty string ends it"},
		{"\"RelayDenyList\"=hex(7):31,00,30,00,2e", "half a character"},
		{"\"RelayDenyList\"=hex(7):00,00,31,00", "goes on behind its end"},
		{"\"RelayDenyList\"=hex(7):31,00,30,01,00,00", "characters that belong to no"},
		{"\"RelayDenyList\"=hex(7):31,30,ff,00,00", "characters that belong to no address"},
		{"\"RelayDenyList\"=hex(7):31,30,00,00", "r:4: '10' is no IPv4 address"},
		{"[" KEY, "r:4: the key has no closing bracket"},
		{"[-" KEY "]", "r:4: the key is to be deleted"},
		{"\"Text\"=\"open\n\"RelayFlags\"=dword:00000001", "r:4: a string does not end"},
		{"\"Text\"=\"open\n", "r:4: a string does not end"},
	};
	char text[FILE_SIZE];
	struct relay_policy *p;
	struct error e;

	snprintf(text, sizeof(text), REGEDIT4 "[" KEY "]\n%s", rows[_i][0]);
	ck_assert_msg(parse(text, strlen(text), &p, &e) == ERR_SYNTAX, "%s", rows[_i][0]);
	ck_assert_ptr_null(p);
	ck_assert_msg(strstr(e.text, rows[_i][1]) != NULL, "wanted '%s' in '%s'", rows[_i][1],
		e.text);
}
END_TEST
enum { REFUSES_ROWS = 30 };

START_TEST(too_long_an_entry)
{
	char text[FILE_SIZE];
	struct relay_policy *p;
	struct error e;
	size_t len = (size_t)snprintf(text, sizeof(text),
		REGEDIT4 "[" KEY "]\n\"RelayDenyList\"=hex(7):");

	for (int i = 0; i < 100; i++)
		len += (size_t)snprintf(text + len, sizeof(text) - len, "31,");
	snprintf(text + len, sizeof(text) - len, "00,00\n");
	ck_assert_int_eq(parse(text, strlen(text), &p, &e), ERR_SYNTAX);
	ck_assert_ptr_nonnull(strstr(e.text, "too long for an address"));
}
END_TEST

START_TEST(signatures)
{
	static const char *const rows[] = {"REGEDIT", "REGEDIT5\n", "REGEDIT4x\n",
		"Windows Registry Editor Version 6.00\n", "Windows Registry Editor"};
	struct relay_policy *p;
	struct error e;

	ck_assert_int_eq(parse(rows[_i], strlen(rows[_i]), &p, &e), ERR_UNSUPPORTED);
	ck_assert_ptr_nonnull(strstr(e.text, "r:1: "));
}
END_TEST
enum { SIGNATURE_ROWS = 5 };

START_TEST(warns)
{
	const char *text = REGEDIT4 "[" KEY "]\n\"RelayFlags\"=dword:00000012\n"
				    "\"RelayAllowList\"=hex(7):31,30,2e,30,2e,30,2e,31,3b,"
				    "32,35,35,2e,30,2e,30,2e,30,00,00\n";
	char got[WARNINGS_SIZE] = "";
	FILE *f = fmemopen(got, sizeof(got), "w");
	struct relay_policy *p;
	struct error e;

	ck_assert_int_eq(relay_policy_parse(text, strlen(text), "r", &p, f, &e), OK);
	fclose(f);
	ck_assert_ptr_nonnull(strstr(got, "r:4: RelayFlags 18 has bits that name no rule"));
	ck_assert_ptr_nonnull(
		strstr(got, "r:5: '10.0.0.1;255.0.0.0' in RelayAllowList never matches"));
	ck_assert_int_eq(ask(p, "10.0.0.1").answer, RELAY_DENY);
	relay_policy_free(p);
}
END_TEST

static Suite *
suite(void)
{
	Suite *s = suite_create("relay_reg");
	TCase *forms = tcase_create("forms"), *damage = tcase_create("damage");

	tcase_add_loop_test(forms, allows_one, 0, ALLOWS_ROWS);
	tcase_add_test(forms, utf16_files);
	tcase_add_loop_test(forms, keys, 0, KEY_ROWS);
	tcase_add_loop_test(forms, control_sets, 0, SET_ROWS);
	tcase_add_loop_test(forms, empty_lists, 0, EMPTY_ROWS);
	tcase_add_test(forms, warns);
	tcase_add_test(damage, cut_short);
	tcase_add_loop_test(damage, refuses, 0, REFUSES_ROWS);
	tcase_add_test(damage, too_long_an_entry);
	tcase_add_loop_test(damage, signatures, 0, SIGNATURE_ROWS);
	suite_add_tcase(s, forms);
	suite_add_tcase(s, damage);
	return s;
}

int
main(void)
{
	return unit_run(suite());
}
