#include "import_fixture.h"

#include <check.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "answer.h"
#include "big_endian.h"
#include "reply.h"
#include "wire_name.h"

enum { TYPE_MX = 15 };

static const struct zone_import_limits limits = {5000000, (size_t)1 << 30};
static struct import_fixture fixture, *const f = &fixture;

unsigned
import_fixture_number(unsigned below)
{
	f->seed = f->seed * 1103515245 + 12345;
	return (f->seed >> 12) % below;
}

/* --- a zone in the test's own form ---------------------------------------------------- */

struct import_fixture *
import_fixture(void)
{
	return f;
}

struct zone_import *
import_fixture_new(void)
{
	uint8_t origin[WIRE_NAME_MAX];
	size_t len;

	ck_assert_int_eq(wire_name_parse(text_of(ORIGIN), origin, &len), OK);
	return zone_import_new(origin, &limits);
}

void
import_fixture_set_soa(struct zone_import *z, uint32_t serial)
{
	uint8_t soa[2 * WIRE_NAME_MAX + 20];
	size_t mname, rname;

	ck_assert_int_eq(wire_name_parse(TEXT("ns." ORIGIN), soa, &mname), OK);
	ck_assert_int_eq(wire_name_parse(TEXT("Host.Master.test"), soa + mname, &rname), OK);
	for (uint32_t i = 0; i < 5; i++)
		big_endian_put32(soa + mname + rname + 4 * (size_t)i, i == 0 ? serial : 1000 * i);
	ck_assert_int_eq(zone_import_set_soa(z, soa, mname + rname + 20, 500, NULL), OK);
}

void
import_fixture_set_up(void)
{
	f->import = import_fixture_new();
	import_fixture_set_soa(f->import, 77);
	f->record_count = 0;
	f->snapshot = NULL;
	f->zones = NULL;
}

void
import_fixture_tear_down(void)
{
	zone_set_free(f->zones);
	snapshot_close(f->snapshot);
	zone_import_free(f->import);
}

static struct zone_import_record
wire_record(const struct import_record *r, uint8_t owner[WIRE_NAME_MAX])
{
	char name[400];
	size_t len;

	snprintf(name, sizeof(name), "%s%s%s", r->owner, r->owner[0] != '\0' ? "." : "", ORIGIN);
	ck_assert_int_eq(wire_name_parse(text_of(name), owner, &len), OK);
	return (struct zone_import_record){owner, r->type, r->ttl_s, r->rdata, r->len};
}

enum err
import_fixture_try_add(const struct import_record *r, struct error *e)
{
	uint8_t owner[WIRE_NAME_MAX];
	struct zone_import_record wire = wire_record(r, owner);

	return zone_import_add(f->import, &wire, e);
}

enum err
import_fixture_change(const struct import_record *r, bool removes)
{
	uint8_t owner[WIRE_NAME_MAX];
	struct zone_import_record wire = wire_record(r, owner);

	return zone_import_change(f->import, &wire, removes, NULL);
}

struct import_record
import_fixture_a(const char *owner, const char *address, uint32_t ttl_s)
{
	struct import_record r = {.type = TYPE_A, .ttl_s = ttl_s, .len = 4};
	struct addr a;

	snprintf(r.owner, sizeof(r.owner), "%s", owner);
	ck_assert_int_eq(addr_parse(text_of(address), &a), OK);
	memcpy(r.rdata, a.b, 4);
	return r;
}

struct import_record
import_fixture_txt(const char *owner, const char *text, uint32_t ttl_s)
{
	struct import_record r = {.type = TYPE_TXT, .ttl_s = ttl_s};
	size_t left = strlen(text);

	snprintf(r.owner, sizeof(r.owner), "%s", owner);
	do {
		size_t n = left < 255 ? left : 255;

		r.rdata[r.len++] = (uint8_t)n;
		memcpy(r.rdata + r.len, text, n);
		r.len += n;
		text += n;
		left -= n;
	} while (left != 0);
	return r;
}

struct import_record
import_fixture_mx(const char *owner, const char *host, uint32_t ttl_s)
{
	struct import_record r = {.type = TYPE_MX, .ttl_s = ttl_s, .rdata = {0, 10}};
	size_t len;

	snprintf(r.owner, sizeof(r.owner), "%s", owner);
	ck_assert_int_eq(wire_name_parse(text_of(host), r.rdata + 2, &len), OK);
	r.len = 2 + len;
	return r;
}

bool
import_fixture_is_same(const struct import_record *a, const struct import_record *b)
{
	return a->type == b->type && strcmp(a->owner, b->owner) == 0 && a->len == b->len &&
		memcmp(a->rdata, b->rdata, a->len) == 0;
}

void
import_fixture_add(struct import_record r)
{
	struct error e = {.text = ""};

	for (size_t i = 0; i < f->record_count; i++)
		if (import_fixture_is_same(&f->records[i], &r))
			return;
	ck_assert_uint_lt(f->record_count, IMPORT_FIXTURE_RECORDS);
	f->records[f->record_count++] = r;
	ck_assert_msg(import_fixture_try_add(&r, &e) == OK, "%s", e.text);
}

struct snapshot *
import_fixture_freeze(struct zone_import *z, int64_t expires_s)
{
	int fd = memfd_create("import", MFD_CLOEXEC);
	struct snapshot *s;
	struct error e = {.text = ""};

	ck_assert_msg(zone_import_write(z, fd, IMPORT_FIXTURE_NOW, expires_s, &e) == OK, "%s",
		e.text);
	ck_assert_msg(snapshot_open_fd(fd, "import", &s, &e) == OK, "%s", e.text);
	close(fd);
	return s;
}

void
import_fixture_serve(void)
{
	struct zone_source source = {.is_received = true};

	zone_set_free(f->zones);
	snapshot_close(f->snapshot);
	f->snapshot = import_fixture_freeze(f->import, 0);
	source.snapshot = f->snapshot;
	f->zones = zone_set_new();
	ck_assert_int_eq(zone_set_add(f->zones, TEXT(ORIGIN), &source, NULL), OK);
	ck_assert_int_eq(zone_set_finish(f->zones, NULL), OK);
}

const struct dns_reply *
import_fixture_ask(const char *name, uint16_t type)
{
	static const struct answer_config config = {.udp_size = 1232};
	static struct dns_reply reply;
	static uint8_t out[ANSWER_MAX];
	struct answer_context context = {.config = &config,
		.transport = ANSWER_TCP,
		.now_s = IMPORT_FIXTURE_NOW};
	struct dns_query q = {.type = type, .id = 1};
	char whole[400];
	uint8_t packet[512];
	size_t len;

	snprintf(whole, sizeof(whole), "%s%s%s", name, name[0] != '\0' ? "." : "", ORIGIN);
	q.name = whole;
	len = dns_query_write(&q, packet);
	len = answer_packet(f->zones, &context, packet, len, out, sizeof(out));
	ck_assert(dns_reply_read(out, len, &reply));
	return &reply;
}

/* --- what a name server answers (RFC 1034 section 4.3.2, RFC 4592) ------------------------ */

enum truth { NO_NAME, NO_DATA, DATA };

static bool
is_at_or_below(const char *name, const char *of)
{
	size_t n = strlen(name), k = strlen(of);

	if (k == 0)
		return true;
	return n >= k && strcmp(name + n - k, of) == 0 && (n == k || name[n - k - 1] == '.');
}

static bool
exists(const char *name)
{
	for (size_t i = 0; i < f->record_count; i++)
		if (is_at_or_below(f->records[i].owner, name))
			return true;
	return name[0] == '\0';
}

static const char *
parent_of(const char *name)
{
	const char *dot = strchr(name, '.');

	return dot != NULL ? dot + 1 : "";
}

/* Whose records answer the name; "-": none do. */
static const char *
find_owner(const char *name, char wildcard[310], bool *is_wildcard)
{
	const char *encloser = name;

	*is_wildcard = false;
	if (exists(name))
		return name;
	while (!exists(encloser))
		encloser = parent_of(encloser);
	snprintf(wildcard, 310, "*%s%s", encloser[0] != '\0' ? "." : "", encloser);
	*is_wildcard = exists(wildcard);
	return *is_wildcard ? wildcard : "-";
}

static bool
has_record(const struct dns_reply *reply, const struct import_record *r, uint32_t ttl_s)
{
	for (size_t i = 0; i < reply->answers; i++)
		if (reply->records[i].len == r->len && reply->records[i].ttl == ttl_s &&
			memcmp(reply->records[i].data, r->rdata, r->len) == 0)
			return true;
	return false;
}

static void
is_answered_by(const char *name, uint16_t type, const char *owner)
{
	const struct dns_reply *reply = import_fixture_ask(name, type);
	uint32_t ttl_s = UINT32_MAX;
	size_t count = 0;

	ck_assert_msg(reply->rcode == (strcmp(owner, "-") == 0 ? RCODE_NXDOMAIN : RCODE_NOERROR),
		"%s: rcode %u, of %s (seed %u)", name, reply->rcode, owner, f->seed);
	for (size_t i = 0; i < f->record_count; i++)
		if (strcmp(f->records[i].owner, owner) == 0 && f->records[i].type == type) {
			count++;
			if (f->records[i].ttl_s < ttl_s)
				ttl_s = f->records[i].ttl_s;
		}
	ck_assert_msg(reply->answers == count, "%s type %u: %zu answers, not %zu, of %s", name,
		type, reply->answers, count, owner);
	for (size_t i = 0; i < f->record_count; i++)
		if (strcmp(f->records[i].owner, owner) == 0 && f->records[i].type == type)
			ck_assert_msg(has_record(reply, &f->records[i], ttl_s), "%s type %u, of %s",
				name, type, owner);
}

static bool
is_address(const char *name)
{
	unsigned a, b, c, d;
	char end;

	if (strlen(name) == 63 && strspn(name, "0123456789abcdef.") == 63)
		return true;
	return sscanf(name, "%u.%u.%u.%u%c", &a, &b, &c, &d, &end) == 4;
}

/* A wildcard of addresses matches whole addresses of its family alone. */
static bool
is_skipped(const char *name, const char *wildcard)
{
	const char *of = strcmp(wildcard, "*") != 0 ? wildcard + 2 : "";
	size_t len = strlen(of);

	if (len == 0 || strspn(of, "0123456789abcdef.") != len)
		return false;
	if (!is_address(name))
		return true;
	return (len <= 11 && strspn(of, "0123456789.") == len && strlen(of) < 6) !=
		(strlen(name) != 63);
}

static void
is_right(const char *name)
{
	static const uint16_t types[] = {TYPE_A, TYPE_TXT, TYPE_MX};
	char wildcard[310];
	bool is_wildcard;
	const char *owner = find_owner(name, wildcard, &is_wildcard);

	if (is_wildcard && is_skipped(name, owner))
		return;
	for (size_t i = 0; i < 3; i++)
		is_answered_by(name, types[i], owner);
}

/* --- zones by chance ------------------------------------------------------------------------ */

const char *
import_fixture_random_name(void)
{
	static char name[300];
	static const char *const octets[] = {"1", "2", "10", "192"};
	static const char *const words[] = {"foo", "_x", "b", "10", "256"};
	size_t len = 0, labels;

	switch (import_fixture_number(6)) {
	case 0: /* words, and wildcards of them */
		labels = 1 + import_fixture_number(3);
		for (size_t i = 0; i < labels; i++)
			len += (size_t)snprintf(name + len, sizeof(name) - len, "%s%s",
				i != 0 ? "." : "",
				i == 0 && import_fixture_number(4) == 0 ?
					"*" :
					words[import_fixture_number(5)]);
		return name;
	case 1: /* an IPv6 address, or a wildcard */
		labels = import_fixture_number(2) == 0 ? 32 : 8 + import_fixture_number(24);
		if (labels != 32)
			len = (size_t)snprintf(name, sizeof(name), "*.");
		for (size_t i = 0; i < labels - 8; i++)
			len += (size_t)snprintf(name + len, sizeof(name) - len, "%x.",
				import_fixture_number(40) == 0 ? import_fixture_number(16) : 1);
		snprintf(name + len, sizeof(name) - len, "8.b.d.0.1.0.0.2");
		return name;
	case 2: /* a part of an address, or a wildcard */
		labels = 1 + import_fixture_number(3);
		len = import_fixture_number(3) != 0 ? (size_t)snprintf(name, sizeof(name), "*.") :
						      0;
		break;
	case 3:
		return import_fixture_number(3) == 0  ? "" :
			import_fixture_number(4) == 0 ? "*" :
							"foo";
	default: labels = 4; break;
	}
	for (size_t i = 0; i < labels; i++)
		len += (size_t)snprintf(name + len, sizeof(name) - len, "%s%s", i != 0 ? "." : "",
			octets[import_fixture_number(4)]);
	return name;
}

struct import_record
import_fixture_random_record(const char *owner)
{
	static const uint32_t ttls[] = {300, 300, 300, 60};
	uint32_t ttl_s = ttls[import_fixture_number(4)];
	char text[400];

	switch (import_fixture_number(5)) {
	case 0: return import_fixture_a(owner, "192.0.2.80", ttl_s);
	case 1:
		return import_fixture_mx(owner, import_fixture_number(2) == 0 ? "mx.test" : "",
			ttl_s);
	case 2:
		memset(text, 'x', sizeof(text));
		snprintf(text, 30, "see 192.%u.2.1 %u", import_fixture_number(3),
			import_fixture_number(3));
		if (import_fixture_number(3) == 0) {
			text[strlen(text)] = ' ';
			text[399] = '\0';
		}
		return import_fixture_txt(owner, text, ttl_s);
	default:
		snprintf(text, sizeof(text), "127.0.0.%u", 2 + import_fixture_number(3));
		return import_fixture_a(owner, text, ttl_s);
	}
}

void
import_fixture_fill(size_t count)
{
	for (size_t i = 0; i < count; i++) {
		char owner[300];

		snprintf(owner, sizeof(owner), "%s", import_fixture_random_name());
		import_fixture_add(import_fixture_random_record(owner));
		if (import_fixture_number(2) == 0)
			import_fixture_add(import_fixture_random_record(owner));
	}
}

/* Each name that is there, those around it, and others like them. */
void
import_fixture_ask_all(void)
{
	for (size_t i = 0; i < f->record_count; i++)
		for (const char *name = f->records[i].owner;; name = parent_of(name)) {
			char below[310];

			if (name[0] == '*')
				continue;
			is_right(name);
			if (name[0] == '\0')
				break;
			snprintf(below, sizeof(below), "foo.%s", name);
			if (strlen(below) < 200)
				is_right(below);
		}
	for (int i = 0; i < 60; i++) {
		const char *name = import_fixture_random_name();

		if (name[0] != '*')
			is_right(name);
	}
}
