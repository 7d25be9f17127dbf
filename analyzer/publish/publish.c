#include "publish.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <orbl/file.h>
#include <orbl/listing.h>
#include <orbl/snapshot_builder.h>
#include <orbl/store_listing.h>

/* A listing's life has so many steps, 10 minutes of 30 days, and expiries are rounded down to
 * one, so that few classes serve many listings: a listing ends in DNS a little early, never
 * late. */
enum { EXPIRY_STEPS = 4320, REASON_MAX = 1500 };

/* More changes than this are not worth a delta: each is looked at before the base. */
enum { DELTA_MAX = 4096, DELTA_SHARE = 256 /* or 1/256 of the entries */ };

struct publisher {
	struct store *store;
	const struct conf *conf;
	char delta_path[4096 + 8];
	struct snapshot *base; /* the whole list that deltas are made against; NULL: none */
	int64_t published_s;
	bool overlaps; /* the base has prefixes within others: no deltas */
};

/* One snapshot or delta in the making. */
struct publication {
	struct snapshot_builder *builder;
	const struct publisher *publisher;
	const struct conf *conf;
	bool overlaps;
	int64_t now_s;
	struct error *e;
	struct prefix prefix; /* listings of one prefix arrive together */
	uint32_t categories;
	int64_t expires_s[CATEGORY_COUNT];
	size_t sets[SUBZONE_COUNT];
};

/* "[2,7] meaning; meaning; see URL" with the mark for the address: one TXT record for all
 * codes of a host (RFC 5782 section 2.3). */
static size_t
txt_template(const struct conf *conf, uint32_t categories, char *out, size_t size)
{
	char codes[64] = "", meanings[REASON_MAX] = "", url[512];
	size_t n = 0, m = 0;

	for (enum category c = 0; c < CATEGORY_COUNT; c++) {
		if ((categories & 1U << c) == 0)
			continue;
		n += (size_t)snprintf(codes + n, sizeof(codes) - n, "%s%u", n != 0 ? "," : "",
			category_row(c)->code & 0xff);
		m += (size_t)snprintf(meanings + m, sizeof(meanings) - m, "%s%s",
			m != 0 ? "; " : "", category_row(c)->meaning);
	}
	snprintf(url, sizeof(url), "%s", conf->zone.url);
	for (char *mark = strchr(url, '$'); mark != NULL; mark = strchr(mark, '$'))
		*mark = SNAPSHOT_ADDRESS_MARK;
	return (size_t)snprintf(out, size, "[%s] %s; see %s", codes, meanings, url);
}

static enum err
class_of(struct publication *p, uint32_t categories, uint32_t *id)
{
	int64_t step_s = p->conf->listing.lifetime_s / EXPIRY_STEPS;
	char txt[SNAPSHOT_TXT_MAX];
	struct snapshot_class class = {.expires_s = INT64_MAX, .txt_count = 1};

	for (enum category c = 0; c < CATEGORY_COUNT; c++) {
		if ((categories & 1U << c) == 0)
			continue;
		class.a[class.a_count++] = category_row(c)->code;
		if (p->expires_s[c] < class.expires_s)
			class.expires_s = p->expires_s[c];
	}
	if (step_s > 1)
		class.expires_s -= class.expires_s % step_s;
	class.txt[0] = (struct text){txt, txt_template(p->conf, categories, txt, sizeof(txt))};
	return snapshot_builder_class(p->builder, &class, id, p->e);
}

static void
last_address(const struct prefix *p, struct addr *out)
{
	unsigned bits = p->addr.family == 4 ? 32 : 128;

	*out = p->addr;
	for (unsigned bit = p->len; bit < bits; bit++)
		out->b[bit / 8] |= (uint8_t)(0x80 >> bit % 8);
}

/* Put the prefix gathered so far into each zone that serves one of its categories. */
static enum err
add_prefix(struct publication *p)
{
	struct addr last;
	uint32_t id;
	enum err err = OK;

	if (p->categories == 0)
		return OK;
	last_address(&p->prefix, &last);
	for (size_t i = 0; err == OK && i < SUBZONE_COUNT; i++) {
		uint32_t served = p->categories & subzone_row(i)->categories;

		if (served == 0)
			continue;
		err = class_of(p, served, &id);
		if (err == OK)
			err = snapshot_builder_add(p->builder, p->sets[i], &p->prefix.addr, &last,
				p->prefix.len, id, p->e);
	}
	p->categories = 0;
	return err;
}

/* Hosts are listed as /32 or /64, of which no two overlap, so that one can change without
 * regard to others. */
static bool
is_of_one_host(const struct prefix *p)
{
	return p->len == (p->addr.family == 4 ? 32 : 64);
}

static enum err
on_listing(const struct store_listing *l, void *context)
{
	struct publication *p = context;
	enum err err = OK;

	if (l->expires_s <= p->now_s)
		return OK;
	p->overlaps = p->overlaps || !is_of_one_host(&l->prefix);
	if (p->categories != 0 &&
		(l->prefix.len != p->prefix.len || !addr_equal(&l->prefix.addr, &p->prefix.addr)))
		err = add_prefix(p);
	p->prefix = l->prefix;
	p->expires_s[l->category] = l->expires_s;
	p->categories |= 1U << l->category;
	return err;
}

static enum err
add_zones(struct publication *p)
{
	const struct conf *c = p->conf;
	struct snapshot_zone_draft zone = {
		.policy = text_of(c->zone.policy),
		.set_count = 1,
		.apex =
			{
				.has_soa = true,
				.mname = text_of(c->zone.ns.count != 0 ? c->zone.ns.items[0] : "."),
				.rname = text_of(c->zone.contact),
				.soa_ttl_s = (uint32_t)c->zone.ttl_s,
				.refresh_s = (uint32_t)c->zone.refresh_s,
				.retry_s = (uint32_t)c->zone.retry_s,
				.expire_s = (uint32_t)c->zone.expire_s,
				.minimum_s = (uint32_t)c->zone.negative_ttl_s,
				.ns_ttl_s = (uint32_t)c->zone.ttl_s,
				.ttl_s = (uint32_t)c->zone.ttl_s,
			},
	};
	struct snapshot_apex *apex = &zone.apex;
	enum err err = OK;

	for (; apex->ns_count < c->zone.ns.count && apex->ns_count < SNAPSHOT_NS_MAX;
		apex->ns_count++)
		apex->ns[apex->ns_count] = text_of(c->zone.ns.items[apex->ns_count]);
	for (size_t i = 0; err == OK && i < SUBZONE_COUNT; i++) {
		err = snapshot_builder_set(p->builder, &p->sets[i], p->e);
		zone.name = text_of(subzone_row(i)->name);
		zone.sets[0] = p->sets[i];
		if (err == OK)
			err = snapshot_builder_zone(p->builder, &zone, p->e);
	}
	return err;
}

static enum err
write_file(const struct publication *p, const char *path, bool drops_previous, uint32_t *serial)
{
	struct file_replacement file;
	enum err err = store_next_serial(p->publisher->store, serial, p->e);

	if (err == OK)
		err = file_replace_begin(&file, path, 0644, p->e);
	if (err != OK)
		return err;
	file.drops_previous = drops_previous;
	err = snapshot_builder_write(p->builder, file.fd, *serial, p->now_s, p->e);
	if (err == OK)
		return file_replace_commit(&file, p->e);
	file_replace_abort(&file);
	return err;
}

/* --- the whole list --------------------------------------------------------- */

/* What was written is what deltas will be made against. Until the store knows its checksum
 * the next publication is a whole one again, whatever ends us in between. */
static enum err
adopt_base(struct publisher *p, bool overlaps, struct error *e)
{
	enum err err;

	snapshot_close(p->base);
	p->overlaps = overlaps;
	err = snapshot_open(p->conf->zone.snapshot, &p->base, e);
	if (err == OK)
		err = store_published_whole(p->store, snapshot_checksum(p->base), e);
	/* It is of another base, and ignored; but why leave it. */
	if (err == OK)
		unlink(p->delta_path);
	return err;
}

static enum err
publish_whole(struct publisher *p, struct publication *n, uint32_t *serial)
{
	enum err err = store_listings(p->store, NULL, on_listing, n, n->e);

	if (err == OK)
		err = add_prefix(n);
	if (err == OK)
		err = write_file(n, p->conf->zone.snapshot, false, serial);
	return err == OK ? adopt_base(p, n->overlaps, n->e) : err;
}

/* --- what has changed since ---------------------------------------------------- */

/* Nothing is left of what the base says of the prefix, then what is listed now. */
static enum err
on_changed(const struct prefix *prefix, void *context)
{
	static const struct snapshot_class removed = {.action = SNAPSHOT_REMOVED};
	struct publication *n = context;
	struct addr last;
	uint32_t id;
	enum err err = snapshot_builder_class(n->builder, &removed, &id, n->e);

	n->overlaps = n->overlaps || !is_of_one_host(prefix);
	last_address(prefix, &last);
	for (size_t i = 0; err == OK && i < SUBZONE_COUNT; i++)
		err = snapshot_builder_add(n->builder, n->sets[i], &prefix->addr, &last, 0, id,
			n->e);
	if (err == OK)
		err = store_listings(n->publisher->store, prefix, on_listing, n, n->e);
	return err == OK ? add_prefix(n) : err;
}

static enum err
publish_delta(struct publisher *p, struct publication *n, uint32_t *serial)
{
	enum err err = store_changed(p->store, on_changed, n, n->e);

	if (err != OK)
		return err;
	if (n->overlaps)
		return ERR_REFUSED;
	snapshot_builder_delta_of(n->builder, p->base);
	return write_file(n, p->delta_path, true, serial);
}

static enum err
may_publish_delta(const struct publisher *p, bool *may, struct error *e)
{
	uint64_t checksum;
	size_t changed;
	enum err err = store_published_checksum(p->store, &checksum, e);

	if (err == OK)
		err = store_changed_count(p->store, &changed, e);
	*may = err == OK && p->base != NULL && !p->overlaps &&
		checksum == snapshot_checksum(p->base) &&
		changed <= DELTA_MAX + snapshot_entries(p->base) / DELTA_SHARE;
	return err;
}

/* --- interface -------------------------------------------------------------------- */

enum err
publish_new(struct store *store, const struct conf *conf, struct publisher **out, struct error *e)
{
	struct publisher *p = calloc(1, sizeof(*p));

	*out = p;
	if (p == NULL)
		return error_set(e, ERR_MEMORY, "out of memory");
	p->store = store;
	p->conf = conf;
	snprintf(p->delta_path, sizeof(p->delta_path), "%s.delta", conf->zone.snapshot);
	return OK;
}

void
publish_free(struct publisher *p)
{
	if (p == NULL)
		return;
	snapshot_close(p->base);
	free(p);
}

static enum err
publish_one(struct publisher *p, bool delta, int64_t now_s, uint32_t *serial, struct error *e)
{
	struct publication n = {.publisher = p, .conf = p->conf, .now_s = now_s, .e = e};
	enum err err;

	n.builder = snapshot_builder_new();
	if (n.builder == NULL)
		return error_set(e, ERR_MEMORY, "%s: out of memory", p->conf->zone.snapshot);
	err = add_zones(&n);
	if (err == OK)
		err = delta ? publish_delta(p, &n, serial) : publish_whole(p, &n, serial);
	snapshot_builder_free(n.builder);
	return err;
}

enum err
publish_list(struct publisher *p, int64_t now_s, uint32_t *serial, struct error *e)
{
	bool delta;
	enum err err = may_publish_delta(p, &delta, e);

	if (err == OK)
		err = publish_one(p, delta, now_s, serial, e);
	if (err == ERR_REFUSED && delta)
		err = publish_one(p, false, now_s, serial, e);
	if (err == OK)
		p->published_s = now_s;
	return err;
}

bool
publish_is_due(const struct publisher *p, int64_t now_s)
{
	return now_s - p->published_s >= p->conf->zone.heartbeat_s;
}
