/* dnsbl_name.h - what the labels below a zone's origin mean (RFC 5782 sections 2.1, 2.4).
 *
 *	99.2.0.192      192.0.2.99          2.0.192      192.0.2.0/24, an address in part
 *	(32 nibbles)    an IPv6 address     8.b.d.0.1... a prefix of 4 bits a label
 *
 * A few labels can be read both ways: "0.0.0.0" is an IPv4 address and the IPv6 prefix
 * 0::/16. Then both readings are given, and the name exists when either makes it exist.
 * Nibbles of an IPv6 address that stands for an IPv4 one are read that way too: those of
 * ::ffff:a.b.c.d, which is the same host, and those of 2002:a.b.c.d::/48, 6to4 (RFC 3056).
 */
#ifndef DNSD_DNSBL_NAME_H
#define DNSD_DNSBL_NAME_H

#include <limits.h>
#include <stdbool.h>

#include <orbl/addr.h>

#include "query.h"

enum { DNSBL_NAME_NONE = 0xff };

struct dnsbl_name {
	/* Bits given of each reading, 32 or 128 for a whole address; DNSBL_NAME_NONE: none. */
	uint8_t ipv4_bits, ipv6_bits;
	bool is_mapped; /* ipv4 was read from an IPv6 address in ::ffff:0:0/96 */
	uint32_t ipv4;  /* host order, 0 where no bits are given */
	struct addr ipv6;
	/* The part that 6to4 has of its IPv4 address, meant by an IPv6 prefix or address. */
	uint8_t sixto4_bits;
	uint32_t sixto4;
};

/* The number that a label says, 0 to 255, or more: none. A leading zero ("099") is no octet: RFC
 * 5782 writes plain decimal, and a name that says the same address twice would only be a second
 * way to miss a cache. Reads no further than the label. */
static inline unsigned
dnsbl_name_octet(const uint8_t *label)
{
	unsigned first = label[1] - (unsigned)'0', second, third;

	if (label[0] == 1)
		return first <= 9 ? first : UINT_MAX;
	if (label[0] != 2 && label[0] != 3)
		return UINT_MAX;
	second = label[2] - (unsigned)'0';
	if (first - 1 > 8 || second > 9)
		return UINT_MAX;
	if (label[0] == 2)
		return first * 10 + second;
	third = label[3] - (unsigned)'0';
	return third <= 9 ? first * 100 + second * 10 + third : UINT_MAX;
}

/* Read the first `below` labels of a name, 1 or more. False: no reading, so no such address. */
bool dnsbl_name_parse(const struct query_name *name, size_t below, struct dnsbl_name *out);
/* Does the name, read as the part of an address, have this IPv4 address below it, also as
 * ::ffff:a.b.c.d? */
bool dnsbl_name_is_above(const struct dnsbl_name *n, uint32_t ipv4);

#endif
