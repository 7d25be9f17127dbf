#include "dnsbl_name.h"

#include <string.h>

enum { IPV4_LABELS = 4, IPV6_LABELS = 32, MAPPED_BITS = 96 };

static const uint8_t mapped[12] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};

/* A leading zero ("099") is no octet: RFC 5782 writes plain decimal, and a name that says the
 * same address twice would only be a second way to miss a cache. */
static bool
read_octet(const uint8_t *label, uint8_t *out)
{
	size_t len = label[0];
	unsigned value = 0;

	if (len == 0 || len > 3 || (len > 1 && label[1] == '0'))
		return false;
	for (size_t i = 1; i <= len; i++) {
		if (label[i] < '0' || label[i] > '9')
			return false;
		value = value * 10 + (unsigned)(label[i] - '0');
	}
	*out = (uint8_t)value;
	return value <= 255;
}

static bool
read_nibble(const uint8_t *label, uint8_t *out)
{
	uint8_t c = label[1];

	if (label[0] != 1)
		return false;
	if (c >= '0' && c <= '9')
		*out = (uint8_t)(c - '0');
	else if (c >= 'a' && c <= 'f')
		*out = (uint8_t)(c - 'a' + 10);
	else
		return false;
	return true;
}

/* The label nearest to the origin is the most significant. */
static bool
read_ipv4(const struct query_name *n, size_t below, struct prefix *out)
{
	if (below > IPV4_LABELS)
		return false;
	for (size_t i = 0; i < below; i++)
		if (!read_octet(n->wire + n->label_at[below - 1 - i], &out->addr.b[i]))
			return false;
	out->addr.family = 4;
	out->len = (uint8_t)(8 * below);
	return true;
}

static bool
read_ipv6(const struct query_name *n, size_t below, struct prefix *out)
{
	if (below > IPV6_LABELS)
		return false;
	for (size_t i = 0; i < below; i++) {
		uint8_t nibble;

		if (!read_nibble(n->wire + n->label_at[below - 1 - i], &nibble))
			return false;
		out->addr.b[i / 2] |= (uint8_t)(i % 2 == 0 ? nibble << 4 : nibble);
	}
	out->addr.family = 6;
	out->len = (uint8_t)(4 * below);
	return true;
}

static void
unmap(struct dnsbl_name *name)
{
	const struct prefix *p = &name->ipv6;

	if (p->len < MAPPED_BITS || memcmp(p->addr.b, mapped, sizeof(mapped)) != 0)
		return;
	memcpy(name->ipv4.addr.b, p->addr.b + sizeof(mapped), 4);
	name->ipv4.addr.family = 4;
	name->ipv4.len = (uint8_t)(p->len - MAPPED_BITS);
	memset(&name->ipv6, 0, sizeof(name->ipv6));
}

bool
dnsbl_name_parse(const struct query_name *n, size_t below, struct dnsbl_name *out)
{
	memset(out, 0, sizeof(*out));
	if (!read_ipv4(n, below, &out->ipv4))
		memset(&out->ipv4, 0, sizeof(out->ipv4));
	if (!read_ipv6(n, below, &out->ipv6))
		memset(&out->ipv6, 0, sizeof(out->ipv6));
	else
		unmap(out);
	return out->ipv4.addr.family != 0 || out->ipv6.addr.family != 0;
}

bool
dnsbl_name_has_mapped(const struct prefix *ipv6, const struct addr *a)
{
	struct addr as_ipv6 = {.family = 6};

	memcpy(as_ipv6.b, mapped, sizeof(mapped));
	memcpy(as_ipv6.b + sizeof(mapped), a->b, 4);
	return prefix_has_addr(ipv6, &as_ipv6);
}
