/* binxml_value.h - typed values of binary XML, as the text that Windows shows for them. */
#ifndef ANALYZER_BINXML_VALUE_H
#define ANALYZER_BINXML_VALUE_H

#include <stddef.h>
#include <stdint.h>

#include <orbl/text.h>

#include "event_build.h"

enum {
	BINXML_NULL = 0x00,
	BINXML_STRING = 0x01,
	BINXML_ANSI = 0x02,
	BINXML_NESTED = 0x21, /* binary XML: not for binxml_value_add */
	BINXML_ARRAY = 0x80   /* with one of the types above */
};

/* UTF-16, and text of a code page that the log does not name: beyond ASCII it is U+FFFD. */
void binxml_value_utf16(struct event_build *b, const uint8_t *p, size_t units);

/* False: there is no such type, or the value is shorter than its type. An array of strings makes
 * the open element anew for each. */
bool binxml_value_add(struct event_build *b, uint8_t type, const uint8_t *p, size_t len);

/* 100 ns since 1601; false before 1970. */
bool binxml_value_filetime(uint64_t filetime, struct stamp *out);

#endif
