#include "unit.h"

#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "big_endian.h"
#include "incoming_fixture.h"
#include "incoming_parts.h"

enum { NOW_S = 1800000000, SIZE = 2048, SERIAL = 5, TURNS_MAX = 100 };

/* How the primary replies to what is signed. */
enum signing { RIGHT, NONE, ANOTHER_SECRET, LATE, CHANGED, SIGNINGS };

static struct tsig_key key = {.name = "k.test", .algorithm = "hmac-sha256", .secret_len = 16};
static struct tsig_key wrong = {.name = "k.test", .algorithm = "hmac-sha256", .secret_len = 16};
static struct incoming_session session;
static struct incoming_stream stream;
static struct tsig_session primary;
static struct incoming_times now;
static const struct addr no_source = {.family = 0};
static int listening, udp;

static void
set_up(void)
{
	static const struct zone_import_limits limits = {100, 1 << 16};
	struct sockaddr_in sa = {.sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}};
	socklen_t len = sizeof(sa);

	wrong.secret[0] = 1;
	now = (struct incoming_times){1000, NOW_S};
	listening = socket(AF_INET, SOCK_STREAM, 0);
	udp = socket(AF_INET, SOCK_DGRAM, 0);
	ck_assert_int_eq(bind(listening, (struct sockaddr *)&sa, len), 0);
	ck_assert_int_eq(listen(listening, 1), 0);
	ck_assert_int_eq(getsockname(listening, (struct sockaddr *)&sa, &len), 0);
	ck_assert_int_eq(bind(udp, (struct sockaddr *)&sa, len), 0);
	memset(&session, 0, sizeof(session));
	memset(&stream, 0, sizeof(stream));
	session.connection.fd = -1;
	session.peer.key = &key;
	session.peer.endpoint = endpoint_from_sockaddr((struct sockaddr *)&sa);
	session.origin = stream.origin = incoming_fixture_origin(&session.origin_len);
	session.stream = &stream;
	stream.origin_len = session.origin_len;
	stream.type = TYPE_AXFR;
	stream.whole = zone_import_new(session.origin, &limits);
	ck_assert_ptr_nonnull(stream.whole);
}

static void
tear_down(void)
{
	incoming_session_close(&session);
	zone_import_free(stream.whole);
	tsig_session_end(&primary);
	close(listening);
	close(udp);
}

/* Our query is signed, and nothing follows it. */
static void
check_query(uint8_t *query, size_t len, uint16_t type)
{
	struct tsig_key copy = key;
	struct tsig_keys keys = {1, &copy, NULL};

	ck_assert_int_eq(tsig_verify_request(&keys, query, &len, NOW_S, &primary), TSIG_GOOD);
	ck_assert_uint_eq(len, QUERY_HEADER_SIZE + session.origin_len + 4);
	ck_assert_uint_eq(big_endian_u16(query + len - 4), type);
	ck_assert_uint_eq(big_endian_u16(query), session.id);
	primary.key = &key;
}

/* The frame's message, signed; returns the frame's length. */
static size_t
sign(uint8_t *frame, size_t len, enum signing signing)
{
	uint8_t *message = frame + 2;

	big_endian_put16(message, session.id);
	len -= 2;
	primary.key = signing == ANOTHER_SECRET ? &wrong : &key;
	if (signing != NONE)
		len = tsig_sign_reply(&primary, message, len, SIZE - 2,
			signing == LATE ? NOW_S - 301 : NOW_S);
	if (signing == CHANGED)
		message[QUERY_HEADER_SIZE + session.origin_len + 4 + 15] ^= 1;
	big_endian_put16(frame, (unsigned)len);
	return len + 2;
}

static enum incoming_end
serve(void)
{
	enum incoming_end end = INCOMING_END_NOT_YET;

	for (int i = 0; i < TURNS_MAX && end == INCOMING_END_NOT_YET; i++) {
		struct pollfd p = {.fd = session.connection.fd,
			.events = incoming_session_events(&session)};

		if (poll(&p, 1, 100) <= 0)
			break;
		end = incoming_session_serve(&session, &no_source, p.revents, &now);
	}
	return end;
}

static void
check_failed(enum signing signing)
{
	ck_assert_int_eq(session.error.code, ERR_REFUSED);
	ck_assert_msg(strstr(session.error.text, "is not signed as it has to be") != NULL, "%s",
		session.error.text);
	if (signing == LATE)
		ck_assert_ptr_nonnull(strstr(session.error.text, "BADTIME"));
}

START_TEST(asks_signed)
{
	uint8_t bytes[SIZE];
	struct sockaddr_storage from;
	socklen_t from_len = sizeof(from);
	size_t len;
	ssize_t n;

	ck_assert(incoming_session_ask(&session, &no_source, &now));
	n = recvfrom(udp, bytes, sizeof(bytes), 0, (struct sockaddr *)&from, &from_len);
	ck_assert_int_gt(n, 0);
	check_query(bytes, (size_t)n, TYPE_SOA);
	len = incoming_fixture_head(bytes, TYPE_SOA, 1);
	len += incoming_fixture_soa(bytes + len, SERIAL);
	len = sign(bytes, len, (enum signing)_i);
	ck_assert_int_gt(sendto(udp, bytes + 2, len - 2, 0, (struct sockaddr *)&from, from_len), 0);
	if (_i == RIGHT) {
		ck_assert_int_eq(serve(), INCOMING_END_SERIAL);
		ck_assert_uint_eq(session.serial, SERIAL);
		return;
	}
	ck_assert_int_eq(serve(), INCOMING_END_FAILED);
	check_failed((enum signing)_i);
}
END_TEST

static int
accept_session(void)
{
	uint8_t bytes[SIZE];
	int fd = accept(listening, NULL, NULL);
	ssize_t n;

	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(serve(), INCOMING_END_NOT_YET);
	n = recv(fd, bytes, sizeof(bytes), 0);
	ck_assert_int_gt(n, 2);
	ck_assert_uint_eq(big_endian_u16(bytes), (size_t)n - 2);
	check_query(bytes + 2, (size_t)n - 2, TYPE_AXFR);
	return fd;
}

/* The second of three messages, or the last, is signed in that way. */
START_TEST(fetches_signed)
{
	enum signing signing = (enum signing)(_i / 2);
	int odd = 1 + _i % 2, fd;
	uint8_t bytes[SIZE];
	bool is_good = signing == RIGHT;
	enum incoming_end end = INCOMING_END_NOT_YET;

	stream.id = 0;
	ck_assert(incoming_session_fetch(&session, &no_source, &now));
	fd = accept_session();
	for (int i = 0; i < 3 && end == INCOMING_END_NOT_YET; i++) {
		size_t len = incoming_fixture_head(bytes, TYPE_AXFR, 1);

		if (i == 1)
			len += incoming_fixture_a(bytes + len, "1.2.0.192", 2);
		else
			len += incoming_fixture_soa(bytes + len, SERIAL);
		len = sign(bytes, len, i == odd ? signing : RIGHT);
		ck_assert_int_eq(send(fd, bytes, len, MSG_NOSIGNAL), (ssize_t)len);
		end = serve();
	}
	ck_assert_int_eq(end, is_good ? INCOMING_END_STREAM : INCOMING_END_FAILED);
	if (is_good)
		ck_assert_int_eq(session.result, STREAM_WHOLE);
	else if (signing != NONE)
		check_failed(signing);
	else /* the last; or the one behind it, which is not signed for both */
		ck_assert_ptr_nonnull(strstr(session.error.text, "not signed as it has to be"));
	close(fd);
}
END_TEST

static Suite *
suite(void)
{
	Suite *s = suite_create("incoming_signed");
	TCase *t = tcase_create("session");

	tcase_add_checked_fixture(t, set_up, tear_down);
	tcase_add_loop_test(t, asks_signed, 0, SIGNINGS);
	tcase_add_loop_test(t, fetches_signed, 0, 2 * SIGNINGS);
	suite_add_tcase(s, t);
	return s;
}

int
main(void)
{
	return unit_run(suite());
}
