#include "outgoing.h"

#include <stdlib.h>
#include <string.h>

#include <orbl/cursor.h>

#include "big_endian.h"
#include "record_message.h"
#include "zone_diff.h"

enum {
	TURNS = 16,    /* of zone_records_next that may find nothing, in one call */
	COUNTED = 512, /* records in one turn */
};

/* What comes next. */
enum stage {
	STAGE_COUNT, /* nothing: is the difference smaller than the zone? */
	STAGE_ALL,
	STAGE_NEW_SOA,
	STAGE_OLD_SOA,
	STAGE_DELETED,
	STAGE_NEW_SOA_AGAIN,
	STAGE_ADDED,
	STAGE_LAST_SOA,
	STAGE_END
};

struct soa {
	struct zone_record record;
	uint8_t bytes[ZONE_RECORDS_SOA_MAX];
};

struct outgoing {
	enum outgoing_kind kind;
	enum stage stage;
	bool is_udp, is_first, has_pending;
	struct generation *new, *old; /* old: NULL without */
	const struct zone *zone, *old_zone;
	struct zone_records *records; /* of the stage */
	struct soa soa, old_soa;
	struct zone_record pending; /* did not fit into the message before */
	uint64_t count;
	struct record_question question;
};

/* --- the question ------------------------------------------------------- */

enum { RECORD_HEAD = 10, SOA_NUMBERS = 20, POINTER = 0xc0 };

/* Steps over a name, which may end in a pointer. */
static bool
skip_name(struct cursor *c)
{
	for (;;) {
		uint8_t len = cursor_u8(c);

		if (cursor_failed(c))
			return false;
		if (len == 0)
			return true;
		if ((len & POINTER) == POINTER) {
			cursor_u8(c);
			return !cursor_failed(c);
		}
		if (len > WIRE_NAME_LABEL_MAX || cursor_bytes(c, len) == NULL)
			return false;
	}
}

bool
outgoing_client_serial(const uint8_t *packet, size_t len, const struct query *q, uint32_t *serial)
{
	const uint8_t *head, *numbers;
	struct cursor c;
	size_t room;

	if (len < QUERY_HEADER_SIZE + q->question_len || big_endian_u16(packet + 6) != 0 ||
		big_endian_u16(packet + 8) == 0)
		return false;
	cursor_init(&c, packet, len);
	cursor_bytes(&c, QUERY_HEADER_SIZE + q->question_len);
	if (!skip_name(&c))
		return false;
	head = cursor_bytes(&c, RECORD_HEAD);
	if (head == NULL || big_endian_u16(head) != TYPE_SOA)
		return false;
	room = big_endian_u16(head + 8);
	if (cursor_left(&c) < room)
		return false;
	cursor_init(&c, c.at, room);
	if (!skip_name(&c) || !skip_name(&c) || cursor_left(&c) != SOA_NUMBERS)
		return false;
	numbers = cursor_bytes(&c, SOA_NUMBERS);
	if (numbers == NULL)
		return false;
	*serial = big_endian_u32(numbers);
	return true;
}

/* --- which kind --------------------------------------------------------- */

static struct zone_records *
difference(const struct generation *a, const struct zone *x, const struct generation *b,
	const struct zone *y)
{
	return zone_diff_new(generation_zones(a), x, generation_zones(b), y);
}

/* All of the zone; over UDP the SOA tells the client to come by TCP (RFC 1995 section 2). */
static void
choose_all(struct outgoing *o)
{
	zone_records_free(o->records);
	o->records = NULL;
	o->kind = o->is_udp ? OUTGOING_SOA : OUTGOING_AXFR;
	o->stage = o->is_udp ? STAGE_LAST_SOA : STAGE_ALL;
}

/* Entries of the zone and those within it. */
static size_t
count_entries(const struct zone_set *zones, const struct zone *zone)
{
	size_t count = 0;

	for (size_t i = 0; i < zone_set_count(zones); i++) {
		const struct zone *z = zone_set_get(zones, i);

		if (z->apex == zone && z->entries <= SIZE_MAX - count)
			count += z->entries;
	}
	return count;
}

static size_t
entries(const struct outgoing *o)
{
	return count_entries(generation_zones(o->new), o->zone);
}

enum { SMALL = 100 }; /* names that differ in a difference that is one, however small the zone */

static enum err
choose_difference(struct outgoing *o, struct error *e)
{
	o->records = difference(o->old, o->old_zone, o->new, o->zone);
	if (o->records == NULL)
		return error_set(e, ERR_MEMORY, "out of memory for a transfer");
	o->kind = OUTGOING_IXFR;
	o->stage = STAGE_COUNT;
	if (zone_diff_is_local(o->records)) {
		o->stage = STAGE_NEW_SOA;
		if (zone_diff_touched(o->records) > entries(o) + SMALL)
			choose_all(o);
	} else if (o->is_udp) {
		choose_all(o);
	}
	return OK;
}

static enum err
choose(struct outgoing *o, struct generations *g, const struct outgoing_request *rq,
	struct error *e)
{
	struct generation *old;
	struct error why;

	choose_all(o);
	if (rq->serial == NULL)
		return OK;
	if (!generations_is_newer(o->zone->serial, *rq->serial)) {
		o->kind = OUTGOING_SOA;
		o->stage = STAGE_LAST_SOA;
		return OK;
	}
	old = generations_find_serial(g, o->zone->origin, o->zone->origin_len, *rq->serial);
	if (old == NULL)
		return OK;
	o->old_zone = generation_zone(old, o->zone->origin, o->zone->origin_len);
	if (generation_check(old, o->old_zone, rq->expand, &why) != OK)
		return OK;
	o->old = generation_hold(old);
	zone_records_soa(o->old_zone, o->old_soa.bytes, &o->old_soa.record);
	return choose_difference(o, e);
}

static enum err
find_zone(struct outgoing *o, struct generations *g, const struct outgoing_request *rq,
	struct error *e)
{
	const struct query_name *name = &rq->query->name;
	struct generation *n = generations_newest(g);
	uint8_t origin[WIRE_NAME_MAX];

	memcpy(origin, name->wire, name->len);
	wire_name_lower(origin, name->len);
	o->zone = n != NULL ? generation_zone(n, origin, name->len) : NULL;
	if (o->zone == NULL)
		return error_set(e, ERR_NOT_FOUND, "no zone of that name");
	if (!o->zone->is_ready || zone_is_stale(o->zone, rq->now_s))
		return error_set(e, ERR_TIMEOUT, "the zone's data are not there, or too old");
	o->new = generation_hold(n);
	zone_records_soa(o->zone, o->soa.bytes, &o->soa.record);
	return OK;
}

enum err
outgoing_begin(struct generations *g, const struct outgoing_request *rq, struct outgoing **out,
	struct error *e)
{
	struct outgoing *o = calloc(1, sizeof(*o));
	enum err err;

	*out = NULL;
	if (o == NULL)
		return error_set(e, ERR_MEMORY, "out of memory for a transfer");
	o->is_udp = rq->is_udp;
	o->is_first = true;
	record_question_init(&o->question, rq->query);
	err = find_zone(o, g, rq, e);
	if (err == OK)
		err = generation_check(o->new, o->zone, rq->expand, e);
	if (err == ERR_NOT_FOUND && o->zone != NULL) /* one within it has no data */
		err = ERR_TIMEOUT;
	if (err == OK)
		err = choose(o, g, rq, e);
	if (err == OK)
		*out = o;
	else
		outgoing_free(o);
	return err;
}

void
outgoing_free(struct outgoing *o)
{
	if (o == NULL)
		return;
	zone_records_free(o->records);
	generation_release(o->new);
	generation_release(o->old);
	free(o);
}

/* --- records ------------------------------------------------------------ */

/* Some: there was one, or none in this turn. */
enum got { GOT_RECORD, GOT_NOTHING, GOT_END, GOT_NO_MEMORY };

static enum got
give(struct outgoing *o, const struct soa *soa, enum stage next, struct zone_record *out)
{
	*out = soa->record;
	o->stage = next;
	return GOT_RECORD;
}

static void
end_records(struct outgoing *o, enum stage next)
{
	zone_records_free(o->records);
	o->records = NULL;
	o->stage = next;
}

static struct zone_records *
open_records(struct outgoing *o)
{
	switch (o->stage) {
	case STAGE_ALL: return zone_records_new(generation_zones(o->new), o->zone);
	case STAGE_ADDED: return difference(o->new, o->zone, o->old, o->old_zone);
	default: return difference(o->old, o->old_zone, o->new, o->zone);
	}
}

static enum got
next_of(struct outgoing *o, enum stage next, struct zone_record *out)
{
	if (o->records == NULL)
		o->records = open_records(o);
	if (o->records == NULL)
		return GOT_NO_MEMORY;
	switch (zone_records_next(o->records, out)) {
	case ZONE_RECORDS_ONE: return GOT_RECORD;
	case ZONE_RECORDS_AGAIN: break;
	case ZONE_RECORDS_END: end_records(o, next); break;
	}
	return GOT_NOTHING;
}

/* Names to be deleted, and added: as many as the zone grew by more. Is that less than all? */
static bool
is_worth_it(const struct outgoing *o)
{
	uint64_t new = entries(o), deleted = zone_diff_names(o->records);
	uint64_t old = count_entries(generation_zones(o->old), o->old_zone);

	return deleted + deleted + (new > old ? new - old : 0) <= new + SMALL;
}

static enum got
count(struct outgoing *o)
{
	struct zone_record r;
	enum got got = GOT_RECORD;

	for (size_t i = 0; i < COUNTED && got == GOT_RECORD; i++) {
		if (!is_worth_it(o)) {
			choose_all(o);
			return GOT_NOTHING;
		}
		got = next_of(o, STAGE_NEW_SOA, &r);
	}
	return got == GOT_NO_MEMORY ? got : GOT_NOTHING;
}

static enum got
next_record(struct outgoing *o, struct zone_record *out)
{
	switch (o->stage) {
	case STAGE_COUNT: return count(o);
	case STAGE_ALL: return next_of(o, STAGE_LAST_SOA, out);
	case STAGE_NEW_SOA: return give(o, &o->soa, STAGE_OLD_SOA, out);
	case STAGE_OLD_SOA: return give(o, &o->old_soa, STAGE_DELETED, out);
	case STAGE_DELETED: return next_of(o, STAGE_NEW_SOA_AGAIN, out);
	case STAGE_NEW_SOA_AGAIN: return give(o, &o->soa, STAGE_ADDED, out);
	case STAGE_ADDED: return next_of(o, STAGE_LAST_SOA, out);
	case STAGE_LAST_SOA: return give(o, &o->soa, STAGE_END, out);
	case STAGE_END: break;
	}
	return GOT_END;
}

/* --- messages ----------------------------------------------------------- */

/* Records until the message is full, the transfer ends, or it is the others' turn. */
static enum got
fill(struct outgoing *o, struct record_message *m)
{
	enum got got = GOT_NOTHING;

	for (unsigned turns = 0; turns < TURNS;) {
		got = GOT_RECORD;
		if (!o->has_pending)
			got = next_record(o, &o->pending);
		if (got == GOT_END || got == GOT_NO_MEMORY)
			return got;
		o->has_pending = got == GOT_RECORD;
		if (!o->has_pending) {
			turns++;
			continue;
		}
		if (!record_message_add(m, &o->pending))
			return GOT_RECORD;
		o->has_pending = false;
		o->count++;
	}
	return got;
}

static bool
is_at_end(const struct outgoing *o)
{
	return o->stage == STAGE_END && !o->has_pending;
}

/* The difference did not fit. */
static enum outgoing_got
send_soa(struct outgoing *o, uint8_t *buffer, size_t size, size_t *len)
{
	struct record_message m;

	choose_all(o);
	o->stage = STAGE_END;
	o->has_pending = false;
	o->count = 1;
	if (!record_message_begin(&m, &o->question, true, buffer, size) ||
		!record_message_add(&m, &o->soa.record))
		return OUTGOING_FAILED;
	*len = record_message_end(&m);
	return OUTGOING_MESSAGE;
}

enum outgoing_got
outgoing_next(struct outgoing *o, uint8_t *buffer, size_t size, size_t *len)
{
	size_t limit = size < OUTGOING_MESSAGE_MAX ? size : OUTGOING_MESSAGE_MAX;
	struct record_message m;
	enum got got;

	*len = 0;
	if (is_at_end(o))
		return OUTGOING_END;
	if (!record_message_begin(&m, &o->question, o->is_first, buffer, limit))
		return OUTGOING_FAILED;
	got = fill(o, &m);
	if (got == GOT_RECORD && m.count == 0 && limit < size) {
		/* One that is longer than other messages. */
		m.size += size - limit;
		o->has_pending = !record_message_add(&m, &o->pending);
		o->count += !o->has_pending;
	}
	if (o->is_udp && o->is_first && (got != GOT_END || o->has_pending)) {
		o->is_first = false;
		return send_soa(o, buffer, size, len);
	}
	if (m.count == 0)
		return got == GOT_NOTHING ? OUTGOING_AGAIN : OUTGOING_FAILED;
	if (got == GOT_NO_MEMORY)
		return OUTGOING_FAILED;
	o->is_first = false;
	*len = record_message_end(&m);
	return OUTGOING_MESSAGE;
}

enum outgoing_kind
outgoing_kind(const struct outgoing *o)
{
	return o->kind;
}

uint32_t
outgoing_serial(const struct outgoing *o)
{
	return o->zone->serial;
}

uint64_t
outgoing_records(const struct outgoing *o)
{
	return o->count;
}
