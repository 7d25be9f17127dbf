/* rbldnsd_oracle_wire.c - questions and replies as bytes; replies made comparable. */
#include "rbldnsd_oracle.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { HEADER_SIZE = 12, POINTERS_MAX = 64 };

struct reader {
	const uint8_t *bytes;
	size_t len, at;
	bool bad;
};

static void
put16(uint8_t *out, size_t *at, unsigned v)
{
	out[(*at)++] = (uint8_t)(v >> 8);
	out[(*at)++] = (uint8_t)v;
}

size_t
wire_question(const struct question *q, uint16_t id, uint8_t out[PACKET_MAX])
{
	size_t at = 0;

	put16(out, &at, id);
	put16(out, &at, q->flags);
	put16(out, &at, 1);
	put16(out, &at, 0);
	put16(out, &at, 0);
	put16(out, &at, q->edns);
	memcpy(out + at, q->name, q->len);
	at += q->len;
	put16(out, &at, q->type);
	put16(out, &at, q->class);
	if (q->edns) {
		out[at++] = 0;
		put16(out, &at, TYPE_OPT);
		put16(out, &at, q->udp_size);
		put16(out, &at, 0);
		put16(out, &at, q->dnssec_ok ? 0x8000 : 0);
		put16(out, &at, 0);
	}
	return at;
}

static unsigned
get(struct reader *r, size_t n)
{
	unsigned v = 0;

	if (r->bad || r->len - r->at < n) {
		r->bad = true;
		return 0;
	}
	while (n-- > 0)
		v = v << 8 | r->bytes[r->at++];
	return v;
}

/* Appends the whole name, in lower case, to the blob. */
static const uint8_t *
get_name(struct reader *r, struct reply *out, size_t *len)
{
	size_t at = r->at, start = out->used, pointers = 0;
	bool jumped = false;

	while (!r->bad) {
		unsigned n = at < r->len ? r->bytes[at] : 0xff;

		if (n >= 0xc0 && n != 0xff && at + 1 < r->len && ++pointers < POINTERS_MAX) {
			if (!jumped)
				r->at = at + 2;
			jumped = true;
			at = (n & 0x3f) << 8 | r->bytes[at + 1];
			continue;
		}
		if (n > 63 || at + 1 + n > r->len || out->used - start + n + 1 > NAME_MAX_WIRE ||
			out->used + n + 1 > BLOB_MAX) {
			r->bad = true;
			break;
		}
		out->blob[out->used++] = (uint8_t)n;
		for (size_t i = 1; i <= n; i++)
			out->blob[out->used++] = (uint8_t)tolower(r->bytes[at + i]);
		at += n + 1;
		if (n == 0)
			break;
	}
	if (!jumped && !r->bad)
		r->at = at;
	*len = out->used - start;
	return out->blob + start;
}

static void
copy_bytes(struct reader *r, struct reply *out, size_t n)
{
	if (r->bad || r->len - r->at < n || out->used + n > BLOB_MAX) {
		r->bad = true;
		return;
	}
	memcpy(out->blob + out->used, r->bytes + r->at, n);
	out->used += n;
	r->at += n;
}

static void
get_data(struct reader *r, struct reply *out, struct record *record, size_t n)
{
	size_t end = r->at + n, start = out->used, unused;

	if (r->bad || end > r->len) {
		r->bad = true;
		return;
	}
	record->data = out->blob + start;
	if (record->type == TYPE_TXT) {
		while (r->at < end && !r->bad)
			copy_bytes(r, out, get(r, 1));
	} else {
		if (record->type == TYPE_MX)
			copy_bytes(r, out, 2);
		if (record->type == TYPE_NS || record->type == TYPE_MX || record->type == TYPE_SOA)
			get_name(r, out, &unused);
		if (record->type == TYPE_SOA)
			get_name(r, out, &unused);
		if (!r->bad && r->at <= end)
			copy_bytes(r, out, end - r->at);
	}
	record->len = out->used - start;
	if (r->at != end)
		r->bad = true;
}

static int
compare_bytes(const uint8_t *a, size_t a_len, const uint8_t *b, size_t b_len)
{
	int order = memcmp(a, b, a_len < b_len ? a_len : b_len);

	return order != 0 ? order : (a_len > b_len) - (a_len < b_len);
}

static int
compare_records(const void *x, const void *y)
{
	const struct record *a = x, *b = y;
	int order;

	if (a->section != b->section)
		return a->section < b->section ? -1 : 1;
	if (a->type != b->type)
		return a->type < b->type ? -1 : 1;
	if ((order = compare_bytes(a->owner, a->owner_len, b->owner, b->owner_len)) != 0)
		return order;
	if ((order = compare_bytes(a->data, a->len, b->data, b->len)) != 0)
		return order;
	if (a->ttl != b->ttl)
		return a->ttl < b->ttl ? -1 : 1;
	return (a->class > b->class) - (a->class < b->class);
}

void
wire_sort(struct reply *r)
{
	if (r->count > 1)
		qsort(r->records, r->count, sizeof(r->records[0]), compare_records);
}

static void
get_record(struct reader *r, enum section section, struct reply *out)
{
	struct record *record = &out->records[out->count];
	size_t n;

	record->section = section;
	record->owner = get_name(r, out, &record->owner_len);
	record->type = (uint16_t)get(r, 2);
	record->class = (uint16_t)get(r, 2);
	record->ttl = get(r, 4);
	n = get(r, 2);
	if (record->type == TYPE_OPT && section == SECTION_ADDITIONAL) {
		out->edns = true;
		if (r->len - r->at < n)
			r->bad = true;
		else
			r->at += n;
		return;
	}
	get_data(r, out, record, n);
	out->count++;
}

void
wire_reply(const struct question *q, const uint8_t *packet, size_t len, struct reply *out)
{
	struct reader r = {.bytes = packet, .len = len, .at = 2};
	unsigned counts[4];

	out->got = len != 0;
	out->bad = out->edns = false;
	out->count = out->used = 0;
	out->flags = 0;
	out->rcode = 0;
	if (len == 0)
		return;
	out->flags = (uint16_t)get(&r, 2);
	out->rcode = out->flags & 15;
	out->flags &= (uint16_t)~15u;
	for (size_t i = 0; i < 4; i++)
		counts[i] = get(&r, 2);
	if (counts[0] != 0) { /* the question comes back as it was spelt */
		if (counts[0] != 1 || len - r.at < q->len + 4 ||
			memcmp(packet + r.at, q->name, q->len) != 0)
			r.bad = true;
		else
			r.at += q->len;
		if (get(&r, 2) != q->type || get(&r, 2) != q->class)
			r.bad = true;
	}
	for (unsigned section = 0; section < 3; section++)
		for (unsigned i = 0; i < counts[section + 1] && !r.bad; i++) {
			if (out->count == RECORDS_MAX)
				r.bad = true;
			else
				get_record(&r, section, out);
		}
	out->bad = r.bad || r.at != len;
	wire_sort(out);
}

bool
wire_record_equal(const struct record *a, const struct record *b)
{
	return compare_records(a, b) == 0;
}

bool
wire_equal(const struct reply *a, const struct reply *b)
{
	if (a->got != b->got || a->bad || b->bad || a->rcode != b->rcode || a->flags != b->flags ||
		a->count != b->count)
		return false;
	for (size_t i = 0; i < a->count; i++)
		if (!wire_record_equal(&a->records[i], &b->records[i]))
			return false;
	return true;
}

static const uint8_t *
keep(struct reply *r, const uint8_t *bytes, size_t len)
{
	if (len > BLOB_MAX - r->used)
		abort();
	memcpy(r->blob + r->used, bytes, len);
	r->used += len;
	return r->blob + r->used - len;
}

void
wire_add(struct reply *r, enum section section, const uint8_t *owner, size_t owner_len,
	uint16_t type, uint32_t ttl, const uint8_t *data, size_t len)
{
	if (r->count == RECORDS_MAX)
		abort();
	r->records[r->count++] = (struct record){
		.section = section,
		.type = type,
		.class = 1,
		.ttl = ttl,
		.owner = keep(r, owner, owner_len),
		.owner_len = owner_len,
		.data = keep(r, data, len),
		.len = len,
	};
	wire_sort(r);
}

void
wire_set_data(struct reply *r, struct record *record, const uint8_t *data, size_t len)
{
	record->data = keep(r, data, len);
	record->len = len;
}

void
wire_copy(struct reply *to, const struct reply *from)
{
	to->got = from->got;
	to->bad = from->bad;
	to->flags = from->flags;
	to->rcode = from->rcode;
	to->edns = from->edns;
	to->count = from->count;
	to->used = from->used;
	memcpy(to->blob, from->blob, from->used);
	for (size_t i = 0; i < to->count; i++) {
		to->records[i] = from->records[i];
		to->records[i].owner = to->blob + (from->records[i].owner - from->blob);
		to->records[i].data = to->blob + (from->records[i].data - from->blob);
	}
}

size_t
wire_section(const struct reply *r, enum section section)
{
	size_t count = 0;

	for (size_t i = 0; i < r->count; i++)
		count += r->records[i].section == section;
	return count;
}

size_t
wire_name(const char *text, uint8_t out[NAME_MAX_WIRE])
{
	size_t at = 0, label = 0;

	out[at++] = 0;
	for (; *text != '\0'; text++) {
		if (*text == '.') {
			label = at;
			out[at++] = 0;
			continue;
		}
		if (out[label] == 63 || at == 255)
			return 0;
		out[at++] = (uint8_t)tolower((unsigned char)*text);
		out[label]++;
	}
	if (out[label] != 0)
		out[at++] = 0;
	return at;
}

/* --- for the eye -------------------------------------------------------------- */

static void
print_name(const uint8_t *wire)
{
	if (*wire == 0)
		putchar('.');
	for (; *wire != 0; wire += *wire + 1) {
		for (size_t i = 1; i <= *wire; i++) {
			if (isgraph(wire[i]) && strchr(".\\\"", wire[i]) == NULL)
				putchar(wire[i]);
			else
				printf("\\%03u", wire[i]);
		}
		putchar('.');
	}
}

static const char *
type_name(unsigned type, char out[16])
{
	static const struct {
		unsigned type;
		const char *name;
	} names[] = {{TYPE_A, "A"}, {TYPE_NS, "NS"}, {TYPE_SOA, "SOA"}, {TYPE_HINFO, "HINFO"},
		{TYPE_MX, "MX"}, {TYPE_TXT, "TXT"}, {28, "AAAA"}, {TYPE_DS, "DS"},
		{TYPE_ANY, "ANY"}, {257, "CAA"}};

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (names[i].type == type)
			return names[i].name;
	snprintf(out, 16, "TYPE%u", type);
	return out;
}

void
wire_print_question(const struct question *q)
{
	char type[16];

	printf("# question: ");
	print_name(q->name);
	printf(" %s class %u flags %04x", type_name(q->type, type), q->class, q->flags);
	if (q->edns)
		printf(" EDNS %u%s", q->udp_size, q->dnssec_ok ? " DO" : "");
	printf(" from client %u\n", q->client);
}

static void
print_data(const struct record *r)
{
	if (r->type == TYPE_A && r->len == 4) {
		printf("%u.%u.%u.%u", r->data[0], r->data[1], r->data[2], r->data[3]);
	} else if (r->type == TYPE_TXT) {
		putchar('"');
		for (size_t i = 0; i < r->len; i++)
			printf(isprint(r->data[i]) ? "%c" : "\\%03u", r->data[i]);
		printf("\" (%zu)", r->len);
	} else if (r->type == TYPE_NS) {
		print_name(r->data);
	} else {
		for (size_t i = 0; i < r->len; i++)
			printf(isgraph(r->data[i]) ? "%c" : "\\%02x", r->data[i]);
	}
}

void
wire_print_reply(const char *who, const struct reply *r)
{
	static const char *const sections[] = {"answer", "authority", "additional"};
	static const char *const rcodes[] = {"NOERROR", "FORMERR", "SERVFAIL", "NXDOMAIN", "NOTIMP",
		"REFUSED"};
	char type[16];

	if (!r->got) {
		printf("# %s: nothing\n", who);
		return;
	}
	printf("# %s: %s flags %04x%s%s\n", who, r->rcode < 6 ? rcodes[r->rcode] : "other",
		r->flags, r->edns ? " EDNS" : "", r->bad ? " malformed" : "");
	for (size_t i = 0; i < r->count; i++) {
		const struct record *record = &r->records[i];

		printf("#     %-10s ", sections[record->section]);
		print_name(record->owner);
		printf(" %u %s ", record->ttl, type_name(record->type, type));
		print_data(record);
		putchar('\n');
	}
}
