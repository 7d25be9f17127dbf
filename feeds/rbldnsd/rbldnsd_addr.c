#include "rbldnsd_addr.h"

#include <stdlib.h>
#include <string.h>

static const char not_ipv4[] = "not an IPv4 address or prefix";
static const char not_ipv6[] = "not an IPv6 address or prefix";
static const char has_host_bits[] = "address has bits set outside of its prefix";

/* --- IPv4 ------------------------------------------------------------------- */

bool
rbldnsd_take_number(struct text *t, uint32_t max, uint32_t *out)
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

bool
rbldnsd_take_octets(struct text *t, uint32_t *out, unsigned *count)
{
	uint32_t octet;

	*out = 0;
	for (*count = 0; *count < 4;) {
		if (!rbldnsd_take_number(t, 255, &octet))
			return false;
		*out |= octet << (24 - 8 * *count);
		++*count;
		if (*count == 4 || t->len == 0 || t->p[0] != '.')
			break;
		*t = text_from(*t, 1);
	}
	return true;
}

uint32_t
rbldnsd_host_mask(unsigned bits)
{
	return bits < 32 ? UINT32_MAX >> bits : 0;
}

/* "/LEN", if it is there. */
static bool
take_length(struct text *t, uint32_t max, unsigned *len)
{
	struct text rest = text_from(*t, 1);
	uint32_t n;

	if (t->len == 0 || t->p[0] != '/')
		return true;
	if (!rbldnsd_take_number(&rest, max, &n))
		return false;
	*len = n;
	*t = rest;
	return true;
}

const char *
rbldnsd_take_prefix4(struct text *t, bool host_bits, uint32_t *a, unsigned *len)
{
	struct text rest = *t;
	unsigned count;
	bool has_length;

	if (!rbldnsd_take_octets(&rest, a, &count))
		return not_ipv4;
	has_length = rest.len != 0 && rest.p[0] == '/';
	*len = 8 * count;
	if (!take_length(&rest, 32, len) || !rbldnsd_is_end(rest))
		return not_ipv4;
	if (count == 1 && !has_length) /* more likely a slip than a /8 */
		return not_ipv4;
	if ((*a & rbldnsd_host_mask(*len)) != 0 && !host_bits)
		return has_host_bits;
	*a &= ~rbldnsd_host_mask(*len);
	*t = rest;
	return NULL;
}

bool
rbldnsd_may_range(struct rbldnsd_set *s, uint32_t low, uint32_t high)
{
	uint64_t max = s->specials.max_range;

	if (max == 0 || (uint64_t)high - low < max)
		return true;
	rbldnsd_reject(s, "range is larger than $MAXRANGE4");
	return false;
}

bool
rbldnsd_is_end(struct text t)
{
	return t.len == 0 || rbldnsd_is_blank(t.p[0]) || rbldnsd_is_comment(t.p[0]) ||
		t.p[0] == ':';
}

/* --- IPv6 ------------------------------------------------------------------- */

static int
hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if ((c | 0x20) >= 'a' && (c | 0x20) <= 'f')
		return (c | 0x20) - 'a' + 10;
	return -1;
}

/* A word, with as many leading zeros as there are. */
static bool
take_word(struct text *t, unsigned *out)
{
	size_t n = 0;

	*out = 0;
	for (; n < t->len && hex_digit(t->p[n]) >= 0; n++) {
		*out = *out << 4 | (unsigned)hex_digit(t->p[n]);
		if (*out > 0xffff)
			return false;
	}
	*t = text_from(*t, n);
	return n != 0;
}

struct words {
	unsigned word[8];
	unsigned count;
	unsigned gap; /* how many are before "::"; 8: there is none */
};

static bool
is_gap(struct text t)
{
	return t.len >= 2 && t.p[0] == ':' && t.p[1] == ':';
}

/* The words in front of t. A colon behind the eighth begins a value; so does one behind "::",
 * and one that no word follows is passed over, but only where there is a "::". */
static bool
read_words(struct text *t, struct words *w)
{
	*w = (struct words){.gap = 8};
	if (is_gap(*t)) {
		w->gap = 0;
		*t = text_from(*t, 2);
	}
	while (w->count < 8) {
		if (t->len == 0 || hex_digit(t->p[0]) < 0)
			return w->gap != 8;
		if (!take_word(t, &w->word[w->count]))
			return false;
		w->count++;
		if (w->count == 8 || t->len == 0 || t->p[0] != ':')
			break;
		if (w->gap == 8 && is_gap(*t)) {
			w->gap = w->count;
			*t = text_from(*t, 2);
		} else {
			*t = text_from(*t, 1);
		}
	}
	return w->gap == 8 || w->count < 8;
}

bool
rbldnsd_take_words(struct text *t, uint8_t out[16], unsigned *len)
{
	struct text rest = *t;
	struct words w;

	if (!read_words(&rest, &w))
		return false;
	memset(out, 0, 16);
	for (unsigned i = 0; i < w.count; i++) {
		unsigned at = i < w.gap ? i : 8 - w.count + i;

		out[2 * at] = (uint8_t)(w.word[i] >> 8);
		out[2 * at + 1] = (uint8_t)w.word[i];
	}
	*len = w.gap != 8 ? 128 : 16 * w.count;
	*t = rest;
	return true;
}

/* Clears the bits behind len; were there any? */
static bool
clear_host_bits(uint8_t b[16], unsigned len)
{
	bool any = false;

	for (unsigned i = len / 8; i < 16; i++) {
		uint8_t mask = (uint8_t)(i == len / 8 ? 0xff >> len % 8 : 0xff);

		any = any || (b[i] & mask) != 0;
		b[i] = (uint8_t)(b[i] & ~mask);
	}
	return any;
}

const char *
rbldnsd_take_prefix6(struct text *t, bool host_bits, struct addr *a, unsigned *len)
{
	struct text rest = *t;
	bool has_length;

	a->family = 6;
	if (!rbldnsd_take_words(&rest, a->b, len))
		return not_ipv6;
	has_length = rest.len != 0 && rest.p[0] == '/';
	if (*len == 16 && !has_length) /* one word alone: a slip */
		return not_ipv6;
	if (!take_length(&rest, 128, len) || !rbldnsd_is_end(rest))
		return not_ipv6;
	if (clear_host_bits(a->b, *len) && !host_bits)
		return has_host_bits;
	*t = rest;
	return NULL;
}

struct addr
rbldnsd_last6(const struct addr *a, unsigned len)
{
	struct addr last = *a;

	for (unsigned i = len; i < 128; i++)
		last.b[i / 8] = (uint8_t)(last.b[i / 8] | 0x80 >> i % 8);
	return last;
}

/* --- prefixes met ---------------------------------------------------------- */

static uint64_t
hash_key(const uint64_t *key, size_t words)
{
	uint64_t h = 0;

	for (size_t i = 0; i < words; i++) {
		h = (h ^ key[i]) * UINT64_C(0x9e3779b97f4a7c15);
		h ^= h >> 32;
	}
	return h;
}

static bool
same_key(const uint64_t *a, const uint64_t *b, size_t words)
{
	for (size_t i = 0; i < words; i++)
		if (a[i] != b[i])
			return false;
	return true;
}

/* The place of a key, or the free one where it belongs. */
static uint64_t *
find_place(const struct rbldnsd_seen *seen, const uint64_t *key)
{
	size_t slot = hash_key(key, seen->words) & (seen->slot_count - 1);
	uint64_t *place;

	for (;; slot = (slot + 1) & (seen->slot_count - 1)) {
		place = seen->places + slot * seen->words;
		if (place[0] == 0 || same_key(place, key, seen->words))
			return place;
	}
}

/* At most two thirds are taken. */
static bool
room_for_key(struct rbldnsd_seen *seen)
{
	struct rbldnsd_seen bigger = *seen;
	size_t size = seen->words * sizeof(uint64_t);

	if (3 * (seen->count + 1) <= 2 * seen->slot_count)
		return true;
	bigger.slot_count = seen->slot_count != 0 ? 2 * seen->slot_count : 64;
	bigger.places = calloc(bigger.slot_count, size);
	if (bigger.places == NULL)
		return false;
	for (size_t i = 0; i < seen->slot_count; i++) {
		const uint64_t *key = seen->places + i * seen->words;

		if (key[0] != 0)
			memcpy(find_place(&bigger, key), key, size);
	}
	free(seen->places);
	*seen = bigger;
	return true;
}

enum err
rbldnsd_seen_add(struct rbldnsd_seen *seen, const struct addr *a, unsigned len, bool *is_new)
{
	uint64_t key[RBLDNSD_KEY_WORDS] = {len + 1}, *place;

	seen->words = a->family == 4 ? 1 : RBLDNSD_KEY_WORDS;
	if (a->family == 4)
		key[0] |= (uint64_t)addr_ipv4(a) << 32;
	else
		memcpy(&key[1], a->b, sizeof(a->b));
	if (!room_for_key(seen))
		return ERR_MEMORY;
	place = find_place(seen, key);
	*is_new = place[0] == 0;
	if (*is_new) {
		memcpy(place, key, seen->words * sizeof(*key));
		seen->count++;
	}
	return OK;
}
