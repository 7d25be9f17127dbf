/* random.h - numbers by chance that are the same for the same seed on every machine (splitmix64).
 */
#ifndef TESTS_SIM_RANDOM_H
#define TESTS_SIM_RANDOM_H

#include <math.h>
#include <stdbool.h>
#include <stdint.h>

struct sim_random {
	uint64_t state;
};

static inline uint64_t
sim_random_next(struct sim_random *r)
{
	uint64_t z = r->state += UINT64_C(0x9e3779b97f4a7c15);

	z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
	z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
	return z ^ z >> 31;
}

/* 0 .. n - 1; n is small, so that the bias is, too. */
static inline uint64_t
sim_random_below(struct sim_random *r, uint64_t n)
{
	return sim_random_next(r) % n;
}

static inline bool
sim_random_percent(struct sim_random *r, unsigned percent)
{
	return sim_random_below(r, 100) < percent;
}

/* Times between events that come by chance, mean_s apart, at least one second. */
static inline int64_t
sim_random_gap(struct sim_random *r, int64_t mean_s)
{
	double u = ((double)(sim_random_next(r) >> 11) + 1.0) / 9007199254740993.0;

	return 1 + (int64_t)(-log(u) * (double)mean_s);
}

#endif
