#include "policy_value.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include <orbl/listing.h>

#include "decision.h"

void
policy_value_duration(int64_t seconds, char out[PAGE_VALUE])
{
	static const struct {
		int64_t seconds, least; /* one day is 24 hours */
		const char *name;
	} units[] = {
		{86400, 2 * 86400, "day"},
		{3600, 3600, "hour"},
		{60, 60, "minute"},
		{1, 0, "second"},
	};
	size_t i = 0;

	while (seconds % units[i].seconds != 0 || seconds < units[i].least)
		i++;
	snprintf(out, PAGE_VALUE, "%" PRId64 " %s%s", seconds / units[i].seconds, units[i].name,
		seconds == units[i].seconds ? "" : "s");
}

const char *
policy_value_short(int64_t seconds, char out[PAGE_VALUE])
{
	static const struct {
		int64_t seconds;
		char unit;
	} units[] = {{86400, 'd'}, {3600, 'h'}, {60, 'm'}, {1, 's'}};
	size_t i = 0;

	while (seconds % units[i].seconds != 0)
		i++;
	snprintf(out, PAGE_VALUE, "%" PRId64 "%c", seconds / units[i].seconds, units[i].unit);
	return out;
}

/* --- plain options ------------------------------------------------------------ */

#define AT(field) offsetof(struct conf, field)

static const struct {
	const char *name;
	size_t offset;
	const char *one, *many; /* NULL: a duration */
} numbers[] = {
	{"confirm_after", AT(delist.confirm_after_s), NULL, NULL},
	{"denial_points", AT(score.denial_points), "", ""},
	{"half_life", AT(score.half_life_s), NULL, NULL},
	{"interval", AT(probe.interval_s), NULL, NULL},
	{"lifetime", AT(listing.lifetime_s), NULL, NULL},
	{"lockout", AT(delist.lockout_s), NULL, NULL},
	{"max_age", AT(score.max_age_s), NULL, NULL},
	{"max_change", AT(publish.max_change), " %", " %"},
	{"max_change_floor", AT(publish.max_change_floor), "", ""},
	{"max_lifetime", AT(listing.max_lifetime_s), NULL, NULL},
	{"max_lockout", AT(delist.max_lockout_s), NULL, NULL},
	{"min_reporters", AT(score.min_reporters), " reporter", " independent reporters"},
	{"negative_ttl", AT(zone.negative_ttl_s), NULL, NULL},
	{"new_trust", AT(score.new_trust), " %", " %"},
	{"notice_bouncer", AT(listing.notice_bouncer_s), NULL, NULL},
	{"notice_output", AT(listing.notice_output_s), NULL, NULL},
	{"per_day", AT(notify.per_day), "", ""},
	{"per_minute", AT(probe.per_minute), "", ""},
	{"per_network", AT(probe.per_network), " host", " hosts"},
	{"relapse_window", AT(listing.relapse_window_s), NULL, NULL},
	{"reporter_cap", AT(score.reporter_cap), "", ""},
	{"requests_per_day", AT(delist.requests_per_day), " time", " times"},
	{"retest_before", AT(probe.retest_before_s), NULL, NULL},
	{"suspect_at", AT(score.suspect_at), "", ""},
	{"suspect_reporters", AT(score.suspect_reporters), "", ""},
	{"suspect_until", AT(score.suspect_until), "", ""},
	{"threshold", AT(score.threshold), "", ""},
	{"ttl", AT(zone.ttl_s), NULL, NULL},
};

static bool
number_value(const struct conf *c, const char *name, char out[PAGE_VALUE])
{
	int64_t n;

	for (size_t i = 0; i < ORBL_COUNT(numbers); i++) {
		if (strcmp(numbers[i].name, name) != 0)
			continue;
		memcpy(&n, (const char *)c + numbers[i].offset, sizeof(n));
		if (numbers[i].one == NULL)
			policy_value_duration(n, out);
		else
			snprintf(out, PAGE_VALUE, "%" PRId64 "%s", n,
				n == 1 ? numbers[i].one : numbers[i].many);
		return true;
	}
	return false;
}

/* --- what is made of options ------------------------------------------------------ */

static void
say_zone(const struct conf *c, char out[PAGE_VALUE])
{
	snprintf(out, PAGE_VALUE, "%s", c->zone.name);
}

/* The mailbox of the SOA record: its first label is the local part (RFC 1035 section 8). */
static void
say_contact(const struct conf *c, char out[PAGE_VALUE])
{
	const char *in = c->zone.contact;
	size_t n = 0;
	bool local = true;

	for (; *in != '\0' && n + 1 < PAGE_VALUE; in++) {
		if (local && in[0] == '\\' && in[1] != '\0')
			in++;
		else if (local && in[0] == '.') {
			out[n++] = '@';
			local = false;
			continue;
		}
		out[n++] = *in;
	}
	out[n] = '\0';
}

static void
say_url(const struct conf *c, char out[PAGE_VALUE])
{
	snprintf(out, PAGE_VALUE, "%s", c->zone.url);
}

static void
say_policy(const struct conf *c, char out[PAGE_VALUE])
{
	snprintf(out, PAGE_VALUE, "%s", c->zone.policy);
}

static void
say_helo(const struct conf *c, char out[PAGE_VALUE])
{
	snprintf(out, PAGE_VALUE, "%s", c->probe.helo);
}

static void
say_probe_url(const struct conf *c, char out[PAGE_VALUE])
{
	snprintf(out, PAGE_VALUE, "%s", c->probe.url);
}

static void
say_contacts(const struct conf *c, char out[PAGE_VALUE])
{
	snprintf(out, PAGE_VALUE, "%s", c->notify.contacts);
}

static void
say_ipv6_prefix(const struct conf *c, char out[PAGE_VALUE])
{
	if (c->listing.ipv6_prefix == 128)
		snprintf(out, PAGE_VALUE, "address");
	else
		snprintf(out, PAGE_VALUE, "/%" PRId64, c->listing.ipv6_prefix);
}

static void
say_distinct(const struct conf *c, char out[PAGE_VALUE])
{
	snprintf(out, PAGE_VALUE, "%s",
		strcmp(c->score.distinct, "asn") == 0             ? "AS" :
			strcmp(c->score.distinct, "network") == 0 ? "network (/24, IPv6: /48)" :
								    "name");
}

static void
say_safe_lists(const struct conf *c, char out[PAGE_VALUE])
{
	snprintf(out, PAGE_VALUE, "%zu safe list%s", c->listing.safe_lists.count,
		c->listing.safe_lists.count == 1 ? "" : "s");
}

/* "after 1 hour, 2 hours, 4 hours" */
static void
say_backoff(const struct conf *c, char out[PAGE_VALUE])
{
	const struct retry_rules rules = {c->probe.backoff_s, c->probe.interval_s};
	char one[PAGE_VALUE];
	size_t n = 0;

	snprintf(out, PAGE_VALUE, "when evidence nominates it anew");
	for (unsigned tries = 0; tries < RETRIES_MAX; tries++) {
		int64_t wait_s = decision_retry(&rules, VERDICT_UNDECIDED, tries);

		if (wait_s == 0)
			break;
		policy_value_duration(wait_s, one);
		n += (size_t)snprintf(out + n, PAGE_VALUE - n, "%s%.40s", n == 0 ? "after " : ", ",
			one);
	}
}

/* Of one denial in each of so many hours of the last day, and two domains in all: score.h. */
static double
new_points(const struct conf *c, int64_t hours)
{
	double points = (double)(c->score.denial_points * hours) * (1.0 + 1.0 / 4.0) *
		exp2(-86400.0 / (double)c->score.half_life_s),
	       cap = (double)c->score.reporter_cap;

	return (points < cap ? points : cap) * (double)c->score.new_trust / 100.0;
}

int64_t
policy_value_new_hours(const struct conf *c)
{
	enum { HOURS_MAX = 23 };

	for (int64_t hours = 1; hours <= HOURS_MAX; hours++)
		if (new_points(c, hours) * (double)c->score.min_reporters >=
			(double)c->score.threshold)
			return hours;
	return 0;
}

static void
say_new_hours(const struct conf *c, char out[PAGE_VALUE])
{
	int64_t hours = policy_value_new_hours(c);

	snprintf(out, PAGE_VALUE, "%" PRId64 " %s", hours, hours == 1 ? "hour" : "hours");
}

static void
say_new_points(const struct conf *c, char out[PAGE_VALUE])
{
	snprintf(out, PAGE_VALUE, "%.3g", new_points(c, policy_value_new_hours(c)));
}

static void
say_new_most(const struct conf *c, char out[PAGE_VALUE])
{
	snprintf(out, PAGE_VALUE, "%.3g",
		(double)c->score.reporter_cap * (double)c->score.new_trust / 100.0);
}

static const struct {
	const char *name;
	void (*say)(const struct conf *c, char out[PAGE_VALUE]);
} texts[] = {
	{"backoff", say_backoff},
	{"contact", say_contact},
	{"contacts", say_contacts},
	{"distinct", say_distinct},
	{"helo", say_helo},
	{"ipv6_prefix", say_ipv6_prefix},
	{"new_hours", say_new_hours},
	{"new_most", say_new_most},
	{"new_points", say_new_points},
	{"policy", say_policy},
	{"probe_url", say_probe_url},
	{"safe_lists", say_safe_lists},
	{"url", say_url},
	{"zone", say_zone},
};

/* "code relay", "subzone relay" */
static bool
category_value(const char *name, char out[PAGE_VALUE])
{
	struct text rest = text_of(name), what = text_cut(&rest, ' ');
	const struct category_row *row;
	enum category category;
	char code[ADDR_TEXT];
	struct addr a;

	if (category_by_name(rest, &category) != OK)
		return false;
	row = category_row(category);
	a = addr_from_ipv4(row->code);
	if (text_equal(what, TEXT("code")))
		snprintf(out, PAGE_VALUE, "%s", addr_format(&a, code));
	else if (text_equal(what, TEXT("subzone")))
		snprintf(out, PAGE_VALUE, "%s", row->subzone);
	else
		return false;
	return true;
}

bool
policy_value(const struct conf *c, const char *name, char out[PAGE_VALUE])
{
	for (size_t i = 0; i < ORBL_COUNT(texts); i++)
		if (strcmp(texts[i].name, name) == 0) {
			texts[i].say(c, out);
			return true;
		}
	return number_value(c, name, out) || category_value(name, out);
}
