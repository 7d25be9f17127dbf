#include "key_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <orbl/file.h>

enum { MODE = 0644 }; /* there are hashes of 130 random bits in it, and no more */

/* --- reading ------------------------------------------------------------ */

/* The file itself is replaced, so that a lock of it would be one of the old file. */
static enum err
lock_directory(struct key_file *f, struct error *e)
{
	char directory[4096] = ".";
	const char *slash = strrchr(f->path, '/');
	size_t len = slash == f->path ? 1 : slash != NULL ? (size_t)(slash - f->path) : 0;

	if (len >= sizeof(directory))
		return error_set(e, ERR_RANGE, "%s: path is too long", f->path);
	if (len != 0) {
		memcpy(directory, f->path, len);
		directory[len] = '\0';
	}
	f->lock = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (f->lock < 0)
		return error_errno(e, "%s: cannot open the directory of access.keys", directory);
	if (flock(f->lock, LOCK_EX) != 0)
		return error_errno(e, "%s: cannot lock", directory);
	return OK;
}

static enum err
check_lines(const struct key_file *f, struct error *e)
{
	struct text rest = {f->bytes, f->len}, line;
	struct query_key k;
	struct error why;
	bool is_key;

	for (unsigned number = 1; text_next_line(&rest, &line); number++)
		if (query_key_parse(line, &k, &is_key, &why) != OK)
			return error_set(e, why.code, "%s:%u: %s", f->path, number, why.text);
	return OK;
}

enum err
key_file_open(struct key_file *f, const char *path, bool to_change, struct error *e)
{
	struct stat st;
	enum err err = OK;

	*f = (struct key_file){.path = path, .lock = -1};
	if (to_change)
		err = lock_directory(f, e);
	if (err == OK && stat(path, &st) != 0 && errno == ENOENT) {
		f->is_new = true;
		f->bytes = calloc(1, 1);
		return f->bytes != NULL ? OK : error_set(e, ERR_MEMORY, "out of memory");
	}
	if (err == OK)
		err = file_read(path, QUERY_KEYS_FILE_MAX, &f->bytes, &f->len, e);
	return err == OK ? check_lines(f, e) : err;
}

void
key_file_close(struct key_file *f)
{
	free(f->bytes);
	if (f->lock >= 0)
		close(f->lock);
	*f = (struct key_file){.lock = -1};
}

bool
key_file_next(struct text *rest, struct query_key *out, struct text *line)
{
	struct text one;
	bool is_key;

	for (const char *from = rest->p; text_next_line(rest, &one); from = rest->p) {
		if (query_key_parse(one, out, &is_key, NULL) != OK || !is_key)
			continue;
		if (line != NULL)
			*line = (struct text){from, (size_t)(one.p + one.len - from)};
		return true;
	}
	return false;
}

/* --- changing ----------------------------------------------------------- */

/* As the file was. A first one is its directory's owner's, and for all to read, whatever the umask
 * is: orbl-dnsd does so as another user. */
static enum err
keep_owner(const struct key_file *f, int fd, struct error *e)
{
	bool is_new = f->is_new;
	struct stat st;
	mode_t mode;

	if ((is_new ? fstat(f->lock, &st) : stat(f->path, &st)) != 0)
		return error_errno(e, "%s: cannot tell its owner", f->path);
	mode = is_new ? MODE : st.st_mode & 07777;
	if ((fchown(fd, st.st_uid, st.st_gid) != 0 && !is_new && st.st_uid != geteuid()) ||
		fchmod(fd, mode) != 0)
		return error_errno(e, "%s: cannot keep its owner and mode", f->path);
	return OK;
}

struct change {
	struct file_replacement file;
	enum err err;
	struct error *e;
};

static void
change_begin(const struct key_file *f, struct change *c, struct error *e)
{
	c->e = e;
	c->err = file_replace_begin(&c->file, f->path, MODE, e);
	c->file.drops_previous = true;
	if (c->err == OK)
		c->err = keep_owner(f, c->file.fd, e);
}

static void
change_write(struct change *c, const char *bytes, size_t len)
{
	if (c->err == OK && len != 0)
		c->err = file_write_all(c->file.fd, bytes, len, c->e);
}

static enum err
change_end(struct change *c)
{
	if (c->err == OK)
		c->err = file_replace_commit(&c->file, c->e);
	file_replace_abort(&c->file);
	return c->err;
}

enum err
key_file_add(const struct key_file *f, const struct query_key *k, struct error *e)
{
	char line[QUERY_KEY_LINE_MAX];
	size_t len = query_key_format(k, line);
	struct change c;

	if (f->len + len >= QUERY_KEYS_FILE_MAX)
		return error_set(e, ERR_FULL, "%s is full; remove lines of revoked keys", f->path);
	change_begin(f, &c, e);
	change_write(&c, f->bytes, f->len);
	if (f->len != 0 && f->bytes[f->len - 1] != '\n')
		change_write(&c, "\n", 1);
	change_write(&c, line, len);
	return change_end(&c);
}

enum err
key_file_revoke(const struct key_file *f,
	bool (*wanted)(const struct query_key *k, const void *context), const void *context,
	size_t *count, struct error *e)
{
	struct text rest = {f->bytes, f->len}, line;
	const char *done = f->bytes;
	char text[QUERY_KEY_LINE_MAX];
	struct query_key k;
	struct change c;

	*count = 0;
	change_begin(f, &c, e);
	while (key_file_next(&rest, &k, &line)) {
		if (k.revoked || !wanted(&k, context))
			continue;
		k.revoked = true;
		++*count;
		change_write(&c, done, (size_t)(line.p - done));
		change_write(&c, text, query_key_format(&k, text) - 1);
		done = line.p + line.len;
	}
	change_write(&c, done, (size_t)(f->bytes + f->len - done));
	if (*count == 0) {
		file_replace_abort(&c.file);
		return c.err;
	}
	return change_end(&c);
}
