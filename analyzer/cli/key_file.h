/* key_file.h - the file of query keys (orbl/query_key.h), changed as one step. */
#ifndef ANALYZER_KEY_FILE_H
#define ANALYZER_KEY_FILE_H

#include <orbl/query_key.h>

struct key_file {
	const char *path;
	int lock;    /* of its directory: one change at a time; -1: only read */
	bool is_new; /* there is none yet */
	char *bytes; /* all of it; "" of a new one */
	size_t len;
};

/* It may be missing, and is empty then. A line that is no key is an error, which names it. */
enum err
key_file_open(struct key_file *f, const char *path, bool to_change, struct error *e) ORBL_NODISCARD;
void key_file_close(struct key_file *f);

/* The next key, from *rest on, which is f's bytes at first; false: no more. line, if not NULL, is
 * all of it with its end. */
bool key_file_next(struct text *rest, struct query_key *out, struct text *line);

enum err
key_file_add(const struct key_file *f, const struct query_key *k, struct error *e) ORBL_NODISCARD;
/* The keys that wanted says lose their right; *count of them. */
enum err key_file_revoke(const struct key_file *f,
	bool (*wanted)(const struct query_key *k, const void *context), const void *context,
	size_t *count, struct error *e) ORBL_NODISCARD;

#endif
