/* rbldnsd_trie.h - entries that are prefixes, of which the longest around an address answers:
 * types ip4trie, ip6trie and acl.
 */
#ifndef FEEDS_RBLDNSD_TRIE_H
#define FEEDS_RBLDNSD_TRIE_H

#include "rbldnsd_addr.h"

struct rbldnsd_prefix {
	struct addr low, high;
	unsigned len;
};

/* Take a prefix off the front of *t; NULL, or the reason why not. */
const char *rbldnsd_trie_take4(struct text *t, bool host_bits, struct rbldnsd_prefix *out);
const char *rbldnsd_trie_take6(struct text *t, bool host_bits, struct rbldnsd_prefix *out);
/* Add it; an equal one that was before is what counts. The set's state becomes the trie's. */
enum err rbldnsd_trie_add(struct rbldnsd_set *s, const struct rbldnsd_prefix *p, uint32_t class_id,
	struct error *e) ORBL_NODISCARD;

#endif
