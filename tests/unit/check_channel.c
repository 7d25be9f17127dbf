/* Messages between processes, and the processes: channel, child, service. */
#include "channel.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "service.h"
#include "unit.h"

static int pair[2];
static struct error e;
static struct channel_fds fds;
static uint8_t bytes[64];
static size_t len;

static void
set_up(void)
{
	ck_assert_int_eq(channel_pair(pair, NULL), OK);
	e = (struct error){.code = OK};
}

static void
tear_down(void)
{
	close(pair[0]);
	close(pair[1]);
}

static int
count_descriptors(void)
{
	int count = 0;

	for (int fd = 0; fd < 256; fd++)
		count += fcntl(fd, F_GETFD) >= 0;
	return count;
}

static enum err
receive(void)
{
	return channel_receive(pair[1], bytes, sizeof(bytes), &len, &fds, &e);
}

/* --- messages -------------------------------------------------------------------- */

START_TEST(messages_stay_whole_and_in_order)
{
	ck_assert_int_eq(channel_send(pair[0], "one", 3, NULL, true, &e), OK);
	ck_assert_int_eq(channel_send(pair[0], "second", 6, NULL, false, &e), OK);
	ck_assert_int_eq(receive(), OK);
	ck_assert_uint_eq(len, 3);
	ck_assert_mem_eq(bytes, "one", 3);
	ck_assert_uint_eq(fds.count, 0);
	ck_assert_int_eq(receive(), OK);
	ck_assert_mem_eq(bytes, "second", 6);
}
END_TEST

START_TEST(descriptors_come_along)
{
	struct channel_fds sent = {.count = (size_t)_i, .fd = {pair[0], pair[1]}};
	int before = count_descriptors();

	ck_assert_int_eq(channel_send(pair[0], "x", 1, &sent, true, &e), OK);
	ck_assert_int_eq(receive(), OK);
	ck_assert_uint_eq(fds.count, (size_t)_i);
	for (size_t i = 0; i < fds.count; i++)
		ck_assert_int_eq(fcntl(fds.fd[i], F_GETFD), FD_CLOEXEC);
	ck_assert_int_eq(count_descriptors(), before + _i);
	channel_close_fds(&fds);
	ck_assert_uint_eq(fds.count, 0);
	ck_assert_int_eq(count_descriptors(), before);
}
END_TEST

START_TEST(what_is_too_long_is_no_message)
{
	struct channel_fds sent = {.count = 2, .fd = {pair[0], pair[1]}};
	uint8_t large[sizeof(bytes) + 1] = {0};
	int before = count_descriptors();

	ck_assert_int_eq(channel_send(pair[0], large, sizeof(large), &sent, true, &e), OK);
	ck_assert_int_eq(receive(), ERR_CORRUPT);
	ck_assert_uint_eq(fds.count, 0);
	ck_assert_int_eq(count_descriptors(), before);
}
END_TEST

/* As a process that was taken over may do. */
static void
send_descriptors(size_t count)
{
	struct iovec iov = {(void *)(uintptr_t) "x", 1};
	union {
		struct cmsghdr header;
		char bytes[CMSG_SPACE(64 * sizeof(int))];
	} control;
	struct msghdr message = {.msg_iov = &iov,
		.msg_iovlen = 1,
		.msg_control = &control,
		.msg_controllen = CMSG_SPACE(count * sizeof(int))};
	int *out = (int *)(void *)CMSG_DATA(&control.header);

	memset(&control, 0, sizeof(control));
	control.header.cmsg_level = SOL_SOCKET;
	control.header.cmsg_type = SCM_RIGHTS;
	control.header.cmsg_len = CMSG_LEN(count * sizeof(int));
	for (size_t i = 0; i < count; i++)
		out[i] = pair[0];
	ck_assert_int_eq(sendmsg(pair[0], &message, 0), 1);
}

START_TEST(too_many_descriptors_are_closed)
{
	int before = count_descriptors();

	send_descriptors(_i == 0 ? CHANNEL_FDS_MAX + 1 : 64);
	ck_assert_int_eq(receive(), ERR_CORRUPT);
	ck_assert_uint_eq(fds.count, 0);
	ck_assert_int_eq(count_descriptors(), before);
}
END_TEST

/* An empty message is as the end. */
/* Who sent it, say: numbers that are no descriptors of ours, and must not be closed as such. */
START_TEST(other_things_along_are_no_message)
{
	struct channel_fds sent = {.count = (size_t)_i, .fd = {pair[0], pair[1]}};
	int on = 1, before = count_descriptors();

	ck_assert_int_eq(setsockopt(pair[1], SOL_SOCKET, SO_PASSCRED, &on, sizeof(on)), 0);
	ck_assert_int_eq(channel_send(pair[0], "x", 1, &sent, true, &e), OK);
	ck_assert_int_eq(receive(), ERR_CORRUPT);
	ck_assert_uint_eq(fds.count, 0);
	ck_assert_int_eq(count_descriptors(), before);
}
END_TEST

START_TEST(descriptors_of_an_empty_message_are_closed)
{
	struct channel_fds sent = {.count = 2, .fd = {pair[0], pair[1]}};
	int before = count_descriptors();

	ck_assert_int_eq(channel_send(pair[0], "", 0, &sent, true, &e), OK);
	ck_assert_int_eq(receive(), OK);
	ck_assert_uint_eq(len, 0);
	ck_assert_uint_eq(fds.count, 0);
	ck_assert_int_eq(count_descriptors(), before);
}
END_TEST

START_TEST(a_full_channel_is_told)
{
	uint8_t large[4096] = {0};
	int sent = 0;

	while (channel_send(pair[0], large, sizeof(large), NULL, false, &e) == OK)
		ck_assert_int_lt(++sent, 10000);
	ck_assert_int_eq(e.code, ERR_FULL);
	ck_assert_int_gt(sent, 1);
}
END_TEST

START_TEST(there_may_be_none_yet)
{
	ck_assert_int_eq(fcntl(pair[1], F_SETFL, O_NONBLOCK), 0);
	ck_assert_int_eq(receive(), ERR_TIMEOUT);
}
END_TEST

START_TEST(the_end_is_told)
{
	if (_i == 1) /* with something that the other one has not read */
		ck_assert_int_eq(channel_send(pair[1], "x", 1, NULL, true, &e), OK);
	close(pair[0]);
	ck_assert_int_eq(receive(), OK);
	ck_assert_uint_eq(len, 0);
	ck_assert_int_ne(channel_send(pair[1], "x", 1, NULL, true, &e), OK);
	ck_assert_int_eq(channel_pair(pair, NULL), OK);
}
END_TEST

/* --- processes ----------------------------------------------------------------------- */

static int
end_with_parent(void *context, int channel)
{
	char byte;

	close(*(int *)context); /* the other end of the test's pair */
	return read(channel, &byte, 1) == 0 ? 7 : 1;
}

static int
hang(void *context, int channel)
{
	(void)context;
	(void)channel;
	pause();
	return 0;
}

static int
die(void *context, int channel)
{
	(void)context;
	(void)channel;
	raise(SIGKILL);
	return 0;
}

static const struct {
	int (*run)(void *context, int channel);
	const char *how;
} ends[] = {
	{end_with_parent, "ended with status 7"},
	{hang, "was ended by signal 9 (Killed)"},
	{die, "was ended by signal 9 (Killed)"},
};

START_TEST(a_child_ends_with_its_channel)
{
	struct child c = {.title = "test", .channel = -1};
	char how[CHILD_END];

	ck_assert_str_eq(child_end(&c, how), ""); /* it does not run */
	ck_assert_int_eq(child_start(&c, ends[_i].run, &pair[0], &e), OK);
	ck_assert_int_gt(c.pid, 0);
	ck_assert_str_eq(child_end(&c, how), ends[_i].how);
	ck_assert_int_eq(c.pid, 0);
	ck_assert_int_eq(c.channel, -1);
}
END_TEST

START_TEST(a_service_is_started_again_later_and_later)
{
	static const int64_t pauses[] = {1000, 2000, 4000, 8000, 16000, 32000, 60000, 60000};
	struct service s = {.name = "it", .run = die, .child = {.title = "x", .channel = -1}};
	int64_t now = 5000;

	ck_assert_int_eq(service_wait_ms(&s, now), -1);
	ck_assert_int_eq(service_start(&s, now, &e), OK);
	for (size_t i = 0; i < ORBL_COUNT(pauses); i++) {
		ck_assert(service_runs(&s));
		ck_assert(!service_tick(&s, now));
		service_ended(&s, now);
		ck_assert(!service_runs(&s));
		ck_assert_int_eq(service_wait_ms(&s, now), pauses[i]);
		now += pauses[i] - 1;
		ck_assert(!service_tick(&s, now));
		ck_assert(service_tick(&s, ++now));
	}
	now += 60000; /* it has run for a while */
	service_ended(&s, now);
	ck_assert_int_eq(service_wait_ms(&s, now), 1000);
	service_stop(&s);
	ck_assert_int_eq(service_wait_ms(&s, now), -1);
	ck_assert(!service_tick(&s, now + 100000));
}
END_TEST

static Suite *
suite(void)
{
	Suite *s = suite_create("channel");
	TCase *all = tcase_create("all");

	tcase_add_checked_fixture(all, set_up, tear_down);
	tcase_set_timeout(all, 60);
	tcase_add_test(all, messages_stay_whole_and_in_order);
	tcase_add_loop_test(all, descriptors_come_along, 0, CHANNEL_FDS_MAX + 1);
	tcase_add_test(all, what_is_too_long_is_no_message);
	tcase_add_loop_test(all, too_many_descriptors_are_closed, 0, 2);
	tcase_add_loop_test(all, other_things_along_are_no_message, 0, 3);
	tcase_add_test(all, descriptors_of_an_empty_message_are_closed);
	tcase_add_test(all, a_full_channel_is_told);
	tcase_add_test(all, there_may_be_none_yet);
	tcase_add_loop_test(all, the_end_is_told, 0, 2);
	tcase_add_loop_test(all, a_child_ends_with_its_channel, 0, (int)ORBL_COUNT(ends));
	tcase_add_test(all, a_service_is_started_again_later_and_later);
	suite_add_tcase(s, all);
	return s;
}

int
main(void)
{
	return unit_run(suite());
}
