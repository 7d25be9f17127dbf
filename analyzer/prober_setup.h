/* prober_setup.h - from orbl.conf to the prober's own configuration. */
#ifndef ANALYZER_PROBER_SETUP_H
#define ANALYZER_PROBER_SETUP_H

#include <orbl/conf.h>

#include "prober.h"

/* Everything but the key. The error names the option. */
enum err
prober_setup(const struct conf *conf, struct prober_conf *out, struct error *e) ORBL_NODISCARD;

#endif
