#include "dialect.h"

#include "postfix.h"

static const struct dialect dialects[] = {
	{"postfix", postfix_knows, postfix_parse},
};

enum parse_result
dialect_parse(const struct syslog_line *s, struct parse_state *state, struct denial *out)
{
	for (size_t i = 0; i < ORBL_COUNT(dialects); i++) {
		if (!dialects[i].knows(s))
			continue;
		state->reason = NULL;
		state->used = 0;
		*out = (struct denial){0};
		return dialects[i].parse(s, state, out);
	}
	return PARSE_SKIP;
}
