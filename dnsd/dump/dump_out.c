#include "dump_out.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include <orbl/clock.h>

enum { MODE = 0644, PRINT_MAX = 4096, PROGRESS_MS = 500, MEGA = 1000000 };

static void
reset(struct dump_out *o, const char *progress)
{
	o->len = 0;
	o->bytes = 0;
	o->stream = o->old = -1;
	o->failed = false;
	o->progress = progress;
	o->shown_ms = 0;
	o->file.fd = -1;
	o->file.path[0] = '\0';
	o->error = (struct error){.code = OK};
}

static void
fail(struct dump_out *o)
{
	o->failed = true;
	o->len = 0;
}

void
dump_out_stream(struct dump_out *o, int fd, const char *progress)
{
	reset(o, progress);
	o->stream = fd;
}

void
dump_out_file(struct dump_out *o, const char *path, const char *progress)
{
	struct stat st;

	reset(o, progress);
	if (snprintf(o->file.path, sizeof(o->file.path), "%s", path) >= (int)sizeof(o->file.path) ||
		snprintf(o->file.temporary, sizeof(o->file.temporary), "%s.new", path) >=
			(int)sizeof(o->file.temporary)) {
		error_set(&o->error, ERR_RANGE, "%.200s...: path is too long", path);
		fail(o);
		return;
	}
	unlink(o->file.temporary); /* of one who was killed */
	o->old = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY);
	if (o->old >= 0 && (fstat(o->old, &st) != 0 || !S_ISREG(st.st_mode))) {
		close(o->old);
		o->old = -1;
	}
}

/* --- progress ----------------------------------------------------------------- */

static void
show_progress(struct dump_out *o)
{
	int64_t now_ms = clock_monotonic_ms();

	if (o->progress == NULL || (o->shown_ms != 0 && now_ms - o->shown_ms < PROGRESS_MS))
		return;
	if (o->shown_ms != 0)
		fprintf(stderr, "\rzone %s: %llu MB ", o->progress,
			(unsigned long long)(o->bytes / MEGA));
	o->shown_ms = now_ms;
}

static void
clear_progress(const struct dump_out *o)
{
	if (o->progress != NULL && o->shown_ms != 0)
		fputs("\r\033[K", stderr);
}

/* --- writing ------------------------------------------------------------------ */

/* Is what FILE has from here on the bytes of the buffer? */
static bool
is_same(const struct dump_out *o)
{
	char old[1 << 14];
	size_t at = 0;

	while (at < o->len) {
		size_t wanted = o->len - at < sizeof(old) ? o->len - at : sizeof(old);
		ssize_t n = pread(o->old, old, wanted, (off_t)(o->bytes + at));

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0 || memcmp(old, o->buffer + at, (size_t)n) != 0)
			return false;
		at += (size_t)n;
	}
	return true;
}

static enum err
copy_same(struct dump_out *o)
{
	char old[1 << 14];
	enum err err = OK;

	for (uint64_t at = 0; err == OK && at < o->bytes;) {
		size_t wanted = o->bytes - at < sizeof(old) ? (size_t)(o->bytes - at) : sizeof(old);
		ssize_t n = pread(o->old, old, wanted, (off_t)at);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return error_errno(&o->error, "%s: cannot read", o->file.path);
		err = file_write_all(o->file.fd, old, (size_t)n, &o->error);
		at += (uint64_t)n;
	}
	return err;
}

/* FILE differs from here on, or is longer. */
static enum err
begin_new(struct dump_out *o)
{
	char path[sizeof(o->file.path)];
	enum err err;

	memcpy(path, o->file.path, sizeof(path));
	err = file_replace_begin(&o->file, path, MODE, &o->error);
	o->file.drops_previous = true;
	if (err == OK && o->old >= 0)
		err = copy_same(o);
	if (o->old >= 0)
		close(o->old);
	o->old = -1;
	return err;
}

static enum err
write_buffer(struct dump_out *o)
{
	enum err err = OK;

	if (o->stream >= 0)
		return file_write_all(o->stream, o->buffer, o->len, &o->error);
	if (o->old >= 0 && is_same(o))
		return OK;
	if (o->file.fd < 0)
		err = begin_new(o);
	return err == OK ? file_write_all(o->file.fd, o->buffer, o->len, &o->error) : err;
}

void
dump_out_flush(struct dump_out *o)
{
	if (o->failed || write_buffer(o) != OK) {
		fail(o);
		return;
	}
	o->bytes += o->len;
	o->len = 0;
	show_progress(o);
}

void
dump_out_bytes(struct dump_out *o, const void *bytes, size_t len)
{
	const char *p = bytes;

	while (len != 0) {
		size_t n = len < DUMP_OUT_ROOM ? len : DUMP_OUT_ROOM;
		char *to = dump_out_room(o);

		memcpy(to, p, n);
		o->len += n;
		p += n;
		len -= n;
	}
}

void
dump_out_print(struct dump_out *o, const char *fmt, ...)
{
	char text[PRINT_MAX];
	va_list args;
	int n;

	va_start(args, fmt);
	n = vsnprintf(text, sizeof(text), fmt, args);
	va_end(args);
	if (n > 0)
		dump_out_bytes(o, text, n < PRINT_MAX ? (size_t)n : PRINT_MAX - 1);
}

/* --- the end ------------------------------------------------------------------ */

/* Does FILE end where the dump does? */
static bool
is_whole(const struct dump_out *o)
{
	struct stat st;

	return o->old >= 0 && fstat(o->old, &st) == 0 && (uint64_t)st.st_size == o->bytes;
}

static void
release(struct dump_out *o)
{
	clear_progress(o);
	file_replace_abort(&o->file);
	if (o->old >= 0)
		close(o->old);
	o->old = -1;
}

/* What a failed write says names no file. */
static enum err
tell(const struct dump_out *o, struct error *e)
{
	const char *path = o->stream >= 0 ? "standard output" : o->file.path;

	if (strncmp(o->error.text, "cannot write", strlen("cannot write")) != 0) {
		*e = o->error;
		return o->error.code;
	}
	return error_set(e, o->error.code, "%.300s: %s%s", path, o->error.text,
		o->stream >= 0 ? "" : "; the file stays as it was");
}

enum err
dump_out_close(struct dump_out *o, bool *changed, struct error *e)
{
	enum err err;

	*changed = false;
	dump_out_flush(o);
	if (!o->failed && o->stream < 0 && o->file.fd < 0 && !is_whole(o) && begin_new(o) != OK)
		fail(o);
	if (o->failed) {
		release(o);
		return tell(o, e);
	}
	*changed = o->stream >= 0 || o->file.fd >= 0;
	err = o->file.fd >= 0 ? file_replace_commit(&o->file, e) : OK;
	release(o);
	return err;
}

void
dump_out_abort(struct dump_out *o)
{
	release(o);
}
