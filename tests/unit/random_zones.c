#include "random_zones.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void
must(enum err err)
{
	if (err != OK)
		abort();
}

uint32_t
random_zones_number(struct random_zones *z, uint32_t below)
{
	z->seed ^= z->seed << 13;
	z->seed ^= z->seed >> 17;
	z->seed ^= z->seed << 5;
	return z->seed % below;
}

/* --- entries ------------------------------------------------------------ */

static const char *const nets4[] = {"192.0.2.", "192.0.3.", "10.20.30.", "1.2.3.", "127.0.0.",
	"7.7.7.", "198.51.100."};
static const char *const nets6[] = {"2001:db8:0:", "2001:db8:1:", "2001:db8:ffff:", "fd00:1:2:"};
static const char *const words[] = {"example", "www", "mail", "a", "b", "zz", "deep", "other"};

static void
random_ipv4(struct random_zones *z, char *out, size_t size)
{
	const char *net = nets4[random_zones_number(z, ORBL_COUNT(nets4))];
	unsigned bits = random_zones_number(z, 3) != 0 ? 32 : 24 + random_zones_number(z, 9);
	unsigned last = random_zones_number(z, 3) == 0 ? random_zones_number(z, 5) :
							 random_zones_number(z, 256);
	unsigned mask = 256 - (256u >> (bits - 24));

	if (random_zones_number(z, 12) == 0)
		snprintf(out, size, "%s",
			random_zones_number(z, 2) ? "10.20.28.0/22" : "203.0.112.0/23");
	else
		snprintf(out, size, "%s%u/%u", net, last & mask, bits);
}

static void
random_ipv6(struct random_zones *z, char *out, size_t size)
{
	static const unsigned lengths[] = {48, 50, 52, 57, 60, 64, 66, 79, 96, 112, 124, 126, 128,
		128};
	const char *net = nets6[random_zones_number(z, ORBL_COUNT(nets6))];
	struct prefix p;
	char text[100];

	if (random_zones_number(z, 10) == 0) {
		snprintf(out, size, "%s",
			random_zones_number(z, 2) ? "2001:db8::/32" : "fd00::/30");
		return;
	}
	if (random_zones_number(z, 12) == 0) {
		snprintf(out, size, "%s", random_zones_number(z, 2) ? "::/64" : "::/72");
		return;
	}
	snprintf(text, sizeof(text), "%s%x:%x:%x:%x:%x", net, random_zones_number(z, 3) * 0x4001,
		random_zones_number(z, 2) * 0x1234, 0u, random_zones_number(z, 2) * 0x8000,
		random_zones_number(z, 6));
	must(addr_parse(text_of(text), &p.addr));
	p.len = (uint8_t)lengths[random_zones_number(z, ORBL_COUNT(lengths))];
	for (unsigned bit = p.len; bit < 128; bit++)
		p.addr.b[bit / 8] &= (uint8_t) ~(0x80 >> bit % 8);
	snprintf(out, size, "%s/%u", addr_format(&p.addr, text), (unsigned)p.len);
}

static void
random_name(struct random_zones *z, char *out, size_t size)
{
	size_t labels = 1 + random_zones_number(z, 3), at = 0;

	out[0] = '\0';
	for (size_t i = 0; i < labels; i++)
		at += (size_t)snprintf(out + at, size - at, "%s%s", i != 0 ? "." : "",
			words[random_zones_number(z, ORBL_COUNT(words))]);
	snprintf(out + at, size - at, ".%s", random_zones_number(z, 2) ? "com" : "org");
}

static struct snapshot_class
random_class(struct random_zones *z)
{
	static const char *const texts[] = {"plain", "see \001", "other", "\001 and \001", "x"};
	struct snapshot_class c = {.ttl_s = random_zones_number(z, 3) * 300};

	c.a_count = 1 + random_zones_number(z, 2);
	c.a[0] = 0x7f000002 + random_zones_number(z, 3);
	c.a[1] = 0x7f000008;
	c.txt_count = random_zones_number(z, 3);
	if (c.txt_count == 0 || random_zones_number(z, 2) == 0)
		c.txt[0] = TEXT("plain");
	else
		c.txt[0] = text_of(texts[random_zones_number(z, ORBL_COUNT(texts))]);
	c.txt[1] = TEXT("second");
	if (random_zones_number(z, 6) == 0)
		c.expires_s = RANDOM_ZONES_CREATED + 100000000;
	if (z->has_expired && random_zones_number(z, 4) == 0)
		c.expires_s = RANDOM_ZONES_CREATED - 5 + random_zones_number(z, 10);
	return c;
}

static struct snapshot_class
random_records(struct random_zones *z)
{
	struct snapshot_class c = {.ttl_s = random_zones_number(z, 2) * 400};

	c.records[c.record_count++] = (struct snapshot_record){TYPE_A,
		random_zones_number(z, 2) * 60, TEXT("\12\1\2\3")};
	if (random_zones_number(z, 2))
		c.records[c.record_count++] = (struct snapshot_record){15, 0,
			TEXT("\000\012\4mail\3net\000")};
	if (random_zones_number(z, 2))
		c.records[c.record_count++] = (struct snapshot_record){TYPE_TXT, 0,
			TEXT("\5hello")};
	return c;
}

/* --- sets --------------------------------------------------------------- */

static void
add_addresses(struct random_zones *z, struct zone_fixture *f, bool is_delta)
{
	size_t count = is_delta ? random_zones_number(z, 8) : 5 + random_zones_number(z, 30);
	char what[100];

	for (size_t i = 0; i < count; i++) {
		struct snapshot_class c = random_class(z);

		if (random_zones_number(z, 3) == 0)
			random_ipv6(z, what, sizeof(what));
		else
			random_ipv4(z, what, sizeof(what));
		if (is_delta && random_zones_number(z, 2) == 0)
			c = (struct snapshot_class){.action = SNAPSHOT_REMOVED};
		if (!is_delta && random_zones_number(z, 5) == 0)
			zone_fixture_exclude(f, what);
		else
			zone_fixture_add(f, what, &c);
	}
}

static void
add_names(struct random_zones *z, struct zone_fixture *f, bool has_records)
{
	char name[300], what[310];

	if (has_records) {
		struct snapshot_class c = random_records(z);

		zone_fixture_add(f, random_zones_number(z, 2) ? "www" : ".", &c);
	}
	for (size_t i = random_zones_number(z, 12); i != 0; i--) {
		struct snapshot_class c = has_records ? random_records(z) : random_class(z);
		bool below = !has_records && random_zones_number(z, 3) == 0;

		if (random_zones_number(z, 10) == 0)
			snprintf(name, sizeof(name), "%u.2.0.192.", random_zones_number(z, 10));
		else
			random_name(z, name, sizeof(name));
		snprintf(what, sizeof(what), "%s%s", below && name[0] > '9' ? "*." : "", name);
		if (!has_records && random_zones_number(z, 8) == 0)
			zone_fixture_exclude(f, name);
		else
			zone_fixture_add(f, what, &c);
	}
}

static void
add_set(struct random_zones *z, struct zone_fixture *f, size_t i, bool is_delta)
{
	zone_fixture_set(f);
	if (i == 0 || !z->has_names || i > 2)
		add_addresses(z, f, is_delta);
	else if (!is_delta)
		add_names(z, f, i == 1);
}

static struct snapshot *
make(struct random_zones *z, size_t source, const struct snapshot *base)
{
	struct zone_fixture f = zone_fixture_new();

	f.base = base;
	f.created_s = RANDOM_ZONES_CREATED + (base != NULL ? z->version : 0);
	f.serial = ++z->version;
	zone_fixture_zone(&f, "", false);
	if (source == 0)
		zone_fixture_soa(&f, "ns.example.net",
			random_zones_number(z, 2) ? "ns.example.net" : NULL);
	f.zone.apex.ttl_s = 900;
	for (size_t i = 0; i < z->layers; i++)
		add_set(z, &f, source == 0 ? i : 0, base != NULL);
	if (source == 0) {
		zone_fixture_zone(&f, "in", true);
		add_set(z, &f, 0, base != NULL);
		zone_fixture_zone(&f, "a.gap", true);
		add_set(z, &f, 0, base != NULL);
		zone_fixture_zone(&f, "sub", false);
		add_set(z, &f, 0, base != NULL);
	}
	return zone_fixture_open(&f);
}

/* --- versions ----------------------------------------------------------- */

struct random_zones
random_zones_new(uint32_t seed)
{
	struct random_zones z = {.seed = seed * 2654435761u + 1};

	for (int i = 0; i < 10; i++)
		random_zones_number(&z, 2);
	z.has_expired = random_zones_number(&z, 3) == 0;
	z.has_names = random_zones_number(&z, 2) == 0;
	z.layers = 1 + random_zones_number(&z, 4);
	random_zones_rebase(&z);
	return z;
}

void
random_zones_rebase(struct random_zones *z)
{
	for (size_t i = 0; i < RANDOM_ZONES_SOURCES; i++) {
		snapshot_close(z->bases[i]);
		z->bases[i] = make(z, i, NULL);
	}
}

void
random_zones_free(struct random_zones *z)
{
	for (size_t i = 0; i < RANDOM_ZONES_SOURCES; i++)
		snapshot_close(z->bases[i]);
}

struct random_version
random_zones_version(struct random_zones *z, bool with_deltas)
{
	struct random_version v = {.zones = zone_set_new()};
	struct error e;

	for (size_t i = 0; i < RANDOM_ZONES_SOURCES; i++) {
		struct zone_source source = {.snapshot = z->bases[i]};

		if (with_deltas && random_zones_number(z, 3) != 0)
			v.deltas[i] = make(z, i, z->bases[i]);
		source.delta = v.deltas[i];
		must(zone_set_add(v.zones, TEXT("rand.test"), &source, &e));
	}
	must(zone_set_finish(v.zones, &e));
	return v;
}

void
random_version_free(struct random_version *v)
{
	zone_set_free(v->zones);
	for (size_t i = 0; i < RANDOM_ZONES_SOURCES; i++)
		snapshot_close(v->deltas[i]);
}

const struct zone *
random_version_zone(const struct random_version *v, const char *origin)
{
	uint8_t wire[WIRE_NAME_MAX];
	size_t len;

	must(wire_name_parse(text_of(origin), wire, &len));
	for (size_t i = 0; i < zone_set_count(v->zones); i++) {
		const struct zone *z = zone_set_get(v->zones, i);

		if (z->origin_len == len && memcmp(z->origin, wire, len) == 0)
			return z;
	}
	return NULL;
}

/* --- questions ---------------------------------------------------------- */

static void
reverse(const struct addr *a, size_t skip, char *out, size_t size)
{
	size_t at = 0, count = a->family == 4 ? 4 : 32;

	out[0] = '\0';
	for (size_t i = count - skip; i-- != 0;)
		if (a->family == 4)
			at += (size_t)snprintf(out + at, size - at, "%u.", (unsigned)a->b[i]);
		else
			at += (size_t)snprintf(out + at, size - at, "%x.",
				(unsigned)(a->b[i / 2] >> (i % 2 == 0 ? 4 : 0) & 0xf));
}

static void
random_address(struct random_zones *z, struct addr *out)
{
	char text[100];
	struct prefix p;
	int step = (int)random_zones_number(z, 3) - 1;
	size_t last;

	if (random_zones_number(z, 2) == 0)
		random_ipv6(z, text, sizeof(text));
	else
		random_ipv4(z, text, sizeof(text));
	must(prefix_parse(text_of(text), &p));
	*out = p.addr;
	last = out->family == 4 ? 3 : 15;
	if (random_zones_number(z, 2) == 0)
		for (unsigned bit = p.len; bit < 8 * (last + 1); bit++)
			if (random_zones_number(z, 2))
				out->b[bit / 8] |= (uint8_t)(0x80 >> bit % 8);
	out->b[last] = (uint8_t)(out->b[last] + step);
	if (out->family == 4 && random_zones_number(z, 8) == 0)
		out->b[2] = (uint8_t)(out->b[2] + step);
}

void
random_zones_name(struct random_zones *z, char out[1024])
{
	static const char *const fixed[] = {"_status.", "_codes.", "test.", "invalid.", "", "www.",
		"1.0.0.127.", "2.0.0.127.", "0.0.127.", "gap.", "x.gap.", "sub.", "x.sub.",
		"x.www.", "1.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.7.7.7.",
		"1.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.3.2.1.",
		"2.0.0.0.0.0.f.7.f.f.f.f.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.",
		"1.0.0.0.0.0.f.7.f.f.f.f.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0."};
	static const char *const zones[] = {"", "", "", "in.", "a.gap."};
	const char *zone = zones[random_zones_number(z, ORBL_COUNT(zones))];
	char labels[600];
	struct addr a;

	switch (random_zones_number(z, 6)) {
	case 0:
		snprintf(labels, sizeof(labels), "%s",
			fixed[random_zones_number(z, ORBL_COUNT(fixed))]);
		break;
	case 1: {
		char name[300];

		random_name(z, name, sizeof(name));
		snprintf(labels, sizeof(labels), "%s%s.", random_zones_number(z, 3) ? "" : "x.",
			name);
		break;
	}
	default:
		random_address(z, &a);
		reverse(&a,
			random_zones_number(z, 5) == 0 ?
				random_zones_number(z, a.family == 4 ? 4 : 32) :
				0,
			labels, sizeof(labels));
	}
	snprintf(out, 1024, "%s%srand.test", labels, zone);
}
