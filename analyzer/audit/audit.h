/* audit.h - the audit log of a running analyzer: its key, its copy beside the store, its head.
 *
 *	store_audit_add       a record in the transaction of what it is about (store_listing.h):
 *	                      chained to the one before, signed with audit.key
 *	audit_copy            the file audit.file has all that is committed: one JSON object a line.
 *	                      To be called before what was done is published
 *	audit_daily_head      what the zone tells the world, so that the log cannot be written anew
 *
 * The file outlives a store that is restored from a backup: what was removed from the list
 * after the backup was made is removed again at the start (audit_restore.h). The format of
 * both is in docs/audit-log.md.
 */
#ifndef ANALYZER_AUDIT_H
#define ANALYZER_AUDIT_H

#include <stdbool.h>
#include <stdint.h>

#include <orbl/conf.h>
#include <orbl/store.h>

struct audit;

enum { AUDIT_HEAD_TEXT = 112 };

/* Load the key, made at the first start, and give it to the store; chain and sign what is not
 * yet; look whether the store is older than audit.file or the published list, and mend it then;
 * bring the file up to date. Keeps the store. */
enum err audit_open(const struct conf *conf, struct store *store, int64_t now_s, struct audit **out,
	struct error *e) ORBL_NODISCARD;
void audit_close(struct audit *a); /* NULL ok */

/* Append to the file what is committed and not there yet, and fsync it. a may be NULL: there is
 * no file. */
enum err audit_copy(struct audit *a, int64_t now_s, struct error *e) ORBL_NODISCARD;
/* From time to time: records of submissions that go on, and the copy. Trouble is logged. */
void audit_keep(struct audit *a, int64_t now_s); /* NULL ok */
/* In hexadecimal. */
const char *audit_public_key(const struct audit *a);

/* "2026-08-22:1234:HASH" of the last record of a day that is over: the day, the record's number and
 * its hash in hexadecimal. "" when no record is that old. For the TXT record of _status, as
 * audit=...; cheap enough for each publication. */
enum err audit_daily_head(struct store *s, int64_t now_s, char out[AUDIT_HEAD_TEXT],
	struct error *e) ORBL_NODISCARD;

/* A snapshot or delta is in its place: its serial, the BLAKE2b-256 of the file and the head of
 * the log it was made from become a record. COMMITs. */
enum err audit_publication(struct store *s, const char *path, uint32_t serial, int64_t now_s,
	struct error *e) ORBL_NODISCARD;

/* orbl-analyzer --restored: the store comes from a backup, and nothing beside it tells what was
 * removed since. Every listing ends, and what rested on a test is tested again at once. */
enum err audit_distrust(struct store *s, int64_t now_s, struct error *e) ORBL_NODISCARD;

#endif
