#include "unit.h"

#include <stdlib.h>
#include <string.h>

#include "relay_audit.h"
#include "relay_compare.h"
#include "relay_describe.h"

#define DOMAIN "local_domain = inbound.example\n"

struct audited {
	struct relay_policy *policy;
	struct relay_audit *audit;
};

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
	struct addr a;

	ck_assert_int_eq(addr_parse(text_of(t), &a), OK);
	return a;
}

static struct audited
audit_with(const char *text, const struct relay_audit_question *q)
{
	struct audited a = {.policy = read_policy(text)};
	struct error e = {.code = OK};

	ck_assert_msg(relay_audit_new(a.policy, q, &a.audit, &e) == OK, "%s", e.text);
	return a;
}

static struct audited
audit(const char *text)
{
	return audit_with(text, &(struct relay_audit_question){.host = NULL});
}

static void
done(struct audited *a)
{
	relay_audit_free(a->audit);
	relay_policy_free(a->policy);
}

static const struct relay_audit_case *
case_of(const struct relay_audit *a, const char *name)
{
	for (size_t i = 0; i < a->count; i++)
		if (strncmp(a->cases[i].row->id, name, 3) == 0)
			return &a->cases[i];
	ck_abort_msg("%s was not asked", name);
	return NULL;
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

static enum relay_outlook
outlook_of(const struct relay_audit *a, const char *name)
{
	return case_of(a, name)->outlook;
}

/* --- cases ------------------------------------------------------------------ */

static void
assert_counts(const struct relay_audit *a, size_t relayed, size_t bounced, size_t local)
{
	ck_assert_uint_eq(a->count, probe_case_count());
	ck_assert_uint_eq(a->outlooks[RELAY_OUTLOOK_RELAYED], relayed);
	ck_assert_uint_eq(a->outlooks[RELAY_OUTLOOK_BOUNCED], bounced);
	ck_assert_uint_eq(a->outlooks[RELAY_OUTLOOK_LOCAL], local);
	ck_assert_uint_eq(a->outlooks[RELAY_OUTLOOK_DENIED], a->count - relayed - bounced - local);
	ck_assert_uint_eq(relay_audit_holes(a), relayed + bounced);
}

/* Cases at the mail domain are of a local domain; the tester may call the server by a name that
 * is not local, and then nothing is. */
START_TEST(as_installed_everything_is_a_hole)
{
	struct audited a = audit(DOMAIN);

	assert_counts(a.audit, probe_case_count() - 2, 0, 2);
	ck_assert_int_eq(outlook_of(a.audit, "P01"), RELAY_OUTLOOK_RELAYED);
	ck_assert_int_eq(outlook_of(a.audit, "P12"), RELAY_OUTLOOK_LOCAL);
	ck_assert_int_eq(outlook_of(a.audit, "P46"), RELAY_OUTLOOK_LOCAL);
	ck_assert_str_eq(case_of(a.audit, "P01")->decision.rule, "not set");
	ck_assert_int_eq(advice_of(a.audit, "2.1")->met, RELAY_MET_NO);
	ck_assert_int_eq(advice_of(a.audit, "1.5")->met, RELAY_MET_YES);
	ck_assert(advice_of(a.audit, "2.2")->silent && !advice_of(a.audit, "2.1")->silent);
	done(&a);
}
END_TEST

START_TEST(without_domains_everything_is_a_hole)
{
	struct audited a = audit("relay_flags = absent\n");

	assert_counts(a.audit, probe_case_count(), 0, 0);
	ck_assert(!a.audit->knows_domains);
	done(&a);
}
END_TEST

START_TEST(an_allow_list_has_no_hole)
{
	struct audited a = audit("relay_flags = 2\nrelay_allow = 10.1.0.0;255.255.0.0\n" DOMAIN);

	ck_assert_uint_eq(relay_audit_holes(a.audit), 0);
	ck_assert_uint_ne(a.audit->outlooks[RELAY_OUTLOOK_LOCAL], 0);
	ck_assert_str_eq(case_of(a.audit, "P01")->decision.rule, "default");
	ck_assert_int_eq(advice_of(a.audit, "2.1")->met, RELAY_MET_YES);
	ck_assert_int_eq(advice_of(a.audit, "2.1 forms")->met, RELAY_MET_YES);
	ck_assert_int_eq(advice_of(a.audit, "2.6.1")->met, RELAY_MET_YES);
	done(&a);
}
END_TEST

START_TEST(do_not_reroute_bounces)
{
	struct audited a = audit("routing = do-not-reroute\nrelay_flags = 2\n" DOMAIN);

	assert_counts(a.audit, 0, probe_case_count() - 2, 2);
	ck_assert_int_eq(advice_of(a.audit, "1.5")->met, RELAY_MET_NO);
	ck_assert_ptr_nonnull(advice_of(a.audit, "1.5")->remedy);
	ck_assert_int_eq(advice_of(a.audit, "2.1")->met, RELAY_MET_YES);
	done(&a);
}
END_TEST

START_TEST(without_the_fix_only_encapsulated_addresses)
{
	struct audited a = audit("encapsulated_fix = no\nrelay_flags = 2\n" DOMAIN);

	ck_assert_uint_eq(a.audit->outlooks[RELAY_OUTLOOK_RELAYED], 2);
	ck_assert_int_eq(outlook_of(a.audit, "P28"), RELAY_OUTLOOK_RELAYED);
	ck_assert_int_eq(outlook_of(a.audit, "P29"), RELAY_OUTLOOK_RELAYED);
	ck_assert_int_eq(advice_of(a.audit, "2.1 forms")->met, RELAY_MET_NO);
	done(&a);
	a = audit("encapsulated_fix = yes\nrelay_flags = 2\n" DOMAIN);
	ck_assert_uint_eq(relay_audit_holes(a.audit), 0);
	done(&a);
}
END_TEST

START_TEST(a_literal_may_be_local)
{
	const struct relay_audit_question q = {.local = address("198.51.100.7")};
	struct audited a = audit_with("encapsulated_fix = no\nrelay_flags = 2\n" DOMAIN
				      "local_domain = [198.51.100.7]\n",
		&q);

	ck_assert_int_eq(outlook_of(a.audit, "P30"), RELAY_OUTLOOK_RELAYED);
	done(&a);
}
END_TEST

START_TEST(version_4_cannot_be_secured)
{
	struct audited a = audit("version = 4.0\nrelay_flags = 2\n");

	assert_counts(a.audit, probe_case_count(), 0, 0);
	done(&a);
}
END_TEST

START_TEST(a_foreign_mailbox_taken_for_local_is_a_hole)
{
	struct audited a = audit("relay_flags = 2\nlocal_domain = elsewhere.invalid\n");

	ck_assert_int_eq(case_of(a.audit, "P01")->decision.answer, RELAY_LOCAL);
	ck_assert_int_eq(outlook_of(a.audit, "P01"), RELAY_OUTLOOK_RELAYED);
	done(&a);
}
END_TEST

/* --- who asks, and as whom ------------------------------------------------------ */

START_TEST(the_stranger_is_one_whom_no_list_happens_to_name)
{
	struct audited a = audit("relay_flags = 1\nrelay_deny = 192.0.2.0;255.255.255.0\n");
	struct addr usual = address("192.0.2.1");

	ck_assert_uint_eq(a.audit->outlooks[RELAY_OUTLOOK_RELAYED], probe_case_count());
	ck_assert(!addr_equal(&a.audit->client, &usual));
	done(&a);
}
END_TEST

START_TEST(half_of_the_internet_is_found)
{
	static const char *const masks[] = {
		"0.0.0.0;128.0.0.0",
		"128.0.0.0;192.0.0.0",
		"0.0.0.0;0.0.0.1",
		"0.0.0.1;0.0.0.1",
		"0.0.4.0;0.0.4.0",
	};
	char text[128];

	for (size_t i = 0; i < ORBL_COUNT(masks); i++) {
		struct audited a;

		snprintf(text, sizeof(text), "relay_flags = 2\nrelay_allow = %s\n", masks[i]);
		a = audit(text);
		ck_assert_msg(relay_audit_holes(a.audit) != 0, "%s", masks[i]);
		ck_assert_uint_lt(a.audit->alike, a.audit->strangers);
		done(&a);
	}
}
END_TEST

START_TEST(a_network_of_ones_own_is_no_hole)
{
	struct audited a = audit("relay_flags = 2\nrelay_allow = 18.0.0.0;255.0.0.0\n");

	ck_assert_uint_eq(relay_audit_holes(a.audit), 0);
	done(&a);
}
END_TEST

START_TEST(a_named_client_is_asked_for)
{
	const struct relay_audit_question q = {.client = address("10.1.2.3")};
	struct audited a = audit_with("relay_flags = 2\nrelay_allow = 10.1.0.0;255.255.0.0\n", &q);

	ck_assert_int_eq(outlook_of(a.audit, "P01"), RELAY_OUTLOOK_RELAYED);
	ck_assert_uint_eq(case_of(a.audit, "P01")->decision.line, 2);
	ck_assert_uint_eq(a.audit->strangers, 1);
	done(&a);
}
END_TEST

START_TEST(an_address_of_the_server_may_be_a_door)
{
	static const char text[] = "relay_flags = 4\nrelay_local_ip = 198.51.100.7\n";
	const struct relay_audit_question q = {.local = address("198.51.100.7")};
	const struct relay_audit_question other = {.local = address("198.51.100.8")};
	struct audited a = audit(text);

	ck_assert_uint_eq(relay_audit_holes(a.audit), 0);
	ck_assert_int_eq(advice_of(a.audit, "2.1")->met, RELAY_MET_UNKNOWN);
	ck_assert_ptr_nonnull(strstr(advice_of(a.audit, "2.1")->why, "198.51.100.7"));
	done(&a);
	a = audit_with(text, &q);
	ck_assert_uint_eq(relay_audit_holes(a.audit), probe_case_count());
	done(&a);
	a = audit_with(text, &other);
	ck_assert_int_eq(advice_of(a.audit, "2.1")->met, RELAY_MET_YES);
	done(&a);
}
END_TEST

START_TEST(names_are_the_callers)
{
	static const char text[] = "encapsulated_fix = no\nrelay_flags = 2\n" DOMAIN;
	const struct relay_audit_question host = {.host = "gate.other.example"};
	const struct relay_audit_question both = {.host = "gate.other.example",
		.domain = "inbound.example"};
	struct audited a = audit_with(text, &host);

	ck_assert_str_eq(a.audit->host, "gate.other.example");
	ck_assert_str_eq(a.audit->domain, "other.example");
	ck_assert_uint_eq(relay_audit_holes(a.audit), 0);
	done(&a);
	a = audit_with(text, &both);
	ck_assert_int_eq(outlook_of(a.audit, "P28"), RELAY_OUTLOOK_DENIED);
	ck_assert_int_eq(outlook_of(a.audit, "P29"), RELAY_OUTLOOK_RELAYED);
	done(&a);
}
END_TEST

START_TEST(a_name_must_be_one)
{
	static const char *const bad[] = {"", "localhost", "192.0.2.1", "a b.example", "x..y"};
	struct relay_policy *p = read_policy(DOMAIN);

	for (size_t i = 0; i < ORBL_COUNT(bad); i++) {
		const struct relay_audit_question q = {.host = bad[i]}, d = {.domain = bad[i]};
		struct relay_audit *a;
		struct error e = {.code = OK};

		ck_assert_int_eq(relay_audit_new(p, &q, &a, &e), ERR_SYNTAX);
		ck_assert_ptr_null(a);
		ck_assert_int_eq(relay_audit_new(p, &d, &a, &e), ERR_SYNTAX);
	}
	relay_policy_free(p);
}
END_TEST

START_TEST(many_and_odd_domains_do_no_harm)
{
	char text[8192] = "local_domain = localhost\nlocal_domain = [192.0.2.9]\n";
	size_t used = strlen(text);
	struct audited a;

	for (int i = 0; i < 200; i++)
		used += (size_t)snprintf(text + used, sizeof(text) - used,
			"local_domain = d%d.example\n", i);
	a = audit(text);
	ck_assert_uint_eq(a.audit->count, probe_case_count());
	ck_assert_str_eq(a.audit->host, "mail.d0.example");
	done(&a);
}
END_TEST

/* --- recommendations ------------------------------------------------------------ */

START_TEST(each_recommendation_says_something)
{
	static const char *const sections[] = {"1.5", "2.1", "2.2", "2.3", "2.4", "2.5", "2.6.1",
		"2.6.2", "2.7", "2.8", "2.9", "2.10", "2.11", "2.12", "2.13"};
	struct audited a = audit(DOMAIN);

	for (size_t i = 0; i < ORBL_COUNT(sections); i++)
		ck_assert_str_ne(advice_of(a.audit, sections[i])->why, "");
	for (size_t i = 0; i < a.audit->advice_count; i++) {
		const struct relay_advice *r = &a.audit->advice[i];

		ck_assert(r->met == RELAY_MET_YES || r->silent || r->met == RELAY_MET_UNKNOWN ||
			r->remedy != NULL);
		ck_assert(!r->silent || r->remedy != NULL);
	}
	done(&a);
}
END_TEST

START_TEST(each_rule_that_permits_has_a_remedy)
{
	static const char *const rules[] = {"version below 5.0", "version 5.0 with POP3/IMAP4",
		"encapsulated address", "Do not reroute", "not set", "RelayAllowList",
		"RelayLocalIPList", "RelayFlags exactly 1"};
	const char *general = relay_audit_remedy(&(struct relay_decision){.rule = "new"});

	for (size_t i = 0; i < ORBL_COUNT(rules); i++)
		ck_assert_ptr_ne(relay_audit_remedy(&(struct relay_decision){.rule = rules[i]}),
			general);
}
END_TEST

/* --- comparing -------------------------------------------------------------------- */

START_TEST(replies_are_read)
{
	static const struct {
		struct relay_seen seen;
		enum relay_found found;
	} rows[] = {
		{{"", "", "", false, false}, RELAY_FOUND_NOTHING},
		{{"", NULL, NULL, false, true}, RELAY_FOUND_NOTHING},
		{{"", "550 no", "", false, false}, RELAY_FOUND_REFUSED},
		{{"", "MAIL FROM: 553 no", "", false, false}, RELAY_FOUND_REFUSED},
		{{"", "MAIL FROM: 451 later", "", false, false}, RELAY_FOUND_UNCLEAR},
		{{"", "450 later", "", false, false}, RELAY_FOUND_UNCLEAR},
		{{"", "530 5.7.0 Must issue a STARTTLS command first", "", false, false},
			RELAY_FOUND_UNCLEAR},
		{{"", "530 5.7.1 Authentication required", "", false, false}, RELAY_FOUND_REFUSED},
		{{"", "250 ok", "", false, false}, RELAY_FOUND_UNCLEAR},
		{{"", "250 ok", "554 no", false, true}, RELAY_FOUND_REFUSED},
		{{"", "250 ok", "451 later", false, false}, RELAY_FOUND_UNCLEAR},
		{{"", "250 ok", "250 ok", false, false}, RELAY_FOUND_ACCEPTED},
		{{"", "250 ok", "250 ok", false, true}, RELAY_FOUND_BOUNCED},
		{{"", "250 ok", "250 ok", true, true}, RELAY_FOUND_RELAYED},
		{{"", "550 no", "", true, false}, RELAY_FOUND_RELAYED},
		{{"", "x", "", false, false}, RELAY_FOUND_NOTHING},
		{{"refused", "550 STARTTLS is for others", "", false, false}, RELAY_FOUND_REFUSED},
		{{"temporary", "550 no", "", false, false}, RELAY_FOUND_UNCLEAR},
		{{"broken", "250 ok", "", false, true}, RELAY_FOUND_UNCLEAR},
		{{"accepted", "250 ok", "250 ok", false, false}, RELAY_FOUND_ACCEPTED},
		{{"accepted", "250 ok", "250 ok", false, true}, RELAY_FOUND_BOUNCED},
		{{"accepted", "250 ok", "250 ok", true, false}, RELAY_FOUND_RELAYED},
		{{"none", "", "", false, false}, RELAY_FOUND_NOTHING},
		{{"none", "", "", true, false}, RELAY_FOUND_RELAYED},
	};

	for (size_t i = 0; i < ORBL_COUNT(rows); i++)
		ck_assert_msg(relay_compare_find(&rows[i].seen) == rows[i].found, "row %zu", i);
}
END_TEST

/* Columns: relayed, bounced, accepted, refused, unclear, not asked. */
START_TEST(what_differs)
{
	static const char *const table[RELAY_OUTLOOK_COUNT] = {
		[RELAY_OUTLOOK_RELAYED] = "ed?d?-",
		[RELAY_OUTLOOK_BOUNCED] = "de?d?-",
		[RELAY_OUTLOOK_LOCAL] = "deee?-",
		[RELAY_OUTLOOK_DENIED] = "ddde?-",
	};
	static const char letters[RELAY_AGREEMENT_COUNT] = {'d', '?', 'e', '-'};

	for (int o = 0; o < RELAY_OUTLOOK_COUNT; o++)
		for (int f = 0; f < RELAY_FOUND_COUNT; f++) {
			struct relay_comparison c = relay_compare((enum relay_outlook)o,
				(enum relay_found)f);

			ck_assert_msg(letters[c.agreement] == table[o][f], "%s %s",
				relay_outlook_name((enum relay_outlook)o),
				relay_found_name((enum relay_found)f));
			ck_assert_ptr_nonnull(c.why);
			ck_assert(c.agreement != RELAY_AGREEMENT_DIFFERENT || c.why[0] != '\0');
			ck_assert_str_ne(relay_agreement_name(c.agreement), "");
		}
}
END_TEST

/* --- describing ---------------------------------------------------------------------- */

struct told {
	size_t counts[RELAY_ITEM_COUNT];
	enum relay_item_kind last;
	char text[2048], rule[128]; /* the last one */
};

static void
tell(const struct relay_item *item, void *context)
{
	struct told *t = context;
	size_t used = strlen(t->text);

	ck_assert_ptr_nonnull(item->value);
	ck_assert(item->name != NULL || item->kind == RELAY_ITEM_WARNING);
	ck_assert_int_ge(item->kind, t->last);
	t->last = item->kind;
	t->counts[item->kind]++;
	snprintf(t->text + used, sizeof(t->text) - used, "%s=%s@%u\n",
		item->name != NULL ? item->name : "", item->value, item->line);
	if (item->kind == RELAY_ITEM_RULE)
		snprintf(t->rule, sizeof(t->rule), "%s=%s", item->name, item->value);
}

START_TEST(lines_are_told)
{
	struct told t = {.last = RELAY_ITEM_SETTING};
	struct relay_policy *p = read_policy(
		"relay_flags = 3\n\nrelay_deny = 10.0.0.1\n"
		"relay_allow = 10.0.0.0;255.0.0.0\n" DOMAIN "version = 5.5\nencapsulated_fix = no\n"
		"pop3_imap4 = off\nip_forwarding = on\n"
		"routing = reroute\n");

	relay_describe(p, tell, &t);
	ck_assert_ptr_nonnull(strstr(t.text, "RelayFlags=3 (deny list, allow list)@1\n"));
	ck_assert_ptr_nonnull(strstr(t.text, "RelayDenyList=10.0.0.1@3\n"));
	ck_assert_ptr_nonnull(strstr(t.text, "RelayAllowList=10.0.0.0;255.0.0.0@4\n"));
	ck_assert_ptr_nonnull(strstr(t.text, "local domains=inbound.example@5\n"));
	ck_assert_ptr_nonnull(strstr(t.text, "version=5.5@6\n"));
	ck_assert_ptr_nonnull(strstr(t.text, "fix of MS99-027=no@7\n"));
	ck_assert_ptr_nonnull(strstr(t.text, "POP3/IMAP4=off@8\n"));
	ck_assert_ptr_nonnull(strstr(t.text, "IP forwarding=on@9\n"));
	ck_assert_ptr_nonnull(strstr(t.text, "routing=reroute@10\n"));
	ck_assert_ptr_nonnull(strstr(t.text, "default=deny@0\n"));
	ck_assert_uint_eq(t.counts[RELAY_ITEM_RULE], 5);
	ck_assert_uint_eq(t.counts[RELAY_ITEM_WARNING], 0);
	ck_assert_str_eq(relay_describe_domain(p, 0), "inbound.example");
	ck_assert_ptr_null(relay_describe_domain(p, 1));
	relay_policy_free(p);
}
END_TEST

START_TEST(what_has_no_effect_is_told)
{
	struct told t = {.last = RELAY_ITEM_SETTING};
	struct relay_policy *p = read_policy("relay_flags = 0\nrelay_deny = 10.0.0.1\n"
					     "relay_allow = 10.0.0.1\n"
					     "relay_local_ip = 10.0.0.1\n" DOMAIN);

	relay_describe(p, tell, &t);
	ck_assert_uint_eq(t.counts[RELAY_ITEM_WARNING], 3);
	ck_assert_ptr_nonnull(strstr(t.text, "RelayFlags=0@1\n"));
	ck_assert_uint_eq(t.counts[RELAY_ITEM_RULE], 2);
	relay_policy_free(p);
}
END_TEST

/* The rules told are those that decide: the last one is what a stranger gets at P01. */
START_TEST(the_last_rule_is_what_decides)
{
	static const char *const texts[] = {"relay_flags = absent\n", "version = 4.0\n",
		"version = 5.0\n", "version = 5.0\npop3_imap4 = off\nrelay_flags = 2\n",
		"relay_flags = 0\n", "relay_flags = 1\n", "relay_flags = 3\n",
		"routing = do-not-reroute\n", "routing = do-not-reroute\nversion = 4.0\n",
		"relay_flags = 16\n"};

	for (size_t i = 0; i < ORBL_COUNT(texts); i++) {
		struct told t = {.last = RELAY_ITEM_SETTING};
		struct relay_policy *p = read_policy(texts[i]);
		const struct relay_request r = {.client = address("192.0.2.1"),
			.recipient = text_of("a@b.example")};
		struct relay_decision d = relay_policy_decide(p, &r);
		char line[128];

		relay_describe(p, tell, &t);
		snprintf(line, sizeof(line), "%s=%s", d.rule, relay_answer_name(d.answer));
		ck_assert_str_eq(t.rule, line);
		relay_policy_free(p);
	}
}
END_TEST

static Suite *
suite(void)
{
	Suite *s = suite_create("relay_audit");
	TCase *cases = tcase_create("cases"), *names = tcase_create("names"),
	      *advice = tcase_create("recommendations"), *compare = tcase_create("compare"),
	      *describe = tcase_create("describe");

	tcase_add_test(cases, as_installed_everything_is_a_hole);
	tcase_add_test(cases, without_domains_everything_is_a_hole);
	tcase_add_test(cases, an_allow_list_has_no_hole);
	tcase_add_test(cases, do_not_reroute_bounces);
	tcase_add_test(cases, without_the_fix_only_encapsulated_addresses);
	tcase_add_test(cases, a_literal_may_be_local);
	tcase_add_test(cases, version_4_cannot_be_secured);
	tcase_add_test(cases, a_foreign_mailbox_taken_for_local_is_a_hole);
	tcase_add_test(names, the_stranger_is_one_whom_no_list_happens_to_name);
	tcase_add_test(names, half_of_the_internet_is_found);
	tcase_add_test(names, a_network_of_ones_own_is_no_hole);
	tcase_add_test(names, a_named_client_is_asked_for);
	tcase_add_test(names, an_address_of_the_server_may_be_a_door);
	tcase_add_test(names, names_are_the_callers);
	tcase_add_test(names, a_name_must_be_one);
	tcase_add_test(names, many_and_odd_domains_do_no_harm);
	tcase_add_test(advice, each_recommendation_says_something);
	tcase_add_test(advice, each_rule_that_permits_has_a_remedy);
	tcase_add_test(compare, replies_are_read);
	tcase_add_test(compare, what_differs);
	tcase_add_test(describe, lines_are_told);
	tcase_add_test(describe, what_has_no_effect_is_told);
	tcase_add_test(describe, the_last_rule_is_what_decides);
	suite_add_tcase(s, cases);
	suite_add_tcase(s, names);
	suite_add_tcase(s, advice);
	suite_add_tcase(s, compare);
	suite_add_tcase(s, describe);
	return s;
}

int
main(void)
{
	return unit_run(suite());
}
