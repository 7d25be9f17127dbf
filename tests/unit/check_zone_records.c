/* The records of a zone, told to a secondary, give the answers that we give. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "answer.h"
#include "dns_packet.h"
#include "dnsbl_name.h"
#include "random_zones.h"
#include "record_book.h"
#include "reply.h"
#include "unit.h"
#include "zone_block.h"
#include "zone_diff.h"

enum { SEEDS = 16, PAIRS = 6, QUESTIONS = 500, EXPAND = 1000000 };

static const struct answer_config config = {.udp_size = 1232};

/* --- what differs on purpose -------------------------------------------- */

static bool
is_six_to_four(const struct dnsbl_name *n)
{
	return n->ipv6_bits != DNSBL_NAME_NONE && n->sixto4_bits != DNSBL_NAME_NONE;
}

static bool
is_mapped_part(const struct dnsbl_name *n)
{
	return n->ipv6_bits != DNSBL_NAME_NONE && n->is_mapped && n->ipv4 != ZONE_TEST_LISTED &&
		n->ipv4 != 0x7f000001;
}

static bool
is_whole(const struct dnsbl_name *n)
{
	return n->ipv4_bits == 32 || n->ipv6_bits == 128;
}

/* Without the record of each assertion that check keeps, of which there would be millions. */
static void
must(bool is_true, const char *what)
{
	if (!is_true)
		ck_abort_msg("not %s", what);
}

/* --- one question ------------------------------------------------------- */

struct asked {
	uint8_t wire[WIRE_NAME_MAX];
	size_t len;
	struct query_name name;
	const struct zone *zone;
	struct dnsbl_name address;
};

static void
parse(const struct zone_set *zones, const char *text, struct asked *out)
{
	size_t below;

	must(wire_name_parse(text_of(text), out->wire, &out->len) == OK, "a name");
	out->name.wire = out->wire;
	out->name.len = (uint8_t)out->len;
	out->name.labels = 0;
	for (size_t at = 0; out->wire[at] != 0; at += out->wire[at] + 1u)
		out->name.label_at[out->name.labels++] = (uint8_t)at;
	out->zone = zone_set_find(zones, &out->name, &below);
	if (below == 0 || !dnsbl_name_parse(&out->name, below, &out->address))
		out->address.ipv4_bits = out->address.ipv6_bits = out->address.sixto4_bits =
			DNSBL_NAME_NONE;
}

static void
ask_us(const struct zone_set *zones, const char *name, uint16_t type, int64_t now_s,
	struct dns_reply *out)
{
	static uint8_t reply[ANSWER_MAX];
	struct answer_context context = {.config = &config,
		.transport = ANSWER_TCP,
		.now_s = now_s};
	struct dns_query q = {.name = name, .type = type};
	uint8_t packet[512];
	size_t len = dns_query_write(&q, packet);

	len = answer_packet(zones, &context, packet, len, reply, sizeof(reply));
	must(dns_reply_read(reply, len, out), "a well formed reply");
}

/* How exactly the records are compared. */
struct exactness {
	bool is_network_text; /* a TXT record of a network's wildcard */
	bool ends;            /* a TTL may be what is left */
};

static bool
has_answer(const struct dns_reply *reply, const struct book_record *r, struct exactness x)
{
	for (size_t i = 0; i < reply->answers; i++) {
		const struct dns_record *own = &reply->records[i];

		if (own->type != r->type || own->ttl > r->ttl || (!x.ends && own->ttl != r->ttl))
			continue;
		/* Names of NS records are shortened. */
		if (x.is_network_text || own->type == TYPE_NS ||
			(own->len == r->len && memcmp(own->data, r->rdata, r->len) == 0))
			return true;
	}
	return false;
}

static bool
is_same(const struct record_book *b, const struct book_answer *theirs, const struct dns_reply *ours,
	struct exactness x)
{
	if ((ours->rcode == RCODE_NXDOMAIN) == theirs->exists || ours->answers != theirs->count)
		return false;
	for (size_t i = 0; i < theirs->count; i++)
		if (!has_answer(ours, &b->records[theirs->first + i], x))
			return false;
	return true;
}

/* Returns whether it could be compared. */
static bool
compare(const struct random_zones *z, const struct random_version *v, const struct zone *zone,
	const struct record_book *b, int64_t now_s, const char *name, uint16_t type)
{
	static struct dns_reply ours;
	struct book_answer theirs;
	struct asked a;
	struct exactness x = {.ends = z->has_expired};
	bool is_expired_ent;

	parse(v->zones, name, &a);
	if (a.zone == NULL || a.zone->apex != zone || is_six_to_four(&a.address) ||
		is_mapped_part(&a.address))
		return false;
	theirs = record_book_ask(b, a.wire, a.len, type, zone->origin_len);
	/* Below the wildcard of a network there is more than addresses. */
	if (theirs.is_synthesized && !is_whole(&a.address) &&
		(a.address.ipv4_bits != DNSBL_NAME_NONE || a.address.ipv6_bits != DNSBL_NAME_NONE))
		return false;
	ask_us(v->zones, name, type, now_s, &ours);
	x.is_network_text = theirs.is_synthesized && a.address.ipv6_bits == 128 && type == TYPE_TXT;
	is_expired_ent = z->has_expired && !theirs.exists && ours.rcode == RCODE_NOERROR &&
		ours.answers == 0;
	if (is_expired_ent || is_same(b, &theirs, &ours, x))
		return true;
	ck_abort_msg("%s type %u: we have rcode %u and %zu records, they %s and %zu%s", name,
		(unsigned)type, ours.rcode, ours.answers, theirs.exists ? "NOERROR" : "NXDOMAIN",
		theirs.count, theirs.is_synthesized ? " of a wildcard" : "");
}

/* A name that has records, as text; "" for a wildcard. */
static void
owner_text(const struct book_record *r, char out[WIRE_NAME_TEXT])
{
	out[0] = '\0';
	if (r->owner[0] != 1 || r->owner[1] != '*')
		wire_name_format(r->owner, out);
}

/* --- tests -------------------------------------------------------------- */

static const uint16_t types[] = {TYPE_A, TYPE_TXT, 15, 28, TYPE_NS};

/* Returns the questions that were compared, none when the zone cannot be said in records. */
static size_t
compare_zone(struct random_zones *z, const struct random_version *v, const char *origin)
{
	const struct zone *zone = random_version_zone(v, origin);
	struct record_book b = {.count = 0};
	struct zone_version version;
	char name[WIRE_NAME_TEXT];
	size_t compared = 0;
	struct error e;

	if (zone_records_check(v->zones, zone, EXPAND, &e) != OK)
		return 0;
	zone_version_init(&version, v->zones, zone);
	record_book_gather(&b, zone_records_new(v->zones, zone));
	ck_assert_uint_eq(b.records[0].type, TYPE_SOA);
	record_book_sort(&b);
	for (size_t i = 1; i < b.count; i++)
		must(book_record_compare(&b.records[i - 1], &b.records[i]) < 0, "each record once");
	for (size_t i = 0; i < b.count; i++) {
		if (i != 0 && b.records[i].owner_len == b.records[i - 1].owner_len &&
			memcmp(b.records[i].owner, b.records[i - 1].owner,
				b.records[i].owner_len) == 0)
			continue;
		owner_text(&b.records[i], name);
		for (size_t k = 0; name[0] != '\0' && k < 2; k++)
			compared += compare(z, v, zone, &b, version.created_s, name, types[k]);
	}
	for (size_t i = 0; i < QUESTIONS; i++) {
		random_zones_name(z, name);
		compared += compare(z, v, zone, &b, version.created_s, name,
			types[random_zones_number(z, ORBL_COUNT(types))]);
	}
	record_book_reset(&b);
	return compared;
}

START_TEST(test_random_zones_answer_alike)
{
	struct random_zones z = random_zones_new((uint32_t)_i + 1);
	struct random_version v;
	size_t compared = 0;

	for (int i = 0; i < 3; i++) {
		v = random_zones_version(&z, i != 0);
		compared += compare_zone(&z, &v, "rand.test");
		compared += compare_zone(&z, &v, "sub.rand.test");
		random_version_free(&v);
	}
	ck_assert_uint_gt(compared, 0);
	random_zones_free(&z);
}
END_TEST

/* What was added to one version and not to the other, told both ways. */
static void
transfer(const struct random_version *a, const struct random_version *b, const char *origin)
{
	const struct zone *x = random_version_zone(a, origin), *y = random_version_zone(b, origin);
	struct record_book old = {.count = 0}, new = old, deleted = old, added = old;
	struct error e;

	if (zone_records_check(a->zones, x, EXPAND, &e) != OK ||
		zone_records_check(b->zones, y, EXPAND, &e) != OK)
		return;
	record_book_gather(&old, zone_records_new(a->zones, x));
	record_book_gather(&new, zone_records_new(b->zones, y));
	record_book_gather(&deleted, zone_diff_new(a->zones, x, b->zones, y));
	record_book_gather(&added, zone_diff_new(b->zones, y, a->zones, x));
	/* The SOA is not part of it. */
	for (size_t i = 0; i < 2; i++) {
		struct record_book *book = i == 0 ? &old : &new;

		ck_assert_uint_eq(book->records[0].type, TYPE_SOA);
		book->records[0].len = 0;
		record_book_sort(book);
	}
	record_book_remove(&old, &deleted);
	record_book_insert(&old, &added);
	if (!record_book_is_same(&old, &new)) {
		printf("# deleted\n");
		record_book_print(&deleted);
		printf("# added\n");
		record_book_print(&added);
		ck_abort_msg("%s: the difference does not lead to the new version", origin);
	}
	record_book_reset(&old);
	record_book_reset(&new);
	record_book_reset(&deleted);
	record_book_reset(&added);
}

START_TEST(test_difference_leads_to_the_new_version)
{
	struct random_zones z = random_zones_new((uint32_t)_i + 1000);
	struct random_version a = random_zones_version(&z, true), b;
	struct random_zones other = z;

	for (int i = 0; i < 4; i++) {
		b = random_zones_version(&z, i != 1);
		transfer(&a, &b, "rand.test");
		transfer(&b, &a, "rand.test");
		transfer(&a, &b, "sub.rand.test");
		random_version_free(&b);
	}
	/* Other bases. */
	memset(z.bases, 0, sizeof(z.bases));
	random_zones_rebase(&z);
	b = random_zones_version(&z, true);
	transfer(&a, &b, "rand.test");
	transfer(&b, &a, "rand.test");
	random_version_free(&b);
	random_version_free(&a);
	random_zones_free(&z);
	random_zones_free(&other);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("zone_records");
	TCase *answers = tcase_create("answers"), *differences = tcase_create("differences");

	tcase_set_timeout(answers, 120);
	tcase_set_timeout(differences, 120);
	tcase_add_loop_test(answers, test_random_zones_answer_alike, 0, SEEDS);
	tcase_add_loop_test(differences, test_difference_leads_to_the_new_version, 0, PAIRS);
	suite_add_tcase(suite, answers);
	suite_add_tcase(suite, differences);
	return unit_run(suite);
}
