#include "reload.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <orbl/log.h>

/* What tells one version of a file from the next. */
struct stamp {
	bool exists;
	dev_t device;
	ino_t inode;
	off_t size;
	struct timespec modified;
};

struct source {
	struct feed_zone zone;
	struct snapshot *snapshot; /* in service */
	struct stamp stamp;        /* of the file when it was last tried */
	bool wanted;               /* waits for the loader */
	bool is_previous;
	int64_t loaded_s;
	struct error error; /* of the last try */
};

#define NONE SIZE_MAX

struct reload {
	struct live *live;
	struct loader *loader;
	size_t loading; /* index of the source that the loader compiles, or NONE */
	size_t count;
	struct source *sources;
};

/* --- the set in service --------------------------------------------------- */

static enum err
build_zones(const struct reload *r, const struct source *replaced, const struct snapshot *by,
	struct zone_set *zones, struct error *e)
{
	enum err err = OK;

	for (size_t i = 0; err == OK && i < r->count; i++) {
		const struct source *s = &r->sources[i];
		const struct snapshot *snapshot = s == replaced ? by : s->snapshot;
		struct text origin = text_of(s->zone.origin);

		if (snapshot != NULL)
			err = zone_set_add(zones, origin, snapshot, s->zone.source == FEED_SNAPSHOT,
				e);
		else
			err = zone_set_add_missing(zones, origin, e);
	}
	return err == OK ? zone_set_finish(zones, e) : err;
}

/* Publish a set with one source's data replaced, or none. */
static enum err
publish(struct reload *r, struct source *replaced, struct snapshot *by, struct error *e)
{
	struct zone_set *zones = zone_set_new();
	enum err err;

	if (zones == NULL)
		return error_set(e, ERR_MEMORY, "out of memory for the table of zones");
	err = build_zones(r, replaced, by, zones, e);
	if (err != OK) {
		zone_set_free(zones);
		return err;
	}
	live_publish(r->live, zones, replaced != NULL ? replaced->snapshot : NULL);
	if (replaced != NULL)
		replaced->snapshot = by;
	return OK;
}

enum err
reload_new(const struct feed_zone *zones, size_t count, struct loader *loader, struct live *live,
	struct reload **out, struct error *e)
{
	struct reload *r = calloc(1, sizeof(*r));
	enum err err;

	*out = NULL;
	if (r != NULL)
		r->sources = calloc(count != 0 ? count : 1, sizeof(*r->sources));
	if (r == NULL || r->sources == NULL) {
		free(r);
		return error_set(e, ERR_MEMORY, "out of memory for %zu zones", count);
	}
	r->live = live;
	r->loader = loader;
	r->count = count;
	r->loading = NONE;
	for (size_t i = 0; i < count; i++)
		r->sources[i].zone = zones[i];
	err = publish(r, NULL, NULL, e);
	if (err != OK) {
		reload_free(r);
		return err;
	}
	*out = r;
	return OK;
}

void
reload_free(struct reload *r)
{
	if (r == NULL)
		return;
	for (size_t i = 0; i < r->count; i++)
		snapshot_close(r->sources[i].snapshot);
	free(r->sources);
	free(r);
}

/* --- one source -------------------------------------------------------------- */

static struct stamp
read_stamp(const char *path)
{
	struct stamp stamp = {.exists = false};
	struct stat st;

	if (stat(path, &st) != 0)
		return stamp;
	stamp.exists = true;
	stamp.device = st.st_dev;
	stamp.inode = st.st_ino;
	stamp.size = st.st_size;
	stamp.modified = st.st_mtim;
	return stamp;
}

static bool
stamp_equal(const struct stamp *a, const struct stamp *b)
{
	return a->exists == b->exists && a->device == b->device && a->inode == b->inode &&
		a->size == b->size && a->modified.tv_sec == b->modified.tv_sec &&
		a->modified.tv_nsec == b->modified.tv_nsec;
}

static void
note_success(struct source *s, int64_t now_s)
{
	s->loaded_s = now_s;
	s->error.code = OK;
	s->error.text[0] = '\0';
	log_info("zone %s: serving %s, serial %u, %zu entries", s->zone.origin, s->zone.path,
		(unsigned)snapshot_serial(s->snapshot), snapshot_entries(s->snapshot));
}

/* Said once for each reason: a snapshot that is not there yet is looked for again and again. */
static void
note_failure(struct source *s, const struct error *e)
{
	bool is_new = s->error.code != e->code || strcmp(s->error.text, e->text) != 0;

	s->error = *e;
	if (!is_new)
		return;
	if (s->snapshot != NULL)
		log_error("zone %s: %s; serial %u stays in service", s->zone.origin, e->text,
			(unsigned)snapshot_serial(s->snapshot));
	else
		log_error("zone %s: %s; it answers SERVFAIL until the file can be loaded",
			s->zone.origin, e->text);
}

/* Takes the snapshot. */
static void
take_into_service(struct reload *r, struct source *s, struct snapshot *snapshot, int64_t now_s)
{
	struct error e = {.code = OK};

	if (publish(r, s, snapshot, &e) == OK) {
		s->is_previous = false;
		note_success(s, now_s);
		return;
	}
	snapshot_close(snapshot);
	note_failure(s, &e);
}

/* At start only: with data in service the generation before them is no gain. */
static void
load_previous(struct reload *r, struct source *s, int64_t now_s)
{
	char path[sizeof(s->zone.path) + 8];
	struct snapshot *snapshot;
	struct error e = {.code = OK};

	snprintf(path, sizeof(path), "%s.prev", s->zone.path);
	if (snapshot_open(path, &snapshot, &e) != OK)
		return;
	if (publish(r, s, snapshot, &e) != OK) {
		snapshot_close(snapshot);
		return;
	}
	s->is_previous = true;
	s->loaded_s = now_s;
	log_warning("zone %s: serving %s, serial %u, instead", s->zone.origin, path,
		(unsigned)snapshot_serial(snapshot));
}

static void
load_snapshot(struct reload *r, struct source *s, int64_t now_s)
{
	struct snapshot *snapshot;
	struct error e = {.code = OK};

	if (snapshot_open(s->zone.path, &snapshot, &e) == OK) {
		take_into_service(r, s, snapshot, now_s);
		return;
	}
	note_failure(s, &e);
	if (s->snapshot == NULL)
		load_previous(r, s, now_s);
}

/* --- the loader ---------------------------------------------------------------- */

static void
request_next(struct reload *r, int64_t now_s)
{
	struct error e = {.code = OK};

	for (size_t i = 0; i < r->count && r->loading == NONE; i++) {
		struct source *s = &r->sources[i];

		if (!s->wanted)
			continue;
		s->wanted = false;
		s->stamp = read_stamp(s->zone.path);
		if (loader_request(r->loader, i, now_s, &e) == OK)
			r->loading = i;
		else
			note_failure(s, &e);
	}
}

static void
log_warnings(const struct source *s, const char *warnings)
{
	struct text rest = text_of(warnings), line;

	while (text_next_line(&rest, &line))
		log_warning("zone %s: %.*s", s->zone.origin, TEXT_ARG(line));
}

static void
lose_loader(struct reload *r, const struct error *e)
{
	for (size_t i = 0; i < r->count; i++)
		if (r->sources[i].wanted || r->loading == i) {
			r->sources[i].wanted = false;
			note_failure(&r->sources[i], e);
		}
	r->loading = NONE;
}

bool
reload_loaded(struct reload *r, int64_t now_s)
{
	struct loader_result result;
	struct snapshot *snapshot;
	struct error e = {.code = OK};
	struct source *s;

	if (loader_receive(r->loader, &result, &e) != OK) {
		lose_loader(r, &e);
		return false;
	}
	s = &r->sources[r->loading];
	r->loading = NONE;
	log_warnings(s, result.warnings);
	if (result.fd < 0)
		note_failure(s, &result.error);
	else if (snapshot_open_fd(result.fd, s->zone.path, &snapshot, &e) == OK)
		take_into_service(r, s, snapshot, now_s);
	else
		note_failure(s, &e);
	if (result.fd >= 0)
		close(result.fd);
	request_next(r, now_s);
	return true;
}

void
reload_request(struct reload *r, bool all, int64_t now_s)
{
	for (size_t i = 0; i < r->count; i++) {
		struct source *s = &r->sources[i];
		struct stamp stamp = read_stamp(s->zone.path);

		if (!all && s->error.code == OK && stamp_equal(&stamp, &s->stamp))
			continue;
		if (s->zone.source != FEED_SNAPSHOT) {
			s->wanted = true;
			continue;
		}
		/* Taken before the file is read: a change in between is seen the next time. */
		s->stamp = stamp;
		load_snapshot(r, s, now_s);
	}
	request_next(r, now_s);
}

bool
reload_is_busy(const struct reload *r)
{
	return r->loading != NONE;
}

size_t
reload_count(const struct reload *r)
{
	return r->count;
}

void
reload_status(const struct reload *r, size_t i, struct reload_status *out)
{
	const struct source *s = &r->sources[i];

	out->zone = &s->zone;
	out->snapshot = s->snapshot;
	out->loaded_s = s->loaded_s;
	out->is_previous = s->is_previous;
	out->is_loading = s->wanted || r->loading == i;
	out->error = s->error.text;
	out->code = err_name(s->error.code);
}
