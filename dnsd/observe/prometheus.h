/* prometheus.h - all counters as text that Prometheus reads (text format 0.0.4).
 *
 * Made from the shared memory alone. Each zone that is or was served has all its series from its
 * first moment, so that no increase is lost; queries for none of ours have the zone "(none)".
 */
#ifndef DNSD_PROMETHEUS_H
#define DNSD_PROMETHEUS_H

#include "stats.h"

struct access_shared;
struct transfer_status;

struct prometheus_sources {
	const struct stats *stats;
	const struct transfer_status *transfers; /* NULL: none */
	const struct access_shared *access;      /* NULL: none */
	int64_t started_s;
	bool has_dnstap, is_dnstap_connected;
};

#define PROMETHEUS_TYPE "text/plain; version=0.0.4; charset=utf-8"

/* The caller frees it. NULL: out of memory. */
char *prometheus_text(const struct prometheus_sources *sources, int64_t now_s, size_t *len);

#endif
