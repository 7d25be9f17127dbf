#include "evt.h"

#include <stdlib.h>
#include <string.h>

#include "eventlog_fixture.h"
#include "eventlog_write.h"
#include "unit.h"

enum { FILE_MAX = 1 << 20, HEADER = 48 };

static const char specs[] =
	"event\nsource MSExchangeTransport\nid 3221232482\nnumber 101\n"
	"time 1795168800\ncomputer MAIL1\nstring 1\nstring 42\n"
	"string 203.0.113.5\nstring rcpt\nstring 550 no\n"
	"event\nsource MSExchangeIMC\nid 2027\nnumber 102\ntime 1795168801\n"
	"computer MAIL1\nstring 198.51.100.7\nstring \nstring a@b.example\n"
	"event\nsource Other\nid 5\nnumber 103\ntime 1795168802\n"
	"computer M\xc3\x9c\nstring \\uD800x\\uDC00 \xf0\x9f\x98\x80\n"
	"event\nsource Plain\nid 65541\nnumber 104\ntime 1795168803\ncomputer M\n"
	"event\nsource Last\nid 7\nnumber 105\ntime 1795168804\ncomputer M\n"
	"string L f L e LfLe\n";
static const char *const lines[] = {
	"101 2026-11-20T10:00:00Z MSExchangeTransport 7010 MAIL1|1|42|203.0.113.5|rcpt|550 no",
	"102 2026-11-20T10:00:01Z MSExchangeIMC 2027 MAIL1|198.51.100.7||a@b.example",
	"103 2026-11-20T10:00:02Z Other 5 M\xc3\x9c|\xef\xbf\xbdx\xef\xbf\xbd \xf0\x9f\x98\x80",
	"104 2026-11-20T10:00:03Z Plain 5 M",
	"105 2026-11-20T10:00:04Z Last 7 M|L f L e LfLe",
};
enum { LINES = 5 };

struct log {
	uint8_t *bytes;
	size_t len;
};

static struct log
make_log(const struct eventlog_options *o)
{
	static struct event_spec events[LINES];
	struct log log = {malloc(FILE_MAX), 0};

	ck_assert_ptr_nonnull(log.bytes);
	ck_assert_uint_eq(eventlog_read_specs(specs, sizeof(specs) - 1, events, LINES), LINES);
	log.len = evt_write(events, LINES, o, log.bytes, FILE_MAX);
	ck_assert_uint_ne(log.len, 0);
	return log;
}

static void
run(struct event_trace *t, const void *bytes, size_t len, size_t step)
{
	memset(t, 0, sizeof(*t));
	ck_assert_int_eq(event_trace_run(t, "evt", bytes, len, step), OK);
}

static struct event_trace trace;

START_TEST(reads_what_is_written)
{
	const struct eventlog_options options[] = {{.is_dirty = false}, {.is_dirty = true}};

	for (size_t i = 0; i < 2; i++) {
		struct log log = make_log(&options[i]);

		for (size_t step = 1; step < 2 * log.len; step = step * 3 + 1) {
			run(&trace, log.bytes, log.len, step);
			ck_assert_uint_eq(trace.events, LINES);
			ck_assert_uint_eq(trace.troubles, 0);
			for (unsigned k = 0; k < LINES; k++)
				ck_assert_str_eq(trace.line[k], lines[k]);
		}
		free(log.bytes);
	}
}
END_TEST

/* Wherever the circle's end falls, the records that it has kept are read, each once. */
START_TEST(reads_a_circle_of_any_size)
{
	unsigned wrapped = 0;

	for (size_t size = 400; size < 900; size += 4) {
		struct eventlog_options options = {.file_size = size, .is_dirty = size % 8 != 0};
		struct log log = make_log(&options);

		run(&trace, log.bytes, log.len, 113);
		ck_assert_msg(trace.troubles == 0, "%zu: %s", size, trace.trouble);
		ck_assert_uint_ge(trace.events, 1);
		for (unsigned k = LINES - trace.events; k < LINES; k++)
			ck_assert_msg(event_trace_has(&trace, lines[k]), "%zu: %s", size, lines[k]);
		wrapped += trace.events < LINES;
		free(log.bytes);
	}
	ck_assert_uint_gt(wrapped, 50);
}
END_TEST

/* Start of record k, and of the end record. */
static size_t
start_of(const struct log *log, unsigned k)
{
	size_t at = HEADER;

	for (; k != 0; k--)
		at += (size_t)(log->bytes[at] | log->bytes[at + 1] << 8);
	return at;
}

START_TEST(every_truncation)
{
	struct log log = make_log(&(struct eventlog_options){0});

	for (size_t len = 0; len < log.len; len++) {
		run(&trace, log.bytes, len, 200);
		ck_assert_uint_ge(trace.troubles, 1);
		for (unsigned k = 0; k < LINES; k++)
			ck_assert_int_eq(event_trace_has(&trace, lines[k]),
				len >= start_of(&log, k + 1));
		ck_assert_uint_lt(trace.events, LINES + 1);
	}
	free(log.bytes);
}
END_TEST

/* Whatever is lost is told. */
START_TEST(every_truncation_of_a_circle)
{
	for (size_t size = 400; size < 900; size += 36) {
		struct eventlog_options options = {.file_size = size};
		struct log log = make_log(&options);
		unsigned whole;

		run(&trace, log.bytes, log.len, 200);
		whole = trace.events;
		for (size_t len = 0; len < log.len; len++) {
			run(&trace, log.bytes, len, 200);
			ck_assert_msg(trace.events == whole || trace.troubles != 0, "%zu of %zu",
				len, size);
		}
		free(log.bytes);
	}
}
END_TEST

/* Where a record has its length and its signature: what is known of it twice. */
static bool
is_framing(const struct log *log, size_t at)
{
	for (unsigned k = 0; k < LINES; k++)
		if ((at >= start_of(log, k) && at < start_of(log, k) + 8) ||
			(at < start_of(log, k + 1) && at + 4 >= start_of(log, k + 1)))
			return true;
	return false;
}

/* What is outside of the record that has it is read, and nothing else is. */
static void
flip_all(const struct eventlog_options *options)
{
	struct log log = make_log(options);
	struct event_trace whole;

	run(&whole, log.bytes, log.len, 4096);
	for (size_t bit = 0; bit < log.len * 8; bit++) {
		unsigned missing = 0;

		log.bytes[bit / 8] ^= (uint8_t)(1U << bit % 8);
		run(&trace, log.bytes, log.len, 4096);
		log.bytes[bit / 8] ^= (uint8_t)(1U << bit % 8);
		for (unsigned k = 0; k < whole.events; k++)
			missing += !event_trace_has(&trace, whole.line[k]);
		ck_assert_msg(missing <= 1, "bit %zu: %u are missing", bit, missing);
		ck_assert_msg(trace.events <= whole.events, "bit %zu: one too many", bit);
		if (bit / 8 < HEADER || (options->file_size == 0 && is_framing(&log, bit / 8)))
			ck_assert_msg(missing == 0, "bit %zu", bit);
		if (options->file_size == 0) /* a record that was mended */
			ck_assert_msg(trace.doubtful == is_framing(&log, bit / 8), "bit %zu", bit);
	}
	free(log.bytes);
}

START_TEST(every_bit)
{
	flip_all(&(struct eventlog_options){.is_dirty = false});
}
END_TEST

START_TEST(every_bit_of_a_circle)
{
	flip_all(&(struct eventlog_options){.file_size = 700});
}
END_TEST

/* Runs of zeros and of noise: only what they touch is lost, and it is told. */
START_TEST(holes)
{
	struct log log = make_log(&(struct eventlog_options){0}), damaged;

	damaged.bytes = malloc(log.len);
	ck_assert_ptr_nonnull(damaged.bytes);
	for (size_t at = HEADER; at < start_of(&log, LINES); at += 3) {
		for (size_t size = 8; size < 300 && at + size <= log.len; size *= 3) {
			memcpy(damaged.bytes, log.bytes, log.len);
			for (size_t i = 0; i < size; i++)
				damaged.bytes[at + i] = size % 2 == 0 ?
					0 :
					(uint8_t)((i * 37 + at) | 1);
			run(&trace, damaged.bytes, log.len, 1000);
			ck_assert_uint_le(trace.events, LINES);
			for (unsigned k = 0; k < LINES; k++)
				if (start_of(&log, k + 1) <= at || start_of(&log, k) >= at + size)
					ck_assert_msg(event_trace_has(&trace, lines[k]),
						"%zu+%zu: %u", at, size, k);
		}
	}
	free(damaged.bytes);
	free(log.bytes);
}
END_TEST

/* Where the part of the file that is looked at ends, a record may start. */
START_TEST(gaps_of_any_size)
{
	struct log log = make_log(&(struct eventlog_options){0});
	uint8_t *bytes = malloc(FILE_MAX);

	ck_assert_ptr_nonnull(bytes);
	for (size_t gap = 128 * 1024 - 64; gap <= 128 * 1024 + 8; gap++) {
		memcpy(bytes, log.bytes, HEADER);
		memset(bytes + HEADER, 'x', gap);
		memcpy(bytes + HEADER + gap, log.bytes + HEADER, log.len - HEADER);
		run(&trace, bytes, gap + log.len, 200000);
		ck_assert_uint_eq(trace.events, LINES);
		ck_assert_uint_eq(trace.troubles, 1);
		ck_assert_ptr_nonnull(strstr(trace.trouble, "from byte 48 to "));
	}
	free(bytes);
	free(log.bytes);
}
END_TEST

/* The end record goes on behind the header, as a record may. */
START_TEST(end_in_two_parts)
{
	struct log log = make_log(&(struct eventlog_options){0});
	uint8_t end[40];

	for (size_t n = 8; n < 40; n += 4) {
		uint8_t *bytes = malloc(log.len);

		ck_assert_ptr_nonnull(bytes);
		memcpy(end, log.bytes + log.len - 40, 40);
		memcpy(bytes, log.bytes, HEADER);
		memcpy(bytes + HEADER, end + n, 40 - n);
		memcpy(bytes + HEADER + 40 - n, log.bytes + HEADER, log.len - HEADER - 40 + n);
		run(&trace, bytes, log.len, 100);
		ck_assert_uint_eq(trace.events, LINES);
		ck_assert_msg(trace.troubles == 0, "%zu: %s", n, trace.trouble);
		free(bytes);
	}
	free(log.bytes);
}
END_TEST

/* None is made up of a string that does not end. */
START_TEST(strings_that_do_not_end)
{
	struct log log = make_log(&(struct eventlog_options){0});
	size_t end = start_of(&log, 1) - 4;

	for (size_t at = HEADER + 56; at < end - 4; at += 2) { /* up to the last NUL */
		uint8_t *bytes = malloc(log.len);

		ck_assert_ptr_nonnull(bytes);
		memcpy(bytes, log.bytes, log.len);
		memset(bytes + at, 'x', end - at);
		run(&trace, bytes, log.len, 1000);
		ck_assert_uint_eq(trace.events, LINES - 1);
		ck_assert_uint_eq(trace.troubles, 1);
		free(bytes);
	}
	free(log.bytes);
}
END_TEST

START_TEST(tells_its_own_files)
{
	struct log log = make_log(&(struct eventlog_options){0});
	struct text head = {(const char *)log.bytes, 300};

	ck_assert(evt_knows(head));
	ck_assert(!evt_knows(text_upto(head, 47)));
	log.bytes[4] = 'x';
	ck_assert(evt_knows(head));
	log.bytes[8] = 2;
	ck_assert(!evt_knows(head));
	ck_assert(!evt_knows(TEXT_NONE));
	ck_assert(!evt_knows(TEXT("0\0\0\0LfLe and then a text that is longer than the header")));
	free(log.bytes);
}
END_TEST

START_TEST(ends_when_the_sink_does)
{
	struct log log = make_log(&(struct eventlog_options){0});

	memset(&trace, 0, sizeof(trace));
	trace.stop_after = 2;
	ck_assert_int_eq(event_trace_run(&trace, "evt", log.bytes, log.len, 100), ERR_FULL);
	ck_assert_uint_eq(trace.events, 2);
	free(log.bytes);
}
END_TEST

/* Many records, larger than the buffer in sum. */
START_TEST(long_log)
{
	struct event_spec *events = calloc(600, sizeof(*events));
	uint8_t *bytes = malloc(FILE_MAX);
	size_t len;

	ck_assert_ptr_nonnull(events);
	ck_assert_ptr_nonnull(bytes);
	for (size_t i = 0; i < 600; i++) {
		events[i].number = i + 1;
		events[i].id = 7;
		events[i].string_count = 1;
		memset(events[i].strings[0].value, 'x', 500 + i % 400);
	}
	len = evt_write(events, 600, &(struct eventlog_options){0}, bytes, FILE_MAX);
	ck_assert_uint_gt(len, 600000);
	memset(&trace, 0, sizeof(trace));
	trace.stop_after = 60;
	ck_assert_int_eq(event_trace_run(&trace, "evt", bytes, len, 70000), ERR_FULL);
	ck_assert_uint_eq(trace.events, 60);
	ck_assert_uint_eq(trace.troubles, 0);
	/* The last of them, behind a hole over the rest. */
	memset(bytes + HEADER, 0x4c, len - 30000);
	run(&trace, bytes, len, 70000);
	ck_assert_uint_ge(trace.events, 14);
	ck_assert_uint_ge(trace.troubles, 1);
	free(bytes);
	free(events);
}
END_TEST

static Suite *
suite(void)
{
	Suite *s = suite_create("evt");
	TCase *whole = tcase_create("whole"), *damage = tcase_create("damage");

	tcase_set_timeout(damage, 120);
	tcase_add_test(whole, reads_what_is_written);
	tcase_add_test(whole, reads_a_circle_of_any_size);
	tcase_add_test(whole, tells_its_own_files);
	tcase_add_test(whole, ends_when_the_sink_does);
	tcase_add_test(whole, long_log);
	tcase_add_test(damage, every_truncation);
	tcase_add_test(damage, every_truncation_of_a_circle);
	tcase_add_test(damage, every_bit);
	tcase_add_test(damage, every_bit_of_a_circle);
	tcase_add_test(damage, holes);
	tcase_add_test(damage, gaps_of_any_size);
	tcase_add_test(damage, strings_that_do_not_end);
	tcase_add_test(whole, end_in_two_parts);
	suite_add_tcase(s, whole);
	suite_add_tcase(s, damage);
	return s;
}

int
main(void)
{
	return unit_run(suite());
}
