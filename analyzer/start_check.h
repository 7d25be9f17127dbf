/* start_check.h - what a start would refuse, found without one: for -T, and before the store is
 * opened, as one that was taken over cannot go back to an older version. */
#ifndef ANALYZER_START_CHECK_H
#define ANALYZER_START_CHECK_H

#include <orbl/conf.h>

/* All that can be known without opening the store or a port that others reach. The error names the
 * option. */
enum err start_check(const struct conf *conf, struct error *e) ORBL_NODISCARD;
/* All that a start needs besides the store: it would refuse what this refuses, but later. Makes
 * audit.key when there is none. */
enum err start_prepare(const struct conf *conf, struct error *e) ORBL_NODISCARD;

#endif
