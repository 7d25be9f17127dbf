#include "unit.h"

#include <string.h>

#include "relay_audit.h"
#include "relay_describe.h"

/* A server that meets all it can. */
#define GOOD                                                                                       \
	"compatibility_level = 3.6\nmyhostname = mail.example.org\nmydomain = example.org\n"       \
	"mydestination = $myhostname, $mydomain\nmynetworks = 10.1.0.0/16\n"                       \
	"disable_vrfy_command = yes\n"

struct expectation {
	const char *text, *id;
	enum relay_met met;
	const char *why; /* words of it */
};

static struct relay_policy *
read_postfix(const char *text)
{
	struct relay_policy *p;
	struct error e = {.code = OK};

	ck_assert_msg(relay_policy_parse(text, strlen(text), "main.cf", &p, NULL, &e) == OK, "%s",
		e.text);
	ck_assert_int_eq(relay_policy_dialect(p), RELAY_DIALECT_POSTFIX);
	return p;
}

static struct relay_audit *
audit(const struct relay_policy *p)
{
	const struct relay_audit_question q = {.host = NULL};
	struct relay_audit *a;
	struct error e = {.code = OK};

	ck_assert_msg(relay_audit_new(p, &q, &a, &e) == OK, "%s", e.text);
	return a;
}

static const struct relay_advice *
advice_of(const struct relay_audit *a, const char *id)
{
	for (size_t i = 0; i < a->advice_count; i++)
		if (strcmp(a->advice[i].id, id) == 0)
			return &a->advice[i];
	ck_abort_msg("no recommendation %s", id);
	return NULL;
}

static void
assert_advice(const struct expectation *x)
{
	char text[2048];
	struct relay_policy *p;
	struct relay_audit *a;
	const struct relay_advice *r;

	snprintf(text, sizeof(text), GOOD "%s", x->text);
	p = read_postfix(text);
	a = audit(p);
	r = advice_of(a, x->id);
	ck_assert_msg(r->met == x->met && strstr(r->why, x->why) != NULL, "%s: %s: %s: %s", x->text,
		r->id, relay_met_name(r->met), r->why);
	ck_assert_msg(r->met != RELAY_MET_NO || r->remedy != NULL, "%s: no remedy", x->text);
	relay_audit_free(a);
	relay_policy_free(p);
}

START_TEST(settings_decide)
{
	static const struct expectation rows[] = {
		{"", "1.5", RELAY_MET_YES, ""},
		{"local_recipient_maps =\n", "1.5", RELAY_MET_NO, "line 7"},
		{"relay_domains = x.example\n", "1.5", RELAY_MET_NO, "relay_recipient_maps"},
		{"relay_domains = x.example\nrelay_recipient_maps = inline:{a@x.example=x}\n",
			"1.5", RELAY_MET_YES, ""},
		{"", "2.1", RELAY_MET_YES, ""},
		{"mynetworks = 0.0.0.0/1\n", "2.1", RELAY_MET_NO, "permit_mynetworks"},
		{"mynetworks = 0.0.0.0/1\n", "2.1 forms", RELAY_MET_UNKNOWN, "Plain"},
		{"", "2.1 forms", RELAY_MET_YES, ""},
		{"allow_untrusted_routing = yes\n", "2.1 forms", RELAY_MET_NO, "line 7"},
		{"", "2.2", RELAY_MET_YES, ""},
		{"", "2.3", RELAY_MET_YES, ""},
		{"", "2.4", RELAY_MET_YES, "each refusal"},
		{"smtpd_delay_reject = no\n", "2.4", RELAY_MET_YES, "line 7"},
		{"", "2.5", RELAY_MET_YES, "not in use"},
		{"smtpd_client_restrictions = reject_rbl_client bl.example\n", "2.5", RELAY_MET_YES,
			"in use (line 7)"},
		{"", "2.6.1", RELAY_MET_YES, ""},
		{"smtpd_sender_restrictions = check_sender_access inline:{{<> = REJECT}}\n",
			"2.6.1", RELAY_MET_NO, "is refused"},
		{"smtpd_sender_restrictions = check_sender_access inline:{{<> = REJECT}}\n",
			"2.6.2", RELAY_MET_YES, ""},
		{"smtpd_sender_restrictions = check_sender_access "
		 "inline:{{mail.example.org = REJECT}}\n",
			"2.6.2", RELAY_MET_NO, "is refused"},
		{"", "2.7", RELAY_MET_YES, "not in use"},
		{"smtpd_client_message_rate_limit = 30\n", "2.8", RELAY_MET_YES, "line 7"},
		{"smtpd_sender_restrictions = reject_unknown_sender_domain\n", "2.9", RELAY_MET_YES,
			"in use"},
		{"smtpd_sender_restrictions = reject_sender_login_mismatch\n", "2.10",
			RELAY_MET_YES, "in use"},
		{"", "2.11", RELAY_MET_YES, "line 6"},
		{"disable_vrfy_command = no\n", "2.11", RELAY_MET_NO, "VRFY is on"},
		{"", "2.12", RELAY_MET_YES, ""},
		{"relay_domains = x.example\n", "2.12", RELAY_MET_NO, "Everybody"},
		{"relay_domains = x.example\nfast_flush_domains =\n", "2.12", RELAY_MET_YES, ""},
		{"relay_domains = x.example\nsmtpd_etrn_restrictions = reject\n", "2.12",
			RELAY_MET_YES, "line 8"},
		{"", "2.13", RELAY_MET_YES, ""},
		{"soft_bounce = yes\n", "2.13", RELAY_MET_NO, "line 7"},
	};

	for (size_t i = 0; i < ORBL_COUNT(rows); i++)
		assert_advice(&rows[i]);
}
END_TEST

static size_t
count_relayed(const char *more)
{
	char text[2048];
	struct relay_policy *p;
	struct relay_audit *a;
	size_t relayed;

	snprintf(text, sizeof(text), GOOD "%s", more);
	p = read_postfix(text);
	a = audit(p);
	relayed = a->outlooks[RELAY_OUTLOOK_RELAYED];
	for (size_t i = 0; i < a->count; i++)
		if (a->cases[i].outlook == RELAY_OUTLOOK_RELAYED)
			ck_assert_str_ne(relay_audit_remedy(&a->cases[i].decision), "");
	ck_assert_uint_eq(a->count, probe_case_count());
	relay_audit_free(a);
	relay_policy_free(p);
	return relayed;
}

START_TEST(holes_of_a_postfix)
{
	ck_assert_uint_eq(count_relayed(""), 0);
	ck_assert_uint_gt(count_relayed("mynetworks = 0.0.0.0/0\n"), 30);
	ck_assert_uint_gt(count_relayed("relay_domains = static:all\n"), 30);
	/* Whoever claims to be one of ours; a plain test does not find it. */
	ck_assert_uint_ge(count_relayed("smtpd_relay_restrictions = check_sender_access "
					"inline:{{example.org = OK}}, reject_unauth_destination\n"),
		4);
	/* Bounces from strangers to strangers. */
	ck_assert_uint_ge(count_relayed("smtpd_relay_restrictions = check_sender_access "
					"inline:{{<> = OK}}, reject_unauth_destination\n"),
		1);
}
END_TEST

static void
count_item(const struct relay_item *item, void *context)
{
	size_t *counts = context;

	ck_assert_ptr_nonnull(item->value);
	ck_assert(item->name != NULL || item->kind == RELAY_ITEM_WARNING);
	counts[item->kind]++;
}

START_TEST(a_postfix_is_described)
{
	struct relay_policy *p = read_postfix(
		GOOD "relay_domains = !no.x.example, x.example, .y.example\n");
	size_t counts[RELAY_ITEM_COUNT] = {0};

	relay_describe(p, count_item, counts);
	ck_assert_uint_gt(counts[RELAY_ITEM_SETTING], 20);
	ck_assert_uint_eq(counts[RELAY_ITEM_ENTRY], 6);
	ck_assert_uint_eq(counts[RELAY_ITEM_RULE], 3);
	ck_assert_str_eq(relay_describe_host(p), "mail.example.org");
	ck_assert_str_eq(relay_describe_domain(p, 0), "mail.example.org");
	ck_assert_str_eq(relay_describe_domain(p, 1), "example.org");
	ck_assert_str_eq(relay_describe_domain(p, 2), "x.example");
	ck_assert_ptr_null(relay_describe_domain(p, 3));
	relay_policy_free(p);
}
END_TEST

START_TEST(each_permit_of_a_postfix_has_a_remedy)
{
	static const char *const rules[] = {"permit_mynetworks", "permit", "relay domain",
		"local domain", "check_client_access", "check_helo_access", "check_sender_access",
		"check_recipient_access", "end of smtpd_relay_restrictions",
		"end of smtpd_recipient_restrictions", "permit_auth_destination",
		"check_relay_domains"};
	const char *general = relay_audit_remedy(&(struct relay_decision){.rule = "new"});

	for (size_t i = 0; i < ORBL_COUNT(rules); i++)
		ck_assert_ptr_ne(relay_audit_remedy(&(struct relay_decision){.rule = rules[i]}),
			general);
}
END_TEST

static Suite *
suite(void)
{
	Suite *s = suite_create("relay_recommend");
	TCase *advice = tcase_create("recommendations"), *cases = tcase_create("cases"),
	      *describe = tcase_create("describe");

	tcase_add_test(advice, settings_decide);
	tcase_add_test(advice, each_permit_of_a_postfix_has_a_remedy);
	tcase_add_test(cases, holes_of_a_postfix);
	tcase_add_test(describe, a_postfix_is_described);
	suite_add_tcase(s, advice);
	suite_add_tcase(s, cases);
	suite_add_tcase(s, describe);
	return s;
}

int
main(void)
{
	return unit_run(suite());
}
