#include "follow_file.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>
#include <zlib.h>

#include "analyzer_fixture.h"
#include "follow_find.h"
#include "follow_open.h"
#include "scratch.h"
#include "unit.h"

static struct follow_source source;
static int patience = 1; /* tenths of a second without a piece */

/* --- files ----------------------------------------------------------------- */

static void
append(const char *name, const char *text)
{
	FILE *f = fopen(name, "a");

	ck_assert_ptr_nonnull(f);
	ck_assert_int_ge(fputs(text, f), 0);
	fclose(f);
}

/* As if it was written so many seconds ago, of one moment: what is as old as another stays so. */
static void
age(const char *name, int seconds)
{
	static time_t now_s;

	if (now_s == 0)
		now_s = time(NULL);
	const struct timespec t[2] = {{.tv_sec = now_s - seconds}, {.tv_sec = now_s - seconds}};

	ck_assert_int_eq(utimensat(AT_FDCWD, name, t, 0), 0);
}

static void
move(const char *from, const char *to)
{
	ck_assert_int_eq(rename(from, to), 0);
}

static void
copy(const char *from, const char *to)
{
	char text[65536];
	FILE *f = fopen(from, "r");
	size_t n = fread(text, 1, sizeof(text) - 1, f);

	fclose(f);
	text[n] = '\0';
	append(to, text);
}

static void
empty(const char *name)
{
	ck_assert_int_eq(truncate(name, 0), 0);
}

static void
pack(const char *from, const char *to)
{
	char text[1 << 20];
	FILE *f = fopen(from, "r");
	size_t n = fread(text, 1, sizeof(text), f);
	gzFile out = gzopen(to, "w");

	fclose(f);
	ck_assert_int_eq(gzwrite(out, text, (unsigned)n), (int)n);
	gzclose(out);
	unlink(from);
}

/* --- what the source gives -------------------------------------------------- */

static void
set_up(void)
{
	patience = 1;
	scratch_enter();
	ck_ok(follow_file_open("m.log", &source, trouble()));
	ck_ok(source.start(source.state, json_null(), trouble()));
}

static void
tear_down(void)
{
	source.close(source.state);
	scratch_leave();
}

/* All there is for now: context in brackets, "#N " in front of line N, "|" at the end of a file,
 * "!" for a notice. Renamed files must have been quiet for a second. */
static const char *
take(void)
{
	static char out[1 << 20];
	const struct timespec moment = {.tv_nsec = 100000000};
	struct follow_piece p;
	size_t used = 0;

	out[0] = '\0';
	for (int quiet = 0; quiet < patience;) {
		ck_ok(source.next(source.state, &p, trouble()));
		if (p.kind == FOLLOW_NOTHING) {
			quiet++;
			nanosleep(&moment, NULL);
			continue;
		}
		quiet = 0;
		ck_assert_uint_lt(used + p.text.len + 32, sizeof(out));
		if (p.kind == FOLLOW_LINE)
			used += (size_t)snprintf(out + used, 32, "#%llu ",
				(unsigned long long)p.line);
		else
			used += (size_t)snprintf(out + used, p.text.len + 4,
				p.kind == FOLLOW_CONTEXT            ? "[%.*s]" :
					p.kind == FOLLOW_CHECKPOINT ? "|%.*s" :
					p.kind == FOLLOW_NOTICE     ? "!" :
								      "%.*s",
				(int)p.text.len, p.text.p);
	}
	return out;
}

/* Start again as the next run of the program, where it was. */
static void
restart(void)
{
	json_t *position = source.position(source.state);

	ck_assert_ptr_nonnull(position);
	source.close(source.state);
	ck_ok(follow_file_open("m.log", &source, trouble()));
	ck_ok(source.start(source.state, position, trouble()));
	json_decref(position);
}

START_TEST(a_file_that_grows)
{
	ck_assert_str_eq(take(), "");
	append("m.log", "");
	ck_assert_str_eq(take(), "#1 |");
	append("m.log", "one\ntwo\nha");
	ck_assert_str_eq(take(), "one\ntwo\n");
	append("m.log", "lf\r\n");
	ck_assert_str_eq(take(), "half\r\n");
	restart();
	ck_assert_str_eq(take(), "[one\ntwo\nhalf\r\n]#4 ");
	append("m.log", "four\n");
	ck_assert_str_eq(take(), "four\n");
}
END_TEST

START_TEST(a_file_that_is_renamed)
{
	append("m.log", "one\n");
	ck_assert_str_eq(take(), "#1 |one\n");
	move("m.log", "m.log.1");
	patience = 13;
	ck_assert_str_eq(take(), "");
	append("m.log.1", "two\n");
	append("m.log", ""); /* made, and nobody writes to it yet */
	ck_assert_str_eq(take(), "two\n");
	append("m.log.1", "three\nthree and a half");
	append("m.log", "four\n");
	ck_assert_str_eq(take(), "three\nthree and a half\n|#1 four\n");
	restart();
	ck_assert_str_eq(take(), "[four\n]#2 ");
}
END_TEST

/* Who writes holds on to the old file for a moment; another one may write to the new one already.
 */
START_TEST(a_file_is_left_when_it_is_quiet)
{
	append("m.log", "one\n");
	ck_assert_str_eq(take(), "#1 |one\n");
	move("m.log", "m.log.1");
	append("m.log", "three\n");
	patience = 5;
	ck_assert_str_eq(take(), "");
	append("m.log.1", "two\n");
	patience = 13;
	ck_assert_str_eq(take(), "two\n|#1 three\n");
}
END_TEST

/* Logs whose heads are the same: header, banner. */
START_TEST(what_stands_in_front_of_the_place_tells)
{
	char head[1401];

	memset(head, 'x', 1400);
	for (size_t i = 99; i < 1400; i += 100)
		head[i] = '\n';
	head[1400] = '\0';
	append("m.log", head);
	append("m.log", "one\n");
	take();
	append("m.log", "two\n");
	copy("m.log", "m.log.1");
	empty("m.log");
	append("m.log", head);
	append("m.log", "1\n2\n3\n4\n");
	patience = 13;
	restart();
	ck_assert_ptr_nonnull(strstr(take(), "one\n]#16 two\n|#1 xxx"));
}
END_TEST

START_TEST(several_rotations)
{
	append("m.log", "one\n");
	ck_assert_str_eq(take(), "#1 |one\n");
	append("m.log", "two\n");
	age("m.log", 90);
	move("m.log", "m.log.3");
	append("m.log.2", "three\n");
	age("m.log.2", 60);
	append("m.log-20261121", "four\n");
	age("m.log-20261121", 30);
	append("m.log.old", "not of ours\n");
	append("m.log", "five\n");
	patience = 13;
	if (_i == 1)
		restart();
	if (_i == 2) {
		pack("m.log.3", "m.log.3.gz");
		age("m.log.3.gz", 90);
		pack("m.log.2", "m.log.2.gz");
		age("m.log.2.gz", 60);
		restart();
	}
	ck_assert_str_eq(take(),
		_i == 0 ? "two\n|#1 three\n|#1 four\n|#1 five\n" :
			  "[one\n]#2 two\n|#1 three\n|#1 four\n|#1 five\n");
}
END_TEST

START_TEST(a_file_that_is_copied_and_truncated)
{
	append("m.log", "one\n");
	ck_assert_str_eq(take(), "#1 |one\n");
	append("m.log", "two\n");
	patience = 13;
	copy("m.log", "m.log.1");
	empty("m.log");
	append("m.log", _i % 2 == 0 ? "3\n" : "three, and longer than what was there\n");
	if (_i >= 2)
		restart();
	ck_assert_str_eq(take(),
		_i == 0         ? "#2 two\n|#1 3\n" :
			_i == 1 ? "#2 two\n|#1 three, and longer than what was there\n" :
			_i == 2 ? "[one\n]#2 two\n|#1 3\n" :
				  "[one\n]#2 two\n|#1 three, and longer than what was there\n");
}
END_TEST

START_TEST(a_file_that_is_gone)
{
	append("m.log", "one\n");
	age("m.log", 100);
	ck_assert_str_eq(take(), "#1 |one\n");
	unlink("m.log");
	append("m.log.2", "older than that\n");
	age("m.log.2", 200);
	append("m.log.1", "two\n");
	age("m.log.1", 50);
	append("m.log", "three\n");
	patience = 13;
	restart();
	ck_assert_str_eq(take(), "!#1 two\n|#1 three\n");
	empty("m.log"); /* and nobody has made a copy */
	append("m.log", "x\n");
	ck_assert_str_eq(take(), "!#1 x\n");
}
END_TEST

/* The inode of a file that was deleted is given to the next one. */
START_TEST(an_inode_that_is_used_again)
{
	json_t *position;

	append("m.log", "one\n");
	ck_assert_str_eq(take(), "#1 |one\n");
	position = source.position(source.state);
	patience = 13;
	append("m.log.1", "one\ntwo\n");
	empty("m.log");
	append("m.log", "1\n2\n3\n");
	ck_ok(source.start(source.state, position, trouble()));
	ck_assert_str_eq(take(), "[one\n]#2 two\n|#1 1\n2\n3\n");
	json_decref(position);
}
END_TEST

START_TEST(a_header_is_told_again)
{
	static const char header[] = "\xef\xbb\xbf#Software: x\r\n#Fields: a b\r\n";
	char *filler = malloc(3 * FOLLOW_CONTEXT_MAX);
	size_t len = 0;
	const char *got;

	for (int i = 0; len < 2 * (size_t)FOLLOW_CONTEXT_MAX; i++)
		len += (size_t)snprintf(filler + len, 32, "line %d\n", i);
	append("m.log", header);
	append("m.log", filler);
	take();
	if (_i == 1) {
		pack("m.log", "m.log.1.gz");
		append("m.log", "");
	}
	restart();
	got = take();
	ck_assert_int_eq(strncmp(got, "[\xef\xbb\xbf#Software: x\r\n#Fields: a b\r\nline ", 37), 0);
	ck_assert_uint_gt(strlen(got), FOLLOW_CONTEXT_MAX);
	ck_assert_uint_lt(strlen(got), FOLLOW_CONTEXT_MAX + 1000);
	/* The next file's mark of byte order would stand inside a log. */
	if (_i == 0) {
		append("m.log", "x\n");
		ck_assert_str_eq(take(), "x\n");
		move("m.log", "m.log.1");
		patience = 13;
		append("m.log", header);
		ck_assert_str_eq(take(), "|#1 #Software: x\r\n#Fields: a b\r\n");
	}
	free(filler);
}
END_TEST

START_TEST(a_line_without_end_is_given_but_not_acknowledged)
{
	char *line = malloc(FOLLOW_CHUNK + 2);
	json_t *position;

	memset(line, 'x', FOLLOW_CHUNK + 1);
	line[FOLLOW_CHUNK + 1] = '\0';
	append("m.log", "one\n");
	take();
	append("m.log", line);
	ck_assert_uint_eq(strlen(take()), FOLLOW_CHUNK);
	ck_assert_ptr_null(source.position(source.state));
	append("m.log", "\ntwo\n");
	ck_assert_str_eq(take(), "x\ntwo\n");
	position = source.position(source.state);
	ck_assert_int_eq(json_integer_value(json_object_get(position, "line")), 3);
	json_decref(position);
	free(line);
}
END_TEST

static const struct {
	const char *bytes;
	size_t len;
} binaries[] = {
	{"\x1f\x8b\x08\0", 4},
	{"\xff\xfe\x61\0\n\0", 6},
	{"<Events><Event xmlns='http://schemas.microsoft.com/win/2004/08/events/event'>", 77},
};

START_TEST(what_has_no_lines_is_refused)
{
	struct follow_piece p;
	enum err err = OK;

	scratch_write("m.log", binaries[_i].bytes, binaries[_i].len);
	for (int i = 0; i < 3 && err == OK; i++)
		err = source.next(source.state, &p, trouble());
	ck_assert_int_eq(err, ERR_UNSUPPORTED);
}
END_TEST

START_TEST(a_position_that_is_none_is_refused)
{
	static const char *const wrong[] = {"{}", "7", "\"x\"", "{\"device\":1}",
		"{\"device\":1,\"inode\":1,\"offset\":1,\"line\":1,\"time\":1,\"head\":\"zz\"}"};

	for (size_t i = 0; i < ORBL_COUNT(wrong); i++) {
		json_t *json = json_loads(wrong[i], JSON_DECODE_ANY, NULL);

		ck_assert_int_eq(source.start(source.state, json, trouble()), ERR_SYNTAX);
		json_decref(json);
	}
}
END_TEST

/* --- names ------------------------------------------------------------------ */

static const struct {
	const char *file, *name;
	bool is_rotated;
} names[] = {
	{"mail.log", "mail.log.1", true},
	{"mail.log", "mail.log.12.gz", true},
	{"mail.log", "mail.log-20261121", true},
	{"mail.log", "mail.log-20261121.xz", true},
	{"mail.log", "mail.log-2026-11-21_10:00.zst", true},
	{"mail.log", "mail.log.20261121-1795000000", true},
	{"mail.log", "mail-20261121.log", true},
	{"mail.log", "mail-20261121.log.gz", true},
	{"mail.log", "mail.1.log", true},
	{"mail.log", "mail.log", false},
	{"mail.log", "mail.log.", false},
	{"mail.log", "mail.log.old", false},
	{"mail.log", "mail.log.1.bak", false},
	{"mail.log", "mail.log1", false},
	{"mail.log", "mail.log.1x", false},
	{"mail.log", "mail.log.gz", false},
	{"mail.log", "mail.err", false},
	{"mail.log", "mail.err.1", false},
	{"mail.log", "mail-20261121.err", false},
	{"mail", "mail.err", false},
	{"mail", "mail.1", true},
	{"mail", "mailer.1", false},
};

START_TEST(rotated_files_are_known_by_their_names)
{
	struct follow_list list;

	for (size_t i = 0; i < ORBL_COUNT(names); i++) {
		append(names[i].name, "x");
		ck_ok(follow_find_rotated(names[i].file, &list, trouble()));
		ck_assert_msg((list.count == 1) == names[i].is_rotated, "%s", names[i].name);
		follow_list_free(&list);
		unlink(names[i].name);
	}
	ck_ok(follow_find_rotated("missing/mail.log", &list, trouble()));
	ck_assert_uint_eq(list.count, 0);
	follow_list_free(&list);
}
END_TEST

START_TEST(they_are_in_the_order_of_their_writing)
{
	struct follow_list list;

	append("a.1", "x");
	append("a.2", "x");
	append("a.10.gz", "x");
	append("a-20260101", "x");
	append("a.3", "x");
	append("a.3.gz", "x"); /* being compressed just now */
	age("a.1", 10);
	age("a.2", 10);
	age("a.10.gz", 90);
	age("a.3", 50);
	age("a-20260101", 20);
	ck_ok(follow_find_rotated("./a", &list, trouble()));
	ck_assert_uint_eq(list.count, 5);
	ck_assert_ptr_nonnull(strstr(list.items[0].path, "a.10.gz"));
	ck_assert(list.items[0].is_packed);
	ck_assert_ptr_nonnull(strstr(list.items[1].path, "a.3"));
	ck_assert(!list.items[1].is_packed);
	ck_assert_ptr_nonnull(strstr(list.items[2].path, "a-20260101"));
	ck_assert_ptr_nonnull(strstr(list.items[3].path, "a.2"));
	ck_assert_ptr_nonnull(strstr(list.items[4].path, "a.1"));
	follow_list_free(&list);
}
END_TEST

static Suite *
suite(void)
{
	Suite *s = suite_create("follow");
	TCase *file = tcase_create("file"), *find = tcase_create("find");

	tcase_add_checked_fixture(file, set_up, tear_down);
	tcase_set_timeout(file, 120);
	tcase_add_test(file, a_file_that_grows);
	tcase_add_test(file, a_file_that_is_renamed);
	tcase_add_test(file, a_file_is_left_when_it_is_quiet);
	tcase_add_test(file, what_stands_in_front_of_the_place_tells);
	tcase_add_loop_test(file, several_rotations, 0, 3);
	tcase_add_loop_test(file, a_file_that_is_copied_and_truncated, 0, 4);
	tcase_add_test(file, a_file_that_is_gone);
	tcase_add_test(file, an_inode_that_is_used_again);
	tcase_add_loop_test(file, a_header_is_told_again, 0, 2);
	tcase_add_test(file, a_line_without_end_is_given_but_not_acknowledged);
	tcase_add_loop_test(file, what_has_no_lines_is_refused, 0, (int)ORBL_COUNT(binaries));
	tcase_add_test(file, a_position_that_is_none_is_refused);
	tcase_add_checked_fixture(find, scratch_enter, scratch_leave);
	tcase_add_test(find, rotated_files_are_known_by_their_names);
	tcase_add_test(find, they_are_in_the_order_of_their_writing);
	suite_add_tcase(s, file);
	suite_add_tcase(s, find);
	return s;
}

int
main(void)
{
	return unit_run(suite());
}
