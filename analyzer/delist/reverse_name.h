/* reverse_name.h - an address as the DNS names it: its parts reversed, below a domain. */
#ifndef ANALYZER_REVERSE_NAME_H
#define ANALYZER_REVERSE_NAME_H

#include <orbl/addr.h>

enum { REVERSE_NAME = 256 };

/* "5.2.0.192.DOMAIN", or 32 nibbles. ERR_RANGE when DOMAIN leaves no room. */
enum err reverse_name_below(const struct addr *a, const char *domain, char out[REVERSE_NAME],
	struct error *e) ORBL_NODISCARD;
/* LABEL below the address in in-addr.arpa or ip6.arpa. */
enum err reverse_name_arpa(const struct addr *a, const char *label, char out[REVERSE_NAME],
	struct error *e) ORBL_NODISCARD;

#endif
