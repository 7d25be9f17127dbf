#include "safe_list.h"

#include <stdio.h>
#include <stdlib.h>

#include <orbl/log.h>

#include "prefix_file.h"
#include "prefix_set.h"

struct safe_list {
	struct prefix_file file;
	struct prefix_set set; /* a tag is the row */
	uint64_t generation;   /* of the file's list that is in set */
};

struct safe_lists {
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

enum err
safe_lists_open(const struct conf_list *paths, int64_t now_s, struct safe_lists **out,
	struct error *e)
{
	struct safe_lists *s = calloc(1, sizeof(*s) + paths->count * sizeof(s->lists[0]));
	struct error why = {.code = OK};
	enum err err = OK;

	*out = NULL;
	if (s == NULL)
		return error_set(e, ERR_MEMORY, "out of memory");
	for (size_t i = 0; err == OK && i < paths->count; i++) {
		struct safe_list *l = &s->lists[s->count++];

		prefix_file_init(&l->file, paths->items[i], PREFIX_FILE_SAFE);
		err = prefix_file_refresh(&l->file, now_s, &why);
		if (err == OK)
			err = take_rows(l, &why);
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

		if (prefix_file_refresh(&l->file, now_s, &e) != OK || take_rows(l, &e) != OK)
			log_error("%s; the safe list of before, %zu prefixes, stays in force",
				e.text, l->set.count);
		else if (!was_good && l->file.good)
			log_notice("%s: the safe list can be read again", l->file.path);
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
