#include "unit.h"

#include <stdlib.h>
#include <string.h>

#include "big_endian.h"
#include "incoming_stream.h"
#include "reply.h"

enum { ID = 0x1234, SIZE = 2048, OWNER_AT = QUERY_HEADER_SIZE, ANY = 255 };

static const uint8_t origin[] = "\002bl\004test";

/* A copy of its exact size, so that one byte too far is seen. */
static struct incoming_message
open_copy(const uint8_t *bytes, size_t len, uint8_t **copy)
{
	struct incoming_message m;

	*copy = malloc(len);
	ck_assert_ptr_nonnull(*copy);
	memcpy(*copy, bytes, len);
	ck_assert(incoming_message_open(&m, *copy, len));
	return m;
}

/* --- data of records ----------------------------------------------------------------- */

/* RFC 1035 section 3.3, RFC 1183, 2163, 2230, 2535, 2782, 3597 section 4, 6672. */
static const struct {
	uint16_t type;
	size_t before, names, after;
} forms[] = {
	{2, 0, 1, 0},
	{3, 0, 1, 0},
	{4, 0, 1, 0},
	{5, 0, 1, 0},
	{6, 0, 2, 20},
	{7, 0, 1, 0},
	{8, 0, 1, 0},
	{9, 0, 1, 0},
	{12, 0, 1, 0},
	{14, 0, 2, 0},
	{15, 2, 1, 0},
	{17, 0, 2, 0},
	{18, 2, 1, 0},
	{21, 2, 1, 0},
	{24, 18, 1, ANY},
	{26, 2, 2, 0},
	{30, 0, 1, ANY},
	{33, 6, 1, 0},
	{36, 2, 1, 0},
	{39, 0, 1, 0},
};

struct record {
	uint8_t message[SIZE], wanted[SIZE];
	size_t len, wanted_len;
};

static void
put(struct record *r, const void *bytes, size_t len)
{
	memcpy(r->message + r->len, bytes, len);
	r->len += len;
}

/* Bytes that are the same in the data that are wanted. */
static void
put_plain(struct record *r, uint8_t first, size_t len)
{
	for (size_t i = 0; i < len; i++)
		r->message[r->len++] = r->wanted[r->wanted_len++] = (uint8_t)(first + i);
}

/* Its owner is the zone, and so are the names in its data, each behind a label. */
static void
make_record(struct record *r, uint16_t type, size_t before, size_t names, size_t after)
{
	static const uint8_t pointer[] = {0xc0, OWNER_AT};
	uint8_t head[10] = {0};
	size_t data;

	memset(r, 0, sizeof(*r));
	r->len = QUERY_HEADER_SIZE;
	r->message[7] = 1;
	put(r, origin, sizeof(origin));
	big_endian_put16(head, type);
	head[3] = 1;
	put(r, head, sizeof(head));
	data = r->len;
	put_plain(r, 100, before); /* no label begins so */
	for (size_t i = 0; i < names; i++) {
		put_plain(r, 1, 2); /* a label of one byte */
		put(r, pointer, sizeof(pointer));
		memcpy(r->wanted + r->wanted_len, origin, sizeof(origin));
		r->wanted_len += sizeof(origin);
	}
	put_plain(r, 100, after);
	big_endian_put16(r->message + data - 2, (unsigned)(r->len - data));
}

static bool
read_record(const struct record *r, struct incoming_record *out)
{
	uint8_t *copy;
	struct incoming_message m = open_copy(r->message, r->len, &copy);
	bool ok = incoming_message_record(&m, out);

	ck_assert(!ok || m.at == r->len);
	free(copy);
	return ok;
}

START_TEST(expands_names)
{
	size_t after = forms[_i].after == ANY ? 7 : forms[_i].after;
	static struct incoming_record got;
	static struct record r;

	make_record(&r, forms[_i].type, forms[_i].before, forms[_i].names, after);
	ck_assert(read_record(&r, &got));
	ck_assert_uint_eq(got.type, forms[_i].type);
	ck_assert_uint_eq(got.owner_len, sizeof(origin));
	ck_assert_uint_eq(got.rdata_len, r.wanted_len);
	ck_assert_mem_eq(got.rdata, r.wanted, r.wanted_len);
	/* One byte more or less is another form. */
	make_record(&r, forms[_i].type, forms[_i].before, forms[_i].names, after + 1);
	ck_assert_int_eq(read_record(&r, &got), forms[_i].after == ANY);
	if (after != 0) {
		make_record(&r, forms[_i].type, forms[_i].before, forms[_i].names, after - 1);
		ck_assert_int_eq(read_record(&r, &got), forms[_i].after == ANY);
	}
	make_record(&r, forms[_i].type, forms[_i].before, forms[_i].names - 1, 0);
	ck_assert(!read_record(&r, &got));
	if (forms[_i].before != 0) {
		make_record(&r, forms[_i].type, forms[_i].before - 1, 0, 0);
		ck_assert(!read_record(&r, &got));
	}
}
END_TEST

/* RFC 3597 section 4: no others have compressed names. */
START_TEST(leaves_others)
{
	static const uint16_t others[] = {1, 10, 11, 13, 16, 22, 28, 29, 35, 37, 45, 64, 65, 257};
	static struct incoming_record got;
	static struct record r;
	static const uint8_t pointer[] = {0xc0, OWNER_AT};

	make_record(&r, others[_i], 5, 0, 0);
	put(&r, pointer, sizeof(pointer));
	r.message[QUERY_HEADER_SIZE + sizeof(origin) + 9] += 2;
	ck_assert(read_record(&r, &got));
	ck_assert_uint_eq(got.rdata_len, 7);
	ck_assert_mem_eq(got.rdata + 5, pointer, 2);
}
END_TEST

START_TEST(reads_nothing_behind_the_end)
{
	static struct incoming_record got;
	static struct record r;
	uint8_t *copy;

	make_record(&r, 15, 2, 1, 0);
	for (size_t len = QUERY_HEADER_SIZE; len < r.len; len++) {
		struct incoming_message m = open_copy(r.message, len, &copy);

		ck_assert(!incoming_message_record(&m, &got));
		free(copy);
	}
}
END_TEST

/* --- names ------------------------------------------------------------------------------ */

static size_t
read_name(const uint8_t *bytes, size_t len, size_t at, size_t *end)
{
	uint8_t *copy = malloc(len), out[WIRE_NAME_MAX];
	size_t got;

	memcpy(copy, bytes, len);
	*end = at;
	got = incoming_record_name(copy, len, end, out);
	free(copy);
	return got;
}

START_TEST(follows_pointers_back)
{
	static const uint8_t forward[] = {0xc0, 2, 0}, itself[] = {0xc0, 0},
			     loop[] = {1, 'a', 0xc0, 0}, good[] = {1, 'a', 0, 1, 'b', 0xc0, 0},
			     twice[] = {0, 0xc0, 0, 0xc0, 1}, cut[] = {0, 0xc0},
			     long_label[] = {64, 'a', 0}, past[] = {0, 2, 'a', 'b'};
	size_t end;

	ck_assert_uint_eq(read_name(forward, sizeof(forward), 0, &end), 0);
	ck_assert_uint_eq(read_name(itself, sizeof(itself), 0, &end), 0);
	ck_assert_uint_eq(read_name(loop, sizeof(loop), 0, &end), 0);
	ck_assert_uint_eq(read_name(good, sizeof(good), 3, &end), 5);
	ck_assert_uint_eq(end, 7);
	ck_assert_uint_eq(read_name(twice, sizeof(twice), 3, &end), 1);
	ck_assert_uint_eq(end, 5);
	ck_assert_uint_eq(read_name(cut, sizeof(cut), 1, &end), 0);
	ck_assert_uint_eq(read_name(long_label, sizeof(long_label), 0, &end), 0);
	ck_assert_uint_eq(read_name(past, sizeof(past), 1, &end), 0);
	ck_assert_uint_eq(read_name(past, sizeof(past), 4, &end), 0);
}
END_TEST

/* 255 bytes are a name, 256 are none: not in one piece, and not with a pointer. */
START_TEST(bounds_names)
{
	uint8_t bytes[300] = {0};
	size_t end;

	for (size_t at = 0; at < 254; at += 2) {
		bytes[at] = 1;
		bytes[at + 1] = 'a';
	}
	ck_assert_uint_eq(read_name(bytes, 255, 0, &end), 255);
	ck_assert_uint_eq(end, 255);
	memcpy(bytes + 255, "\2ab\xc0\0", 5);
	ck_assert_uint_eq(read_name(bytes, 260, 255, &end), 0);
	memcpy(bytes + 255, "\2ab\xc0\4", 5);
	ck_assert_uint_eq(read_name(bytes, 260, 255, &end), 254);
	bytes[252] = 2;
	bytes[254] = 'b';
	bytes[255] = 0;
	ck_assert_uint_eq(read_name(bytes, 256, 0, &end), 0);
}
END_TEST

/* --- our queries ---------------------------------------------------------------------------- */

START_TEST(writes_queries)
{
	static const uint8_t asked[] = {0x12, 0x34, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 2, 'b', 'l', 4,
		't', 'e', 's', 't', 0, 0, 6, 0, 1};
	static const uint8_t soa[] = {0xc0, 12, 0, 6, 0, 1, 0, 0, 0, 0, 0, 22, 0, 0, 1, 2, 3, 4};
	struct incoming_stream s = {.origin = origin,
		.origin_len = sizeof(origin),
		.id = ID,
		.type = TYPE_IXFR,
		.serial = 0x01020304};
	uint8_t out[600], zeros[16] = {0};
	size_t len;

	ck_assert_uint_eq(incoming_soa_query(origin, sizeof(origin), ID, out, sizeof(out)),
		sizeof(asked));
	ck_assert_mem_eq(out, asked, sizeof(asked));
	ck_assert_uint_eq(incoming_soa_query(origin, sizeof(origin), ID, out, sizeof(asked)),
		sizeof(asked));
	ck_assert_uint_eq(incoming_soa_query(origin, sizeof(origin), ID, out, sizeof(asked) - 1),
		0);
	len = incoming_stream_query(&s, out, sizeof(out));
	ck_assert_uint_eq(len, sizeof(asked) + sizeof(soa) + sizeof(zeros));
	ck_assert_uint_eq(out[9], 1);
	ck_assert_uint_eq(big_endian_u16(out + sizeof(asked) - 4), TYPE_IXFR);
	ck_assert_mem_eq(out + sizeof(asked), soa, sizeof(soa));
	ck_assert_mem_eq(out + len - sizeof(zeros), zeros, sizeof(zeros));
	ck_assert_uint_eq(incoming_stream_query(&s, out, len - 1), 0);
	ck_assert_uint_eq(incoming_stream_query(&s, out, len), len);
	s.type = TYPE_AXFR;
	ck_assert_uint_eq(incoming_stream_query(&s, out, sizeof(out)), sizeof(asked));
	ck_assert_uint_eq(out[9], 0);
}
END_TEST

/* --- replies to SOA ---------------------------------------------------------------------------
 */

static const struct {
	const char *what;
	size_t at;
	uint8_t value;
	enum incoming_soa_result result;
	const char *why;
} replies[] = {
	{"good", 2, 0x84, INCOMING_SOA, NULL},
	{"another id", 1, 0, INCOMING_SOA_OTHER, NULL},
	{"a query", 2, 0x04, INCOMING_SOA_OTHER, NULL},
	{"another opcode", 2, 0xa4, INCOMING_SOA_FAILED, "no reply to a query"},
	{"SERVFAIL", 3, 2, INCOMING_SOA_FAILED, "SERVFAIL; its log says why"},
	{"REFUSED", 3, 5, INCOMING_SOA_FAILED, "REFUSED; does it let"},
	{"NOTAUTH", 3, 9, INCOMING_SOA_FAILED, "NOTAUTH; does it serve"},
	{"NOTZONE", 3, 10, INCOMING_SOA_FAILED, "answers NOTZONE"},
	{"no name", 3, 11, INCOMING_SOA_FAILED, "an error that has no name"},
	{"TC", 2, 0x86, INCOMING_SOA_TRUNCATED, NULL},
	{"TC without AA", 2, 0x82, INCOMING_SOA_TRUNCATED, NULL},
	{"no AA", 2, 0x80, INCOMING_SOA_FAILED, "no AA"},
	{"no question", 5, 0, INCOMING_SOA_FAILED, "another question"},
	{"two questions", 5, 2, INCOMING_SOA_FAILED, "another question"},
	{"another name", 13, 'x', INCOMING_SOA_OTHER, NULL},
	{"capitals", 13, 'B', INCOMING_SOA, NULL},
	{"another type", 22, 1, INCOMING_SOA_OTHER, NULL},
	{"another class", 24, 3, INCOMING_SOA_OTHER, NULL},
	{"no answer", 7, 0, INCOMING_SOA_FAILED, "no SOA"},
	{"two answers", 7, 2, INCOMING_SOA, NULL},
	{"another owner", 26, 'x', INCOMING_SOA_FAILED, "no SOA"},
	{"another record", 35, 16, INCOMING_SOA_FAILED, "no SOA"},
	{"a class of its own", 37, 3, INCOMING_SOA_FAILED, "no SOA"},
	{"too long", 43, 100, INCOMING_SOA_FAILED, "malformed"},
};

START_TEST(reads_replies_to_soa)
{
	static const uint8_t record[] = {2, 'b', 'l', 4, 't', 'e', 's', 't', 0, 0, 6, 0, 1, 0, 0, 0,
		9, 0, 22, 0, 0, 0, 0, 0, 7};
	uint8_t reply[70] = {0x12, 0x34, 0x84, 0, 0, 1, 0, 1};
	struct error e = {.text = ""};
	uint32_t serial = 0;

	memcpy(reply + 12, origin, sizeof(origin));
	reply[22] = 6;
	reply[24] = 1;
	memcpy(reply + 25, record, sizeof(record));
	reply[replies[_i].at] = replies[_i].value;
	ck_assert_int_eq(incoming_soa_reply(origin, sizeof(origin), ID, reply, 66, &serial, &e),
		replies[_i].result);
	if (replies[_i].result == INCOMING_SOA)
		ck_assert_uint_eq(serial, 7);
	else
		ck_assert_uint_eq(serial, 0);
	if (replies[_i].why != NULL)
		ck_assert_msg(strstr(e.text, replies[_i].why) != NULL, "%s", e.text);
	ck_assert_int_eq(incoming_soa_reply(origin, sizeof(origin), ID, reply, 11, &serial, &e),
		INCOMING_SOA_OTHER);
}
END_TEST

/* --- messages of a transfer ---------------------------------------------------------------- */

/* RFC 5936 section 2.2.1: all but the first may have no question; and an error may have none. */
START_TEST(later_messages_need_no_question)
{
	static const struct zone_import_limits limits = {100, 1 << 16};
	static const uint8_t soa[] = {2, 'b', 'l', 4, 't', 'e', 's', 't', 0, 0, 6, 0, 1, 0, 0, 0, 9,
		0, 22, 0, 0, 0, 0, 0, 7, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0};
	static struct incoming_stream s;
	uint8_t first[100] = {0x12, 0x34, 0x84, 0, 0, 1, 0, 1}, last[100] = {0x12, 0x34, 0x84};
	uint8_t refused[12] = {0x12, 0x34, 0x84, 5};
	struct error e = {.text = ""};

	memset(&s, 0, sizeof(s));
	s.origin = origin;
	s.origin_len = sizeof(origin);
	s.id = ID;
	s.type = TYPE_AXFR;
	s.whole = zone_import_new(origin, &limits);
	memcpy(first + 12, origin, sizeof(origin));
	memmove(first + 21, "\0\374\0\1", 4);
	memcpy(first + 25, soa, sizeof(soa));
	last[7] = 1;
	memcpy(last + 12, soa, sizeof(soa));
	ck_assert_int_eq(incoming_stream_message(&s, refused, sizeof(refused), &e), STREAM_FAILED);
	ck_assert_int_eq(e.code, ERR_REFUSED);
	ck_assert_int_eq(incoming_stream_message(&s, last, 12 + sizeof(soa), &e), STREAM_FAILED);
	ck_assert_ptr_nonnull(strstr(e.text, "another question"));
	ck_assert_int_eq(incoming_stream_message(&s, first, 25 + sizeof(soa), &e), STREAM_MORE);
	ck_assert_int_eq(incoming_stream_message(&s, last, 12 + sizeof(soa), &e), STREAM_WHOLE);
	ck_assert_uint_eq(s.new_serial, 7);
	zone_import_free(s.whole);
}
END_TEST

static Suite *
suite(void)
{
	Suite *s = suite_create("incoming_record");
	TCase *records = tcase_create("records"), *messages = tcase_create("messages");

	tcase_add_loop_test(records, expands_names, 0, ORBL_COUNT(forms));
	tcase_add_loop_test(records, leaves_others, 0, 14);
	tcase_add_test(records, reads_nothing_behind_the_end);
	tcase_add_test(records, follows_pointers_back);
	tcase_add_test(records, bounds_names);
	suite_add_tcase(s, records);
	tcase_add_test(messages, writes_queries);
	tcase_add_loop_test(messages, reads_replies_to_soa, 0, ORBL_COUNT(replies));
	tcase_add_test(messages, later_messages_need_no_question);
	suite_add_tcase(s, messages);
	return s;
}

int
main(void)
{
	return unit_run(suite());
}
