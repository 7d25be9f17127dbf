#include "opt_out.h"

#include <stdlib.h>
#include <string.h>

/* The list is that of orbl.conf, then that of the orders, then that of the file. */
struct opt_out {
	struct prefix_file file;
	struct prefix *fixed, *ordered, *list;
	size_t fixed_count, ordered_count, count;
	int64_t since_s;
	uint64_t generation, file_generation; /* of the file's list that is in list */
};

/* --- once ------------------------------------------------------------------- */

enum err
opt_out_read(const char *path, struct prefix **list, size_t *count, struct error *e)
{
	struct prefix_rows rows;
	struct prefix *joined;
	enum err err = prefix_rows_read(path, PREFIX_FILE_PLAIN, &rows, e);

	if (err != OK || rows.count == 0) {
		prefix_rows_free(&rows);
		return err;
	}
	joined = realloc(*list, (*count + rows.count) * sizeof(*joined));
	if (joined == NULL) {
		prefix_rows_free(&rows);
		return error_set(e, ERR_MEMORY, "%s: out of memory", path);
	}
	for (size_t i = 0; i < rows.count; i++)
		joined[*count + i] = rows.rows[i].prefix;
	*list = joined;
	*count += rows.count;
	prefix_rows_free(&rows);
	return OK;
}

/* --- following it --------------------------------------------------------- */

static enum err
copy(struct prefix **out, const struct prefix *list, size_t count, struct error *e)
{
	*out = calloc(count + 1, sizeof(**out));
	if (*out == NULL)
		return error_set(e, ERR_MEMORY, "out of memory");
	if (count != 0)
		memcpy(*out, list, count * sizeof(*list));
	return OK;
}

/* Fixed and ordered ones, and room for so many more. */
static struct prefix *
begin_list(const struct opt_out *o, size_t more)
{
	struct prefix *list = calloc(o->fixed_count + o->ordered_count + more + 1, sizeof(*list));

	if (list == NULL)
		return NULL;
	memcpy(list, o->fixed, o->fixed_count * sizeof(*list));
	memcpy(list + o->fixed_count, o->ordered, o->ordered_count * sizeof(*list));
	return list;
}

static void
take_list(struct opt_out *o, struct prefix *list, size_t of_file)
{
	free(o->list);
	o->list = list;
	o->count = o->fixed_count + o->ordered_count + of_file;
}

enum err
opt_out_new(const struct prefix *fixed, size_t count, const char *path, struct opt_out **out,
	struct error *e)
{
	struct opt_out *o = calloc(1, sizeof(*o));
	enum err err;

	*out = NULL;
	if (o == NULL)
		return error_set(e, ERR_MEMORY, "out of memory");
	prefix_file_init(&o->file, path, PREFIX_FILE_PLAIN);
	o->generation = o->file_generation = o->file.generation;
	o->fixed_count = o->count = count;
	err = copy(&o->fixed, fixed, count, e);
	if (err == OK)
		err = copy(&o->ordered, NULL, 0, e);
	if (err == OK)
		err = copy(&o->list, fixed, count, e);
	if (err != OK) {
		opt_out_free(o);
		return err;
	}
	*out = o;
	return OK;
}

void
opt_out_free(struct opt_out *o)
{
	if (o == NULL)
		return;
	prefix_file_close(&o->file);
	free(o->fixed);
	free(o->ordered);
	free(o->list);
	free(o);
}

enum err
opt_out_restore(struct opt_out *o, const struct prefix *of_file, size_t count, int64_t kept_s,
	struct error *e)
{
	struct prefix *list = begin_list(o, count);

	if (list == NULL)
		return error_set(e, ERR_MEMORY, "out of memory");
	if (count != 0)
		memcpy(list + o->fixed_count + o->ordered_count, of_file, count * sizeof(*list));
	take_list(o, list, count);
	o->since_s = kept_s;
	o->generation++;
	return OK;
}

enum err
opt_out_order(struct opt_out *o, const struct prefix *ordered, size_t count, struct error *e)
{
	size_t of_file_count;
	const struct prefix *of_file = opt_out_of_file(o, &of_file_count);
	struct prefix *list = calloc(o->fixed_count + count + of_file_count + 1, sizeof(*list)),
		      *own;

	if (list == NULL || copy(&own, ordered, count, e) != OK) {
		free(list);
		return error_set(e, ERR_MEMORY, "out of memory");
	}
	memcpy(list, o->fixed, o->fixed_count * sizeof(*list));
	memcpy(list + o->fixed_count, own, count * sizeof(*list));
	memcpy(list + o->fixed_count + count, of_file, of_file_count * sizeof(*list));
	free(o->ordered);
	o->ordered = own;
	o->ordered_count = count;
	take_list(o, list, of_file_count);
	if (o->generation != 0)
		o->generation++;
	return OK;
}

static enum err
take_file(struct opt_out *o, struct error *e)
{
	const struct prefix_rows *rows = &o->file.rows;
	struct prefix *list;

	if (o->file_generation == o->file.generation)
		return OK;
	list = begin_list(o, rows->count);
	if (list == NULL)
		return error_set(e, ERR_MEMORY, "%s: out of memory", o->file.path);
	for (size_t i = 0; i < rows->count; i++)
		list[o->fixed_count + o->ordered_count + i] = rows->rows[i].prefix;
	take_list(o, list, rows->count);
	o->since_s = o->file.since_s;
	o->file_generation = o->file.generation;
	o->generation++;
	return OK;
}

enum err
opt_out_refresh(struct opt_out *o, int64_t now_s, struct error *e)
{
	enum err err = prefix_file_refresh(&o->file, now_s, e);

	return err == OK ? take_file(o, e) : err;
}

bool
opt_out_is_good(const struct opt_out *o)
{
	return o->file.good;
}

bool
opt_out_is_known(const struct opt_out *o)
{
	return o->generation != 0;
}

uint64_t
opt_out_generation(const struct opt_out *o)
{
	return o->generation;
}

int64_t
opt_out_since(const struct opt_out *o)
{
	return o->since_s;
}

const char *
opt_out_trouble(const struct opt_out *o)
{
	return prefix_file_trouble(&o->file);
}

const struct prefix *
opt_out_of_file(const struct opt_out *o, size_t *count)
{
	size_t before = o->fixed_count + o->ordered_count;

	*count = o->count - before;
	return o->list + before;
}

const struct prefix *
opt_out_list(const struct opt_out *o, size_t *count)
{
	*count = o->count;
	return o->list;
}
