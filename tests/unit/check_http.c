#include "unit.h"

#include <fcntl.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include "http.h"
#include "http_request.h"

enum { ACCEPTED = 3, FILES_MAX = 64, TURNS_MAX = 10000 };

/* --- requests --------------------------------------------------------------- */

static const struct {
	const char *bytes;
	int status;
	bool head_only;
} requests[] = {
	{"", HTTP_INCOMPLETE, false},
	{"GET", HTTP_INCOMPLETE, false},
	{"GET /metrics HTTP/1.1\r\nHost: a\r\n", HTTP_INCOMPLETE, false},
	{"GET /metrics HTTP/1.1\r\nHost: a\r\n\r\n", HTTP_OK, false},
	{"GET /metrics HTTP/1.1\nHOST:\n\n", HTTP_OK, false},
	{"GET /metrics?x=1 HTTP/1.0\r\n\r\n", HTTP_OK, false},
	{"GET http://h:1/metrics HTTP/1.1\r\nHost: h\r\n\r\n", HTTP_OK, false},
	{"HEAD /metrics HTTP/1.1\r\nHost: a\r\nAccept: */*\r\n\r\n", HTTP_OK, true},
	{"GET /metrics HTTP/1.1\r\n\r\n", HTTP_BAD_REQUEST, false},
	{"GET /metrics HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n", HTTP_BAD_REQUEST, false},
	{"GET / HTTP/1.0\r\n\r\n", HTTP_NOT_FOUND, false},
	{"GET /metricsx HTTP/1.0\r\n\r\n", HTTP_NOT_FOUND, false},
	{"GET http://h HTTP/1.0\r\n\r\n", HTTP_NOT_FOUND, false},
	{"POST /x HTTP/1.0\r\n\r\n", HTTP_NOT_FOUND, false},
	{"POST /metrics HTTP/1.0\r\nContent-Length: 5\r\n\r\nabcde", HTTP_METHOD_NOT_ALLOWED,
		false},
	{"get /metrics HTTP/1.0\r\n\r\n", HTTP_METHOD_NOT_ALLOWED, false},
	{"GET /metrics HTTP/2.0\r\n\r\n", HTTP_VERSION, false},
	{"GET /metrics\r\n\r\n", HTTP_BAD_REQUEST, false},
	{"GET  /metrics HTTP/1.0\r\n\r\n", HTTP_BAD_REQUEST, false},
	{"GET  HTTP/1.0\r\n\r\n", HTTP_BAD_REQUEST, false},
	{" /metrics HTTP/1.0\r\n\r\n", HTTP_BAD_REQUEST, false},
	{"\r\n\r\n", HTTP_BAD_REQUEST, false},
	{"\x16\x03\x01 x\n\n", HTTP_BAD_REQUEST, false},
	{"GET /metrics HTTP/1.0\r\nno colon\r\n\r\n", HTTP_BAD_REQUEST, false},
	{"GET /metrics HTTP/1.0\r\na: \x01\r\n\r\n", HTTP_BAD_REQUEST, false},
	{"GET /metrics HTTP/1.0\r\na: \x7f\r\n\r\n", HTTP_BAD_REQUEST, false},
	{"GET /metrics HTTP/1.0\r\na:\tb\r\n\r\n", HTTP_OK, false},
};

START_TEST(reads_a_request)
{
	bool head_only;

	ck_assert_int_eq(http_request_read(requests[_i].bytes, strlen(requests[_i].bytes),
				 &head_only),
		requests[_i].status);
	if (requests[_i].status == HTTP_OK)
		ck_assert_int_eq(head_only, requests[_i].head_only);
}
END_TEST

START_TEST(bounds_a_request)
{
	char bytes[HTTP_REQUEST_MAX], *at = bytes;
	bool head_only;

	memset(bytes, 'a', sizeof(bytes));
	ck_assert_int_eq(http_request_read(bytes, sizeof(bytes), &head_only), HTTP_TOO_LARGE);
	ck_assert_int_eq(http_request_read(bytes, sizeof(bytes) - 1, &head_only), HTTP_INCOMPLETE);
	at += snprintf(bytes, sizeof(bytes), "GET /metrics HTTP/1.0\r\n");
	for (int i = 0; i < HTTP_HEADERS_MAX; i++)
		at += snprintf(at, sizeof(bytes) - (size_t)(at - bytes), "a: %d\r\n", i);
	memcpy(at, "\r\n", 2);
	ck_assert_int_eq(http_request_read(bytes, (size_t)(at + 2 - bytes), &head_only), HTTP_OK);
	memcpy(at, "b: 1\r\n\r\n", 8);
	ck_assert_int_eq(http_request_read(bytes, (size_t)(at + 8 - bytes), &head_only),
		HTTP_TOO_LARGE);
}
END_TEST

/* --- connections --------------------------------------------------------------- */

static struct http *http;
static int64_t now_ms;
static bool has_memory;
static size_t body_len;

static char *
make_body(void *context, size_t *len)
{
	char *body = has_memory ? malloc(body_len) : NULL;

	ck_assert_ptr_eq(context, &now_ms);
	if (body != NULL)
		memset(body, 'm', body_len);
	*len = body_len;
	return body;
}

static void
set_up(void)
{
	struct http_body body = {make_body, &now_ms, "text/plain"};

	http = http_new(NULL, 0, &body);
	ck_assert_ptr_nonnull(http);
	now_ms = 1000;
	has_memory = true;
	body_len = 10;
}

static void
tear_down(void)
{
	http_free(http);
}

static int
connect_client(void)
{
	int pair[2];

	ck_assert_int_eq(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, pair), 0);
	http_take(http, pair[1], now_ms);
	return pair[0];
}

static void
serve(void)
{
	struct pollfd polls[HTTP_POLLS];

	for (int i = 0; i < TURNS_MAX; i++) {
		http_prepare(http, polls);
		if (poll(polls, HTTP_POLLS, 0) <= 0)
			return;
		http_serve(http, polls, now_ms);
	}
	ck_abort_msg("it does not come to rest");
}

static void
say(int fd, const char *bytes)
{
	ck_assert_int_eq(send(fd, bytes, strlen(bytes), MSG_NOSIGNAL), (ssize_t)strlen(bytes));
	serve();
}

/* All until the end. Returns the length. */
static size_t
hear(int fd, char *out, size_t size)
{
	size_t len = 0;
	ssize_t n;

	for (;;) {
		serve();
		n = recv(fd, out + len, size - 1 - len, 0);
		if (n <= 0)
			break;
		len += (size_t)n;
	}
	out[len] = '\0';
	return n == 0 ? len : SIZE_MAX;
}

static char answer[1 << 22];

START_TEST(gives_the_body)
{
	int fd = connect_client();

	say(fd, "GET /met");
	ck_assert_int_lt(recv(fd, answer, sizeof(answer), 0), 0);
	say(fd, "rics HTTP/1.1\r\nHost: a\r\n");
	say(fd, "\r\n");
	ck_assert_uint_ne(hear(fd, answer, sizeof(answer)), SIZE_MAX);
	ck_assert_str_eq(answer,
		"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 10\r\n"
		"Connection: close\r\n\r\nmmmmmmmmmm");
	close(fd);
}
END_TEST

START_TEST(gives_no_body)
{
	static const struct {
		const char *request, *answer;
	} cases[] = {
		{"HEAD /metrics HTTP/1.0\n\n",
			"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 10\r\n"
			"Connection: close\r\n\r\n"},
		{"PUT /metrics HTTP/1.0\n\n",
			"HTTP/1.1 405 Method Not Allowed\r\nAllow: GET, HEAD\r\n"
			"Content-Type: text/plain\r\nContent-Length: 0\r\n"
			"Connection: close\r\n\r\n"},
	};
	int fd = connect_client();

	say(fd, cases[_i].request);
	hear(fd, answer, sizeof(answer));
	ck_assert_str_eq(answer, cases[_i].answer);
	close(fd);
}
END_TEST

START_TEST(says_when_there_is_no_memory)
{
	int fd = connect_client();

	has_memory = false;
	say(fd, "GET /metrics HTTP/1.0\n\n");
	hear(fd, answer, sizeof(answer));
	ck_assert_int_eq(strncmp(answer, "HTTP/1.1 503 ", 13), 0);
	close(fd);
}
END_TEST

START_TEST(waits_for_slow_readers)
{
	int fd = connect_client();
	size_t len;

	body_len = sizeof(answer) / 2;
	say(fd, "GET /metrics HTTP/1.0\n\n");
	len = hear(fd, answer, sizeof(answer));
	ck_assert_uint_gt(len, body_len);
	ck_assert_uint_lt(len, body_len + 300);
	close(fd);
}
END_TEST

START_TEST(ends_who_is_slow)
{
	int fd = connect_client();

	say(fd, "GET /metrics HTTP/1.0\n");
	for (int i = 0; i < 9; i++) {
		now_ms += 1000;
		ck_assert_int_eq(http_expire(http, now_ms), HTTP_TIME_MS - 1000 * (i + 1));
		say(fd, "a: b\n");
	}
	now_ms += 1000;
	ck_assert_int_eq(http_expire(http, now_ms), -1);
	ck_assert_int_eq(recv(fd, answer, sizeof(answer), 0), 0);
	close(fd);
}
END_TEST

START_TEST(the_longest_there_gives_way)
{
	int fds[HTTP_CLIENTS + 1];

	for (size_t i = 0; i <= HTTP_CLIENTS; i++) {
		fds[i] = connect_client();
		now_ms++;
	}
	ck_assert_int_eq(recv(fds[0], answer, sizeof(answer), 0), 0);
	ck_assert_int_lt(recv(fds[1], answer, sizeof(answer), 0), 0);
	say(fds[HTTP_CLIENTS], "GET /metrics HTTP/1.0\n\n");
	hear(fds[HTTP_CLIENTS], answer, sizeof(answer));
	ck_assert_int_eq(strncmp(answer, "HTTP/1.1 200 ", 13), 0);
	for (size_t i = 0; i <= HTTP_CLIENTS; i++)
		close(fds[i]);
}
END_TEST

/* No file more can be opened. Returns how many were, for nothing. */
static size_t
fill_files(const struct rlimit *was, int files[FILES_MAX])
{
	struct rlimit limit = {FILES_MAX, was->rlim_max};
	size_t count = 0;

	ck_assert_int_eq(setrlimit(RLIMIT_NOFILE, &limit), 0);
	while (count < FILES_MAX && (files[count] = dup(0)) >= 0)
		count++;
	return count;
}

/* All who come, one with no file left for it included: that one is accepted when one is closed. */
START_TEST(accepts_clients)
{
	struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}};
	int listening = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	int fds[ACCEPTED];
	struct http_body body = {make_body, &now_ms, "text/plain"};
	socklen_t len = sizeof(at);
	struct rlimit was;
	int files[FILES_MAX];
	size_t count = 0;

	ck_assert_int_eq(getrlimit(RLIMIT_NOFILE, &was), 0);
	ck_assert_int_eq(bind(listening, (struct sockaddr *)&at, len), 0);
	ck_assert_int_eq(listen(listening, ACCEPTED), 0);
	ck_assert_int_eq(getsockname(listening, (struct sockaddr *)&at, &len), 0);
	http_free(http);
	http = http_new(&listening, 1, &body);
	for (size_t i = 0; i < ACCEPTED; i++) {
		fds[i] = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
		ck_assert_int_eq(connect(fds[i], (struct sockaddr *)&at, len), 0);
		fcntl(fds[i], F_SETFL, O_NONBLOCK);
		if (i + 1 == ACCEPTED && _i == 1)
			count = fill_files(&was, files);
		now_ms++;
		serve();
	}
	say(fds[ACCEPTED - 1], "GET /metrics HTTP/1.0\n\n");
	hear(fds[ACCEPTED - 1], answer, sizeof(answer));
	ck_assert_int_eq(strncmp(answer, "HTTP/1.1 200 ", 13), 0);
	/* The first had to go, where there was no file, but no other. */
	ck_assert_int_eq(recv(fds[0], answer, sizeof(answer), 0), _i == 1 ? 0 : -1);
	ck_assert_int_eq(recv(fds[1], answer, sizeof(answer), 0), -1);
	for (size_t i = 0; i < ACCEPTED; i++)
		close(fds[i]);
	close(listening);
	for (size_t i = 0; i < count; i++)
		close(files[i]);
	ck_assert_int_eq(setrlimit(RLIMIT_NOFILE, &was), 0);
}
END_TEST

static Suite *
suite(void)
{
	Suite *s = suite_create("http");
	TCase *request = tcase_create("request"), *clients = tcase_create("clients");

	tcase_add_loop_test(request, reads_a_request, 0,
		(int)(sizeof(requests) / sizeof(requests[0])));
	tcase_add_test(request, bounds_a_request);
	suite_add_tcase(s, request);
	tcase_add_checked_fixture(clients, set_up, tear_down);
	tcase_add_test(clients, gives_the_body);
	tcase_add_loop_test(clients, gives_no_body, 0, 2);
	tcase_add_test(clients, says_when_there_is_no_memory);
	tcase_add_test(clients, waits_for_slow_readers);
	tcase_add_test(clients, ends_who_is_slow);
	tcase_add_test(clients, the_longest_there_gives_way);
	tcase_add_loop_test(clients, accepts_clients, 0, 2);
	suite_add_tcase(s, clients);
	return s;
}

int
main(void)
{
	return unit_run(suite());
}
