#include "give.h"

#include <poll.h>
#include <stdio.h>

#include "channel.h"
#include "message.h"

enum { GIVE_WAIT_MS = 120000 }; /* a list is mapped and checked in seconds */

enum err
give_data(int channel, size_t source, const struct source_data *data, bool same_snapshot, bool wait,
	struct error *e)
{
	struct message m = {
		.kind = MESSAGE_TAKE,
		.index = (uint32_t)source,
		.has_snapshot = data->snapshot != NULL,
		.has_delta = data->delta != NULL,
		.same_snapshot = same_snapshot,
	};
	struct channel_fds fds = {.count = 0};

	if (m.has_snapshot)
		fds.fd[fds.count++] = data->snapshot_fd;
	if (m.has_delta)
		fds.fd[fds.count++] = data->delta_fd;
	return channel_send(channel, &m, sizeof(m), &fds, wait, e);
}

enum err
give_older(int channel, size_t source, int fd, const char *name, struct error *e)
{
	struct message m = {.kind = MESSAGE_OLDER,
		.index = (uint32_t)source,
		.has_snapshot = fd >= 0};
	struct channel_fds fds = {.count = fd >= 0, .fd = {fd}};

	snprintf(m.text, sizeof(m.text), "%.*s", (int)sizeof(m.text) - 1, name);
	return channel_send(channel, &m, sizeof(m), &fds, false, e);
}

enum err
give_start(int channel, bool wait, struct error *e)
{
	struct message m = {.kind = MESSAGE_START};

	return channel_send(channel, &m, sizeof(m), NULL, wait, e);
}

enum err
give_wait(int channel, bool *alive, struct error *e)
{
	struct pollfd polled = {.fd = channel, .events = POLLIN};
	struct channel_fds fds = {.count = 0};
	struct message m;
	size_t len = 0;

	*alive = false;
	if (poll(&polled, 1, GIVE_WAIT_MS) <= 0)
		return error_set(e, ERR_TIMEOUT, "it takes no new data");
	if (channel_receive(channel, &m, sizeof(m), &len, &fds, e) != OK)
		return e->code;
	channel_close_fds(&fds);
	if (len != sizeof(m) || m.kind != MESSAGE_TAKEN)
		return error_set(e, ERR_CORRUPT, "it has ended");
	*alive = true;
	m.text[sizeof(m.text) - 1] = '\0';
	return m.code == OK ? OK : error_set(e, (enum err)m.code, "%s", m.text);
}
