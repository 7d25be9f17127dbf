/* rbldnsd_oracle_names.c - what is asked: names at, beside, above and below the entries of the
 * data, and ones that nobody should ask for. */
#include "rbldnsd_oracle.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

uint64_t
names_random(uint64_t *state)
{
	uint64_t z = *state += 0x9e3779b97f4a7c15u;

	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
	z = (z ^ z >> 27) * 0x94d049bb133111ebu;
	return z ^ z >> 31;
}

static unsigned
below(uint64_t *state, unsigned n)
{
	return (unsigned)(names_random(state) % n);
}

static bool
chance(uint64_t *state, unsigned percent)
{
	return below(state, 100) < percent;
}

/* --- names, from the left ------------------------------------------------------- */

static void
add_label(struct question *q, const void *bytes, size_t len)
{
	if (q->len + len + 2 > NAME_MAX_WIRE || len == 0 || len > 63)
		return;
	q->name[q->len++] = (uint8_t)len;
	memcpy(q->name + q->len, bytes, len);
	q->len += len;
}

void
names_text(const char *relative, struct question *out)
{
	while (*relative != '\0') {
		size_t n = strcspn(relative, ".");

		add_label(out, relative, n);
		relative += n + (relative[n] == '.');
	}
}

void
names_ip4(uint32_t address, size_t skip, struct question *out)
{
	for (size_t i = skip; i < 4; i++) {
		char label[8];
		int n = snprintf(label, sizeof(label), "%u", address >> 8 * i & 255);

		add_label(out, label, (size_t)n);
	}
}

static void
nibble(const uint8_t address[16], size_t i, char out[1])
{
	*out = "0123456789abcdef"[address[15 - i / 2] >> 4 * (i % 2) & 15];
}

void
names_ip6(const uint8_t address[16], size_t skip, struct question *out)
{
	for (size_t i = skip; i < 32; i++) {
		char label[1];

		nibble(address, i, label);
		add_label(out, label, 1);
	}
}

bool
names_partial_ip4(const uint8_t *name, size_t labels, uint32_t *low, uint32_t *high)
{
	uint32_t address = 0;

	if (labels > 3)
		return false;
	for (size_t i = 0; i < labels; i++, name += *name + 1) {
		unsigned octet = 0;

		if (*name > 3 || (*name > 1 && name[1] == '0'))
			return false;
		for (size_t k = 1; k <= *name; k++) {
			if (!isdigit(name[k]))
				return false;
			octet = octet * 10 + name[k] - '0';
		}
		if (octet > 255)
			return false;
		address |= octet << 8 * (4 - labels + i);
	}
	*low = address;
	*high = address | (uint32_t)(((uint64_t)1 << 8 * (4 - labels)) - 1);
	return true;
}

bool
names_partial_ip6(const uint8_t *name, size_t labels, uint8_t low[16], uint8_t high[16])
{
	if (labels > 31)
		return false;
	memset(low, 0, 16);
	memset(high, 0xff, 16);
	for (size_t i = 0; i < labels; i++, name += 2) {
		size_t at = 32 - labels + i; /* of nibbles, from the right */
		unsigned v, shift = 4 * (at % 2);

		if (*name != 1 || !isxdigit(name[1]))
			return false;
		v = isdigit(name[1]) ? name[1] - 48u : (unsigned)tolower(name[1]) - 'a' + 10;
		low[15 - at / 2] |= (uint8_t)(v << shift);
		high[15 - at / 2] &= (uint8_t)(v << shift | 15u << (4 - shift));
	}
	return true;
}

/* --- by kind of entry ------------------------------------------------------------- */

static void
hostile_label(uint64_t *state, struct question *q)
{
	static const char *const labels[] = {"256", "999", "1000", "00", "01", "007", "099", "0x1",
		"-1", "+1", "1a", "a1", " 1", "1 ", "g", "ff", "0", "*", "@", "_", "1e1",
		"4294967297"};
	uint8_t bytes[63];
	size_t len = 1 + below(state, chance(state, 30) ? 63 : 5);

	if (chance(state, 70)) {
		names_text(labels[below(state, sizeof(labels) / sizeof(labels[0]))], q);
		return;
	}
	for (size_t i = 0; i < len; i++)
		bytes[i] = (uint8_t)names_random(state);
	add_label(q, bytes, len);
}

static uint32_t
address_near(uint64_t *state, const struct point *t)
{
	switch (below(state, 8)) {
	case 0: return t->low;
	case 1: return t->high;
	case 2: return t->low - 1;
	case 3: return t->high + 1;
	case 4: return t->low ^ below(state, 256) << 8 * below(state, 4);
	case 5: return (uint32_t)names_random(state);
	default: return t->low + (uint32_t)(names_random(state) % ((uint64_t)t->high - t->low + 1));
	}
}

static void
embed_ip4(uint64_t *state, uint32_t address, uint8_t out[16])
{
	size_t at = 12;

	memset(out, 0, 16);
	if (chance(state, 50)) {
		out[10] = out[11] = 0xff;
	} else { /* RFC 3056 */
		at = 2;
		out[0] = 0x20;
		out[1] = 0x02;
		for (size_t i = 6; i < 16 && chance(state, 70); i++)
			out[i] = (uint8_t)names_random(state);
	}
	for (size_t i = 0; i < 4; i++)
		out[at + i] = (uint8_t)(address >> 8 * (3 - i));
}

static void
ask_ip4(uint64_t *state, const struct point *t, struct question *q)
{
	uint32_t address = address_near(state, t);
	unsigned kind = below(state, 100);
	uint8_t embedded[16];

	if (kind < 72) {
		names_ip4(address, 0, q);
	} else if (kind < 82) {
		names_ip4(address, 1 + below(state, 3), q);
	} else if (kind < 86) { /* a label too much, in front or in between */
		hostile_label(state, q);
		names_ip4(address, below(state, 2), q);
	} else if (kind < 90) {
		names_ip4(address, 2, q);
		hostile_label(state, q);
	} else {
		embed_ip4(state, address, embedded);
		names_ip6(embedded, kind < 98 ? 0 : 1 + below(state, 31), q);
	}
}

static void
step(uint8_t address[16], bool up)
{
	for (size_t i = 16; i-- > 0;) {
		address[i] = (uint8_t)(address[i] + (up ? 1 : -1));
		if (address[i] != (up ? 0 : 255))
			break;
	}
}

static void
ask_ip6(uint64_t *state, const struct point *t, struct question *q)
{
	unsigned kind = below(state, 100), where = below(state, 7);
	uint8_t address[16];

	memcpy(address, where == 1 || where == 3 ? t->high6 : t->low6, 16);
	if (where == 2 || where == 3)
		step(address, where == 3);
	if (where == 4)
		address[below(state, 16)] ^= (uint8_t)(1 << below(state, 8));
	for (size_t i = 0; i < 16 && where > 4; i++) /* somewhere inside */
		address[i] |= (uint8_t)names_random(state) & (t->low6[i] ^ t->high6[i]);
	if (kind < 75) {
		names_ip6(address, 0, q);
	} else if (kind < 92) {
		names_ip6(address, 1 + below(state, 31), q);
	} else if (kind < 96) {
		hostile_label(state, q);
		names_ip6(address, below(state, 2), q);
	} else {
		names_ip6(address, 16 + below(state, 16), q);
		hostile_label(state, q);
		names_ip6(address, 20, q);
	}
}

static void
ask_name(uint64_t *state, const struct point *t, struct question *q)
{
	static const char *const labels[] = {"a", "b", "www", "example", "com", "0", "x-1"};
	size_t more = chance(state, 35) ? 1 + below(state, 3) : 0, dots = 0;
	const char *name = t->name;

	for (const char *s = name; *s != '\0'; s++)
		dots += *s == '.';
	for (size_t cut = chance(state, 25) ? below(state, (unsigned)dots + 1) : 0; cut > 0; cut--)
		name = strchr(name, '.') + 1;
	while (more-- > 0) {
		if (chance(state, 10))
			hostile_label(state, q);
		else
			names_text(labels[below(state, sizeof(labels) / sizeof(labels[0]))], q);
	}
	names_text(name, q);
	if (q->len > 1 && chance(state, 15)) /* another name, of the same labels' lengths */
		q->name[1] = (uint8_t)names_random(state);
}

static void
ask_strange(uint64_t *state, struct question *q)
{
	switch (below(state, 8)) {
	case 0: /* the origin itself */
	case 1: break;
	case 2: names_text(chance(state, 50) ? "test" : "INVALID", q); break;
	case 3: names_text(chance(state, 50) ? "_status" : "x._status", q); break;
	case 4: names_text("_codes", q); break;
	case 5:
		for (size_t i = 0; i < 20; i++)
			hostile_label(state, q);
		break;
	case 6: /* up to and over the 255 bytes that a name may have */
		for (size_t n = 236 + below(state, 16); n > q->len + 1;)
			add_label(q,
				"123456789012345678901234567890123456789012345678901234567890123",
				n - q->len - 1 > 63 ? 63 : n - q->len - 1);
		break;
	default:
		for (size_t n = 1 + below(state, 4); n > 0; n--)
			hostile_label(state, q);
	}
}

/* --- questions --------------------------------------------------------------------- */

static const struct {
	uint16_t type;
	unsigned weight;
} types[] = {
	{TYPE_A, 430},
	{TYPE_TXT, 260},
	{TYPE_ANY, 60},
	{TYPE_MX, 50},
	{28 /* AAAA */, 50},
	{TYPE_NS, 30},
	{TYPE_SOA, 30},
	{257 /* CAA */, 15},
	{TYPE_HINFO, 15},
	{65280, 10},
	{12 /* PTR */, 10},
	{5 /* CNAME */, 10},
	{TYPE_DS, 20},
	{33 /* SRV */, 5},
	{65535, 5},
	{0, 5},
	{256 /* URI */, 5},
	{TYPE_AXFR, 2},
	{TYPE_IXFR, 2},
	{TYPE_TSIG - 1, 5},
};

static uint16_t
some_type(uint64_t *state)
{
	unsigned sum = 0, at;

	for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++)
		sum += types[i].weight;
	at = below(state, sum);
	for (size_t i = 0;; i++) {
		if (at < types[i].weight)
			return types[i].type;
		at -= types[i].weight;
	}
}

static void
some_flags(uint64_t *state, struct question *out)
{
	static const uint16_t sizes[] = {4096, 4096, 4096, 4096, 4096, 1232, 512, 0, 100, 65535};

	out->flags = chance(state, 30) ? FLAG_RD : 0;
	out->flags |= chance(state, 5) ? FLAG_AD : 0;
	out->flags |= chance(state, 5) ? FLAG_CD : 0;
	out->edns = chance(state, 80);
	out->dnssec_ok = out->edns && chance(state, 30);
	out->udp_size = sizes[below(state, 10)];
}

static void
finish(uint64_t *state, struct question *out)
{
	unsigned upper = chance(state, 20) ? 50 : chance(state, 5) ? 100 : 0;

	out->name[out->len++] = 0;
	for (size_t at = 0; upper > 0 && out->name[at] != 0; at += out->name[at] + 1u)
		for (size_t i = 1; i <= out->name[at]; i++)
			if (chance(state, upper))
				out->name[at + i] = (uint8_t)toupper(out->name[at + i]);
}

static void
make_question(const struct plan *p, uint64_t *state, struct question *out)
{
	const struct zone *z = &p->zones[below(state, (unsigned)p->zone_count)], *from = z;
	const struct point *t;
	unsigned client = out->client;

	*out = (struct question){.class = 1, .client = client, .type = some_type(state)};
	some_flags(state, out);
	if (chance(state, 3)) /* what is listed elsewhere */
		from = &p->zones[below(state, (unsigned)p->zone_count)];
	if (from->point_count == 0 || chance(state, 5)) {
		ask_strange(state, out);
	} else {
		t = &from->points[below(state, (unsigned)from->point_count)];
		if (t->kind == POINT_IP4)
			ask_ip4(state, t, out);
		else if (t->kind == POINT_IP6)
			ask_ip6(state, t, out);
		else
			ask_name(state, t, out);
		names_text(t->below, out);
	}
	if (chance(state, 99))
		names_text(z->origin, out);
	finish(state, out);
}

void
names_question(const struct plan *p, uint64_t *state, struct question *out)
{
	do
		make_question(p, state, out);
	while (out->len > WIRE_NAME_MAX);
}

/* --- what has to be asked, whatever chance says ------------------------------------- */

static const char *const fixed_names[] = {"", "2.0.0.127", "1.0.0.127", "01.0.0.127",
	"2.0.0.0.0.0.f.7.f.f.f.f.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0",
	"1.0.0.0.0.0.f.7.f.f.f.f.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0",
	"0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.1.0.0.0.0.0.f.7.2.0.0.2", "127", "0.127",
	"_status", "_codes", "test", "invalid"};

bool
names_fixed(const struct plan *p, size_t i, struct question *out)
{
	size_t type_count = sizeof(types) / sizeof(types[0]);
	size_t name_count = sizeof(fixed_names) / sizeof(fixed_names[0]);

	if (i >= p->zone_count * name_count * type_count)
		return false;
	*out = (struct question){.class = 1, .type = types[i % type_count].type};
	names_text(fixed_names[i / type_count % name_count], out);
	names_text(p->zones[i / type_count / name_count].origin, out);
	out->name[out->len++] = 0;
	return true;
}
