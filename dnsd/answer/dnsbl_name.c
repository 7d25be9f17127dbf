#include "dnsbl_name.h"

#include <string.h>

#include "big_endian.h"

enum {
	IPV4_LABELS = 4,
	IPV6_LABELS = 32,
	MAPPED_BITS = 96,
	SIXTO4 = 0x2002,
	SIXTO4_BITS = 16,
	NOT_HEX = 0xff,
};

/* ::ffff:0:0/96 (RFC 4291 section 2.5.5.2) */
static const uint8_t mapped[12] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};

/* The label nearest to the origin is the most significant. */
static bool
read_ipv4(const struct query_name *n, size_t below, struct dnsbl_name *out)
{
	uint32_t address = 0;

	for (size_t i = 0; i < below; i++) {
		unsigned octet = dnsbl_name_octet(n->wire + n->label_at[i]);

		if (octet > 255)
			return false;
		address |= octet << 8 * (IPV4_LABELS - below + i);
	}
	out->ipv4 = address;
	out->ipv4_bits = (uint8_t)(8 * below);
	return true;
}

static unsigned
read_nibble(uint8_t c)
{
	unsigned digit = c - (unsigned)'0', letter = (c | 0x20u) - 'a'; /* of either case */

	if (digit < 10)
		return digit;
	return letter < 6 ? letter + 10 : NOT_HEX;
}

/* Labels of one byte each lie at every second byte of the name. */
static bool
read_ipv6(const struct query_name *n, size_t below, struct dnsbl_name *out)
{
	const uint8_t *c = n->wire + 2 * below - 1;

	memset(&out->ipv6, 0, sizeof(out->ipv6));
	for (size_t i = 0; i < below; i++, c -= 2) {
		unsigned nibble = read_nibble(*c);

		if (nibble == NOT_HEX)
			return false;
		out->ipv6.b[i / 2] |= (uint8_t)(i % 2 == 0 ? nibble << 4 : nibble);
	}
	out->ipv6.family = 6;
	out->ipv6_bits = (uint8_t)(4 * below);
	return true;
}

/* Are there `below` labels of one byte? If so the next one, or the root, is where they end. */
static bool
has_nibbles(const struct query_name *n, size_t below)
{
	size_t end = below < n->labels ? n->label_at[below] : n->len - 1u;

	return end == 2 * below;
}

static void
read_embedded(struct dnsbl_name *n)
{
	unsigned bits = n->ipv6_bits;

	if (bits >= MAPPED_BITS && memcmp(n->ipv6.b, mapped, sizeof(mapped)) == 0) {
		n->is_mapped = true;
		n->ipv4 = big_endian_u32(n->ipv6.b + sizeof(mapped));
		n->ipv4_bits = (uint8_t)(bits - MAPPED_BITS);
	} else if (bits < SIXTO4_BITS ?
			big_endian_u16(n->ipv6.b) == (SIXTO4 & 0xffff0000u >> bits) :
			big_endian_u16(n->ipv6.b) == SIXTO4) {
		n->sixto4 = big_endian_u32(n->ipv6.b + 2);
		bits = bits < SIXTO4_BITS ? 0 : bits - SIXTO4_BITS;
		n->sixto4_bits = (uint8_t)(bits < 32 ? bits : 32);
	}
}

bool
dnsbl_name_parse(const struct query_name *n, size_t below, struct dnsbl_name *out)
{
	out->ipv4_bits = out->ipv6_bits = out->sixto4_bits = DNSBL_NAME_NONE;
	out->is_mapped = false;
	if (below > IPV6_LABELS)
		return false;
	if (below <= IPV4_LABELS)
		read_ipv4(n, below, out);
	if (has_nibbles(n, below) && read_ipv6(n, below, out))
		read_embedded(out);
	return out->ipv4_bits != DNSBL_NAME_NONE || out->ipv6_bits != DNSBL_NAME_NONE;
}

static bool
has_prefix(uint32_t address, uint32_t prefix, unsigned bits)
{
	return bits == 0 || (address ^ prefix) >> (32 - bits) == 0;
}

bool
dnsbl_name_is_above(const struct dnsbl_name *n, uint32_t ipv4)
{
	struct addr a = {.family = 6};
	struct prefix p;

	if (n->ipv4_bits < 32 && has_prefix(ipv4, n->ipv4, n->ipv4_bits))
		return true;
	if (n->ipv6_bits >= 128)
		return false;
	p = (struct prefix){n->ipv6, n->ipv6_bits};
	memcpy(a.b, mapped, sizeof(mapped));
	big_endian_put32(a.b + sizeof(mapped), ipv4);
	return prefix_has_addr(&p, &a);
}
