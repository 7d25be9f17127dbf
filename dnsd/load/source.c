#include "source.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <orbl/file.h>

enum { SUFFIX_ROOM = 8 };

static void
add_suffix(const struct source *s, const char *suffix, char out[FEED_PATHS_MAX + SUFFIX_ROOM])
{
	snprintf(out, FEED_PATHS_MAX + SUFFIX_ROOM, "%s%s", s->feed->paths, suffix);
}

/* --- stamps --------------------------------------------------------------------- */

struct source_stamp
source_stamp_read(const char *path)
{
	struct source_stamp stamp = {.exists = false};
	struct stat st;

	if (stat(path, &st) != 0)
		return stamp;
	stamp.exists = true;
	stamp.device = st.st_dev;
	stamp.inode = st.st_ino;
	stamp.size = st.st_size;
	stamp.modified = st.st_mtim;
	stamp.changed = st.st_ctim;
	return stamp;
}

static bool
is_same_time(const struct timespec *a, const struct timespec *b)
{
	return a->tv_sec == b->tv_sec && a->tv_nsec == b->tv_nsec;
}

bool
source_stamp_equal(const struct source_stamp *a, const struct source_stamp *b)
{
	return a->exists == b->exists && a->device == b->device && a->inode == b->inode &&
		a->size == b->size && is_same_time(&a->modified, &b->modified) &&
		is_same_time(&a->changed, &b->changed);
}

static void
look_at_snapshot(const struct source *s, struct source_look *out)
{
	char path[FEED_PATHS_MAX + SUFFIX_ROOM];

	add_suffix(s, ".delta", path);
	out->files[0] = source_stamp_read(s->feed->paths);
	out->files[1] = source_stamp_read(path);
	out->count = 2;
}

static void
look_at_data_set(const struct source *s, struct source_look *out)
{
	char path[FEED_PATHS_MAX];

	for (out->count = 0;
		out->count < FEED_FILES_MAX && feed_source_file(s->feed, out->count, path);
		out->count++)
		out->files[out->count] = source_stamp_read(path);
}

bool
source_look(const struct source *s, struct source_look *out)
{
	bool is_same = true;

	if (s->feed->kind == FEED_RBLDNSD)
		look_at_data_set(s, out);
	else if (s->feed->kind == FEED_CATALOG)
		out->count = 0;
	else
		look_at_snapshot(s, out);
	for (size_t i = 0; is_same && i < out->count; i++)
		is_same = source_stamp_equal(&out->files[i], &s->look.files[i]);
	return !is_same || out->count != s->look.count;
}

/* --- snapshot and delta ----------------------------------------------------------- */

/* In serial number arithmetic (RFC 1982). */
static bool
is_newer(const struct snapshot *a, const struct snapshot *b)
{
	uint32_t ahead = snapshot_serial(a) - snapshot_serial(b);

	return ahead != 0 && ahead < UINT32_C(1) << 31;
}

/* A file, and what it holds. */
struct opened {
	struct snapshot *snapshot;
	int fd;
};

static const struct opened not_opened = {NULL, -1};

static void
close_opened(struct opened *o)
{
	snapshot_close(o->snapshot);
	if (o->fd >= 0)
		close(o->fd);
	*o = not_opened;
}

static enum err
open_file(const char *path, struct opened *out, struct error *e)
{
	enum err err;

	*out = not_opened;
	/* Not to wait for a writer when somebody puts a FIFO there. */
	out->fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	if (out->fd < 0)
		return error_errno(e, "%s: cannot open", path);
	err = snapshot_open_fd(out->fd, path, &out->snapshot, e);
	if (err != OK)
		close_opened(out);
	return err;
}

static enum err
open_whole(const char *path, struct opened *out, struct error *e)
{
	enum err err = open_file(path, out, e);

	if (err != OK || snapshot_base_checksum(out->snapshot) == 0)
		return err;
	close_opened(out);
	return error_set(e, ERR_REFUSED,
		"%s: is a delta, which says nothing without its base; give the base's name, and "
		"the delta is found beside it",
		path);
}

static void
open_delta(const struct source *s, struct opened *out, struct error *e)
{
	char path[FEED_PATHS_MAX + SUFFIX_ROOM];

	*out = not_opened;
	e->code = OK;
	add_suffix(s, ".delta", path);
	if (source_stamp_read(path).exists)
		e->code = open_file(path, out, e);
}

static bool
is_left_over(const struct snapshot *delta, const struct snapshot *base)
{
	uint64_t its_base = snapshot_base_checksum(delta);

	return its_base != 0 && its_base != snapshot_checksum(base) && !is_newer(delta, base);
}

static enum err
check_delta(const struct source *s, const struct snapshot *delta, const struct snapshot *base,
	struct error *e)
{
	struct error why = {.code = OK};
	enum err err = snapshot_check_delta(base, delta, &why);

	if (err == OK)
		return OK;
	return error_set(e, err, "%s.delta: %s; have it published again, or remove it",
		s->feed->paths, why.text);
}

static bool
fits(const struct snapshot *delta, const struct snapshot *base)
{
	return delta != NULL && snapshot_check_delta(base, delta, NULL) == OK;
}

/* Takes file, of which the snapshot is NULL for none. What is in service is not taken back while
 * its base stays: a copy that left the delta out, or brought an old one, would undo what was
 * published. */
static void
take_delta(const struct source *s, struct opened *file, struct source_data *next, struct error *why)
{
	const struct snapshot *delta = file->snapshot;
	struct snapshot *old = s->data.delta;

	if (delta != NULL)
		why->code = check_delta(s, delta, next->snapshot, why);
	if (why->code == OK && fits(old, next->snapshot) && (delta == NULL || is_newer(old, delta)))
		error_set(why, ERR_REFUSED,
			"%s.delta: %s; the changes it had stay in service until the list is "
			"published again",
			s->feed->paths, delta == NULL ? "is gone" : "is older than before");
	if (why->code == OK && delta == NULL)
		return; /* there is none */
	if (why->code == OK) {
		next->delta = file->snapshot;
		next->delta_fd = file->fd;
		return;
	}
	if (delta != NULL && is_left_over(delta, next->snapshot))
		why->code = OK;
	close_opened(file);
	if (!fits(old, next->snapshot))
		return;
	next->delta = old;
	next->delta_fd = s->data.delta_fd;
}

enum err
source_open(const struct source *s, bool anew, struct source_data *next, struct error *about_delta,
	struct error *e)
{
	struct opened delta, whole = {s->data.snapshot, s->data.snapshot_fd};
	enum err err = OK;

	*next = source_nothing();
	open_delta(s, &delta, about_delta);
	next->stamp = source_stamp_read(s->feed->paths);
	if (anew || !next->stamp.exists || !source_stamp_equal(&next->stamp, &s->data.stamp))
		err = open_whole(s->feed->paths, &whole, e);
	if (err != OK) {
		close_opened(&delta);
		return err;
	}
	next->snapshot = whole.snapshot;
	next->snapshot_fd = whole.fd;
	take_delta(s, &delta, next, about_delta);
	return OK;
}

enum err
source_open_previous(const struct source *s, struct source_data *next, struct error *e)
{
	char path[FEED_PATHS_MAX + SUFFIX_ROOM];
	struct opened whole;
	enum err err;

	add_suffix(s, ".prev", path);
	err = open_whole(path, &whole, e);
	*next = source_nothing();
	next->snapshot = whole.snapshot;
	next->snapshot_fd = whole.fd;
	return err;
}

/* --- older versions ------------------------------------------------------------------- */

int
source_open_older(const struct source *s, size_t n, char path[SNAPSHOT_HISTORY_PATH])
{
	struct stat st;
	int fd;

	if (n == 0)
		snprintf(path, SNAPSHOT_HISTORY_PATH, "%s.prev", s->feed->paths);
	else
		snapshot_history_path(s->feed->paths, n, path);
	fd = feed_source_is_snapshot(s->feed) ?
		open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY | O_NOFOLLOW) :
		-1;
	if (fd < 0)
		return -1;
	if (fstat(fd, &st) == 0 && S_ISREG(st.st_mode) &&
		(n == 0 || st.st_size <= SNAPSHOT_HISTORY_BYTES))
		return fd;
	close(fd);
	return -1;
}

/* --- why a file cannot be read ------------------------------------------------------ */

void
source_explain(const struct source *s, struct error *e)
{
	const char *shown = s->feed->kind == FEED_RBLDNSD ? NULL : "it";
	char path[FEED_PATHS_MAX];

	for (size_t i = 0; feed_source_file(s->feed, i, path); i++)
		if (access(path, R_OK) != 0 && errno == EACCES) {
			file_explain_denied(path, shown != NULL ? shown : path, "dnsd.user", e);
			return;
		}
}

void
source_close(const struct source_data *data, const struct source_data *kept)
{
	struct opened snapshot = {data->snapshot, data->snapshot_fd};
	struct opened delta = {data->delta, data->delta_fd};

	if (data->snapshot != kept->snapshot)
		close_opened(&snapshot);
	if (data->delta != kept->delta)
		close_opened(&delta);
}
