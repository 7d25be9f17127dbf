#include "relay_policy.h"

#include <stdlib.h>
#include <string.h>

#include "relay_postfix_rules.h"
#include "scratch.h"
#include "unit.h"

#define BASE                                                                                       \
	"compatibility_level = 3.6\nmyhostname = mail.example.org\nmydestination = example.org\n"  \
	"mynetworks = 192.0.2.0/24\n"                                                              \
	"smtpd_relay_restrictions = permit_mynetworks, reject_unauth_destination\n"

static char warnings[8192];

static enum err
parse(const char *text, struct relay_policy **out, struct error *e)
{
	FILE *f = fmemopen(warnings, sizeof(warnings), "w");
	enum err err;

	memset(warnings, 0, sizeof(warnings));
	ck_assert_ptr_nonnull(f);
	err = relay_policy_parse(text, strlen(text), "main.cf", out, f, e);
	fclose(f);
	return err;
}

static struct relay_policy *
policy_of(const char *text)
{
	struct relay_policy *p = NULL;
	struct error e = {.code = OK};

	ck_assert_msg(parse(text, &p, &e) == OK, "%s", e.text);
	ck_assert_int_eq(relay_policy_dialect(p), RELAY_DIALECT_POSTFIX);
	return p;
}

static struct relay_request
request_of(const char *client, const char *recipient)
{
	struct relay_request r = {.recipient = text_of(recipient)};

	ck_assert_int_eq(addr_parse(text_of(client), &r.client), OK);
	return r;
}

static struct relay_decision
decide(const struct relay_policy *p, const char *client, const char *recipient)
{
	struct relay_request r = request_of(client, recipient);

	return relay_policy_decide(p, &r);
}

static enum relay_answer
answer(const char *text, const char *client, const char *recipient)
{
	struct relay_policy *p = policy_of(text);
	enum relay_answer a = decide(p, client, recipient).answer;

	relay_policy_free(p);
	return a;
}

static void
refused(const char *text, const char *wanted)
{
	struct relay_policy *p = (struct relay_policy *)&warnings;
	struct error e = {.code = OK};

	ck_assert_msg(parse(text, &p, &e) != OK, "taken: %s", text);
	ck_assert_ptr_null(p);
	ck_assert_msg(strstr(e.text, wanted) != NULL, "'%s' is not in '%s'", wanted, e.text);
}

/* --- the file --- */

START_TEST(a_main_cf_is_told_from_the_other_forms)
{
	static const struct {
		const char *text;
		const char *name;
		bool is;
	} rows[] = {
		{"# x\nmyhostname = a\nmyorigin = b\n", "x", true},
		{"# x\nmyhostname = a\n", "x", false},
		{"# x\nmyhostname = a\n", "a/main.cf", true},
		{"\n\nsmtpd_banner=x\n\nrelayhost=\n", "x", true},
		{"own_thing = 1\nmynetworks = 1.2.3.4\n  x\nqueue_directory = x", "x", true},
		{"relay_flags = 2\n", "main.cf", false},
		{"relay_flag = 2\n", "x", false},
		{"# nothing\n", "/etc/postfix/main.cf", true},
		{"", "main.cf", true},
		{"", "main.cfg", false},
		{" myhostname = a\n", "x", false},
		{"", "", false},
	};

	for (size_t i = 0; i < ORBL_COUNT(rows); i++)
		ck_assert_msg(relay_postfix_is(text_of(rows[i].text), rows[i].name) == rows[i].is,
			"row %zu", i);
}
END_TEST

START_TEST(lines_are_continued_and_the_last_value_wins)
{
	struct relay_policy *p = policy_of(
		"mydestination = wrong.example\n" BASE "mydestination =\n"
		"# comment\n"
		"\n"
		"\ta.example,\n"
		"   # indented comment\n"
		"  b.example c.example\r\n");

	ck_assert_int_eq(decide(p, "203.0.113.1", "u@wrong.example").answer, RELAY_DENY);
	ck_assert_int_eq(decide(p, "203.0.113.1", "u@example.org").answer, RELAY_DENY);
	ck_assert_int_eq(decide(p, "203.0.113.1", "u@a.example").line, 10);
	ck_assert_int_eq(decide(p, "203.0.113.1", "u@b.example").line, 12);
	ck_assert_int_eq(decide(p, "203.0.113.1", "u@c.example").line, 12);
	ck_assert_str_eq(decide(p, "203.0.113.1", "u@C.EXAMPLE").entry, "c.example");
	ck_assert_str_eq(decide(p, "203.0.113.1", "u@c.example").list, "mydestination");
	relay_policy_free(p);
}
END_TEST

START_TEST(names_are_filled_in)
{
	static const struct {
		const char *value, *wanted;
	} rows[] = {
		{"$myhostname", "mail.example.org"},
		{"$(myhostname)x", "mail.example.orgx"},
		{"${myhostname}.$mydomain", "mail.example.org.example.org"},
		{"${myhostname?yes}", "yes"},
		{"${myhostname:no}", ""},
		{"${nothing?yes}", ""},
		{"${nothing:no}", "no"},
		{"${nothing?{yes}:{no $mydomain}}", "no example.org"},
		{"${myhostname?{yes}:{no}}", "yes"},
		{"${ myhostname ? yes }", "yes"},
		{"$$x", "$x"},
		{"$nothing", ""},
		{"${{$compatibility_level} <level {2} ? {old} : {new}}", "new"},
		{"${{3.10} >=level {3.9} ? {a} : {b}}", "a"},
		{"${{x} == {x} ? {a} : {b}}", "a"},
		{"${{x} != {x} ? {a} : {b}}", "b"},
		{"${{$mydomain} == {example.org} ? {$myorigin}}", "mail.example.org"},
		{"$own", "mail.example.org and more"},
		{"x${own}x$(own)", "xmail.example.org and morexmail.example.org and more"},
	};

	for (size_t i = 0; i < ORBL_COUNT(rows); i++) {
		char text[1024];
		struct relay_policy *p;
		struct relay_setting s;

		snprintf(text, sizeof(text),
			BASE "own = $myhostname\n and more  \nmydestination=%s\n", rows[i].value);
		p = policy_of(text);
		ck_assert(relay_policy_setting(p, PARAMETER_MYDESTINATION, &s));
		ck_assert_str_eq(s.name, "mydestination");
		ck_assert_msg(strcmp(s.value, rows[i].wanted) == 0, "%s is '%s'", rows[i].value,
			s.value);
		ck_assert_uint_eq(s.line, 8);
		ck_assert(!relay_policy_setting(p, PARAMETER_COUNT, &s));
		relay_policy_free(p);
	}
}
END_TEST

START_TEST(what_cannot_be_filled_in_is_refused)
{
	refused(BASE "mydestination = $mydestination\n", "main.cf:6: mydestination leads back");
	refused(BASE "a = $b\nb = $c $c\nc = $a\nmydestination = $a\n", "main.cf:9: mydestination");
	refused(BASE "a = $b\nb = $a\nmydestination = $a\n", "leads back");
	refused(BASE "mydestination = ${a\n", "not closed");
	refused(BASE "mydestination = $\n", "without a name");
	refused(BASE "mydestination = ${}\n", "without a name");
	refused(BASE "mydestination = ${a;b}\n", "not understood");
	refused(BASE "mydestination = ${a?{b}c}\n", "not understood");
	refused(BASE "mydestination = ${{a} ~ {b} ? {c}}\n", "not understood");
	refused(BASE "mydestination = ${{a} == b ? {c}}\n", "not understood");
}
END_TEST

/* Each parameter doubles the one before. */
START_TEST(a_value_does_not_grow_without_bound)
{
	char text[8192];
	size_t n = (size_t)snprintf(text, sizeof(text), "%sp0 = xxxxxxxx\n", BASE);

	for (int i = 1; i < 60; i++)
		n += (size_t)snprintf(text + n, sizeof(text) - n, "p%d = $p%d $p%d\n", i, i - 1,
			i - 1);
	snprintf(text + n, sizeof(text) - n, "mydestination = $p59\n");
	refused(text, "longer than");
}
END_TEST

/* Each comparison must look for its end, which is far away. */
START_TEST(comparisons_are_counted)
{
	enum { PAIRS = 30000 };
	char *text = calloc(1, sizeof(BASE) + 64 + PAIRS * 8);
	char *end = stpcpy(text, BASE "mydestination = ");

	ck_assert_ptr_nonnull(text);
	for (int i = 0; i < PAIRS; i++)
		end = stpcpy(end, "${{$x ");
	memset(end, '}', 2 * PAIRS);
	refused(text, "too many comparisons");
	free(text);
}
END_TEST

START_TEST(a_damaged_file_is_refused)
{
	refused(BASE "nonsense\n", "main.cf:6: 'nonsense' is no parameter");
	refused(BASE "a b = c\n", "main.cf:6: 'a b' is no parameter");
	refused(BASE "= c\n", "main.cf:6:");
	refused(BASE "swap_bangpath = 1\n", "main.cf:6: swap_bangpath cannot be '1'; write yes");
	refused(BASE "mynetworks = 10.0.0.1/8\n", "main.cf:6: '10.0.0.1/8' in mynetworks");
	refused(BASE "mynetworks = 10.0.0.0/33\n", "main.cf:6: '10.0.0.0/33'");
	refused(BASE "mynetworks =\n 10.0.0.0/8\n [::1/128\n", "main.cf:8: '[::1/128'");
	refused(BASE "mynetworks = !\n", "main.cf:6: a '!'");
	refused(BASE "mynetworks = /etc/postfix/nowhere\n", "main.cf:6: /etc/postfix/nowhere");
	refused(BASE "mynetworks = ../x\n /etc/postfix/../x\n", "main.cf:7: /etc/postfix/../x");
	refused(BASE "smtpd_restriction_classes = c\n", "class c is not defined");
	refused(BASE "smtpd_restriction_classes = c\nc = c c\nsmtpd_relay_restrictions = c\n",
		"main.cf:8: smtpd_relay_restrictions has more than 1000");
	refused(BASE "smtpd_helo_restrictions = check_helo_access\n",
		"main.cf:6: check_helo_access");
	refused(BASE "smtpd_helo_restrictions = check_helo_access inline:{a}\n", "key=value");
	refused(BASE "smtpd_helo_restrictions = check_helo_access inline:a\n", "braces");
	refused(BASE "smtpd_helo_restrictions = reject_rbl_client\n", "not followed by a name");
}
END_TEST

START_TEST(what_is_missing_is_said)
{
	struct relay_policy *p = policy_of("smtpd_relay_restrictions = permit_mynetworks reject\n");

	ck_assert_ptr_nonnull(strstr(warnings, "main.cf:1: myhostname is not set"));
	ck_assert_ptr_nonnull(strstr(warnings, "main.cf:1: mynetworks is not set"));
	ck_assert_int_eq(decide(p, "127.0.0.1", "u@victim.example").answer, RELAY_PERMIT);
	ck_assert_int_eq(decide(p, "127.0.0.1", "u@victim.example").line, 0);
	ck_assert_int_eq(decide(p, "::1", "u@victim.example").answer, RELAY_PERMIT);
	ck_assert_int_eq(decide(p, "192.0.2.1", "u@victim.example").answer, RELAY_DENY);
	relay_policy_free(p);
	p = policy_of(BASE);
	ck_assert_str_eq(warnings, "");
	relay_policy_free(p);
}
END_TEST

/* --- decisions --- */

START_TEST(defaults_follow_the_compatibility_level)
{
	const char *names = "myhostname = mail.example.org\nmynetworks = 192.0.2.0/24\n";
	static const struct {
		const char *level;
		const char *recipient;
		enum relay_answer stranger, friend;
	} rows[] = {
		/* Without the restrictions Postfix does not serve. */
		{"", "u@victim.example", RELAY_DENY, RELAY_DENY},
		{"", "u@mail.example.org", RELAY_DENY, RELAY_DENY},
		{"compatibility_level = 1", "u@victim.example", RELAY_DENY, RELAY_PERMIT},
		{"compatibility_level = 1", "u@sub.mail.example.org", RELAY_LOCAL, RELAY_LOCAL},
		{"compatibility_level = 2", "u@sub.mail.example.org", RELAY_DENY, RELAY_PERMIT},
		{"compatibility_level = 3.6", "u@localhost", RELAY_LOCAL, RELAY_LOCAL},
		{"compatibility_level = 3.6", "u@localhost.example.org", RELAY_LOCAL, RELAY_LOCAL},
	};

	for (size_t i = 0; i < ORBL_COUNT(rows); i++) {
		char text[512];

		snprintf(text, sizeof(text), "%s%s\n", names, rows[i].level);
		ck_assert_msg(answer(text, "203.0.113.1", rows[i].recipient) == rows[i].stranger,
			"row %zu, stranger", i);
		ck_assert_msg(answer(text, "192.0.2.1", rows[i].recipient) == rows[i].friend,
			"row %zu, friend", i);
	}
}
END_TEST

START_TEST(the_deciding_rule_is_named)
{
	struct relay_policy *p = policy_of(BASE);
	struct relay_decision d = decide(p, "192.0.2.1", "u@victim.example");

	ck_assert_int_eq(d.answer, RELAY_PERMIT);
	ck_assert_str_eq(d.rule, "permit_mynetworks");
	ck_assert_str_eq(d.list, "mynetworks");
	ck_assert_str_eq(d.entry, "192.0.2.0/24");
	ck_assert_ptr_null(d.file);
	ck_assert_uint_eq(d.line, 4);
	d = decide(p, "203.0.113.1", "u@victim.example");
	ck_assert_int_eq(d.answer, RELAY_DENY);
	ck_assert_str_eq(d.rule, "reject_unauth_destination");
	ck_assert_str_eq(d.list, "smtpd_relay_restrictions");
	ck_assert_uint_eq(d.line, 5);
	d = decide(p, "203.0.113.1", "Postmaster");
	ck_assert_int_eq(d.answer, RELAY_LOCAL);
	ck_assert_str_eq(d.rule, "postmaster");
	relay_policy_free(p);
}
END_TEST

START_TEST(restrictions_decide_in_their_order)
{
	static const struct {
		const char *lines;
		enum relay_answer stranger, friend;
	} rows[] = {
		{"smtpd_relay_restrictions = reject", RELAY_DENY, RELAY_DENY},
		{"smtpd_relay_restrictions = permit reject", RELAY_DENY, RELAY_DENY},
		{"smtpd_relay_restrictions = REJECT_unauth_destination", RELAY_DENY, RELAY_DENY},
		{"smtpd_relay_restrictions = permit_mynetworks, permit_mynetwork, reject",
			RELAY_DENY, RELAY_PERMIT},
		{"smtpd_client_restrictions = permit", RELAY_DENY, RELAY_PERMIT},
		{"smtpd_client_restrictions = permit_mynetworks reject", RELAY_DENY, RELAY_PERMIT},
		{"smtpd_sender_restrictions = reject", RELAY_DENY, RELAY_DENY},
		{"smtpd_recipient_restrictions = permit_mynetworks, reject", RELAY_DENY,
			RELAY_PERMIT},
		{"smtpd_recipient_restrictions = reject", RELAY_DENY, RELAY_DENY},
		{"smtpd_relay_restrictions = warn_if_reject reject_unauth_destination, "
		 "permit_mynetworks, defer_unauth_destination",
			RELAY_DENY, RELAY_PERMIT},
		{"smtpd_helo_restrictions = defer_if_permit", RELAY_DENY, RELAY_DENY},
		{"smtpd_helo_restrictions = warn_if_reject reject", RELAY_DENY, RELAY_PERMIT},
		{"smtpd_helo_restrictions = reject_unknown_helo_hostname, sleep 1", RELAY_DENY,
			RELAY_PERMIT},
		{"smtpd_relay_restrictions = check_relay_domains", RELAY_DENY, RELAY_DENY},
		{"smtpd_relay_restrictions = permit_auth_destination, permit_mynetworks, defer",
			RELAY_DENY, RELAY_PERMIT},
		/* What Postfix demands is there, but a table opens the server. */
		{"smtpd_relay_restrictions = static:OK, reject", RELAY_PERMIT, RELAY_PERMIT},
		{"smtpd_relay_restrictions = check_client_access static:{REJECT now}, reject",
			RELAY_DENY, RELAY_DENY},
		{"smtpd_restriction_classes = c d\nc = d\nd = permit_mynetworks\n"
		 "smtpd_relay_restrictions = c reject",
			RELAY_DENY, RELAY_PERMIT},
		{"smtpd_restriction_classes = c\nc = reject\nsmtpd_relay_restrictions = "
		 "warn_if_reject c, permit_mynetworks, c",
			RELAY_DENY, RELAY_PERMIT},
	};

	for (size_t i = 0; i < ORBL_COUNT(rows); i++) {
		char text[1024];

		snprintf(text, sizeof(text), "%s%s\n", BASE, rows[i].lines);
		ck_assert_msg(answer(text, "203.0.113.1", "u@victim.example") == rows[i].stranger,
			"row %zu, stranger", i);
		ck_assert_msg(answer(text, "192.0.2.1", "u@victim.example") == rows[i].friend,
			"row %zu, friend", i);
	}
}
END_TEST

/* 40 classes, each asking the next one ten times, would be 10^40 questions. */
START_TEST(classes_without_end_are_refused)
{
	static char text[16384];
	size_t n = (size_t)snprintf(text, sizeof(text), "%ssmtpd_restriction_classes =", BASE);

	for (int i = 0; i < 19; i++)
		n += (size_t)snprintf(text + n, sizeof(text) - n, " c%d", i);
	for (int i = 0; i < 19; i++) {
		n += (size_t)snprintf(text + n, sizeof(text) - n, "\nc%d =", i);
		for (int k = 0; k < 10 && i < 18; k++)
			n += (size_t)snprintf(text + n, sizeof(text) - n, " c%d", i + 1);
	}
	snprintf(text + n, sizeof(text) - n,
		"\nsmtpd_relay_restrictions = c0, permit_mynetworks, reject\n");
	refused(text, "more than 1000 restrictions");
}
END_TEST

START_TEST(an_authenticated_client_is_one_by_request)
{
	struct relay_policy *p = policy_of(
		BASE "smtpd_relay_restrictions = permit_sasl_authenticated reject\n");
	struct relay_request r = request_of("203.0.113.1", "u@victim.example");

	ck_assert_int_eq(relay_policy_decide(p, &r).answer, RELAY_DENY);
	r.authenticated = true;
	ck_assert_int_eq(relay_policy_decide(p, &r).answer, RELAY_PERMIT);
	ck_assert_str_eq(relay_policy_decide(p, &r).rule, "permit_sasl_authenticated");
	relay_policy_free(p);
}
END_TEST

/* --- addresses --- */

static void
resolves(const struct relay_policy *p, const char *path, const char *wanted)
{
	char buffer[RECIPIENT_MAX];
	struct text got = relay_policy_resolve(p, text_of(path), buffer);

	ck_assert_msg(text_equal(got, text_of(wanted)), "%s becomes %.*s", path, TEXT_ARG(got));
}

START_TEST(addresses_are_resolved_as_postfix_does)
{
	static const char *const rows[][2] = {
		{"u@victim.example", "u@victim.example"},
		{"u", "u@mail.example.org"},
		{"u%victim.example", "u@victim.example"},
		{"u%victim.example@example.org", "u@victim.example"},
		{"u%a%example.org@example.org", "u@a"},
		{"victim.example!u@example.org", "u@victim.example"},
		{"a!victim.example!u@example.org", "victim.example!u@a"},
		{"\"u@victim.example\"@example.org", "u@victim.example"},
		{"@example.org,@x:u@victim.example", "u@victim.example"},
		{"u@example.org.", "u@example.org"},
		{"u@victim.example@example.org", "u@victim.example"},
		{"u%v@victim.example", "u%v@victim.example"},
		{"@example.org", "MAILER-DAEMON@example.org"},
		{"u@[127.0.0.1]", "u@[127.0.0.1]"},
	};
	struct relay_policy *p = policy_of(BASE);

	for (size_t i = 0; i < ORBL_COUNT(rows); i++)
		resolves(p, rows[i][0], rows[i][1]);
	relay_policy_free(p);
	p = policy_of(BASE "allow_percent_hack = no\nswap_bangpath = no\n"
			   "resolve_dequoted_address = no\nappend_dot_mydomain = yes\n");
	resolves(p, "u%victim.example@example.org", "u%victim.example@example.org");
	resolves(p, "victim.example!u@example.org", "victim.example!u@example.org");
	resolves(p, "u@host", "u@host.example.org");
	relay_policy_free(p);
}
END_TEST

START_TEST(an_address_that_is_too_long_is_not_ours)
{
	struct relay_policy *p = policy_of(BASE);
	char path[4096];
	char buffer[RECIPIENT_MAX];

	memset(path, '%', sizeof(path));
	memcpy(path + sizeof(path) - 13, "@example.org", 13);
	ck_assert_uint_eq(relay_policy_resolve(p, text_of(path), buffer).len, 4095);
	ck_assert_int_eq(decide(p, "203.0.113.1", path).answer, RELAY_DENY);
	memset(path, 'a', 500);
	path[500] = '\0';
	ck_assert_int_eq(decide(p, "203.0.113.1", path).answer, RELAY_DENY);
	ck_assert_int_eq(decide(p, "192.0.2.1", path).answer, RELAY_PERMIT);
	relay_policy_free(p);
}
END_TEST

START_TEST(own_domains_and_literals_are_local)
{
	struct relay_policy *p = policy_of(BASE "relay_domains = partner.example !not.example\n"
						"proxy_interfaces = 198.51.100.25\n"
						"virtual_alias_domains = alias.example\n"
						"virtual_mailbox_domains = box.example\n");
	struct relay_request r = request_of("203.0.113.1", "u@[192.0.2.25]");

	ck_assert(relay_policy_is_local(p, TEXT("EXAMPLE.org")));
	ck_assert(relay_policy_is_local(p, TEXT("a.partner.example")));
	ck_assert(relay_policy_is_local(p, TEXT("alias.example")));
	ck_assert(relay_policy_is_local(p, TEXT("box.example")));
	ck_assert(relay_policy_is_local(p, TEXT("[198.51.100.25]")));
	ck_assert(!relay_policy_is_local(p, TEXT("a.box.example")));
	ck_assert(!relay_policy_is_local(p, TEXT("a.example.org")));
	ck_assert(!relay_policy_is_local(p, TEXT("xpartner.example")));
	ck_assert(!relay_policy_is_local(p, TEXT_NONE));
	ck_assert_int_eq(relay_policy_decide(p, &r).answer, RELAY_DENY);
	ck_assert_int_eq(addr_parse(TEXT("192.0.2.25"), &r.local), OK);
	ck_assert_int_eq(relay_policy_decide(p, &r).answer, RELAY_LOCAL);
	relay_policy_free(p);
}
END_TEST

/* --- files beside main.cf --- */

static struct relay_policy *
read_policy(const char *text)
{
	struct relay_policy *p = NULL;
	struct error e = {.code = OK};
	FILE *f = fmemopen(warnings, sizeof(warnings), "w");

	memset(warnings, 0, sizeof(warnings));
	scratch_write("main.cf", text, strlen(text));
	ck_assert_msg(relay_policy_read("main.cf", &p, f, &e) == OK, "%s", e.text);
	fclose(f);
	return p;
}

START_TEST(an_unread_table_never_permits_in_silence)
{
	static const char *const tables[] = {"texthash:/etc/postfix/missing", "texthash:/srv/x",
		"mysql:x", "regexp:/etc/postfix/x", "pcre:x", "hash:../x", "nothing:"};

	for (size_t i = 0; i < ORBL_COUNT(tables); i++) {
		char text[1024];
		struct relay_policy *p;

		snprintf(text, sizeof(text),
			BASE "relay_domains = %s\nsmtpd_relay_restrictions = check_client_access "
			     "%s reject\n",
			tables[i], tables[i]);
		p = read_policy(text);
		ck_assert_msg(strstr(warnings, "main.cf:6: ") != NULL, "%s", warnings);
		ck_assert_ptr_nonnull(strstr(warnings, tables[i]));
		ck_assert_int_eq(decide(p, "192.0.2.1", "u@x.example").answer, RELAY_DENY);
		relay_policy_free(p);
	}
}
END_TEST

START_TEST(included_files_hold_patterns)
{
	struct relay_policy *p;
	struct relay_decision d;

	scratch_write("nets", "# c\n10.0.0.0/8 !192.0.2.1\n[2001:db8::]/32\n", 42);
	p = read_policy(BASE "mynetworks = !/etc/postfix/nets 0.0.0.0/0\n");
	ck_assert_int_eq(decide(p, "10.1.1.1", "u@x.example").answer, RELAY_DENY);
	ck_assert_int_eq(decide(p, "2001:db8::1", "u@x.example").answer, RELAY_DENY);
	ck_assert_int_eq(decide(p, "192.0.2.1", "u@x.example").answer, RELAY_PERMIT);
	relay_policy_free(p);
	p = read_policy(BASE "mynetworks = /etc/postfix/nets\n");
	d = decide(p, "10.1.1.1", "u@x.example");
	ck_assert_int_eq(d.answer, RELAY_PERMIT);
	ck_assert_str_eq(d.file, "nets");
	ck_assert_uint_eq(d.line, 2);
	ck_assert_int_eq(decide(p, "192.0.2.1", "u@x.example").answer, RELAY_DENY);
	relay_policy_free(p);
	scratch_write("nets", "/etc/passwd\n", 12);
	refused(BASE "mynetworks = /etc/postfix/nets\n", "nets:1: a file named in a file");
}
END_TEST

static Suite *
suite(void)
{
	Suite *s = suite_create("relay_postfix");
	TCase *file = tcase_create("file"), *decision = tcase_create("decisions"),
	      *address = tcase_create("addresses"), *tables = tcase_create("tables");

	tcase_add_test(file, a_main_cf_is_told_from_the_other_forms);
	tcase_add_test(file, lines_are_continued_and_the_last_value_wins);
	tcase_add_test(file, names_are_filled_in);
	tcase_add_test(file, what_cannot_be_filled_in_is_refused);
	tcase_add_test(file, a_value_does_not_grow_without_bound);
	tcase_add_test(file, comparisons_are_counted);
	tcase_add_test(file, a_damaged_file_is_refused);
	tcase_add_test(file, what_is_missing_is_said);
	suite_add_tcase(s, file);
	tcase_add_test(decision, defaults_follow_the_compatibility_level);
	tcase_add_test(decision, the_deciding_rule_is_named);
	tcase_add_test(decision, restrictions_decide_in_their_order);
	tcase_add_test(decision, classes_without_end_are_refused);
	tcase_add_test(decision, an_authenticated_client_is_one_by_request);
	suite_add_tcase(s, decision);
	tcase_add_test(address, addresses_are_resolved_as_postfix_does);
	tcase_add_test(address, an_address_that_is_too_long_is_not_ours);
	tcase_add_test(address, own_domains_and_literals_are_local);
	suite_add_tcase(s, address);
	tcase_add_checked_fixture(tables, scratch_enter, scratch_leave);
	tcase_add_test(tables, an_unread_table_never_permits_in_silence);
	tcase_add_test(tables, included_files_hold_patterns);
	suite_add_tcase(s, tables);
	return s;
}

int
main(void)
{
	return unit_run(suite());
}
