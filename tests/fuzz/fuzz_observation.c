/* What comes over the channel of observations, from a process that may have been taken over: a line
 * of the query log is one line of eight fields, a dnstap message has room, and nothing is read
 * beyond what came. */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "dnstap.h"
#include "key_mask.h"
#include "query_log.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
check_line(const char *line, size_t len)
{
	size_t blanks = 0;

	assert(len > 0 && len < QUERY_LOG_LINE && line[len - 1] == '\n');
	for (size_t i = 0; i + 1 < len; i++) {
		assert((unsigned char)line[i] >= ' ' && (unsigned char)line[i] < 0x7f);
		blanks += line[i] == ' ';
	}
	assert(blanks == 7);
}

/* The header's lengths are made to fit, so that its other parts are reached. */
static void
mend(uint8_t *message, size_t len)
{
	struct observation o;
	size_t bytes;

	if (len < sizeof(o))
		return;
	memcpy(&o, message, sizeof(o));
	bytes = len - sizeof(o);
	o.query_len = (uint32_t)(bytes < 2 * OBSERVATION_BYTES_MAX ? bytes / 2 : bytes);
	o.reply_len = (uint32_t)(bytes - o.query_len);
	o.transport &= 1;
	o.row &= UINT16_MAX;
	memcpy(message, &o, sizeof(o));
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	uint8_t *message = malloc(size != 0 ? size : 1), frame[DNSTAP_FRAME_MAX];
	const uint8_t *query, *reply;
	char line[QUERY_LOG_LINE];
	struct observation o;

	assert(message != NULL);
	if (size != 0)
		memcpy(message, data, size);
	if (size != 0 && data[0] % 4 != 0)
		mend(message, size);
	if (observation_read(message, size, &o, &query, &reply)) {
		check_line(line,
			query_log_format(&o, "z.example", data[0] & 8, query, reply, line));
		key_mask_message(message + sizeof(o), o.query_len);
		assert(dnstap_encode(&o, false, "i", "v", NULL, 0, query, o.query_len, frame,
			       sizeof(frame)) != 0);
		assert(dnstap_encode(&o, true, "i", "v", NULL, 0, reply, o.reply_len, frame,
			       sizeof(frame)) != 0);
	}
	free(message);
	return 0;
}
