/* dnsbl_name.h - what the labels below a zone's origin mean (RFC 5782 sections 2.1, 2.4).
 *
 *	99.2.0.192      192.0.2.99          2.0.192      192.0.2.0/24, an address in part
 *	(32 nibbles)    an IPv6 address     8.b.d.0.1... a prefix of 4 bits a label
 *
 * A few labels can be read both ways: "0.0.0.0" is an IPv4 address and the IPv6 prefix
 * 0::/16. Then both readings are given, and the name exists when either makes it exist.
 * Nibbles inside ::ffff:0:0/96 are read as the IPv4 address they mean.
 */
#ifndef DNSD_DNSBL_NAME_H
#define DNSD_DNSBL_NAME_H

#include <stdbool.h>

#include <orbl/addr.h>

#include "query.h"

struct dnsbl_name {
	/* family 0: no such reading. A length of 32 or 128 is a whole address. */
	struct prefix ipv4, ipv6;
};

/* Read the first `below` labels of a name. False: neither reading, so no such name. */
bool dnsbl_name_parse(const struct query_name *name, size_t below, struct dnsbl_name *out);
/* Does an IPv6 prefix hold the IPv4 address a, as ::ffff:a? */
bool dnsbl_name_has_mapped(const struct prefix *ipv6, const struct addr *a);

#endif
