/* prefix_file.h - a file of prefixes, one a line, that is followed: read again when it changes.
 *
 * A file is read whole, and a line that is not understood spoils all of it, as nobody can tell who
 * is meant: then the list that could be read last stays in force.
 *
 *	plain  a prefix; "#" begins a comment
 *	safe   a prefix or a range of IPv4 addresses, behind which a name may stand; also what
 *	       rbldnsd reads as ip4set, ip4trie and ip6trie: "192.0.2.0/24 :127.0.10.1:Name". Bits
 *	       outside the mask are passed over; so are its exclusions ("!"), settings ("$") and
 *	       default values (":"): what is safe is rather too much than too little.
 */
#ifndef ANALYZER_PREFIX_FILE_H
#define ANALYZER_PREFIX_FILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/stat.h>

#include <orbl/addr.h>
#include <orbl/err.h>
#include <orbl/text.h>

enum prefix_file_kind { PREFIX_FILE_PLAIN, PREFIX_FILE_SAFE };

enum {
	PREFIX_FILE_BYTES_MAX = 8 << 20,
	PREFIX_FILE_ROWS_MAX = 100000, /* plain */
	PREFIX_FILE_SAFE_BYTES_MAX = 64 << 20,
	PREFIX_FILE_SAFE_ROWS_MAX = 1000000,
	/* Shorter ones are no list of safe hosts but a mistake. */
	PREFIX_FILE_SAFE_IPV4 = 8,
	PREFIX_FILE_SAFE_IPV6 = 16,
	PREFIX_FILE_NAME = 64
};

struct prefix_row {
	struct prefix prefix;
	uint32_t line;
	uint32_t name; /* its place in names */
};

struct prefix_rows {
	size_t count;
	struct prefix_row *rows;
	char *names; /* printable, each with its NUL, the first is "" */
};

/* path is for errors, which name file and line; after one *out is empty. */
enum err prefix_rows_parse(struct text bytes, const char *path, enum prefix_file_kind kind,
	struct prefix_rows *out, struct error *e) ORBL_NODISCARD;
enum err prefix_rows_read(const char *path, enum prefix_file_kind kind, struct prefix_rows *out,
	struct error *e) ORBL_NODISCARD;
void prefix_rows_free(struct prefix_rows *r);

/* --- following it --- */

struct prefix_file {
	const char *path; /* kept; "": no file, its list is empty */
	enum prefix_file_kind kind;
	struct prefix_rows rows; /* the last that could be read */
	struct stat seen;
	int64_t looked_s, since_s;
	uint64_t generation; /* grows with each list; 0: none yet */
	bool has_looked, good;
	struct error told; /* the trouble that was told of */
};

void prefix_file_init(struct prefix_file *f, const char *path, enum prefix_file_kind kind);
void prefix_file_close(struct prefix_file *f);
/* Read it again when it has changed; looks at it once a second. Not OK: rows are not what the file
 * says, and this is the first time it is told of; the error says why. */
enum err prefix_file_refresh(struct prefix_file *f, int64_t now_s, struct error *e) ORBL_NODISCARD;
/* Why rows are not what the file says; "": they are. */
const char *prefix_file_trouble(const struct prefix_file *f);

#endif
