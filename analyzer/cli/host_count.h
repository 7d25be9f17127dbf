/* host_count.h - a table of hosts and how often each was seen; memory grows with the hosts. */
#ifndef ANALYZER_CLI_HOST_COUNT_H
#define ANALYZER_CLI_HOST_COUNT_H

#include <stddef.h>
#include <stdint.h>

#include <orbl/addr.h>

struct host_count_entry {
	struct addr host;
	uint64_t count;
};

struct host_count;

struct host_count *host_count_new(void);    /* NULL: out of memory */
void host_count_free(struct host_count *h); /* NULL ok */
enum err host_count_add(struct host_count *h, const struct addr *host, uint64_t n) ORBL_NODISCARD;
size_t host_count_size(const struct host_count *h);
/* All entries by address, IPv4 first; lent. Nothing can be added any more. O(n log n). */
const struct host_count_entry *host_count_sort(struct host_count *h);

#endif
