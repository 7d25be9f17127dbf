/* Whatever a client of /metrics sends, in two pieces: it gets one reply or none, the connection
 * comes to an end, and the next client is served. */
#include <assert.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "http.h"
#include "http_request.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static char *
make_body(void *context, size_t *len)
{
	(void)context;
	*len = 2;
	return strdup("m\n");
}

static int
connect_client(struct http *h, int64_t now_ms)
{
	int pair[2];

	assert(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, pair) == 0);
	http_take(h, pair[1], now_ms);
	return pair[0];
}

static void
serve(struct http *h)
{
	struct pollfd polls[HTTP_POLLS];

	for (int i = 0; i < 100; i++) {
		http_prepare(h, polls);
		if (poll(polls, HTTP_POLLS, 0) <= 0)
			return;
		http_serve(h, polls, 0);
	}
	abort(); /* it does not come to rest */
}

static size_t
hear(int fd, char *out, size_t size)
{
	ssize_t n = recv(fd, out, size, 0);

	return n > 0 ? (size_t)n : 0;
}

static void
check_reply(const char *reply, size_t len)
{
	static const char line[] = "HTTP/1.1 ";

	assert(len > sizeof(line) + 3 && memcmp(reply, line, sizeof(line) - 1) == 0);
	assert(memmem(reply + 1, len - 1, line, sizeof(line) - 1) == NULL);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char good[] = "GET /metrics HTTP/1.0\r\n\r\n";
	struct http_body body = {make_body, NULL, "text/plain"};
	struct http *h = http_new(NULL, 0, &body);
	size_t cut = size != 0 ? data[0] % size : 0, len;
	char reply[1024];
	bool head_only;
	int fd;

	assert(h != NULL);
	if (size > 4 * HTTP_REQUEST_MAX)
		size = 4 * HTTP_REQUEST_MAX;
	cut = cut < size ? cut : size;
	fd = connect_client(h, 0);
	(void)!send(fd, data, cut, MSG_NOSIGNAL);
	serve(h);
	(void)!send(fd, data + cut, size - cut, MSG_NOSIGNAL);
	serve(h);
	len = hear(fd, reply, sizeof(reply));
	if (len != 0)
		check_reply(reply, len);
	else
		assert(http_request_read((const char *)data,
			       size < HTTP_REQUEST_MAX ? size : HTTP_REQUEST_MAX,
			       &head_only) == HTTP_INCOMPLETE);
	assert(http_expire(h, HTTP_TIME_MS) == -1);
	close(fd);
	fd = connect_client(h, 0);
	assert(send(fd, good, sizeof(good) - 1, MSG_NOSIGNAL) == (ssize_t)sizeof(good) - 1);
	serve(h);
	len = hear(fd, reply, sizeof(reply));
	check_reply(reply, len);
	close(fd);
	http_free(h);
	return 0;
}
