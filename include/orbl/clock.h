/* clock.h - time that only goes forward, for event loops; all below them is told the time. */
#ifndef ORBL_CLOCK_H
#define ORBL_CLOCK_H

#include <stdint.h>
#include <time.h>

/* Milliseconds since some moment of this boot. */
static inline int64_t
clock_monotonic_ms(void)
{
	struct timespec t;

	(void)clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

#endif
