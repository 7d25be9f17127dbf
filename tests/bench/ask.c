#include "ask.h"

#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include <orbl/text.h>

enum {
	HEADER = 12,
	LABEL_MAX = 63,
	POINTER = 0xc0,
	QUESTION_TAIL = 4, /* type and class */
	RECORD_HEAD = 10,  /* type, class, TTL and length */
	FLAG_QR = 0x80,
	FLAG_TC = 0x02,
	TYPE_A = 1,
	CLASS_IN = 1,
};

int
ask_open(uint16_t port)
{
	struct sockaddr_in address = {
		.sin_family = AF_INET,
		.sin_port = htons(port),
		.sin_addr = {htonl(INADDR_LOOPBACK)},
	};
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

	if (fd >= 0 && connect(fd, (const struct sockaddr *)&address, sizeof(address)) != 0) {
		close(fd);
		fd = -1;
	}
	return fd;
}

static void
put_u16(uint8_t *p, unsigned v)
{
	p[0] = (uint8_t)(v >> 8);
	p[1] = (uint8_t)v;
}

static unsigned
get_u16(const uint8_t *p)
{
	return (unsigned)p[0] << 8 | p[1];
}

size_t
ask_write(uint8_t out[ASK_MESSAGE], uint16_t id, const char *name)
{
	struct text rest = text_of(name), label;
	size_t at = HEADER;

	memset(out, 0, HEADER);
	put_u16(out, id);
	put_u16(out + 4, 1);
	while (rest.len > 0) {
		label = text_cut(&rest, '.');
		if (label.len == 0 || label.len > LABEL_MAX ||
			at + 1 + label.len + 1 + QUESTION_TAIL > ASK_MESSAGE)
			return 0;
		out[at++] = (uint8_t)label.len;
		memcpy(out + at, label.p, label.len);
		at += label.len;
	}
	out[at++] = 0;
	put_u16(out + at, TYPE_A);
	put_u16(out + at + 2, CLASS_IN);
	return at + QUESTION_TAIL;
}

/* Behind the name at at; len when it does not end before. */
static size_t
skip_name(const uint8_t *bytes, size_t len, size_t at)
{
	while (at < len && bytes[at] != 0) {
		if (bytes[at] >= POINTER)
			return at + 2 < len ? at + 2 : len;
		at += bytes[at] + (size_t)1;
	}
	return at < len ? at + 1 : len;
}

uint32_t
ask_question(const uint8_t *bytes, size_t len)
{
	size_t end = skip_name(bytes, len, HEADER);
	uint32_t number = 1;

	if (len < HEADER)
		return 0;
	for (size_t i = HEADER; i < end; i++)
		number = (number ^ bytes[i]) * 0x01000193U;
	return number;
}

static uint32_t
read_a(const uint8_t *bytes, size_t len)
{
	size_t at = skip_name(bytes, len, HEADER) + QUESTION_TAIL;
	const uint8_t *record;

	at = at < len ? skip_name(bytes, len, at) : len;
	if (len - at < RECORD_HEAD + 4)
		return 0;
	record = bytes + at;
	if (get_u16(record) != TYPE_A || get_u16(record + 8) != 4)
		return 0;
	return (uint32_t)get_u16(record + RECORD_HEAD) << 16 | get_u16(record + RECORD_HEAD + 2);
}

bool
ask_read(const uint8_t *bytes, size_t len, struct ask_reply *out)
{
	*out = (struct ask_reply){.id = 0};
	if (len < HEADER || (bytes[2] & FLAG_QR) == 0)
		return false;
	out->id = (uint16_t)get_u16(bytes);
	out->is_truncated = (bytes[2] & FLAG_TC) != 0;
	out->rcode = bytes[3] & 0xf;
	out->answers = get_u16(bytes + 6);
	out->a = out->answers > 0 ? read_a(bytes, len) : 0;
	return true;
}

bool
ask_reply_is(const struct ask_reply *r, uint32_t wanted)
{
	if (wanted == 0)
		return r->rcode == ASK_NXDOMAIN && r->answers == 0;
	return r->rcode == ASK_NOERROR && !r->is_truncated && r->answers == 1 && r->a == wanted;
}

uint64_t
ask_now_us(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000000 + (uint64_t)now.tv_nsec / 1000;
}
