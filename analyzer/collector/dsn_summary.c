#include "dsn_summary.h"

#include <stdio.h>

#include <orbl/text.h>

#define BY "by "

void
dsn_summary_format(const struct dsn_summary *s, char out[DSN_SUMMARY_TEXT])
{
	char *p = out, *end = out + DSN_SUMMARY_TEXT;

	*p = '\0';
	if (s->action[0] != '\0')
		p += snprintf(p, (size_t)(end - p), "%s", s->action);
	if (s->status[0] != '\0')
		p += snprintf(p, (size_t)(end - p), "%s%s", p != out ? " " : "", s->status);
	if (s->recipient[0] != '\0')
		p += snprintf(p, (size_t)(end - p), "%s<%s>", p != out ? " " : "", s->recipient);
	if (s->by[0] != '\0')
		snprintf(p, (size_t)(end - p), "%s" BY "%s", p != out ? ", " : "", s->by);
}

static void
keep(struct text t, char *out, size_t size)
{
	text_printable(text_trim(t), out, size);
}

void
dsn_summary_parse(const char *line, struct dsn_summary *out)
{
	struct text rest = text_of(line), word;
	size_t end;

	*out = (struct dsn_summary){.action = ""};
	while (rest.len != 0) {
		rest = text_trim(rest);
		if (text_has_prefix(rest, TEXT("<"))) {
			/* A quoted local part may have its own. */
			end = text_rfind(rest, TEXT(">"));
			keep(text_from(text_upto(rest, end), 1), out->recipient,
				sizeof(out->recipient));
			rest = end == SIZE_MAX ? TEXT_NONE : text_from(rest, end + 1);
			rest = text_from(rest, text_has_prefix(rest, TEXT(",")) ? 1 : 0);
		} else if (text_has_prefix(rest, TEXT(BY))) {
			keep(text_from(rest, sizeof(BY) - 1), out->by, sizeof(out->by));
			return;
		} else {
			word = text_cut(&rest, ' ');
			if (text_has_suffix(word, TEXT(",")))
				word.len--;
			if (word.len != 0 && word.p[0] >= '0' && word.p[0] <= '9')
				keep(word, out->status, sizeof(out->status));
			else if (out->action[0] == '\0')
				keep(word, out->action, sizeof(out->action));
		}
	}
}
