#include "verdict_record.h"

#include <stdlib.h>
#include <string.h>

#include <jansson.h>

#include <orbl/store_decision.h>

/* --- deciding ------------------------------------------------------------- */

/* One that was not made, or not yet, is undecided. */
static enum verdict
verdict_of_all(const struct verdict_inputs *in)
{
	enum verdict first = in->has_verdicts[0] ? in->verdicts[0] : VERDICT_UNDECIDED;

	if (in->probes[1] == 0 || (!in->has_verdicts[1] && !in->second_source))
		return first;
	return verdict_of_two(first, in->has_verdicts[1] ? in->verdicts[1] : VERDICT_UNDECIDED);
}

struct verdict_result
verdict_record_decide(const struct verdict_inputs *in)
{
	enum verdict verdict = verdict_of_all(in);
	struct decision decision;

	if (verdict == VERDICT_CLOSED && in->keeps != 0)
		verdict = VERDICT_UNDECIDED;
	decision = decision_verdict(verdict);
	return (struct verdict_result){
		.verdict = verdict,
		.kind = decision.kind,
		.category = decision.category,
		.ends = decision.removes & ~in->keeps,
		.retry_s = decision_retry(&in->retry, verdict, in->tries),
	};
}

/* --- writing ---------------------------------------------------------------- */

static json_t *
categories_json(uint32_t mask)
{
	json_t *array = json_array();

	for (unsigned c = 0; c < CATEGORY_COUNT; c++)
		if ((mask & 1U << c) != 0)
			json_array_append_new(array,
				json_string(category_row((enum category)c)->name));
	return array;
}

static json_t *
probe_json(const struct verdict_inputs *in, size_t i)
{
	if (in->probes[i] == 0)
		return json_null();
	return json_pack("{s:I, s:o}", "probe", (json_int_t)in->probes[i], "verdict",
		in->has_verdicts[i] ? json_string(verdict_name(in->verdicts[i])) : json_null());
}

static char *
take_text(json_t *json)
{
	char *text = json != NULL ? json_dumps(json, JSON_COMPACT) : NULL;

	json_decref(json);
	return text;
}

char *
verdict_record_inputs(const struct verdict_inputs *in)
{
	return take_text(json_pack("{s:o, s:o, s:b, s:o, s:I, s:I, s:I}", "first",
		probe_json(in, 0), "second", probe_json(in, 1), "second_source",
		(int)in->second_source, "keeps", categories_json(in->keeps), "tries",
		(json_int_t)in->tries, "backoff_s", (json_int_t)in->retry.backoff_s, "interval_s",
		(json_int_t)in->retry.interval_s));
}

char *
verdict_record_result(const struct verdict_result *r)
{
	json_t *category = r->kind == DECISION_LIST ? json_string(category_row(r->category)->name) :
						      json_null();

	return take_text(json_pack("{s:s, s:s, s:o, s:o, s:I}", "verdict", verdict_name(r->verdict),
		"decision", decision_kind_name(r->kind), "category", category, "ends",
		categories_json(r->ends), "retry_s", (json_int_t)r->retry_s));
}

enum err
verdict_record_add(struct store *s, int64_t now_s, const struct addr *host, uint64_t probe,
	const struct verdict_inputs *in, const struct verdict_result *done, struct error *e)
{
	char *inputs = verdict_record_inputs(in), *result = verdict_record_result(done);
	const struct store_decision d = {
		.time_s = now_s,
		.host = *host,
		.kind = STORE_DECISION_VERDICT,
		.probe = probe,
		.inputs = inputs,
		.result = result,
	};
	enum err err = inputs != NULL && result != NULL ? store_decision_add(s, &d, NULL, e) :
							  error_set(e, ERR_MEMORY, "out of memory");

	free(inputs);
	free(result);
	return err;
}

/* --- reading ------------------------------------------------------------------ */

static enum err
verdict_by_name(const char *name, enum verdict *out)
{
	for (unsigned v = 0; v < VERDICT_COUNT; v++)
		if (strcmp(name, verdict_name((enum verdict)v)) == 0) {
			*out = (enum verdict)v;
			return OK;
		}
	return ERR_SYNTAX;
}

static enum err
take_probe(const json_t *from, size_t i, struct verdict_inputs *out)
{
	const json_t *id = json_object_get(from, "probe");
	const char *name = json_string_value(json_object_get(from, "verdict"));

	if (json_is_null(from))
		return OK;
	if (!json_is_integer(id) || json_integer_value(id) <= 0)
		return ERR_SYNTAX;
	out->probes[i] = (uint64_t)json_integer_value(id);
	out->has_verdicts[i] = name != NULL;
	return name != NULL ? verdict_by_name(name, &out->verdicts[i]) : OK;
}

static enum err
take_categories(const json_t *array, uint32_t *mask)
{
	enum category category;
	const json_t *name;
	size_t i;

	if (!json_is_array(array))
		return ERR_SYNTAX;
	json_array_foreach (array, i, name) {
		if (category_by_name(text_of(json_string_value(name)), &category) != OK)
			return ERR_SYNTAX;
		*mask |= 1U << category;
	}
	return OK;
}

static enum err
take_number(const json_t *from, const char *name, int64_t max, int64_t *out)
{
	const json_t *number = json_object_get(from, name);

	*out = json_integer_value(number);
	return json_is_integer(number) && *out >= 0 && *out <= max ? OK : ERR_SYNTAX;
}

static const char *
find_fault(const json_t *json, struct verdict_inputs *out)
{
	const int64_t century_s = INT64_C(100) * 365 * 86400;
	int64_t tries;

	if (take_probe(json_object_get(json, "first"), 0, out) != OK || out->probes[0] == 0)
		return "first";
	if (take_probe(json_object_get(json, "second"), 1, out) != OK)
		return "second";
	if (!json_is_boolean(json_object_get(json, "second_source")))
		return "second_source";
	out->second_source = json_is_true(json_object_get(json, "second_source"));
	if (take_categories(json_object_get(json, "keeps"), &out->keeps) != OK)
		return "keeps";
	if (take_number(json, "tries", 1000, &tries) != OK)
		return "tries";
	out->tries = (unsigned)tries;
	if (take_number(json, "backoff_s", century_s, &out->retry.backoff_s) != OK)
		return "backoff_s";
	if (take_number(json, "interval_s", century_s, &out->retry.interval_s) != OK)
		return "interval_s";
	return NULL;
}

enum err
verdict_record_parse(const char *inputs, struct verdict_inputs *out, struct error *e)
{
	json_t *json = json_loads(inputs, JSON_REJECT_DUPLICATES, NULL);
	const char *fault = json_is_object(json) ? NULL : "the whole";

	*out = (struct verdict_inputs){.keeps = 0};
	if (fault == NULL)
		fault = find_fault(json, out);
	json_decref(json);
	return fault == NULL ? OK :
			       error_set(e, ERR_SYNTAX,
				       "what the verdict was decided on cannot be "
				       "read: %s",
				       fault);
}
