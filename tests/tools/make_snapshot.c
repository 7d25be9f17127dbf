/* make_snapshot.c - a list for tests: reads "ADDR[/LEN] CATEGORY [EXPIRES]" lines from standard
 * input and replaces FILE by the snapshot of all zones.
 *
 *	make_snapshot FILE ORIGIN SERIAL [TTL] <lines
 */
#include <stdio.h>
#include <stdlib.h>

#include <orbl/file.h>

#include "list_fixture.h"

enum { INPUT_MAX = 1 << 24 };

int
main(int argc, char **argv)
{
	char *lines = calloc(1, INPUT_MAX + 1);
	struct list_fixture f = {.lines = lines};
	struct file_replacement r;
	struct error e = {.code = OK};
	enum err err;

	if (argc < 4 || argc > 5 || lines == NULL) {
		fprintf(stderr, "usage: make_snapshot FILE ORIGIN SERIAL [TTL] <lines\n");
		free(lines);
		return EXIT_FAILURE;
	}
	f.origin = argv[2];
	f.serial = (uint32_t)strtoul(argv[3], NULL, 10);
	f.ttl_s = argc > 4 ? (uint32_t)strtoul(argv[4], NULL, 10) : 0;
	lines[fread(lines, 1, INPUT_MAX, stdin)] = '\0';
	err = file_replace_begin(&r, argv[1], 0644, &e);
	if (err == OK)
		err = list_fixture_write(&f, r.fd, &e);
	if (err == OK)
		err = file_replace_commit(&r, &e);
	file_replace_abort(&r);
	free(lines);
	if (err != OK)
		fprintf(stderr, "make_snapshot: %s\n", e.text);
	return err == OK ? EXIT_SUCCESS : EXIT_FAILURE;
}
