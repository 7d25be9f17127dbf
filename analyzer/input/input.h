/* input.h - bytes of logs from where they are: files, compressed or not, standard input.
 *
 * gzip, zstd and xz are known by their first bytes, whatever the name; several compressed members
 * one after the other are one log. A second thread unpacks while the caller parses. Memory is
 * bounded: some buffers of 256 KiB, and what the format's window needs (unpack.h); a file that
 * needs more is refused. A file that grows is read to the end that is found.
 */
#ifndef ANALYZER_INPUT_H
#define ANALYZER_INPUT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <orbl/err.h>
#include <orbl/text.h>

struct input;

/* name "-": standard input. The error names the file. ERR_UNSUPPORTED for a directory and for
 * compressed formats that are known and not read. Waits for the first bytes of a pipe. */
enum err input_open(const char *name, struct input **out, struct error *e) ORBL_NODISCARD;
void input_close(struct input *in); /* NULL ok */
/* The next bytes, lent until the next call; empty at the end. ERR_CORRUPT for damaged
 * or cut compressed data: everything in front of the damage was given out. ERR_REFUSED: the
 * window is too large. */
enum err input_read(struct input *in, struct text *out, struct error *e) ORBL_NODISCARD;
/* How much of the file itself is read, compressed as it is; total 0 when it is not known. */
void input_progress(const struct input *in, uint64_t *done, uint64_t *total);

/* Call fn for path itself when it is no directory, else for each regular file below it, sorted by
 * name: 16 levels, hidden files passed over, symbolic links inside not followed. What cannot be
 * gone into is given to fn, too, so that input_open tells why. Ends when fn returns not OK. */
typedef enum err input_file_fn(const char *name, void *context);
enum err
input_walk(const char *path, input_file_fn *fn, void *context, struct error *e) ORBL_NODISCARD;

#endif
