#include "input.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "input_fixture.h"
#include "pack.h"
#include "scratch.h"
#include "unit.h"

static void
save(const char *name, const struct pack *p)
{
	scratch_write(name, p->bytes, p->len);
}

START_TEST(plain_files)
{
	char *bytes = input_fixture_bytes(3 << 20, true);

	scratch_write("f", "", 0);
	input_fixture_reads("f", "", 0);
	bytes[0] = 'x';
	for (size_t len = 1; len < 12; len++) {
		scratch_write("f", bytes, len);
		input_fixture_reads("f", bytes, len);
	}
	for (size_t len = (256 << 10) - 2; len <= (256 << 10) + 2; len++) {
		scratch_write("f", bytes, len);
		input_fixture_reads("f", bytes, len);
	}
	scratch_write("f.gz", bytes, 3 << 20);
	input_fixture_reads("f.gz", bytes, 3 << 20);
	free(bytes);
}
END_TEST

/* What starts as a format and is none. */
START_TEST(nearly_a_format)
{
	static const char *const starts[] = {"\x1f", "\x1f\x8b", "\xfd",
		"\xfd"
		"7zX",
		"\x28\xb5", "BZ", "BZh", "P", "PK", "7z",
		"\x1f"
		"Nov",
		"\xfd"
		"7z?????",
		"BZh9 text", "Nov 21"};

	for (size_t i = 0; i < ORBL_COUNT(starts); i++) {
		scratch_write("f", starts[i], strlen(starts[i]));
		input_fixture_reads("f", starts[i], strlen(starts[i]));
	}
}
END_TEST

START_TEST(formats)
{
	static const size_t lengths[] = {0, 1, 100, 262143, 262144, 262145, 1048576, 5000001};

	for (int f = 0; f < PACK_FORMATS; f++)
		for (size_t i = 0; i < ORBL_COUNT(lengths); i++)
			for (int random = 0; random < 2; random++) {
				char *bytes = input_fixture_bytes(lengths[i], random);
				struct pack p = {0};

				pack_add(&p, (enum pack_format)f, bytes, lengths[i]);
				save("any-name", &p);
				input_fixture_reads("any-name", bytes, lengths[i]);
				free(p.bytes);
				free(bytes);
			}
}
END_TEST

START_TEST(several_members)
{
	for (int f = 0; f < PACK_FORMATS; f++) {
		char *bytes = input_fixture_bytes(900000, false);
		struct pack p = {0};

		pack_add(&p, (enum pack_format)f, bytes, 300000);
		pack_add(&p, (enum pack_format)f, "", 0);
		for (size_t at = 300000; at < 300100; at++)
			pack_add(&p, (enum pack_format)f, bytes + at, 1);
		pack_add(&p, (enum pack_format)f, bytes + 300100, 599900);
		save("f", &p);
		input_fixture_reads("f", bytes, 900000);
		free(p.bytes);
		free(bytes);
	}
}
END_TEST

START_TEST(padding)
{
	static const char zeros[1000] = "";
	struct pack p = {0};

	pack_add(&p, PACK_GZIP, "one", 3);
	pack_raw(&p, zeros, 1000);
	save("f", &p);
	input_fixture_reads("f", "one", 3);
	pack_add(&p, PACK_GZIP, "two", 3);
	save("f", &p);
	input_fixture_reads("f", "onetwo", 6);
	pack_raw(&p, "\0x", 2);
	save("f", &p);
	input_fixture_fails("f", ERR_CORRUPT, 6, "something else follows");
	p.len = 0;
	pack_add(&p, PACK_XZ, "one", 3);
	pack_raw(&p, zeros, 8);
	pack_add(&p, PACK_XZ, "two", 3);
	pack_raw(&p, zeros, 4);
	save("f", &p);
	input_fixture_reads("f", "onetwo", 6);
	pack_raw(&p, zeros, 3); /* not a multiple of four */
	save("f", &p);
	input_fixture_fails("f", ERR_CORRUPT, 6, "a check fails");
	free(p.bytes);
}
END_TEST

START_TEST(skippable_frames)
{
	struct pack p = {0};

	pack_raw(&p, "\x5f\x2a\x4d\x18\x03\0\0\0abc", 11);
	pack_add(&p, PACK_ZSTD, "one", 3);
	pack_raw(&p, "\x50\x2a\x4d\x18\0\0\0\0", 8);
	pack_add(&p, PACK_ZSTD, "two", 3);
	pack_raw(&p, "\x51\x2a\x4d\x18\x01\0\0\0z", 9);
	save("f", &p);
	input_fixture_reads("f", "onetwo", 6);
	p.len -= 1;
	save("f", &p);
	input_fixture_fails("f", ERR_CORRUPT, 6, "cut off");
	free(p.bytes);
}
END_TEST

START_TEST(another_format_follows)
{
	for (int f = 0; f < PACK_FORMATS; f++) {
		struct pack p = {0};

		pack_add(&p, (enum pack_format)f, "one", 3);
		pack_add(&p, (enum pack_format)((f + 1) % PACK_FORMATS), "two", 3);
		save("f", &p);
		input_fixture_fails("f", ERR_CORRUPT, 3,
			f == PACK_XZ ? "a check fails" : "something else follows");
		free(p.bytes);
	}
}
END_TEST

START_TEST(packed_twice)
{
	for (int f = 0; f < PACK_FORMATS; f++) {
		struct pack inner = {0}, outer = {0};

		pack_add(&inner, (enum pack_format)f, "text", 4);
		pack_add(&outer, (enum pack_format)f, inner.bytes, inner.len);
		save("f", &outer);
		input_fixture_reads("f", inner.bytes, inner.len);
		free(inner.bytes);
		free(outer.bytes);
	}
}
END_TEST

START_TEST(not_our_formats)
{
	scratch_write("f", "BZh91AY&SY1234", 14);
	input_fixture_fails("f", ERR_UNSUPPORTED, 0, "bzip2");
	scratch_write("f", "\x1f\x9d\x90....", 7);
	input_fixture_fails("f", ERR_UNSUPPORTED, 0, "compress");
	scratch_write("f", "PK\x03\x04....", 8);
	input_fixture_fails("f", ERR_UNSUPPORTED, 0, "unzip -p");
	scratch_write("f", "\x04\x22\x4d\x18....", 8);
	input_fixture_fails("f", ERR_UNSUPPORTED, 0, "lz4cat");
	scratch_write("f", "7z\xbc\xaf\x27\x1c..", 8);
	input_fixture_fails("f", ERR_UNSUPPORTED, 0, "7z");
}
END_TEST

START_TEST(no_such_file)
{
	input_fixture_fails("none", ERR_IO, 0, "none: No such file");
	ck_assert_int_eq(mkdir("d", 0700), 0);
	input_fixture_fails("d", ERR_UNSUPPORTED, 0, "is a directory");
}
END_TEST

struct writer { /* of a pipe, in pieces */
	const char *name;
	const uint8_t *bytes;
	size_t len, piece;
	pthread_t thread;
};

static void *
write_pieces(void *argument)
{
	struct writer *w = argument;
	int fd = open(w->name, O_WRONLY | O_CLOEXEC);

	for (size_t at = 0; at < w->len;) {
		size_t left = w->len - at;
		ssize_t n = write(fd, w->bytes + at, left < w->piece ? left : w->piece);

		if (n < 0)
			break;
		at += (size_t)n;
	}
	close(fd);
	return NULL;
}

/* Whatever the pieces are in which a pipe gives it. */
START_TEST(pipes)
{
	static const size_t pieces[] = {1, 2, 3, 7, 100, 4096, 65536};
	char *bytes = input_fixture_bytes(20000, false);

	ck_assert_int_eq(mkfifo("fifo", 0600), 0);
	for (int f = 0; f <= PACK_FORMATS; f++)
		for (size_t i = 0; i < ORBL_COUNT(pieces); i++) {
			struct pack p = {0};
			struct writer w = {"fifo", NULL, 0, pieces[i], 0};

			if (f == PACK_FORMATS) {
				pack_raw(&p, bytes, 20000);
			} else {
				pack_add(&p, (enum pack_format)f, bytes, 10000);
				pack_add(&p, (enum pack_format)f, bytes + 10000, 10000);
			}
			w.bytes = p.bytes;
			w.len = p.len;
			ck_assert_int_eq(pthread_create(&w.thread, NULL, write_pieces, &w), 0);
			input_fixture_reads("fifo", bytes, 20000);
			ck_assert_int_eq(pthread_join(w.thread, NULL), 0);
			free(p.bytes);
		}
	free(bytes);
}
END_TEST

/* A pipe that stays open: its bytes come as they are there, and closing does not wait. */
START_TEST(slow_pipe)
{
	for (int f = 0; f <= PACK_FORMATS; f++) {
		struct pack p = {0};
		struct input *in;
		struct error e;
		struct text t;
		int fd;

		if (f == PACK_FORMATS)
			pack_raw(&p, "text", 4);
		else
			pack_add(&p, (enum pack_format)f, "text", 4);
		ck_assert_int_eq(mkfifo("slow", 0600), 0);
		fd = open("slow", O_RDWR | O_CLOEXEC);
		ck_assert_int_eq(write(fd, p.bytes, p.len), (ssize_t)p.len);
		ck_assert_int_eq(input_open("slow", &in, &e), OK);
		ck_assert_int_eq(input_read(in, &t, &e), OK);
		ck_assert_uint_eq(t.len, 4);
		ck_assert_mem_eq(t.p, "text", 4);
		input_close(in);
		close(fd);
		unlink("slow");
		free(p.bytes);
	}
}
END_TEST

START_TEST(closed_early)
{
	for (int f = 0; f < PACK_FORMATS; f++)
		for (int reads = 0; reads < 8; reads++) {
			struct pack p = {0};
			struct input *in;
			struct error e;
			struct text t;

			pack_zeros(&p, (enum pack_format)f, 8 << 20);
			save("f", &p);
			ck_assert_int_eq(input_open("f", &in, &e), OK);
			for (int i = 0; i < reads; i++)
				ck_assert_int_eq(input_read(in, &t, &e), OK);
			input_close(in);
			free(p.bytes);
		}
	input_close(NULL);
}
END_TEST

START_TEST(progress)
{
	char *bytes = input_fixture_bytes(1 << 20, true);
	uint64_t done, total;
	struct input *in;
	struct error e;
	struct text t;

	scratch_write("f", bytes, 1 << 20);
	ck_assert_int_eq(input_open("f", &in, &e), OK);
	ck_assert_int_eq(input_read(in, &t, &e), OK);
	input_progress(in, &done, &total);
	ck_assert_uint_eq(total, 1 << 20);
	ck_assert_uint_eq(done, t.len);
	while (t.len != 0)
		ck_assert_int_eq(input_read(in, &t, &e), OK);
	input_progress(in, &done, &total);
	ck_assert_uint_eq(done, total);
	input_close(in);
	free(bytes);
}
END_TEST

START_TEST(growing_file)
{
	struct input *in;
	struct error e;
	struct text t;
	FILE *f;

	scratch_write("f", "one\n", 4);
	ck_assert_int_eq(input_open("f", &in, &e), OK);
	f = fopen("f", "ab");
	ck_assert_int_eq(fputs("two\n", f), 1);
	ck_assert_int_eq(fclose(f), 0);
	ck_assert_int_eq(input_read(in, &t, &e), OK);
	ck_assert_uint_eq(t.len, 4);
	ck_assert_int_eq(input_read(in, &t, &e), OK);
	ck_assert_uint_eq(t.len, 4);
	ck_assert_mem_eq(t.p, "two\n", 4);
	ck_assert_int_eq(input_read(in, &t, &e), OK);
	ck_assert_uint_eq(t.len, 0);
	input_close(in);
}
END_TEST

static enum err
note_name(const char *name, void *context)
{
	char *names_seen = context;
	size_t len = strlen(names_seen);

	(void)snprintf(names_seen + len, 4096 - len, "%s\n", name);
	return strcmp(name, "tree/stop") == 0 ? ERR_FULL : OK;
}

static void
assert_walk(const char *path, const char *wanted)
{
	char seen[4096] = "";
	struct error e;

	ck_assert_int_eq(input_walk(path, note_name, seen, &e), OK);
	ck_assert_str_eq(seen, wanted);
}

START_TEST(walks)
{
	assert_walk("none", "none\n");
	assert_walk("-", "-\n");
	ck_assert_int_eq(mkdir("tree", 0700), 0);
	assert_walk("tree", "");
	ck_assert_int_eq(mkdir("tree/b", 0700), 0);
	ck_assert_int_eq(mkdir("tree/.hidden", 0700), 0);
	ck_assert_int_eq(mkdir("tree/empty", 0700), 0);
	scratch_write("tree/a.log", "", 0);
	scratch_write("tree/B.log", "", 0);
	scratch_write("tree/b/2", "", 0);
	scratch_write("tree/b/10", "", 0);
	scratch_write("tree/.x", "", 0);
	scratch_write("tree/.hidden/y", "", 0);
	scratch_write("tree/c.log", "", 0);
	ck_assert_int_eq(symlink("a.log", "tree/link"), 0);
	ck_assert_int_eq(symlink("..", "tree/loop"), 0);
	ck_assert_int_eq(mkfifo("tree/fifo", 0600), 0);
	assert_walk("tree", "tree/B.log\ntree/a.log\ntree/b/10\ntree/b/2\ntree/c.log\n");
	assert_walk("tree//", "tree/B.log\ntree/a.log\ntree/b/10\ntree/b/2\ntree/c.log\n");
	assert_walk("tree/fifo", "tree/fifo\n");
	assert_walk("tree/link", "tree/link\n");
	ck_assert_int_eq(symlink("tree/b", "outside"), 0);
	assert_walk("outside", "outside/10\noutside/2\n");
}
END_TEST

START_TEST(walk_ends)
{
	char seen[4096] = "";
	struct error e;

	ck_assert_int_eq(mkdir("tree", 0700), 0);
	ck_assert_int_eq(mkdir("tree/a", 0700), 0);
	scratch_write("tree/a/1", "", 0);
	scratch_write("tree/stop", "", 0);
	scratch_write("tree/t", "", 0);
	ck_assert_int_eq(input_walk("tree", note_name, seen, &e), ERR_FULL);
	ck_assert_str_eq(seen, "tree/a/1\ntree/stop\n");
}
END_TEST

/* Deeper than 16 levels is given out as it is, and input_open says what it is. */
START_TEST(walk_depth)
{
	char path[200], seen[4096] = "";
	struct error e;

	memset(path, '/', sizeof(path));
	for (size_t i = 0; i < 20; i++) {
		path[2 * i] = 'd';
		path[2 * i + 1] = '\0';
		ck_assert_int_eq(mkdir(path, 0700), 0);
		path[2 * i + 1] = '/';
	}
	ck_assert_int_eq(input_walk("d", note_name, seen, &e), OK);
	ck_assert_str_eq(seen, "d/d/d/d/d/d/d/d/d/d/d/d/d/d/d/d/d\n");
}
END_TEST

START_TEST(walk_unreadable)
{
	if (geteuid() == 0)
		return; /* reads everything */
	ck_assert_int_eq(mkdir("tree", 0700), 0);
	ck_assert_int_eq(mkdir("tree/a", 0), 0);
	scratch_write("tree/b", "", 0);
	assert_walk("tree", "tree/a\ntree/b\n");
	input_fixture_fails("tree/a", ERR_IO, 0, "Permission denied");
	ck_assert_int_eq(chmod("tree/a", 0700), 0);
}
END_TEST

static TCase *
add_case(Suite *s, const char *name)
{
	TCase *c = tcase_create(name);

	tcase_add_checked_fixture(c, scratch_enter, scratch_leave);
	tcase_set_timeout(c, 60);
	suite_add_tcase(s, c);
	return c;
}

static Suite *
suite(void)
{
	Suite *s = suite_create("input");
	TCase *files = add_case(s, "files"), *packed = add_case(s, "packed"),
	      *pipe_case = add_case(s, "pipes"), *walk = add_case(s, "walk");

	tcase_add_test(files, plain_files);
	tcase_add_test(files, nearly_a_format);
	tcase_add_test(files, not_our_formats);
	tcase_add_test(files, no_such_file);
	tcase_add_test(files, progress);
	tcase_add_test(files, growing_file);
	tcase_add_test(packed, formats);
	tcase_add_test(packed, several_members);
	tcase_add_test(packed, padding);
	tcase_add_test(packed, skippable_frames);
	tcase_add_test(packed, another_format_follows);
	tcase_add_test(packed, packed_twice);
	tcase_add_test(packed, closed_early);
	tcase_add_test(pipe_case, pipes);
	tcase_add_test(pipe_case, slow_pipe);
	tcase_add_test(walk, walks);
	tcase_add_test(walk, walk_ends);
	tcase_add_test(walk, walk_depth);
	tcase_add_test(walk, walk_unreadable);
	return s;
}

int
main(void)
{
	return unit_run(suite());
}
