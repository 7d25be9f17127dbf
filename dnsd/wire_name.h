/* wire_name.h - domain names between presentation and wire form (RFC 1035 sections 3.1, 5.1).
 *
 * A wire name is length bytes and labels, ended by the root's 0: at most 255 bytes, labels
 * of 1 to 63. Nothing here reads or writes a compression pointer.
 */
#ifndef DNSD_WIRE_NAME_H
#define DNSD_WIRE_NAME_H

#include <stddef.h>
#include <stdint.h>

#include <orbl/err.h>
#include <orbl/text.h>

enum {
	WIRE_NAME_MAX = 255,
	WIRE_NAME_LABELS_MAX = 127,
	WIRE_NAME_LABEL_MAX = 63,
	WIRE_NAME_TEXT = 1024, /* any name in presentation form, with the NUL */
};

/* "dnsbl.example.com", with or without the last dot, with \. and \DDD escapes; "" and "."
 * are the root. *len counts the root's 0. Letters keep their case. */
enum err wire_name_parse(struct text t, uint8_t out[WIRE_NAME_MAX], size_t *len) ORBL_NODISCARD;
/* A well formed wire name for logs, without the last dot. Returns out. */
const char *wire_name_format(const uint8_t *wire, char out[WIRE_NAME_TEXT]);

/* ASCII lower case. Length bytes are below 'A' and so stay as they are. */
void wire_name_lower(uint8_t *wire, size_t len);
/* Labels of a well formed name, without the root. */
size_t wire_name_labels(const uint8_t *wire);

#endif
