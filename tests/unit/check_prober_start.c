#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "prober.h"
#include "unit.h"

static const struct {
	const char *source, *second, *message; /* NULL: they are good */
} sources[] = {
	{"", "", NULL},
	{"127.0.6.1", "127.0.6.2", NULL},
	{"", "::1", NULL},
	{"203.0.113.9", "", "probe.source: 203.0.113.9 is not an address of this machine"},
	{"127.0.6.1", "2001:db8::9",
		"probe.second_source: 2001:db8::9 is not an address of this machine"},
	{"127.0.6.1", "127.0.6.1", "probe.second_source: 127.0.6.1 is probe.source, too"},
};

START_TEST(sources_are_ours)
{
	struct error error = {.code = OK};
	struct prober_conf c = {.sessions = 1};

	if (sources[_i].source[0] != '\0')
		ck_assert_int_eq(addr_parse(text_of(sources[_i].source), &c.source), OK);
	if (sources[_i].second[0] != '\0')
		ck_assert_int_eq(addr_parse(text_of(sources[_i].second), &c.second_source), OK);
	if (sources[_i].message == NULL) {
		ck_assert_int_eq(prober_check_sources(&c, &error), OK);
		return;
	}
	ck_assert_int_eq(prober_check_sources(&c, &error), ERR_REFUSED);
	ck_assert_msg(strstr(error.text, sources[_i].message) != NULL, "%s", error.text);
}
END_TEST

/* Signals come to the whole process group. */
START_TEST(the_end_is_the_parents)
{
	const int signals[] = {SIGTERM, SIGINT, SIGHUP};
	struct prober_conf c = {.collector_domain = "probe.test",
		.helo = "relay-test.probe.test",
		.url = "https://probe.test/",
		.user = "nobody",
		.sessions = 1,
		.reply_timeout_s = 1,
		.session_timeout_s = 1};
	struct prober *prober;
	struct prober_event ev;
	struct error error = {.code = OK};
	struct pollfd pfd = {.events = POLLIN};

	(void)setpgid(0, 0); /* of this test alone */
	ck_assert_int_eq(addr_parse(TEXT("127.0.6.31"), &c.collector.addr), OK);
	ck_assert_msg(prober_start(&c, &prober, &error) == OK, "%s", error.text);
	for (size_t i = 0; i < ORBL_COUNT(signals); i++) {
		signal(signals[i], SIG_IGN);
		ck_assert_int_eq(kill(0, signals[i]), 0);
		signal(signals[i], SIG_DFL);
	}
	pfd.fd = prober_fd(prober);
	ck_assert_int_eq(poll(&pfd, 1, 300), 0);
	ck_assert_int_eq(prober_next(prober, &ev, &error), ERR_TIMEOUT);
	prober_stop(prober);
}
END_TEST

static Suite *
suite(void)
{
	Suite *s = suite_create("prober_start");
	TCase *t = tcase_create("start");

	tcase_add_loop_test(t, sources_are_ours, 0, (int)ORBL_COUNT(sources));
	tcase_add_test(t, the_end_is_the_parents);
	suite_add_tcase(s, t);
	return s;
}

int
main(void)
{
	return unit_run(suite());
}
