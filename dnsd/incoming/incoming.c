#include "incoming.h"

#include <stdlib.h>
#include <string.h>

#include <orbl/log.h>

#include "incoming_parts.h"

/* --- zones ----------------------------------------------------------------------- */

static enum err
open_zone(struct incoming *in, struct secondary *z, const struct incoming_zone *given,
	struct error *e)
{
	struct peer peer;

	z->given = *given;
	z->due_ms = INCOMING_NEVER;
	z->session.connection.fd = -1;
	z->session.tls = in->options.tls;
	if (wire_name_parse(text_of(given->origin), z->origin, &z->origin_len) != OK)
		return error_set(e, ERR_SYNTAX, "zone %.200s: not a domain name", given->origin);
	wire_name_lower(z->origin, z->origin_len);
	while (peers_primary_of(in->options.peers, given->origin, z->primary_count, &peer))
		z->primary_count++;
	if (z->primary_count == 0)
		return error_set(e, ERR_NOT_FOUND,
			"zone %.200s comes by transfer, but no primary is given for it; add a row "
			"\"%.200s ADDR[@PORT] [KEY] [tls=NAME]\" to transfer.primaries",
			given->origin, given->origin);
	z->session.origin = z->origin;
	z->session.origin_len = z->origin_len;
	return OK;
}

enum err
incoming_new(const struct incoming_options *o, struct incoming **out, struct error *e)
{
	struct incoming *in = calloc(1, sizeof(*in));
	enum err err = OK;

	*out = NULL;
	if (in != NULL)
		in->zones = calloc(o->zone_count + 1, sizeof(*in->zones));
	if (in == NULL || in->zones == NULL) {
		free(in);
		return error_set(e, ERR_MEMORY, "out of memory for zones that come by transfer");
	}
	in->options = *o;
	for (size_t i = 0; err == OK && i < o->zone_count; i++) {
		err = open_zone(in, &in->zones[i], &o->zones[i], e);
		in->count++;
	}
	if (err == OK)
		*out = in;
	else
		incoming_free(in);
	return err;
}

void
incoming_free(struct incoming *in)
{
	if (in == NULL)
		return;
	for (size_t i = 0; i < in->count; i++) {
		incoming_session_close(&in->zones[i].session);
		incoming_zone_free_stream(&in->zones[i]);
		zone_import_free(in->zones[i].records);
	}
	free(in->zones);
	free(in);
}

static struct secondary *
find_index(struct incoming *in, uint32_t index)
{
	for (size_t i = 0; i < in->count; i++)
		if (in->zones[i].given.index == index)
			return &in->zones[i];
	return NULL;
}

/* --- what we are told ---------------------------------------------------------------------- */

static void
read_timers(struct secondary *z, const struct snapshot *snapshot, const struct snapshot *newest)
{
	struct snapshot_zone zone;
	const struct snapshot_apex *a = &zone.apex;

	snapshot_zone(newest, 0, &zone);
	z->serial = a->serial != 0 ? a->serial : snapshot_serial(snapshot);
	z->refresh_s = a->refresh_s > INCOMING_TIMER_MIN_S ? a->refresh_s : INCOMING_TIMER_MIN_S;
	z->retry_s = a->retry_s > INCOMING_TIMER_MIN_S ? a->retry_s : INCOMING_TIMER_MIN_S;
	z->expire_s = incoming_zone_expire(a->refresh_s, a->retry_s, a->expire_s);
	z->expires_s = zone.expires_s;
}

void
incoming_take(struct incoming *in, uint32_t index, const struct snapshot *snapshot,
	const struct snapshot *delta, const struct incoming_times *now)
{
	struct secondary *z = find_index(in, index);
	bool was_ours;

	if (z == NULL)
		return;
	was_ours = z->waits_for_keeper;
	if (snapshot == NULL || snapshot_zone_count(snapshot) == 0) {
		z->snapshot = NULL;
		return;
	}
	if (snapshot != z->snapshot)
		z->may_read = z->records == NULL;
	z->snapshot = snapshot;
	read_timers(z, snapshot, delta != NULL ? delta : snapshot);
	if (z->records != NULL && zone_import_soa(z->records)->serial != z->serial &&
		z->session.phase == INCOMING_IDLE) {
		incoming_zone_drop(z);
		z->may_read = true;
	}
	z->waits_for_keeper = false;
	if (z->expires_s != 0 && z->expires_s - z->expire_s > z->heard_s)
		z->heard_s = z->expires_s - z->expire_s;
	if (in->has_begun && (was_ours || z->session.phase == INCOMING_IDLE))
		incoming_zone_rest(z, incoming_zone_jitter(z->refresh_s * 1000), now);
}

void
incoming_rejected(struct incoming *in, uint32_t index, const char *why,
	const struct incoming_times *now)
{
	struct secondary *z = find_index(in, index);

	if (z == NULL || !z->waits_for_keeper)
		return;
	log_warning("zone %s: what came by transfer cannot be stored or served: %s",
		z->given.origin, why);
	if (in->options.status != NULL)
		transfer_status_end(in->options.status, z->row, TRANSFER_FAILED, z->serial, now->s,
			why);
	z->waits_for_keeper = false;
	incoming_zone_drop(z);
	z->rounds++;
	incoming_zone_rest(z, incoming_zone_jitter(incoming_zone_retry_ms(z)), now);
}

void
incoming_begin(struct incoming *in, const struct incoming_times *now)
{
	in->has_begun = true;
	for (size_t i = 0; i < in->count; i++)
		in->zones[i].due_ms = now->ms;
}

/* Ask the primary that told us first. */
static void
prefer_primary(const struct incoming *in, struct secondary *z, const struct addr *from)
{
	struct peer peer;

	for (size_t i = 0; i < z->primary_count; i++)
		if (peers_primary_of(in->options.peers, z->given.origin, i, &peer) &&
			addr_equal(&peer.endpoint.addr, from)) {
			z->primary = i;
			return;
		}
}

static void
ask_soon(struct secondary *z, const struct incoming_times *now)
{
	int64_t soon_ms = z->asked_ms + INCOMING_NOTIFY_GAP_MS;

	z->asks_again = z->waits_for_keeper || z->waits_for_turn ||
		z->session.phase != INCOMING_IDLE;
	if (!z->asks_again)
		z->due_ms = soon_ms > now->ms ? soon_ms : now->ms;
}

bool
incoming_notified(struct incoming *in, const char *origin, const struct addr *from, bool has_serial,
	uint32_t serial, const struct incoming_times *now)
{
	for (size_t i = 0; i < in->count; i++) {
		struct secondary *z = &in->zones[i];

		if (strcmp(z->given.origin, origin) != 0)
			continue;
		if (has_serial && z->snapshot != NULL && !incoming_is_newer(serial, z->serial))
			return true;
		if (z->session.phase == INCOMING_IDLE && !z->waits_for_turn)
			prefer_primary(in, z, from);
		ask_soon(z, now);
		return true;
	}
	return false;
}

void
incoming_fetch(struct incoming *in, uint32_t index, const struct incoming_times *now)
{
	struct secondary *z = find_index(in, index);

	if (z != NULL)
		ask_soon(z, now);
}

/* --- the loop ----------------------------------------------------------------------------------
 */

size_t
incoming_prepare(struct incoming *in, struct pollfd polls[INCOMING_POLLS_MAX])
{
	size_t count = 0;

	for (size_t i = 0; i < in->count && count < INCOMING_POLLS_MAX; i++) {
		struct secondary *z = &in->zones[i];

		if (z->session.phase == INCOMING_IDLE)
			continue;
		polls[count] = (struct pollfd){.fd = z->session.connection.fd,
			.events = incoming_session_events(&z->session)};
		in->polled[count++] = z;
	}
	return count;
}

static int64_t
next_ms(const struct secondary *z)
{
	if (z->session.phase != INCOMING_IDLE)
		return incoming_session_deadline(&z->session);
	return z->due_ms;
}

int
incoming_wait_ms(const struct incoming *in, const struct incoming_times *now)
{
	int64_t least = INT32_MAX;
	bool has_one = false;

	for (size_t i = 0; i < in->count; i++) {
		int64_t at = next_ms(&in->zones[i]), left = at - now->ms;

		if (at == INCOMING_NEVER)
			continue;
		has_one = true;
		if (left < least)
			least = left > 0 ? left : 0;
	}
	return has_one ? (int)least : -1;
}

static void
do_due(struct incoming *in, struct secondary *z, const struct incoming_times *now)
{
	if (z->waits_for_keeper) {
		incoming_rejected(in, z->given.index, "the main process does not answer", now);
		return;
	}
	if (z->waits_for_turn || z->wants_whole)
		incoming_zone_fetch(in, z, now);
	else
		incoming_zone_ask(in, z, now);
}

void
incoming_serve(struct incoming *in, const struct pollfd *polls, size_t count,
	const struct incoming_times *now)
{
	for (size_t i = 0; i < count; i++)
		if (polls[i].revents != 0 && in->polled[i]->session.phase != INCOMING_IDLE &&
			in->polled[i]->session.connection.fd == polls[i].fd)
			incoming_zone_serve(in, in->polled[i], polls[i].revents, now);
	for (size_t i = 0; i < in->count; i++) {
		struct secondary *z = &in->zones[i];

		if (z->session.phase != INCOMING_IDLE &&
			incoming_session_deadline(&z->session) <= now->ms)
			incoming_zone_serve(in, z, 0, now);
	}
	for (size_t i = 0; in->has_begun && i < in->count; i++) {
		struct secondary *z = &in->zones[i];

		if (z->session.phase == INCOMING_IDLE && z->due_ms != INCOMING_NEVER &&
			z->due_ms <= now->ms)
			do_due(in, z, now);
	}
}
