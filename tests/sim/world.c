#include "world.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
	FIRST_ADDRESS = 0x0b000000, /* 11.0.0.0 */
	STRIDE = 97,
	RING = 10,     /* forgers of one ring */
	VICTIMS = 200, /* of a ring */
	FORGED_A_DAY = 20,
};

/* Of 100,000 hosts. What is left is innocent. */
static const struct {
	const char *name;
	unsigned share;
	int64_t gap_s;      /* between two bouts of relaying attempts */
	unsigned reporters; /* at most that many notice one */
	int64_t life_s;     /* mean time from the first bout to the last */
} kinds[SIM_KIND_COUNT] = {
	[SIM_OPEN] = {"open", 300, 36 * SIM_HOUR, 6, 0},
	[SIM_MULTIHOP] = {"multihop", 60, 36 * SIM_HOUR, 6, 0},
	[SIM_BOUNCER] = {"bouncer", 40, 72 * SIM_HOUR, 4, 60 * SIM_DAY},
	[SIM_DISCARDS] = {"discards", 50, 72 * SIM_HOUR, 4, 60 * SIM_DAY},
	[SIM_SPAMMER] = {"spammer", 5000, 72 * SIM_HOUR, 5, 30 * SIM_DAY},
	[SIM_GREYLISTER] = {"greylister", 100, 72 * SIM_HOUR, 4, 60 * SIM_DAY},
	[SIM_SHUNS] = {"shuns", 200, 72 * SIM_HOUR, 4, 60 * SIM_DAY},
	[SIM_ZOMBIE] = {"zombie", 30000, 24 * SIM_HOUR, 4, 8 * SIM_DAY},
	[SIM_PROVIDER] = {"provider", 20, 6 * SIM_HOUR, 30, 0},
	[SIM_INNOCENT] = {"innocent", 0, 0, 0, 0},
};

const char *
sim_kind_name(enum sim_kind k)
{
	return kinds[k].name;
}

static void *
allocate(size_t count, size_t size)
{
	void *p = calloc(count, size);

	if (p == NULL) {
		fprintf(stderr, "simulate: out of memory\n");
		exit(EXIT_FAILURE);
	}
	return p;
}

/* --- making it ---------------------------------------------------------------- */

static enum sim_kind
draw_kind(struct sim_random *r)
{
	uint64_t n = sim_random_below(r, 100000);

	for (enum sim_kind k = 0; k < SIM_INNOCENT; k++) {
		if (n < kinds[k].share)
			return k;
		n -= kinds[k].share;
	}
	return SIM_INNOCENT;
}

/* Open for a month in the mean; every seventh opens again. */
static void
draw_times_of_relay(struct sim_world *w, struct sim_host *h)
{
	struct sim_random *r = &w->random;
	int64_t year_s = w->end_s - SIM_START;

	h->open_s = SIM_START + (int64_t)sim_random_below(r, (uint64_t)year_s);
	h->closed_s = h->open_s + sim_random_gap(r, 30 * SIM_DAY);
	h->asks = sim_random_percent(r, 70);
	if (sim_random_percent(r, 15)) {
		h->again_s = h->closed_s + sim_random_gap(r, 20 * SIM_DAY);
		h->closed_again_s = h->again_s + sim_random_gap(r, 30 * SIM_DAY);
	}
	h->active_s = h->open_s;
	h->quiet_s = h->closed_again_s != 0 ? h->closed_again_s : h->closed_s;
}

static void
put_on_agenda(struct sim_world *w, size_t host, int64_t when_s)
{
	size_t hour;

	if (when_s >= w->end_s || when_s >= w->hosts[host].quiet_s)
		return;
	hour = (size_t)((when_s - SIM_START) / SIM_HOUR);
	w->next[host] = w->agenda[hour];
	w->agenda[hour] = host + 1;
}

static void
make_host(struct sim_world *w, size_t i)
{
	struct sim_random *r = &w->random;
	struct sim_host *h = &w->hosts[i];
	int64_t year_s = w->end_s - SIM_START;

	h->address = FIRST_ADDRESS + (uint32_t)i * STRIDE;
	h->kind = draw_kind(r);
	if (h->kind == SIM_OPEN || h->kind == SIM_MULTIHOP) {
		draw_times_of_relay(w, h);
	} else if (h->kind != SIM_INNOCENT) {
		h->active_s = SIM_START + (int64_t)sim_random_below(r, (uint64_t)year_s);
		h->quiet_s = kinds[h->kind].life_s != 0 ?
			h->active_s + sim_random_gap(r, kinds[h->kind].life_s) :
			w->end_s;
	}
	/* A smarthost, the customers' and other people's mail goes through it. */
	h->output = FIRST_ADDRESS + (uint32_t)(i / 1000 * 1000) * STRIDE;
	if (h->kind != SIM_INNOCENT)
		put_on_agenda(w, i, h->active_s);
}

static void
make_reporter(struct sim_world *w, size_t i, const struct sim_size *size)
{
	struct sim_reporter *r = &w->reporters[i];
	int64_t year_s = w->end_s - SIM_START;

	snprintf(r->name, sizeof(r->name), "mx%zu", i);
	if (i < size->forgers) {
		r->kind = SIM_FORGER;
		r->ring = (unsigned)(i / RING);
	} else if (i < size->forgers + size->reporters / 13) {
		r->kind = SIM_MISCONFIGURED;
		r->from_s = SIM_START + (int64_t)sim_random_below(&w->random, (uint64_t)year_s);
		r->until_s = r->from_s + sim_random_gap(&w->random, 30 * SIM_DAY);
	}
}

void
sim_world_make(struct sim_world *w, uint64_t seed, const struct sim_size *size)
{
	*w = (struct sim_world){.random = {seed},
		.end_s = SIM_START + (int64_t)size->days * SIM_DAY,
		.host_count = size->hosts,
		.reporter_count = size->reporters};
	w->hosts = allocate(size->hosts, sizeof(*w->hosts));
	w->reporters = allocate(size->reporters, sizeof(*w->reporters));
	w->agenda = allocate((size_t)size->days * 24 + 1, sizeof(*w->agenda));
	w->next = allocate(size->hosts, sizeof(*w->next));
	for (size_t i = 0; i < size->hosts; i++)
		make_host(w, i);
	for (size_t i = 0; i < size->reporters; i++)
		make_reporter(w, i, size);
}

void
sim_world_free(struct sim_world *w)
{
	free(w->hosts);
	free(w->reporters);
	free(w->agenda);
	free(w->next);
}

/* --- looking at it ------------------------------------------------------------ */

struct addr
sim_address(uint32_t host_order)
{
	return addr_from_ipv4(host_order);
}

struct sim_host *
sim_world_find(const struct sim_world *w, const struct addr *a)
{
	uint32_t address = (uint32_t)a->b[0] << 24 | (uint32_t)a->b[1] << 16 |
		(uint32_t)a->b[2] << 8 | a->b[3];
	size_t i = (address - FIRST_ADDRESS) / STRIDE;

	if (a->family != 4 || i >= w->host_count || w->hosts[i].address != address)
		return NULL;
	return &w->hosts[i];
}

bool
sim_host_is_open(const struct sim_host *h, int64_t now_s)
{
	if (h->kind != SIM_OPEN && h->kind != SIM_MULTIHOP)
		return false;
	return (now_s >= h->open_s && now_s < h->closed_s) ||
		(h->again_s != 0 && now_s >= h->again_s && now_s < h->closed_again_s);
}

/* --- what happens ------------------------------------------------------------- */

/* One that is quiet does nothing: an open relay only while it is open. */
static bool
is_active(const struct sim_host *h, int64_t now_s)
{
	return h->kind == SIM_OPEN || h->kind == SIM_MULTIHOP ? sim_host_is_open(h, now_s) : true;
}

static size_t
draw_reporter(struct sim_world *w)
{
	return (size_t)sim_random_below(&w->random, w->reporter_count);
}

/* Forgers have real logs, too. */
static void
tell_bout(struct sim_world *w, struct sim_host *h, sim_denial_fn *fn, void *context)
{
	uint64_t n = 1 + sim_random_below(&w->random, kinds[h->kind].reporters);

	for (uint64_t i = 0; i < n; i++)
		fn(&(struct sim_denial){.reporter = draw_reporter(w),
			   .host = h,
			   .count = 1 + (uint32_t)sim_random_below(&w->random, 30),
			   .domains = 1 + (uint32_t)sim_random_below(&w->random, 6),
			   .is_true = true},
			context);
}

/* Each forger of a ring tells of the same victims as the others of that day. */
static void
tell_forgeries(struct sim_world *w, int64_t day, sim_denial_fn *fn, void *context)
{
	for (size_t i = 0; i < w->reporter_count; i++) {
		const struct sim_reporter *r = &w->reporters[i];
		struct sim_random ring = {(uint64_t)day * 1000003 + r->ring};

		if (r->kind != SIM_FORGER)
			continue;
		for (int k = 0; k < FORGED_A_DAY; k++) {
			size_t victim = (r->ring * 7919 + 31 * sim_random_below(&ring, VICTIMS)) %
				w->host_count;

			if (w->hosts[victim].kind == SIM_INNOCENT)
				fn(&(struct sim_denial){i, &w->hosts[victim], 1000, 8, false},
					context);
		}
	}
}

/* Who writes to it is refused: thirty hosts a day, to one domain. */
static void
tell_misconfigured(struct sim_world *w, int64_t now_s, sim_denial_fn *fn, void *context)
{
	for (size_t i = 0; i < w->reporter_count; i++) {
		const struct sim_reporter *r = &w->reporters[i];

		if (r->kind != SIM_MISCONFIGURED || now_s < r->from_s || now_s >= r->until_s)
			continue;
		for (int k = 0; k < 30; k++) {
			size_t sender = (size_t)sim_random_below(&w->random, w->host_count);

			fn(&(struct sim_denial){i, &w->hosts[sender],
				   1 + (uint32_t)sim_random_below(&w->random, 3), 1, false},
				context);
		}
	}
}

void
sim_world_hour(struct sim_world *w, int64_t hour_s, sim_denial_fn *fn, void *context)
{
	size_t *first = &w->agenda[(hour_s - SIM_START) / SIM_HOUR], i;

	while (*first != 0) {
		struct sim_host *h;

		i = *first - 1;
		*first = w->next[i];
		h = &w->hosts[i];
		if (is_active(h, hour_s))
			tell_bout(w, h, fn, context);
		put_on_agenda(w, i,
			hour_s + SIM_HOUR + sim_random_gap(&w->random, kinds[h->kind].gap_s));
	}
	if ((hour_s - SIM_START) % SIM_DAY == 0) {
		tell_forgeries(w, (hour_s - SIM_START) / SIM_DAY, fn, context);
		tell_misconfigured(w, hour_s, fn, context);
	}
}
