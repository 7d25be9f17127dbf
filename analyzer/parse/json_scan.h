/* json_scan.h - the members of a JSON object on one line (RFC 8259), without memory of its own.
 *
 * Values inside values are passed over by their brackets and quotes alone: a line that is
 * not quite JSON may pass, but no text in a string can end it or start a member.
 */
#ifndef ANALYZER_PARSE_JSON_SCAN_H
#define ANALYZER_PARSE_JSON_SCAN_H

#include <stdbool.h>
#include <stddef.h>

#include <orbl/text.h>

struct json_member {       /* as it stands there */
	struct text name;  /* between its quotes */
	struct text value; /* a string with its quotes */
};

/* Take "{". */
bool json_scan_open(struct text *rest);
/* The next member; false behind the last and at what is no JSON. */
bool json_scan_member(struct text *rest, struct json_member *out);
/* Was "}" the last? Then *rest is what follows it. */
bool json_scan_close(struct text *rest);

/* The same of an array, whose value it is. */
bool json_scan_open_array(struct text *rest);
bool json_scan_element(struct text *rest, struct text *value);

/* What a string means. out has room for as many bytes as the value has; a string without
 * escapes is not copied. A surrogate alone is U+FFFD. False when it is no string. */
bool json_scan_string(struct text value, char *out, struct text *text);

#endif
