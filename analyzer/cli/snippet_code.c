/* What the snippets say of each code. */
#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "snippet.h"

/* Only what is proved rejects by itself, and that is what the base zone has. */
static const struct {
	int weight;
	const char *rspamd, *spamassassin;
} weights[CATEGORY_COUNT] = {
	[CATEGORY_RELAY] = {SNIPPET_REJECTS, "6.0", "5.0"},
	[CATEGORY_RELAY_INPUT] = {SNIPPET_REJECTS, "6.0", "5.0"},
	[CATEGORY_SUSPECT] = {1, "2.0", "1.5"},
	[CATEGORY_RELAY_OUTPUT] = {1, "0.5", "0.5"},
	[CATEGORY_UNTESTABLE] = {0, "0.1", "0.1"},
	[CATEGORY_BOUNCER] = {0, "0.1", "0.1"},
};

struct snippet_advice
snippet_advice_of(enum category c)
{
	return (struct snippet_advice){
		.rejects = (subzone_row(0)->categories & 1U << c) != 0,
		.weight = weights[c].weight,
		.rspamd = weights[c].rspamd,
		.spamassassin = weights[c].spamassassin,
	};
}

const char *
snippet_code(enum category c, char out[SNIPPET_CODE])
{
	uint32_t code = category_row(c)->code;

	snprintf(out, SNIPPET_CODE, "%u.%u.%u.%u", (unsigned)(code >> 24),
		(unsigned)(code >> 16 & 0xff), (unsigned)(code >> 8 & 0xff),
		(unsigned)(code & 0xff));
	return out;
}

/* Those that reject: all octets or the last, with something before each. */
static void
join(bool last_octet, const char *first, const char *next, char out[SNIPPET_CODES])
{
	char code[SNIPPET_CODE];
	size_t used = 0;

	out[0] = '\0';
	for (size_t i = 0; i < CATEGORY_COUNT; i++) {
		const char *text = snippet_code((enum category)i, code);

		if (!snippet_advice_of((enum category)i).rejects)
			continue;
		if (last_octet)
			text = strrchr(text, '.') + 1;
		used += (size_t)snprintf(out + used, SNIPPET_CODES - used, "%s%s",
			used == 0 ? first : next, text);
	}
}

const char *
snippet_pattern(char out[SNIPPET_CODES])
{
	size_t used;

	join(true, "127.0.0.[", ";", out);
	used = strlen(out);
	snprintf(out + used, SNIPPET_CODES - used, "]");
	return out;
}

const char *
snippet_codes(char out[SNIPPET_CODES])
{
	join(false, "", ",", out);
	return out;
}

const char *
snippet_symbol(enum category c, char out[SNIPPET_SYMBOL])
{
	const char *name = category_row(c)->name;
	size_t i;

	for (i = 0; name[i] != '\0' && i + 1 < SNIPPET_SYMBOL; i++)
		out[i] = name[i] == '-' ? '_' : (char)toupper((unsigned char)name[i]);
	out[i] = '\0';
	return out;
}

void
snippet_print_head(const struct snippet *s, const char *program, const char *rest,
	const char *weightless)
{
	char code[SNIPPET_CODE];

	printf("# The list %s, for %s.\n"
	       "# It must be a list of orbl-analyzer: others have neither these codes nor these\n"
	       "# subzones.\n#\n",
		s->base.shown, program);
	for (size_t i = 0; i < CATEGORY_COUNT; i++) {
		struct snippet_advice a = snippet_advice_of((enum category)i);
		const char *what = a.weight != 0 ? rest : weightless;

		printf("# %s  %-12s  %-9s %s\n", snippet_code((enum category)i, code),
			category_row((enum category)i)->name, a.rejects ? "reject:" : what,
			category_row((enum category)i)->meaning);
	}
	printf("#\n"
	       "# Your resolver must find 2.0.0.127.%s, and must not find\n"
	       "# 1.0.0.127.%s.\n",
		s->base.asked, s->base.asked);
	puts("# Each line names the codes it acts on: what else a name server may ever answer must "
	     "not\n"
	     "# cost mail. When the list does not answer, mail is accepted.");
	if (s->has_key)
		puts("# The key in these names is a secret: see who may read the files.");
	puts("#");
}
