/* A zone as a file of type "combined" for rbldnsd(8): its head, what is built in, and a data set
 * for each code, TTL and family. */
#include "dump_zone.h"

#include <stdlib.h>
#include <time.h>

#include "big_endian.h"
#include "dump_template.h"
#include "dump_text.h"
#include "dump_values.h"
#include "zone_owner.h"

enum { TYPE_MX = 15, EXPIRY_STEPS = 16, IP4TRIE_HALVES = 3 };

struct rbldnsd {
	const struct dump_zone *z;
	struct dump_out *out;
	struct error *e;
	struct zone_version version;
	struct zone_owner *owner;
	struct dump_values values;
	struct dump_notes notes;
	bool has_generic;
	uint8_t name[2 * WIRE_NAME_MAX]; /* that owner was asked for last */
};

/* --- where the data are from ---------------------------------------------------------- */

static bool
is_of_zone(const struct dump_zone *z, const struct feed_zone *source)
{
	uint8_t wire[WIRE_NAME_MAX];
	size_t len;

	if (source->origin[0] == '\0' || wire_name_parse(text_of(source->origin), wire, &len) != OK)
		return false;
	wire_name_lower(wire, len);
	return len == z->zone->origin_len && memcmp(wire, z->zone->origin, len) == 0;
}

/* The data sets that are files of rbldnsd, as it is told them. */
static size_t
list_specs(const struct dump_zone *z, char *out, size_t size)
{
	size_t count = 0, len = 0;

	out[0] = '\0';
	for (size_t i = 0; i < z->source_count; i++) {
		const struct feed_source *s = &z->sources[i].source;
		int n;

		if (s->kind != FEED_RBLDNSD || !is_of_zone(z, &z->sources[i]))
			continue;
		n = snprintf(out + len, size - len, " %s:%s:%s", z->sources[i].origin, s->type,
			s->paths);
		len = n > 0 && (size_t)n < size - len ? len + (size_t)n : size - 1;
		count++;
	}
	return count;
}

static bool
has_list(const struct zone *zone)
{
	for (size_t i = 0; i < zone->layer_count; i++)
		if (zone->layers[i].is_list)
			return true;
	return false;
}

/* --- head -------------------------------------------------------------------------------- */

static void
put_stamp(struct dump_out *out, int64_t when_s)
{
	time_t when = (time_t)when_s;
	char text[64];
	struct tm tm;

	if (when_s == 0 || gmtime_r(&when, &tm) == NULL ||
		strftime(text, sizeof(text), "%Y:%m:%d:%H:%M:%S", &tm) == 0)
		dump_out_char(out, '-');
	else
		dump_out_text(out, text_of(text));
}

/* As a secondary counts: so long after it was last heard that the data are good, but in steps, so
 * that not each dump is another file. */
static int64_t
expiry_of(const struct dump_zone *z, uint32_t expire_s)
{
	int64_t step = expire_s / EXPIRY_STEPS != 0 ? expire_s / EXPIRY_STEPS : 1;
	int64_t end = expire_s != 0 ? ((z->now_s + expire_s) / step + 1) * step : 0;

	if (z->zone->stale_s != 0 && (end == 0 || z->zone->stale_s < end))
		end = z->zone->stale_s;
	return end;
}

static void
put_name(struct dump_out *out, const uint8_t *wire)
{
	if (wire[0] == 0)
		dump_out_char(out, '.');
	else
		dump_text_name(out, wire, SIZE_MAX);
}

static size_t
wire_length(const uint8_t *wire)
{
	size_t at = 0;

	while (wire[at] != 0)
		at += wire[at] + 1u;
	return at + 1;
}

/* Returns its expire time. */
static uint32_t
put_soa(struct rbldnsd *r)
{
	uint8_t bytes[ZONE_RECORDS_SOA_MAX];
	struct zone_record soa;
	const uint8_t *rname, *numbers;

	zone_records_soa(r->z->zone, bytes, &soa);
	rname = bytes + wire_length(bytes);
	numbers = rname + wire_length(rname);
	dump_out_print(r->out, "$SOA %u ", (unsigned)soa.ttl_s);
	put_name(r->out, bytes);
	dump_out_char(r->out, ' ');
	put_name(r->out, rname);
	for (size_t i = 0; i < 5; i++)
		dump_out_print(r->out, " %u", (unsigned)big_endian_u32(numbers + 4 * i));
	dump_out_char(r->out, '\n');
	return big_endian_u32(numbers + 12);
}

static void
put_ns(struct rbldnsd *r)
{
	struct zone_record ns;
	bool is_first = true;

	zone_owner_find(r->owner, r->z->zone->origin, r->z->zone->origin_len);
	zone_owner_write(r->owner, TYPE_NS);
	while (zone_owner_next(r->owner, &ns)) {
		if (is_first)
			dump_out_print(r->out, "$NS %u", (unsigned)ns.ttl_s);
		is_first = false;
		dump_out_char(r->out, ' ');
		put_name(r->out, (const uint8_t *)ns.rdata.p);
	}
	if (!is_first)
		dump_out_char(r->out, '\n');
}

static void
put_head(struct rbldnsd *r, const char *specs)
{
	const struct zone *zone = r->z->zone;
	uint32_t expire_s;

	dump_out_print(r->out,
		"# Zone %s, serial %u, made by orbl-dnsd(8). rbldnsd(8) is told\n"
		"# %s:combined:%s",
		r->z->name, (unsigned)zone->serial, r->z->name, r->z->file);
	dump_out_text(r->out, text_of(specs));
	dump_out_char(r->out, '\n');
	expire_s = put_soa(r);
	put_ns(r);
	dump_out_print(r->out, "$TTL %u\n$TIMESTAMP ", (unsigned)zone->ttl_s);
	put_stamp(r->out, zone->created_s);
	dump_out_char(r->out, ' ');
	put_stamp(r->out, expiry_of(r->z, expire_s));
	dump_out_char(r->out, '\n');
}

/* --- test points ------------------------------------------------------------------------- */

static void
find_test(struct rbldnsd *r, uint32_t address)
{
	const struct zone *zone = r->z->zone;
	uint8_t *owner = r->name;
	char label[4];
	size_t len = 0;

	for (unsigned shift = 0; shift < 32; shift += 8) {
		size_t n = (size_t)(dump_put_octet(label, address >> shift & 0xff) - label);

		owner[len++] = (uint8_t)n;
		memcpy(owner + len, label, n);
		len += n;
	}
	memcpy(owner + len, zone->origin, zone->origin_len);
	len += zone->origin_len;
	r->owner->answer.test = NULL;
	if (len <= WIRE_NAME_MAX)
		zone_owner_find(r->owner, owner, len);
}

/* Strings of a TXT record as one text. */
static struct text
join_strings(struct text rdata, char out[SNAPSHOT_RDATA_MAX])
{
	size_t len = 0;

	for (size_t at = 0; at < rdata.len; at += (uint8_t)rdata.p[at] + 1u) {
		size_t n = (uint8_t)rdata.p[at];

		if (n > rdata.len - at - 1 || n > SNAPSHOT_RDATA_MAX - len)
			break;
		memcpy(out + len, rdata.p + at + 1, n);
		len += n;
	}
	return (struct text){out, len};
}

/* Where the data have none of their own. */
static void
put_tests(struct rbldnsd *r)
{
	const struct zone *zone = r->z->zone;
	char joined[SNAPSHOT_RDATA_MAX];
	struct zone_record txt;
	bool is_first = true;

	for (size_t i = 0; i < zone->test_count; i++) {
		uint32_t address = zone->tests[i].address;

		find_test(r, address);
		if (r->owner->answer.test == NULL)
			continue;
		if (is_first)
			dump_out_print(r->out, "$DATASET ip4set:test @\n$TTL %u\n",
				(unsigned)zone->ttl_s);
		is_first = false;
		zone_owner_write(r->owner, TYPE_TXT);
		dump_out_took(r->out, dump_put_ipv4(dump_out_room(r->out), address));
		dump_out_char(r->out, ' ');
		dump_template_put_value(r->out, address,
			zone_owner_next(r->owner, &txt) ? join_strings(txt.rdata, joined) :
							  TEXT_NONE);
		dump_out_char(r->out, '\n');
	}
}

/* --- names, as "generic" has them -------------------------------------------------------- */

static void
begin_generic(struct rbldnsd *r)
{
	if (!r->has_generic)
		dump_out_text(r->out, TEXT("$DATASET generic:names @\n"));
	r->has_generic = true;
}

/* As a file that somebody else has made may not have it. */
static bool
can_say(const struct zone_record *record)
{
	struct text rdata = record->rdata;

	switch (record->type) {
	case TYPE_A: return rdata.len == 4;
	case TYPE_MX:
		return rdata.len > 2 && dump_text_measure(text_from(rdata, 2)) == rdata.len - 2;
	default: return record->type == TYPE_TXT;
	}
}

static void
put_generic_data(struct rbldnsd *r, const struct zone_record *record)
{
	const uint8_t *p = (const uint8_t *)record->rdata.p;
	char joined[SNAPSHOT_RDATA_MAX];
	struct text txt;

	switch (record->type) {
	case TYPE_A:
		dump_out_text(r->out, TEXT("A "));
		dump_out_took(r->out, dump_put_ipv4(dump_out_room(r->out), big_endian_u32(p)));
		break;
	case TYPE_MX:
		dump_out_print(r->out, "MX %u ", (unsigned)big_endian_u16(p));
		put_name(r->out, p + 2);
		break;
	default: /* TXT */
		txt = join_strings(record->rdata, joined);
		r->notes.cut += txt.len > DUMP_TEMPLATE_MAX;
		dump_out_text(r->out, TEXT("TXT \""));
		for (size_t i = 0; i < txt.len; i++)
			dump_out_char(r->out,
				(uint8_t)txt.p[i] < ' ' || txt.p[i] == 0x7f ? ' ' : txt.p[i]);
		dump_out_char(r->out, '"');
	}
	dump_out_char(r->out, '\n');
}

/* Of the name that was found. */
static void
put_generic(struct rbldnsd *r)
{
	struct zone_owner *o = r->owner;
	size_t origin_len = r->z->zone->origin_len;
	struct zone_record record;

	for (size_t i = 0; i < o->type_count; i++) {
		uint16_t type = o->types[i];

		if (type == TYPE_SOA || (type == TYPE_NS && o->owner_len == origin_len))
			continue;
		zone_owner_write(o, type);
		while (zone_owner_next(o, &record)) {
			if (!can_say(&record)) {
				r->notes.left_out++;
				continue;
			}
			begin_generic(r);
			if (o->owner_len == origin_len)
				dump_out_char(r->out, '@');
			else
				dump_text_name(r->out, o->owner, o->owner_len - origin_len);
			dump_out_print(r->out, " %u ", (unsigned)record.ttl_s);
			put_generic_data(r, &record);
		}
	}
}

/* The name with these labels before the origin. False: there is none. */
static bool
find_below(struct rbldnsd *r, const void *labels, size_t len)
{
	const struct zone *zone = r->z->zone;

	if (len + zone->origin_len > WIRE_NAME_MAX)
		return false;
	memcpy(r->name, labels, len);
	memcpy(r->name + len, zone->origin, zone->origin_len);
	zone_owner_find(r->owner, r->name, len + zone->origin_len);
	return r->owner->type_count != 0;
}

static void
put_walked(struct rbldnsd *r, const struct snapshot_walked *w)
{
	uint8_t wild[2 + sizeof(w->wire)] = {1, '*'};

	memcpy(wild + 2, w->wire, w->len - 1);
	if (find_below(r, wild, w->len + 1) && r->owner->part == ZONE_OWNER_NAME)
		r->notes.left_out++;
	if (w->labels != 0 && find_below(r, w->wire, w->len - 1) &&
		r->owner->part == ZONE_OWNER_NAME)
		put_generic(r);
}

static void
put_names(struct rbldnsd *r)
{
	const struct zone *zone = r->z->zone;
	struct snapshot_walked w;

	if (find_below(r, "", 0))
		put_generic(r);
	if (find_below(r, "\7_status", 8))
		put_generic(r);
	if (find_below(r, "\6_codes", 7))
		put_generic(r);
	if (zone->lists_names && find_below(r, "\4test", 5))
		put_generic(r);
	for (size_t i = 0; i < zone->layer_count; i++) {
		const struct zone_layer *l = &zone->layers[i];
		size_t at = 0;

		while (l->is_list && l->has_names && !r->out->failed &&
			snapshot_next_name(l->layer.set, &at, &w))
			put_walked(r, &w);
	}
}

/* --- addresses --------------------------------------------------------------------------- */

static enum err
check_texts(struct rbldnsd *r)
{
	const struct dump_values *v = &r->values;

	for (size_t i = 0; i < v->line_count; i++) {
		r->notes.cut += v->lines[i].txt.len > DUMP_TEMPLATE_MAX;
		if (!dump_template_can_say(v->lines[i].txt))
			return error_set(r->e, ERR_REFUSED,
				"a text has the address right before a digit, = or $, which "
				"rbldnsd "
				"reads as something else; put a blank between them");
	}
	return OK;
}

static void
put_section_head(struct rbldnsd *r, const struct dump_section *s, uint8_t family)
{
	struct addr a = addr_from_ipv4(s->a);
	char text[ADDR_TEXT];
	const char *type = "ip6trie";

	/* An ip4trie takes half as much more memory for each entry, but has networks as they are.
	 */
	if (family == 4)
		type = 2 * s->parts > IP4TRIE_HALVES * s->prefixes ? "ip4trie" : "ip4set";
	dump_out_print(r->out, "$DATASET %s:%s @\n$TTL %u\n", type, addr_format(&a, text),
		(unsigned)s->ttl_s);
	dump_template_put_value(r->out, s->a, s->txt);
	dump_out_char(r->out, '\n');
}

static void
put_end(struct rbldnsd *r, const struct dump_section *s, const struct dump_line *line)
{
	if (!text_equal(line->txt, s->txt)) {
		dump_out_char(r->out, ' ');
		dump_template_put_value(r->out, line->a, line->txt);
	}
	dump_out_char(r->out, '\n');
}

static void
put_entry(struct rbldnsd *r, const struct dump_section *s, const struct dump_line *line,
	struct snapshot_range *range)
{
	char text[PREFIX_TEXT];
	struct prefix p;

	if (range->low.family == 4 && addr_equal(&range->low, &range->high)) {
		dump_out_took(r->out, dump_put_ipv4(dump_out_room(r->out), addr_ipv4(&range->low)));
		put_end(r, s, line);
		return;
	}
	while (dump_entries_prefix(range, &p)) {
		dump_out_text(r->out, text_of(prefix_format(&p, text)));
		put_end(r, s, line);
	}
}

static void
put_section(struct rbldnsd *r, const struct zone_layer *l, uint8_t family, size_t section)
{
	const struct dump_section *s = &r->values.sections[section];
	struct dump_entries entries;
	struct snapshot_range range;

	put_section_head(r, s, family);
	dump_entries_begin(&entries, &l->layer, family, r->z->now_s);
	while (!r->out->failed && dump_entries_next(&entries, &range)) {
		const struct dump_line *line = dump_values_line(&r->values, &range.view, section);

		if (line != NULL)
			put_entry(r, s, line, &range);
	}
}

static enum err
put_layer(struct rbldnsd *r, const struct zone_layer *l, uint8_t family)
{
	enum err err = dump_values_read(&r->values, &l->layer, l->ttl_s, family, r->z->now_s, r->e);

	if (err == OK)
		err = check_texts(r);
	for (size_t i = 0; err == OK && i < r->values.section_count; i++)
		put_section(r, l, family, i);
	r->notes.left_out += r->values.left_out;
	dump_values_free(&r->values);
	return err;
}

static enum err
put_layers(struct rbldnsd *r)
{
	const struct zone *zone = r->z->zone;
	enum err err = OK;

	for (size_t i = 0; err == OK && i < zone->layer_count; i++) {
		const struct zone_layer *l = &zone->layers[i];

		if (!l->is_list || l->has_names)
			continue;
		err = put_layer(r, l, 4);
		if (err == OK)
			err = put_layer(r, l, 6);
	}
	return err;
}

/* --- all of it --------------------------------------------------------------------------- */

static enum err
write_zone(struct rbldnsd *r)
{
	char specs[2 * FEED_PATHS_MAX];
	size_t spec_count = list_specs(r->z, specs, sizeof(specs));
	enum err err;

	if (spec_count != 0 && !has_list(r->z->zone))
		return error_set(r->e, ERR_UNSUPPORTED,
			"made of data sets of rbldnsd, whose files are the dump: rbldnsd%s", specs);
	r->owner = malloc(sizeof(*r->owner));
	if (r->owner == NULL)
		return error_set(r->e, ERR_MEMORY, "out of memory for a zone");
	zone_version_init(&r->version, r->z->zones, r->z->zone);
	r->version.created_s = r->z->now_s; /* without what has ended by now */
	zone_owner_init(r->owner, &r->version);
	put_head(r, specs);
	put_names(r);
	put_tests(r);
	err = put_layers(r);
	free(r->owner);
	return err;
}

enum err
dump_rbldnsd_write(const struct dump_zone *z, struct dump_out *out, struct dump_notes *notes,
	struct error *e)
{
	struct rbldnsd *r = calloc(1, sizeof(*r));
	enum err err;

	*notes = (struct dump_notes){0};
	if (r == NULL)
		return error_set(e, ERR_MEMORY, "out of memory for zone %s", z->name);
	r->z = z;
	r->out = out;
	r->e = e;
	err = write_zone(r);
	*notes = r->notes;
	free(r);
	return err;
}
