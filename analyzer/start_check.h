/* start_check.h - what a start would refuse, found without one: for -T. */
#ifndef ANALYZER_START_CHECK_H
#define ANALYZER_START_CHECK_H

#include <orbl/conf.h>

/* All that can be known without opening the store or a port that others reach. The error names the
 * option. */
enum err start_check(const struct conf *conf, struct error *e) ORBL_NODISCARD;

#endif
