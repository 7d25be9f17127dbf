/* audit_key.h - the key that signs the audit log, in a file of its own.
 *
 * The file has one line, 64 hexadecimal digits: the 32 bytes of an Ed25519 private key (RFC 8032
 * section 5.1.5). Nobody but its owner may read it.
 */
#ifndef ANALYZER_AUDIT_KEY_H
#define ANALYZER_AUDIT_KEY_H

#include <orbl/audit_record.h>
#include <orbl/err.h>

struct audit_key {
	uint8_t secret[AUDIT_SECRET], public[AUDIT_PUBLIC];
	bool made; /* just now: there was none */
};

/* Read it, or make it when there is no file. To be wiped by the caller: sodium_memzero. */
enum err audit_key_load(const char *path, struct audit_key *out, struct error *e) ORBL_NODISCARD;

enum { AUDIT_KEY_TEXT = 2 * AUDIT_PUBLIC + 1, AUDIT_KEY_PEM = 128 };
/* As other programs read a public key: SubjectPublicKeyInfo (RFC 8410), in PEM. */
void audit_key_pem(const uint8_t key[AUDIT_PUBLIC], char out[AUDIT_KEY_PEM]);

#endif
