#include "unit.h"

#include <stdlib.h>
#include <string.h>

#include "relay_audit.h"

#define POSTFIX "compatibility_level = 3.6\nmyhostname = mail.example.org\n"
#define GUARDED(permits)                                                                           \
	POSTFIX "mynetworks = 127.0.0.0/8\nsmtpd_relay_restrictions = permit_mynetworks, " permits \
		" reject_unauth_destination\n"
#define NETWORKS(networks)                                                                         \
	POSTFIX "mynetworks = " networks "\nsmtpd_relay_restrictions = permit_mynetworks, "        \
		"reject_unauth_destination\n"

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

static struct audited
audit(const char *text)
{
	const struct relay_audit_question q = {.host = NULL};
	struct audited a = {.policy = read_policy(text)};
	struct error e = {.code = OK};

	ck_assert_msg(relay_audit_new(a.policy, &q, &a.audit, &e) == OK, "%s", e.text);
	return a;
}

static void
done(struct audited *a)
{
	relay_audit_free(a->audit);
	relay_policy_free(a->policy);
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

START_TEST(much_of_ipv6_is_a_hole)
{
	static const struct {
		const char *text;
		bool hole;
		const char *wide;
	} rows[] = {
		{NETWORKS("[::]/0"), true, NULL},
		{NETWORKS("2000::/3"), true, NULL},
		{NETWORKS("[2600::]/8"), false, "2^120"},
		{NETWORKS("[2a01:4f8::]/32"), false, NULL},
		{NETWORKS("[2a01:4f8::]/31"), false, "2^97"},
		{NETWORKS("[fd00::]/8"), false, NULL},
		{NETWORKS("0.0.0.0/0"), true, NULL},
		{NETWORKS("198.0.0.0/8"), false, "16,777,216"},
		{NETWORKS("198.60.0.0/16"), false, NULL},
		{NETWORKS("198.60.0.0/15"), false, "131,072"},
		{NETWORKS("10.0.0.0/8"), false, NULL},
		{NETWORKS("!198.0.0.0/8 198.0.0.0/8"), false, NULL},
		{"relay_flags = 2\nrelay_allow = 18.0.0.0;255.0.0.0\n", false, "16,777,216"},
		{"relay_flags = 2\nrelay_allow = 10.0.0.0;255.0.0.0\n", false, NULL},
		{"relay_flags = 0\nrelay_allow = 18.0.0.0;255.0.0.0\n", false, NULL},
	};

	for (size_t i = 0; i < ORBL_COUNT(rows); i++) {
		struct audited a = audit(rows[i].text);

		ck_assert_msg((relay_audit_holes(a.audit) != 0) == rows[i].hole, "%s",
			rows[i].text);
		ck_assert_msg(a.audit->wide_count == (rows[i].wide != NULL), "%s", rows[i].text);
		if (rows[i].wide != NULL)
			ck_assert_str_eq(a.audit->wide[0].size, rows[i].wide);
		done(&a);
	}
}
END_TEST

START_TEST(what_anybody_can_say_is_a_hole)
{
	static const struct {
		const char *text, *who;
	} rows[] = {
		{GUARDED("check_sender_access inline:{partner.example=OK},"),
			"anyone who says MAIL FROM:<x@partner.example>"},
		{GUARDED("check_sender_access inline:{robot@=OK},"),
			"anyone who says MAIL FROM:<robot@elsewhere.invalid>"},
		{GUARDED("check_sender_access inline:{partner.example=permit},"),
			"anyone who says MAIL FROM:<x@partner.example>"},
		{GUARDED("check_sender_access inline:{partner.example=permit_mynetworks},"), NULL},
		{GUARDED("check_sender_access inline:{partner.example=REJECT},"), NULL},
		{GUARDED("check_helo_access inline:{localhost=OK},"),
			"anyone who says HELO localhost"},
		{GUARDED("check_helo_access static:OK,"), "anyone who says HELO elsewhere.invalid"},
		{GUARDED("check_client_access inline:{unknown=OK},"),
			"any client without a name in DNS"},
		{GUARDED("check_client_access inline:{com=OK},"),
			"any client with a name such as host.any.com"},
		{GUARDED("check_client_access inline:{192.0.2=OK},"), NULL},
	};

	for (size_t i = 0; i < ORBL_COUNT(rows); i++) {
		struct audited a = audit(rows[i].text);

		ck_assert_msg(a.audit->forgery_count == (rows[i].who != NULL), "%s", rows[i].text);
		ck_assert_msg((relay_audit_holes(a.audit) != 0) == (rows[i].who != NULL), "%s",
			rows[i].text);
		if (rows[i].who != NULL) {
			ck_assert_str_eq(a.audit->forgeries[0].who, rows[i].who);
			ck_assert_int_eq(advice_of(a.audit, "2.1")->met, RELAY_MET_NO);
		}
		done(&a);
	}
}
END_TEST

START_TEST(many_keys_are_bounded)
{
	char text[16384] = POSTFIX "smtpd_relay_restrictions = check_sender_access inline:{";
	struct audited a;

	for (size_t i = 0; i < 100; i++)
		snprintf(text + strlen(text), sizeof(text) - strlen(text), "p%zu.example=OK,", i);
	snprintf(text + strlen(text), sizeof(text) - strlen(text),
		"}, reject_unauth_destination\n");
	a = audit(text);
	ck_assert_uint_eq(a.audit->forgery_count, 64);
	ck_assert_uint_eq(a.audit->not_judged_count, 1);
	done(&a);
}
END_TEST

START_TEST(what_is_not_judged_is_listed)
{
	static const struct {
		const char *text, *what;
	} rows[] = {
		{GUARDED("permit_mx_backup,"), "permit_mx_backup: whom it permits is not known"},
		{GUARDED("check_client_access pcre:/etc/postfix/x,"),
			"check_client_access pcre:/etc/postfix/x is not read"},
		{GUARDED("check_client_access inline:{mail.partner.example=OK},"),
			"inline:{mail.partner.example=OK}: names of clients that may relay: 1, the "
			"first is mail.partner.example"},
		{GUARDED("check_client_access inline:{mail.partner.example=REJECT},"), NULL},
		{GUARDED("reject_rbl_client dnsbl.example,"), NULL},
		{GUARDED("reject_unauth_destination, check_policy_service unix:x,"), NULL},
		{GUARDED("warn_if_reject reject_unauth_destination, permit_mx_backup,"),
			"permit_mx_backup: whom it permits is not known"},
		{NETWORKS("127.0.0.0/8, office.example.org"),
			"'office.example.org' in mynetworks needs DNS"},
		{NETWORKS("127.0.0.0/8, mysql:networks"),
			"mysql:networks of mynetworks is not read"},
		{"relay_flags = 2\n", NULL},
	};

	for (size_t i = 0; i < ORBL_COUNT(rows); i++) {
		struct audited a = audit(rows[i].text);

		ck_assert_msg(a.audit->not_judged_count == (rows[i].what != NULL), "%s",
			rows[i].text);
		ck_assert_uint_eq(relay_audit_holes(a.audit), 0);
		if (rows[i].what != NULL) {
			ck_assert_str_eq(a.audit->not_judged[0].what, rows[i].what);
			ck_assert_int_eq(advice_of(a.audit, "2.1")->met, RELAY_MET_UNKNOWN);
		}
		done(&a);
	}
}
END_TEST

START_TEST(a_server_that_does_not_serve)
{
	struct audited a = audit(POSTFIX "smtpd_relay_restrictions = permit, reject\n");

	ck_assert(a.audit->fatal);
	ck_assert_uint_eq(relay_audit_holes(a.audit), 0);
	ck_assert_ptr_nonnull(strstr(advice_of(a.audit, "2.6.1")->remedy, "warn_if_reject"));
	done(&a);
}
END_TEST

static Suite *
suite(void)
{
	Suite *s = suite_create("relay_forgery");
	TCase *wide = tcase_create("wide"), *forged = tcase_create("forged"),
	      *unjudged = tcase_create("unjudged");

	tcase_add_test(wide, much_of_ipv6_is_a_hole);
	tcase_add_test(forged, what_anybody_can_say_is_a_hole);
	tcase_add_test(forged, many_keys_are_bounded);
	tcase_add_test(unjudged, what_is_not_judged_is_listed);
	tcase_add_test(unjudged, a_server_that_does_not_serve);
	suite_add_tcase(s, wide);
	suite_add_tcase(s, forged);
	suite_add_tcase(s, unjudged);
	return s;
}

int
main(void)
{
	return unit_run(suite());
}
