#include "syslog_receiver.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include <openssl/err.h>
#include <openssl/ssl.h>

#include "analyzer_fixture.h"
#include "certificate_fixture.h"
#include "scratch.h"
#include "store_sql.h"
#include "unit.h"

#define DENIAL(host)                                                                               \
	"<22>2026-01-02T03:04:05+00:00 mx1 postfix/smtpd[804]: NOQUEUE: reject: RCPT from"         \
	" unknown[" host "]: 554 5.7.1 <x@freemail.example>: Relay access denied;"                 \
	" from=<a@offers.example> to=<x@freemail.example> proto=ESMTP helo=<c.example>"

static const char reporters_text[] = "reporter one {\n syslog_from = {127.0.0.2}\n}\n"
				     "reporter many {\n syslog_from = {127.0.1.0/24}\n}\n"
				     "reporter v6 {\n syslog_from = {\"::1\"}\n}\n";

static struct analyzer a;
static struct syslog_receiver *receiver;
static uint16_t udp_port, tcp_port, tls_port;

/* --- fixture -------------------------------------------------------------- */

static struct sockaddr_in
address_of(const char *text, uint16_t port)
{
	struct addr addr = fixture_address(text);
	struct sockaddr_in sin = {.sin_family = AF_INET, .sin_port = htons(port)};

	memcpy(&sin.sin_addr, addr.b, 4);
	return sin;
}

static uint16_t
free_port(int type)
{
	struct sockaddr_in sin = address_of("127.0.0.1", 0);
	socklen_t len = sizeof(sin);
	int fd = socket(AF_INET, type, 0);

	ck_assert_int_eq(bind(fd, (struct sockaddr *)&sin, sizeof(sin)), 0);
	ck_assert_int_eq(getsockname(fd, (struct sockaddr *)&sin, &len), 0);
	close(fd);
	return ntohs(sin.sin_port);
}

static enum err
try_receiver(void)
{
	const struct syslog_parts parts = {a.conf, a.store, a.reporters, a.pipeline, a.base};

	return syslog_receiver_new(&parts, &receiver, trouble());
}

static void
set_up_with(const char *lines)
{
	char text[4096];

	scratch_enter();
	udp_port = free_port(SOCK_DGRAM);
	tcp_port = free_port(SOCK_STREAM);
	tls_port = free_port(SOCK_STREAM);
	snprintf(text, sizeof(text),
		"syslog.udp = {\"127.0.0.1@%u\"}\nsyslog.tcp = {\"127.0.0.1@%u\"}\n%s%s", udp_port,
		tcp_port, reporters_text, lines);
	analyzer_open(&a, text);
	ck_ok(try_receiver());
}

static void
set_up(void)
{
	set_up_with("syslog.connections = 3\n");
}

static void
set_up_tls(void)
{
	char here[2048], text[8192];

	scratch_enter();
	tls_port = free_port(SOCK_STREAM);
	certificate_make("ca", NULL);
	certificate_make("server", "ca");
	certificate_make("client", "ca");
	certificate_make("stranger", NULL);
	ck_assert_ptr_nonnull(getcwd(here, sizeof(here)));
	snprintf(text, sizeof(text),
		"syslog.tls = {\"127.0.0.1@%u\"}\nsyslog.certificate = \"%s/server.crt\"\n"
		"syslog.key = \"%s/server.key\"\nsyslog.ca = \"%s/ca.crt\"\n%s",
		tls_port, here, here, here, reporters_text);
	analyzer_open(&a, text);
	ck_ok(try_receiver());
}

static void
tear_down(void)
{
	syslog_receiver_free(receiver);
	receiver = NULL;
	analyzer_close(&a);
	scratch_leave();
}

static int
open_socket(int type, const char *from, uint16_t port)
{
	struct sockaddr_in local = address_of(from, 0), peer = address_of("127.0.0.1", port);
	int fd = socket(AF_INET, type | SOCK_CLOEXEC, 0);

	ck_assert_int_eq(bind(fd, (struct sockaddr *)&local, sizeof(local)), 0);
	ck_assert_int_eq(connect(fd, (struct sockaddr *)&peer, sizeof(peer)), 0);
	ck_assert_int_eq(fcntl(fd, F_SETFL, O_NONBLOCK), 0);
	analyzer_turn(&a);
	return fd;
}

static void
put(int fd, const char *text)
{
	ck_assert_int_eq(send(fd, text, strlen(text), MSG_NOSIGNAL), (ssize_t)strlen(text));
	analyzer_turn(&a);
}

static void
send_datagram(const char *from, const void *bytes, size_t len)
{
	int fd = open_socket(SOCK_DGRAM, from, udp_port);

	ck_assert_int_eq(send(fd, bytes, len, 0), (ssize_t)len);
	analyzer_turn(&a);
	close(fd);
}

/* Has it hung up? */
static bool
is_closed(int fd)
{
	char byte;
	ssize_t n;

	analyzer_turn(&a);
	n = recv(fd, &byte, 1, 0);
	return n == 0 || (n < 0 && errno == ECONNRESET);
}

static void
tick(int64_t later_s)
{
	syslog_receiver_tick(receiver, (int64_t)time(NULL) + later_s);
}

static json_int_t
status(const char *key)
{
	json_t *json = syslog_receiver_status(receiver);
	json_int_t n = json_integer_value(json_object_get(json, key));

	ck_assert_msg(json_is_integer(json_object_get(json, key)), "no %s", key);
	json_decref(json);
	return n;
}

static int64_t
number(const char *sql)
{
	int64_t n;

	ck_ok(store_number(a.store, trouble(), &n, sql, ""));
	return n;
}

/* Denials of a reporter that count. */
static int64_t
denials(const char *reporter)
{
	int64_t n;

	ck_ok(store_number(a.store, trouble(), &n,
		"SELECT sum(v.count) FROM evidence v JOIN submission b ON b.id = v.submission"
		" JOIN reporter r ON r.id = b.reporter WHERE b.committed = 1 AND r.name = ?",
		"t", reporter));
	return n;
}

/* --- whose messages -------------------------------------------------------- */

START_TEST(a_datagram_is_its_reporters)
{
	send_datagram("127.0.0.2", DENIAL("192.0.2.1"), sizeof(DENIAL("192.0.2.1")) - 1);
	send_datagram("127.0.1.77", DENIAL("192.0.2.1"), sizeof(DENIAL("192.0.2.1")) - 1);
	send_datagram("127.0.1.78", DENIAL("192.0.2.2") "\n\r\n", sizeof(DENIAL("192.0.2.2")) + 2);
	ck_assert_int_eq(denials("one"), 0);
	tick(0);
	ck_assert_int_eq(denials("one"), 1);
	ck_assert_int_eq(denials("many"), 2);
	ck_assert_int_eq(number("SELECT count(*) FROM submission WHERE file = 'syslog:127.0.1.78'"),
		1);
	ck_assert_int_eq(status("udp"), 3);
	ck_assert_int_eq(status("senders"), 3);
	ck_assert_int_eq(status("strangers"), 0);
}
END_TEST

START_TEST(messages_of_strangers_are_dropped)
{
	int fd;

	send_datagram("127.0.0.3", DENIAL("192.0.2.1"), sizeof(DENIAL("192.0.2.1")) - 1);
	fd = open_socket(SOCK_STREAM, "127.0.0.3", tcp_port);
	ck_assert(is_closed(fd));
	close(fd);
	tick(0);
	ck_assert_int_eq(number("SELECT count(*) FROM evidence"), 0);
	ck_assert_int_eq(status("strangers"), 2);
	ck_assert_int_eq(status("connections"), 0);
	ck_assert_int_eq(status("senders"), 0);
}
END_TEST

START_TEST(a_line_feed_inside_forges_no_line)
{
	static const char forged[] =
		"<22>2026-01-02T03:04:05+00:00 mx1 postfix/smtpd[804]: warning: "
		"x\n" DENIAL("192.0.2.66") "\n";
	char counted[sizeof(forged) + 16];
	int fd = open_socket(SOCK_STREAM, "127.0.0.2", tcp_port);

	send_datagram("127.0.0.2", forged, sizeof(forged) - 1);
	snprintf(counted, sizeof(counted), "%zu %s", sizeof(forged) - 1, forged);
	put(fd, counted);
	tick(0);
	ck_assert_int_eq(status("udp"), 1);
	ck_assert_int_eq(status("tcp"), 1);
	ck_assert_int_eq(number("SELECT count(*) FROM evidence"), 0);
	close(fd);
}
END_TEST

/* --- connections ----------------------------------------------------------- */

START_TEST(both_framings_are_taken)
{
	int fd = open_socket(SOCK_STREAM, "127.0.0.2", tcp_port);
	char counted[1024];

	put(fd, DENIAL("192.0.2.1") "\n" DENIAL("192.0.2.2") "\n");
	snprintf(counted, sizeof(counted), "%zu %s", strlen(DENIAL("192.0.2.3")),
		DENIAL("192.0.2.3"));
	put(fd, counted);
	put(fd, "<22>2026-01-02T03:04:05+00:00 mx1 postfix/smtpd[80");
	tick(0);
	ck_assert_int_eq(denials("one"), 3);
	put(fd, "4]: connect from x[192.0.2.1]\n" DENIAL("192.0.2.4") "\n");
	close(fd);
	analyzer_turn(&a); /* what was said before is committed with the end */
	ck_assert_int_eq(denials("one"), 4);
	ck_assert_int_eq(status("tcp"), 5);
	ck_assert_int_eq(status("broken"), 0);
	ck_assert_int_eq(status("senders"), 0);
}
END_TEST

START_TEST(who_drips_or_says_nothing_is_ended)
{
	int dripping = open_socket(SOCK_STREAM, "127.0.0.2", tcp_port);
	int silent = open_socket(SOCK_STREAM, "127.0.0.2", tcp_port);
	const struct timespec moment = {.tv_sec = 2};
	int64_t began_s = (int64_t)time(NULL);

	put(dripping, "100 <22>");
	nanosleep(&moment, NULL);
	put(dripping, "x"); /* does not begin the time anew */
	syslog_receiver_tick(receiver, began_s + SYSLOG_MESSAGE_S - 1);
	ck_assert(!is_closed(dripping));
	syslog_receiver_tick(receiver, began_s + SYSLOG_MESSAGE_S + 1);
	ck_assert(is_closed(dripping));
	ck_assert(!is_closed(silent));
	syslog_receiver_tick(receiver, began_s + SYSLOG_IDLE_S - 1);
	ck_assert(!is_closed(silent));
	tick(SYSLOG_IDLE_S + 1);
	ck_assert(is_closed(silent));
	ck_assert_int_eq(status("slow"), 1);
	ck_assert_int_eq(status("idle"), 1);
	ck_assert_int_eq(status("broken"), 1);
	send_datagram("127.0.0.2", "<22>x", 5);
	ck_assert_int_eq(status("senders"), 1);
	tick(SYSLOG_UDP_IDLE_S + 1);
	ck_assert_int_eq(status("senders"), 0);
	close(dripping);
	close(silent);
}
END_TEST

START_TEST(garbage_is_ended_or_passed_over)
{
	int fd = open_socket(SOCK_STREAM, "127.0.0.2", tcp_port);
	char *bytes = malloc(SYSLOG_MESSAGE_MAX + 100);

	put(fd, "123456789 x");
	ck_assert(is_closed(fd));
	close(fd);
	ck_assert_int_eq(status("broken"), 1);
	fd = open_socket(SOCK_STREAM, "127.0.0.2", tcp_port);
	memset(bytes, 'x', SYSLOG_MESSAGE_MAX + 100);
	bytes[SYSLOG_MESSAGE_MAX + 99] = '\0';
	put(fd, bytes);
	put(fd, bytes);
	put(fd, "\n\x16\x03\x01\xff\xfe\n" DENIAL("192.0.2.1") "\n");
	memset(bytes, '\n', 1000); /* empty ones */
	bytes[1000] = '\0';
	put(fd, bytes);
	tick(0);
	ck_assert_int_eq(denials("one"), 1);
	ck_assert_int_eq(status("overlong"), 1);
	ck_assert_int_eq(status("tcp"), 2);
	free(bytes);
	close(fd);
}
END_TEST

START_TEST(the_most_idle_gives_way)
{
	int first = open_socket(SOCK_STREAM, "127.0.0.2", tcp_port), fds[2];

	put(first, DENIAL("192.0.2.1") "\n");
	fds[0] = open_socket(SOCK_STREAM, "127.0.0.2", tcp_port);
	fds[1] = open_socket(SOCK_STREAM, "127.0.1.1", tcp_port);
	ck_assert(!is_closed(first));
	send_datagram("127.0.1.2", DENIAL("192.0.2.2"), sizeof(DENIAL("192.0.2.2")) - 1);
	ck_assert_int_eq(status("senders"), 3); /* syslog.connections */
	ck_assert_int_eq(status("evicted"), 1);
	ck_assert(is_closed(first));
	ck_assert_int_eq(denials("one"), 1); /* what it had said is kept */
	close(first);
	close(fds[0]);
	close(fds[1]);
}
END_TEST

START_TEST(many_denials_do_not_wait_for_the_clock)
{
	int fd = open_socket(SOCK_STREAM, "127.0.0.2", tcp_port);
	char line[512];

	for (int i = 0; i < 2 * SYSLOG_DENIALS + 50; i++) {
		snprintf(line, sizeof(line),
			"<22>2026-01-02T03:04:05+00:00 mx1 postfix/smtpd[804]: NOQUEUE: reject: "
			"RCPT "
			"from unknown[10.0.%d.%d]: 554 5.7.1 <x@freemail.example>: Relay access "
			"denied; from=<a@offers.example> to=<x@freemail.example> proto=ESMTP\n",
			i / 256, i % 256);
		put(fd, line);
	}
	ck_assert_int_ge(denials("one"), SYSLOG_DENIALS);
	syslog_receiver_free(receiver); /* the end commits the rest */
	receiver = NULL;
	ck_assert_int_eq(denials("one"), 2 * SYSLOG_DENIALS + 50);
	ck_assert_int_eq(number("PRAGMA synchronous"), 2);
	close(fd);
}
END_TEST

START_TEST(what_cannot_be_stored_waits)
{
	send_datagram("127.0.0.2", DENIAL("192.0.2.1"), sizeof(DENIAL("192.0.2.1")) - 1);
	ck_assert_int_eq(sqlite3_exec(a.store->db, "ALTER TABLE evidence RENAME TO gone", NULL,
				 NULL, NULL),
		SQLITE_OK);
	tick(0);
	ck_assert_int_eq(sqlite3_exec(a.store->db, "ALTER TABLE gone RENAME TO evidence", NULL,
				 NULL, NULL),
		SQLITE_OK);
	ck_assert_int_eq(denials("one"), 0);
	tick(0);
	ck_assert_int_eq(denials("one"), 1);
}
END_TEST

/* --- TLS ------------------------------------------------------------------- */

struct tls_client {
	SSL_CTX *context;
	SSL *ssl;
	int fd;
};

static struct tls_client
tls_open(const char *certificate) /* NULL: none */
{
	struct tls_client c = {.context = SSL_CTX_new(TLS_client_method())};
	char path[64];

	ck_assert_int_eq(SSL_CTX_load_verify_locations(c.context, "ca.crt", NULL), 1);
	SSL_CTX_set_verify(c.context, SSL_VERIFY_PEER, NULL);
	if (certificate != NULL) {
		snprintf(path, sizeof(path), "%s.crt", certificate);
		ck_assert_int_eq(SSL_CTX_use_certificate_chain_file(c.context, path), 1);
		snprintf(path, sizeof(path), "%s.key", certificate);
		ck_assert_int_eq(SSL_CTX_use_PrivateKey_file(c.context, path, SSL_FILETYPE_PEM), 1);
	}
	c.fd = open_socket(SOCK_STREAM, "127.0.0.2", tls_port);
	c.ssl = SSL_new(c.context);
	SSL_set_fd(c.ssl, c.fd);
	return c;
}

static bool
tls_connect(struct tls_client *c)
{
	int n = 0;

	for (int i = 0; i < 1000 && n != 1; i++) {
		ERR_clear_error();
		n = SSL_connect(c->ssl);
		analyzer_turn(&a);
		if (n != 1 && SSL_get_error(c->ssl, n) != SSL_ERROR_WANT_READ &&
			SSL_get_error(c->ssl, n) != SSL_ERROR_WANT_WRITE)
			return false;
	}
	return n == 1;
}

/* Does the server go on with us? In TLS 1.3 it tells only now that it does not. */
static bool
tls_is_alive(struct tls_client *c)
{
	char byte;
	int n = 0;

	for (int i = 0; i < 20; i++) {
		ERR_clear_error();
		analyzer_turn(&a);
		n = SSL_read(c->ssl, &byte, 1);
		if (SSL_get_error(c->ssl, n) != SSL_ERROR_WANT_READ)
			return false;
	}
	return true;
}

static void
tls_close(struct tls_client *c)
{
	SSL_free(c->ssl);
	SSL_CTX_free(c->context);
	close(c->fd);
	ERR_clear_error();
}

START_TEST(a_sender_with_a_certificate_is_heard)
{
	struct tls_client c = tls_open("client");
	char counted[1024];

	ck_assert(tls_connect(&c));
	snprintf(counted, sizeof(counted), "%zu %s", strlen(DENIAL("192.0.2.1")),
		DENIAL("192.0.2.1"));
	ck_assert_int_eq(SSL_write(c.ssl, counted, (int)strlen(counted)), (int)strlen(counted));
	ck_assert(tls_is_alive(&c));
	tick(0);
	ck_assert_int_eq(denials("one"), 1);
	ck_assert_int_eq(status("tls"), 1);
	ck_assert_int_eq(status("handshakes_failed"), 0);
	tls_close(&c);
	analyzer_turn(&a);
	ck_assert_int_eq(status("senders"), 0);
}
END_TEST

static const char *const others[] = {NULL, "stranger"};

START_TEST(a_sender_without_a_certificate_of_ours_is_not)
{
	struct tls_client c = tls_open(others[_i]);

	if (tls_connect(&c)) {
		(void)SSL_write(c.ssl, DENIAL("192.0.2.1") "\n", sizeof(DENIAL("192.0.2.1")));
		ck_assert(!tls_is_alive(&c));
	}
	tick(0);
	ck_assert_int_eq(number("SELECT count(*) FROM evidence"), 0);
	ck_assert_int_eq(status("handshakes_failed"), 1);
	ck_assert_int_eq(status("senders"), 0);
	tls_close(&c);
}
END_TEST

START_TEST(who_does_not_shake_hands_is_ended)
{
	int silent = open_socket(SOCK_STREAM, "127.0.0.2", tls_port), plain;

	plain = open_socket(SOCK_STREAM, "127.0.0.2", tls_port);
	put(plain, DENIAL("192.0.2.1") "\n");
	analyzer_turn(&a);
	ck_assert_int_eq(status("handshakes_failed"), 1);
	tick(SYSLOG_HANDSHAKE_S - 2);
	ck_assert_int_eq(status("senders"), 1);
	tick(SYSLOG_HANDSHAKE_S + 1);
	ck_assert_int_eq(status("senders"), 0);
	ck_assert(is_closed(silent));
	ck_assert_int_eq(number("SELECT count(*) FROM evidence"), 0);
	close(plain);
	close(silent);
}
END_TEST

/* --- configuration --------------------------------------------------------- */

static const struct {
	const char *lines;
	enum err err;
	const char *message;
} starts[] = {
	{"", OK, ""},
	{"syslog.udp = {\"127.0.0.1@9\"}\n", ERR_IO, "cannot listen on 127.0.0.1@9"},
	{"syslog.udp = {\"0.0.0.0@5514\"}\n", ERR_REFUSED, "no reporter has syslog_from"},
	{"syslog.tcp = {\"127.0.0.1@5514\", \"192.0.2.1@5514\"}\n", ERR_REFUSED,
		"syslog.tcp listens on 192.0.2.1@5514"},
	{"syslog.tls = {\"::@5514\"}\n", ERR_REFUSED, "no reporter has syslog_from"},
	{"syslog.tls = {\"127.0.0.1@5514\"}\n", ERR_REFUSED, "set syslog.certificate"},
	{"syslog.tls = {\"127.0.0.1@5514\"}\nsyslog.certificate = /none.crt\nsyslog.key = "
	 "/none.key\n",
		ERR_IO, "/none.crt"},
};

START_TEST(a_configuration_is_checked_at_the_start)
{
	enum err err;

	scratch_enter();
	analyzer_open(&a, starts[_i].lines);
	if (_i == 1 && geteuid() == 0) { /* may listen anywhere: somebody else does already */
		int fd = socket(AF_INET, SOCK_DGRAM, 0);
		struct sockaddr_in sin = address_of("127.0.0.1", 9);

		ck_assert_int_eq(bind(fd, (struct sockaddr *)&sin, sizeof(sin)), 0);
	}
	err = try_receiver();
	ck_assert_int_eq(err, starts[_i].err);
	ck_assert_ptr_null(receiver);
	ck_assert_msg(err == OK || strstr(trouble()->text, starts[_i].message) != NULL, "%s",
		trouble()->text);
	ck_assert(json_is_null(syslog_receiver_status(NULL)));
	syslog_receiver_free(NULL);
	tear_down();
}
END_TEST

static Suite *
suite(void)
{
	Suite *s = suite_create("syslog_receiver");
	TCase *plain = tcase_create("plain"), *tls = tcase_create("tls"),
	      *start = tcase_create("start");

	tcase_add_checked_fixture(plain, set_up, tear_down);
	tcase_set_timeout(plain, 60);
	tcase_add_test(plain, a_datagram_is_its_reporters);
	tcase_add_test(plain, messages_of_strangers_are_dropped);
	tcase_add_test(plain, a_line_feed_inside_forges_no_line);
	tcase_add_test(plain, both_framings_are_taken);
	tcase_add_test(plain, who_drips_or_says_nothing_is_ended);
	tcase_add_test(plain, garbage_is_ended_or_passed_over);
	tcase_add_test(plain, the_most_idle_gives_way);
	tcase_add_test(plain, many_denials_do_not_wait_for_the_clock);
	tcase_add_test(plain, what_cannot_be_stored_waits);
	tcase_add_checked_fixture(tls, set_up_tls, tear_down);
	tcase_set_timeout(tls, 60);
	tcase_add_test(tls, a_sender_with_a_certificate_is_heard);
	tcase_add_loop_test(tls, a_sender_without_a_certificate_of_ours_is_not, 0,
		(int)ORBL_COUNT(others));
	tcase_add_test(tls, who_does_not_shake_hands_is_ended);
	tcase_add_loop_test(start, a_configuration_is_checked_at_the_start, 0,
		(int)ORBL_COUNT(starts));
	suite_add_tcase(s, plain);
	suite_add_tcase(s, tls);
	suite_add_tcase(s, start);
	return s;
}

int
main(void)
{
	return unit_run(suite());
}
