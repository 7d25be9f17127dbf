/* container.h - files that are no lines of text: Windows Event Logs, XML, a journal's export.
 *
 * A container is a row of the table in container.c; it is chosen by the first bytes of the
 * file, or by name. It is fed in chunks of any size, keeps a bounded part, gives entries to its
 * sink, and goes on behind what is damaged.
 */
#ifndef ANALYZER_CONTAINER_H
#define ANALYZER_CONTAINER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <orbl/err.h>
#include <orbl/text.h>

#include "event_record.h"
#include "log_line.h"

enum { CONTAINER_HEAD = 4096 };

struct container_sink {
	void *context;
	/* What is lent is dead on return. Not OK ends the reading with that code. number: 1-based
	 * line at which the entry starts. */
	enum err (*line)(const struct log_line *s, uint64_t number, void *context);
	enum err (*event)(const struct event_record *e, void *context);
	/* Something that cannot be read: where is a record number, or 0 when there is none;
	 * printable reason, "chunk 3 at byte 196608: checksum is wrong". */
	void (*trouble)(uint64_t where, const char *reason, void *context);
};

struct container {
	const char *name; /* as --format takes it */
	const char *help;
	/* head: the first CONTAINER_HEAD bytes of the file, or all of it when it is shorter; after
	 * UTF-16 has become UTF-8. */
	bool (*knows)(struct text head);
	void *(*open)(const struct container_sink *sink); /* kept; NULL: out of memory */
	enum err (*feed)(void *c, const void *bytes, size_t len);
	enum err (*finish)(void *c); /* the input is at its end */
	void (*close)(void *c);      /* NULL ok */
};

const struct container *container_row(size_t i); /* NULL behind the last */
const struct container *container_find(const char *name);
const struct container *container_recognise(struct text head); /* NULL: lines */

#endif
