/* utf8_length.h - telling UTF-8 from other bytes (RFC 3629). */
#ifndef ANALYZER_UTF8_LENGTH_H
#define ANALYZER_UTF8_LENGTH_H

#include <stddef.h>

#include <orbl/text.h>

/* Bytes of the character at the start of t, 0 when there is none: also when it is overlong, a
 * surrogate, above U+10FFFF, or cut by the end of t (section 4). */
size_t utf8_length(struct text t);

#endif
