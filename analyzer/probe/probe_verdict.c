#include "probe_result.h"

#include <stdio.h>
#include <string.h>

#include "probe_result_inside.h"

const char *
verdict_name(enum verdict v)
{
	static const char *const names[VERDICT_COUNT] = {
		[VERDICT_OPEN] = "open",
		[VERDICT_OPEN_MULTIHOP] = "open-multihop",
		[VERDICT_BOUNCES] = "bounces",
		[VERDICT_ACCEPTS] = "accepts",
		[VERDICT_CLOSED] = "closed",
		[VERDICT_UNTESTABLE] = "untestable",
		[VERDICT_UNREACHABLE] = "unreachable",
		[VERDICT_UNDECIDED] = "undecided",
		[VERDICT_DISCRIMINATES] = "discriminates",
	};

	return names[v];
}

/* --- of two ---------------------------------------------------------- */

static bool
is_definite(enum verdict v)
{
	return v != VERDICT_UNDECIDED && v != VERDICT_UNREACHABLE;
}

static enum verdict
beside_nothing(enum verdict known)
{
	/* A host that lets our second source no further may be closed to the first alone. */
	return known == VERDICT_CLOSED ? VERDICT_UNDECIDED : known;
}

enum verdict
verdict_of_two(enum verdict first, enum verdict second)
{
	enum verdict low = first < second ? first : second;
	enum verdict high = first < second ? second : first;

	if (low == high || low <= VERDICT_OPEN_MULTIHOP)
		return low;
	if (!is_definite(low) && !is_definite(high))
		return VERDICT_UNDECIDED;
	if (!is_definite(low))
		return beside_nothing(high);
	if (!is_definite(high))
		return beside_nothing(low);
	/* Taken twice; only one of the bounces is back. */
	if (low == VERDICT_BOUNCES && high == VERDICT_ACCEPTS)
		return VERDICT_BOUNCES;
	return VERDICT_DISCRIMINATES;
}

/* --- of one ------------------------------------------------------------ */

/* The first case, in sending order, with this answer; NULL: none. */
static const struct probe_case *
find_answer(const struct probe_result *r, enum prober_answer answer)
{
	for (size_t i = 0; i < probe_case_count(); i++) {
		const struct probe_result_case *c = &r->cases[probe_case_row(i)->number];

		if (c->asked && c->answer == answer)
			return probe_case_row(i);
	}
	return NULL;
}

static const struct probe_case *
find_arrived(const struct probe_result *r)
{
	for (size_t i = 0; i < probe_case_count(); i++)
		if (r->cases[probe_case_row(i)->number].arrived)
			return probe_case_row(i);
	return NULL;
}

/* What came back counts before what was said: a 250 proves nothing. */
enum verdict
probe_result_verdict(const struct probe_result *r)
{
	static const enum verdict by_reach[] = {
		[REACH_NONE] = VERDICT_UNREACHABLE,
		[REACH_REFUSED] = VERDICT_UNTESTABLE,
		[REACH_TEMPORARY] = VERDICT_UNDECIDED,
		[REACH_DONE] = VERDICT_CLOSED,
		[REACH_OURS] = VERDICT_UNDECIDED,
	};

	for (size_t i = 0; i < r->output_count; i++)
		if (addr_equal(&r->outputs[i], &r->target.addr))
			return VERDICT_OPEN;
	if (r->output_count != 0)
		return VERDICT_OPEN_MULTIHOP;
	if (probe_result_bounce(r) != NULL)
		return VERDICT_BOUNCES;
	if (find_answer(r, PROBER_ANSWER_ACCEPTED) != NULL)
		return VERDICT_ACCEPTS;
	return r->done ? by_reach[r->reach] : VERDICT_UNDECIDED;
}

static const char *
deciding_reply(const struct probe_result_case *c)
{
	if (c->data_reply != NULL && c->data_reply[0] != '\0')
		return c->data_reply;
	return c->rcpt_reply != NULL ? c->rcpt_reply : "";
}

static size_t
count_asked(const struct probe_result *r, bool refused)
{
	size_t n = 0;

	for (size_t i = 0; i < PROBE_CASE_NUMBERS; i++)
		n += r->cases[i].asked && (!refused || r->cases[i].answer == PROBER_ANSWER_REFUSED);
	return n;
}

static void
explain_arrival(const struct probe_result *r, const char *how)
{
	const struct probe_case *row = find_arrived(r);
	char address[ADDR_TEXT];

	if (row == NULL)
		return;
	snprintf(r->reason, PROBE_RESULT_REASON, "%s (%s) came back from %s%s", row->id, row->finds,
		addr_format(&r->cases[row->number].output, address), how);
}

static void
explain_open(const struct probe_result *r)
{
	explain_arrival(r, "");
}

static void
explain_multihop(const struct probe_result *r)
{
	explain_arrival(r, ", which is not the tested address");
}

static void
explain_bounces(const struct probe_result *r)
{
	const struct probe_result_bounce *b = probe_result_bounce(r);
	const char *id = probe_result_bounced(r, b)->id;
	char address[ADDR_TEXT], dsn[DSN_SUMMARY_TEXT];

	addr_format(&b->from, address);
	if (strcmp(b->dsn.action, "auto-reply") == 0) {
		snprintf(r->reason, PROBE_RESULT_REASON,
			"%s was accepted; instead of it came an automatic reply from %s", id,
			address);
		return;
	}
	dsn_summary_format(&b->dsn, dsn);
	snprintf(r->reason, PROBE_RESULT_REASON, "%s was accepted, then bounced by %s%s%s", id,
		address, dsn[0] != '\0' ? ": " : "", dsn);
}

static void
explain_accepts(const struct probe_result *r)
{
	const struct probe_case *row = find_answer(r, PROBER_ANSWER_ACCEPTED);

	if (row == NULL)
		return;
	snprintf(r->reason, PROBE_RESULT_REASON, "%s was accepted (%.800s), nothing has come back",
		row->id, deciding_reply(&r->cases[row->number]));
}

static void
explain_closed(const struct probe_result *r)
{
	const struct probe_case *row = find_answer(r, PROBER_ANSWER_REFUSED);
	size_t asked = count_asked(r, false), refused = count_asked(r, true);
	char of[32] = "";

	if (row == NULL)
		return;
	if (refused != asked)
		snprintf(of, sizeof(of), "%zu of ", refused);
	snprintf(r->reason, PROBE_RESULT_REASON, "%s%zu cases refused; %s: %.800s",
		refused == asked ? "all " : of, asked, row->id,
		deciding_reply(&r->cases[row->number]));
}

static void
explain_untestable(const struct probe_result *r)
{
	snprintf(r->reason, PROBE_RESULT_REASON,
		"it refuses our tester; %s: whether it relays for others is not known", r->ended);
}

static void
explain_unreachable(const struct probe_result *r)
{
	snprintf(r->reason, PROBE_RESULT_REASON, "%s", r->ended);
}

static void
explain_undecided(const struct probe_result *r)
{
	const struct probe_case *later = find_answer(r, PROBER_ANSWER_TEMPORARY);
	const struct probe_case *broken = find_answer(r, PROBER_ANSWER_BROKEN);

	if (later != NULL)
		snprintf(r->reason, PROBE_RESULT_REASON, "%s got no final answer: %.800s",
			later->id, deciding_reply(&r->cases[later->number]));
	else if (r->ended[0] != '\0')
		snprintf(r->reason, PROBE_RESULT_REASON, "no final answer; %s", r->ended);
	else if (broken != NULL)
		snprintf(r->reason, PROBE_RESULT_REASON,
			"%s got no answer: the connection broke each time", broken->id);
	else
		snprintf(r->reason, PROBE_RESULT_REASON, "no final answer");
}

const char *
probe_result_reason(const struct probe_result *r)
{
	static void (*const explain[VERDICT_COUNT])(const struct probe_result *) = {
		[VERDICT_OPEN] = explain_open,
		[VERDICT_OPEN_MULTIHOP] = explain_multihop,
		[VERDICT_BOUNCES] = explain_bounces,
		[VERDICT_ACCEPTS] = explain_accepts,
		[VERDICT_CLOSED] = explain_closed,
		[VERDICT_UNTESTABLE] = explain_untestable,
		[VERDICT_UNREACHABLE] = explain_unreachable,
		[VERDICT_UNDECIDED] = explain_undecided,
		[VERDICT_DISCRIMINATES] = explain_undecided, /* never of one probe */
	};

	r->reason[0] = '\0';
	explain[probe_result_verdict(r)](r);
	return r->reason;
}
