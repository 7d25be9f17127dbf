/* audit_record.h - one record of the audit log: its canonical form, hash and signature.
 *
 *	record     {"action":A,"author":A,"detail":D,"seq":N,"subject":S,"time":T}
 *	hash       BLAKE2b-256 of the 32 bytes of the hash before, then the bytes of the record
 *	signature  Ed25519 of the 32 bytes of the hash
 *	line       {"hash":H,"previous":H,"record":RECORD,"signature":S} in lower-case hexadecimal
 *
 * Record and line are canonical JSON (RFC 8785): there is one way to write each. The first record
 * is number 1, and the hash before it is all zeros. docs/audit-log.md says how to check a log with
 * other programs.
 */
#ifndef ORBL_AUDIT_RECORD_H
#define ORBL_AUDIT_RECORD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <orbl/err.h>
#include <orbl/text.h>

enum {
	AUDIT_HASH = 32,
	AUDIT_SIGNATURE = 64,
	AUDIT_PUBLIC = 32, /* bytes of the key to check with */
	AUDIT_SECRET = 64, /* and of the one to sign with */
	AUDIT_AUTHOR = 72, /* sizes of texts with their NUL; what is longer is cut */
	AUDIT_ACTION = 40,
	AUDIT_SUBJECT = 264,
	AUDIT_DETAIL = 4096,
	AUDIT_RECORD_MAX = 2 * (AUDIT_AUTHOR + AUDIT_ACTION + AUDIT_SUBJECT + AUDIT_DETAIL) + 128,
	AUDIT_LINE_MAX = AUDIT_RECORD_MAX + 2 * (2 * AUDIT_HASH + AUDIT_SIGNATURE) + 64,
};

struct audit_record {
	uint64_t seq;   /* from 1, without gaps */
	int64_t time_s; /* 0 or more */
	char author[AUDIT_AUTHOR], action[AUDIT_ACTION];
	char subject[AUDIT_SUBJECT], detail[AUDIT_DETAIL];
};

struct audit_entry {
	struct audit_record record;
	uint8_t previous[AUDIT_HASH], hash[AUDIT_HASH];
	bool is_signed;
	uint8_t signature[AUDIT_SIGNATURE];
};

/* Copy what may stand in a record: printable ASCII and UTF-8; any other byte becomes '?'. Cut at
 * size - 1 bytes, never within a character. s may be NULL. */
void audit_record_text(const char *s, char *out, size_t size);
/* The canonical form and its length; record's texts must be such as audit_record_text makes. */
size_t audit_record_json(const struct audit_record *r, char out[AUDIT_RECORD_MAX]);

/* The hash of record and previous. */
void audit_entry_hash(const struct audit_entry *x, uint8_t out[AUDIT_HASH]);
/* Set hash, and signature when there is a key. */
void audit_entry_seal(struct audit_entry *x, const uint8_t secret[AUDIT_SECRET]);
void audit_entry_sign(struct audit_entry *x, const uint8_t secret[AUDIT_SECRET]);
/* Is the hash that of the record, and the signature that of the hash? Unsigned is not. */
bool audit_entry_is_whole(const struct audit_entry *x);
bool audit_entry_is_signed_by(const struct audit_entry *x, const uint8_t key[AUDIT_PUBLIC]);
/* Is it a record "key" of the key that has signed it? */
bool audit_entry_names_key(const struct audit_entry *x, uint8_t key[AUDIT_PUBLIC]);

/* The line and its length, without a line end. */
size_t audit_entry_line(const struct audit_entry *x, char out[AUDIT_LINE_MAX]);
/* Read one, without its line end. It must be as audit_entry_line writes it, byte for byte, else
 * ERR_SYNTAX and *offset is where it is not. Nothing else is checked. */
enum err audit_entry_read(struct text line, struct audit_entry *out, size_t *offset) ORBL_NODISCARD;

void audit_hex(const uint8_t *bytes, size_t len, char *out); /* 2 * len + 1 bytes */
/* All of it, lower case. */
enum err audit_from_hex(struct text hex, uint8_t *out, size_t len) ORBL_NODISCARD;

#endif
