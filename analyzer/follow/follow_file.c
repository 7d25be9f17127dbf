#include "follow_file.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <orbl/clock.h>

#include "follow_open.h"

enum { OLD_S = 10, TRIES = 5, SECOND_NS = 1000000000 };

struct follow_file {
	char *name;
	struct follow_open now;
	bool is_named;    /* now is what is at name, as far as we know; else a rotated one */
	bool is_fresh;    /* its first piece is to come */
	bool mid_line;    /* the last piece ended inside a line too long to wait for its end */
	bool was_read;    /* something was, since the start */
	bool is_first;    /* no position is kept yet: that of the beginning comes first */
	bool is_done;     /* the open file is at its end, and acknowledged */
	int64_t grown_ms; /* when it did last */
	struct follow_list later; /* rotated ones to be read before name */
	size_t next_later;
	char *context; /* to be given out first */
	size_t context_len, context_at;
	uint64_t line; /* to be told next; 0: none is */
	const char *notice;
	char buffer[FOLLOW_TAIL + FOLLOW_CHUNK];
};

static void
forget_all(struct follow_file *f)
{
	follow_open_close(&f->now);
	follow_list_free(&f->later);
	free(f->context);
	f->context = NULL;
	f->context_len = f->context_at = f->next_later = 0;
	f->mid_line = f->is_done = false;
}

static void
opened(struct follow_file *f, bool is_named)
{
	f->is_named = is_named;
	f->is_fresh = f->now.place.offset == 0;
	f->is_done = false;
	f->mid_line = false;
	f->grown_ms = clock_monotonic_ms();
	f->line = f->now.place.line + 1;
}

/* --- finding it ----------------------------------------------------------- */

static bool
is_file(const struct follow_found *item, uint64_t device, uint64_t inode)
{
	return item->device == device && item->inode == inode;
}

/* Those from index on are to be read, then the file of our name. */
static void
keep_later(struct follow_file *f, struct follow_list *list, size_t index)
{
	follow_list_free(&f->later);
	f->later = *list;
	f->next_later = index;
	*list = (struct follow_list){0};
}

/* Not found by what it holds: those written since then, as far as one can tell. */
static void
keep_since(struct follow_file *f, struct follow_list *list, int64_t time_ns)
{
	size_t i = 0;

	while (i < list->count && list->items[i].time_ns < time_ns)
		i++;
	keep_later(f, list, i);
}

struct search {
	const struct follow_mark *mark;
	bool same_inode, packed;
};

/* The newest first: of equal ones it is the likeliest. */
static enum err
search_list(struct follow_file *f, struct follow_list *list, const struct search *s, bool *found,
	struct error *e)
{
	enum err err = OK;

	for (size_t i = list->count; err == OK && i-- > 0;) {
		const struct follow_found *item = &list->items[i];

		if (item->is_packed != s->packed ||
			(s->same_inode && !is_file(item, s->mark->device, s->mark->inode)) ||
			(!s->packed && item->size < s->mark->offset))
			continue;
		err = follow_open_mark(&f->now, item->path, item->is_packed, s->mark, found, e);
		if (!*found)
			continue;
		keep_later(f, list, i + 1);
		opened(f, false);
		break;
	}
	return err;
}

/* The file of our name, when it has the inode (or any). */
static enum err
search_named(struct follow_file *f, const struct search *s, bool *found, struct error *e)
{
	struct stat st;
	enum err err;

	if (s->same_inode &&
		(stat(f->name, &st) != 0 || (uint64_t)st.st_ino != s->mark->inode ||
			(uint64_t)st.st_dev != s->mark->device))
		return OK;
	err = follow_open_mark(&f->now, f->name, false, s->mark, found, e);
	if (*found)
		opened(f, true);
	return err;
}

/* Where is the mark? Device numbers change when a machine starts, inodes are used again, copies
 * have others: what a file holds decides, the inode only says where to look first. */
static enum err
find_mark(struct follow_file *f, const struct follow_mark *m, bool *found, struct error *e)
{
	const struct search searches[] = {{m, true, false}, {m, false, false}, {m, false, true}};
	struct follow_list list;
	enum err err = follow_find_rotated(f->name, &list, e);

	*found = false;
	for (size_t i = 0; err == OK && !*found && i < ORBL_COUNT(searches); i++) {
		if (!searches[i].packed)
			err = search_named(f, &searches[i], found, e);
		if (err == OK && !*found)
			err = search_list(f, &list, &searches[i], found, e);
	}
	if (err == OK && !*found)
		keep_since(f, &list, m->time_ns);
	follow_list_free(&list);
	return err;
}

/* The last line of a file that was left may have had no end. */
static char *
end_line(char *bytes, size_t *len)
{
	char *bigger;

	if (*len == 0 || bytes[*len - 1] == '\n')
		return bytes;
	bigger = realloc(bytes, *len + 1);
	if (bigger == NULL)
		return bytes;
	bigger[(*len)++] = '\n';
	return bigger;
}

static enum err
start(void *state, const json_t *position, struct error *e)
{
	struct follow_file *f = state;
	struct follow_mark m;
	bool found;
	enum err err;

	forget_all(f);
	f->was_read = false;
	f->is_first = json_is_null(position);
	f->notice = NULL;
	if (f->is_first)
		return OK;
	if (follow_mark_read(position, &m) != OK)
		return error_set(e, ERR_SYNTAX,
			"%s: the position that is kept is not one of a file", f->name);
	err = find_mark(f, &m, &found, e);
	if (err != OK)
		return err;
	if (found)
		f->context = end_line(follow_open_context(&f->now, &f->context_len),
			&f->context_len);
	else
		f->notice = "the file in which it was is gone; what was left of it is lost";
	return OK;
}

/* --- from file to file ---------------------------------------------------- */

/* The one that is wanted: by its inode, else, compressed meanwhile, by its time, which compressing
 * keeps, with or without the part of a second. */
static size_t
find_wanted(const struct follow_list *list, const struct follow_found *wanted)
{
	for (size_t i = 0; i < list->count; i++)
		if (is_file(&list->items[i], wanted->device, wanted->inode))
			return i;
	for (size_t i = 0; i < list->count; i++)
		if (list->items[i].time_ns == wanted->time_ns)
			return i;
	for (size_t i = 0; i < list->count; i++)
		if (list->items[i].time_ns / SECOND_NS >= wanted->time_ns / SECOND_NS)
			return i;
	return list->count;
}

/* Renamed again while we looked: the list is made anew, from this one on. */
static enum err
list_again(struct follow_file *f, struct error *e)
{
	const struct follow_found wanted = f->later.items[f->next_later];
	struct follow_list list;
	enum err err = follow_find_rotated(f->name, &list, e);

	if (err == OK)
		keep_later(f, &list, find_wanted(&list, &wanted));
	follow_list_free(&list);
	return err;
}

static enum err
open_later(struct follow_file *f, struct error *e)
{
	enum err err = OK;

	for (int try = 0; try < TRIES && f->next_later < f->later.count; try++) {
		const struct follow_found *item = &f->later.items[f->next_later];
		struct stat st;

		if (stat(item->path, &st) != 0 ||
			!is_file(item, (uint64_t)st.st_dev, (uint64_t)st.st_ino)) {
			err = list_again(f, e);
			if (err != OK)
				return err;
			continue;
		}
		err = follow_open_start(&f->now, item->path, item->is_packed, e);
		if (err != OK && err != ERR_UNSUPPORTED && err != ERR_CORRUPT)
			return err;
		f->next_later++;
		if (err == OK)
			opened(f, false);
		else
			f->notice = "a rotated file cannot be read as a log, and is passed over";
		return OK;
	}
	f->next_later = f->later.count;
	return OK;
}

static enum err
open_next(struct follow_file *f, struct error *e)
{
	enum err err = OK;

	if (f->next_later < f->later.count)
		err = open_later(f, e);
	if (err != OK || follow_open_is(&f->now))
		return err;
	err = follow_open_start(&f->now, f->name, false, e);
	if (err == OK)
		opened(f, true);
	return err == ERR_NOT_FOUND ? OK : err;
}

/* The name has gone to another file: what was rotated after this one comes next. */
static enum err
leave_name(struct follow_file *f, struct error *e)
{
	struct follow_list list;
	enum err err = follow_find_rotated(f->name, &list, e);
	size_t i;

	if (err != OK)
		return err;
	for (i = 0; i < list.count; i++)
		if (is_file(&list.items[i], f->now.place.device, f->now.place.inode))
			break;
	if (i < list.count)
		keep_later(f, &list, i + 1);
	else
		keep_since(f, &list, follow_open_written_ns(&f->now) + 1);
	follow_list_free(&list);
	f->is_named = false;
	return OK;
}

/* May the open file, which has another name now, be left? Who writes it goes on for a moment after
 * the renaming: not before the next file has something in it, and this one is quiet. */
static bool
may_leave(const struct follow_file *f)
{
	struct stat st;

	if (f->now.in != NULL || f->next_later < f->later.count)
		return true;
	if (stat(f->name, &st) != 0 || st.st_size == 0)
		return false;
	return clock_monotonic_ms() - f->grown_ms >= FOLLOW_QUIET_MS ||
		follow_open_written_ns(&f->now) / SECOND_NS + OLD_S < (int64_t)time(NULL);
}

static bool
has_lost_name(const struct follow_file *f)
{
	struct stat st;

	return stat(f->name, &st) == 0 &&
		((uint64_t)st.st_ino != f->now.place.inode ||
			(uint64_t)st.st_dev != f->now.place.device);
}

/* --- pieces --------------------------------------------------------------- */

static void
give(struct follow_piece *out, enum follow_piece_kind kind, const char *p, size_t len)
{
	*out = (struct follow_piece){.kind = kind, .text = {p, len}};
}

static bool
give_context(struct follow_file *f, struct follow_piece *out)
{
	size_t n = f->context_len - f->context_at;

	if (n == 0)
		return false;
	n = n < FOLLOW_CHUNK ? n : FOLLOW_CHUNK;
	give(out, FOLLOW_CONTEXT, f->context + f->context_at, n);
	f->context_at += n;
	return true;
}

/* len bytes at p; a mark of byte order at the head of a later file would stand inside a log. */
static void
give_bytes(struct follow_file *f, const char *p, size_t len, struct follow_piece *out)
{
	size_t skip = f->is_fresh && f->was_read && len >= 3 && memcmp(p, "\xef\xbb\xbf", 3) == 0 ?
		3 :
		0;

	follow_open_take(&f->now, p, len);
	f->is_fresh = false;
	f->was_read = true;
	f->grown_ms = clock_monotonic_ms();
	give(out, FOLLOW_BYTES, p + skip, len - skip);
}

/* The last line of a file that nobody goes on with, then its end. */
static void
end_file(struct follow_file *f, const char *p, size_t len, struct follow_piece *out)
{
	if (len != 0) {
		give_bytes(f, p, len, out);
		f->mid_line = true;
	} else if (f->mid_line) {
		give(out, FOLLOW_BYTES, "\n", 1);
		f->mid_line = false;
	} else {
		give(out, FOLLOW_CHECKPOINT, NULL, 0);
		f->is_done = true;
	}
}

/* No whole line is left; p has the start of one. */
static enum err
at_end(struct follow_file *f, const char *p, size_t len, struct follow_piece *out, struct error *e)
{
	enum err err = OK;

	if (f->is_named && has_lost_name(f))
		err = leave_name(f, e);
	if (err == OK && !f->is_named && may_leave(f))
		end_file(f, p, len, out);
	return err;
}

/* Truncated: the copy that was made before has the rest. */
static enum err
find_copy(struct follow_file *f, struct error *e)
{
	struct follow_mark m;
	bool found;
	enum err err;

	follow_mark_set(&m, &f->now.place, follow_open_written_ns(&f->now));
	follow_open_close(&f->now);
	err = find_mark(f, &m, &found, e);
	if (err == OK && !found)
		f->notice = "the file was truncated; what was not read before is lost";
	return err;
}

static enum err
read_piece(struct follow_file *f, struct follow_piece *out, struct error *e)
{
	enum follow_read how;
	size_t at, len;
	const char *p, *lf;
	enum err err = follow_open_read(&f->now, f->buffer, sizeof(f->buffer), &at, &len, &how, e);

	if (err != OK && f->now.in != NULL) { /* damaged: what is in front of it was given */
		f->notice = "a compressed file is damaged; the rest of it is lost";
		return at_end(f, NULL, 0, out, e);
	}
	if (err != OK || how == FOLLOW_READ_CHANGED)
		return err == OK ? find_copy(f, e) : err;
	p = f->buffer + at;
	lf = len != 0 ? memrchr(p, '\n', len) : NULL;
	if (lf == NULL && len < FOLLOW_CHUNK)
		return at_end(f, p, len, out, e);
	f->mid_line = lf == NULL;
	give_bytes(f, p, lf != NULL ? (size_t)(lf + 1 - p) : len, out);
	return OK;
}

static enum err
next(void *state, struct follow_piece *out, struct error *e)
{
	struct follow_file *f = state;
	enum err err = OK;

	give(out, FOLLOW_NOTHING, NULL, 0);
	if (f->notice != NULL) {
		give(out, FOLLOW_NOTICE, f->notice, strlen(f->notice));
		f->notice = NULL;
		return OK;
	}
	if (f->is_done) {
		follow_open_close(&f->now);
		f->is_done = false;
	}
	if (!follow_open_is(&f->now))
		err = open_next(f, e);
	if (err != OK || !follow_open_is(&f->now) || give_context(f, out))
		return err;
	if (f->line == 0 && !f->is_first)
		return read_piece(f, out, e);
	/* Rotated before the first acknowledgement it would not be found. */
	give(out, f->line != 0 ? FOLLOW_LINE : FOLLOW_CHECKPOINT, NULL, 0);
	out->line = f->line;
	f->is_first = f->is_first && f->line != 0;
	f->line = 0;
	return OK;
}

static json_t *
position(void *state)
{
	const struct follow_file *f = state;
	struct follow_mark m;

	if (!follow_open_is(&f->now) || f->mid_line)
		return NULL;
	follow_mark_set(&m, &f->now.place, follow_open_written_ns(&f->now));
	return follow_mark_json(&m);
}

static void
file_close(void *state)
{
	struct follow_file *f = state;

	forget_all(f);
	free(f->name);
	free(f);
}

enum err
follow_file_open(const char *name, struct follow_source *out, struct error *e)
{
	const char *slash = strrchr(name, '/');
	char *directory = slash == NULL ? strdup(".") : strndup(name, (size_t)(slash - name) + 1);
	char *real = directory != NULL ? realpath(directory, NULL) : NULL;
	struct follow_file *f = calloc(1, sizeof(*f));

	if (real == NULL || f == NULL ||
		asprintf(&f->name, "%s/%s", strcmp(real, "/") == 0 ? "" : real,
			slash != NULL ? slash + 1 : name) < 0) {
		error_errno(e, "%s: cannot look into its directory", name);
		free(directory);
		free(real);
		free(f);
		return e->code;
	}
	free(directory);
	free(real);
	f->now.fd = -1;
	*out = (struct follow_source){.name = f->name,
		.key = f->name,
		.state = f,
		.start = start,
		.next = next,
		.position = position,
		.close = file_close};
	return OK;
}
