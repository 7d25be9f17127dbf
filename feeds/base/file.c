#include <orbl/file.h>

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static enum err
read_rest(int fd, const char *path, size_t max, char **bytes, size_t *len, struct error *e)
{
	size_t size = 0, room = 1 << 16;
	char *buffer = malloc(room + 1), *bigger;
	ssize_t n;

	while (buffer != NULL && (n = read(fd, buffer + size, room - size)) != 0) {
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0) {
			free(buffer);
			return error_errno(e, "%s: cannot read", path);
		}
		size += (size_t)n;
		if (size > max) {
			free(buffer);
			return error_set(e, ERR_FULL, "%s: larger than the limit of %zu bytes",
				path, max);
		}
		if (size == room) {
			room *= 2;
			bigger = realloc(buffer, room + 1);
			if (bigger == NULL)
				free(buffer);
			buffer = bigger;
		}
	}
	if (buffer == NULL)
		return error_set(e, ERR_MEMORY, "%s: out of memory", path);
	buffer[size] = '\0';
	*bytes = buffer;
	*len = size;
	return OK;
}

enum err
file_read(const char *path, size_t max, char **bytes, size_t *len, struct error *e)
{
	/* O_NONBLOCK: to open a FIFO would wait for its writer. */
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
	struct stat st;
	enum err err;

	if (fd < 0)
		return error_errno(e, "%s: cannot open", path);
	if (fstat(fd, &st) != 0)
		err = error_errno(e, "%s: cannot open", path);
	else if (!S_ISREG(st.st_mode))
		err = error_set(e, ERR_IO, "%s: is %s, not a regular file", path,
			S_ISDIR(st.st_mode) ? "a directory" : "a device, pipe or socket");
	else
		err = read_rest(fd, path, max, bytes, len, e);
	close(fd);
	return err;
}

enum err
file_replace_begin(struct file_replacement *r, const char *path, mode_t mode, struct error *e)
{
	*r = (struct file_replacement){.fd = -1};
	if (snprintf(r->path, sizeof(r->path), "%s", path) >= (int)sizeof(r->path) ||
		snprintf(r->temporary, sizeof(r->temporary), "%s.new", path) >=
			(int)sizeof(r->temporary))
		return error_set(e, ERR_RANGE, "%s: path is too long", path);
	r->fd = open(r->temporary, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, mode);
	if (r->fd < 0)
		return error_errno(e, "%s: cannot create", r->temporary);
	return OK;
}

enum err
file_sync_directory(const char *path, struct error *e)
{
	char copy[4096];
	enum err err = OK;
	int fd;

	snprintf(copy, sizeof(copy), "%s", path);
	fd = open(dirname(copy), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0 || fsync(fd) != 0)
		err = error_errno(e, "%s: cannot sync its directory", path);
	if (fd >= 0)
		close(fd);
	return err;
}

/* PATH.prev becomes a second name of the file that is about to be replaced. It is a spare:
 * failing to keep it does not fail the replacement. */
static void
keep_previous(const struct file_replacement *r)
{
	char previous[4096 + 8], link_name[4096 + 8];

	snprintf(previous, sizeof(previous), "%s.prev", r->path);
	snprintf(link_name, sizeof(link_name), "%s.old", r->path);
	unlink(link_name);
	if (link(r->path, link_name) == 0 && rename(link_name, previous) != 0)
		unlink(link_name);
}

enum err
file_replace_commit(struct file_replacement *r, struct error *e)
{
	enum err err = OK;
	int fd = r->fd;

	r->fd = -1;
	if (fsync(fd) != 0)
		err = error_errno(e, "%s: cannot sync", r->temporary);
	if (close(fd) != 0 && err == OK)
		err = error_errno(e, "%s: cannot close", r->temporary);
	if (err == OK) {
		if (!r->drops_previous)
			keep_previous(r);
		if (rename(r->temporary, r->path) != 0)
			err = error_errno(e, "%s: cannot rename to %s", r->temporary, r->path);
	}
	if (err != OK) {
		unlink(r->temporary);
		return err;
	}
	return file_sync_directory(r->path, e);
}

void
file_replace_abort(struct file_replacement *r)
{
	if (r->fd < 0)
		return;
	close(r->fd);
	r->fd = -1;
	unlink(r->temporary);
}

enum err
file_write_all(int fd, const void *bytes, size_t len, struct error *e)
{
	const char *at = bytes;
	ssize_t n;

	while (len != 0) {
		n = write(fd, at, len);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return error_errno(e, "cannot write");
		at += n;
		len -= (size_t)n;
	}
	return OK;
}

/* --- why not ----------------------------------------------------------------------- */

enum { USER_TEXT = 64 };

static const char *
name_user(char out[USER_TEXT])
{
	const struct passwd *pw = getpwuid(geteuid());

	if (pw != NULL)
		snprintf(out, USER_TEXT, "%s", pw->pw_name);
	else
		snprintf(out, USER_TEXT, "%u", (unsigned)geteuid());
	return out;
}

void
file_explain_denied(const char *path, const char *shown, const char *option, struct error *e)
{
	char text[sizeof(e->text)], user[USER_TEXT];

	if (access(path, R_OK) == 0 || errno != EACCES)
		return;
	snprintf(text, sizeof(text), "%s", e->text);
	error_set(e, e->code,
		"%.300s; user %s (%s) needs the right to read %.80s, and to enter each directory "
		"above it",
		text, name_user(user), option, shown);
}

void
file_explain_directory(const char *path, const char *option, struct error *e)
{
	char text[sizeof(e->text)], user[USER_TEXT], copy[4096];
	const char *directory;
	int denied;

	snprintf(copy, sizeof(copy), "%s", path);
	directory = dirname(copy);
	denied = access(directory, W_OK | X_OK) == 0 ? 0 : errno;
	if (denied != EACCES && denied != EROFS)
		return;
	snprintf(text, sizeof(text), "%s", e->text);
	error_set(e, e->code, "%.240s; user %s (%s) needs the right to write to directory %.100s%s",
		text, name_user(user), option, directory,
		denied == EROFS ? ", which is mounted read-only (ReadWritePaths= of systemd?)" :
				  "");
}
