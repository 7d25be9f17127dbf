#include "service.h"

#include <orbl/log.h>

enum { PAUSE_MS = 1000, PAUSE_MAX_MS = 60000 };

static void
plan(struct service *s, int64_t now_ms, const char *why)
{
	bool has_run = now_ms - s->started_ms >= PAUSE_MAX_MS;

	s->pause_ms = s->pause_ms == 0 || has_run ? PAUSE_MS : 2 * s->pause_ms;
	if (s->pause_ms > PAUSE_MAX_MS)
		s->pause_ms = PAUSE_MAX_MS;
	s->again_ms = now_ms + s->pause_ms;
	log_error("%s %s; starting it again in %lld s", s->name, why,
		(long long)s->pause_ms / 1000);
}

enum err
service_start(struct service *s, int64_t now_ms, struct error *e)
{
	enum err err = child_start(&s->child, s->run, s->context, e);

	s->again_ms = 0;
	s->started_ms = now_ms;
	return err;
}

void
service_ended(struct service *s, int64_t now_ms)
{
	char how[CHILD_END];

	s->ends++;
	plan(s, now_ms, child_end(&s->child, how));
}

bool
service_tick(struct service *s, int64_t now_ms)
{
	struct error e = {.code = OK};

	if (s->again_ms == 0 || now_ms < s->again_ms)
		return false;
	if (service_start(s, now_ms, &e) == OK)
		return true;
	plan(s, now_ms, e.text);
	return false;
}

int64_t
service_wait_ms(const struct service *s, int64_t now_ms)
{
	if (s->again_ms == 0)
		return -1;
	return s->again_ms > now_ms ? s->again_ms - now_ms : 0;
}

void
service_stop(struct service *s)
{
	char how[CHILD_END];

	s->again_ms = 0;
	child_end(&s->child, how);
}
