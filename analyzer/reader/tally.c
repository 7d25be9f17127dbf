#include "tally.h"

#include <string.h>

static const char others[] = "other reasons";

/* The reason's row; the last one is that of all for which there is no room. */
static struct reader_reason *
find_reason(struct reader_summary *s, const char *text)
{
	struct reader_reason *r;

	for (size_t i = 0; i < s->reason_count; i++)
		if (strcmp(s->reasons[i].text, text) == 0)
			return &s->reasons[i];
	if (s->reason_count == READER_REASONS_MAX)
		return &s->reasons[READER_REASONS_MAX - 1];
	r = &s->reasons[s->reason_count++];
	if (s->reason_count == READER_REASONS_MAX)
		text = others;
	(void)text_printable(text_of(text), r->text, sizeof(r->text));
	return r;
}

void
tally_trouble(struct reader_summary *s, uint64_t where, struct text reason)
{
	char printable[READER_REASON] = "";

	(void)text_printable(reason, printable, sizeof(printable));
	s->not_understood++;
	find_reason(s, printable)->count++;
	if (s->trouble_count >= READER_TROUBLES_MAX)
		return;
	s->troubles[s->trouble_count].line = where;
	memcpy(s->troubles[s->trouble_count].reason, printable, sizeof(printable));
	s->trouble_count++;
}

void
tally_rejection(struct reader_summary *s, enum rejection_kind kind, uint32_t count)
{
	s->rejections += count;
	s->rejections_of[kind] += count;
}
