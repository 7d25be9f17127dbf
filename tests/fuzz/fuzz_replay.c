/* What is read back of a decision or a probe says the same again. */
#include <assert.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "probe_result_replay.h"
#include "verdict_record.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { ID = 4711 };

static struct probe_result *
read_result(const json_t *json)
{
	struct error e = {.code = OK};
	struct probe_result *r;
	enum err err = probe_result_replay(json, ID, &r, &e);

	assert((err == OK) == (r != NULL));
	assert(err == OK || (e.code == err && e.text[0] != '\0'));
	return r;
}

/* Once read, it is written and read without loss. */
static void
assert_result_comes_back(const struct probe_result *r)
{
	json_t *json = probe_result_json(r), *again;
	struct probe_result *other;

	if (json == NULL) /* bytes that are no text: nobody wrote this */
		return;
	other = read_result(json);
	assert(other != NULL);
	assert(probe_result_verdict(other) == probe_result_verdict(r));
	assert(strcmp(probe_result_reason(other), probe_result_reason(r)) == 0);
	again = probe_result_json(other);
	assert(again != NULL && json_equal(json, again));
	probe_result_free(other);
	json_decref(json);
	json_decref(again);
}

static void
try_result(const char *text)
{
	json_t *json = json_loads(text, 0, NULL);
	struct probe_result *r = json != NULL ? read_result(json) : NULL;

	if (r != NULL)
		assert_result_comes_back(r);
	probe_result_free(r);
	json_decref(json);
}

static void
try_inputs(const char *text)
{
	struct verdict_inputs in, again;
	char *written;

	if (verdict_record_parse(text, &in, NULL) != OK)
		return;
	written = verdict_record_inputs(&in);
	assert(written != NULL && verdict_record_parse(written, &again, NULL) == OK);
	assert(again.keeps == in.keeps && again.tries == in.tries);
	assert(verdict_record_decide(&again).verdict == verdict_record_decide(&in).verdict);
	assert(verdict_record_decide(&again).ends == verdict_record_decide(&in).ends);
	free(written);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text = malloc(size + 1);

	if (text == NULL)
		return 0;
	if (size != 0)
		memcpy(text, data, size);
	text[size] = '\0';
	try_result(text);
	try_inputs(text);
	free(text);
	return 0;
}
