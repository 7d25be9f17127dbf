#include "follow_open.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "container.h"

enum { HEADER_MAX = 16 * 1024 };

bool
follow_open_is(const struct follow_open *o)
{
	return o->fd >= 0 || o->in != NULL;
}

void
follow_open_close(struct follow_open *o)
{
	if (o->fd >= 0)
		close(o->fd);
	input_close(o->in);
	free(o->passed);
	o->fd = -1;
	o->in = NULL;
	o->passed = NULL;
	o->passed_len = 0;
}

static int64_t
time_of(const struct stat *st)
{
	return (int64_t)st->st_mtim.tv_sec * 1000000000 + st->st_mtim.tv_nsec;
}

static enum err
open_path(struct follow_open *o, const char *path, bool is_packed, struct error *e)
{
	struct stat st;
	enum err err;

	*o = (struct follow_open){.fd = -1};
	o->fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	if (o->fd < 0)
		return errno == ENOENT ?
			error_set(e, ERR_NOT_FOUND, "%s: there is no such file", path) :
			error_errno(e, "%s: cannot open", path);
	if (fstat(o->fd, &st) != 0 || !S_ISREG(st.st_mode)) {
		follow_open_close(o);
		return error_set(e, ERR_UNSUPPORTED,
			"%s: is no regular file; only files can be "
			"followed",
			path);
	}
	follow_place_start(&o->place, &st);
	o->written_ns = time_of(&st);
	if (!is_packed)
		return OK;
	err = input_open(path, &o->in, e);
	close(o->fd);
	o->fd = -1;
	return err;
}

/* Only lines can be taken up again in the middle. */
static enum err
check_kind(const struct follow_open *o, const char *path, struct error *e)
{
	static const char *const marks[] = {"\x1f\x8b", "\x28\xb5\x2f\xfd", "\xfd\x37zXZ",
		"\xff\xfe", "\xfe\xff"};
	char head[CONTAINER_HEAD];
	ssize_t n = o->fd >= 0 ? pread(o->fd, head, sizeof(head), 0) : 0;
	struct text text = {head, n > 0 ? (size_t)n : 0};

	for (size_t i = 0; i < ORBL_COUNT(marks); i++)
		if (text_has_prefix(text, text_of(marks[i])))
			return error_set(e, ERR_UNSUPPORTED,
				"%s: is compressed or UTF-16; submit it without --follow", path);
	if (text.len != 0 && container_recognise(text) != NULL)
		return error_set(e, ERR_UNSUPPORTED,
			"%s: is no file of lines (%s); submit it without --follow", path,
			container_recognise(text)->name);
	return OK;
}

enum err
follow_open_start(struct follow_open *o, const char *path, bool is_packed, struct error *e)
{
	enum err err = open_path(o, path, is_packed, e);

	if (err == OK)
		err = check_kind(o, path, e);
	if (err != OK)
		follow_open_close(o);
	return err;
}

/* --- at a mark ------------------------------------------------------------ */

static bool
read_at(int fd, void *out, size_t len, uint64_t offset)
{
	return pread(fd, out, len, (off_t)offset) == (ssize_t)len;
}

static bool
go_plain(struct follow_open *o, const struct follow_mark *m)
{
	struct follow_place *p = &o->place;

	p->head_len = m->offset < FOLLOW_HEAD ? (size_t)m->offset : FOLLOW_HEAD;
	p->tail_len = m->offset < FOLLOW_TAIL ? (size_t)m->offset : FOLLOW_TAIL;
	p->offset = m->offset;
	p->line = m->line;
	return read_at(o->fd, p->head, p->head_len, 0) &&
		read_at(o->fd, p->tail, p->tail_len, m->offset - p->tail_len);
}

/* Keep the head of the file, and of what follows the last bytes. */
static void
keep_passed(struct follow_open *o, const char *bytes, size_t len)
{
	size_t room = HEADER_MAX + 2 * (size_t)FOLLOW_CONTEXT_MAX, n, drop;

	while (len != 0) {
		n = room - o->passed_len;
		n = n < len ? n : len;
		memcpy(o->passed + o->passed_len, bytes, n);
		o->passed_len += n;
		bytes += n;
		len -= n;
		if (o->passed_len != room)
			continue;
		drop = FOLLOW_CONTEXT_MAX;
		memmove(o->passed + HEADER_MAX, o->passed + HEADER_MAX + drop,
			room - HEADER_MAX - drop);
		o->passed_len -= drop;
	}
}

static bool
go_packed(struct follow_open *o, const struct follow_mark *m)
{
	size_t n;

	o->passed = malloc(HEADER_MAX + 2 * (size_t)FOLLOW_CONTEXT_MAX);
	while (o->passed != NULL && o->place.offset < m->offset) {
		if (o->rest.len == 0 &&
			(input_read(o->in, &o->rest, NULL) != OK || o->rest.len == 0))
			return false;
		n = o->rest.len;
		if (n > m->offset - o->place.offset)
			n = (size_t)(m->offset - o->place.offset);
		follow_place_advance(&o->place, o->rest.p, n);
		keep_passed(o, o->rest.p, n);
		o->rest = text_from(o->rest, n);
	}
	return o->passed != NULL;
}

/* Without a byte read, nothing but the inode can tell. */
static bool
is_there(const struct follow_open *o, const struct follow_mark *m)
{
	if (m->offset == 0)
		return o->place.device == m->device && o->place.inode == m->inode;
	return follow_place_is(&o->place, m);
}

enum err
follow_open_mark(struct follow_open *o, const char *path, bool is_packed,
	const struct follow_mark *m, bool *found, struct error *e)
{
	enum err err = open_path(o, path, is_packed, e);

	*found = false;
	if (err == ERR_NOT_FOUND || err == ERR_UNSUPPORTED)
		return OK;
	if (err != OK)
		return err;
	*found = (is_packed ? go_packed(o, m) : go_plain(o, m)) && is_there(o, m);
	if (!*found)
		follow_open_close(o);
	return OK;
}

/* --- bytes ---------------------------------------------------------------- */

/* What stands in front of the place is read along: only one call tells both that it is still
 * there, and what follows it. */
static enum err
read_plain(struct follow_open *o, char *buffer, size_t size, size_t *at, size_t *len,
	enum follow_read *how, struct error *e)
{
	const struct follow_place *p = &o->place;
	ssize_t n = pread(o->fd, buffer, size - FOLLOW_TAIL + p->tail_len,
		(off_t)(p->offset - p->tail_len));

	*len = 0;
	*at = p->tail_len;
	if (n < 0 && errno != EINTR)
		return error_errno(e, "cannot read");
	if (n < (ssize_t)p->tail_len || memcmp(buffer, p->tail, p->tail_len) != 0) {
		*how = n < 0 ? FOLLOW_READ_END : FOLLOW_READ_CHANGED;
		return OK;
	}
	*len = (size_t)n - p->tail_len;
	*how = *len != 0 ? FOLLOW_READ_SOME : FOLLOW_READ_END;
	return OK;
}

/* The pieces of a compressed file end anywhere: what was not taken is kept, the rest filled up. */
static enum err
read_packed(struct follow_open *o, char *buffer, size_t size, struct error *e)
{
	enum err err = OK;
	size_t n;

	memmove(buffer, buffer + o->begin, o->end - o->begin);
	o->end -= o->begin;
	o->begin = 0;
	while (o->end < size) {
		if (o->rest.len == 0)
			err = input_read(o->in, &o->rest, e);
		if (err != OK || o->rest.len == 0)
			break;
		n = size - o->end < o->rest.len ? size - o->end : o->rest.len;
		memcpy(buffer + o->end, o->rest.p, n);
		o->end += n;
		o->rest = text_from(o->rest, n);
	}
	return o->end == 0 ? err : OK;
}

enum err
follow_open_read(struct follow_open *o, char *buffer, size_t size, size_t *at, size_t *len,
	enum follow_read *how, struct error *e)
{
	enum err err;

	if (o->in == NULL)
		return read_plain(o, buffer, size, at, len, how, e);
	err = read_packed(o, buffer, size - FOLLOW_TAIL, e);
	*at = 0;
	*len = o->end;
	*how = *len != 0 ? FOLLOW_READ_SOME : FOLLOW_READ_END;
	return err;
}

void
follow_open_take(struct follow_open *o, const char *bytes, size_t len)
{
	follow_place_advance(&o->place, bytes, len);
	o->begin += o->in != NULL ? len : 0;
}

/* --- what stands in front of the place ------------------------------------ */

/* Lines of a header, "#Fields: ...": a mark of byte order may stand in front of them. */
static size_t
header_len(struct text head)
{
	struct text rest = head, line;
	size_t len = 0;

	if (text_has_prefix(rest, TEXT("\xef\xbb\xbf")))
		rest = text_from(rest, 3);
	while (rest.len != 0 && rest.p[0] == '#' && text_find_byte(rest, '\n') != SIZE_MAX) {
		line = text_cut(&rest, '\n');
		len = (size_t)(line.p + line.len + 1 - head.p);
	}
	return len;
}

/* Behind the header, which has head bytes, the first line may not be whole. */
static char *
cut_first(char *bytes, size_t head, size_t *len)
{
	char *lf = memchr(bytes + head, '\n', *len - head);
	size_t kept = lf != NULL ? (size_t)(bytes + *len - (lf + 1)) : 0;

	if (kept != 0)
		memmove(bytes + head, lf + 1, kept);
	*len = head + kept;
	return bytes;
}

static char *
plain_context(const struct follow_open *o, size_t *len)
{
	uint64_t offset = o->place.offset, from;
	char *out = malloc(HEADER_MAX + FOLLOW_CONTEXT_MAX);
	size_t head = offset < HEADER_MAX ? (size_t)offset : HEADER_MAX;

	if (out == NULL)
		return NULL;
	head = read_at(o->fd, out, head, 0) ? header_len((struct text){out, head}) : 0;
	from = offset - head > FOLLOW_CONTEXT_MAX ? offset - FOLLOW_CONTEXT_MAX : head;
	*len = head;
	if (read_at(o->fd, out + head, (size_t)(offset - from), from))
		*len = head + (size_t)(offset - from);
	return from == head ? out : cut_first(out, head, len);
}

/* passed has all of the file, or its head and the last bytes with a gap between. */
static char *
packed_context(struct follow_open *o, size_t *len)
{
	char *out = o->passed;
	size_t all = o->passed_len, head, n;

	o->passed = NULL;
	o->passed_len = 0;
	*len = all;
	if (o->place.offset == all && all <= FOLLOW_CONTEXT_MAX)
		return out;
	head = header_len((struct text){out, all < HEADER_MAX ? all : HEADER_MAX});
	n = all - head < FOLLOW_CONTEXT_MAX ? all - head : FOLLOW_CONTEXT_MAX;
	if (o->place.offset != all && n > all - HEADER_MAX)
		n = all - HEADER_MAX;
	memmove(out + head, out + all - n, n);
	*len = head + n;
	return cut_first(out, head, len);
}

char *
follow_open_context(struct follow_open *o, size_t *len)
{
	*len = 0;
	if (o->in != NULL)
		return o->passed_len != 0 ? packed_context(o, len) : NULL;
	return o->place.offset != 0 ? plain_context(o, len) : NULL;
}

int64_t
follow_open_written_ns(const struct follow_open *o)
{
	struct stat st;

	return o->fd >= 0 && fstat(o->fd, &st) == 0 ? time_of(&st) : o->written_ns;
}
