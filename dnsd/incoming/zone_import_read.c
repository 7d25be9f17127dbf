#include "zone_import.h"

#include <stdlib.h>
#include <string.h>

#include <orbl/snapshot_layer.h>

#include "big_endian.h"
#include "import_data.h"

struct import_read {
	struct zone_import *z;
	uint32_t ttl_s;
	size_t len; /* of owner, relative to the origin, without the root's 0 */
	uint8_t owner[WIRE_NAME_MAX + 1], rdata[SNAPSHOT_RDATA_MAX];
};

/* --- records --------------------------------------------------------------------- */

static enum err
add(struct import_read *r, uint16_t type, uint32_t ttl_s, const void *rdata, size_t len,
	struct error *e)
{
	struct zone_import_record record = {.owner = r->owner,
		.type = type,
		.ttl_s = ttl_s,
		.rdata = rdata,
		.rdata_len = len};

	return zone_import_add(r->z, &record, e);
}

/* The name, relative with the root's 0, becomes the owner of what is added. */
static enum err
set_owner(struct import_read *r, const uint8_t *relative, size_t len, struct error *e)
{
	if (len - 1 + r->z->origin_len > WIRE_NAME_MAX)
		return error_set(e, ERR_UNSUPPORTED, "a name in it is too long for the zone");
	memcpy(r->owner, relative, len - 1);
	memcpy(r->owner + len - 1, r->z->origin, r->z->origin_len);
	return OK;
}

static enum err
add_view(struct import_read *r, const struct snapshot_view *v, struct text subject, struct error *e)
{
	uint32_t class_ttl_s = v->ttl_s != 0 ? v->ttl_s : r->ttl_s;
	enum err err = OK;

	for (size_t i = 0; err == OK && i < v->a_count; i++) {
		big_endian_put32(r->rdata, snapshot_view_a(v, i));
		err = add(r, TYPE_A, class_ttl_s, r->rdata, 4, e);
	}
	for (size_t i = 0; err == OK && i < v->txt_count; i++) {
		size_t len = import_data_strings(snapshot_view_txt(v, i), subject, r->rdata);

		err = add(r, TYPE_TXT, class_ttl_s, r->rdata, len, e);
	}
	for (size_t i = 0; err == OK && i < v->record_count; i++) {
		struct snapshot_record record = snapshot_view_record(v, i);

		err = add(r, record.type, record.ttl_s != 0 ? record.ttl_s : class_ttl_s,
			record.rdata.p, record.rdata.len, e);
	}
	return err;
}

/* --- sets -------------------------------------------------------------------------- */

static size_t
format_nibbles(const struct addr *a, uint8_t out[WIRE_NAME_MAX])
{
	static const char hex[] = "0123456789abcdef";
	size_t at = 0;

	for (size_t i = 32; i-- != 0;) {
		out[at++] = 1;
		out[at++] = (uint8_t)hex[i % 2 == 0 ? a->b[i / 2] >> 4 : a->b[i / 2] & 0xf];
	}
	out[at] = 0;
	return at + 1;
}

static enum err
add_address(struct import_read *r, const struct addr *a, const struct snapshot_view *v,
	struct error *e)
{
	uint8_t name[WIRE_NAME_MAX];
	char subject[ADDR_TEXT];
	size_t len = a->family == 4 ? import_name_of_host(addr_ipv4(a), name) :
				      format_nibbles(a, name);
	enum err err = set_owner(r, name, len, e);

	return err == OK ? add_view(r, v, text_of(addr_format(a, subject)), e) : err;
}

static void
next_address(struct addr *a)
{
	for (size_t i = a->family == 4 ? 4 : 16; i-- != 0 && ++a->b[i] == 0;)
		;
}

/* A range in the first set is of addresses side by side, each with its own name. One that comes
 * from elsewhere ends at the limit of records. */
static enum err
add_addresses(struct import_read *r, const struct snapshot_set *set, struct error *e)
{
	struct snapshot_walk walk = {.host = 0};
	struct snapshot_range range;
	enum err err = OK;

	while (err == OK && snapshot_next_range(set, &walk, &range)) {
		for (;;) {
			size_t before = zone_import_count(r->z);

			err = add_address(r, &range.low, &range.view, e);
			if (err == OK && zone_import_count(r->z) == before)
				err = error_set(e, ERR_UNSUPPORTED, "an entry has no records");
			if (err != OK || addr_equal(&range.low, &range.high))
				break;
			next_address(&range.low);
		}
	}
	return err;
}

static enum err
add_name(struct import_read *r, const struct snapshot_layer *layer,
	const struct snapshot_walked *walked, bool below, struct error *e)
{
	uint8_t wire[sizeof(walked->wire) + 2] = {1, '*'}, label_at[128 + 1] = {0};
	struct snapshot_name name = {wire, label_at, walked->labels + below};
	size_t shift = below ? 2 : 0, len = walked->len + shift, matched;
	struct snapshot_view v;
	enum err err;

	if (name.labels > WIRE_NAME_LABELS_MAX || len > WIRE_NAME_MAX)
		return OK;
	memcpy(wire + shift, walked->wire, walked->len);
	for (size_t i = 0; i < walked->labels; i++)
		label_at[i + below] = (uint8_t)(walked->label_at[i] + shift);
	/* A class of all below a name has that name's labels. */
	if (snapshot_layer_find_name(layer, &name, &v, &matched) != SNAPSHOT_NAME_LISTED ||
		matched != walked->labels)
		return OK;
	err = set_owner(r, wire, len, e);
	return err == OK ? add_view(r, &v, TEXT_NONE, e) : err;
}

static enum err
add_names(struct import_read *r, const struct snapshot_set *set, struct error *e)
{
	struct snapshot_layer layer = {.set = set};
	struct snapshot_walked walked;
	enum err err = OK;
	size_t at = 0;

	while (err == OK && snapshot_next_name(set, &at, &walked)) {
		err = add_name(r, &layer, &walked, false, e);
		if (err == OK)
			err = add_name(r, &layer, &walked, true, e);
	}
	return err;
}

/* --- SOA and NS ---------------------------------------------------------------------- */

static size_t
put_name(struct text t, uint8_t *out)
{
	size_t len;

	return wire_name_parse(t, out, &len) == OK ? len : 0;
}

static enum err
read_soa(struct import_read *r, const struct snapshot_apex *apex, uint32_t serial, struct error *e)
{
	const uint32_t numbers[] = {apex->serial != 0 ? apex->serial : serial, apex->refresh_s,
		apex->retry_s, apex->expire_s, apex->minimum_s};
	size_t mname = put_name(apex->mname, r->rdata), rname = 0, at;

	if (mname != 0)
		rname = put_name(apex->rname, r->rdata + mname);
	at = mname + rname;
	if (rname == 0)
		return error_set(e, ERR_UNSUPPORTED, "its SOA is not whole");
	for (size_t i = 0; i < ORBL_COUNT(numbers); i++, at += 4)
		big_endian_put32(r->rdata + at, numbers[i]);
	return zone_import_set_soa(r->z, r->rdata, at, apex->soa_ttl_s, e);
}

static enum err
read_ns(struct import_read *r, const struct snapshot_apex *apex, struct error *e)
{
	static const uint8_t origin[] = {0};
	enum err err = set_owner(r, origin, 1, e);

	for (size_t i = 0; err == OK && i < apex->ns_count; i++)
		err = add(r, TYPE_NS, apex->ns_ttl_s, r->rdata, put_name(apex->ns[i], r->rdata), e);
	return err;
}

static enum err
read_zone(struct import_read *r, const struct snapshot *s, struct error *e)
{
	struct snapshot_zone zone;
	enum err err;

	snapshot_zone(s, 0, &zone);
	if (snapshot_zone_count(s) != 1 || zone.name.len != 0 || !zone.apex.has_soa ||
		zone.acl != NULL || zone.set_count == 0 || snapshot_set_has_names(zone.sets[0]))
		return error_set(e, ERR_UNSUPPORTED, "it was not made of a transfer");
	if (zone.set_count > 1 && !snapshot_set_has_names(zone.sets[1]))
		return error_set(e, ERR_UNSUPPORTED, "it has wildcards of addresses");
	r->ttl_s = zone.apex.ttl_s;
	err = read_soa(r, &zone.apex, snapshot_serial(s), e);
	if (err == OK)
		err = read_ns(r, &zone.apex, e);
	if (err == OK)
		err = add_addresses(r, zone.sets[0], e);
	for (size_t i = 1; err == OK && i < zone.set_count; i++)
		err = add_names(r, zone.sets[i], e);
	return err;
}

enum err
zone_import_read(struct zone_import *z, const struct snapshot *s, struct error *e)
{
	struct import_read *r = calloc(1, sizeof(*r));
	enum err err;

	if (r == NULL)
		return error_set(e, ERR_MEMORY, "out of memory for its records");
	r->z = z;
	err = snapshot_zone_count(s) != 0 ? read_zone(r, s, e) :
					    error_set(e, ERR_UNSUPPORTED, "it has no zone");
	free(r);
	return err;
}
