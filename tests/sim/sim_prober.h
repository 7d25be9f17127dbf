/* sim_prober.h - the prober of a simulation: what a host under test says follows from the truth.
 *
 * It has the interface of prober.h, for the program that is linked with it in place of the real
 * one. A job is answered at once, as of the time that it was given.
 */
#ifndef TESTS_SIM_PROBER_H
#define TESTS_SIM_PROBER_H

#include "prober.h"
#include "world.h"

struct prober *sim_prober_new(const struct sim_world *w);

#endif
