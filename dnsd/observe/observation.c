#include "observation.h"

#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

enum { SEND_BUFFER = 1 << 20 };

enum err
observation_channel(int *workers, int *observer, struct error *e)
{
	int pair[2], size = SEND_BUFFER;

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, pair) != 0)
		return error_errno(e, "cannot make a channel to the observer");
	/* As far as net.core.wmem_max lets us. */
	setsockopt(pair[0], SOL_SOCKET, SO_SNDBUF, &size, sizeof(size));
	*workers = pair[0];
	*observer = pair[1];
	return OK;
}

void
observing_init(struct observing *o, int channel, uint32_t log_every, uint32_t tap_every,
	struct stats_worker *stats)
{
	*o = (struct observing){
		.channel = log_every != 0 || tap_every != 0 ? channel : -1,
		.log_every = log_every,
		.tap_every = tap_every,
		.log_left = log_every,
		.tap_left = tap_every,
		.stats = stats,
	};
}

void
observing_send(struct observing *o, struct observation *header, const uint8_t *query,
	size_t query_len, const uint8_t *reply, size_t reply_len)
{
	struct iovec parts[] = {
		{header, sizeof(*header)},
		{(void *)(uintptr_t)query, query_len},
		{(void *)(uintptr_t)reply, reply_len},
	};
	struct msghdr message = {.msg_iov = parts, .msg_iovlen = ORBL_COUNT(parts)};

	if (query_len > OBSERVATION_BYTES_MAX)
		parts[1].iov_len = 0;
	if (reply_len > OBSERVATION_BYTES_MAX)
		parts[2].iov_len = 0;
	header->query_len = (uint32_t)parts[1].iov_len;
	header->reply_len = (uint32_t)parts[2].iov_len;
	if (sendmsg(o->channel, &message, MSG_NOSIGNAL | MSG_DONTWAIT) < 0)
		stats_add(&o->stats->common.observations_lost, 1);
	else
		stats_add(&o->stats->common.observed, 1);
}

bool
observation_read(const uint8_t *message, size_t len, struct observation *out, const uint8_t **query,
	const uint8_t **reply)
{
	if (len < sizeof(*out))
		return false;
	memcpy(out, message, sizeof(*out));
	if (out->query_len > OBSERVATION_BYTES_MAX || out->reply_len > OBSERVATION_BYTES_MAX ||
		len - sizeof(*out) != (size_t)out->query_len + out->reply_len ||
		out->transport >= STATS_TRANSPORTS || out->row > UINT16_MAX)
		return false;
	*query = message + sizeof(*out);
	*reply = *query + out->query_len;
	return true;
}
