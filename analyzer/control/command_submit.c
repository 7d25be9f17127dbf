#include "command.h"

#include <stdio.h>
#include <string.h>

#include <orbl/store_evidence.h>

#include "command_part.h"

enum { LOCAL_DOMAINS_MAX = 256, SOURCE_MAX = 1024 };

/* A name that may stand in logs, JSON and the store as it is. */
static bool
is_plain_name(const char *s)
{
	size_t len = s != NULL ? strlen(s) : 0;
	char copy[CONF_REPORTER_NAME_MAX + 1];

	return len != 0 && len < sizeof(copy) &&
		text_printable(text_of(s), copy, sizeof(copy)) == len && strcmp(s, copy) == 0;
}

static bool
is_domain_text(const char *s)
{
	char copy[256];
	size_t len = s != NULL ? strlen(s) : 0;

	return len != 0 && len < sizeof(copy) &&
		text_printable(text_of(s), copy, sizeof(copy)) == len && strcmp(s, copy) == 0;
}

/* Of a request: lent by it. */
static enum err
request_domains(const json_t *request, struct text out[LOCAL_DOMAINS_MAX], size_t *count,
	struct error *e)
{
	const json_t *array = json_object_get(request, "local_domains"), *item;
	size_t i;

	*count = 0;
	if (array == NULL || json_is_null(array))
		return OK;
	if (!json_is_array(array) || json_array_size(array) > LOCAL_DOMAINS_MAX)
		return error_set(e, ERR_SYNTAX, "local_domains must be an array of at most %d",
			LOCAL_DOMAINS_MAX);
	json_array_foreach (array, i, item) {
		if (!is_domain_text(json_string_value(item)))
			return error_set(e, ERR_SYNTAX,
				"each of local_domains must have 1 to 255 printable ASCII "
				"characters");
		out[(*count)++] = text_of(json_string_value(item));
	}
	return OK;
}

/* Under which name its position is kept; NULL: this submission ends. */
static enum err
request_source(const struct command_request *r, const char **out, struct error *e)
{
	*out = NULL;
	if (!json_is_true(json_object_get(r->json, "follow")))
		return OK;
	*out = command_text(r, "source");
	if (*out == NULL || **out == '\0' || strlen(*out) > SOURCE_MAX)
		return error_set(e, ERR_SYNTAX,
			"who follows must name a source of 1 to %d bytes, under which the position "
			"is kept",
			SOURCE_MAX);
	return OK;
}

static struct command_answer
begin_submission(const struct submission_conf *conf)
{
	struct command_answer answer = {.object = NULL};
	struct error e = {.code = OK};
	json_t *position = NULL;

	if (submission_begin(conf, &answer.submission, &e) != OK)
		return command_failure(&e);
	if (conf->source == NULL)
		return answer;
	if (submission_position(answer.submission, &position, &e) != OK) {
		submission_free(answer.submission);
		return command_failure(&e);
	}
	answer.object = json_pack("{s:b, s:o}", "ok", 1, "position", position);
	return answer;
}

/* As its section or the store spells it: one reporter, whatever the case of its letters. */
static enum err
request_reporter(const struct command_context *c, const struct command_request *r,
	char out[CONF_REPORTER_NAME_MAX + 1], struct error *e)
{
	const char *said = command_text(r, "reporter");
	const struct conf_reporter *section = said != NULL ? conf_reporter(c->conf, said) : NULL;
	struct text name = text_trim(text_of(said));
	char trimmed[CONF_REPORTER_NAME_MAX + 1];

	if (!is_plain_name(said) || name.len == 0)
		return error_set(e, ERR_SYNTAX,
			"the reporter's name must have 1 to 64 printable ASCII characters");
	if (section != NULL) {
		snprintf(out, CONF_REPORTER_NAME_MAX + 1, "%s", section->name);
		return OK;
	}
	text_printable(name, trimmed, sizeof(trimmed));
	return store_reporter_spelling(c->store, trimmed, out, CONF_REPORTER_NAME_MAX + 1, e);
}

struct command_answer
command_submit(const struct command_context *c, const struct command_request *r)
{
	struct text domains[LOCAL_DOMAINS_MAX];
	char name[CONF_REPORTER_NAME_MAX + 1];
	struct submission_conf conf = {.store = c->store,
		.reporters = c->reporters,
		.reporter = name,
		.format = command_text(r, "format"),
		.local_domains = domains,
		.now_s = r->now_s,
		.author = r->author};
	struct error e = {.code = OK};
	char file[256];

	if (request_reporter(c, r, name, &e) != OK)
		return command_failure(&e);
	text_printable(text_of(command_text(r, "file")), file, sizeof(file));
	conf.file = file;
	if (reporters_check_key(c->reporters, conf.reporter, command_text(r, "key"), &e) != OK ||
		request_source(r, &conf.source, &e) != OK ||
		request_domains(r->json, domains, &conf.local_domain_count, &e) != OK)
		return command_failure(&e);
	conf.goes_on = conf.source != NULL;
	return begin_submission(&conf);
}
