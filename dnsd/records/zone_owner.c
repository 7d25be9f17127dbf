#include "zone_owner.h"

#include <string.h>

#include "big_endian.h"

enum { RECORD_HEAD = 12, POINTER_SIZE = 2 };

void
zone_owner_init(struct zone_owner *o, const struct zone_version *version)
{
	memset(o, 0, sizeof(*o));
	o->version = version;
	o->answer.context = &o->context;
	o->answer.matches = o->matches;
	o->answer.zones = version->zones;
	o->answer.client = SNAPSHOT_PASS;
	o->answer.reply.query = &o->query;
}

static void
read_name(struct query_name *n, const uint8_t *wire, size_t len)
{
	size_t labels = 0;

	for (size_t at = 0; wire[at] != 0; at += wire[at] + 1u)
		n->label_at[labels++] = (uint8_t)at;
	n->wire = wire;
	n->len = (uint8_t)len;
	n->labels = (uint8_t)labels;
}

/* --- matches ------------------------------------------------------------ */

/* The entry in next_match, if it is there. */
static bool
keep(struct zone_owner *o, const struct zone_layer *l, enum answer_subject subject)
{
	struct answer_match *m = &o->matches[o->answer.match_count];

	if (!zone_block_lasts(&m->view, o->version->created_s))
		return false;
	m->ttl_s = m->view.ttl_s != 0 ? m->view.ttl_s : l->ttl_s;
	if (m->ttl_s > INT32_MAX)
		m->ttl_s = INT32_MAX;
	m->subject = subject;
	o->answer.match_count++;
	return true;
}

static bool
ask_ipv4(struct zone_owner *o, const struct zone_layer *l, uint32_t address)
{
	struct answer_match *m = &o->matches[o->answer.match_count];

	m->ipv4 = address;
	return snapshot_layer_find4(&l->layer, address, &m->view) && keep(o, l, SUBJECT_IPV4);
}

static bool
ask_ipv6(struct zone_owner *o, const struct zone_layer *l)
{
	struct answer_match *m = &o->matches[o->answer.match_count];

	return snapshot_layer_find(&l->layer, &o->answer.address.ipv6, &m->view) &&
		keep(o, l, SUBJECT_IPV6);
}

static bool
ask_names(struct zone_owner *o, const struct zone_layer *l)
{
	const struct answer *a = &o->answer;
	struct snapshot_name n = {a->lower, o->query.name.label_at, a->below};
	struct answer_match *m = &o->matches[a->match_count];

	return snapshot_layer_find_name(&l->layer, &n, &m->view, &m->matched) ==
		SNAPSHOT_NAME_LISTED &&
		keep(o, l, SUBJECT_NAME);
}

/* Which addresses the name is asked of. */
struct asked {
	bool ipv4, ipv6, names;
};

/* True: one of the sets of addresses has it. */
static bool
ask_layers(struct zone_owner *o, struct asked asked)
{
	const struct zone *z = o->answer.zone;
	bool found = false;

	for (size_t i = 0; i < z->layer_count; i++) {
		const struct zone_layer *l = &z->layers[i];

		if (l->has_names) {
			if (asked.names)
				ask_names(o, l);
		} else if (asked.ipv4 && ask_ipv4(o, l, o->answer.address.ipv4)) {
			found = true;
		} else if (asked.ipv6 && ask_ipv6(o, l)) {
			found = true;
		}
	}
	return found;
}

/* Has a set of names the name without its first labels? */
static bool
is_node(const struct zone_owner *o, size_t skip)
{
	const struct answer *a = &o->answer;
	struct snapshot_name n = {a->lower, o->query.name.label_at + skip, a->below - skip};

	for (size_t i = 0; a->zone->has_names && i < a->zone->layer_count; i++)
		if (snapshot_layer_has_name(&a->zone->layers[i].layer, &n))
			return true;
	return false;
}

/* --- types -------------------------------------------------------------- */

static bool
has_type(const struct zone_owner *o, uint16_t type)
{
	for (size_t i = 0; i < o->type_count; i++)
		if (o->types[i] == type)
			return true;
	return false;
}

static void
add_type(struct zone_owner *o, uint16_t type)
{
	if (!has_type(o, type) && o->type_count < ZONE_OWNER_TYPES_MAX)
		o->types[o->type_count++] = type;
}

/* At an origin with SOA and NS of its own those of the data do not count. */
static bool
is_hidden(const struct zone_owner *o, uint16_t type)
{
	const struct zone *z = o->answer.zone;

	if (o->delegated != NULL)
		return type != TYPE_NS;
	return o->part == ZONE_OWNER_ORIGIN && !z->is_within &&
		(type == TYPE_SOA || (type == TYPE_NS && z->ns.count != 0));
}

static void
add_types(struct zone_owner *o)
{
	const struct answer *a = &o->answer;

	for (size_t i = 0; i < a->match_count; i++) {
		const struct snapshot_view *v = &o->matches[i].view;

		if (v->a_count != 0 && !is_hidden(o, TYPE_A))
			add_type(o, TYPE_A);
		if (v->txt_count != 0 && !is_hidden(o, TYPE_TXT))
			add_type(o, TYPE_TXT);
		for (size_t k = 0; k < v->record_count; k++) {
			uint16_t type = snapshot_view_record(v, k).type;

			if (!is_hidden(o, type))
				add_type(o, type);
		}
	}
}

/* --- what is built in --------------------------------------------------- */

static bool
is_label(const struct zone_owner *o, const char *label, size_t len)
{
	const uint8_t *owner = o->owner;

	return o->answer.below == 1 && owner[0] == len && memcmp(owner + 1, label, len) == 0;
}

#define IS_LABEL(o, literal) is_label(o, literal, sizeof(literal) - 1)

static const struct zone_test *
find_test(const struct zone_owner *o)
{
	const struct zone *z = o->answer.zone;
	uint32_t address = o->answer.address.ipv4;

	if (z->lists_names && IS_LABEL(o, "test"))
		address = ZONE_TEST_LISTED;
	else if (o->answer.address.ipv4_bits != 32)
		return NULL;
	for (size_t i = 0; i < z->test_count; i++)
		if (z->tests[i].address == address)
			return &z->tests[i];
	return NULL;
}

static const struct zone_piece *
find_piece(const struct zone_owner *o)
{
	const struct zone *z = o->answer.zone;

	if (z->status.count != 0 && IS_LABEL(o, "_status"))
		return &z->status;
	if (z->codes.count != 0 && IS_LABEL(o, "_codes"))
		return &z->codes;
	return NULL;
}

static bool
is_never_listed(const struct zone_owner *o)
{
	const struct answer *a = &o->answer;

	return (a->address.ipv4_bits == 32 && a->address.ipv4 == ZONE_BLOCK_NEVER) ||
		(a->zone->lists_names && IS_LABEL(o, "invalid"));
}

/* As answer_data_find joins data and test point. */
static void
find_built_in(struct zone_owner *o, const struct zone_test *test, const struct zone_piece *piece)
{
	struct answer *a = &o->answer;

	o->part = ZONE_OWNER_BUILT_IN;
	ask_layers(o,
		(struct asked){a->address.ipv4_bits == 32, a->address.ipv6_bits == 128, true});
	add_types(o);
	a->test = test;
	for (size_t i = 0; i < a->match_count; i++)
		if (o->matches[i].view.a_count != 0)
			a->test = NULL;
	if (a->test != NULL) {
		o->type_count = 0;
		add_type(o, TYPE_A);
		add_type(o, TYPE_TXT);
	} else if (a->match_count == 0) {
		a->piece = piece;
		add_type(o, TYPE_TXT);
	}
}

/* --- names -------------------------------------------------------------- */

static void
find_origin(struct zone_owner *o)
{
	const struct zone *z = o->answer.zone;

	o->part = ZONE_OWNER_ORIGIN;
	ask_layers(o, (struct asked){.names = true});
	if (!z->is_within && o->delegated == NULL)
		add_type(o, TYPE_SOA);
	if (!z->is_within && z->ns.count != 0)
		add_type(o, TYPE_NS);
	add_types(o);
	if (o->delegated != NULL)
		o->part = ZONE_OWNER_DELEGATION;
}

static void
find_exact(struct zone_owner *o)
{
	const struct zone_version *of = o->version;
	struct answer *a = &o->answer;
	const struct dnsbl_name *n = &a->address;
	const struct zone_test *test;
	const struct zone_piece *piece = find_piece(o);
	bool is_ipv4, is_ipv6, found;

	is_ipv4 = n->ipv4_bits == 32 && !n->is_mapped;
	is_ipv6 = n->ipv6_bits == 128;
	if (is_never_listed(o))
		return;
	test = find_test(o);
	if (test != NULL || piece != NULL) {
		find_built_in(o, test, piece);
		return;
	}
	found = ask_layers(o, (struct asked){is_ipv4, is_ipv6, true});
	if (found && is_ipv4 && !zone_block_is_wild4(of, a->zone, n->ipv4))
		o->part = ZONE_OWNER_IPV4;
	else if (found && is_ipv6 &&
		!zone_block_is_whole6(of, a->zone, &n->ipv6, ZONE_BLOCK_IPV6_MAX))
		o->part = ZONE_OWNER_IPV6;
	else if (a->match_count != 0 && is_node(o, 0))
		o->part = ZONE_OWNER_NAME;
	if (o->part != ZONE_OWNER_NONE)
		add_types(o);
}

static bool
is_network6(const struct zone_owner *o)
{
	const struct dnsbl_name *n = &o->answer.address;
	unsigned bits = n->ipv6_bits;

	if (bits < ZONE_BLOCK_IPV6_MIN || bits > ZONE_BLOCK_IPV6_MAX ||
		!zone_block_is_whole6(o->version, o->answer.zone, &n->ipv6, bits))
		return false;
	return bits == ZONE_BLOCK_IPV6_MIN ||
		!zone_block_is_whole6(o->version, o->answer.zone, &n->ipv6, bits - 4);
}

/* address is what is below the wildcard's own label. */
static void
find_wildcard(struct zone_owner *o)
{
	struct answer *a = &o->answer;
	const struct dnsbl_name *n = &a->address;

	if (n->ipv4_bits == ZONE_BLOCK_IPV4 && zone_block_is_wild4(o->version, a->zone, n->ipv4)) {
		o->part = ZONE_OWNER_IPV4;
		ask_layers(o, (struct asked){.ipv4 = true});
	} else if (is_network6(o) && ask_layers(o, (struct asked){.ipv6 = true})) {
		o->part = ZONE_OWNER_IPV6;
		o->is_network = true;
		o->network = (struct prefix){n->ipv6, n->ipv6_bits};
	} else if (is_node(o, 1)) {
		o->part = ZONE_OWNER_NAME;
		ask_layers(o, (struct asked){.names = true});
	}
	add_types(o);
}

/* --- whose name it is --------------------------------------------------- */

static void
reset(struct zone_owner *o, const uint8_t *owner, size_t len)
{
	o->owner = owner;
	o->owner_len = len;
	o->part = ZONE_OWNER_NONE;
	o->type_count = o->record_count = o->next = 0;
	o->delegated = NULL;
	o->is_network = false;
	o->answer.match_count = 0;
	o->answer.test = NULL;
	o->answer.piece = NULL;
	memcpy(o->question, owner, len);
	memset(o->question + len, 0, 4);
	read_name(&o->query.name, o->question, len);
	o->query.question = o->question;
	o->query.question_len = len + 4;
	memcpy(o->answer.lower, owner, len);
}

static void
parse_address(struct zone_owner *o, const struct query_name *n, size_t below)
{
	struct dnsbl_name *out = &o->answer.address;

	if (below == 0 || !dnsbl_name_parse(n, below, out))
		out->ipv4_bits = out->ipv6_bits = out->sixto4_bits = DNSBL_NAME_NONE;
}

/* A zone with an SOA of its own right in one of ours. */
static bool
is_delegated(const struct zone_owner *o, const struct zone *z)
{
	return z->apex == z && z != o->version->zone && z->parent != NULL &&
		zone_version_has(o->version, z->parent);
}

void
zone_owner_find(struct zone_owner *o, const uint8_t *owner, size_t len)
{
	bool is_wild = owner[0] == 1 && owner[1] == '*';
	struct query_name inner;
	const struct zone *z;
	size_t below;

	reset(o, owner, len);
	read_name(&inner, o->question + (is_wild ? 2 : 0), len - (is_wild ? 2 : 0));
	z = zone_set_find(o->version->zones, &inner, &below);
	if (z == NULL)
		return;
	o->answer.zone = z;
	o->answer.below = below + is_wild;
	parse_address(o, &inner, below);
	if (!zone_version_has(o->version, z)) {
		if (is_wild || below != 0 || !is_delegated(o, z))
			return;
		o->delegated = z;
	}
	if (is_wild)
		find_wildcard(o);
	else if (below == 0)
		find_origin(o);
	else
		find_exact(o);
}

/* --- records ------------------------------------------------------------ */

/* As answers write them for one address. */
static bool
put_network_txt(struct zone_owner *o, struct text network, uint32_t ttl_s)
{
	struct answer *a = &o->answer;

	for (size_t i = 0; i < a->match_count; i++)
		for (size_t k = 0; k < o->matches[i].view.txt_count; k++) {
			reply_txt(&a->reply, ttl_s, snapshot_view_txt(&o->matches[i].view, k),
				network);
			if (a->match_count > 1)
				reply_drop_repeated(&a->reply);
			if (a->reply.overflow ||
				a->reply.counts[REPLY_ANSWER] >= ANSWER_RECORDS_MAX)
				return false;
		}
	return true;
}

static void
write_network_txt(struct zone_owner *o)
{
	char network[PREFIX_TEXT];
	uint32_t ttl_s = INT32_MAX;

	for (size_t i = 0; i < o->answer.match_count; i++)
		if (o->matches[i].view.txt_count != 0 && o->matches[i].ttl_s < ttl_s)
			ttl_s = o->matches[i].ttl_s;
	put_network_txt(o, text_of(prefix_format(&o->network, network)), ttl_s);
}

/* Data of a record of a piece, with its names whole: bytes of it up to a pointer, then what that
 * means. */
static size_t
expand(const struct zone *z, const struct zone_piece *p, size_t record, uint8_t *out)
{
	size_t from = record + RECORD_HEAD, to = from + big_endian_u16(p->bytes + from - 2),
	       len = 0;

	for (size_t i = 0; i < p->pointer_count; i++) {
		size_t at = p->pointers[i].at, tail = p->pointers[i].origin_at;

		if (at < from || at >= to)
			continue;
		memcpy(out + len, p->bytes + from, at - from);
		len += at - from;
		memcpy(out + len, z->origin + tail, z->origin_len - tail);
		len += z->origin_len - tail;
		from = at + POINTER_SIZE;
	}
	memcpy(out + len, p->bytes + from, to - from);
	return len + to - from;
}

static void
write_piece(struct zone_owner *o, const struct zone_piece *p)
{
	struct reply *r = &o->answer.reply;
	uint8_t rdata[ZONE_RECORDS_SOA_MAX];

	for (size_t at = 0; at < p->len;) {
		const uint8_t *head = p->bytes + at;
		size_t len = expand(o->answer.zone, p, at, rdata);

		reply_record(r, CLASS_IN, big_endian_u16(head + 2), big_endian_u32(head + 6),
			(struct text){(char *)rdata, len});
		at += RECORD_HEAD + big_endian_u16(head + 10);
	}
}

void
zone_records_soa(const struct zone *z, uint8_t bytes[ZONE_RECORDS_SOA_MAX], struct zone_record *out)
{
	size_t len = expand(z, &z->soa, 0, bytes);

	*out = (struct zone_record){z->origin, z->origin_len, TYPE_SOA, z->soa_ttl_s,
		{(char *)bytes, len}};
}

static bool
write_apex(struct zone_owner *o, uint16_t type)
{
	const struct zone *z = o->answer.zone;
	bool is_cut = (o->part == ZONE_OWNER_ORIGIN || o->part == ZONE_OWNER_DELEGATION) &&
		!z->is_within;

	if (!is_cut || (type != TYPE_SOA && (type != TYPE_NS || z->ns.count == 0)))
		return false;
	write_piece(o, type == TYPE_SOA ? &z->soa : &z->ns);
	if (type == TYPE_SOA)
		big_endian_put32(o->out + o->at + 6, z->soa_ttl_s);
	return true;
}

void
zone_owner_write(struct zone_owner *o, uint16_t type)
{
	struct answer *a = &o->answer;

	o->record_count = o->next = 0;
	if (!has_type(o, type))
		return;
	o->query.edns = false;
	reply_begin(&a->reply, &o->query, 0, o->out, sizeof(o->out));
	o->at = (size_t)(a->reply.at - o->out);
	if (write_apex(o, type))
		;
	else if (o->is_network && type == TYPE_TXT)
		write_network_txt(o);
	else
		answer_data_write(a, type);
	o->record_count = a->reply.counts[REPLY_ANSWER];
}

static size_t
read_record(const struct zone_owner *o, size_t at, struct zone_record *out)
{
	const uint8_t *head = o->out + at;
	size_t len = big_endian_u16(head + 10);

	*out = (struct zone_record){.owner = o->owner,
		.owner_len = o->owner_len,
		.type = big_endian_u16(head + 2),
		.ttl_s = big_endian_u32(head + 6),
		.rdata = {(const char *)head + RECORD_HEAD, len}};
	return at + RECORD_HEAD + len;
}

bool
zone_owner_next(struct zone_owner *o, struct zone_record *out)
{
	if (o->next == o->record_count)
		return false;
	o->next++;
	o->at = read_record(o, o->at, out);
	return true;
}

bool
zone_owner_has(const struct zone_owner *o, const struct zone_record *r)
{
	size_t at = QUERY_HEADER_SIZE + o->query.question_len;
	struct zone_record own;

	for (size_t i = 0; i < o->record_count; i++) {
		at = read_record(o, at, &own);
		if (own.type == r->type && own.ttl_s == r->ttl_s && own.rdata.len == r->rdata.len &&
			memcmp(own.rdata.p, r->rdata.p, r->rdata.len) == 0)
			return true;
	}
	return false;
}
