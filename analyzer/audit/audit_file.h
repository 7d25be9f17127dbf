/* audit_file.h - the copy of the audit log beside the store: audit.file, one line a record.
 *
 * Only appended to. What a dying analyzer has left of a last line is cut off. A file that is not
 * ours any more, as another program has moved or cut it, is opened anew.
 */
#ifndef ANALYZER_AUDIT_FILE_H
#define ANALYZER_AUDIT_FILE_H

#include <stdbool.h>
#include <stdint.h>

#include <orbl/audit_record.h>
#include <orbl/err.h>
#include <orbl/text.h>

struct audit_file {
	char path[4096];
	int fd;
	uint64_t size;
	bool strange;             /* its last line is none of an audit log */
	uint64_t seq;             /* of the last line; 0: the file is empty */
	uint8_t hash[AUDIT_HASH]; /* the same */
	uint64_t cut;             /* bytes of a torn line that were cut off */
};

/* Open or create it, cut what is torn, find its last record. */
enum err audit_file_open(struct audit_file *f, const char *path, struct error *e) ORBL_NODISCARD;
void audit_file_close(struct audit_file *f);
/* Is it still the file of that name, as long as we left it? */
bool audit_file_is_ours(const struct audit_file *f);
/* Whole lines, the last of which is record seq with this hash; after an error the file is as it
 * was before, or audit_file_is_ours tells. Durable with audit_file_sync. */
enum err audit_file_append(struct audit_file *f, struct text lines, uint64_t seq,
	const uint8_t hash[AUDIT_HASH], struct error *e) ORBL_NODISCARD;
enum err audit_file_sync(const struct audit_file *f, struct error *e) ORBL_NODISCARD;
/* It is kept as PATH.forked-TIME, and a new one begun. */
enum err audit_file_put_aside(struct audit_file *f, int64_t now_s, struct error *e) ORBL_NODISCARD;

/* Each line from the first on, without its line end; one that is too long to be a record is given
 * as far as there is room. */
typedef enum err audit_file_fn(struct text line, void *context);
enum err audit_file_walk(const struct audit_file *f, audit_file_fn *fn, void *context,
	struct error *e) ORBL_NODISCARD;

#endif
