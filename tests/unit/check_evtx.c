#include "evtx.h"

#include <stdlib.h>
#include <string.h>

#include "eventlog_fixture.h"
#include "eventlog_write.h"
#include "unit.h"

enum { FILE_MAX = 1 << 20, FILE_HEADER = 4096, CHUNK = 65536, RECORDS = 512, LINES = 6 };

/* The first two define what the others use; they are not damaged where others are looked for. */
static const char specs[] =
	"event\nsource MSExchangeTransport\nid 3221232482\nnumber 101\n"
	"time 1795168800\ncomputer MAIL1\nstring 1\nstring 42\n"
	"string 203.0.113.5\nstring rcpt\nstring 550 no\n"
	"event\nsource Named\nid 5\nnumber 102\ntime 1795168801\n"
	"computer M\xc3\x9c\nnamed a \\uD800x\\uDC00\nnamed b \xf0\x9f\x98\x80\n"
	"event\nsource MSExchangeIMC\nid 2027\nnumber 103\ntime 1795168802\n"
	"computer MAIL1\nstring 198.51.100.7\nstring \nstring a@b.example\n"
	"event\nsource Plain\nid 65541\nnumber 104\ntime 1795168803\ncomputer M\n"
	"event\nsource User\nid 6\nnumber 105\ntime 1795168804\ncomputer M\n"
	"user Stuff\nnamed one 1\nnamed two \n"
	"event\nsource Last\nid 7\nnumber 106\ntime 1795168805\ncomputer M\n"
	"string **\n";
static const char *const lines[LINES] = {
	"101 2026-11-20T10:00:00Z MSExchangeTransport 7010 MAIL1|1|42|203.0.113.5|rcpt|550 no",
	"102 2026-11-20T10:00:01Z Named 5 M\xc3\x9c|a=\xef\xbf\xbdx\xef\xbf\xbd|b=\xf0\x9f\x98\x80",
	"103 2026-11-20T10:00:02Z MSExchangeIMC 2027 MAIL1|198.51.100.7||a@b.example",
	"104 2026-11-20T10:00:03Z Plain 5 M|",
	"105 2026-11-20T10:00:04Z User 6 M|one=1|two=",
	"106 2026-11-20T10:00:05Z Last 7 M|**",
};

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
	log.len = evtx_write(events, LINES, o, log.bytes, FILE_MAX);
	ck_assert_uint_ne(log.len, 0);
	return log;
}

static void
run(struct event_trace *t, const void *bytes, size_t len, size_t step)
{
	memset(t, 0, sizeof(*t));
	ck_assert_int_eq(event_trace_run(t, "evtx", bytes, len, step), OK);
}

static struct event_trace trace;

static uint32_t
u32_at(const struct log *log, size_t at)
{
	const uint8_t *p = log->bytes + at;

	return p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 | (uint32_t)p[3] << 24;
}

/* Start of record k of the only chunk. */
static size_t
start_of(const struct log *log, unsigned k)
{
	size_t at = FILE_HEADER + RECORDS;

	for (; k != 0; k--)
		at += u32_at(log, at + 4);
	return at;
}

static void
assert_all(const char *what)
{
	ck_assert_msg(trace.events == LINES, "%s: %u events", what, trace.events);
	for (unsigned k = 0; k < LINES; k++)
		ck_assert_str_eq(trace.line[k], lines[k]);
}

START_TEST(reads_what_is_written)
{
	static const struct eventlog_options options[] = {
		{.is_dirty = false},
		{.is_dirty = true, .per_chunk = 2},
		{.is_new = true, .per_chunk = 1},
		{.no_checksums = true},
		{.per_chunk = 4},
	};

	for (size_t i = 0; i < ORBL_COUNT(options); i++) {
		struct log log = make_log(&options[i]);

		for (size_t step = 1; step < 2 * log.len; step = step * 7 + 1) {
			run(&trace, log.bytes, log.len, step);
			assert_all("options");
			ck_assert_uint_eq(trace.doubtful, 0);
			ck_assert_msg(trace.troubles == 0, "%s", trace.trouble);
		}
		free(log.bytes);
	}
}
END_TEST

START_TEST(reads_forwarded_events)
{
	static const char forwarded[] =
		"event\nsource MSExchangeTransport\nid 7010\nnumber 9\ntime 36005\n"
		"computer EX.example\nstring 1\nstring \\u0001 <>&\nmessage It was <rejected>.\n"
		"event\nsource N\nid 1\nnumber 10\ntime 36006\ncomputer c\nnamed a b\n";
	static struct event_spec events[2];
	static uint8_t bytes[FILE_HEADER + CHUNK];
	struct eventlog_options o = {.is_plain = true};

	ck_assert_uint_eq(eventlog_read_specs(forwarded, sizeof(forwarded) - 1, events, 2), 2);
	ck_assert_uint_eq(evtx_write(events, 2, &o, bytes, sizeof(bytes)), sizeof(bytes));
	run(&trace, bytes, sizeof(bytes), 1000);
	ck_assert_uint_eq(trace.events, 2);
	ck_assert_uint_eq(trace.troubles, 0);
	ck_assert_str_eq(trace.line[0],
		"9 2026-11-20T10:00:05Z MSExchangeTransport 7010 EX.example|1|\x01 <>&"
		"#It was <rejected>.");
	ck_assert_str_eq(trace.line[1], "10 2026-11-20T10:00:06Z N 1 c|a=b");
}
END_TEST

START_TEST(every_truncation)
{
	struct log log = make_log(&(struct eventlog_options){0});
	size_t used = start_of(&log, LINES);

	for (size_t len = 0; len < log.len; len += len < used ? 1 : 997) {
		run(&trace, log.bytes, len, 70000);
		ck_assert(len == 0 || trace.troubles >= 1);
		ck_assert_uint_le(trace.events, LINES);
		for (unsigned k = 0; k < LINES; k++)
			ck_assert_msg(event_trace_has(&trace, lines[k]) ==
					(len >= start_of(&log, k + 1)),
				"%zu: %u", len, k);
	}
	free(log.bytes);
}
END_TEST

static bool
is_framing(const struct log *log, size_t at)
{
	for (unsigned k = 0; k < LINES; k++)
		if ((at >= start_of(log, k) && at < start_of(log, k) + 8) ||
			(at < start_of(log, k + 1) && at + 4 >= start_of(log, k + 1)))
			return true;
	return false;
}

/* Every third one, so that all bytes have their turn. In the headers nothing is lost; in a record
 * at most it, but the first two have the names and the templates of the others. Whatever is damaged
 * is told. */
START_TEST(every_bit)
{
	struct log log = make_log(&(struct eventlog_options){0});
	size_t used = start_of(&log, LINES), shared = start_of(&log, 2);

	for (size_t bit = 0; bit < used * 8; bit += 3) {
		size_t at = bit / 8;
		bool framing = is_framing(&log, at);
		bool is_flag = at % FILE_HEADER >= 120 && at % FILE_HEADER < 124 &&
			at < FILE_HEADER + 128;
		unsigned missing = 0;

		if (at >= 128 && at < FILE_HEADER) /* of no meaning */
			continue;
		log.bytes[at] ^= (uint8_t)(1U << bit % 8);
		run(&trace, log.bytes, log.len, 70000);
		for (unsigned k = 0; k < LINES; k++)
			missing += !event_trace_has(&trace, lines[k]);
		ck_assert_uint_le(trace.events, LINES);
		if (at < FILE_HEADER + RECORDS || framing)
			ck_assert_msg(missing == 0, "bit %zu: %u are missing", bit, missing);
		else if (at >= shared)
			ck_assert_msg(missing <= 1, "bit %zu: %u are missing", bit, missing);
		ck_assert_msg(trace.troubles != 0 || is_flag, "bit %zu is not told", bit);
		log.bytes[at] ^= (uint8_t)(1U << bit % 8);
	}
	free(log.bytes);
}
END_TEST

START_TEST(holes)
{
	struct log log = make_log(&(struct eventlog_options){0}), damaged;
	size_t used = start_of(&log, LINES);

	damaged.bytes = malloc(log.len);
	ck_assert_ptr_nonnull(damaged.bytes);
	for (size_t at = start_of(&log, 2); at < used; at += 7) {
		for (size_t size = 8; size < 800; size *= 3) {
			memcpy(damaged.bytes, log.bytes, log.len);
			for (size_t i = 0; i < size && at + i < used; i++)
				damaged.bytes[at + i] = at % 2 == 0 ? 0 : (uint8_t)(i * 37 + at);
			run(&trace, damaged.bytes, log.len, 70000);
			ck_assert_uint_le(trace.events, LINES);
			ck_assert_uint_ge(trace.troubles, 1);
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

/* One chunk is no good: the others are read. Its magic alone: so are its own records. */
START_TEST(damaged_chunks)
{
	struct eventlog_options o = {.per_chunk = 2};
	struct log log = make_log(&o);

	ck_assert_uint_eq(log.len, FILE_HEADER + 3 * CHUNK);
	memset(log.bytes + FILE_HEADER + CHUNK, 0, 8);
	run(&trace, log.bytes, log.len, 5000);
	assert_all("magic");
	ck_assert_uint_eq(trace.troubles, 1);
	memset(log.bytes + FILE_HEADER + CHUNK, 0x2a, CHUNK);
	run(&trace, log.bytes, log.len, 5000);
	ck_assert_uint_eq(trace.events, 4);
	ck_assert_uint_eq(trace.troubles, 2);
	memset(log.bytes + FILE_HEADER + CHUNK, 0, CHUNK); /* set aside */
	run(&trace, log.bytes, log.len, 5000);
	ck_assert_uint_eq(trace.events, 4);
	ck_assert_uint_eq(trace.troubles, 0);
	free(log.bytes);
}
END_TEST

/* Bytes have been lost between chunks, or all that is before them. */
START_TEST(shifted_chunks)
{
	struct eventlog_options o = {.per_chunk = 2};
	struct log log = make_log(&o);
	size_t second = FILE_HEADER + CHUNK;

	run(&trace, log.bytes + FILE_HEADER, log.len - FILE_HEADER, 5000);
	assert_all("no header");
	ck_assert_uint_eq(trace.troubles, 0);
	memmove(log.bytes + second + 1000, log.bytes + second, log.len - second);
	memset(log.bytes + second, 'x', 1000);
	run(&trace, log.bytes, log.len + 1000, 5000);
	assert_all("1000 bytes too many");
	ck_assert_uint_ge(trace.troubles, 1);
	free(log.bytes);
}
END_TEST

/* Events of a chunk whose checksums are wrong are doubtful, those of the others are not. */
START_TEST(doubtful_events)
{
	struct eventlog_options o = {.per_chunk = 2};
	struct log log = make_log(&o);
	uint8_t *chunk = log.bytes + FILE_HEADER + CHUNK;

	chunk[52] ^= 1; /* the checksum of the records */
	run(&trace, log.bytes, log.len, 5000);
	assert_all("records");
	ck_assert_uint_eq(trace.doubtful, 2);
	chunk[52] ^= 1;
	chunk[124] ^= 1; /* of the header */
	run(&trace, log.bytes, log.len, 5000);
	assert_all("header");
	ck_assert_uint_eq(trace.doubtful, 2);
	chunk[124] ^= 1;
	memset(chunk + 52, 0, 4); /* no checksums, though no flag says so */
	memset(chunk + 124, 0, 4);
	run(&trace, log.bytes, log.len, 5000);
	assert_all("none");
	ck_assert_uint_eq(trace.doubtful, 0);
	ck_assert_uint_eq(trace.troubles, 0);
	free(log.bytes);
	o = (struct eventlog_options){.no_checksums = true};
	log = make_log(&o);
	log.bytes[start_of(&log, 1)] ^= 1; /* a signature: mended */
	run(&trace, log.bytes, log.len, 5000);
	assert_all("signature");
	ck_assert_uint_eq(trace.doubtful, 1);
	free(log.bytes);
}
END_TEST

START_TEST(missing_chunks)
{
	struct eventlog_options o = {.per_chunk = 2};
	struct log log = make_log(&o);

	for (unsigned chunks = 0; chunks < 3; chunks++) {
		run(&trace, log.bytes, FILE_HEADER + chunks * CHUNK, 5000);
		ck_assert_uint_eq(trace.events, 2 * chunks);
		ck_assert_uint_eq(trace.troubles, 1);
		ck_assert_ptr_nonnull(strstr(trace.trouble, "fewer chunks"));
	}
	free(log.bytes);
}
END_TEST

/* What an earlier use of the chunk left behind the last record is not read, even when nothing is
 * said about where that is. */
START_TEST(old_records)
{
	struct log log = make_log(&(struct eventlog_options){0});
	uint8_t *chunk = log.bytes + FILE_HEADER;
	size_t end = start_of(&log, LINES) - FILE_HEADER;
	size_t third = start_of(&log, 2) - FILE_HEADER, size = u32_at(&log, start_of(&log, 2) + 4);

	memcpy(chunk + end, chunk + third, size);
	run(&trace, log.bytes, log.len, 70000);
	assert_all("old record");
	ck_assert_uint_eq(trace.troubles, 0);
	chunk[124] ^= 1;
	run(&trace, log.bytes, log.len, 70000);
	assert_all("old record and no header");
	/* The next one is, when the header is not up to date. */
	chunk[124] ^= 1;
	chunk[end + 8] = 107;
	run(&trace, log.bytes, log.len, 70000);
	ck_assert_uint_eq(trace.events, LINES + 1);
	ck_assert_uint_eq(trace.troubles, 0);
	free(log.bytes);
}
END_TEST

START_TEST(tells_its_own_files)
{
	struct log log = make_log(&(struct eventlog_options){0});
	struct text head = {(const char *)log.bytes, FILE_HEADER};

	ck_assert(evtx_knows(head));
	ck_assert(evtx_knows(text_upto(head, 60)));
	ck_assert(evtx_knows((struct text){head.p + FILE_HEADER, 512}));
	log.bytes[0] = log.bytes[7] = 'x';
	ck_assert(evtx_knows(head));
	log.bytes[32] = 0;
	ck_assert(!evtx_knows(head));
	log.bytes[32] = 0x80;
	memcpy(log.bytes, "2026-11-20 07:00:00 < ", 22);
	ck_assert(!evtx_knows(head));
	ck_assert(!evtx_knows(TEXT_NONE));
	ck_assert(!evtx_knows(TEXT("ElfFile is a name, this is a line of text, and that is all")));
	free(log.bytes);
}
END_TEST

START_TEST(ends_when_the_sink_does)
{
	struct log log = make_log(&(struct eventlog_options){0});

	memset(&trace, 0, sizeof(trace));
	trace.stop_after = 2;
	ck_assert_int_eq(event_trace_run(&trace, "evtx", log.bytes, log.len, 30000), ERR_FULL);
	ck_assert_uint_eq(trace.events, 2);
	free(log.bytes);
}
END_TEST

static Suite *
suite(void)
{
	Suite *s = suite_create("evtx");
	TCase *whole = tcase_create("whole"), *damage = tcase_create("damage");

	tcase_set_timeout(damage, 300);
	tcase_add_test(whole, reads_what_is_written);
	tcase_add_test(whole, reads_forwarded_events);
	tcase_add_test(whole, tells_its_own_files);
	tcase_add_test(whole, ends_when_the_sink_does);
	tcase_add_test(whole, old_records);
	tcase_add_test(damage, every_truncation);
	tcase_add_test(damage, every_bit);
	tcase_add_test(damage, holes);
	tcase_add_test(damage, damaged_chunks);
	tcase_add_test(damage, shifted_chunks);
	tcase_add_test(damage, doubtful_events);
	tcase_add_test(damage, missing_chunks);
	suite_add_tcase(s, whole);
	suite_add_tcase(s, damage);
	return s;
}

int
main(void)
{
	return unit_run(suite());
}
