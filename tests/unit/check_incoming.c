#include "unit.h"

#include <fcntl.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include <orbl/log.h>

#include "big_endian.h"
#include "incoming.h"
#include "incoming_fixture.h"
#include "query.h"
#include "scratch.h"
#include "received.h"

enum { START_S = 1800000000, STREAM_MAX = 4096 };

enum { ORIGIN_SIZE = sizeof("\002bl\004test") };

/* --- a primary that says what it is told to ------------------------------------------------ */

static struct {
	int udp, tcp;
	uint16_t port;
	uint32_t serial;           /* of its SOA over UDP */
	bool is_dumb;              /* answers nothing over UDP */
	size_t axfr_len, ixfr_len; /* of its reply over TCP; 0 of ixfr: the AXFR */
	uint8_t axfr[STREAM_MAX], ixfr[STREAM_MAX];
	size_t cut; /* bytes that it sends; SIZE_MAX: all */
	unsigned asked, axfrs, ixfrs;
} primary;

static struct {
	struct conf conf;
	char row[100], *rows[1], *zones[1];
	struct peers *peers;
	struct incoming *in;
	struct incoming_times now;
	int delivered; /* -1: nothing */
	unsigned deliveries;
	struct snapshot *snapshot, *delta;
} ours;

static void
open_primary(void)
{
	struct sockaddr_in sa = {.sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}};
	socklen_t len = sizeof(sa);

	memset(&primary, 0, sizeof(primary));
	primary.cut = SIZE_MAX;
	primary.serial = 5;
	primary.tcp = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	primary.udp = socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	ck_assert_int_eq(bind(primary.tcp, (struct sockaddr *)&sa, len), 0);
	ck_assert_int_eq(listen(primary.tcp, 8), 0);
	ck_assert_int_eq(getsockname(primary.tcp, (struct sockaddr *)&sa, &len), 0);
	primary.port = ntohs(sa.sin_port);
	ck_assert_int_eq(bind(primary.udp, (struct sockaddr *)&sa, len), 0);
}

static size_t
end_message(uint8_t *at, size_t len)
{
	big_endian_put16(at, (unsigned)len - 2);
	return len;
}

/* Two messages: SOA A | A A SOA. */
static void
say_axfr(uint32_t serial)
{
	uint8_t *at = primary.axfr;
	size_t len = incoming_fixture_head(at, TYPE_AXFR, 2), first;

	len += incoming_fixture_soa(at + len, serial);
	len += incoming_fixture_a(at + len, "1.2.0.192", 2);
	first = end_message(at, len);
	at += first;
	len = incoming_fixture_head(at, TYPE_AXFR, 3);
	len += incoming_fixture_a(at + len, "2.2.0.192", 3);
	len += incoming_fixture_a(at + len, "x.y", 4);
	len += incoming_fixture_soa(at + len, serial);
	primary.axfr_len = first + end_message(at, len);
	primary.serial = serial;
}

/* In one message: without the first address, with another one. */
static void
say_ixfr(uint32_t from, uint32_t to, const char *removed)
{
	uint8_t *at = primary.ixfr;
	size_t len = incoming_fixture_head(at, TYPE_IXFR, 6);

	len += incoming_fixture_soa(at + len, to);
	len += incoming_fixture_soa(at + len, from);
	len += incoming_fixture_a(at + len, removed, 2);
	len += incoming_fixture_soa(at + len, to);
	len += incoming_fixture_a(at + len, "9.9.9.9", 9);
	len += incoming_fixture_soa(at + len, to);
	primary.ixfr_len = end_message(at, len);
	primary.serial = to;
}

static void
serve_udp(void)
{
	struct sockaddr_storage from;
	socklen_t from_len = sizeof(from);
	uint8_t query[512], reply[512];
	ssize_t n = recvfrom(primary.udp, query, sizeof(query), 0, (struct sockaddr *)&from,
		&from_len);
	size_t len;

	if (n < 12)
		return;
	primary.asked++;
	if (primary.is_dumb)
		return;
	len = incoming_fixture_head(reply, TYPE_SOA, 1);
	len += incoming_fixture_soa(reply + len, primary.serial);
	memcpy(reply + 2, query, 2);
	ck_assert_int_gt(sendto(primary.udp, reply + 2, len - 2, 0, (struct sockaddr *)&from,
				 from_len),
		0);
}

static void
set_ids(uint8_t *stream, size_t len, const uint8_t *id)
{
	for (size_t at = 0; at + 4 <= len; at += 2 + (size_t)big_endian_u16(stream + at))
		memcpy(stream + at + 2, id, 2);
}

static void
serve_tcp(void)
{
	int fd = accept4(primary.tcp, NULL, NULL, SOCK_CLOEXEC);
	uint8_t query[600], stream[STREAM_MAX];
	size_t len = primary.axfr_len;
	bool is_ixfr;
	ssize_t n;

	if (fd < 0)
		return;
	do {
		struct pollfd polls[INCOMING_POLLS_MAX];
		size_t count = incoming_prepare(ours.in, polls);

		poll(polls, count, 5);
		incoming_serve(ours.in, polls, count, &ours.now);
		n = recv(fd, query, sizeof(query), MSG_DONTWAIT);
	} while (n < 0);
	ck_assert_int_gt(n, 20);
	is_ixfr = query[2 + 12 + ORIGIN_SIZE + 1] == TYPE_IXFR;
	memcpy(stream, primary.axfr, len);
	if (is_ixfr && primary.ixfr_len != 0) {
		len = primary.ixfr_len;
		memcpy(stream, primary.ixfr, len);
	} else if (is_ixfr) {
		stream[2 + 12 + ORIGIN_SIZE + 1] = TYPE_IXFR;
	}
	primary.axfrs += !is_ixfr;
	primary.ixfrs += is_ixfr;
	set_ids(stream, len, query + 2);
	if (len > primary.cut)
		len = primary.cut;
	ck_assert_int_eq(send(fd, stream, len, MSG_NOSIGNAL), (ssize_t)len);
	close(fd);
}

/* --- ours ------------------------------------------------------------------------------ */

static bool
deliver(void *context, uint32_t index, int fd)
{
	(void)context;
	ck_assert_uint_eq(index, 3);
	ck_assert_int_eq(ours.delivered, -1);
	ours.delivered = fd;
	ours.deliveries++;
	return true;
}

static void
open_ours(void)
{
	static const struct incoming_zone zone = {"bl.test", 3};
	struct incoming_options o = {.zone_count = 1, .zones = &zone, .deliver = deliver};
	struct error e = {.text = ""};

	memset(&ours.conf, 0, sizeof(ours.conf));
	snprintf(ours.row, sizeof(ours.row), "bl.test 127.0.0.1@%u", (unsigned)primary.port);
	ours.rows[0] = ours.row;
	ours.conf.transfer.keys = ours.conf.transfer.catalog = (char *)(uintptr_t) "";
	ours.zones[0] = (char *)(uintptr_t) "bl.test=transfer:bl";
	ours.conf.dnsd.zones = (struct conf_list){1, ours.zones};
	ours.conf.transfer.primaries.count = 1;
	ours.conf.transfer.primaries.items = ours.rows;
	ck_assert_msg(peers_new(&ours.conf, &ours.peers, &e) == OK, "%s", e.text);
	o.peers = ours.peers;
	ours.delivered = -1;
	ours.deliveries = 0;
	ours.now = (struct incoming_times){1000, START_S};
	ours.snapshot = ours.delta = NULL;
	ck_assert_msg(incoming_new(&o, &ours.in, &e) == OK, "%s", e.text);
}

static void
set_up(void)
{
	log_open("check_incoming", LOG_LEVEL_ERROR);
	open_primary();
	open_ours();
	scratch_enter();
}

static void
tear_down(void)
{
	scratch_leave();
	incoming_free(ours.in);
	peers_free(ours.peers);
	snapshot_close(ours.delta);
	snapshot_close(ours.snapshot);
	if (ours.delivered >= 0)
		close(ours.delivered);
	close(primary.udp);
	close(primary.tcp);
}

/* Until nothing is under way, or something was delivered. */
static void
run(void)
{
	for (int idle = 0; idle < 3 && ours.delivered < 0;) {
		struct pollfd polls[INCOMING_POLLS_MAX];
		size_t count = incoming_prepare(ours.in, polls);

		if (count != 0)
			poll(polls, count, 2);
		incoming_serve(ours.in, polls, count, &ours.now);
		serve_udp();
		serve_tcp();
		count = incoming_prepare(ours.in, polls);
		idle = count == 0 ? idle + 1 : 0;
		if (primary.is_dumb && count != 0)
			ours.now.ms += 500;
	}
}

static void
pass(int64_t seconds)
{
	ours.now.ms += seconds * 1000;
	ours.now.s += seconds;
}

/* As the keeper does. */
static void
take(void)
{
	struct snapshot *next;
	struct error e = {.text = ""};

	ck_assert_int_ge(ours.delivered, 0);
	ck_assert_msg(snapshot_open_fd(ours.delivered, "delivered", &next, &e) == OK, "%s", e.text);
	close(ours.delivered);
	ours.delivered = -1;
	snapshot_close(ours.delta);
	ours.delta = NULL;
	if (snapshot_base_checksum(next) != 0) {
		ck_assert_int_eq(snapshot_check_delta(ours.snapshot, next, NULL), OK);
		ours.delta = next;
	} else {
		snapshot_close(ours.snapshot);
		ours.snapshot = next;
	}
	incoming_take(ours.in, 3, ours.snapshot, ours.delta, &ours.now);
}

static void
begin(void)
{
	incoming_begin(ours.in, &ours.now);
	run();
}

START_TEST(a_zone_comes_and_is_kept_fresh)
{
	say_axfr(5);
	begin();
	ck_assert_uint_eq(primary.axfrs, 1);
	take();
	ck_assert_uint_eq(snapshot_serial(ours.snapshot), 5);
	ck_assert_uint_eq(snapshot_entries(ours.snapshot), 3);
	ck_assert_int_le(incoming_wait_ms(ours.in, &ours.now), INCOMING_FIXTURE_REFRESH_S * 1000);
	ck_assert_int_gt(incoming_wait_ms(ours.in, &ours.now),
		INCOMING_FIXTURE_REFRESH_S * 900 - 1);
	primary.asked = 0;
	pass(INCOMING_FIXTURE_REFRESH_S / 2);
	run();
	ck_assert_uint_eq(primary.asked, 0);
	pass(INCOMING_FIXTURE_REFRESH_S / 2);
	run();
	ck_assert_uint_eq(primary.asked, 1);
	ck_assert_uint_eq(primary.axfrs, 1);
}
END_TEST

START_TEST(changes_come_as_such)
{
	say_axfr(5);
	begin();
	take();
	say_ixfr(5, 6, "1.2.0.192");
	pass(1);
	ck_assert(incoming_notified(ours.in, "bl.test",
		&(struct addr){.family = 4, .b = {127, 0, 0, 1}}, true, 6, &ours.now));
	run();
	ck_assert_uint_eq(primary.ixfrs, 1);
	ck_assert_uint_eq(primary.axfrs, 1);
	take();
	ck_assert_uint_eq(snapshot_serial(ours.snapshot), 6);
	ck_assert_uint_eq(snapshot_entries(ours.snapshot), 3);
	ck_assert(!incoming_notified(ours.in, "other.test", &(struct addr){.family = 4}, false, 0,
		&ours.now));
}
END_TEST

START_TEST(an_ixfr_that_does_not_fit_becomes_an_axfr)
{
	say_axfr(5);
	begin();
	take();
	say_axfr(6);
	say_ixfr(_i == 0 ? 5 : 4, 6, _i == 0 ? "8.8.8.8" : "1.2.0.192");
	pass(INCOMING_FIXTURE_REFRESH_S);
	run();
	ck_assert_uint_eq(primary.ixfrs, 1);
	ck_assert_uint_eq(primary.axfrs, 2);
	take();
	ck_assert_uint_eq(snapshot_serial(ours.snapshot), 6);
}
END_TEST

START_TEST(after_a_restart_the_records_are_read_back)
{
	say_axfr(5);
	begin();
	take();
	incoming_free(ours.in);
	peers_free(ours.peers);
	{
		struct snapshot *kept = ours.snapshot;

		open_ours();
		ours.snapshot = kept;
	}
	incoming_take(ours.in, 3, ours.snapshot, NULL, &ours.now);
	say_ixfr(5, 6, "1.2.0.192");
	begin();
	ck_assert_uint_eq(primary.ixfrs, 1);
	ck_assert_uint_eq(primary.axfrs, 1);
	take();
	ck_assert_uint_eq(snapshot_serial(ours.snapshot), 6);
	ck_assert_uint_eq(snapshot_entries(ours.snapshot), 3);
}
END_TEST

START_TEST(a_transfer_cut_anywhere_is_none)
{
	say_axfr(5);
	incoming_begin(ours.in, &ours.now);
	for (primary.cut = 0; primary.cut < primary.axfr_len; primary.cut++) {
		run();
		ck_assert_uint_eq(primary.axfrs, primary.cut + 1);
		ck_assert_uint_eq(ours.deliveries, 0);
		pass(INCOMING_RETRY_MAX_MS / 1000);
	}
	run();
	take();
	ck_assert_uint_eq(snapshot_serial(ours.snapshot), 5);
}
END_TEST

START_TEST(an_ixfr_cut_anywhere_changes_nothing)
{
	say_axfr(5);
	begin();
	take();
	say_axfr(6);
	say_ixfr(5, 6, "1.2.0.192");
	for (primary.cut = 0; primary.cut < primary.ixfr_len && primary.cut < primary.axfr_len;
		primary.cut++) {
		pass(INCOMING_FIXTURE_REFRESH_S);
		run();
		ck_assert_uint_eq(ours.deliveries, 1);
	}
	primary.cut = SIZE_MAX;
	pass(INCOMING_FIXTURE_REFRESH_S);
	run();
	take();
	ck_assert_uint_eq(snapshot_serial(ours.snapshot), 6);
	ck_assert_uint_eq(snapshot_entries(ours.snapshot), 3);
}
END_TEST

START_TEST(a_serial_that_goes_back_is_refused)
{
	say_axfr(5);
	begin();
	take();
	say_axfr(_i == 0 ? 4 : 0x80000006);
	pass(INCOMING_FIXTURE_REFRESH_S);
	run();
	ck_assert_uint_eq(ours.deliveries, 1);
	/* Over UDP it looked newer. */
	primary.serial = 6;
	pass(INCOMING_FIXTURE_REFRESH_S);
	run();
	ck_assert_uint_eq(ours.deliveries, 1);
	ck_assert_uint_ge(primary.axfrs + primary.ixfrs, 2);
	/* RFC 1982: the half of all serials is newer. */
	say_axfr(0x80000004);
	pass(INCOMING_FIXTURE_REFRESH_S);
	run();
	take();
	ck_assert_uint_eq(snapshot_serial(ours.snapshot), 0x80000004);
}
END_TEST

START_TEST(being_heard_is_written_seldom)
{
	struct snapshot_zone zone;
	unsigned before;

	say_axfr(5);
	begin();
	take();
	snapshot_zone(ours.snapshot, 0, &zone);
	ck_assert_int_eq(zone.expires_s, START_S + INCOMING_FIXTURE_EXPIRE_S);
	before = ours.deliveries;
	pass(INCOMING_FIXTURE_EXPIRE_S / 16 - 2);
	incoming_fetch(ours.in, 3, &ours.now);
	run();
	ck_assert_uint_eq(ours.deliveries, before);
	pass(2);
	incoming_fetch(ours.in, 3, &ours.now);
	run();
	ck_assert_uint_eq(ours.deliveries, before + 1);
	take();
	ck_assert_ptr_nonnull(ours.delta);
	snapshot_zone(ours.delta, 0, &zone);
	ck_assert_int_eq(zone.expires_s,
		START_S + INCOMING_FIXTURE_EXPIRE_S + INCOMING_FIXTURE_EXPIRE_S / 16);
}
END_TEST

START_TEST(a_primary_that_is_silent_is_asked_again)
{
	primary.is_dumb = true;
	begin();
	ck_assert_uint_eq(primary.asked, INCOMING_UDP_TRIES);
	ck_assert_int_gt(incoming_wait_ms(ours.in, &ours.now), INCOMING_RETRY_MS / 2);
	pass(INCOMING_RETRY_MS / 1000);
	run();
	ck_assert_uint_eq(primary.asked, 2 * INCOMING_UDP_TRIES);
	ck_assert_int_gt(incoming_wait_ms(ours.in, &ours.now), INCOMING_RETRY_MS);
	primary.is_dumb = false;
	say_axfr(5);
	incoming_fetch(ours.in, 3, &ours.now);
	pass(1);
	run();
	take();
}
END_TEST

START_TEST(a_primary_that_drips_is_given_up)
{
	uint8_t query[600], frame[STREAM_MAX];
	struct pollfd polls[INCOMING_POLLS_MAX];
	int fd = -1, steps = 0;
	ssize_t n = -1;
	size_t len;

	incoming_begin(ours.in, &ours.now);
	while (n < 0) {
		len = incoming_prepare(ours.in, polls);
		poll(polls, len, 2);
		incoming_serve(ours.in, polls, len, &ours.now);
		serve_udp();
		if (fd < 0)
			fd = accept4(primary.tcp, NULL, NULL, SOCK_CLOEXEC);
		n = recv(fd, query, sizeof(query), MSG_DONTWAIT);
	}
	for (; incoming_prepare(ours.in, polls) == 1 && steps < 100; steps++) {
		len = incoming_fixture_head(frame, TYPE_AXFR, 1);
		len += steps == 0 ? incoming_fixture_soa(frame + len, 5) :
				    incoming_fixture_a(frame + len, "1.2.0.192", 2);
		end_message(frame, len);
		set_ids(frame, len, query + 2);
		ck_assert_int_eq(send(fd, frame, len, MSG_NOSIGNAL), (ssize_t)len);
		pass(10);
		poll(polls, 1, 2);
		incoming_serve(ours.in, polls, 1, &ours.now);
	}
	ck_assert_int_eq(steps, (INCOMING_GRACE_MS + INCOMING_RATE_MS) / 10000);
	close(fd);
}
END_TEST

START_TEST(what_the_keeper_does_not_take_comes_again)
{
	say_axfr(5);
	begin();
	close(ours.delivered);
	ours.delivered = -1;
	incoming_rejected(ours.in, 3, "no room", &ours.now);
	pass(INCOMING_RETRY_MS / 1000);
	run();
	take();
	ck_assert_uint_eq(primary.axfrs, 2);
}
END_TEST

/* --- what the keeper does ---------------------------------------------------------------- */

START_TEST(what_was_delivered_is_stored)
{
	struct feed_source source = {.kind = FEED_TRANSFER, .paths = "bl"};
	struct snapshot *stored = NULL;
	struct error e = {.text = ""};
	int open_fd = memfd_create("x", MFD_CLOEXEC | MFD_ALLOW_SEALING), file;

	say_axfr(5);
	begin();
	ck_assert_msg(received_store(&source, NULL, ours.delivered, &e) == OK, "%s", e.text);
	ck_assert_int_eq(snapshot_open("bl", &stored, &e), OK);
	ck_assert_uint_eq(snapshot_serial(stored), 5);
	/* Not newer, not sealed, no snapshot. */
	ck_assert_int_eq(received_store(&source, stored, ours.delivered, &e), ERR_REFUSED);
	ck_assert_ptr_nonnull(strstr(e.text, "not newer"));
	ck_assert_int_eq(received_store(&source, stored, open_fd, &e), ERR_REFUSED);
	ck_assert_ptr_nonnull(strstr(e.text, "sealed"));
	file = open("bl", O_RDWR | O_CLOEXEC);
	ck_assert_int_eq(received_store(&source, NULL, file, &e), ERR_REFUSED);
	close(file);
	ck_assert_int_eq(fcntl(open_fd, F_ADD_SEALS,
				 F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE),
		0);
	ck_assert_int_ne(received_store(&source, stored, open_fd, &e), OK);
	take();
	pass(INCOMING_FIXTURE_EXPIRE_S);
	run();
	ck_assert_int_eq(received_store(&source, NULL, ours.delivered, &e), ERR_REFUSED);
	ck_assert_msg(received_store(&source, stored, ours.delivered, &e) == OK, "%s", e.text);
	ck_assert_int_eq(access("bl.delta", R_OK), 0);
	ck_assert_int_ne(access("bl.new", R_OK), 0);
	source.kind = FEED_SNAPSHOT;
	ck_assert_int_eq(received_store(&source, stored, ours.delivered, &e), ERR_REFUSED);
	snapshot_close(stored);
	close(open_fd);
}
END_TEST

static Suite *
suite(void)
{
	Suite *s = suite_create("incoming");
	TCase *c = tcase_create("primary");

	tcase_add_checked_fixture(c, set_up, tear_down);
	tcase_set_timeout(c, 120);
	tcase_add_test(c, a_zone_comes_and_is_kept_fresh);
	tcase_add_test(c, changes_come_as_such);
	tcase_add_loop_test(c, an_ixfr_that_does_not_fit_becomes_an_axfr, 0, 2);
	tcase_add_test(c, after_a_restart_the_records_are_read_back);
	tcase_add_test(c, a_transfer_cut_anywhere_is_none);
	tcase_add_test(c, an_ixfr_cut_anywhere_changes_nothing);
	tcase_add_loop_test(c, a_serial_that_goes_back_is_refused, 0, 2);
	tcase_add_test(c, being_heard_is_written_seldom);
	tcase_add_test(c, a_primary_that_is_silent_is_asked_again);
	tcase_add_test(c, a_primary_that_drips_is_given_up);
	tcase_add_test(c, what_the_keeper_does_not_take_comes_again);
	tcase_add_test(c, what_was_delivered_is_stored);
	suite_add_tcase(s, c);
	return s;
}

int
main(void)
{
	return unit_run(suite());
}
