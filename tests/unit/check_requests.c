#include <stdlib.h>
#include <string.h>

#include "big_endian.h"
#include "dns_packet.h"
#include "reply.h"
#include "transfer_fixture.h"
#include "unit.h"

enum { OPCODE_NOTIFY = 0x2000, NOTAUTH = 9 };

struct fixture {
	struct transfer_fixture t;
	uint8_t packet[2048], reply[REQUESTS_REPLY_MAX];
	size_t len;
	struct tsig_session session;
	struct response response;
	struct dns_reply read;
};

static void
set_up(struct fixture *f)
{
	memset(f, 0, sizeof(*f));
	transfer_fixture_set_up(&f->t, 4);
	transfer_fixture_take(&f->t, "192.0.2.1 relay\n192.0.2.2 relay\n", 7);
}

static void
tear_down(struct fixture *f)
{
	tsig_session_end(&f->session);
	requests_end(&f->t.requests, &f->response, NULL);
	transfer_fixture_tear_down(&f->t);
}

static void
make(struct fixture *f, const char *name, uint16_t type, const char *key)
{
	f->len = transfer_fixture_query(f->packet, name, type, 7);
	tsig_session_end(&f->session);
	f->len = tsig_sign_request(transfer_fixture_key(&f->t, key), f->packet, f->len,
		sizeof(f->packet), TRANSFER_FIXTURE_S, &f->session);
}

/* From 127.0.0.<host>. */
static void
send_from(struct fixture *f, unsigned host, enum answer_transport transport)
{
	struct request r = {.client = {.addr = addr_from_ipv4(0x7f000000 + host), .port = 4000},
		.transport = transport,
		.packet = f->packet,
		.len = f->len};

	requests_end(&f->t.requests, &f->response, NULL);
	requests_handle(&f->t.requests, &r, f->reply, sizeof(f->reply), &f->response);
}

/* The message that came, signed as its request was. */
static void
read_reply(struct fixture *f, enum tsig_result wanted)
{
	size_t len = f->response.len;

	ck_assert_uint_ne(len, 0);
	ck_assert_int_eq(tsig_verify_reply(&f->session, f->reply, &len, TRANSFER_FIXTURE_S),
		wanted);
	ck_assert(dns_reply_read(f->reply, len, &f->read));
	ck_assert_uint_eq(f->read.id, 0x1234);
}

static struct transfer_row
status(struct fixture *f)
{
	struct transfer_row r;

	ck_assert(transfer_status_get(f->t.requests.status, 0, &r));
	return r;
}

/* --- transfers ----------------------------------------------------------------------------- */

static void
take_all(struct fixture *f, enum tsig_result wanted, size_t *records)
{
	enum requests_got got;

	*records = 0;
	while ((got = requests_continue(&f->t.requests, &f->response, f->reply,
			sizeof(f->reply))) != REQUESTS_END) {
		ck_assert_int_ne(got, REQUESTS_FAILED);
		if (got == REQUESTS_AGAIN)
			continue;
		read_reply(f, wanted);
		*records += f->read.answers;
		ck_assert(tsig_is_complete(&f->session));
	}
}

static const struct who {
	const char *key;
	unsigned host;
	bool is_allowed;
} who[] = {
	{NULL, 1, true},
	{"a.test", 1, true},
	{NULL, 2, false},
	{"a.test", 2, true},
	{"b.test", 2, true},
	{NULL, 3, false},
	{"a.test", 3, false},
	{"b.test", 3, true},
};

START_TEST(test_axfr)
{
	enum tsig_result signature = who[_i].key != NULL ? TSIG_GOOD : TSIG_ABSENT;
	struct fixture f;
	size_t records;

	set_up(&f);
	make(&f, "DNSBL.test", TYPE_AXFR, who[_i].key);
	send_from(&f, who[_i].host, ANSWER_TCP);
	if (who[_i].is_allowed) {
		ck_assert_ptr_nonnull(f.response.transfer);
		take_all(&f, signature, &records);
		ck_assert_uint_gt(records, 6);
		ck_assert_int_eq(status(&f).state, TRANSFER_DONE);
		ck_assert_uint_eq(status(&f).serial, 7);
		ck_assert_str_eq(status(&f).zone, "dnsbl.test");
	} else {
		ck_assert_ptr_null(f.response.transfer);
		read_reply(&f, signature);
		ck_assert_uint_eq(f.read.rcode, RCODE_REFUSED);
	}
	tear_down(&f);
}
END_TEST

START_TEST(test_ixfr_over_udp)
{
	struct fixture f;

	set_up(&f);
	make(&f, "dnsbl.test", TYPE_IXFR, "a.test");
	send_from(&f, 2, ANSWER_UDP);
	ck_assert_ptr_null(f.response.transfer);
	read_reply(&f, TSIG_GOOD);
	ck_assert_uint_eq(f.read.rcode, 0);
	ck_assert_uint_eq(f.read.answers, 1);
	ck_assert_uint_eq(f.read.records[0].type, TYPE_SOA);
	tear_down(&f);
}
END_TEST

/* However much there is to say, there is room for the signature. */
START_TEST(test_room_over_udp)
{
	struct fixture f;
	static const char both[] = "192.0.2.1 relay\n192.0.2.2 relay\n";
	char lines[2000];

	set_up(&f);
	for (unsigned n = 1; n < 12; n++) {
		size_t at = (size_t)snprintf(lines, sizeof(lines), "%s", both);

		for (unsigned i = 0; i < n; i++)
			at += (size_t)snprintf(lines + at, sizeof(lines) - at, "10.0.%u.77 relay\n",
				i);
		transfer_fixture_take(&f.t, lines, 7 + n);
		f.len = transfer_fixture_query(f.packet, "dnsbl.test", TYPE_IXFR, 7);
		memcpy(f.packet + f.len, "\0\0\x29\x04\xd0\0\0\0\0\0\0", 11); /* OPT, 1232 */
		f.packet[11] = 1;
		f.len += 11;
		tsig_session_end(&f.session);
		f.len = tsig_sign_request(transfer_fixture_key(&f.t, "b.test"), f.packet, f.len,
			sizeof(f.packet), TRANSFER_FIXTURE_S, &f.session);
		send_from(&f, 3, ANSWER_UDP);
		ck_assert_uint_le(f.response.len, 1232);
		read_reply(&f, TSIG_GOOD);
		ck_assert_uint_eq(f.read.rcode, 0);
	}
	make(&f, "_codes.all.dnsbl.test", TYPE_TXT, "b.test");
	send_from(&f, 3, ANSWER_UDP);
	ck_assert_uint_le(f.response.len, 512);
	read_reply(&f, TSIG_GOOD);
	tear_down(&f);
}
END_TEST

START_TEST(test_other_zones)
{
	struct fixture f;

	set_up(&f);
	make(&f, "other.test", TYPE_AXFR, NULL);
	send_from(&f, 1, ANSWER_TCP);
	read_reply(&f, TSIG_ABSENT);
	ck_assert_uint_eq(f.read.rcode, RCODE_REFUSED);
	/* allowed, and not there */
	make(&f, "none.dnsbl.test", TYPE_AXFR, NULL);
	send_from(&f, 1, ANSWER_TCP);
	read_reply(&f, TSIG_ABSENT);
	ck_assert_uint_eq(f.read.rcode, NOTAUTH);
	ck_assert_int_eq(status(&f).state, TRANSFER_REFUSED);
	tear_down(&f);
}
END_TEST

START_TEST(test_ixfr_without_soa)
{
	struct fixture f;

	set_up(&f);
	make(&f, "dnsbl.test", TYPE_IXFR, NULL);
	f.len -= 34;
	f.packet[9] = 0;
	send_from(&f, 1, ANSWER_TCP);
	read_reply(&f, TSIG_ABSENT);
	ck_assert_uint_eq(f.read.rcode, RCODE_FORMERR);
	tear_down(&f);
}
END_TEST

/* A network that no wildcard says, of more names than transfer.expand. */
START_TEST(test_expansion)
{
	struct fixture f;

	set_up(&f);
	transfer_fixture_take(&f.t, "10.0.0.0/20 relay\n", 8);
	f.t.requests.expand = 1000;
	make(&f, "dnsbl.test", TYPE_AXFR, NULL);
	send_from(&f, 1, ANSWER_TCP);
	if (f.response.transfer == NULL) {
		read_reply(&f, TSIG_ABSENT);
		ck_assert_uint_eq(f.read.rcode, RCODE_REFUSED);
		ck_assert_int_eq(status(&f).state, TRANSFER_REFUSED);
		ck_assert_ptr_nonnull(strstr(status(&f).error, "transfer.expand"));
	} else {
		ck_abort_msg("10.0.0.0/20 was not refused");
	}
	tear_down(&f);
}
END_TEST

START_TEST(test_no_data_yet)
{
	struct fixture f;

	set_up(&f);
	generations_free(f.t.requests.generations);
	f.t.requests.generations = generations_new(&f.t.table, 1);
	for (int i = 0; i < 2; i++) {
		make(&f, "dnsbl.test", i == 0 ? TYPE_AXFR : TYPE_SOA, "b.test");
		send_from(&f, 1, ANSWER_TCP);
		read_reply(&f, TSIG_GOOD);
		ck_assert_uint_ne(f.read.rcode, 0);
	}
	tear_down(&f);
}
END_TEST

/* --- NOTIFY -------------------------------------------------------------------------------- */

static unsigned
notify(struct fixture *f, const char *name, unsigned host)
{
	make(f, name, TYPE_SOA, NULL);
	big_endian_put16(f->packet + 2, OPCODE_NOTIFY);
	send_from(f, host, ANSWER_UDP);
	read_reply(f, TSIG_ABSENT);
	return f->read.rcode;
}

START_TEST(test_notify)
{
	struct fixture f;

	set_up(&f);
	ck_assert_uint_eq(notify(&f, "other.test", 1), RCODE_REFUSED);
	ck_assert_uint_eq(notify(&f, "dnsbl.test", 9), RCODE_REFUSED);
	/* its primary; here nobody fetches it */
	ck_assert_uint_eq(notify(&f, "other.test", 9), NOTAUTH);
	tear_down(&f);
}
END_TEST

/* --- other questions ------------------------------------------------------------------------ */

START_TEST(test_signed_question)
{
	struct fixture f;

	set_up(&f);
	make(&f, "2.0.0.127.dnsbl.test", TYPE_A, "b.test");
	send_from(&f, 50, ANSWER_UDP);
	ck_assert_uint_le(f.response.len, 512);
	read_reply(&f, TSIG_GOOD);
	ck_assert_uint_eq(f.read.answers, 1);
	ck_assert_mem_eq(f.read.records[0].data, "\x7f\0\0\2", 4);
	tear_down(&f);
}
END_TEST

/* Who may not have the zone is limited as others are, and gets nothing of it here. */
START_TEST(test_only_peers_ask)
{
	static const struct {
		const char *name, *key;
		unsigned host;
		uint16_t type;
		bool is_answered;
	} asked[] = {
		{"dnsbl.test", NULL, 1, TYPE_SOA, true},
		{"dnsbl.test", NULL, 50, TYPE_SOA, false},
		{"dnsbl.test", "a.test", 50, TYPE_SOA, false},
		{"dnsbl.test", "b.test", 50, TYPE_SOA, true},
		{"1.2.0.192.dnsbl.test", NULL, 1, TYPE_A, false},
		{"1.2.0.192.dnsbl.test", "a.test", 1, TYPE_A, true},
		{"1.2.0.192.dnsbl.test", "a.test", 50, TYPE_A, false},
		{"1.2.0.192.dnsbl.test", "b.test", 50, TYPE_TXT, true},
		{"1.2.0.192.other.test", "b.test", 50, TYPE_A, false},
	};
	struct fixture f;

	set_up(&f);
	for (size_t i = 0; i < ORBL_COUNT(asked); i++) {
		make(&f, asked[i].name, asked[i].type, asked[i].key);
		send_from(&f, asked[i].host, ANSWER_TCP);
		read_reply(&f, asked[i].key != NULL ? TSIG_GOOD : TSIG_ABSENT);
		ck_assert_uint_eq(f.read.rcode, asked[i].is_answered ? 0 : RCODE_REFUSED);
		ck_assert_uint_eq(f.read.answers, asked[i].is_answered);
		ck_assert(f.response.closes == !asked[i].is_answered);
	}
	tear_down(&f);
}
END_TEST

START_TEST(test_bad_signatures)
{
	struct fixture f;

	set_up(&f);
	make(&f, "dnsbl.test", TYPE_AXFR, "a.test");
	f.t.requests.now.s += 1000;
	send_from(&f, 1, ANSWER_TCP);
	ck_assert_ptr_null(f.response.transfer);
	read_reply(&f, TSIG_BADTIME);
	ck_assert_uint_eq(f.read.rcode, NOTAUTH);
	f.t.requests.now.s -= 1000;
	make(&f, "dnsbl.test", TYPE_AXFR, "a.test");
	f.packet[f.len - 10] ^= 1;
	send_from(&f, 1, ANSWER_TCP);
	read_reply(&f, TSIG_BADSIG);
	ck_assert_uint_eq(f.read.rcode, NOTAUTH);
	make(&f, "dnsbl.test", TYPE_AXFR, "a.test");
	f.packet[f.len - 1] = 9;
	send_from(&f, 1, ANSWER_TCP);
	ck_assert_uint_eq(f.reply[3] & 0xf, RCODE_FORMERR);
	tear_down(&f);
}
END_TEST

START_TEST(test_garbage)
{
	struct fixture f;

	set_up(&f);
	make(&f, "dnsbl.test", TYPE_AXFR, "a.test");
	for (size_t len = 0; len < f.len; len++) {
		size_t whole = f.len;

		f.len = len;
		send_from(&f, 1, ANSWER_TCP);
		ck_assert_ptr_null(f.response.transfer);
		ck_assert(len >= 12 || f.response.len == 0);
		f.len = whole;
	}
	f.packet[2] |= 0x80; /* a reply */
	send_from(&f, 1, ANSWER_TCP);
	ck_assert_uint_eq(f.response.len, 0);
	tear_down(&f);
}
END_TEST

static Suite *
suite(void)
{
	Suite *s = suite_create("requests");
	TCase *transfers = tcase_create("transfers"), *others = tcase_create("others");

	tcase_add_loop_test(transfers, test_axfr, 0, (int)ORBL_COUNT(who));
	tcase_add_test(transfers, test_ixfr_over_udp);
	tcase_add_test(transfers, test_room_over_udp);
	tcase_add_test(transfers, test_other_zones);
	tcase_add_test(transfers, test_ixfr_without_soa);
	tcase_add_test(transfers, test_expansion);
	tcase_add_test(transfers, test_no_data_yet);
	suite_add_tcase(s, transfers);
	tcase_add_test(others, test_notify);
	tcase_add_test(others, test_signed_question);
	tcase_add_test(others, test_only_peers_ask);
	tcase_add_test(others, test_bad_signatures);
	tcase_add_test(others, test_garbage);
	suite_add_tcase(s, others);
	return s;
}

int
main(void)
{
	return unit_run(suite());
}
