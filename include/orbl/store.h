/* store.h - what the analyzer must not forget: one SQLite database in WAL mode.
 *
 * Reporters, submissions and evidence (store_evidence.h), probes and delisting requests
 * (store_probe.h), listings and the audit log (store_listing.h). The
 * analyzer is its only writer. What a function with COMMIT in its contract has returned
 * OK for survives kill -9 and power loss (synchronous=FULL). A submission counts only
 * once it is committed as a whole; what a dead analyzer left half-way is removed at the
 * next start. Hosts and prefixes are kept as text, so that sqlite3(1) reads well.
 */
#ifndef ORBL_STORE_H
#define ORBL_STORE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <orbl/err.h>

struct store;

/* Open or create, and lock (PATH.lock) against a second analyzer; removes submissions that
 * were not committed. The error says what to do about a read-only directory, a full disk,
 * a newer schema or a corrupt file. */
enum err store_open(const char *path, struct store **out, struct error *e) ORBL_NODISCARD;
/* Would store_open take it over from an older version of orbl, which cannot read it any more then?
 * False also when there is none. Changes nothing. */
bool store_is_older(const char *path);
void store_close(struct store *s); /* NULL ok */

enum err store_begin(struct store *s, struct error *e) ORBL_NODISCARD;
/* The same for a transaction whose commit need not wait for the disk: the batches of a
 * submission, which a real commit follows. */
enum err store_begin_lazily(struct store *s, struct error *e) ORBL_NODISCARD;
/* COMMIT; on failure everything since the begin is undone. */
enum err store_commit(struct store *s, struct error *e) ORBL_NODISCARD;
void store_rollback(struct store *s);

/* A number that is kept, such as the serial: add 1 and return the new one. COMMITs. */
enum err store_next_serial(struct store *s, uint32_t *serial, struct error *e) ORBL_NODISCARD;
/* A secret of len bytes, made once by make (which fills it). COMMITs. */
enum err store_secret(struct store *s, const char *name, uint8_t *bytes, size_t len,
	void (*make)(void *bytes, size_t len), struct error *e) ORBL_NODISCARD;

struct store_totals {
	uint64_t reporters, submissions, hosts, probes_waiting, probes_done, listings;
	uint32_t serial;
};
enum err store_totals(struct store *s, struct store_totals *out, struct error *e) ORBL_NODISCARD;

#endif
