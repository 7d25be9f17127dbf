/* conf_scan.h - what libconfuse would misread is settled before it sees the text.
 *
 * libconfuse 3.3 counts the lines of comments wrongly, takes the end of the file for the end
 * of a string, a comment or a section, skips characters it does not know, and replaces
 * ${NAME} by the environment. Its lexer also stays inside a string after an error, so that
 * the next file would be read as the rest of it.
 */
#ifndef FEEDS_BASE_CONF_SCAN_H
#define FEEDS_BASE_CONF_SCAN_H

#include <stdint.h>

#include <orbl/err.h>

/* Blank the comments of a terminated text in place, keeping its lines. On error *line is
 * where the fault begins and e has the reason and the remedy, without file and line. */
enum err conf_scan(char *text, uint32_t *line, struct error *e) ORBL_NODISCARD;

#endif
