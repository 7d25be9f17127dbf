#include <orbl/audit_record.h>

#include <stdio.h>
#include <string.h>

#include <sodium.h>

#include "unit.h"

static struct audit_entry
entry(const char *action, const char *subject, const char *detail)
{
	struct audit_entry x = {.record = {.seq = 7, .time_s = 1900000800}};

	audit_record_text("root", x.record.author, sizeof(x.record.author));
	audit_record_text(action, x.record.action, sizeof(x.record.action));
	audit_record_text(subject, x.record.subject, sizeof(x.record.subject));
	audit_record_text(detail, x.record.detail, sizeof(x.record.detail));
	memset(x.previous, 0xa5, sizeof(x.previous));
	return x;
}

static enum err
read_line(const char *line, size_t *offset)
{
	struct audit_entry x;

	return audit_entry_read(text_of(line), &x, offset);
}

START_TEST(text_is_what_can_be_read)
{
	static const struct {
		const char *in, *out;
	} rows[] = {
		{NULL, ""},
		{"plain \"text\" \\", "plain \"text\" \\"},
		{"\303\226rebro \342\202\254 \360\237\230\200",
			"\303\226rebro \342\202\254 \360\237\230\200"},
		{"tab\tline\nbell\a\177", "tab?line?bell??"},
		{"\300\257 \355\240\200 \364\220\200\200 \377", "?? ??? ???? ?"}, /* no UTF-8 */
		{"\302\205 \342\200\256 \357\273\277", "?? ??? ???"}, /* controls, directions */
		{"cut\303", "cut?"},
	};
	char out[64];

	for (size_t i = 0; i < ORBL_COUNT(rows); i++) {
		audit_record_text(rows[i].in, out, sizeof(out));
		ck_assert_str_eq(out, rows[i].out);
	}
	audit_record_text("abc\303\226", out, 5);
	ck_assert_str_eq(out, "abc");
	audit_record_text("abc\303\226", out, 6);
	ck_assert_str_eq(out, "abc\303\226");
}
END_TEST

START_TEST(a_record_is_written_in_one_way)
{
	struct audit_entry x = entry("list", "192.0.2.1", "relay, \"P01\" \\ came back");
	char json[AUDIT_RECORD_MAX];

	ck_assert_uint_eq(audit_record_json(&x.record, json), strlen(json));
	ck_assert_str_eq(json,
		"{\"action\":\"list\",\"author\":\"root\",\"detail\":\"relay, \\\"P01\\\" \\\\ "
		"came back\",\"seq\":7,\"subject\":\"192.0.2.1\",\"time\":1900000800}");
}
END_TEST

/* Computed with b2sum -l 256 of 32 bytes 0xa5 and the record. */
START_TEST(the_hash_is_that_of_the_one_before_and_the_record)
{
	struct audit_entry x = entry("list", "192.0.2.1", "relay");
	char hash[2 * AUDIT_HASH + 1];

	audit_entry_seal(&x, NULL);
	audit_hex(x.hash, sizeof(x.hash), hash);
	ck_assert_str_eq(hash, "305023bac4979ce7c282394e34175f1f5a9f338dfe1be6d6b06611cd78927e6d");
	ck_assert(audit_entry_is_whole(&x));
	x.previous[31] ^= 1;
	ck_assert(!audit_entry_is_whole(&x));
}
END_TEST

START_TEST(a_signature_is_of_one_key_and_one_record)
{
	uint8_t public[AUDIT_PUBLIC], secret[AUDIT_SECRET], other[AUDIT_PUBLIC];
	struct audit_entry x = entry("list", "192.0.2.1", "relay");

	crypto_sign_keypair(other, secret);
	crypto_sign_keypair(public, secret);
	audit_entry_seal(&x, NULL);
	ck_assert(!audit_entry_is_signed_by(&x, public));
	audit_entry_seal(&x, secret);
	ck_assert(audit_entry_is_signed_by(&x, public));
	ck_assert(!audit_entry_is_signed_by(&x, other));
	x.record.seq++;
	ck_assert(!audit_entry_is_whole(&x));
	audit_entry_hash(&x, x.hash);
	ck_assert(!audit_entry_is_signed_by(&x, public));
}
END_TEST

START_TEST(a_line_is_read_as_it_was_written)
{
	uint8_t public[AUDIT_PUBLIC], secret[AUDIT_SECRET];
	char line[AUDIT_LINE_MAX], again[AUDIT_LINE_MAX], detail[AUDIT_DETAIL];
	struct audit_entry in, out;
	size_t len, offset;

	crypto_sign_keypair(public, secret);
	memset(detail, '"', sizeof(detail) - 1);
	detail[sizeof(detail) - 1] = '\0';
	for (int i = 0; i < 3; i++) {
		in = entry(i == 0 ? "" : "list", i == 1 ? "\\" : "x", i == 2 ? detail : "\303\226");
		audit_entry_seal(&in, i == 0 ? NULL : secret);
		len = audit_entry_line(&in, line);
		ck_assert_uint_lt(len, AUDIT_LINE_MAX);
		ck_assert_int_eq(audit_entry_read((struct text){line, len}, &out, &offset), OK);
		ck_assert_uint_eq(offset, len);
		ck_assert_uint_eq(audit_entry_line(&out, again), len);
		ck_assert_str_eq(again, line);
		ck_assert_int_eq(out.is_signed, i != 0);
		ck_assert(audit_entry_is_whole(&out));
	}
}
END_TEST

/* Each byte cut off or changed, and what JSON would take and we do not. */
START_TEST(no_other_line_is_read)
{
	struct audit_entry x = entry("list", "192.0.2.1", "relay"), out;
	char line[AUDIT_LINE_MAX], changed[AUDIT_LINE_MAX + 8];
	size_t len, offset;

	audit_entry_seal(&x, NULL);
	len = audit_entry_line(&x, line);
	for (size_t i = 0; i < len; i++)
		ck_assert_int_eq(audit_entry_read((struct text){line, i}, &out, &offset),
			ERR_SYNTAX);
	snprintf(changed, sizeof(changed), "%s ", line);
	ck_assert_int_eq(read_line(changed, &offset), ERR_SYNTAX);
	ck_assert_uint_eq(offset, len);
	ck_assert_int_eq(read_line("", &offset), ERR_SYNTAX);
	ck_assert_int_eq(read_line("{}", &offset), ERR_SYNTAX);
	for (size_t i = 0; i < len; i++) {
		snprintf(changed, sizeof(changed), "%s", line);
		changed[i] = '\n';
		ck_assert_int_eq(read_line(changed, &offset), ERR_SYNTAX);
		ck_assert_uint_le(offset, i);
	}
}
END_TEST

START_TEST(numbers_are_written_in_one_way)
{
	static const char *const bad[] = {"07", "+7", "-7", "7.0", "7e0", "", "9007199254740992",
		"99999999999999999999999"};
	struct audit_entry x = entry("a", "b", "c");
	char line[AUDIT_LINE_MAX], changed[AUDIT_LINE_MAX + 32], *at;
	size_t offset;

	audit_entry_seal(&x, NULL);
	audit_entry_line(&x, line);
	at = strstr(line, "\"seq\":7") + 6;
	for (size_t i = 0; i < ORBL_COUNT(bad); i++) {
		snprintf(changed, sizeof(changed), "%.*s%s%s", (int)(at - line), line, bad[i],
			at + 1);
		ck_assert_msg(read_line(changed, &offset) == ERR_SYNTAX, "%s", bad[i]);
	}
	snprintf(changed, sizeof(changed), "%.*s9007199254740991%s", (int)(at - line), line,
		at + 1);
	ck_assert_int_eq(read_line(changed, &offset), OK);
}
END_TEST

static Suite *
suite(void)
{
	const TTest *const tests[] = {text_is_what_can_be_read, a_record_is_written_in_one_way,
		the_hash_is_that_of_the_one_before_and_the_record,
		a_signature_is_of_one_key_and_one_record, a_line_is_read_as_it_was_written,
		no_other_line_is_read, numbers_are_written_in_one_way};
	Suite *s = suite_create("audit_record");
	TCase *t = tcase_create("record");

	for (size_t i = 0; i < ORBL_COUNT(tests); i++)
		tcase_add_test(t, tests[i]);
	suite_add_tcase(s, t);
	return s;
}

int
main(void)
{
	return unit_run(suite());
}
