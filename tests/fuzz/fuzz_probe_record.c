#include "probe_record.h"

#include <assert.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { ID = 4711 };

/* What is taken for an event is one, and is told again as the same. */
static void
assert_comes_back(const struct prober_event *ev)
{
	char *text = probe_record_format(ev), *again;
	struct prober_event other;

	assert(text != NULL);
	assert(probe_record_parse(text, ID, &other) == OK);
	assert(other.id == ID && other.kind == ev->kind && other.case_index == ev->case_index);
	again = probe_record_format(&other);
	assert(again != NULL && strcmp(text, again) == 0);
	free(again);
	free(text);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text = malloc(size + 1);
	struct prober_event ev;

	if (text == NULL)
		return 0;
	if (size != 0)
		memcpy(text, data, size);
	text[size] = '\0';
	if (probe_record_parse(text, ID, &ev) == OK)
		assert_comes_back(&ev);
	free(text);
	return 0;
}
