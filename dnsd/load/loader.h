/* loader.h - compiling data sets in a process of their own, so that their bytes meet no
 * parser in the process that answers queries.
 *
 *	main ---- source, options, now ----> child: feed_compile
 *	  ^                                    |
 *	  +--- a sealed memfd (SCM_RIGHTS), or why there is none
 *
 * The child is this program executed anew (main of which calls loader_serve): it inherits no
 * memory, lock or descriptor, and may be started at any time, from a process with threads. It
 * compiles one source and ends; a crash costs one request, and the memory it took is gone
 * with it. Time and memory are bounded.
 */
#ifndef DNSD_LOADER_H
#define DNSD_LOADER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <orbl/feed.h>

struct loader;

enum { LOADER_WARNINGS = 2048 }; /* bytes of warnings kept of one source */

struct loader_result {
	int fd; /* a snapshot that nobody can change any more; -1: see error */
	struct error error;
	size_t skipped;                 /* lines of its files that are not used */
	char warnings[LOADER_WARNINGS]; /* first ones, a line each */
};

/* Is this process the child? Then main does nothing but end with what loader_serve returns. */
bool loader_is_child(int argc, char *const *argv);
int loader_serve(void);

/* program is executed as the child, such as "/proc/self/exe"; kept. NULL: out of memory. */
struct loader *loader_new(const char *program, const struct feed_options *options);
/* End the child, whatever it does. NULL ok. */
void loader_free(struct loader *l);

/* Readable when the result is there; -1 when nothing was requested. */
int loader_fd(const struct loader *l);
/* One request at a time: the next one after loader_receive. */
enum err loader_request(struct loader *l, const struct feed_source *source, int64_t now_s,
	struct error *e) ORBL_NODISCARD;
/* Waits for the result, which tells how the child ended when it gave none. */
void loader_receive(struct loader *l, struct loader_result *out);

#endif
