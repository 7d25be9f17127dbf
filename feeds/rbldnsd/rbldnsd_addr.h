/* rbldnsd_addr.h - addresses as rbldnsd's files have them.
 *
 * A function that takes cuts what it read off the front of *t, which is as it was when the function
 * fails. Those that return a text return NULL, or the reason why not.
 */
#ifndef FEEDS_RBLDNSD_ADDR_H
#define FEEDS_RBLDNSD_ADDR_H

#include "rbldnsd.h"

/* "1", "1.2", "1.2.3" or "1.2.3.4": the octets from the top of *out. */
bool rbldnsd_take_octets(struct text *t, uint32_t *out, unsigned *count);
/* A decimal number up to max; leading zeros are decimal, too. */
bool rbldnsd_take_number(struct text *t, uint32_t max, uint32_t *out);
/* The bits of an IPv4 address behind a prefix of so many. */
uint32_t rbldnsd_host_mask(unsigned bits);
/* "10/8", "1.2.3", "1.2.3.4/30": an address or the front of one (two octets at least), and the
 * length behind it or else that of the octets. With host_bits bits outside are cleared. */
const char *rbldnsd_take_prefix4(struct text *t, bool host_bits, uint32_t *a, unsigned *len);
/* An IPv6 address without a length: eight words, fewer with "::" (then *len is 128), or the
 * front of one, of *len = 16 bits a word. */
bool rbldnsd_take_words(struct text *t, uint8_t out[16], unsigned *len);
/* "2001:db8::/32", "2001:db8", "1/16": the same, and a length if there is one. */
const char *rbldnsd_take_prefix6(struct text *t, bool host_bits, struct addr *a, unsigned *len);
/* The last address of a prefix. */
struct addr rbldnsd_last6(const struct addr *a, unsigned len);
/* False: the line was rejected, as larger than $MAXRANGE4. */
bool rbldnsd_may_range(struct rbldnsd_set *s, uint32_t low, uint32_t high);
/* Is what follows an address something else: a blank, a comment, a value, or the end? */
bool rbldnsd_is_end(struct text t);

/* --- prefixes met ---------------------------------------------------------- */

/* In a trie the first of two equal prefixes counts. A key is the length + 1 and the address, of
 * IPv4 in one word, of IPv6 in three; a free place is 0. */
enum { RBLDNSD_KEY_WORDS = 3 };

struct rbldnsd_seen {
	size_t words, count, slot_count;
	uint64_t *places;
};

/* Add a prefix; *is_new: it was not there. */
enum err rbldnsd_seen_add(struct rbldnsd_seen *seen, const struct addr *a, unsigned len,
	bool *is_new) ORBL_NODISCARD;

#endif
