#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <orbl/log.h>

#include "gate_inside.h"

enum {
	SCAN_LINES = 1 << 19, /* sets of workers that are read in one turn */
	LOG_LINES = 200,      /* a day */
	NOTE_WAYS = GATE_WAYS,
};

/* Who has used most of its quota. A note is of its day; then it is free. */
struct note {
	uint64_t id, total;
	int64_t day;
	bool is_over;
};

struct top {
	uint64_t id, total; /* of keys: the index */
	bool is_over;
};

struct tops {
	size_t count;
	struct top each[ACCESS_TOP];
};

struct gate_sum {
	int64_t day;
	unsigned lines; /* logged today */
	size_t notes_over;
	struct note *notes; /* NOTE_WAYS of each set */
	/* Of the round under way: of sets before next. */
	size_t next;
	uint64_t *used; /* of each worker: entries */
	struct tops tops;
	struct access_report report;
};

bool
gates_sum_new(struct gates *g)
{
	struct gate_sum *s = calloc(1, sizeof(*s));
	const struct gate *gate = g->each[0];

	g->sum = s;
	if (s == NULL)
		return false;
	s->used = calloc(g->options.workers, sizeof(*s->used));
	if (gate->clients != NULL)
		s->notes = calloc(gate->sets, NOTE_WAYS * sizeof(*s->notes));
	return s->used != NULL && (gate->clients == NULL || s->notes != NULL);
}

void
gates_sum_free(struct gates *g)
{
	if (g->sum == NULL)
		return;
	free(g->sum->notes);
	free(g->sum->used);
	free(g->sum);
}

/* --- the heaviest -------------------------------------------------------- */

static uint64_t
least_of_tops(const struct tops *t)
{
	return t->count == ACCESS_TOP ? t->each[ACCESS_TOP - 1].total : 0;
}

static void
offer_top(struct tops *t, const struct top *top)
{
	size_t i = t->count < ACCESS_TOP ? t->count++ : ACCESS_TOP - 1;

	if (t->count == ACCESS_TOP && i == ACCESS_TOP - 1 && top->total <= t->each[i].total &&
		t->each[i].total != 0)
		return;
	for (; i > 0 && t->each[i - 1].total < top->total; i--)
		t->each[i] = t->each[i - 1];
	t->each[i] = *top;
}

/* --- names ---------------------------------------------------------------- */

static const char *
format_client(const struct gates *g, uint64_t id, char out[ACCESS_NAME])
{
	static const uint64_t classes[] = {0, 1, 0, 7};
	struct prefix p = {.addr = {.family = 4}, .len = (uint8_t)g->options.client_ipv4};
	uint64_t class = (id & GATE_ID_CLASS) >> 61, half;
	uint32_t word = (uint32_t)id;

	if (class == 0) {
		memcpy(p.addr.b, &word, sizeof(word));
	} else {
		p = (struct prefix){.addr = {.family = 6}, .len = (uint8_t)g->options.client_ipv6};
		half = htobe64((id & ~(GATE_ID_PROVEN | GATE_ID_CLASS)) | classes[class] << 61);
		memcpy(p.addr.b, &half, sizeof(half));
	}
	prefix_format(&p, out);
	if ((id & GATE_ID_PROVEN) != 0)
		snprintf(out + strlen(out), ACCESS_NAME - strlen(out), " (proved)");
	return out;
}

static const char over_proven[] = "refused", over_unproven[] = "sent to TCP";

/* over: what becomes of it; NULL: it is not over yet. */
static void
tell(struct gate_sum *s, const char *what, const char *name, uint64_t quota, unsigned warn_at,
	const char *over)
{
	if (s->lines == LOG_LINES)
		log_warning("more clients than these near their quota today; orbl dnsd stats has "
			    "the heaviest");
	if (s->lines++ >= LOG_LINES)
		return;
	if (over != NULL)
		log_warning("%s %s has used up its quota of %" PRIu64 " queries a day, and is "
			    "%s until midnight UTC",
			what, name, quota, over);
	else
		log_warning("%s %s has used %u %% of its quota of %" PRIu64 " queries a day", what,
			name, warn_at, quota);
}

/* Queries at which a line is logged; 1 or more. */
static uint64_t
warn_level(uint64_t quota, unsigned percent)
{
	uint64_t level = quota / 100 * percent + quota % 100 * percent / 100;

	return level != 0 ? level : 1;
}

/* --- clients --------------------------------------------------------------- */

static bool
is_of_day(const struct gates *g, size_t w)
{
	return atomic_load_explicit(&g->each[w]->day, memory_order_acquire) == g->sum->day;
}

/* A worker's entry of a client, or NULL. */
static struct gate_client *
find_entry(const struct gates *g, size_t w, size_t set, uint64_t id)
{
	struct gate_client_set *s = &g->each[w]->clients[set];

	for (size_t i = 0; i < GATE_WAYS; i++)
		if (atomic_load_explicit(&s->each[i].id, memory_order_acquire) == id)
			return &s->each[i];
	return NULL;
}

static uint64_t
count_at(const struct gates *g, size_t w, size_t set, uint64_t id)
{
	const struct gate_client *entry = is_of_day(g, w) ? find_entry(g, w, set, id) : NULL;

	return entry != NULL ? atomic_load_explicit(&entry->count, memory_order_relaxed) : 0;
}

static uint64_t
sum_client(const struct gates *g, size_t set, uint64_t id)
{
	uint64_t sum = 0;

	for (size_t w = 0; w < g->options.workers; w++)
		sum += count_at(g, w, set, id);
	return sum;
}

/* A mark of the same client proved is stronger. */
static void
mark_entry(struct gate_client *entry, uint32_t tag, uint32_t stronger)
{
	uint32_t over;

	if (entry == NULL)
		return;
	over = atomic_load_explicit(&entry->over, memory_order_relaxed);
	if (over != tag && over != stronger)
		atomic_store_explicit(&entry->over, tag, memory_order_relaxed);
}

static void
mark_client(const struct gates *g, size_t set, size_t way, uint64_t id)
{
	_Atomic uint64_t *over = &g->overs->sets[set].each[way];
	uint64_t mark = gate_mark(id, g->sum->day), proven = id | GATE_ID_PROVEN;
	uint32_t tag = gate_tag(g->each[0], id, g->sum->day);
	uint32_t stronger = gate_tag(g->each[0], proven, g->sum->day);

	if (atomic_load_explicit(over, memory_order_relaxed) != mark) {
		atomic_store_explicit(over, mark, memory_order_relaxed);
		atomic_store_explicit(&g->overs->day, g->sum->day, memory_order_relaxed);
	}
	for (size_t w = 0; w < g->options.workers; w++) {
		mark_entry(find_entry(g, w, set, id), tag, stronger);
		if (id == proven)
			mark_entry(find_entry(g, w, set, id & ~GATE_ID_PROVEN), tag, stronger);
	}
}

/* The client's note, or one for it: of a full set the lightest, if it is lighter. */
static struct note *
take_note(struct gate_sum *s, size_t set, uint64_t id, uint64_t total)
{
	struct note *notes = &s->notes[set * NOTE_WAYS], *least = &notes[0];

	for (size_t i = 0; i < NOTE_WAYS; i++)
		if (notes[i].day == s->day && notes[i].id == id)
			return &notes[i];
	for (size_t i = 0; i < NOTE_WAYS; i++) {
		if (notes[i].day != s->day) {
			least = &notes[i];
			break;
		}
		if (notes[i].total < least->total)
			least = &notes[i];
	}
	if (least->day == s->day && least->total >= total)
		return NULL;
	if (least->day == s->day && least->is_over)
		s->notes_over--;
	*least = (struct note){.id = id};
	return least;
}

static void
note_client(const struct gates *g, size_t set, uint64_t id, uint64_t total)
{
	struct gate_sum *s = g->sum;
	struct note *n = take_note(s, set, id, total);
	uint64_t quota = g->options.quota;
	char name[ACCESS_NAME];
	bool is_new, is_over;

	if (n == NULL)
		return;
	is_new = n->day != s->day;
	n->day = s->day;
	if (total > n->total)
		n->total = total;
	is_over = n->total >= quota;
	if (is_over != n->is_over || is_new)
		tell(s, "client", format_client(g, id, name), quota, g->options.warn_at,
			!is_over                           ? NULL :
				(id & GATE_ID_PROVEN) != 0 ? over_proven :
							     over_unproven);
	s->notes_over += is_over && !n->is_over;
	n->is_over |= is_over;
}

/* Is it much in all, if the other workers have as many? For nearly all clients this is the end of
 * it. */
static bool
may_matter(const struct gates *g, uint64_t count, uint64_t warn)
{
	uint64_t all = count * g->options.workers;

	return all >= warn || all > least_of_tops(&g->sum->tops);
}

/* At a worker before w? */
static bool
has_mattered(const struct gates *g, size_t set, uint64_t id, size_t w, uint64_t warn)
{
	for (size_t i = 0; i < w; i++)
		if (may_matter(g, count_at(g, i, set, id), warn))
			return true;
	return false;
}

static void
consider_client(const struct gates *g, size_t w, size_t set, uint64_t id, uint64_t warn)
{
	struct gate_sum *s = g->sum;
	uint64_t total;

	/* Was it considered at a worker before? */
	if (w != 0 && has_mattered(g, set, id, w, warn))
		return;
	total = sum_client(g, set, id);
	if (total > least_of_tops(&s->tops))
		offer_top(&s->tops, &(struct top){id, total, total >= g->options.quota});
	if (total >= warn)
		note_client(g, set, id, total);
}

static void
sum_set(const struct gates *g, size_t set, uint64_t warn)
{
	struct gate_sum *s = g->sum;
	struct note *notes = &s->notes[set * NOTE_WAYS];

	for (size_t w = 0; w < g->options.workers; w++)
		for (size_t i = 0; i < GATE_WAYS && is_of_day(g, w); i++) {
			const struct gate_client *entry = &g->each[w]->clients[set].each[i];
			uint64_t id = atomic_load_explicit(&entry->id, memory_order_acquire);

			if (id == 0)
				continue;
			s->used[w]++;
			if (may_matter(g, atomic_load_explicit(&entry->count, memory_order_relaxed),
				    warn))
				consider_client(g, w, set, id, warn);
		}
	for (size_t i = 0; s->notes_over != 0 && i < NOTE_WAYS; i++)
		if (notes[i].day == s->day && notes[i].is_over)
			mark_client(g, set, i, notes[i].id);
}

/* True: the round is complete. */
static bool
sum_clients(const struct gates *g)
{
	struct gate_sum *s = g->sum;
	uint64_t warn = warn_level(g->options.quota, g->options.warn_at);
	size_t sets = g->each[0]->sets, turn = SCAN_LINES / g->options.workers + 1;

	for (; s->next < sets && turn != 0; turn--, s->next++)
		sum_set(g, s->next, warn);
	return s->next == sets;
}

static void
report_clients(const struct gates *g)
{
	struct gate_sum *s = g->sum;
	struct access_report *r = &s->report;

	r->clients = 0;
	r->clients_over = s->notes_over;
	for (size_t w = 0; w < g->options.workers; w++) {
		if (s->used[w] > r->clients)
			r->clients = s->used[w];
		s->used[w] = 0;
	}
	r->client_count = s->tops.count;
	for (size_t i = 0; i < s->tops.count; i++) {
		const struct top *top = &s->tops.each[i];
		struct access_row *row = &r->client_top[i];

		*row = (struct access_row){.today = top->total, .quota = g->options.quota};
		row->is_over = top->is_over;
		format_client(g, top->id, row->name);
	}
	s->tops.count = 0;
	s->next = 0;
}

/* --- keys ------------------------------------------------------------------- */

static void
report_key(struct access_report *r, const struct key_table *keys, const struct top *top)
{
	struct access_row *row = &r->key_top[r->key_count++];
	struct key_use use;

	key_table_use_of(keys, top->id, &use);
	*row = (struct access_row){.today = use.today, .quota = use.quota, .is_key = 1};
	row->is_over = use.is_over;
	snprintf(row->name, sizeof(row->name), "%.*s", TEXT_ARG(use.owner));
}

static void
tell_key(const struct gates *g, struct key_table *keys, size_t i, const struct key_use *use)
{
	uint8_t level = use->quota == 0  ? 0 :
		use->today >= use->quota ? 2 :
					   use->today >= warn_level(use->quota, g->options.warn_at);
	char name[ACCESS_NAME];

	if (!key_table_tell(keys, i, level))
		return;
	snprintf(name, sizeof(name), "%.*s", TEXT_ARG(use->owner));
	tell(g->sum, "the key of", name, use->quota, g->options.warn_at,
		level == 2 ? over_proven : NULL);
}

static void
sum_keys(const struct gates *g, struct key_table *keys)
{
	struct access_report *r = &g->sum->report;
	struct tops tops = {.count = 0};
	struct key_use use;

	r->keys = r->keys_over = r->key_count = 0;
	if (keys != NULL)
		key_table_sum(keys, g->sum->day);
	for (size_t i = 0; i < key_table_count(keys); i++) {
		key_table_use_of(keys, i, &use);
		if (use.today == 0)
			continue;
		r->keys++;
		r->keys_over += use.is_over;
		tell_key(g, keys, i, &use);
		if (use.today > least_of_tops(&tops))
			offer_top(&tops, &(struct top){i, use.today, use.is_over});
	}
	for (size_t i = 0; i < tops.count; i++)
		report_key(r, keys, &tops.each[i]);
}

/* --- all of it ---------------------------------------------------------------- */

static uint64_t
load(const _Atomic uint64_t *counter)
{
	return atomic_load_explicit(counter, memory_order_relaxed);
}

static void
sum_counts(const struct gates *g)
{
	struct access_report *r = &g->sum->report;

	r->uncounted = r->limited = r->dropped = r->refused_over = r->refused_key = 0;
	for (size_t w = 0; w < g->options.workers; w++) {
		const struct gate_counts *c = &g->each[w]->counts;

		r->uncounted += load(&c->uncounted);
		r->limited += load(&c->limited);
		r->dropped += load(&c->dropped);
		r->refused_over += load(&c->refused_over);
		r->refused_key += load(&c->refused_key);
	}
}

static void
begin_day(const struct gates *g, int64_t day)
{
	struct gate_sum *s = g->sum;

	s->day = s->report.day = day;
	s->lines = 0;
	s->notes_over = 0;
	s->next = 0;
	s->tops.count = 0;
	s->report.clients = s->report.clients_over = s->report.client_count = 0;
	for (size_t w = 0; w < g->options.workers; w++)
		s->used[w] = 0;
}

void
gates_sum(struct gates *g, struct key_table *keys, int64_t now_s)
{
	int64_t day = now_s / GATE_DAY_S;

	if (g == NULL)
		return;
	if (g->sum->day != day)
		begin_day(g, day);
	sum_keys(g, keys);
	sum_counts(g);
	if (g->each[0]->clients != NULL && sum_clients(g))
		report_clients(g);
	if (g->options.shared != NULL)
		access_shared_write(g->options.shared, &g->sum->report);
}
