/* service.h - a child without which answers go on: when it dies it is started again.
 *
 * After a second, then two, four ... at most a minute; one that has run for a minute begins with a
 * second again. One line in the log each time.
 */
#ifndef DNSD_SERVICE_H
#define DNSD_SERVICE_H

#include <stdbool.h>
#include <stdint.h>

#include "child.h"

struct service {
	const char *name; /* for the log: "transfer process" */
	int (*run)(void *context, int channel);
	void *context;
	struct child child;
	int64_t started_ms, again_ms, pause_ms; /* monotonic; again_ms 0: it runs, or never did */
	unsigned ends;                          /* how often it died */
};

enum err service_start(struct service *s, int64_t now_ms, struct error *e) ORBL_NODISCARD;
/* Its end of the channel is closed: it has ended, or does so now. */
void service_ended(struct service *s, int64_t now_ms);
/* Start it again when it is time to. True: it was; it knows nothing yet. */
bool service_tick(struct service *s, int64_t now_ms);
/* Milliseconds until service_tick has something to do; -1: nothing. */
int64_t service_wait_ms(const struct service *s, int64_t now_ms);
static inline bool
service_runs(const struct service *s)
{
	return s->child.pid != 0;
}
void service_stop(struct service *s); /* for good */

#endif
