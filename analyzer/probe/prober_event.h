/* prober_event.h - an event as it comes out of the pipe: believed only after a look. */
#ifndef ANALYZER_PROBER_EVENT_H
#define ANALYZER_PROBER_EVENT_H

#include "prober.h"

/* False when the bytes are no event: wrong size, an enum out of its range, text that is not
 * printable or has no end, a case that does not exist. *out is then not to be used. */
bool prober_event_read(const void *bytes, size_t len, struct prober_event *out) ORBL_NODISCARD;

#endif
