#include "safe_list.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include <orbl/log.h>
#include <orbl/store_alarm.h>
#include <orbl/store_kept.h>

#include "prefix_file.h"
#include "prefix_set.h"

enum { ALARM_EVERY_S = 60, TIME_TEXT = 24 };

#define ALARM "safe-list"

struct safe_list {
	struct prefix_file file;
	struct prefix_set set; /* a tag is the row */
	uint64_t generation;   /* of the file's list that is in set, */
	uint64_t kept;         /* and in the store */
	bool is_alarmed;
	int64_t alarm_s;
};

struct safe_lists {
	struct store *store;
	size_t count;
	struct safe_list lists[];
};

static enum err
take_rows(struct safe_list *l, struct error *e)
{
	const struct prefix_rows *rows = &l->file.rows;
	struct prefix_item *items;

	if (l->generation == l->file.generation)
		return OK;
	items = calloc(rows->count + 1, sizeof(*items));
	if (items == NULL)
		return error_set(e, ERR_MEMORY, "%s: out of memory", l->file.path);
	for (size_t i = 0; i < rows->count; i++)
		items[i] = (struct prefix_item){rows->rows[i].prefix, (uint32_t)i};
	prefix_set_free(&l->set);
	prefix_set_make(&l->set, items, rows->count);
	l->generation = l->file.generation;
	return OK;
}

/* --- the store -------------------------------------------------------------- */

static void
write_rows(const struct prefix_rows *rows, FILE *out)
{
	char prefix[PREFIX_TEXT];

	for (size_t i = 0; i < rows->count; i++)
		fprintf(out, "%s # %s\n", prefix_format(&rows->rows[i].prefix, prefix),
			rows->names + rows->rows[i].name);
}

static enum err
keep_rows(const struct safe_lists *s, const struct safe_list *l, struct error *e)
{
	struct text text = {.p = NULL};
	char *bytes = NULL;
	FILE *out = open_memstream(&bytes, &text.len);
	enum err err;

	if (out == NULL)
		return error_set(e, ERR_MEMORY, "out of memory");
	write_rows(&l->file.rows, out);
	if (fclose(out) != 0)
		err = error_set(e, ERR_MEMORY, "out of memory");
	else
		err = store_kept_put(s->store, l->file.path, (struct text){bytes, text.len},
			l->file.since_s, e);
	free(bytes);
	return err;
}

static void
keep(const struct safe_lists *s, struct safe_list *l)
{
	struct error e = {.code = OK};

	if (s->store == NULL || !l->file.good || l->kept == l->generation)
		return;
	if (keep_rows(s, l, &e) == OK)
		l->kept = l->generation;
	else
		log_error("%s: the safe list is not kept: %s", l->file.path, e.text);
}

/* So that one that is broken now has what it had. */
static enum err
take_kept(const struct safe_lists *s, struct safe_list *l, struct error *e)
{
	struct error why = {.code = OK};
	char *bytes = NULL;
	size_t len = 0;
	int64_t kept_s = 0;
	enum err err = OK;

	if (s->store != NULL)
		err = store_kept_get(s->store, l->file.path, &bytes, &len, &kept_s, e);
	if (bytes == NULL)
		return err;
	if (prefix_rows_parse((struct text){bytes, len}, l->file.path, PREFIX_FILE_SAFE,
		    &l->file.rows, &why) == OK) {
		l->file.since_s = kept_s;
		l->file.generation++;
	} else {
		log_error("the store has a safe list that cannot be read: %s", why.text);
	}
	free(bytes);
	return err;
}

/* --- telling ---------------------------------------------------------------- */

static void
say(const struct safe_list *l, char *out, size_t size)
{
	time_t then = (time_t)l->file.since_s;
	char when[TIME_TEXT] = "before";
	struct tm tm;

	if (gmtime_r(&then, &tm) != NULL)
		(void)strftime(when, sizeof(when), "%Y-%m-%dT%H:%M:%SZ", &tm);
	snprintf(out, size, "%s; the safe list of %s, %zu prefixes, stays in force",
		prefix_file_trouble(&l->file), when, l->file.rows.count);
}

static void
alarm_of(const struct safe_lists *s, struct safe_list *l, int64_t now_s)
{
	bool is_bad = prefix_file_trouble(&l->file)[0] != '\0';
	char text[sizeof(l->file.told.text) + 100];
	struct error e = {.code = OK};
	enum err err = OK;

	if (s->store == NULL || (!is_bad && !l->is_alarmed) ||
		(is_bad && l->is_alarmed && now_s >= l->alarm_s &&
			now_s - l->alarm_s < ALARM_EVERY_S))
		return;
	say(l, text, sizeof(text));
	err = is_bad ? store_alarm_raise(s->store, ALARM, l->file.path, text, now_s, NULL, &e) :
		       store_alarm_end(s->store, ALARM, l->file.path, &e);
	if (err != OK) {
		log_error("an alarm cannot be kept: %s", e.text);
		return;
	}
	l->is_alarmed = is_bad;
	l->alarm_s = now_s;
}

static void
tell(const struct safe_list *l)
{
	char text[sizeof(l->file.told.text) + 100];

	say(l, text, sizeof(text));
	log_error("%s", text);
}

/* --- opening and following -------------------------------------------------- */

static enum err
open_list(const struct safe_lists *s, struct safe_list *l, int64_t now_s, struct error *e)
{
	enum err err = take_kept(s, l, e), bad;
	bool has_kept = err == OK && l->file.generation != 0;

	if (err != OK)
		return err;
	bad = prefix_file_refresh(&l->file, now_s, e);
	if (bad != OK && !has_kept)
		return bad;
	err = take_rows(l, e);
	if (err != OK)
		return err;
	if (bad != OK)
		tell(l);
	keep(s, l);
	alarm_of(s, l, now_s);
	return OK;
}

enum err
safe_lists_open(const struct conf_list *paths, struct store *store, int64_t now_s,
	struct safe_lists **out, struct error *e)
{
	struct safe_lists *s = calloc(1, sizeof(*s) + paths->count * sizeof(s->lists[0]));
	struct error why = {.code = OK};
	enum err err = OK;

	*out = NULL;
	if (s == NULL)
		return error_set(e, ERR_MEMORY, "out of memory");
	s->store = store;
	/* Of an earlier run, whose lists were others. */
	if (store != NULL)
		err = store_alarm_end(store, ALARM, NULL, &why);
	for (size_t i = 0; err == OK && i < paths->count; i++) {
		struct safe_list *l = &s->lists[s->count++];

		prefix_file_init(&l->file, paths->items[i], PREFIX_FILE_SAFE);
		err = open_list(s, l, now_s, &why);
	}
	if (err != OK) {
		safe_lists_close(s);
		return error_set(e, err, "listing.safe_lists: %s", why.text);
	}
	*out = s;
	return OK;
}

void
safe_lists_close(struct safe_lists *s)
{
	if (s == NULL)
		return;
	for (size_t i = 0; i < s->count; i++) {
		prefix_set_free(&s->lists[i].set);
		prefix_file_close(&s->lists[i].file);
	}
	free(s);
}

void
safe_lists_refresh(struct safe_lists *s, int64_t now_s)
{
	for (size_t i = 0; i < s->count; i++) {
		struct safe_list *l = &s->lists[i];
		bool was_good = l->file.good;
		struct error e = {.code = OK};

		if (prefix_file_refresh(&l->file, now_s, &e) != OK)
			tell(l);
		else if (take_rows(l, &e) != OK)
			log_error("%s; the safe list of before stays in force", e.text);
		else if (!was_good && l->file.good)
			log_notice("%s: the safe list can be read again", l->file.path);
		keep(s, l);
		alarm_of(s, l, now_s);
	}
}

bool
safe_lists_has(const struct safe_lists *s, const struct prefix *p, char *why, size_t size)
{
	for (size_t i = 0; i < s->count; i++) {
		const struct safe_list *l = &s->lists[i];
		const struct prefix_item *found = prefix_set_find(&l->set, p);
		const struct prefix_row *row;
		const char *name;
		char prefix[PREFIX_TEXT];

		if (found == NULL)
			continue;
		/* The set is of the rows of before while new ones could not be taken. */
		row = l->generation == l->file.generation ? &l->file.rows.rows[found->tag] : NULL;
		name = row != NULL ? l->file.rows.names + row->name : "";
		snprintf(why, size, "%s is on the safe list %s%s%s%s",
			prefix_format(&found->prefix, prefix), l->file.path,
			name[0] != '\0' ? " (" : "", name, name[0] != '\0' ? ")" : "");
		return true;
	}
	return false;
}

uint64_t
safe_lists_generation(const struct safe_lists *s)
{
	uint64_t sum = 0;

	for (size_t i = 0; i < s->count; i++)
		sum += s->lists[i].generation;
	return sum;
}
