/* utf16.h - little-endian UTF-16 of Windows structures, as UTF-8.
 *
 * Half surrogates become U+FFFD; NUL is left out, since nothing that reads a text expects it.
 */
#ifndef ANALYZER_UTF16_H
#define ANALYZER_UTF16_H

#include <stddef.h>
#include <stdint.h>

enum { UTF16_GROWTH = 3 }; /* bytes of UTF-8 for one unit, at most */

/* units: 16-bit units at p, any alignment. out: units * UTF16_GROWTH bytes. Returns the length. */
size_t utf16_to_utf8(const uint8_t *p, size_t units, char *out);

#endif
