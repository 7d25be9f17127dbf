#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "big_endian.h"
#include "notify.h"
#include "notify_message.h"
#include "peers_keys.h"
#include "unit.h"
#include "zone_fixture.h"

enum { START_MS = 1000000, START_S = 1800000000, FLAGS_NOTIFY = 0x2400, FLAGS_REPLY = 0xa400 };

/* A secondary on a socket of the test, and who notifies it. */
struct fixture {
	int fd;
	struct endpoint endpoint;
	struct conf conf;
	char row[128], *rows[1], *zones[1], keys[64];
	struct peers *peers;
	struct transfer_status *status;
	struct notify *notify;
	struct notify_times now;
	struct snapshot *snapshot;
	struct zone_set *set;
	uint8_t packet[2048];
	size_t len;
	struct sockaddr_storage from;
	socklen_t from_len;
};

static void
build(struct fixture *f, uint32_t serial)
{
	struct zone_fixture z = zone_fixture_new();
	struct zone_source source = {.snapshot = NULL};
	struct error e;

	zone_set_free(f->set);
	snapshot_close(f->snapshot);
	z.serial = serial;
	zone_fixture_zone(&z, "", false);
	zone_fixture_set(&z);
	zone_fixture_zone(&z, "inside", true);
	zone_fixture_set(&z);
	f->snapshot = zone_fixture_open(&z);
	f->set = zone_set_new();
	source.snapshot = f->snapshot;
	ck_assert_int_eq(zone_set_add(f->set, TEXT("dnsbl.example"), &source, &e), OK);
	ck_assert_int_eq(zone_set_finish(f->set, &e), OK);
}

static void
open_secondary(struct fixture *f)
{
	struct sockaddr_storage address;
	struct endpoint any = {.addr = addr_from_ipv4(0x7f000001)};
	socklen_t len = endpoint_to_sockaddr(&any, &address);

	f->fd = socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK, 0);
	ck_assert_int_ge(f->fd, 0);
	ck_assert_int_eq(bind(f->fd, (struct sockaddr *)&address, len), 0);
	len = sizeof(address);
	ck_assert_int_eq(getsockname(f->fd, (struct sockaddr *)&address, &len), 0);
	f->endpoint = endpoint_from_sockaddr((struct sockaddr *)&address);
}

static void
write_keys(struct fixture *f)
{
	static const char line[] = "hmac-sha256:k.example:AAECAwQFBgcICQoLDA0ODw==\n";
	int fd;

	snprintf(f->keys, sizeof(f->keys), "/tmp/orbl-notify.XXXXXX");
	fd = mkstemp(f->keys);
	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(write(fd, line, sizeof(line) - 1), sizeof(line) - 1);
	close(fd);
}

static void
set_up(struct fixture *f, bool is_signed)
{
	static char none[] = "", zone[] = "dnsbl.example=snapshot:/x";
	struct addr source = {.family = 0};
	struct error e = {.code = OK};

	memset(f, 0, sizeof(*f));
	open_secondary(f);
	snprintf(f->row, sizeof(f->row), "* 127.0.0.1@%u%s", f->endpoint.port,
		is_signed ? " k.example" : "");
	f->rows[0] = f->row;
	f->zones[0] = zone;
	f->conf.transfer.keys = f->conf.transfer.catalog = none;
	if (is_signed) {
		write_keys(f);
		f->conf.transfer.keys = f->keys;
	}
	f->conf.dnsd.zones = (struct conf_list){1, f->zones};
	f->conf.transfer.notify = (struct conf_list){1, f->rows};
	ck_assert_msg(peers_new(&f->conf, &f->peers, &e) == OK, "%s", e.text);
	f->status = transfer_status_new(4);
	f->notify = notify_new(f->peers, &source, f->status);
	ck_assert_ptr_nonnull(f->notify);
	f->now = (struct notify_times){START_MS, START_S};
	build(f, 7);
}

static void
tear_down(struct fixture *f)
{
	notify_free(f->notify);
	transfer_status_free(f->status);
	peers_free(f->peers);
	zone_set_free(f->set);
	snapshot_close(f->snapshot);
	close(f->fd);
	if (f->keys[0] != '\0')
		unlink(f->keys);
}

static void
pass(struct fixture *f, int64_t ms)
{
	struct pollfd polls[NOTIFY_POLLS_MAX];
	size_t count;

	f->now.ms += ms;
	count = notify_prepare(f->notify, polls);
	ck_assert_int_ge(poll(polls, count, 0), 0);
	notify_serve(f->notify, polls, count, &f->now);
}

static bool
receive(struct fixture *f)
{
	ssize_t n;

	f->from_len = sizeof(f->from);
	n = recvfrom(f->fd, f->packet, sizeof(f->packet), 0, (struct sockaddr *)&f->from,
		&f->from_len);
	f->len = n > 0 ? (size_t)n : 0;
	return n > 0;
}

static void
answer(struct fixture *f)
{
	ck_assert_int_eq(sendto(f->fd, f->packet, f->len, 0, (struct sockaddr *)&f->from,
				 f->from_len),
		(ssize_t)f->len);
}

static void
make_reply(struct fixture *f, unsigned rcode)
{
	big_endian_put16(f->packet + 2, FLAGS_REPLY | rcode);
	memset(f->packet + 6, 0, 6);
	f->len = QUERY_HEADER_SIZE + zone_set_get(f->set, 0)->origin_len + 4;
}

static struct transfer_row
row(struct fixture *f)
{
	struct transfer_row r;

	ck_assert(transfer_status_get(f->status, 0, &r));
	return r;
}

START_TEST(test_message)
{
	struct fixture f;
	struct query q;
	uint32_t serial = 0;

	set_up(&f, false);
	notify_zones(f.notify, f.set, &f.now);
	ck_assert_int_eq(notify_wait_ms(f.notify, &f.now), NOTIFY_DELAY_MS);
	pass(&f, 0);
	ck_assert(!receive(&f));
	pass(&f, NOTIFY_DELAY_MS);
	ck_assert(receive(&f));
	ck_assert_uint_eq(big_endian_u16(f.packet + 2), FLAGS_NOTIFY);
	ck_assert_int_eq(query_parse(f.packet, f.len, &q), QUERY_NOTIFY);
	ck_assert_uint_eq(q.type, TYPE_SOA);
	ck_assert(notify_message_serial(f.packet, f.len, &q, &serial));
	ck_assert_uint_eq(serial, 7);
	ck_assert(!receive(&f)); /* a name within the zone is no zone */
	tear_down(&f);
}
END_TEST

START_TEST(test_answered)
{
	struct fixture f;

	set_up(&f, false);
	notify_zones(f.notify, f.set, &f.now);
	pass(&f, NOTIFY_DELAY_MS);
	ck_assert(receive(&f));
	ck_assert_int_eq(row(&f).state, TRANSFER_UNDER_WAY);
	make_reply(&f, 0);
	answer(&f);
	pass(&f, 1);
	ck_assert_int_eq(row(&f).state, TRANSFER_DONE);
	ck_assert_uint_eq(row(&f).serial, 7);
	ck_assert_int_eq(notify_wait_ms(f.notify, &f.now), -1);
	/* the same again is nothing new, another one is */
	notify_zones(f.notify, f.set, &f.now);
	ck_assert_int_eq(notify_wait_ms(f.notify, &f.now), -1);
	build(&f, 8);
	notify_zones(f.notify, f.set, &f.now);
	pass(&f, NOTIFY_GAP_MS);
	ck_assert(receive(&f));
	tear_down(&f);
}
END_TEST

/* The reply comes at the moment when there is a zone more, as the keeper sends one source after
 * another. */
START_TEST(test_zones_meanwhile)
{
	enum { ZONES = 64 };
	struct pollfd polls[NOTIFY_POLLS_MAX];
	struct zone_source source = {.snapshot = NULL};
	struct fixture f;
	struct error e;
	size_t count;

	set_up(&f, false);
	notify_zones(f.notify, f.set, &f.now);
	pass(&f, NOTIFY_DELAY_MS);
	ck_assert(receive(&f));
	make_reply(&f, 0);
	answer(&f);
	count = notify_prepare(f.notify, polls);
	ck_assert_int_eq(poll(polls, count, 0), 1);
	zone_set_free(f.set);
	f.set = zone_set_new();
	source.snapshot = f.snapshot;
	for (int i = 0; i < ZONES; i++) {
		char origin[32];

		snprintf(origin, sizeof(origin), "z%d.example", i);
		ck_assert_int_eq(zone_set_add(f.set, text_of(origin), &source, &e), OK);
	}
	ck_assert_int_eq(zone_set_finish(f.set, &e), OK);
	notify_zones(f.notify, f.set, &f.now);
	notify_serve(f.notify, polls, count, &f.now);
	ck_assert_int_eq(row(&f).state, TRANSFER_DONE);
	tear_down(&f);
}
END_TEST

START_TEST(test_tries)
{
	struct fixture f;
	uint16_t id = 0;

	set_up(&f, false);
	notify_zones(f.notify, f.set, &f.now);
	pass(&f, NOTIFY_DELAY_MS);
	for (int i = 0; i < NOTIFY_TRIES; i++) {
		ck_assert(receive(&f));
		if (i != 0)
			ck_assert_uint_eq(big_endian_u16(f.packet), id);
		id = big_endian_u16(f.packet);
		ck_assert_int_eq(notify_wait_ms(f.notify, &f.now), NOTIFY_WAIT_MS << i);
		pass(&f, (NOTIFY_WAIT_MS << i) - 1);
		ck_assert(!receive(&f));
		pass(&f, 1);
	}
	ck_assert(!receive(&f));
	ck_assert_int_eq(row(&f).state, TRANSFER_FAILED);
	ck_assert_uint_eq(row(&f).tries, 1);
	ck_assert_ptr_nonnull(strstr(row(&f).error, "does not answer"));
	ck_assert_int_eq(notify_wait_ms(f.notify, &f.now), -1);
	tear_down(&f);
}
END_TEST

START_TEST(test_what_is_no_reply)
{
	struct fixture f;
	int other = socket(AF_INET, SOCK_DGRAM, 0);

	set_up(&f, false);
	notify_zones(f.notify, f.set, &f.now);
	pass(&f, NOTIFY_DELAY_MS);
	ck_assert(receive(&f));
	make_reply(&f, 0);
	f.packet[1] ^= 1; /* another id */
	answer(&f);
	pass(&f, 0);
	f.packet[1] ^= 1;
	f.packet[2] ^= 0x80; /* no reply */
	answer(&f);
	pass(&f, 0);
	f.packet[2] ^= 0x80 | 0x20; /* another opcode */
	answer(&f);
	pass(&f, 0);
	f.packet[2] ^= 0x20;
	f.packet[14] ^= 1; /* another zone */
	answer(&f);
	pass(&f, 0);
	f.packet[14] ^= 1;
	/* another address: the kernel does not let it in */
	ck_assert_int_eq(sendto(other, f.packet, f.len, 0, (struct sockaddr *)&f.from, f.from_len),
		(ssize_t)f.len);
	pass(&f, 0);
	ck_assert_int_eq(row(&f).state, TRANSFER_UNDER_WAY);
	answer(&f);
	pass(&f, 0);
	ck_assert_int_eq(row(&f).state, TRANSFER_DONE);
	close(other);
	tear_down(&f);
}
END_TEST

START_TEST(test_refused)
{
	struct fixture f;

	set_up(&f, false);
	notify_zones(f.notify, f.set, &f.now);
	pass(&f, NOTIFY_DELAY_MS);
	ck_assert(receive(&f));
	make_reply(&f, 5);
	answer(&f);
	pass(&f, 0);
	ck_assert_int_eq(row(&f).state, TRANSFER_FAILED);
	ck_assert_str_eq(row(&f).error,
		"it answered REFUSED; does it take NOTIFY from this address or with this key?");
	tear_down(&f);
}
END_TEST

static uint32_t
serial_told(struct fixture *f)
{
	struct query q;
	uint32_t serial;

	query_parse(f->packet, f->len, &q);
	ck_assert(notify_message_serial(f->packet, f->len, &q, &serial));
	return serial;
}

/* A change while the one before is under way is told of after the reply, with its own id. */
START_TEST(test_change_meanwhile)
{
	struct fixture f;
	uint16_t id;

	set_up(&f, false);
	notify_zones(f.notify, f.set, &f.now);
	pass(&f, NOTIFY_DELAY_MS);
	ck_assert(receive(&f));
	id = big_endian_u16(f.packet);
	build(&f, 8);
	notify_zones(f.notify, f.set, &f.now);
	pass(&f, NOTIFY_GAP_MS);
	ck_assert(!receive(&f));
	make_reply(&f, 0);
	answer(&f);
	pass(&f, 0);
	ck_assert_uint_eq(row(&f).serial, 7);
	pass(&f, NOTIFY_GAP_MS);
	ck_assert_int_eq(row(&f).state, TRANSFER_UNDER_WAY);
	ck_assert(receive(&f));
	ck_assert_uint_eq(serial_told(&f), 8);
	ck_assert_uint_ne(big_endian_u16(f.packet), id);
	tear_down(&f);
}
END_TEST

/* ... and by the next try, which a reply to the one before does not answer. */
START_TEST(test_change_between_tries)
{
	struct fixture f;
	uint8_t late[2048];
	size_t late_len;

	set_up(&f, false);
	notify_zones(f.notify, f.set, &f.now);
	pass(&f, NOTIFY_DELAY_MS);
	ck_assert(receive(&f));
	make_reply(&f, 0);
	late_len = f.len;
	memcpy(late, f.packet, late_len);
	build(&f, 8);
	notify_zones(f.notify, f.set, &f.now);
	pass(&f, NOTIFY_WAIT_MS);
	ck_assert(receive(&f));
	ck_assert_uint_eq(serial_told(&f), 8);
	ck_assert_int_eq(sendto(f.fd, late, late_len, 0, (struct sockaddr *)&f.from, f.from_len),
		(ssize_t)late_len);
	pass(&f, 0);
	ck_assert_int_eq(row(&f).state, TRANSFER_UNDER_WAY);
	make_reply(&f, 0);
	answer(&f);
	pass(&f, 0);
	ck_assert_int_eq(row(&f).state, TRANSFER_DONE);
	ck_assert_uint_eq(row(&f).serial, 8);
	tear_down(&f);
}
END_TEST

/* Twenty changes a second for as many seconds. Returns how many messages came. */
static unsigned
change_all_the_time(struct fixture *f, bool answers)
{
	unsigned messages = 0;

	for (uint32_t i = 1; i <= 20 * 20; i++) {
		build(f, 7 + i);
		notify_zones(f->notify, f->set, &f->now);
		pass(f, 50);
		for (; receive(f); messages++) {
			if (!answers)
				continue;
			make_reply(f, 0);
			answer(f);
			pass(f, 0);
		}
	}
	return messages;
}

START_TEST(test_changes_without_end)
{
	struct fixture f;
	unsigned messages;

	set_up(&f, false);
	messages = change_all_the_time(&f, true);
	ck_assert_uint_ge(messages, 10 * 1000 / NOTIFY_GAP_MS);
	ck_assert_uint_le(messages, 20 * 1000 / NOTIFY_GAP_MS + 1);
	pass(&f, NOTIFY_GAP_MS);
	if (receive(&f)) {
		make_reply(&f, 0);
		answer(&f);
		pass(&f, 0);
	}
	ck_assert_int_eq(row(&f).state, TRANSFER_DONE);
	ck_assert_uint_eq(row(&f).serial, 7 + 20 * 20);
	ck_assert_int_eq(notify_wait_ms(f.notify, &f.now), -1);
	tear_down(&f);
}
END_TEST

/* Changes do not hide that nobody answers. */
START_TEST(test_gone_while_it_changes)
{
	struct fixture f;

	set_up(&f, false);
	ck_assert_uint_le(change_all_the_time(&f, false), NOTIFY_TRIES);
	(void)change_all_the_time(&f, false);
	ck_assert_uint_ge(row(&f).tries, 1);
	ck_assert_ptr_nonnull(strstr(row(&f).error, "does not answer"));
	tear_down(&f);
}
END_TEST

START_TEST(test_signed)
{
	struct fixture f;
	struct tsig_session session;

	set_up(&f, true);
	notify_zones(f.notify, f.set, &f.now);
	pass(&f, NOTIFY_DELAY_MS);
	ck_assert(receive(&f));
	ck_assert_int_eq(tsig_verify_request(peers_keys(f.peers), f.packet, &f.len, START_S,
				 &session),
		TSIG_GOOD);
	/* not signed: not believed */
	make_reply(&f, 0);
	answer(&f);
	pass(&f, 0);
	ck_assert_int_eq(row(&f).state, TRANSFER_UNDER_WAY);
	f.len = tsig_sign_reply(&session, f.packet, f.len, sizeof(f.packet), START_S);
	answer(&f);
	pass(&f, 0);
	ck_assert_int_eq(row(&f).state, TRANSFER_DONE);
	tsig_session_end(&session);
	tear_down(&f);
}
END_TEST

/* The first reply of a forger must not make the right one unreadable. */
START_TEST(test_forged_first)
{
	struct fixture f;
	struct tsig_session session;

	set_up(&f, true);
	notify_zones(f.notify, f.set, &f.now);
	pass(&f, NOTIFY_DELAY_MS);
	ck_assert(receive(&f));
	ck_assert_int_eq(tsig_verify_request(peers_keys(f.peers), f.packet, &f.len, START_S,
				 &session),
		TSIG_GOOD);
	make_reply(&f, 0);
	f.len = tsig_sign_reply(&session, f.packet, f.len, sizeof(f.packet), START_S);
	f.packet[f.len - 10] ^= 1;
	answer(&f);
	pass(&f, 0);
	ck_assert_int_eq(row(&f).state, TRANSFER_UNDER_WAY);
	f.packet[f.len - 10] ^= 1;
	answer(&f);
	pass(&f, 0);
	ck_assert_int_eq(row(&f).state, TRANSFER_DONE);
	tsig_session_end(&session);
	tear_down(&f);
}
END_TEST

static Suite *
suite(void)
{
	Suite *s = suite_create("notify");
	TCase *plain = tcase_create("plain"), *with_key = tcase_create("signed");

	tcase_add_test(plain, test_message);
	tcase_add_test(plain, test_answered);
	tcase_add_test(plain, test_zones_meanwhile);
	tcase_add_test(plain, test_tries);
	tcase_add_test(plain, test_what_is_no_reply);
	tcase_add_test(plain, test_refused);
	tcase_add_test(plain, test_change_meanwhile);
	tcase_add_test(plain, test_change_between_tries);
	tcase_add_test(plain, test_changes_without_end);
	tcase_add_test(plain, test_gone_while_it_changes);
	suite_add_tcase(s, plain);
	tcase_add_test(with_key, test_signed);
	tcase_add_test(with_key, test_forged_first);
	suite_add_tcase(s, with_key);
	return s;
}

int
main(void)
{
	return unit_run(suite());
}
