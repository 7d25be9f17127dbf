#include <stdlib.h>
#include <string.h>

#include <ldns/ldns.h>
#include <sodium.h>

#include "big_endian.h"
#include "query.h"
#include "tsig.h"
#include "tsig_record.h"
#include "tsig_fixture.h"
#include "unit.h"

/* --- against another implementation ------------------------------------------------------- */

/* The record of RFC 8945 section 4.2, byte by byte; the MAC was computed by Python's hmac. */
START_TEST(test_vector)
{
	static const uint8_t record[] = {9, 's', 'e', 'c', 'o', 'n', 'd', 'a', 'r', 'y', 7, 'e',
		'x', 'a', 'm', 'p', 'l', 'e', 0, 0, 250, 0, 255, 0, 0, 0, 0, 0, 61, 11, 'h', 'm',
		'a', 'c', '-', 's', 'h', 'a', '2', '5', '6', 0, 0, 0, 0x6b, 0x49, 0xd2, 0x00, 1,
		0x2c, 0, 32};
	static const uint8_t mac[] = {0x3e, 0xe6, 0x4d, 0xc2, 0x13, 0xbc, 0xc2, 0x89, 0x82, 0x49,
		0x27, 0xbf, 0xd1, 0x27, 0xc9, 0xd3, 0x56, 0xa8, 0x98, 0x70, 0x3c, 0x35, 0xc1, 0x33,
		0xea, 0xa1, 0xeb, 0xc2, 0x24, 0xfe, 0x84, 0x78};
	struct fixture f;
	size_t plain;

	set_up(&f, "hmac-sha256");
	plain = write_question(f.packet, 0x1234);
	sign_question(&f, NOW);
	ck_assert_uint_eq(f.len, plain + sizeof(record) + sizeof(mac) + 6);
	ck_assert_mem_eq(f.packet + plain, record, sizeof(record));
	ck_assert_mem_eq(f.packet + plain + sizeof(record), mac, sizeof(mac));
	ck_assert_mem_eq(f.packet + f.len - 6, "\x12\x34\0\0\0\0", 6);
	ck_assert_uint_eq(f.packet[11], 1);
	tear_down(&f);
}
END_TEST

static const char *
secret_text(const struct tsig_key *key, char out[256])
{
	return sodium_bin2base64(out, 256, key->secret, key->secret_len,
		sodium_base64_VARIANT_ORIGINAL);
}

/* ldns knows two of the three, and signs by the clock of the machine. */
START_TEST(test_ldns_signs)
{
	struct fixture f;
	ldns_pkt *pkt = NULL;
	uint8_t *wire = NULL;
	char secret[256], algorithm[40];

	set_up(&f, tsig_algorithms[_i * 2]);
	snprintf(algorithm, sizeof(algorithm), "%s.", f.key.algorithm);
	f.len = write_question(f.packet, 0x4321);
	ck_assert_int_eq(ldns_wire2pkt(&pkt, f.packet, f.len), LDNS_STATUS_OK);
	ck_assert_int_eq(ldns_pkt_tsig_sign(pkt, f.key.name, secret_text(&f.key, secret), 300,
				 algorithm, NULL),
		LDNS_STATUS_OK);
	ck_assert_int_eq(ldns_pkt2wire(&wire, pkt, &f.len), LDNS_STATUS_OK);
	memcpy(f.packet, wire, f.len);
	free(wire);
	ldns_pkt_free(pkt);
	ck_assert_int_eq(verify(&f, (int64_t)time(NULL)), TSIG_GOOD);
	tear_down(&f);
}
END_TEST

START_TEST(test_ldns_verifies)
{
	struct fixture f;
	ldns_pkt *pkt = NULL;
	char secret[256];

	set_up(&f, tsig_algorithms[_i * 2]);
	sign_question(&f, NOW);
	ck_assert_int_eq(ldns_wire2pkt(&pkt, f.packet, f.len), LDNS_STATUS_OK);
	ck_assert(ldns_pkt_tsig_verify(pkt, f.packet, f.len, f.key.name,
		secret_text(&f.key, secret), NULL));
	f.packet[13] ^= 1;
	ck_assert(!ldns_pkt_tsig_verify(pkt, f.packet, f.len, f.key.name,
		secret_text(&f.key, secret), NULL));
	ldns_pkt_free(pkt);
	tear_down(&f);
}
END_TEST

/* --- requests -------------------------------------------------------------------------------- */

START_TEST(test_request_is_good)
{
	struct fixture f;
	uint8_t plain[SIZE];
	size_t len = write_question(plain, 0x1234);

	set_up(&f, tsig_algorithms[_i]);
	sign_question(&f, NOW);
	ck_assert_int_eq(verify(&f, NOW + 299), TSIG_GOOD);
	ck_assert_ptr_eq(f.server.key, &f.key);
	ck_assert_uint_eq(f.len, len);
	ck_assert_mem_eq(f.packet, plain, len);
	tear_down(&f);
}
END_TEST

START_TEST(test_unsigned_is_absent)
{
	struct fixture f;

	set_up(&f, "hmac-sha256");
	f.len = write_question(f.packet, 1);
	ck_assert_int_eq(verify(&f, NOW), TSIG_ABSENT);
	ck_assert_ptr_null(f.server.key);
	ck_assert_uint_eq(tsig_size(&f.server), 0);
	ck_assert_uint_eq(tsig_sign_reply(&f.server, f.packet, f.len, SIZE, NOW), f.len);
	tear_down(&f);
}
END_TEST

/* Each byte counts, but for the id, which a forwarder may change (RFC 8945 section 5.2). */
START_TEST(test_any_change_is_found)
{
	struct fixture f;
	size_t len;

	set_up(&f, "hmac-sha256");
	sign_question(&f, NOW);
	len = f.len;
	for (size_t i = 0; i < len; i++) {
		enum tsig_result result;

		sign_question(&f, NOW);
		f.packet[i] ^= 1;
		result = verify(&f, NOW);
		if (i < 2)
			ck_assert_int_eq(result, TSIG_GOOD);
		else
			ck_assert_msg(result != TSIG_GOOD, "byte %zu", i);
	}
	tear_down(&f);
}
END_TEST

START_TEST(test_every_cut_is_found)
{
	struct fixture f;
	size_t len;

	set_up(&f, "hmac-sha512");
	sign_question(&f, NOW);
	len = f.len;
	for (size_t i = 0; i < len; i++) {
		sign_question(&f, NOW);
		f.len = i;
		ck_assert_int_eq(verify(&f, NOW), TSIG_MALFORMED);
	}
	tear_down(&f);
}
END_TEST

START_TEST(test_other_key)
{
	struct fixture f;

	set_up(&f, "hmac-sha256");
	sign_question(&f, NOW);
	snprintf(f.key.name, sizeof(f.key.name), "%s", "other.example");
	ck_assert_int_eq(verify(&f, NOW), TSIG_BADKEY);
	ck_assert_ptr_null(f.server.key);
	/* The same name with another algorithm is another key. */
	snprintf(f.key.name, sizeof(f.key.name), "%s", "secondary.example");
	sign_question(&f, NOW);
	snprintf(f.key.algorithm, sizeof(f.key.algorithm), "%s", "hmac-sha512");
	ck_assert_int_eq(verify(&f, NOW), TSIG_BADKEY);
	snprintf(f.key.algorithm, sizeof(f.key.algorithm), "%s", "hmac-sha256");
	sign_question(&f, NOW);
	f.key.secret[31] ^= 1;
	ck_assert_int_eq(verify(&f, NOW), TSIG_BADSIG);
	tear_down(&f);
}
END_TEST

START_TEST(test_key_name_in_any_case)
{
	struct fixture f;

	set_up(&f, "hmac-sha256");
	snprintf(f.key.name, sizeof(f.key.name), "%s", "SECONDARY.example.");
	sign_question(&f, NOW);
	snprintf(f.key.name, sizeof(f.key.name), "%s", "secondary.example");
	ck_assert_int_eq(verify(&f, NOW), TSIG_GOOD);
	tear_down(&f);
}
END_TEST

START_TEST(test_time)
{
	struct fixture f;

	set_up(&f, "hmac-sha256");
	sign_question(&f, NOW);
	ck_assert_int_eq(verify(&f, NOW + 300), TSIG_GOOD);
	sign_question(&f, NOW);
	ck_assert_int_eq(verify(&f, NOW + 301), TSIG_BADTIME);
	sign_question(&f, NOW + 300);
	ck_assert_int_eq(verify(&f, NOW), TSIG_GOOD);
	f.newest_s = 0;
	sign_question(&f, NOW + 301);
	ck_assert_int_eq(verify(&f, NOW), TSIG_BADTIME);
	tear_down(&f);
}
END_TEST

/* What is older than the newest by more than the fudge is not accepted, where our clock went back
 * as well; a time of the future is accepted, and not remembered. */
START_TEST(test_newest_time_is_remembered)
{
	struct fixture f;

	set_up(&f, "hmac-sha256");
	sign_question(&f, NOW + 250);
	ck_assert_int_eq(verify(&f, NOW), TSIG_GOOD);
	ck_assert_int_eq(f.newest_s, NOW);
	sign_question(&f, NOW - 300);
	ck_assert_int_eq(verify(&f, NOW), TSIG_GOOD);
	sign_question(&f, NOW - 301);
	ck_assert_int_eq(verify(&f, NOW - 100), TSIG_BADTIME);
	ck_assert_int_eq(f.newest_s, NOW);
	/* A bad signature moves nothing. */
	sign_question(&f, NOW + 290);
	f.packet[f.len - 20] ^= 1;
	ck_assert_int_eq(verify(&f, NOW + 290), TSIG_BADSIG);
	ck_assert_int_eq(f.newest_s, NOW);
	tear_down(&f);
}
END_TEST

/* RFC 8945 section 5.2.2.1: cut to what the section allows it is checked, then refused. */
START_TEST(test_truncated_mac)
{
	struct fixture f;
	struct tsig_record r;
	uint8_t full[SIZE];
	size_t len, plain;

	set_up(&f, "hmac-sha256");
	sign_question(&f, NOW);
	memcpy(full, f.packet, f.len);
	ck_assert_int_eq(tsig_record_find(full, f.len, &r), TSIG_FOUND);
	plain = r.start;
	for (size_t mac = 0; mac < 32; mac++) {
		enum tsig_result wanted = mac < 16 ? TSIG_MALFORMED : TSIG_BADTRUNC;

		memcpy(f.packet, full, plain);
		big_endian_put16(f.packet + 10, 0);
		r.mac_len = mac;
		len = tsig_record_append(f.packet, plain, SIZE, &r);
		f.len = len;
		ck_assert_int_eq(verify(&f, NOW), wanted);
		if (mac < 16)
			continue;
		memcpy(f.packet, full, plain);
		big_endian_put16(f.packet + 10, 0);
		f.len = tsig_record_append(f.packet, plain, SIZE, &r);
		f.packet[f.len - 7] ^= 1; /* the MAC's last byte */
		ck_assert_int_eq(verify(&f, NOW), TSIG_BADSIG);
	}
	tear_down(&f);
}
END_TEST

START_TEST(test_not_the_last_record)
{
	struct fixture f;
	uint8_t *at;

	set_up(&f, "hmac-sha256");
	sign_question(&f, NOW);
	at = f.packet + f.len;
	memcpy(at, "\0\0\x29\x04\xd0\0\0\0\0\0\0", 11); /* OPT */
	f.len += 11;
	f.packet[11] = 2;
	ck_assert_int_eq(verify(&f, NOW), TSIG_MALFORMED);
	/* two of them */
	set_up(&f, "hmac-sha256");
	sign_question(&f, NOW);
	f.len = tsig_sign_request(&f.key, f.packet, f.len, SIZE, NOW, &f.client);
	ck_assert_int_eq(verify(&f, NOW), TSIG_MALFORMED);
	tear_down(&f);
}
END_TEST

/* In the answer section it is no signature. */
START_TEST(test_not_additional)
{
	struct fixture f;

	set_up(&f, "hmac-sha256");
	sign_question(&f, NOW);
	f.packet[11] = 0;
	f.packet[7] = 1;
	ck_assert_int_eq(verify(&f, NOW), TSIG_MALFORMED);
	tear_down(&f);
}
END_TEST

START_TEST(test_owner_may_be_compressed)
{
	struct fixture f;
	struct tsig_record r;
	uint8_t packet[SIZE];
	size_t whole;

	set_up(&f, "hmac-sha256");
	snprintf(f.key.name, sizeof(f.key.name), "%s", "a.dnsbl.example");
	sign_question(&f, NOW);
	ck_assert_int_eq(tsig_record_find(f.packet, f.len, &r), TSIG_FOUND);
	memcpy(packet, f.packet, f.len);
	memcpy(packet + r.start, "\1a\xc0\x0c", 4);
	memcpy(packet + r.start + 4, f.packet + r.start + r.name_len, f.len - r.start - r.name_len);
	f.len -= r.name_len - 4;
	memcpy(f.packet, packet, f.len);
	whole = f.len;
	ck_assert_int_eq(verify(&f, NOW), TSIG_GOOD);
	/* to itself */
	memcpy(f.packet, packet, r.start + 4);
	f.packet[11] = 1;
	f.len = whole;
	memcpy(f.packet + r.start, "\1a\xc0", 3);
	f.packet[r.start + 3] = (uint8_t)r.start;
	ck_assert_int_eq(verify(&f, NOW), TSIG_MALFORMED);
	memmove(f.packet + r.start + 2, f.packet + r.start + 4, f.len - r.start - 4);
	f.len -= 2;
	f.packet[r.start] = 0xc0;
	f.packet[r.start + 1] = (uint8_t)r.start;
	ck_assert_int_eq(tsig_record_find(f.packet, f.len, &r), TSIG_FOUND_BAD);
	tear_down(&f);
}
END_TEST

START_TEST(test_algorithms)
{
	ck_assert(tsig_prepare());
	ck_assert_str_eq(tsig_algorithm("HMAC-SHA256."), "hmac-sha256");
	ck_assert_ptr_null(tsig_algorithm("hmac-md5.sig-alg.reg.int"));
	ck_assert_ptr_null(tsig_algorithm("hmac-sha1"));
	ck_assert_ptr_null(tsig_algorithm(""));
}
END_TEST

static Suite *
suite(void)
{
	Suite *s = suite_create("tsig");
	TCase *others = tcase_create("others"), *requests = tcase_create("requests");

	tcase_add_test(others, test_vector);
	tcase_add_loop_test(others, test_ldns_signs, 0, 2);
	tcase_add_loop_test(others, test_ldns_verifies, 0, 2);
	tcase_add_test(others, test_algorithms);
	suite_add_tcase(s, others);
	tcase_add_loop_test(requests, test_request_is_good, 0, 3);
	tcase_add_test(requests, test_unsigned_is_absent);
	tcase_add_test(requests, test_any_change_is_found);
	tcase_add_test(requests, test_every_cut_is_found);
	tcase_add_test(requests, test_other_key);
	tcase_add_test(requests, test_key_name_in_any_case);
	tcase_add_test(requests, test_time);
	tcase_add_test(requests, test_newest_time_is_remembered);
	tcase_add_test(requests, test_truncated_mac);
	tcase_add_test(requests, test_not_the_last_record);
	tcase_add_test(requests, test_not_additional);
	tcase_add_test(requests, test_owner_may_be_compressed);
	suite_add_tcase(s, requests);
	return s;
}

int
main(void)
{
	return unit_run(suite());
}
