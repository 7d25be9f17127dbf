/* snippet.h - configuration of mail servers and filters that use the list, made of the table of
 * codes (listing.h).
 *
 * Each names the codes that it acts on: a code that it does not know, such as an error of another
 * list, must never reject mail. A line "#### FILE" begins what goes into that file. All goes to
 * standard output.
 */
#ifndef ANALYZER_CLI_SNIPPET_H
#define ANALYZER_CLI_SNIPPET_H

#include <stdbool.h>

#include <orbl/listing.h>

enum { SNIPPET_NAME = 400 };

struct snippet_name {             /* of a zone */
	char asked[SNIPPET_NAME]; /* with the key */
	char shown[SNIPPET_NAME]; /* without it */
};

struct snippet {
	bool has_key;
	struct snippet_name base, all;
	struct snippet_name
		of[CATEGORY_COUNT]; /* zone to ask for one category: base when it has it */
};

/* --- snippet_server.c --- */
void snippet_postfix(const struct snippet *s);
void snippet_postscreen(const struct snippet *s);
void snippet_exim(const struct snippet *s);

/* --- snippet_filter.c --- */
void snippet_rspamd(const struct snippet *s);
void snippet_spamassassin(const struct snippet *s);

/* --- snippet_code.c --- */

enum { SNIPPET_CODE = 16, SNIPPET_CODES = 64, SNIPPET_SYMBOL = 32 };

/* What to do with a host that is in a category. */
struct snippet_advice {
	bool rejects;             /* it is in the base zone */
	int weight;               /* in postscreen; SNIPPET_REJECTS rejects, 0: not asked */
	const char *rspamd;       /* points, where 6 make a mail spam */
	const char *spamassassin; /* and where 5 do */
};
enum { SNIPPET_REJECTS = 4 };

struct snippet_advice snippet_advice_of(enum category c);
/* "127.0.0.2" */
const char *snippet_code(enum category c, char out[SNIPPET_CODE]);
/* Those that reject, as Postfix writes them: "127.0.0.[2;3]". */
const char *snippet_pattern(char out[SNIPPET_CODES]);
/* And as a list: "127.0.0.2,127.0.0.3". */
const char *snippet_codes(char out[SNIPPET_CODES]);
/* "RELAY_INPUT" */
const char *snippet_symbol(enum category c, char out[SNIPPET_SYMBOL]);
/* Comment lines: for what, and what each code means. rest: what is done with those that do not
 * reject, "score:"; weightless: with those of them that have no weight. */
void snippet_print_head(const struct snippet *s, const char *program, const char *rest,
	const char *weightless);

#endif
