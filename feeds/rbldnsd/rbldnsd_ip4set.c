#include "rbldnsd_addr.h"

/* --- ranges ----------------------------------------------------------------- */

/* What follows a dash: as many octets as the first has, or the last of them alone. */
static bool
take_range_end(struct text *t, uint32_t low, unsigned count, uint32_t *high)
{
	unsigned end_count;
	uint32_t end;

	if (!rbldnsd_take_octets(t, &end, &end_count))
		return false;
	if (end_count != count && end_count != 1)
		return false;
	if (end_count != count)
		end = (low & ~rbldnsd_host_mask(8 * (count - 1))) | end >> (8 * (count - 1));
	*high = end | rbldnsd_host_mask(8 * count);
	return *high >= low;
}

static bool
has_dash(struct text t)
{
	for (size_t i = 0; i < t.len && !rbldnsd_is_blank(t.p[i]); i++)
		if (t.p[i] == '-')
			return true;
	return false;
}

static bool
take_dash_range(struct text *t, uint32_t *low, uint32_t *high)
{
	struct text rest = *t;
	unsigned count;

	if (!rbldnsd_take_octets(&rest, low, &count) || rest.len == 0 || rest.p[0] != '-')
		return false;
	rest = text_from(rest, 1);
	if (!take_range_end(&rest, *low, count, high) || !rbldnsd_is_end(rest))
		return false;
	*t = rest;
	return true;
}

/* A prefix, CIDR block or range from the front of t. On false the line is rejected. */
static bool
take_range(struct rbldnsd_set *s, struct text *t, uint32_t *low, uint32_t *high)
{
	const char *why;
	unsigned len;

	if (take_dash_range(t, low, high))
		return true;
	why = rbldnsd_take_prefix4(t, s->source->options->host_bits, low, &len);
	if (why != NULL && has_dash(*t))
		why = "not a range of IPv4 addresses";
	else if (why == NULL && len == 0)
		why = "a /0 is everything, which no list of this type has";
	if (why != NULL) {
		rbldnsd_reject(s, "%s", why);
		return false;
	}
	*high = *low | rbldnsd_host_mask(len);
	return true;
}

/* --- entries ---------------------------------------------------------------- */

static enum err
add_rank(struct rbldnsd_set *s, uint64_t low, uint64_t end, uint8_t rank, uint32_t id,
	struct error *e)
{
	struct addr first, last;

	if (low >= end)
		return OK;
	first = addr_from_ipv4((uint32_t)low);
	last = addr_from_ipv4((uint32_t)(end - 1));
	return snapshot_builder_add(s->source->builder, s->index, &first, &last, rank, id, e);
}

/* rbldnsd keeps entries at four levels, of addresses, /24, /16 and /8, and lets the most
 * specific level that has an address answer. So what a range has beyond whole /24 ranks as
 * addresses, what it has beyond whole /16 as /24, and so on. */
static enum err
add_range(struct rbldnsd_set *s, uint32_t range_low, uint32_t range_high, uint32_t id,
	struct error *e)
{
	uint64_t low = range_low, end = (uint64_t)range_high + 1;
	enum err err = OK;

	for (unsigned rank = 32; rank > 8 && low < end && err == OK; rank -= 8) {
		uint64_t block = UINT64_C(1) << (40 - rank);
		uint64_t inner_low = (low + block - 1) / block * block;
		uint64_t inner_end = end / block * block;

		if (inner_low >= inner_end)
			return add_rank(s, low, end, (uint8_t)rank, id, e);
		err = add_rank(s, low, inner_low, (uint8_t)rank, id, e);
		if (err == OK)
			err = add_rank(s, inner_end, end, (uint8_t)rank, id, e);
		low = inner_low;
		end = inner_end;
	}
	return err == OK ? add_rank(s, low, end, 8, id, e) : err;
}

enum err
rbldnsd_ip4set_line(struct rbldnsd_set *s, struct text line, struct error *e)
{
	bool excludes = line.p[0] == '!';
	uint32_t id = SNAPSHOT_NOT_LISTED, low, high;
	struct error why;
	enum err err = OK;

	if (line.p[0] == ':') {
		rbldnsd_default_read(s, line);
		return OK;
	}
	if (excludes)
		line = text_trim(text_from(line, 1));
	if (!take_range(s, &line, &low, &high) || !rbldnsd_may_range(s, low, high))
		return OK;
	if (!excludes) {
		err = rbldnsd_value_class(s, text_trim(line), &id, e);
		if (err != OK || id == SNAPSHOT_NOT_LISTED)
			return err;
	}
	s->used_lines++;
	err = add_range(s, low, high, id, &why);
	return err == OK ? OK : rbldnsd_fail(s, e, err, "%s", why.text);
}
