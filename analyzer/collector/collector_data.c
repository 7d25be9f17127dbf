#include "collector_data.h"

#include <stdlib.h>

#include "collector.h"

enum { KEPT_STEP = 8 << 10 };

void
collector_data_begin(struct collector_data *d)
{
	d->state = COLLECTOR_DATA_LINE_START;
	d->bytes = d->len = 0;
}

void
collector_data_drop(struct collector_data *d)
{
	free(d->kept);
	d->kept = NULL;
	d->len = d->size = 0;
}

static enum collector_data_state
next_state(enum collector_data_state state, char c)
{
	if (c == '\r')
		return state == COLLECTOR_DATA_DOT ? COLLECTOR_DATA_DOT_CR : COLLECTOR_DATA_CR;
	if (c == '\n' && state == COLLECTOR_DATA_CR)
		return COLLECTOR_DATA_LINE_START;
	if (c == '.' && state == COLLECTOR_DATA_LINE_START)
		return COLLECTOR_DATA_DOT;
	return COLLECTOR_DATA_TEXT;
}

static void
keep_byte(struct collector_data *d, char c)
{
	if (d->len == COLLECTOR_KEPT_MAX)
		return;
	if (d->len == d->size) {
		size_t size = d->size == 0 ? KEPT_STEP : 2 * d->size;
		char *bigger = realloc(d->kept, size);

		if (bigger == NULL)
			return;
		d->kept = bigger;
		d->size = size;
	}
	d->kept[d->len++] = c;
}

bool
collector_data_byte(struct collector_data *d, char c)
{
	if (d->state == COLLECTOR_DATA_DOT_CR && c == '\n') {
		/* The CR behind the final dot. */
		if (d->len != 0 && d->kept[d->len - 1] == '\r')
			d->len--;
		return true;
	}
	d->state = next_state(d->state, c);
	if (d->state != COLLECTOR_DATA_DOT)
		keep_byte(d, c);
	d->bytes++;
	return false;
}
