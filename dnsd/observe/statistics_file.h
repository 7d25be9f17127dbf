/* statistics_file.h - a line of counters now and then, as rbldnsd -s writes it.
 *
 *	timestamp zone:qtot:qok:qnxd:bin:bout zone:... *:qtot:qok:qnxd:bin:bout
 *
 * A zone is one given in dnsd.zones, with the zones of its source below it; "*" is all. A bare
 * timestamp stands where counters begin at zero. A path that begins with + gets what was counted
 * since the line before. The file is opened for each line, so that it may be moved away at any
 *time. The keeper's; what cannot be written is logged once and tried again.
 */
#ifndef DNSD_STATISTICS_FILE_H
#define DNSD_STATISTICS_FILE_H

#include <orbl/feed.h>

#include "stats.h"

struct statistics_file;

struct statistics_file_options {
	const char *path; /* "": there is none, and the functions below do nothing */
	int64_t interval_s;
	size_t zone_count;
	const struct feed_zone *zones;
	const struct stats *stats;
};

/* Copies the options, keeps what they point to, writes the first timestamp. *out is NULL on error,
 * and when there is no path. */
enum err statistics_file_open(const struct statistics_file_options *options, int64_t now_ms,
	struct statistics_file **out, struct error *e) ORBL_NODISCARD;
/* Writes the last line and timestamp. NULL ok, as for all that follow. */
void statistics_file_close(struct statistics_file *f);
/* Write when it is time to (monotonic clock). Returns milliseconds to the next time, -1: never. */
int64_t statistics_file_tick(struct statistics_file *f, int64_t now_ms);

#endif
