#include <orbl/addr.h>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>

static const uint8_t mapped_prefix[12] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};

static struct addr
from_bytes(uint8_t family, const uint8_t *bytes)
{
	struct addr a = {.family = family};

	if (family == 6 && memcmp(bytes, mapped_prefix, sizeof(mapped_prefix)) == 0) {
		a.family = 4;
		bytes += sizeof(mapped_prefix);
	}
	memcpy(a.b, bytes, a.family == 4 ? 4 : 16);
	return a;
}

enum err
addr_parse(struct text t, struct addr *out)
{
	uint8_t bytes[16];
	char copy[INET6_ADDRSTRLEN];
	int family;

	if (t.len == 0 || t.len >= sizeof(copy) || memchr(t.p, '\0', t.len) != NULL)
		return ERR_SYNTAX;
	memcpy(copy, t.p, t.len);
	copy[t.len] = '\0';
	family = strchr(copy, ':') != NULL ? AF_INET6 : AF_INET;
	if (inet_pton(family, copy, bytes) != 1)
		return ERR_SYNTAX;
	*out = from_bytes(family == AF_INET ? 4 : 6, bytes);
	return OK;
}

/* "::4:0": inet_ntop writes the form for IPv4-compatible addresses, which are no more
 * (RFC 4291 section 2.5.5.1, RFC 5952 section 5). */
static bool
has_two_words(const struct addr *a)
{
	static const uint8_t zeros[12];

	return a->family == 6 && memcmp(a->b, zeros, sizeof(zeros)) == 0 &&
		(a->b[12] | a->b[13]) != 0;
}

const char *
addr_format(const struct addr *a, char out[ADDR_TEXT])
{
	if (a->family == 0)
		snprintf(out, ADDR_TEXT, "-");
	else if (has_two_words(a))
		snprintf(out, ADDR_TEXT, "::%x:%x", (unsigned)(a->b[12] << 8 | a->b[13]),
			(unsigned)(a->b[14] << 8 | a->b[15]));
	else
		inet_ntop(a->family == 4 ? AF_INET : AF_INET6, a->b, out, ADDR_TEXT);
	return out;
}

struct addr
addr_from_ipv4(uint32_t host_order)
{
	struct addr a = {.family = 4};

	a.b[0] = (uint8_t)(host_order >> 24);
	a.b[1] = (uint8_t)(host_order >> 16);
	a.b[2] = (uint8_t)(host_order >> 8);
	a.b[3] = (uint8_t)host_order;
	return a;
}

uint32_t
addr_ipv4(const struct addr *a)
{
	return (uint32_t)a->b[0] << 24 | (uint32_t)a->b[1] << 16 | (uint32_t)a->b[2] << 8 | a->b[3];
}

struct addr
addr_from_sockaddr(const struct sockaddr *sa)
{
	struct sockaddr_in in;
	struct sockaddr_in6 in6;

	/* Copied: a caller's buffer need not be aligned for either. */
	switch (sa->sa_family) {
	case AF_INET:
		memcpy(&in, sa, sizeof(in));
		return from_bytes(4, (const uint8_t *)&in.sin_addr);
	case AF_INET6: memcpy(&in6, sa, sizeof(in6)); return from_bytes(6, in6.sin6_addr.s6_addr);
	default: return (struct addr){0};
	}
}

int
addr_compare(const struct addr *a, const struct addr *b)
{
	if (a->family != b->family)
		return a->family < b->family ? -1 : 1;
	return memcmp(a->b, b->b, sizeof(a->b));
}

bool
addr_equal(const struct addr *a, const struct addr *b)
{
	return addr_compare(a, b) == 0;
}

bool
addr_is_link_local(const struct addr *a)
{
	return a->family == 6 && a->b[0] == 0xfe && (a->b[1] & 0xc0) == 0x80;
}

bool
addr_reserved_network(size_t i, struct prefix *out)
{
	/* The IANA special-purpose registries (RFC 6890) and multicast. 64:ff9b::/96 and
	 * 2002::/16 carry IPv4 addresses that other rules cannot see: they are refused too. */
	static const char *const table[] = {"0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10",
		"127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12", "192.0.0.0/24", "192.0.2.0/24",
		"192.88.99.0/24", "192.168.0.0/16", "198.18.0.0/15", "198.51.100.0/24",
		"203.0.113.0/24", "224.0.0.0/4", "240.0.0.0/4", "::/8", "64:ff9b::/96",
		"64:ff9b:1::/48", "100::/64", "2001::/23", "2001:db8::/32", "2002::/16",
		"3fff::/20", "5f00::/16", "fc00::/7", "fe80::/10", "fec0::/10", "ff00::/8"};

	return i < ORBL_COUNT(table) && prefix_parse(text_of(table[i]), out) == OK;
}

bool
addr_is_reserved(const struct addr *a)
{
	struct prefix p;

	for (size_t i = 0; addr_reserved_network(i, &p); i++)
		if (prefix_has_addr(&p, a))
			return true;
	return false;
}

static bool
bits_equal(const uint8_t *a, const uint8_t *b, unsigned bits)
{
	uint8_t mask = (uint8_t)(0xff << (8 - bits % 8));

	if (memcmp(a, b, bits / 8) != 0)
		return false;
	return bits % 8 == 0 || ((a[bits / 8] ^ b[bits / 8]) & mask) == 0;
}

enum err
prefix_parse(struct text t, struct prefix *out)
{
	struct text address = text_cut(&t, '/');
	bool has_slash = t.p != NULL && t.p != address.p + address.len;
	struct prefix p;
	uint64_t len;
	unsigned max;

	if (addr_parse(address, &p.addr) != OK)
		return ERR_SYNTAX;
	max = p.addr.family == 4 ? 32 : 128;
	if (!has_slash) {
		*out = (struct prefix){p.addr, (uint8_t)max};
		return OK;
	}
	/* ::ffff:a.b.c.d/n counts the 96 bits that addr_parse took away. */
	if (p.addr.family == 4 && text_find_byte(address, ':') != SIZE_MAX)
		return ERR_SYNTAX;
	if (text_to_u64(t, max, &len) != OK)
		return ERR_SYNTAX;
	p.len = (uint8_t)len;
	for (unsigned bit = p.len; bit < max; bit++)
		if ((p.addr.b[bit / 8] & (0x80 >> bit % 8)) != 0)
			return ERR_RANGE;
	*out = p;
	return OK;
}

const char *
prefix_format(const struct prefix *p, char out[PREFIX_TEXT])
{
	char address[ADDR_TEXT];

	addr_format(&p->addr, address);
	if (p->len == (p->addr.family == 4 ? 32 : 128))
		snprintf(out, PREFIX_TEXT, "%s", address);
	else
		snprintf(out, PREFIX_TEXT, "%s/%u", address, p->len);
	return out;
}

bool
prefix_has_addr(const struct prefix *p, const struct addr *a)
{
	return p->addr.family == a->family && bits_equal(p->addr.b, a->b, p->len);
}

static enum err
parse_port(struct text t, uint16_t *out)
{
	uint64_t port;

	if (text_to_u64(t, 65535, &port) != OK || port == 0)
		return ERR_SYNTAX;
	*out = (uint16_t)port;
	return OK;
}

enum err
endpoint_parse(struct text t, struct endpoint *out)
{
	struct endpoint e = {.port = 0};
	struct text port = TEXT_NONE;
	size_t at = text_find_byte(t, '@'), close;

	if (at != SIZE_MAX) {
		port = text_from(t, at + 1);
		t = text_upto(t, at);
		if (port.len == 0)
			return ERR_SYNTAX;
	} else if (t.len != 0 && t.p[0] == '[') {
		close = text_find_byte(t, ']');
		if (close == SIZE_MAX)
			return ERR_SYNTAX;
		port = text_from(t, close + 1);
		t = text_from(text_upto(t, close), 1);
		if (port.len == 1 || (port.len != 0 && port.p[0] != ':'))
			return ERR_SYNTAX;
		port = text_from(port, 1);
	} else if ((at = text_find_byte(t, ':')) != SIZE_MAX && text_rfind(t, TEXT(":")) == at) {
		port = text_from(t, at + 1);
		t = text_upto(t, at);
		if (port.len == 0)
			return ERR_SYNTAX;
	}
	if (addr_parse(t, &e.addr) != OK)
		return ERR_SYNTAX;
	if (port.len != 0 && parse_port(port, &e.port) != OK)
		return ERR_SYNTAX;
	*out = e;
	return OK;
}

const char *
endpoint_format(const struct endpoint *e, char out[ENDPOINT_TEXT])
{
	char address[ADDR_TEXT];

	addr_format(&e->addr, address);
	if (e->port == 0)
		snprintf(out, ENDPOINT_TEXT, "%s", address);
	else
		snprintf(out, ENDPOINT_TEXT, e->addr.family == 6 ? "[%s]:%u" : "%s:%u", address,
			e->port);
	return out;
}

socklen_t
endpoint_to_sockaddr(const struct endpoint *e, struct sockaddr_storage *out)
{
	struct sockaddr_in in = {.sin_family = AF_INET, .sin_port = htons(e->port)};
	struct sockaddr_in6 in6 = {.sin6_family = AF_INET6, .sin6_port = htons(e->port)};

	memset(out, 0, sizeof(*out));
	if (e->addr.family == 4) {
		memcpy(&in.sin_addr, e->addr.b, 4);
		memcpy(out, &in, sizeof(in));
		return sizeof(in);
	}
	memcpy(&in6.sin6_addr, e->addr.b, 16);
	memcpy(out, &in6, sizeof(in6));
	return sizeof(in6);
}

struct endpoint
endpoint_from_sockaddr(const struct sockaddr *sa)
{
	struct endpoint e = {.addr = addr_from_sockaddr(sa)};
	in_port_t port = 0;

	if (sa->sa_family == AF_INET)
		memcpy(&port, (const char *)sa + offsetof(struct sockaddr_in, sin_port),
			sizeof(port));
	else if (sa->sa_family == AF_INET6)
		memcpy(&port, (const char *)sa + offsetof(struct sockaddr_in6, sin6_port),
			sizeof(port));
	e.port = ntohs(port);
	return e;
}
