/* scratch.h - a directory of its own for each test, as check fixtures. */
#ifndef TESTS_SCRATCH_H
#define TESTS_SCRATCH_H

#include <stddef.h>

void scratch_enter(void); /* make one below $TMPDIR and work there */
void scratch_leave(void); /* remove it with all that is in it */
void scratch_write(const char *name, const void *bytes, size_t len);
/* Is the file there, with these bytes and nothing else? */
int scratch_holds(const char *name, const char *text);

#endif
