/* TLS in memory: handshakes cut anywhere, certificates that are wrong, and transfers over it. */
#include "unit.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <openssl/ssl.h>

#include "big_endian.h"
#include "certificate_fixture.h"
#include "tls_files.h"
#include "tls_stream.h"
#include "transfer_fixture.h"

enum { CONNECTIONS = 8, TURNS = 300, STREAM_MAX = 4 << 20 };

static struct tls_context *server;
#define TEMPLATE "/tmp/orbl-tls.XXXXXX"
static char dir[] = TEMPLATE;

static void
set_up(void)
{
	struct error e = {.code = OK};
	int fd;

	signal(SIGPIPE, SIG_IGN);
	ck_assert_ptr_nonnull(mkdtemp(dir));
	ck_assert_int_eq(chdir(dir), 0);
	certificate_make("ca.test", NULL);
	certificate_make("primary.test", "ca.test");
	ck_assert_int_eq(chmod("primary.test.key", 0600), 0);
	ck_assert_msg(tls_files_load("primary.test.crt", "primary.test.key", &fd, &e) == OK, "%s",
		e.text);
	ck_assert_msg(tls_files_open(fd, &server, &e) == OK, "%s", e.text);
	close(fd);
}

static void
tear_down(void)
{
	static const char *const files[] = {"ca.test.crt", "ca.test.key", "primary.test.crt",
		"primary.test.key"};

	for (size_t i = 0; i < ORBL_COUNT(files); i++)
		unlink(files[i]);
	tls_context_free(server);
	ck_assert_int_eq(chdir("/"), 0);
	rmdir(dir);
	memcpy(dir, TEMPLATE, sizeof(dir));
}

/* A client of our own library, which believes anything; what alters it is up to the test. */
static SSL *
new_client(int fd, const char *alpn, int version)
{
	SSL_CTX *c = SSL_CTX_new(TLS_client_method());
	SSL *ssl;

	SSL_CTX_set_max_proto_version(c, version);
	if (alpn != NULL)
		SSL_CTX_set_alpn_protos(c, (const unsigned char *)alpn, (unsigned)strlen(alpn));
	ssl = SSL_new(c);
	SSL_CTX_free(c);
	SSL_set_fd(ssl, fd);
	SSL_set_connect_state(ssl);
	return ssl;
}

struct fixture {
	struct transfer_fixture t;
	int fd;
	SSL *ssl;
	size_t len;
	uint8_t *stream;
};

static int
connect_from(struct fixture *f, unsigned host)
{
	struct endpoint client = {.addr = addr_from_ipv4(0x7f000000 + host), .port = 4000};
	int pair[2];

	ck_assert_int_eq(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, pair), 0);
	connections_add_tls(f->t.connections, pair[0], &client, server);
	return pair[1];
}

static void
open_fixture(struct fixture *f, size_t hosts)
{
	char *lines = malloc(hosts * 24 + 1);
	size_t at = 0;

	ck_assert_ptr_nonnull(lines);
	lines[0] = '\0';
	memset(f, 0, sizeof(*f));
	for (size_t i = 0; i < hosts; i++)
		at += (size_t)snprintf(lines + at, 24, "10.0.%zu.%zu relay\n", i >> 8, i & 255);
	transfer_fixture_set_up(&f->t, CONNECTIONS);
	f->t.requests.expand = 1 << 20;
	transfer_fixture_take(&f->t, lines, 7);
	free(lines);
	f->stream = malloc(STREAM_MAX);
	ck_assert_ptr_nonnull(f->stream);
	f->fd = connect_from(f, 1);
}

static void
close_fixture(struct fixture *f)
{
	SSL_free(f->ssl);
	close(f->fd);
	transfer_fixture_tear_down(&f->t);
	free(f->stream);
}

static void
turn(struct fixture *f)
{
	struct pollfd polls[CONNECTIONS];
	size_t count = connections_prepare(f->t.connections, polls);

	ck_assert_int_ge(poll(polls, count, 0), 0);
	connections_serve(f->t.connections, polls, count);
}

static bool
shake(struct fixture *f)
{
	for (int i = 0; i < 10; i++) {
		if (SSL_do_handshake(f->ssl) == 1)
			return true;
		turn(f);
	}
	return false;
}

static void
read_all(struct fixture *f)
{
	for (int i = 0; i < TURNS; i++) {
		int n;

		turn(f);
		while ((n = SSL_read(f->ssl, f->stream + f->len, (int)(STREAM_MAX - f->len))) > 0)
			f->len += (size_t)n;
	}
}

static size_t
count_records(const struct fixture *f, size_t *messages)
{
	size_t records = 0, at = 0;

	*messages = 0;
	while (f->len - at >= 2 && f->len - at - 2 >= big_endian_u16(f->stream + at)) {
		records += big_endian_u16(f->stream + at + 2 + 6);
		at += 2 + big_endian_u16(f->stream + at);
		++*messages;
	}
	ck_assert_uint_eq(at, f->len);
	return records;
}

static void
ask(struct fixture *f, uint16_t type)
{
	uint8_t bytes[512];
	size_t len = transfer_fixture_query(bytes + 2, "dnsbl.test", type, 7);

	big_endian_put16(bytes, (unsigned)len);
	ck_assert_int_eq(SSL_write(f->ssl, bytes, (int)len + 2), (int)len + 2);
}

/* A transfer; new keys in the middle; the other side half closed; the goodbye. */
START_TEST(a_transfer_with_all_that_may_happen)
{
	struct fixture f;
	size_t messages;

	open_fixture(&f, 3000);
	f.ssl = new_client(f.fd, "\003dot", TLS1_3_VERSION);
	ck_assert(shake(&f));
	ask(&f, TYPE_SOA);
	read_all(&f);
	ck_assert_uint_eq(count_records(&f, &messages), 1);
	f.len = 0;
	ck_assert_int_eq(SSL_key_update(f.ssl, SSL_KEY_UPDATE_REQUESTED), 1);
	ask(&f, TYPE_AXFR);
	ck_assert_int_eq(SSL_shutdown(f.ssl), 0);
	read_all(&f);
	ck_assert_uint_gt(count_records(&f, &messages), 6000);
	ck_assert_int_eq(SSL_get_shutdown(f.ssl), SSL_SENT_SHUTDOWN | SSL_RECEIVED_SHUTDOWN);
	ck_assert_uint_eq(connections_count(f.t.connections), 0);
	close_fixture(&f);
}
END_TEST

/* Several requests in one record, longer than the buffer for one: none waits for the next poll. */
START_TEST(requests_in_one_record)
{
	struct fixture f;
	uint8_t bytes[16000];
	size_t len = 0, messages, count = 0;

	open_fixture(&f, 3);
	f.ssl = new_client(f.fd, "\003dot", TLS1_3_VERSION);
	ck_assert(shake(&f));
	for (; len + 512 < sizeof(bytes); count++) {
		size_t one = transfer_fixture_query(bytes + len + 2, "dnsbl.test", TYPE_SOA, 7);

		big_endian_put16(bytes + len, (unsigned)one);
		len += one + 2;
	}
	ck_assert_int_eq(SSL_write(f.ssl, bytes, (int)len), (int)len);
	for (size_t i = 0; i < 8; i++)
		read_all(&f);
	count_records(&f, &messages);
	ck_assert_uint_eq(messages, count);
	close_fixture(&f);
}
END_TEST

START_TEST(whom_the_server_refuses)
{
	static const struct {
		const char *alpn;
		int version;
		bool is_let_in;
	} cases[] = {{"\003dot", TLS1_3_VERSION, true}, {NULL, TLS1_3_VERSION, true},
		{"\002h2\003dot", TLS1_3_VERSION, true}, {"\002h2", TLS1_3_VERSION, false},
		{"\003dot", TLS1_2_VERSION, false}};
	struct fixture f;

	open_fixture(&f, 1);
	f.ssl = new_client(f.fd, cases[_i].alpn, cases[_i].version);
	ck_assert_int_eq(shake(&f), cases[_i].is_let_in);
	turn(&f);
	ck_assert_uint_eq(connections_count(f.t.connections), cases[_i].is_let_in);
	close_fixture(&f);
}
END_TEST

/* What comes stops after any number of bytes, and so does the connection in the end. */
START_TEST(a_handshake_that_is_cut)
{
	struct fixture f;
	uint8_t hello[1024];
	size_t len;
	int pair[2];

	open_fixture(&f, 1);
	ck_assert_int_eq(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, pair), 0);
	f.ssl = new_client(pair[0], "\003dot", TLS1_3_VERSION);
	SSL_do_handshake(f.ssl);
	len = (size_t)recv(pair[1], hello, sizeof(hello), 0);
	ck_assert_uint_gt(len, 100);
	len = len * (size_t)_i / 20;
	if (_i == 20)
		hello[len / 2] ^= 0xff;
	ck_assert_int_eq(send(f.fd, hello, len, 0), (ssize_t)len);
	for (int i = 0; i < 5; i++)
		turn(&f);
	f.t.requests.now.ms += CONNECTIONS_HANDSHAKE_MS - 1;
	turn(&f);
	if (_i < 20)
		ck_assert_uint_eq(connections_count(f.t.connections), 1);
	f.t.requests.now.ms++;
	turn(&f);
	ck_assert_uint_eq(connections_count(f.t.connections), 0);
	close(pair[0]);
	close(pair[1]);
	close_fixture(&f);
}
END_TEST

START_TEST(garbage_and_the_end)
{
	struct fixture f;

	open_fixture(&f, 1);
	if (_i == 0)
		ck_assert_int_gt(send(f.fd, "GET / HTTP/1.0\r\n\r\n", 18, 0), 0);
	else
		shutdown(f.fd, SHUT_WR);
	for (int i = 0; i < 3; i++)
		turn(&f);
	ck_assert_uint_eq(connections_count(f.t.connections), 0);
	close_fixture(&f);
}
END_TEST

/* --- certificate files ------------------------------------------------------------------------ */

static void
refuse_files(const char *certificate, const char *key, const char *why)
{
	struct error e = {.code = OK};
	int fd;

	ck_assert_int_ne(tls_files_load(certificate, key, &fd, &e), OK);
	ck_assert_int_eq(fd, -1);
	ck_assert_msg(strstr(e.text, why) != NULL, "\"%s\" has no \"%s\"", e.text, why);
}

START_TEST(files_that_are_wrong)
{
	struct tls_context *client;
	struct error e = {.code = OK};

	ck_assert_int_eq(chmod("ca.test.key", 0600), 0);
	refuse_files("none.crt", "primary.test.key", "transfer.tls_certificate: none.crt");
	refuse_files("primary.test.crt", "none.key", "transfer.tls_key: none.key");
	refuse_files("primary.test.crt", "ca.test.key", "that fits the certificate");
	refuse_files("primary.test.key", "primary.test.key", "no PEM certificate");
	ck_assert_int_eq(chmod("primary.test.key", 0644), 0);
	refuse_files("primary.test.crt", "primary.test.key", "others may read");
	ck_assert_int_eq(chmod("primary.test.key", 0600), 0);
	ck_assert_int_ne(tls_context_client("primary.test.key", &client, &e), OK);
	ck_assert_ptr_nonnull(strstr(e.text, "transfer.tls_ca"));
	ck_assert_int_ne(tls_context_client("none", &client, &e), OK);
}
END_TEST

/* The fixture's certificates have no subjectAltName, and a common name is not looked at. */
START_TEST(a_common_name_is_no_name)
{
	struct tls_context *client;
	struct error e = {.code = OK};
	struct fixture f;
	struct tls_stream s = {.fd = -1};
	enum tls_stream_shaken shaken = TLS_STREAM_NOT_YET;

	open_fixture(&f, 1);
	ck_assert_msg(tls_context_client("ca.test.crt", &client, &e) == OK, "%s", e.text);
	s.fd = dup(f.fd);
	ck_assert(tls_stream_connect(&s, client, "primary.test"));
	for (int i = 0; i < 10 && shaken == TLS_STREAM_NOT_YET; i++) {
		shaken = tls_stream_shake(&s, &e);
		turn(&f);
	}
	ck_assert_int_eq(shaken, TLS_STREAM_FAILED);
	ck_assert_str_eq(e.text, "its certificate is not for primary.test");
	tls_stream_close(&s);
	tls_context_free(client);
	close_fixture(&f);
}
END_TEST

static Suite *
suite(void)
{
	Suite *s = suite_create("tls_stream");
	TCase *c = tcase_create("connections"), *files = tcase_create("files");

	tcase_set_timeout(c, 60);
	tcase_add_unchecked_fixture(c, set_up, tear_down);
	tcase_add_test(c, a_transfer_with_all_that_may_happen);
	tcase_add_test(c, requests_in_one_record);
	tcase_add_loop_test(c, whom_the_server_refuses, 0, 5);
	tcase_add_loop_test(c, a_handshake_that_is_cut, 0, 21);
	tcase_add_loop_test(c, garbage_and_the_end, 0, 2);
	suite_add_tcase(s, c);
	tcase_add_checked_fixture(files, set_up, tear_down);
	tcase_add_test(files, files_that_are_wrong);
	tcase_add_test(files, a_common_name_is_no_name);
	suite_add_tcase(s, files);
	return s;
}

int
main(void)
{
	return unit_run(suite());
}
