#include "incoming_record.h"

#include <string.h>

#include "big_endian.h"

enum { RECORD_HEAD = 10, POINTER = 0xc0 };

/* What the data of a type have in them. */
struct rdata_form {
	uint16_t type;
	uint8_t before; /* bytes in front of the names */
	uint8_t names;
	uint8_t after; /* bytes behind them; 0xff: any number */
};

/* Types whose names may be compressed. */
static const struct rdata_form forms[] = {
	{2, 0, 1, 0},     /* NS */
	{3, 0, 1, 0},     /* MD */
	{4, 0, 1, 0},     /* MF */
	{5, 0, 1, 0},     /* CNAME */
	{6, 0, 2, 20},    /* SOA */
	{7, 0, 1, 0},     /* MB */
	{8, 0, 1, 0},     /* MG */
	{9, 0, 1, 0},     /* MR */
	{12, 0, 1, 0},    /* PTR */
	{14, 0, 2, 0},    /* MINFO */
	{15, 2, 1, 0},    /* MX */
	{17, 0, 2, 0},    /* RP */
	{18, 2, 1, 0},    /* AFSDB */
	{21, 2, 1, 0},    /* RT */
	{24, 18, 1, 255}, /* SIG */
	{26, 2, 2, 0},    /* PX */
	{30, 0, 1, 255},  /* NXT */
	{33, 6, 1, 0},    /* SRV */
	{36, 2, 1, 0},    /* KX */
	{39, 0, 1, 0},    /* DNAME */
};

bool
incoming_message_open(struct incoming_message *m, const uint8_t *bytes, size_t len)
{
	if (len < QUERY_HEADER_SIZE)
		return false;
	*m = (struct incoming_message){
		.bytes = bytes,
		.len = len,
		.at = QUERY_HEADER_SIZE,
		.id = big_endian_u16(bytes),
		.flags = big_endian_u16(bytes + 2),
		.questions = big_endian_u16(bytes + 4),
		.answers = big_endian_u16(bytes + 6),
	};
	return true;
}

size_t
incoming_record_name(const uint8_t *bytes, size_t len, size_t *at, uint8_t out[WIRE_NAME_MAX])
{
	size_t from = *at, bound = *at, used = 0;
	bool jumped = false;

	for (;;) {
		size_t label;

		if (from >= len)
			return 0;
		label = bytes[from];
		if ((label & POINTER) == POINTER) {
			if (from + 1 >= len)
				return 0;
			if (!jumped)
				*at = from + 2;
			jumped = true;
			from = (label & ~(size_t)POINTER) << 8 | bytes[from + 1];
			/* Each pointer leads before the last place that one led to. */
			if (from >= bound)
				return 0;
			bound = from;
			continue;
		}
		if (label > WIRE_NAME_LABEL_MAX || from + 1 + label > len ||
			used + 1 + label > WIRE_NAME_MAX)
			return 0;
		memcpy(out + used, bytes + from, 1 + label);
		used += 1 + label;
		from += 1 + label;
		if (label == 0)
			break;
	}
	if (!jumped)
		*at = from;
	return used;
}

bool
incoming_message_question(struct incoming_message *m, const uint8_t *name, size_t name_len,
	uint16_t type, bool *is_ours)
{
	uint8_t asked[WIRE_NAME_MAX];
	size_t len = incoming_record_name(m->bytes, m->len, &m->at, asked);

	if (len == 0 || m->len - m->at < 4)
		return false;
	wire_name_lower(asked, len);
	*is_ours = len == name_len && memcmp(asked, name, len) == 0 &&
		big_endian_u16(m->bytes + m->at) == type &&
		big_endian_u16(m->bytes + m->at + 2) == CLASS_IN;
	m->at += 4;
	return true;
}

static const struct rdata_form *
form_of(uint16_t type)
{
	for (size_t i = 0; i < sizeof(forms) / sizeof(forms[0]); i++)
		if (forms[i].type == type)
			return &forms[i];
	return NULL;
}

static bool
copy_bytes(const struct incoming_message *m, size_t len, struct incoming_record *out)
{
	if (len > INCOMING_RDATA_MAX - out->rdata_len)
		return false;
	memcpy(out->rdata + out->rdata_len, m->bytes + m->at, len);
	out->rdata_len += len;
	return true;
}

static bool
copy_name(struct incoming_message *m, size_t end, struct incoming_record *out)
{
	uint8_t name[WIRE_NAME_MAX];
	size_t len = incoming_record_name(m->bytes, end, &m->at, name);

	if (len == 0 || len > INCOMING_RDATA_MAX - out->rdata_len)
		return false;
	memcpy(out->rdata + out->rdata_len, name, len);
	out->rdata_len += len;
	return true;
}

static bool
copy_form(struct incoming_message *m, const struct rdata_form *form, size_t end,
	struct incoming_record *out)
{
	if (end - m->at < form->before || !copy_bytes(m, form->before, out))
		return false;
	m->at += form->before;
	for (unsigned i = 0; i < form->names; i++)
		if (!copy_name(m, end, out))
			return false;
	if (form->after != UINT8_MAX && end - m->at != form->after)
		return false;
	return copy_bytes(m, end - m->at, out);
}

bool
incoming_message_record(struct incoming_message *m, struct incoming_record *out)
{
	const struct rdata_form *form;
	const uint8_t *head;
	size_t end;

	out->owner_len = incoming_record_name(m->bytes, m->len, &m->at, out->owner);
	if (out->owner_len == 0 || m->len - m->at < RECORD_HEAD)
		return false;
	head = m->bytes + m->at;
	out->type = big_endian_u16(head);
	out->class = big_endian_u16(head + 2);
	out->ttl_s = big_endian_u32(head + 4);
	m->at += RECORD_HEAD;
	end = m->at + big_endian_u16(head + 8);
	out->rdata_len = 0;
	if (end > m->len)
		return false;
	form = form_of(out->type);
	if (form != NULL ? !copy_form(m, form, end, out) : !copy_bytes(m, end - m->at, out))
		return false;
	m->at = end;
	return true;
}
