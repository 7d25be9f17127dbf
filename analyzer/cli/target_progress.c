#include "target_progress.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

bool
target_progress_can_erase(void)
{
	const char *term = getenv("TERM");

	return term != NULL && strcmp(term, "") != 0 && strcmp(term, "dumb") != 0;
}

void
target_progress_start(struct target_progress *p, size_t targets)
{
	*p = (struct target_progress){
		.is_on = targets > 1 && isatty(STDERR_FILENO) != 0 && target_progress_can_erase(),
	};
}

void
target_progress_show(struct target_progress *p, size_t finished, size_t targets)
{
	if (!p->is_on || (p->is_shown && p->shown == finished))
		return;
	p->is_shown = true;
	p->shown = finished;
	(void)fprintf(stderr, "\r\033[K%zu of %zu targets have a verdict", finished, targets);
}

void
target_progress_clear(struct target_progress *p)
{
	if (p->is_shown)
		(void)fputs("\r\033[K", stderr);
	p->is_shown = false;
}
