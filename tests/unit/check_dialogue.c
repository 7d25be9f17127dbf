#include "dialogue.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include <event2/event.h>

#include "probe_tls.h"
#include "unit.h"

/* The test is the server: it writes bytes into the socket, and reads what was said. */

static struct event_base *base;
static struct dialogue *dialogue;
static struct probe_tls *tls;
static struct dialogue_conf conf;
static int listener, peer;
static unsigned replies, lines;
static int code;
static bool over;
static enum dialogue_end end;
static char why[256], last[SMTP_REPLY_TEXT];
static struct error error;

static void
take_line(void *context, char direction, struct text line)
{
	(void)context;
	(void)direction;
	(void)line;
	lines++;
}

static void
take_reply(void *context, const struct smtp_reply *r)
{
	(void)context;
	replies++;
	code = r->code;
	snprintf(last, sizeof(last), "%s", r->text);
}

static void
take_encrypted(void *context, const char *how)
{
	(void)context;
	(void)how;
	ck_abort_msg("nobody shakes hands here");
}

static void
take_end(void *context, enum dialogue_end e, const char *text)
{
	(void)context;
	ck_assert(!over);
	over = true;
	end = e;
	snprintf(why, sizeof(why), "%s", text);
}

static const struct dialogue_listener functions = {
	.line = take_line,
	.reply = take_reply,
	.encrypted = take_encrypted,
	.end = take_end,
};

static void
set_up(void)
{
	struct sockaddr_storage ss;
	socklen_t len;

	signal(SIGPIPE, SIG_IGN); /* as the prober has it */
	base = event_base_new();
	ck_assert_int_eq(probe_tls_new(&tls, &error), OK);
	memset(&conf, 0, sizeof(conf));
	conf.reply_timeout_s = 1;
	conf.session_timeout_s = 3;
	ck_assert_int_eq(addr_parse(TEXT("127.0.10.2"), &conf.target.addr), OK);
	listener = socket(AF_INET, SOCK_STREAM, 0);
	len = endpoint_to_sockaddr(&conf.target, &ss);
	ck_assert_int_eq(bind(listener, (struct sockaddr *)&ss, len), 0);
	ck_assert_int_eq(listen(listener, 4), 0);
	len = sizeof(ss);
	getsockname(listener, (struct sockaddr *)&ss, &len);
	conf.target = endpoint_from_sockaddr((struct sockaddr *)&ss);
	peer = -1;
	replies = lines = 0;
	over = false;
}

static void
tear_down(void)
{
	dialogue_free(dialogue);
	dialogue = NULL;
	probe_tls_free(tls);
	event_base_loop(base, EVLOOP_NONBLOCK);
	event_base_free(base);
	close(listener);
	if (peer >= 0)
		close(peer);
}

static void
turn(void)
{
	for (int i = 0; i < 10 && !over; i++) {
		event_base_loop(base, EVLOOP_NONBLOCK);
		usleep(500);
	}
}

static void
wait_end(void)
{
	while (!over)
		event_base_loop(base, EVLOOP_ONCE);
}

static void
say(const char *text)
{
	ck_assert_int_eq(send(peer, text, strlen(text), 0), (int)strlen(text));
	turn();
}

static void
open_dialogue(void)
{
	int one = 1;

	dialogue = dialogue_new(base, &conf, &functions);
	ck_assert_ptr_nonnull(dialogue);
	peer = accept(listener, NULL, NULL);
	setsockopt(peer, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
	say("220 hello\r\n");
	ck_assert_uint_eq(replies, 1);
}

static void
assert_heard(const char *text)
{
	char bytes[2048];
	ssize_t n;

	turn();
	n = recv(peer, bytes, sizeof(bytes) - 1, MSG_DONTWAIT);
	bytes[n > 0 ? n : 0] = '\0';
	ck_assert_str_eq(bytes, text);
}

static void
hang_up(void)
{
	close(peer);
	peer = -1;
	turn();
}

static const char *const group[] = {"MAIL FROM:<a>", "RCPT TO:<b>", "RCPT TO:<c>"};

START_TEST(one_by_one)
{
	open_dialogue();
	dialogue_say(dialogue, "EHLO x");
	assert_heard("EHLO x\r\n");
	say("250-a\r\n");
	ck_assert_uint_eq(replies, 1);
	say("250 b\r\n");
	ck_assert_uint_eq(replies, 2);
	ck_assert_str_eq(last, "250 a / b");
}
END_TEST

START_TEST(a_group_in_one_write)
{
	open_dialogue();
	dialogue_say_group(dialogue, group, 3);
	assert_heard("MAIL FROM:<a>\r\nRCPT TO:<b>\r\nRCPT TO:<c>\r\n");
	say("250 1\r\n550 2\r\n45");
	ck_assert_uint_eq(replies, 3);
	ck_assert_int_eq(code, 550);
	say("0 3\r\n");
	ck_assert_uint_eq(replies, 4);
	ck_assert_int_eq(code, 450);
	ck_assert(!over);
}
END_TEST

START_TEST(single_bytes)
{
	static const char all[] = "250-1\r\n250 1\r\n550 2\r\n450 3\r\n";

	open_dialogue();
	dialogue_say_group(dialogue, group, 3);
	for (const char *p = all; *p != '\0'; p++) {
		char one[2] = {*p, '\0'};

		say(one);
	}
	ck_assert_uint_eq(replies, 4);
	ck_assert_int_eq(code, 450);
}
END_TEST

/* What came before it hung up counts. */
START_TEST(replies_and_then_it_hangs_up)
{
	open_dialogue();
	dialogue_say_group(dialogue, group, 3);
	ck_assert_int_eq(send(peer, "250 1\r\n550 2\r\n", 14, 0), 14);
	close(peer);
	peer = -1;
	wait_end();
	ck_assert_uint_eq(replies, 3);
	ck_assert_int_eq(end, DIALOGUE_DROPPED);
}
END_TEST

START_TEST(all_replies_and_then_it_hangs_up)
{
	open_dialogue();
	dialogue_say_group(dialogue, group, 3);
	turn();
	ck_assert_int_eq(send(peer, "250 1\r\n550 2\r\n550 3\r\n421 bye\r\n", 30, 0), 30);
	hang_up();
	ck_assert_uint_eq(replies, 4);
	ck_assert(!over);
	dialogue_say(dialogue, "QUIT");
	turn();
	ck_assert_uint_eq(replies, 5);
	ck_assert_int_eq(code, 421);
}
END_TEST

START_TEST(one_reply_too_many)
{
	open_dialogue();
	dialogue_say_group(dialogue, group, 3);
	say("250 1\r\n250 2\r\n250 3\r\n354 4\r\n");
	ck_assert_uint_eq(replies, 4);
	ck_assert(!over);
	dialogue_say(dialogue, "DATA");
	wait_end();
	ck_assert_int_eq(end, DIALOGUE_BROKEN);
	ck_assert_str_eq(why, "it spoke out of turn");
}
END_TEST

START_TEST(half_a_reply)
{
	open_dialogue();
	dialogue_say_group(dialogue, group, 3);
	say("250 1\r\n25");
	hang_up();
	ck_assert(over);
	ck_assert_int_eq(end, DIALOGUE_DROPPED);
}
END_TEST

/* Bytes do not keep it alive: the reply as a whole has its time. */
START_TEST(a_reply_in_drops)
{
	time_t begin = time(NULL);

	open_dialogue();
	dialogue_say(dialogue, "EHLO x");
	while (!over && time(NULL) - begin < 10) {
		(void)!send(peer, "2", 1, MSG_NOSIGNAL);
		turn();
		usleep(50000);
	}
	ck_assert_int_eq(end, DIALOGUE_TIMEOUT);
	ck_assert_int_le(time(NULL) - begin, 3);
}
END_TEST

START_TEST(a_session_has_an_end)
{
	open_dialogue();
	for (int i = 0; !over && i < 1000; i++) {
		dialogue_say(dialogue, "NOOP");
		turn();
		usleep(20000);
		if (!over)
			say("250 ok\r\n");
	}
	ck_assert_int_eq(end, DIALOGUE_DEADLINE);
}
END_TEST

START_TEST(clear_bytes_behind_starttls)
{
	open_dialogue();
	dialogue_say(dialogue, "STARTTLS");
	turn();
	say("220 go\r\n250 fake\r\n");
	ck_assert_uint_eq(replies, 2);
	dialogue_encrypt(dialogue, tls);
	ck_assert(over);
	ck_assert_int_eq(end, DIALOGUE_NO_TLS);
	ck_assert_str_eq(why, "handshake failure: 10 bytes in clear before it");
}
END_TEST

START_TEST(it_hangs_up_on_the_handshake)
{
	open_dialogue();
	dialogue_say(dialogue, "STARTTLS");
	turn();
	say("220 go\r\n");
	dialogue_encrypt(dialogue, tls);
	hang_up();
	wait_end();
	ck_assert_int_eq(end, DIALOGUE_NO_TLS);
}
END_TEST

START_TEST(nobody_there)
{
	close(listener);
	dialogue = dialogue_new(base, &conf, &functions);
	wait_end();
	ck_assert_int_eq(end, DIALOGUE_UNREACHABLE);
	ck_assert_str_eq(why, "Connection refused");
	listener = dup(0);
}
END_TEST

static Suite *
suite(void)
{
	Suite *s = suite_create("dialogue");
	TCase *replies_of = tcase_create("replies"), *ends = tcase_create("ends");

	tcase_add_checked_fixture(replies_of, set_up, tear_down);
	tcase_add_test(replies_of, one_by_one);
	tcase_add_test(replies_of, a_group_in_one_write);
	tcase_add_test(replies_of, single_bytes);
	tcase_add_test(replies_of, replies_and_then_it_hangs_up);
	tcase_add_test(replies_of, all_replies_and_then_it_hangs_up);
	tcase_add_test(replies_of, one_reply_too_many);
	tcase_add_test(replies_of, half_a_reply);
	tcase_add_checked_fixture(ends, set_up, tear_down);
	tcase_set_timeout(ends, 20);
	tcase_add_test(ends, a_reply_in_drops);
	tcase_add_test(ends, a_session_has_an_end);
	tcase_add_test(ends, clear_bytes_behind_starttls);
	tcase_add_test(ends, it_hangs_up_on_the_handshake);
	tcase_add_test(ends, nobody_there);
	suite_add_tcase(s, replies_of);
	suite_add_tcase(s, ends);
	return s;
}

int
main(void)
{
	return unit_run(suite());
}
