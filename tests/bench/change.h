/* change.h - changing a list in service, for bench_publish: by a delta of its snapshot, or by a
 * line more in a file of rbldnsd(8).
 *
 * Even changes list the addresses from ADDRESSES_CHANGED on, odd ones take the last ones of the
 * list away.
 */
#ifndef BENCH_CHANGE_H
#define BENCH_CHANGE_H

#include <sys/types.h>

#include <orbl/err.h>
#include <orbl/snapshot.h>

struct change {
	enum err (*make)(const struct change *c, uint32_t i, struct error *e);
	uint32_t count;
	const char *origin, *path, *socket;
	pid_t pid;
	struct snapshot *base;
};

/* kind: "delta" with a snapshot and a control socket, or "file" with a file and the pid of its
 * server. Borrows the strings. */
enum err change_open(struct change *c, const char *kind, uint32_t count, const char *origin,
	const char *path, const char *target, struct error *e) ORBL_NODISCARD;
void change_close(struct change *c);

/* Which address the i-th change is about, and its answers before and after (as ask_reply_is
 * has them). */
uint32_t change_address(const struct change *c, uint32_t i, uint32_t *old, uint32_t *new);
/* Make it, and tell the server. */
enum err change_make(const struct change *c, uint32_t i, struct error *e) ORBL_NODISCARD;

#endif
