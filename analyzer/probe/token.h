/* token.h - what proves that a message is ours: an unguessable local part.
 *
 * 28 characters of lower-case base32 (RFC 4648 alphabet, no padding): 8 bytes of payload
 * (probe id, case, hour) and 9 bytes of HMAC-SHA256. Recipient and sender tokens have
 * different keys, so that neither can pass for the other. Compared without regard to
 * case: relays change it. Only [a-z2-7]: '+', '.', '-', '=' do not survive rewriting.
 */
#ifndef ANALYZER_TOKEN_H
#define ANALYZER_TOKEN_H

#include <stdbool.h>
#include <stdint.h>

#include <orbl/err.h>
#include <orbl/text.h>

enum { TOKEN_KEY_BYTES = 32, TOKEN_TEXT = 29 };

struct token {
	uint64_t probe_id; /* below 2^40 */
	uint8_t case_index;
	uint16_t hour;  /* of its making, epoch / 3600 modulo 65536 */
	bool to_sender; /* made for the return path */
};

void token_format(const struct token *t, const uint8_t key[TOKEN_KEY_BYTES], char out[TOKEN_TEXT]);
/* ERR_REFUSED when it is not a token of this key, ERR_RANGE when older than max_age_hours. */
enum err token_parse(struct text local_part, const uint8_t key[TOKEN_KEY_BYTES], int64_t now_s,
	unsigned max_age_hours, struct token *out) ORBL_NODISCARD;

enum { TOKEN_CANDIDATES_MAX = 50 };
struct token_search {
	uint8_t derived[32];
	uint64_t probe_id;
	uint16_t hour;
	unsigned left; /* words that look like tokens, before it is given up */
};
/* For tokens to recipients, made for the same probe as like. */
void token_search_begin(struct token_search *s, const uint8_t key[TOKEN_KEY_BYTES],
	const struct token *like);
/* The next one in *rest; what is before it is taken out of *rest, and it. Other tokens are passed
 * over, however old this one is. False at the end, of the text or of the search: a stranger fills a
 * message with forgeries for nothing. */
bool token_find(struct text *rest, struct token_search *s, struct token *out);

#endif
