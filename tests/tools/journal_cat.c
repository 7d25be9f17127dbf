/* journal_cat.c - print a journal as orbl reads it, for tests.
 *
 *	journal_cat PATH [CURSOR|end|start [WAIT_MS]] [FIELD=VALUE...]
 *
 * The cursor of the last entry goes to standard error. With WAIT_MS it waits so long for more, when
 * there is nothing left, and prints that too.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "journal.h"

static int
trouble(const struct error *e)
{
	fprintf(stderr, "journal_cat: %s: %s\n", err_name(e->code), e->text);
	return 2;
}

static enum err
print_all(struct journal *j, struct error *e)
{
	struct text entry = TEXT("x");
	enum err err = OK;

	while (err == OK && entry.len != 0) {
		err = journal_next(j, &entry, e);
		if (entry.len != 0)
			fwrite(entry.p, 1, entry.len, stdout);
	}
	fflush(stdout);
	return err;
}

int
main(int argc, char **argv)
{
	struct journal_conf conf = {.path = argc > 1 ? argv[1] : NULL};
	const char *from = argc > 2 ? argv[2] : "start";
	long wait_ms = argc > 3 ? strtol(argv[3], NULL, 10) : 0;
	bool changed = wait_ms != 0;
	struct error e = {.code = OK};
	struct journal *j;

	conf.from_end = strcmp(from, "end") == 0;
	conf.cursor = conf.from_end || strcmp(from, "start") == 0 ? NULL : from;
	if (argc > 4) {
		conf.matches = (const char *const *)(argv + 4);
		conf.match_count = (size_t)(argc - 4);
	}
	if (journal_open(&conf, &j, &e) != OK || print_all(j, &e) != OK)
		return trouble(&e);
	fprintf(stderr, "ready\n");
	while (changed) {
		if (journal_wait(j, (int)wait_ms, &changed, &e) != OK || print_all(j, &e) != OK)
			return trouble(&e);
	}
	fprintf(stderr, "%s\n", journal_cursor(j) != NULL ? journal_cursor(j) : "none");
	journal_close(j);
	return 0;
}
