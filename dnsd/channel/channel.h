/* channel.h - messages between our own processes, with descriptors (SCM_RIGHTS).
 *
 * A channel is one end of a SOCK_SEQPACKET pair: whole messages, in their order. A message that
 * is longer than its reader expects, or that has more descriptors, is an error; what came with it
 * is closed.
 */
#ifndef DNSD_CHANNEL_H
#define DNSD_CHANNEL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <orbl/err.h>

enum { CHANNEL_FDS_MAX = 2 };

struct channel_fds {
	size_t count;
	int fd[CHANNEL_FDS_MAX];
};

/* Both ends close on exec. */
enum err channel_pair(int pair[2], struct error *e) ORBL_NODISCARD;
/* fds may be NULL; they stay the caller's. wait: else a full channel is ERR_FULL. */
enum err channel_send(int channel, const void *bytes, size_t len, const struct channel_fds *fds,
	bool wait, struct error *e) ORBL_NODISCARD;
/* Waits unless the channel does not block. *len is 0 when the other end is closed. The descriptors
 * are the caller's. ERR_TIMEOUT: there is no message now. */
enum err channel_receive(int channel, void *bytes, size_t size, size_t *len,
	struct channel_fds *fds, struct error *e) ORBL_NODISCARD;
void channel_close_fds(struct channel_fds *fds);

#endif
