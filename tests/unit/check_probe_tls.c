#include "probe_tls.h"

#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <openssl/ssl.h>

#include "certificate_fixture.h"
#include "prober.h"
#include "scratch.h"
#include "unit.h"

/* --- a server in a process of its own: the prober inherits no OpenSSL at work -------- */

static const struct server_kind {
	const char *name, *ciphers;
	int max_version;
	bool certificate;
	const char *wanted; /* what the prober tells */
} kinds[] = {
	{"today", NULL, 0, true, "TLSv1.3, TLS_AES_256_GCM_SHA384, certificate CN=mx.example"},
	{"old", "ALL:@SECLEVEL=0", TLS1_VERSION, true,
		"TLSv1, ECDHE-ECDSA-AES256-SHA, certificate CN=mx.example"},
	{"anonymous", "aNULL:@SECLEVEL=0", TLS1_2_VERSION, false,
		"TLSv1.2, ADH-AES256-GCM-SHA384, no certificate"},
};

static SSL_CTX *
make_context(const struct server_kind *kind)
{
	SSL_CTX *context = SSL_CTX_new(TLS_server_method());

	if (kind->max_version != 0) {
		SSL_CTX_set_min_proto_version(context, kind->max_version);
		SSL_CTX_set_max_proto_version(context, kind->max_version);
		SSL_CTX_set_security_level(context, 0);
		SSL_CTX_set_dh_auto(context, 1);
	}
	if (kind->ciphers != NULL && SSL_CTX_set_cipher_list(context, kind->ciphers) != 1)
		_exit(3);
	if (kind->certificate) {
		certificate_make("mx.example", NULL);
		if (SSL_CTX_use_certificate_chain_file(context, "mx.example.crt") != 1 ||
			SSL_CTX_use_PrivateKey_file(context, "mx.example.key", SSL_FILETYPE_PEM) !=
				1)
			_exit(4);
	}
	return context;
}

static void
say(int fd, SSL *ssl, const char *text)
{
	if (ssl != NULL)
		SSL_write(ssl, text, (int)strlen(text));
	else if (write(fd, text, strlen(text)) < 0)
		_exit(5);
}

static const char *
answer(const char *line, bool encrypted)
{
	if (strncmp(line, "EHLO", 4) == 0)
		return encrypted ? "250 mx.example.net\r\n" :
				   "250-mx.example.net\r\n250 STARTTLS\r\n";
	if (strncmp(line, "MAIL", 4) == 0 && !encrypted)
		return "530 5.7.0 Must issue a STARTTLS command first\r\n";
	if (strncmp(line, "RCPT", 4) == 0)
		return "554 5.7.1 Relay access denied\r\n";
	return strncmp(line, "QUIT", 4) == 0 ? "221 bye\r\n" : "250 ok\r\n";
}

static void
serve(int fd, SSL_CTX *context)
{
	char line[1024];
	SSL *ssl = NULL;
	int n;

	say(fd, NULL, "220 mx.example.net ESMTP\r\n");
	for (;;) {
		n = (int)(ssl != NULL ? SSL_read(ssl, line, sizeof(line) - 1) :
					read(fd, line, sizeof(line) - 1));
		if (n <= 0)
			break;
		line[n] = '\0';
		if (strncmp(line, "STARTTLS", 8) == 0) {
			say(fd, NULL, "220 go\r\n");
			ssl = SSL_new(context);
			SSL_set_fd(ssl, fd);
			if (SSL_accept(ssl) != 1)
				break;
			continue;
		}
		say(fd, ssl, answer(line, ssl != NULL));
	}
	SSL_free(ssl);
	close(fd);
}

static pid_t
start_server(const struct server_kind *kind, struct endpoint *where)
{
	int listener = socket(AF_INET, SOCK_STREAM, 0), fd;
	struct sockaddr_storage ss;
	socklen_t len;
	pid_t pid;

	ck_assert_int_eq(addr_parse(TEXT("127.0.9.2"), &where->addr), OK);
	len = endpoint_to_sockaddr(where, &ss);
	ck_assert_int_eq(bind(listener, (struct sockaddr *)&ss, len), 0);
	ck_assert_int_eq(listen(listener, 8), 0);
	len = sizeof(ss);
	getsockname(listener, (struct sockaddr *)&ss, &len);
	*where = endpoint_from_sockaddr((struct sockaddr *)&ss);
	pid = fork();
	if (pid == 0) {
		SSL_CTX *context = make_context(kind);

		signal(SIGPIPE, SIG_IGN);
		while ((fd = accept(listener, NULL, NULL)) >= 0)
			serve(fd, context);
		_exit(0);
	}
	close(listener);
	return pid;
}

/* --- the prober, in its sandbox -------------------------------------------------------- */

static struct error error;

static void
fill_conf(struct prober_conf *conf)
{
	*conf = (struct prober_conf){.helo = "relay-test.probe.test",
		.collector_domain = "probe.test",
		.user = "nobody",
		.starttls = true,
		.allow_count = 1,
		.wait_s = 1,
		.reply_timeout_s = 5,
		.session_timeout_s = 20,
		.sessions = 1};
	ck_assert_int_eq(addr_parse(TEXT("127.0.9.1"), &conf->collector.addr), OK);
	ck_assert_int_eq(prefix_parse(TEXT("127.0.9.0/24"), &conf->allow[0]), OK);
}

static enum prober_reach
probe(const struct endpoint *target, char tls[PROBER_TEXT])
{
	struct prober_job job = {.id = 9, .target = *target, .now_s = (int64_t)time(NULL)};
	struct prober_event ev = {.kind = PROBER_READY};
	struct prober_conf conf;
	struct prober *p;
	enum err err;

	fill_conf(&conf);
	err = prober_start(&conf, &p, &error);
	ck_assert_msg(err == OK, "%s", error.text);
	ck_assert_int_eq(prober_submit(p, &job, &error), OK);
	tls[0] = '\0';
	while (ev.kind != PROBER_DONE) {
		struct pollfd pfd = {.fd = prober_fd(p), .events = POLLIN};

		ck_assert_int_eq(poll(&pfd, 1, 10000), 1);
		err = prober_next(p, &ev, &error);
		ck_assert_msg(err == OK, "%s", error.text);
		prober_ack(p, ev.sequence, true);
		if (ev.kind == PROBER_TLS)
			snprintf(tls, PROBER_TEXT, "%s", ev.text);
	}
	prober_stop(p);
	ck_assert_msg(ev.reach == REACH_DONE, "%s", ev.text);
	return ev.reach;
}

static void
probe_kind(const struct server_kind *kind)
{
	struct endpoint where = {.port = 0};
	pid_t pid = start_server(kind, &where);
	char tls[PROBER_TEXT];

	ck_assert_int_eq(probe(&where, tls), REACH_DONE);
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	ck_assert_str_eq(tls, kind->wanted);
}

START_TEST(in_the_sandbox_as_root)
{
	probe_kind(&kinds[_i]);
}
END_TEST

START_TEST(in_the_sandbox_as_a_user)
{
	int status;
	pid_t pid;

	ck_assert_int_eq(chmod(".", 0777), 0);
	pid = fork();
	if (pid == 0) {
		if (geteuid() == 0 && (setgid(65534) != 0 || setuid(65534) != 0))
			_exit(2);
		probe_kind(&kinds[_i]);
		_exit(0);
	}
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	ck_assert_int_eq(status, 0);
}
END_TEST

static Suite *
suite(void)
{
	Suite *s = suite_create("probe_tls");
	TCase *sandbox = tcase_create("sandbox");

	tcase_add_checked_fixture(sandbox, scratch_enter, scratch_leave);
	tcase_set_timeout(sandbox, 30);
	tcase_add_loop_test(sandbox, in_the_sandbox_as_root, 0, (int)ORBL_COUNT(kinds));
	tcase_add_loop_test(sandbox, in_the_sandbox_as_a_user, 0, (int)ORBL_COUNT(kinds));
	suite_add_tcase(s, sandbox);
	return s;
}

int
main(void)
{
	return unit_run(suite());
}
