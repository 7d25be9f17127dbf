#include "relay_table.h"

#include <stdio.h>
#include <string.h>

enum { SHOWN = 80, IF_DEPTH = 32 };

/* addr_parse makes IPv4 of ::ffff:a.b.c.d, so its 96 bits in front go from the length; a length
 * below that leaves bits outside the mask. The network stays one of IPv6, and so matches no client:
 * Postfix, too, makes IPv4 of such a client first, and then compares families. */
static enum err
parse_plain(struct text t, struct prefix *out)
{
	size_t slash = text_find_byte(t, '/');
	struct text address = text_upto(t, slash);
	char ipv4[ADDR_TEXT], text[PREFIX_TEXT];
	struct addr a;
	uint64_t len;

	if (slash == SIZE_MAX || text_find_byte(address, ':') == SIZE_MAX ||
		addr_parse(address, &a) != OK || a.family != 4)
		return prefix_parse(t, out);
	if (text_to_u64(text_from(t, slash + 1), 128, &len) != OK)
		return ERR_SYNTAX;
	if (len < 96)
		return ERR_RANGE;
	snprintf(text, sizeof(text), "%s/%u", addr_format(&a, ipv4), (unsigned)len - 96);
	*out = (struct prefix){.addr = {.family = 6, .b = {[10] = 0xff, 0xff}},
		.len = (uint8_t)len};
	memcpy(out->addr.b + 12, a.b, 4);
	return prefix_parse(text_of(text), &(struct prefix){.len = 0});
}

enum err
relay_net_parse(struct text t, struct prefix *out)
{
	size_t close = text_find_byte(t, ']');
	char plain[PREFIX_TEXT];
	struct text rest;

	if (!text_has_prefix(t, TEXT("[")))
		return parse_plain(t, out);
	if (close == SIZE_MAX)
		return ERR_SYNTAX;
	rest = text_from(t, close + 1);
	t = text_from(text_upto(t, close), 1);
	if (t.len + rest.len >= sizeof(plain) || (rest.len != 0 && rest.p[0] != '/'))
		return ERR_SYNTAX;
	memcpy(plain, t.p, t.len);
	if (rest.len != 0)
		memcpy(plain + t.len, rest.p, rest.len);
	return parse_plain((struct text){plain, t.len + rest.len}, out);
}

static enum err
take_net(struct relay_table *t, struct relay_table_entry *e, struct text net,
	const struct relay_source *source)
{
	char shown[SHOWN];

	if (text_has_prefix(net, TEXT("!"))) {
		e->negated = true;
		net = text_trim(text_from(net, 1));
	}
	text_printable(net, shown, sizeof(shown));
	switch (relay_net_parse(net, &e->net)) {
	case OK: return relay_table_add(t, e, source);
	case ERR_RANGE:
		return relay_model_refuse(source, ERR_RANGE, e->line,
			"'%s' has bits outside its mask, or a mask too long: Postfix does not take "
			"it; write the network's own address, such as 192.0.2.0/24",
			shown);
	default:
		return relay_model_refuse(source, ERR_SYNTAX, e->line,
			"'%s' is no network; write one such as 192.0.2.0/24 or 2001:db8::/32",
			shown);
	}
}

enum err
relay_cidr_take(struct relay_table *t, struct relay_table_entry *e,
	const struct relay_source *source)
{
	struct text key = text_upto(text_of(e->text), e->key_len);

	if (text_equal_nocase(key, TEXT("endif"))) {
		e->step = RELAY_CIDR_ENDIF;
		return relay_table_add(t, e, source);
	}
	if (text_equal_nocase(key, TEXT("if"))) {
		e->step = RELAY_CIDR_IF;
		return take_net(t, e, relay_table_value(e), source);
	}
	return take_net(t, e, key, source);
}

/* Give each "if" its "endif". */
enum err
relay_cidr_finish(struct relay_table *t, const struct relay_source *source)
{
	size_t open[IF_DEPTH], depth = 0;

	for (size_t i = 0; i < t->count; i++) {
		struct relay_table_entry *e = &t->entries[i];

		if (e->step == RELAY_CIDR_IF && depth < IF_DEPTH)
			open[depth++] = i;
		else if (e->step == RELAY_CIDR_IF)
			return relay_model_refuse(source, ERR_FULL, e->line,
				"more than %d 'if' in each other; write them side by side",
				IF_DEPTH);
		else if (e->step == RELAY_CIDR_ENDIF && depth == 0)
			return relay_model_refuse(source, ERR_SYNTAX, e->line,
				"an 'endif' without an 'if'; remove it");
		else if (e->step == RELAY_CIDR_ENDIF)
			t->entries[open[--depth]].end = (unsigned)i;
	}
	if (depth == 0)
		return OK;
	return relay_model_refuse(source, ERR_SYNTAX, t->entries[open[depth - 1]].line,
		"an 'if' without an 'endif'; write one behind its last line");
}

const struct relay_table_entry *
relay_cidr_find(const struct relay_table *t, const struct addr *a)
{
	for (size_t i = 0; i < t->count; i++) {
		const struct relay_table_entry *e = &t->entries[i];
		bool matches;

		if (e->step == RELAY_CIDR_ENDIF)
			continue;
		matches = prefix_has_addr(&e->net, a) != e->negated;
		if (e->step == RELAY_CIDR_NET && matches)
			return e;
		if (e->step == RELAY_CIDR_IF && !matches)
			i = e->end;
	}
	return NULL;
}
