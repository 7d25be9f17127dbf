#include "submission.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <orbl/log.h>
#include <orbl/store_evidence.h>

#include "denial_batch.h"
#include "reader.h"
#include "submission_drift.h"
#include "submission_summary.h"

enum {
	LINE_MAX_BYTES = 64 * 1024, /* above rsyslog's and Postfix' own limits */
	POSITION_MAX = 16 * 1024,
	HOUR_S = 3600
};

struct submission {
	struct store *store;
	char reporter[CONF_REPORTER_NAME_MAX + 1], file[256];
	char *source;                      /* or NULL */
	char *position;                    /* as it was stored last; NULL: not known */
	const struct relay_policy *policy; /* of the reporter, NULL: none */
	const char *policy_file;
	struct submission_drift drift; /* since the last checkpoint */
	size_t domain_count;
	struct text *domains; /* one block with their bytes */
	struct reader *reader;
	struct denial_batch batch;
	bool goes_on, context;
	bool fed; /* since the last checkpoint */
	int64_t now_s;
	int64_t line_shift; /* from the reader's line to that in its file */
	/* Where the batch goes when it is full, not counting yet; 0: nowhere so far. */
	int64_t id;
	int64_t hour_id, hour_s; /* that counts, and parts of this hour are added to; id 0: none */
	struct store_submission
		totals;               /* since the last checkpoint; hosts, duplicates as spilled */
	struct reader_summary before; /* the reader's at the last checkpoint */
	struct error error;           /* of the denial that could not be stored */
};

/* The reporter's own policy would have let this client relay: its server is set up otherwise
 * than it says, or the line is forged. Either way it is no evidence. */
static bool
is_drift(const struct submission *s, const struct denial *d, struct relay_decision *decision)
{
	struct relay_request request = {.client = d->client,
		.authenticated = d->kind == DENIAL_AUTHENTICATED,
		.recipient = d->recipient,
		.sender = d->sender,
		.helo = d->helo};

	if (s->policy == NULL)
		return false;
	*decision = relay_policy_decide(s->policy, &request);
	return decision->answer == RELAY_PERMIT || decision->answer == RELAY_LOCAL;
}

/* --- the store ------------------------------------------------------------ */

/* Of the submission that does not count yet; inside a transaction. */
static enum err
write_batch(struct submission *s, uint64_t *duplicates, struct error *e)
{
	struct denial_batch *b = &s->batch;

	for (size_t i = 0; i < b->count; i++)
		b->denials[i].submission = s->id;
	return store_denials_add(s->store, b->denials, b->count, duplicates, e);
}

/* A full batch goes into the store at once, but waits for the whole to count. */
static enum err
spill(struct submission *s, struct error *e)
{
	int64_t id = s->id;
	uint64_t duplicates = 0;
	enum err err = store_begin_lazily(s->store, e);

	if (err != OK)
		return err;
	if (s->id == 0)
		err = store_submission_begin(s->store, s->reporter, s->file, s->now_s, &s->id, e);
	if (err == OK)
		err = write_batch(s, &duplicates, e);
	if (err == OK)
		err = store_commit(s->store, e);
	else
		store_rollback(s->store);
	if (err != OK) {
		s->id = id;
		return err;
	}
	s->totals.duplicates += duplicates;
	denial_batch_clear(&s->batch);
	return OK;
}

static enum err
on_denial(const struct denial *d, void *context)
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
	struct relay_decision decision = {.rule = NULL};
	enum err err;

	if (s->context)
		return OK;
	if (is_drift(s, d, &decision)) {
		s->totals.drift += d->count;
		submission_drift_add(&s->drift, stored.line, &d->client, &decision);
		return OK;
	}
	stored.rule = decision.rule;
	err = denial_batch_add(&s->batch, &stored);
	if (err == ERR_FULL) {
		err = spill(s, &s->error);
		if (err == OK)
			err = denial_batch_add(&s->batch, &stored);
	}
	return err;
}

/* --- begin and end -------------------------------------------------------- */

static size_t
bytes_of(const struct text *texts, size_t count)
{
	size_t sum = 0;

	for (size_t i = 0; i < count; i++)
		sum += sizeof(*texts) + texts[i].len;
	return sum;
}

static char *
append_domains(struct submission *s, char *at, const struct text *texts, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		memcpy(at, texts[i].p, texts[i].len);
		s->domains[s->domain_count++] = (struct text){at, texts[i].len};
		at += texts[i].len;
	}
	return at;
}

/* A reader keeps what it is told of; the request is gone by then. */
static bool
copy_domains(struct submission *s, const struct submission_conf *conf)
{
	size_t own_count, count;
	const struct text *own = reporters_local_domains(conf->reporters, conf->reporter,
		&own_count);
	char *at;

	count = own_count + conf->local_domain_count;
	s->domains = malloc(bytes_of(own, own_count) +
		bytes_of(conf->local_domains, conf->local_domain_count) + 1);
	if (s->domains == NULL)
		return false;
	at = (char *)(s->domains + count);
	at = append_domains(s, at, own, own_count);
	append_domains(s, at, conf->local_domains, conf->local_domain_count);
	return true;
}

static bool
copy_conf(struct submission *s, const struct submission_conf *conf)
{
	s->store = conf->store;
	s->goes_on = conf->goes_on;
	s->now_s = conf->now_s;
	s->policy = reporters_relay_policy(conf->reporters, conf->reporter);
	s->policy_file = reporters_policy_file(conf->reporters, conf->reporter);
	snprintf(s->reporter, sizeof(s->reporter), "%s", conf->reporter);
	snprintf(s->file, sizeof(s->file), "%s", conf->file);
	if (conf->source != NULL) {
		s->source = strdup(conf->source);
		if (s->source == NULL)
			return false;
	}
	return copy_domains(s, conf);
}

static enum err
open_reader(struct submission *s, const struct submission_conf *conf, struct error *e)
{
	const struct reader_conf reader = {
		.now_s = conf->now_s,
		.line_max = LINE_MAX_BYTES,
		.format = conf->format,
		.events = reporters_events(conf->reporters, conf->reporter),
		.local_domain_count = s->domain_count,
		.local_domains = s->domains,
	};

	if (conf->format != NULL && !reader_has_format(conf->format))
		return error_set(e, ERR_UNSUPPORTED,
			"there is no log format of this name; orbl parse --help names them");
	s->reader = reader_new(&reader, on_denial, s);
	return s->reader != NULL ? OK : error_set(e, ERR_MEMORY, "%s: out of memory", s->file);
}

enum err
submission_begin(const struct submission_conf *conf, struct submission **out, struct error *e)
{
	struct submission *s = calloc(1, sizeof(*s));
	enum err err;

	*out = NULL;
	if (s == NULL)
		return error_set(e, ERR_MEMORY, "%s: out of memory", conf->file);
	err = copy_conf(s, conf) ? open_reader(s, conf, e) :
				   error_set(e, ERR_MEMORY, "%s: out of memory", conf->file);
	if (err == OK && !s->goes_on)
		err = store_submission_begin(s->store, s->reporter, s->file, s->now_s, &s->id, e);
	if (err != OK) {
		submission_free(s);
		return err;
	}
	*out = s;
	return OK;
}

void
submission_free(struct submission *s)
{
	struct error e;

	if (s == NULL)
		return;
	if (s->id != 0 && store_submission_abort(s->store, s->id, &e) != OK)
		log_warning("submission %" PRId64 " stays until the next start, uncounted: %s",
			s->id, e.text);
	reader_free(s->reader);
	denial_batch_free(&s->batch);
	free(s->domains);
	free(s->position);
	free(s->source);
	free(s);
}

static enum err
check_reader(struct submission *s, enum err err, struct error *e)
{
	if (err == OK)
		return OK;
	if (s->error.code != OK)
		*e = s->error;
	else
		error_set(e, err, "the log cannot be read: %s", err_name(err));
	return err;
}

enum err
submission_feed(struct submission *s, const void *bytes, size_t len, struct error *e)
{
	s->fed = s->fed || len != 0;
	return check_reader(s, reader_feed(s->reader, bytes, len), e);
}

/* --- parts ---------------------------------------------------------------- */

/* What the part will add, but for duplicates and hosts, which the store tells. */
static struct store_submission
part_totals(const struct submission *s)
{
	const struct reader_summary *now = reader_summary(s->reader), *before = &s->before;
	struct store_submission t = s->totals;

	t.lines = now->lines - before->lines;
	t.denials = now->denials - before->denials;
	t.not_understood = now->not_understood - before->not_understood;
	return t;
}

/* Some of it was in the store already: the whole part is a submission of its own. */
static enum err
commit_spilled(struct submission *s, struct store_submission *t, struct error *e)
{
	enum err err = write_batch(s, &t->duplicates, e);

	t->id = s->id;
	return err == OK ? store_submission_count(s->store, t, e) : err;
}

static enum err
commit_part(struct submission *s, struct store_submission *t, struct error *e)
{
	struct store_part part = {s->reporter, s->file, s->now_s, s->batch.count, s->batch.denials,
		*t};
	enum err err;

	part.totals.id = s->hour_s == s->now_s / HOUR_S ? s->hour_id : 0;
	err = store_part_add(s->store, &part, e);
	*t = part.totals;
	return err;
}

static enum err
commit_all(struct submission *s, const char *position, struct store_submission *t, struct error *e)
{
	enum err err = OK;

	if (s->id != 0)
		err = commit_spilled(s, t, e);
	else if (t->denials != 0)
		err = commit_part(s, t, e);
	if (err == OK && position != NULL)
		err = store_position_put(s->store, s->reporter, s->source, position, s->now_s, e);
	return err;
}

/* Of what has been fed; in one transaction. */
static enum err
commit(struct submission *s, const char *position, enum submission_hurry hurry,
	struct store_submission *t, struct error *e)
{
	enum err err;

	*t = part_totals(s);
	if (s->id == 0 && t->denials == 0 && position == NULL)
		return OK;
	err = hurry == SUBMISSION_LAZY ? store_begin_lazily(s->store, e) : store_begin(s->store, e);
	if (err != OK)
		return err;
	err = commit_all(s, position, t, e);
	if (err != OK) {
		store_rollback(s->store);
		return err;
	}
	return store_commit(s->store, e);
}

/* All that was fed is in the store. */
static enum err
next_part(struct submission *s, const struct store_submission *t, json_t **summary, struct error *e)
{
	if (summary != NULL)
		*summary = submission_summary_json(t, reader_summary(s->reader), &s->before,
			s->line_shift);
	if (summary != NULL && *summary != NULL && s->drift.count != 0)
		json_object_set_new(*summary, "drift_examples",
			submission_drift_json(&s->drift, s->policy_file));
	s->drift.count = 0;
	if (t->id != 0) {
		s->hour_id = t->id;
		s->hour_s = s->now_s / HOUR_S;
	}
	s->id = 0;
	s->fed = false;
	s->totals = (struct store_submission){0};
	s->before = *reader_summary(s->reader);
	denial_batch_clear(&s->batch);
	return summary == NULL || *summary != NULL ? OK : error_set(e, ERR_MEMORY, "out of memory");
}

enum err
submission_finish(struct submission *s, json_t **summary, struct error *e)
{
	struct store_submission t;
	enum err err = check_reader(s, reader_finish(s->reader), e);

	*summary = NULL;
	if (err == OK)
		err = commit(s, NULL, SUBMISSION_DURABLE, &t, e);
	return err == OK ? next_part(s, &t, summary, e) : err;
}

/* *out NULL: nothing new is to be kept. */
static enum err
position_text(const struct submission *s, const json_t *position, char **out, struct error *e)
{
	*out = NULL;
	if (position == NULL || s->source == NULL)
		return OK;
	*out = json_dumps(position, JSON_COMPACT | JSON_ENCODE_ANY);
	if (*out == NULL)
		return error_set(e, ERR_MEMORY, "out of memory");
	if (strlen(*out) > POSITION_MAX) {
		free(*out);
		*out = NULL;
		return error_set(e, ERR_RANGE, "the position has more than %d bytes", POSITION_MAX);
	}
	if (s->position != NULL && strcmp(s->position, *out) == 0) {
		free(*out);
		*out = NULL;
	}
	return OK;
}

enum err
submission_checkpoint(struct submission *s, const json_t *position, enum submission_hurry hurry,
	json_t **summary, struct error *e)
{
	struct store_submission t;
	char *text = NULL;
	enum err err = check_reader(s, reader_flush(s->reader), e);

	if (summary != NULL)
		*summary = NULL;
	if (err == OK)
		err = position_text(s, position, &text, e);
	if (err == OK)
		err = commit(s, text, hurry, &t, e);
	if (err != OK || text == NULL) {
		free(text);
	} else {
		free(s->position);
		s->position = text;
	}
	return err == OK ? next_part(s, &t, summary, e) : err;
}

bool
submission_is_of(const struct submission *s, const char *reporter, const char *source)
{
	return s->source != NULL && strcmp(s->reporter, reporter) == 0 &&
		strcmp(s->source, source) == 0;
}

enum err
submission_position(const struct submission *s, json_t **out, struct error *e)
{
	char *text = NULL;
	enum err err = s->source != NULL ?
		store_position(s->store, s->reporter, s->source, &text, e) :
		OK;

	*out = NULL;
	if (err != OK)
		return err;
	if (text != NULL)
		*out = json_loads(text, JSON_DECODE_ANY, NULL);
	free(text);
	if (*out == NULL)
		*out = json_null();
	return OK;
}

void
submission_set_now(struct submission *s, int64_t now_s)
{
	s->now_s = now_s;
	reader_set_now(s->reader, now_s);
}

enum err
submission_set_context(struct submission *s, bool on, struct error *e)
{
	enum err err = OK;

	if (on && s->fed)
		return error_set(e, ERR_REFUSED, "context must follow a checkpoint");
	if (!on && s->context) {
		err = check_reader(s, reader_flush(s->reader), e);
		s->before = *reader_summary(s->reader);
		s->fed = false;
	}
	s->context = on;
	return err;
}

void
submission_set_line(struct submission *s, uint64_t line)
{
	s->line_shift = (int64_t)(line - 1 - reader_summary(s->reader)->lines);
}

size_t
submission_waiting(const struct submission *s)
{
	return s->batch.count;
}
