/* unit.h - run a check suite and print its results as TAP on standard output. */
#ifndef TESTS_UNIT_H
#define TESTS_UNIT_H

#include <check.h>

/* Returns the exit status for main: 0 only when every check passed. */
int unit_run(Suite *suite);

#endif
