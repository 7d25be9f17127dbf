#include "probe_rate.h"

#include <stdlib.h>

/* The bucket is filled with per_minute a millisecond; a probe takes this. */
enum { TOKEN = 60000 };

static int64_t
bucket_size(const struct probe_rate *r)
{
	int64_t a_second = (int64_t)r->rules.per_minute * 1000;

	return a_second > TOKEN ? a_second : TOKEN;
}

/* A clock that was set back fills nothing; one set forward, one bucket at most. */
static void
fill(struct probe_rate *r, int64_t now_ms)
{
	int64_t passed_ms = now_ms - r->level_ms, size = bucket_size(r);

	r->level_ms = now_ms;
	if (passed_ms <= 0)
		return;
	if (passed_ms > (size - r->level) / r->rules.per_minute)
		r->level = size;
	else
		r->level += passed_ms * r->rules.per_minute;
}

/* A number of its own for each network. */
static uint64_t
network_of(const struct addr *host)
{
	uint64_t key = host->family;

	for (size_t i = 0; i < (host->family == 4 ? 3 : 6); i++)
		key = key << 8 | host->b[i];
	return key;
}

enum err
probe_rate_init(struct probe_rate *r, const struct probe_rate_rules *rules, size_t max,
	int64_t now_ms)
{
	*r = (struct probe_rate){.rules = *rules, .level_ms = now_ms, .max = max};
	r->level = bucket_size(r);
	r->networks = calloc(max + 1, sizeof(*r->networks));
	return r->networks != NULL ? OK : ERR_MEMORY;
}

void
probe_rate_free(struct probe_rate *r)
{
	free(r->networks);
	r->networks = NULL;
}

enum probe_rate_answer
probe_rate_ask(struct probe_rate *r, const struct addr *host, int64_t now_ms)
{
	uint64_t network = network_of(host);
	uint32_t n = 0;

	fill(r, now_ms);
	if (r->level < TOKEN)
		return PROBE_RATE_MINUTE;
	for (size_t i = 0; i < r->count; i++)
		n += r->networks[i] == network;
	return n < r->rules.per_network ? PROBE_RATE_OK : PROBE_RATE_NETWORK;
}

void
probe_rate_begin(struct probe_rate *r, const struct addr *host, int64_t now_ms)
{
	fill(r, now_ms);
	r->level -= TOKEN;
	if (r->count < r->max)
		r->networks[r->count++] = network_of(host);
}

void
probe_rate_end(struct probe_rate *r, const struct addr *host)
{
	uint64_t network = network_of(host);

	for (size_t i = 0; i < r->count; i++)
		if (r->networks[i] == network) {
			r->networks[i] = r->networks[--r->count];
			return;
		}
}

int64_t
probe_rate_wait_ms(struct probe_rate *r, int64_t now_ms)
{
	fill(r, now_ms);
	if (r->level >= TOKEN)
		return 0;
	return (TOKEN - r->level + r->rules.per_minute - 1) / r->rules.per_minute;
}
