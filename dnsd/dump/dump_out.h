/* dump_out.h - where a dump goes: a stream, or a file that is replaced only when it differs.
 *
 *	bytes -> same as FILE so far?  yes: nothing is written
 *	                               no:  FILE.new = what was the same + the rest, fsync, rename
 *
 * An error is kept: what is written after it goes nowhere, and dump_out_close tells it.
 */
#ifndef DNSD_DUMP_OUT_H
#define DNSD_DUMP_OUT_H

#include <string.h>

#include <orbl/file.h>
#include <orbl/text.h>

enum { DUMP_OUT_BUFFER = 1 << 18, DUMP_OUT_ROOM = 1 << 14 };

struct dump_out {
	size_t len;           /* in the buffer */
	uint64_t bytes;       /* before it */
	int stream;           /* -1: a file */
	int old;              /* FILE as it is; -1: it differs, or is not there */
	bool failed;          /* with the reason in error */
	const char *progress; /* what is written, for a line on a terminal; NULL: no such line */
	int64_t shown_ms;     /* when it was last written; 0: not yet */
	struct file_replacement file; /* fd is -1 until something differs */
	struct error error;
	char buffer[DUMP_OUT_BUFFER];
};

void dump_out_stream(struct dump_out *o, int fd, const char *progress);
void dump_out_file(struct dump_out *o, const char *path, const char *progress);
/* All is written: put the file into place. *changed: it was another one, or none. After an error
 * the file is as it was. */
enum err dump_out_close(struct dump_out *o, bool *changed, struct error *e) ORBL_NODISCARD;
/* Nothing comes of it: the file stays as it is. */
void dump_out_abort(struct dump_out *o);

void dump_out_flush(struct dump_out *o);

/* Where the next bytes go, at most DUMP_OUT_ROOM of them; then dump_out_took. */
static inline char *
dump_out_room(struct dump_out *o)
{
	if (o->len > sizeof(o->buffer) - DUMP_OUT_ROOM)
		dump_out_flush(o);
	return o->buffer + o->len;
}

static inline void
dump_out_took(struct dump_out *o, const char *end)
{
	o->len = (size_t)(end - o->buffer);
}

static inline void
dump_out_char(struct dump_out *o, char c)
{
	*dump_out_room(o) = c;
	o->len++;
}

/* Of any length. */
void dump_out_bytes(struct dump_out *o, const void *bytes, size_t len);
void dump_out_print(struct dump_out *o, const char *fmt, ...) ORBL_PRINTF(2, 3);

static inline void
dump_out_text(struct dump_out *o, struct text t)
{
	dump_out_bytes(o, t.p, t.len);
}

/* --- numbers, for the many --- */

static inline char *
dump_put_octet(char *p, unsigned n)
{
	if (n >= 100)
		*p++ = (char)('0' + n / 100);
	if (n >= 10)
		*p++ = (char)('0' + n / 10 % 10);
	*p++ = (char)('0' + n % 10);
	return p;
}

static inline char *
dump_put_ipv4(char *p, uint32_t a)
{
	p = dump_put_octet(p, a >> 24);
	*p++ = '.';
	p = dump_put_octet(p, a >> 16 & 0xff);
	*p++ = '.';
	p = dump_put_octet(p, a >> 8 & 0xff);
	*p++ = '.';
	return dump_put_octet(p, a & 0xff);
}

static inline char *
dump_put_u32(char *p, uint32_t n)
{
	char digits[10];
	size_t len = 0;

	do
		digits[len++] = (char)('0' + n % 10);
	while ((n /= 10) != 0);
	while (len != 0)
		*p++ = digits[--len];
	return p;
}

#endif
