#include "delist.h"

#include <inttypes.h>
#include <stdio.h>
#include <time.h>

enum { DAY_S = 86400, TIME_TEXT = 32 };

static const char *
format_time(int64_t t, char out[TIME_TEXT])
{
	time_t seconds = (time_t)t;
	struct tm tm = {0};

	gmtime_r(&seconds, &tm);
	strftime(out, TIME_TEXT, "%Y-%m-%dT%H:%M:%SZ", &tm);
	return out;
}

int64_t
delist_lockout_s(const struct delist_rules *rules, unsigned relapses)
{
	int64_t wait_s = relapses != 0 ? rules->lockout_s : 0;

	for (unsigned i = 1; i < relapses && wait_s < rules->max_lockout_s; i++)
		wait_s *= 2;
	return wait_s < rules->max_lockout_s ? wait_s : rules->max_lockout_s;
}

static int64_t
later(int64_t a, int64_t b)
{
	return a > b ? a : b;
}

/* Proved while it was listed as it is now: what was proved before a relapse did not prevent it. */
bool
delist_is_proved(const struct delist_host *host, int64_t now_s)
{
	return host->proved_s != 0 && host->proved_s >= later(host->listed_s, host->removed_s) &&
		now_s - host->proved_s < DELIST_PROVED_S;
}

static int64_t
lockout_end_s(const struct delist_rules *rules, const struct delist_host *host, int64_t now_s)
{
	int64_t wait_s = delist_lockout_s(rules, host->relapses);

	if (wait_s == 0 || delist_is_proved(host, now_s))
		return 0;
	return later(host->listed_s, host->removed_s) + wait_s;
}

static int64_t
requests_end_s(const struct delist_host *host)
{
	return host->counted_request_s != 0 ? host->counted_request_s + DAY_S : 0;
}

int64_t
delist_next_s(const struct delist_rules *rules, const struct delist_host *host, int64_t now_s)
{
	return later(lockout_end_s(rules, host, now_s), requests_end_s(host));
}

bool
delist_is_locked_out(const struct delist_rules *rules, const struct delist_host *host,
	int64_t now_s)
{
	return !host->locked && now_s < lockout_end_s(rules, host, now_s);
}

static void
say_locked_out(const struct delist_rules *rules, const struct delist_host *host, int64_t end_s,
	char why[DELIST_WHY])
{
	char end[TIME_TEXT];

	snprintf(why, DELIST_WHY,
		"it was let off and found open again (relapse %u): the next request is taken at "
		"%s, "
		"%" PRId64 " hours after it was listed; who proves that the host is his need not "
		"wait: orbl delist --prove",
		host->relapses, format_time(end_s, end),
		delist_lockout_s(rules, host->relapses) / 3600);
}

enum delist_answer
delist_ask(const struct delist_rules *rules, const struct delist_host *host, int64_t now_s,
	char why[DELIST_WHY])
{
	int64_t lockout_s = lockout_end_s(rules, host, now_s);
	char end[TIME_TEXT];

	why[0] = '\0';
	if (!host->listed) {
		snprintf(why, DELIST_WHY, "it is not listed");
		return DELIST_NOT_LISTED;
	}
	if (host->locked) {
		snprintf(why, DELIST_WHY,
			"an operator has locked its entry; write to the list's contact");
		return DELIST_LOCKED;
	}
	if (now_s < lockout_s) {
		say_locked_out(rules, host, lockout_s, why);
		return DELIST_LOCKED_OUT;
	}
	if (now_s < requests_end_s(host)) {
		snprintf(why, DELIST_WHY,
			"it had %" PRId64 " delisting requests within 24 hours, no more are taken; "
			"the next one is at %s, or let the listing expire",
			rules->requests_per_day, format_time(requests_end_s(host), end));
		return DELIST_TOO_MANY;
	}
	return DELIST_TAKE;
}
