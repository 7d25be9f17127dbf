/* tsig_mac.h - what a signature covers (RFC 8945 section 4.3), by libcrypto's HMAC. */
#ifndef DNSD_TSIG_MAC_H
#define DNSD_TSIG_MAC_H

#include <openssl/evp.h>

#include "tsig.h"
#include "tsig_record.h"

/* Bytes of a whole one. */
size_t tsig_mac_size(const struct tsig_key *key);

/* NULL: libcrypto cannot, for want of memory; all below do nothing with it. */
EVP_MAC_CTX *tsig_mac_begin(const struct tsig_key *key);
/* Of bytes as they are. */
void tsig_mac_add(EVP_MAC_CTX *ctx, const void *bytes, size_t len);
/* RFC 8945 section 4.3.1: of a reply, the signature before comes first, with its length. */
void tsig_mac_add_previous(EVP_MAC_CTX *ctx, const uint8_t *mac, size_t len);
/* Section 4.3.2: the message before the record was added, with its own id. */
void tsig_mac_add_message(EVP_MAC_CTX *ctx, const uint8_t *packet, size_t len, unsigned additional,
	uint16_t id);
/* Section 4.3.3; of all replies but the first one, time and fudge alone (5.3.1). */
void tsig_mac_add_variables(EVP_MAC_CTX *ctx, const struct tsig_record *r, bool is_next);
/* Ends ctx. Returns the length; 0: there is none. */
size_t tsig_mac_end(EVP_MAC_CTX *ctx, uint8_t out[TSIG_MAC_MAX]);

#endif
