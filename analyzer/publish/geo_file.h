/* geo_file.h - one MaxMind database: read into memory, looked up, read again when it changes.
 *
 * The file is copied into memory, so that one that is written in place, or cut, while it is
 * looked up hurts nobody. What it holds is not believed: a lookup in a corrupt one says nothing.
 */
#ifndef ANALYZER_GEO_FILE_H
#define ANALYZER_GEO_FILE_H

#include <stddef.h>
#include <stdint.h>

#include <orbl/addr.h>

enum { GEO_FILE_MAX = 512 << 20, GEO_PATH = 4 /* keys on the way to a value, and NULL */ };

struct geo_file;

/* Opens path, which is copied; what it is for, such as "AS numbers", is kept. NULL: no memory.
 * That the file cannot be used is logged. */
struct geo_file *geo_file_new(const char *path, const char *what);
void geo_file_free(struct geo_file *f); /* NULL ok */
/* Open it again when it is another file than it was, or was written to; the old one stays until
 * the new one is read. Missing or corrupt: nothing is known, which is logged once. */
void geo_file_refresh(struct geo_file *f);

/* What one lookup may ask for: path ends with NULL; either text or number is set. */
struct geo_field {
	const char *path[GEO_PATH];
	char *text; /* made printable; untouched when it is not there */
	size_t size;
	uint32_t *number; /* untouched when it is not there */
};
void geo_file_look(struct geo_file *f, const struct addr *a, const struct geo_field *fields,
	size_t count);

#endif
