#include "input.h"

#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#include <lzma.h>

#include "input_fixture.h"
#include "pack.h"
#include "scratch.h"
#include "unit.h"

static const char *const names[PACK_FORMATS] = {"gzip", "xz", "zstd"};

static void
save(const char *name, const struct pack *p)
{
	scratch_write(name, p->bytes, p->len);
}

/* Cut at every byte: what comes is a beginning of what was packed, and an end inside is told. */
START_TEST(cut_everywhere)
{
	static const char text[] =
		"Nov 21 19:00:02 mx1 postfix/smtpd[1]: connect from x[192.0.2.1]\n"
		"Nov 21 19:00:03 mx1 postfix/smtpd[1]: disconnect\n";
	const size_t len = sizeof(text) - 1;

	for (int f = 0; f < PACK_FORMATS; f++) {
		struct pack p = {0};
		size_t first;

		pack_add(&p, (enum pack_format)f, text, 70);
		first = p.len;
		pack_add(&p, (enum pack_format)f, text + 70, len - 70);
		for (size_t cut = 8; cut < p.len; cut++) {
			struct input_result r;
			enum err err;

			scratch_write("f", p.bytes, cut);
			err = input_fixture_read_all("f", &r);
			ck_assert_int_eq(err, cut == first ? OK : ERR_CORRUPT);
			ck_assert(err == OK || strstr(r.e.text, "cut off at byte ") != NULL);
			ck_assert(err == OK || strstr(r.e.text, names[f]) != NULL);
			ck_assert_uint_le(r.len, len);
			ck_assert_uint_ge(r.len, cut < first ? 0 : 70);
			ck_assert_mem_eq(r.bytes, text, r.len);
			free(r.bytes);
		}
		free(p.bytes);
	}
}
END_TEST

/* Every bit of a file changed: never more than a bounded output, never the text and an error that
 * does not name file and format. A change that gives another text is found by the check sum. */
START_TEST(changed_everywhere)
{
	static const char text[] =
		"Nov 21 19:00:02 mx1 postfix/smtpd[1]: connect from x[192.0.2.1]";

	for (int f = 0; f < PACK_FORMATS; f++) {
		struct pack p = {0};
		unsigned refused = 0;

		pack_add(&p, (enum pack_format)f, text, sizeof(text) - 1);
		for (size_t i = 0; i < p.len * 8; i++) {
			struct input_result r;
			enum err err;

			p.bytes[i / 8] ^= (uint8_t)(1 << i % 8);
			save("f", &p);
			err = input_fixture_read_all("f", &r);
			if (err == OK && r.len == p.len)
				ck_assert_mem_eq(r.bytes, p.bytes, r.len); /* plain */
			else if (err == OK)
				ck_assert(r.len == sizeof(text) - 1 &&
					memcmp(r.bytes, text, r.len) == 0);
			else
				refused++;
			ck_assert(err == OK || strncmp(r.e.text, "f: ", 3) == 0);
			ck_assert_uint_le(r.len, 1 << 20);
			free(r.bytes);
			p.bytes[i / 8] ^= (uint8_t)(1 << i % 8);
		}
		ck_assert_uint_ge(refused, p.len * 4);
		free(p.bytes);
	}
}
END_TEST

/* All that stands before the end of what is there comes out; of zstd and xz, whole blocks. */
START_TEST(front_of_cut)
{
	const size_t len = 1 << 20, block = 128 << 10;
	char *bytes = input_fixture_bytes(len, true);

	for (int f = 0; f < PACK_FORMATS; f++)
		for (size_t at = 1000; at < len; at += 77777) {
			size_t least = f == PACK_GZIP ? at - 500 : at / (block + 30) * block;
			struct pack p = {0};
			struct input_result r;

			pack_add(&p, (enum pack_format)f, bytes, len);
			p.len = at;
			save("f", &p);
			ck_assert_int_eq(input_fixture_read_all("f", &r), ERR_CORRUPT);
			ck_assert_uint_ge(r.len, least);
			ck_assert_mem_eq(r.bytes, bytes, r.len);
			free(r.bytes);
			free(p.bytes);
		}
	free(bytes);
}
END_TEST

/* A block's header is wrong: the block before it has come out when that is found. */
START_TEST(zstd_block_header)
{
	const size_t len = 1 << 20, block = 128 << 10, blocks = len / block;
	char *bytes = input_fixture_bytes(len, true);
	struct pack p = {0};
	size_t header;

	pack_add(&p, PACK_ZSTD, bytes, len);
	header = p.len - 4 - blocks * (block + 3);
	ck_assert_uint_le(header, 14);
	for (size_t i = 0; i < blocks; i++) {
		uint8_t *type = p.bytes + header + i * (block + 3);
		struct input_result r;

		*type |= 6; /* reserved */
		save("f", &p);
		ck_assert_int_eq(input_fixture_read_all("f", &r), ERR_CORRUPT);
		ck_assert_uint_eq(r.len, i * block);
		ck_assert_mem_eq(r.bytes, bytes, r.len);
		free(r.bytes);
		*type &= (uint8_t)~6;
	}
	save("f", &p);
	input_fixture_reads("f", bytes, len);
	free(p.bytes);
	free(bytes);
}
END_TEST

/* The check sum at the end of a gzip member or zstd frame is wrong: all has come out. */
START_TEST(check_sums)
{
	struct pack p = {0};

	pack_add(&p, PACK_GZIP, "text", 4);
	p.bytes[p.len - 8] ^= 1;
	save("f", &p);
	input_fixture_fails("f", ERR_CORRUPT, 4,
		"gzip data is damaged near byte 20 (incorrect data check)");
	p.len = 0;
	pack_add(&p, PACK_ZSTD, "text", 4);
	p.bytes[p.len - 1] ^= 1;
	save("f", &p);
	input_fixture_fails("f", ERR_CORRUPT, 4, "zstd data is damaged");
	free(p.bytes);
}
END_TEST

static long
peak_kilobytes(void)
{
	struct rusage u;

	ck_assert_int_eq(getrusage(RUSAGE_SELF, &u), 0);
	return u.ru_maxrss;
}

START_TEST(bombs)
{
	const size_t len = (size_t)300 << 20;

	for (int f = 0; f < PACK_FORMATS; f++) {
		struct pack p = {0};
		struct input *in;
		struct error e;
		struct text t = TEXT("x");
		size_t got = 0;
		long before;

		pack_zeros(&p, (enum pack_format)f, len);
		ck_assert_uint_le(p.len, len / 500);
		save("f", &p);
		free(p.bytes);
		before = peak_kilobytes();
		ck_assert_int_eq(input_open("f", &in, &e), OK);
		for (; t.len != 0; got += t.len) {
			ck_assert_int_eq(input_read(in, &t, &e), OK);
			ck_assert(t.len == 0 || (t.p[0] == 0 && t.p[t.len - 1] == 0));
		}
		input_close(in);
		ck_assert_uint_eq(got, len);
		ck_assert_int_le(peak_kilobytes() - before, 16 << 10);
	}
}
END_TEST

/* A frame whose window has 2 to the power of log bytes, with an empty block. */
static void
save_window(unsigned log)
{
	uint8_t frame[] = {0x28, 0xb5, 0x2f, 0xfd, 0, (uint8_t)((log - 10) << 3), 1, 0, 0};

	scratch_write("f", frame, sizeof(frame));
}

START_TEST(zstd_window)
{
	save_window(27);
	input_fixture_reads("f", "", 0);
	save_window(28);
	input_fixture_fails("f", ERR_REFUSED, 0, "128 MiB; unpack it with zstdcat");
	save_window(41);
	input_fixture_fails("f", ERR_REFUSED, 0, "128 MiB");
}
END_TEST

/* The size of the dictionary is a byte of the block's header, which has a CRC32. */
static void
save_dictionary(uint8_t size)
{
	enum { HEADER = 12 };
	struct pack p = {0};
	uint8_t *filter;
	size_t crc_at;
	uint32_t crc;

	pack_add(&p, PACK_XZ, "text", 4);
	crc_at = HEADER + (size_t)p.bytes[HEADER] * 4;
	filter = memmem(p.bytes + HEADER, crc_at - HEADER, "\x21\x01", 2); /* LZMA2, one byte */
	ck_assert_ptr_nonnull(filter);
	filter[2] = size;
	crc = lzma_crc32(p.bytes + HEADER, crc_at - HEADER, 0);
	for (size_t i = 0; i < 4; i++)
		p.bytes[crc_at + i] = (uint8_t)(crc >> 8 * i);
	save("f", &p);
	free(p.bytes);
}

START_TEST(xz_memory)
{
	save_dictionary(28); /* 64 MiB: xz -9 */
	input_fixture_reads("f", "text", 4);
	save_dictionary(30); /* 128 MiB */
	input_fixture_fails("f", ERR_REFUSED, 0,
		"MiB of memory, the limit is 96 MiB; unpack it with xzcat");
	save_dictionary(40); /* 4 GiB */
	input_fixture_fails("f", ERR_REFUSED, 0, "the limit is 96 MiB");
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
	Suite *s = suite_create("input_damage");
	TCase *damage = add_case(s, "damage"), *bounds = add_case(s, "bounds");

	tcase_add_test(damage, cut_everywhere);
	tcase_add_test(damage, changed_everywhere);
	tcase_add_test(damage, front_of_cut);
	tcase_add_test(damage, zstd_block_header);
	tcase_add_test(damage, check_sums);
	tcase_add_test(bounds, bombs);
	tcase_add_test(bounds, zstd_window);
	tcase_add_test(bounds, xz_memory);
	return s;
}

int
main(void)
{
	return unit_run(suite());
}
