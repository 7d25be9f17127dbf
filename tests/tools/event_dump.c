/* event_dump.c - every event that a container reader finds in a log, for the tests.
 *
 *	event_dump FORMAT FILE [CHUNK]
 *
 *	event NUMBER TIME SOURCE ID COMPUTER
 *	string PLACE NAME VALUE
 *	message TEXT
 *	trouble NUMBER REASON
 *
 * Fields are parted by tabs; what is not printable ASCII is \xNN. CHUNK: bytes fed at once.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "container.h"

enum { FILE_MAX = 64 << 20 };

static void
print_text(struct text t)
{
	putchar('\t');
	if (t.p == NULL)
		putchar('-');
	for (size_t i = 0; i < t.len; i++) {
		unsigned char c = (unsigned char)t.p[i];

		if (c >= 0x20 && c < 0x7f && c != '\\')
			putchar(c);
		else
			printf("\\x%02x", c);
	}
}

static enum err
print_event(const struct event_record *e, void *context)
{
	const struct stamp *s = &e->stamp;

	(void)context;
	printf("event\t%s%" PRIu64, e->is_line ? "line " : "", e->number);
	printf("\t%04d-%02d-%02dT%02d:%02d:%02d.%06" PRId32, s->year, s->month, s->day, s->hour,
		s->minute, s->second, s->us);
	print_text(e->source);
	printf("\t%" PRIu32, e->id);
	print_text(e->computer);
	putchar('\n');
	for (size_t i = 0; i < e->string_count; i++) {
		printf("string\t%zu", i + 1);
		print_text(e->strings[i].name);
		print_text(e->strings[i].value);
		putchar('\n');
	}
	if (e->message.p == NULL)
		return OK;
	fputs("message", stdout);
	print_text(e->message);
	putchar('\n');
	return OK;
}

static enum err
print_line(const struct log_line *s, uint64_t number, void *context)
{
	(void)context;
	printf("line\t%" PRIu64, number);
	print_text(s->message);
	putchar('\n');
	return OK;
}

static void
print_trouble(uint64_t where, const char *reason, void *context)
{
	(void)context;
	printf("trouble\t%" PRIu64 "\t%s\n", where, reason);
}

static int
dump(const struct container *row, const char *bytes, size_t len, size_t step)
{
	const struct container_sink sink = {NULL, print_line, print_event, print_trouble};
	struct text head = {bytes, len < CONTAINER_HEAD ? len : CONTAINER_HEAD};
	void *box = row->open(&sink);
	enum err failed = box != NULL ? OK : ERR_MEMORY;

	printf("knows\t%s\n", row->knows(head) ? "yes" : "no");
	for (size_t at = 0, n; failed == OK && at < len; at += n) {
		n = len - at < step ? len - at : step;
		failed = row->feed(box, bytes + at, n);
	}
	if (failed == OK)
		failed = row->finish(box);
	row->close(box);
	return failed == OK ? EXIT_SUCCESS : EXIT_FAILURE;
}

int
main(int argc, char **argv)
{
	const struct container *row = argc > 2 ? container_find(argv[1]) : NULL;
	size_t len, step = argc > 3 ? strtoul(argv[3], NULL, 10) : 65536;
	FILE *f = row != NULL ? fopen(argv[2], "rb") : NULL;
	char *bytes = malloc(FILE_MAX);
	int status;

	if (f == NULL || bytes == NULL || step == 0) {
		fputs("usage: event_dump FORMAT FILE [CHUNK]\n", stderr);
		return EXIT_FAILURE;
	}
	len = fread(bytes, 1, FILE_MAX, f);
	(void)fclose(f);
	status = dump(row, bytes, len, step);
	free(bytes);
	return status;
}
