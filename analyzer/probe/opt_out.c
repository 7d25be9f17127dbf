#include "opt_out.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include <orbl/file.h>

enum { SHOWN = 64 };

/* --- the file ------------------------------------------------------------- */

static enum err
parse_line(struct text line, struct prefix *out, bool *has_prefix, struct error *e)
{
	struct text t = text_trim(text_upto(line, text_find_byte(line, '#')));
	char shown[SHOWN];
	enum err err;

	*has_prefix = t.len != 0;
	if (!*has_prefix)
		return OK;
	err = prefix_parse(t, out);
	if (err == OK)
		return OK;
	text_printable(t, shown, sizeof(shown));
	return err == ERR_RANGE ?
		error_set(e, err, "\"%s\" has bits outside its mask", shown) :
		error_set(e, err, "\"%s\" is neither an address nor a prefix", shown);
}

static bool
make_room(struct prefix **list, size_t count, size_t *room)
{
	size_t bigger = *room == 0 ? 64 : 2 * *room;
	struct prefix *p;

	if (count < *room)
		return true;
	p = realloc(*list, bigger * sizeof(*p));
	if (p == NULL)
		return false;
	*list = p;
	*room = bigger;
	return true;
}

struct found {
	struct prefix *list;
	size_t count, room;
};

static enum err
take_line(struct found *f, struct text line, const char *path, unsigned number, struct error *e)
{
	struct error why = {.code = OK};
	bool has_prefix;
	enum err err;

	if (!make_room(&f->list, f->count, &f->room))
		return error_set(e, ERR_MEMORY, "%s: out of memory", path);
	err = parse_line(line, &f->list[f->count], &has_prefix, &why);
	if (err != OK)
		return error_set(e, err, "%s:%u: %s", path, number, why.text);
	f->count += has_prefix;
	if (f->count > OPT_OUT_PREFIXES_MAX)
		return error_set(e, ERR_FULL, "%s:%u: more than %d prefixes", path, number,
			OPT_OUT_PREFIXES_MAX);
	return OK;
}

static enum err
append(struct prefix **list, size_t *count, const struct found *f)
{
	struct prefix *joined;

	if (f->count == 0)
		return OK;
	joined = realloc(*list, (*count + f->count) * sizeof(*joined));
	if (joined == NULL)
		return ERR_MEMORY;
	memcpy(joined + *count, f->list, f->count * sizeof(*joined));
	*list = joined;
	*count += f->count;
	return OK;
}

enum err
opt_out_read(const char *path, struct prefix **list, size_t *count, struct error *e)
{
	struct found found = {.list = NULL};
	struct text rest, line;
	unsigned number = 0;
	char *bytes = NULL;
	size_t len = 0;
	enum err err;

	if (path[0] == '\0')
		return OK;
	err = file_read(path, OPT_OUT_BYTES_MAX, &bytes, &len, e);
	if (err != OK)
		return err;
	rest = (struct text){bytes, len};
	while (err == OK && text_next_line(&rest, &line))
		err = take_line(&found, line, path, ++number, e);
	if (err == OK && append(list, count, &found) != OK)
		err = error_set(e, ERR_MEMORY, "%s: out of memory", path);
	free(found.list);
	free(bytes);
	return err;
}

/* --- following it --------------------------------------------------------- */

struct opt_out {
	const char *path;
	struct prefix *fixed, *list; /* list has the fixed ones first */
	size_t fixed_count, count;
	struct stat seen;
	int64_t looked_s, since_s;
	uint64_t generation;
	bool has_looked, good;
	struct error told; /* the trouble that was told of */
};

enum err
opt_out_new(const struct prefix *fixed, size_t count, const char *path, struct opt_out **out,
	struct error *e)
{
	struct opt_out *o = calloc(1, sizeof(*o));

	*out = o;
	if (o == NULL)
		return error_set(e, ERR_MEMORY, "out of memory");
	o->path = path;
	o->good = path[0] == '\0';
	o->generation = o->good ? 1 : 0;
	o->fixed = calloc(count + 1, sizeof(*o->fixed));
	o->list = calloc(count + 1, sizeof(*o->list));
	if (o->fixed == NULL || o->list == NULL) {
		opt_out_free(o);
		*out = NULL;
		return error_set(e, ERR_MEMORY, "out of memory");
	}
	if (count != 0) {
		memcpy(o->fixed, fixed, count * sizeof(*fixed));
		memcpy(o->list, fixed, count * sizeof(*fixed));
	}
	o->fixed_count = o->count = count;
	return OK;
}

void
opt_out_free(struct opt_out *o)
{
	if (o == NULL)
		return;
	free(o->fixed);
	free(o->list);
	free(o);
}

static enum err
read_all(struct opt_out *o, struct error *e)
{
	struct prefix *list = calloc(o->fixed_count + 1, sizeof(*list));
	size_t count = o->fixed_count;
	enum err err;

	if (list == NULL)
		return error_set(e, ERR_MEMORY, "%s: out of memory", o->path);
	memcpy(list, o->fixed, count * sizeof(*list));
	err = opt_out_read(o->path, &list, &count, e);
	if (err != OK) {
		free(list);
		return err;
	}
	free(o->list);
	o->list = list;
	o->count = count;
	return OK;
}

enum err
opt_out_restore(struct opt_out *o, const struct prefix *of_file, size_t count, int64_t kept_s,
	struct error *e)
{
	struct prefix *list = calloc(o->fixed_count + count + 1, sizeof(*list));

	if (list == NULL)
		return error_set(e, ERR_MEMORY, "out of memory");
	memcpy(list, o->fixed, o->fixed_count * sizeof(*list));
	if (count != 0)
		memcpy(list + o->fixed_count, of_file, count * sizeof(*list));
	free(o->list);
	o->list = list;
	o->count = o->fixed_count + count;
	o->since_s = kept_s;
	o->generation++;
	return OK;
}

static bool
is_same(const struct stat *a, const struct stat *b)
{
	return a->st_mtim.tv_sec == b->st_mtim.tv_sec && a->st_mtim.tv_nsec == b->st_mtim.tv_nsec &&
		a->st_size == b->st_size && a->st_ino == b->st_ino && a->st_dev == b->st_dev;
}

/* The state is taken before the file is read: what changes meanwhile is read the next time. */
static enum err
look(struct opt_out *o, int64_t now_s, struct error *e)
{
	struct stat st;
	enum err err;

	if (stat(o->path, &st) != 0)
		return error_errno(e, "%s", o->path);
	/* What could not be read may become readable without looking any different. */
	if (o->good && is_same(&st, &o->seen))
		return OK;
	err = read_all(o, e);
	o->seen = st;
	if (err == OK) {
		o->since_s = now_s;
		o->generation++;
	}
	return err;
}

enum err
opt_out_refresh(struct opt_out *o, int64_t now_s, struct error *e)
{
	struct error why = {.code = OK};
	bool is_news;

	if (o->path[0] == '\0' || (o->has_looked && o->looked_s == now_s))
		return OK;
	o->has_looked = true;
	o->looked_s = now_s;
	o->good = look(o, now_s, &why) == OK;
	is_news = !o->good && (o->told.code != why.code || strcmp(o->told.text, why.text) != 0);
	o->told = why;
	return is_news ? error_set(e, why.code, "%s", why.text) : OK;
}

bool
opt_out_is_good(const struct opt_out *o)
{
	return o->good;
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
	return o->good ? "" : o->told.text;
}

const struct prefix *
opt_out_of_file(const struct opt_out *o, size_t *count)
{
	*count = o->count - o->fixed_count;
	return o->list + o->fixed_count;
}

const struct prefix *
opt_out_list(const struct opt_out *o, size_t *count)
{
	*count = o->count;
	return o->list;
}
