#include "server_fixture.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <orbl/control.h>

#include "scratch.h"
#include "store_sql.h"

static const char path[] = "analyzer.sock";
static struct analyzer a;
static struct server *server;

struct analyzer *
server_analyzer(void)
{
	return &a;
}

void
server_end(void)
{
	server_free(server);
	server = NULL;
}

void
server_set_up(void)
{
	int fd;

	scratch_enter();
	analyzer_open(&a, NULL);
	ck_ok(control_listen(path, 0600, &fd, trouble()));
	ck_ok(server_new(a.base, fd, &a.context, &server, trouble()));
}

void
server_tear_down(void)
{
	server_free(server);
	analyzer_close(&a);
	scratch_leave();
}

int
connect_client(void)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

	memcpy(address.sun_path, path, sizeof(path));
	ck_assert_int_eq(connect(fd, (struct sockaddr *)&address, sizeof(address)), 0);
	return fd;
}

/* Send all of it, the server working as we go. */
void
put(int fd, const void *bytes, size_t len)
{
	const char *at = bytes;
	ssize_t n;

	for (int round = 0; len != 0; round++) {
		ck_assert_int_lt(round, 100000);
		n = send(fd, at, len, MSG_NOSIGNAL);
		if (n > 0) {
			at += n;
			len -= (size_t)n;
		}
		analyzer_turn(&a);
	}
}

void
put_text(int fd, const char *text)
{
	put(fd, text, strlen(text));
}

void
put_chunk(int fd, const char *text)
{
	size_t len = strlen(text);
	const unsigned char header[4] = {0, (unsigned char)(len >> 16), (unsigned char)(len >> 8),
		(unsigned char)len};

	put(fd, header, sizeof(header));
	put(fd, text, len);
}

/* What has come by now, without waiting; -1: nothing, and the connection is open. */
ssize_t
get(int fd, char *out, size_t size)
{
	size_t used = 0;
	ssize_t n = 0;

	for (int quiet = 0; quiet < 3 && used + 1 < size; quiet++) {
		analyzer_turn(&a);
		n = recv(fd, out + used, size - 1 - used, 0);
		if (n > 0) {
			used += (size_t)n;
			quiet = 0;
		}
	}
	out[used] = '\0';
	return used != 0 ? (ssize_t)used : n;
}

json_t *
get_json(int fd)
{
	char text[65536];
	json_t *json;

	ck_assert_int_gt(get(fd, text, sizeof(text)), 0);
	json = json_loads(text, 0, NULL);
	ck_assert_msg(json_is_object(json), "%s", text);
	return json;
}

void
assert_answer(int fd, const char *error) /* "": it went well */
{
	json_t *json = get_json(fd);
	const char *code = json_string_value(json_object_get(json, "error"));

	ck_assert_str_eq(code != NULL ? code : "", error);
	ck_assert_int_eq(json_is_true(json_object_get(json, "ok")), error[0] == '\0');
	json_decref(json);
}

void
assert_hung_up(int fd)
{
	char text[64];

	ck_assert_int_eq(get(fd, text, sizeof(text)), 0);
	close(fd);
}

int64_t
number(const char *sql)
{
	int64_t n;

	ck_ok(store_number(a.store, trouble(), &n, sql, ""));
	return n;
}

size_t
count_lines(const char *text)
{
	size_t n = 0;

	for (; *text != '\0'; text++)
		n += *text == '\n';
	return n;
}

/* Of hosts of their own. */
void
put_denials(int fd, int count)
{
	char line[512];

	for (int i = 0; i < count; i++) {
		snprintf(line, sizeof(line),
			"2026-01-02T03:04:05+00:00 mx1 postfix/smtpd[804]: NOQUEUE: reject: RCPT "
			"from unknown[10.0.%d.%d]: 554 5.7.1 <x@freemail.example>: Relay access "
			"denied; from=<a@offers.example> to=<x@freemail.example> proto=ESMTP\n",
			i / 256, i % 256);
		put_chunk(fd, line);
	}
}
