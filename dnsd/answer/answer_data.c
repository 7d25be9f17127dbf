#include "answer_data.h"

#include <string.h>

enum { NEVER_LISTED = 0x7f000001, LOOPBACK = 127 };

/* --- matches ------------------------------------------------------------ */

/* Room for one more match; it counts when it is kept. There are never more than have room: no
 * layer is asked more than twice. */
static struct answer_match *
next_match(struct answer *a)
{
	return &a->matches[a->match_count];
}

static bool
keep_match(struct answer *a, const struct zone_layer *l, enum answer_subject subject)
{
	struct answer_match *m = next_match(a);

	if (!answer_data_lasts(&m->view, l->ttl_s, a->context->now_s, &m->ttl_s))
		return false;
	m->subject = subject;
	a->match_count++;
	return true;
}

static bool
ask_ipv4(struct answer *a, const struct zone_layer *l, uint32_t address)
{
	struct answer_match *m = next_match(a);

	m->ipv4 = address;
	return snapshot_layer_find4(&l->layer, address, &m->view) && keep_match(a, l, SUBJECT_IPV4);
}

static void
ask_ipv6(struct answer *a, const struct zone_layer *l)
{
	const struct dnsbl_name *n = &a->address;

	/* rbldnsd looks both up; a list of ours means the hosts it names. */
	if (n->sixto4_bits == 32 && n->sixto4 != NEVER_LISTED && !l->is_list)
		ask_ipv4(a, l, n->sixto4);
	if (snapshot_layer_find(&l->layer, &n->ipv6, &next_match(a)->view))
		keep_match(a, l, SUBJECT_IPV6);
}

/* ::ffff:a.b.c.d is asked as IPv6 too, where the same set has nothing for a.b.c.d. */
static void
ask_addresses(struct answer *a, const struct zone_layer *l)
{
	const struct dnsbl_name *n = &a->address;

	if (n->ipv4_bits == 32 && ask_ipv4(a, l, n->ipv4))
		return;
	if (n->ipv6_bits == 128)
		ask_ipv6(a, l);
}

/* True: something lies below the name. A client that gets no listings gets the generic records all
 * the same (rbldnsd(8), "acl Dataset"). */
static bool
ask_names(struct answer *a, const struct zone_layer *l)
{
	struct snapshot_name n = {a->lower, a->reply.query->name.label_at, a->below};
	struct answer_match *m = next_match(a);

	switch (snapshot_layer_find_name(&l->layer, &n, &m->view, &m->matched)) {
	case SNAPSHOT_NAME_NONE: break;
	case SNAPSHOT_NAME_EMPTY: return a->client == SNAPSHOT_PASS || l->has_records;
	case SNAPSHOT_NAME_LISTED:
		if (a->client == SNAPSHOT_PASS || m->view.record_count != 0)
			keep_match(a, l, SUBJECT_NAME);
	}
	return false;
}

static bool
ask_layers(struct answer *a, bool is_address)
{
	const struct query_name *name = &a->reply.query->name;
	const struct zone *z = a->zone;
	bool has_below = false;

	if (z->has_names) {
		memcpy(a->lower, name->wire, name->len);
		wire_name_lower(a->lower, name->len);
	}
	for (size_t i = 0; i < z->layer_count; i++) {
		if (z->layers[i].has_names)
			has_below |= ask_names(a, &z->layers[i]);
		else if (is_address)
			ask_addresses(a, &z->layers[i]);
	}
	return has_below;
}

/* --- empty non-terminals ------------------------------------------------ */

static struct prefix
prefix_of(uint32_t address, uint8_t bits)
{
	return (struct prefix){addr_from_ipv4(address), bits};
}

/* Entries past their expiry still count here until the next snapshot: an ancestor's NODATA
 * denies no name, an NXDOMAIN could (RFC 8020). */
static bool
has_data_below(const struct dnsbl_name *n, const struct zone_layer *l)
{
	struct prefix p;

	if (n->ipv4_bits < 32) {
		p = prefix_of(n->ipv4, n->ipv4_bits);
		if (snapshot_layer_intersects(&l->layer, &p))
			return true;
	}
	if (n->ipv6_bits >= 128)
		return false;
	p = (struct prefix){n->ipv6, n->ipv6_bits};
	if (snapshot_layer_intersects(&l->layer, &p))
		return true;
	if (n->sixto4_bits > 32 || l->is_list)
		return false;
	p = prefix_of(n->sixto4, n->sixto4_bits);
	return snapshot_layer_intersects(&l->layer, &p);
}

static bool
is_empty_non_terminal(const struct answer *a)
{
	const struct dnsbl_name *n = &a->address;
	const struct zone *z = a->zone;

	if ((n->ipv4_bits >= 32 && n->ipv6_bits >= 128))
		return false;
	for (size_t i = 0; i < z->test_count; i++)
		if (dnsbl_name_is_above(n, z->tests[i].address))
			return true;
	for (size_t i = 0; a->client != SNAPSHOT_EMPTY && i < z->layer_count; i++)
		if (!z->layers[i].has_names && has_data_below(n, &z->layers[i]))
			return true;
	return false;
}

/* --- what is built in --------------------------------------------------- */

/* The label of a name right below the origin, in any case; "" of another name. */
static bool
is_label(const struct answer *a, const char *wanted, size_t len)
{
	const uint8_t *wire = a->reply.query->name.wire;

	return a->below == 1 && wire[0] == len &&
		text_equal_nocase((struct text){(const char *)wire + 1, len},
			(struct text){wanted, len});
}

#define IS_LABEL(a, literal) is_label(a, literal, sizeof(literal) - 1)

/* RFC 5782 section 5: these are never listed, whatever the data say. */
static bool
is_never_listed(const struct answer *a)
{
	if (a->address.ipv4_bits == 32 && a->address.ipv4 == NEVER_LISTED)
		return true;
	return a->zone->lists_names && IS_LABEL(a, "invalid");
}

bool
answer_data_is_entry(struct answer *a)
{
	bool is_address = dnsbl_name_parse(&a->reply.query->name, a->below, &a->address) &&
		(a->address.ipv4_bits == 32 || a->address.ipv6_bits == 128);

	return !is_never_listed(a) &&
		(a->zone->lists_names || (is_address && a->zone->has_addresses));
}

/* ... and these always; several of them where the list has several codes. */
static const struct zone_test *
find_test(const struct answer *a)
{
	const struct zone *z = a->zone;
	uint32_t address = ZONE_TEST_LISTED;

	if (a->address.ipv4_bits == 32)
		address = a->address.ipv4;
	else if (!z->lists_names || !IS_LABEL(a, "test"))
		return NULL;
	for (size_t i = 0; i < z->test_count; i++)
		if (z->tests[i].address == address)
			return &z->tests[i];
	return NULL;
}

static const struct zone_piece *
find_piece(const struct answer *a)
{
	if (IS_LABEL(a, "_status") && a->zone->status.count != 0)
		return &a->zone->status;
	if (IS_LABEL(a, "_codes") && a->zone->codes.count != 0)
		return &a->zone->codes;
	return NULL;
}

/* --- all of it ---------------------------------------------------------- */

static bool
has_a(const struct answer *a)
{
	for (size_t i = 0; i < a->match_count; i++)
		if (a->matches[i].view.a_count != 0)
			return true;
	return false;
}

/* For a client that is told that everything is listed: every address, and every name where names
 * are listed. */
static enum answer_kind
find_for_client(struct answer *a, bool is_address)
{
	struct answer_match *m = next_match(a);

	if (!a->zone->lists_names) {
		if (!is_address || !a->zone->has_addresses)
			return ANSWER_NONE;
		if (a->address.ipv4_bits != 32 && a->address.ipv6_bits != 128)
			return ANSWER_EMPTY; /* a part of one */
	}

	m->view = a->client_view;
	m->ttl_s = a->client_ttl_s;
	m->subject = SUBJECT_CLIENT;
	a->match_count++;
	return ANSWER_LISTED;
}

static enum answer_kind
find_zone_below(const struct answer *a)
{
	return a->zone->has_gaps && zone_set_has_below(a->zones, &a->reply.query->name) ?
		ANSWER_EMPTY :
		ANSWER_NONE;
}

/* Nothing in the data: what else may there be? */
static enum answer_kind
find_built_in(struct answer *a, enum answer_kind kind, bool is_address)
{
	enum answer_kind told = ANSWER_NONE;

	if (a->below == 1)
		a->piece = find_piece(a);
	if (a->piece != NULL)
		return ANSWER_LISTED;
	if (a->client == SNAPSHOT_LISTED)
		told = find_for_client(a, is_address);
	if (told != ANSWER_NONE)
		return told;
	return kind == ANSWER_NONE ? find_zone_below(a) : kind;
}

enum answer_kind
answer_data_find(struct answer *a)
{
	enum answer_kind kind = ANSWER_NONE;
	bool is_address, is_special;

	a->match_count = 0;
	a->test = NULL;
	a->piece = NULL;
	if (a->below == 0) {
		ask_layers(a, false);
		return ANSWER_LISTED;
	}
	is_address = dnsbl_name_parse(&a->reply.query->name, a->below, &a->address);
	is_special = a->below == 1 ||
		(a->address.ipv4_bits == 32 && a->address.ipv4 >> 24 == LOOPBACK);
	if (is_special && is_never_listed(a))
		return find_zone_below(a);
	if (ask_layers(a, is_address && a->client == SNAPSHOT_PASS))
		kind = ANSWER_EMPTY;
	if (is_special && a->client != SNAPSHOT_LISTED)
		a->test = find_test(a);
	if (a->test != NULL && has_a(a))
		a->test = NULL; /* the data have records of their own for it */
	if (a->test != NULL || a->match_count != 0)
		return ANSWER_LISTED;
	if (kind == ANSWER_NONE && is_address && is_empty_non_terminal(a))
		kind = ANSWER_EMPTY;
	return find_built_in(a, kind, is_address);
}
