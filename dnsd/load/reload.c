#include "reload.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <orbl/log.h>

#include "catalog.h"
#include "source.h"
#include "zone_table.h"

#define NONE SIZE_MAX

enum { CATALOG_PATIENCE_S = 60 };

/* A source and the state of its loading. */
struct load {
	struct source source;
	char label[160]; /* its zones, for the log */
	bool wanted;     /* waits for the loader */
	bool is_previous;
	bool is_old; /* and that was logged */
	int64_t loaded_s;
	size_t skipped;     /* lines, by the loader */
	struct error error; /* of the last try */
};

struct reload {
	struct reload_options options;
	size_t loading;    /* which one the loader compiles, or NONE */
	size_t long_zones; /* that were warned about */
	struct zone_table table;
	struct zone_set *zones;       /* in service */
	struct load *loads;           /* one a source of the table */
	struct zone_table_data *data; /* of each, for a set that is built */
	struct error *told;           /* of each entry, what was logged last */
	struct catalog catalog;
	char catalog_lacks[WIRE_NAME_TEXT]; /* a zone that is not ready */
	int64_t catalog_lacks_s;            /* since when; 0: that was told */
};

/* --- the zones given -------------------------------------------------------------- */

static void
add_label(struct load *l, const struct feed_zone *zone)
{
	size_t len = strlen(l->label);

	snprintf(l->label + len, sizeof(l->label) - len, "%s%s", len != 0 ? ", " : "zone ",
		zone_table_name(zone));
}

/* --- the set in service ------------------------------------------------------------ */

static void
log_not_served(struct reload *r)
{
	for (size_t i = 0; i < r->table.entry_count; i++) {
		const struct zone_table_entry *entry = &r->table.entries[i];
		bool is_new = strcmp(entry->error.text, r->told[i].text) != 0;

		r->told[i] = entry->error;
		if (is_new && entry->error.code != OK)
			log_error("zone %s: %s; it answers SERVFAIL", zone_table_name(entry->zone),
				entry->error.text);
	}
}

/* Zones that are new must have their rows by then: whoever answers looks for them. */
static enum err
hand_out(struct reload *r, const struct load *replaced, const struct source_data *by,
	struct zone_set *zones, struct error *e)
{
	const struct reload_publisher *p = &r->options.publisher;

	if (r->options.stats != NULL)
		stats_register(r->options.stats, zones);
	if (p->publish == NULL || replaced == NULL)
		return OK;
	return p->publish(p->context, (size_t)(replaced - r->loads), by,
		by->snapshot != NULL && by->snapshot == replaced->source.data.snapshot, e);
}

static void
replace(struct reload *r, struct load *replaced, const struct source_data *by,
	struct zone_set *zones)
{
	if (r->options.stats != NULL)
		stats_describe(r->options.stats, zones);
	zone_set_free(r->zones);
	r->zones = zones;
	if (replaced == NULL)
		return;
	source_close(&replaced->source.data, by);
	replaced->source.data = *by;
}

/* Told when their number changes: once, and not at each load. */
static void
warn_of_long_zones(struct reload *r, const struct zone_set *zones)
{
	const struct zone *first = NULL;
	char name[WIRE_NAME_TEXT];
	size_t count = 0;

	for (size_t i = 0; i < zone_set_count(zones); i++) {
		const struct zone *zone = zone_set_get(zones, i);

		if (!zone->is_ready || !zone_negative_is_long(zone, r->options.amplification))
			continue;
		if (count++ == 0)
			first = zone;
	}
	if (count != 0 && count != r->long_zones)
		log_warning("zone %s%s: negative answers are more than %u times as long as the "
			    "shortest query, so that clients without a cookie are sent to TCP; use "
			    "shorter names of server and mailbox in the SOA",
			wire_name_format(first->origin, name), count > 1 ? " and others" : "",
			(unsigned)r->options.amplification);
	r->long_zones = count;
}

static struct zone_table_data
data_of(const struct source_data *data)
{
	return (struct zone_table_data){data->snapshot, data->delta};
}

/* Publish a set with one source's data replaced, or none. New data that make a zone impossible that
 * was served are refused, as is a bad name at start. */
static enum err
publish(struct reload *r, struct load *replaced, const struct source_data *by, struct error *e)
{
	struct zone_set *zones;
	enum err err;

	for (size_t i = 0; i < r->table.source_count; i++)
		r->data[i] = data_of(&r->loads[i] == replaced ? by : &r->loads[i].source.data);
	err = zone_table_build(&r->table, r->data, replaced == NULL, &zones, e);
	if (err != OK)
		return err;
	err = hand_out(r, replaced, by, zones, e);
	if (err != OK) {
		zone_set_free(zones);
		return err;
	}
	log_not_served(r);
	replace(r, replaced, by, zones);
	warn_of_long_zones(r, zones);
	zone_table_accept(&r->table);
	return OK;
}

static enum err
open_table(struct reload *r, struct error *e)
{
	const struct reload_options *o = &r->options;
	enum err err = zone_table_init(&r->table, o->zones, o->zone_count, o->max_age_s, e);
	size_t room = r->table.entry_count + 1;

	if (err != OK)
		return err;
	r->loads = calloc(room, sizeof(*r->loads));
	r->data = calloc(room, sizeof(*r->data));
	r->told = calloc(room, sizeof(*r->told));
	if (r->loads == NULL || r->data == NULL || r->told == NULL)
		return error_set(e, ERR_MEMORY, "out of memory for %zu zones", room);
	for (size_t i = 0; i < r->table.source_count; i++)
		r->loads[i].source = (struct source){.feed = r->table.sources[i],
			.data = source_nothing()};
	for (size_t i = 0; i < r->table.entry_count; i++)
		add_label(&r->loads[r->table.entries[i].source], r->table.entries[i].zone);
	return OK;
}

enum err
reload_new(const struct reload_options *options, struct reload **out, struct error *e)
{
	const struct source_data nothing = source_nothing();
	struct reload *r = calloc(1, sizeof(*r));
	enum err err;

	*out = NULL;
	if (r == NULL)
		return error_set(e, ERR_MEMORY, "out of memory for zones");
	r->options = *options;
	r->loading = NONE;
	err = open_table(r, e);
	if (err == OK)
		err = publish(r, NULL, &nothing, e);
	if (err == OK)
		*out = r;
	else
		reload_free(r);
	return err;
}

void
reload_free(struct reload *r)
{
	const struct source_data nothing = source_nothing();

	if (r == NULL)
		return;
	zone_set_free(r->zones);
	for (size_t i = 0; r->loads != NULL && i < r->table.source_count; i++)
		source_close(&r->loads[i].source.data, &nothing);
	zone_table_free(&r->table);
	free(r->loads);
	free(r->data);
	free(r->told);
	free(r);
}

/* --- one source -------------------------------------------------------------------- */

/* After an error this is news, otherwise for the curious. */
static void
log_success(const struct load *l, bool is_news)
{
	const struct source_data *data = &l->source.data;
	char text[FEED_PATHS_MAX + 320], delta[48] = "";

	if (data->delta != NULL)
		snprintf(delta, sizeof(delta), ", delta with serial %u",
			(unsigned)snapshot_serial(data->delta));
	snprintf(text, sizeof(text), "%s: serving %s, serial %u, %zu entries%s", l->label,
		l->source.feed->paths, (unsigned)snapshot_serial(data->snapshot),
		snapshot_entries(data->snapshot), delta);
	if (is_news)
		log_notice("%s", text);
	else
		log_info("%s", text);
}

/* Said once for each reason: what is not there yet is looked for again and again. */
static void
note_failure(struct load *l, const struct error *e)
{
	const struct source_data *data = &l->source.data;
	bool is_new = l->error.code != e->code || strcmp(l->error.text, e->text) != 0;

	l->error = *e;
	if (!is_new)
		return;
	if (data->snapshot == NULL)
		log_error("%s: %s; it answers SERVFAIL until that can be loaded", l->label,
			e->text);
	else
		log_error("%s: %s; serial %u stays in service", l->label, e->text,
			(unsigned)snapshot_serial(
				data->delta != NULL ? data->delta : data->snapshot));
}

/* A zone that comes by transfer has no file before it came. False: that is not the reason. */
static bool
note_awaited(struct load *l)
{
	static const char text[] = "waiting for its first transfer";
	char previous[FEED_PATHS_MAX + 8];

	snprintf(previous, sizeof(previous), "%s.prev", l->source.feed->paths);
	if (l->source.feed->kind != FEED_TRANSFER || l->source.data.snapshot != NULL ||
		source_stamp_read(l->source.feed->paths).exists ||
		source_stamp_read(previous).exists)
		return false;
	if (strcmp(l->error.text, text) != 0)
		log_notice("%s: %s; it answers SERVFAIL until that comes", l->label, text);
	error_set(&l->error, ERR_NOT_FOUND, "%s", text);
	return true;
}

/* Takes next, of which parts may be in service. */
static bool
take_into_service(struct reload *r, struct load *l, const struct source_data *next, int64_t now_s)
{
	struct error e = {.code = OK};
	bool had_failed = l->error.code != OK;

	if (publish(r, l, next, &e) != OK) {
		source_close(next, &l->source.data);
		note_failure(l, &e);
		return false;
	}
	l->is_previous = false;
	l->loaded_s = now_s;
	l->error = (struct error){.code = OK};
	log_success(l, had_failed);
	return true;
}

/* At start only: with data in service the generation before them is no gain. */
static void
load_previous(struct reload *r, struct load *l, int64_t now_s)
{
	struct source_data next;
	struct error e = {.code = OK};

	if (source_open_previous(&l->source, &next, &e) != OK)
		return;
	if (publish(r, l, &next, &e) != OK) {
		source_close(&next, &l->source.data);
		return;
	}
	l->is_previous = true;
	l->loaded_s = now_s;
	log_warning("%s: serving %s.prev, serial %u, instead", l->label, l->source.feed->paths,
		(unsigned)snapshot_serial(next.snapshot));
}

static bool
is_in_service(const struct source_data *data, const struct source_data *other)
{
	return data->snapshot == other->snapshot && data->delta == other->delta;
}

static void
load_snapshot(struct reload *r, struct load *l, bool anew, int64_t now_s)
{
	struct error e = {.code = OK}, about_delta = {.code = OK};
	struct source_data next;

	if (source_open(&l->source, anew, &next, &about_delta, &e) != OK) {
		if (note_awaited(l))
			return;
		source_explain(&l->source, &e);
		note_failure(l, &e);
		if (l->source.data.snapshot == NULL)
			load_previous(r, l, now_s);
		return;
	}
	if (is_in_service(&next, &l->source.data)) {
		l->source.data = next;
		if (about_delta.code == OK && l->error.code != OK) {
			l->error = (struct error){.code = OK};
			log_success(l, true);
		}
	} else if (!take_into_service(r, l, &next, now_s)) {
		return;
	}
	if (about_delta.code != OK)
		note_failure(l, &about_delta);
}

/* --- data that grow old ------------------------------------------------------------- */

/* When the data are refused for their age, as zone_set does; 0: never. */
static int64_t
stale_s(const struct reload *r, const struct source_data *data)
{
	const struct snapshot *newest = data->delta != NULL ? data->delta : data->snapshot;
	int64_t stale_s = 0;

	for (size_t i = 0; newest != NULL && i < snapshot_zone_count(newest); i++) {
		struct snapshot_zone zone;

		snapshot_zone(newest, i, &zone);
		if (zone.expires_s != 0 && (stale_s == 0 || zone.expires_s < stale_s))
			stale_s = zone.expires_s;
	}
	if (newest != NULL && r->options.max_age_s != 0) {
		int64_t too_old_s = snapshot_created_s(newest) + r->options.max_age_s;

		if (stale_s == 0 || too_old_s < stale_s)
			stale_s = too_old_s;
	}
	return stale_s;
}

static bool
is_old(const struct reload *r, const struct source_data *data, int64_t now_s)
{
	int64_t end_s = stale_s(r, data);

	return end_s != 0 && end_s <= now_s;
}

/* Said once: nothing fails when data only grow old, but the zone is out of service. */
static void
note_age(const struct reload *r, struct load *l, int64_t now_s)
{
	const struct source_data *data = &l->source.data;
	bool old = is_old(r, data, now_s);

	if (old == l->is_old)
		return;
	l->is_old = old;
	if (old)
		log_error("%s: %s is too old (dnsd.max_age) or has expired ($TIMESTAMP); it "
			  "answers "
			  "SERVFAIL until there are newer data",
			l->label, l->source.feed->paths);
	else
		log_notice("%s: %s is new enough again, serial %u", l->label, l->source.feed->paths,
			(unsigned)snapshot_serial(
				data->delta != NULL ? data->delta : data->snapshot));
}

/* --- the catalog ---------------------------------------------------------------------- */

static bool
is_catalog(const struct load *l)
{
	return l->source.feed->kind == FEED_CATALOG;
}

/* A zone that is being loaded is none to tell of. */
static void
note_missing(struct reload *r, const struct load *l, const char *missing, int64_t now_s)
{
	if (strcmp(missing, r->catalog_lacks) != 0) {
		snprintf(r->catalog_lacks, sizeof(r->catalog_lacks), "%s", missing);
		r->catalog_lacks_s = now_s;
		if (missing[0] != '\0')
			log_debug("%s: not made anew while zone %s is not ready", l->label,
				missing);
	}
	if (missing[0] == '\0' || r->catalog_lacks_s == 0 ||
		now_s - r->catalog_lacks_s < CATALOG_PATIENCE_S)
		return;
	r->catalog_lacks_s = 0;
	log_notice("%s: not made anew while zone %s is not ready, as secondaries would drop that",
		l->label, missing);
}

/* After the set in service has changed. */
static void
make_catalog(struct reload *r, size_t entry, int64_t now_s)
{
	struct load *l = &r->loads[r->table.entries[entry].source];
	struct source_data next = source_nothing();
	const struct catalog before = r->catalog;
	char missing[WIRE_NAME_TEXT];
	struct error e = {.code = OK};

	if (catalog_make(&r->catalog, r->zones, r->table.entries[entry].zone->origin, now_s,
		    &next.snapshot_fd, missing, &e) != OK) {
		note_failure(l, &e);
		return;
	}
	note_missing(r, l, missing, now_s);
	if (next.snapshot_fd < 0)
		return;
	if (snapshot_open_fd(next.snapshot_fd, "the catalog", &next.snapshot, &e) != OK) {
		close(next.snapshot_fd);
		note_failure(l, &e);
		r->catalog = before;
	} else if (!take_into_service(r, l, &next, now_s)) {
		r->catalog = before;
	}
}

static void
refresh_catalog(struct reload *r, int64_t now_s)
{
	for (size_t i = 0; i < r->table.entry_count; i++)
		if (r->table.entries[i].zone->source.kind == FEED_CATALOG)
			make_catalog(r, i, now_s);
}

/* --- the loader ---------------------------------------------------------------------- */

static void
request_next(struct reload *r, int64_t now_s)
{
	struct error e = {.code = OK};

	for (size_t i = 0; i < r->table.source_count && r->loading == NONE; i++) {
		struct load *l = &r->loads[i];

		if (!l->wanted)
			continue;
		l->wanted = false;
		/* Taken before the files are read: a change in between is seen the next time. */
		source_look(&l->source, &l->source.look);
		if (loader_request(r->options.loader, l->source.feed, now_s, &e) == OK)
			r->loading = i;
		else
			note_failure(l, &e);
	}
}

static void
log_warnings(const struct load *l, const char *warnings)
{
	struct text rest = text_of(warnings), line;

	while (text_next_line(&rest, &line))
		log_warning("%s: %.*s", l->label, TEXT_ARG(line));
}

void
reload_loaded(struct reload *r, int64_t now_s)
{
	struct load *l = &r->loads[r->loading];
	struct source_data next = source_nothing();
	struct loader_result result;
	struct error e = {.code = OK};

	r->loading = NONE;
	loader_receive(r->options.loader, &result);
	log_warnings(l, result.warnings);
	next.snapshot_fd = result.fd;
	if (result.fd < 0) {
		source_explain(&l->source, &result.error);
		note_failure(l, &result.error);
	} else if (snapshot_open_fd(result.fd, l->source.feed->paths, &next.snapshot, &e) == OK) {
		if (take_into_service(r, l, &next, now_s))
			l->skipped = result.skipped;
	} else {
		close(result.fd);
		note_failure(l, &e);
	}
	note_age(r, l, now_s);
	request_next(r, now_s);
	refresh_catalog(r, now_s);
}

void
reload_request(struct reload *r, bool all, int64_t now_s)
{
	struct source_look look;

	for (size_t i = 0; i < r->table.source_count; i++) {
		struct load *l = &r->loads[i];
		bool has_changed = source_look(&l->source, &look);

		if (is_catalog(l) || (!all && !has_changed && l->error.code == OK))
			continue;
		if (l->source.feed->kind == FEED_RBLDNSD) {
			l->wanted = true;
			continue;
		}
		l->source.look = look;
		load_snapshot(r, l, all, now_s);
	}
	for (size_t i = 0; i < r->table.source_count; i++)
		if (!is_catalog(&r->loads[i]))
			note_age(r, &r->loads[i], now_s);
	request_next(r, now_s);
	refresh_catalog(r, now_s);
}

bool
reload_is_busy(const struct reload *r)
{
	return r->loading != NONE;
}

/* --- status --------------------------------------------------------------------------- */

const struct zone_set *
reload_zones(const struct reload *r)
{
	return r->zones;
}

size_t
reload_source_count(const struct reload *r)
{
	return r->table.source_count;
}

const struct source *
reload_source(const struct reload *r, size_t i)
{
	return &r->loads[i].source;
}

size_t
reload_count(const struct reload *r)
{
	return r->table.entry_count;
}

void
reload_status(const struct reload *r, size_t i, int64_t now_s, struct reload_status *out)
{
	const struct zone_table_entry *entry = &r->table.entries[i];
	const struct load *l = &r->loads[entry->source];
	const struct error *e = l->error.code != OK ? &l->error : &entry->error;

	out->zone = entry->zone;
	out->snapshot = l->source.data.snapshot;
	out->delta = l->source.data.delta;
	out->is_served = entry->is_served;
	out->loaded_s = l->loaded_s;
	out->is_previous = l->is_previous;
	out->skipped = l->skipped;
	out->is_loading = l->wanted || r->loading == entry->source;
	out->is_old = !is_catalog(l) && is_old(r, &l->source.data, now_s);
	out->error = e->text;
	out->code = err_name(e->code);
}
