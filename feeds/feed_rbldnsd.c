#include "feed_rbldnsd.h"

#include <stdlib.h>
#include <string.h>

#include "feed_lines.h"

/* A and TXT of an entry as the file has them, the TXT before substitution. */
struct value {
	uint32_t a;
	struct text text;
};

struct ip4set {
	const struct feed_job *job;
	struct snapshot_builder *builder;
	size_t set, used_lines;
	struct feed_lines lines;
	struct rbldnsd_specials all;  /* of the whole file: variables are good before their line */
	struct rbldnsd_specials seen; /* up to the current line */
	uint32_t default_a;
	size_t default_len;
	char default_text[FEED_LINE_MAX];
	uint16_t default_class; /* SNAPSHOT_NOT_LISTED: not made yet */
	char txt[SNAPSHOT_TXT_MAX];
	struct snapshot_class class;
};

enum { BUILT_IN_A = 0x7f000002 };

/* --- addresses --- */

static bool
is_blank(char c)
{
	return c == ' ' || c == '\t';
}

static bool
is_comment(char c)
{
	return c == '#' || c == ';';
}

/* A decimal number up to max; leading zeros are decimal, too. */
static bool
take_number(struct text *t, uint32_t max, uint32_t *out)
{
	size_t n = 0;

	*out = 0;
	for (; n < t->len && t->p[n] >= '0' && t->p[n] <= '9'; n++) {
		*out = 10 * *out + (uint32_t)(t->p[n] - '0');
		if (*out > max)
			return false;
	}
	*t = text_from(*t, n);
	return n != 0;
}

/* "1", "1.2", "1.2.3" or "1.2.3.4" from the front of t, the octets from the top of *out. */
static bool
take_octets(struct text *t, uint32_t *out, unsigned *count)
{
	uint32_t octet;

	*out = 0;
	for (*count = 0; *count < 4;) {
		if (!take_number(t, 255, &octet))
			return false;
		*out |= octet << (24 - 8 * *count);
		++*count;
		if (*count == 4 || t->len == 0 || t->p[0] != '.')
			break;
		*t = text_from(*t, 1);
	}
	return true;
}

static uint32_t
host_mask(unsigned bits)
{
	return bits < 32 ? UINT32_MAX >> bits : 0;
}

/* What follows a dash: as many octets as the first has, or the last of them alone. */
static bool
take_range_end(struct text *t, uint32_t low, unsigned count, uint32_t *high)
{
	unsigned end_count;
	uint32_t end;

	if (!take_octets(t, &end, &end_count))
		return false;
	if (end_count != count && end_count != 1)
		return false;
	if (end_count != count)
		end = (low & ~host_mask(8 * (count - 1))) | end >> (8 * (count - 1));
	*high = end | host_mask(8 * count);
	return *high >= low;
}

/* A prefix, CIDR block or range from the front of t. On false the line is rejected. */
static bool
take_range(struct ip4set *s, struct text *t, uint32_t *low, uint32_t *high)
{
	struct text rest = *t;
	uint32_t bits;
	unsigned count;
	bool ok = take_octets(&rest, low, &count);

	*high = *low | host_mask(8 * count);
	if (ok && rest.len != 0 && rest.p[0] == '-') {
		rest = text_from(rest, 1);
		ok = take_range_end(&rest, *low, count, high);
	} else if (ok && rest.len != 0 && rest.p[0] == '/') {
		rest = text_from(rest, 1);
		ok = take_number(&rest, 32, &bits) && bits != 0;
		if (ok && (*low & host_mask(bits)) != 0) {
			feed_lines_reject(&s->lines, "address has bits set outside of /%u", bits);
			return false;
		}
		*high = *low | host_mask(ok ? bits : 32);
	} else if (count == 1) { /* more likely a slip than a /8 */
		ok = false;
	}
	if (!ok ||
		(rest.len != 0 && !is_blank(rest.p[0]) && !is_comment(rest.p[0]) &&
			rest.p[0] != ':')) {
		feed_lines_reject(&s->lines, "not an IPv4 address or range");
		return false;
	}
	*t = text_trim(rest);
	return true;
}

/* --- values and templates --- */

/* An A value: the last octet of 127.0.0.x, an address, or the first and last octet of one. */
static bool
take_code(struct ip4set *s, struct text *t, uint32_t *a)
{
	unsigned count;

	if (!take_octets(t, a, &count) || *a == 0) {
		feed_lines_reject(&s->lines, "A value is not an address or last octet");
		return false;
	}
	if (count == 1)
		*a = 0x7f000000 | *a >> 24;
	else if (count == 2)
		*a = (*a & 0xff000000) | (*a >> 16 & 0xff);
	if (*a >> 24 == 127)
		return true;
	feed_lines_reject(&s->lines, "A value outside 127.0.0.0/8");
	return false;
}

/* "TXT", ":A" (the TXT is the default's) or ":A:TXT". */
static bool
read_value(struct ip4set *s, struct text t, struct value *value)
{
	if (t.len == 0 || t.p[0] != ':') {
		value->text = t;
		return true;
	}
	t = text_from(t, 1);
	if (!take_code(s, &t, &value->a))
		return false;
	t = text_trim(t);
	if (t.len != 0 && t.p[0] != ':') {
		feed_lines_reject(&s->lines, "value is not :A: and text");
		return false;
	}
	if (t.len != 0)
		value->text = text_trim(text_from(t, 1));
	return true;
}

/* Copies without control characters: a mark in the file must not become one of ours, and a
 * tab keeps words apart. */
static void
put_text(struct text t, char *out, size_t *len, size_t size)
{
	for (size_t i = 0; i < t.len; i++) {
		char c = t.p[i] == '\t' ? ' ' : t.p[i];

		if ((unsigned char)c < ' ' || c == '\177')
			continue;
		if (*len < size)
			out[*len] = c;
		++*len;
	}
}

static void
put_mark(char *out, size_t *len, size_t size)
{
	if (*len < size)
		out[*len] = SNAPSHOT_ADDRESS_MARK;
	++*len;
}

/* What the dollar in front of t stands for; returns how many bytes of t belong to it. */
static size_t
put_variable(const struct ip4set *s, struct text t, struct text own, char *out, size_t *len,
	size_t size)
{
	char c = t.len != 0 ? t.p[0] : ' ';
	const struct rbldnsd_variable *v = NULL;

	if (c >= '0' && c <= '9')
		v = &s->all.variables[c - '0'];
	if (c == '$') {
		put_text(TEXT("$"), out, len, size);
	} else if (v != NULL && v->set) {
		put_text((struct text){v->text, v->len}, out, len, size);
	} else if (v != NULL) {
		put_text(TEXT("$"), out, len, size);
		return 0;
	} else if (c == '=' && own.len != 0) {
		put_text(own, out, len, size);
	} else {
		put_mark(out, len, size);
		return c == '=';
	}
	return 1;
}

/* Substitute. The base template ($=) stands in for the entry's own text, unless that begins
 * with "=". Variables are put in as they are: nothing in them is substituted again. Returns
 * the length wanted, which may be above size. */
static size_t
expand_text(const struct ip4set *s, struct text own, char *out, size_t size)
{
	const struct rbldnsd_variable *base = &s->all.variables[RBLDNSD_BASE];
	struct text rest;
	size_t len = 0, at;

	if (own.len != 0 && own.p[0] == '=')
		rest = own = text_from(own, 1);
	else
		rest = base->set ? (struct text){base->text, base->len} : own;
	while (rest.len != 0) {
		at = text_find_byte(rest, '$');
		put_text(text_upto(rest, at), out, &len, size);
		if (at == SIZE_MAX)
			break;
		rest = text_from(rest, at + 1);
		rest = text_from(rest, put_variable(s, rest, own, out, &len, size));
	}
	return len;
}

/* The class of a value. SNAPSHOT_NOT_LISTED with OK: the line was rejected. */
static enum err
make_class(struct ip4set *s, const struct value *value, uint16_t *id, struct error *e)
{
	size_t len = expand_text(s, value->text, s->txt, sizeof(s->txt));
	struct error why;
	enum err err;

	*id = SNAPSHOT_NOT_LISTED;
	if (len > sizeof(s->txt)) {
		feed_lines_reject(&s->lines, "TXT is longer than %zu bytes", sizeof(s->txt));
		return OK;
	}
	s->class.ttl_s = 0;
	s->class.expires_s = s->all.expires_s;
	s->class.a_count = 1;
	s->class.a[0] = value->a;
	s->class.txt_count = len != 0;
	s->class.txt[0] = (struct text){s->txt, len};
	err = snapshot_builder_class(s->builder, &s->class, id, &why);
	if (err != OK)
		return error_set(e, err, "%s:%lu: %s", s->job->name, s->lines.number, why.text);
	return OK;
}

/* --- entries --- */

static enum err
add_rank(struct ip4set *s, uint64_t low, uint64_t end, uint8_t rank, uint16_t id, struct error *e)
{
	struct addr first, last;

	if (low >= end)
		return OK;
	first = addr_from_ipv4((uint32_t)low);
	last = addr_from_ipv4((uint32_t)(end - 1));
	return snapshot_builder_add(s->builder, s->set, &first, &last, rank, id, e);
}

/* rbldnsd keeps entries at four levels, of addresses, /24, /16 and /8, and lets the most
 * specific level that has an address answer. So what a range has beyond whole /24 ranks as
 * addresses, what it has beyond whole /16 as /24, and so on. */
static enum err
add_range(struct ip4set *s, uint32_t range_low, uint32_t range_high, uint16_t id, struct error *e)
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

/* The class of what follows an address. */
static enum err
entry_class(struct ip4set *s, struct text t, uint16_t *id, struct error *e)
{
	struct value value = {s->default_a, {s->default_text, s->default_len}};
	bool by_default = t.len == 0 || is_comment(t.p[0]);
	enum err err;

	*id = s->default_class;
	if (by_default && *id != SNAPSHOT_NOT_LISTED)
		return OK;
	if (!by_default && !read_value(s, t, &value)) {
		*id = SNAPSHOT_NOT_LISTED;
		return OK;
	}
	err = make_class(s, &value, id, e);
	if (by_default)
		s->default_class = *id;
	return err;
}

static enum err
read_entry(struct ip4set *s, struct text t, struct error *e)
{
	bool excludes = t.p[0] == '!';
	uint16_t id = SNAPSHOT_NOT_LISTED;
	uint32_t low, high;
	enum err err = OK;

	if (excludes)
		t = text_trim(text_from(t, 1));
	if (!take_range(s, &t, &low, &high))
		return OK;
	if (s->seen.max_range != 0 && (uint64_t)high - low >= s->seen.max_range) {
		feed_lines_reject(&s->lines, "range is larger than $MAXRANGE4");
		return OK;
	}
	if (!excludes) {
		err = entry_class(s, t, &id, e);
		if (err != OK || id == SNAPSHOT_NOT_LISTED)
			return err;
	}
	s->used_lines++;
	return add_range(s, low, high, id, e);
}

/* ":A:TXT" alone: the default for what follows. */
static void
read_default(struct ip4set *s, struct text t)
{
	struct value value = {BUILT_IN_A, TEXT_NONE};

	if (!read_value(s, t, &value))
		return;
	s->default_a = value.a;
	s->default_len = value.text.len;
	if (value.text.len != 0)
		memcpy(s->default_text, value.text.p, value.text.len);
	s->default_class = SNAPSHOT_NOT_LISTED;
	s->used_lines++;
}

static enum err
read_special(struct ip4set *s, struct text t, struct error *e)
{
	struct error why;
	enum err err = rbldnsd_special_read(&s->seen, t, s->job->now_s, &why);

	if (err == ERR_SYNTAX) {
		feed_lines_reject(&s->lines, "%s", why.text);
		return OK;
	}
	if (err != OK)
		return error_set(e, err, "%s:%lu: %s", s->job->name, s->lines.number, why.text);
	s->used_lines++;
	return OK;
}

static enum err
read_line(struct ip4set *s, struct text line, struct error *e)
{
	line = text_trim(line);
	if (rbldnsd_special_cut(&line))
		return read_special(s, line, e);
	if (line.len == 0 || is_comment(line.p[0]))
		return OK;
	if (line.p[0] == ':') {
		read_default(s, line);
		return OK;
	}
	return read_entry(s, line, e);
}

/* --- the file --- */

/* Special entries count for the whole file, so they are read first; what is wrong with them
 * is told when the second pass meets them again. */
static enum err
read_specials(struct ip4set *s, struct error *e)
{
	struct error ignored;
	struct text line;

	feed_lines_init(&s->lines, s->job->in, s->job->name, NULL);
	while (feed_lines_next(&s->lines, &line)) {
		line = text_trim(line);
		if (rbldnsd_special_cut(&line) &&
			rbldnsd_special_read(&s->all, line, s->job->now_s, &ignored) == ERR_REFUSED)
			return error_set(e, ERR_REFUSED, "%s:%lu: %s", s->job->name,
				s->lines.number, ignored.text);
	}
	return feed_lines_finish(&s->lines, e);
}

static enum err
read_entries(struct ip4set *s, struct error *e)
{
	struct text line;
	enum err err = OK;

	feed_lines_init(&s->lines, s->job->in, s->job->name, s->job->warnings);
	while (err == OK && feed_lines_next(&s->lines, &line))
		err = read_line(s, line, e);
	if (err == OK)
		err = feed_lines_finish(&s->lines, e);
	if (err != OK || s->used_lines != 0)
		return err;
	if (s->lines.rejected != 0)
		return error_set(e, ERR_SYNTAX, "%.400s; no other line can be used either",
			s->lines.first.text);
	return error_set(e, ERR_SYNTAX, "%s:%lu: file has no entries; is it the right one?",
		s->job->name, s->lines.number);
}

static enum err
write_snapshot(struct ip4set *s, struct error *e)
{
	uint32_t serial = s->all.soa.serial != 0 ? s->all.soa.serial : s->job->file_serial;
	struct snapshot_apex apex;
	struct rbldnsd_name rname;
	struct error why;
	enum err err;

	rbldnsd_special_apex(&s->all, s->job->origin, &rname, &apex);
	err = snapshot_builder_zone(s->builder, TEXT_NONE, s->set, &apex, &why);
	if (err == OK)
		err = snapshot_builder_write(s->builder, s->job->fd, serial, s->job->now_s, &why);
	if (err != OK)
		return error_set(e, err, "compiling %s: %s", s->job->name, why.text);
	return OK;
}

enum err
feed_rbldnsd_ip4set(const struct feed_job *job, struct error *e)
{
	struct ip4set *s = calloc(1, sizeof(*s));
	enum err err;

	if (s != NULL)
		s->builder = snapshot_builder_new();
	if (s == NULL || s->builder == NULL) {
		free(s);
		return error_set(e, ERR_MEMORY, "%s: out of memory", job->name);
	}
	s->job = job;
	s->default_a = BUILT_IN_A;
	err = snapshot_builder_set(s->builder, &s->set, e);
	if (err == OK)
		err = read_specials(s, e);
	if (err == OK)
		err = read_entries(s, e);
	if (err == OK)
		err = write_snapshot(s, e);
	snapshot_builder_free(s->builder);
	free(s);
	return err;
}
