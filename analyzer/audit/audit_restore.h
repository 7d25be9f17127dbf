/* audit_restore.h - a store that is older than what was published: it comes from a backup.
 *
 * What tells of the time that is lost: audit.file, with records that the store does not have, and
 * the published list, with a serial that the store has not given yet. Records that follow the
 * store's last are taken over. Listings that were removed in that time end again, also when the
 * store has gone ways of its own since (the file then is put aside). When the file does not tell
 * all until the serial that is in service (it is not there, has lines that are not ours, or ends
 * before), nothing says what was removed, and no listing is believed.
 */
#ifndef ANALYZER_AUDIT_RESTORE_H
#define ANALYZER_AUDIT_RESTORE_H

#include <orbl/conf.h>
#include <orbl/store.h>

#include "audit_file.h"

/* Compare store and files, mend what is to be mended, and say so. file NULL: there is none. */
enum err audit_restore(const struct conf *conf, struct store *store, struct audit_file *file,
	const uint8_t key[AUDIT_PUBLIC], int64_t now_s, struct error *e) ORBL_NODISCARD;
/* Is the file empty, or its last record one of the store's? Then it only lacks what follows. */
enum err audit_restore_knows(struct store *store, const struct audit_file *file, bool *knows,
	struct error *e) ORBL_NODISCARD;

#endif
