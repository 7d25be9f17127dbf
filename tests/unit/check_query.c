#include "unit.h"

#include <stdlib.h>
#include <string.h>

#include <orbl/cursor.h>

#include "dns_packet.h"
#include "query.h"

static const struct dns_query plain = {.name = "2.0.0.127.Dnsbl.TEST",
	.type = 16,
	.id = 0x1234,
	.flags = 0x0100};

/* A packet that can be spoilt byte by byte. */
struct packet {
	uint8_t bytes[1024];
	size_t len;
};

static struct packet
make(const struct dns_query *q)
{
	struct packet p;

	memset(&p, 0, sizeof(p));
	p.len = dns_query_write(q, p.bytes);
	return p;
}

static enum query_verdict
parse(const struct packet *p, struct query *out)
{
	/* An exact copy, so that a sanitizer sees one byte too far. */
	uint8_t *copy = malloc(p->len != 0 ? p->len : 1);
	enum query_verdict verdict;

	memcpy(copy, p->bytes, p->len);
	verdict = query_parse(copy, p->len, out);
	free(copy);
	return verdict;
}

static void
append(struct packet *p, const void *bytes, size_t len)
{
	memcpy(p->bytes + p->len, bytes, len);
	p->len += len;
}

#define APPEND(p, literal) append(p, literal, sizeof(literal) - 1)

START_TEST(reads_a_query)
{
	struct packet p = make(&plain);
	struct query q;

	ck_assert_int_eq(query_parse(p.bytes, p.len, &q), QUERY_ANSWER);
	ck_assert_uint_eq(q.id, 0x1234);
	ck_assert_uint_eq(q.flags, 0x0100);
	ck_assert_uint_eq(q.type, 16);
	ck_assert_uint_eq(q.class, 1);
	ck_assert_uint_eq(q.question_len, p.len - 12);
	ck_assert_ptr_eq(q.question, p.bytes + 12);
	ck_assert_ptr_eq(q.name.wire, p.bytes + 12);
	ck_assert_uint_eq(q.name.len, 22);
	ck_assert_uint_eq(q.name.labels, 6);
	ck_assert_uint_eq(q.name.label_at[4], 10);
	ck_assert(!q.edns && !q.dnssec_ok);
	ck_assert_uint_eq(q.udp_size, 512);
}
END_TEST

START_TEST(drops_what_is_cut_in_the_header)
{
	struct packet p = make(&plain);
	struct query q;

	for (p.len = 0; p.len < 12; p.len++)
		ck_assert_int_eq(parse(&p, &q), QUERY_DROP);
}
END_TEST

START_TEST(finds_every_other_cut)
{
	struct packet p = make(&plain);
	size_t whole = p.len;
	struct query q;

	for (p.len = 12; p.len < whole; p.len++) {
		ck_assert_int_eq(parse(&p, &q), QUERY_FORMERR);
		ck_assert_uint_eq(q.question_len, 0);
		ck_assert_uint_eq(q.id, 0x1234);
	}
}
END_TEST

/* Whatever else is in it: an answer to an answer could go back and forth for ever. */
START_TEST(drops_replies)
{
	struct packet p = make(&plain);
	struct query q;

	for (unsigned flags = 0x80; flags <= 0xff; flags++) {
		p.bytes[2] = (uint8_t)flags;
		ck_assert_int_eq(parse(&p, &q), QUERY_DROP);
	}
}
END_TEST

START_TEST(knows_query_and_notify_only)
{
	struct query q;

	for (uint16_t opcode = 1; opcode < 16; opcode++) {
		struct dns_query question = plain;
		struct packet p;

		question.flags = (uint16_t)(opcode << 11);
		p = make(&question);
		/* A NOTIFY has a question (RFC 1996 section 3.6). */
		ck_assert_int_eq(parse(&p, &q), opcode == 4 ? QUERY_NOTIFY : QUERY_NOTIMP);
		ck_assert_uint_ne(q.question_len, 0);
		p.len = 12; /* ... even with nothing but a header, as ISC's tests send it */
		memset(p.bytes + 4, 0, 8);
		ck_assert_int_eq(parse(&p, &q), QUERY_NOTIMP);
		ck_assert_uint_eq(q.question_len, 0);
	}
}
END_TEST

START_TEST(wants_one_question)
{
	static const uint16_t counts[] = {0, 2, 3, 255, 256, 65535};
	struct query q;

	for (size_t i = 0; i < sizeof(counts) / sizeof(counts[0]); i++) {
		struct packet p = make(&plain);

		p.bytes[4] = (uint8_t)(counts[i] >> 8);
		p.bytes[5] = (uint8_t)counts[i];
		ck_assert_int_eq(parse(&p, &q), QUERY_FORMERR);
	}
}
END_TEST

START_TEST(follows_no_pointer)
{
	static const char *const names[] = {"\xc0\x0c", "\xc0\x00", "\1a\xc0\x0c", "\xff\xff",
		"\x40", "\x80", "\x41"};

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		struct packet p = {.bytes = {0, 1, 0, 0, 0, 1}, .len = 12};
		struct query q;

		append(&p, names[i], strlen(names[i]));
		APPEND(&p, "\0\0\1\0\1");
		ck_assert_int_eq(parse(&p, &q), QUERY_FORMERR);
	}
}
END_TEST

/* The longest names: 255 bytes with the root are allowed, 256 are not. */
START_TEST(bounds_the_name)
{
	struct packet p = {.bytes = {0, 1, 0, 0, 0, 1}, .len = 12}, longer;
	struct query q;

	for (int i = 0; i < 127; i++)
		APPEND(&p, "\1a");
	longer = p;
	APPEND(&p, "\0\0\1\0\1");
	ck_assert_int_eq(parse(&p, &q), QUERY_ANSWER);
	ck_assert_uint_eq(q.name.len, 255);
	ck_assert_uint_eq(q.name.labels, 127);
	longer.len -= 2;
	APPEND(&longer, "\2bb\0\0\1\0\1");
	ck_assert_int_eq(parse(&longer, &q), QUERY_FORMERR);
	longer.len = 12 + 254;
	APPEND(&longer, "\1a\1a\0\0\1\0\1");
	ck_assert_int_eq(parse(&longer, &q), QUERY_FORMERR);
}
END_TEST

START_TEST(takes_labels_of_63_bytes)
{
	struct packet p = {.bytes = {0, 1, 0, 0, 0, 1}, .len = 12};
	struct query q;

	p.bytes[p.len++] = 63;
	memset(p.bytes + p.len, 'Z', 63);
	p.len += 63;
	APPEND(&p, "\0\0\1\0\1");
	ck_assert_int_eq(parse(&p, &q), QUERY_ANSWER);
	ck_assert_uint_eq(q.name.labels, 1);
}
END_TEST

START_TEST(takes_the_root)
{
	struct dns_query root = {.name = "", .type = 2};
	struct packet p = make(&root);
	struct query q;

	ck_assert_int_eq(parse(&p, &q), QUERY_ANSWER);
	ck_assert_uint_eq(q.name.labels, 0);
	ck_assert_uint_eq(q.name.len, 1);
}
END_TEST

START_TEST(refuses_trailing_bytes)
{
	struct packet p = make(&plain);
	struct query q;

	APPEND(&p, "\0");
	ck_assert_int_eq(parse(&p, &q), QUERY_FORMERR);
	ck_assert_uint_ne(q.question_len, 0);
}
END_TEST

START_TEST(reads_edns)
{
	static const struct {
		uint16_t given, taken;
	} sizes[] = {{0, 512}, {511, 512}, {512, 512}, {513, 513}, {1232, 1232}, {65535, 65535}};

	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		struct dns_query question = plain;
		struct packet p;
		struct query q;

		question.edns = true;
		question.dnssec_ok = i % 2;
		question.udp_size = sizes[i].given;
		p = make(&question);
		ck_assert_int_eq(parse(&p, &q), QUERY_ANSWER);
		ck_assert(q.edns);
		ck_assert_int_eq(q.dnssec_ok, question.dnssec_ok);
		ck_assert_uint_eq(q.udp_size, sizes[i].taken);
	}
}
END_TEST

START_TEST(tells_bad_versions)
{
	struct dns_query question = plain;
	struct query q;

	question.edns = true;
	for (unsigned version = 1; version < 256; version++) {
		struct packet p;

		question.edns_version = (uint8_t)version;
		p = make(&question);
		ck_assert_int_eq(parse(&p, &q), QUERY_BADVERS);
		ck_assert(q.edns);
	}
}
END_TEST

#define OPT_WITH(length) "\0\0\x29\x04\xd0\0\0\0\0\0" length

static enum query_verdict
parse_with_additional(const char *bytes, size_t len, uint8_t count)
{
	struct packet p = make(&plain);
	struct query q;

	p.bytes[11] = count;
	append(&p, bytes, len);
	return parse(&p, &q);
}

#define WITH_ADDITIONAL(literal, count) parse_with_additional(literal, sizeof(literal) - 1, count)

START_TEST(ignores_unknown_options)
{
	ck_assert_int_eq(WITH_ADDITIONAL(OPT_WITH("\x08") "\xff\xf0\0\4abcd", 1), QUERY_ANSWER);
	ck_assert_int_eq(WITH_ADDITIONAL(OPT_WITH("\x0c") "\0\3\0\0\0\x0c\0\4abcd", 1),
		QUERY_ANSWER);
}
END_TEST

START_TEST(refuses_malformed_options)
{
	ck_assert_int_eq(WITH_ADDITIONAL(OPT_WITH("\x08") "\xff\xf0\0\5abcd", 1), QUERY_FORMERR);
	ck_assert_int_eq(WITH_ADDITIONAL(OPT_WITH("\x03") "\xff\xf0\0", 1), QUERY_FORMERR);
	ck_assert_int_eq(WITH_ADDITIONAL(OPT_WITH("\x09") "\xff\xf0\0\4abcd", 1), QUERY_FORMERR);
}
END_TEST

/* Options of one OPT record; the verdict and what was read. */
static enum query_verdict
parse_options(const void *options, size_t len, struct query *q)
{
	struct dns_query question = plain;
	struct packet p;

	question.edns = true;
	question.options = options;
	question.options_len = (uint16_t)len;
	p = make(&question);
	return parse(&p, q);
}

START_TEST(reads_nsid)
{
	struct query q;

	ck_assert_int_eq(parse_options("\0\3\0\0", 4, &q), QUERY_ANSWER);
	ck_assert(q.wants_nsid);
	ck_assert_int_eq(parse_options("\0\3\0\1x", 5, &q), QUERY_ANSWER);
	ck_assert(q.wants_nsid);
	ck_assert_int_eq(parse_options("\0\4\0\0", 4, &q), QUERY_ANSWER);
	ck_assert(!q.wants_nsid);
}
END_TEST

/* RFC 7873 section 5.2.2: 8 bytes, or 16 to 40. */
START_TEST(bounds_cookies)
{
	uint8_t option[64] = {0, 10};
	struct query q;

	for (uint8_t len = 0; len < 60; len++) {
		bool good = len == 8 || (len >= 16 && len <= 40);

		option[3] = len;
		ck_assert_int_eq(parse_options(option, len + 4u, &q),
			good ? QUERY_ANSWER : QUERY_FORMERR);
		if (good)
			ck_assert_uint_eq(q.cookie_len, len);
		ck_assert(q.edns);
	}
}
END_TEST

START_TEST(takes_the_first_of_two_cookies)
{
	struct query q;

	ck_assert_int_eq(parse_options("\0\12\0\10abcdefgh\0\12\0\1x", 17, &q), QUERY_ANSWER);
	ck_assert_uint_eq(q.cookie_len, 8);
}
END_TEST

/* RFC 7873 section 5.4: no question but a cookie. */
START_TEST(takes_a_cookie_alone)
{
	static const uint8_t packet[] = {0, 7, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 41, 4, 0, 0, 0,
		0, 0, 0, 12, 0, 10, 0, 8, 'a', 'b', 'c', 'd', 'e', 'f', 'g', 'h'};
	struct packet p = {.len = sizeof(packet)};
	struct query q;

	memcpy(p.bytes, packet, sizeof(packet));
	ck_assert_int_eq(parse(&p, &q), QUERY_COOKIE);
	ck_assert_uint_eq(q.question_len, 0);
	p.bytes[17] = 1; /* the version is told all the same */
	p.bytes[18] = 1;
	ck_assert_int_eq(parse(&p, &q), QUERY_BADVERS);
}
END_TEST

START_TEST(refuses_two_opts)
{
	ck_assert_int_eq(WITH_ADDITIONAL(OPT_WITH("\0") OPT_WITH("\0"), 2), QUERY_FORMERR);
}
END_TEST

START_TEST(refuses_an_opt_that_is_not_the_roots)
{
	ck_assert_int_eq(WITH_ADDITIONAL("\1a" OPT_WITH("\0"), 1), QUERY_FORMERR);
	ck_assert_int_eq(WITH_ADDITIONAL("\xc0\x0c\0\x29\x04\xd0\0\0\0\0\0\0", 1), QUERY_FORMERR);
}
END_TEST

START_TEST(refuses_an_opt_outside_additional)
{
	struct packet p = make(&plain);
	struct query q;

	p.bytes[7] = 1;
	APPEND(&p, OPT_WITH("\0"));
	ck_assert_int_eq(parse(&p, &q), QUERY_FORMERR);
	p.bytes[7] = 0;
	p.bytes[9] = 1;
	ck_assert_int_eq(parse(&p, &q), QUERY_FORMERR);
	p.bytes[9] = 0;
	p.bytes[11] = 1;
	ck_assert_int_eq(parse(&p, &q), QUERY_ANSWER);
}
END_TEST

#define SMALL_A "\xc0\x0c\0\1\0\1\0\0\0\0\0\4\x7f\0\0\2"

START_TEST(steps_over_other_records)
{
	ck_assert_int_eq(WITH_ADDITIONAL(SMALL_A OPT_WITH("\0"), 2), QUERY_ANSWER);
	ck_assert_int_eq(WITH_ADDITIONAL("\1a\1b\0\0\1\0\1\0\0\0\0\0\0" SMALL_A, 2), QUERY_ANSWER);
	ck_assert_int_eq(WITH_ADDITIONAL("\1a\x80\0\1\0\1\0\0\0\0\0\0", 1), QUERY_FORMERR);
}
END_TEST

START_TEST(bounds_the_records_it_steps_over)
{
	struct packet p = make(&plain);
	struct query q;

	for (uint8_t i = 1; i <= QUERY_RECORDS_MAX; i++) {
		p.bytes[11] = i;
		APPEND(&p, SMALL_A);
		ck_assert_int_eq(parse(&p, &q), QUERY_ANSWER);
	}
	p.bytes[11] = QUERY_RECORDS_MAX + 1;
	APPEND(&p, SMALL_A);
	ck_assert_int_eq(parse(&p, &q), QUERY_FORMERR);
}
END_TEST

START_TEST(is_not_fooled_by_counts_that_lie)
{
	for (size_t at = 6; at < 12; at++) {
		struct packet p = make(&plain);
		struct query q;

		p.bytes[at] = 0xff;
		ck_assert_int_eq(parse(&p, &q), QUERY_FORMERR);
		p.bytes[at] = 1;
		ck_assert_int_eq(parse(&p, &q), QUERY_FORMERR);
	}
}
END_TEST

static Suite *
suite(void)
{
	Suite *s = suite_create("query");
	TCase *header = tcase_create("header"), *name = tcase_create("name"),
	      *edns = tcase_create("edns");

	tcase_add_test(header, reads_a_query);
	tcase_add_test(header, drops_what_is_cut_in_the_header);
	tcase_add_test(header, finds_every_other_cut);
	tcase_add_test(header, drops_replies);
	tcase_add_test(header, knows_query_and_notify_only);
	tcase_add_test(header, wants_one_question);
	tcase_add_test(header, refuses_trailing_bytes);
	tcase_add_test(header, is_not_fooled_by_counts_that_lie);
	tcase_add_test(name, follows_no_pointer);
	tcase_add_test(name, bounds_the_name);
	tcase_add_test(name, takes_labels_of_63_bytes);
	tcase_add_test(name, takes_the_root);
	tcase_add_test(edns, reads_edns);
	tcase_add_test(edns, tells_bad_versions);
	tcase_add_test(edns, ignores_unknown_options);
	tcase_add_test(edns, refuses_malformed_options);
	tcase_add_test(edns, reads_nsid);
	tcase_add_test(edns, bounds_cookies);
	tcase_add_test(edns, takes_the_first_of_two_cookies);
	tcase_add_test(edns, takes_a_cookie_alone);
	tcase_add_test(edns, refuses_two_opts);
	tcase_add_test(edns, refuses_an_opt_that_is_not_the_roots);
	tcase_add_test(edns, refuses_an_opt_outside_additional);
	tcase_add_test(edns, steps_over_other_records);
	tcase_add_test(edns, bounds_the_records_it_steps_over);
	suite_add_tcase(s, header);
	suite_add_tcase(s, name);
	suite_add_tcase(s, edns);
	return s;
}

int
main(void)
{
	return unit_run(suite());
}
