#include "rbldnsd_trie.h"

#include <stdlib.h>

struct trie {
	struct rbldnsd_seen seen4, seen6;
};

const char *
rbldnsd_trie_take4(struct text *t, bool host_bits, struct rbldnsd_prefix *out)
{
	uint32_t a;
	const char *why = rbldnsd_take_prefix4(t, host_bits, &a, &out->len);

	if (why != NULL)
		return why;
	out->low = addr_from_ipv4(a);
	out->high = addr_from_ipv4(a | rbldnsd_host_mask(out->len));
	return NULL;
}

const char *
rbldnsd_trie_take6(struct text *t, bool host_bits, struct rbldnsd_prefix *out)
{
	const char *why = rbldnsd_take_prefix6(t, host_bits, &out->low, &out->len);

	if (why == NULL)
		out->high = rbldnsd_last6(&out->low, out->len);
	return why;
}

enum err
rbldnsd_trie_add(struct rbldnsd_set *s, const struct rbldnsd_prefix *p, uint32_t class_id,
	struct error *e)
{
	struct trie *trie = s->state;
	struct error why;
	bool is_new;
	enum err err;

	if (trie == NULL)
		trie = s->state = calloc(1, sizeof(*trie));
	if (trie == NULL ||
		rbldnsd_seen_add(p->low.family == 4 ? &trie->seen4 : &trie->seen6, &p->low, p->len,
			&is_new) != OK)
		return rbldnsd_fail(s, e, ERR_MEMORY, "out of memory");
	if (!is_new) {
		static const char again[] = "the same prefix again; the first one counts";

		if (s->type->is_whole)
			rbldnsd_warn(s, "%s", again);
		else
			rbldnsd_reject(s, "%s", again);
		return OK;
	}
	s->used_lines++;
	err = snapshot_builder_add(s->source->builder, s->index, &p->low, &p->high, (uint8_t)p->len,
		class_id, &why);
	return err == OK ? OK : rbldnsd_fail(s, e, err, "%s", why.text);
}

void
rbldnsd_trie_release(struct rbldnsd_set *s)
{
	struct trie *trie = s->state;

	if (trie == NULL)
		return;
	free(trie->seen4.places);
	free(trie->seen6.places);
	free(trie);
}

/* --- the types -------------------------------------------------------------- */

/* What follows the prefix, and the prefix's place. */
static enum err
add_entry(struct rbldnsd_set *s, const struct rbldnsd_prefix *p, bool excludes, struct text rest,
	struct error *e)
{
	uint32_t id = SNAPSHOT_NOT_LISTED;
	enum err err = OK;

	if (!excludes)
		err = rbldnsd_value_class(s, text_trim(rest), &id, e);
	if (err != OK || (!excludes && id == SNAPSHOT_NOT_LISTED))
		return err;
	return rbldnsd_trie_add(s, p, id, e);
}

enum err
rbldnsd_ip4trie_line(struct rbldnsd_set *s, struct text line, struct error *e)
{
	bool excludes = line.p[0] == '!';
	struct rbldnsd_prefix p;
	const char *why;

	if (line.p[0] == ':') {
		rbldnsd_default_read(s, line);
		return OK;
	}
	if (excludes)
		line = text_trim(text_from(line, 1));
	why = rbldnsd_trie_take4(&line, s->source->options->host_bits, &p);
	if (why != NULL)
		rbldnsd_reject(s, "%s", why);
	else if (rbldnsd_may_range(s, addr_ipv4(&p.low), addr_ipv4(&p.high)))
		return add_entry(s, &p, excludes, line, e);
	return OK;
}

enum err
rbldnsd_ip6trie_line(struct rbldnsd_set *s, struct text line, struct error *e)
{
	bool excludes = line.p[0] == '!';
	struct rbldnsd_prefix p;
	const char *why;

	if (line.p[0] == ':' && (line.len == 1 || line.p[1] != ':')) {
		rbldnsd_default_read(s, line);
		return OK;
	}
	if (excludes)
		line = text_trim(text_from(line, 1));
	why = rbldnsd_trie_take6(&line, s->source->options->host_bits, &p);
	if (why == NULL)
		return add_entry(s, &p, excludes, line, e);
	rbldnsd_reject(s, "%s", why);
	return OK;
}
