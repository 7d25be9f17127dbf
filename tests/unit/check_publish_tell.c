#include "publish.h"

#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <event2/event.h>

#include <orbl/control.h>

#include "analyzer_fixture.h"
#include "scratch.h"
#include "unit.h"

static void
turn(struct event_base *base)
{
	for (int i = 0; i < 4; i++)
		ck_assert_int_ge(event_base_loop(base, EVLOOP_NONBLOCK), 0);
}

START_TEST(dnsd_is_told_the_serial)
{
	static const char answer[] = "{\"ok\":true}\n";
	struct event_base *base = event_base_new();
	char request[128];
	int fd, client;
	ssize_t n;

	ck_ok(control_listen("dnsd.sock", 0600, &fd, trouble()));
	publish_tell(base, "dnsd.sock", 7);
	client = accept(fd, NULL, NULL);
	ck_assert_int_ge(client, 0);
	turn(base);
	n = read(client, request, sizeof(request) - 1);
	ck_assert_int_gt(n, 0);
	request[n] = '\0';
	ck_assert_str_eq(request, "{\"cmd\":\"reload\",\"serial\":7}\n");
	ck_assert_int_eq(write(client, answer, sizeof(answer) - 1), sizeof(answer) - 1);
	turn(base);
	ck_assert_int_eq(read(client, request, sizeof(request)), 0); /* it hung up */
	close(client);
	close(fd);
	event_base_free(base);
}
END_TEST

/* Nothing to see but that nothing is lost: the sanitizers look for leaks. */
START_TEST(a_dnsd_that_is_not_there_does_no_harm)
{
	struct event_base *base = event_base_new();
	char name[200];
	int fd, client;

	memset(name, 'n', sizeof(name) - 1);
	name[sizeof(name) - 1] = '\0';
	publish_tell(base, "", 1);
	publish_tell(base, name, 1);
	publish_tell(base, "missing.sock", 1);
	ck_ok(control_listen("dnsd.sock", 0600, &fd, trouble()));
	publish_tell(base, "dnsd.sock", 1);
	client = accept(fd, NULL, NULL);
	turn(base);
	close(client); /* without an answer */
	turn(base);
	publish_tell(base, "dnsd.sock", 1);
	client = accept(fd, NULL, NULL);
	ck_assert_int_eq(write(client, "nonsense\n", 9), 9);
	turn(base);
	close(client);
	close(fd);
	publish_tell(base, "dnsd.sock", 1); /* the socket of a dead one */
	turn(base);
	event_base_free(base);
}
END_TEST

static Suite *
suite(void)
{
	Suite *s = suite_create("publish_tell");
	TCase *tell = tcase_create("tell");

	tcase_add_checked_fixture(tell, scratch_enter, scratch_leave);
	tcase_add_test(tell, dnsd_is_told_the_serial);
	tcase_add_test(tell, a_dnsd_that_is_not_there_does_no_harm);
	suite_add_tcase(s, tell);
	return s;
}

int
main(void)
{
	return unit_run(suite());
}
