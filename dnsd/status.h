/* status.h - what the control socket says of zones and counters. */
#ifndef DNSD_STATUS_H
#define DNSD_STATUS_H

#include <jansson.h>

#include "reload.h"
#include "worker_stats.h"

enum { STATUS_LINE = 640 };

/* An array with an object for each zone, and in it one for each of its sources: files, state,
 * serial, age, size, last error. */
json_t *status_zones(const struct reload *r, int64_t now_s);
/* The answer to a reload: how the last load of each source ended. The first failure makes it
 * one, with the zone's name. */
json_t *status_reload(const struct reload *r, int64_t now_s);

/* The counters by name. */
json_t *status_statistics(const struct worker_stats *s);
/* The same on a line. Returns out. */
const char *status_statistics_line(const struct worker_stats *s, char out[STATUS_LINE]);

#endif
