#include "measure.h"

#include <inttypes.h>
#include <stdlib.h>

#include <orbl/listing.h>
#include <orbl/store_listing.h>

void
measure_begin(struct measure *m, const struct sim_world *w)
{
	/* Each host is found twice at most, and asks twice. */
	*m = (struct measure){.times = calloc(2 * w->host_count, sizeof(*m->times)),
		.removals = calloc(2 * w->host_count, sizeof(*m->removals))};
	if (m->times == NULL || m->removals == NULL)
		abort();
}

void
measure_end(struct measure *m)
{
	free(m->times);
	free(m->removals);
}

void
measure_listed(struct measure *m, struct sim_host *h, int64_t now_s)
{
	if (h->listed_s != 0)
		return;
	h->listed_s = now_s;
	if (h->found_s == 0) {
		h->found_s = now_s;
		m->times[m->time_count++] = now_s - h->denied_s;
	} else {
		m->relisted++;
	}
}

void
measure_removed(struct measure *m, struct sim_host *h, int64_t now_s)
{
	h->listed_s = 0;
	if (h->asked_s == 0)
		return;
	m->removed++;
	m->removals[m->removal_count++] = now_s - h->asked_s;
	h->asked_s = 0;
}

/* --- a day ------------------------------------------------------------------------ */

struct day {
	struct measure *m;
	const struct sim_world *w;
	int64_t now_s;
};

static void
measure_relay(struct day *d, struct sim_host *h, const struct store_listing *l)
{
	bool is_new = l->since_s > d->now_s - SIM_DAY;

	if (h == NULL || (is_new && !sim_host_is_open(h, l->since_s)))
		d->m->false_relays++;
	else if (!sim_host_is_open(h, d->now_s))
		d->m->stale_days++;
}

static enum err
on_listing(const struct store_listing *l, void *context)
{
	struct day *d = context;
	struct sim_host *h = sim_world_find(d->w, &l->prefix.addr);
	bool is_new = l->since_s > d->now_s - SIM_DAY;

	if (h != NULL && h->kind == SIM_PROVIDER)
		d->m->provider_listings++;
	if (l->category == CATEGORY_RELAY || l->category == CATEGORY_RELAY_INPUT)
		measure_relay(d, h, l);
	else if (l->category == CATEGORY_SUSPECT && is_new && h != NULL && h->kind == SIM_INNOCENT)
		d->m->false_suspects++;
	return OK;
}

enum err
measure_day(struct measure *m, const struct sim_world *w, struct store *s, int64_t now_s,
	struct error *e)
{
	struct day d = {m, w, now_s};

	return store_listings(s, NULL, on_listing, &d, e);
}

/* --- all of it ---------------------------------------------------------------------- */

static int
shorter_first(const void *a, const void *b)
{
	int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;

	return (x > y) - (x < y);
}

static void
print_times(const char *name, int64_t *times, size_t count, FILE *out)
{
	qsort(times, count, sizeof(*times), shorter_first);
	if (count == 0) {
		fprintf(out, "\"%s\": null,\n", name);
		return;
	}
	fprintf(out,
		"\"%s\": {\"median_s\": %" PRId64 ", \"90_percent_s\": %" PRId64
		", \"longest_s\": %" PRId64 "},\n",
		name, times[count / 2], times[count * 9 / 10], times[count - 1]);
}

static void
count_relays(struct measure *m, const struct sim_world *w)
{
	m->relays = m->told = m->found = 0;
	for (size_t i = 0; i < w->host_count; i++) {
		const struct sim_host *h = &w->hosts[i];

		m->probes[h->kind] += h->probes;
		if (h->kind != SIM_OPEN && h->kind != SIM_MULTIHOP)
			continue;
		m->relays++;
		m->told += h->denied_s != 0;
		m->found += h->found_s != 0;
	}
}

static void
print_number(const char *name, uint64_t n, FILE *out)
{
	fprintf(out, "\"%s\": %" PRIu64 ",\n", name, n);
}

void
measure_print(struct measure *m, const struct sim_world *w, FILE *out)
{
	const struct {
		const char *name;
		uint64_t n;
	} counts[] = {
		{"hosts", w->host_count},
		{"reporters", w->reporter_count},
		{"facts", m->denials},
		{"forged_facts", m->forged},
		{"false_relays", m->false_relays},
		{"false_suspects", m->false_suspects},
		{"provider_listings", m->provider_listings},
		{"stale_days", m->stale_days},
		{"relapses_found", m->relisted},
		{"requests", m->requests},
		{"removed", m->removed},
	};

	count_relays(m, w);
	fprintf(out, "{\n");
	print_number("relays", m->relays, out);
	print_number("relays_told", m->told, out);
	print_number("relays_found", m->found, out);
	for (size_t i = 0; i < sizeof(counts) / sizeof(counts[0]); i++)
		print_number(counts[i].name, counts[i].n, out);
	print_times("time_to_listing", m->times, m->time_count, out);
	print_times("time_to_removal", m->removals, m->removal_count, out);
	for (enum sim_kind k = 0; k < SIM_KIND_COUNT; k++)
		fprintf(out, "\"probes_%s\": %" PRIu64 "%s\n", sim_kind_name(k), m->probes[k],
			k + 1 < SIM_KIND_COUNT ? "," : "");
	fprintf(out, "}\n");
}
