#include "session.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "session_key.h"
#include "unit.h"

enum { MODEL_KEYS = 40, MODEL_SESSIONS = 12, MODEL_BYTES = 12000, MODEL_STEPS = 20000 };

static struct text
key_of(unsigned i)
{
	static char keys[4][16];
	static unsigned next;
	char *key = keys[next++ % 4];

	return (struct text){key, (size_t)snprintf(key, 16, "key-%u", i)};
}

static uint32_t
random_next(uint32_t *state)
{
	*state = *state * 1664525 + 1013904223;
	return *state >> 8;
}

START_TEST(start_find_end)
{
	struct session_table *t = session_table_new(10, 100000);
	struct addr a = addr_from_ipv4(0xC0000201);
	struct session *s;

	ck_assert_ptr_nonnull(t);
	ck_assert_ptr_null(session_find(t, TEXT("a")));
	s = session_start(t, TEXT("a"));
	ck_assert_ptr_nonnull(s);
	ck_assert_ptr_eq(session_find(t, TEXT("a")), s);
	ck_assert_ptr_null(session_find(t, TEXT("b")));
	ck_assert_ptr_null(session_client(s));
	session_set_client(s, &a);
	ck_assert(addr_equal(session_client(s), &a));
	ck_assert_uint_eq(session_count(t), 1);
	session_end(t, s);
	ck_assert_ptr_null(session_find(t, TEXT("a")));
	ck_assert_uint_eq(session_count(t), 0);
	ck_assert_uint_eq(session_bytes(t), 0);
	session_end(t, NULL);
	session_table_free(t);
	session_table_free(NULL);
}
END_TEST

START_TEST(keys)
{
	static char longest[SESSION_KEY_MAX + 1];
	struct session_table *t = session_table_new(10, 100000);
	struct text key = {longest, SESSION_KEY_MAX};

	memset(longest, 'k', sizeof(longest));
	ck_assert_ptr_null(session_start(t, TEXT_NONE));
	ck_assert_ptr_null(session_find(t, TEXT_NONE));
	ck_assert_ptr_nonnull(session_start(t, key));
	ck_assert_ptr_nonnull(session_find(t, key));
	key.len++;
	ck_assert_ptr_null(session_start(t, key));
	ck_assert_ptr_null(session_find(t, key));
	ck_assert_ptr_nonnull(session_start(t, TEXT("a\0b")));
	ck_assert_ptr_null(session_find(t, TEXT("a\0c")));
	ck_assert_ptr_null(session_find(t, TEXT("a")));
	session_table_free(t);
}
END_TEST

/* Keys that differ in any part, at any length, are different, and none is too long. */
START_TEST(keys_of_parts)
{
	static struct parse_state state;
	static char a[300], b[300];
	struct text key, other;

	memset(a, 'a', sizeof(a));
	memcpy(b, a, sizeof(b));
	for (size_t len = 0; len <= sizeof(a); len += len < 90 ? 1 : 70) {
		state.used = 0;
		key = session_key(&state, "qmail", (struct text){a, len}, TEXT("1"));
		ck_assert_uint_le(key.len, SESSION_KEY_MAX);
		other = session_key(&state, "qmail", (struct text){b, len}, TEXT("1"));
		ck_assert(text_equal(key, other));
		ck_assert(!text_equal(key,
			session_key(&state, "qmail", (struct text){a, len}, TEXT("2"))));
		ck_assert(!text_equal(key,
			session_key(&state, "haraka", (struct text){a, len}, TEXT("1"))));
		if (len == 0)
			continue;
		b[len - 1] = 'b';
		other = session_key(&state, "qmail", (struct text){b, len}, TEXT("1"));
		ck_assert(!text_equal(key, other));
		ck_assert_uint_le(other.len, SESSION_KEY_MAX);
		b[len - 1] = 'a';
	}
	key = session_key(&state, "qmail", TEXT("a"), TEXT("bc"));
	ck_assert(!text_equal(key, session_key(&state, "qmail", TEXT("ab"), TEXT("c"))));
	key = session_key(&state, "a dialect with a name of more than forty bytes",
		(struct text){a, 300}, (struct text){b, 300});
	ck_assert_uint_le(key.len, SESSION_KEY_MAX);
}
END_TEST

START_TEST(fields)
{
	static char huge[SESSION_TEXT_MAX + 10];
	struct session_table *t = session_table_new(10, 100000);
	struct session *s = session_start(t, TEXT("a"));
	size_t bytes = session_bytes(t);

	memset(huge, 'x', sizeof(huge));
	for (enum session_field f = 0; f < SESSION_FIELD_COUNT; f++)
		ck_assert_ptr_null(session_get(s, f).p);
	session_set(t, s, SESSION_SENDER, TEXT(""));
	ck_assert_ptr_nonnull(session_get(s, SESSION_SENDER).p);
	ck_assert_uint_eq(session_get(s, SESSION_SENDER).len, 0);
	session_set(t, s, SESSION_SENDER, TEXT("x@c.example"));
	session_set(t, s, SESSION_SENDER, text_from(session_get(s, SESSION_SENDER), 2));
	ck_assert(text_equal(session_get(s, SESSION_SENDER), TEXT("c.example")));
	ck_assert_ptr_null(session_get(s, SESSION_HELO).p);
	session_set(t, s, SESSION_HELO, (struct text){huge, sizeof(huge)});
	ck_assert_uint_eq(session_get(s, SESSION_HELO).len, SESSION_TEXT_MAX);
	session_set(t, s, SESSION_HELO, TEXT_NONE);
	session_set(t, s, SESSION_SENDER, TEXT_NONE);
	ck_assert_uint_eq(session_bytes(t), bytes);
	session_table_free(t);
}
END_TEST

START_TEST(key_again_is_another_session)
{
	struct session_table *t = session_table_new(10, 100000);
	struct session *s = session_start(t, TEXT("a"));

	session_set(t, s, SESSION_SENDER, TEXT("x@c.example"));
	s = session_start(t, TEXT("a"));
	ck_assert_uint_eq(session_count(t), 1);
	ck_assert_ptr_null(session_get(s, SESSION_SENDER).p);
	session_table_free(t);
}
END_TEST

START_TEST(eviction_order)
{
	struct session_table *t = session_table_new(3, 100000);

	(void)session_start(t, TEXT("a"));
	(void)session_start(t, TEXT("b"));
	(void)session_start(t, TEXT("c"));
	ck_assert_ptr_nonnull(session_find(t, TEXT("a"))); /* b is the oldest now */
	(void)session_start(t, TEXT("d"));
	ck_assert_ptr_null(session_find(t, TEXT("b")));
	ck_assert_ptr_nonnull(session_find(t, TEXT("a")));
	(void)session_start(t, TEXT("e")); /* not looked at for longest: c */
	ck_assert_ptr_null(session_find(t, TEXT("c")));
	ck_assert_ptr_nonnull(session_find(t, TEXT("d")));
	ck_assert_uint_eq(session_count(t), 3);
	session_table_free(t);
}
END_TEST

/* Text of one session drives the others out, but not itself. */
START_TEST(budget)
{
	static char huge[SESSION_TEXT_MAX];
	struct session_table *t = session_table_new(100, 5000);
	struct session *s;

	memset(huge, 'x', sizeof(huge));
	for (unsigned i = 0; i < 5; i++)
		ck_assert_ptr_nonnull(session_start(t, key_of(i)));
	s = session_find(t, key_of(0));
	session_set(t, s, SESSION_SENDER, (struct text){huge, sizeof(huge)});
	session_set(t, s, SESSION_HELO, (struct text){huge, sizeof(huge)});
	ck_assert_ptr_eq(session_find(t, key_of(0)), s);
	ck_assert_uint_lt(session_count(t), 5);
	session_set(t, s, SESSION_RECIPIENT, (struct text){huge, sizeof(huge)});
	ck_assert_ptr_null(session_get(s, SESSION_RECIPIENT).p); /* no room at all */
	ck_assert_uint_eq(session_get(s, SESSION_HELO).len, sizeof(huge));
	ck_assert_uint_eq(session_count(t), 1);
	ck_assert_uint_le(session_bytes(t), 5000);
	session_table_free(t);
}
END_TEST

START_TEST(no_room)
{
	struct session_table *none = session_table_new(0, 100000);
	struct session_table *small = session_table_new(10, 10);

	ck_assert_ptr_null(session_start(none, TEXT("a")));
	ck_assert_ptr_null(session_start(small, TEXT("a")));
	ck_assert_uint_eq(session_bytes(small), 0);
	session_table_free(none);
	session_table_free(small);
}
END_TEST

START_TEST(commands)
{
	struct session_table *t = session_table_new(10, 1 << 20);
	struct session *s = session_start(t, TEXT("a"));
	const struct session_command *c;
	size_t bytes = session_bytes(t);

	ck_assert_ptr_null(session_take_command(t, s));
	ck_assert(session_push_command(t, s, TEXT("one")));
	ck_assert(session_push_command(t, s, TEXT("")));
	ck_assert(session_push_command(t, s, TEXT("three")));
	ck_assert(text_equal(session_commands(s)->line, TEXT("one")));
	c = session_take_command(t, s);
	session_drop_commands(t, s);
	ck_assert(text_equal(c->line, TEXT("one"))); /* lives on */
	ck_assert_ptr_null(session_commands(s));
	for (int i = 0; i < SESSION_COMMANDS_MAX; i++)
		ck_assert(session_push_command(t, s, TEXT("NOOP")));
	ck_assert(!session_push_command(t, s, TEXT("NOOP")));
	for (int i = 0; i < SESSION_COMMANDS_MAX; i++)
		ck_assert_ptr_nonnull(session_take_command(t, s));
	ck_assert_ptr_null(session_take_command(t, s));
	ck_assert_uint_gt(session_bytes(t), bytes);
	session_end(t, s);
	ck_assert_uint_eq(session_bytes(t), 0);
	session_table_free(t);
}
END_TEST

/* The naive table: an array, the youngest last. */
struct model {
	size_t count;
	struct {
		unsigned key;
		unsigned sender; /* 0: none */
	} rows[MODEL_SESSIONS];
};

static size_t
model_find(const struct model *m, unsigned key)
{
	size_t i = 0;

	while (i < m->count && m->rows[i].key != key)
		i++;
	return i;
}

static void
model_remove(struct model *m, size_t i)
{
	memmove(&m->rows[i], &m->rows[i + 1], (m->count - i - 1) * sizeof(m->rows[0]));
	m->count--;
}

static void
model_touch(struct model *m, size_t i)
{
	unsigned key = m->rows[i].key, sender = m->rows[i].sender;

	model_remove(m, i);
	m->rows[m->count].key = key;
	m->rows[m->count++].sender = sender;
}

static void
model_start(struct model *m, unsigned key)
{
	size_t i = model_find(m, key);

	if (i < m->count)
		model_remove(m, i);
	if (m->count == MODEL_SESSIONS)
		model_remove(m, 0);
	m->rows[m->count].key = key;
	m->rows[m->count++].sender = 0;
}

static void
step_set(struct session_table *t, struct model *m, unsigned key, unsigned sender)
{
	struct session *s = session_find(t, key_of(key));
	size_t i = model_find(m, key);
	char value[16];

	ck_assert_int_eq(s != NULL, i < m->count);
	if (s == NULL)
		return;
	model_touch(m, i);
	i = m->count - 1;
	if (m->rows[i].sender != 0) {
		(void)snprintf(value, sizeof(value), "%u", m->rows[i].sender);
		ck_assert(text_equal(session_get(s, SESSION_SENDER), text_of(value)));
	}
	(void)snprintf(value, sizeof(value), "%u", sender);
	session_set(t, s, SESSION_SENDER, text_of(value));
	m->rows[i].sender = sender;
}

START_TEST(model)
{
	struct session_table *t = session_table_new(MODEL_SESSIONS, 1 << 20);
	struct model m = {0};
	uint32_t random = (uint32_t)_i + 1;

	for (int step = 0; step < MODEL_STEPS; step++) {
		unsigned key = random_next(&random) % MODEL_KEYS;
		size_t i = model_find(&m, key);

		switch (random_next(&random) % 4) {
		case 0:
			ck_assert_ptr_nonnull(session_start(t, key_of(key)));
			model_start(&m, key);
			break;
		case 1:
			session_end(t, session_find(t, key_of(key)));
			if (i < m.count)
				model_remove(&m, i);
			break;
		default: step_set(t, &m, key, random_next(&random) % 1000 + 1);
		}
		ck_assert_uint_eq(session_count(t), m.count);
	}
	session_table_free(t);
}
END_TEST

/* Whatever is done, the budget holds and what is found is what was put there. */
START_TEST(budget_holds)
{
	static char text[SESSION_TEXT_MAX];
	struct session_table *t = session_table_new(MODEL_KEYS, MODEL_BYTES);
	uint32_t random = (uint32_t)_i + 100;

	memset(text, 'x', sizeof(text));
	for (int step = 0; step < MODEL_STEPS; step++) {
		struct text key = key_of(random_next(&random) % MODEL_KEYS);
		struct text value = {text, random_next(&random) % sizeof(text)};
		struct session *s = session_find(t, key);

		if (s == NULL)
			s = session_start(t, key);
		ck_assert_ptr_nonnull(s);
		if (random_next(&random) % 2 == 0)
			session_set(t, s, random_next(&random) % SESSION_FIELD_COUNT, value);
		else if (!session_push_command(t, s, value))
			session_drop_commands(t, s);
		ck_assert_uint_le(session_bytes(t), MODEL_BYTES);
		ck_assert_ptr_eq(session_find(t, key), s);
	}
	session_table_free(t);
}
END_TEST

static Suite *
suite(void)
{
	Suite *s = suite_create("session");
	TCase *one = tcase_create("one"), *bounds = tcase_create("bounds");
	TCase *random = tcase_create("random");

	tcase_add_test(one, start_find_end);
	tcase_add_test(one, keys);
	tcase_add_test(one, keys_of_parts);
	tcase_add_test(one, fields);
	tcase_add_test(one, key_again_is_another_session);
	tcase_add_test(one, commands);
	suite_add_tcase(s, one);
	tcase_add_test(bounds, eviction_order);
	tcase_add_test(bounds, budget);
	tcase_add_test(bounds, no_room);
	suite_add_tcase(s, bounds);
	tcase_add_loop_test(random, model, 0, 5);
	tcase_add_loop_test(random, budget_holds, 0, 5);
	suite_add_tcase(s, random);
	return s;
}

int
main(void)
{
	return unit_run(suite());
}
