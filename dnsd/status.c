#include "status.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "answer.h"

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
	json_t *out = json_pack("{s:s, s:o, s:s, s:b}", "type",
		feed->kind == FEED_SNAPSHOT ? "snapshot" : feed->type, "files", list_files(feed),
		"state", state_names[state_of(s)], "loading", s->is_loading);

	if (s->snapshot != NULL)
		describe_data(s, now_s, out);
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

/* --- counters --------------------------------------------------------------------- */

#define AT(field) offsetof(struct worker_stats, field)

static const struct counter {
	const char *name;
	size_t offset;
} counters[] = {
	{"udp_queries", AT(queries[ANSWER_UDP])},
	{"tcp_queries", AT(queries[ANSWER_TCP])},
	{"answers", AT(replies[WORKER_REPLY_ANSWER])},
	{"nodata", AT(replies[WORKER_REPLY_NODATA])},
	{"nxdomain", AT(replies[WORKER_REPLY_NXDOMAIN])},
	{"refused", AT(replies[WORKER_REPLY_REFUSED])},
	{"servfail", AT(replies[WORKER_REPLY_SERVFAIL])},
	{"formerr", AT(replies[WORKER_REPLY_FORMERR])},
	{"notimp", AT(replies[WORKER_REPLY_NOTIMP])},
	{"other", AT(replies[WORKER_REPLY_OTHER])},
	{"truncated", AT(truncated)},
	{"dropped", AT(dropped)},
	{"unsent", AT(unsent)},
	{"bytes_in", AT(bytes_in)},
	{"bytes_out", AT(bytes_out)},
	{"tcp_accepted", AT(tcp_accepted)},
	{"tcp_idle", AT(tcp_idle)},
	{"tcp_evicted", AT(tcp_evicted)},
	{"tcp_refused", AT(tcp_refused)},
};

static uint64_t
read_counter(const struct worker_stats *s, const struct counter *c)
{
	uint64_t value;

	memcpy(&value, (const char *)s + c->offset, sizeof(value));
	return value;
}

json_t *
status_statistics(const struct worker_stats *s)
{
	json_t *out = json_object();

	for (size_t i = 0; i < ORBL_COUNT(counters); i++)
		json_object_set_new(out, counters[i].name,
			json_integer((json_int_t)read_counter(s, &counters[i])));
	return out;
}

const char *
status_statistics_line(const struct worker_stats *s, char out[STATUS_LINE])
{
	size_t len = 0;

	for (size_t i = 0; i < ORBL_COUNT(counters) && len < STATUS_LINE; i++)
		len += (size_t)snprintf(out + len, STATUS_LINE - len, "%s%s %" PRIu64,
			i != 0 ? ", " : "", counters[i].name, read_counter(s, &counters[i]));
	return out;
}
