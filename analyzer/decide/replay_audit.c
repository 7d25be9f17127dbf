#include "replay_audit.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include <sodium.h>

#include <orbl/audit_record.h>
#include <orbl/store_trail.h>

enum { HASH_TEXT = 2 * AUDIT_HASH + 1, BEGIN = 128, DETAIL = 256 };

/* BLAKE2b-256 of one text, or of two with a NUL between them. */
static void
hash_of(const char *first, const char *second, char out[HASH_TEXT])
{
	crypto_generichash_state state;
	uint8_t hash[AUDIT_HASH];

	crypto_generichash_init(&state, NULL, 0, sizeof(hash));
	crypto_generichash_update(&state, (const uint8_t *)first, strlen(first) + (second != NULL));
	if (second != NULL)
		crypto_generichash_update(&state, (const uint8_t *)second, strlen(second));
	crypto_generichash_final(&state, hash, sizeof(hash));
	audit_hex(hash, sizeof(hash), out);
}

/* Is the newest record that begins so the wanted one, or goes on from it? */
static enum err
compare(struct store *s, const struct addr *host, const char *action, const char *begin,
	const char *wanted, bool *same, struct error *e)
{
	char detail[DETAIL];
	enum err err = store_trail_find(s, host, action, begin, detail, sizeof(detail), e);

	*same = detail[0] == '\0' || strncmp(detail, wanted, strlen(wanted)) == 0;
	return err;
}

enum err
replay_audit_decision(struct store *s, const struct store_decision *d, bool *same, struct error *e)
{
	char hash[HASH_TEXT], begin[BEGIN], wanted[DETAIL];

	hash_of(d->inputs, d->result, hash);
	snprintf(begin, sizeof(begin), "decision %" PRIu64 ", ", d->id);
	snprintf(wanted, sizeof(wanted), "%s%.32s, content %s", begin, d->kind, hash);
	return compare(s, &d->host, "decided", begin, wanted, same, e);
}

enum err
replay_audit_probe(struct store *s, const struct store_probe *p, bool *same, struct error *e)
{
	char hash[HASH_TEXT], begin[BEGIN], wanted[DETAIL];

	hash_of(p->result, NULL, hash);
	snprintf(begin, sizeof(begin), "probe %" PRIu64 ", ", p->id);
	snprintf(wanted, sizeof(wanted), "%s%.32s, result %s: ", begin,
		p->verdict != NULL ? p->verdict : "not made", hash);
	return compare(s, &p->host, "probed", begin, wanted, same, e);
}
