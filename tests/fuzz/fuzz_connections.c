/* fuzz_connections.c - any bytes as a TCP connection of a client that may have the zone, or of a
 * stranger: it gets the same replies however the bytes come, whole frames, and an end.
 *
 * The first byte of the input says who it is (1), and how many bytes come at a time.
 */
#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "big_endian.h"
#include "transfer_fixture.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { CONNECTIONS = 8, TURNS_MAX = 20000, STREAM_MAX = 4 << 20, INPUT_MAX = 8192 };

struct stream {
	size_t len;
	uint8_t bytes[STREAM_MAX];
};

static struct transfer_fixture *
fixture(void)
{
	static struct transfer_fixture f;
	static bool is_ready;

	if (!is_ready) {
		transfer_fixture_set_up(&f, CONNECTIONS);
		transfer_fixture_take(&f, "192.0.2.1 relay\n198.51.100.0/28 suspect\n", 7);
		is_ready = true;
	}
	return &f;
}

/* False: the connection is closed. */
static bool
hear(int fd, struct stream *out)
{
	ssize_t n;

	do {
		assert(out->len < sizeof(out->bytes));
		n = recv(fd, out->bytes + out->len, sizeof(out->bytes) - out->len, 0);
		out->len += n > 0 ? (size_t)n : 0;
	} while (n > 0);
	return n < 0 && errno == EAGAIN;
}

/* Until nothing happens any more. */
static bool
serve(struct transfer_fixture *f, int fd, struct stream *out)
{
	struct pollfd polls[CONNECTIONS];

	for (int i = 0; i < TURNS_MAX; i++) {
		size_t count = connections_prepare(f->connections, polls);

		if (poll(polls, count, 0) == 0 && connections_wait_ms(f->connections) != 0)
			return hear(fd, out);
		connections_serve(f->connections, polls, count);
		hear(fd, out);
	}
	abort(); /* it does not come to rest */
}

/* The first of the bytes are those that the query process had read. */
static void
talk(struct transfer_fixture *f, unsigned host, const uint8_t *data, size_t size, size_t piece,
	struct stream *out)
{
	struct endpoint client = {.addr = addr_from_ipv4(0x7f000000 + host), .port = 4000};
	size_t at = piece < size ? piece : size;
	bool is_open;
	int pair[2];

	out->len = 0;
	assert(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, pair) == 0);
	connections_add(f->connections, pair[0], &client, data, at);
	is_open = serve(f, pair[1], out);
	while (is_open && at < size) {
		size_t n = size - at < piece ? size - at : piece;

		if (send(pair[1], data + at, n, MSG_NOSIGNAL) != (ssize_t)n)
			break;
		is_open = serve(f, pair[1], out);
		at += n;
	}
	shutdown(pair[1], SHUT_WR);
	serve(f, pair[1], out);
	assert(connections_count(f->connections) == 0);
	close(pair[1]);
}

static void
check_frames(const struct stream *s)
{
	size_t at = 0;

	while (s->len - at >= 2 + QUERY_HEADER_SIZE) {
		assert((s->bytes[at + 4] & 0x80) != 0);
		at += 2 + (size_t)big_endian_u16(s->bytes + at);
		assert(at <= s->len);
	}
	assert(at == s->len);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct stream whole, cut;
	struct transfer_fixture *f = fixture();
	unsigned host;
	size_t piece;

	if (size < 2 || size > INPUT_MAX)
		return 0;
	host = (data[0] & 1) != 0 ? 1 : 50;
	piece = data[0] / 2 + 1u;
	talk(f, host, data + 1, size - 1, HANDED_MAX, &whole);
	check_frames(&whole);
	talk(f, host, data + 1, size - 1, piece, &cut);
	assert(cut.len == whole.len && memcmp(cut.bytes, whole.bytes, cut.len) == 0);
	f->requests.now.ms++;
	return 0;
}
