/* source.h - the files of one source, and what of them is in service.
 *
 *	FILE  FILE.delta    a snapshot with what has changed since; or
 *	FILE,FILE,...       of a data set, which the loader compiles (loader.h)
 *
 * The writer of a snapshot replaces FILE before it writes a delta of it. They are read the other
 * way round, so that a new delta never meets the old FILE; an old delta beside a new FILE is
 * left over and means nothing.
 */
#ifndef DNSD_SOURCE_H
#define DNSD_SOURCE_H

#include <sys/types.h>
#include <time.h>

#include <orbl/feed.h>
#include <orbl/snapshot_history.h>

/* What tells one version of a file from the next. */
struct source_stamp {
	bool exists;
	dev_t device;
	ino_t inode;
	off_t size;
	struct timespec modified, changed;
};

struct source_stamp source_stamp_read(const char *path);
bool source_stamp_equal(const struct source_stamp *a, const struct source_stamp *b);

struct source_look {
	size_t count;
	struct source_stamp files[FEED_FILES_MAX];
};

struct source_data {
	struct snapshot *snapshot, *delta; /* NULL: none */
	int snapshot_fd, delta_fd;         /* of them, for other processes; -1: none */
	struct source_stamp stamp;         /* of FILE, when snapshot was read from it */
};

struct source {
	const struct feed_source *feed;
	struct source_data data; /* in service */
	struct source_look look; /* at the files, when they were last tried */
};

static inline struct source_data
source_nothing(void)
{
	return (struct source_data){.snapshot_fd = -1, .delta_fd = -1};
}

/* Look at the files. Returns whether they differ from those that were last tried. */
bool source_look(const struct source *s, struct source_look *out);

/* Open the snapshot's files: next is what is to be in service, of which parts may be what is now;
 * it is the caller's to close when it is not taken. FILE is read when it has changed, or anew.
 * An error: FILE is bad, next is nothing. *about_delta tells why the delta there is not in next
 * though it should be; code OK: nothing to tell. */
enum err source_open(const struct source *s, bool anew, struct source_data *next,
	struct error *about_delta, struct error *e) ORBL_NODISCARD;
/* Open FILE.prev, the generation before FILE. A delta of FILE is none of it. */
enum err source_open_previous(const struct source *s, struct source_data *next,
	struct error *e) ORBL_NODISCARD;
/* A file of older versions: of 0 FILE.prev, else FILE.delta.N, at most SNAPSHOT_HISTORY_MAX. Its
 * descriptor, not read yet, or -1: it is not there, or can be none, as of all that is compiled. Its
 * name in any case. */
int source_open_older(const struct source *s, size_t n, char path[SNAPSHOT_HISTORY_PATH]);
/* When it is for want of rights that a file cannot be read, e tells more. */
void source_explain(const struct source *s, struct error *e);
/* Close what of data is not kept. */
void source_close(const struct source_data *data, const struct source_data *kept);

#endif
