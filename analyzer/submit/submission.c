#include "submission.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "submission_inside.h"

enum {
	LINE_MAX_BYTES = 64 * 1024, /* above rsyslog's and Postfix' own limits */
	POSITION_MAX = 16 * 1024
};

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
	s->quota = reporters_quota(conf->reporters, conf->reporter);
	snprintf(s->reporter, sizeof(s->reporter), "%s", conf->reporter);
	snprintf(s->author, sizeof(s->author), "%s", conf->author != NULL ? conf->author : "");
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
	s->reader = reader_new(&reader, submission_take, s);
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
	if (err == OK)
		err = submission_check_revoked(s, e);
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
	if (s == NULL)
		return;
	submission_undo_spilled(s);
	reader_free(s->reader);
	denial_batch_free(&s->batch);
	submission_faults_free(s->faults);
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

enum err
submission_finish(struct submission *s, json_t **summary, struct error *e)
{
	struct store_submission t;
	enum err err = check_reader(s, reader_finish(s->reader), e);

	*summary = NULL;
	if (err == OK)
		err = submission_commit(s, NULL, SUBMISSION_DURABLE, &t, e);
	return err == OK ? submission_next_part(s, &t, summary, e) : err;
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
		err = submission_commit(s, text, hurry, &t, e);
	if (err != OK || text == NULL) {
		free(text);
	} else {
		free(s->position);
		s->position = text;
	}
	return err == OK ? submission_next_part(s, &t, summary, e) : err;
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
