/* follow_file.h - a log file that is appended to and rotated, followed by name.
 *
 * Rotation by rename, or by copying and truncating; when several have happened since the position
 * that is kept, the rest of the old file comes first, wherever it is, then those between, then
 * the file of that name. A file is left only when the next one has something in it. Looks at
 * the file each time it is asked, so that it works on every kind of file system.
 */
#ifndef ANALYZER_FOLLOW_FILE_H
#define ANALYZER_FOLLOW_FILE_H

#include "follow_source.h"

enum {
	FOLLOW_CHUNK = 64 * 1024,
	FOLLOW_QUIET_MS = 1000 /* so long must a renamed file be, before it is left */
};

/* The file need not exist yet; its directory must. */
enum err
follow_file_open(const char *name, struct follow_source *out, struct error *e) ORBL_NODISCARD;

#endif
