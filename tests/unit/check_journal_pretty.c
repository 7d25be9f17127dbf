#include "journal_pretty.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "unit.h"

struct seen {
	size_t lines, troubles;
	char text[4096]; /* "LINE message" or "LINE! reason", a line each */
};

static void
note(struct seen *seen, uint64_t line, const char *mark, struct text t)
{
	size_t used = strlen(seen->text);

	(void)snprintf(seen->text + used, sizeof(seen->text) - used, "%u%s %.*s\n", (unsigned)line,
		mark, t.len < 60 ? (int)t.len : 60, t.p);
}

static enum err
take_line(const struct log_line *s, uint64_t number, void *context)
{
	struct seen *seen = context;

	seen->lines++;
	note(seen, number, "", s->message);
	return OK;
}

static void
take_trouble(uint64_t where, const char *reason, void *context)
{
	struct seen *seen = context;

	seen->troubles++;
	note(seen, where, "!", text_of(reason));
}

/* In chunks of that many bytes. */
static void
read_journal(struct text t, size_t chunk, struct seen *seen)
{
	const struct container_sink sink = {seen, take_line, NULL, take_trouble};
	void *c = journal_pretty_open(&sink);

	*seen = (struct seen){0};
	ck_assert_ptr_nonnull(c);
	while (t.len != 0) {
		size_t n = t.len < chunk ? t.len : chunk;

		ck_assert_int_eq(journal_pretty_feed(c, t.p, n), OK);
		t = text_from(t, n);
	}
	ck_assert_int_eq(journal_pretty_finish(c), OK);
	journal_pretty_close(c);
}

#define ENTRY(message)                                                                             \
	"{\n\t\"__REALTIME_TIMESTAMP\" : \"1795262400000000\",\n\t\"MESSAGE\" : " message "\n}\n"

START_TEST(entries)
{
	static const struct {
		const char *journal, *wanted;
	} rows[] = {
		{"", ""},
		{ENTRY("\"a\"") ENTRY("\"b\""), "1 a\n5 b\n"},
		{"{\r\n\t\"__REALTIME_TIMESTAMP\" : \"1\",\r\n\t\"MESSAGE\" : \"a\"\r\n}\r\n",
			"1 a\n"},
		{ENTRY("[\n\t\t97,\n\t\t98\n\t]"), "1 ab\n"},
		{ENTRY("{\n}\n") ENTRY("\"b\""),
			"1! no entry of a journal, or one without a time\n"
			"6! no entry of a journal\n7 b\n"},
		{ENTRY("\"a\"") "x\ny\n" ENTRY("\"b\""), "1 a\n5! no entry of a journal\n7 b\n"},
		{"{\n\t\"MESSAGE\" : \"a\",\n" ENTRY("\"b\""),
			"1! the journal's entry has no end\n3 b\n"},
		{ENTRY("\"a\"") "\n\n" ENTRY("\"b\""), "1 a\n7 b\n"},
		{ENTRY("\"a"), "1! no entry of a journal, or one without a time\n"},
		{"{\n\t\"MESSAGE\" : \"a\"\n}\n",
			"1! no entry of a journal, or one without a time\n"},
		{"{\n\t\"MESSAGE\" : \"a\"\n", "1! the journal's last entry is cut\n"},
		{"{\n\t\"__REALTIME_TIMESTAMP\" : \"1\"\n}", "1 \n"},
	};
	struct seen seen;

	for (size_t chunk = 1; chunk < 300; chunk = chunk * 2 + 1) {
		read_journal(text_of(rows[_i].journal), chunk, &seen);
		ck_assert_str_eq(seen.text, rows[_i].wanted);
	}
}
END_TEST

/* An entry that is too long is passed over, whatever the chunks are. */
START_TEST(overlong)
{
	static const size_t chunks[] = {1000, 4096, JOURNAL_PRETTY_ENTRY, 3 * JOURNAL_PRETTY_ENTRY};
	size_t room = 3 * JOURNAL_PRETTY_ENTRY;
	char *t = malloc(room);
	struct seen seen;
	int n;

	ck_assert_ptr_nonnull(t);
	for (size_t i = 0; i < ORBL_COUNT(chunks); i++) {
		for (int more = -100; more <= 100; more += 50) {
			n = snprintf(t, room, ENTRY("\"%0*d\"") ENTRY("\"b\""),
				JOURNAL_PRETTY_ENTRY - 65 + more, 0);
			read_journal((struct text){t, (size_t)n}, chunks[i], &seen);
			ck_assert_uint_eq(seen.lines, more <= 0 ? 2 : 1);
			ck_assert_uint_eq(seen.troubles, more <= 0 ? 0 : 1);
			ck_assert_ptr_nonnull(strstr(seen.text, "5 b\n"));
		}
	}
	free(t);
}
END_TEST

START_TEST(heads)
{
	ck_assert(journal_pretty_knows(TEXT("{\n\t\"__CURSOR\" : \"")));
	ck_assert(journal_pretty_knows(TEXT("{\r\n        \"__CURSOR\" : \"")));
	ck_assert(!journal_pretty_knows(TEXT("{\"__CURSOR\":\"")));
	ck_assert(!journal_pretty_knows(TEXT("{\n  \"EventID\": 7004")));
	ck_assert(!journal_pretty_knows(TEXT("[\n{\n\t\"__CURSOR\" : \"")));
	ck_assert(!journal_pretty_knows(TEXT("{")));
	ck_assert(!journal_pretty_knows(TEXT("")));
}
END_TEST

static Suite *
suite(void)
{
	Suite *s = suite_create("journal_pretty");
	TCase *c = tcase_create("entries");

	tcase_add_loop_test(c, entries, 0, 12);
	tcase_add_test(c, overlong);
	tcase_add_test(c, heads);
	suite_add_tcase(s, c);
	return s;
}

int
main(void)
{
	return unit_run(suite());
}
