/* What is asked of primaries, in which way, and that one of them leaves places for the others. */
#include "unit.h"

#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <orbl/log.h>

#include "big_endian.h"
#include "incoming.h"
#include "query.h"

enum { MANY = 200, PRIMARIES = 2, STEP_MS = 50, FLAGS_REPLY = 0x8400, FLAG_TC = 0x0200 };

struct primary {
	int udp, tcp;
	struct sockaddr_in address, client; /* client: of the last question */
	bool is_mute;                       /* over UDP */
	unsigned asked, connected;
	uint8_t query[512];
	size_t len;
};

static struct primary primaries[PRIMARIES];

static struct {
	struct conf conf;
	char names[MANY + 1][16], sources[MANY + 1][40], rows[MANY + 1][60];
	char *source_rows[MANY + 1], *primary_rows[MANY + 1];
	struct incoming_zone zones[MANY + 1];
	struct peers *peers;
	struct transfer_status *status;
	struct incoming *in;
	struct incoming_times now;
} ours;

/* 127.0.0.1 and 127.0.0.2. */
static void
open_primary(struct primary *p, unsigned last)
{
	socklen_t len = sizeof(p->address);

	*p = (struct primary){
		.address = {.sin_family = AF_INET, .sin_addr = {htonl(0x7f000000 + last)}}};
	p->tcp = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	p->udp = socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	ck_assert_int_eq(bind(p->tcp, (struct sockaddr *)&p->address, len), 0);
	ck_assert_int_eq(listen(p->tcp, 16), 0);
	ck_assert_int_eq(getsockname(p->tcp, (struct sockaddr *)&p->address, &len), 0);
	ck_assert_int_eq(bind(p->udp, (struct sockaddr *)&p->address, len), 0);
}

static bool
deliver(void *context, uint32_t index, int fd)
{
	(void)context;
	(void)index;
	close(fd);
	return true;
}

/* So many zones of the first primary, and behind them one of the second. */
static void
open_ours(size_t count)
{
	static char none[] = "";
	struct incoming_options o = {.zones = ours.zones, .deliver = deliver};
	struct error e = {.text = ""};

	for (size_t i = 0; i <= count; i++) {
		const struct primary *p = &primaries[i == count];

		snprintf(ours.names[i], sizeof(ours.names[i]), "z%zu.test", i);
		snprintf(ours.sources[i], sizeof(ours.sources[i]), "z%zu.test=transfer:z%zu", i, i);
		snprintf(ours.rows[i], sizeof(ours.rows[i]), "z%zu.test 127.0.0.%u@%u", i,
			i == count ? 2 : 1, (unsigned)ntohs(p->address.sin_port));
		ours.source_rows[i] = ours.sources[i];
		ours.primary_rows[i] = ours.rows[i];
		ours.zones[i] = (struct incoming_zone){ours.names[i], (uint32_t)i};
	}
	ours.conf.transfer.keys = ours.conf.transfer.catalog = none;
	ours.conf.dnsd.zones = (struct conf_list){count + 1, ours.source_rows};
	ours.conf.transfer.primaries = (struct conf_list){count + 1, ours.primary_rows};
	ck_assert_msg(peers_new(&ours.conf, &ours.peers, &e) == OK, "%s", e.text);
	ours.status = transfer_status_new(2 * MANY);
	o.zone_count = count + 1;
	o.peers = ours.peers;
	o.status = ours.status;
	ours.now = (struct incoming_times){1000, 1800000000};
	ck_assert_msg(incoming_new(&o, &ours.in, &e) == OK, "%s", e.text);
	incoming_begin(ours.in, &ours.now);
}

static void
set_up(void)
{
	memset(&ours, 0, sizeof(ours));
	log_open("check_incoming_ask", LOG_LEVEL_ERROR);
	for (unsigned i = 0; i < PRIMARIES; i++)
		open_primary(&primaries[i], i + 1);
}

static void
tear_down(void)
{
	incoming_free(ours.in);
	peers_free(ours.peers);
	transfer_status_free(ours.status);
	for (size_t i = 0; i < PRIMARIES; i++) {
		close(primaries[i].udp);
		close(primaries[i].tcp);
	}
}

/* A reply to the last question, behind two bytes for its length. */
static size_t
make_reply(const struct primary *p, uint8_t out[600], unsigned flags)
{
	static const uint8_t soa[] = {0xc0, 12, 0, TYPE_SOA, 0, 1, 0, 0, 1, 44, 0, 22, 0, 0, 0, 0,
		0, 5, 0, 0, 0, 100, 0, 0, 0, 10, 0, 0, 16, 0, 0, 0, 0, 60};
	size_t len = p->len;

	memcpy(out + 2, p->query, len);
	big_endian_put16(out + 2 + 2, FLAGS_REPLY | flags);
	if ((flags & FLAG_TC) == 0) {
		big_endian_put16(out + 2 + 6, 1);
		memcpy(out + 2 + len, soa, sizeof(soa));
		len += sizeof(soa);
	}
	big_endian_put16(out, (unsigned)len);
	return len;
}

static void
say(struct primary *p, int fd, const uint8_t *reply, size_t len)
{
	ck_assert_int_eq(sendto(fd, reply + 2, len, 0, (struct sockaddr *)&p->client,
				 sizeof(p->client)),
		(ssize_t)len);
}

static bool
receive(struct primary *p)
{
	socklen_t len = sizeof(p->client);
	ssize_t n = recvfrom(p->udp, p->query, sizeof(p->query), 0, (struct sockaddr *)&p->client,
		&len);

	p->len = n > 0 ? (size_t)n : 0;
	p->asked += n > 0;
	return n > 0;
}

static void
serve(void)
{
	struct pollfd polls[INCOMING_POLLS_MAX];
	size_t count = incoming_prepare(ours.in, polls);

	ck_assert_int_ge(poll(polls, count, 0), 0);
	incoming_serve(ours.in, polls, count, &ours.now);
}

/* One step of time: questions that came are answered, unless the primary is mute. */
static void
step(int64_t ms)
{
	uint8_t reply[600];

	ours.now.ms += ms;
	ours.now.s = 1800000000 + ours.now.ms / 1000;
	serve();
	for (size_t i = 0; i < PRIMARIES; i++) {
		struct primary *p = &primaries[i];

		while (receive(p))
			if (!p->is_mute)
				say(p, p->udp, reply, make_reply(p, reply, 0));
	}
	serve();
	/* Nobody spins. */
	ck_assert_int_gt(incoming_wait_ms(ours.in, &ours.now), 0);
}

/* Connections stay with the kernel, as those of a server that hangs. */
static unsigned
count_connections(struct primary *p, int fds[16])
{
	int fd;

	while (p->connected < 16 && (fd = accept4(p->tcp, NULL, NULL, SOCK_CLOEXEC)) >= 0)
		fds[p->connected++] = fd;
	return p->connected;
}

static void
close_all(const int *fds, unsigned count)
{
	for (unsigned i = 0; i < count; i++)
		close(fds[i]);
}

/* --- places ---------------------------------------------------------------------------------- */

START_TEST(a_mute_primary_leaves_places_to_ask)
{
	unsigned was;

	open_ours(MANY);
	primaries[0].is_mute = true;
	close(primaries[1].tcp); /* what it has cannot be fetched */
	step(0);
	ck_assert_uint_ge(primaries[1].asked, 1);
	ck_assert_uint_le(primaries[0].asked, INCOMING_POLLS_MAX * 3 / 4);
	for (int i = 0; i < 20; i++) {
		for (int k = 0; k < 40; k++)
			step(STEP_MS);
		was = primaries[1].asked;
		incoming_fetch(ours.in, MANY, &ours.now);
		for (int k = 0; k < 20; k++)
			step(STEP_MS);
		ck_assert_uint_gt(primaries[1].asked, was);
	}
	ck_assert_uint_gt(primaries[0].asked, INCOMING_POLLS_MAX);
}
END_TEST

START_TEST(many_zones_are_asked_for_soon)
{
	open_ours(MANY);
	for (int i = 0; i < 20; i++)
		step(STEP_MS);
	ck_assert_uint_ge(primaries[0].asked, MANY);
}
END_TEST

/* It tells its serial, takes connections, and says nothing on them. */
START_TEST(a_mute_primary_leaves_a_place_to_fetch)
{
	int first[16], second[16];
	unsigned connected;

	open_ours(12);
	for (int i = 0; i < 40; i++)
		step(STEP_MS);
	ck_assert_uint_eq(count_connections(&primaries[0], first), INCOMING_FETCHES_MAX - 1);
	ck_assert_uint_eq(count_connections(&primaries[1], second), 1);
	/* Its own other zones have their turn when these are given up. */
	step(INCOMING_IDLE_MS);
	for (int i = 0; i < 40; i++)
		step(STEP_MS);
	connected = count_connections(&primaries[0], first);
	ck_assert_uint_eq(connected, 2 * (INCOMING_FETCHES_MAX - 1));
	close_all(first, connected);
	close_all(second, count_connections(&primaries[1], second));
}
END_TEST

/* --- the question ---------------------------------------------------------------------------- */

/* The question over TCP, which comes when it is sent. */
static int
accept_question(struct primary *p, uint16_t type)
{
	struct query q;
	int fd;

	step(1);
	fd = accept4(p->tcp, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
	ck_assert_int_ge(fd, 0);
	for (int i = 0; i < 100 && p->len == 0; i++) {
		ssize_t n;

		step(1);
		n = recv(fd, p->query, sizeof(p->query), 0);
		p->len = n > 2 ? (size_t)n - 2 : 0;
	}
	ck_assert_uint_eq(big_endian_u16(p->query), p->len);
	memmove(p->query, p->query + 2, p->len);
	ck_assert_int_eq(query_parse(p->query, p->len, &q), QUERY_ANSWER);
	ck_assert_uint_eq(q.type, type);
	return fd;
}

static void
say_over_tcp(const struct primary *p, int fd, unsigned flags)
{
	uint8_t reply[600];
	size_t len = 2 + make_reply(p, reply, flags);

	ck_assert_int_eq(send(fd, reply, len, MSG_NOSIGNAL), (ssize_t)len);
	step(1);
}

static const char *
error_text(void)
{
	static struct transfer_row row;

	ck_assert(transfer_status_get(ours.status, 0, &row));
	return row.error;
}

static void
ask_first(struct primary *p)
{
	open_ours(1);
	primaries[0].is_mute = true;
	serve();
	ck_assert(receive(p));
}

START_TEST(a_truncated_reply_has_us_ask_over_tcp)
{
	struct primary *p = &primaries[0];
	uint8_t reply[600];
	int fd, transfer;

	ask_first(p);
	say(p, p->udp, reply, make_reply(p, reply, FLAG_TC));
	serve();
	p->len = 0;
	fd = accept_question(p, TYPE_SOA);
	if (_i == 1) {
		say_over_tcp(p, fd, FLAG_TC);
		ck_assert_str_eq(error_text(), "its reply over TCP is truncated");
		close(fd);
		return;
	}
	say_over_tcp(p, fd, 0);
	p->len = 0;
	transfer = accept_question(p, TYPE_AXFR);
	close(transfer);
	close(fd);
}
END_TEST

START_TEST(without_a_reply_it_is_asked_over_tcp)
{
	struct primary *p = &primaries[0];
	int fd, transfer;

	ask_first(p);
	for (int i = 1; i < INCOMING_UDP_TRIES; i++)
		step(INCOMING_UDP_WAIT_MS);
	ck_assert_uint_eq(p->asked, INCOMING_UDP_TRIES);
	p->len = 0;
	step(INCOMING_UDP_WAIT_MS);
	ck_assert_uint_eq(p->asked, INCOMING_UDP_TRIES);
	fd = accept_question(p, TYPE_SOA);
	if (_i == 1) {
		close(fd);
		step(1);
		ck_assert_str_eq(error_text(),
			"it does not answer over UDP, and over TCP: it closed the connection "
			"without a reply");
		return;
	}
	say_over_tcp(p, fd, 0);
	p->len = 0;
	transfer = accept_question(p, TYPE_AXFR);
	close(transfer);
	close(fd);
}
END_TEST

/* Each says that there is something to fetch, but not as a reply to what was asked. */
START_TEST(what_is_no_reply_is_ignored)
{
	static const struct {
		size_t at;
		uint8_t change;
	} wrong[] = {
		{2, 0x01},             /* id */
		{2 + 2, 0x80},         /* a query */
		{2 + 12 + 1, 1},       /* of another zone */
		{2 + 12 + 9 + 1, 255}, /* of another type */
		{2 + 12 + 9 + 3, 2},   /* of another class */
	};
	struct primary *p = &primaries[0];
	struct pollfd polls[INCOMING_POLLS_MAX];
	uint8_t reply[600];
	size_t len;

	ask_first(p);
	len = make_reply(p, reply, 0);
	for (size_t i = 0; i < ORBL_COUNT(wrong); i++) {
		reply[wrong[i].at] ^= wrong[i].change;
		say(p, p->udp, reply, len);
		reply[wrong[i].at] ^= wrong[i].change;
	}
	for (size_t cut = 0; cut < 12; cut++)
		say(p, p->udp, reply, cut);
	say(p, primaries[1].udp, reply, len); /* from another address */
	close(p->udp);
	p->udp = socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	say(p, p->udp, reply, len); /* from another port */
	serve();
	serve();
	ck_assert_str_eq(error_text(), "");
	ck_assert_int_lt(accept4(p->tcp, NULL, NULL, SOCK_CLOEXEC), 0);
	ck_assert_uint_ge(incoming_prepare(ours.in, polls), 1);
	/* And the right one is taken. */
	close(p->udp);
	p->udp = socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	ck_assert_int_eq(bind(p->udp, (struct sockaddr *)&p->address, sizeof(p->address)), 0);
	say(p, p->udp, reply, len);
	serve();
	p->len = 0;
	close(accept_question(p, TYPE_AXFR));
}
END_TEST

static Suite *
suite(void)
{
	Suite *s = suite_create("incoming_ask");
	TCase *places = tcase_create("places"), *question = tcase_create("question");

	tcase_add_checked_fixture(places, set_up, tear_down);
	tcase_set_timeout(places, 120);
	tcase_add_test(places, a_mute_primary_leaves_places_to_ask);
	tcase_add_test(places, many_zones_are_asked_for_soon);
	tcase_add_test(places, a_mute_primary_leaves_a_place_to_fetch);
	suite_add_tcase(s, places);
	tcase_add_checked_fixture(question, set_up, tear_down);
	tcase_set_timeout(question, 120);
	tcase_add_loop_test(question, a_truncated_reply_has_us_ask_over_tcp, 0, 2);
	tcase_add_loop_test(question, without_a_reply_it_is_asked_over_tcp, 0, 2);
	tcase_add_test(question, what_is_no_reply_is_ignored);
	suite_add_tcase(s, question);
	return s;
}

int
main(void)
{
	return unit_run(suite());
}
