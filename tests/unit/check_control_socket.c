#include "unit.h"

#include <grp.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "control_socket.h"

static char dir[64], path[80];
static struct control_socket *control;
static unsigned requests;
static char big[1 << 20]; /* more than a socket's buffer */

/* {"cmd": "later"} waits; everything else is answered with its number. */
static json_t *
handle(void *context, const json_t *request)
{
	const char *name = json_string_value(json_object_get(request, "cmd"));

	ck_assert_ptr_eq(context, &requests);
	requests++;
	if (name != NULL && strcmp(name, "big") == 0) {
		memset(big, 'x', sizeof(big) - 1);
		return json_pack("{s:b, s:s}", "ok", 1, "big", big);
	}
	if (name != NULL && strcmp(name, "later") == 0)
		return json_null();
	if (name != NULL && strcmp(name, "never") == 0)
		return NULL;
	return json_pack("{s:b, s:i}", "ok", 1, "number", (int)requests);
}

static void
set_up(void)
{
	struct control_handler handler = {handle, &requests};

	snprintf(dir, sizeof(dir), "/tmp/check_control.XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(dir));
	snprintf(path, sizeof(path), "%s/sock", dir);
	ck_assert_int_eq(control_socket_open(path, 0600, &handler, &control, NULL), OK);
	requests = 0;
}

static void
tear_down(void)
{
	control_socket_close(control);
	ck_assert_int_ne(access(path, F_OK), 0);
	ck_assert_int_eq(rmdir(dir), 0);
}

static void
serve(void)
{
	struct pollfd polls[CONTROL_POLLS];

	for (;;) {
		control_socket_prepare(control, polls);
		if (poll(polls, CONTROL_POLLS, 20) <= 0)
			return;
		control_socket_serve(control, polls);
	}
}

static int
connect_client(void)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	struct timeval timeout = {.tv_usec = 20000};
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);

	snprintf(address.sun_path, sizeof(address.sun_path), "%s", path);
	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &timeout, sizeof(timeout));
	ck_assert_int_eq(connect(fd, (struct sockaddr *)&address, sizeof(address)), 0);
	return fd;
}

/* Send, serve, and read what came back; "closed" when the daemon hung up. */
static const char *
exchange(int fd, const char *bytes, size_t len)
{
	static char answer[8192];
	ssize_t n;

	if (len != 0)
		ck_assert_int_eq(send(fd, bytes, len, MSG_NOSIGNAL), (int)len);
	serve();
	n = recv(fd, answer, sizeof(answer) - 1, 0);
	answer[n > 0 ? n : 0] = '\0';
	return n == 0 ? "closed" : answer;
}

static const char *
say(int fd, const char *line)
{
	return exchange(fd, line, strlen(line));
}

START_TEST(answers_lines)
{
	int fd = connect_client();

	ck_assert_str_eq(say(fd, "{\"cmd\": \"a\"}\n"), "{\"ok\":true,\"number\":1}\n");
	ck_assert_str_eq(say(fd, "{\"cmd\""), "");
	ck_assert_str_eq(say(fd, ": \"a\"}\n{}\n"),
		"{\"ok\":true,\"number\":2}\n{\"ok\":true,\"number\":3}\n");
	close(fd);
}
END_TEST

/* Answers that find no room are sent when there is; the next line waits for that. */
START_TEST(answers_at_length)
{
	static const char lines[] = "{\"cmd\":\"big\"}\n{\"cmd\":\"big\"}\n{\"cmd\":\"a\"}\n";
	size_t len = 0, ends = 0;
	int fd = connect_client();

	ck_assert_int_gt(send(fd, lines, sizeof(lines) - 1, 0), 0);
	serve();
	for (int i = 0; i < 1000 && ends < 3; i++) {
		static char bytes[65536];
		ssize_t n = recv(fd, bytes, sizeof(bytes), MSG_DONTWAIT);

		for (ssize_t k = 0; k < n; k++)
			ends += bytes[k] == '\n';
		len += n > 0 ? (size_t)n : 0;
		serve();
	}
	ck_assert_uint_eq(ends, 3);
	ck_assert_uint_gt(len, 2 * (sizeof(big) - 1));
	close(fd);
	serve();
}
END_TEST

/* Who is neither root nor our user, nor in the group of the socket, may ask and no more. */
START_TEST(takes_orders_from_some)
{
	/* The second is cut within a character, and answered all the same. */
	static const char lines[] = "{\"cmd\": \"status\"}\n{\"cmd\": "
				    "\"12345678901234567890123456789012345678901234567890123456789"
				    "\xc3\xa9\"}\n";
	int status;
	pid_t pid;

	if (geteuid() != 0)
		return;
	ck_assert_int_eq(chmod(dir, 0755), 0);
	ck_assert_int_eq(chown(path, 0, 4711), 0);
	ck_assert_int_eq(chmod(path, 0666), 0);
	pid = fork();
	if (pid == 0) {
		const gid_t member[] = {5, 4711};
		int fd;

		if (setgroups(_i == 1 ? 2 : 1, member) != 0 ||
			setgid(_i == 2 ? 4711 : 12345) != 0 || setuid(12345) != 0)
			_exit(9);
		fd = connect_client();
		(void)!send(fd, lines, sizeof(lines) - 1, 0);
		for (int ends = 0, tries = 0; tries < 100; tries++) {
			char bytes[512];
			ssize_t n = recv(fd, bytes, sizeof(bytes), 0);

			for (ssize_t i = 0; i < n; i++)
				ends += bytes[i] == '\n';
			if (ends == 2)
				_exit(0);
		}
		_exit(1);
	}
	for (int i = 0; i < 50; i++)
		serve();
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	ck_assert_int_eq(status, 0);
	ck_assert_uint_eq(requests, _i == 0 ? 1 : 2);
}
END_TEST

/* No client waits for what never comes. */
START_TEST(answers_what_has_no_answer)
{
	int fd = connect_client();

	for (int i = 0; i < 2 * CONTROL_CLIENTS; i++)
		ck_assert_ptr_nonnull(strstr(say(fd, "{\"cmd\": \"never\"}\n"), "\"ok\":false"));
	close(fd);
}
END_TEST

START_TEST(refuses_in_ascii_what_is_no_utf8)
{
	json_t *answer = control_socket_refusal(ERR_IO, "a\xffz\n");

	ck_assert_str_eq(json_string_value(json_object_get(answer, "message")), "a?z?");
	json_decref(answer);
	answer = control_socket_refusal(ERR_IO, "a\xc3\xa9z");
	ck_assert_str_eq(json_string_value(json_object_get(answer, "message")), "a\xc3\xa9z");
	json_decref(answer);
}
END_TEST

static const char *const rubbish[] = {"\n", "x\n", "[]\n", "\"status\"\n", "{\n", "{}x\n", "null\n",
	"{\"a\":1,\"a\":2}\n", "\xff\xfe\n"};

START_TEST(refuses_what_is_no_object)
{
	int fd = connect_client();

	ck_assert_ptr_nonnull(strstr(say(fd, rubbish[_i]), "\"ok\":false,\"error\":\"syntax\""));
	ck_assert_uint_eq(requests, 0);
	ck_assert_str_eq(say(fd, "{}\n"), "{\"ok\":true,\"number\":1}\n");
	close(fd);
}
END_TEST

START_TEST(bounds_a_line)
{
	static char line[5000];
	int fd = connect_client();

	memset(line, '[', sizeof(line));
	ck_assert_str_eq(exchange(fd, line, 4095), "");
	ck_assert_str_eq(exchange(fd, line, 1), "closed");
	close(fd);
	fd = connect_client();
	line[4000] = '\n'; /* deep, within the bound */
	ck_assert_ptr_nonnull(strstr(exchange(fd, line, 4001), "\"ok\":false"));
	close(fd);
}
END_TEST

START_TEST(answers_later)
{
	int a = connect_client(), b = connect_client(), c = connect_client();
	json_t *answer = json_pack("{s:b}", "ok", 1);

	ck_assert_str_eq(say(a, "{\"cmd\": \"later\"}\n{\"cmd\": \"after\"}\n"), "");
	ck_assert_str_eq(say(b, "{\"cmd\": \"later\"}\n"), "");
	ck_assert_str_eq(say(c, "{}\n"), "{\"ok\":true,\"number\":3}\n");
	close(b); /* hangs up while it waits */
	serve();
	control_socket_finish(control, answer);
	ck_assert_str_eq(exchange(a, "", 0), "{\"ok\":true}\n{\"ok\":true,\"number\":4}\n");
	json_decref(answer);
	close(a);
	close(c);
}
END_TEST

START_TEST(bounds_its_clients)
{
	int fds[CONTROL_CLIENTS + 1];

	for (int i = 0; i <= CONTROL_CLIENTS; i++) {
		fds[i] = connect_client();
		serve();
	}
	ck_assert_str_eq(exchange(fds[0], "", 0), "closed");
	for (int i = 1; i <= CONTROL_CLIENTS; i++)
		ck_assert_ptr_nonnull(strstr(say(fds[i], "{}\n"), "\"ok\":true"));
	for (int i = 0; i <= CONTROL_CLIENTS; i++)
		close(fds[i]);
	serve();
	fds[0] = connect_client();
	ck_assert_ptr_nonnull(strstr(say(fds[0], "{}\n"), "\"ok\":true"));
	close(fds[0]);
}
END_TEST

/* The client that said nothing for longest, though it connected last. */
START_TEST(the_most_idle_client_gives_way)
{
	int fds[CONTROL_CLIENTS + 1];

	for (int i = 0; i < CONTROL_CLIENTS; i++) {
		fds[i] = connect_client();
		serve();
	}
	for (int i = 0; i < CONTROL_CLIENTS - 1; i++)
		ck_assert_ptr_nonnull(strstr(say(fds[i], "{}\n"), "\"ok\":true"));
	ck_assert_str_eq(say(fds[CONTROL_CLIENTS - 1], "{\"cmd\""), "");
	fds[CONTROL_CLIENTS] = connect_client();
	ck_assert_ptr_nonnull(strstr(say(fds[CONTROL_CLIENTS], "{}\n"), "\"ok\":true"));
	ck_assert_str_eq(exchange(fds[CONTROL_CLIENTS - 1], "", 0), "closed");
	ck_assert_ptr_nonnull(strstr(say(fds[0], "{}\n"), "\"ok\":true"));
	for (int i = 0; i <= CONTROL_CLIENTS; i++)
		close(fds[i]);
}
END_TEST

START_TEST(a_client_gives_way_when_files_run_out)
{
	struct rlimit before, none;
	int idle = connect_client(), late;

	serve();
	late = connect_client();
	ck_assert_int_eq(getrlimit(RLIMIT_NOFILE, &before), 0);
	none = before;
	none.rlim_cur = (rlim_t)late + 1; /* and every lower one is in use, but for idle's end */
	ck_assert_int_eq(setrlimit(RLIMIT_NOFILE, &none), 0);
	ck_assert_ptr_nonnull(strstr(say(late, "{}\n"), "\"ok\":true"));
	ck_assert_int_eq(setrlimit(RLIMIT_NOFILE, &before), 0);
	ck_assert_str_eq(exchange(idle, "", 0), "closed");
	close(idle);
	close(late);
}
END_TEST

START_TEST(who_waits_for_an_answer_stays)
{
	int fds[CONTROL_CLIENTS], late;
	json_t *answer = json_pack("{s:b}", "ok", 1);

	for (int i = 0; i < CONTROL_CLIENTS; i++) {
		fds[i] = connect_client();
		ck_assert_str_eq(say(fds[i], "{\"cmd\": \"later\"}\n"), "");
	}
	late = connect_client();
	ck_assert_str_eq(exchange(late, "", 0), "closed");
	control_socket_finish(control, answer);
	for (int i = 0; i < CONTROL_CLIENTS; i++) {
		ck_assert_str_eq(exchange(fds[i], "", 0), "{\"ok\":true}\n");
		close(fds[i]);
	}
	json_decref(answer);
	close(late);
}
END_TEST

START_TEST(may_have_no_socket)
{
	struct control_handler handler = {handle, &requests};
	struct control_socket *none;
	struct pollfd polls[CONTROL_POLLS];

	ck_assert_int_eq(control_socket_open("", 0600, &handler, &none, NULL), OK);
	control_socket_prepare(none, polls);
	ck_assert_int_eq(poll(polls, CONTROL_POLLS, 0), 0);
	control_socket_close(none);
	control_socket_close(NULL);
}
END_TEST

static Suite *
suite(void)
{
	Suite *s = suite_create("control_socket");
	TCase *lines = tcase_create("lines"), *clients = tcase_create("clients");

	tcase_add_checked_fixture(lines, set_up, tear_down);
	tcase_add_test(lines, answers_lines);
	tcase_add_test(lines, answers_at_length);
	tcase_add_loop_test(lines, takes_orders_from_some, 0, 3);
	tcase_add_loop_test(lines, refuses_what_is_no_object, 0,
		sizeof(rubbish) / sizeof(rubbish[0]));
	tcase_add_test(lines, answers_what_has_no_answer);
	tcase_add_test(lines, refuses_in_ascii_what_is_no_utf8);
	tcase_add_test(lines, bounds_a_line);
	tcase_add_checked_fixture(clients, set_up, tear_down);
	tcase_add_test(clients, answers_later);
	tcase_add_test(clients, bounds_its_clients);
	tcase_add_test(clients, the_most_idle_client_gives_way);
	tcase_add_test(clients, a_client_gives_way_when_files_run_out);
	tcase_add_test(clients, who_waits_for_an_answer_stays);
	tcase_add_test(clients, may_have_no_socket);
	suite_add_tcase(s, lines);
	suite_add_tcase(s, clients);
	return s;
}

int
main(void)
{
	return unit_run(suite());
}
