#include "control_proof.h"

#include <stdio.h>
#include <string.h>

#include <sodium.h>

#include <orbl/store_listing.h>

enum { SECRET_BYTES = 24, HASH_BYTES = 16 };

static const char record[] = "orbl-verify=";

enum err
control_proof_begin(struct store *s, const struct addr *host, bool anew, int64_t now_s,
	struct store_control *out, struct error *e)
{
	uint8_t bytes[SECRET_BYTES];
	char secret[2 * SECRET_BYTES + 1];
	enum err err = store_control_get(s, host, out, e);
	bool good = out->proved_s != 0 || now_s - out->made_s < CONTROL_PROOF_S;

	if (err != OK || (!anew && out->made_s != 0 && good))
		return err;
	randombytes_buf(bytes, sizeof(bytes));
	sodium_bin2hex(secret, sizeof(secret), bytes, sizeof(bytes));
	err = store_control_begin(s, host, secret, now_s, e);
	return err == OK ? store_control_get(s, host, out, e) : err;
}

const char *
control_proof_token(const struct store_control *control, const struct addr *host, const char *means,
	char out[CONTROL_TOKEN])
{
	char text[ADDR_TEXT + 16], address[ADDR_TEXT];
	uint8_t hash[HASH_BYTES];

	snprintf(text, sizeof(text), "%s %s", means, addr_format(host, address));
	crypto_generichash(hash, sizeof(hash), (const unsigned char *)text, strlen(text),
		(const unsigned char *)control->secret, strlen(control->secret));
	return sodium_bin2hex(out, CONTROL_TOKEN, hash, sizeof(hash));
}

enum err
control_proof_name(const struct addr *host, char out[REVERSE_NAME], struct error *e)
{
	return reverse_name_arpa(host, "_orbl-verify", out, e);
}

bool
control_proof_is_in(const struct txt_answer *answer, const char *token)
{
	for (size_t i = 0; i < answer->count; i++) {
		struct text t = text_trim(text_of(answer->records[i]));

		if (text_has_prefix(t, text_of(record)) &&
			text_equal_nocase(text_from(t, strlen(record)), text_of(token)))
			return true;
	}
	return false;
}

bool
control_proof_is_mailed(const struct store_control *control, const struct addr *host,
	struct text token, int64_t now_s)
{
	char wanted[CONTROL_TOKEN], given[CONTROL_TOKEN];

	if (control->mailed_s < control->made_s || control->made_s == 0 ||
		now_s - control->made_s >= CONTROL_PROOF_S || token.len != CONTROL_TOKEN - 1)
		return false;
	text_printable(token, given, sizeof(given));
	for (char *c = given; *c != '\0'; c++)
		if (*c >= 'A' && *c <= 'F')
			*c = (char)(*c - 'A' + 'a');
	control_proof_token(control, host, "mail", wanted);
	return sodium_memcmp(wanted, given, CONTROL_TOKEN - 1) == 0;
}

enum err
control_proof_done(struct store *s, const struct addr *host, const char *means, const char *author,
	int64_t now_s, struct error *e)
{
	char address[ADDR_TEXT];
	enum err err = store_control_proved(s, host, means, now_s, e);

	if (err != OK)
		return err;
	return store_audit_add(s,
		&(struct store_audit){.time_s = now_s,
			.author = author,
			.action = "prove",
			.subject = addr_format(host, address),
			.detail = means},
		e);
}
