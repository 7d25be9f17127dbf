#include "status.h"

static json_t *
describe_zone(const struct reload_status *s)
{
	const char *state = s->snapshot == NULL ? "not ready" :
		s->error[0] != '\0'             ? "old data" :
						  "serving";
	json_t *zone = json_pack("{s:s, s:s, s:s, s:b}", "zone", s->zone->origin, "file",
		s->zone->path, "state", state, "loading", s->is_loading);

	if (s->snapshot != NULL)
		json_object_update_new(zone,
			json_pack("{s:I, s:I, s:I, s:I, s:b}", "serial",
				(json_int_t)snapshot_serial(s->snapshot), "created",
				(json_int_t)snapshot_created_s(s->snapshot), "entries",
				(json_int_t)snapshot_entries(s->snapshot), "loaded",
				(json_int_t)s->loaded_s, "previous", s->is_previous));
	if (s->error[0] != '\0')
		json_object_update_new(zone,
			json_pack("{s:s, s:s}", "error", s->code, "message", s->error));
	return zone;
}

json_t *
status_zones(const struct reload *r)
{
	json_t *zones = json_array();

	for (size_t i = 0; i < reload_count(r); i++) {
		struct reload_status status;

		reload_status(r, i, &status);
		json_array_append_new(zones, describe_zone(&status));
	}
	return zones;
}

json_t *
status_reload(const struct reload *r)
{
	for (size_t i = 0; i < reload_count(r); i++) {
		struct reload_status status;
		json_t *answer;

		reload_status(r, i, &status);
		if (status.error[0] == '\0')
			continue;
		answer = json_pack("{s:b, s:s, s:s, s:s}", "ok", 0, "error", status.code, "message",
			status.error, "zone", status.zone->origin);
		json_object_set_new(answer, "zones", status_zones(r));
		return answer;
	}
	return json_pack("{s:b, s:o}", "ok", 1, "zones", status_zones(r));
}
