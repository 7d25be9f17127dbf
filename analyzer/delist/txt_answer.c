#include "txt_answer.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include <ldns/ldns.h>

#include <orbl/text.h>

/* --- the question ------------------------------------------------------------------ */

static enum err
write_query(const struct txt_question *q, ldns_pkt *packet, uint8_t out[TXT_QUERY_MAX], size_t *len,
	struct error *e)
{
	uint8_t *wire = NULL;
	enum err err = OK;

	ldns_pkt_set_id(packet, q->id);
	ldns_pkt_set_edns_udp_size(packet, TXT_UDP_SIZE);
	if (ldns_pkt2wire(&wire, packet, len) != LDNS_STATUS_OK)
		return error_set(e, ERR_MEMORY, "%s: no question can be made", q->name);
	if (*len <= TXT_QUERY_MAX)
		memcpy(out, wire, *len);
	else
		err = error_set(e, ERR_RANGE, "%s: too long a question", q->name);
	free(wire);
	return err;
}

enum err
txt_answer_ask(const struct txt_question *q, uint8_t out[TXT_QUERY_MAX], size_t *len,
	struct error *e)
{
	ldns_rdf *name = ldns_dname_new_frm_str(q->name);
	ldns_pkt *packet;
	enum err err;

	if (name == NULL)
		return error_set(e, ERR_SYNTAX, "%s: not a domain name", q->name);
	packet = ldns_pkt_query_new(name, LDNS_RR_TYPE_TXT, LDNS_RR_CLASS_IN, LDNS_RD);
	if (packet == NULL) {
		ldns_rdf_deep_free(name);
		return error_set(e, ERR_MEMORY, "out of memory");
	}
	err = write_query(q, packet, out, len, e); /* name is the packet's now */
	ldns_pkt_free(packet);
	return err;
}

/* --- the answer -------------------------------------------------------------------- */

static bool
is_answer_to(const ldns_pkt *packet, const struct txt_question *q, const ldns_rdf *name)
{
	const ldns_rr_list *questions = ldns_pkt_question(packet);
	const ldns_rr *asked;

	if (!ldns_pkt_qr(packet) || ldns_pkt_id(packet) != q->id ||
		ldns_pkt_get_opcode(packet) != LDNS_PACKET_QUERY ||
		ldns_rr_list_rr_count(questions) != 1)
		return false;
	asked = ldns_rr_list_rr(questions, 0);
	return ldns_rr_get_type(asked) == LDNS_RR_TYPE_TXT &&
		ldns_rr_get_class(asked) == LDNS_RR_CLASS_IN &&
		ldns_dname_compare(ldns_rr_owner(asked), name) == 0;
}

static bool
is_of(const ldns_rr *rr, ldns_rr_type type, const ldns_rdf *owner)
{
	return ldns_rr_get_type(rr) == type && ldns_rr_get_class(rr) == LDNS_RR_CLASS_IN &&
		ldns_dname_compare(ldns_rr_owner(rr), owner) == 0;
}

/* False: longer than a record of ours may be. */
static bool
join_strings(const ldns_rr *rr, char out[TXT_RECORD_MAX])
{
	size_t at = 0;

	for (size_t i = 0; i < ldns_rr_rd_count(rr); i++) {
		const ldns_rdf *rdf = ldns_rr_rdf(rr, i);
		const char *bytes = (const char *)ldns_rdf_data(rdf);
		size_t len = ldns_rdf_size(rdf) != 0 ? ldns_rdf_size(rdf) - 1 : 0;

		if (len >= TXT_RECORD_MAX - at)
			return false;
		at += text_printable((struct text){bytes + 1, len}, out + at, TXT_RECORD_MAX - at);
	}
	out[at] = '\0';
	return true;
}

static const ldns_rdf *
find_alias(const ldns_rr_list *answer, const ldns_rdf *owner)
{
	for (size_t i = 0; i < ldns_rr_list_rr_count(answer); i++) {
		const ldns_rr *rr = ldns_rr_list_rr(answer, i);

		if (is_of(rr, LDNS_RR_TYPE_CNAME, owner) && ldns_rr_rd_count(rr) == 1)
			return ldns_rr_rdf(rr, 0);
	}
	return NULL;
}

static void
collect(const ldns_rr_list *answer, const ldns_rdf *owner, struct txt_answer *out)
{
	const ldns_rdf *alias;

	for (unsigned i = 0; i < TXT_ALIASES_MAX; i++) {
		alias = find_alias(answer, owner);
		if (alias == NULL)
			break;
		owner = alias;
	}
	for (size_t i = 0; i < ldns_rr_list_rr_count(answer) && out->count < TXT_RECORDS_MAX; i++) {
		const ldns_rr *rr = ldns_rr_list_rr(answer, i);

		if (is_of(rr, LDNS_RR_TYPE_TXT, owner) &&
			join_strings(rr, out->records[out->count]))
			out->count++;
	}
	out->kind = out->count != 0 ? TXT_FOUND : TXT_NONE;
}

static const char *
rcode_name(ldns_pkt_rcode rcode)
{
	return rcode == LDNS_RCODE_SERVFAIL ? "SERVFAIL" :
		rcode == LDNS_RCODE_REFUSED ? "REFUSED" :
		rcode == LDNS_RCODE_FORMERR ? "FORMERR" :
		rcode == LDNS_RCODE_NOTIMPL ? "NOTIMP" :
					      "error";
}

static void
read_packet(const ldns_pkt *packet, const ldns_rdf *name, struct txt_answer *out)
{
	ldns_pkt_rcode rcode = ldns_pkt_get_rcode(packet);

	if (ldns_pkt_tc(packet)) {
		out->kind = TXT_TRUNCATED;
	} else if (rcode == LDNS_RCODE_NXDOMAIN) {
		out->kind = TXT_NONE;
	} else if (rcode != LDNS_RCODE_NOERROR) {
		out->kind = TXT_FAILED;
		out->why = rcode_name(rcode);
	} else {
		collect(ldns_pkt_answer(packet), name, out);
	}
}

void
txt_answer_read(const struct txt_question *q, const uint8_t *bytes, size_t len,
	struct txt_answer *out)
{
	ldns_rdf *name = ldns_dname_new_frm_str(q->name);
	ldns_pkt *packet = NULL;

	out->kind = TXT_NOT_OURS;
	out->why = "";
	out->count = 0;
	if (name != NULL && ldns_wire2pkt(&packet, bytes, len) == LDNS_STATUS_OK) {
		if (is_answer_to(packet, q, name))
			read_packet(packet, name, out);
		ldns_pkt_free(packet);
	}
	ldns_rdf_deep_free(name);
}
