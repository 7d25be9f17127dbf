#include "follow_journal.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct follow_journal {
	struct journal_conf conf;
	struct journal *journal;
	char *cursor;  /* of the position to start with; NULL */
	uint64_t line; /* of the export form so far */
	bool was_read, told_line;
	char key[];
};

static enum err
start(void *state, const json_t *position, struct error *e)
{
	struct follow_journal *f = state;
	const char *cursor = json_string_value(json_object_get(position, "cursor"));

	journal_close(f->journal);
	f->journal = NULL;
	free(f->cursor);
	f->cursor = NULL;
	f->was_read = f->told_line = false;
	f->line = (uint64_t)json_integer_value(json_object_get(position, "line"));
	if (!json_is_null(position) && cursor == NULL)
		return error_set(e, ERR_SYNTAX,
			"the position that is kept is not one of a journal");
	if (cursor != NULL) {
		f->cursor = strdup(cursor);
		if (f->cursor == NULL)
			return error_set(e, ERR_MEMORY, "out of memory");
	}
	f->conf.cursor = f->cursor;
	return journal_open(&f->conf, &f->journal, e);
}

static enum err
next(void *state, struct follow_piece *out, struct error *e)
{
	struct follow_journal *f = state;
	enum err err;

	*out = (struct follow_piece){.kind = FOLLOW_LINE, .line = f->line + 1};
	if (!f->told_line) {
		f->told_line = true;
		return OK;
	}
	out->kind = FOLLOW_BYTES;
	err = journal_next(f->journal, &out->text, e);
	if (err != OK || out->text.len == 0) {
		bool changed;

		out->kind = FOLLOW_NOTHING;
		return err == OK ? journal_wait(f->journal, 0, &changed, e) : err;
	}
	f->was_read = true;
	for (size_t i = 0; i < out->text.len; i++)
		f->line += out->text.p[i] == '\n';
	return OK;
}

static json_t *
position(void *state)
{
	const struct follow_journal *f = state;
	const char *cursor = f->was_read ? journal_cursor(f->journal) : NULL;

	return cursor != NULL ?
		json_pack("{s:s, s:I}", "cursor", cursor, "line", (json_int_t)f->line) :
		NULL;
}

static void
close_journal(void *state)
{
	struct follow_journal *f = state;

	journal_close(f->journal);
	free(f->cursor);
	free(f);
}

/* Other matches are another log, with a position of its own. */
static void
write_key(const struct journal_conf *conf, char *out, size_t size)
{
	size_t used = (size_t)snprintf(out, size, "journal:%s",
		conf->path != NULL ? conf->path : "");

	for (size_t i = 0; i < conf->match_count && used < size; i++)
		used += (size_t)snprintf(out + used, size - used, " %s", conf->matches[i]);
}

enum err
follow_journal_open(const struct journal_conf *conf, struct follow_source *out, struct error *e)
{
	size_t size = 64 + (conf->path != NULL ? strlen(conf->path) : 0);
	struct follow_journal *f;

	for (size_t i = 0; i < conf->match_count; i++)
		size += strlen(conf->matches[i]) + 1;
	f = calloc(1, sizeof(*f) + size);
	if (f == NULL)
		return error_set(e, ERR_MEMORY, "journal: out of memory");
	f->conf = *conf;
	write_key(conf, f->key, size);
	*out = (struct follow_source){.name = "journal",
		.key = f->key,
		.format = "journal-export",
		.state = f,
		.start = start,
		.next = next,
		.position = position,
		.close = close_journal};
	return OK;
}
