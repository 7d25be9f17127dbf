#include "rbldnsd_rdata.h"

#include <arpa/inet.h>
#include <string.h>

#include <orbl/addr.h>

#include "rbldnsd_addr.h"
#include "rbldnsd_dn.h"

enum { TYPE_A = 1, TYPE_MX = 15, TYPE_TXT = 16, TYPE_AAAA = 28, TYPE_CAA = 257 };
enum { STRING_MAX = 255, TAG_MAX = 15 };

static void
put_bytes(struct rbldnsd_rdata *d, const void *bytes, size_t len)
{
	if (len != 0)
		memcpy(d->bytes + d->len, bytes, len);
	d->len += len;
}

static void
put_u8(struct rbldnsd_rdata *d, size_t n)
{
	d->bytes[d->len++] = (uint8_t)n;
}

/* Octets that are missing are zeros in front of the last one, as inet_aton(3) has it. */
static enum rbldnsd_rdata_outcome
read_a(struct rbldnsd_rdata *d, struct text t)
{
	uint32_t a, last;
	unsigned count;

	if (!rbldnsd_take_octets(&t, &a, &count))
		return RBLDNSD_RDATA_REJECTED;
	if (t.len != 0 && !rbldnsd_is_blank(t.p[0]) && !rbldnsd_is_comment(t.p[0]))
		rbldnsd_warn(d->set, "what follows the address is ignored");
	last = a >> (32 - 8 * count) & 0xff;
	a = (a & ~(UINT32_C(0xff) << (32 - 8 * count))) | last;
	a = htonl(a);
	put_bytes(d, &a, sizeof(a));
	return RBLDNSD_RDATA_TAKEN;
}

static enum rbldnsd_rdata_outcome
read_aaaa(struct rbldnsd_rdata *d, struct text t)
{
	struct text word = rbldnsd_next_word(&t);
	char text[ADDR_TEXT];
	uint8_t bytes[16];

	if (word.len >= sizeof(text) || (t.len != 0 && !rbldnsd_is_comment(t.p[0])))
		return RBLDNSD_RDATA_REJECTED;
	memcpy(text, word.p, word.len);
	text[word.len] = '\0';
	if (inet_pton(AF_INET6, text, bytes) != 1) /* addr_parse takes ::ffff:1.2.3.4 as IPv4 */
		return RBLDNSD_RDATA_REJECTED;
	put_bytes(d, bytes, sizeof(bytes));
	return RBLDNSD_RDATA_TAKEN;
}

static enum rbldnsd_rdata_outcome
read_mx(struct rbldnsd_rdata *d, struct text t)
{
	uint8_t wire[RBLDNSD_DN_MAX];
	uint64_t preference;
	size_t len;

	if (text_to_u64(rbldnsd_next_word(&t), UINT16_MAX, &preference) != OK)
		return RBLDNSD_RDATA_REJECTED;
	if (!rbldnsd_dn_parse(rbldnsd_next_word(&t), wire, &len) || t.len != 0)
		return RBLDNSD_RDATA_REFUSED;
	put_u8(d, preference >> 8);
	put_u8(d, preference & 0xff);
	put_bytes(d, wire, len);
	return RBLDNSD_RDATA_TAKEN;
}

static struct text
without_quotes(struct text t)
{
	if (t.len >= 2 && t.p[0] == '"' && t.p[t.len - 1] == '"')
		return (struct text){t.p + 1, t.len - 2};
	return t;
}

/* All of the line is one text, quotes around it taken off; what is longer than a string can be
 * goes into several. */
static enum rbldnsd_rdata_outcome
read_txt(struct rbldnsd_rdata *d, struct text t)
{
	size_t len;

	if (t.len == 0)
		return RBLDNSD_RDATA_REJECTED;
	t = without_quotes(t);
	if (t.len > SNAPSHOT_TXT_MAX) {
		rbldnsd_warn(d->set, "TXT of %zu bytes is cut to %d", t.len, SNAPSHOT_TXT_MAX);
		t = text_upto(t, SNAPSHOT_TXT_MAX);
	}
	do {
		len = t.len < STRING_MAX ? t.len : STRING_MAX;
		put_u8(d, len);
		put_bytes(d, t.p, len);
		t = text_from(t, len);
	} while (t.len != 0);
	return RBLDNSD_RDATA_TAKEN;
}

static bool
is_tag(struct text t)
{
	for (size_t i = 0; i < t.len; i++)
		if (!((t.p[i] | 0x20) >= 'a' && (t.p[i] | 0x20) <= 'z') &&
			!(t.p[i] >= '0' && t.p[i] <= '9'))
			return false;
	return t.len != 0 && t.len <= TAG_MAX;
}

/* RFC 8659 section 4.1.1: FLAGS TAG VALUE */
static enum rbldnsd_rdata_outcome
read_caa(struct rbldnsd_rdata *d, struct text t)
{
	struct text flags = rbldnsd_next_word(&t), tag = rbldnsd_next_word(&t);
	uint64_t n;

	if (text_to_u64(flags, UINT8_MAX, &n) != OK || !is_tag(tag) || t.len == 0)
		return RBLDNSD_RDATA_REJECTED;
	t = without_quotes(t);
	if (t.len > SNAPSHOT_TXT_MAX || text_find_byte(t, '"') != SIZE_MAX ||
		text_find_byte(t, '\\') != SIZE_MAX)
		return RBLDNSD_RDATA_REJECTED;
	put_u8(d, n);
	put_u8(d, tag.len);
	put_bytes(d, tag.p, tag.len);
	put_bytes(d, t.p, t.len);
	return RBLDNSD_RDATA_TAKEN;
}

static const struct type {
	const char *name;
	uint16_t number;
	enum rbldnsd_rdata_outcome (*read)(struct rbldnsd_rdata *d, struct text t);
} types[] = {
	{"A", TYPE_A, read_a},
	{"TXT", TYPE_TXT, read_txt},
	{"MX", TYPE_MX, read_mx},
	{"AAAA", TYPE_AAAA, read_aaaa},
	{"CAA", TYPE_CAA, read_caa},
};

enum rbldnsd_rdata_outcome
rbldnsd_rdata_read(struct rbldnsd_rdata *d, struct text type, struct text t)
{
	for (size_t i = 0; i < ORBL_COUNT(types); i++)
		if (text_equal_nocase(type, text_of(types[i].name))) {
			d->type = types[i].number;
			d->len = 0;
			return types[i].read(d, t);
		}
	return RBLDNSD_RDATA_NO_TYPE;
}

const char *
rbldnsd_rdata_types(void)
{
	return "A, TXT, MX, AAAA, CAA";
}
