#include "submission_summary.h"

#include <string.h>

static json_t *
troubles_json(const struct reader_summary *now, const struct reader_summary *before,
	int64_t line_shift)
{
	json_t *array = json_array();

	for (size_t i = before->trouble_count; i < now->trouble_count; i++)
		json_array_append_new(array,
			json_pack("{s:I, s:s}", "line",
				(json_int_t)now->troubles[i].line + (json_int_t)line_shift,
				"reason", now->troubles[i].reason));
	return array;
}

/* Reasons keep their places, but for the last, in which what is beyond the table counts. */
static json_t *
reasons_json(const struct reader_summary *now, const struct reader_summary *before)
{
	json_t *array = json_array();
	uint64_t count;

	for (size_t i = 0; i < now->reason_count; i++) {
		count = now->reasons[i].count;
		if (i < before->reason_count)
			count -= before->reasons[i].count;
		if (count != 0)
			json_array_append_new(array,
				json_pack("{s:s, s:I}", "reason", now->reasons[i].text, "count",
					(json_int_t)count));
	}
	return array;
}

static json_t *
rejected_json(const struct reader_summary *now, const struct reader_summary *before)
{
	json_t *object = json_object();
	uint64_t count;

	for (unsigned k = 0; k < REJECTION_KIND_COUNT; k++) {
		count = now->rejections_of[k] - before->rejections_of[k];
		if (count != 0)
			json_object_set_new(object, rejection_kind_name(k),
				json_integer((json_int_t)count));
	}
	return object;
}

json_t *
submission_summary_json(const struct store_submission *t, const struct reader_summary *now,
	const struct reader_summary *before, int64_t line_shift)
{
	json_t *id = t->id != 0 ? json_integer((json_int_t)t->id) : json_null();

	return json_pack("{s:o, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I,"
			 " s:o, s:o, s:o}",
		"submission", id, "lines", (json_int_t)t->lines, "understood",
		(json_int_t)(now->understood - before->understood), "known",
		(json_int_t)(now->known - before->known), "denials", (json_int_t)t->denials,
		"hosts", (json_int_t)t->hosts, "duplicates", (json_int_t)t->duplicates, "drift",
		(json_int_t)t->drift, "over_quota", (json_int_t)t->over_quota, "own_domain",
		(json_int_t)t->own_domain, "rejections",
		(json_int_t)(now->rejections - before->rejections), "not_understood",
		(json_int_t)t->not_understood, "rejected", rejected_json(now, before), "reasons",
		reasons_json(now, before), "troubles", troubles_json(now, before, line_shift));
}
