#include "source.h"

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

enum { SUFFIX_ROOM = 8 };

static void
add_suffix(const struct source *s, const char *suffix, char out[FEED_PATHS_MAX + SUFFIX_ROOM])
{
	snprintf(out, FEED_PATHS_MAX + SUFFIX_ROOM, "%s%s", s->feed->paths, suffix);
}

/* --- stamps --------------------------------------------------------------------- */

static struct source_stamp
read_stamp(const char *path)
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

static bool
is_same_file(const struct source_stamp *a, const struct source_stamp *b)
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
	out->files[0] = read_stamp(s->feed->paths);
	out->files[1] = read_stamp(path);
	out->count = 2;
}

static void
look_at_data_set(const struct source *s, struct source_look *out)
{
	char path[FEED_PATHS_MAX];

	for (out->count = 0;
		out->count < FEED_FILES_MAX && feed_source_file(s->feed, out->count, path);
		out->count++)
		out->files[out->count] = read_stamp(path);
}

bool
source_look(const struct source *s, struct source_look *out)
{
	bool is_same = true;

	if (s->feed->kind == FEED_SNAPSHOT)
		look_at_snapshot(s, out);
	else
		look_at_data_set(s, out);
	for (size_t i = 0; is_same && i < out->count; i++)
		is_same = is_same_file(&out->files[i], &s->look.files[i]);
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

static enum err
open_whole(const char *path, struct snapshot **out, struct error *e)
{
	enum err err = snapshot_open(path, out, e);

	if (err != OK || snapshot_base_checksum(*out) == 0)
		return err;
	snapshot_close(*out);
	*out = NULL;
	return error_set(e, ERR_REFUSED,
		"%s: is a delta, which says nothing without its base; give the base's name, and "
		"the delta is found beside it",
		path);
}

static void
open_delta(const struct source *s, struct snapshot **out, struct error *e)
{
	char path[FEED_PATHS_MAX + SUFFIX_ROOM];

	*out = NULL;
	e->code = OK;
	add_suffix(s, ".delta", path);
	if (read_stamp(path).exists)
		e->code = snapshot_open(path, out, e);
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

/* Takes delta, NULL for none. What is in service is not taken back while its base stays: a copy
 * that left the delta out, or brought an old one, would undo what was published. */
static void
take_delta(const struct source *s, struct snapshot *delta, struct source_data *next,
	struct error *why)
{
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
		next->delta = delta;
		return;
	}
	if (delta != NULL && is_left_over(delta, next->snapshot))
		why->code = OK;
	snapshot_close(delta);
	if (fits(old, next->snapshot))
		next->delta = old;
}

enum err
source_open(const struct source *s, bool anew, struct source_data *next, struct error *about_delta,
	struct error *e)
{
	struct snapshot *delta;
	enum err err = OK;

	*next = (struct source_data){.snapshot = s->data.snapshot};
	open_delta(s, &delta, about_delta);
	next->stamp = read_stamp(s->feed->paths);
	if (anew || !next->stamp.exists || !is_same_file(&next->stamp, &s->data.stamp))
		err = open_whole(s->feed->paths, &next->snapshot, e);
	if (err != OK) {
		next->snapshot = NULL;
		snapshot_close(delta);
		return err;
	}
	take_delta(s, delta, next, about_delta);
	return OK;
}

enum err
source_open_previous(const struct source *s, struct source_data *next, struct error *e)
{
	char path[FEED_PATHS_MAX + SUFFIX_ROOM];

	*next = (struct source_data){.snapshot = NULL};
	add_suffix(s, ".prev", path);
	return open_whole(path, &next->snapshot, e);
}

void
source_close(const struct source_data *data, const struct source_data *kept)
{
	if (data->snapshot != kept->snapshot)
		snapshot_close(data->snapshot);
	if (data->delta != kept->delta)
		snapshot_close(data->delta);
}
