/* A zone as a master file (RFC 1035 section 5): what a transfer has, in its order. */
#include "dump_zone.h"

#include "big_endian.h"
#include "dump_text.h"
#include "zone_records.h"

enum { TYPE_MX = 15, TYPE_AAAA = 28, TYPE_CAA = 257, NUMBERS = 5, CAA_HEAD = 2 };

/* --- data of records ------------------------------------------------------------- */

static bool
put_a(struct dump_out *out, struct text rdata)
{
	if (rdata.len != 4)
		return false;
	dump_out_took(out,
		dump_put_ipv4(dump_out_room(out), big_endian_u32((const uint8_t *)rdata.p)));
	return true;
}

static bool
put_aaaa(struct dump_out *out, struct text rdata)
{
	const uint8_t *b = (const uint8_t *)rdata.p;

	if (rdata.len != 16)
		return false;
	for (size_t i = 0; i < 16; i += 2)
		dump_out_print(out, "%s%x", i == 0 ? "" : ":", (unsigned)big_endian_u16(b + i));
	return true;
}

static bool
put_name(struct dump_out *out, struct text rdata)
{
	if (rdata.len == 0 || dump_text_measure(rdata) != rdata.len)
		return false;
	dump_text_absolute(out, (const uint8_t *)rdata.p);
	return true;
}

static bool
put_mx(struct dump_out *out, struct text rdata)
{
	if (rdata.len < 3 || dump_text_measure(text_from(rdata, 2)) != rdata.len - 2)
		return false;
	dump_out_took(out,
		dump_put_u32(dump_out_room(out), big_endian_u16((const uint8_t *)rdata.p)));
	dump_out_char(out, ' ');
	return put_name(out, text_from(rdata, 2));
}

static bool
put_soa(struct dump_out *out, struct text rdata)
{
	size_t mname = dump_text_measure(rdata), rname = dump_text_measure(text_from(rdata, mname));
	struct text numbers = text_from(rdata, mname + rname);

	if (mname == 0 || rname == 0 || numbers.len != NUMBERS * sizeof(uint32_t))
		return false;
	dump_text_absolute(out, (const uint8_t *)rdata.p);
	dump_out_char(out, ' ');
	dump_text_absolute(out, (const uint8_t *)rdata.p + mname);
	for (size_t i = 0; i < NUMBERS; i++) {
		dump_out_char(out, ' ');
		dump_out_took(out,
			dump_put_u32(dump_out_room(out),
				big_endian_u32((const uint8_t *)numbers.p + 4 * i)));
	}
	return true;
}

static bool
put_txt(struct dump_out *out, struct text rdata)
{
	size_t at = 0;

	while (at < rdata.len && (uint8_t)rdata.p[at] < rdata.len - at)
		at += (uint8_t)rdata.p[at] + 1u;
	if (rdata.len == 0 || at != rdata.len)
		return false;
	for (at = 0; at < rdata.len; at += (uint8_t)rdata.p[at] + 1u) {
		if (at != 0)
			dump_out_char(out, ' ');
		dump_text_string(out, (struct text){rdata.p + at + 1, (uint8_t)rdata.p[at]});
	}
	return true;
}

/* RFC 8659 section 4.1.1: FLAGS TAG VALUE */
static bool
put_caa(struct dump_out *out, struct text rdata)
{
	size_t tag = rdata.len > CAA_HEAD ? (uint8_t)rdata.p[1] : 0;

	if (tag == 0 || tag > rdata.len - CAA_HEAD)
		return false;
	for (size_t i = 0; i < tag; i++) {
		char c = (char)(rdata.p[CAA_HEAD + i] | 0x20);

		if ((c < 'a' || c > 'z') && (c < '0' || c > '9'))
			return false;
	}
	dump_out_print(out, "%u %.*s ", (unsigned)(uint8_t)rdata.p[0], (int)tag,
		rdata.p + CAA_HEAD);
	dump_text_string(out, text_from(rdata, CAA_HEAD + tag));
	return true;
}

static const struct {
	const char *name;
	uint16_t type;
	bool (*put)(struct dump_out *out, struct text rdata); /* false: nothing was put */
} types[] = {
	{"A", TYPE_A, put_a},
	{"TXT", TYPE_TXT, put_txt},
	{"NS", TYPE_NS, put_name},
	{"SOA", TYPE_SOA, put_soa},
	{"AAAA", TYPE_AAAA, put_aaaa},
	{"MX", TYPE_MX, put_mx},
	{"CAA", TYPE_CAA, put_caa},
};

/* RFC 3597 section 5: of any type. */
static void
put_unknown(struct dump_out *out, struct text rdata)
{
	static const char hex[] = "0123456789abcdef";

	dump_out_print(out, "\\# %zu", rdata.len);
	for (size_t i = 0; i < rdata.len; i++) {
		if (i == 0)
			dump_out_char(out, ' ');
		dump_out_char(out, hex[(uint8_t)rdata.p[i] >> 4]);
		dump_out_char(out, hex[(uint8_t)rdata.p[i] & 15]);
	}
}

static void
put_type_and_data(struct dump_out *out, const struct zone_record *r)
{
	for (size_t i = 0; i < ORBL_COUNT(types); i++) {
		if (types[i].type != r->type)
			continue;
		dump_out_text(out, text_of(types[i].name));
		dump_out_char(out, ' ');
		if (!types[i].put(out, r->rdata))
			put_unknown(out, r->rdata);
		return;
	}
	dump_out_print(out, "TYPE%u ", (unsigned)r->type);
	put_unknown(out, r->rdata);
}

/* --- records --------------------------------------------------------------------- */

struct bind {
	const struct dump_zone *z;
	struct dump_out *out;
	size_t owner_len; /* of the record before */
	uint8_t owner[WIRE_NAME_MAX];
};

/* Relative to the origin; nothing where it is that of the line before. */
static void
put_owner(struct bind *b, const struct zone_record *r)
{
	size_t origin_len = b->z->zone->origin_len;

	if (r->owner_len == b->owner_len && memcmp(r->owner, b->owner, r->owner_len) == 0)
		return;
	b->owner_len = r->owner_len;
	memcpy(b->owner, r->owner, r->owner_len);
	if (r->owner_len == origin_len)
		dump_out_char(b->out, '@');
	else
		dump_text_name(b->out, r->owner, r->owner_len - origin_len);
}

static void
put_record(struct bind *b, const struct zone_record *r)
{
	put_owner(b, r);
	dump_out_char(b->out, '\t');
	if (r->ttl_s != b->z->zone->ttl_s) {
		dump_out_took(b->out, dump_put_u32(dump_out_room(b->out), r->ttl_s));
		dump_out_char(b->out, ' ');
	}
	if (r->type == TYPE_SOA)
		dump_out_text(b->out, TEXT("IN "));
	put_type_and_data(b->out, r);
	dump_out_char(b->out, '\n');
}

static void
put_head(const struct dump_zone *z, struct dump_out *out)
{
	dump_out_print(out, "; Zone %s, serial %u, as it is transferred; made by orbl-dnsd(8)\n",
		z->name, (unsigned)z->zone->serial);
	dump_out_text(out, TEXT("$ORIGIN "));
	dump_text_absolute(out, z->zone->origin);
	dump_out_print(out, "\n$TTL %u\n", (unsigned)z->zone->ttl_s);
}

enum err
dump_bind_write(const struct dump_zone *z, struct dump_out *out, struct dump_notes *notes,
	struct error *e)
{
	struct bind b = {.z = z, .out = out};
	enum zone_records_got got = ZONE_RECORDS_AGAIN;
	struct zone_record r;
	struct zone_records *records;
	enum err err = zone_records_check(z->zones, z->zone, z->expand, e);

	*notes = (struct dump_notes){0};
	if (err != OK)
		return err;
	records = zone_records_new(z->zones, z->zone);
	if (records == NULL)
		return error_set(e, ERR_MEMORY, "out of memory for zone %s", z->name);
	put_head(z, out);
	while (got != ZONE_RECORDS_END && !out->failed) {
		got = zone_records_next(records, &r);
		if (got == ZONE_RECORDS_ONE)
			put_record(&b, &r);
	}
	zone_records_free(records);
	return OK;
}
