/* target_progress.h - one line on a terminal that says how many targets have their verdict. */
#ifndef ANALYZER_CLI_TARGET_PROGRESS_H
#define ANALYZER_CLI_TARGET_PROGRESS_H

#include <stdbool.h>
#include <stddef.h>

struct target_progress {
	bool is_on; /* standard error is a terminal, and there are several targets */
	bool is_shown;
	size_t shown; /* number that stands there */
};

/* False: a terminal that knows no escape sequences would show them. */
bool target_progress_can_erase(void);
void target_progress_start(struct target_progress *p, size_t targets);
void target_progress_show(struct target_progress *p, size_t finished, size_t targets);
/* Before anything else goes to the terminal. */
void target_progress_clear(struct target_progress *p);

#endif
