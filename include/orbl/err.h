/* err.h - "could not do it", with a sentence for the administrator.
 *
 * A function that can fail returns enum err; when it also takes a struct error *, it
 * leaves there one complete sentence: what failed, in which file and line, and, where
 * there is one, the remedy. Outcomes of the field (open, closed, denied ...) are other
 * enums and never mixed with these.
 */
#ifndef ORBL_ERR_H
#define ORBL_ERR_H

#include <orbl/compiler.h>

enum err {
	OK = 0,
	ERR_MEMORY,      /* out of memory */
	ERR_IO,          /* a system call failed; the message has strerror */
	ERR_FULL,        /* disk full or a limit of ours reached */
	ERR_SYNTAX,      /* text or bytes that do not follow their grammar */
	ERR_RANGE,       /* well formed, out of its bounds */
	ERR_CORRUPT,     /* a file of ours that fails its checks */
	ERR_NOT_FOUND,   /* no such thing */
	ERR_REFUSED,     /* we will not, by rule; the message names the rule */
	ERR_TIMEOUT,     /* the peer took too long */
	ERR_UNSUPPORTED, /* a version or a form that is not ours to read */
};

struct error {
	enum err code;
	char text[512]; /* always terminated; printable */
};

/* Name of a code for logs and JSON, such as "corrupt". Never NULL. */
const char *err_name(enum err code);

/* Fill e (may be NULL) and return code, so that a caller can write
 * `return error_set(e, ERR_SYNTAX, "%s:%u: ...", file, line);`. */
enum err error_set(struct error *e, enum err code, const char *fmt, ...) ORBL_PRINTF(3, 4);

/* The same for a failed system call: appends ": " and strerror(errno). ENOSPC and EDQUOT
 * become ERR_FULL, everything else ERR_IO. */
enum err error_errno(struct error *e, const char *fmt, ...) ORBL_PRINTF(2, 3);

#endif
