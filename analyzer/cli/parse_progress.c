#include "parse_progress.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <orbl/clock.h>

enum { EVERY_MS = 100, COLUMNS = 80, LINE_BYTES = 512, NAME_LEAST = 8 };

/* A terminal that knows no escape sequences would show them. */
static bool
can_erase(void)
{
	const char *term = getenv("TERM");

	return term != NULL && strcmp(term, "") != 0 && strcmp(term, "dumb") != 0;
}

void
parse_progress_start(struct parse_progress *p, bool prints_denials, size_t files)
{
	*p = (struct parse_progress){.files = files};
	p->is_on = isatty(STDERR_FILENO) != 0 && can_erase() &&
		!(prints_denials && isatty(STDOUT_FILENO) != 0);
	p->start_ms = clock_monotonic_ms();
	p->next_ms = p->start_ms + EVERY_MS;
}

static size_t
columns(void)
{
	struct winsize w;

	if (ioctl(STDERR_FILENO, TIOCGWINSZ, &w) != 0 || w.ws_col < NAME_LEAST)
		return COLUMNS;
	return w.ws_col < LINE_BYTES ? w.ws_col : LINE_BYTES;
}

/* Behind the name. Returns its length. */
static size_t
describe(const struct parse_progress *p, uint64_t done, uint64_t total, uint64_t denials,
	int64_t elapsed_ms, char out[LINE_BYTES])
{
	uint64_t rate = p->bytes / (uint64_t)(elapsed_ms > 0 ? elapsed_ms : 1) / 1000;
	char part[40];
	int n;

	if (total != 0)
		(void)snprintf(part, sizeof(part), "%u %%",
			(unsigned)(done < total ? done * 100 / total : 100));
	else
		(void)snprintf(part, sizeof(part), "%" PRIu64 " MB", done / 1000000);
	n = snprintf(out, LINE_BYTES, " (%zu of %zu): %s, %" PRIu64 " MB/s, %" PRIu64 " denials",
		p->file, p->files, part, rate, denials);
	return n > 0 ? (size_t)n : 0;
}

/* In one line of the terminal, else it could not be taken away: of a long name the end is kept. */
void
parse_progress_show(struct parse_progress *p, const char *name, uint64_t done, uint64_t total,
	uint64_t denials)
{
	int64_t now = p->is_on ? clock_monotonic_ms() : 0;
	size_t name_len = strlen(name), width, room, len;
	char rest[LINE_BYTES], line[2 * LINE_BYTES];
	bool is_cut;

	if (!p->is_on || now < p->next_ms)
		return;
	p->next_ms = now + EVERY_MS;
	p->is_shown = true;
	width = columns() - 1;
	len = describe(p, done, total, denials, now - p->start_ms, rest);
	room = width > len + NAME_LEAST ? width - len : NAME_LEAST;
	is_cut = name_len > room;
	(void)snprintf(line, sizeof(line), "%s%s%s", is_cut ? "..." : "",
		is_cut ? name + name_len - (room - 3) : name, rest);
	(void)fprintf(stderr, "\r\033[K%.*s", (int)width, line);
}

void
parse_progress_clear(struct parse_progress *p)
{
	if (p->is_shown)
		(void)fputs("\r\033[K", stderr);
	p->is_shown = false;
}
