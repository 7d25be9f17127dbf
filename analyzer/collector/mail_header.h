/* mail_header.h - the header of a message, as strangers write it (RFC 5322 section 2.2).
 *
 * Nothing is refused: what is no field is passed over, what is too long is cut. Lines end
 * with LF or CRLF.
 */
#ifndef ANALYZER_MAIL_HEADER_H
#define ANALYZER_MAIL_HEADER_H

#include <stdbool.h>
#include <stddef.h>

#include <orbl/text.h>

enum { MAIL_FIELD_MAX = 1024 };

struct mail_field {
	struct text name;           /* lends from the message; without blanks */
	char value[MAIL_FIELD_MAX]; /* unfolded, printable, trimmed */
};

/* Take the next field out of *rest. False at the header's end: the empty line after it is then
 * taken, too. */
bool mail_header_next(struct text *rest, struct mail_field *out);
/* Take the next line, a folded field's each by itself, printable and with blanks for tabs. False
 * at the header's end. */
bool mail_header_line(struct text *rest, char *out, size_t size);
bool mail_field_is(const struct mail_field *f, const char *name);

#endif
