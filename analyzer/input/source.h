/* source.h - a descriptor to read from to its end, and how far that is. */
#ifndef ANALYZER_INPUT_SOURCE_H
#define ANALYZER_INPUT_SOURCE_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <orbl/err.h>

struct source {
	int fd, wake_fd; /* wake_fd: when it can be read from, a wait for fd is over */
	bool is_regular; /* reading does not wait for a stranger */
	_Atomic bool woken;
	_Atomic uint64_t done;
	uint64_t total; /* bytes when it was opened; 0: not known */
	char *name;
};

/* name "-": standard input. */
enum err source_open(struct source *s, const char *name, struct error *e) ORBL_NODISCARD;
void source_close(struct source *s);
/* *got: 0 at the end, and when source_wake was called. */
enum err source_read(struct source *s, void *bytes, size_t size, size_t *got,
	struct error *e) ORBL_NODISCARD;
/* From another thread: end a source_read that waits, and all that follow. */
void source_wake(struct source *s);

#endif
