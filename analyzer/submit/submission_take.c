#include "submission_inside.h"

/* What the reporter's own policy says of a denial; RELAY_DENY when it has none. */
static struct relay_decision
ask_policy(const struct submission *s, const struct denial *d)
{
	struct relay_request request = {.client = d->client,
		.authenticated = d->kind == DENIAL_AUTHENTICATED,
		.recipient = d->recipient,
		.sender = d->sender,
		.helo = d->helo};

	if (s->policy == NULL)
		return (struct relay_decision){.answer = RELAY_DENY};
	return relay_policy_decide(s->policy, &request);
}

static bool
is_own_domain(const struct submission *s, struct text domain)
{
	for (size_t i = 0; i < s->domain_count; i++)
		if (domain.len != 0 && text_equal_nocase(domain, s->domains[i]))
			return true;
	return false;
}

enum err
submission_write_batch(struct submission *s, struct store_submission *t, struct error *e)
{
	struct denial_batch *b = &s->batch;
	struct store_intake intake = {.quota = s->quota};
	enum err err;

	for (size_t i = 0; i < b->count; i++)
		b->denials[i].submission = s->id;
	err = store_denials_take(s->store, b->denials, b->count, &intake, e);
	t->duplicates += intake.duplicates;
	t->over_quota += intake.over_quota;
	return err;
}

/* A full batch goes into the store at once, but waits for the whole to count. */
static enum err
spill(struct submission *s, struct error *e)
{
	int64_t id = s->id;
	struct store_submission t = {.id = 0};
	enum err err = store_begin_lazily(s->store, e);

	if (err != OK)
		return err;
	if (s->id == 0)
		err = store_submission_begin(s->store, s->reporter, s->file, s->now_s, &s->id, e);
	if (err == OK)
		err = submission_write_batch(s, &t, e);
	if (err == OK)
		err = store_commit(s->store, e);
	else
		store_rollback(s->store);
	if (err != OK) {
		s->id = id;
		return err;
	}
	s->totals.duplicates += t.duplicates;
	s->totals.over_quota += t.over_quota;
	denial_batch_clear(&s->batch);
	return OK;
}

/* It has a place in the batch, if need be after the batch was spilled. */
static enum err
add_to_batch(struct submission *s, const struct store_denial *stored)
{
	enum err err = denial_batch_add(&s->batch, stored);

	if (err != ERR_FULL)
		return err;
	err = spill(s, &s->error);
	return err == OK ? denial_batch_add(&s->batch, stored) : err;
}

static bool
has_faults(struct submission *s)
{
	if (s->faults == NULL)
		s->faults = submission_faults_new();
	return s->faults != NULL;
}

/* The reporter's own policy would have let this client relay, or the recipient is its own: its
 * server is set up otherwise than it says, or the line is forged. Either way it is no evidence. */
static enum err
take_denial(struct submission *s, const struct denial *d, struct store_denial *stored)
{
	struct relay_decision decision = ask_policy(s, d);
	const struct submission_fault fault = {submission_faults_domain(d->recipient), s->file,
		stored->line, d->raw, d->count, d->client};

	if (decision.answer == RELAY_LOCAL || is_own_domain(s, fault.domain)) {
		s->totals.own_domain += d->count;
		if (fault.domain.len != 0)
			submission_faults_add(s->faults, &fault);
		return OK;
	}
	if (decision.answer == RELAY_PERMIT) {
		s->totals.drift += d->count;
		submission_drift_add(&s->drift, stored->line, &d->client, &decision);
		return OK;
	}
	if (fault.domain.len != 0)
		submission_faults_watch(s->faults, &fault);
	stored->rule = decision.rule;
	return add_to_batch(s, stored);
}

enum err
submission_take(const struct denial *d, void *context)
{
	struct submission *s = context;
	struct store_denial stored = {
		.host = d->client,
		/* A date to come would never grow old. */
		.time_s = d->time_s < s->now_s ? d->time_s : s->now_s,
		.said_s = d->time_s,
		.kind = d->kind,
		.count = d->count,
		.line = d->is_record ? d->line : d->line + (uint64_t)s->line_shift,
		.raw = d->raw,
		.identity = d->identity,
		.recipient = d->recipient,
	};

	if (s->context)
		return OK;
	return has_faults(s) ? take_denial(s, d, &stored) : ERR_MEMORY;
}
