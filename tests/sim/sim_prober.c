#include "sim_prober.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "probe_case.h"

enum { EVENTS_MAX = 4096, COLLECTOR_PORT = 40000 };

struct prober {
	const struct sim_world *world;
	size_t count, taken;
	struct prober_event events[EVENTS_MAX];
};

struct prober *
sim_prober_new(const struct sim_world *w)
{
	struct prober *p = calloc(1, sizeof(*p));

	if (p == NULL)
		abort();
	p->world = w;
	return p;
}

static void
say(struct prober *p, const struct prober_job *job, struct prober_event ev)
{
	ev.id = job->id;
	ev.time_us = job->now_s * 1000000;
	p->events[p->count++] = ev;
}

static void
say_case(struct prober *p, const struct prober_job *job, const struct probe_case *c,
	enum prober_answer answer)
{
	struct prober_event ev = {.kind = PROBER_CASE, .case_index = c->number, .answer = answer};
	bool accepted = answer == PROBER_ANSWER_ACCEPTED;

	/* The forms, with their marks: nobody looks for tokens in them here. */
	snprintf(ev.mail_from, sizeof(ev.mail_from), "%s", c->mail_from);
	snprintf(ev.rcpt_to, sizeof(ev.rcpt_to), "%s", c->rcpt_to);
	snprintf(ev.rcpt_reply, sizeof(ev.rcpt_reply), "%s",
		accepted ? "250 2.1.5 Ok" : "554 5.7.1 Relay access denied");
	if (accepted)
		snprintf(ev.data_reply, sizeof(ev.data_reply), "250 2.0.0 queued");
	say(p, job, ev);
}

static void
say_arrival(struct prober *p, const struct prober_job *job, const struct probe_case *c,
	uint32_t from, bool bounce)
{
	say(p, job,
		(struct prober_event){.kind = PROBER_ARRIVAL,
			.case_index = c->number,
			.to_sender = bounce,
			.peer = {.addr = sim_address(from), .port = COLLECTOR_PORT}});
}

static void
say_done(struct prober *p, const struct prober_job *job, enum prober_reach reach)
{
	say(p, job, (struct prober_event){.kind = PROBER_DONE, .reach = reach});
}

static const struct probe_case *
first_case(uint64_t mask)
{
	const struct probe_case *c = NULL;

	for (unsigned i = 0; i < 64 && c == NULL; i++)
		if (mask == 0 || (mask & UINT64_C(1) << i) != 0)
			c = probe_case_by_number(i);
	return c;
}

static void
refuse_all(struct prober *p, const struct prober_job *job)
{
	uint64_t mask = job->cases != 0 ? job->cases : probe_case_mask_default();
	const struct probe_case *c;

	for (unsigned i = 0; i < 64; i++) {
		c = (mask & UINT64_C(1) << i) != 0 ? probe_case_by_number(i) : NULL;
		if (c != NULL)
			say_case(p, job, c, PROBER_ANSWER_REFUSED);
	}
	say_done(p, job, REACH_DONE);
}

static void
accept_first(struct prober *p, const struct prober_job *job, const struct sim_host *h)
{
	const struct probe_case *c = first_case(job->cases);

	say_case(p, job, c, PROBER_ANSWER_ACCEPTED);
	if (h->kind == SIM_OPEN)
		say_arrival(p, job, c, h->address, false);
	else if (h->kind == SIM_MULTIHOP)
		say_arrival(p, job, c, h->output, false);
	else if (h->kind == SIM_BOUNCER)
		say_arrival(p, job, c, h->address, true);
	say_done(p, job, REACH_DONE);
}

static void
answer(struct prober *p, const struct prober_job *job, const struct sim_host *h)
{
	switch (h->kind) {
	case SIM_OPEN:
	case SIM_MULTIHOP:
		if (sim_host_is_open(h, job->now_s))
			accept_first(p, job, h);
		else
			refuse_all(p, job);
		return;
	case SIM_BOUNCER:
	case SIM_DISCARDS: accept_first(p, job, h); return;
	case SIM_GREYLISTER: say_done(p, job, REACH_TEMPORARY); return;
	case SIM_SHUNS: say_done(p, job, REACH_REFUSED); return;
	case SIM_ZOMBIE: say_done(p, job, REACH_NONE); return;
	case SIM_SPAMMER:
	case SIM_PROVIDER:
	case SIM_INNOCENT:
	case SIM_KIND_COUNT: break;
	}
	refuse_all(p, job);
}

/* --- prober.h ------------------------------------------------------------------ */

enum err
prober_start(const struct prober_conf *conf, struct prober **out, struct error *e)
{
	(void)conf;
	*out = NULL;
	return error_set(e, ERR_UNSUPPORTED, "a simulation has its own");
}

void
prober_stop(struct prober *p)
{
	free(p);
}

int
prober_fd(const struct prober *p)
{
	(void)p;
	return -1;
}

struct endpoint
prober_collector(const struct prober *p)
{
	(void)p;
	return (struct endpoint){.port = 0};
}

enum err
prober_submit(struct prober *p, const struct prober_job *job, struct error *e)
{
	struct sim_host *h = sim_world_find(p->world, &job->target.addr);

	if (p->count + 64 > EVENTS_MAX)
		return error_set(e, ERR_FULL, "the pipe is full");
	if (h == NULL) {
		say_done(p, job, REACH_NONE);
		return OK;
	}
	h->probes++;
	answer(p, job, h);
	return OK;
}

enum err
prober_cancel(struct prober *p, uint64_t id, struct error *e)
{
	(void)p;
	(void)id;
	(void)e;
	return OK;
}

void
prober_ack(struct prober *p, uint64_t sequence, bool stored)
{
	(void)p;
	(void)sequence;
	(void)stored;
}

enum err
prober_next(struct prober *p, struct prober_event *out, struct error *e)
{
	if (p->taken == p->count) {
		p->taken = p->count = 0;
		return error_set(e, ERR_TIMEOUT, "nothing yet");
	}
	*out = p->events[p->taken++];
	return OK;
}
