#include "held.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "denial_copy.h"
#include "unit.h"

enum { STOP_NEVER = 0 };

struct given {
	uint64_t count, last_line;
	char text[4096];
	size_t len;
	uint64_t stop_at; /* line at which giving fails */
};

static enum err
give(const struct denial *d, void *context)
{
	struct given *g = context;

	g->count++;
	g->last_line = d->line;
	if (g->len < sizeof(g->text) - 100)
		g->len += (size_t)snprintf(g->text + g->len, sizeof(g->text) - g->len,
			"%d %.*s %s%.*s\n", (int)d->line, TEXT_ARG(d->recipient),
			d->sender.p == NULL ? "?" : "", TEXT_ARG(d->sender));
	return d->line == g->stop_at ? ERR_FULL : OK;
}

static struct held *
start(struct given *g)
{
	struct held *h;

	*g = (struct given){.stop_at = STOP_NEVER};
	h = held_new(give, g);
	ck_assert_ptr_nonnull(h);
	return h;
}

/* A denial whose texts are gone after the call. */
static void
add(struct held *h, const char *key, uint64_t line, const char *recipient)
{
	char *raw = strdup("the raw line"), *to = strdup(recipient);
	struct denial d = {.line = line, .raw = text_of(raw), .recipient = text_of(to)};

	d.reply = text_from(d.raw, 4);
	ck_assert_int_eq(held_add(h, text_of(key), &d), OK);
	free(raw);
	free(to);
}

START_TEST(release)
{
	struct denial more = {.sender = TEXT("s@t.example"), .recipient = TEXT("other@n.example")};
	struct given g;
	struct held *h = start(&g);

	add(h, "k1", 1, "a");
	add(h, "k2", 2, "b");
	add(h, "k1", 3, "c");
	add(h, "k1", 4, "");
	ck_assert_uint_eq(held_count(h), 4);
	ck_assert_int_eq(held_release(h, TEXT("k3"), &more), OK);
	ck_assert_str_eq(g.text, "");
	ck_assert_int_eq(held_release(h, TEXT("k1"), &more), OK);
	ck_assert_str_eq(g.text, "1 a s@t.example\n3 c s@t.example\n4  s@t.example\n");
	ck_assert_int_eq(held_release(h, TEXT("k1"), &more), OK);
	ck_assert_uint_eq(g.count, 3);
	ck_assert_int_eq(held_flush(h), OK);
	ck_assert_str_eq(g.text, "1 a s@t.example\n3 c s@t.example\n4  s@t.example\n2 b ?\n");
	ck_assert_int_eq(held_flush(h), OK);
	ck_assert_uint_eq(held_count(h), 0);
	held_free(h);
}
END_TEST

START_TEST(in_order)
{
	struct given g;
	struct held *h = start(&g);
	char key[16];

	for (unsigned i = 1; i <= 1000; i++) {
		(void)snprintf(key, sizeof(key), "k%u", i % 37);
		add(h, key, i, "r");
	}
	for (unsigned i = 0; i < 37; i += 3) { /* holes everywhere */
		(void)snprintf(key, sizeof(key), "k%u", i);
		ck_assert_int_eq(held_release(h, text_of(key), &(struct denial){0}), OK);
	}
	g.last_line = 0;
	for (uint64_t before = 0; held_count(h) != 0; before = g.last_line) {
		g.stop_at = before + 1; /* some calls end early */
		enum err err = held_flush(h);

		ck_assert(err == OK || g.last_line == g.stop_at);
		ck_assert_uint_gt(g.last_line, before);
	}
	ck_assert_uint_eq(g.count, 1000);
	held_free(h);
}
END_TEST

START_TEST(same_key_again)
{
	struct given g;
	struct held *h = start(&g);

	for (uint64_t i = 1; i < 10; i += 3) {
		add(h, "k", i, "a");
		ck_assert_int_eq(held_release(h, TEXT("k"), &(struct denial){0}), OK);
		add(h, "k", i + 1, "b");
		add(h, "k", i + 2, "c");
		ck_assert_int_eq(held_release(h, TEXT("k"), &(struct denial){0}), OK);
		ck_assert_uint_eq(g.count, i + 2);
		ck_assert_uint_eq(g.last_line, i + 2);
	}
	held_free(h);
}
END_TEST

START_TEST(too_many)
{
	struct given g;
	struct held *h = start(&g);

	for (uint64_t i = 1; i <= HELD_MAX; i++)
		add(h, "key", i, "r");
	ck_assert_uint_eq(g.count, 0);
	add(h, "key", HELD_MAX + 1, "r");
	ck_assert_uint_eq(g.count, 1);
	ck_assert_uint_eq(g.last_line, 1);
	ck_assert_uint_eq(held_count(h), HELD_MAX);
	ck_assert_int_eq(held_flush(h), OK);
	ck_assert_uint_eq(g.last_line, HELD_MAX + 1);
	held_free(h);
}
END_TEST

START_TEST(too_big)
{
	static char big[65536];
	struct given g;
	struct held *h = start(&g);

	memset(big, 'x', sizeof(big) - 1);
	for (uint64_t i = 1; i <= 1000; i++)
		add(h, "key", i, big);
	ck_assert_uint_lt(held_count(h), HELD_BYTES_MAX / sizeof(big) + 1);
	ck_assert_uint_gt(held_count(h), HELD_BYTES_MAX / sizeof(big) / 2);
	ck_assert_uint_eq(g.count + held_count(h), 1000);
	held_free(h); /* with what is in it */
}
END_TEST

START_TEST(no_keys)
{
	char key[HELD_KEY_MAX + 1];
	const struct denial d = {.line = 1};
	struct given g;
	struct held *h = start(&g);

	memset(key, 'k', sizeof(key));
	ck_assert_int_eq(held_add(h, TEXT_NONE, &d), OK);
	ck_assert_int_eq(held_add(h, (struct text){key, sizeof(key)}, &d), OK);
	ck_assert_int_eq(held_add(h, (struct text){"a\0b", 3}, &d), OK);
	ck_assert_uint_eq(g.count, 3);
	ck_assert_int_eq(held_add(h, (struct text){key, HELD_KEY_MAX}, &d), OK);
	ck_assert_uint_eq(g.count, 3);
	ck_assert_int_eq(held_release(h, (struct text){key, HELD_KEY_MAX}, &d), OK);
	ck_assert_uint_eq(g.count, 4);
	held_free(h);
	held_free(NULL);
}
END_TEST

START_TEST(stops)
{
	struct given g;
	struct held *h = start(&g);

	add(h, "k", 1, "a");
	add(h, "k", 2, "b");
	g.stop_at = 1;
	ck_assert_int_eq(held_release(h, TEXT("k"), &(struct denial){0}), ERR_FULL);
	ck_assert_uint_eq(held_count(h), 1);
	ck_assert_int_eq(held_flush(h), OK);
	ck_assert_uint_eq(g.last_line, 2);
	held_free(h);
}
END_TEST

START_TEST(copies)
{
	struct denial_copy c = {0};
	char raw[] = "raw reply";
	char outside[] = "helo";
	struct denial d = {.raw = TEXT_NONE};

	d.raw = text_of(raw);
	d.reply = text_from(d.raw, 4);
	d.helo = text_of(outside);
	d.sender = text_upto(d.raw, 0);
	d.account = text_upto(d.helo, 0);
	ck_assert_int_eq(denial_copy_set(&c, &d), OK);
	memset(raw, 'x', sizeof(raw));
	memset(outside, 'x', sizeof(outside));
	ck_assert(text_equal(c.denial.raw, TEXT("raw reply")));
	ck_assert(text_equal(c.denial.reply, TEXT("reply")));
	ck_assert(text_equal(c.denial.helo, TEXT("helo")));
	ck_assert_ptr_nonnull(c.denial.sender.p); /* empty, not unknown */
	ck_assert_ptr_nonnull(c.denial.account.p);
	ck_assert_ptr_null(c.denial.recipient.p);
	denial_copy_free(&c);
	denial_copy_free(&c);
}
END_TEST

static Suite *
suite(void)
{
	Suite *s = suite_create("held");
	TCase *order = tcase_create("order"), *bounds = tcase_create("bounds");

	tcase_add_test(order, release);
	tcase_add_test(order, in_order);
	tcase_add_test(order, same_key_again);
	tcase_add_test(order, stops);
	tcase_add_test(order, copies);
	suite_add_tcase(s, order);
	tcase_add_test(bounds, too_many);
	tcase_add_test(bounds, too_big);
	tcase_add_test(bounds, no_keys);
	suite_add_tcase(s, bounds);
	return s;
}

int
main(void)
{
	return unit_run(suite());
}
