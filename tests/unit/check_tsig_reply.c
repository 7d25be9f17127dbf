#include <string.h>

#include <openssl/hmac.h>

#include "tsig_fixture.h"
#include "tsig_mac.h"
#include "tsig_record.h"
#include "unit.h"

/* --- refusals -----------------------------------------------------------------------------------
 */

START_TEST(test_refuse_bad_key)
{
	struct fixture f;
	struct tsig_record r;

	set_up(&f, "hmac-sha256");
	sign_question(&f, NOW - 5);
	snprintf(f.key.name, sizeof(f.key.name), "%s", "other.example");
	ck_assert_int_eq(verify(&f, NOW), TSIG_BADKEY);
	f.len = tsig_refuse(&f.server, f.packet, f.len, SIZE, NOW);
	ck_assert_uint_eq(f.packet[2], 0x80);
	ck_assert_uint_eq(f.packet[3], 9);
	ck_assert_int_eq(tsig_record_find(f.packet, f.len, &r), TSIG_FOUND);
	ck_assert_uint_eq(r.error, TSIG_ERROR_BADKEY);
	ck_assert_uint_eq(r.mac_len, 0);
	ck_assert_uint_eq(r.name_len, 19);
	snprintf(f.key.name, sizeof(f.key.name), "%s", "secondary.example");
	ck_assert_int_eq(tsig_verify_reply(&f.client, f.packet, &f.len, NOW), TSIG_BADKEY);
	ck_assert_uint_eq(f.client.peer_error, TSIG_ERROR_BADKEY);
	tear_down(&f);
}
END_TEST

/* RFC 8945 section 5.2.3: signed, with the client's time, and ours as other data. */
START_TEST(test_refuse_bad_time)
{
	struct fixture f;
	struct tsig_record r;

	set_up(&f, "hmac-sha256");
	sign_question(&f, NOW - 1000);
	ck_assert_int_eq(verify(&f, NOW), TSIG_BADTIME);
	f.len = tsig_refuse(&f.server, f.packet, f.len, SIZE, NOW);
	ck_assert_int_eq(tsig_record_find(f.packet, f.len, &r), TSIG_FOUND);
	ck_assert_uint_eq(r.error, TSIG_ERROR_BADTIME);
	ck_assert_uint_eq(r.mac_len, 32);
	ck_assert_uint_eq(r.time_s, NOW - 1000);
	ck_assert_uint_eq(r.other_len, 6);
	ck_assert_mem_eq(r.other, "\0\0\x6b\x49\xd2\0", 6);
	ck_assert_int_eq(tsig_verify_reply(&f.client, f.packet, &f.len, NOW - 1000), TSIG_BADTIME);
	ck_assert_uint_eq(f.client.peer_error, TSIG_ERROR_BADTIME);
	tear_down(&f);
}
END_TEST

START_TEST(test_refuse_malformed)
{
	struct fixture f;

	set_up(&f, "hmac-sha256");
	sign_question(&f, NOW);
	f.packet[f.len - 1] = 1; /* other data that are not there */
	ck_assert_int_eq(verify(&f, NOW), TSIG_MALFORMED);
	f.len = tsig_refuse(&f.server, f.packet, f.len, SIZE, NOW);
	ck_assert_uint_eq(f.packet[3], 1);
	ck_assert_uint_eq(f.packet[11], 0);
	tear_down(&f);
}
END_TEST

/* --- replies
 * --------------------------------------------------------------------------------------- */

static size_t
write_reply(uint8_t *out, unsigned n)
{
	size_t len = write_question(out, 0x1234);

	out[2] = 0x84;
	out[len - 3] = (uint8_t)n; /* so that they differ */
	return len;
}

static void
begin_exchange(struct fixture *f, const char *algorithm)
{
	set_up(f, algorithm);
	sign_question(f, NOW);
	ck_assert_int_eq(verify(f, NOW), TSIG_GOOD);
}

START_TEST(test_many_replies)
{
	struct fixture f;

	begin_exchange(&f, tsig_algorithms[_i]);
	for (unsigned n = 0; n < 20; n++) {
		size_t plain = write_reply(f.packet, n);

		f.len = tsig_sign_reply(&f.server, f.packet, plain, SIZE, NOW + n);
		ck_assert_uint_eq(f.len, plain + tsig_size(&f.server));
		ck_assert_int_eq(tsig_verify_reply(&f.client, f.packet, &f.len, NOW + n),
			TSIG_GOOD);
		ck_assert_uint_eq(f.len, plain);
		ck_assert(tsig_is_complete(&f.client));
	}
	tear_down(&f);
}
END_TEST

/* RFC 8945 section 5.3.1, computed in one piece: of the second reply time and fudge alone. */
START_TEST(test_second_reply)
{
	struct fixture f;
	uint8_t bytes[SIZE] = {0, 32}, mac[TSIG_MAC_MAX];
	size_t len = 2, plain;
	unsigned size = 0;

	begin_exchange(&f, "hmac-sha256");
	plain = write_reply(f.packet, 0);
	tsig_sign_reply(&f.server, f.packet, plain, SIZE, NOW);
	memcpy(bytes + len, f.server.mac, 32);
	len += 32;
	plain = write_reply(f.packet, 1);
	memcpy(bytes + len, f.packet, plain);
	len += plain;
	memcpy(bytes + len, "\0\0\x6b\x49\xd2\x07\x01\x2c", 8);
	len += 8;
	tsig_sign_reply(&f.server, f.packet, plain, SIZE, NOW + 7);
	HMAC(EVP_sha256(), f.key.secret, (int)f.key.secret_len, bytes, len, mac, &size);
	ck_assert_uint_eq(size, 32);
	ck_assert_mem_eq(f.server.mac, mac, size);
	tear_down(&f);
}
END_TEST

START_TEST(test_reply_left_out)
{
	struct fixture f;

	begin_exchange(&f, "hmac-sha256");
	for (unsigned n = 0; n < 3; n++) {
		enum tsig_result result = TSIG_GOOD;

		f.len = write_reply(f.packet, n);
		f.len = tsig_sign_reply(&f.server, f.packet, f.len, SIZE, NOW);
		if (n != 1)
			result = tsig_verify_reply(&f.client, f.packet, &f.len, NOW);
		ck_assert_int_eq(result, n < 2 ? TSIG_GOOD : TSIG_BADSIG);
	}
	tear_down(&f);
}
END_TEST

/* The signer's half of RFC 8945 section 5.3.1, which ours does not use: unsigned messages between.
 * Made from its pieces: the digest of all is that of one long message. */
START_TEST(test_unsigned_between)
{
	struct fixture f;

	begin_exchange(&f, "hmac-sha256");
	f.len = write_reply(f.packet, 0);
	ck_assert_int_eq(tsig_verify_reply(&f.client, f.packet, &f.len, NOW), TSIG_BADSIG);
	tear_down(&f);
	begin_exchange(&f, "hmac-sha256");
	f.len = write_reply(f.packet, 0);
	f.len = tsig_sign_reply(&f.server, f.packet, f.len, SIZE, NOW);
	ck_assert_int_eq(tsig_verify_reply(&f.client, f.packet, &f.len, NOW), TSIG_GOOD);
	for (unsigned n = 0; n < TSIG_UNSIGNED_MAX; n++) {
		f.len = write_reply(f.packet, n);
		ck_assert_int_eq(tsig_verify_reply(&f.client, f.packet, &f.len, NOW), TSIG_ABSENT);
		ck_assert(!tsig_is_complete(&f.client));
	}
	f.len = write_reply(f.packet, 0);
	ck_assert_int_eq(tsig_verify_reply(&f.client, f.packet, &f.len, NOW), TSIG_BADSIG);
	tear_down(&f);
}
END_TEST

START_TEST(test_reply_to_unsigned)
{
	struct fixture f;

	begin_exchange(&f, "hmac-sha256");
	f.len = write_reply(f.packet, 0);
	f.len = tsig_sign_reply(&f.server, f.packet, f.len, SIZE, NOW);
	tsig_session_end(&f.client);
	ck_assert_int_eq(tsig_verify_reply(&f.client, f.packet, &f.len, NOW), TSIG_BADKEY);
	f.len = write_reply(f.packet, 0);
	ck_assert_int_eq(tsig_verify_reply(&f.client, f.packet, &f.len, NOW), TSIG_ABSENT);
	ck_assert(tsig_is_complete(&f.client));
	tear_down(&f);
}
END_TEST

START_TEST(test_no_room)
{
	struct fixture f;
	size_t plain;

	begin_exchange(&f, "hmac-sha256");
	plain = write_reply(f.packet, 0);
	ck_assert_uint_eq(tsig_sign_reply(&f.server, f.packet, plain,
				  plain + tsig_size(&f.server) - 1, NOW),
		0);
	f.len = tsig_sign_reply(&f.server, f.packet, plain, plain + tsig_size(&f.server), NOW);
	ck_assert_int_eq(tsig_verify_reply(&f.client, f.packet, &f.len, NOW), TSIG_GOOD);
	tear_down(&f);
}
END_TEST

/* What another server may do: sign the third message, for the two before as well. */
static size_t
sign_for_all(struct fixture *f, const uint8_t *before, size_t before_len, size_t len)
{
	struct tsig_record r = {.name_len = f->server.name_len,
		.algorithm_len = f->server.algorithm_len,
		.time_s = NOW,
		.fudge_s = TSIG_FUDGE_S,
		.original_id = big_endian_u16(f->packet)};
	EVP_MAC_CTX *ctx = tsig_mac_begin(&f->key);
	uint8_t mac[TSIG_MAC_MAX];

	memcpy(r.name, f->server.name, r.name_len);
	memcpy(r.algorithm, f->server.algorithm, r.algorithm_len);
	tsig_mac_add_previous(ctx, f->server.mac, f->server.mac_len);
	tsig_mac_add(ctx, before, before_len);
	tsig_mac_add_message(ctx, f->packet, len, 0, r.original_id);
	tsig_mac_add_variables(ctx, &r, true);
	r.mac_len = tsig_mac_end(ctx, mac);
	r.mac = mac;
	return tsig_record_append(f->packet, len, SIZE, &r);
}

START_TEST(test_signed_for_all)
{
	uint8_t before[SIZE];
	struct fixture f;
	size_t len = 0;

	begin_exchange(&f, "hmac-sha256");
	f.len = write_reply(f.packet, 0);
	f.len = tsig_sign_reply(&f.server, f.packet, f.len, SIZE, NOW);
	ck_assert_int_eq(tsig_verify_reply(&f.client, f.packet, &f.len, NOW), TSIG_GOOD);
	for (unsigned n = 1; n < 3; n++) {
		f.len = write_reply(f.packet, n);
		memcpy(before + len, f.packet, f.len);
		len += f.len;
		if (_i == 1) /* what we got is not what was signed */
			f.packet[f.len - 3] ^= 1;
		ck_assert_int_eq(tsig_verify_reply(&f.client, f.packet, &f.len, NOW), TSIG_ABSENT);
	}
	f.len = write_reply(f.packet, 3);
	f.len = sign_for_all(&f, before, len, f.len);
	ck_assert_int_eq(tsig_verify_reply(&f.client, f.packet, &f.len, NOW),
		_i == 0 ? TSIG_GOOD : TSIG_BADSIG);
	ck_assert_int_eq(tsig_is_complete(&f.client), _i == 0);
	tear_down(&f);
}
END_TEST

START_TEST(test_reply_out_of_time)
{
	static const int late_s[] = {-301, -300, 300, 301};
	struct fixture f;

	begin_exchange(&f, "hmac-sha256");
	f.len = write_reply(f.packet, 0);
	f.len = tsig_sign_reply(&f.server, f.packet, f.len, SIZE, NOW + late_s[_i]);
	ck_assert_int_eq(tsig_verify_reply(&f.client, f.packet, &f.len, NOW),
		_i == 1 || _i == 2 ? TSIG_GOOD : TSIG_BADTIME);
	ck_assert_int_eq(tsig_is_complete(&f.client), _i == 1 || _i == 2);
	tear_down(&f);
}
END_TEST

/* RFC 8945 section 5.2.2.1: less than half, or than 10 bytes, is no signature; of the others that
 * are short none is good enough for us. */
START_TEST(test_short_reply)
{
	static const struct {
		size_t algorithm, len;
		enum tsig_result result;
	} cases[] = {{0, 32, TSIG_GOOD}, {0, 31, TSIG_BADTRUNC}, {0, 16, TSIG_BADTRUNC},
		{0, 15, TSIG_MALFORMED}, {0, 0, TSIG_MALFORMED}, {2, 32, TSIG_BADTRUNC},
		{2, 31, TSIG_MALFORMED}};
	struct tsig_record r;
	struct fixture f;
	size_t plain;

	begin_exchange(&f, tsig_algorithms[cases[_i].algorithm]);
	plain = write_reply(f.packet, 0);
	f.len = tsig_sign_reply(&f.server, f.packet, plain, SIZE, NOW);
	ck_assert_int_eq(tsig_record_find(f.packet, f.len, &r), TSIG_FOUND);
	r.mac = f.server.mac;
	r.mac_len = cases[_i].len;
	f.packet[11] = 0;
	f.len = tsig_record_append(f.packet, plain, SIZE, &r);
	ck_assert_int_eq(tsig_verify_reply(&f.client, f.packet, &f.len, NOW), cases[_i].result);
	ck_assert_int_eq(tsig_is_complete(&f.client), cases[_i].result == TSIG_GOOD);
	tear_down(&f);
}
END_TEST

/* The server's own errors, which nobody signed, end the talk but are never good. */
START_TEST(test_peer_errors)
{
	static const struct {
		uint16_t error;
		enum tsig_result result;
	} cases[] = {{TSIG_ERROR_BADSIG, TSIG_BADSIG}, {TSIG_ERROR_BADKEY, TSIG_BADKEY},
		{TSIG_ERROR_BADTIME, TSIG_BADTIME}, {TSIG_ERROR_BADTRUNC, TSIG_BADTRUNC},
		{1, TSIG_BADSIG}, {UINT16_MAX, TSIG_BADSIG}};
	struct tsig_record r;
	struct fixture f;
	size_t plain;

	begin_exchange(&f, "hmac-sha256");
	plain = write_reply(f.packet, 0);
	f.len = tsig_sign_reply(&f.server, f.packet, plain, SIZE, NOW);
	ck_assert_int_eq(tsig_record_find(f.packet, f.len, &r), TSIG_FOUND);
	r.mac_len = 0;
	r.error = cases[_i].error;
	f.packet[11] = 0;
	f.len = tsig_record_append(f.packet, plain, SIZE, &r);
	ck_assert_int_eq(tsig_verify_reply(&f.client, f.packet, &f.len, NOW), cases[_i].result);
	ck_assert_uint_eq(f.client.peer_error, cases[_i].error);
	ck_assert(!tsig_is_complete(&f.client));
	tear_down(&f);
}
END_TEST

START_TEST(test_without_key)
{
	struct tsig_key nameless = make_key("a..b", "hmac-sha256");
	struct tsig_session s = {.key = NULL};
	struct fixture f;

	set_up(&f, "hmac-sha256");
	ck_assert_uint_eq(tsig_size(&s), 0);
	f.len = write_question(f.packet, 1);
	ck_assert_uint_eq(tsig_sign_reply(&s, f.packet, f.len, f.len, NOW), f.len);
	ck_assert_uint_eq(tsig_sign_request(NULL, f.packet, f.len, f.len, NOW, &s), f.len);
	ck_assert_uint_eq(tsig_sign_request(&nameless, f.packet, f.len, SIZE, NOW, &s), 0);
	/* Times that nobody remembers. */
	f.keys.newest_s = NULL;
	sign_question(&f, NOW);
	ck_assert_int_eq(verify(&f, NOW), TSIG_GOOD);
	ck_assert_uint_eq(f.server.time_s, NOW);
	ck_assert_uint_eq(f.client.time_s, NOW);
	tear_down(&f);
}
END_TEST

static Suite *
suite(void)
{
	Suite *s = suite_create("tsig_reply");
	TCase *refusals = tcase_create("refusals"), *replies = tcase_create("replies");

	tcase_add_test(refusals, test_refuse_bad_key);
	tcase_add_test(refusals, test_refuse_bad_time);
	tcase_add_test(refusals, test_refuse_malformed);
	suite_add_tcase(s, refusals);
	tcase_add_loop_test(replies, test_many_replies, 0, 3);
	tcase_add_test(replies, test_second_reply);
	tcase_add_test(replies, test_reply_left_out);
	tcase_add_test(replies, test_unsigned_between);
	tcase_add_test(replies, test_reply_to_unsigned);
	tcase_add_test(replies, test_no_room);
	tcase_add_loop_test(replies, test_signed_for_all, 0, 2);
	tcase_add_loop_test(replies, test_reply_out_of_time, 0, 4);
	tcase_add_loop_test(replies, test_short_reply, 0, 7);
	tcase_add_loop_test(replies, test_peer_errors, 0, 6);
	tcase_add_test(replies, test_without_key);
	suite_add_tcase(s, replies);
	return s;
}

int
main(void)
{
	return unit_run(suite());
}
