/* store_kept.h - the last that could be read of a file which must not be missed, such as a list of
 * who is safe: what is in force while the file is broken, also after a restart.
 */
#ifndef ORBL_STORE_KEPT_H
#define ORBL_STORE_KEPT_H

#include <stddef.h>
#include <stdint.h>

#include <orbl/store.h>
#include <orbl/text.h>

/* In place of what was kept under this name; what is the same is not written again. */
enum err store_kept_put(struct store *s, const char *name, struct text bytes, int64_t now_s,
	struct error *e) ORBL_NODISCARD;
/* *bytes is to be freed; NULL: nothing is kept. */
enum err store_kept_get(struct store *s, const char *name, char **bytes, size_t *len,
	int64_t *kept_s, struct error *e) ORBL_NODISCARD;

#endif
