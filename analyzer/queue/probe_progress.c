#include "probe_progress.h"

#include "probe_case.h"
#include "probe_run.h"

static unsigned
count_bits(uint64_t mask)
{
	unsigned n = 0;

	for (; mask != 0; mask &= mask - 1)
		n++;
	return n;
}

static void
apply_case(struct probe_progress *p, const struct prober_event *ev)
{
	uint64_t bit = UINT64_C(1) << ev->case_index;

	if (ev->answer != PROBER_ANSWER_ACCEPTED && ev->answer != PROBER_ANSWER_REFUSED)
		return;
	p->answered |= bit;
	if (ev->answer != PROBER_ANSWER_ACCEPTED)
		return;
	p->accepted |= bit;
	p->accepted_s = ev->time_us / 1000000;
}

void
probe_progress_apply(struct probe_progress *p, const struct prober_event *ev)
{
	if (ev->case_index >= PROBE_CASE_NUMBERS)
		return;
	p->done = ev->kind == PROBER_DONE || (p->done && ev->kind != PROBER_CASE);
	if (ev->kind == PROBER_CASE)
		apply_case(p, ev);
	else if (ev->kind == PROBER_ARRIVAL && ev->to_sender)
		p->bounces++;
	else if (ev->kind == PROBER_ARRIVAL)
		p->arrived |= UINT64_C(1) << ev->case_index;
}

uint64_t
probe_progress_left(const struct probe_progress *p, uint64_t wanted)
{
	/* A message that arrived was accepted, though nobody lived to write it down. */
	if (p->arrived != 0 || count_bits(p->accepted) >= PROBE_MESSAGES_MAX)
		return 0;
	return wanted & ~p->answered;
}

int64_t
probe_progress_wait_until(const struct probe_progress *p, int64_t wait_s)
{
	if (p->arrived != 0 || p->bounces >= count_bits(p->accepted))
		return 0;
	return p->accepted_s + wait_s;
}

enum prober_reach
probe_progress_reach(const struct probe_progress *before, enum prober_reach last)
{
	if (before->answered == 0 || last == REACH_DONE || last == REACH_OURS)
		return last;
	/* It had answered some for good: whatever it is now, the others are open questions. */
	return REACH_TEMPORARY;
}
