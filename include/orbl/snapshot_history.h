/* snapshot_history.h - older versions of a list, beside it: what secondaries that have one of them
 * get changes from (IXFR) after a restart of dnsd.
 *
 *	FILE.prev                       the base before FILE (file.h)
 *	FILE.delta.1, FILE.delta.2 ...  deltas that were FILE.delta, of FILE or FILE.prev, the
 *newest first
 *
 * They are second names of files that are about to be replaced, so nothing is copied. All of it is
 * a spare: what cannot be kept is not there, and whoever reads it checks every file.
 */
#ifndef ORBL_SNAPSHOT_HISTORY_H
#define ORBL_SNAPSHOT_HISTORY_H

#include <stddef.h>
#include <stdint.h>

enum {
	SNAPSHOT_HISTORY_MAX = 100,        /* deltas that are kept */
	SNAPSHOT_HISTORY_BYTES = 64 << 20, /* of all of them */
	SNAPSHOT_HISTORY_PATH = 4096 + 32,
};

/* FILE.delta.N; of 0: FILE.delta. */
void snapshot_history_path(const char *file, size_t n, char out[SNAPSHOT_HISTORY_PATH]);

/* FILE.delta is about to be replaced: it becomes FILE.delta.1, too. Of those before at most so many
 * versions stay that with it there are `versions`. Killed at any point all files are whole. */
void snapshot_history_keep(const char *file, size_t versions);
/* FILE has been replaced: no delta stays but those of the base before, of which this was the
 * checksum (0: there was none). */
void snapshot_history_turn(const char *file, uint64_t base);

#endif
