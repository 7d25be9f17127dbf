/* score_record_part.h - what writing and reading a score record share. */
#ifndef ANALYZER_SCORE_RECORD_PART_H
#define ANALYZER_SCORE_RECORD_PART_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Lower-case hexadecimal digits; out has 2 * len + 1 bytes. */
void score_record_hex(const uint8_t *bytes, size_t len, char *out);
/* Exactly 2 * len of them. */
bool score_record_unhex(const char *text, uint8_t *out, size_t len);

#endif
