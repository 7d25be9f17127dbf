#include "reporters.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "analyzer_fixture.h"
#include "reporter_key.h"
#include "scratch.h"
#include "unit.h"

static const char lines[] = "reporter mx1 {\n relay_policy = \"$PWD/mx1.policy\"\n trust = 30\n}\n"
			    "reporter mx2 {\n trust = 0\n}\n";

/* With the working directory for $PWD, as paths are absolute. */
static struct conf *
conf_of(const char *text)
{
	char here[2048], out[8192] = "";
	const char *at;
	size_t n = 0;

	ck_assert_ptr_nonnull(getcwd(here, sizeof(here)));
	while ((at = strstr(text, "$PWD")) != NULL) {
		n += (size_t)snprintf(out + n, sizeof(out) - n, "%.*s%s", (int)(at - text), text,
			here);
		text = at + 4;
	}
	snprintf(out + n, sizeof(out) - n, "%s", text);
	return fixture_conf(out);
}

static void
write_policy(const char *text)
{
	scratch_write("mx1.policy", text, strlen(text));
}

START_TEST(a_reporter_is_what_its_section_says)
{
	struct reporters *r;
	struct conf *c;

	write_policy("relay_flags = 2\nrelay_allow = 192.0.2.0;255.255.255.0\n");
	c = conf_of(lines);
	ck_ok(reporters_load(c, &r, trouble()));
	ck_assert_ptr_nonnull(reporters_relay_policy(r, "mx1"));
	ck_assert_int_eq(reporters_trust(r, "mx1"), 30);
	ck_assert_ptr_null(reporters_relay_policy(r, "mx2"));
	ck_assert_int_eq(reporters_trust(r, "mx2"), 0);
	reporters_free(r);
	reporters_free(NULL);
	conf_free(c);
}
END_TEST

START_TEST(a_policy_may_be_the_main_cf_of_a_postfix)
{
	static const char text[] =
		"compatibility_level = 3.6\nmyhostname = mx1.example\nmynetworks = 192.0.2.0/24\n"
		"smtpd_client_restrictions = check_client_access texthash:/etc/postfix/clients\n";
	struct relay_request request = {.client = fixture_address("192.0.2.1"),
		.recipient = TEXT("u@victim.example")};
	const struct relay_policy *p;
	struct reporters *r;
	struct conf *c;

	write_policy(text);
	scratch_write("clients", "192.0.2.66 REJECT\n", 18);
	c = conf_of(lines);
	ck_ok(reporters_load(c, &r, trouble()));
	p = reporters_relay_policy(r, "mx1");
	ck_assert_int_eq(relay_policy_dialect(p), RELAY_DIALECT_POSTFIX);
	ck_assert_int_eq(relay_policy_decide(p, &request).answer, RELAY_PERMIT);
	request.client = fixture_address("192.0.2.66");
	ck_assert_int_eq(relay_policy_decide(p, &request).answer, RELAY_DENY);
	ck_assert_str_eq(relay_policy_decide(p, &request).rule, "check_client_access");
	reporters_free(r);
	conf_free(c);
}
END_TEST

START_TEST(a_stranger_is_trusted_and_has_no_policy)
{
	struct reporters *r;
	struct conf *c = conf_of("");

	ck_ok(reporters_load(c, &r, trouble()));
	ck_assert_ptr_null(reporters_relay_policy(r, "mx1"));
	ck_assert_int_eq(reporters_trust(r, "mx1"), 100);
	ck_assert_int_eq(reporters_trust(r, ""), 100);
	reporters_free(r);
	conf_free(c);
}
END_TEST

/* An analyzer that does not understand whom to disbelieve does not start. */
START_TEST(a_policy_that_is_missing_or_wrong_is_an_error)
{
	struct reporters *r = (struct reporters *)trouble();
	struct conf *c = conf_of(lines);

	ck_assert_int_eq(reporters_load(c, &r, trouble()), ERR_IO);
	ck_assert_ptr_null(r);
	ck_assert_ptr_nonnull(strstr(trouble()->text, "mx1.policy"));
	write_policy("relay_flags = 2\nnonsense\n");
	ck_assert_int_eq(reporters_load(c, &r, trouble()), ERR_SYNTAX);
	ck_assert_ptr_nonnull(strstr(trouble()->text, "mx1.policy:2"));
	conf_free(c);
}
END_TEST

START_TEST(an_address_is_of_the_longest_prefix)
{
	struct conf *c = conf_of(
		"reporter one {\n syslog_from = {192.0.2.200}\n}\n"
		"reporter wide {\n syslog_from = {192.0.2.0/24, 2001:db8::/32}\n}\n"
		"reporter narrow {\n syslog_from = {192.0.2.128/25}\n}\n");
	static const struct {
		const char *address, *reporter;
	} cases[] = {{"192.0.2.1", "wide"}, {"192.0.2.127", "wide"}, {"192.0.2.128", "narrow"},
		{"192.0.2.200", "one"}, {"::ffff:192.0.2.200", "one"}, {"2001:db8::7", "wide"},
		{"192.0.3.0", NULL}, {"::1", NULL}};
	struct reporters *r;

	ck_ok(reporters_load(c, &r, trouble()));
	ck_assert(reporters_have_addresses(r));
	for (size_t i = 0; i < ORBL_COUNT(cases); i++) {
		struct addr a = fixture_address(cases[i].address);

		ck_assert_pstr_eq(reporters_by_address(r, &a), cases[i].reporter);
	}
	reporters_free(r);
	conf_free(c);
}
END_TEST

START_TEST(a_prefix_has_one_reporter)
{
	struct conf *c = conf_of("reporter a {\n syslog_from = {10.0.0.0/8, 192.0.2.0/24}\n}\n"
				 "reporter b {\n syslog_from = {10.0.0.0/9, 192.0.2.0/24}\n}\n");
	struct reporters *r;

	ck_assert_int_eq(reporters_load(c, &r, trouble()), ERR_REFUSED);
	ck_assert_ptr_nonnull(strstr(trouble()->text, "192.0.2.0/24"));
	conf_free(c);
}
END_TEST

START_TEST(domains_and_events_are_the_reporters)
{
	struct conf *c = conf_of("reporter a {\n local_domains = {a.example, b.example}\n"
				 " events = {\"MSExchangeIMC:2027:ip=1,recipient=4\"}\n}\n"
				 "reporter b {\n}\n");
	const struct text *domains;
	struct reporters *r;
	size_t count;

	ck_ok(reporters_load(c, &r, trouble()));
	domains = reporters_local_domains(r, "a", &count);
	ck_assert_uint_eq(count, 2);
	ck_assert(text_equal(domains[1], TEXT("b.example")));
	ck_assert_ptr_nonnull(reporters_events(r, "a"));
	reporters_local_domains(r, "b", &count);
	ck_assert_uint_eq(count, 0);
	ck_assert_ptr_null(reporters_events(r, "b"));
	reporters_local_domains(r, "stranger", &count);
	ck_assert_uint_eq(count, 0);
	ck_assert_ptr_null(reporters_events(r, "stranger"));
	ck_assert(!reporters_have_addresses(r));
	reporters_free(r);
	conf_free(c);
	c = conf_of("reporter a {\n events = {nonsense}\n}\n");
	ck_assert_int_ne(reporters_load(c, &r, trouble()), OK);
	ck_assert_ptr_nonnull(strstr(trouble()->text, "reporter a: events: "));
	conf_free(c);
}
END_TEST

START_TEST(who_has_a_key_must_show_it)
{
	static const char key[] = "abcdefghijklmnopqrstuvwxyz234567";
	char hash[REPORTER_KEY_HASH], text[300];
	struct reporters *r;
	struct conf *c;

	reporter_key_hash(key, hash);
	snprintf(text, sizeof(text),
		"reporter mx1 {\n key = \"%s\"\n quota = 7\n}\nreporter mx2 {\n}\n", hash);
	c = conf_of(text);
	ck_ok(reporters_load(c, &r, trouble()));
	ck_ok(reporters_check_key(r, "mx1", key, trouble()));
	ck_assert_int_eq(reporters_check_key(r, "mx1", NULL, trouble()), ERR_REFUSED);
	ck_assert_ptr_nonnull(strstr(trouble()->text, "--key-file"));
	ck_assert_int_eq(reporters_check_key(r, "mx1", "nonsense", trouble()), ERR_REFUSED);
	ck_assert_ptr_nonnull(strstr(trouble()->text, "not the key of reporter mx1"));
	ck_ok(reporters_check_key(r, "mx2", NULL, trouble()));
	ck_ok(reporters_check_key(r, "mx2", key, trouble()));
	ck_ok(reporters_check_key(r, " MX1 ", key, trouble()));
	ck_assert_int_eq(reporters_check_key(r, "MX1", NULL, trouble()), ERR_REFUSED);
	ck_assert_int_eq(reporters_check_key(r, "stranger", key, trouble()), ERR_REFUSED);
	ck_assert_ptr_nonnull(strstr(trouble()->text, "add reporter \"stranger\" { ... }"));
	ck_assert_int_eq(reporters_quota(r, "MX1 "), 7);
	ck_assert_int_eq(reporters_quota(r, "mx1"), 7);
	ck_assert_int_eq(reporters_quota(r, "mx2"), 1000000);
	ck_assert_int_eq(reporters_quota(r, "stranger"), 1000000);
	reporters_free(r);
	conf_free(c);
}
END_TEST

START_TEST(where_nobody_has_a_key_anybody_may_submit)
{
	struct conf *c = conf_of("reporter mx1 {\n}\n");
	struct reporters *r;

	ck_ok(reporters_load(c, &r, trouble()));
	ck_ok(reporters_check_key(r, "mx1", NULL, trouble()));
	ck_ok(reporters_check_key(r, "stranger", NULL, trouble()));
	reporters_free(r);
	conf_free(c);
}
END_TEST

START_TEST(a_key_in_place_of_its_hash_is_an_error)
{
	struct conf *c = conf_of("reporter mx1 {\n key = abcdefghijklmnopqrstuvwxyz234567\n}\n");
	struct reporters *r;

	ck_assert_int_eq(reporters_load(c, &r, trouble()), ERR_SYNTAX);
	ck_assert_ptr_nonnull(strstr(trouble()->text, "reporter mx1: key: not the hash"));
	conf_free(c);
}
END_TEST

static Suite *
suite(void)
{
	Suite *s = suite_create("reporters");
	TCase *t = tcase_create("reporters");

	tcase_add_checked_fixture(t, scratch_enter, scratch_leave);
	tcase_add_test(t, a_reporter_is_what_its_section_says);
	tcase_add_test(t, a_policy_may_be_the_main_cf_of_a_postfix);
	tcase_add_test(t, a_stranger_is_trusted_and_has_no_policy);
	tcase_add_test(t, a_policy_that_is_missing_or_wrong_is_an_error);
	tcase_add_test(t, an_address_is_of_the_longest_prefix);
	tcase_add_test(t, a_prefix_has_one_reporter);
	tcase_add_test(t, domains_and_events_are_the_reporters);
	tcase_add_test(t, who_has_a_key_must_show_it);
	tcase_add_test(t, where_nobody_has_a_key_anybody_may_submit);
	tcase_add_test(t, a_key_in_place_of_its_hash_is_an_error);
	suite_add_tcase(s, t);
	return s;
}

int
main(void)
{
	return unit_run(suite());
}
