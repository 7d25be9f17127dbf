/* rbldnsd.h - compiling data sets of rbldnsd(8): what all types of them share.
 *
 *	feed.c -> rbldnsd_compile -> line by line -> type->line -> snapshot_builder
 *	            special entries     |
 *	            "$WORD ..."         '-> rbldnsd_value_class (A and TXT) -> a class, reserved
 *	          at the end: variables are put into the texts, the classes are defined
 *
 * A source is what is compiled into one snapshot: its files, read as one. It has one data set,
 * or a container (type combined) and the data sets in it. Special entries count for the whole data
 * set even before their line; that is why a class is reserved when its value is met and defined
 * when all is read. Where the manual page and the program (1.0pre) differ the program is
 * followed; what is different on purpose is in docs/rbldnsd-differences.md.
 *
 * A new type is a row in rbldnsd.c and a file rbldnsd_TYPE.c with its functions.
 */
#ifndef FEEDS_RBLDNSD_H
#define FEEDS_RBLDNSD_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include <orbl/feed.h>
#include <orbl/snapshot_builder.h>

#include "feed_lines.h"
#include "rbldnsd_special.h"

struct rbldnsd_set;
struct rbldnsd_source;

/* --- types --- */

/* Functions with an error return it only for what ends the compiling, as a whole sentence
 * (rbldnsd_fail); a line that cannot be used they reject (rbldnsd_reject) and return OK. Those that
 * may be NULL are so marked. */
struct rbldnsd_type {
	const char *name;
	bool is_container; /* has data sets in it, and none itself */
	bool one_default;  /* the first default counts, for all entries in all files */
	bool is_whole;     /* one bad line and nothing of the source is used */
	enum snapshot_action default_action; /* of entries without a value */
	/* A line that is not empty, no comment and no special entry, without blanks around. */
	enum err (*line)(struct rbldnsd_set *s, struct text line, struct error *e);
	/* NULL, or: add the lines at the front of block that are of the commonest form, quickly;
	 * all that is odd is left to line. block begins with a line; *used are the bytes of whole
	 * lines taken (with their LF), *lines how many. */
	enum err (*block)(struct rbldnsd_set *s, struct text block, size_t *used, size_t *lines,
		struct error *e);
	/* NULL, or: a special entry (without its dollar) that only this type has, or that it
	 * does not have. *taken: it is dealt with. That of a container is asked for the lines of
	 * the sets in it too, first; s is the set in force. */
	enum err (*special)(struct rbldnsd_set *s, struct text line, bool *taken, struct error *e);
	/* NULL, or: all files are read. Called before classes are defined. */
	enum err (*end)(struct rbldnsd_set *s, struct error *e);
	/* NULL: one zone, "", that has this set; or make the zones. Called last, only for the type
	 * that the source is of. */
	enum err (*zones)(struct rbldnsd_source *source, struct error *e);
	/* NULL: free(s->state); or release it. */
	void (*release)(struct rbldnsd_set *s);
};

const struct rbldnsd_type *rbldnsd_type_find(struct text name); /* NULL: there is none */
const char *rbldnsd_type_names(void);                           /* for messages */

/* --- a data set being compiled --- */

enum { RBLDNSD_A = 0x7f000002 }; /* what is listed without a value */

struct rbldnsd_value {
	enum snapshot_action action;
	uint32_t a;       /* host order */
	struct text text; /* as in the file, before substitution; lent */
};

/* The values met, interned: each has a reserved class. */
struct rbldnsd_values {
	size_t count, room, bytes_len, bytes_room, slot_count;
	struct rbldnsd_value_row *rows;
	char *bytes;
	uint64_t *slots; /* upper half of the hash, and the row's number + 1; 0: free */
	size_t last;     /* row of the line before */
};

struct rbldnsd_set {
	struct rbldnsd_source *source;
	const struct rbldnsd_type *type;
	const struct rbldnsd_set *parent; /* of a data set in a container; else NULL */
	size_t index;                     /* of its set in the builder; a container has none */
	size_t used_lines;
	struct rbldnsd_specials specials; /* met so far; complete when type->end is called */
	struct rbldnsd_values values;
	enum snapshot_action default_action; /* ":A:TXT" in force */
	uint32_t default_a;
	bool has_default; /* a line said so */
	size_t default_len;
	char default_text[FEED_LINE_MAX];
	uint32_t default_class; /* SNAPSHOT_NOT_LISTED: not reserved yet */
	void *state;            /* the type's own, zero-initialised NULL */
};

struct rbldnsd_source {
	const struct feed_options *options;
	const struct feed_source *what;
	int64_t now_s;
	struct snapshot_builder *builder;
	size_t file;                 /* which one is being read */
	struct feed_lines lines;     /* of it */
	struct rbldnsd_set *current; /* takes the lines; the last new set, or the file's first */
	size_t set_count;
	struct rbldnsd_set *sets[SNAPSHOT_SETS_MAX]; /* the first is what the source is of */
};

/* A further data set, which takes the lines from now on until the file ends. It inherits nothing:
 * variables and TTL that it does not have are looked up in parent when all is read. */
enum err rbldnsd_set_new(struct rbldnsd_source *source, const struct rbldnsd_type *type,
	const struct rbldnsd_set *parent, struct error *e) ORBL_NODISCARD;
/* The TTL of its records, right only when all is read. */
uint32_t rbldnsd_set_ttl(const struct rbldnsd_set *s);
/* A TTL that a file names, within the bounds of the options. */
uint32_t rbldnsd_bound_ttl(const struct rbldnsd_source *source, uint32_t ttl_s);
/* SOA, NS and TTL as the set's special entries give them; lends from s. */
void rbldnsd_set_apex(const struct rbldnsd_set *s, struct snapshot_apex *out);

/* The current line is not used: told as FILE:LINE: reason, and counted. */
#define rbldnsd_reject(s, ...) feed_lines_reject(&(s)->source->lines, __VA_ARGS__)
/* A line is used after all, but not all of it: told the same way. */
#define rbldnsd_warn(s, ...) feed_lines_warn(&(s)->source->lines, __VA_ARGS__)
/* FILE:LINE: reason as an error. */
#define rbldnsd_fail(s, e, code, ...) feed_lines_fail(&(s)->source->lines, e, code, __VA_ARGS__)

/* --- values: A and TXT (rbldnsd_value.c) --- */

/* The class of an entry by what follows its key: nothing or a comment (the default), "TXT", ":A"
 * or ":A:TXT". OK with SNAPSHOT_NOT_LISTED: the line was rejected. */
enum err rbldnsd_value_class(struct rbldnsd_set *s, struct text t, uint32_t *id,
	struct error *e) ORBL_NODISCARD;
/* The class of the default in force. */
enum err rbldnsd_default_class(struct rbldnsd_set *s, uint32_t *id, struct error *e) ORBL_NODISCARD;
/* The class of a value made by the caller. */
enum err rbldnsd_value_intern(struct rbldnsd_set *s, const struct rbldnsd_value *value,
	uint32_t *id, struct error *e) ORBL_NODISCARD;
/* Parse "TXT", ":A" or ":A:TXT"; *value has what counts for the parts that are missing, and
 * is changed. False: the line was rejected. */
bool rbldnsd_value_read(struct rbldnsd_set *s, struct text t, struct rbldnsd_value *value);
/* A line ":A:TXT": the default of what follows, to the end of the file (but see one_default). */
void rbldnsd_default_read(struct rbldnsd_set *s, struct text line);
void rbldnsd_default_set(struct rbldnsd_set *s, const struct rbldnsd_value *value);
/* At the begin of a data set, and of a file: the type's action, 127.0.0.2, no text. */
void rbldnsd_default_reset(struct rbldnsd_set *s);
/* All is read: define the classes. */
enum err rbldnsd_values_define(struct rbldnsd_set *s, struct error *e) ORBL_NODISCARD;
void rbldnsd_values_free(struct rbldnsd_values *v);

/* --- small tools --- */

static inline bool
rbldnsd_is_blank(char c)
{
	return c == ' ' || c == '\t';
}

static inline bool
rbldnsd_is_comment(char c)
{
	return c == '#' || c == ';';
}

/* --- compiling --- */

/* Read the files of the source, which is of kind FEED_RBLDNSD, and write the snapshot to fd. */
enum err rbldnsd_compile(const struct feed_source *source, const struct feed_options *options,
	int64_t now_s, int fd, struct feed_warnings *warnings, struct error *e) ORBL_NODISCARD;

/* --- the types' functions, in the order of the table in rbldnsd.c --- */

enum err rbldnsd_ip4set_line(struct rbldnsd_set *s, struct text line, struct error *e);
enum err rbldnsd_ip4tset_block(struct rbldnsd_set *s, struct text block, size_t *used,
	size_t *lines, struct error *e);
enum err rbldnsd_ip4trie_line(struct rbldnsd_set *s, struct text line, struct error *e);
enum err rbldnsd_ip4tset_line(struct rbldnsd_set *s, struct text line, struct error *e);
enum err rbldnsd_ip6trie_line(struct rbldnsd_set *s, struct text line, struct error *e);
enum err rbldnsd_ip6tset_line(struct rbldnsd_set *s, struct text line, struct error *e);
void rbldnsd_trie_release(struct rbldnsd_set *s);
enum err rbldnsd_dnset_line(struct rbldnsd_set *s, struct text line, struct error *e);
enum err rbldnsd_generic_line(struct rbldnsd_set *s, struct text line, struct error *e);
enum err rbldnsd_generic_end(struct rbldnsd_set *s, struct error *e);
void rbldnsd_generic_release(struct rbldnsd_set *s);
enum err rbldnsd_combined_line(struct rbldnsd_set *s, struct text line, struct error *e);
enum err
rbldnsd_combined_special(struct rbldnsd_set *s, struct text line, bool *taken, struct error *e);
enum err rbldnsd_combined_zones(struct rbldnsd_source *source, struct error *e);
enum err rbldnsd_acl_line(struct rbldnsd_set *s, struct text line, struct error *e);
enum err rbldnsd_acl_special(struct rbldnsd_set *s, struct text line, bool *taken, struct error *e);
enum err rbldnsd_acl_zones(struct rbldnsd_source *source, struct error *e);

#endif
