#include "journal_pretty.h"

#include <stdlib.h>
#include <string.h>

#include "journal_json.h"
#include "journal_line.h"
#include "scan.h"

struct journal_pretty {
	struct container_sink sink;
	uint64_t line;   /* that is being read */
	uint64_t start;  /* line at which the entry starts; 0: between entries */
	bool overlong;   /* the entry */
	bool is_foreign; /* what stands between entries is no journal's, and was complained of */
	size_t line_len;
	char line_start[2]; /* all of a line that starts or ends an entry */
	size_t len;
	char bytes[JOURNAL_PRETTY_ENTRY]; /* of the entry */
	char texts[JOURNAL_PRETTY_ENTRY];
	char made[JOURNAL_PRETTY_ENTRY + JOURNAL_LINE_MORE];
};

static void
skip_blanks(struct text *t)
{
	while (t->len != 0 && (t->p[0] == ' ' || t->p[0] == '\t' || t->p[0] == '\r'))
		scan_skip(t, 1);
}

/* journald's own fields come first, and their names start with "__". */
bool
journal_pretty_knows(struct text head)
{
	if (!scan_byte(&head, '{'))
		return false;
	skip_blanks(&head);
	if (!scan_byte(&head, '\n'))
		return false;
	skip_blanks(&head);
	return text_has_prefix(head, TEXT("\"__"));
}

void *
journal_pretty_open(const struct container_sink *sink)
{
	struct journal_pretty *x = calloc(1, sizeof(*x));

	if (x == NULL)
		return NULL;
	x->sink = *sink;
	x->line = 1;
	return x;
}

void
journal_pretty_close(void *c)
{
	free(c);
}

static void
complain(struct journal_pretty *x, uint64_t line, const char *reason)
{
	x->sink.trouble(line, reason, x->sink.context);
}

static enum err
end_entry(struct journal_pretty *x)
{
	struct text object = {x->bytes, x->len};
	struct log_line s;
	enum err err = OK;

	if (object.len != 0 && object.p[object.len - 1] == '\r')
		object.len--;
	if (x->overlong)
		complain(x, x->start, "the journal's entry is too long");
	else if (journal_json_make(object, x->texts, x->made, &s))
		err = x->sink.line(&s, x->start, x->sink.context);
	else
		complain(x, x->start, "no entry of a journal, or one without a time");
	x->start = 0;
	return err;
}

static void
start_entry(struct journal_pretty *x)
{
	if (x->start != 0)
		complain(x, x->start, "the journal's entry has no end");
	x->start = x->line;
	x->overlong = x->is_foreign = false;
	x->len = 0;
}

static void
add(struct journal_pretty *x, const char *bytes, size_t len)
{
	for (size_t i = 0; i < len && x->line_len + i < sizeof(x->line_start); i++)
		x->line_start[x->line_len + i] = bytes[i];
	x->line_len += len;
	if (len > sizeof(x->bytes) - x->len)
		x->overlong = true;
	if (x->start == 0 || x->overlong)
		return;
	memcpy(x->bytes + x->len, bytes, len);
	x->len += len;
}

/* "{" or "}", or a CR behind it. */
static bool
is_bracket(const struct journal_pretty *x, char bracket)
{
	return x->line_len != 0 && x->line_start[0] == bracket &&
		(x->line_len == 1 || (x->line_len == 2 && x->line_start[1] == '\r'));
}

static enum err
end_line(struct journal_pretty *x)
{
	enum err err = OK;

	if (is_bracket(x, '{')) {
		start_entry(x);
		add(x, "{", 1);
	} else if (x->start != 0 && is_bracket(x, '}')) {
		err = end_entry(x);
	} else if (x->start == 0 && x->line_len != 0 && !x->is_foreign) {
		complain(x, x->line, "no entry of a journal");
		x->is_foreign = true;
	}
	x->line_len = 0;
	x->line++;
	return err;
}

enum err
journal_pretty_feed(void *c, const void *bytes, size_t len)
{
	struct journal_pretty *x = c;
	const char *at = bytes;
	enum err err = OK;

	while (len != 0 && err == OK) {
		const char *lf = memchr(at, '\n', len);
		size_t n = lf != NULL ? (size_t)(lf - at) : len;

		add(x, at, n);
		if (lf != NULL)
			err = end_line(x);
		n += lf != NULL ? 1 : 0;
		at += n;
		len -= n;
	}
	return err;
}

enum err
journal_pretty_finish(void *c)
{
	struct journal_pretty *x = c;
	enum err err = x->line_len != 0 ? end_line(x) : OK;

	if (err == OK && x->start != 0)
		complain(x, x->start, "the journal's last entry is cut");
	return err;
}
