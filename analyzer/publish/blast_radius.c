#include "blast_radius.h"

#include <inttypes.h>
#include <stdio.h>

uint64_t
blast_sum(uint64_t a, uint64_t b)
{
	return a > UINT64_MAX - b ? UINT64_MAX : a + b;
}

bool
blast_is_wide(const struct prefix *p)
{
	return p->len < (p->addr.family == 4 ? BLAST_WIDE_IPV4 : BLAST_WIDE_IPV6);
}

uint64_t
blast_size(const struct prefix *p)
{
	unsigned bits = p->addr.family == 4 ? 32 : 64, len = p->len < bits ? p->len : bits;

	return bits - len > 63 ? UINT64_MAX : (uint64_t)1 << (bits - len);
}

/* The upper half of an IPv6 address, an IPv4 address whole. */
static uint64_t
network_of(const struct addr *a)
{
	uint64_t n = 0;

	if (a->family == 4)
		return addr_ipv4(a);
	for (unsigned i = 0; i < 8; i++)
		n = n << 8 | a->b[i];
	return n;
}

uint64_t
blast_range_size(const struct addr *low, const struct addr *high)
{
	return blast_sum(network_of(high) - network_of(low), 1);
}

const char *
blast_name(enum blast b)
{
	static const char *const names[] = {
		[BLAST_SMALL] = "small",
		[BLAST_POPULAR] = "popular",
		[BLAST_WIDE] = "wide",
		[BLAST_EMPTY] = "empty",
		[BLAST_SHARE] = "share",
	};

	return names[b];
}

static uint64_t
after(const struct blast_change *c)
{
	uint64_t kept = c->before > c->removed ? c->before - c->removed : 0;

	return blast_sum(kept, c->added);
}

static uint64_t
gained(const struct blast_change *c)
{
	return blast_sum(c->added, c->recoded);
}

static uint64_t
lost(const struct blast_change *c)
{
	return blast_sum(c->removed, c->narrowed);
}

/* changes / before > max_change / 100, without rounding or overflow. */
static bool
exceeds_share(const struct blast_rules *rules, uint64_t before, uint64_t changes)
{
	uint64_t whole = before / 100, rest = before % 100, allowed;

	if (changes <= rules->floor)
		return false;
	if (rules->max_change != 0 && whole > (UINT64_MAX - 100) / rules->max_change)
		return false;
	allowed = whole * rules->max_change + rest * rules->max_change / 100;
	return changes > allowed;
}

/* What is only removed does not wait for what was added before. */
static bool
is_much(const struct blast_rules *rules, const struct blast_change *c)
{
	uint64_t before = c->window.is_open ? c->window.before : c->before;
	uint64_t less = blast_sum(c->window.removed, lost(c));
	uint64_t more = blast_sum(c->window.added, gained(c));

	return (gained(c) != 0 && exceeds_share(rules, before, blast_sum(less, more))) ||
		(lost(c) != 0 && exceeds_share(rules, before, less));
}

static enum blast
say_new(enum blast b, const struct blast_new *new, const char *what, char why[BLAST_WHY])
{
	char prefix[PREFIX_TEXT];

	prefix_format(&new->first, prefix);
	if (new->count == 1)
		snprintf(why, BLAST_WHY, "%s is new and %s", prefix, what);
	else
		snprintf(why, BLAST_WHY, "%s and %" PRIu64 " others are new and %s", prefix,
			new->count - 1, what);
	return b;
}

enum blast
blast_judge(const struct blast_rules *rules, const struct blast_change *c, char why[BLAST_WHY])
{
	why[0] = '\0';
	if (c->popular.count != 0)
		return say_new(BLAST_POPULAR, &c->popular, "in publish.popular", why);
	if (c->wide.count != 0)
		return say_new(BLAST_WIDE, &c->wide, "wider than a listing may be", why);
	if (!c->has_before)
		return BLAST_SMALL;
	if (c->before > BLAST_FEW && after(c) == 0) {
		snprintf(why, BLAST_WHY, "nothing would be left of %" PRIu64 " addresses",
			c->before);
		return BLAST_EMPTY;
	}
	if (!is_much(rules, c))
		return BLAST_SMALL;
	snprintf(why, BLAST_WHY,
		"of %" PRIu64 " addresses in service %" PRIu64 " would be removed and %" PRIu64
		" changed, and %" PRIu64 " be added, after %" PRIu64 " removed and %" PRIu64
		" added of %" PRIu64 " within a day; publish.max_change allows %" PRIu64
		" percent, and always %" PRIu64,
		c->before, c->removed, blast_sum(c->recoded, c->narrowed), c->added,
		c->window.removed, c->window.added,
		c->window.is_open ? c->window.before : c->before, rules->max_change, rules->floor);
	return BLAST_SHARE;
}
