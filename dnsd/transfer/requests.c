#include "requests.h"

#include <stdio.h>
#include <string.h>

#include <orbl/log.h>

#include "key_mask.h"
#include "notify_message.h"
#include "peers_name.h"
#include "reply.h"

enum { RCODE_NOTAUTH = 9, UDP_TRIES = 256 };

/* One request while it is looked at. */
struct asked {
	struct requests *s;
	const struct request *request;
	const uint8_t *packet; /* in s->scratch, without TSIG */
	size_t len;
	struct query query;
	enum reply_ede ede; /* of a refusal */
	enum query_verdict verdict;
	uint8_t *out;
	size_t size; /* for a message that has yet to be signed */
	struct response *response;
};

static const char *
address_of(const struct request *r, char out[ADDR_TEXT])
{
	return addr_format(&r->client.addr, out);
}

static void
write_refusal(struct asked *a, unsigned rcode, bool authoritative)
{
	struct reply reply;

	a->response->len = 0;
	if (!reply_begin(&reply, &a->query, a->s->answer.udp_size, a->out, a->size))
		return;
	reply.rcode = (enum reply_rcode)rcode;
	reply.ede = a->ede;
	reply.ede_text = reply.ede_url = TEXT_NONE;
	reply.authoritative = authoritative;
	a->response->len = reply_end(&reply, false);
}

static void
refuse_and_close(struct asked *a, unsigned rcode)
{
	a->response->closes = true;
	write_refusal(a, rcode, false);
}

/* --- transfers ------------------------------------------------------------------------ */

static const char *
reason_of(enum peers_verdict verdict)
{
	switch (verdict) {
	case PEERS_NO_ZONE: return "no row of transfer.allow has this zone";
	case PEERS_NO_ADDRESS: return "no row of transfer.allow for this zone has this address";
	case PEERS_NO_KEY: return "transfer.allow wants another TSIG key";
	case PEERS_NO_TLS: return "transfer.allow wants TLS";
	case PEERS_ALLOWED: break;
	}
	return "";
}

static void
refuse_transfer(struct asked *a, unsigned rcode, const char *why)
{
	char from[ADDR_TEXT], zone[WIRE_NAME_TEXT];

	snprintf(zone, sizeof(zone), "%s", a->response->zone);
	key_mask_text(zone);
	log_limit_notice(&a->s->refusals, a->s->now.ms, "refused %s transfer of zone %s: %s",
		address_of(a->request, from), zone, why);
	write_refusal(a, rcode, false);
}

static unsigned
rcode_of(enum err err)
{
	switch (err) {
	case ERR_NOT_FOUND: return RCODE_NOTAUTH;
	case ERR_REFUSED: return RCODE_REFUSED;
	default: return RCODE_SERVFAIL;
	}
}

static void
begin_status(struct asked *a)
{
	struct endpoint peer = {.addr = a->request->client.addr};

	a->response->status = transfer_status_row(a->s->status, a->response->zone, &peer,
		TRANSFER_SECONDARY);
	transfer_status_begin(a->s->status, a->response->status, a->request->over_tls, a->s->now.s);
}

/* Over UDP there is one message, at once. */
static void
send_whole(struct asked *a)
{
	enum requests_got got = REQUESTS_AGAIN;

	for (unsigned i = 0; got == REQUESTS_AGAIN && i < UDP_TRIES; i++)
		got = requests_continue(a->s, a->response, a->out, a->size);
	if (got != REQUESTS_MESSAGE) {
		requests_end(a->s, a->response, "a message could not be made");
		write_refusal(a, RCODE_SERVFAIL, false);
		return;
	}
	a->size = 0; /* it is signed already */
	requests_end(a->s, a->response, NULL);
}

static void
begin_transfer(struct asked *a, const uint32_t *serial)
{
	struct outgoing_request request = {
		.query = &a->query,
		.serial = serial,
		.is_udp = a->request->transport == ANSWER_UDP,
		.expand = a->s->expand,
		.now_s = a->s->now.s,
	};
	struct error e = {.code = OK};
	enum err err;

	begin_status(a);
	err = outgoing_begin(a->s->generations, &request, &a->response->transfer, &e);
	if (err != OK) {
		refuse_transfer(a, rcode_of(err), e.text);
		transfer_status_end(a->s->status, a->response->status, TRANSFER_REFUSED, 0,
			a->s->now.s, e.text);
		return;
	}
	a->response->begun_ms = a->s->now.ms;
	if (request.is_udp)
		send_whole(a);
}

static void
handle_transfer(struct asked *a)
{
	const struct query *q = &a->query;
	enum peers_verdict verdict;
	uint32_t serial;

	if (!peers_name_of(q->name.wire, q->name.len, a->response->zone)) {
		refuse_and_close(a, RCODE_NOTAUTH);
		return;
	}
	verdict = peers_may_transfer(a->s->peers, a->response->zone, &a->request->client.addr,
		a->response->session.key, a->request->over_tls);
	a->response->closes = verdict != PEERS_ALLOWED;
	if (verdict != PEERS_ALLOWED)
		refuse_transfer(a, RCODE_REFUSED, reason_of(verdict));
	else if (a->s->generations == NULL)
		write_refusal(a, RCODE_SERVFAIL, false);
	else if (q->type == TYPE_AXFR)
		begin_transfer(a, NULL);
	else if (outgoing_client_serial(a->packet, a->len, q, &serial))
		begin_transfer(a, &serial);
	else
		write_refusal(a, RCODE_FORMERR, false);
}

static const char *
kind_name(enum outgoing_kind kind)
{
	switch (kind) {
	case OUTGOING_AXFR: return "whole (AXFR)";
	case OUTGOING_IXFR: return "changes (IXFR)";
	case OUTGOING_SOA: break;
	}
	return "up to date";
}

static void
log_transfer(struct requests *s, const struct response *r, const char *why)
{
	const struct outgoing *o = r->transfer;
	const char *key = r->session.key != NULL ? r->session.key->name : "none";
	char to[ADDR_TEXT], line[900];

	snprintf(line, sizeof(line),
		"zone %s, serial %u, to %s%s: %s, %llu records, %llu bytes, %llu messages, %lld "
		"ms, "
		"key %s",
		r->zone, (unsigned)outgoing_serial(o), addr_format(&r->client, to),
		r->over_tls ? " over TLS" : "", kind_name(outgoing_kind(o)),
		(unsigned long long)outgoing_records(o), (unsigned long long)r->bytes,
		(unsigned long long)r->messages, (long long)(s->now.ms - r->begun_ms), key);
	if (why != NULL)
		log_limit_notice(&s->transfers, s->now.ms, "transfer broken off: %s: %s", line,
			why);
	else if (outgoing_kind(o) == OUTGOING_SOA)
		log_debug("transfer: %s", line);
	else
		log_limit_notice(&s->transfers, s->now.ms, "transfer: %s", line);
}

enum requests_got
requests_continue(struct requests *s, struct response *r, uint8_t *out, size_t size)
{
	size_t len = 0, room = tsig_size(&r->session);
	enum outgoing_got got = outgoing_next(r->transfer, out, size - room, &len);

	if (got == OUTGOING_AGAIN)
		return REQUESTS_AGAIN;
	if (got == OUTGOING_END) {
		requests_end(s, r, NULL);
		return REQUESTS_END;
	}
	r->len = got == OUTGOING_MESSAGE ? tsig_sign_reply(&r->session, out, len, size, s->now.s) :
					   0;
	if (r->len == 0) {
		requests_end(s, r, "a message could not be made");
		return REQUESTS_FAILED;
	}
	r->messages++;
	r->bytes += r->len;
	return REQUESTS_MESSAGE;
}

void
requests_end(struct requests *s, struct response *r, const char *why)
{
	if (r->transfer != NULL) {
		log_transfer(s, r, why);
		transfer_status_end(s->status, r->status,
			why == NULL ? TRANSFER_DONE : TRANSFER_FAILED,
			why == NULL ? outgoing_serial(r->transfer) : 0, s->now.s,
			why != NULL ? why : "");
	}
	outgoing_free(r->transfer);
	r->transfer = NULL;
	tsig_session_end(&r->session);
}

/* --- NOTIFY --------------------------------------------------------------------------- */

static void
handle_notify(struct asked *a)
{
	const struct request *r = a->request;
	char zone[PEERS_NAME_TEXT], from[ADDR_TEXT];
	uint32_t serial = 0;
	bool has_serial;

	if (a->query.type != TYPE_SOA || a->query.class != CLASS_IN ||
		!peers_name_of(a->query.name.wire, a->query.name.len, zone)) {
		refuse_and_close(a, RCODE_NOTIMP);
		return;
	}
	if (!peers_is_primary(a->s->peers, zone, &r->client.addr, a->response->session.key)) {
		key_mask_text(zone);
		log_limit_notice(&a->s->refusals, a->s->now.ms,
			"refused NOTIFY of zone %s from %s: transfer.primaries has no such zone, "
			"address and key",
			zone, address_of(r, from));
		refuse_and_close(a, RCODE_REFUSED);
		return;
	}
	has_serial = notify_message_serial(a->packet, a->len, &a->query, &serial);
	if (a->s->incoming == NULL ||
		!incoming_notified(a->s->incoming, zone, &r->client.addr, has_serial, serial,
			&a->s->now)) {
		write_refusal(a, RCODE_NOTAUTH, false);
		return;
	}
	log_limit_notice(&a->s->notifies, a->s->now.ms, "NOTIFY of zone %s from %s, serial %u",
		zone, address_of(r, from), (unsigned)serial);
	write_refusal(a, RCODE_NOERROR, true);
}

/* --- any request ------------------------------------------------------------------------ */

/* Of any name in the zone, as peers_may_transfer has it. */
static bool
may_ask(const struct asked *a)
{
	const struct query *q = &a->query;
	char name[PEERS_NAME_TEXT];

	if (q->type != TYPE_SOA && a->response->session.key == NULL)
		return false;
	return peers_name_of(q->name.wire, q->name.len, name) &&
		peers_may_transfer(a->s->peers, name, &a->request->client.addr,
			a->response->session.key, a->request->over_tls) == PEERS_ALLOWED;
}

static void
handle_query(struct asked *a)
{
	struct generation *newest = a->s->generations != NULL ?
		generations_newest(a->s->generations) :
		NULL;
	struct answer_context context = {
		.config = &a->s->answer,
		.transport = a->request->transport,
		.now_s = a->s->now.s,
		.client = a->request->client.addr,
	};
	char from[ADDR_TEXT];

	/* RFC 9103 section 7.1 has the connection for transfers alone. */
	if (a->verdict == QUERY_ANSWER && a->request->over_tls && a->query.type != TYPE_SOA) {
		a->ede = EDE_NOT_SUPPORTED;
		refuse_and_close(a, RCODE_REFUSED);
		return;
	}
	if (a->verdict == QUERY_ANSWER && !may_ask(a)) {
		if (a->response->session.key != NULL)
			log_limit_notice(&a->s->refusals, a->s->now.ms,
				"refused a question that is signed with key %s: transfer.allow has "
				"no row of its zone, address %s and this key",
				a->response->session.key->name, address_of(a->request, from));
		refuse_and_close(a, RCODE_REFUSED);
		return;
	}
	/* Others are errors, whatever the zones have. */
	a->response->closes = a->verdict != QUERY_ANSWER;
	if (newest == NULL)
		write_refusal(a, RCODE_SERVFAIL, false);
	else
		a->response->len = answer_packet(generation_zones(newest), &context, a->packet,
			a->len, a->out, a->size);
}

static bool
is_transfer(const struct asked *a)
{
	const struct query *q = &a->query;

	return a->verdict == QUERY_ANSWER && q->class == CLASS_IN &&
		(q->type == TYPE_IXFR ||
			(q->type == TYPE_AXFR && a->request->transport == ANSWER_TCP));
}

static void
handle_good(struct asked *a)
{
	size_t room = tsig_size(&a->response->session), size = a->size;

	if (a->request->transport == ANSWER_UDP) {
		size_t limit = a->query.udp_size < a->s->answer.udp_size ? a->query.udp_size :
									   a->s->answer.udp_size;
		size = limit < size ? limit : size;
	}
	if (size <= room)
		return;
	/* requests_continue makes room for itself. */
	a->size = is_transfer(a) ? size : size - room;
	if (a->verdict == QUERY_NOTIFY)
		handle_notify(a);
	else if (is_transfer(a))
		handle_transfer(a);
	else
		handle_query(a);
	if (a->response->len != 0 && a->response->messages == 0)
		a->response->len = tsig_sign_reply(&a->response->session, a->out, a->response->len,
			size, a->s->now.s);
}

/* RFC 8945 section 5.2: "an appropriate log message". */
static void
handle_bad(struct asked *a, size_t len)
{
	struct response *response = a->response;
	char from[ADDR_TEXT], name[WIRE_NAME_TEXT] = "";

	response->closes = true;
	if (response->session.name_len != 0)
		wire_name_format(response->session.name, name);
	key_mask_text(name);
	log_limit_notice(&a->s->refusals, a->s->now.ms,
		"refused a request from %s with TSIG key \"%s\": %s%s",
		address_of(a->request, from), name, tsig_result_name(response->session.result),
		response->session.result == TSIG_BADTIME ?
			"; its clock or ours is wrong, or it is a recording" :
			"");
	len = tsig_refuse(&response->session, a->s->scratch, len, sizeof(a->s->scratch),
		a->s->now.s);
	if (len == 0 || len > a->size)
		return;
	memcpy(a->out, a->s->scratch, len);
	response->len = len;
}

void
requests_handle(struct requests *s, const struct request *r, uint8_t *out, size_t size,
	struct response *response)
{
	struct asked a = {.s = s,
		.request = r,
		.ede = EDE_NONE,
		.out = out,
		.size = size,
		.response = response};
	size_t len = r->len;

	*response = (struct response){.over_tls = r->over_tls,
		.client = r->client.addr,
		.status = SIZE_MAX};
	if (len > HANDED_MAX)
		return;
	memcpy(s->scratch, r->packet, len);
	a.packet = s->scratch;
	if (query_parse(a.packet, len, &a.query) == QUERY_DROP)
		return;
	switch (tsig_verify_request(s->keys, s->scratch, &len, s->now.s, &response->session)) {
	case TSIG_ABSENT:
	case TSIG_GOOD: break;
	case TSIG_BADKEY:
	case TSIG_BADSIG:
	case TSIG_BADTIME:
	case TSIG_BADTRUNC: handle_bad(&a, len); goto end;
	case TSIG_MALFORMED:
		/* Without a TSIG it is the answer's to say what is wrong. */
		if (a.query.tsig) {
			handle_bad(&a, len);
			goto end;
		}
		break;
	}
	a.len = len;
	a.verdict = query_parse(a.packet, len, &a.query);
	handle_good(&a);
end:
	if (response->transfer == NULL)
		tsig_session_end(&response->session);
}
