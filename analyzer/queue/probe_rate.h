/* probe_rate.h - may one more probe begin now? (probe.per_minute, probe.per_network)
 *
 * Pure. A bucket of tokens that holds what is allowed in a second, at least one, so that a long
 * queue is worked off evenly; and the hosts under probe of each network, a /24 or a /48.
 */
#ifndef ANALYZER_PROBE_RATE_H
#define ANALYZER_PROBE_RATE_H

#include <stddef.h>
#include <stdint.h>

#include <orbl/addr.h>

enum probe_rate_answer {
	PROBE_RATE_OK,
	PROBE_RATE_MINUTE,  /* too many in this minute */
	PROBE_RATE_NETWORK, /* too many of this network at once */
};

struct probe_rate_rules {
	uint32_t per_minute, per_network;
};

struct probe_rate {
	struct probe_rate_rules rules;
	int64_t level;    /* what is in the bucket */
	int64_t level_ms; /* as of then */
	size_t count, max;
	uint64_t *networks; /* one entry for each host under probe */
};

/* For at most max hosts at once. ERR_MEMORY. */
enum err probe_rate_init(struct probe_rate *r, const struct probe_rate_rules *rules, size_t max,
	int64_t now_ms) ORBL_NODISCARD;
void probe_rate_free(struct probe_rate *r);
enum probe_rate_answer
probe_rate_ask(struct probe_rate *r, const struct addr *host, int64_t now_ms);
/* It begins: takes a token. */
void probe_rate_begin(struct probe_rate *r, const struct addr *host, int64_t now_ms);
/* It is over, having begun here. */
void probe_rate_end(struct probe_rate *r, const struct addr *host);
/* Until the next token; 0: there is one. */
int64_t probe_rate_wait_ms(struct probe_rate *r, int64_t now_ms);

#endif
