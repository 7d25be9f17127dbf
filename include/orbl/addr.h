/* addr.h - IPv4 and IPv6 addresses, prefixes and endpoints (RFC 4291, 4632, 5952).
 *
 * One form for each address: an IPv4-mapped IPv6 address (::ffff:a.b.c.d) becomes IPv4
 * when it is read, so that a host has one identity however a log spells it.
 */
#ifndef ORBL_ADDR_H
#define ORBL_ADDR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>

#include <orbl/err.h>
#include <orbl/text.h>

enum { ADDR_TEXT = 46, PREFIX_TEXT = 50, ENDPOINT_TEXT = 56 }; /* buffer sizes, with the NUL */

struct addr {
	uint8_t family; /* 4 or 6; 0 is no address */
	uint8_t b[16];  /* network order; IPv4 uses b[0..3], the rest is 0 */
};

struct prefix {
	struct addr addr;
	uint8_t len; /* 0..32 or 0..128 */
};

struct endpoint {
	struct addr addr;
	uint16_t port; /* 0: none given */
};

/* Dotted quad without leading zeros, or RFC 4291 text without brackets and zone. */
enum err addr_parse(struct text t, struct addr *out) ORBL_NODISCARD;
/* RFC 5952. Returns out. */
const char *addr_format(const struct addr *a, char out[ADDR_TEXT]);
struct addr addr_from_ipv4(uint32_t host_order);
uint32_t addr_ipv4(const struct addr *a); /* host order; a->family must be 4 */
struct addr addr_from_sockaddr(const struct sockaddr *sa);
int addr_compare(const struct addr *a, const struct addr *b); /* IPv4 before IPv6 */
bool addr_equal(const struct addr *a, const struct addr *b);
/* Is it in space that no host on the Internet uses (RFC 6890 registries: private,
 * loopback, link-local, documentation, multicast, reserved)? */
bool addr_is_reserved(const struct addr *a);
/* fe80::/10, which is another one on each link; a struct addr has no scope. */
bool addr_is_link_local(const struct addr *a);
/* The next of these networks; false behind the last. */
bool addr_reserved_network(size_t i, struct prefix *out);

/* "192.0.2.0/24", "2001:db8::/32" or an address alone (/32, /128). Bits outside the
 * mask are ERR_RANGE. */
enum err prefix_parse(struct text t, struct prefix *out) ORBL_NODISCARD;
const char *prefix_format(const struct prefix *p, char out[PREFIX_TEXT]); /* no "/32", "/128" */
bool prefix_has_addr(const struct prefix *p, const struct addr *a);

/* "ADDR", "ADDR:PORT", "[V6]", "[V6]:PORT" or "ADDR@PORT"; port 0 when none is given. A
 * bare IPv6 address has no port. */
enum err endpoint_parse(struct text t, struct endpoint *out) ORBL_NODISCARD;
const char *endpoint_format(const struct endpoint *e, char out[ENDPOINT_TEXT]);
/* Fills out; returns its length. */
socklen_t endpoint_to_sockaddr(const struct endpoint *e, struct sockaddr_storage *out);
struct endpoint endpoint_from_sockaddr(const struct sockaddr *sa);

#endif
