/* status.h - what the control socket says of the zones. */
#ifndef DNSD_STATUS_H
#define DNSD_STATUS_H

#include <jansson.h>

#include "reload.h"

/* An array with an object for each source: its file, state, serial, size, last error. */
json_t *status_zones(const struct reload *r);
/* The answer to a reload: how the last load of each source ended. The first failure makes it
 * one, with the zone's name. */
json_t *status_reload(const struct reload *r);

#endif
