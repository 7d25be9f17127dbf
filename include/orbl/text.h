/* text.h - slices of text that somebody else owns.
 *
 * A struct text borrows bytes: no terminator, may hold NUL. Parsers cut slices out of
 * the line buffer and copy nothing. Nothing here can read past the slice.
 */
#ifndef ORBL_TEXT_H
#define ORBL_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <orbl/compiler.h>
#include <orbl/err.h>

struct text {
	const char *p; /* may be NULL only when len is 0 */
	size_t len;
};

#define TEXT(literal) ((struct text){(literal), sizeof(literal) - 1})
#define TEXT_NONE     ((struct text){NULL, 0})
/* For printf("%.*s", TEXT_ARG(t)); the slice must be shorter than INT_MAX. */
#define TEXT_ARG(t) (int)(t).len, (t).p != NULL ? (t).p : ""

struct text text_of(const char *s);                  /* s may be NULL: empty */
struct text text_trim(struct text t);                /* without blanks and tabs at both ends */
struct text text_from(struct text t, size_t offset); /* offset beyond the end: empty */
struct text text_upto(struct text t, size_t len);

bool text_equal(struct text a, struct text b);
bool text_equal_nocase(struct text a, struct text b); /* ASCII only */
bool text_has_prefix(struct text t, struct text prefix);
bool text_has_suffix(struct text t, struct text suffix);

/* Offset of the first (last) occurrence, or SIZE_MAX. */
size_t text_find(struct text t, struct text needle);
size_t text_rfind(struct text t, struct text needle);
size_t text_find_byte(struct text t, char c);

/* Take the part before the first sep out of *rest; *rest becomes what follows it. When
 * there is no sep the whole of *rest is taken and *rest becomes empty. */
struct text text_cut(struct text *rest, char sep);

/* Take the next line without its LF or CRLF. False at the end. */
bool text_next_line(struct text *rest, struct text *line);

/* The whole slice as a decimal number without sign, at most max. ERR_SYNTAX when it is
 * not all digits or empty, ERR_RANGE when above max. */
enum err text_to_u64(struct text t, uint64_t max, uint64_t *out) ORBL_NODISCARD;

/* Copy at most size - 1 bytes and terminate; bytes outside printable ASCII become '?'.
 * Returns the length written. What came from outside is printed through this only. */
size_t text_printable(struct text t, char *out, size_t size);

#endif
