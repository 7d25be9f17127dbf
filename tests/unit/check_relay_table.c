#include "relay_table.h"

#include <stdlib.h>
#include <string.h>

#include "relay_postfix_rules.h"
#include "scratch.h"
#include "unit.h"

static char warnings[4096];
static const struct relay_folder folder = {{"", 0}, {"/etc/postfix", 12}};

static enum err
open_table(const char *name, struct relay_table **out, struct error *e)
{
	FILE *f = fmemopen(warnings, sizeof(warnings), "w");
	struct relay_source source = {.name = "main.cf", .warnings = f, .error = e};
	enum err err;

	memset(warnings, 0, sizeof(warnings));
	err = relay_table_open(text_of(name), &folder, 7, &source, out);
	fclose(f);
	return err;
}

static struct relay_table *
table_of(const char *name, const char *content)
{
	struct relay_table *t = NULL;
	struct error e = {.code = OK};

	if (content != NULL)
		scratch_write("t", content, strlen(content));
	ck_assert_msg(open_table(name, &t, &e) == OK, "%s", e.text);
	return t;
}

static void
finds(const struct relay_table *t, const char *key, const char *wanted)
{
	const struct relay_table_entry *e = relay_table_find(t, text_of(key), false);

	if (wanted == NULL) {
		ck_assert_msg(e == NULL, "%s is there", key);
		return;
	}
	ck_assert_msg(e != NULL, "%s is not there", key);
	ck_assert_msg(text_equal(relay_table_value(e), text_of(wanted)), "%s is %s", key, e->text);
}

START_TEST(lines_are_keys_and_values)
{
	struct relay_table *t = table_of("texthash:/etc/postfix/t",
		"# comment\n\n  # indented\nKey One\nkey two\n"
		"192.0.2\tREJECT\n\tgo away\n# between\n  now\nno-value\n\nlast  x y\t");

	finds(t, "key", "One");
	finds(t, "KEY", "One");
	finds(t, "192.0.2", "REJECT go away  now");
	finds(t, "last", "x y");
	finds(t, "no-value", NULL);
	finds(t, "ke", NULL);
	finds(t, "keys", NULL);
	finds(t, "", NULL);
	finds(t, "zzz", NULL);
	ck_assert_uint_eq(relay_table_find(t, TEXT("192.0.2"), true)->line, 6);
	ck_assert_str_eq(t->file, "t");
	ck_assert_ptr_nonnull(strstr(warnings, "t:1: 1 lines without a value"));
	relay_table_free(t);
}
END_TEST

START_TEST(what_is_not_printable_is_passed_over)
{
	struct relay_table *t = table_of("texthash:t",
		"b\xc3\xbc"
		"cher OK\nx \x1b[31mOK\ny OK\n");

	finds(t, "y", "OK");
	finds(t, "x", NULL);
	ck_assert_uint_eq(t->count, 1);
	ck_assert_ptr_nonnull(strstr(warnings, "2 lines"));
	relay_table_free(t);
	scratch_write("t", "a OK\0b REJECT\nc OK\n", 19);
	t = table_of("texthash:t", NULL);
	finds(t, "a", NULL);
	finds(t, "c", "OK");
	relay_table_free(t);
}
END_TEST

START_TEST(a_compiled_table_is_read_from_its_text)
{
	struct relay_table *t = table_of("hash:t", "a OK\n");

	finds(t, "a", "OK");
	ck_assert_ptr_nonnull(strstr(warnings, "main.cf:7: hash:t: the text t is read"));
	relay_table_free(t);
	t = table_of("hash:nowhere", NULL);
	ck_assert_int_eq(t->kind, RELAY_TABLE_UNREAD);
	finds(t, "a", NULL);
	ck_assert_ptr_nonnull(strstr(warnings, "main.cf:7: hash:nowhere is not read"));
	relay_table_free(t);
}
END_TEST

START_TEST(the_first_network_that_matches_counts)
{
	struct relay_table *t = table_of("cidr:t",
		"10.0.0.1 one\n10.0.0.0/8 ten\nIF 192.0.2.0/24\nif !192.0.2.128/25\n"
		"192.0.2.1 a\nendif\n192.0.2.0/24 b\nENDIF\n!0.0.0.0/0 six\n0.0.0.0/0 rest\n");

	finds(t, "10.0.0.1", "one");
	finds(t, "10.0.0.2", "ten");
	finds(t, "192.0.2.1", "a");
	finds(t, "192.0.2.2", "b");
	finds(t, "192.0.2.129", "b");
	finds(t, "198.51.100.1", "rest");
	finds(t, "2001:db8::1", "six");
	finds(t, "example.org", NULL);
	ck_assert_ptr_null(relay_table_find(t, TEXT("10.0.0.1"), true));
	ck_assert_uint_eq(relay_table_find(t, TEXT("192.0.2.2"), false)->line, 7);
	relay_table_free(t);
}
END_TEST

static void
refused(const char *name, const char *content, const char *wanted)
{
	struct relay_table *t = (struct relay_table *)&warnings;
	struct error e = {.code = OK};

	scratch_write("t", content, strlen(content));
	ck_assert_int_ne(open_table(name, &t, &e), OK);
	ck_assert_ptr_null(t);
	ck_assert_msg(strstr(e.text, wanted) != NULL, "'%s' is not in '%s'", wanted, e.text);
}

START_TEST(a_damaged_table_is_refused)
{
	char deep[1024] = "";

	refused("cidr:t", "10.0.0.0/8 OK\n10.0.0.1/8 OK\n", "t:2: '10.0.0.1/8' has bits");
	refused("cidr:t", "example.org OK\n", "t:1: 'example.org' is no network");
	refused("cidr:t", "10.0.0.0/8\n", "t:1: no line 'NETWORK ACTION'");
	refused("cidr:t", "endif\n", "t:1: an 'endif' without");
	refused("cidr:t", "\nif 10.0.0.0/8\n", "t:2: an 'if' without");
	refused("inline:{a=}", "", "main.cf:7: inline:");
	refused("inline:{=a}", "", "main.cf:7: inline:");
	refused("inline:{a", "", "main.cf:7: inline: needs braces");
	for (int i = 0; i < 33; i++)
		snprintf(deep + strlen(deep), sizeof(deep) - strlen(deep), "if 10.0.0.0/8\n");
	refused("cidr:t", deep, "t:33: more than 32 'if'");
}
END_TEST

START_TEST(tables_may_stand_in_main_cf)
{
	struct relay_table *t = table_of("inline:{ a=1, B.example=OK,{c = reject me, not}, {d=x} }",
		NULL);

	finds(t, "a", "1");
	finds(t, "b.example", "OK");
	finds(t, "c", "reject me, not");
	finds(t, "d", "x");
	ck_assert_ptr_null(t->file);
	ck_assert_uint_eq(relay_table_find(t, TEXT("d"), false)->line, 7);
	relay_table_free(t);
	t = table_of("inline:{}", NULL);
	finds(t, "a", NULL);
	relay_table_free(t);
	t = table_of("static:OK", NULL);
	finds(t, "whatever", "OK");
	ck_assert_ptr_null(relay_table_find(t, TEXT("what"), true));
	relay_table_free(t);
	t = table_of("static:{REJECT go away}", NULL);
	finds(t, "", "REJECT go away");
	relay_table_free(t);
}
END_TEST

START_TEST(networks)
{
	static const struct {
		const char *text;
		enum err err;
	} rows[] = {
		{"192.0.2.0/24", OK},
		{"192.0.2.1", OK},
		{"[2001:db8::]/32", OK},
		{"[::1]", OK},
		{"2001:db8::/32", OK},
		{"[::ffff:127.0.0.0]/104", OK},
		{"::ffff:127.0.0.0/104", OK},
		{"[::ffff:192.0.2.1]", OK},
		{"[::ffff:0:0]/96", OK},
		{"[::ffff:192.0.2.1]/128", OK},
		{"[::ffff:192.0.2.1]/129", ERR_SYNTAX},
		{"[::ffff:192.0.2.1]/120", ERR_RANGE},
		{"[::ffff:0:0]/95", ERR_RANGE},
		{"[::ffff:0:0]/", ERR_SYNTAX},
		{"192.0.2.1/24", ERR_RANGE},
		{"[2001:db8::1]/32", ERR_RANGE},
		{"[::1", ERR_SYNTAX},
		{"[::1]x", ERR_SYNTAX},
		{"[]/1", ERR_SYNTAX},
		{"", ERR_SYNTAX},
		{"x", ERR_SYNTAX},
		{"[0000000000000000000000000000000000000000000000000000000000]", ERR_SYNTAX},
	};

	for (size_t i = 0; i < ORBL_COUNT(rows); i++) {
		struct prefix p;

		ck_assert_msg(relay_net_parse(text_of(rows[i].text), &p) == rows[i].err, "%s",
			rows[i].text);
	}
}
END_TEST

START_TEST(the_actions_of_access_tables)
{
	static const struct {
		const char *value;
		enum relay_action action;
	} rows[] = {
		{"OK", ACTION_PERMIT},
		{"ok whatever", ACTION_PERMIT},
		{"RELAY", ACTION_PERMIT},
		{"123456", ACTION_PERMIT},
		{"450", ACTION_PERMIT},
		{"450 later", ACTION_REJECT},
		{"550 5.7.1 no", ACTION_REJECT},
		{"250 yes", ACTION_RESTRICTIONS},
		{"REJECT", ACTION_REJECT},
		{"reject no", ACTION_REJECT},
		{"DEFER", ACTION_REJECT},
		{"DEFER_IF_PERMIT x", ACTION_DEFER_IF_PERMIT},
		{"DEFER_IF_REJECT x", ACTION_DUNNO},
		{"DUNNO", ACTION_DUNNO},
		{"FILTER smtp:x", ACTION_DUNNO},
		{"permit_mynetworks, reject", ACTION_RESTRICTIONS},
		{"OKAY", ACTION_RESTRICTIONS},
	};

	for (size_t i = 0; i < ORBL_COUNT(rows); i++)
		ck_assert_msg(relay_access_action(text_of(rows[i].value)) == rows[i].action, "%s",
			rows[i].value);
}
END_TEST

/* Whoever copies a main.cf does not want the tables of another machine. */
START_TEST(only_files_beside_main_cf_are_read)
{
	const struct relay_folder away = {TEXT("mx1"), TEXT("/etc/postfix")};
	const struct relay_folder claimed = {TEXT("leak"), TEXT("leak")},
				  in_place = {TEXT("/etc/postfix"), TEXT("/etc/postfix")};
	char out[64];

	ck_assert(relay_folder_path(&away, TEXT("/etc/postfix/a/b"), out, sizeof(out)));
	ck_assert_str_eq(out, "mx1/a/b");
	ck_assert(relay_folder_path(&away, TEXT("a"), out, sizeof(out)));
	ck_assert_str_eq(out, "mx1/a");
	ck_assert(!relay_folder_path(&away, TEXT("/etc/postfixes/a"), out, sizeof(out)));
	ck_assert(!relay_folder_path(&away, TEXT("/etc/postfix/../a"), out, sizeof(out)));
	ck_assert(!relay_folder_path(&away, TEXT("../a"), out, sizeof(out)));
	ck_assert(!relay_folder_path(&away, TEXT("/srv/a"), out, sizeof(out)));
	ck_assert(!relay_folder_path(&away, TEXT(""), out, sizeof(out)));
	ck_assert(!relay_folder_path(&away, TEXT("abcdefgh"), out, 8));
	ck_assert(relay_folder_path(&in_place, TEXT("/srv/a"), out, sizeof(out)));
	ck_assert_str_eq(out, "/srv/a");
	ck_assert(relay_folder_path(&in_place, TEXT("/etc/postfix/a"), out, sizeof(out)));
	ck_assert_str_eq(out, "/etc/postfix/a");
	/* A folder that the file itself calls its own by a relative name may be anybody's. */
	ck_assert(!relay_folder_path(&claimed, TEXT("/etc/shadow"), out, sizeof(out)));
}
END_TEST

static Suite *
suite(void)
{
	Suite *s = suite_create("relay_table");
	TCase *files = tcase_create("files"), *others = tcase_create("others");

	tcase_add_checked_fixture(files, scratch_enter, scratch_leave);
	tcase_add_test(files, lines_are_keys_and_values);
	tcase_add_test(files, what_is_not_printable_is_passed_over);
	tcase_add_test(files, a_compiled_table_is_read_from_its_text);
	tcase_add_test(files, the_first_network_that_matches_counts);
	tcase_add_test(files, a_damaged_table_is_refused);
	suite_add_tcase(s, files);
	tcase_add_test(others, tables_may_stand_in_main_cf);
	tcase_add_test(others, networks);
	tcase_add_test(others, only_files_beside_main_cf_are_read);
	tcase_add_test(others, the_actions_of_access_tables);
	suite_add_tcase(s, others);
	return s;
}

int
main(void)
{
	return unit_run(suite());
}
