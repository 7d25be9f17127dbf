#include "collector_server.h"

#include <inttypes.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <event2/event.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>

#include "certificate_fixture.h"
#include "collector_client.h"
#include "collector_tls.h"
#include "scratch.h"
#include "unit.h"

enum { HOLD_S = 2 };

static const uint8_t key[TOKEN_KEY_BYTES] = {7};
static struct endpoint where;
static int told = -1; /* arrivals, as the server's process writes them */
static int releases = -1;
static pid_t server;
static struct error error;

static struct collector_client client;

/* --- the server, in a process of its own ---------------------------------- */

/* Arrivals from <ticketN@...> are held, with the tickets N, N + 1... */
static enum collector_told
write_arrival(const struct collector_arrival *a, const struct endpoint *peer, uint64_t *ticket,
	void *context)
{
	static uint64_t first, next;
	int fd = *(int *)context;

	(void)peer;
	if (write(fd, a->tls, sizeof(a->tls)) < 0)
		_exit(EXIT_FAILURE);
	if (sscanf(a->mail_from, "<ticket%" SCNu64, ticket) != 1)
		return COLLECTOR_KEPT;
	next = *ticket != first ? *ticket : next;
	first = *ticket;
	*ticket = next++;
	return COLLECTOR_HELD;
}

/* "upto stored" a time. */
struct release {
	uint64_t upto;
	bool stored;
};

static void
take_release(evutil_socket_t fd, short what, void *context)
{
	struct release r;

	(void)what;
	if (read(fd, &r, sizeof(r)) != sizeof(r))
		_exit(EXIT_FAILURE);
	collector_server_release(*(struct collector_server **)context, r.upto, r.stored);
}

static void
serve(int listener, int pipe_end, int release_end, struct collector_tls *tls)
{
	struct event_base *base = event_base_new();
	struct collector_server *s;
	struct event *released = event_new(base, release_end, EV_READ | EV_PERSIST, take_release,
		&s);
	struct collector_server_conf conf = {.domain = "probe.test",
		.hold_s = HOLD_S,
		.name = "mx.probe.test",
		.key = key,
		.tls = tls,
		.arrival_fn = write_arrival,
		.context = &pipe_end};

	s = collector_server_new(base, listener, &conf);
	if (s != NULL && event_add(released, NULL) == 0)
		event_base_dispatch(base);
	_exit(EXIT_FAILURE);
}

static void
start(bool encrypted)
{
	struct collector_tls *tls = NULL;
	int listener, ends[2], release_ends[2];

	signal(SIGPIPE, SIG_IGN);
	scratch_enter();
	certificate_make("own", NULL);
	ck_assert_int_eq(endpoint_parse(TEXT("127.0.0.1"), &where), OK);
	ck_assert_int_eq(collector_server_bind(&where, &listener, &error), OK);
	ck_assert_int_eq(pipe(ends), 0);
	ck_assert_int_eq(pipe(release_ends), 0);
	if (encrypted)
		ck_assert_int_eq(collector_tls_new("own.crt", "own.key", &tls, &error), OK);
	server = fork();
	if (server == 0)
		serve(listener, ends[1], release_ends[0], tls);
	collector_tls_free(tls);
	close(listener);
	close(ends[1]);
	close(release_ends[0]);
	told = ends[0];
	releases = release_ends[1];
}

static void
start_clear(void)
{
	start(false);
}

static void
start_encrypted(void)
{
	start(true);
}

static void
stop(void)
{
	kill(server, SIGKILL);
	waitpid(server, NULL, 0);
	close(told);
	close(releases);
	scratch_leave();
}

/* --- sessions ------------------------------------------------------------- */

static void
deliver(const char *wanted_tls)
{
	struct token t = {.probe_id = 1, .case_index = 1, .hour = (uint16_t)(time(NULL) / 3600)};
	char text[TOKEN_TEXT], line[256], tls[COLLECTOR_TLS_TEXT];

	token_format(&t, key, text);
	snprintf(line, sizeof(line), "RCPT TO:<%s@probe.test>\r\n", text);
	collector_client_say(&client, "EHLO relay.example\r\n", "250-mx.probe.test");
	collector_client_say(&client, "MAIL FROM:<a@b>\r\n", "250");
	collector_client_say(&client, line, "250");
	collector_client_say(&client, "DATA\r\n", "354");
	collector_client_say(&client, "Subject: x\r\n\r\n.\r\n", "250");
	collector_client_say(&client, "QUIT\r\n", "221");
	ck_assert_int_eq(read(told, tls, sizeof(tls)), sizeof(tls));
	ck_assert_msg(strncmp(tls, wanted_tls, strlen(wanted_tls)) == 0, "%s", tls);
	ck_assert((wanted_tls[0] == '\0') == (tls[0] == '\0'));
	ck_assert(!collector_client_read(&client, line, sizeof(line))); /* it hangs up */
}

START_TEST(in_clear)
{
	collector_client_dial(&client, &where);
	collector_client_expect(&client, "220 mx.probe.test");
	collector_client_say(&client, "STARTTLS\r\n", "503");
	deliver("");
	collector_client_hang_up(&client);
}
END_TEST

START_TEST(encrypted)
{
	static const struct {
		int newest;
		const char *tls;
	} versions[] = {{TLS1_3_VERSION, "TLSv1.3 TLS_"}, {TLS1_2_VERSION, "TLSv1.2 "}};

	for (size_t i = 0; i < ORBL_COUNT(versions); i++) {
		collector_client_dial(&client, &where);
		collector_client_expect(&client, "220 mx.probe.test");
		collector_client_say(&client, "EHLO relay.example\r\n", "250-mx.probe.test");
		collector_client_say(&client, "STARTTLS\r\n", "220 ");
		ck_assert(collector_client_encrypt(&client, versions[i].newest));
		collector_client_say(&client, "MAIL FROM:<a@b>\r\n",
			"503"); /* nothing is known from before */
		deliver(versions[i].tls);
		collector_client_hang_up(&client);
	}
}
END_TEST

START_TEST(clear_text_when_tls_is_offered)
{
	collector_client_dial(&client, &where);
	collector_client_expect(&client, "220 ");
	deliver("");
	collector_client_hang_up(&client);
}
END_TEST

START_TEST(injected_text_is_dropped)
{
	collector_client_dial(&client, &where);
	collector_client_expect(&client, "220 ");
	collector_client_say(&client, "EHLO a\r\n", "250-");
	collector_client_say(&client, "STARTTLS\r\nEHLO evil\r\nMAIL FROM:<evil@b>\r\nNOOP\r\n",
		"220 ");
	ck_assert(collector_client_encrypt(&client, TLS1_3_VERSION));
	collector_client_say(&client, "RCPT TO:<x@probe.test>\r\n", "503");
	deliver("TLSv1.3");
	collector_client_hang_up(&client);
}
END_TEST

/* A handshake that fails ends that connection only; the relay comes back in clear. */
START_TEST(failed_handshakes)
{
	char reply[256];

	for (int i = 0; i < 2; i++) {
		collector_client_dial(&client, &where);
		collector_client_expect(&client, "220 ");
		collector_client_say(&client, "STARTTLS\r\n", "220 ");
		if (i == 0)
			ck_assert(!collector_client_encrypt(&client, TLS1_1_VERSION));
		else
			collector_client_say(&client, "EHLO no, in clear\r\n\r\n\r\n\r\n", NULL);
		if (i == 1)
			while (collector_client_receive(&client, reply, sizeof(reply)) >
				0) /* an alert */
				;
		collector_client_hang_up(&client);
	}
	collector_client_dial(&client, &where);
	collector_client_expect(&client, "220 ");
	deliver("");
	collector_client_hang_up(&client);
}
END_TEST

/* --- held ------------------------------------------------------------------ */

static void
release(uint64_t upto, bool stored)
{
	struct release r;

	memset(&r, 0, sizeof(r));
	r.upto = upto;
	r.stored = stored;
	ck_assert_int_eq(write(releases, &r, sizeof(r)), sizeof(r));
}

/* Up to the dot; the arrival is told. */
static void
hold(struct collector_client *c, const char *ticket, int recipients)
{
	struct token t = {.probe_id = 1, .case_index = 1, .hour = (uint16_t)(time(NULL) / 3600)};
	char text[TOKEN_TEXT], line[256], tls[COLLECTOR_TLS_TEXT];

	c->fd = -1;
	collector_client_dial(c, &where);
	collector_client_expect(c, "220 ");
	collector_client_say(c, "EHLO relay.example\r\n", "250-");
	snprintf(line, sizeof(line), "MAIL FROM:<%s@b>\r\n", ticket);
	collector_client_say(c, line, "250");
	for (int i = 0; i < recipients; i++) {
		t.case_index = (uint8_t)(i + 1);
		token_format(&t, key, text);
		snprintf(line, sizeof(line), "RCPT TO:<%s@probe.test>\r\n", text);
		collector_client_say(c, line, "250");
		collector_client_say(c, line, "250 2.1.5 Ok, again"); /* told once */
	}
	collector_client_say(c, "DATA\r\n", "354");
	collector_client_say(c, "x\r\n.\r\nQUIT\r\n", NULL);
	for (int i = 0; i < recipients; i++)
		ck_assert_int_eq(read(told, tls, sizeof(tls)), sizeof(tls));
}

static void
expect_end(struct collector_client *c, const char *wanted)
{
	char line[256];

	collector_client_expect(c, wanted);
	collector_client_expect(c, "221"); /* what was said meanwhile */
	ck_assert(!collector_client_read(c, line, sizeof(line)));
	collector_client_hang_up(c);
}

static void
expect_nothing(const struct collector_client *c)
{
	struct pollfd pfd = {.fd = c->fd, .events = POLLIN};

	ck_assert_int_eq(poll(&pfd, 1, 200), 0);
}

START_TEST(released_up_to_a_ticket)
{
	static struct collector_client c[5];

	hold(&c[0], "ticket5", 1);
	hold(&c[1], "ticket6", 3);
	hold(&c[2], "ticket9", 2);
	hold(&c[3], "ticket11", 1);
	hold(&c[4], "ticket12", 1);
	expect_nothing(&c[0]);
	release(6, true);
	expect_end(&c[0], "250");
	release(7, false);
	expect_nothing(&c[1]);
	release(9, true);
	expect_end(&c[1], "451 4.3.0 Not stored, try again"); /* one of three was not */
	expect_nothing(&c[2]);
	collector_client_hang_up(&c[3]); /* does not wait for it */
	release(11, true);
	expect_end(&c[2], "250");
	release(12, false);
	expect_end(&c[4], "451 4.3.0");
}
END_TEST

START_TEST(nobody_decides)
{
	static struct collector_client c;

	hold(&c, "ticket1", 1);
	expect_nothing(&c);
	expect_end(&c, "451 4.3.0 Not stored, try again");
	release(1, true); /* too late for that one */
	hold(&c, "ticket2", 1);
	expect_nothing(&c);
	release(2, true);
	expect_end(&c, "250");
}
END_TEST

START_TEST(one_peer_has_so_many)
{
	int fds[COLLECTOR_PER_PEER_MAX];
	char reply[256];

	for (size_t i = 0; i < ORBL_COUNT(fds); i++) {
		collector_client_dial(&client, &where);
		collector_client_expect(&client, "220 ");
		fds[i] = client.fd;
	}
	collector_client_dial(&client, &where);
	ck_assert(!collector_client_read(&client, reply, sizeof(reply)));
	collector_client_hang_up(&client);
	for (size_t i = 0; i < ORBL_COUNT(fds); i++)
		close(fds[i]);
	usleep(200000);
	collector_client_dial(&client, &where);
	collector_client_expect(&client, "220 ");
	collector_client_hang_up(&client);
}
END_TEST

/* --- certificates --------------------------------------------------------- */

static void
write_locked_key(void)
{
	EVP_PKEY *pkey = EVP_EC_gen("P-256");
	FILE *f = fopen("locked.key", "w");

	ck_assert_ptr_nonnull(f);
	PEM_write_PrivateKey(f, pkey, EVP_aes_128_cbc(), (const unsigned char *)"secret", 6, NULL,
		NULL);
	fclose(f);
	EVP_PKEY_free(pkey);
}

static void
assert_refused(const char *certificate, const char *key_file, const char *message)
{
	struct collector_tls *tls;

	ck_assert_int_ne(collector_tls_new(certificate, key_file, &tls, &error), OK);
	ck_assert_ptr_null(tls);
	ck_assert_msg(strstr(error.text, message) != NULL, "%s", error.text);
}

START_TEST(certificates)
{
	struct collector_tls *tls;
	FILE *both;
	char text[8192];
	size_t n;

	scratch_enter();
	certificate_make("own", NULL);
	certificate_make("other", NULL);
	write_locked_key();
	assert_refused("none.crt", "own.key",
		"collector.tls_certificate: cannot read none.crt: No such file");
	assert_refused("own.key", "own.key", "own.key: is no PEM certificate");
	assert_refused("own.crt", "", "own.crt: has no PEM key");
	ck_assert_ptr_nonnull(strstr(error.text, "set collector.tls_key"));
	assert_refused("own.crt", "none.key", "collector.tls_key: cannot read none.key: No such");
	assert_refused("own.crt", "other.key", "other.key: ");
	assert_refused("own.crt", "locked.key", "locked.key: has no PEM key without passphrase");
	ck_assert_ptr_null(strstr(error.text, "set collector.tls_key"));
	assert_refused("", "own.key", "collector.tls_certificate");
	/* both in one file */
	both = fopen("own.key", "r");
	n = fread(text, 1, sizeof(text), both);
	fclose(both);
	both = fopen("own.crt", "a");
	ck_assert_uint_eq(fwrite(text, 1, n, both), n);
	fclose(both);
	ck_assert_int_eq(collector_tls_new("own.crt", "", &tls, &error), OK);
	collector_tls_free(tls);
	collector_tls_free(NULL);
	scratch_leave();
}
END_TEST

/* --- no room --------------------------------------------------------------- */

static int
dial_from(uint32_t address, bool *greeted)
{
	struct sockaddr_in from = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(address)};
	struct sockaddr_storage to;
	socklen_t len = endpoint_to_sockaddr(&where, &to);
	int fd = socket(AF_INET, SOCK_STREAM, 0);
	char line[256];

	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(bind(fd, (struct sockaddr *)&from, sizeof(from)), 0);
	ck_assert_int_eq(connect(fd, (struct sockaddr *)&to, len), 0);
	*greeted = read(fd, line, sizeof(line)) > 3 && strncmp(line, "220", 3) == 0;
	return fd;
}

static bool
is_hung_up_on(int fd)
{
	struct pollfd pfd = {.fd = fd, .events = POLLIN};
	char c;

	return poll(&pfd, 1, 200) == 1 && read(fd, &c, 1) == 0;
}

START_TEST(strangers_give_way)
{
	static int fds[COLLECTOR_CONNECTIONS_MAX + 1];
	static struct collector_client held;
	bool greeted;

	hold(&held, "ticket1", 1); /* the oldest of all, but known */
	for (unsigned i = 0; i < COLLECTOR_CONNECTIONS_MAX - 1; i++) {
		fds[i] = dial_from(0x7f010001 + i * 256, &greeted);
		ck_assert(greeted);
	}
	ck_assert(!is_hung_up_on(fds[0]));
	fds[COLLECTOR_CONNECTIONS_MAX] = dial_from(0x7f7f0001, &greeted);
	ck_assert(greeted);
	ck_assert(is_hung_up_on(fds[0]));
	ck_assert(!is_hung_up_on(fds[1]));
	release(1, true);
	expect_end(&held, "250");
}
END_TEST

START_TEST(a_network_has_its_share)
{
	bool greeted;

	for (unsigned i = 0; i <= COLLECTOR_PER_NETWORK_MAX; i++) {
		(void)dial_from(0x7f010001 + i, &greeted);
		ck_assert(greeted == (i < COLLECTOR_PER_NETWORK_MAX));
	}
}
END_TEST

static Suite *
suite(void)
{
	Suite *s = suite_create("collector_server");
	TCase *clear = tcase_create("clear"), *tls = tcase_create("tls");
	TCase *files = tcase_create("files");

	tcase_add_checked_fixture(clear, start_clear, stop);
	tcase_add_test(clear, in_clear);
	tcase_set_timeout(clear, 30);
	tcase_add_test(clear, released_up_to_a_ticket);
	tcase_add_test(clear, nobody_decides);
	tcase_add_test(clear, one_peer_has_so_many);
	tcase_add_test(clear, a_network_has_its_share);
	tcase_add_test(clear, strangers_give_way);
	tcase_add_checked_fixture(tls, start_encrypted, stop);
	tcase_set_timeout(tls, 30);
	tcase_add_test(tls, encrypted);
	tcase_add_test(tls, clear_text_when_tls_is_offered);
	tcase_add_test(tls, injected_text_is_dropped);
	tcase_add_test(tls, failed_handshakes);
	tcase_add_test(files, certificates);
	suite_add_tcase(s, clear);
	suite_add_tcase(s, tls);
	suite_add_tcase(s, files);
	return s;
}

int
main(void)
{
	return unit_run(suite());
}
