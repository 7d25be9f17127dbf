#include "hand_over.h"

#include <string.h>

#include "channel.h"

bool
hand_over_send(int channel, struct handed *header, const uint8_t *bytes, size_t len, int connection)
{
	struct channel_fds fds = {.count = connection >= 0, .fd = {connection}};

	if (channel < 0 || len > sizeof(header->bytes))
		return false;
	header->len = (uint32_t)len;
	memcpy(header->bytes, bytes, len);
	return channel_send(channel, header, offsetof(struct handed, bytes) + len, &fds, false,
		       NULL) == OK;
}
