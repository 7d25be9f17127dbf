#include "rbldnsd_addr.h"

enum { NETWORK_BITS = 64, ADDRESS_BITS = 128 };

/* "1:2:3:4", a /64 and nothing else, or "!ADDRESS". What follows on the line counts for nothing:
 * all have one value. */
enum err
rbldnsd_ip6tset_line(struct rbldnsd_set *s, struct text line, struct error *e)
{
	bool excludes = line.p[0] == '!';
	struct addr low = {.family = 6}, high;
	uint32_t id = SNAPSHOT_NOT_LISTED;
	unsigned len;
	struct error why;
	enum err err = OK;

	if (line.p[0] == ':') {
		rbldnsd_default_read(s, line);
		return OK;
	}
	if (excludes)
		line = text_trim(text_from(line, 1));
	if (!rbldnsd_take_words(&line, low.b, &len) || !rbldnsd_is_end(line) ||
		len != (excludes ? ADDRESS_BITS : NETWORK_BITS)) {
		rbldnsd_reject(s,
			excludes ? "what is excluded is not an IPv6 address" :
				   "not the four words of an IPv6 /64");
		return OK;
	}
	if (!excludes)
		err = rbldnsd_default_class(s, &id, e);
	if (err != OK)
		return err;
	s->used_lines++;
	high = rbldnsd_last6(&low, len);
	err = snapshot_builder_add(s->source->builder, s->index, &low, &high, (uint8_t)len, id,
		&why);
	return err == OK ? OK : rbldnsd_fail(s, e, err, "%s", why.text);
}
