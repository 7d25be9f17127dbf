/* relay_table.h - the lookup tables of Postfix that can be read as text.
 *
 * texthash:, hash:, btree: and lmdb: are the same file of "key value" lines (the last three
 * compiled, then the text beside them is read); cidr: is a list of networks, the first that
 * matches counts; inline: and static: stand in main.cf itself. A table of another type, or one
 * whose file is not there, is unread: it has no entries, and a warning said so.
 */
#ifndef ANALYZER_RELAY_TABLE_H
#define ANALYZER_RELAY_TABLE_H

#include <stdbool.h>
#include <stddef.h>

#include <orbl/addr.h>
#include <orbl/text.h>

#include "relay_model.h"

enum relay_table_kind {
	RELAY_TABLE_UNREAD,
	RELAY_TABLE_KEYS,
	RELAY_TABLE_CIDR,
	RELAY_TABLE_STATIC
};

enum relay_cidr_step { RELAY_CIDR_NET, RELAY_CIDR_IF, RELAY_CIDR_ENDIF };

struct relay_table_entry {
	const char *text; /* "key value", printable */
	unsigned key_len; /* the value stands behind the blank */
	unsigned line;
	unsigned end; /* of an "if": index of its "endif" */
	struct prefix net;
	bool negated;
	enum relay_cidr_step step;
};

struct relay_table {
	char *name; /* "texthash:clients", as main.cf says it */
	char *file; /* NULL: stands in main.cf */
	enum relay_table_kind kind;
	struct relay_table_entry *entries; /* keys: sorted, lower case */
	size_t count, room;
	char *bytes; /* what the entries point into */
	unsigned passed_over;
	bool names_told; /* that names of clients are not looked up */
};

/* White space as Postfix takes it. */
static inline bool
relay_table_is_space(char c)
{
	return c == ' ' || (c >= '\t' && c <= '\r');
}

static inline struct text
relay_table_trim(struct text t)
{
	while (t.len != 0 && relay_table_is_space(t.p[0]))
		t = text_from(t, 1);
	while (t.len != 0 && relay_table_is_space(t.p[t.len - 1]))
		t.len--;
	return t;
}

/* Where a main.cf looks for its files. */
struct relay_folder {
	struct text here;     /* folder of main.cf, without the last '/'; empty: the current one */
	struct text declared; /* config_directory, which "here" stands for */
};

/* A path that main.cf names, as a path to open. False when it lies elsewhere than in the
 * folder, or does not fit; a main.cf that lies in its config_directory may name any path. */
bool relay_folder_path(const struct relay_folder *folder, struct text path, char *out, size_t size);

/* Read a "type:name" that stands on a line of the source. Only memory, size limits and damaged
 * cidr: and inline: tables are errors. */
enum err relay_table_open(struct text name, const struct relay_folder *folder, unsigned line,
	const struct relay_source *source, struct relay_table **out) ORBL_NODISCARD;
void relay_table_free(struct relay_table *t); /* NULL ok */

/* The entry of a key, NULL: none. A partial key (a parent domain, a network) is no question for
 * a cidr: table. */
const struct relay_table_entry *
relay_table_find(const struct relay_table *t, struct text key, bool partial);
struct text relay_table_value(const struct relay_table_entry *e);

/* Of the readers: an entry "key value" at bytes, which stay. */
enum err relay_table_add(struct relay_table *t, const struct relay_table_entry *e,
	const struct relay_source *source) ORBL_NODISCARD;
enum err relay_cidr_take(struct relay_table *t, struct relay_table_entry *e,
	const struct relay_source *source) ORBL_NODISCARD;
enum err relay_cidr_finish(struct relay_table *t, const struct relay_source *source) ORBL_NODISCARD;
const struct relay_table_entry *relay_cidr_find(const struct relay_table *t, const struct addr *a);
/* "192.0.2.0/24", "[2001:db8::]/32" or an address; [::ffff:192.0.2.0]/120 matches none. Bits
 * outside the mask are ERR_RANGE. */
enum err relay_net_parse(struct text t, struct prefix *out) ORBL_NODISCARD;

#endif
