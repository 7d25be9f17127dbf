#include "unit.h"

#include <string.h>

#include "recipient.h"

static void
assert_text(struct text got, const char *wanted)
{
	ck_assert_msg(text_equal(got, text_of(wanted)), "wanted '%s', got '%.*s'", wanted,
		TEXT_ARG(got));
}

START_TEST(splits_at_the_last_at)
{
	static const struct {
		const char *path, *local_part, *domain;
	} rows[] = {
		{"user@domain.test", "user", "domain.test"},
		{"a@b@c", "a@b", "c"},
		{"\"a@b\"@c", "\"a@b\"", "c"},
		{"user", "user", ""},
		{"user@", "user", ""},
		{"@domain", "", "domain"},
		{"", "", ""},
	};
	struct text local_part, domain;

	recipient_split(text_of(rows[_i].path), &local_part, &domain);
	assert_text(local_part, rows[_i].local_part);
	assert_text(domain, rows[_i].domain);
}
END_TEST
enum { SPLIT_ROWS = 7 };

START_TEST(strips_source_routes)
{
	static const char *const rows[][2] = {
		{"@a:user@b", "user@b"},
		{"@a,@b:user@c", "user@c"},
		{"@[IPv6:::1]:user@c", "user@c"},
		{"user@b", "user@b"},
		{"@a", "@a"},
		{"@a:", ""},
		{"a:user@b", "a:user@b"},
		{"@[a:user@b", "@[a:user@b"},
		{"", ""},
	};

	assert_text(recipient_strip_route(text_of(rows[_i][0])), rows[_i][1]);
}
END_TEST
enum { ROUTE_ROWS = 9 };

static const struct form {
	bool (*read)(struct text local_part, char *out, size_t size);
	const char *local_part, *wanted; /* wanted NULL: not that form */
} forms[] = {
	{recipient_decapsulate, "IMCEASMTP-user+40victim+2Eexample", "user@victim.example"},
	{recipient_decapsulate, "imceasmtp-user+40victim+2eexample", "user@victim.example"},
	{recipient_decapsulate, "IMCEASMTP-user+40victim.example", "user@victim.example"},
	{recipient_decapsulate, "IMCEASMTP-a_b+5Fc+2B-=+40d", "a/b_c+-=@d"},
	{recipient_decapsulate, "IMCEASMTP-user", "user"},
	{recipient_decapsulate, "IMCEASMTP-", NULL},
	{recipient_decapsulate, "IMCEASMTP", NULL},
	{recipient_decapsulate, "IMCEAX400-user", NULL},
	{recipient_decapsulate, "IMCEASMTP-user+4", NULL},
	{recipient_decapsulate, "IMCEASMTP-user+", NULL},
	{recipient_decapsulate, "IMCEASMTP-user+4G", NULL},
	{recipient_decapsulate, "IMCEASMTP-user+0D+0ADATA", NULL},
	{recipient_decapsulate, "IMCEASMTP-user+00", NULL},
	{recipient_decapsulate, "IMCEASMTP-user+7F", NULL},
	{recipient_decapsulate, "", NULL},
	{recipient_swap_percent, "user%domain", "user@domain"},
	{recipient_swap_percent, "user%a%b", "user%a@b"},
	{recipient_swap_percent, "user", NULL},
	{recipient_swap_percent, "%domain", NULL},
	{recipient_swap_percent, "user%", NULL},
	{recipient_swap_percent, "", NULL},
	{recipient_swap_bang, "domain!user", "user@domain"},
	{recipient_swap_bang, "a!b!user", "b!user@a"},
	{recipient_swap_bang, "!user", NULL},
	{recipient_swap_bang, "domain!", NULL},
	{recipient_swap_bang, "", NULL},
	{recipient_dequote, "\"user@domain\"", "user@domain"},
	{recipient_dequote, "\"us\\\"er\\\\@domain\"", "us\"er\\@domain"},
	{recipient_dequote, "\"a\"", "a"},
	{recipient_dequote, "\"\"", NULL},
	{recipient_dequote, "\"", NULL},
	{recipient_dequote, "user", NULL},
	{recipient_dequote, "\"a\"b\"", NULL},
	{recipient_dequote, "\"user\\\"", NULL},
	{recipient_dequote, "", NULL},
};

START_TEST(reads_a_form)
{
	const struct form *f = &forms[_i];
	char out[RECIPIENT_MAX];
	bool got = f->read(text_of(f->local_part), out, sizeof(out));

	ck_assert_msg(got == (f->wanted != NULL), "'%s'", f->local_part);
	if (got)
		ck_assert_str_eq(out, f->wanted);
}
END_TEST

/* A buffer of the exact size is enough, one byte less is refused and nothing written behind. */
START_TEST(keeps_to_its_buffer)
{
	const struct form *f = &forms[_i];
	char out[RECIPIENT_MAX];
	size_t need;

	if (f->wanted == NULL)
		return;
	need = strlen(f->wanted) + 1;
	if (f->read == recipient_dequote)
		need = strlen(f->local_part); /* it asks for room before it looks for escapes */
	memset(out, 'x', sizeof(out));
	ck_assert(f->read(text_of(f->local_part), out, need));
	ck_assert_int_eq(out[need], 'x');
	memset(out, 'x', sizeof(out));
	for (size_t size = 0; size < strlen(f->wanted) + 1; size++) {
		ck_assert(!f->read(text_of(f->local_part), out, size));
		ck_assert_int_eq(out[size], 'x');
	}
}
END_TEST

static Suite *
suite(void)
{
	Suite *s = suite_create("recipient");
	TCase *paths = tcase_create("paths"), *parts = tcase_create("local parts");

	tcase_add_loop_test(paths, splits_at_the_last_at, 0, SPLIT_ROWS);
	tcase_add_loop_test(paths, strips_source_routes, 0, ROUTE_ROWS);
	tcase_add_loop_test(parts, reads_a_form, 0, (int)ORBL_COUNT(forms));
	tcase_add_loop_test(parts, keeps_to_its_buffer, 0, (int)ORBL_COUNT(forms));
	suite_add_tcase(s, paths);
	suite_add_tcase(s, parts);
	return s;
}

int
main(void)
{
	return unit_run(suite());
}
