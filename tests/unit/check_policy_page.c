#include "policy_page.h"

#include <stdlib.h>
#include <string.h>

#include "analyzer_fixture.h"
#include "policy_value.h"
#include "scratch.h"
#include "unit.h"

static char *page; /* of the last call */

static void
set_up(void)
{
	scratch_enter();
	page = NULL;
}

static void
tear_down(void)
{
	free(page);
	scratch_leave();
}

static struct conf *
load(const char *lines)
{
	struct conf *conf;

	scratch_write("page.conf", lines, strlen(lines));
	ck_ok(conf_load("page.conf", &conf, trouble()));
	return conf;
}

static const char *
write_page(const struct policy_page *p, enum page_format format)
{
	size_t len;
	FILE *out;

	free(page);
	out = open_memstream(&page, &len);
	ck_assert_ptr_nonnull(out);
	policy_page_write(p, format, out);
	ck_assert_int_eq(fclose(out), 0);
	return page;
}

static const char *
page_of(const char *lines, enum page_format format)
{
	struct conf *conf = load(lines);

	write_page(&(struct policy_page){.conf = conf}, format);
	conf_free(conf);
	return page;
}

/* As one line, so that a sentence is found however it is wrapped. */
static const char *
unwrapped(void)
{
	for (char *p = page; *p != '\0'; p++)
		if (*p == '\n')
			*p = ' ';
	return page;
}

static void
assert_says(const char *words, bool says)
{
	ck_assert_msg((strstr(page, words) != NULL) == says, "%s: %s there", words,
		says ? "is not" : "is");
}

static const struct { /* a setting, what the page then says, and what it says no more */
	const char *lines, *says, *not ;
} settings[] = {
	{"", "when it has 15 points, from at least 2 independent reporters", "$("},
	{"", "A listing ends 30 days after", "is announced: "},
	{"", "hostmaster@localhost", "It is published at"},
	{"zone.contact = \"a\\\\.b.example.org\"", "a.b@example.org", NULL},
	{"zone.policy = \"https://x.example/policy\"", "published at https://x.example/policy",
		NULL},
	{"score.min_reporters = 1", "from at least 1 reporter.", NULL},
	{"score.suspect_at = 0", "127.0.0.4 (`suspects`) is reserved",
		"as suspect, without a test"},
	{"score.suspect_at = 77", "when it has 77 points", "is reserved"},
	{"score.half_life = 90m", "-age / 90 minutes)", NULL},
	{"score.distinct = asn", "Reporters in one AS count as one", NULL},
	{"score.distinct = network", "Reporters in one network (/24, IPv6: /48) count", NULL},
	{"score.distinct = reporter", "independent reporters", "Reporters in one"},
	{"listing.lifetime = 1d", "A listing ends 24 hours after", NULL},
	{"listing.relapse_window = 0", "How long", "relapsed"},
	{"listing.notice_output = 0\nlisting.notice_bouncer = 0", "How long",
		"is not published in the first"},
	{"listing.ipv6_prefix = 128", "an IPv6 host by its address", "/64"},
	{"listing.ipv6_prefix = 80", "one IPv6 /80", "/64"},
	{"listing.safe_lists = {\"a\", \"b\"}", "one of 2 safe lists of", NULL},
	{"delist.confirm_after = 0", "How to get off", "tested once more"},
	{"delist.lockout = 0", "How to get off", "requests are taken"},
	{"delist.resolver = 127.0.0.1@53", "need not wait", NULL},
	{"probe.retest_before = 0", "The test", "tested again in the last"},
	{"probe.source = 192.0.2.1\nprobe.second_source = 192.0.2.2", "from a second address",
		NULL},
	{"probe.backoff = 20h", "is tested again after 20 hours; one that", NULL},
	{"probe.backoff = 30d", "is tested again when evidence nominates it anew", NULL},
	{"notify.spool = \"/x\"\nnotify.contacts = abuse.example", "where abuse.example names one",
		NULL},
	{"",
		"When 2 independent reporters, all of them new, have each denied it in 3 hours of "
		"the "
		"last day, recipients in two domains or more, this is at least 8.49 points",
		NULL},
	{"score.new_trust = 100\nscore.min_reporters = 1", "have each denied it in 2 hours of",
		NULL},
	{"score.new_trust = 10", "A host is tested when", "all of them new"},
	{"publish.max_change = 7", "differs by more than 7 % (and 500", NULL},
};

START_TEST(the_page_says_what_is_set)
{
	page_of(settings[_i].lines, PAGE_MARKDOWN);
	unwrapped();
	assert_says(settings[_i].says, true);
	if (settings[_i].not != NULL)
		assert_says(settings[_i].not, false);
}
END_TEST

/* Values of all options that the page tells, in each format: no name is left over. */
START_TEST(each_name_has_a_value)
{
	page_of("score.distinct = asn\nprobe.source = 192.0.2.1\nprobe.second_source = 192.0.2.2\n"
		"zone.policy = \"https://x.example/\"\nlisting.safe_lists = {\"a\"}\n"
		"delist.resolver = 127.0.0.1@53\nnotify.spool = \"/x\"\n"
		"notify.contacts = abuse.example\n",
		(enum page_format)_i);
	assert_says("$(", false);
	assert_says("dnsbl.test", true);
}
END_TEST

static const char hostile[] = "a <b>&\"c\" `d` **e** | $(zone) \\ [f](g) # \x01\xc3\xa4";

static void
write_hostile(enum page_format format)
{
	struct conf *conf = load("");

	write_page(&(struct policy_page){conf, hostile, hostile}, format);
	conf_free(conf);
}

START_TEST(html_is_escaped)
{
	write_hostile(PAGE_HTML);
	assert_says("<p><strong>a &lt;b&gt;&amp;&quot;c&quot; `d` **e** | $(zone) \\ [f](g) # ???"
		    "</strong></p>",
		true);
	assert_says("<b>", false);
	assert_says("<script", false);
	assert_says("</html>\n", true);
}
END_TEST

START_TEST(markdown_is_escaped)
{
	write_hostile(PAGE_MARKDOWN);
	unwrapped();
	assert_says("**a \\<b\\>&\"c\" \\`d\\` \\*\\*e\\*\\* \\| $(zone) \\\\ \\[f\\](g) \\# ???**",
		true);
	assert_says("is `a <b>&\"c\" ?d? **e** ? $(zone)", true); /* within code */
}
END_TEST

START_TEST(text_has_no_markup)
{
	page_of("", PAGE_TEXT);
	assert_says("`", false);
	assert_says("**", false);
	assert_says("Listing policy\n==============\n\n", true);
	for (const char *p = page, *end; *p != '\0'; p = end + 1) {
		end = strchr(p, '\n');
		ck_assert_ptr_nonnull(end);
		ck_assert_msg(end - p <= 79, "%.*s", (int)(end - p), p);
	}
}
END_TEST

START_TEST(links_are_those_of_the_web_alone)
{
	page_of("probe.url = \"javascript:alert(1)\"\nzone.policy = \"https://x.example/?a=1&b=2\"",
		PAGE_HTML);
	assert_says("href=\"https://x.example/?a=1&amp;b=2\"", true);
	assert_says("href=\"javascript", false);
}
END_TEST

START_TEST(a_notice_stands_first)
{
	struct conf *conf = load("");

	write_page(&(struct policy_page){.conf = conf, .notice = "This list ends."}, PAGE_MARKDOWN);
	ck_assert_ptr_eq(strstr(page, "# Listing policy\n\n**This list ends.**\n\n"), page);
	write_page(&(struct policy_page){.conf = conf, .audit_key = "00ff"}, PAGE_MARKDOWN);
	assert_says("is `00ff`", true);
	assert_says("`orbl audit key` prints", false);
	conf_free(conf);
}
END_TEST

/* --- values ------------------------------------------------------------------------ */

static const struct {
	int64_t seconds;
	const char *text;
} durations[] = {
	{0, "0 seconds"},
	{1, "1 second"},
	{59, "59 seconds"},
	{60, "1 minute"},
	{90, "90 seconds"},
	{3600, "1 hour"},
	{5400, "90 minutes"},
	{86400, "24 hours"},
	{90000, "25 hours"},
	{172800, "2 days"},
	{172801, "172801 seconds"},
	{31536000, "365 days"},
};

START_TEST(durations_are_exact)
{
	char text[PAGE_VALUE];

	policy_value_duration(durations[_i].seconds, text);
	ck_assert_str_eq(text, durations[_i].text);
}
END_TEST

START_TEST(durations_are_as_in_the_configuration)
{
	static const struct {
		int64_t seconds;
		const char *text;
	} cases[] = {{15552000, "180d"}, {86400, "1d"}, {5400, "90m"}, {7200, "2h"}, {61, "61s"}};
	char out[PAGE_VALUE];

	for (size_t i = 0; i < ORBL_COUNT(cases); i++)
		ck_assert_str_eq(policy_value_short(cases[i].seconds, out), cases[i].text);
}
END_TEST

START_TEST(formats_have_names)
{
	enum page_format f;

	ck_assert_int_eq(page_format_by_name("html", &f), OK);
	ck_assert_int_eq(f, PAGE_HTML);
	ck_assert_str_eq(page_format_name(PAGE_TEXT), "text");
	ck_assert_int_eq(page_format_by_name("pdf", &f), ERR_NOT_FOUND);
	ck_assert_int_eq(page_format_by_name("", &f), ERR_NOT_FOUND);
}
END_TEST

static Suite *
suite(void)
{
	Suite *s = suite_create("policy_page");
	TCase *c = tcase_create("page"), *values = tcase_create("values");

	tcase_add_checked_fixture(c, set_up, tear_down);
	tcase_add_loop_test(c, the_page_says_what_is_set, 0, (int)ORBL_COUNT(settings));
	tcase_add_loop_test(c, each_name_has_a_value, 0, PAGE_FORMAT_COUNT);
	tcase_add_test(c, html_is_escaped);
	tcase_add_test(c, markdown_is_escaped);
	tcase_add_test(c, text_has_no_markup);
	tcase_add_test(c, links_are_those_of_the_web_alone);
	tcase_add_test(c, a_notice_stands_first);
	suite_add_tcase(s, c);
	tcase_add_loop_test(values, durations_are_exact, 0, (int)ORBL_COUNT(durations));
	tcase_add_test(values, formats_have_names);
	tcase_add_test(values, durations_are_as_in_the_configuration);
	suite_add_tcase(s, values);
	return s;
}

int
main(void)
{
	return unit_run(suite());
}
