#include "snapshot_sweep.h"

#include <stdlib.h>

#include "snapshot_active.h"
#include "snapshot_format.h"

struct sweep {
	struct snapshot_pool *pool;
	struct error *e;
	struct span_hosts *hosts; /* sorted; groups of one address are put in order on the way */
	const struct span_list *list;
	size_t next_host, next; /* not yet reached */
	struct active *active;  /* NULL until ranges overlap */
	struct span_hosts *out_hosts;
	struct span_list *out_list;
	struct span last; /* not put out yet, the next may join it; SNAPSHOT_NOT_LISTED: none */
};

void
sweep_set_reset(struct sweep_set *set)
{
	span_hosts_reset(&set->hosts);
	span_list_reset(&set->v4);
	span_list_reset(&set->v6);
}

static enum err
no_memory(const struct sweep *s)
{
	return error_set(s->e, ERR_MEMORY, "snapshot: out of memory");
}

/* --- out --- */

static enum err
put_last(struct sweep *s)
{
	uint64_t low = s->last.low.lower, high = s->last.high.lower;

	if (s->last.class_id == SNAPSHOT_NOT_LISTED)
		return OK;
	if (s->out_list->family == 6 || high - low >= HOSTS_RUN_MAX)
		return span_list_add(s->out_list, &s->last) ? OK : no_memory(s);
	for (; low <= high; low++)
		if (!span_hosts_add(s->out_hosts, low << 32 | s->last.class_id))
			return no_memory(s);
	return OK;
}

static enum err
emit(struct sweep *s, struct snapshot_key low, struct snapshot_key high, uint32_t class_id)
{
	enum err err;

	if (class_id == SNAPSHOT_NOT_LISTED)
		return OK;
	if (s->last.class_id == class_id &&
		snapshot_key_compare(snapshot_key_after(s->last.high), low) == 0) {
		s->last.high = high;
		return OK;
	}
	err = put_last(s);
	s->last = (struct span){low, high, class_id, 0};
	return err;
}

/* The ids ascend; there is one at least. */
static enum err
emit_merged(struct sweep *s, struct snapshot_key low, struct snapshot_key high, const uint32_t *ids,
	size_t count)
{
	uint32_t id = SNAPSHOT_NOT_LISTED;
	enum err err = OK;

	if (ids[0] != SNAPSHOT_NOT_LISTED)
		err = snapshot_pool_merge(s->pool, ids, count, &id, s->e);
	return err == OK ? emit(s, low, high, id) : err;
}

/* --- hosts --- */

static int
compare_hosts(const void *a, const void *b)
{
	const uint64_t *x = a, *y = b;

	return *x < *y ? -1 : *x > *y;
}

/* Take all of the next host's address. The lowest classes, ascending; one at least. */
static size_t
take_hosts(struct sweep *s, uint32_t ids[SNAPSHOT_RECORDS_MAX])
{
	uint64_t *first = s->hosts->items + s->next_host, *end = s->hosts->items + s->hosts->count;
	size_t count = 0, n = 1;

	while (first + n < end && span_host_address(first[n]) == span_host_address(*first))
		n++;
	if (n > 1)
		qsort(first, n, sizeof(*first), compare_hosts);
	for (size_t i = 0; i < n && count < SNAPSHOT_RECORDS_MAX; i++)
		if (count == 0 || ids[count - 1] != span_host_class(first[i]))
			ids[count++] = span_host_class(first[i]);
	s->next_host += n;
	return count;
}

static bool
next_host(const struct sweep *s, struct snapshot_key *out)
{
	if (s->next_host >= s->hosts->count)
		return false;
	*out = (struct snapshot_key){0, span_host_address(s->hosts->items[s->next_host])};
	return true;
}

/* How many hosts come next, below an address, that nothing merges or joins with? */
static size_t
count_lone(const struct sweep *s, uint64_t limit)
{
	const uint64_t *first = s->hosts->items + s->next_host;
	const uint64_t *end = s->hosts->items + s->hosts->count, *p = first;

	if (s->last.class_id != SNAPSHOT_NOT_LISTED &&
		s->last.high.lower + 1 == span_host_address(*first))
		return 0;
	while (p + 1 < end && p[0] >> 32 < limit && p[1] >> 32 > (p[0] >> 32) + 1 &&
		span_host_class(p[0]) != SNAPSHOT_NOT_LISTED)
		p++;
	return (size_t)(p - first);
}

/* The hosts below an address, where no range is active. */
static enum err
pass_hosts(struct sweep *s, uint64_t limit)
{
	uint32_t ids[SNAPSHOT_RECORDS_MAX];
	struct snapshot_key at;
	enum err err = OK;

	while (err == OK && next_host(s, &at) && at.lower < limit) {
		size_t lone = count_lone(s, limit), count;

		if (lone != 0) {
			err = put_last(s);
			s->last.class_id = SNAPSHOT_NOT_LISTED;
			if (!span_hosts_append(s->out_hosts, s->hosts->items + s->next_host, lone))
				err = no_memory(s);
			s->next_host += lone;
		} else {
			count = take_hosts(s, ids);
			err = emit_merged(s, at, at, ids, count);
		}
	}
	return err;
}

/* --- ranges --- */

static size_t
unite(const uint32_t *a, size_t a_count, const uint32_t *b, size_t b_count,
	uint32_t out[SNAPSHOT_RECORDS_MAX])
{
	size_t i = 0, k = 0, count = 0;

	while ((i < a_count || k < b_count) && count < SNAPSHOT_RECORDS_MAX) {
		bool from_a = k == b_count || (i < a_count && a[i] <= b[k]);
		uint32_t id = from_a ? a[i] : b[k];

		k += k < b_count && b[k] == id;
		i += from_a;
		out[count++] = id;
	}
	return count;
}

/* What answers from low to high, where all that is active is; there, too, are hosts perhaps. */
static enum err
emit_active(struct sweep *s, struct snapshot_key low, struct snapshot_key high,
	const uint32_t *hosts, size_t host_count)
{
	uint32_t ids[SNAPSHOT_RECORDS_MAX], all[SNAPSHOT_RECORDS_MAX];
	uint8_t rank = active_rank(s->active);
	size_t count;

	if (host_count != 0 && rank < SPAN_HOST_RANK)
		return emit_merged(s, low, high, hosts, host_count);
	count = active_classes(s->active, ids);
	if (host_count == 0 || rank > SPAN_HOST_RANK)
		return emit_merged(s, low, high, ids, count);
	count = unite(hosts, host_count, ids, count, all);
	return emit_merged(s, low, high, all, count);
}

/* Emit up to where the next range or host begins or an active range ends, whichever comes
 * first, and let go of what ended. *at moves behind it. */
static enum err
step(struct sweep *s, struct snapshot_key *at)
{
	struct snapshot_key end = active_end(s->active), next;
	uint32_t hosts[SNAPSHOT_RECORDS_MAX];
	size_t host_count = 0;
	enum err err;

	if (s->next < s->list->count) {
		next = snapshot_key_before(span_list_get(s->list, s->next).low);
		end = snapshot_key_compare(next, end) < 0 ? next : end;
	}
	if (next_host(s, &next) && snapshot_key_compare(next, *at) == 0) {
		host_count = take_hosts(s, hosts);
		end = *at;
	} else if (next_host(s, &next) && snapshot_key_compare(next, end) <= 0) {
		end = snapshot_key_before(next);
	}
	err = emit_active(s, *at, end, hosts, host_count);
	if (snapshot_key_compare(end, active_end(s->active)) == 0)
		active_drop(s->active);
	*at = snapshot_key_after(end);
	return err;
}

/* Activate all ranges that begin at a place. */
static enum err
begin(struct sweep *s, struct snapshot_key at)
{
	if (s->active == NULL)
		s->active = active_new(s->list);
	if (s->active == NULL)
		return no_memory(s);
	for (; s->next < s->list->count; s->next++) {
		struct span span = span_list_get(s->list, s->next);

		if (snapshot_key_compare(span.low, at) != 0)
			break;
		if (!active_add(s->active, &span))
			return no_memory(s);
	}
	return OK;
}

/* Does nothing else begin in the next range, as in almost all? Then it passes as it is. */
static bool
is_alone(const struct sweep *s, const struct span *span)
{
	struct snapshot_key host;

	if (s->next + 1 < s->list->count &&
		snapshot_key_compare(span_list_get(s->list, s->next + 1).low, span->high) <= 0)
		return false;
	return !next_host(s, &host) || snapshot_key_compare(host, span->high) > 0;
}

static enum err
sweep_family(struct sweep *s)
{
	struct snapshot_key at;
	enum err err = OK;

	while (err == OK && s->next < s->list->count) {
		struct span span = span_list_get(s->list, s->next);

		if (s->list->family == 4)
			err = pass_hosts(s, span.low.lower);
		if (err == OK && is_alone(s, &span)) {
			err = emit(s, span.low, span.high, span.class_id);
			s->next++;
			continue;
		}
		at = span.low;
		do {
			if (err == OK)
				err = begin(s, at);
			if (err == OK)
				err = step(s, &at);
		} while (err == OK && !active_is_empty(s->active));
	}
	if (err == OK)
		err = pass_hosts(s, UINT64_MAX);
	if (err == OK)
		err = put_last(s);
	active_free(s->active);
	return err;
}

static enum err
freeze4(struct sweep_set *set, struct snapshot_pool *pool, struct error *e)
{
	struct sweep_set out = {.v4.family = 4, .v6.family = 6};
	struct sweep s = {.pool = pool,
		.e = e,
		.hosts = &set->hosts,
		.list = &set->v4,
		.out_hosts = &out.hosts,
		.out_list = &out.v4};
	enum err err;

	if (!span_hosts_sort(&set->hosts, &out.hosts) || !span_list_sort(&set->v4))
		err = no_memory(&s);
	else
		err = sweep_family(&s);
	span_hosts_reset(&set->hosts);
	span_list_reset(&set->v4);
	set->hosts = out.hosts;
	set->v4 = out.v4;
	return err;
}

static enum err
freeze6(struct sweep_set *set, struct snapshot_pool *pool, struct error *e)
{
	struct sweep_set out = {.v4.family = 4, .v6.family = 6};
	struct sweep s = {.pool = pool,
		.e = e,
		.hosts = &out.hosts,
		.list = &set->v6,
		.out_hosts = &out.hosts,
		.out_list = &out.v6};
	enum err err = span_list_sort(&set->v6) ? sweep_family(&s) : no_memory(&s);

	span_list_reset(&set->v6);
	set->v6 = out.v6;
	return err;
}

enum err
sweep_set_freeze(struct sweep_set *set, struct snapshot_pool *pool, struct error *e)
{
	enum err err = freeze4(set, pool, e);

	return err == OK ? freeze6(set, pool, e) : err;
}
