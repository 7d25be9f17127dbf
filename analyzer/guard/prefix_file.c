#include "prefix_file.h"

#include <string.h>

void
prefix_file_init(struct prefix_file *f, const char *path, enum prefix_file_kind kind)
{
	*f = (struct prefix_file){.path = path, .kind = kind};
	f->good = path[0] == '\0';
	f->generation = f->good ? 1 : 0;
}

void
prefix_file_close(struct prefix_file *f)
{
	prefix_rows_free(&f->rows);
}

static bool
is_same(const struct stat *a, const struct stat *b)
{
	return a->st_mtim.tv_sec == b->st_mtim.tv_sec && a->st_mtim.tv_nsec == b->st_mtim.tv_nsec &&
		a->st_size == b->st_size && a->st_ino == b->st_ino && a->st_dev == b->st_dev;
}

/* The state is taken before the file is read: what changes meanwhile is read the next time. */
static enum err
look(struct prefix_file *f, int64_t now_s, struct error *e)
{
	struct prefix_rows rows;
	struct stat st;
	enum err err;

	if (stat(f->path, &st) != 0)
		return error_errno(e, "%s", f->path);
	/* What could not be read may become readable without looking any different. */
	if (f->good && is_same(&st, &f->seen))
		return OK;
	err = prefix_rows_read(f->path, f->kind, &rows, e);
	f->seen = st;
	if (err == OK && f->kind == PREFIX_FILE_SAFE && rows.count == 0 && f->rows.count != 0) {
		prefix_rows_free(&rows);
		err = error_set(e, ERR_CORRUPT, "%s: nothing is left of its %zu prefixes", f->path,
			f->rows.count);
	}
	if (err != OK)
		return err;
	prefix_rows_free(&f->rows);
	f->rows = rows;
	f->since_s = now_s;
	f->generation++;
	return OK;
}

enum err
prefix_file_refresh(struct prefix_file *f, int64_t now_s, struct error *e)
{
	struct error why = {.code = OK};
	bool is_news;

	if (f->path[0] == '\0' || (f->has_looked && f->looked_s == now_s))
		return OK;
	f->has_looked = true;
	f->looked_s = now_s;
	f->good = look(f, now_s, &why) == OK;
	is_news = !f->good && (f->told.code != why.code || strcmp(f->told.text, why.text) != 0);
	f->told = why;
	return is_news ? error_set(e, why.code, "%s", why.text) : OK;
}

const char *
prefix_file_trouble(const struct prefix_file *f)
{
	return f->good ? "" : f->told.text;
}
