/* safe_list.h - files of hosts and networks that are known to be good (listing.safe_lists): they
 * are never listed.
 *
 * The files are safe ones of prefix_file.h. One that has become bad, or has lost all that it had,
 * is told of, in the log and by an alarm, and the list that could be read last stays in force: it
 * is kept in the store, too.
 */
#ifndef ANALYZER_SAFE_LIST_H
#define ANALYZER_SAFE_LIST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <orbl/addr.h>
#include <orbl/conf.h>
#include <orbl/err.h>
#include <orbl/store.h>

struct safe_lists;

/* Keeps paths and store (NULL: nothing is kept). Each file must be good now, or have been so
 * once. */
enum err safe_lists_open(const struct conf_list *paths, struct store *store, int64_t now_s,
	struct safe_lists **out, struct error *e) ORBL_NODISCARD;
void safe_lists_close(struct safe_lists *s); /* NULL ok */
/* Read again the files that have changed. Trouble is logged, and an alarm. */
void safe_lists_refresh(struct safe_lists *s, int64_t now_s);
uint64_t safe_lists_generation(const struct safe_lists *s); /* grows with each new list */
/* Does the prefix hold any of them, or lie in one? Then why gets one sentence. */
bool safe_lists_has(const struct safe_lists *s, const struct prefix *p, char *why, size_t size);

#endif
