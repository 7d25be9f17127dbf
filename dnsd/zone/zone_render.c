#include "zone_render.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "big_endian.h"

enum { SOA_NUMBERS = 20 }; /* bytes behind its names, the serial first */

/* For what the data do not say. */
enum {
	SOA_TTL_S = 3600,
	REFRESH_S = 7200,
	RETRY_S = 1800,
	EXPIRE_S = 1209600,
	MINIMUM_S = 300,
};

static struct zone_draft *
new_draft(const struct zone *z, struct error *e)
{
	struct zone_draft *d = malloc(sizeof(*d));

	if (d == NULL)
		error_set(e, ERR_MEMORY, "out of memory for a zone's records");
	else
		zone_draft_init(d, z->origin, z->origin_len);
	return d;
}

/* Make the piece of a draft whose records are all there, and free the draft. */
static enum err
finish(struct zone_draft *d, enum err err, struct zone_piece *out, struct error *e)
{
	if (err == OK)
		err = zone_draft_finish(d, out, e);
	free(d);
	return err;
}

static enum err
add_name(struct zone_draft *d, struct text t, struct error *e)
{
	uint8_t wire[WIRE_NAME_MAX];
	size_t len;

	if (wire_name_parse(t, wire, &len) != OK)
		return error_set(e, ERR_SYNTAX,
			"\"%.*s\" in the zone's SOA or NS is not a domain name; correct the list's "
			"source",
			TEXT_ARG(t));
	zone_draft_name(d, wire, len);
	return OK;
}

/* --- SOA and NS --------------------------------------------------------- */

/* hostmaster.ORIGIN, where that is not too long for a name. */
static void
add_hostmaster(struct zone_draft *d)
{
	static const uint8_t label[] = "\012hostmaster";
	uint8_t wire[WIRE_NAME_MAX];
	size_t own = sizeof(label) - 1;

	if (own + d->origin_len > sizeof(wire))
		own = 0;
	memcpy(wire, label, own);
	memcpy(wire + own, d->origin, d->origin_len);
	zone_draft_name(d, wire, own + d->origin_len);
}

enum err
zone_render_soa(struct zone *z, const struct snapshot_apex *apex, struct error *e)
{
	struct zone_draft *d = new_draft(z, e);
	struct text mname = apex->mname;
	enum err err;

	if (d == NULL)
		return ERR_MEMORY;
	if (mname.len == 0)
		mname = apex->ns_count != 0 ? apex->ns[0] : TEXT("localhost");
	z->soa_ttl_s = zone_render_ttl(apex->soa_ttl_s);
	z->negative_ttl_s = zone_render_ttl(apex->minimum_s); /* RFC 2308 section 3 */
	if (z->soa_ttl_s < z->negative_ttl_s)
		z->negative_ttl_s = z->soa_ttl_s;
	zone_draft_begin(d, true, TYPE_SOA, z->negative_ttl_s);
	err = add_name(d, mname, e);
	if (err == OK && apex->rname.len != 0)
		err = add_name(d, apex->rname, e);
	else
		add_hostmaster(d);
	zone_draft_u32(d, apex->serial);
	zone_draft_u32(d, apex->refresh_s);
	zone_draft_u32(d, apex->retry_s);
	zone_draft_u32(d, apex->expire_s);
	zone_draft_u32(d, apex->minimum_s);
	zone_draft_end(d);
	return finish(d, err, &z->soa, e);
}

enum err
zone_render_ns(struct zone *z, const struct snapshot_apex *apex, struct error *e)
{
	struct zone_draft *d = new_draft(z, e);
	enum err err = OK;

	if (d == NULL)
		return ERR_MEMORY;
	for (size_t i = 0; err == OK && i < apex->ns_count && i < SNAPSHOT_NS_MAX; i++) {
		zone_draft_begin(d, true, TYPE_NS, zone_render_ttl(apex->ns_ttl_s));
		err = add_name(d, apex->ns[i], e);
		zone_draft_end(d);
	}
	return finish(d, err, &z->ns, e);
}

/* Do the data have NS records at the origin? */
static bool
has_ns_in_data(const struct zone *z)
{
	struct snapshot_name origin = {.labels = 0};
	struct snapshot_view v;
	size_t matched;

	for (size_t i = 0; i < z->layer_count; i++)
		if (z->layers[i].has_names &&
			snapshot_layer_find_name(&z->layers[i].layer, &origin, &v, &matched) ==
				SNAPSHOT_NAME_LISTED)
			for (size_t j = 0; j < v.record_count; j++)
				if (snapshot_view_record(&v, j).type == TYPE_NS)
					return true;
	return false;
}

enum err
zone_render_missing(struct zone *z, struct error *e)
{
	struct snapshot_apex apex = {.soa_ttl_s = SOA_TTL_S,
		.refresh_s = REFRESH_S,
		.retry_s = RETRY_S,
		.expire_s = EXPIRE_S,
		.minimum_s = MINIMUM_S,
		.ns_ttl_s = SOA_TTL_S,
		.ns_count = 1,
		.ns = {TEXT("localhost")}};
	enum err err = OK;

	if (z->soa.count == 0)
		err = zone_render_soa(z, &apex, e);
	if (z->mname.len != 0)
		apex.ns[0] = z->mname;
	apex.ns_ttl_s = z->soa_ttl_s;
	if (err == OK && z->ns.count == 0 && !has_ns_in_data(z))
		err = zone_render_ns(z, &apex, e);
	return err;
}

void
zone_render_serial(struct zone *z)
{
	uint8_t *serial = z->soa.bytes + z->soa.len - SOA_NUMBERS;

	if (big_endian_u32(serial) == 0)
		big_endian_put32(serial, z->serial);
	z->serial = big_endian_u32(serial);
}

/* --- what is built in --------------------------------------------------- */

static enum err
render_txt(const struct zone *z, uint32_t ttl_s, struct text t, struct zone_piece *out,
	struct error *e)
{
	struct zone_draft *d = new_draft(z, e);

	if (d == NULL)
		return ERR_MEMORY;
	zone_draft_begin(d, false, TYPE_TXT, ttl_s);
	zone_draft_text(d, t);
	zone_draft_end(d);
	return finish(d, OK, out, e);
}

static enum err
add_test(struct zone *z, uint32_t address, const char *meaning, struct error *e)
{
	struct zone_test *t = &z->tests[z->test_count];
	char origin[WIRE_NAME_TEXT], text[WIRE_NAME_TEXT + 200];

	for (size_t i = 0; i < z->test_count; i++)
		if (z->tests[i].address == address)
			return OK;
	wire_name_format(z->origin, origin);
	snprintf(text, sizeof(text), "[%u] test entry of %s%s%s", (unsigned)(address & 0xff),
		origin, meaning[0] != '\0' ? ", meaning: " : "", meaning);
	t->address = address;
	z->test_count++;
	return render_txt(z, z->ttl_s, text_of(text), &t->txt, e);
}

static void
add_code(struct zone_draft *d, uint32_t ttl_s, const struct category_row *row)
{
	char address[ADDR_TEXT], text[300];
	struct addr a = addr_from_ipv4(row->code);

	snprintf(text, sizeof(text), "%s=%s;%s", addr_format(&a, address), row->name, row->meaning);
	zone_draft_begin(d, false, TYPE_TXT, ttl_s);
	zone_draft_text(d, text_of(text));
	zone_draft_end(d);
}

static enum err
render_categories(struct zone *z, uint32_t categories, struct error *e)
{
	struct zone_draft *d = new_draft(z, e);
	enum err err = OK;

	if (d == NULL)
		return ERR_MEMORY;
	for (int c = 0; err == OK && c < CATEGORY_COUNT; c++) {
		const struct category_row *row = category_row((enum category)c);

		if ((categories & 1u << c) == 0)
			continue;
		add_code(d, z->ttl_s, row);
		err = add_test(z, row->code, row->meaning, e);
	}
	return finish(d, err, &z->codes, e);
}

enum err
zone_render_list(struct zone *z, struct text relative, struct error *e)
{
	for (size_t i = 0; i < SUBZONE_COUNT; i++)
		if (text_equal_nocase(text_of(subzone_row(i)->name), relative))
			return render_categories(z, subzone_row(i)->categories, e);
	return OK;
}

enum err
zone_render_test(struct zone *z, struct error *e)
{
	return add_test(z, ZONE_TEST_LISTED, "", e);
}

enum err
zone_render_status(struct zone *z, struct error *e)
{
	time_t created = (time_t)z->created_s;
	char generated[sizeof("-2147481748-01-01T00:00:00Z")] = "";
	char text[1024];
	struct tm tm;

	if (gmtime_r(&created, &tm) != NULL)
		strftime(generated, sizeof(generated), "%Y-%m-%dT%H:%M:%SZ", &tm);
	snprintf(text, sizeof(text), "serial=%u generated=%s listed=%zu%s%.*s%s%.*s",
		(unsigned)z->apex->serial, generated, z->entries,
		z->policy.len != 0 ? " policy=" : "", TEXT_ARG(z->policy),
		z->notice.len != 0 ? " " : "", TEXT_ARG(z->notice));
	return render_txt(z, z->apex->negative_ttl_s, text_of(text), &z->status, e);
}
