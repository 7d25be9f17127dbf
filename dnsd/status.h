/* status.h - what the control socket says of zones and counters. */
#ifndef DNSD_STATUS_H
#define DNSD_STATUS_H

#include <jansson.h>

#include "reload.h"
#include "stats.h"

enum { STATUS_LINE = 960, STATUS_ZONES_MAX = 1000 };

struct access_shared;
struct transfer_status;

/* An array with an object for each zone, and in it one for each of its sources: files, state,
 * serial, age, size, last error. */
json_t *status_zones(const struct reload *r, int64_t now_s);
/* The answer to a reload: how the last load of each source ended. The first failure makes it
 * one, with the zone's name. */
json_t *status_reload(const struct reload *r, int64_t now_s);

/* The counters by name, of all zones. */
json_t *status_statistics(const struct stats *s);
/* The same on a line. Returns out. */
const char *status_statistics_line(const struct stats *s, char out[STATUS_LINE]);

/* An array with an object for each zone that is or was served, STATUS_ZONES_MAX of them at most:
 * counters, serial, age. The first one, whose zone is null, is for queries for none of ours. */
json_t *status_counters(const struct stats *s, int64_t now_s);
/* The answers to "stats" and "zones". access and transfers may be NULL. */
json_t *status_answer_stats(const struct stats *s, const struct access_shared *access,
	int64_t started_s, int64_t now_s);
json_t *
status_answer_zones(const struct reload *r, const struct transfer_status *transfers, int64_t now_s);

/* Queries by transport, how many took no longer than so many microseconds: {"udp": {"p50": 16}}. */
json_t *status_latency(const struct stats *s);

/* What of loading is to be said in metrics: zones of which the last load has failed. At each load.
 */
void status_tell(const struct reload *r, struct stats *s, int64_t now_s);

#endif
