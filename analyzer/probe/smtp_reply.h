/* smtp_reply.h - one SMTP reply, read as it comes (RFC 5321 section 4.2).
 *
 * Takes any cutting of the bytes into pieces; a reply is complete at the end of its last
 * line ("250 ..."), never before. Pure and bounded: a line, the number of lines and the whole
 * are limited, and a reply beyond its limits is over, for good. Of a line only its beginning is
 * kept, as much as anybody shows: thousands of replies are read at once.
 */
#ifndef ANALYZER_SMTP_REPLY_H
#define ANALYZER_SMTP_REPLY_H

#include <stddef.h>

#include <orbl/text.h>

enum {
	SMTP_REPLY_LINE_MAX = 8192, /* bytes of a line, without its end */
	SMTP_REPLY_LINES_MAX = 100,
	SMTP_REPLY_BYTES_MAX = 65536,
	SMTP_REPLY_TEXT = 1024,
	SMTP_REPLY_KEPT = 1024, /* bytes of a line that are told */
};

enum smtp_reply_state {
	SMTP_REPLY_MORE, /* not complete yet */
	SMTP_REPLY_COMPLETE,
	SMTP_REPLY_GARBAGE, /* not the grammar of a reply */
	SMTP_REPLY_TOO_BIG,
};

/* Called for each line, without its end, at most SMTP_REPLY_KEPT of it; dead on return. */
typedef void smtp_reply_line_fn(struct text line, void *context);

struct smtp_reply {
	enum smtp_reply_state state;
	int code; /* of the last line, 200..599 */
	size_t lines, bytes;
	char text[SMTP_REPLY_TEXT]; /* printable; the lines, with " / " between, code only once */
	size_t text_len;
	smtp_reply_line_fn *line_fn; /* may be NULL */
	void *context;
	size_t line_len; /* of the line so far */
	char last;       /* its last byte */
	char line[SMTP_REPLY_KEPT];
};

void smtp_reply_init(struct smtp_reply *r, smtp_reply_line_fn *line_fn, void *context);
/* Ready for the next reply, with the same line_fn. */
void smtp_reply_reset(struct smtp_reply *r);
/* Read on; *used tells how many of the bytes belong to this reply (what follows a complete
 * reply is left). Once the state is not MORE, nothing more is used. */
enum smtp_reply_state
smtp_reply_feed(struct smtp_reply *r, const void *bytes, size_t len, size_t *used);
const char *smtp_reply_state_text(enum smtp_reply_state s);

#endif
