#include "incoming_parts.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <sodium.h>

#include <orbl/log.h>

enum {
	SEALS = F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE,
	ANSWER_WAIT_MS = 120000, /* for the keeper to take what was delivered */
	AGAIN_MS = 1000,         /* until a fetch may begin */
	PLACE_MS = 50,           /* ... or a question may be asked */
	/* Fetches find a place whatever is asked. */
	QUESTIONS_MAX = INCOMING_POLLS_MAX - INCOMING_FETCHES_MAX,
	RENEW_PARTS = 16,
	PRIMARY_TEXT = ENDPOINT_TEXT + 16,
};

/* --- when --------------------------------------------------------------------------- */

int64_t
incoming_zone_jitter(int64_t ms)
{
	uint32_t tenth = ms / 10 < UINT32_MAX ? (uint32_t)(ms / 10) : UINT32_MAX;

	return tenth != 0 ? ms - randombytes_uniform(tenth) : ms;
}

/* Without data we ask more often than a SOA would have us. */
int64_t
incoming_zone_retry_ms(const struct secondary *z)
{
	int64_t ms = INCOMING_RETRY_MS;

	if (z->snapshot != NULL)
		return z->retry_s * 1000;
	for (unsigned i = 1; i < z->rounds && ms < INCOMING_RETRY_MAX_MS; i++)
		ms *= 2;
	return ms < INCOMING_RETRY_MAX_MS ? ms : INCOMING_RETRY_MAX_MS;
}

static struct peer
peer_of(const struct incoming *in, const struct secondary *z)
{
	struct peer peer = {.key = NULL};

	(void)peers_primary_of(in->options.peers, z->given.origin, z->primary, &peer);
	return peer;
}

/* "192.0.2.53@853 over TLS" */
static const char *
primary_text(const struct secondary *z, char out[PRIMARY_TEXT])
{
	char at[ENDPOINT_TEXT];

	snprintf(out, PRIMARY_TEXT, "%s%s", endpoint_format(&z->session.peer.endpoint, at),
		z->session.peer.tls_name != NULL ? " over TLS" : "");
	return out;
}

static void
note_begin(const struct incoming *in, struct secondary *z, const struct incoming_times *now)
{
	if (in->options.status == NULL)
		return;
	z->row = transfer_status_row(in->options.status, z->given.origin, &z->session.peer.endpoint,
		TRANSFER_PRIMARY);
	transfer_status_begin(in->options.status, z->row, z->session.peer.tls_name != NULL, now->s);
}

static void
note_end(const struct incoming *in, const struct secondary *z, enum transfer_state state,
	uint32_t serial, const char *error, const struct incoming_times *now)
{
	if (in->options.status != NULL)
		transfer_status_end(in->options.status, z->row, state, serial, now->s, error);
}

void
incoming_zone_free_stream(struct secondary *z)
{
	if (z->session.stream != NULL)
		zone_import_free(z->session.stream->whole);
	free(z->session.stream);
	z->session.stream = NULL;
}

/* --- what comes of it ------------------------------------------------------------------ */

static void
end_session(struct incoming *in, struct secondary *z)
{
	if (z->session.stream != NULL)
		in->fetches--;
	incoming_session_close(&z->session);
	incoming_zone_free_stream(z);
	z->waits_for_turn = false;
}

void
incoming_zone_rest(struct secondary *z, int64_t ms, const struct incoming_times *now)
{
	z->due_ms = now->ms + ms;
	z->primary = z->failed = 0;
	z->wants_whole = false;
	if (z->asks_again)
		z->due_ms = now->ms + INCOMING_NOTIFY_GAP_MS;
	z->asks_again = false;
}

/* Once while the reason stays the same. */
static void
tell_failure(struct secondary *z, const struct error *why)
{
	char at[PRIMARY_TEXT], stays[64] = "it answers SERVFAIL until it comes";

	if (z->told.code == why->code && strcmp(z->told.text, why->text) == 0)
		return;
	z->told = *why;
	if (z->snapshot != NULL)
		snprintf(stays, sizeof(stays), "serial %u stays in service", (unsigned)z->serial);
	log_warning("zone %s: primary %s: %s; %s", z->given.origin, primary_text(z, at), why->text,
		stays);
}

static void
fail_zone(struct incoming *in, struct secondary *z, const struct error *why,
	const struct incoming_times *now)
{
	struct error copy = *why; /* it may be the session's */

	note_end(in, z, TRANSFER_FAILED, z->serial, copy.text, now);
	tell_failure(z, &copy);
	end_session(in, z);
	z->wants_whole = false;
	z->primary = (z->primary + 1) % z->primary_count;
	z->due_ms = now->ms;
	if (++z->failed < z->primary_count)
		return;
	z->rounds++;
	incoming_zone_rest(z, incoming_zone_jitter(incoming_zone_retry_ms(z)), now);
}

static int
make_memfd(struct error *e)
{
	int fd = memfd_create("orbl-transfer", MFD_CLOEXEC | MFD_ALLOW_SEALING);

	if (fd < 0)
		error_errno(e, "cannot make memory for the zone");
	return fd;
}

/* Gives the descriptor away. False: the error says why, or ERR_TIMEOUT: the channel is full. */
static bool
deliver(struct incoming *in, struct secondary *z, int fd, const struct incoming_times *now,
	struct error *e)
{
	if (fcntl(fd, F_ADD_SEALS, SEALS) != 0) {
		error_errno(e, "cannot seal the zone");
		close(fd);
		return false;
	}
	if (!in->options.deliver(in->options.context, z->given.index, fd)) {
		error_set(e, ERR_TIMEOUT, "the main process has no time for the zone");
		return false;
	}
	z->waits_for_keeper = true;
	z->due_ms = now->ms + ANSWER_WAIT_MS;
	return true;
}

int64_t
incoming_zone_expire(int64_t refresh_s, int64_t retry_s, int64_t expire_s)
{
	int64_t least_s = refresh_s + retry_s;

	return expire_s > least_s ? expire_s : least_s + INCOMING_EXPIRE_MORE_S;
}

/* A primary was heard, and has nothing new. */
static void
note_heard(struct incoming *in, struct secondary *z, const struct incoming_times *now)
{
	int64_t behind_s, wanted_s = now->s + z->expire_s;
	struct error e = {.code = OK};
	int fd;

	z->heard_s = now->s;
	z->rounds = 0;
	z->told.code = OK;
	z->told.text[0] = '\0';
	incoming_zone_rest(z, incoming_zone_jitter(z->refresh_s * 1000), now);
	behind_s = wanted_s - z->expires_s;
	if (z->snapshot == NULL || behind_s <= 0 || behind_s < z->expire_s / RENEW_PARTS)
		return;
	fd = make_memfd(&e);
	if (fd < 0 || zone_import_write_renewal(z->snapshot, fd, now->s, wanted_s, &e) != OK) {
		if (fd >= 0)
			close(fd);
	} else if (deliver(in, z, fd, now, &e)) {
		return;
	}
	log_warning("zone %s: cannot note that its primary was heard: %s", z->given.origin, e.text);
}

static void
log_received(const struct secondary *z, const struct zone_import *zone,
	const struct incoming_times *now)
{
	const struct incoming_stream *s = z->session.stream;
	char at[PRIMARY_TEXT];

	log_notice("zone %s: primary %s: %s, serial %u, %zu records; %llu records in %llu bytes "
		   "came in %lld ms%s%s",
		z->given.origin, primary_text(z, at),
		z->session.result == STREAM_CHANGES ? "IXFR" : "AXFR", (unsigned)s->new_serial,
		zone_import_count(zone), (unsigned long long)s->records,
		(unsigned long long)s->octets, (long long)(now->ms - z->session.started_ms),
		zone_import_is_signed(zone) ? "; its signatures are left out" : "",
		zone_import_has_delegations(zone) ?
			"; its delegations are answered as plain records" :
			"");
}

/* Once; as a name server has them whose zone has expired, or was bought by others. */
static void
warn_of_codes(struct secondary *z)
{
	char at[ENDPOINT_TEXT];

	if (z->has_warned || !zone_import_has_odd_codes(z->records))
		return;
	z->has_warned = true;
	log_warning("zone %s: primary %s: some addresses have A records outside 127.0.0.0/8; they "
		    "are served as they are, but many mail servers take them for no listing",
		z->given.origin, endpoint_format(&z->session.peer.endpoint, at));
}

/* The records are the zone's from here on, whatever comes of them. */
static bool
store(struct incoming *in, struct secondary *z, const struct incoming_times *now, struct error *e)
{
	const struct zone_import_soa *soa = zone_import_soa(z->records);
	int64_t expire_s = incoming_zone_expire(soa->refresh_s, soa->retry_s, soa->expire_s);
	int fd;

	if (zone_import_lists_all(z->records)) {
		error_set(e, ERR_REFUSED,
			"its wildcard *.%.200s has an A record and lists every address, which we "
			"do not serve; a list of names may have one",
			z->given.origin);
		return false;
	}
	fd = make_memfd(e);
	if (fd < 0)
		return false;
	if (zone_import_write(z->records, fd, now->s, now->s + expire_s, e) != OK) {
		close(fd);
		return false;
	}
	return deliver(in, z, fd, now, e);
}

void
incoming_zone_drop(struct secondary *z)
{
	zone_import_free(z->records);
	z->records = NULL;
	z->may_read = false;
}

/* A transfer came to its end. What the keeper does not take is fetched again, so that records
 * without their serial in service are not kept. */
static void
take_transfer(struct incoming *in, struct secondary *z, const struct incoming_times *now)
{
	struct incoming_session *s = &z->session;
	struct error e = {.code = OK};

	if (s->result == STREAM_CURRENT) {
		note_end(in, z, TRANSFER_DONE, z->serial, "", now);
		end_session(in, z);
		note_heard(in, z, now);
		return;
	}
	if (s->result == STREAM_CHANGES && zone_import_apply(z->records, &e) != OK) {
		incoming_zone_drop(z);
		s->error = e;
		log_info("zone %s: IXFR: %s; asking for all of it", z->given.origin, e.text);
		end_session(in, z);
		z->wants_whole = true;
		z->due_ms = now->ms;
		return;
	}
	if (s->result == STREAM_WHOLE) {
		zone_import_free(z->records);
		z->records = s->stream->whole;
		s->stream->whole = NULL;
	}
	z->may_read = false;
	if (!store(in, z, now, &e)) {
		incoming_zone_drop(z);
		fail_zone(in, z, &e, now);
		return;
	}
	log_received(z, z->records, now);
	warn_of_codes(z);
	note_end(in, z, TRANSFER_DONE, s->stream->new_serial, "", now);
	z->heard_s = now->s;
	z->rounds = 0;
	z->failed = 0;
	z->told.code = OK;
	z->told.text[0] = '\0';
	end_session(in, z);
}

/* --- asking ------------------------------------------------------------------------------ */

/* Nor may the zones of a primary that is mute keep those of others from being asked for. */
static bool
has_place(const struct incoming *in, const struct secondary *z)
{
	size_t count = 0, same = 0;

	for (size_t i = 0; i < in->count; i++) {
		const struct incoming_session *s = &in->zones[i].session;

		if (s->phase == INCOMING_IDLE || s->purpose != INCOMING_ASK)
			continue;
		count++;
		same += addr_equal(&s->peer.endpoint.addr, &z->session.peer.endpoint.addr);
	}
	return count < QUESTIONS_MAX && same < QUESTIONS_MAX * 3 / 4;
}

void
incoming_zone_ask(struct incoming *in, struct secondary *z, const struct incoming_times *now)
{
	z->session.peer = peer_of(in, z);
	if (!has_place(in, z)) {
		z->due_ms = now->ms + PLACE_MS;
		return;
	}
	z->asked_ms = now->ms;
	z->due_ms = INCOMING_NEVER;
	note_begin(in, z, now);
	if (!incoming_session_ask(&z->session, &in->options.source, now))
		fail_zone(in, z, &z->session.error, now);
}

static struct zone_import *
new_import(const struct secondary *z)
{
	const struct zone_import_limits limits = {INCOMING_RECORDS_MAX, INCOMING_BYTES_MAX};

	return zone_import_new(z->origin, &limits);
}

/* For an IXFR: the records of what is in service, if they can be told. */
static void
look_for_records(struct secondary *z)
{
	struct error e = {.code = OK};

	if (z->records != NULL || !z->may_read || z->snapshot == NULL)
		return;
	z->may_read = false;
	z->records = new_import(z);
	if (z->records != NULL && zone_import_read(z->records, z->snapshot, &e) != OK)
		incoming_zone_drop(z);
}

static struct incoming_stream *
new_stream(struct secondary *z)
{
	struct incoming_stream *s = calloc(1, sizeof(*s));

	if (s == NULL)
		return NULL;
	s->origin = z->origin;
	s->origin_len = z->origin_len;
	s->has_serial = z->snapshot != NULL;
	s->serial = z->serial;
	s->base = z->wants_whole ? NULL : z->records;
	s->type = s->base != NULL ? TYPE_IXFR : TYPE_AXFR;
	s->whole = new_import(z);
	if (s->whole != NULL)
		return s;
	free(s);
	return NULL;
}

/* However slow one primary is, there is a place for the others. */
static bool
has_turn(const struct incoming *in, const struct secondary *z)
{
	size_t count = 0;

	for (size_t i = 0; i < in->count; i++)
		count += in->zones[i].session.stream != NULL &&
			addr_equal(&in->zones[i].session.peer.endpoint.addr,
				&z->session.peer.endpoint.addr);
	return in->fetches < INCOMING_FETCHES_MAX && count < INCOMING_FETCHES_MAX - 1;
}

void
incoming_zone_fetch(struct incoming *in, struct secondary *z, const struct incoming_times *now)
{
	z->waits_for_turn = !has_turn(in, z);
	z->due_ms = z->waits_for_turn ? now->ms + AGAIN_MS : INCOMING_NEVER;
	if (z->waits_for_turn)
		return;
	if (!z->wants_whole)
		look_for_records(z);
	z->session.stream = new_stream(z);
	if (z->session.stream == NULL) {
		error_set(&z->session.error, ERR_MEMORY, "out of memory");
		fail_zone(in, z, &z->session.error, now);
		return;
	}
	in->fetches++;
	if (!incoming_session_fetch(&z->session, &in->options.source, now))
		fail_zone(in, z, &z->session.error, now);
}

static void
take_serial(struct incoming *in, struct secondary *z, const struct incoming_times *now)
{
	uint32_t theirs = z->session.serial;
	struct error e = {.code = OK};

	if (z->snapshot == NULL || incoming_is_newer(theirs, z->serial)) {
		incoming_session_close(&z->session);
		incoming_zone_fetch(in, z, now);
		return;
	}
	if (theirs == z->serial) {
		note_end(in, z, TRANSFER_DONE, theirs, "", now);
		end_session(in, z);
		note_heard(in, z, now);
		return;
	}
	error_set(&e, ERR_REFUSED,
		"its serial %u is older than ours, %u; if that is meant, remove our file of the "
		"zone, and restart",
		(unsigned)theirs, (unsigned)z->serial);
	fail_zone(in, z, &e, now);
}

/* An IXFR that went wrong, whatever was wrong with it, is asked for again as AXFR. */
static void
take_failure(struct incoming *in, struct secondary *z, const struct incoming_times *now)
{
	const struct incoming_session *s = &z->session;

	if (s->stream == NULL || s->stream->type != TYPE_IXFR || !s->was_connected) {
		fail_zone(in, z, &s->error, now);
		return;
	}
	log_info("zone %s: IXFR: %s; asking for all of it", z->given.origin, s->error.text);
	zone_import_forget(z->records);
	end_session(in, z);
	z->wants_whole = true;
	incoming_zone_fetch(in, z, now);
}

void
incoming_zone_serve(struct incoming *in, struct secondary *z, short events,
	const struct incoming_times *now)
{
	struct incoming_session *s = &z->session;

	switch (incoming_session_serve(s, &in->options.source, events, now)) {
	case INCOMING_END_NOT_YET: break;
	case INCOMING_END_SERIAL: take_serial(in, z, now); break;
	case INCOMING_END_STREAM: take_transfer(in, z, now); break;
	case INCOMING_END_FAILED: take_failure(in, z, now); break;
	}
}
