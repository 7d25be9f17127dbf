#include "unit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <orbl/text.h>

#include "cookie.h"

static void
from_hex(const char *hex, uint8_t *out)
{
	for (size_t i = 0; hex[2 * i] != '\0'; i++) {
		unsigned v;

		ck_assert_int_eq(sscanf(hex + 2 * i, "%2x", &v), 1);
		out[i] = (uint8_t)v;
	}
}

static struct addr
addr_of(const char *text)
{
	struct addr a;

	ck_assert_int_eq(addr_parse(text_of(text), &a), OK);
	return a;
}

/* RFC 9018 appendix A: cookies that implementations agree upon. */
static const struct {
	const char *secret, *client, *cookie;
	int64_t made_s, now_s;
	bool is_ours; /* reserved bytes are 0, as we make them */
} vectors[] = {
	{"e5e973e5a6b2a43f48e7dc849e37bfcf", "198.51.100.100",
		"2464c4abcf10c957010000005cf79f111f8130c3eee29480", 1559731985, 1559731985, true},
	{"e5e973e5a6b2a43f48e7dc849e37bfcf", "198.51.100.100",
		"2464c4abcf10c957010000005cf7a871d4a564a1442aca77", 1559734385, 1559734385, true},
	{"e5e973e5a6b2a43f48e7dc849e37bfcf", "203.0.113.203",
		"fc93fc62807ddb8601abcdef5cf78f71a314227b6679ebf5", 1559727985, 1559727985, false},
	{"dd3bdf9344b678b185a6f5cb60fca715", "2001:db8:220:1:59de:d0f4:8769:82b8",
		"22681ab97d52c298010000005cf7c57926556bd0934c72f8", 1559741817, 1559741961, true},
	{"445536bcd2513298075a5d379663c962", "2001:db8:220:1:59de:d0f4:8769:82b8",
		"22681ab97d52c298010000005cf7c609a6bb79d16625507a", 1559741961, 1559741961, true},
};

START_TEST(agrees_with_rfc_9018)
{
	struct cookie_secrets s = {.count = 1};
	struct addr client = addr_of(vectors[_i].client);
	uint8_t wanted[24], made[COOKIE_SERVER_SIZE];

	from_hex(vectors[_i].secret, s.secret[0]);
	from_hex(vectors[_i].cookie, wanted);
	ck_assert(cookie_is_valid(&s, &client, wanted, wanted + 8, 16, vectors[_i].now_s));
	if (vectors[_i].is_ours) {
		cookie_make(&s, &client, wanted, vectors[_i].made_s, made);
		ck_assert_mem_eq(made, wanted + 8, sizeof(made));
	}
	/* Every bit counts. */
	for (size_t i = 0; i < 8 * sizeof(wanted); i++) {
		wanted[i / 8] ^= (uint8_t)(1 << i % 8);
		ck_assert(!cookie_is_valid(&s, &client, wanted, wanted + 8, 16, vectors[_i].now_s));
		wanted[i / 8] ^= (uint8_t)(1 << i % 8);
	}
}
END_TEST

static const uint8_t client_cookie[COOKIE_CLIENT_SIZE] = {1, 2, 3, 4, 5, 6, 7, 8};

START_TEST(is_the_clients_alone)
{
	struct cookie_secrets s = {.count = 1, .secret = {{42}}};
	struct addr a = addr_of("192.0.2.1"), b = addr_of("192.0.2.2"), c = addr_of("2001:db8::1");
	uint8_t made[COOKIE_SERVER_SIZE], other[COOKIE_CLIENT_SIZE] = {1, 2, 3, 4, 5, 6, 7, 9};

	cookie_make(&s, &a, client_cookie, 1000, made);
	ck_assert(cookie_is_valid(&s, &a, client_cookie, made, sizeof(made), 1000));
	ck_assert(!cookie_is_valid(&s, &b, client_cookie, made, sizeof(made), 1000));
	ck_assert(!cookie_is_valid(&s, &c, client_cookie, made, sizeof(made), 1000));
	ck_assert(!cookie_is_valid(&s, &a, other, made, sizeof(made), 1000));
	for (size_t len = 0; len < 40; len++)
		if (len != sizeof(made))
			ck_assert(!cookie_is_valid(&s, &a, client_cookie, made, len, 1000));
}
END_TEST

START_TEST(has_its_time)
{
	/* also where the time's 32 bits end (RFC 9018 section 4.3) */
	static const int64_t times[] = {1700000000, 0xffffffff, 0x100000000, 0x80000000};
	struct cookie_secrets s = {.count = 1, .secret = {{42}}};
	struct addr a = addr_of("192.0.2.1");
	uint8_t made[COOKIE_SERVER_SIZE];
	int64_t t = times[_i];

	cookie_make(&s, &a, client_cookie, t, made);
	ck_assert(cookie_is_valid(&s, &a, client_cookie, made, 16, t + 3600));
	ck_assert(!cookie_is_valid(&s, &a, client_cookie, made, 16, t + 3601));
	ck_assert(cookie_is_valid(&s, &a, client_cookie, made, 16, t - 300));
	ck_assert(!cookie_is_valid(&s, &a, client_cookie, made, 16, t - 301));
	ck_assert(cookie_is_young(made, t));
	ck_assert(cookie_is_young(made, t + 1800));
	ck_assert(!cookie_is_young(made, t + 1801));
	ck_assert(!cookie_is_young(made, t - 1));
}
END_TEST

START_TEST(accepts_the_secret_before)
{
	struct cookie_secrets old = {.count = 1, .secret = {{1}}},
			      both = {.count = 2, .secret = {{2}, {1}}},
			      new = {.count = 1, .secret = {{2}}};
	struct addr a = addr_of("192.0.2.1");
	uint8_t made[COOKIE_SERVER_SIZE];

	cookie_make(&old, &a, client_cookie, 1000, made);
	ck_assert(cookie_is_valid(&both, &a, client_cookie, made, 16, 1000));
	ck_assert(!cookie_is_valid(&new, &a, client_cookie, made, 16, 1000));
	cookie_make(&both, &a, client_cookie, 1000, made);
	ck_assert(cookie_is_valid(&new, &a, client_cookie, made, 16, 1000));
	ck_assert(!cookie_is_valid(&old, &a, client_cookie, made, 16, 1000));
}
END_TEST

/* --- secrets ------------------------------------------------------------ */

#define FIRST  "e5e973e5a6b2a43f48e7dc849e37bfcf"
#define SECOND "DD3BDF9344B678B185A6F5CB60FCA715"

static enum err
load(const char *content, struct cookie_secrets *out, struct error *e)
{
	char path[] = "/tmp/check_cookie.XXXXXX";
	int fd = mkstemp(path);
	enum err err;

	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(write(fd, content, strlen(content)), (ssize_t)strlen(content));
	close(fd);
	err = cookie_secrets_load(path, out, e);
	unlink(path);
	return err;
}

START_TEST(loads_secrets)
{
	struct cookie_secrets s;
	uint8_t wanted[16];

	ck_assert_int_eq(load(FIRST, &s, NULL), OK);
	ck_assert_uint_eq(s.count, 1);
	from_hex(FIRST, wanted);
	ck_assert_mem_eq(s.secret[0], wanted, 16);
	ck_assert_int_eq(load(FIRST "\n" SECOND "\r\n\n", &s, NULL), OK);
	ck_assert_uint_eq(s.count, 2);
	ck_assert_mem_eq(s.secret[0], wanted, 16);
	from_hex(SECOND, wanted);
	ck_assert_mem_eq(s.secret[1], wanted, 16);
}
END_TEST

static const struct {
	const char *content;
	enum err err;
} bad_files[] = {
	{"", ERR_SYNTAX},
	{"\n\n", ERR_SYNTAX},
	{FIRST "0", ERR_SYNTAX},
	{"e5e973e5a6b2a43f48e7dc849e37bfc", ERR_SYNTAX},
	{"e5e973e5a6b2a43f48e7dc849e37bfcg", ERR_SYNTAX},
	{"e5:e9:73:e5:a6:b2:a4:3f:48:e7:dc", ERR_SYNTAX},
	{FIRST "\nnonsense\n", ERR_SYNTAX},
	{FIRST "\n" SECOND "\n" FIRST "\n", ERR_FULL},
	{FIRST FIRST FIRST FIRST FIRST FIRST FIRST FIRST FIRST, ERR_FULL},
};

START_TEST(refuses_other_files)
{
	struct cookie_secrets s;
	struct error e = {.code = OK};

	ck_assert_int_eq(load(bad_files[_i].content, &s, &e), bad_files[_i].err);
	ck_assert_ptr_nonnull(strstr(e.text, "check_cookie."));
	ck_assert_ptr_null(strstr(e.text, FIRST)); /* no secret goes to a log */
}
END_TEST

START_TEST(needs_a_file_that_can_be_read)
{
	struct cookie_secrets s;

	ck_assert_int_eq(cookie_secrets_load("/nonexistent/secret", &s, NULL), ERR_IO);
	ck_assert_int_eq(cookie_secrets_load("/", &s, NULL), ERR_IO);
}
END_TEST

START_TEST(makes_one_by_chance)
{
	struct cookie_secrets s, t;

	ck_assert_int_eq(cookie_secrets_load("", &s, NULL), OK);
	ck_assert_int_eq(cookie_secrets_load("", &t, NULL), OK);
	ck_assert_uint_eq(s.count, 1);
	ck_assert_mem_ne(s.secret[0], t.secret[0], COOKIE_SECRET_SIZE);
}
END_TEST

static Suite *
suite(void)
{
	Suite *s = suite_create("cookie");
	TCase *cookies = tcase_create("cookies"), *secrets = tcase_create("secrets");

	tcase_add_loop_test(cookies, agrees_with_rfc_9018, 0, sizeof(vectors) / sizeof(vectors[0]));
	tcase_add_test(cookies, is_the_clients_alone);
	tcase_add_loop_test(cookies, has_its_time, 0, 4);
	tcase_add_test(cookies, accepts_the_secret_before);
	tcase_add_test(secrets, loads_secrets);
	tcase_add_loop_test(secrets, refuses_other_files, 0,
		sizeof(bad_files) / sizeof(bad_files[0]));
	tcase_add_test(secrets, needs_a_file_that_can_be_read);
	tcase_add_test(secrets, makes_one_by_chance);
	suite_add_tcase(s, cookies);
	suite_add_tcase(s, secrets);
	return s;
}

int
main(void)
{
	return unit_run(suite());
}
