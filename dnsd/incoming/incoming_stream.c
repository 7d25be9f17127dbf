#include "incoming_stream.h"

#include <stdio.h>
#include <string.h>

#include "big_endian.h"
#include "reply.h"

enum { SOA_NUMBERS = 20, FLAG_OPCODE = 0x7800, OPCODE_QUERY = 0, RCODE_NOTAUTH = 9 };

const char *
incoming_rcode_name(unsigned rcode)
{
	static const char *const names[] = {"NOERROR", "FORMERR", "SERVFAIL", "NXDOMAIN", "NOTIMP",
		"REFUSED", "YXDOMAIN", "YXRRSET", "NXRRSET", "NOTAUTH", "NOTZONE"};

	return rcode < ORBL_COUNT(names) ? names[rcode] : "an error that has no name";
}

/* --- queries ------------------------------------------------------------------- */

static size_t
put_question(const uint8_t *origin, size_t origin_len, uint16_t type, uint16_t id, uint8_t *out,
	size_t size)
{
	size_t at = QUERY_HEADER_SIZE;

	if (size < at + origin_len + 4)
		return 0;
	memset(out, 0, at);
	big_endian_put16(out, id);
	big_endian_put16(out + 4, 1);
	memcpy(out + at, origin, origin_len);
	at += origin_len;
	big_endian_put16(out + at, type);
	big_endian_put16(out + at + 2, CLASS_IN);
	return at + 4;
}

size_t
incoming_soa_query(const uint8_t *origin, size_t origin_len, uint16_t id, uint8_t *out, size_t size)
{
	return put_question(origin, origin_len, TYPE_SOA, id, out, size);
}

/* RFC 1995 section 3: of the SOA only the serial is looked at. */
size_t
incoming_stream_query(const struct incoming_stream *s, uint8_t *out, size_t size)
{
	static const uint8_t rest[] = {0, TYPE_SOA, 0, CLASS_IN, 0, 0, 0, 0, 0, SOA_NUMBERS + 2, 0,
		0};
	size_t at = put_question(s->origin, s->origin_len, s->type, s->id, out, size);

	if (at == 0 || s->type != TYPE_IXFR)
		return at;
	if (size - at < 2 + sizeof(rest) + SOA_NUMBERS)
		return 0;
	big_endian_put16(out + 8, 1);
	big_endian_put16(out + at, 0xc000 | QUERY_HEADER_SIZE);
	memcpy(out + at + 2, rest, sizeof(rest));
	at += 2 + sizeof(rest);
	memset(out + at, 0, SOA_NUMBERS);
	big_endian_put32(out + at, s->serial);
	return at + SOA_NUMBERS;
}

/* --- what both kinds of replies have --------------------------------------------- */

/* What it is, mostly. */
static const char *
remedy(unsigned rcode)
{
	switch (rcode) {
	case RCODE_SERVFAIL: return "; its log says why, its zone may not be loaded";
	case RCODE_REFUSED: return "; does it let this address or this key transfer the zone?";
	case RCODE_NOTAUTH: return "; does it serve the zone, and know this key with this secret?";
	default: return "";
	}
}

/* Header and question. A message of a transfer but the first may have no question (RFC 5936
 * section 2.2.1). */
static enum err
check_head(struct incoming_message *m, const uint8_t *origin, size_t origin_len, uint16_t type,
	bool may_lack_question, struct error *e)
{
	bool is_ours = false;

	if ((m->flags & REPLY_FLAG_QR) == 0 || (m->flags & FLAG_OPCODE) != OPCODE_QUERY)
		return error_set(e, ERR_SYNTAX, "its message is no reply to a query");
	if ((m->flags & 0xf) != RCODE_NOERROR)
		return error_set(e, ERR_REFUSED, "it answers %s%s",
			incoming_rcode_name(m->flags & 0xf), remedy(m->flags & 0xf));
	if (m->questions == 0 && may_lack_question)
		return OK;
	if (m->questions != 1 ||
		!incoming_message_question(m, origin, origin_len, type, &is_ours) || !is_ours)
		return error_set(e, ERR_SYNTAX, "its reply has another question than ours");
	return OK;
}

/* RFC 5452 section 9.1: such a message is none of our talk. An error may have no question. */
static bool
has_other_question(const struct incoming_message *message, const uint8_t *origin, size_t origin_len)
{
	struct incoming_message m = *message;
	bool is_ours = false;

	return m.questions != 0 &&
		(!incoming_message_question(&m, origin, origin_len, TYPE_SOA, &is_ours) ||
			!is_ours);
}

static bool
is_origin(const struct incoming_record *r, const uint8_t *origin, size_t origin_len)
{
	uint8_t lower[WIRE_NAME_MAX];

	if (r->owner_len != origin_len)
		return false;
	memcpy(lower, r->owner, origin_len);
	wire_name_lower(lower, origin_len);
	return memcmp(lower, origin, origin_len) == 0;
}

/* The form of the data was checked when they were read. */
static uint32_t
serial_of(const struct incoming_record *r)
{
	return big_endian_u32(r->rdata + r->rdata_len - SOA_NUMBERS);
}

/* --- the reply to SOA --------------------------------------------------------------- */

static enum incoming_soa_result
read_soa(struct incoming_message *m, const uint8_t *origin, size_t origin_len, uint32_t *serial,
	struct error *e)
{
	static const size_t records_max = 64;

	for (size_t i = 0; i < m->answers && i < records_max; i++) {
		struct incoming_record r;

		if (!incoming_message_record(m, &r)) {
			error_set(e, ERR_SYNTAX, "its reply is malformed");
			return INCOMING_SOA_FAILED;
		}
		if (r.type == TYPE_SOA && r.class == CLASS_IN &&
			is_origin(&r, origin, origin_len)) {
			*serial = serial_of(&r);
			return INCOMING_SOA;
		}
	}
	error_set(e, ERR_NOT_FOUND, "its reply has no SOA of the zone");
	return INCOMING_SOA_FAILED;
}

enum incoming_soa_result
incoming_soa_reply(const uint8_t *origin, size_t origin_len, uint16_t id, const uint8_t *bytes,
	size_t len, uint32_t *serial, struct error *e)
{
	struct incoming_message m;

	if (!incoming_message_open(&m, bytes, len) || m.id != id ||
		(m.flags & REPLY_FLAG_QR) == 0 || has_other_question(&m, origin, origin_len))
		return INCOMING_SOA_OTHER;
	if (check_head(&m, origin, origin_len, TYPE_SOA, (m.flags & 0xf) != 0, e) != OK)
		return INCOMING_SOA_FAILED;
	if ((m.flags & REPLY_FLAG_TC) != 0)
		return INCOMING_SOA_TRUNCATED;
	if ((m.flags & REPLY_FLAG_AA) == 0) {
		error_set(e, ERR_REFUSED, "it is not authoritative for the zone (no AA)");
		return INCOMING_SOA_FAILED;
	}
	return read_soa(&m, origin, origin_len, serial, e);
}

/* --- transfers ------------------------------------------------------------------------ */

static enum incoming_stream_result
fail(struct error *e, enum err code, const char *why)
{
	error_set(e, code, "%s", why);
	return STREAM_FAILED;
}

static bool
is_first_soa(const struct incoming_stream *s)
{
	const struct incoming_record *r = &s->record;

	return r->rdata_len == s->soa_len && memcmp(r->rdata, s->soa, s->soa_len) == 0;
}

static enum incoming_stream_result
read_first(struct incoming_stream *s, struct error *e)
{
	const struct incoming_record *r = &s->record;

	if (r->type != TYPE_SOA)
		return fail(e, ERR_SYNTAX, "it does not begin with the zone's SOA");
	memcpy(s->soa, r->rdata, r->rdata_len);
	s->soa_len = r->rdata_len;
	s->soa_ttl_s = r->ttl_s <= INT32_MAX ? r->ttl_s : 0;
	s->new_serial = serial_of(r);
	s->state = STREAM_FIRST;
	if (!s->has_serial || incoming_is_newer(s->new_serial, s->serial))
		return STREAM_MORE;
	if (s->new_serial == s->serial) {
		s->state = STREAM_END;
		return STREAM_CURRENT;
	}
	error_set(e, ERR_REFUSED,
		"its serial %u is older than ours, %u; if that is meant, remove our file of the "
		"zone, and restart",
		(unsigned)s->new_serial, (unsigned)s->serial);
	return STREAM_FAILED;
}

static struct zone_import_record
import_record(const struct incoming_record *r)
{
	return (struct zone_import_record){r->owner, r->type, r->ttl_s, r->rdata, r->rdata_len};
}

static enum incoming_stream_result
add_record(struct incoming_stream *s, struct error *e)
{
	struct zone_import_record r = import_record(&s->record);

	return zone_import_add(s->whole, &r, e) == OK ? STREAM_MORE : STREAM_FAILED;
}

static enum incoming_stream_result
read_all(struct incoming_stream *s, struct error *e)
{
	s->state = STREAM_ALL;
	if (s->record.type != TYPE_SOA)
		return add_record(s, e);
	if (!is_first_soa(s))
		return fail(e, ERR_SYNTAX, "its last SOA is another one than its first");
	s->state = STREAM_END;
	return STREAM_WHOLE;
}

/* What the second record is tells how the reply goes on (RFC 1995 section 4). */
static enum incoming_stream_result
read_second(struct incoming_stream *s, struct error *e)
{
	if (s->type != TYPE_IXFR || s->record.type != TYPE_SOA || is_first_soa(s))
		return read_all(s, e);
	if (s->base == NULL || serial_of(&s->record) != s->serial)
		return fail(e, ERR_SYNTAX, "its changes begin at another serial than ours");
	s->at_serial = s->serial;
	s->state = STREAM_REMOVES;
	return STREAM_MORE;
}

static enum incoming_stream_result
read_change(struct incoming_stream *s, struct error *e)
{
	struct zone_import_record r = import_record(&s->record);
	bool removes = s->state == STREAM_REMOVES;
	uint32_t serial;

	if (s->record.type != TYPE_SOA)
		return zone_import_change(s->base, &r, removes, e) == OK ? STREAM_MORE :
									   STREAM_FAILED;
	serial = serial_of(&s->record);
	if (removes) {
		if (!incoming_is_newer(serial, s->at_serial) ||
			incoming_is_newer(serial, s->new_serial))
			return fail(e, ERR_SYNTAX, "the serials of its changes do not go on");
		s->at_serial = serial;
		s->state = STREAM_ADDS;
		return STREAM_MORE;
	}
	if (serial != s->at_serial)
		return fail(e, ERR_SYNTAX, "its changes do not follow one another");
	if (s->at_serial == s->new_serial) {
		if (!is_first_soa(s))
			return fail(e, ERR_SYNTAX, "its last SOA is another one than its first");
		s->state = STREAM_END;
		return STREAM_CHANGES;
	}
	s->state = STREAM_REMOVES;
	return STREAM_MORE;
}

static enum incoming_stream_result
read_record(struct incoming_stream *s, struct error *e)
{
	const struct incoming_record *r = &s->record;

	s->records++;
	if (r->class != CLASS_IN)
		return fail(e, ERR_SYNTAX, "a record is not of class IN");
	if (r->type == TYPE_SOA && !is_origin(r, s->origin, s->origin_len))
		return fail(e, ERR_SYNTAX, "a SOA is not of the zone");
	switch (s->state) {
	case STREAM_BEGIN: return read_first(s, e);
	case STREAM_FIRST: return read_second(s, e);
	case STREAM_ALL: return read_all(s, e);
	case STREAM_REMOVES:
	case STREAM_ADDS: return read_change(s, e);
	case STREAM_END: break;
	}
	return fail(e, ERR_SYNTAX, "records follow its end");
}

/* Not before the end of the message: records may follow that belong to nothing. */
static enum incoming_stream_result
finish(struct incoming_stream *s, enum incoming_stream_result result, struct error *e)
{
	struct zone_import *z = result == STREAM_WHOLE ? s->whole : s->base;

	if (result != STREAM_WHOLE && result != STREAM_CHANGES)
		return result;
	if (zone_import_set_soa(z, s->soa, s->soa_len, s->soa_ttl_s, e) != OK)
		return STREAM_FAILED;
	return result;
}

static enum incoming_stream_result
read_records(struct incoming_stream *s, struct incoming_message *m, struct error *e)
{
	enum incoming_stream_result result = STREAM_MORE;

	for (unsigned i = 0; i < m->answers; i++) {
		if (!incoming_message_record(m, &s->record))
			return fail(e, ERR_SYNTAX, "a record is malformed");
		/* An AXFR of what we have, in reply to IXFR, is no news. */
		if (result == STREAM_CURRENT)
			return result;
		result = read_record(s, e);
		if (result == STREAM_FAILED)
			return result;
	}
	return result;
}

enum incoming_stream_result
incoming_stream_message(struct incoming_stream *s, const uint8_t *bytes, size_t len,
	struct error *e)
{
	struct incoming_message m;

	s->octets += len;
	if (!incoming_message_open(&m, bytes, len))
		return fail(e, ERR_SYNTAX, "its message is too short");
	if (m.id != s->id)
		return fail(e, ERR_SYNTAX, "its message has another id than our query");
	if (check_head(&m, s->origin, s->origin_len, s->type,
		    s->state != STREAM_BEGIN || (m.flags & 0xf) != 0, e) != OK)
		return STREAM_FAILED;
	if ((m.flags & REPLY_FLAG_TC) != 0)
		return fail(e, ERR_SYNTAX, "its message is truncated");
	if (m.answers == 0)
		return fail(e, ERR_SYNTAX, "its message has no records");
	return finish(s, read_records(s, &m, e), e);
}
