#include <orbl/snapshot_history.h>

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <orbl/file.h>
#include <orbl/snapshot_builder.h>

#include "scratch.h"
#include "unit.h"

/* --- files ------------------------------------------------------------------------ */

/* FILE.delta of a text, as it is replaced. */
static void
publish(const char *text)
{
	struct file_replacement r;

	ck_assert_int_eq(file_replace_begin(&r, "list.delta", 0644, NULL), OK);
	ck_assert_int_eq(file_write_all(r.fd, text, strlen(text), NULL), OK);
	r.drops_previous = true;
	ck_assert_int_eq(file_replace_commit(&r, NULL), OK);
}

static void
keep_and_publish(const char *text, size_t versions)
{
	snapshot_history_keep("list", versions);
	publish(text);
}

/* The first letters of what is there, "." where there is nothing: FILE.delta, then by number. */
static const char *
kept(char out[SNAPSHOT_HISTORY_MAX + 2])
{
	char path[SNAPSHOT_HISTORY_PATH];
	size_t used = 0;

	memset(out, 0, SNAPSHOT_HISTORY_MAX + 2);
	for (size_t n = 0; n <= SNAPSHOT_HISTORY_MAX; n++) {
		FILE *f;

		snapshot_history_path("list", n, path);
		f = fopen(path, "r");
		out[n] = '.';
		if (f == NULL)
			continue;
		out[n] = (char)fgetc(f);
		fclose(f);
		used = n + 1;
	}
	out[used] = '\0';
	return out;
}

#define assert_kept(text) ck_assert_str_eq(kept((char[SNAPSHOT_HISTORY_MAX + 2]){0}), text)

static void
write_list(const char *name, const struct snapshot *base, uint32_t serial)
{
	struct snapshot_zone_draft draft = {.name = TEXT(""), .set_count = 1};
	struct snapshot_builder *b = snapshot_builder_new();
	struct file_replacement r;

	ck_assert_int_eq(snapshot_builder_set(b, &draft.sets[0], NULL), OK);
	ck_assert_int_eq(snapshot_builder_zone(b, &draft, NULL), OK);
	if (base != NULL)
		snapshot_builder_delta_of(b, base);
	ck_assert_int_eq(file_replace_begin(&r, name, 0644, NULL), OK);
	ck_assert_int_eq(snapshot_builder_write(b, r.fd, serial, 1000, NULL), OK);
	ck_assert_int_eq(file_replace_commit(&r, NULL), OK);
	snapshot_builder_free(b);
}

static bool
exists(const char *name)
{
	struct stat st;

	return lstat(name, &st) == 0;
}

/* --- keep ---------------------------------------------------------------------------- */

START_TEST(the_newest_is_the_first)
{
	keep_and_publish("a", 10); /* there was none before */
	assert_kept("a");
	keep_and_publish("b", 10);
	assert_kept("ba");
	keep_and_publish("c", 10);
	keep_and_publish("d", 10);
	assert_kept("dcba");
}
END_TEST

START_TEST(beyond_the_versions_nothing_is_kept)
{
	for (const char *c = "abcdef"; *c != '\0'; c++)
		keep_and_publish((const char[]){*c, '\0'}, 3);
	assert_kept("fedc");
	keep_and_publish("g", 1);
	assert_kept("gf");
	keep_and_publish("h", 0);
	assert_kept("h");
}
END_TEST

START_TEST(no_more_than_the_maximum_is_kept)
{
	char text[2] = "a", all[SNAPSHOT_HISTORY_MAX + 2];

	for (int i = 0; i < SNAPSHOT_HISTORY_MAX + 5; i++) {
		text[0] = (char)('a' + i % 26);
		keep_and_publish(text, 10000);
	}
	kept(all);
	ck_assert_uint_eq(strlen(all), SNAPSHOT_HISTORY_MAX + 1);
	for (int i = 0; i <= SNAPSHOT_HISTORY_MAX; i++)
		ck_assert_int_eq(all[i], 'a' + (SNAPSHOT_HISTORY_MAX + 4 - i) % 26);
	ck_assert(!exists("list.delta.101"));
}
END_TEST

/* Of all of them together, the one that comes too. */
START_TEST(beyond_the_bytes_the_oldest_go)
{
	for (const char *c = "abcdef"; *c != '\0'; c++) {
		keep_and_publish((const char[]){*c, '\0'}, 100);
		ck_assert_int_eq(truncate("list.delta", SNAPSHOT_HISTORY_BYTES / 3), 0);
	}
	assert_kept("fedc");
	publish("x");
	ck_assert_int_eq(truncate("list.delta", SNAPSHOT_HISTORY_BYTES), 0);
	keep_and_publish("g", 100);
	assert_kept("gx");
	ck_assert_int_eq(truncate("list.delta", SNAPSHOT_HISTORY_BYTES + 1), 0);
	keep_and_publish("h", 100);
	keep_and_publish("i", 100);
	assert_kept("ih");
}
END_TEST

/* Killed after it was kept, before it was replaced. */
START_TEST(what_is_kept_already_is_kept_once)
{
	keep_and_publish("a", 10);
	keep_and_publish("b", 10);
	snapshot_history_keep("list", 10);
	assert_kept("bba");
	snapshot_history_keep("list", 10);
	assert_kept("bba");
	keep_and_publish("c", 10);
	assert_kept("cba");
}
END_TEST

/* Killed between two of the names: 3 has become 4, and nothing 3. */
START_TEST(a_gap_is_filled)
{
	for (const char *c = "abcde"; *c != '\0'; c++)
		keep_and_publish((const char[]){*c, '\0'}, 10);
	assert_kept("edcba");
	ck_assert_int_eq(rename("list.delta.4", "list.delta.5"), 0);
	ck_assert_int_eq(rename("list.delta.3", "list.delta.4"), 0);
	assert_kept("edc.ba");
	keep_and_publish("f", 10);
	assert_kept("fedcba");
}
END_TEST

START_TEST(what_is_no_file_is_in_nobodys_way)
{
	keep_and_publish("a", 10);
	keep_and_publish("b", 10);
	ck_assert_int_eq(mkdir("list.delta.2", 0700), 0);
	ck_assert_int_eq(mkfifo("list.delta.3", 0600), 0);
	ck_assert_int_eq(symlink("/dev/zero", "list.delta.4"), 0);
	snapshot_history_keep("list", 10);
	publish("c");
	ck_assert(exists("list.delta.3") && exists("list.delta.5"));
	snapshot_history_keep("list", 2); /* a directory stays */
	publish("d");
	for (int i = 0; i < 200; i++)
		keep_and_publish("e", 2);
	ck_assert_int_eq(kept((char[SNAPSHOT_HISTORY_MAX + 2]){0})[0], 'e');
	ck_assert(!exists("list.delta.5") && !exists("list.delta.4"));
}
END_TEST

/* --- another base ---------------------------------------------------------------------- */

START_TEST(deltas_of_the_base_before_stay)
{
	struct snapshot *first, *second;

	write_list("first", NULL, 1);
	write_list("second", NULL, 2);
	ck_assert_int_eq(snapshot_open("first", &first, NULL), OK);
	ck_assert_int_eq(snapshot_open("second", &second, NULL), OK);
	write_list("list.delta.1", second, 5);
	write_list("list.delta.2", first, 4);
	write_list("list.delta.4", second, 3);
	write_list("list.delta.5", NULL, 3); /* no delta */
	scratch_write("list.delta.6", "nothing", 7);
	ck_assert_int_eq(mkfifo("list.delta.7", 0600), 0);
	ck_assert_int_eq(symlink("list.delta.1", "list.delta.8"), 0);
	write_list("list.delta.100", first, 1);
	snapshot_history_turn("list", snapshot_checksum(second));
	ck_assert(exists("list.delta.1") && exists("list.delta.4"));
	for (unsigned n = 2; n <= 100; n++) {
		char name[32];

		snprintf(name, sizeof(name), "list.delta.%u", n);
		ck_assert_msg(n == 4 || !exists(name), "%s", name);
	}
	snapshot_history_turn("list", 0);
	ck_assert(!exists("list.delta.1") && !exists("list.delta.4"));
	snapshot_close(first);
	snapshot_close(second);
}
END_TEST

static Suite *
suite(void)
{
	Suite *s = suite_create("snapshot_history");
	TCase *keep = tcase_create("keep"), *turn = tcase_create("turn");

	tcase_set_timeout(keep, 30);
	tcase_add_checked_fixture(keep, scratch_enter, scratch_leave);
	tcase_add_test(keep, the_newest_is_the_first);
	tcase_add_test(keep, beyond_the_versions_nothing_is_kept);
	tcase_add_test(keep, no_more_than_the_maximum_is_kept);
	tcase_add_test(keep, beyond_the_bytes_the_oldest_go);
	tcase_add_test(keep, what_is_kept_already_is_kept_once);
	tcase_add_test(keep, a_gap_is_filled);
	tcase_add_test(keep, what_is_no_file_is_in_nobodys_way);
	tcase_add_checked_fixture(turn, scratch_enter, scratch_leave);
	tcase_add_test(turn, deltas_of_the_base_before_stay);
	suite_add_tcase(s, keep);
	suite_add_tcase(s, turn);
	return s;
}

int
main(void)
{
	return unit_run(suite());
}
