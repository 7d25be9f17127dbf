/* file.h - files that are read whole within a limit, and replaced whole or not at all. */
#ifndef ORBL_FILE_H
#define ORBL_FILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include <orbl/err.h>

/* Read a whole regular file of at most max bytes. On OK the caller frees *bytes; a NUL
 * is put behind the last byte (not counted). ERR_FULL when it is larger than max; a
 * directory, pipe or device is ERR_IO. */
enum err
file_read(const char *path, size_t max, char **bytes, size_t *len, struct error *e) ORBL_NODISCARD;

/* Replace a file as one step: write a temporary file in the same directory, fsync it,
 * keep the old file as PATH.prev, rename, fsync the directory. After an error the old file
 * is still in place and the temporary one is gone; a failed fsync is never retried. Only when
 * the directory cannot be synced the new file is in place, whole, and might not survive a
 * power loss: the error tells. */
struct file_replacement {
	int fd;              /* write here; -1 when not open */
	bool drops_previous; /* the caller may set it: no PATH.prev is kept */
	char path[4096];
	char temporary[4096];
};
enum err file_replace_begin(struct file_replacement *r, const char *path, mode_t mode,
	struct error *e) ORBL_NODISCARD;
enum err file_replace_commit(struct file_replacement *r, struct error *e) ORBL_NODISCARD;
void file_replace_abort(struct file_replacement *r); /* after commit: does nothing */

/* When a file cannot be read, or a new one cannot be made beside it, for want of rights: e tells
 * more, namely who needs which. shown is the path, or "it"; option names the user. */
void file_explain_denied(const char *path, const char *shown, const char *option, struct error *e);
void file_explain_directory(const char *path, const char *option, struct error *e);

/* A file made, renamed or removed in its directory survives a power loss from here on. */
enum err file_sync_directory(const char *path, struct error *e) ORBL_NODISCARD;

/* Write all of it, over short writes and EINTR. */
enum err file_write_all(int fd, const void *bytes, size_t len, struct error *e) ORBL_NODISCARD;

#endif
