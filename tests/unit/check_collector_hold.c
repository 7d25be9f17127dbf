/* Sessions whose reply to a message waits. */
#include "collector.h"

#include <stdio.h>
#include <string.h>

#include "unit.h"

enum { NOW = 1900000000 };

static const uint8_t key[TOKEN_KEY_BYTES] = {7};
static struct collector_session *session;
static const char *told; /* of each arrival: k(ept), h(eld), l(ost) */

static enum collector_told
take_arrival(const struct collector_arrival *a, void *context)
{
	(void)a;
	(void)context;
	switch (*told++) {
	case 'k': return COLLECTOR_KEPT;
	case 'h': return COLLECTOR_HELD;
	case 'l': return COLLECTOR_LOST;
	default: ck_abort_msg("more arrivals than recipients");
	}
}

static const struct collector_conf conf = {.domain = "probe.test",
	.name = "mx.probe.test",
	.key = key,
	.arrival_fn = take_arrival};

/* wanted: the beginning of the only line; "": nothing. */
static void
expect(const char *wanted)
{
	struct text out = collector_output(session);

	ck_assert_msg(text_has_prefix(out, text_of(wanted)), "%.*s", (int)out.len, out.p);
	ck_assert((wanted[0] == '\0') == (out.len == 0));
	ck_assert_uint_eq(text_find_byte(out, '\n'), out.len != 0 ? out.len - 1 : SIZE_MAX);
	collector_output_taken(session, out.len);
}

static void
say(const char *line, const char *wanted)
{
	ck_assert_uint_eq(collector_feed(session, line, strlen(line), NOW), strlen(line));
	expect(wanted);
}

static void
set_up(void)
{
	session = collector_session_new(&conf, NULL);
	ck_assert_ptr_nonnull(session);
	expect("220");
	say("HELO relay.example\r\n", "250");
}

static void
tear_down(void)
{
	collector_session_free(session);
}

/* As many recipients as answers. */
static void
deliver(const char *answers, const char *wanted)
{
	struct token token = {.probe_id = 99, .case_index = 1, .hour = (uint16_t)(NOW / 3600)};
	char text[TOKEN_TEXT], line[256];

	told = answers;
	say("MAIL FROM:<a@b>\r\n", "250");
	for (size_t i = 0; answers[i] != '\0'; i++) {
		token.case_index = (uint8_t)(i + 1);
		token_format(&token, key, text);
		snprintf(line, sizeof(line), "RCPT TO:<%s@probe.test>\r\n", text);
		say(line, "250");
	}
	say("DATA\r\n", "354");
	say("x\r\n.\r\n", wanted);
	ck_assert_str_eq(told, "");
}

/* One reply, whatever the number of recipients, and in its time. */
static const struct {
	const char *answers;
	bool stored;
	const char *wanted;
} holds[] = {
	{"h", true, "250 2.0.0"},
	{"h", false, "451 4.3.0 Not stored, try again"},
	{"hhh", true, "250 2.0.0"},
	{"khk", true, "250 2.0.0"},
	{"khl", true, "451 4.3.0"},
	{"lh", false, "451 4.3.0"},
};

START_TEST(held_until_it_is_stored)
{
	deliver(holds[_i].answers, "");
	ck_assert(collector_is_held(session));
	ck_assert_uint_eq(collector_feed(session, "QUIT\r\n", 6, NOW), 0); /* no more is taken */
	ck_assert(!collector_is_over(session));
	collector_release(session, holds[_i].stored);
	ck_assert(!collector_is_held(session));
	expect(holds[_i].wanted);
	collector_release(session, true); /* there is none */
	expect("");
	/* the next one, as if nothing had been */
	deliver("h", "");
	collector_release(session, true);
	expect("250 2.0.0");
}
END_TEST

START_TEST(lost_at_once)
{
	deliver("kl", "451 4.3.0 Not stored, try again");
	ck_assert(!collector_is_held(session));
	deliver("k", "250");
}
END_TEST

/* The last message of a session is answered before the session ends. */
START_TEST(held_to_the_end)
{
	for (int i = 1; i < COLLECTOR_MESSAGES_MAX; i++)
		deliver("k", "250");
	deliver("h", "");
	ck_assert(!collector_is_over(session));
	collector_release(session, true);
	ck_assert(collector_is_over(session));
	expect("250");
}
END_TEST

static Suite *
suite(void)
{
	Suite *s = suite_create("collector_hold");
	TCase *tc = tcase_create("hold");

	tcase_add_checked_fixture(tc, set_up, tear_down);
	tcase_add_loop_test(tc, held_until_it_is_stored, 0, (int)ORBL_COUNT(holds));
	tcase_add_test(tc, lost_at_once);
	tcase_add_test(tc, held_to_the_end);
	suite_add_tcase(s, tc);
	return s;
}

int
main(void)
{
	return unit_run(suite());
}
