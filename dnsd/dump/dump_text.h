/* dump_text.h - names and strings of records as text (RFC 1035 section 5.1). */
#ifndef DNSD_DUMP_TEXT_H
#define DNSD_DUMP_TEXT_H

#include "dump_out.h"

/* The bytes of a whole name at the front of rdata, or 0. */
size_t dump_text_measure(struct text rdata);
/* A name in wire form, up to its byte len, and no dot at its end. */
void dump_text_name(struct dump_out *out, const uint8_t *wire, size_t len);
/* A whole one, with the dot of the root. */
void dump_text_absolute(struct dump_out *out, const uint8_t *wire);
/* "..." with what has a meaning in quotes escaped. */
void dump_text_string(struct dump_out *out, struct text t);

#endif
