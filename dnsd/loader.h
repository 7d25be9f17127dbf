/* loader.h - the process that compiles rbldnsd files, so that their bytes meet no parser in
 * the process that answers queries.
 *
 *	main ---- which zone, now ----> loader ---- fork ----> child: feed_compile
 *	  ^                                                      |
 *	  +---- a sealed memfd (SCM_RIGHTS), or why there is none +
 *
 * The loader is forked before any thread and knows the zones from then; a request is an
 * index. Each file is compiled in a child of its own: a crash costs one request, and the
 * memory it took is gone with it.
 */
#ifndef DNSD_LOADER_H
#define DNSD_LOADER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <orbl/feed.h>

struct loader;

enum { LOADER_WARNINGS = 2048 }; /* bytes of warnings kept of one file */

struct loader_result {
	int fd; /* a snapshot that nobody can change any more; -1: see error */
	struct error error;
	char warnings[LOADER_WARNINGS]; /* first ones, a line each */
};

/* Fork the loader. Call before any thread is made. Keeps nothing of zones: the child has
 * its copy. */
enum err loader_start(const struct feed_zone *zones, size_t count, struct loader **out,
	struct error *e) ORBL_NODISCARD;
/* End the process, whatever it does. NULL ok. */
void loader_stop(struct loader *l);

/* Readable when a result is there. */
int loader_fd(const struct loader *l);
/* One request at a time: the next one after loader_receive. */
enum err
loader_request(struct loader *l, size_t zone, int64_t now_s, struct error *e) ORBL_NODISCARD;
/* Waits for the result. ERR_IO: the loader is gone; no request can be made any more. */
enum err
loader_receive(struct loader *l, struct loader_result *out, struct error *e) ORBL_NODISCARD;

#endif
