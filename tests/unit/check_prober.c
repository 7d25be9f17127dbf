#include "prober.h"

#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "collector_client.h"
#include "probe_result.h"
#include "prober_event.h"
#include "unit.h"

/* --- servers under test, one thread each --------------------------------- */

enum behaviour { CLOSED, RELAY, GARBAGE, LATER };

struct server {
	enum behaviour behaviour;
	struct endpoint where;
	struct endpoint collector; /* RELAY sends there, from its own address */
	int fd;
	pthread_t thread;
};

static bool
read_line(FILE *in, char *line, size_t size)
{
	if (fgets(line, (int)size, in) == NULL)
		return false;
	line[strcspn(line, "\r\n")] = '\0';
	return true;
}

static void
relay_message(const struct server *s, const char *rcpt)
{
	static const char *const script[] = {"HELO relay.example", "MAIL FROM:<x@relay.example>",
		NULL, "DATA", "Subject: relayed\r\n\r\n.", "QUIT"};
	struct endpoint from = {.addr = s->where.addr};
	struct sockaddr_storage ss;
	int fd = socket(AF_INET, SOCK_STREAM, 0);
	char line[1024];
	FILE *f;

	socklen_t len = endpoint_to_sockaddr(&from, &ss);
	bind(fd, (struct sockaddr *)&ss, len);
	len = endpoint_to_sockaddr(&s->collector, &ss);
	if (connect(fd, (struct sockaddr *)&ss, len) != 0) {
		close(fd);
		return;
	}
	f = fdopen(fd, "r+");
	setvbuf(f, NULL, _IONBF, 0);
	read_line(f, line, sizeof(line));
	for (size_t i = 0; i < ORBL_COUNT(script); i++) {
		fprintf(f, "%s\r\n", script[i] != NULL ? script[i] : rcpt);
		read_line(f, line, sizeof(line));
	}
	fclose(f);
}

static void
serve(const struct server *s, FILE *f)
{
	char line[1024], rcpt[1024] = "";

	fprintf(f, "220 mx.example.net ESMTP\r\n");
	while (read_line(f, line, sizeof(line))) {
		if (strncmp(line, "RCPT", 4) == 0 && s->behaviour == LATER) {
			fprintf(f, strchr(line, '%') != NULL ? "450 later\r\n" : "550 no\r\n");
		} else if (strncmp(line, "RCPT", 4) == 0 && s->behaviour == CLOSED) {
			fprintf(f, "550 \x1b[31mno\xff\r\n");
		} else if (strcmp(line, "DATA") == 0) {
			fprintf(f, "354 go\r\n");
			while (read_line(f, line, sizeof(line)) && strcmp(line, ".") != 0)
				;
			fprintf(f, "250 queued\r\n");
			relay_message(s, rcpt);
		} else {
			if (strncmp(line, "RCPT", 4) == 0)
				snprintf(rcpt, sizeof(rcpt), "%s", line);
			fprintf(f, "250 ok\r\n");
		}
	}
}

static void *
run_server(void *argument)
{
	const struct server *s = argument;
	int fd;

	while ((fd = accept(s->fd, NULL, NULL)) >= 0) {
		FILE *f = fdopen(fd, "r+");

		setvbuf(f, NULL, _IONBF, 0);
		if (s->behaviour == GARBAGE)
			fprintf(f, "\x01\x02\x03 hello\r\n");
		else
			serve(s, f);
		fclose(f);
	}
	return NULL;
}

static void
start_server(struct server *s, enum behaviour behaviour, const char *address)
{
	struct sockaddr_storage ss;
	socklen_t len;

	memset(s, 0, sizeof(*s));
	s->behaviour = behaviour;
	ck_assert_int_eq(addr_parse(text_of(address), &s->where.addr), OK);
	len = endpoint_to_sockaddr(&s->where, &ss);
	s->fd = socket(AF_INET, SOCK_STREAM, 0);
	ck_assert_int_eq(bind(s->fd, (struct sockaddr *)&ss, len), 0);
	ck_assert_int_eq(listen(s->fd, 16), 0);
	len = sizeof(ss);
	getsockname(s->fd, (struct sockaddr *)&ss, &len);
	s->where = endpoint_from_sockaddr((struct sockaddr *)&ss);
}

static void
stop_server(struct server *s)
{
	shutdown(s->fd, SHUT_RDWR);
	pthread_join(s->thread, NULL);
	close(s->fd);
}

/* --- the prober ---------------------------------------------------------- */

static struct prober_conf conf;
static struct prober *prober;
static struct error error;

static void
set_up(void)
{
	memset(&conf, 0, sizeof(conf));
	snprintf(conf.collector_domain, sizeof(conf.collector_domain), "probe.test");
	snprintf(conf.helo, sizeof(conf.helo), "relay-test.probe.test");
	snprintf(conf.url, sizeof(conf.url), "https://probe.test/");
	snprintf(conf.user, sizeof(conf.user), "nobody");
	ck_assert_int_eq(addr_parse(TEXT("127.0.6.1"), &conf.collector.addr), OK);
	ck_assert_int_eq(prefix_parse(TEXT("127.0.6.0/24"), &conf.allow[0]), OK);
	conf.allow_count = 1;
	conf.wait_s = 2;
	conf.reply_timeout_s = conf.session_timeout_s = 5;
	conf.sessions = 4;
	conf.key[0] = 42;
	prober = NULL;
}

static void
start(void)
{
	enum err err = prober_start(&conf, &prober, &error);

	ck_assert_msg(err == OK, "%s", error.text);
}

static void
next_event(struct prober_event *ev)
{
	struct pollfd pfd = {.fd = prober_fd(prober), .events = POLLIN};
	enum err err;

	while ((err = prober_next(prober, ev, &error)) == ERR_TIMEOUT)
		ck_assert_int_eq(poll(&pfd, 1, 10000), 1);
	ck_assert_msg(err == OK, "%s", error.text);
	prober_ack(prober, ev->sequence, true);
}

/* Probe one target to the end. */
static struct probe_result *
probe(const struct endpoint *target)
{
	struct prober_job job = {.id = 7, .target = *target, .now_s = (int64_t)time(NULL)};
	struct probe_result *result = probe_result_new(job.id, target);
	struct prober_event ev;

	ck_assert_int_eq(prober_submit(prober, &job, &error), OK);
	while (!probe_result_is_done(result)) {
		next_event(&ev);
		ck_assert_uint_eq(ev.id, job.id);
		probe_result_apply(result, &ev);
	}
	return result;
}

static void
assert_probe(const struct endpoint *target, const char *verdict, const char *reason)
{
	struct probe_result *result = probe(target);

	ck_assert_str_eq(verdict_name(probe_result_verdict(result)), verdict);
	ck_assert_msg(strstr(probe_result_reason(result), reason) != NULL, "%s",
		probe_result_reason(result));
	probe_result_free(result);
}

static void
assert_server(enum behaviour behaviour, const char *address, const char *verdict,
	const char *reason)
{
	struct server s;

	start_server(&s, behaviour, address);
	start();
	s.collector = prober_collector(prober);
	ck_assert_uint_ne(s.collector.port, 0);
	ck_assert_int_eq(pthread_create(&s.thread, NULL, run_server, &s), 0);
	assert_probe(&s.where, verdict, reason);
	prober_stop(prober);
	stop_server(&s);
}

START_TEST(closed)
{
	/* what is not printable on the wire is not so in the reason */
	assert_server(CLOSED, "127.0.6.2", "closed", "P01-plain: 550 ?[31mno?");
}
END_TEST

START_TEST(relay)
{
	assert_server(RELAY, "127.0.6.3", "open", "came back from 127.0.6.3");
}
END_TEST

static void
send_token(const struct prober_job *job, unsigned case_index)
{
	struct token t = {.probe_id = job->id,
		.case_index = (uint8_t)case_index,
		.hour = (uint16_t)(job->now_s / 3600)};
	struct endpoint where = prober_collector(prober);
	struct collector_client client = {.fd = -1};
	char text[TOKEN_TEXT], line[256];

	token_format(&t, conf.key, text);
	snprintf(line, sizeof(line), "RCPT TO:<%s@probe.test>\r\n", text);
	collector_client_dial(&client, &where);
	collector_client_expect(&client, "220");
	collector_client_say(&client, "HELO x\r\n", "250");
	collector_client_say(&client, "MAIL FROM:<a@b>\r\n", "250");
	collector_client_say(&client, line, "250");
	collector_client_say(&client, "DATA\r\n", "354");
	collector_client_say(&client, ".\r\n", NULL); /* the reply waits for next_event */
	collector_client_hang_up(&client);
}

/* Who reads the token of a refused case in his log can end the probe as little as fake a relay. */
START_TEST(token_of_a_refused_case)
{
	struct prober_job job = {.id = 7, .now_s = (int64_t)time(NULL)};
	struct probe_result *result;
	struct prober_event ev;
	struct server s;

	start_server(&s, LATER, "127.0.6.8");
	conf.cases = UINT64_C(1) << 1 | UINT64_C(1) << 11;
	conf.retries = conf.retry_after_s = 1;
	start();
	ck_assert_int_eq(pthread_create(&s.thread, NULL, run_server, &s), 0);
	job.target = s.where;
	result = probe_result_new(job.id, &job.target);
	ck_assert_int_eq(prober_submit(prober, &job, &error), OK);
	while (!probe_result_is_done(result)) {
		next_event(&ev);
		probe_result_apply(result, &ev);
		if (strncmp(ev.text, "refused for now", 15) == 0)
			send_token(&job, 1);
	}
	ck_assert_str_eq(verdict_name(probe_result_verdict(result)), "undecided");
	probe_result_free(result);
	prober_stop(prober);
	stop_server(&s);
}
END_TEST

START_TEST(garbage)
{
	assert_server(GARBAGE, "127.0.6.4", "undecided", "not an SMTP reply");
}
END_TEST

START_TEST(nobody_there)
{
	struct endpoint target;

	ck_assert_int_eq(endpoint_parse(TEXT("127.0.6.5:9"), &target), OK);
	start();
	assert_probe(&target, "unreachable", "Connection refused");
	prober_stop(prober);
}
END_TEST

START_TEST(child_refuses_reserved_networks_itself)
{
	struct endpoint target;

	ck_assert_int_eq(endpoint_parse(TEXT("127.0.7.5:9"), &target), OK);
	start();
	assert_probe(&target, "undecided", "private or reserved");
	prober_stop(prober);
}
END_TEST

START_TEST(a_job_is_cancelled)
{
	struct prober_job job = {.id = 9, .now_s = (int64_t)time(NULL)};
	struct prober_event ev;
	struct server s;

	start_server(&s, LATER, "127.0.6.9");
	conf.cases = UINT64_C(1) << 11;
	conf.retries = 1;
	conf.retry_after_s = 3600;
	start();
	ck_assert_int_eq(pthread_create(&s.thread, NULL, run_server, &s), 0);
	job.target = s.where;
	ck_assert_int_eq(prober_submit(prober, &job, &error), OK);
	ck_assert_int_eq(prober_cancel(prober, 8, &error), OK); /* nobody's */
	do {
		next_event(&ev);
		if (strncmp(ev.text, "refused for now", 15) == 0)
			ck_assert_int_eq(prober_cancel(prober, 9, &error), OK);
	} while (ev.kind != PROBER_DONE);
	ck_assert_str_eq(ev.text, "opted out");
	prober_stop(prober);
	stop_server(&s);
}
END_TEST

START_TEST(bad_jobs)
{
	struct prober_job job = {.id = 1};

	start();
	ck_assert_int_eq(prober_submit(prober, &job, &error), ERR_RANGE);
	ck_assert_int_eq(endpoint_parse(TEXT("127.0.6.5:9"), &job.target), OK);
	job.id = 0;
	ck_assert_int_eq(prober_submit(prober, &job, &error), ERR_RANGE);
	job.id = UINT64_C(1) << 40;
	ck_assert_int_eq(prober_submit(prober, &job, &error), ERR_RANGE);
	prober_stop(prober);
	prober_stop(NULL);
}
END_TEST

static void
assert_not_starting(enum err wanted, const char *message)
{
	ck_assert_int_eq(prober_start(&conf, &prober, &error), wanted);
	ck_assert_ptr_null(prober);
	ck_assert_msg(strstr(error.text, message) != NULL, "%s", error.text);
	set_up();
}

START_TEST(bad_configuration)
{
	snprintf(conf.helo, sizeof(conf.helo), "a b");
	assert_not_starting(ERR_SYNTAX, "probe.helo");
	conf.helo[0] = '\0';
	assert_not_starting(ERR_SYNTAX, "probe.helo");
	snprintf(conf.url, sizeof(conf.url), "http://x\r\nBcc: y");
	assert_not_starting(ERR_SYNTAX, "probe.url");
	snprintf(conf.collector_domain, sizeof(conf.collector_domain), "nodot");
	assert_not_starting(ERR_SYNTAX, "domain");
	conf.collector.addr.family = 0;
	assert_not_starting(ERR_SYNTAX, "collector.listen");
	conf.sessions = 0;
	assert_not_starting(ERR_RANGE, "sessions");
	conf.cases = 1;
	assert_not_starting(ERR_RANGE, "cases");
	memset(conf.helo, 'a', sizeof(conf.helo) - 1);
	memset(conf.url, 'a', sizeof(conf.url) - 1);
	memset(conf.collector_domain, 'a', 250);
	memcpy(conf.collector_domain + 250, ".bc", 4);
	assert_not_starting(ERR_FULL, "shorten");
	conf.collector.addr.b[0] = 198; /* not ours to listen on */
	assert_not_starting(ERR_IO, "--collector ADDR@PORT or collector.listen");
	snprintf(conf.tls_certificate, sizeof(conf.tls_certificate), "/nowhere/collector.pem");
	assert_not_starting(ERR_IO, "cannot read /nowhere/collector.pem: No such file");
	snprintf(conf.tls_key, sizeof(conf.tls_key), "/nowhere/collector.key");
	assert_not_starting(ERR_IO, "set collector.tls_certificate");
	if (geteuid() == 0) {
		snprintf(conf.user, sizeof(conf.user), "no-such-user");
		assert_not_starting(ERR_IO, "no user \"no-such-user\"");
		snprintf(conf.user, sizeof(conf.user), "root");
		assert_not_starting(ERR_IO, "must not be root");
	}
}
END_TEST

/* When we do not listen the child waits, and says so by a full pipe; nothing is lost. */
START_TEST(pipe_fills_and_empties)
{
	struct prober_job job = {.now_s = (int64_t)time(NULL)};
	uint64_t submitted = 0, done = 0;
	struct prober_event ev;

	start();
	ck_assert_int_eq(endpoint_parse(TEXT("127.0.6.5:9"), &job.target), OK);
	for (job.id = 1; prober_submit(prober, &job, &error) == OK; job.id++)
		ck_assert_uint_lt(++submitted, 20000);
	ck_assert_int_eq(error.code, ERR_FULL);
	while (done < submitted) {
		next_event(&ev);
		done += ev.kind == PROBER_DONE;
	}
	prober_stop(prober);
}
END_TEST

/* --- what comes from the child is looked at ------------------------------ */

static void
fill(struct prober_event *ev)
{
	memset(ev, 0, sizeof(*ev));
	ev->kind = PROBER_ARRIVAL;
	ev->id = 5;
	ev->case_index = 1;
	ev->peer.addr.family = 4;
	snprintf(ev->text, sizeof(ev->text), "hello");
}

static bool
is_taken(const struct prober_event *ev)
{
	struct prober_event out;

	return prober_event_read(ev, sizeof(*ev), &out);
}

START_TEST(events_are_checked)
{
	struct prober_event ev, out;

	fill(&ev);
	ck_assert(is_taken(&ev));
	ck_assert(!prober_event_read(&ev, sizeof(ev) - 1, &out));
	ck_assert(!prober_event_read(&ev, 0, &out));
	memset(ev.text, 'x', sizeof(ev.text));
	ck_assert(!is_taken(&ev));
	fill(&ev);
	ev.text[2] = '\n';
	ck_assert(!is_taken(&ev));
	fill(&ev);
	ev.data_reply[0] = '\x80';
	ck_assert(!is_taken(&ev));
	fill(&ev);
	ev.case_index = 0;
	ck_assert(!is_taken(&ev));
	ev.case_index = 64;
	ck_assert(!is_taken(&ev));
	fill(&ev);
	ev.peer.addr.family = 5;
	ck_assert(!is_taken(&ev));
	fill(&ev);
	ev.id = UINT64_C(1) << 40;
	ck_assert(!is_taken(&ev));
	fill(&ev);
	ev.direction = 'x';
	ck_assert(!is_taken(&ev));
	fill(&ev);
	ev.sequence = UINT64_MAX;
	ck_assert(is_taken(&ev));
	ev.kind = PROBER_AGAIN;
	ck_assert(!is_taken(&ev));
}
END_TEST

START_TEST(kinds_need_what_is_theirs)
{
	static const struct {
		enum prober_event_kind kind;
		bool with_case, with_peer;
	} needs[] = {
		{PROBER_READY, false, true},
		{PROBER_FAILED, false, false},
		{PROBER_DIALOGUE, false, false},
		{PROBER_CASE, true, false},
		{PROBER_ARRIVAL, true, true},
		{PROBER_HEADER, true, false},
		{PROBER_TLS, false, false},
		{PROBER_AGAIN, true, true},
		{PROBER_DONE, false, false},
	};
	struct prober_event ev;

	ck_assert_uint_eq(ORBL_COUNT(needs), PROBER_DONE + 1);
	for (size_t i = 0; i < ORBL_COUNT(needs); i++) {
		fill(&ev);
		ev.kind = needs[i].kind;
		ck_assert(is_taken(&ev));
		ev.case_index = 0;
		ck_assert(is_taken(&ev) == !needs[i].with_case);
		ev.case_index = 1;
		ev.peer.addr.family = 0;
		ck_assert(is_taken(&ev) == !needs[i].with_peer);
	}
}
END_TEST

START_TEST(only_bounces_have_a_dsn)
{
	struct prober_event ev;

	fill(&ev);
	ev.to_sender = true;
	snprintf(ev.dsn, sizeof(ev.dsn), "failed 5.7.1 <a@b>, by mx.example");
	ck_assert(is_taken(&ev));
	ev.to_sender = false;
	ck_assert(!is_taken(&ev));
	ev.to_sender = true;
	ev.kind = PROBER_HEADER;
	ck_assert(!is_taken(&ev));
	fill(&ev);
	ev.to_sender = true;
	memset(ev.dsn, 'x', sizeof(ev.dsn));
	ck_assert(!is_taken(&ev));
}
END_TEST

/* Enums and bools are no enums and bools before they were checked. */
START_TEST(raw_values_are_checked)
{
	static const struct {
		size_t offset, size;
	} fields[] = {
		{offsetof(struct prober_event, kind), sizeof(enum prober_event_kind)},
		{offsetof(struct prober_event, answer), sizeof(enum prober_answer)},
		{offsetof(struct prober_event, reach), sizeof(enum prober_reach)},
		{offsetof(struct prober_event, to_sender), sizeof(bool)},
	};
	struct prober_event ev, out;
	unsigned char bytes[sizeof(ev)];

	for (size_t i = 0; i < ORBL_COUNT(fields); i++) {
		fill(&ev);
		memcpy(bytes, &ev, sizeof(ev));
		memset(bytes + fields[i].offset, 0xff, fields[i].size);
		ck_assert(!prober_event_read(bytes, sizeof(bytes), &out));
	}
}
END_TEST

static Suite *
suite(void)
{
	Suite *s = suite_create("prober");
	TCase *probes = tcase_create("probes"), *pipe = tcase_create("pipe");

	tcase_set_timeout(probes, 30);
	tcase_set_timeout(pipe, 60);
	tcase_add_checked_fixture(probes, set_up, NULL);
	tcase_add_test(probes, closed);
	tcase_add_test(probes, relay);
	tcase_add_test(probes, token_of_a_refused_case);
	tcase_add_test(probes, garbage);
	tcase_add_test(probes, nobody_there);
	tcase_add_test(probes, child_refuses_reserved_networks_itself);
	tcase_add_test(probes, bad_configuration);
	tcase_add_checked_fixture(pipe, set_up, NULL);
	tcase_add_test(pipe, a_job_is_cancelled);
	tcase_add_test(pipe, bad_jobs);
	tcase_add_test(pipe, pipe_fills_and_empties);
	tcase_add_test(pipe, events_are_checked);
	tcase_add_test(pipe, raw_values_are_checked);
	tcase_add_test(pipe, kinds_need_what_is_theirs);
	tcase_add_test(pipe, only_bounces_have_a_dsn);
	suite_add_tcase(s, probes);
	suite_add_tcase(s, pipe);
	return s;
}

int
main(void)
{
	return unit_run(suite());
}
