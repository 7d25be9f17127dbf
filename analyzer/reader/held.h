/* held.h - denials that wait for a later line of their session.
 *
 * Bounded: when a denial finds no room the oldest ones are given out as they are. Those of
 * one key, and all of them at the end, are given out in the order they came in.
 */
#ifndef ANALYZER_HELD_H
#define ANALYZER_HELD_H

#include <stddef.h>

#include <orbl/err.h>
#include <orbl/text.h>

#include "denial.h"

enum { HELD_MAX = 4096, HELD_BYTES_MAX = 8 << 20, HELD_KEY_MAX = 128 };

struct held;

typedef enum err held_fn(const struct denial *d, void *context);

/* fn gets what is given out; what it returns ends the call that gave it. NULL: out of memory. */
struct held *held_new(held_fn *fn, void *context);
void held_free(struct held *h); /* NULL ok; what is held is lost */
size_t held_count(const struct held *h);

/* Keep a copy. A key that is empty, too long or has a NUL in it is none: d is given out at once. */
enum err held_add(struct held *h, struct text key, const struct denial *d) ORBL_NODISCARD;
/* Give out those of the key, with what they lack from more. */
enum err held_release(struct held *h, struct text key, const struct denial *more) ORBL_NODISCARD;
enum err held_flush(struct held *h) ORBL_NODISCARD;

#endif
