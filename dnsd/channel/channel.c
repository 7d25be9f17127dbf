#include "channel.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

union control {
	struct cmsghdr header;
	char bytes[CMSG_SPACE(CHANNEL_FDS_MAX * sizeof(int))];
};

enum err
channel_pair(int pair[2], struct error *e)
{
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) == 0)
		return OK;
	pair[0] = pair[1] = -1;
	return error_errno(e, "cannot make a channel between processes");
}

void
channel_close_fds(struct channel_fds *fds)
{
	for (size_t i = 0; i < fds->count; i++)
		close(fds->fd[i]);
	fds->count = 0;
}

static void
attach(struct msghdr *message, union control *control, const struct channel_fds *fds)
{
	size_t len = fds->count * sizeof(fds->fd[0]);

	memset(control, 0, sizeof(*control));
	message->msg_control = control;
	message->msg_controllen = CMSG_SPACE(len);
	control->header.cmsg_level = SOL_SOCKET;
	control->header.cmsg_type = SCM_RIGHTS;
	control->header.cmsg_len = CMSG_LEN(len);
	memcpy(CMSG_DATA(&control->header), fds->fd, len);
}

/* Too many descriptors on their way are a full channel, too. */
static bool
is_full(int reason)
{
	return reason == EAGAIN || reason == ENOBUFS || reason == ETOOMANYREFS;
}

enum err
channel_send(int channel, const void *bytes, size_t len, const struct channel_fds *fds, bool wait,
	struct error *e)
{
	struct iovec iov = {(void *)(uintptr_t)bytes, len};
	struct msghdr message = {.msg_iov = &iov, .msg_iovlen = 1};
	union control control;
	ssize_t n;

	if (fds != NULL && fds->count != 0)
		attach(&message, &control, fds);
	do
		n = sendmsg(channel, &message, MSG_NOSIGNAL | (wait ? 0 : MSG_DONTWAIT));
	while (n < 0 && errno == EINTR);
	if (n == (ssize_t)len)
		return OK;
	if (n < 0 && is_full(errno))
		return error_set(e, ERR_FULL, "the channel to another process is full");
	return error_errno(e, "cannot send to another process");
}

/* The kernel has made the descriptors ours whether we want them or not. False: they are not what
 * anybody sends. */
static bool
take_fds(struct msghdr *message, struct channel_fds *fds)
{
	bool ok = (message->msg_flags & MSG_CTRUNC) == 0;

	for (struct cmsghdr *c = CMSG_FIRSTHDR(message); c != NULL; c = CMSG_NXTHDR(message, c)) {
		size_t len = c->cmsg_len - CMSG_LEN(0);

		if (c->cmsg_level != SOL_SOCKET || c->cmsg_type != SCM_RIGHTS || fds->count != 0 ||
			len > sizeof(fds->fd)) {
			ok = false;
			continue;
		}
		memcpy(fds->fd, CMSG_DATA(c), len);
		fds->count = len / sizeof(fds->fd[0]);
	}
	return ok;
}

enum err
channel_receive(int channel, void *bytes, size_t size, size_t *len, struct channel_fds *fds,
	struct error *e)
{
	struct iovec iov = {bytes, size};
	union control control;
	struct msghdr message = {.msg_iov = &iov,
		.msg_iovlen = 1,
		.msg_control = &control,
		.msg_controllen = sizeof(control)};
	ssize_t n;

	*len = 0;
	fds->count = 0;
	do
		n = recvmsg(channel, &message, MSG_CMSG_CLOEXEC);
	while (n < 0 && errno == EINTR);
	if (n < 0 && errno == EAGAIN)
		return error_set(e, ERR_TIMEOUT, "another process has not answered");
	if (n < 0 && errno == ECONNRESET) /* it ended with messages of ours unread */
		return OK;
	if (n < 0)
		return error_errno(e, "cannot receive from another process");
	if (!take_fds(&message, fds) || (message.msg_flags & MSG_TRUNC) != 0) {
		channel_close_fds(fds);
		return error_set(e, ERR_CORRUPT, "another process sent what is no message");
	}
	if (n == 0) /* the end, or what stands for it */
		channel_close_fds(fds);
	*len = (size_t)n;
	return OK;
}
