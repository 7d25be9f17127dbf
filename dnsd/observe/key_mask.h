/* key_mask.h - query keys (orbl/query_key.h) are never written down: who has one is its owner. */
#ifndef DNSD_KEY_MASK_H
#define DNSD_KEY_MASK_H

#include "wire_name.h"

/* Copy a name with '*' for each label that is a key by its form. Returns the length. */
size_t key_mask_name(const uint8_t *wire, size_t len, uint8_t out[WIRE_NAME_MAX]);
/* Overwrite such labels of the question of a message, if it has any, by as many '*'. Names after it
 * point to it, or have no key. */
void key_mask_message(uint8_t *message, size_t len);

#endif
