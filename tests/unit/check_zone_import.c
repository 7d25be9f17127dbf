#include "unit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#include "answer.h"
#include "big_endian.h"
#include "dns_packet.h"
#include "reply.h"
#include "wire_name.h"
#include "zone_import.h"

#define ORIGIN "dnsbl.test"

enum { NOW = 1800000000, TYPE_MX = 15, RECORDS = 48, RDATA = 600 };

static const struct zone_import_limits limits = {5000000, (size_t)1 << 30};
static uint32_t seed;

static unsigned
number(unsigned below)
{
	seed = seed * 1103515245 + 12345;
	return (seed >> 12) % below;
}

/* --- a zone in the test's own form ---------------------------------------------------- */

struct record {
	char owner[300]; /* relative, "" is the origin */
	uint16_t type;
	uint32_t ttl_s;
	size_t len;
	uint8_t rdata[RDATA];
};

static struct record records[RECORDS];
static size_t record_count;
static struct zone_import *import;
static struct snapshot *snapshot;
static struct zone_set *zones;

static struct zone_import *
new_import(void)
{
	uint8_t origin[WIRE_NAME_MAX];
	size_t len;

	ck_assert_int_eq(wire_name_parse(text_of(ORIGIN), origin, &len), OK);
	return zone_import_new(origin, &limits);
}

static void
set_soa(struct zone_import *z, uint32_t serial)
{
	uint8_t soa[2 * WIRE_NAME_MAX + 20];
	size_t mname, rname;

	ck_assert_int_eq(wire_name_parse(TEXT("ns." ORIGIN), soa, &mname), OK);
	ck_assert_int_eq(wire_name_parse(TEXT("Host.Master.test"), soa + mname, &rname), OK);
	for (uint32_t i = 0; i < 5; i++)
		big_endian_put32(soa + mname + rname + 4 * (size_t)i, i == 0 ? serial : 1000 * i);
	ck_assert_int_eq(zone_import_set_soa(z, soa, mname + rname + 20, 500, NULL), OK);
}

static void
set_up(void)
{
	import = new_import();
	set_soa(import, 77);
	record_count = 0;
	snapshot = NULL;
	zones = NULL;
}

static void
tear_down(void)
{
	zone_set_free(zones);
	snapshot_close(snapshot);
	zone_import_free(import);
}

static struct zone_import_record
wire_record(const struct record *r, uint8_t owner[WIRE_NAME_MAX])
{
	char name[400];
	size_t len;

	snprintf(name, sizeof(name), "%s%s%s", r->owner, r->owner[0] != '\0' ? "." : "", ORIGIN);
	ck_assert_int_eq(wire_name_parse(text_of(name), owner, &len), OK);
	return (struct zone_import_record){owner, r->type, r->ttl_s, r->rdata, r->len};
}

static enum err
try_add(const struct record *r, struct error *e)
{
	uint8_t owner[WIRE_NAME_MAX];
	struct zone_import_record wire = wire_record(r, owner);

	return zone_import_add(import, &wire, e);
}

static enum err
change(const struct record *r, bool removes)
{
	uint8_t owner[WIRE_NAME_MAX];
	struct zone_import_record wire = wire_record(r, owner);

	return zone_import_change(import, &wire, removes, NULL);
}

static struct record
make_a(const char *owner, const char *address, uint32_t ttl_s)
{
	struct record r = {.type = TYPE_A, .ttl_s = ttl_s, .len = 4};
	struct addr a;

	snprintf(r.owner, sizeof(r.owner), "%s", owner);
	ck_assert_int_eq(addr_parse(text_of(address), &a), OK);
	memcpy(r.rdata, a.b, 4);
	return r;
}

static struct record
make_txt(const char *owner, const char *text, uint32_t ttl_s)
{
	struct record r = {.type = TYPE_TXT, .ttl_s = ttl_s};
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

static struct record
make_mx(const char *owner, const char *host, uint32_t ttl_s)
{
	struct record r = {.type = TYPE_MX, .ttl_s = ttl_s, .rdata = {0, 10}};
	size_t len;

	snprintf(r.owner, sizeof(r.owner), "%s", owner);
	ck_assert_int_eq(wire_name_parse(text_of(host), r.rdata + 2, &len), OK);
	r.len = 2 + len;
	return r;
}

static bool
is_same(const struct record *a, const struct record *b)
{
	return a->type == b->type && strcmp(a->owner, b->owner) == 0 && a->len == b->len &&
		memcmp(a->rdata, b->rdata, a->len) == 0;
}

static void
add(struct record r)
{
	struct error e = {.text = ""};

	for (size_t i = 0; i < record_count; i++)
		if (is_same(&records[i], &r))
			return;
	ck_assert_uint_lt(record_count, RECORDS);
	records[record_count++] = r;
	ck_assert_msg(try_add(&r, &e) == OK, "%s", e.text);
}

static struct snapshot *
freeze(struct zone_import *z, int64_t expires_s)
{
	int fd = memfd_create("import", MFD_CLOEXEC);
	struct snapshot *s;
	struct error e = {.text = ""};

	ck_assert_msg(zone_import_write(z, fd, NOW, expires_s, &e) == OK, "%s", e.text);
	ck_assert_msg(snapshot_open_fd(fd, "import", &s, &e) == OK, "%s", e.text);
	close(fd);
	return s;
}

static void
serve(void)
{
	struct zone_source source = {.is_received = true};

	zone_set_free(zones);
	snapshot_close(snapshot);
	snapshot = freeze(import, 0);
	source.snapshot = snapshot;
	zones = zone_set_new();
	ck_assert_int_eq(zone_set_add(zones, TEXT(ORIGIN), &source, NULL), OK);
	ck_assert_int_eq(zone_set_finish(zones, NULL), OK);
}

static const struct dns_reply *
ask(const char *name, uint16_t type)
{
	static const struct answer_config config = {.udp_size = 1232};
	static struct dns_reply reply;
	static uint8_t out[ANSWER_MAX];
	struct answer_context context = {.config = &config, .transport = ANSWER_TCP, .now_s = NOW};
	struct dns_query q = {.type = type, .id = 1};
	char whole[400];
	uint8_t packet[512];
	size_t len;

	snprintf(whole, sizeof(whole), "%s%s%s", name, name[0] != '\0' ? "." : "", ORIGIN);
	q.name = whole;
	len = dns_query_write(&q, packet);
	len = answer_packet(zones, &context, packet, len, out, sizeof(out));
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
	for (size_t i = 0; i < record_count; i++)
		if (is_at_or_below(records[i].owner, name))
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
has_record(const struct dns_reply *reply, const struct record *r, uint32_t ttl_s)
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
	const struct dns_reply *reply = ask(name, type);
	uint32_t ttl_s = UINT32_MAX;
	size_t count = 0;

	ck_assert_msg(reply->rcode == (strcmp(owner, "-") == 0 ? RCODE_NXDOMAIN : RCODE_NOERROR),
		"%s: rcode %u, of %s (seed %u)", name, reply->rcode, owner, seed);
	for (size_t i = 0; i < record_count; i++)
		if (strcmp(records[i].owner, owner) == 0 && records[i].type == type) {
			count++;
			if (records[i].ttl_s < ttl_s)
				ttl_s = records[i].ttl_s;
		}
	ck_assert_msg(reply->answers == count, "%s type %u: %zu answers, not %zu, of %s", name,
		type, reply->answers, count, owner);
	for (size_t i = 0; i < record_count; i++)
		if (strcmp(records[i].owner, owner) == 0 && records[i].type == type)
			ck_assert_msg(has_record(reply, &records[i], ttl_s), "%s type %u, of %s",
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
	const char *of = wildcard + 2;
	size_t len = strlen(of);

	if (strcmp(wildcard, "*") == 0 || strspn(of, "0123456789abcdef.") != len)
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

static const char *
random_name(void)
{
	static char name[300];
	static const char *const octets[] = {"1", "2", "10", "192"};
	static const char *const words[] = {"foo", "_x", "b", "10", "256"};
	size_t len = 0, labels;

	switch (number(6)) {
	case 0: /* words, and wildcards of them */
		labels = 1 + number(3);
		for (size_t i = 0; i < labels; i++)
			len += (size_t)snprintf(name + len, sizeof(name) - len, "%s%s",
				i != 0 ? "." : "",
				i == 0 && number(4) == 0 ? "*" : words[number(5)]);
		return name;
	case 1: /* an IPv6 address, or a wildcard */
		labels = number(2) == 0 ? 32 : 8 + number(24);
		if (labels != 32)
			len = (size_t)snprintf(name, sizeof(name), "*.");
		for (size_t i = 0; i < labels - 8; i++)
			len += (size_t)snprintf(name + len, sizeof(name) - len, "%x.",
				number(40) == 0 ? number(16) : 1);
		snprintf(name + len, sizeof(name) - len, "8.b.d.0.1.0.0.2");
		return name;
	case 2: /* a part of an address, or a wildcard */
		labels = 1 + number(3);
		len = number(3) != 0 ? (size_t)snprintf(name, sizeof(name), "*.") : 0;
		break;
	case 3: return number(3) == 0 ? "" : number(4) == 0 ? "*" : "foo";
	default: labels = 4; break;
	}
	for (size_t i = 0; i < labels; i++)
		len += (size_t)snprintf(name + len, sizeof(name) - len, "%s%s", i != 0 ? "." : "",
			octets[number(4)]);
	return name;
}

static struct record
random_record(const char *owner)
{
	static const uint32_t ttls[] = {300, 300, 300, 60};
	uint32_t ttl_s = ttls[number(4)];
	char text[400];

	switch (number(5)) {
	case 0: return make_a(owner, "192.0.2.80", ttl_s);
	case 1: return make_mx(owner, number(2) == 0 ? "mx.test" : "", ttl_s);
	case 2:
		memset(text, 'x', sizeof(text));
		snprintf(text, 30, "see 192.%u.2.1 %u", number(3), number(3));
		if (number(3) == 0) {
			text[strlen(text)] = ' ';
			text[399] = '\0';
		}
		return make_txt(owner, text, ttl_s);
	default:
		snprintf(text, sizeof(text), "127.0.0.%u", 2 + number(3));
		return make_a(owner, text, ttl_s);
	}
}

static void
fill(size_t count)
{
	for (size_t i = 0; i < count; i++) {
		char owner[300];

		snprintf(owner, sizeof(owner), "%s", random_name());
		add(random_record(owner));
		if (number(2) == 0)
			add(random_record(owner));
	}
}

/* Each name that is there, those around it, and others like them. */
static void
ask_all(void)
{
	for (size_t i = 0; i < record_count; i++)
		for (const char *name = records[i].owner;; name = parent_of(name)) {
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
		const char *name = random_name();

		if (name[0] != '*')
			is_right(name);
	}
}

START_TEST(answers_are_those_of_a_name_server)
{
	seed = (uint32_t)_i;
	fill(1 + number(20));
	serve();
	ask_all();
}
END_TEST

static void
forget(size_t i)
{
	ck_assert_int_eq(change(&records[i], true), OK);
	records[i] = records[--record_count];
}

START_TEST(changes_are_as_if_it_had_come_whole)
{
	seed = 77777 + (uint32_t)_i;
	fill(1 + number(12));
	if (number(2) == 0)
		serve();
	for (int round = 0; round < 3; round++) {
		for (unsigned n = number(5); n != 0 && record_count != 0; n--)
			forget(number((unsigned)record_count));
		for (unsigned n = number(5); n != 0; n--) {
			struct record r = random_record(random_name());
			bool is_there = false;

			for (size_t i = 0; i < record_count; i++)
				is_there |= is_same(&records[i], &r);
			if (is_there)
				continue;
			ck_assert_int_eq(change(&r, false), OK);
			records[record_count++] = r;
		}
		if (number(2) == 0)
			ck_assert_int_eq(zone_import_apply(import, NULL), OK);
	}
	ck_assert_int_eq(zone_import_apply(import, NULL), OK);
	serve();
	ask_all();
}
END_TEST

/* Without wildcards of addresses. */
START_TEST(a_snapshot_can_be_read_back)
{
	struct error e = {.text = ""};
	struct zone_import *was = import;
	size_t count;
	enum err err;

	seed = 555555 + (uint32_t)_i;
	fill(1 + number(20));
	serve();
	count = zone_import_count(import);
	import = new_import();
	err = zone_import_read(import, snapshot, &e);
	ck_assert_msg(err == OK || strstr(e.text, "wildcards of addresses") != NULL, "%s", e.text);
	zone_import_free(was);
	if (err != OK) {
		set_soa(import, 1);
		return;
	}
	ck_assert_uint_eq(zone_import_count(import), count);
	ck_assert_uint_eq(zone_import_soa(import)->serial, 77);
	for (size_t i = 0; i < record_count; i++)
		ck_assert_int_eq(change(&records[i], true), OK);
	ck_assert_int_eq(zone_import_apply(import, NULL), OK);
	ck_assert_uint_eq(zone_import_count(import), 0);
	for (size_t i = 0; i < record_count; i++)
		ck_assert_int_eq(try_add(&records[i], NULL), OK);
	serve();
	ask_all();
}
END_TEST

/* --- by hand ---------------------------------------------------------------------------------- */

START_TEST(texts_with_the_address_are_one_class)
{
	char owner[40], text[100];

	for (unsigned i = 0; i < 20; i++) {
		snprintf(owner, sizeof(owner), "%u.2.0.192", 3 * i);
		snprintf(text, sizeof(text), "https://bl.test/?ip=192.0.2.%u&a=1192.0.2.%u0", 3 * i,
			3 * i);
		add(make_a(owner, "127.0.0.2", 300));
		add(make_txt(owner, text, 300));
	}
	serve();
	ask_all();
	{
		struct snapshot_zone zone;
		struct snapshot_walk walk = {.host = 0};
		struct snapshot_range range;
		uint32_t first = UINT32_MAX;

		snapshot_zone(snapshot, 0, &zone);
		ck_assert_uint_eq(zone.set_count, 1);
		while (snapshot_next_range(zone.sets[0], &walk, &range)) {
			if (first == UINT32_MAX)
				first = range.view.txt_first;
			ck_assert_uint_eq(range.view.txt_first, first);
		}
	}
}
END_TEST

START_TEST(soa_and_ns_are_the_zones)
{
	static const uint8_t ns[] = "\002ns\005dnsbl\004test", other[] = "\002n2\000";
	struct record r = {.type = TYPE_NS, .ttl_s = 900, .len = sizeof(ns)};
	struct snapshot_zone zone;

	memcpy(r.rdata, ns, sizeof(ns));
	ck_assert_int_eq(try_add(&r, NULL), OK);
	memcpy(r.rdata, other, sizeof(other) - 1);
	r.len = sizeof(other) - 1;
	ck_assert_int_eq(try_add(&r, NULL), OK);
	serve();
	snapshot_zone(snapshot, 0, &zone);
	ck_assert_uint_eq(zone.apex.serial, 77);
	ck_assert_uint_eq(zone.apex.soa_ttl_s, 500);
	ck_assert_uint_eq(zone.apex.refresh_s, 1000);
	ck_assert_uint_eq(zone.apex.expire_s, 3000);
	ck_assert(text_equal(zone.apex.rname, TEXT("host.master.test")));
	ck_assert_uint_eq(zone.apex.ns_count, 2);
	ck_assert_uint_eq(zone.set_count, 1);
	ck_assert_uint_eq(ask("", TYPE_NS)->answers, 2);
	ck_assert_uint_eq(ask("", TYPE_NS)->records[0].ttl, 900);
	ck_assert_uint_eq(ask("", TYPE_SOA)->answers, 1);
	ck_assert_uint_eq(ask("", TYPE_A)->answers, 0);
}
END_TEST

static void
is_refused(struct record r, enum err err, const char *why)
{
	struct error e = {.text = ""};

	ck_assert_int_eq(try_add(&r, &e), err);
	ck_assert_msg(strstr(e.text, why) != NULL, "\"%s\" lacks \"%s\"", e.text, why);
}

START_TEST(what_cannot_be_served_is_refused)
{
	struct record r = make_mx("www", "other.test", 60);
	uint8_t outside[] = "\003www\005dnsbl\005other";
	struct zone_import_record wire = {outside, TYPE_A, 60, outside, 4};
	struct error e;

	r.type = 5;
	is_refused(r, ERR_UNSUPPORTED, "CNAME");
	r.type = 39;
	is_refused(r, ERR_UNSUPPORTED, "DNAME");
	r.type = TYPE_OPT;
	is_refused(r, ERR_UNSUPPORTED, "type");
	r.type = TYPE_AXFR;
	is_refused(r, ERR_UNSUPPORTED, "type");
	r.type = TYPE_A;
	is_refused(r, ERR_SYNTAX, "malformed");
	r.type = TYPE_TXT;
	is_refused(r, ERR_SYNTAX, "malformed");
	r.len = 0;
	is_refused(r, ERR_SYNTAX, "malformed");
	ck_assert_int_eq(zone_import_add(import, &wire, &e), ERR_RANGE);
	ck_assert_ptr_nonnull(strstr(e.text, "not in the zone"));
	ck_assert_uint_eq(zone_import_count(import), 0);
}
END_TEST

START_TEST(signatures_are_left_out)
{
	struct record r = make_a("www", "192.0.2.1", 60);

	ck_assert(!zone_import_is_signed(import));
	r.type = 46;
	ck_assert_int_eq(try_add(&r, NULL), OK);
	r.type = 47;
	ck_assert_int_eq(change(&r, true), OK);
	ck_assert(zone_import_is_signed(import));
	ck_assert_uint_eq(zone_import_count(import), 0);
	ck_assert_int_eq(zone_import_apply(import, NULL), OK);
}
END_TEST

START_TEST(too_many_records_of_a_name_are_refused)
{
	int fd = memfd_create("import", MFD_CLOEXEC);
	struct error e;

	for (unsigned i = 0; i < 65; i++) {
		struct record r = make_a("1.2.0.192", "127.0.0.2", 60);

		r.rdata[3] = (uint8_t)i;
		ck_assert_int_eq(try_add(&r, NULL), OK);
	}
	ck_assert_int_eq(zone_import_write(import, fd, NOW, 0, &e), ERR_UNSUPPORTED);
	ck_assert_ptr_nonnull(strstr(e.text, "192.0.2.1"));
	close(fd);
}
END_TEST

START_TEST(limits_hold)
{
	static const uint8_t origin[] = "\005dnsbl\004test";
	struct zone_import_limits few = {2, 1000};
	char text[500];
	struct record r;

	zone_import_free(import);
	import = zone_import_new(origin, &few);
	r = make_a("1.2.0.192", "127.0.0.2", 60);
	ck_assert_int_eq(try_add(&r, NULL), OK);
	r.rdata[3] = 3;
	ck_assert_int_eq(try_add(&r, NULL), OK);
	is_refused(r, ERR_FULL, "more than 2 records");
	zone_import_free(import);
	few.records = 100;
	import = zone_import_new(origin, &few);
	for (unsigned i = 0; i < 2; i++) {
		memset(text, 'a' + (int)i, sizeof(text));
		text[490] = '\0';
		r = make_txt("x", text, 60);
		ck_assert_int_eq(try_add(&r, NULL), OK);
	}
	memset(text, 'c', 490);
	is_refused(make_txt("x", text, 60), ERR_FULL, "bytes");
}
END_TEST

START_TEST(changes_that_do_not_fit_change_nothing)
{
	struct record a = make_a("1.2.0.192", "127.0.0.2", 60), b = make_a("foo", "192.0.2.1", 60);

	add(a);
	ck_assert_int_eq(change(&b, true), OK);
	ck_assert_int_eq(zone_import_apply(import, NULL), ERR_REFUSED);
	ck_assert_int_eq(change(&a, false), OK);
	ck_assert_int_eq(zone_import_apply(import, NULL), ERR_REFUSED);
	ck_assert_int_eq(change(&a, true), OK);
	ck_assert_int_eq(change(&a, true), OK);
	ck_assert_int_eq(zone_import_apply(import, NULL), ERR_REFUSED);
	ck_assert_int_eq(change(&b, false), OK);
	ck_assert_int_eq(change(&b, false), OK);
	ck_assert_int_eq(zone_import_apply(import, NULL), ERR_REFUSED);
	ck_assert_int_eq(change(&b, false), OK);
	zone_import_forget(import);
	ck_assert_int_eq(zone_import_apply(import, NULL), OK);
	ck_assert_uint_eq(zone_import_count(import), 1);
	serve();
	ask_all();
	/* Another TTL is what was there taken away, and added anew. */
	ck_assert_int_eq(change(&a, true), OK);
	a.ttl_s = records[0].ttl_s = 99;
	ck_assert_int_eq(change(&a, false), OK);
	ck_assert_int_eq(change(&b, false), OK);
	ck_assert_int_eq(change(&b, true), OK);
	ck_assert_int_eq(zone_import_apply(import, NULL), OK);
	ck_assert_uint_eq(zone_import_count(import), 1);
	serve();
	ask_all();
}
END_TEST

START_TEST(a_renewal_changes_when_it_expires)
{
	int fd = memfd_create("delta", MFD_CLOEXEC);
	struct zone_source source = {.is_received = true};
	struct snapshot *base, *delta;
	struct snapshot_zone zone;
	struct zone_set *set = zone_set_new();
	struct error e = {.text = ""};

	add(make_a("1.2.0.192", "127.0.0.2", 60));
	add(make_a("*.3.0.192", "127.0.0.2", 60));
	add(make_a("foo", "192.0.2.1", 60));
	base = freeze(import, NOW + 100);
	ck_assert_int_eq(zone_import_write_renewal(base, fd, NOW + 5, NOW + 900, &e), OK);
	ck_assert_int_lt(lseek(fd, 0, SEEK_END), 2000);
	ck_assert_msg(snapshot_open_fd(fd, "delta", &delta, &e) == OK, "%s", e.text);
	close(fd);
	ck_assert_msg(snapshot_check_delta(base, delta, &e) == OK, "%s", e.text);
	snapshot_zone(base, 0, &zone);
	ck_assert_int_eq(zone.expires_s, NOW + 100);
	source.snapshot = base;
	source.delta = delta;
	ck_assert_int_eq(zone_set_add(set, TEXT(ORIGIN), &source, NULL), OK);
	ck_assert_int_eq(zone_set_finish(set, NULL), OK);
	ck_assert_int_eq(zone_set_get(set, 0)->stale_s, NOW + 900);
	ck_assert_uint_eq(zone_set_get(set, 0)->serial, 77);
	zones = set;
	ask_all();
	zone_set_free(set);
	zones = NULL;
	snapshot_close(delta);
	snapshot_close(base);
}
END_TEST

/* --- a million -----------------------------------------------------------------------------------
 */

static long
resident_kb(void)
{
	FILE *f = fopen("/proc/self/status", "re");
	char line[200];
	long kb = 0;

	while (f != NULL && fgets(line, sizeof(line), f) != NULL)
		if (sscanf(line, "VmHWM: %ld", &kb) == 1)
			break;
	if (f != NULL)
		fclose(f);
	return kb;
}

START_TEST(a_million_addresses_are_soon_imported)
{
	long before_kb = resident_kb();
	clock_t began = clock();

	for (uint32_t i = 0; i < 1000000; i++) {
		uint32_t a = i * 2654435761u;
		struct record r = {.type = TYPE_A, .ttl_s = 300, .len = 4, .rdata = {127, 0, 0, 2}};

		snprintf(r.owner, sizeof(r.owner), "%u.%u.%u.%u", a & 255, a >> 8 & 255,
			a >> 16 & 255, a >> 24);
		ck_assert_int_eq(try_add(&r, NULL), OK);
	}
	serve();
	printf("# a million: %.2f s, %ld MB\n", (double)(clock() - began) / CLOCKS_PER_SEC,
		(resident_kb() - before_kb) / 1024);
	ck_assert_uint_eq(zone_set_get(zones, 0)->entries, 1000000);
}
END_TEST

static Suite *
suite(void)
{
	Suite *s = suite_create("zone_import");
	TCase *c = tcase_create("model");

	tcase_add_checked_fixture(c, set_up, tear_down);
	tcase_set_timeout(c, 60);
	tcase_add_loop_test(c, answers_are_those_of_a_name_server, 0, 120);
	tcase_add_loop_test(c, changes_are_as_if_it_had_come_whole, 0, 60);
	tcase_add_loop_test(c, a_snapshot_can_be_read_back, 0, 60);
	suite_add_tcase(s, c);
	c = tcase_create("by hand");
	tcase_add_checked_fixture(c, set_up, tear_down);
	tcase_set_timeout(c, 120);
	tcase_add_test(c, texts_with_the_address_are_one_class);
	tcase_add_test(c, soa_and_ns_are_the_zones);
	tcase_add_test(c, what_cannot_be_served_is_refused);
	tcase_add_test(c, signatures_are_left_out);
	tcase_add_test(c, too_many_records_of_a_name_are_refused);
	tcase_add_test(c, limits_hold);
	tcase_add_test(c, changes_that_do_not_fit_change_nothing);
	tcase_add_test(c, a_renewal_changes_when_it_expires);
	tcase_add_test(c, a_million_addresses_are_soon_imported);
	suite_add_tcase(s, c);
	return s;
}

int
main(void)
{
	return unit_run(suite());
}
