#include <string.h>

#include <jansson.h>

#include "score_record.h"
#include "score_record_part.h"

static const char digits[] = "0123456789abcdef";

void
score_record_hex(const uint8_t *bytes, size_t len, char *out)
{
	for (size_t i = 0; i < len; i++) {
		out[2 * i] = digits[bytes[i] >> 4];
		out[2 * i + 1] = digits[bytes[i] & 15];
	}
	out[2 * len] = '\0';
}

bool
score_record_unhex(const char *text, uint8_t *out, size_t len)
{
	if (text == NULL || strlen(text) != 2 * len)
		return false;
	for (size_t i = 0; i < 2 * len; i++) {
		const char *digit = strchr(digits, text[i]);

		if (digit == NULL)
			return false;
		out[i / 2] = (uint8_t)(out[i / 2] << 4 | (digit - digits));
	}
	return true;
}

static bool
take_integer(const json_t *from, int64_t min, int64_t max, int64_t *out)
{
	*out = json_integer_value(from);
	return json_is_integer(from) && *out >= min && *out <= max;
}

static bool
take_count(const json_t *from, size_t *out)
{
	int64_t n;
	bool ok = take_integer(from, 0, 1000000, &n);

	*out = (size_t)n;
	return ok;
}

static bool
take_points(const json_t *from, double *out)
{
	*out = json_number_value(from);
	return json_is_number(from) && *out >= 0 && *out <= 1e9;
}

static const int64_t rules_time_max_s = INT64_C(86400) * 36500;

static bool
take_rules(const json_t *from, struct score_inputs *out)
{
	return take_integer(json_object_get(from, "half_life"), 1, rules_time_max_s,
		       &out->score.half_life_s) &&
		take_integer(json_object_get(from, "max_age"), 1, rules_time_max_s,
			&out->score.max_age_s) &&
		take_points(json_object_get(from, "denial_points"), &out->score.denial_points) &&
		take_points(json_object_get(from, "reporter_cap"), &out->score.reporter_cap) &&
		take_points(json_object_get(from, "threshold"), &out->decision.threshold) &&
		take_count(json_object_get(from, "min_reporters"), &out->decision.min_reporters) &&
		take_points(json_object_get(from, "suspect_at"), &out->suspect.at) &&
		take_points(json_object_get(from, "suspect_until"), &out->suspect.until) &&
		take_count(json_object_get(from, "suspect_reporters"), &out->suspect.reporters) &&
		take_integer(json_object_get(from, "lifetime"), 1, rules_time_max_s,
			&out->suspect.lifetime_s);
}

static bool
take_reporter(const json_t *reporters, const json_t *index, struct score_fact *out)
{
	const json_t *row;
	size_t i;

	if (!take_count(index, &i))
		return false;
	row = json_array_get(reporters, i);
	out->reporter = json_string_value(json_array_get(row, 0));
	out->key = json_string_value(json_array_get(row, 1));
	return json_array_size(row) == 3 && out->reporter != NULL && out->key != NULL &&
		take_integer(json_array_get(row, 2), 0, 100, &out->trust);
}

static bool
take_domains(const json_t *from, uint64_t *out)
{
	uint8_t bytes[sizeof(*out)] = {0};

	if (!score_record_unhex(json_string_value(from), bytes, sizeof(bytes)))
		return false;
	*out = 0;
	for (size_t i = 0; i < sizeof(bytes); i++)
		*out = *out << 8 | bytes[i];
	return true;
}

static bool
take_fact(const json_t *row, const json_t *reporters, struct score_fact *out)
{
	const json_t *rule = json_array_get(row, 5), *hash = json_array_get(row, 7);
	int64_t kind, count;

	*out = (struct score_fact){.rule = json_string_value(rule)};
	if (json_array_size(row) != 8 || !take_reporter(reporters, json_array_get(row, 0), out) ||
		!take_integer(json_array_get(row, 1), 0, 255, &kind) ||
		!take_integer(json_array_get(row, 2), INT64_MIN / 4, INT64_MAX / 4, &out->time_s) ||
		!take_integer(json_array_get(row, 3), 0, UINT32_MAX, &count) ||
		!take_domains(json_array_get(row, 4), &out->domains) ||
		!(json_is_null(rule) || json_is_string(rule)) ||
		!take_integer(json_array_get(row, 6), 0, INT64_MAX, &out->submission) ||
		!(json_is_null(hash) ||
			score_record_unhex(json_string_value(hash), out->hash, SCORE_HASH)))
		return false;
	out->kind = (unsigned)kind;
	out->count = (uint32_t)count;
	return true;
}

static enum err
take_facts(const json_t *json, struct score_inputs *out, struct error *e)
{
	const json_t *reporters = json_object_get(json, "reporters"), *row;
	const json_t *facts = json_object_get(json, "facts");
	struct score_fact fact;
	enum err err = OK;
	size_t i;

	if (!json_is_array(facts) || !json_is_array(reporters))
		return error_set(e, ERR_SYNTAX, "no facts");
	json_array_foreach (facts, i, row) {
		if (err == OK && !take_fact(row, reporters, &fact))
			err = error_set(e, ERR_SYNTAX, "fact %zu", i);
		if (err == OK)
			err = facts_add(&out->facts, &fact, e);
	}
	return err;
}

static enum err
take_all(const json_t *json, struct score_inputs *out, struct error *e)
{
	if (!json_is_object(json))
		return error_set(e, ERR_SYNTAX, "no JSON object");
	if (!take_integer(json_object_get(json, "now"), INT64_MIN / 4, INT64_MAX / 4, &out->now_s))
		return error_set(e, ERR_SYNTAX, "now");
	if (!take_rules(json_object_get(json, "rules"), out))
		return error_set(e, ERR_SYNTAX, "rules");
	if (!take_integer(json_object_get(json, "listed_until"), 0, INT64_MAX / 4,
		    &out->listed_until_s))
		return error_set(e, ERR_SYNTAX, "listed_until");
	return take_facts(json, out, e);
}

enum err
score_record_parse(const char *inputs, struct score_inputs *out, struct error *e)
{
	struct error why = {.code = OK};
	json_t *json = json_loads(inputs, JSON_REJECT_DUPLICATES, NULL);
	enum err err;

	*out = (struct score_inputs){.now_s = 0};
	err = take_all(json, out, &why);
	json_decref(json);
	if (err == OK)
		return OK;
	return error_set(e, err, "what the evidence was decided on cannot be read: %s", why.text);
}
