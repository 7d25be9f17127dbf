#include "tai_line.h"

#include "unit.h"

static bool
parse(enum frame frame, const char *message, struct tai_line *out)
{
	struct log_line s = {.frame = frame, .message = text_of(message), .count = 1};

	return tai_line_parse(&s, out);
}

static void
assert_message(const struct tai_line *line, const char *wanted)
{
	ck_assert_msg(text_equal(line->message, text_of(wanted)), "%.*s is not %s",
		TEXT_ARG(line->message), wanted);
}

START_TEST(label)
{
	struct stamp_clock clock;
	struct tai_line line;
	int64_t s;

	stamp_clock_init(&clock, 0);
	ck_assert(parse(FRAME_NONE, "@400000006b01a7aa0a1b2c3c x y", &line));
	assert_message(&line, "x y");
	ck_assert(stamp_to_epoch(&line.stamp, &clock, &s));
	ck_assert_int_eq(s, 0x6b01a7aa - 10);
	ck_assert_int_eq(line.stamp.us, 0x0a1b2c3c / 1000);
	ck_assert(parse(FRAME_SYSLOG, "@400000006b01a7aa0a1b2c3c x", &line));
	assert_message(&line, "x");
}
END_TEST

START_TEST(no_label)
{
	static const char *const lines[] = {"", "@", "@400000006b01a7aa0a1b2c3 x",
		"@400000006b01a7aa0a1b2c3cx", "@400000006b01a7aa0A1b2c3c x",
		"@400000006b01a7aaffffffff x", "@300000006b01a7aa0a1b2c3c x",
		"@ffffffffffffffff00000000 x", "@400000006b01a7aa0a1b2c3c", "x"};

	for (size_t i = 0; i < ORBL_COUNT(lines); i++) {
		struct tai_line line;

		ck_assert_msg(!parse(FRAME_NONE, lines[i], &line), "%s", lines[i]);
		ck_assert_int_eq(line.stamp.month, 0);
		assert_message(&line, lines[i]);
	}
}
END_TEST

START_TEST(local)
{
	struct tai_line line;

	ck_assert(parse(FRAME_NONE, "2026-11-20 10:00:00.000000500 x", &line));
	assert_message(&line, "x");
	ck_assert(line.stamp.is_local);
	ck_assert_int_eq(line.stamp.day, 20);
	ck_assert(!parse(FRAME_SYSLOG, "2026-11-20 10:00:00.000000500 x", &line));
}
END_TEST

START_TEST(splogger)
{
	struct tai_line line;

	ck_assert(!parse(FRAME_SYSLOG, "1157520813.485077 x", &line));
	assert_message(&line, "x");
	ck_assert(!parse(FRAME_NONE, "1157520813.485077 x", &line));
	assert_message(&line, "1157520813.485077 x");
	ck_assert(!parse(FRAME_SYSLOG, "4242 < x", &line));
	assert_message(&line, "4242 < x");
}
END_TEST

static Suite *
suite(void)
{
	Suite *s = suite_create("tai_line");
	TCase *t = tcase_create("stamps");

	tcase_add_test(t, label);
	tcase_add_test(t, no_label);
	tcase_add_test(t, local);
	tcase_add_test(t, splogger);
	suite_add_tcase(s, t);
	return s;
}

int
main(void)
{
	return unit_run(suite());
}
