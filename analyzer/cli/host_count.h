/* host_count.h - hosts and how often each was seen, in bounded memory.
 *
 * A table holds up to max hosts. When it is full it is sorted into a temporary file (in TMPDIR,
 * without a name) and starts anew; at the end all parts are merged.
 */
#ifndef ANALYZER_CLI_HOST_COUNT_H
#define ANALYZER_CLI_HOST_COUNT_H

#include <stddef.h>
#include <stdint.h>

#include <orbl/addr.h>

enum { HOST_COUNT_MAX = 393216 }; /* 16 MB of table */

struct host_count_entry {
	struct addr host;
	uint64_t count;
};

struct host_count;

struct host_count *host_count_new(size_t max); /* NULL: out of memory */
void host_count_free(struct host_count *h);    /* NULL ok */
enum err host_count_add(struct host_count *h, const struct addr *host, uint64_t n,
	struct error *e) ORBL_NODISCARD;

/* Call fn (NULL: none) for each host by address, IPv4 first. Nothing can be added any more.
 * O(n log n). */
typedef void host_count_fn(const struct host_count_entry *e, void *context);
enum err host_count_finish(struct host_count *h, host_count_fn *fn, void *context, uint64_t *hosts,
	struct error *e) ORBL_NODISCARD;

#endif
