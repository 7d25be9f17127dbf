#include "unit.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "keys.h"

#define HASH_A "1111111111111111111111111111111111111111111111111111111111111111"
#define HASH_B "2222222222222222222222222222222222222222222222222222222222222222"

/* --- keys and lines ------------------------------------------------------- */

START_TEST(makes_keys)
{
	char a[QUERY_KEY_LEN + 1], b[QUERY_KEY_LEN + 1];

	query_key_make(a);
	query_key_make(b);
	ck_assert_uint_eq(strlen(a), QUERY_KEY_LEN);
	ck_assert(query_key_is_key(text_of(a)));
	ck_assert_str_ne(a, b);
}
END_TEST

static const struct {
	const char *label;
	bool is_key;
} labels[] = {
	{"abcdefghijklmnopqrstuvwxyz", true},
	{"ABCDEFGHIJKLMNOPQRSTUVWXYZ", true},
	{"234567abcdefghijklmnopqrst", true},
	{"abcdefghijklmnopqrstuvwxy", false},
	{"abcdefghijklmnopqrstuvwxyza", false},
	{"abcdefghijklmnopqrstuvwxy1", false},
	{"abcdefghijklmnopqrstuvwxy8", false},
	{"abcdefghijklm-opqrstuvwxyz", false},
	{"abcdefghijklm@opqrstuvwxyz", false},
	{"abcdefghijklm[opqrstuvwxyz", false},
	{"", false},
};

START_TEST(knows_the_form)
{
	uint8_t label[64] = {0};

	ck_assert_int_eq(query_key_is_key(text_of(labels[_i].label)), labels[_i].is_key);
	label[0] = (uint8_t)strlen(labels[_i].label);
	memcpy(label + 1, labels[_i].label, label[0]);
	ck_assert_int_eq(key_table_is_key(label), labels[_i].is_key);
}
END_TEST

/* b2sum -l 256 says the same. */
START_TEST(hashes_without_case)
{
	static const char wanted[] =
		"117ad6b940f5e8292c007d9c7e7350cd33cf85b5887e8da71c7957830f536e7c";
	uint8_t hash[QUERY_KEY_HASH];
	char text[QUERY_KEY_HASH_TEXT];

	query_key_hash("abcdefghijklmnopqrstuvwxyz", hash);
	query_key_hash_format(hash, text);
	ck_assert_str_eq(text, wanted);
	query_key_hash("ABCDEFghijklmnopqrstuvwxyZ", hash);
	query_key_hash_format(hash, text);
	ck_assert_str_eq(text, wanted);
}
END_TEST

static const struct {
	const char *line, *why; /* NULL: it is well */
} lines[] = {
	{HASH_A " alice - ACTIVE 2026-01-02", NULL},
	{HASH_A " alice 100 REVOKED 2026-01-02 dnsbl.test a.b", NULL},
	{"  " HASH_A "\talice\t0\tACTIVE\t2026-01-02  ", NULL},
	{HASH_A " alice 1000000000000 ACTIVE 2026-01-02", NULL},
	{HASH_A " a z.y.x 7 ACTIVE 2026-01-02", "quota"},
	{"1111 alice - ACTIVE 2026-01-02", "hash"},
	{HASH_A "1 alice - ACTIVE 2026-01-02", "hash"},
	{"x111111111111111111111111111111111111111111111111111111111111111 a - ACTIVE "
	 "2026-01-02",
		"hash"},
	{HASH_A, "owner"},
	{HASH_A " - - ACTIVE 2026-01-02", "owner"},
	{HASH_A " al:ice - ACTIVE 2026-01-02", "owner"},
	{HASH_A " alice", "quota"},
	{HASH_A " alice -1 ACTIVE 2026-01-02", "quota"},
	{HASH_A " alice 1000000000001 ACTIVE 2026-01-02", "quota"},
	{HASH_A " alice 1 active 2026-01-02", "ACTIVE or REVOKED"},
	{HASH_A " alice 1 ACTIVE", "date"},
	{HASH_A " alice 1 ACTIVE 2026-1-02", "date"},
	{HASH_A " alice 1 ACTIVE 2026-01-02 1 2 3 4 5 6 7 8 9", "8 zones"},
};

START_TEST(reads_lines)
{
	struct query_key k;
	struct error e;
	char again[QUERY_KEY_LINE_MAX], twice[QUERY_KEY_LINE_MAX];
	bool is_key;
	enum err err = query_key_parse(text_of(lines[_i].line), &k, &is_key, &e);

	if (lines[_i].why != NULL) {
		ck_assert_int_ne(err, OK);
		ck_assert_msg(strstr(e.text, lines[_i].why) != NULL, "%s", e.text);
		return;
	}
	ck_assert_int_eq(err, OK);
	ck_assert(is_key);
	ck_assert_uint_eq(query_key_format(&k, again), strlen(again));
	ck_assert_int_eq(query_key_parse(text_upto(text_of(again), strlen(again) - 1), &k, &is_key,
				 &e),
		OK);
	query_key_format(&k, twice);
	ck_assert_str_eq(again, twice);
}
END_TEST

START_TEST(skips_comments)
{
	struct query_key k;
	bool is_key = true;

	ck_assert_int_eq(query_key_parse(TEXT(""), &k, &is_key, NULL), OK);
	ck_assert(!is_key);
	ck_assert_int_eq(query_key_parse(TEXT("  # keys"), &k, &is_key, NULL), OK);
	ck_assert(!is_key);
}
END_TEST

/* --- the table ------------------------------------------------------------ */

static const char *const keys[] = {"aaaaaaaaaaaaaaaaaaaaaaaaaa", "bbbbbbbbbbbbbbbbbbbbbbbbbb",
	"cccccccccccccccccccccccccc", "dddddddddddddddddddddddddd", "eeeeeeeeeeeeeeeeeeeeeeeeee",
	"ffffffffffffffffffffffffff", "gggggggggggggggggggggggggg"};
static const uint8_t origin[] = "\5dnsbl\4test", below[] = "\6relays\5dnsbl\4test",
		     other[] = "\6xdnsbl\4test", alike[] = "\14relays\5dnsbl\4test";

enum { TEXT_SIZE = 1024 };

/* text has TEXT_SIZE bytes. */
static void
append(char *text, const char *more)
{
	size_t len = strlen(text), more_len = strlen(more);

	ck_assert_uint_lt(len + more_len, TEXT_SIZE);
	memcpy(text + len, more, more_len + 1);
}

static const char *
line_of(size_t key, const char *rest)
{
	static char line[QUERY_KEY_LINE_MAX];
	char hash[QUERY_KEY_HASH_TEXT];
	uint8_t bytes[QUERY_KEY_HASH];

	query_key_hash(keys[key], bytes);
	query_key_hash_format(bytes, hash);
	snprintf(line, sizeof(line), "%s %s\n", hash, rest);
	return line;
}

static struct key_table *
open_text(const char *text, size_t workers)
{
	struct key_table *t;
	struct error e = {.text = ""};
	int fd;

	ck_assert_msg(key_table_compile(text_of(text), "keys", &fd, &e) == OK, "%s", e.text);
	ck_assert_msg(key_table_open_fd(fd, workers, 10, &t, &e) == OK, "%s", e.text);
	close(fd);
	return t;
}

static struct key_table *
open_table(void)
{
	char text[TEXT_SIZE] = "# a comment\n\n";

	append(text, line_of(0, "alice - ACTIVE 2026-01-01"));
	append(text, line_of(1, "bob 3 ACTIVE 2026-01-01 DNSBL.test a.example"));
	append(text, line_of(2, "carol 0 REVOKED 2026-01-01"));
	return open_text(text, 2);
}

static enum key_verdict
find_in(struct key_table *t, const char *key, const uint8_t *zone, size_t len, uint32_t *slot)
{
	uint8_t label[QUERY_KEY_LEN + 1] = {QUERY_KEY_LEN};

	memcpy(label + 1, key, QUERY_KEY_LEN);
	return key_table_find(t, label, zone, len, slot);
}

#define FIND(t, key, zone) find_in(t, key, zone, sizeof(zone), &slot)

START_TEST(finds_keys)
{
	struct key_table *t = open_table();
	uint32_t slot;

	ck_assert_uint_eq(key_table_count(t), 3);
	ck_assert_int_eq(FIND(t, keys[0], origin), KEY_GOOD);
	ck_assert_uint_ne(slot, KEY_NONE);
	ck_assert_int_eq(FIND(t, "AAAAAAAAAAAAAaaaaaaaaaaaaa", other), KEY_GOOD);
	ck_assert_int_eq(FIND(t, keys[1], origin), KEY_GOOD);
	ck_assert_int_eq(FIND(t, keys[1], below), KEY_GOOD);
	ck_assert_int_eq(FIND(t, keys[1], other), KEY_ELSEWHERE);
	ck_assert_int_eq(FIND(t, keys[2], origin), KEY_REVOKED);
	ck_assert_int_eq(FIND(t, keys[3], origin), KEY_UNKNOWN);
	ck_assert_uint_eq(slot, KEY_NONE);
	key_table_release(t);
}
END_TEST

START_TEST(finds_keys_far_below)
{
	static const uint8_t deep[] = "\1a\1b\6relays\5dnsbl\4test";
	struct key_table *t = open_table();
	uint32_t slot;

	ck_assert_int_eq(FIND(t, keys[1], deep), KEY_GOOD);
	key_table_release(t);
	t = open_text(line_of(0, "alice - REVOKED 2026-01-01 a.example"), 1);
	ck_assert_int_eq(FIND(t, keys[0], origin), KEY_REVOKED);
	key_table_release(t);
}
END_TEST

/* A label that ends as the zone's name does is not below the zone. */
START_TEST(compares_whole_labels)
{
	struct key_table *t = open_table();
	uint32_t slot;

	ck_assert_int_eq(FIND(t, keys[1], alike), KEY_ELSEWHERE);
	key_table_release(t);
}
END_TEST

START_TEST(takes_an_empty_file)
{
	struct key_table *t = open_text("# none yet\n", 1);
	uint32_t slot;

	ck_assert_uint_eq(key_table_count(t), 0);
	ck_assert_uint_eq(key_table_count(NULL), 0);
	ck_assert_int_eq(FIND(t, keys[0], origin), KEY_UNKNOWN);
	key_table_sum(t, 1);
	key_table_release(t);
}
END_TEST

START_TEST(names_the_bad_line)
{
	struct error e;
	int fd = 77;
	char text[TEXT_SIZE] = "# one\n";

	append(text, line_of(0, "alice - ACTIVE 2026-01-01"));
	append(text, HASH_A " bob\n");
	ck_assert_int_ne(key_table_compile(text_of(text), "/etc/keys", &fd, &e), OK);
	ck_assert_int_eq(fd, -1);
	ck_assert_msg(strncmp(e.text, "/etc/keys:3: ", 13) == 0, "%s", e.text);
	text[0] = '\0';
	append(text, line_of(0, "alice - ACTIVE 2026-01-01 a..b"));
	ck_assert_int_ne(key_table_compile(text_of(text), "k", &fd, &e), OK);
	ck_assert_msg(strstr(e.text, "k:1: ") == e.text, "%s", e.text);
	text[0] = '\0';
	append(text, line_of(0, "alice - ACTIVE 2026-01-01"));
	append(text, line_of(0, "bob - ACTIVE 2026-01-01"));
	ck_assert_int_ne(key_table_compile(text_of(text), "k", &fd, &e), OK);
	ck_assert_msg(strstr(e.text, "two lines") != NULL, "%s", e.text);
}
END_TEST

static uint64_t
today(const struct key_table *t, uint32_t slot)
{
	struct key_use use;

	key_table_use_of(t, slot - 1, &use);
	return use.today;
}

START_TEST(counts_and_bounds)
{
	struct key_table *t = open_table();
	uint32_t alice, bob, slot;

	FIND(t, keys[0], origin);
	alice = slot;
	FIND(t, keys[1], origin);
	bob = slot;
	key_table_sum(t, 100);
	key_table_use(t, 0, bob);
	key_table_use(t, 1, bob);
	key_table_use(t, 1, alice);
	key_table_sum(t, 100);
	ck_assert_uint_eq(today(t, bob), 2);
	ck_assert_int_eq(FIND(t, keys[1], origin), KEY_GOOD);
	key_table_use(t, 1, bob);
	key_table_use(t, 2, bob); /* no such worker */
	key_table_use(t, 0, 99);  /* no such slot */
	key_table_sum(t, 100);
	ck_assert_int_eq(FIND(t, keys[1], origin), KEY_OVER);
	ck_assert_uint_eq(slot, bob);
	ck_assert_int_eq(FIND(t, keys[0], origin), KEY_GOOD); /* its quota is 10 */
	for (int i = 0; i < 9; i++)
		key_table_use(t, 0, alice);
	key_table_sum(t, 100);
	ck_assert_int_eq(FIND(t, keys[0], origin), KEY_OVER);
	key_table_sum(t, 101);
	ck_assert_uint_eq(today(t, bob), 0);
	ck_assert_int_eq(FIND(t, keys[1], origin), KEY_GOOD);
	key_table_release(t);
}
END_TEST

/* With another key before it, so that slots are others. */
START_TEST(goes_on_counting_after_a_change)
{
	struct key_table *t = open_table(), *next;
	uint32_t slot;
	char text[TEXT_SIZE];

	key_table_sum(t, 100);
	FIND(t, keys[1], origin);
	key_table_use(t, 0, slot);
	key_table_use(t, 1, slot);
	key_table_sum(t, 100);
	ck_assert(key_table_tell(t, slot - 1, 1));
	ck_assert(!key_table_tell(t, slot - 1, 1));
	text[0] = '\0';
	append(text, line_of(3, "dave - ACTIVE 2026-01-01"));
	append(text, line_of(1, "bob 3 ACTIVE 2026-01-01"));
	next = open_text(text, 2);
	key_table_inherit(next, t);
	key_table_release(t);
	FIND(next, keys[1], origin);
	ck_assert_uint_eq(today(next, slot), 2);
	ck_assert(!key_table_tell(next, slot - 1, 1));
	key_table_use(next, 0, slot);
	key_table_sum(next, 100);
	ck_assert_uint_eq(today(next, slot), 3);
	ck_assert_int_eq(FIND(next, keys[1], origin), KEY_OVER);
	ck_assert(key_table_tell(next, slot - 1, 2));
	key_table_sum(next, 101);
	ck_assert_uint_eq(today(next, slot), 0);
	ck_assert(key_table_tell(next, slot - 1, 1));
	key_table_inherit(next, NULL);
	key_table_release(next);
}
END_TEST

/* ... and never with the count of another key, whichever is before it. */
START_TEST(inherits_nothing_of_others)
{
	struct key_table *t = open_table(), *next;
	size_t key = (size_t)_i;
	uint32_t slot;

	for (slot = 1; slot <= 3; slot++)
		key_table_use(t, 0, slot);
	key_table_sum(t, 0);
	next = open_text(line_of(key, "dave - ACTIVE 2026-01-01"), 2);
	key_table_inherit(next, t);
	key_table_release(t);
	ck_assert_uint_eq(today(next, 1), key < 3);
	key_table_release(next);
}
END_TEST

START_TEST(is_held)
{
	struct key_table *t = open_table();
	uint32_t slot;

	ck_assert_ptr_null(key_table_hold(NULL));
	key_table_release(NULL);
	ck_assert_ptr_eq(key_table_hold(t), t);
	key_table_release(t);
	ck_assert_int_eq(FIND(t, keys[0], origin), KEY_GOOD);
	key_table_release(t);
}
END_TEST

/* Each byte of the image changed in turn: refused, or a table that can be used. */
START_TEST(checks_the_image)
{
	char text[TEXT_SIZE], image[1024];
	struct key_table *t;
	struct error e;
	uint32_t slot;
	ssize_t len;
	int fd;

	text[0] = '\0';
	append(text, line_of(0, "alice - ACTIVE 2026-01-01 dnsbl.test"));
	ck_assert_int_eq(key_table_compile(text_of(text), "keys", &fd, &e), OK);
	ck_assert_int_ne(write(fd, "x", 1), 1); /* sealed */
	len = pread(fd, image, sizeof(image), 0);
	close(fd);
	ck_assert_int_gt(len, 64);
	for (ssize_t i = 0; i < len; i++)
		for (int flip = 1; flip < 256; flip += 127) {
			fd = memfd_create("keys", MFD_CLOEXEC | MFD_ALLOW_SEALING);
			image[i] = (char)(image[i] ^ flip);
			ck_assert_int_eq(write(fd, image, (size_t)len), len);
			image[i] = (char)(image[i] ^ flip);
			ck_assert_int_ne(key_table_open_fd(fd, 1, 0, &t, &e), OK);
			ck_assert_int_eq(fcntl(fd, F_ADD_SEALS,
						 F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW |
							 F_SEAL_WRITE),
				0);
			if (key_table_open_fd(fd, 1, 0, &t, &e) == OK) {
				FIND(t, keys[0], origin);
				FIND(t, keys[0], below);
				key_table_release(t);
			}
			close(fd);
		}
}
END_TEST

/* Labels as long as they may be, and more keys than one round of making room has. */
START_TEST(takes_what_is_large)
{
	static const char label[] =
		"abcdefghijklmnopqrstuvwxyzabcdefghijklmnopqrstuvwxyzabcdefghijk";
	uint8_t zone[66] = {63};
	char *text = malloc(1000 * QUERY_KEY_LINE_MAX), *at = text, hash[QUERY_KEY_HASH_TEXT];
	struct key_table *t;
	uint8_t bytes[QUERY_KEY_HASH] = {0};
	uint32_t slot;

	ck_assert_ptr_nonnull(text);
	ck_assert_uint_eq(strlen(label), 63);
	memcpy(zone + 1, label, 63);
	at += snprintf(text, QUERY_KEY_LINE_MAX, "%.*s %s\n",
		(int)strcspn(line_of(0, "a - ACTIVE 2026-01-01"), "\n"),
		line_of(0, "a - ACTIVE 2026-01-01"), label);
	for (unsigned i = 0; i < 999; i++) {
		bytes[0] = (uint8_t)i;
		bytes[1] = (uint8_t)(i >> 8);
		query_key_hash_format(bytes, hash);
		at += snprintf(at, QUERY_KEY_LINE_MAX, "%s o%u - ACTIVE 2026-01-01\n", hash, i);
	}
	t = open_text(text, 3);
	ck_assert_uint_eq(key_table_count(t), 1000);
	ck_assert_int_eq(find_in(t, keys[0], zone, 65, &slot), KEY_GOOD);
	/* Each has a counter of its own, of each worker. */
	key_table_sum(t, 1);
	for (size_t w = 0; w < 3; w++)
		for (uint32_t i = 0; i < 1000; i++)
			for (uint32_t n = 0; n <= i % 5; n++)
				key_table_use(t, w, i + 1);
	key_table_use(t, 3, 1);
	key_table_use(t, 0, 1001);
	key_table_use(t, 0, KEY_NONE);
	key_table_sum(t, 1);
	for (uint32_t i = 0; i < 1000; i++) {
		struct key_use use;

		key_table_use_of(t, i, &use);
		ck_assert_uint_eq(use.today, 3 * (i % 5 + 1));
	}
	key_table_release(t);
	free(text);
}
END_TEST

START_TEST(loads_a_file)
{
	char path[] = "/tmp/orbl-keys.XXXXXX";
	const char *line = line_of(0, "alice - ACTIVE 2026-01-01");
	struct error e = {.text = ""};
	struct key_table *t;
	int fd = mkstemp(path), table = 7;
	uint32_t slot;

	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(write(fd, line, strlen(line)), (ssize_t)strlen(line));
	ck_assert_int_eq(key_table_load(path, &table, &e), OK);
	ck_assert_int_eq(key_table_open_fd(table, 1, 10, &t, &e), OK);
	ck_assert_int_eq(FIND(t, keys[0], origin), KEY_GOOD);
	key_table_release(t);
	close(table);
	ck_assert_int_eq(write(fd, "x\n", 2), 2);
	ck_assert_int_ne(key_table_load(path, &table, &e), OK);
	ck_assert_int_eq(table, -1);
	ck_assert_ptr_nonnull(strstr(e.text, ":2: "));
	close(fd);
	unlink(path);
	table = 7;
	ck_assert_int_ne(key_table_load(path, &table, &e), OK);
	ck_assert_int_eq(table, -1);
}
END_TEST

static Suite *
suite(void)
{
	Suite *s = suite_create("keys");
	TCase *form = tcase_create("form"), *table = tcase_create("table");

	tcase_add_test(form, makes_keys);
	tcase_add_loop_test(form, knows_the_form, 0, ORBL_COUNT(labels));
	tcase_add_test(form, hashes_without_case);
	tcase_add_loop_test(form, reads_lines, 0, ORBL_COUNT(lines));
	tcase_add_test(form, skips_comments);
	suite_add_tcase(s, form);
	tcase_add_test(table, finds_keys);
	tcase_add_test(table, finds_keys_far_below);
	tcase_add_test(table, compares_whole_labels);
	tcase_add_test(table, takes_an_empty_file);
	tcase_add_test(table, names_the_bad_line);
	tcase_add_test(table, counts_and_bounds);
	tcase_add_test(table, goes_on_counting_after_a_change);
	tcase_add_loop_test(table, inherits_nothing_of_others, 0, ORBL_COUNT(keys));
	tcase_add_test(table, is_held);
	tcase_add_test(table, checks_the_image);
	tcase_add_test(table, takes_what_is_large);
	tcase_add_test(table, loads_a_file);
	suite_add_tcase(s, table);
	return s;
}

int
main(void)
{
	return unit_run(suite());
}
