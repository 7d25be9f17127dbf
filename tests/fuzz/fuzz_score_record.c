#include <assert.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <orbl/store_decision.h>

#include "score_record.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
assert_sane(const struct score_inputs *in, const struct score_result *r)
{
	const struct score *s = &r->score;

	assert(s->points >= 0 && s->reporters <= SCORE_REPORTERS_MAX);
	assert(s->independent <= s->reporters && s->reporters <= in->facts.count);
	for (size_t i = 0; i < s->reporters; i++)
		assert(s->terms[i].points >= 0 &&
			s->terms[i].points <= in->score.reporter_cap + 1e-3);
	if (r->suspect.kind == SUSPECT_LIST || r->suspect.kind == SUSPECT_RENEW)
		assert(r->suspect.expires_s > in->now_s &&
			r->suspect.expires_s <= in->now_s + in->suspect.lifetime_s);
}

/* What was read is written, read and decided as the same. */
static void
assert_comes_back(const struct score_inputs *in)
{
	static struct score_result first, second;
	char *text = score_record_inputs(in), *result, *again;
	struct score_inputs other;
	struct error e;

	assert(text != NULL && score_record_parse(text, &other, &e) == OK);
	score_record_decide(in, &first);
	score_record_decide(&other, &second);
	assert_sane(in, &first);
	result = score_record_result(STORE_DECISION_SUSPECT, &first);
	again = score_record_result(STORE_DECISION_SUSPECT, &second);
	assert(result != NULL && again != NULL && strcmp(result, again) == 0);
	free(result);
	free(again);
	again = score_record_inputs(&other);
	assert(again != NULL && strcmp(text, again) == 0);
	free(again);
	free(text);
	score_record_reset(&other);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text = malloc(size + 1);
	struct score_inputs in;
	struct error e;

	if (text == NULL)
		return 0;
	if (size != 0)
		memcpy(text, data, size);
	text[size] = '\0';
	if (score_record_parse(text, &in, &e) == OK)
		assert_comes_back(&in);
	score_record_reset(&in);
	free(text);
	return 0;
}
