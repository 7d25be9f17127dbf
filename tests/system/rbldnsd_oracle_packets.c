/* rbldnsd_oracle_packets.c - packets that are no plain questions: what each server makes of
 * them is known, and has to be just that. Each row names its rule. */
#include "rbldnsd_oracle.h"

#include <stdio.h>
#include <string.h>

enum { SILENT = -1 };

/* set0.test SOA IN, without EDNS. */
static size_t
plain(struct question *q, uint8_t out[PACKET_MAX])
{
	*q = (struct question){.class = 1, .type = TYPE_SOA};
	names_text("set0.test", q);
	q->name[q->len++] = 0;
	return wire_question(q, 4711, out);
}

static size_t
as_it_is(uint8_t *packet, size_t len)
{
	(void)packet;
	return len;
}

static size_t
short_header(uint8_t *packet, size_t len)
{
	(void)packet;
	(void)len;
	return 11;
}

static size_t
cut_question(uint8_t *packet, size_t len)
{
	(void)packet;
	return len - 1;
}

static size_t
reply_bit(uint8_t *packet, size_t len)
{
	packet[2] |= 0x80;
	return len;
}

static size_t
no_question(uint8_t *packet, size_t len)
{
	(void)len;
	packet[5] = 0;
	return 12;
}

static size_t
two_questions(uint8_t *packet, size_t len)
{
	packet[5] = 2;
	memcpy(packet + len, packet + 12, len - 12);
	return 2 * len - 12;
}

static size_t
long_label(uint8_t *packet, size_t len)
{
	packet[12] = 64;
	return len;
}

static size_t
long_name(uint8_t *packet, size_t len)
{
	size_t at = 12;

	for (size_t i = 0; i < 5; i++) {
		packet[at] = 60;
		memset(packet + at + 1, 'a', 60);
		at += 61;
	}
	memcpy(packet + at, "\0\0\1\0\1", 5);
	(void)len;
	return at + 5;
}

static size_t
opcode_notify(uint8_t *packet, size_t len)
{
	packet[2] |= 4 << 3;
	return len;
}

static size_t
authoritative_bit(uint8_t *packet, size_t len)
{
	packet[2] |= 4;
	return len;
}

static size_t
truncated_bit(uint8_t *packet, size_t len)
{
	packet[2] |= 2;
	return len;
}

static size_t
class_any(uint8_t *packet, size_t len)
{
	packet[len - 1] = 255;
	return len;
}

static size_t
class_hesiod(uint8_t *packet, size_t len)
{
	packet[len - 1] = 4;
	return len;
}

static size_t
version_bind(uint8_t *packet, size_t len)
{
	static const uint8_t question[] = "\7version\4bind\0\0\20\0\3";

	(void)len;
	memcpy(packet + 12, question, sizeof(question) - 1);
	return 12 + sizeof(question) - 1;
}

static size_t
edns_version(uint8_t *packet, size_t len)
{
	static const uint8_t opt[] = "\0\0\51\20\0\0\1\0\0\0\0";

	packet[11] = 1;
	memcpy(packet + len, opt, sizeof(opt) - 1);
	return len + sizeof(opt) - 1;
}

static size_t
two_opts(uint8_t *packet, size_t len)
{
	static const uint8_t opt[] = "\0\0\51\20\0\0\0\0\0\0\0";

	packet[11] = 2;
	memcpy(packet + len, opt, sizeof(opt) - 1);
	memcpy(packet + len + sizeof(opt) - 1, opt, sizeof(opt) - 1);
	return len + 2 * (sizeof(opt) - 1);
}

static const struct row {
	const char *rule; /* NULL: both do the same */
	const char *what;
	size_t (*change)(uint8_t *packet, size_t len);
	int theirs, ours; /* the low four bits of the rcode, or SILENT */
} rows[] = {
	{NULL, "a plain question", as_it_is, RCODE_OK, RCODE_OK},
	{NULL, "less than a header", short_header, SILENT, SILENT},
	{NULL, "a reply", reply_bit, SILENT, SILENT},
	{"malformed", "half a question", cut_question, SILENT, RCODE_FORMERR},
	{"malformed", "no question", no_question, SILENT, RCODE_FORMERR},
	{"malformed", "two questions", two_questions, SILENT, RCODE_FORMERR},
	{"malformed", "a label of 64 bytes", long_label, SILENT, RCODE_FORMERR},
	{"malformed", "a name of 306 bytes", long_name, SILENT, RCODE_FORMERR},
	{"malformed", "two OPT records", two_opts, RCODE_OK, RCODE_FORMERR},
	{NULL, "NOTIFY", opcode_notify, RCODE_NOTIMP, RCODE_NOTIMP},
	{"header-bits", "AA set", authoritative_bit, RCODE_NOTIMP, RCODE_OK},
	{"header-bits", "TC set", truncated_bit, RCODE_NOTIMP, RCODE_OK},
	{"class-any", "class ANY", class_any, RCODE_OK, RCODE_REFUSED},
	{NULL, "class HS", class_hesiod, RCODE_REFUSED, RCODE_REFUSED},
	{NULL, "version.bind", version_bind, RCODE_OK, RCODE_OK},
	{"edns", "EDNS version 1 (BADVERS)", edns_version, RCODE_OK, 0},
};

bool
packets_compare(struct ask *a, size_t i, char out[128])
{
	const struct row *row = &rows[i];
	uint8_t packet[PACKET_MAX], reply[PACKET_MAX];
	struct question q;
	int got[2];

	for (enum server server = THEIRS; server <= OURS; server++) {
		size_t len = ask_raw(a, server, packet, row->change(packet, plain(&q, packet)),
			reply);

		got[server] = len >= 12 ? reply[3] & 15 : SILENT;
	}
	snprintf(out, 128, "%s: %s, rbldnsd %d, orbl-dnsd %d",
		row->rule != NULL ? row->rule : "same", row->what, got[THEIRS], got[OURS]);
	return got[THEIRS] == row->theirs && got[OURS] == row->ours;
}

size_t
packets_count(void)
{
	return sizeof(rows) / sizeof(rows[0]);
}

const char *
packets_rule(size_t i)
{
	return rows[i].rule;
}
