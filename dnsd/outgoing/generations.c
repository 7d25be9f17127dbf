#include "generations.h"

#include <stdlib.h>
#include <string.h>

#include "zone_records.h"

/* A snapshot that several generations have. */
struct shared {
	struct snapshot *snapshot;
	size_t users;
};

/* Data of a source. */
struct version {
	struct shared *snapshot, *delta; /* NULL: none */
};

struct generation {
	size_t users;
	size_t source;    /* whose data made it */
	bool is_restored; /* by generations_take_older */
	size_t source_count;
	struct zone_set *zones; /* NULL: not made yet (is_restored) */
	struct generation *older;
	struct error **checks;     /* of each zone that was checked: OK, or why it cannot be sent */
	struct version versions[]; /* of each source */
};

struct generations {
	struct zone_table *table;
	size_t history;
	struct generation *newest;
};

static const char no_memory[] = "out of memory for a version of the zones";

enum { SNAPSHOTS_MAX = 2 }; /* distinct whole ones of a source */

/* --- snapshots ---------------------------------------------------------- */

static void
shared_release(struct shared *s)
{
	if (s == NULL || --s->users != 0)
		return;
	snapshot_close(s->snapshot);
	free(s);
}

static struct shared *
shared_hold(struct shared *s)
{
	if (s != NULL)
		s->users++;
	return s;
}

/* Closes the snapshot when it fails. */
static struct shared *
share(struct snapshot *snapshot)
{
	struct shared *s = malloc(sizeof(*s));

	if (s == NULL)
		snapshot_close(snapshot);
	else
		*s = (struct shared){snapshot, 1};
	return s;
}

static bool
is_same(const struct snapshot *a, const struct snapshot *b)
{
	return snapshot_checksum(a) == snapshot_checksum(b) &&
		snapshot_created_s(a) == snapshot_created_s(b) &&
		snapshot_serial(a) == snapshot_serial(b) &&
		snapshot_entries(a) == snapshot_entries(b);
}

/* Versions of one base share it, which is what makes their difference small. */
static struct shared *
share_base(const struct generations *g, size_t source, struct snapshot *snapshot)
{
	for (const struct generation *n = g->newest; n != NULL; n = n->older) {
		struct shared *s = n->versions[source].snapshot;

		if (s != NULL && is_same(s->snapshot, snapshot)) {
			snapshot_close(snapshot);
			return shared_hold(s);
		}
	}
	return share(snapshot);
}

/* --- generations -------------------------------------------------------- */

struct generation *
generation_hold(struct generation *n)
{
	n->users++;
	return n;
}

void
generation_release(struct generation *n)
{
	if (n == NULL || --n->users != 0)
		return;
	for (size_t i = 0; n->checks != NULL && i < zone_set_count(n->zones); i++)
		free(n->checks[i]);
	free(n->checks);
	zone_set_free(n->zones);
	for (size_t i = 0; i < n->source_count; i++) {
		shared_release(n->versions[i].snapshot);
		shared_release(n->versions[i].delta);
	}
	free(n);
}

const struct zone_set *
generation_zones(const struct generation *n)
{
	return n->zones;
}

const struct zone *
generation_zone(const struct generation *n, const uint8_t *origin, size_t origin_len)
{
	for (size_t i = 0; i < zone_set_count(n->zones); i++) {
		const struct zone *z = zone_set_get(n->zones, i);

		if (z->apex == z && z->origin_len == origin_len &&
			memcmp(z->origin, origin, origin_len) == 0)
			return z;
	}
	return NULL;
}

enum err
generation_check(struct generation *n, const struct zone *z, uint64_t expand, struct error *e)
{
	struct error *check;
	size_t i = 0;

	if (n->checks == NULL)
		n->checks = calloc(zone_set_count(n->zones), sizeof(struct error *));
	if (n->checks == NULL)
		return error_set(e, ERR_MEMORY, "out of memory for a transfer");
	while (zone_set_get(n->zones, i) != z)
		i++;
	check = n->checks[i];
	if (check == NULL) {
		check = calloc(1, sizeof(*check));
		if (check == NULL)
			return error_set(e, ERR_MEMORY, "out of memory for a transfer");
		if (zone_records_check(n->zones, z, expand, check) == ERR_MEMORY) {
			free(check);
			return error_set(e, ERR_MEMORY, "out of memory for a transfer");
		}
		n->checks[i] = check;
	}
	return check->code == OK ? OK : error_set(e, check->code, "%s", check->text);
}

/* --- what is kept ------------------------------------------------------- */

struct generations *
generations_new(struct zone_table *table, size_t history)
{
	struct generations *g = malloc(sizeof(*g));

	if (g != NULL)
		*g = (struct generations){.table = table, .history = history};
	return g;
}

void
generations_free(struct generations *g)
{
	if (g == NULL)
		return;
	while (g->newest != NULL) {
		struct generation *n = g->newest;

		g->newest = n->older;
		generation_release(n);
	}
	free(g);
}

/* Is it of the newest snapshots of the source, the newest generation's and the one before? */
static bool
has_old_snapshot(const struct generations *g, const struct generation *n, size_t source)
{
	const struct shared *seen[SNAPSHOTS_MAX] = {NULL}, *own = n->versions[source].snapshot;
	size_t count = 0;

	for (const struct generation *i = g->newest; i != NULL; i = i->older) {
		const struct shared *s = i->versions[source].snapshot;
		bool is_new = true;

		if (s == own)
			return false;
		for (size_t k = 0; k < count; k++)
			is_new &= seen[k] != s;
		if (s == NULL || !is_new)
			continue;
		if (count == SNAPSHOTS_MAX - 1)
			return true;
		seen[count++] = s;
	}
	return false;
}

static void
drop_old(struct generations *g, size_t source)
{
	size_t versions = 0;
	struct generation **at = &g->newest;

	while (*at != NULL) {
		struct generation *n = *at;
		bool is_newest = n == g->newest;

		versions += n->source == source;
		if (!is_newest &&
			((n->source == source && versions > g->history + 1) ||
				has_old_snapshot(g, n, source))) {
			*at = n->older;
			generation_release(n);
		} else {
			at = &n->older;
		}
	}
}

/* --- what is new -------------------------------------------------------- */

static enum err
build(const struct generations *g, struct generation *n, struct error *e)
{
	struct zone_table_data *data = calloc(n->source_count + 1, sizeof(*data));
	enum err err;

	if (data == NULL)
		return error_set(e, ERR_MEMORY, "%s", no_memory);
	for (size_t i = 0; i < n->source_count; i++) {
		const struct version *v = &n->versions[i];

		data[i].snapshot = v->snapshot != NULL ? v->snapshot->snapshot : NULL;
		data[i].delta = v->delta != NULL ? v->delta->snapshot : NULL;
	}
	err = zone_table_build(g->table, data, false, &n->zones, e);
	free(data);
	return err;
}

/* The sources of the newest generation, but for the one that changes. */
static struct generation *
make(const struct generations *g, size_t source)
{
	size_t count = g->table->source_count;
	struct generation *n = calloc(1, sizeof(*n) + count * sizeof(n->versions[0]));

	if (n == NULL)
		return NULL;
	n->users = 1;
	n->source = source;
	n->source_count = count;
	for (size_t i = 0; g->newest != NULL && i < count; i++) {
		if (i == source)
			continue;
		n->versions[i].snapshot = shared_hold(g->newest->versions[i].snapshot);
		n->versions[i].delta = shared_hold(g->newest->versions[i].delta);
	}
	return n;
}

enum err
generations_take(struct generations *g, size_t source, struct snapshot *snapshot,
	struct snapshot *delta, struct error *e)
{
	struct generation *n = source < g->table->source_count ? make(g, source) : NULL;
	enum err err = OK;

	if (n == NULL) {
		snapshot_close(snapshot);
		snapshot_close(delta);
		return error_set(e, ERR_MEMORY, "%s", no_memory);
	}
	if (snapshot != NULL)
		n->versions[source].snapshot = share_base(g, source, snapshot);
	if (delta != NULL)
		n->versions[source].delta = share(delta);
	if ((snapshot != NULL && n->versions[source].snapshot == NULL) ||
		(delta != NULL && n->versions[source].delta == NULL))
		err = error_set(e, ERR_MEMORY, "%s", no_memory);
	if (err == OK && delta != NULL)
		err = snapshot == NULL ?
			error_set(e, ERR_REFUSED, "a delta without its snapshot") :
			snapshot_check_delta(n->versions[source].snapshot->snapshot, delta, e);
	if (err == OK)
		err = build(g, n, e);
	if (err != OK) {
		generation_release(n);
		return err;
	}
	zone_table_accept(g->table);
	n->older = g->newest;
	g->newest = n;
	drop_old(g, source);
	return OK;
}

/* --- what is older ------------------------------------------------------ */

static uint32_t
serial_of(const struct version *v)
{
	return snapshot_serial((v->delta != NULL ? v->delta : v->snapshot)->snapshot);
}

static bool
is_older(const struct version *v, const struct version *than)
{
	return generations_is_newer(serial_of(than), serial_of(v));
}

/* Takes the file also when it fails. */
static enum err
open_older(const struct generations *g, size_t source, struct snapshot *file, struct version *out,
	struct error *e)
{
	struct shared *base = NULL;

	if (file == NULL) {
		out->snapshot = shared_hold(g->newest->versions[source].snapshot);
		return OK;
	}
	if (snapshot_base_checksum(file) == 0) {
		out->snapshot = share_base(g, source, file);
		return out->snapshot != NULL ? OK : error_set(e, ERR_MEMORY, "%s", no_memory);
	}
	for (const struct generation *n = g->newest; n != NULL && base == NULL; n = n->older) {
		base = n->versions[source].snapshot;
		if (base != NULL && snapshot_check_delta(base->snapshot, file, NULL) != OK)
			base = NULL;
	}
	if (base == NULL ||
		!generations_is_newer(snapshot_serial(file), snapshot_serial(base->snapshot))) {
		snapshot_close(file);
		return error_set(e, ERR_REFUSED, "it is a delta of another list");
	}
	out->snapshot = shared_hold(base);
	out->delta = share(file);
	return out->delta != NULL ? OK : error_set(e, ERR_MEMORY, "%s", no_memory);
}

/* Serials fall from version to version, and versions of a base follow one another: anything else is
 * of another history, where a serial may stand for other data. */
static enum err
find_place(struct generations *g, size_t source, const struct version *v, struct generation ***out,
	struct error *e)
{
	struct generation **at = &g->newest;
	const struct version *newer = NULL, *next;

	for (; *at != NULL; at = &(*at)->older) {
		next = &(*at)->versions[source];
		if (next->snapshot == NULL || !is_older(v, next))
			break;
		newer = next;
	}
	next = *at != NULL && (*at)->versions[source].snapshot != NULL ? &(*at)->versions[source] :
									 NULL;
	*out = at;
	if (newer == NULL || (next != NULL && !is_older(next, v)))
		return error_set(e, ERR_REFUSED, "serial %u is not older, or there already",
			(unsigned)serial_of(v));
	if (next != NULL && next->snapshot == newer->snapshot && v->snapshot != next->snapshot)
		return error_set(e, ERR_REFUSED, "serial %u is between those of another list",
			(unsigned)serial_of(v));
	return OK;
}

enum err
generations_take_older(struct generations *g, size_t source, struct snapshot *file, struct error *e)
{
	bool has_newest = source < g->table->source_count && g->newest != NULL &&
		g->newest->versions[source].snapshot != NULL;
	struct generation *n, **at;
	enum err err;

	if (!has_newest) {
		snapshot_close(file);
		return error_set(e, ERR_REFUSED, "there is no newer version");
	}
	if (file == NULL && g->newest->versions[source].delta == NULL)
		return OK;
	n = make(g, source);
	if (n == NULL) {
		snapshot_close(file);
		return error_set(e, ERR_MEMORY, "%s", no_memory);
	}
	n->is_restored = true;
	err = open_older(g, source, file, &n->versions[source], e);
	if (err == OK)
		err = find_place(g, source, &n->versions[source], &at, e);
	if (err != OK) {
		generation_release(n);
		return err;
	}
	n->older = *at;
	*at = n;
	drop_old(g, source);
	return OK;
}

/* --- looking up --------------------------------------------------------- */

struct generation *
generations_newest(const struct generations *g)
{
	return g->newest;
}

/* Snapshots that are the same are there once. */
static bool
is_same_zone(const struct zone *x, const struct zone *y)
{
	if (x->layer_count != y->layer_count || x->created_s != y->created_s)
		return false;
	for (size_t i = 0; i < x->layer_count; i++)
		if (x->layers[i].layer.set != y->layers[i].layer.set ||
			x->layers[i].layer.delta != y->layers[i].layer.delta)
			return false;
	return true;
}

/* Do the zone and those within it have the same data in both? */
static bool
is_same_data(const struct generation *a, const struct zone *x, const struct generation *b)
{
	if (zone_set_count(a->zones) != zone_set_count(b->zones))
		return false;
	for (size_t i = 0; i < zone_set_count(a->zones); i++) {
		const struct zone *z = zone_set_get(a->zones, i);

		if (z->apex == x && !is_same_zone(z, zone_set_get(b->zones, i)))
			return false;
	}
	return true;
}

/* Does its source's file say this serial, for all of its zones or for one? */
static bool
may_have(const struct generation *n, uint32_t serial)
{
	const struct version *v = &n->versions[n->source];
	const struct snapshot *file = (v->delta != NULL ? v->delta : v->snapshot)->snapshot;
	bool has = snapshot_serial(file) == serial;

	for (size_t i = 0; i < snapshot_zone_count(file) && !has; i++) {
		struct snapshot_zone zone;

		snapshot_zone(file, i, &zone);
		has = zone.apex.serial == serial;
	}
	return has;
}

/* Zones of what came from files are made when somebody asks for them: to count what is in them
 * takes a look-up for each entry of a delta. */
static bool
is_made(const struct generations *g, struct generation *n, uint32_t serial)
{
	return n->zones != NULL || (may_have(n, serial) && build(g, n, NULL) == OK);
}

/* Is it one that was never there, as it has one source's older data and another's newest? */
static bool
is_made_up(const struct generation *n, const struct zone *apex)
{
	for (size_t i = 0; n->is_restored && i < zone_set_count(n->zones); i++) {
		const struct zone *z = zone_set_get(n->zones, i);

		if (z->apex == apex && z->data_sources > 1)
			return true;
	}
	return false;
}

struct generation *
generations_find_serial(const struct generations *g, const uint8_t *origin, size_t origin_len,
	uint32_t serial)
{
	struct generation *found = NULL;
	const struct zone *of_found = NULL;

	for (struct generation *n = g->newest; n != NULL; n = n->older) {
		const struct zone *z = is_made(g, n, serial) ?
			generation_zone(n, origin, origin_len) :
			NULL;

		if (z == NULL || !z->is_ready || z->serial != serial || is_made_up(n, z))
			continue;
		if (found != NULL && !is_same_data(found, of_found, n))
			return NULL;
		if (found == NULL)
			of_found = z;
		found = found == NULL ? n : found;
	}
	return found;
}
