#include "host_state.h"

#include <stdio.h>
#include <string.h>

#include <orbl/store_host.h>

#include "host.h"
#include "unit.h"

/* What is expected, written by words and not by the table: a line for each state, and in it what
 * each event does. An event that is not named is refused. */
static const struct {
	const char *from, *events;
} expected[] = {
	{"seen",
		"evidence>seen queued>nominated probe-started>probing found-open>listed "
		"found-closed>cleared found-bouncing>seen found-otherwise>seen not-probed>seen "
		"retest-due>nominated request>nominated expired>seen purged>seen "
		"operator-lists>listed operator-delists>cleared lock>locked"},
	{"nominated",
		"evidence>nominated queued>nominated probe-started>probing found-open>listed "
		"found-closed>cleared found-bouncing>seen found-otherwise>seen not-probed>seen "
		"retest-due>nominated request>nominated expired>nominated purged>nominated "
		"operator-lists>listed operator-delists>nominated lock>locked"},
	{"probing",
		"evidence>probing queued>probing probe-started>probing found-open>listed "
		"found-closed>cleared found-bouncing>seen found-otherwise>seen not-probed>seen "
		"retest-due>probing request>probing expired>probing purged>probing "
		"operator-lists>listed operator-delists>probing lock>locked"},
	{"listed",
		"evidence>listed queued>listed probe-started>listed found-open>listed "
		"found-closed>cleared found-bouncing>seen found-otherwise>listed not-probed>listed "
		"retest-due>expiring request>delisting expired>seen purged>seen "
		"operator-lists>listed operator-delists>cleared lock>locked"},
	{"expiring",
		"evidence>expiring queued>expiring probe-started>expiring found-open>listed "
		"found-closed>cleared found-bouncing>seen found-otherwise>expiring "
		"not-probed>expiring retest-due>expiring request>delisting expired>seen "
		"purged>seen operator-lists>listed operator-delists>cleared lock>locked"},
	{"delisting",
		"evidence>delisting queued>delisting probe-started>delisting found-open>listed "
		"found-closed>cleared found-bouncing>seen found-otherwise>listed not-probed>listed "
		"retest-due>delisting request>delisting expired>seen purged>seen "
		"operator-lists>listed operator-delists>cleared lock>locked"},
	{"cleared",
		"evidence>seen queued>nominated probe-started>cleared found-open>listed "
		"found-closed>cleared found-bouncing>seen found-otherwise>seen not-probed>cleared "
		"retest-due>cleared expired>cleared purged>cleared operator-lists>listed "
		"operator-delists>cleared lock>locked"},
	{"locked",
		"evidence>locked not-probed>locked expired>locked purged>locked lock>locked "
		"unlock>seen unlock-listed>listed"},
};

static const char *
expected_next(enum host_state from, enum host_event_kind event)
{
	static char next[32];
	const char *events = expected[from].events, *at;
	char key[40];

	ck_assert_str_eq(expected[from].from, host_state_name(from));
	snprintf(key, sizeof(key), "%s>", host_event_name(event));
	at = strstr(events, key);
	/* "unlock" is also the end of no other name, but let it be at a word's beginning. */
	while (at != NULL && at != events && at[-1] != ' ')
		at = strstr(at + 1, key);
	if (at == NULL)
		return "refused";
	snprintf(next, sizeof(next), "%.*s", (int)strcspn(at + strlen(key), " "), at + strlen(key));
	return next;
}

START_TEST(each_event_in_each_state)
{
	ck_assert_uint_eq(ORBL_COUNT(expected), HOST_STATE_COUNT);
	for (unsigned s = 0; s < HOST_STATE_COUNT; s++)
		for (unsigned k = 0; k < HOST_EVENT_COUNT; k++) {
			struct host_step step = host_state_step((enum host_state)s,
				(enum host_event_kind)k);
			const char *got = step.next == HOST_REFUSED ? "refused" :
								      host_state_name(step.next);

			ck_assert_msg(strcmp(got,
					      expected_next((enum host_state)s,
						      (enum host_event_kind)k)) == 0,
				"%s + %s: %s", host_state_name((enum host_state)s),
				host_event_name((enum host_event_kind)k), got);
			ck_assert_int_eq(step.next == HOST_REFUSED, step.why != NULL);
		}
}
END_TEST

START_TEST(names_and_strangers)
{
	for (unsigned k = 0; k < HOST_EVENT_COUNT; k++) {
		ck_assert_ptr_nonnull(host_event_name((enum host_event_kind)k));
		for (unsigned other = 0; other < k; other++)
			ck_assert_str_ne(host_event_name((enum host_event_kind)k),
				host_event_name((enum host_event_kind)other));
	}
	ck_assert_str_eq(host_state_name(HOST_STATE_COUNT), "unknown");
	ck_assert_str_eq(host_event_name(HOST_EVENT_COUNT), "unknown");
	/* As a store that something else wrote may have. */
	ck_assert_int_eq(host_state_step((enum host_state)77, HOST_EVIDENCE).next, HOST_REFUSED);
	ck_assert_int_eq(host_state_step(HOST_SEEN, (enum host_event_kind)77).next, HOST_REFUSED);
}
END_TEST

/* --- rows of events at random --------------------------------------------------- */

static uint32_t
next_random(uint32_t *seed)
{
	*seed = *seed * 1664525 + 1013904223;
	return *seed >> 8;
}

static bool
is_listed(unsigned state)
{
	return state == HOST_LISTED || state == HOST_EXPIRING || state == HOST_DELISTING;
}

static bool
may_list(enum host_event_kind k)
{
	return k == HOST_FOUND_OPEN || k == HOST_OPERATOR_LISTS || k == HOST_UNLOCK_LISTED;
}

static void
check_step(const struct store_host *before, const struct host_news *news,
	const struct store_host *after)
{
	ck_assert_uint_lt(after->state, HOST_STATE_COUNT);
	if (before->state == HOST_LOCKED && after->state != HOST_LOCKED)
		ck_assert(news->kind == HOST_UNLOCK || news->kind == HOST_UNLOCK_LISTED);
	if (!is_listed(before->state) && is_listed(after->state))
		ck_assert(may_list(news->kind));
	if (after->state == HOST_CLEARED && before->state != HOST_CLEARED)
		ck_assert(news->kind == HOST_FOUND_CLOSED || news->kind == HOST_OPERATOR_DELISTS);
	ck_assert_uint_le(after->relapses, before->relapses + 1);
	if (after->relapses > before->relapses) {
		ck_assert(!is_listed(before->state) && is_listed(after->state));
		ck_assert_int_ne(before->removed_s, 0);
		ck_assert_int_le(news->now_s - before->removed_s, news->relapse_window_s);
	}
	if (after->removed_s != before->removed_s)
		ck_assert(is_listed(before->state) && !is_listed(after->state));
	ck_assert_int_ge(after->since_s, before->since_s);
	ck_assert_int_le(after->listed_s, news->now_s);
}

START_TEST(no_row_of_events_leaves_the_table)
{
	uint32_t seed = 4711;
	size_t listed = 0, refused = 0, relapsed = 0;

	for (size_t run = 0; run < 2000; run++) {
		struct store_host h = {.state = HOST_SEEN};
		struct host_news news = {.now_s = 1000, .relapse_window_s = 5000};

		for (size_t i = 0; i < 200; i++) {
			struct store_host after;

			news.kind = (enum host_event_kind)(next_random(&seed) % HOST_EVENT_COUNT);
			news.now_s += next_random(&seed) % 300;
			if (host_state_step((enum host_state)h.state, news.kind).next ==
				HOST_REFUSED) {
				refused++;
				continue;
			}
			after = host_after(&h, &news);
			check_step(&h, &news, &after);
			listed += is_listed(after.state);
			relapsed += after.relapses > h.relapses;
			h = after;
		}
	}
	/* And it was about something. */
	ck_assert_uint_gt(listed, 10000);
	ck_assert_uint_gt(refused, 10000);
	ck_assert_uint_gt(relapsed, 1000);
}
END_TEST

static struct store_host
after_all(const char *events, int64_t step_s, int64_t window_s)
{
	struct store_host h = {.state = HOST_SEEN};
	struct host_news news = {.relapse_window_s = window_s};

	for (const char *p = events; *p != '\0'; p++) {
		news.now_s += step_s;
		news.kind = *p == 'o' ? HOST_FOUND_OPEN :
			*p == 'c'     ? HOST_FOUND_CLOSED :
			*p == 'b'     ? HOST_FOUND_BOUNCING :
			*p == 'x'     ? HOST_EXPIRED :
			*p == 'd'     ? HOST_OPERATOR_DELISTS :
			*p == 'p'     ? HOST_PURGED :
			*p == '.'     ? HOST_EVIDENCE :
					HOST_EVENT_COUNT;
		h = host_after(&h, &news);
	}
	return h;
}

static const struct {
	const char *events;
	unsigned relapses;
} lives[] = {
	{"o", 0}, {"oo", 0},                       /* renewed */
	{"oco", 1}, {"obo", 1},                    /* it was a bouncer for a while */
	{"ococo", 2}, {"oco.co", 2}, {"oxo", 0},   /* nobody answered: no reproach */
	{"odo", 0},                                /* an operator took it off */
	{"opo", 0},                                /* it was our fault */
	{"ocoxo", 1},                              /* the one relapse stays, but is no second one */
	{"oc.........o", 1}, {"oc..........o", 0}, /* a year is over */
	{"oco..........co", 2}, {"cccco", 0},      /* closed it was, but not removed */
};

START_TEST(a_relapse_is_a_listing_soon_after_a_removal)
{
	ck_assert_msg(after_all(lives[_i].events, 100, 1000).relapses == lives[_i].relapses,
		"%s: %u", lives[_i].events, after_all(lives[_i].events, 100, 1000).relapses);
}
END_TEST

START_TEST(relapses_have_an_end)
{
	char events[401];

	for (size_t i = 0; i < 400; i++)
		events[i] = i % 2 == 0 ? 'o' : 'c';
	events[400] = '\0';
	ck_assert_uint_eq(after_all(events, 1, 1000).relapses, 30);
	ck_assert_uint_eq(after_all("oco", 10, 0).relapses, 0); /* window 0: there are none */
}
END_TEST

static Suite *
suite(void)
{
	Suite *s = suite_create("host_state");
	TCase *t = tcase_create("table");

	tcase_add_test(t, each_event_in_each_state);
	tcase_add_test(t, names_and_strangers);
	tcase_add_test(t, no_row_of_events_leaves_the_table);
	suite_add_tcase(s, t);
	t = tcase_create("relapses");
	tcase_add_loop_test(t, a_relapse_is_a_listing_soon_after_a_removal, 0,
		(int)ORBL_COUNT(lives));
	tcase_add_test(t, relapses_have_an_end);
	suite_add_tcase(s, t);
	return s;
}

int
main(void)
{
	return unit_run(suite());
}
