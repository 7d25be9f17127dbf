/* rbldnsd_dn.h - domain names as rbldnsd's files have them, to wire form.
 *
 * Dots too many, wherever they are, do not count. A backslash takes what follows as it is, or up
 * to three digits of it as the number of a byte.
 */
#ifndef FEEDS_RBLDNSD_DN_H
#define FEEDS_RBLDNSD_DN_H

#include <stdbool.h>
#include <stdint.h>

#include <orbl/text.h>

enum { RBLDNSD_DN_MAX = 255 };

/* The whole of a word; *len counts the root's 0, which may be all there is. False: it is none, or
 * too long. */
bool rbldnsd_dn_parse(struct text word, uint8_t wire[RBLDNSD_DN_MAX], size_t *len);
/* The same in lower case, for keys; no name at all is refused. */
bool rbldnsd_dn_parse_key(struct text word, uint8_t wire[RBLDNSD_DN_MAX], size_t *len);

#endif
