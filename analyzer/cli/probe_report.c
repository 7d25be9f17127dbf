#include "probe_report.h"

#include <stdio.h>
#include <time.h>

static bool
can_come_from(const struct probe_report *r, const struct addr *source)
{
	return source->family == r->target.addr.family;
}

static void
note_missing_second(struct probe_report *r, const struct addr *source)
{
	struct prober_event note = {.kind = PROBER_DIALOGUE,
		.id = r->index * PROBE_REPORT_PROBES + 1,
		.time_us = (int64_t)time(NULL) * 1000000,
		.direction = '*'};
	char text[ADDR_TEXT];

	snprintf(note.text, sizeof(note.text),
		"not probed from the second source: %s is not of the target's address family",
		addr_format(source, text));
	(void)probe_result_apply(r->results[0], &note);
}

enum err
probe_report_init(struct probe_report *r, size_t index, const struct endpoint *target,
	const struct prober_conf *conf, struct error *e)
{
	*r = (struct probe_report){
		.index = index,
		.target = *target,
		.sources = {conf->source, conf->second_source},
	};
	r->has_second = can_come_from(r, &conf->second_source);
	r->results[0] = probe_result_new(index * PROBE_REPORT_PROBES + 1, target);
	if (r->results[0] == NULL)
		return error_set(e, ERR_MEMORY, "out of memory");
	probe_result_set_source(r->results[0],
		can_come_from(r, &conf->source) ? &conf->source : NULL, false);
	if (conf->second_source.family != 0 && !r->has_second)
		note_missing_second(r, &conf->second_source);
	return OK;
}

void
probe_report_reset(struct probe_report *r)
{
	for (size_t i = 0; i < PROBE_REPORT_PROBES; i++) {
		probe_result_free(r->results[i]);
		r->results[i] = NULL;
	}
}

const struct endpoint *
probe_report_target(const struct probe_report *r)
{
	return &r->target;
}

/* --- probes -------------------------------------------------------------- */

size_t
probe_report_index(uint64_t job_id)
{
	return (size_t)(job_id - 1) / PROBE_REPORT_PROBES;
}

/* The probe that is under way or comes next. */
static size_t
current(const struct probe_report *r)
{
	return r->results[1] != NULL ? 1 : 0;
}

bool
probe_report_wants(const struct probe_report *r, struct prober_job *job)
{
	size_t which = current(r);

	if (r->submitted[which])
		return false;
	job->id = r->index * PROBE_REPORT_PROBES + which + 1;
	job->target = r->target;
	job->from_second_source = which == 1;
	return true;
}

void
probe_report_submitted(struct probe_report *r)
{
	r->submitted[current(r)] = true;
}

static bool
is_proof(enum verdict v)
{
	return v == VERDICT_OPEN || v == VERDICT_OPEN_MULTIHOP;
}

static bool
needs_second(const struct probe_report *r)
{
	return r->results[1] == NULL && r->has_second && probe_result_is_done(r->results[0]) &&
		!is_proof(probe_result_verdict(r->results[0]));
}

void
probe_report_apply(struct probe_report *r, const struct prober_event *ev)
{
	size_t which = (size_t)(ev->id - 1) % PROBE_REPORT_PROBES;

	if (r->results[which] == NULL)
		return;
	(void)probe_result_apply(r->results[which], ev);
	if (which == 1 || !needs_second(r))
		return;
	r->results[1] = probe_result_new(ev->id + 1, &r->target);
	if (r->results[1] != NULL)
		probe_result_set_source(r->results[1], &r->sources[1], true);
}

bool
probe_report_is_finished(const struct probe_report *r)
{
	return probe_result_is_done(r->results[current(r)]);
}

enum verdict
probe_report_verdict(const struct probe_report *r)
{
	enum verdict first = probe_result_verdict(r->results[0]);

	if (r->results[1] == NULL)
		return first;
	return verdict_of_two(first, probe_result_verdict(r->results[1]));
}

/* The probe that tells the most of the verdict. */
static size_t
deciding(const struct probe_report *r)
{
	return r->results[1] != NULL &&
			probe_result_verdict(r->results[1]) == probe_report_verdict(r) &&
			probe_result_verdict(r->results[0]) != probe_report_verdict(r) ?
		1 :
		0;
}

/* --- output -------------------------------------------------------------- */

static const char *
source_name(const struct probe_report *r, size_t which, char text[ADDR_TEXT])
{
	struct addr source = probe_result_source(r->results[which]);

	if (source.family == 0)
		return which == 0 ? "the first source" : "the second source";
	return addr_format(&source, text);
}

const char *
probe_report_reason(const struct probe_report *r, char text[PROBE_REPORT_REASON])
{
	enum verdict v = probe_report_verdict(r), first = probe_result_verdict(r->results[0]);
	char one[ADDR_TEXT], other[ADDR_TEXT];

	if (r->results[1] == NULL || v == first || v == probe_result_verdict(r->results[1]))
		return probe_result_reason(r->results[deciding(r)]);
	snprintf(text, PROBE_REPORT_REASON, "%s to %s, %s to %s", verdict_name(first),
		source_name(r, 0, one), verdict_name(probe_result_verdict(r->results[1])),
		source_name(r, 1, other));
	return text;
}

static void
print_new_lines(struct probe_report *r, size_t which)
{
	const char *line;

	while ((line = probe_result_line(r->results[which], r->printed[which])) != NULL) {
		puts(line);
		r->printed[which]++;
	}
}

void
probe_report_print_dialogue(struct probe_report *r)
{
	for (size_t i = 0; i < PROBE_REPORT_PROBES; i++)
		if (r->results[i] != NULL)
			print_new_lines(r, i);
}

static void
print_one_of_two(const struct probe_report *r, size_t which)
{
	char target[ENDPOINT_TEXT], source[ADDR_TEXT];

	printf("%s: from %s: %s: %s\n", endpoint_format(&r->target, target),
		source_name(r, which, source),
		verdict_name(probe_result_verdict(r->results[which])),
		probe_result_reason(r->results[which]));
}

void
probe_report_print(struct probe_report *r)
{
	char target[ENDPOINT_TEXT], text[PROBE_REPORT_REASON];

	probe_report_print_dialogue(r);
	for (size_t i = 0; r->results[1] != NULL && i < PROBE_REPORT_PROBES; i++)
		print_one_of_two(r, i);
	printf("%s: %s: %s\n", endpoint_format(&r->target, target),
		verdict_name(probe_report_verdict(r)), probe_report_reason(r, text));
}

void
probe_report_print_json(const struct probe_report *r)
{
	size_t which = deciding(r);
	json_t *json = probe_result_json(r->results[which]);
	char text[PROBE_REPORT_REASON];

	if (r->results[1] != NULL) {
		json_t *probes = json_pack("[o, o]", probe_result_json(r->results[0]),
			probe_result_json(r->results[1]));

		json_object_set_new(json, "verdict",
			json_string(verdict_name(probe_report_verdict(r))));
		json_object_set_new(json, "reason", json_string(probe_report_reason(r, text)));
		json_object_set_new(json, "probes", probes);
	}
	json_dumpf(json, stdout, JSON_COMPACT);
	putchar('\n');
	json_decref(json);
}
