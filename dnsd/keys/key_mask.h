/* key_mask.h - query keys (orbl/query_key.h) are never written down: who has one is its owner.
 *
 * Nor what may be one with a slip of the pen: a label with nearly as many characters of base32.
 */
#ifndef DNSD_KEY_MASK_H
#define DNSD_KEY_MASK_H

#include "wire_name.h"

/* Copy a name with '*' for each label that may be a key. Returns the length. */
size_t key_mask_name(const uint8_t *wire, size_t len, uint8_t out[WIRE_NAME_MAX]);
/* The same in a name's text, in place. */
void key_mask_text(char *name);
/* Overwrite such labels of the question of a message by as many '*'; and what has the form of a key
 * behind its length wherever it is, as the message may be malformed, or cut. */
void key_mask_message(uint8_t *message, size_t len);

#endif
