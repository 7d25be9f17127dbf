/* control_proof.h - the tokens by which somebody proves that he is in charge of a host.
 *
 * One secret a host, made when the first one asks, good for CONTROL_PROOF_S; from it a token for
 * each way. That for the DNS is told to everybody who asks: the proof is that it stands in the
 * reverse zone. That for mail is told to nobody: the proof is to have read the postmaster's mail.
 */
#ifndef ANALYZER_CONTROL_PROOF_H
#define ANALYZER_CONTROL_PROOF_H

#include <stdbool.h>
#include <stdint.h>

#include <orbl/addr.h>
#include <orbl/store_delisting.h>
#include <orbl/text.h>

#include "reverse_name.h"
#include "txt_answer.h"

enum {
	CONTROL_TOKEN = 33, /* 128 bits as hexadecimal digits */
	CONTROL_PROOF_S = 7 * 86400,
	CONTROL_MAIL_EVERY_S = 86400,
};

/* The secret of the host, a new one when there is none, it is too old, or a new one is wanted.
 * Inside a transaction. */
enum err control_proof_begin(struct store *s, const struct addr *host, bool anew, int64_t now_s,
	struct store_control *out, struct error *e) ORBL_NODISCARD;
/* means: "dns" or "mail". Returns out. */
const char *control_proof_token(const struct store_control *control, const struct addr *host,
	const char *means, char out[CONTROL_TOKEN]);
/* Where the record is looked for, and what it says: "orbl-verify=TOKEN". */
enum err
control_proof_name(const struct addr *host, char out[REVERSE_NAME], struct error *e) ORBL_NODISCARD;
bool control_proof_is_in(const struct txt_answer *answer, const char *token);
/* Is this the token that was mailed? In a time that does not tell how much of it is right. */
bool control_proof_is_mailed(const struct store_control *control, const struct addr *host,
	struct text token, int64_t now_s);
/* Writes it down, with an audit record. Inside a transaction. */
enum err control_proof_done(struct store *s, const struct addr *host, const char *means,
	const char *author, int64_t now_s, struct error *e) ORBL_NODISCARD;

#endif
