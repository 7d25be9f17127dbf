/* follow.h - orbl submit --follow: logs are given to the analyzer as they grow. */
#ifndef ANALYZER_FOLLOW_H
#define ANALYZER_FOLLOW_H

#include <stddef.h>

#include "submit.h"

/* Until SIGTERM or SIGINT: files of these names, or the journal. The exit status. */
int follow(const struct submit *s, char **names, size_t count);

#endif
