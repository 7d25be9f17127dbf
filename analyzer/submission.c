#include "submission.h"

#include <inttypes.h>
#include <stdlib.h>

#include <orbl/log.h>
#include <orbl/store_evidence.h>

#include "reader.h"

/* Above rsyslog's and Postfix' own limits; what is longer is no log line. */
enum { LINE_MAX_BYTES = 64 * 1024 };

struct submission {
	struct store *store;
	const struct relay_policy *policy; /* of the reporter, NULL: none */
	struct reader *reader;
	int64_t now_s;
	struct store_submission totals;
	bool finished;
	struct error error; /* of the denial that could not be stored */
};

/* The reporter's own policy would have let this client relay: its server is set up otherwise
 * than it says, or the line is forged. Either way it is no evidence. */
static bool
is_drift(const struct submission *s, const struct denial *d, const char **rule)
{
	struct relay_request request = {.client = d->client, .recipient = d->recipient};
	struct relay_decision decision;

	if (s->policy == NULL)
		return false;
	decision = relay_policy_decide(s->policy, &request);
	*rule = decision.rule;
	return decision.answer == RELAY_PERMIT || decision.answer == RELAY_LOCAL;
}

static enum err
on_denial(const struct denial *d, void *context)
{
	struct submission *s = context;
	struct store_denial stored = {
		.submission = s->totals.id,
		.host = d->client,
		/* A date to come would never grow old. */
		.time_s = d->time_s < s->now_s ? d->time_s : s->now_s,
		.kind = d->kind,
		.count = d->count,
		.line = d->line,
		.raw = d->raw,
	};
	bool is_new;
	enum err err;

	s->totals.denials += d->count;
	if (is_drift(s, d, &stored.rule)) {
		s->totals.drift += d->count;
		return OK;
	}
	err = store_denial_add(s->store, &stored, &is_new, &s->error);
	if (err == OK && !is_new)
		s->totals.duplicates += d->count;
	return err;
}

enum err
submission_begin(struct store *store, const struct reporters *reporters, const char *reporter,
	const char *file, int64_t now_s, struct submission **out, struct error *e)
{
	const struct reader_conf reader = {.now_s = now_s, .line_max = LINE_MAX_BYTES};
	struct submission *s = calloc(1, sizeof(*s));
	enum err err;

	*out = NULL;
	if (s == NULL)
		return error_set(e, ERR_MEMORY, "%s: out of memory", file);
	s->store = store;
	s->now_s = now_s;
	s->policy = reporters_relay_policy(reporters, reporter);
	s->reader = reader_new(&reader, on_denial, s);
	err = s->reader == NULL ?
		error_set(e, ERR_MEMORY, "%s: out of memory", file) :
		store_submission_begin(store, reporter, file, now_s, &s->totals.id, e);
	if (err != OK) {
		s->finished = true;
		submission_free(s);
		return err;
	}
	*out = s;
	return OK;
}

/* Run the reader inside one transaction, so that a chunk costs one commit. */
static enum err
read_in_transaction(struct submission *s, const void *bytes, size_t len, struct error *e)
{
	enum err err = store_begin_lazily(s->store, e);

	if (err != OK)
		return err;
	s->error.code = OK;
	err = bytes != NULL ? reader_feed(s->reader, bytes, len) : reader_finish(s->reader);
	if (err == OK)
		return store_commit(s->store, e);
	store_rollback(s->store);
	if (s->error.code != OK)
		*e = s->error;
	else
		error_set(e, err, "the log cannot be read: %s", err_name(err));
	return err;
}

enum err
submission_feed(struct submission *s, const void *bytes, size_t len, struct error *e)
{
	return len != 0 ? read_in_transaction(s, bytes, len, e) : OK;
}

static json_t *
summary_json(const struct submission *s)
{
	const struct reader_summary *r = reader_summary(s->reader);
	json_t *troubles = json_array();

	for (size_t i = 0; i < r->trouble_count; i++)
		json_array_append_new(troubles,
			json_pack("{s:I, s:s}", "line", (json_int_t)r->troubles[i].line, "reason",
				r->troubles[i].reason));
	return json_pack("{s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:o}", "submission",
		(json_int_t)s->totals.id, "lines", (json_int_t)r->lines, "understood",
		(json_int_t)r->understood, "denials", (json_int_t)r->denials, "hosts",
		(json_int_t)s->totals.hosts, "duplicates", (json_int_t)s->totals.duplicates,
		"drift", (json_int_t)s->totals.drift, "rejections", (json_int_t)r->rejections,
		"not_understood", (json_int_t)r->not_understood, "troubles", troubles);
}

enum err
submission_finish(struct submission *s, json_t **summary, struct error *e)
{
	const struct reader_summary *r;
	enum err err = read_in_transaction(s, NULL, 0, e);

	*summary = NULL;
	if (err != OK)
		return err;
	r = reader_summary(s->reader);
	s->totals.lines = r->lines;
	s->totals.not_understood = r->not_understood;
	err = store_submission_commit(s->store, &s->totals, e);
	if (err != OK)
		return err;
	s->finished = true;
	*summary = summary_json(s);
	return *summary != NULL ? OK : error_set(e, ERR_MEMORY, "out of memory");
}

void
submission_free(struct submission *s)
{
	struct error e;

	if (s == NULL)
		return;
	if (!s->finished && store_submission_abort(s->store, s->totals.id, &e) != OK)
		log_warning("submission %" PRId64 " stays until the next start, uncounted: %s",
			s->totals.id, e.text);
	reader_free(s->reader);
	free(s);
}
