/* make_log.c - a mail log of any size, on standard output, and what it holds.
 *
 *	make_log FORMAT PROFILE BYTES SEED TRUTH
 *
 * FORMAT is postfix, exim or exchange. PROFILE is attack (some 15 % of the lines are denials),
 * usual (0.1 %) or strangers (as attack, but no client comes twice; TRUTH has the total then).
 * TRUTH gets a line "ADDRESS TAB DENIALS" a client, as `orbl parse --summary` prints it, and
 * one "total TAB DENIALS". The same arguments always make the same log.
 */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "log_events.h"
#include "log_writer.h"

enum { OUTPUT_BUFFER = 1 << 20 };

struct make {
	const struct log_format *format;
	bool is_attack;
	uint64_t bytes;
};

static unsigned
weight(const struct make *m, size_t i)
{
	return m->is_attack ? m->format->events[i].attack : m->format->events[i].usual;
}

static void
print_event(const struct make *m, struct log_writer *w, unsigned total)
{
	unsigned chosen = log_random(w, total);
	size_t i = 0;

	while (chosen >= weight(m, i))
		chosen -= weight(m, i++);
	log_session(w);
	for (const char *const *line = m->format->events[i].lines; *line != NULL; line++)
		log_line(w, *line);
}

static void
print_log(const struct make *m, struct log_writer *w)
{
	unsigned total = 0;

	for (size_t i = 0; i < m->format->count; i++)
		total += weight(m, i);
	log_session(w);
	for (const char *const *line = m->format->head; line != NULL && *line != NULL; line++)
		log_line(w, *line);
	while (w->bytes < m->bytes && !ferror(w->out))
		print_event(m, w, total);
}

static bool
write_truth(const struct log_writer *w, const char *name)
{
	FILE *f = fopen(name, "w");

	if (f == NULL)
		return false;
	for (size_t i = 0; i < LOG_HOSTS; i++)
		if (w->hosts[i].denials != 0)
			fprintf(f, "%s\t%" PRIu64 "\n", w->hosts[i].address, w->hosts[i].denials);
	fprintf(f, "total\t%" PRIu64 "\n", w->denials);
	return fclose(f) == 0;
}

int
main(int argc, char **argv)
{
	struct make m = {0};
	struct log_writer w;
	bool ok;

	if (argc != 6 || (m.format = log_format_find(argv[1])) == NULL)
		return EXIT_FAILURE;
	m.is_attack = strcmp(argv[2], "usual") != 0;
	m.bytes = strtoull(argv[3], NULL, 10);
	setvbuf(stdout, NULL, _IOFBF, OUTPUT_BUFFER);
	if (!log_writer_start(&w, stdout, strtoull(argv[4], NULL, 10)))
		return EXIT_FAILURE;
	w.always_new = strcmp(argv[2], "strangers") == 0;
	print_log(&m, &w);
	ok = fflush(stdout) == 0 && !ferror(stdout) && write_truth(&w, argv[5]);
	log_writer_free(&w);
	return ok ? EXIT_SUCCESS : EXIT_FAILURE;
}
