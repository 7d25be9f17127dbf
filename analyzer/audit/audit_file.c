#include "audit_file.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <orbl/file.h>

enum { FILE_MODE = 0640, TAIL_MAX = AUDIT_LINE_MAX + 2 };

/* --- opening ---------------------------------------------------------------- */

static enum err
read_at(const struct audit_file *f, uint64_t at, char *out, size_t len, struct error *e)
{
	while (len != 0) {
		ssize_t n = pread(f->fd, out, len, (off_t)at);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return error_errno(e, "%s: cannot read", f->path);
		if (n == 0)
			return error_set(e, ERR_IO, "%s: has become shorter", f->path);
		out += n;
		at += (uint64_t)n;
		len -= (size_t)n;
	}
	return OK;
}

static enum err
cut(struct audit_file *f, uint64_t size, struct error *e)
{
	if (ftruncate(f->fd, (off_t)size) != 0 || fsync(f->fd) != 0)
		return error_errno(e, "%s: cannot cut off its torn last line", f->path);
	f->cut = f->size - size;
	f->size = size;
	return OK;
}

static void
take_last(struct audit_file *f, struct text line)
{
	struct audit_entry x;
	size_t offset;

	f->strange = audit_entry_read(line, &x, &offset) != OK || !audit_entry_is_whole(&x);
	if (f->strange)
		return;
	f->seq = x.record.seq;
	memcpy(f->hash, x.hash, AUDIT_HASH);
}

/* Only whole lines were ever synced: what is behind the last line end nobody relies on. */
static enum err
find_last(struct audit_file *f, struct error *e)
{
	char tail[2 * TAIL_MAX];
	size_t len = f->size < sizeof(tail) ? (size_t)f->size : sizeof(tail), start;
	enum err err = read_at(f, f->size - len, tail, len, e);
	struct text text = {tail, len};
	size_t end = text_rfind(text, TEXT("\n"));

	if (err != OK || len == 0)
		return err;
	if (end == SIZE_MAX && len < f->size) { /* it was never ours */
		f->strange = true;
		return OK;
	}
	end = end == SIZE_MAX ? 0 : end + 1;
	if (end != len)
		err = cut(f, f->size - (len - end), e);
	if (err != OK || end == 0)
		return err;
	text = text_upto(text, end - 1);
	start = text_rfind(text, TEXT("\n"));
	take_last(f, start == SIZE_MAX ? text : text_from(text, start + 1));
	return OK;
}

enum err
audit_file_open(struct audit_file *f, const char *path, struct error *e)
{
	struct stat st;
	enum err err = OK;

	*f = (struct audit_file){.fd = -1};
	if (snprintf(f->path, sizeof(f->path), "%s", path) >= (int)sizeof(f->path))
		return error_set(e, ERR_RANGE, "audit.file: the path is too long");
	f->fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY,
		FILE_MODE);
	if (f->fd < 0 || fstat(f->fd, &st) != 0)
		err = error_errno(e, "%s: cannot open (audit.file)", path);
	else if (!S_ISREG(st.st_mode))
		err = error_set(e, ERR_IO, "%s: is not a regular file (audit.file)", path);
	if (err == OK) {
		f->size = (uint64_t)st.st_size;
		err = f->size == 0 ? file_sync_directory(path, e) : find_last(f, e);
	}
	if (err != OK)
		audit_file_close(f);
	return err;
}

void
audit_file_close(struct audit_file *f)
{
	if (f->fd >= 0)
		close(f->fd);
	f->fd = -1;
}

bool
audit_file_is_ours(const struct audit_file *f)
{
	struct stat named, open;

	return f->fd >= 0 && fstat(f->fd, &open) == 0 && lstat(f->path, &named) == 0 &&
		named.st_dev == open.st_dev && named.st_ino == open.st_ino &&
		(uint64_t)open.st_size == f->size;
}

/* --- writing ---------------------------------------------------------------- */

static enum err
write_at_end(const struct audit_file *f, struct text lines, struct error *e)
{
	uint64_t at = f->size;

	while (lines.len != 0) {
		ssize_t n = pwrite(f->fd, lines.p, lines.len, (off_t)at);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return error_errno(e, "%s: cannot write", f->path);
		at += (uint64_t)n;
		lines = text_from(lines, (size_t)n);
	}
	return OK;
}

enum err
audit_file_append(struct audit_file *f, struct text lines, uint64_t seq,
	const uint8_t hash[AUDIT_HASH], struct error *e)
{
	enum err err = write_at_end(f, lines, e);

	/* What cannot be cut off now, is when the file is opened anew. */
	if (err != OK) {
		if (ftruncate(f->fd, (off_t)f->size) != 0)
			audit_file_close(f);
		return err;
	}
	f->size += lines.len;
	f->seq = seq;
	memcpy(f->hash, hash, AUDIT_HASH);
	return OK;
}

enum err
audit_file_sync(const struct audit_file *f, struct error *e)
{
	return fdatasync(f->fd) == 0 ? OK : error_errno(e, "%s: cannot sync", f->path);
}

enum err
audit_file_put_aside(struct audit_file *f, int64_t now_s, struct error *e)
{
	char path[sizeof(f->path)], aside[sizeof(f->path) + 40];

	snprintf(path, sizeof(path), "%s", f->path);
	snprintf(aside, sizeof(aside), "%s.forked-%" PRId64, path, now_s);
	audit_file_close(f);
	if (rename(path, aside) != 0)
		return error_errno(e, "%s: cannot rename to %s", path, aside);
	return audit_file_open(f, path, e);
}

/* --- reading ---------------------------------------------------------------- */

/* The rest of a line for which there was no room. */
static void
skip_line(FILE *in)
{
	int c;

	while ((c = getc(in)) != EOF && c != '\n')
		;
}

enum err
audit_file_walk(const struct audit_file *f, audit_file_fn *fn, void *context, struct error *e)
{
	char line[TAIL_MAX];
	FILE *in = fopen(f->path, "re");
	enum err err = OK;

	if (in == NULL)
		return error_errno(e, "%s: cannot open", f->path);
	while (err == OK && fgets(line, sizeof(line), in) != NULL) {
		size_t len = strlen(line);

		if (len != 0 && line[len - 1] == '\n')
			len--;
		else
			skip_line(in);
		err = fn((struct text){line, len}, context);
	}
	if (err == OK && ferror(in))
		err = error_errno(e, "%s: cannot read", f->path);
	fclose(in);
	return err;
}
