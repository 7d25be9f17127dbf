#include "rbldnsd_addr.h"

/* --- one address a line, all with one value -------------------------------- */

/* What follows on the line counts for nothing. */
enum err
rbldnsd_ip4tset_line(struct rbldnsd_set *s, struct text line, struct error *e)
{
	struct error why;
	unsigned count;
	uint32_t address, id;
	enum err err;

	if (line.p[0] == ':') {
		rbldnsd_default_read(s, line);
		return OK;
	}
	if (!rbldnsd_take_octets(&line, &address, &count) || count != 4 || !rbldnsd_is_end(line)) {
		rbldnsd_reject(s, "not an IPv4 address, as this type wants");
		return OK;
	}
	err = rbldnsd_default_class(s, &id, e);
	if (err != OK)
		return err;
	s->used_lines++;
	err = snapshot_builder_add4(s->source->builder, s->index, address, id, &why);
	return err == OK ? OK : rbldnsd_fail(s, e, err, "%s", why.text);
}

/* --- the same, quickly ------------------------------------------------------ */

/* An octet of one to three digits, of which p has at least four bytes; returns how many, or 0. */
static inline unsigned
scan_octet(const char *p, uint32_t *out)
{
	uint32_t a = (uint32_t)(uint8_t)p[0] - '0', b = (uint32_t)(uint8_t)p[1] - '0';
	uint32_t c = (uint32_t)(uint8_t)p[2] - '0';

	*out = a;
	if (a > 9)
		return 0;
	if (b > 9)
		return 1;
	*out = 10 * a + b;
	if (c > 9)
		return 2;
	*out = 100 * a + 10 * b + c;
	return *out <= 255 ? 3 : 0;
}

enum { PLAIN_LINE_MAX = 16 }; /* "255.255.255.255\n" */

/* "1.2.3.4\n" from p, of which PLAIN_LINE_MAX bytes may be read; its length, or 0. */
static inline size_t
scan_line(const char *p, uint32_t *address)
{
	const char *start = p;
	uint32_t octet;
	unsigned n;

	*address = 0;
	for (unsigned i = 0; i < 4; i++) {
		n = scan_octet(p, &octet);
		if (n == 0 || p[n] != (i < 3 ? '.' : '\n'))
			return 0;
		*address = *address << 8 | octet;
		p += n + 1;
	}
	return (size_t)(p - start);
}

/* Also of ip4set, where they are the commonest lines. */
enum err
rbldnsd_ip4tset_block(struct rbldnsd_set *s, struct text block, size_t *used, size_t *lines,
	struct error *e)
{
	size_t at = 0, count = 0, n;
	uint32_t id, address;
	enum err err = OK;

	if (block.len < PLAIN_LINE_MAX || scan_line(block.p, &address) == 0)
		return OK;
	err = rbldnsd_default_class(s, &id, e);
	while (err == OK && block.len - at >= PLAIN_LINE_MAX) {
		n = scan_line(block.p + at, &address);
		if (n == 0)
			break;
		err = snapshot_builder_add4(s->source->builder, s->index, address, id, e);
		at += n;
		count++;
	}
	*used = at;
	*lines = count;
	return err;
}
