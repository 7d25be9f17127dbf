/* ldns_oracle.c - does a running orbl-dnsd say what the list says? Judged by ldns.
 *
 *	ldns_oracle PORT ORIGIN SERIAL LIST
 *
 * LIST has the lines of make_snapshot. The list is looked up here by walking it, the answers
 * are read by ldns: nothing is shared with the code under test but the reading of addresses
 * and the table of categories. Asks for both ends of each entry and the addresses next to
 * them, for every name above those, and for random ones; in every zone, for several types,
 * over UDP and TCP, in random case. Prints TAP.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <time.h>

#include <ldns/ldns.h>

#include <orbl/file.h>
#include <orbl/listing.h>

enum {
	LIST_MAX = 1 << 20,
	ENTRIES_MAX = 1024,
	RANDOM_NAMES = 3000,
	TTL = 300,
	NEGATIVE_TTL = 150,
	SOA_TTL = 3600
};

struct entry {
	struct prefix prefix;
	enum category category;
	int64_t expires_s;
};

static struct {
	const char *origin;
	uint32_t serial;
	size_t count;
	struct entry entries[ENTRIES_MAX];
	ldns_resolver *resolver;
	unsigned asked, wrong;
	uint32_t random;
} oracle = {.random = 2463534242u};

/* What the list says about a name. */
struct expectation {
	bool exists;
	bool either; /* only expired entries below: may exist or not */
	size_t a_count;
	uint32_t a[CATEGORY_COUNT];
	struct addr address;
	uint32_t ttl;
};

static uint32_t
next_random(void)
{
	oracle.random ^= oracle.random << 13;
	oracle.random ^= oracle.random >> 17;
	oracle.random ^= oracle.random << 5;
	return oracle.random;
}

/* --- the list ------------------------------------------------------------------ */

static bool
read_line(struct text line, struct entry *out)
{
	struct text address = text_cut(&line, ' '), name = text_cut(&line, ' ');
	uint64_t expires_s = 0;

	if (line.len != 0 && text_to_u64(line, INT64_MAX, &expires_s) != OK)
		return false;
	out->expires_s = (int64_t)expires_s;
	return prefix_parse(address, &out->prefix) == OK &&
		category_by_name(name, &out->category) == OK;
}

static bool
read_list(const char *path)
{
	struct text rest, line;
	char *bytes;
	size_t len;

	if (file_read(path, LIST_MAX, &bytes, &len, NULL) != OK)
		return false;
	rest = (struct text){bytes, len};
	while (text_next_line(&rest, &line) && oracle.count < ENTRIES_MAX)
		if (!read_line(line, &oracle.entries[oracle.count++]))
			break;
	free(bytes);
	return oracle.count != 0 && rest.len == 0;
}

static bool
is_in_zone(const struct entry *e, size_t zone)
{
	return (subzone_row(zone)->categories & 1u << e->category) != 0;
}

static bool
is_over(const struct entry *e)
{
	return e->expires_s != 0 && e->expires_s <= time(NULL);
}

static bool
overlaps(const struct prefix *a, const struct prefix *b)
{
	const struct prefix *shorter = a->len < b->len ? a : b, *longer = shorter == a ? b : a;

	return prefix_has_addr(shorter, &longer->addr);
}

static bool
is_test_code(uint32_t address, size_t zone)
{
	if (address == 0x7f000002)
		return true;
	for (int c = 0; c < CATEGORY_COUNT; c++)
		if (subzone_row(zone)->categories & 1u << c &&
			category_row((enum category)c)->code == address)
			return true;
	return false;
}

static void
expect_address(const struct addr *a, size_t zone, struct expectation *out)
{
	int longest = -1;

	out->address = *a;
	out->ttl = TTL;
	if (a->family == 4 && addr_ipv4(a) == 0x7f000001)
		return;
	for (size_t i = 0; i < oracle.count; i++) {
		const struct entry *e = &oracle.entries[i];

		if (!is_in_zone(e, zone) || !prefix_has_addr(&e->prefix, a) || is_over(e) ||
			e->prefix.len < longest)
			continue;
		if (e->prefix.len > longest)
			out->a_count = 0;
		longest = e->prefix.len;
		out->a[out->a_count++] = category_row(e->category)->code;
		if (e->expires_s != 0 && e->expires_s - time(NULL) < TTL)
			out->ttl = (uint32_t)(e->expires_s - time(NULL));
	}
	if (out->a_count == 0 && a->family == 4 && is_test_code(addr_ipv4(a), zone))
		out->a[out->a_count++] = addr_ipv4(a);
	out->exists = out->a_count != 0;
}

static struct prefix
mapped_prefix(const struct prefix *ipv4)
{
	struct prefix p = {.addr = {.family = 6, .b = {[10] = 0xff, [11] = 0xff}}};

	memcpy(p.addr.b + 12, ipv4->addr.b, 4);
	p.len = (uint8_t)(ipv4->len + 96);
	return p;
}

/* One reading of a name: does something listed lie at or below it? */
static void
expect_prefix(const struct prefix *p, size_t zone, struct expectation *out)
{
	struct prefix test = {.addr = addr_from_ipv4(0x7f000002), .len = 32};
	struct prefix mapped_test = mapped_prefix(&test);

	if (overlaps(&test, p) || overlaps(&mapped_test, p))
		out->exists = true;
	for (size_t i = 0; i < oracle.count; i++) {
		const struct entry *e = &oracle.entries[i];
		struct prefix mapped = mapped_prefix(&e->prefix);

		if (is_in_zone(e, zone) &&
			(overlaps(&e->prefix, p) ||
				(e->prefix.addr.family == 4 && overlaps(&mapped, p)))) {
			if (is_over(e))
				out->either = true;
			else
				out->exists = true;
		}
	}
}

/* --- questions ------------------------------------------------------------------ */

/* A reading of labels as octets or nibbles; width is 8 or 4. */
static bool
read_prefix(const char *labels, unsigned width, struct prefix *out)
{
	unsigned bits = width == 8 ? 32 : 128, at = 0, parts = 0;
	struct text rest = text_of(labels), part[64];

	memset(out, 0, sizeof(*out));
	out->addr.family = width == 8 ? 4 : 6;
	while (rest.len != 0 && parts <= bits / width)
		part[parts++] = text_cut(&rest, '.');
	if (parts > bits / width)
		return false;
	for (unsigned i = parts; i-- > 0; at += width) {
		char copy[8], *end;
		unsigned long value;

		snprintf(copy, sizeof(copy), "%.*s", TEXT_ARG(part[i]));
		value = strtoul(copy, &end, width == 8 ? 10 : 16);
		if (*end != '\0' || strspn(copy, "0123456789abcdefABCDEF") != part[i].len ||
			(width == 4 && part[i].len != 1) || value > 255 ||
			(width == 8 && part[i].len > 1 && copy[0] == '0'))
			return false;
		out->addr.b[at / 8] |= (uint8_t)(at % 8 == 0 && width == 4 ? value << 4 : value);
	}
	out->len = (uint8_t)at;
	return true;
}

static void
expect_name(const char *labels, size_t zone, struct expectation *out)
{
	static const uint8_t mapped[12] = {[10] = 0xff, [11] = 0xff};
	struct prefix p;

	memset(out, 0, sizeof(*out));
	if (read_prefix(labels, 8, &p)) {
		if (p.len == 32)
			expect_address(&p.addr, zone, out);
		else
			expect_prefix(&p, zone, out);
	}
	if (!read_prefix(labels, 4, &p))
		return;
	if (p.len < 128) {
		expect_prefix(&p, zone, out);
	} else if (memcmp(p.addr.b, mapped, sizeof(mapped)) == 0) {
		struct addr a = {.family = 4};

		memcpy(a.b, p.addr.b + 12, 4);
		expect_address(&a, zone, out);
	} else {
		expect_address(&p.addr, zone, out);
	}
}

static ldns_pkt *
ask(const char *name, ldns_rr_type type)
{
	ldns_rdf *owner = ldns_dname_new_frm_str(name);
	ldns_pkt *query = ldns_pkt_query_new(owner, type, LDNS_RR_CLASS_IN, 0), *reply = NULL;

	ldns_pkt_set_random_id(query);
	if (next_random() % 2 == 0)
		ldns_pkt_set_edns_udp_size(query, 1232);
	ldns_resolver_set_usevc(oracle.resolver, next_random() % 16 == 0);
	if (ldns_resolver_send_pkt(&reply, oracle.resolver, query) != LDNS_STATUS_OK)
		reply = NULL;
	ldns_pkt_free(query);
	return reply;
}

/* --- judgement ------------------------------------------------------------------- */

static const char *
judge_soa(const ldns_rr *rr, const char *zone, uint32_t ttl)
{
	char wanted[600];
	ldns_rdf *owner = ldns_dname_new_frm_str(zone);
	char *text;
	const char *fault = NULL;

	if (ldns_rr_get_type(rr) != LDNS_RR_TYPE_SOA ||
		ldns_dname_compare(ldns_rr_owner(rr), owner) != 0)
		fault = "not the zone's SOA";
	else if (ldns_rr_ttl(rr) != ttl)
		fault = "TTL of the SOA";
	ldns_rdf_deep_free(owner);
	snprintf(wanted, sizeof(wanted), "ns1.%s. hostmaster.%s. %u 600 120 172800 150\n",
		oracle.origin, oracle.origin, (unsigned)oracle.serial);
	text = ldns_rr2str(rr);
	if (fault == NULL && strcasecmp(strstr(text, "SOA\t") + 4, wanted) != 0)
		fault = "data of the SOA";
	free(text);
	return fault;
}

static const char *
judge_negative(const ldns_pkt *reply, const char *zone)
{
	if (ldns_pkt_ancount(reply) != 0)
		return "records with a negative answer";
	if (ldns_pkt_nscount(reply) != 1)
		return "not one record in the authority section";
	return judge_soa(ldns_rr_list_rr(ldns_pkt_authority(reply), 0), zone, NEGATIVE_TTL);
}

static bool
has_a(const struct expectation *e, const ldns_rr *rr)
{
	const uint8_t *b = ldns_rdf_data(ldns_rr_rdf(rr, 0));

	for (size_t i = 0; i < e->a_count; i++)
		if (b[0] == 127 &&
			((uint32_t)b[1] << 16 | (uint32_t)b[2] << 8 | b[3]) == (e->a[i] & 0xffffff))
			return true;
	return false;
}

static bool
has_address(const struct expectation *e, const ldns_rr *rr)
{
	char address[ADDR_TEXT], *text = ldns_rr2str(rr);
	bool has;

	addr_format(&e->address, address);
	has = strstr(text, address) != NULL || strstr(text, "test entry") != NULL;
	free(text);
	return has;
}

static const char *
judge_records(const ldns_pkt *reply, const struct expectation *e, ldns_rr_type type)
{
	const ldns_rr_list *list = ldns_pkt_answer(reply);

	if (ldns_pkt_nscount(reply) != 0)
		return "authority with an answer";
	if (ldns_rr_list_rr_count(list) != e->a_count)
		return "number of records";
	for (size_t i = 0; i < e->a_count; i++) {
		const ldns_rr *rr = ldns_rr_list_rr(list, i);

		if (ldns_rr_get_type(rr) != type)
			return "type";
		if (ldns_rr_ttl(rr) > e->ttl || ldns_rr_ttl(rr) + 3 < e->ttl)
			return "TTL";
		if (type == LDNS_RR_TYPE_A ? !has_a(e, rr) : !has_address(e, rr))
			return "data";
	}
	return NULL;
}

static const char *
judge(const ldns_pkt *reply, const struct expectation *e, ldns_rr_type type, const char *zone)
{
	bool denied = ldns_pkt_get_rcode(reply) == LDNS_RCODE_NXDOMAIN;
	bool has_data = type == LDNS_RR_TYPE_A || type == LDNS_RR_TYPE_TXT ||
		type == LDNS_RR_TYPE_ANY;

	if (!denied && ldns_pkt_get_rcode(reply) != LDNS_RCODE_NOERROR)
		return "rcode";
	if (!ldns_pkt_aa(reply) || !ldns_pkt_qr(reply) || ldns_pkt_tc(reply) || ldns_pkt_ra(reply))
		return "flags";
	if (denied == e->exists && !e->either)
		return e->exists ? "denied" : "not denied";
	if (denied || e->a_count == 0 || !has_data)
		return judge_negative(reply, zone);
	return judge_records(reply, e, type == LDNS_RR_TYPE_ANY ? LDNS_RR_TYPE_A : type);
}

static void
complain(const char *name, ldns_rr_type type, const char *fault, const ldns_pkt *reply)
{
	struct text rest, line;
	char *text;

	if (oracle.wrong++ >= 10)
		return;
	printf("# %s type %d: %s\n", name, (int)type, fault);
	text = reply != NULL ? ldns_pkt2str(reply) : NULL;
	rest = text_of(text);
	while (text_next_line(&rest, &line))
		printf("#   %.*s\n", TEXT_ARG(line));
	free(text);
}

static void
spell_at_random(char *name)
{
	for (; *name != '\0'; name++)
		if (*name >= 'a' && *name <= 'z' && next_random() % 2 == 0)
			*name = (char)(*name - 'a' + 'A');
}

static void
try_name(const char *labels, size_t zone, ldns_rr_type type)
{
	const char *sub = subzone_row(zone)->name, *fault;
	char name[600], apex[300];
	struct expectation e;
	ldns_pkt *reply;

	snprintf(apex, sizeof(apex), "%s%s%s", sub, sub[0] != '\0' ? "." : "", oracle.origin);
	snprintf(name, sizeof(name), "%s.%s.", labels, apex);
	spell_at_random(name);
	expect_name(labels, zone, &e);
	reply = ask(name, type);
	oracle.asked++;
	fault = reply == NULL ? "no answer" : judge(reply, &e, type, apex);
	if (fault != NULL)
		complain(name, type, fault, reply);
	ldns_pkt_free(reply);
}

static void
try_everywhere(const char *labels)
{
	static const ldns_rr_type types[] = {LDNS_RR_TYPE_A, LDNS_RR_TYPE_TXT, LDNS_RR_TYPE_ANY,
		LDNS_RR_TYPE_AAAA, LDNS_RR_TYPE_NS, LDNS_RR_TYPE_SOA};

	for (size_t zone = 0; zone < SUBZONE_COUNT; zone++)
		for (size_t i = 0; i < 2; i++)
			try_name(labels, zone, types[i == 0 ? 0 : 1 + next_random() % 5]);
}

/* --- names --------------------------------------------------------------------------- */

static void
add_one(struct addr *a, int step)
{
	for (int i = a->family == 4 ? 3 : 15; i >= 0; i--) {
		a->b[i] = (uint8_t)(a->b[i] + step);
		if (a->b[i] != (step > 0 ? 0 : 255))
			return;
	}
}

/* The name of the first `parts` octets or nibbles of an address. */
static const char *
name_of(const struct addr *a, unsigned parts, bool as_ipv6, char out[256])
{
	uint8_t b[16] = {[10] = 0xff, [11] = 0xff};
	size_t at = 0;

	memcpy(as_ipv6 && a->family == 4 ? b + 12 : b, a->b, a->family == 4 ? 4 : 16);
	for (unsigned i = parts; i-- > 0;)
		at += (size_t)(as_ipv6 ?
				snprintf(out + at, 256 - at, "%s%x", at != 0 ? "." : "",
					i % 2 == 0 ? b[i / 2] >> 4 : b[i / 2] & 15) :
				snprintf(out + at, 256 - at, "%s%u", at != 0 ? "." : "", b[i]));
	return out;
}

static void
try_address(const struct addr *a)
{
	char name[1 + 256];

	for (unsigned parts = 1; a->family == 4 && parts <= 4; parts++) {
		try_everywhere(name_of(a, parts, false, name + 1));
		name[0] = '0'; /* another spelling of the first octet is no name of it */
		try_everywhere(name);
	}
	for (unsigned parts = a->family == 4 ? 22 : 1; parts <= 32; parts++)
		try_everywhere(name_of(a, parts, true, name));
}

static void
try_entry(const struct entry *e)
{
	struct addr low = e->prefix.addr, high = low;

	for (unsigned bit = e->prefix.len; bit < (low.family == 4 ? 32u : 128u); bit++)
		high.b[bit / 8] |= (uint8_t)(0x80 >> bit % 8);
	try_address(&low);
	try_address(&high);
	add_one(&low, -1);
	add_one(&high, 1);
	try_address(&low);
	try_address(&high);
}

static void
try_random_name(void)
{
	static const char *const odd[] = {"256", "007", "00", "www", "ff", "g", "-1", "1e1", "*",
		"_a"};
	unsigned labels = 1 + next_random() % (next_random() % 4 == 0 ? 33 : 5);
	char name[256];
	size_t at = 0;

	for (unsigned i = 0; i < labels; i++) {
		uint32_t kind = next_random() % 40;

		at += (size_t)(kind == 0 ?
				snprintf(name + at, sizeof(name) - at, "%s%s", at != 0 ? "." : "",
					odd[next_random() % ORBL_COUNT(odd)]) :
				kind < 20 && labels < 6 ?
				snprintf(name + at, sizeof(name) - at, "%s%u", at != 0 ? "." : "",
					next_random() % 256) :
				snprintf(name + at, sizeof(name) - at, "%s%x", at != 0 ? "." : "",
					next_random() % 16));
	}
	try_name(name, next_random() % SUBZONE_COUNT,
		next_random() % 2 ? LDNS_RR_TYPE_A : LDNS_RR_TYPE_TXT);
}

static void
try_apexes(void)
{
	for (size_t zone = 0; zone < SUBZONE_COUNT; zone++) {
		const char *sub = subzone_row(zone)->name, *fault;
		char apex[300];
		ldns_pkt *reply;

		snprintf(apex, sizeof(apex), "%s%s%s", sub, sub[0] != '\0' ? "." : "",
			oracle.origin);
		reply = ask(apex, LDNS_RR_TYPE_SOA);
		fault = reply == NULL || ldns_pkt_ancount(reply) != 1 ?
			"no SOA" :
			judge_soa(ldns_rr_list_rr(ldns_pkt_answer(reply), 0), apex, SOA_TTL);
		if (fault != NULL)
			complain(apex, LDNS_RR_TYPE_SOA, fault, reply);
		ldns_pkt_free(reply);
		reply = ask(apex, LDNS_RR_TYPE_NS);
		if (reply == NULL || ldns_pkt_ancount(reply) != 2)
			complain(apex, LDNS_RR_TYPE_NS, "not two NS", reply);
		ldns_pkt_free(reply);
		reply = ask(apex, LDNS_RR_TYPE_A);
		fault = reply == NULL ? "no answer" : judge_negative(reply, apex);
		if (fault != NULL)
			complain(apex, LDNS_RR_TYPE_A, fault, reply);
		ldns_pkt_free(reply);
		oracle.asked += 3;
	}
}

static void
report(const char *what)
{
	static unsigned number;

	printf("%s %u - %s: %u answers, %u wrong\n", oracle.wrong == 0 ? "ok" : "not ok", ++number,
		what, oracle.asked, oracle.wrong);
	oracle.asked = oracle.wrong = 0;
}

static bool
open_resolver(const char *port)
{
	ldns_rdf *server = ldns_rdf_new_frm_str(LDNS_RDF_TYPE_A, "127.0.0.1");

	oracle.resolver = ldns_resolver_new();
	if (oracle.resolver == NULL || server == NULL)
		return false;
	ldns_resolver_push_nameserver(oracle.resolver, server);
	ldns_rdf_deep_free(server);
	ldns_resolver_set_port(oracle.resolver, (uint16_t)strtoul(port, NULL, 10));
	ldns_resolver_set_fail(oracle.resolver, true);
	ldns_resolver_set_igntc(oracle.resolver, true);
	return true;
}

int
main(int argc, char **argv)
{
	struct addr test = addr_from_ipv4(0x7f000002), world = addr_from_ipv4(0);

	if (argc != 5 || !read_list(argv[4]) || !open_resolver(argv[1])) {
		printf("Bail out! usage: ldns_oracle PORT ORIGIN SERIAL LIST\n");
		return EXIT_FAILURE;
	}
	oracle.origin = argv[2];
	oracle.serial = (uint32_t)strtoul(argv[3], NULL, 10);
	printf("1..4\n");
	try_apexes();
	report("apexes");
	for (uint32_t i = 0; i < 10; i++) {
		try_address(&test);
		add_one(&test, i == 0 ? -1 : i == 1 ? 2 : 1);
	}
	try_address(&world);
	report("test points");
	for (size_t i = 0; i < oracle.count; i++)
		try_entry(&oracle.entries[i]);
	report("entries, their neighbours and every name above");
	for (int i = 0; i < RANDOM_NAMES; i++)
		try_random_name();
	report("random names");
	ldns_resolver_deep_free(oracle.resolver);
	return EXIT_SUCCESS;
}
