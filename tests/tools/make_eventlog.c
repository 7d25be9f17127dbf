/* make_eventlog.c - a Windows Event Log out of a description (eventlog_write.h).
 *
 *	make_eventlog evt|evtx [OPTION...] <DESCRIPTION >LOG
 *
 *	--dirty           not closed: the header is old
 *	--size=BYTES      evt: of the circle; what does not fit overwrites the oldest
 *	--plain           evtx: without templates, as forwarded events are
 *	--new             evtx: version 3.2
 *	--no-checksums    evtx
 *	--per-chunk=N     evtx: events in a chunk
 *	--damage=BYTE     all bits of that byte are turned
 *	--flip=BIT        one bit is
 *	--cut=BYTES       so many bytes of it only
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "eventlog_write.h"

enum { INPUT_MAX = 1 << 20, OUTPUT_MAX = 4 << 20, EVENTS_MAX = 1024 };

struct task {
	struct eventlog_options options;
	size_t damage, flip, cut; /* SIZE_MAX: none */
};

static bool
read_size(const char *argument, const char *name, size_t *out)
{
	size_t len = strlen(name);
	char *end;

	if (strncmp(argument, name, len) != 0)
		return false;
	*out = strtoul(argument + len, &end, 10);
	return end != argument + len && *end == '\0';
}

static bool
read_option(const char *argument, struct task *t)
{
	if (strcmp(argument, "--dirty") == 0)
		t->options.is_dirty = true;
	else if (strcmp(argument, "--plain") == 0)
		t->options.is_plain = true;
	else if (strcmp(argument, "--new") == 0)
		t->options.is_new = true;
	else if (strcmp(argument, "--no-checksums") == 0)
		t->options.no_checksums = true;
	else
		return read_size(argument, "--size=", &t->options.file_size) ||
			read_size(argument, "--per-chunk=", &t->options.per_chunk) ||
			read_size(argument, "--damage=", &t->damage) ||
			read_size(argument, "--flip=", &t->flip) ||
			read_size(argument, "--cut=", &t->cut);
	return true;
}

static size_t
write_log(const char *format, const struct task *t, uint8_t *out)
{
	struct event_spec *events = calloc(EVENTS_MAX, sizeof(*events));
	char *input = malloc(INPUT_MAX);
	size_t count, len = 0;

	if (events == NULL || input == NULL)
		abort();
	count = eventlog_read_specs(input, fread(input, 1, INPUT_MAX, stdin), events, EVENTS_MAX);
	if (count != 0 && strcmp(format, "evt") == 0)
		len = evt_write(events, count, &t->options, out, OUTPUT_MAX);
	else if (count != 0 && strcmp(format, "evtx") == 0)
		len = evtx_write(events, count, &t->options, out, OUTPUT_MAX);
	free(input);
	free(events);
	return len;
}

int
main(int argc, char **argv)
{
	struct task t = {.damage = SIZE_MAX, .flip = SIZE_MAX, .cut = SIZE_MAX};
	uint8_t *out = malloc(OUTPUT_MAX);
	size_t len;

	for (int i = 2; i < argc; i++) {
		if (!read_option(argv[i], &t)) {
			fprintf(stderr, "make_eventlog: %s?\n", argv[i]);
			return EXIT_FAILURE;
		}
	}
	len = argc > 1 && out != NULL ? write_log(argv[1], &t, out) : 0;
	if (len == 0) {
		fputs("make_eventlog: the description is wrong, or does not fit\n", stderr);
		return EXIT_FAILURE;
	}
	if (t.damage < len)
		out[t.damage] ^= 0xff;
	if (t.flip / 8 < len)
		out[t.flip / 8] ^= (uint8_t)(1U << t.flip % 8);
	(void)fwrite(out, 1, t.cut < len ? t.cut : len, stdout);
	free(out);
	return fflush(stdout) == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
