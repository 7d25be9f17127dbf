#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <orbl/control.h>

#include "scratch.h"
#include "unit.h"

static const char path[] = "s";

/* A daemon that takes one connection, reads one line of a request, says what it is told to
 * say, and hangs up. */
struct daemon {
	int listener;
	const char *says;
	size_t len;
	bool reads;
	char heard[1 << 18];
	size_t heard_len;
	pthread_t thread;
};

static void
hear(struct daemon *d, int fd, bool to_end)
{
	ssize_t n;

	while (d->heard_len < sizeof(d->heard) &&
		(n = read(fd, d->heard + d->heard_len, sizeof(d->heard) - d->heard_len)) > 0) {
		d->heard_len += (size_t)n;
		if (!to_end && memchr(d->heard, '\n', d->heard_len) != NULL)
			return;
	}
}

static void *
serve(void *argument)
{
	struct daemon *d = argument;
	size_t sent = 0;
	ssize_t n = 0;
	int fd = accept(d->listener, NULL, NULL);

	if (fd < 0)
		return NULL;
	if (d->reads)
		hear(d, fd, d->says == NULL);
	while (sent < d->len && (n = send(fd, d->says + sent, d->len - sent, MSG_NOSIGNAL)) > 0)
		sent += (size_t)n;
	close(fd);
	return NULL;
}

static struct daemon server;

static void
start(const char *says, size_t len, bool reads)
{
	struct error e = {.text = ""};

	server = (struct daemon){.says = says, .len = len, .reads = reads};
	ck_assert_msg(control_listen(path, 0600, &server.listener, &e) == OK, "%s", e.text);
	ck_assert_int_eq(fcntl(server.listener, F_SETFL, 0), 0); /* blocking: accept waits */
	ck_assert_int_eq(pthread_create(&server.thread, NULL, serve, &server), 0);
}

static void
stop(void)
{
	ck_assert_int_eq(pthread_join(server.thread, NULL), 0);
	close(server.listener);
}

/* --- listening ---------------------------------------------------------- */

START_TEST(listen_properties)
{
	struct stat st;
	int fd;

	ck_assert_int_eq(control_listen(path, 0620, &fd, NULL), OK);
	ck_assert_int_eq(stat(path, &st), 0);
	ck_assert(S_ISSOCK(st.st_mode));
	ck_assert_uint_eq(st.st_mode & 0777, 0620);
	ck_assert(fcntl(fd, F_GETFL) & O_NONBLOCK);
	ck_assert(fcntl(fd, F_GETFD) & FD_CLOEXEC);
	close(fd);
}
END_TEST

START_TEST(directory_is_made)
{
	struct error e;
	struct stat st;
	int fd;

	ck_assert_int_eq(control_listen("run/orbl.sock", 0660, &fd, &e), OK);
	ck_assert_int_eq(stat("run", &st), 0);
	ck_assert_uint_eq(st.st_mode & 0777, 0755);
	close(fd);
	/* Only the last one: this is more likely a slip of the pen. */
	ck_assert_int_eq(control_listen("slip/of/the/pen.sock", 0660, &fd, &e), ERR_IO);
	ck_assert_ptr_nonnull(strstr(e.text, "does its directory exist"));
	ck_assert_int_ne(stat("slip", &st), 0);
}
END_TEST

START_TEST(umask_is_restored)
{
	int fd;

	umask(022);
	ck_assert_int_eq(control_listen(path, 0600, &fd, NULL), OK);
	ck_assert_uint_eq(umask(022), 022);
	close(fd);
}
END_TEST

START_TEST(stale_socket_is_replaced)
{
	int fd;

	ck_assert_int_eq(control_listen(path, 0600, &fd, NULL), OK);
	close(fd); /* as a killed daemon leaves it */
	ck_assert_int_eq(access(path, F_OK), 0);
	ck_assert_int_eq(control_listen(path, 0600, &fd, NULL), OK);
	close(fd);
}
END_TEST

START_TEST(live_socket_is_refused)
{
	struct error e;
	int first, second = 77;

	ck_assert_int_eq(control_listen(path, 0600, &first, NULL), OK);
	ck_assert_int_eq(control_listen(path, 0600, &second, &e), ERR_REFUSED);
	ck_assert_str_eq(e.text, "s: another daemon answers there; stop it or choose another path");
	ck_assert_int_eq(second, -1);
	ck_assert_int_eq(access(path, F_OK), 0);
	close(first);
}
END_TEST

/* A daemon that is alive but has not accepted for a while must neither be pushed aside nor
 * make the new one wait. */
START_TEST(busy_socket_is_refused)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX, .sun_path = "s"};
	int first, second, client, clients = 0;

	ck_assert_int_eq(control_listen(path, 0600, &first, NULL), OK);
	do
		client = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0);
	while (connect(client, (struct sockaddr *)&address, sizeof(address)) == 0 &&
		++clients < 500);
	ck_assert_int_lt(clients, 500);
	ck_assert_int_eq(errno, EAGAIN);
	ck_assert_int_eq(control_listen(path, 0600, &second, NULL), ERR_REFUSED);
	close(first);
}
END_TEST

START_TEST(other_files_stay)
{
	struct error e;
	int fd;

	scratch_write(path, "data", 4);
	ck_assert_int_eq(control_listen(path, 0600, &fd, &e), ERR_REFUSED);
	ck_assert_ptr_nonnull(strstr(e.text, "is not a socket"));
	ck_assert(scratch_holds(path, "data"));
	ck_assert_int_eq(unlink(path), 0);
	ck_assert_int_eq(symlink("elsewhere", path), 0);
	ck_assert_int_eq(control_listen(path, 0600, &fd, &e), ERR_REFUSED);
	ck_assert_int_eq(control_listen("missing/deep/s", 0600, &fd, &e), ERR_IO);
	ck_assert_int_eq(fd, -1);
}
END_TEST

START_TEST(long_path)
{
	struct control *c;
	struct error e;
	char name[200];
	int fd;

	memset(name, 'p', sizeof(name));
	name[sizeof(name) - 1] = '\0';
	ck_assert_int_eq(control_listen(name, 0600, &fd, &e), ERR_RANGE);
	ck_assert_int_eq(control_connect(name, &c, &e), ERR_RANGE);
	ck_assert_ptr_null(c);
	ck_assert_ptr_nonnull(strstr(e.text, "shorter than 108 bytes"));
}
END_TEST

/* --- client ------------------------------------------------------------- */

START_TEST(nobody_there)
{
	json_t *request = json_pack("{s:s}", "cmd", "status"), *answer;
	struct control *c;
	struct error e;

	ck_assert_int_eq(control_connect(path, &c, &e), ERR_IO);
	ck_assert_ptr_null(c);
	ck_assert_ptr_nonnull(strstr(e.text, "s: cannot reach the daemon (is it running"));
	ck_assert_int_eq(control_call(path, request, 1000, &answer, &e), ERR_IO);
	ck_assert_ptr_null(answer);
	control_close(NULL);
	json_decref(request);
}
END_TEST

static enum err
call(const char *says, size_t len, json_t **answer, struct error *e)
{
	json_t *request = json_pack("{s:s}", "cmd", "status");
	enum err err;

	*e = (struct error){.code = OK};
	start(says, len, true);
	err = control_call(path, request, 5000, answer, e);
	stop();
	json_decref(request);
	ck_assert_uint_eq(server.heard_len, strlen("{\"cmd\":\"status\"}\n"));
	ck_assert_mem_eq(server.heard, "{\"cmd\":\"status\"}\n", server.heard_len);
	return err;
}

START_TEST(call_with_progress)
{
	static const char says[] = "{\"progress\": 1}\n{\"progress\": 2}\n"
				   "{\"ok\": true, \"n\": 7}\n{\"late\": 1}\n";
	struct error e;
	json_t *answer;

	ck_assert_int_eq(call(says, sizeof(says) - 1, &answer, &e), OK);
	ck_assert_int_eq(json_integer_value(json_object_get(answer, "n")), 7);
	json_decref(answer);
}
END_TEST

static const struct {
	const char *says;
	enum err wanted;
	const char *text;
} answers[] = {
	{"{\"ok\": false, \"error\": \"not-found\", \"message\": \"no such host\"}\n",
		ERR_NOT_FOUND, "no such host"},
	{"{\"ok\": false, \"error\": \"made-up\"}\n", ERR_IO, "the daemon refused"},
	{"{\"ok\": false, \"error\": \"ok\", \"message\": 5}\n", ERR_IO, "the daemon refused"},
	{"{\"ok\": false, \"error\": 7}\n", ERR_IO, "the daemon refused"},
	{"{\"ok\": 1}\n", ERR_IO, "the daemon refused"},
	{"{\"ok\": null, \"message\": \"\\u001b[2J\"}\n", ERR_IO, "?[2J"},
	{"", ERR_IO, "closed the connection without an answer"},
	{"{\"progress\": 1}\n", ERR_IO, "closed the connection without an answer"},
	{"{\"ok\": true}", ERR_IO, "closed the connection without an answer"}, /* no LF */
	{"\n", ERR_SYNTAX, "is not a JSON object"},
	{"[1]\n", ERR_SYNTAX, "is not a JSON object"},
	{"7\n", ERR_SYNTAX, "is not a JSON object"},
	{"{\"ok\": true\n", ERR_SYNTAX, "is not a JSON object"},
	{"{\"ok\": true} x\n", ERR_SYNTAX, "is not a JSON object"},
	{"{\"a\": \"\xff\"}\n", ERR_SYNTAX, "is not a JSON object"},
	{"HTTP/1.1 400 Bad Request\r\n\r\n", ERR_SYNTAX, "is not a JSON object"},
};

START_TEST(bad_answers)
{
	struct error e;
	json_t *answer;

	ck_assert_int_eq(call(answers[_i].says, strlen(answers[_i].says), &answer, &e),
		answers[_i].wanted);
	ck_assert_int_eq(e.code, answers[_i].wanted);
	ck_assert_msg(strstr(e.text, answers[_i].text) != NULL, "%s", e.text);
	ck_assert_ptr_null(answer);
}
END_TEST

START_TEST(deep_nesting)
{
	static char says[100001];
	struct error e;
	json_t *answer;

	memset(says, '[', 100000);
	says[100000] = '\n';
	ck_assert_int_eq(call(says, sizeof(says), &answer, &e), ERR_SYNTAX);
}
END_TEST

/* A line of the greatest length is taken, one byte more is not. */
START_TEST(line_limit)
{
	size_t len = CONTROL_LINE_MAX + (size_t)_i;
	char *says = malloc(len);
	struct error e;
	json_t *answer;

	ck_assert_ptr_nonnull(says);
	memset(says, ' ', len);
	memcpy(says, "{\"ok\":true}", 11);
	says[len - 1] = '\n';
	if (_i == 0) {
		ck_assert_int_eq(call(says, len, &answer, &e), OK);
		json_decref(answer);
	} else {
		ck_assert_int_eq(call(says, len, &answer, &e), ERR_SYNTAX);
		ck_assert_str_eq(e.text, "the daemon's answer is too long");
	}
	free(says);
}
END_TEST

START_TEST(silence)
{
	struct control *c;
	struct error e;
	json_t *answer;
	int fd;

	ck_assert_int_eq(control_listen(path, 0600, &fd, NULL), OK);
	ck_assert_int_eq(control_connect(path, &c, &e), OK);
	ck_assert_int_eq(control_receive(c, 20, &answer, &e), ERR_TIMEOUT);
	ck_assert_ptr_null(answer);
	control_close(c);
	close(fd);
}
END_TEST

START_TEST(hang_up_is_no_signal)
{
	json_t *request = json_pack("{s:s}", "cmd", "status");
	struct control *c;
	struct error e;
	enum err err = OK;

	start("", 0, false);
	ck_assert_int_eq(control_connect(path, &c, &e), OK);
	stop();
	for (int i = 0; i < 3 && err == OK; i++)
		err = control_send(c, request, &e);
	ck_assert_int_eq(err, ERR_IO);
	ck_assert_ptr_nonnull(strstr(e.text, "Broken pipe"));
	control_close(c);
	json_decref(request);
}
END_TEST

START_TEST(chunks)
{
	static char body[CONTROL_CHUNK_MAX + 1];
	struct control *c;
	struct error e;
	const char *at = server.heard;

	memset(body, 'b', sizeof(body));
	start(NULL, 0, true);
	ck_assert_int_eq(control_connect(path, &c, &e), OK);
	ck_assert_int_eq(control_send_chunk(c, "abc", 3, &e), OK);
	ck_assert_int_eq(control_send_chunk(c, body, CONTROL_CHUNK_MAX, &e), OK);
	ck_assert_int_eq(control_send_chunk(c, body, CONTROL_CHUNK_MAX + 1, &e), ERR_RANGE);
	ck_assert_int_eq(control_send_chunk(c, NULL, 0, &e), OK);
	control_close(c);
	stop();
	ck_assert_uint_eq(server.heard_len, 4 + 3 + 4 + CONTROL_CHUNK_MAX + 4);
	ck_assert_mem_eq(at, "\0\0\0\3abc\0\1\0\0", 11);
	ck_assert_mem_eq(at + 11, body, CONTROL_CHUNK_MAX);
	ck_assert_mem_eq(at + 11 + CONTROL_CHUNK_MAX, "\0\0\0\0", 4);
}
END_TEST

static Suite *
suite(void)
{
	Suite *s = suite_create("control");
	TCase *listening = tcase_create("listening"), *client = tcase_create("client");

	tcase_add_checked_fixture(listening, scratch_enter, scratch_leave);
	tcase_add_test(listening, listen_properties);
	tcase_add_test(listening, directory_is_made);
	tcase_add_test(listening, umask_is_restored);
	tcase_add_test(listening, stale_socket_is_replaced);
	tcase_add_test(listening, live_socket_is_refused);
	tcase_add_test(listening, busy_socket_is_refused);
	tcase_add_test(listening, other_files_stay);
	tcase_add_test(listening, long_path);
	suite_add_tcase(s, listening);
	tcase_add_checked_fixture(client, scratch_enter, scratch_leave);
	tcase_add_test(client, nobody_there);
	tcase_add_test(client, call_with_progress);
	tcase_add_loop_test(client, bad_answers, 0, ORBL_COUNT(answers));
	tcase_add_test(client, deep_nesting);
	tcase_add_loop_test(client, line_limit, 0, 2);
	tcase_add_test(client, silence);
	tcase_add_test(client, hang_up_is_no_signal);
	tcase_add_test(client, chunks);
	suite_add_tcase(s, client);
	return s;
}

int
main(void)
{
	return unit_run(suite());
}
