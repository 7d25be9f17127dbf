/* unpack_formats.h - the functions of the rows in unpack.c. */
#ifndef ANALYZER_INPUT_UNPACK_FORMATS_H
#define ANALYZER_INPUT_UNPACK_FORMATS_H

#include "unpack.h"

/* RFC 1952, any number of members. */
void *unpack_gzip_open(void);
enum err unpack_gzip_step(void *u, struct unpack_io *io, bool is_last, struct error *e);
bool unpack_gzip_is_complete(const void *u);
void unpack_gzip_close(void *u);

/* The .xz format, any number of streams with padding between them. */
void *unpack_xz_open(void);
enum err unpack_xz_step(void *u, struct unpack_io *io, bool is_last, struct error *e);
bool unpack_xz_is_complete(const void *u);
void unpack_xz_close(void *u);

/* RFC 8878, any number of frames, and skippable ones. */
void *unpack_zstd_open(void);
enum err unpack_zstd_step(void *u, struct unpack_io *io, bool is_last, struct error *e);
bool unpack_zstd_is_complete(const void *u);
void unpack_zstd_close(void *u);

#endif
