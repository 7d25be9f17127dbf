#include "unit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "relay_policy.h"

enum { POLICY_SIZE = 1024, WARNINGS_SIZE = 1024 };

static struct relay_policy *
read_policy(const char *text)
{
	struct relay_policy *p;
	struct error e = {.code = OK};

	ck_assert_msg(relay_policy_parse(text, strlen(text), "p", &p, NULL, &e) == OK, "%s",
		e.text);
	return p;
}

static struct addr
address(const char *t)
{
	struct addr a = {.family = 0};

	if (t[0] != '\0')
		ck_assert_int_eq(addr_parse(text_of(t), &a), OK);
	return a;
}

static struct relay_decision
ask(const struct relay_policy *p, const char *client, const char *recipient)
{
	struct relay_request r = {.client = address(client), .recipient = text_of(recipient)};

	return relay_policy_decide(p, &r);
}

/* --- the truth table: flags 0..15 or absent, both lists present or not, and every kind of
 * client, against the five sentences of Q193922 written once more --- */

enum { FLAGS_ABSENT = 16, FLAGS_COUNT = 17, LISTS_COUNT = 8 };

struct situation {
	unsigned flags, lists; /* lists: bits 1 deny, 2 allow, 4 local IP are in the file */
	const char *client, *local;
	bool denied, allowed, inside, authenticated;
};

static const struct {
	const char *address;
	bool denied, allowed;
} clients[] = {
	{"192.0.2.1", true, false},
	{"192.0.2.130", false, true},
	{"192.0.2.70", true, true},
	{"203.0.113.5", false, false},
	{"2001:db8::1", false, false},
	{"::ffff:192.0.2.1", true, false},
};

static const struct {
	const char *address;
	bool inside;
} locals[] = {{"10.0.0.1", true}, {"198.51.100.25", false}, {"2001:db8::25", false}, {"", false}};

static void
write_policy(const struct situation *s, char *out, size_t size)
{
	char flags[32] = "relay_flags = absent\n";

	if (s->flags != FLAGS_ABSENT)
		snprintf(flags, sizeof(flags), "relay_flags = %u\n", s->flags);
	snprintf(out, size, "%s%s%s%s", flags,
		(s->lists & 1) != 0 ? "relay_deny = 192.0.2.0;255.255.255.128\n" : "",
		(s->lists & 2) != 0 ? "relay_allow = 192.0.2.128;255.255.255.128\n"
				      "relay_allow = 192.0.2.64;255.255.255.192\n" :
				      "",
		(s->lists & 4) != 0 ? "relay_local_ip = 10.0.0.1\n" : "");
}

static const char *
expect(const struct situation *s, bool *permit)
{
	bool flag_1 = s->flags % 2 == 1, flag_2 = s->flags / 2 % 2 == 1;
	bool flag_4 = s->flags / 4 % 2 == 1, flag_8 = s->flags / 8 % 2 == 1;

	*permit = s->flags == FLAGS_ABSENT;
	if (s->flags == FLAGS_ABSENT)
		return "not set";
	if (flag_1 && s->lists % 2 == 1 && s->denied)
		return "RelayDenyList";
	*permit = true;
	if (flag_2 && s->lists / 2 % 2 == 1 && s->allowed)
		return "RelayAllowList";
	if (flag_4 && s->lists / 4 == 1 && s->inside)
		return "RelayLocalIPList";
	if (flag_8 && s->authenticated)
		return "authenticated";
	if (flag_1 && !flag_2 && !flag_4 && !flag_8)
		return "RelayFlags exactly 1";
	*permit = false;
	return "default";
}

static void
check_situation(const struct relay_policy *p, const struct situation *s)
{
	struct relay_request r = {.client = address(s->client),
		.local = address(s->local),
		.authenticated = s->authenticated};
	struct relay_decision d = relay_policy_decide(p, &r);
	bool permit, is_list;
	const char *rule = expect(s, &permit);

	ck_assert_msg(d.answer == (permit ? RELAY_PERMIT : RELAY_DENY) && strcmp(d.rule, rule) == 0,
		"flags %u, lists %u, client %s, local %s, auth %d: wanted %s, got %s (%s)",
		s->flags, s->lists, s->client, s->local, s->authenticated, rule, d.rule,
		relay_answer_name(d.answer));
	is_list = strncmp(rule, "Relay", 5) == 0 && strchr(rule, ' ') == NULL;
	ck_assert_int_eq(d.list != NULL, is_list);
	ck_assert_int_eq(d.entry != NULL, is_list);
	ck_assert_int_eq(d.line != 0, is_list);
	if (is_list)
		ck_assert_str_eq(d.list, rule);
}

START_TEST(truth_table)
{
	struct situation s = {.flags = (unsigned)_i};
	size_t combinations = ORBL_COUNT(clients) * ORBL_COUNT(locals) * 2;
	char text[POLICY_SIZE];

	for (s.lists = 0; s.lists < LISTS_COUNT; s.lists++) {
		struct relay_policy *p;

		write_policy(&s, text, sizeof(text));
		p = read_policy(text);
		for (size_t i = 0; i < combinations; i++) {
			size_t client = i / 2 % ORBL_COUNT(clients);
			size_t local = i / 2 / ORBL_COUNT(clients);

			s.client = clients[client].address;
			s.denied = clients[client].denied;
			s.allowed = clients[client].allowed;
			s.local = locals[local].address;
			s.inside = locals[local].inside;
			s.authenticated = i % 2 == 1;
			check_situation(p, &s);
		}
		relay_policy_free(p);
	}
}
END_TEST

START_TEST(order_of_lines_does_not_matter)
{
	struct relay_policy *p = read_policy("relay_allow = 192.0.2.0;255.255.255.0\n"
					     "relay_deny = 192.0.2.1\nrelay_flags = 3\n");

	ck_assert_int_eq(ask(p, "192.0.2.1", "").answer, RELAY_DENY);
	ck_assert_int_eq(ask(p, "192.0.2.2", "").answer, RELAY_PERMIT);
	relay_policy_free(p);
}
END_TEST

START_TEST(decision_names_the_line)
{
	struct relay_policy *p = read_policy(
		"# one\r\n\r\nrelay_flags = 1 # two\r\n"
		"\trelay_deny\t=  192.0.2.1 ; 255.255.255.255 \r\nrelay_deny = 192.0.2.2");
	struct relay_decision d = ask(p, "192.0.2.1", "");

	ck_assert_str_eq(d.list, "RelayDenyList");
	ck_assert_uint_eq(d.line, 4);
	ck_assert_str_eq(d.entry, "192.0.2.1;255.255.255.255");
	d = ask(p, "192.0.2.2", "");
	ck_assert_uint_eq(d.line, 5);
	ck_assert_str_eq(d.entry, "192.0.2.2");
	relay_policy_free(p);
}
END_TEST

START_TEST(many_lines)
{
	char *text = NULL;
	size_t size = 0;
	FILE *f = open_memstream(&text, &size);
	struct relay_policy *p;

	fprintf(f, "relay_flags = 2\n");
	for (unsigned i = 0; i < 1000; i++)
		fprintf(f, "relay_allow = 10.0.%u.%u\n", i / 256, i % 256);
	fclose(f);
	p = read_policy(text);
	ck_assert_uint_eq(ask(p, "10.0.0.0", "").line, 2);
	ck_assert_uint_eq(ask(p, "10.0.3.231", "").line, 1001);
	ck_assert_int_eq(ask(p, "10.0.3.232", "").answer, RELAY_DENY);
	relay_policy_free(p);
	free(text);
}
END_TEST

/* --- what surrounds the decision --- */

START_TEST(local_domains)
{
	struct relay_policy *p = read_policy("relay_flags = 0\nlocal_domain = Inbound.Example\n");

	ck_assert_int_eq(ask(p, "192.0.2.1", "u@inbound.example").answer, RELAY_LOCAL);
	ck_assert_uint_eq(ask(p, "192.0.2.1", "u@INBOUND.EXAMPLE").line, 2);
	ck_assert_int_eq(ask(p, "192.0.2.1", "u@x.inbound.example").answer, RELAY_DENY);
	ck_assert_int_eq(ask(p, "192.0.2.1", "u").answer, RELAY_DENY);
	ck_assert_int_eq(ask(p, "192.0.2.1", "").answer, RELAY_DENY);
	ck_assert(relay_policy_is_local(p, TEXT("inbound.EXAMPLE")));
	ck_assert(!relay_policy_is_local(p, TEXT("example")));
	ck_assert(!relay_policy_is_local(p, TEXT_NONE));
	relay_policy_free(p);
}
END_TEST

START_TEST(versions)
{
	static const struct {
		const char *text;
		enum relay_answer answer;
	} rows[] = {
		{"version = 4.0\nrelay_flags = 0\n", RELAY_PERMIT},
		{"version = 4.0\nrouting = do-not-reroute\n", RELAY_PERMIT},
		{"version = 5.0\nrelay_flags = 0\n", RELAY_PERMIT},
		{"version = 5.0\npop3_imap4 = on\nrelay_flags = 0\n", RELAY_PERMIT},
		{"version = 5.0\npop3_imap4 = off\nrelay_flags = 0\n", RELAY_DENY},
		{"version = 5.0\npop3_imap4 = off\nrouting = do-not-reroute\n", RELAY_THEN_BOUNCE},
		{"version = 5.5\nrelay_flags = 0\n", RELAY_DENY},
		{"version = 5.5\npop3_imap4 = on\nrelay_flags = 0\n", RELAY_DENY},
		{"relay_flags = absent\n", RELAY_PERMIT},
		{"routing = do-not-reroute\nrelay_flags = absent\n", RELAY_THEN_BOUNCE},
		{"routing = reroute\nrelay_flags = 0\n", RELAY_DENY},
		{"version = 5.5\n", RELAY_PERMIT},
	};

	for (size_t i = 0; i < ORBL_COUNT(rows); i++) {
		struct relay_policy *p = read_policy(rows[i].text);

		ck_assert_msg(ask(p, "192.0.2.1", "u@victim.example").answer == rows[i].answer,
			"%s", rows[i].text);
		relay_policy_free(p);
	}
}
END_TEST

static enum relay_answer
ask_encapsulated(const char *settings, const char *recipient)
{
	char text[POLICY_SIZE];
	struct relay_policy *p;
	enum relay_answer answer;

	snprintf(text, sizeof(text), "relay_flags = 0\nlocal_domain = own.test\n%s", settings);
	p = read_policy(text);
	answer = ask(p, "192.0.2.1", recipient).answer;
	relay_policy_free(p);
	return answer;
}

START_TEST(encapsulated_addresses)
{
	const char *recipient = "IMCEASMTP-u+40victim+2Etest@own.test";

	ck_assert_int_eq(ask_encapsulated("", recipient), RELAY_DENY);
	ck_assert_int_eq(ask_encapsulated("encapsulated_fix = yes\n", recipient), RELAY_DENY);
	ck_assert_int_eq(ask_encapsulated("encapsulated_fix = no\n", recipient), RELAY_PERMIT);
	ck_assert_int_eq(ask_encapsulated("encapsulated_fix = no\nrouting = do-not-reroute\n",
				 recipient),
		RELAY_PERMIT);
	ck_assert_int_eq(ask_encapsulated("encapsulated_fix = no\nversion = 5.0\n"
					  "pop3_imap4 = off\n",
				 recipient),
		RELAY_DENY);
	ck_assert_int_eq(ask_encapsulated("encapsulated_fix = no\n",
				 "@own.test:IMCEASMTP-u+40victim+2Etest@own.test"),
		RELAY_PERMIT);
	ck_assert_int_eq(ask_encapsulated("encapsulated_fix = no\n",
				 "IMCEASMTP-u+40victim+2Etest@other.test"),
		RELAY_DENY);
	ck_assert_int_eq(ask_encapsulated("encapsulated_fix = no\n",
				 "IMCEASMTP-u+40own+2Etest@own.test"),
		RELAY_LOCAL);
	/* Decoded once, it is still an address of ours; what is in it cannot be decoded. */
	ck_assert_int_eq(ask_encapsulated("encapsulated_fix = no\n",
				 "IMCEASMTP-IMCEASMTP-u+2B4+40own.test@own.test"),
		RELAY_LOCAL);
}
END_TEST

START_TEST(resolves_recipients)
{
	static const char *const rows[][2] = {
		{"u@victim.test", "u@victim.test"},
		{"@own.test:u@victim.test", "u@victim.test"},
		{"IMCEASMTP-u+40victim+2Etest@own.test", "u@victim.test"},
		{"IMCEASMTP-u+40v@victim.test", "IMCEASMTP-u+40v@victim.test"},
		{"IMCEASMTP-IMCEASMTP-u+2B4+40own.test@own.test", "IMCEASMTP-u+4@own.test"},
		{"IMCEASMTP-+40own.test+3Au+40victim.test@own.test", "u@victim.test"},
		{"", ""},
	};
	struct relay_policy *p = read_policy("local_domain = own.test\n");
	char buffer[RECIPIENT_MAX];

	for (size_t i = 0; i < ORBL_COUNT(rows); i++) {
		struct text got = relay_policy_resolve(p, text_of(rows[i][0]), buffer);

		ck_assert_msg(text_equal(got, text_of(rows[i][1])), "%s became %.*s", rows[i][0],
			TEXT_ARG(got));
	}
	relay_policy_free(p);
}
END_TEST

START_TEST(long_recipients)
{
	char recipient[4096], buffer[RECIPIENT_MAX];
	struct relay_policy *p = read_policy(
		"encapsulated_fix = no\nrelay_flags = 0\nlocal_domain = own.test\n");

	memset(recipient, '_', sizeof(recipient));
	memcpy(recipient, "IMCEASMTP-", 10);
	memcpy(recipient + sizeof(recipient) - 10, "@own.test", 10);
	ck_assert_int_eq(ask(p, "192.0.2.1", recipient).answer, RELAY_LOCAL);
	ck_assert_uint_eq(relay_policy_resolve(p, text_of(recipient), buffer).len, 4095);
	relay_policy_free(p);
}
END_TEST

/* --- the own form --- */

START_TEST(refuses)
{
	static const char *const rows[][2] = {
		{"relay_flag = 1\n", "p:1: unknown setting 'relay_flag'"},
		{"\n#\nRELAY_FLAGS = 1\n", "p:3: unknown setting 'RELAY_FLAGS'"},
		{"relay_flags\n", "p:1: relay_flags has no value"},
		{"relay_flags =\n", "p:1: relay_flags has no value"},
		{"relay_flags = # 3\n", "p:1: relay_flags has no value"},
		{"= 3\n", "p:1: unknown setting ''"},
		{"relay_flags = -1\n", "p:1: relay_flags cannot be '-1'"},
		{"relay_flags = 4294967296\n", "p:1: relay_flags cannot be '4294967296'"},
		{"relay_flags = 1\nrelay_flags = 1\n",
			"p:2: relay_flags is set again, first on line 1"},
		{"relay_flags = absent\nrelay_flags = 1\n", "p:2: relay_flags is set again"},
		{"relay_deny = example.com\n", "p:1: 'example.com' is no IPv4 address"},
		{"relay_deny = ::ffff:192.0.2.1\n", "p:1: '::ffff:192.0.2.1' is no IPv4 address"},
		{"relay_deny = 192.0.2.1;\n",
			"p:1: '192.0.2.1;' has a mask that is no dotted quad"},
		{"relay_deny = 192.0.2.1;255.0.0.0;1\n", "has a mask that is no dotted quad"},
		{"relay_deny = ;255.0.0.0\n", "is no IPv4 address"},
		{"relay_deny = 1.2.3.4 5.6.7.8\n", "is no IPv4 address"},
		{"local_domain = *.example\n", "p:1: '*.example' is no domain name"},
		{"local_domain = .example\n", "is no domain name"},
		{"local_domain = exampl\xc3\xa9\n",
			"p:1: 'exampl?"
			"?' is no domain name"},
		{"routing = Reroute\n", "p:1: routing cannot be 'Reroute'; write one of: reroute"},
		{"pop3_imap4 = yes\n", "p:1: pop3_imap4 cannot be 'yes'; write one of: on, off"},
		{"encapsulated_fix = on\n", "write one of: yes, no"},
		{"version = 5.5 SP3\n", "write one of: 4.0, 5.0, 5.5"},
		{"", "p:1: there is no setting"},
		{"# relay_flags = 3\n", "p:1: there is no setting"},
		{"\xef\xbb\xbf\n", "p:1: there is no setting"},
		{"mynetworks = 10.0.0.0/8\n",
			"p:1: unknown setting 'mynetworks'; the settings are: "},
	};
	struct relay_policy *p;
	struct error e;

	for (size_t i = 0; i < ORBL_COUNT(rows); i++) {
		ck_assert_msg(relay_policy_parse(rows[i][0], strlen(rows[i][0]), "p", &p, NULL,
				      &e) == ERR_SYNTAX,
			"%s", rows[i][0]);
		ck_assert_ptr_null(p);
		ck_assert_msg(strstr(e.text, rows[i][1]) != NULL, "wanted '%s' in '%s'", rows[i][1],
			e.text);
	}
}
END_TEST

static void
assert_warnings(const char *text, const char *wanted)
{
	char got[WARNINGS_SIZE] = "";
	FILE *f = fmemopen(got, sizeof(got), "w");
	struct relay_policy *p;
	struct error e;

	ck_assert_int_eq(relay_policy_parse(text, strlen(text), "p", &p, f, &e), OK);
	fclose(f);
	relay_policy_free(p);
	if (wanted[0] == '\0')
		ck_assert_str_eq(got, "");
	ck_assert_msg(strstr(got, wanted) != NULL, "wanted '%s' in '%s'", wanted, got);
}

START_TEST(warns)
{
	assert_warnings("relay_flags = 2\nrelay_allow = 192.0.2.1;255.255.255.0\n",
		"p:2: '192.0.2.1;255.255.255.0' in RelayAllowList never matches");
	assert_warnings("relay_flags = 2\nrelay_allow = 192.0.2.0;255.255.255.0\n", "");
	assert_warnings("relay_allow = 192.0.2.1\n", "p:1: RelayAllowList has no effect");
	assert_warnings("relay_flags = 32\n", "p:1: RelayFlags 32 has bits that name no rule");
	assert_warnings("relay_flags = 15\n", "");
	assert_warnings("relay_flags = absent\n", "");
}
END_TEST

START_TEST(reads_files)
{
	struct relay_policy *p;
	struct error e;

	ck_assert_int_ne(relay_policy_read("/nonexistent/policy", &p, NULL, &e), OK);
	ck_assert_ptr_null(p);
	ck_assert_ptr_nonnull(strstr(e.text, "/nonexistent/policy"));
	relay_policy_free(NULL);
}
END_TEST

START_TEST(names)
{
	ck_assert_str_eq(relay_answer_name(RELAY_PERMIT), "permit");
	ck_assert_str_eq(relay_answer_name(RELAY_DENY), "deny");
	ck_assert_str_eq(relay_answer_name(RELAY_THEN_BOUNCE), "then-bounce");
	ck_assert_str_eq(relay_answer_name(RELAY_LOCAL), "local");
}
END_TEST

static Suite *
suite(void)
{
	Suite *s = suite_create("relay_policy");
	TCase *lists = tcase_create("lists"), *around = tcase_create("surroundings");
	TCase *form = tcase_create("own form");

	tcase_add_loop_test(lists, truth_table, 0, FLAGS_COUNT);
	tcase_add_test(lists, order_of_lines_does_not_matter);
	tcase_add_test(lists, decision_names_the_line);
	tcase_add_test(lists, many_lines);
	tcase_add_test(around, local_domains);
	tcase_add_test(around, versions);
	tcase_add_test(around, encapsulated_addresses);
	tcase_add_test(around, resolves_recipients);
	tcase_add_test(around, long_recipients);
	tcase_add_test(form, refuses);
	tcase_add_test(form, warns);
	tcase_add_test(form, reads_files);
	tcase_add_test(form, names);
	suite_add_tcase(s, lists);
	suite_add_tcase(s, around);
	suite_add_tcase(s, form);
	return s;
}

int
main(void)
{
	return unit_run(suite());
}
