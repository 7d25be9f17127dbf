#include "fake_prober.h"

#include <assert.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { JOBS_MAX = 256, EVENTS_MAX = 256 };

struct prober {
	int pipe[2]; /* a byte for each event */
	bool blocked;
	size_t job_count, event_count, event_next;
	struct prober_job jobs[JOBS_MAX];
	struct prober_event events[EVENTS_MAX];
	uint64_t sequence;
	char acks[1024], cancels[256];
};

struct prober *
fake_prober_new(void)
{
	struct prober *p = calloc(1, sizeof(*p));

	if (p == NULL || pipe2(p->pipe, O_CLOEXEC | O_NONBLOCK) != 0)
		abort();
	return p;
}

void
fake_prober_say(struct prober *p, const struct prober_event *ev)
{
	assert(p->event_count < EVENTS_MAX);
	p->events[p->event_count] = *ev;
	if (ev->kind == PROBER_ARRIVAL)
		p->events[p->event_count].sequence = ++p->sequence;
	p->event_count++;
	if (write(p->pipe[1], "e", 1) != 1)
		abort();
}

void
fake_prober_end(struct prober *p)
{
	close(p->pipe[1]);
	p->pipe[1] = -1;
}

void
fake_prober_block(struct prober *p, bool blocked)
{
	p->blocked = blocked;
}

size_t
fake_prober_jobs(const struct prober *p)
{
	return p->job_count;
}

const struct prober_job *
fake_prober_job(const struct prober *p, size_t i)
{
	assert(i < p->job_count);
	return &p->jobs[i];
}

const char *
fake_prober_acks(const struct prober *p)
{
	return p->acks;
}

const char *
fake_prober_cancels(const struct prober *p)
{
	return p->cancels;
}

/* --- prober.h ------------------------------------------------------------ */

enum err
prober_start(const struct prober_conf *conf, struct prober **out, struct error *e)
{
	(void)conf;
	(void)e;
	*out = fake_prober_new();
	return OK;
}

void
prober_stop(struct prober *p)
{
	if (p == NULL)
		return;
	close(p->pipe[0]);
	if (p->pipe[1] >= 0)
		close(p->pipe[1]);
	free(p);
}

int
prober_fd(const struct prober *p)
{
	return p->pipe[0];
}

struct endpoint
prober_collector(const struct prober *p)
{
	(void)p;
	return (struct endpoint){.port = 0};
}

enum err
prober_submit(struct prober *p, const struct prober_job *job, struct error *e)
{
	if (p->blocked || p->job_count == JOBS_MAX)
		return error_set(e, ERR_FULL, "the pipe is full");
	p->jobs[p->job_count++] = *job;
	return OK;
}

enum err
prober_cancel(struct prober *p, uint64_t id, struct error *e)
{
	size_t len = strlen(p->cancels);

	if (p->blocked)
		return error_set(e, ERR_FULL, "the pipe is full");
	snprintf(p->cancels + len, sizeof(p->cancels) - len, "%s%" PRIu64, len != 0 ? " " : "", id);
	return OK;
}

void
prober_ack(struct prober *p, uint64_t sequence, bool stored)
{
	size_t len = strlen(p->acks);

	if (sequence != 0)
		snprintf(p->acks + len, sizeof(p->acks) - len, "%s%" PRIu64 "%c",
			len != 0 ? " " : "", sequence, stored ? '+' : '-');
}

enum err
prober_next(struct prober *p, struct prober_event *out, struct error *e)
{
	char byte;

	if (p->event_next == p->event_count)
		return p->pipe[1] >= 0 ? ERR_TIMEOUT : error_set(e, ERR_IO, "it has ended");
	if (read(p->pipe[0], &byte, 1) != 1)
		abort();
	*out = p->events[p->event_next++];
	return OK;
}
