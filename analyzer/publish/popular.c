#include "popular.h"

#include <stdlib.h>
#include <string.h>

#include <orbl/log.h>

static enum err
make_set(struct popular *p, struct error *e)
{
	const struct prefix_rows *rows = &p->file.rows;
	struct prefix_item *items = NULL;

	if (rows->count != 0) {
		items = calloc(rows->count, sizeof(*items));
		if (items == NULL)
			return error_set(e, ERR_MEMORY, "out of memory");
	}
	for (size_t i = 0; i < rows->count; i++)
		items[i].prefix = rows->rows[i].prefix;
	prefix_set_free(&p->set);
	prefix_set_make(&p->set, items, rows->count);
	p->generation = p->file.generation;
	return OK;
}

enum err
popular_open(struct popular *p, const char *path, struct error *e)
{
	struct error why = {.code = OK};
	enum err err;

	memset(p, 0, sizeof(*p));
	prefix_file_init(&p->file, path, PREFIX_FILE_SAFE);
	err = prefix_file_refresh(&p->file, 0, &why);
	if (err == OK)
		err = make_set(p, &why);
	if (err == OK)
		return OK;
	popular_close(p);
	return error_set(e, err, "publish.popular: %s", why.text);
}

void
popular_close(struct popular *p)
{
	prefix_file_close(&p->file);
	prefix_set_free(&p->set);
}

void
popular_refresh(struct popular *p, int64_t now_s)
{
	struct error e = {.code = OK};
	enum err err = prefix_file_refresh(&p->file, now_s, &e);

	if (err == OK && p->file.generation != p->generation)
		err = make_set(p, &e);
	if (err != OK)
		log_warning("publish.popular: %s; the list of before stays in force", e.text);
}

const struct prefix_set *
popular_set(const struct popular *p)
{
	return &p->set;
}
