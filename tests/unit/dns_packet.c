#include "dns_packet.h"

#include <string.h>

#include <orbl/cursor.h>
#include <orbl/writer.h>

static void
write_name(struct writer *w, const char *name)
{
	while (*name != '\0' && *name != '.') {
		size_t len = strcspn(name, ".");

		writer_u8(w, (uint8_t)len);
		writer_bytes(w, name, len);
		name += len + (name[len] == '.');
	}
	writer_u8(w, 0);
}

size_t
dns_query_write(const struct dns_query *q, uint8_t *out)
{
	struct writer w;

	writer_init(&w, out, 512);
	writer_u16be(&w, q->id);
	writer_u16be(&w, q->flags);
	writer_u16be(&w, 1);
	writer_u16be(&w, 0);
	writer_u16be(&w, 0);
	writer_u16be(&w, q->edns);
	write_name(&w, q->name);
	writer_u16be(&w, q->type);
	writer_u16be(&w, q->class != 0 ? q->class : 1);
	if (q->edns) {
		writer_u8(&w, 0);
		writer_u16be(&w, 41);
		writer_u16be(&w, q->udp_size);
		writer_u8(&w, 0);
		writer_u8(&w, q->edns_version);
		writer_u16be(&w, q->dnssec_ok ? 0x8000 : 0);
		writer_u16be(&w, q->options_len);
		writer_bytes(&w, q->options, q->options_len);
	}
	return writer_failed(&w) ? 0 : writer_length(&w);
}

size_t
dns_name_read(const uint8_t *packet, size_t len, size_t offset, char *out)
{
	size_t at = 0, behind = 0, limit = offset;

	while (offset < len && packet[offset] != 0) {
		uint8_t n = packet[offset];

		if ((n & 0xc0) == 0xc0) {
			if (offset + 1 >= len)
				return 0;
			if (behind == 0)
				behind = offset + 2;
			offset = (size_t)(n & 0x3f) << 8 | packet[offset + 1];
			/* Strictly backwards, so that there is an end. */
			if (offset >= limit)
				return 0;
			limit = offset;
			continue;
		}
		if (n > 63 || offset + 1 + n > len || at + n + 2 > DNS_NAME_TEXT)
			return 0;
		if (at != 0)
			out[at++] = '.';
		memcpy(out + at, packet + offset + 1, n);
		at += n;
		offset += 1u + n;
	}
	out[at] = '\0';
	if (offset >= len)
		return 0;
	return behind != 0 ? behind : offset + 1;
}

static bool
read_name(struct cursor *c, char *out)
{
	size_t behind = dns_name_read(c->start, (size_t)(c->end - c->start), cursor_offset(c), out);

	if (behind == 0)
		return false;
	c->at = c->start + behind;
	return true;
}

static void
read_option(unsigned code, const uint8_t *data, size_t len, struct dns_reply *out)
{
	if (code == 15 && len >= 2) {
		out->ede = data[0] << 8 | data[1];
		out->ede_text = (const char *)data + 2;
		out->ede_text_len = len - 2;
	}
	if (code == 10) {
		out->cookie = data;
		out->cookie_len = len;
	}
	if (code == 3) {
		out->nsid = data;
		out->nsid_len = len;
	}
}

static bool
read_opt(const struct dns_record *r, struct dns_reply *out)
{
	struct cursor c;

	if (out->edns || r->owner[0] != '\0' || (r->ttl >> 16 & 0xff) != 0)
		return false;
	out->edns = true;
	out->udp_size = r->class;
	out->rcode |= r->ttl >> 24 << 4;
	out->dnssec_ok = (r->ttl & 0x8000) != 0;
	cursor_init(&c, r->data, r->len);
	while (cursor_left(&c) != 0 && !cursor_failed(&c)) {
		uint16_t code = cursor_u16be(&c), len = cursor_u16be(&c);
		const uint8_t *data = cursor_bytes(&c, len);

		if (data != NULL)
			read_option(code, data, len, out);
	}
	return !cursor_failed(&c);
}

static bool
read_record(struct cursor *c, struct dns_record *r)
{
	if (!read_name(c, r->owner))
		return false;
	r->type = cursor_u16be(c);
	r->class = cursor_u16be(c);
	r->ttl = cursor_u32be(c);
	r->len = cursor_u16be(c);
	r->data = cursor_bytes(c, r->len);
	return !cursor_failed(c);
}

static bool
read_section(struct cursor *c, size_t count, size_t *next, bool is_additional,
	struct dns_reply *out)
{
	for (size_t i = 0; i < count; i++) {
		struct dns_record *r = &out->records[*next];

		if (*next == DNS_RECORDS_MAX || !read_record(c, r))
			return false;
		if (r->type != 41)
			++*next;
		else if (!is_additional || !read_opt(r, out))
			return false;
	}
	return true;
}

bool
dns_reply_read(const uint8_t *packet, size_t len, struct dns_reply *out)
{
	size_t next = 0, questions, counts[3];
	struct cursor c;

	memset(out, 0, sizeof(*out));
	cursor_init(&c, packet, len);
	out->ede = -1;
	out->ede_text_len = 0;
	out->bytes = packet;
	out->len = len;
	out->id = cursor_u16be(&c);
	out->flags = cursor_u16be(&c);
	out->rcode = out->flags & 0xf;
	out->aa = (out->flags & 0x0400) != 0;
	out->tc = (out->flags & 0x0200) != 0;
	questions = cursor_u16be(&c);
	for (size_t i = 0; i < 3; i++)
		counts[i] = cursor_u16be(&c);
	if (cursor_failed(&c) || questions > 1)
		return false;
	if (questions == 1) {
		out->has_question = true;
		if (!read_name(&c, out->name))
			return false;
		out->type = cursor_u16be(&c);
		out->class = cursor_u16be(&c);
	}
	if (!read_section(&c, counts[0], &next, false, out))
		return false;
	out->answers = next;
	if (!read_section(&c, counts[1], &next, false, out))
		return false;
	out->authorities = next - out->answers;
	if (!read_section(&c, counts[2], &next, true, out))
		return false;
	out->additionals = next - out->answers - out->authorities;
	return !cursor_failed(&c) && cursor_left(&c) == 0;
}

size_t
dns_txt_join(const struct dns_record *r, char *out, size_t size)
{
	size_t at = 0, used = 0;

	while (at < r->len) {
		size_t n = r->data[at++];

		if (n > r->len - at || used + n >= size)
			return SIZE_MAX;
		memcpy(out + used, r->data + at, n);
		used += n;
		at += n;
	}
	out[used] = '\0';
	return r->len == 0 ? SIZE_MAX : used;
}
