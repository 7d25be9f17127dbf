#include "status.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "access_report.h"
#include "answer.h"
#include "transfer_status.h"

/* --- zones ---------------------------------------------------------------------- */

/* From the best to the worst: a zone is what the worst of its sources is. */
enum state { SERVING, OLD_DATA, TOO_OLD, NOT_READY };

static const char *const state_names[] = {"serving", "old data", "too old", "not ready"};

static enum state
state_of(const struct reload_status *s)
{
	if (s->snapshot == NULL || !s->is_served)
		return NOT_READY;
	if (s->is_old)
		return TOO_OLD;
	return s->error[0] != '\0' ? OLD_DATA : SERVING;
}

static const char *
type_of(const struct feed_source *source)
{
	switch (source->kind) {
	case FEED_SNAPSHOT: return "snapshot";
	case FEED_TRANSFER: return "transfer";
	case FEED_CATALOG: return "catalog";
	case FEED_RBLDNSD: break;
	}
	return source->type;
}

static json_t *
list_files(const struct feed_source *source)
{
	json_t *files = json_array();
	char path[FEED_PATHS_MAX];

	if (source->kind == FEED_SNAPSHOT)
		json_array_append_new(files, json_string(source->paths));
	for (size_t i = 0; source->kind != FEED_SNAPSHOT && feed_source_file(source, i, path); i++)
		json_array_append_new(files, json_string(path));
	return files;
}

static void
describe_data(const struct reload_status *s, int64_t now_s, json_t *out)
{
	const struct snapshot *newest = s->delta != NULL ? s->delta : s->snapshot;
	int64_t created_s = snapshot_created_s(newest);

	json_object_update_new(out,
		json_pack("{s:I, s:I, s:I, s:I, s:I, s:b}", "serial",
			(json_int_t)snapshot_serial(newest), "created", (json_int_t)created_s,
			"age", (json_int_t)(now_s - created_s), "entries",
			(json_int_t)snapshot_entries(s->snapshot), "loaded",
			(json_int_t)s->loaded_s, "previous", s->is_previous));
	if (s->delta != NULL)
		json_object_update_new(out,
			json_pack("{s:I, s:I, s:I}", "base_serial",
				(json_int_t)snapshot_serial(s->snapshot), "delta_serial",
				(json_int_t)snapshot_serial(s->delta), "delta_entries",
				(json_int_t)snapshot_entries(s->delta)));
}

static json_t *
describe_source(const struct reload_status *s, int64_t now_s)
{
	const struct feed_source *feed = &s->zone->source;
	json_t *out = json_pack("{s:s, s:o, s:s, s:b}", "type", type_of(feed), "files",
		list_files(feed), "state", state_names[state_of(s)], "loading", s->is_loading);

	if (s->snapshot != NULL)
		describe_data(s, now_s, out);
	if (feed->kind == FEED_RBLDNSD)
		json_object_set_new(out, "skipped", json_integer((json_int_t)s->skipped));
	if (s->error[0] != '\0')
		json_object_update_new(out,
			json_pack("{s:s, s:s}", "error", s->code, "message", s->error));
	return out;
}

static bool
is_first_of_zone(const struct reload *r, size_t i, int64_t now_s)
{
	struct reload_status status, other;

	reload_status(r, i, now_s, &status);
	for (size_t k = 0; k < i; k++) {
		reload_status(r, k, now_s, &other);
		if (strcmp(status.zone->origin, other.zone->origin) == 0)
			return false;
	}
	return true;
}

static json_t *
describe_zone(const struct reload *r, const char *origin, int64_t now_s)
{
	json_t *sources = json_array();
	enum state worst = SERVING;

	for (size_t i = 0; i < reload_count(r); i++) {
		struct reload_status status;

		reload_status(r, i, now_s, &status);
		if (strcmp(status.zone->origin, origin) != 0)
			continue;
		if (state_of(&status) > worst)
			worst = state_of(&status);
		json_array_append_new(sources, describe_source(&status, now_s));
	}
	return json_pack("{s:s, s:s, s:o}", "zone", origin, "state", state_names[worst], "sources",
		sources);
}

json_t *
status_zones(const struct reload *r, int64_t now_s)
{
	json_t *zones = json_array();

	for (size_t i = 0; i < reload_count(r); i++) {
		struct reload_status status;

		reload_status(r, i, now_s, &status);
		if (is_first_of_zone(r, i, now_s))
			json_array_append_new(zones, describe_zone(r, status.zone->origin, now_s));
	}
	return zones;
}

json_t *
status_reload(const struct reload *r, int64_t now_s)
{
	for (size_t i = 0; i < reload_count(r); i++) {
		struct reload_status status;
		json_t *answer;

		reload_status(r, i, now_s, &status);
		if (status.error[0] == '\0')
			continue;
		answer = json_pack("{s:b, s:s, s:s, s:s}", "ok", 0, "error", status.code, "message",
			status.error, "zone", status.zone->origin);
		json_object_set_new(answer, "zones", status_zones(r, now_s));
		return answer;
	}
	return json_pack("{s:b, s:o}", "ok", 1, "zones", status_zones(r, now_s));
}

void
status_tell(const struct reload *r, struct stats *s, int64_t now_s)
{
	struct reload_status status, other;

	for (size_t i = 0; i < reload_count(r); i++) {
		uint64_t skipped = 0;
		bool has_failed = false;

		if (!is_first_of_zone(r, i, now_s))
			continue;
		reload_status(r, i, now_s, &status);
		for (size_t k = i; k < reload_count(r); k++) {
			reload_status(r, k, now_s, &other);
			if (strcmp(status.zone->origin, other.zone->origin) != 0)
				continue;
			has_failed |= other.error[0] != '\0';
			skipped += other.skipped;
		}
		/* What is given for all zones is an access list, without which none is served. */
		if (status.zone->origin[0] != '\0')
			stats_tell_load(s, status.zone->origin, has_failed, skipped);
	}
}

/* --- counters --------------------------------------------------------------------- */

/* What the sums of all zones and workers are told by. */
struct totals {
	struct stats_row row;
	struct stats_common common;
};

#define ROW(field)    offsetof(struct totals, row.field)
#define COMMON(field) offsetof(struct totals, common.field)
#define REPLY(reply)  ROW(replies[ANSWER_UDP][reply]), ROW(replies[ANSWER_TCP][reply])
#define BOTH(field)   ROW(field[ANSWER_UDP]), ROW(field[ANSWER_TCP])

static const struct counter {
	const char *name;
	size_t first, second; /* which are added up; 0: none, which is the replies of the first */
} counters[] = {
	{"answers", REPLY(STATS_REPLY_ANSWER)},
	{"nodata", REPLY(STATS_REPLY_NODATA)},
	{"nxdomain", REPLY(STATS_REPLY_NXDOMAIN)},
	{"refused", REPLY(STATS_REPLY_REFUSED)},
	{"servfail", REPLY(STATS_REPLY_SERVFAIL)},
	{"formerr", REPLY(STATS_REPLY_FORMERR)},
	{"notimp", REPLY(STATS_REPLY_NOTIMP)},
	{"other", REPLY(STATS_REPLY_OTHER)},
	{"truncated", BOTH(truncated)},
	{"dropped", BOTH(dropped)},
	{"unsent", COMMON(unsent), 0},
	{"bytes_in", BOTH(bytes_in)},
	{"bytes_out", BOTH(bytes_out)},
	{"tcp_accepted", COMMON(tcp_accepted), 0},
	{"tcp_idle", COMMON(tcp_idle), 0},
	{"tcp_evicted", COMMON(tcp_evicted), 0},
	{"tcp_refused", COMMON(tcp_refused), 0},
	{"tcp_open", COMMON(tcp_open), 0},
	{"handed_over", BOTH(handed_over)},
	{"handover_lost", COMMON(handover_lost), 0},
	{"observed", COMMON(observed), 0},
	{"observations_lost", COMMON(observations_lost), 0},
};

static uint64_t
read_word(const void *from, size_t offset)
{
	uint64_t value;

	memcpy(&value, (const char *)from + offset, sizeof(value));
	return value;
}

static uint64_t
read_counter(const struct totals *t, const struct counter *c)
{
	return read_word(t, c->first) + (c->second != 0 ? read_word(t, c->second) : 0);
}

static void
read_totals(const struct stats *s, struct totals *out)
{
	stats_sum_rows(s, &out->row);
	stats_sum_common(s, &out->common);
}

json_t *
status_statistics(const struct stats *s)
{
	struct totals t;
	json_t *out;

	read_totals(s, &t);
	out = json_pack("{s:I, s:I}", "udp_queries",
		(json_int_t)stats_row_queries(&t.row, ANSWER_UDP), "tcp_queries",
		(json_int_t)stats_row_queries(&t.row, ANSWER_TCP));
	for (size_t i = 0; i < ORBL_COUNT(counters); i++)
		json_object_set_new(out, counters[i].name,
			json_integer((json_int_t)read_counter(&t, &counters[i])));
	return out;
}

const char *
status_statistics_line(const struct stats *s, char out[STATUS_LINE])
{
	struct totals t;
	size_t len;

	read_totals(s, &t);
	len = (size_t)snprintf(out, STATUS_LINE, "udp_queries %" PRIu64 ", tcp_queries %" PRIu64,
		stats_row_queries(&t.row, ANSWER_UDP), stats_row_queries(&t.row, ANSWER_TCP));
	for (size_t i = 0; i < ORBL_COUNT(counters) && len < STATUS_LINE; i++)
		len += (size_t)snprintf(out + len, STATUS_LINE - len, ", %s %" PRIu64,
			counters[i].name, read_counter(&t, &counters[i]));
	return out;
}

/* --- counters of a zone -------------------------------------------------------------- */

static json_int_t
both(const uint64_t transports[STATS_TRANSPORTS])
{
	return (json_int_t)(transports[ANSWER_UDP] + transports[ANSWER_TCP]);
}

static json_t *
describe_row(const struct stats_row *r)
{
	json_t *replies = json_object();

	for (size_t i = 0; i < STATS_REPLIES; i++)
		json_object_set_new(replies, stats_reply_name((enum stats_reply)i),
			json_integer((json_int_t)(r->replies[ANSWER_UDP][i] +
				r->replies[ANSWER_TCP][i])));
	return json_pack("{s:I, s:I, s:o, s:I, s:I, s:I, s:I, s:I}", "udp_queries",
		(json_int_t)stats_row_queries(r, ANSWER_UDP), "tcp_queries",
		(json_int_t)stats_row_queries(r, ANSWER_TCP), "replies", replies, "truncated",
		both(r->truncated), "dropped", both(r->dropped), "handed_over",
		both(r->handed_over), "bytes_in", both(r->bytes_in), "bytes_out",
		both(r->bytes_out));
}

json_t *
status_counters(const struct stats *s, int64_t now_s)
{
	json_t *out = json_array();

	for (size_t row = 0; row < stats_rows(s) && row <= STATUS_ZONES_MAX; row++) {
		struct stats_row sum;
		struct stats_zone zone;
		json_t *one;

		stats_sum_row(s, row, &sum);
		one = describe_row(&sum);
		if (!stats_zone(s, row, &zone)) {
			json_object_set_new(one, "zone", json_null());
		} else {
			json_object_update_new(one,
				json_pack("{s:s, s:s, s:I, s:I, s:I}", "zone", zone.name, "state",
					stats_state_name(stats_zone_state(&zone, now_s)), "serial",
					(json_int_t)zone.serial, "age",
					(json_int_t)(now_s - zone.created_s), "entries",
					(json_int_t)zone.entries));
		}
		json_array_append_new(out, one);
	}
	return out;
}

json_t *
status_latency(const struct stats *s)
{
	static const char *const transports[] = {[ANSWER_UDP] = "udp", [ANSWER_TCP] = "tcp"};
	static const unsigned percents[] = {50, 90, 99};
	json_t *out = json_object();

	for (unsigned i = 0; i < STATS_TRANSPORTS; i++) {
		struct stats_latency latency;
		json_t *one = json_object();

		stats_sum_latency(s, i, &latency);
		for (size_t k = 0; k < ORBL_COUNT(percents); k++) {
			char name[8];

			snprintf(name, sizeof(name), "p%u", percents[k]);
			json_object_set_new(one, name,
				json_integer((json_int_t)stats_latency_percentile_us(&latency,
					percents[k])));
		}
		json_object_set_new(out, transports[i], one);
	}
	return out;
}

/* --- who uses how much ------------------------------------------------------------------ */

static json_t *
list_users(const struct access_row *rows, uint64_t count)
{
	json_t *out = json_array();

	for (size_t i = 0; i < count && i < ACCESS_TOP; i++)
		json_array_append_new(out,
			json_pack("{s:s#, s:I, s:I, s:b}", "name", rows[i].name,
				(int)strnlen(rows[i].name, sizeof(rows[i].name)), "today",
				(json_int_t)rows[i].today, "quota", (json_int_t)rows[i].quota,
				"over", rows[i].is_over != 0));
	return out;
}

static json_t *
describe_access(const struct access_report *r)
{
	return json_pack("{s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:o, s:o}", "clients",
		(json_int_t)r->clients, "clients_over", (json_int_t)r->clients_over, "keys",
		(json_int_t)r->keys, "keys_over", (json_int_t)r->keys_over, "uncounted",
		(json_int_t)r->uncounted, "refused_over_quota", (json_int_t)r->refused_over,
		"refused_key", (json_int_t)r->refused_key, "rate_truncated", (json_int_t)r->limited,
		"rate_dropped", (json_int_t)r->dropped, "top_clients",
		list_users(r->client_top, r->client_count), "top_keys",
		list_users(r->key_top, r->key_count));
}

static json_t *
read_access(const struct access_shared *access)
{
	struct access_report *report = malloc(sizeof(*report));
	json_t *out = NULL;

	if (report != NULL && access != NULL && access_shared_read(access, report))
		out = describe_access(report);
	free(report);
	return out != NULL ? out : json_null();
}

json_t *
status_answer_stats(const struct stats *s, const struct access_shared *access, int64_t started_s,
	int64_t now_s)
{
	return json_pack("{s:b, s:I, s:I, s:o, s:o, s:o, s:o}", "ok", 1, "started",
		(json_int_t)started_s, "now", (json_int_t)now_s, "statistics", status_statistics(s),
		"latency_us", status_latency(s), "zones", status_counters(s, now_s), "access",
		read_access(access));
}

/* --- zones and their transfers ------------------------------------------------------------- */

static json_t *
time_or_null(int64_t s)
{
	return s != 0 ? json_integer((json_int_t)s) : json_null();
}

static json_t *
describe_transfer(const struct transfer_row *row)
{
	char peer[ENDPOINT_TEXT];

	return json_pack("{s:s, s:s, s:b, s:s, s:o, s:o, s:o, s:I, s:I, s:s}", "kind",
		transfer_kind_name(row->kind), "peer", endpoint_format(&row->peer, peer), "tls",
		row->over_tls != 0, "state", transfer_state_name(row->state), "serial",
		row->serial != 0 ? json_integer(row->serial) : json_null(), "last_try",
		time_or_null(row->last_try_s), "last_success", time_or_null(row->last_success_s),
		"tries", (json_int_t)row->tries, "successes", (json_int_t)row->successes, "error",
		row->error);
}

static json_t *
list_transfers(const struct transfer_status *t, const char *zone)
{
	json_t *out = json_array();
	struct transfer_row row;

	for (size_t i = 0; t != NULL && i < transfer_status_count(t); i++)
		if (transfer_status_get(t, i, &row) && strcmp(row.zone, zone) == 0)
			json_array_append_new(out, describe_transfer(&row));
	return out;
}

json_t *
status_answer_zones(const struct reload *r, const struct transfer_status *transfers, int64_t now_s)
{
	json_t *zones = status_zones(r, now_s), *zone;
	size_t i;

	json_array_foreach (zones, i, zone)
		json_object_set_new(zone, "transfers",
			list_transfers(transfers,
				json_string_value(json_object_get(zone, "zone"))));
	return json_pack("{s:b, s:I, s:o}", "ok", 1, "now", (json_int_t)now_s, "zones", zones);
}
