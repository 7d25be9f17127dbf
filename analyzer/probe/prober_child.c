#include "prober_child.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include <event2/event.h>

#include <orbl/sandbox.h>

#include "collector_seen.h"
#include "collector_server.h"
#include "collector_tls.h"
#include "etiquette.h"
#include "probe_busy.h"
#include "probe_run.h"
#include "probe_tls.h"
#include "prober_arrival.h"
#include "prober_hold.h"
#include "prober_letter.h"

enum {
	DESCRIPTORS_OTHER = 32, /* besides connections */
	CHANNEL_BATCH = 256,    /* datagrams of the parent */
};

struct child {
	struct prober_conf conf;
	int channel;
	struct event_base *base;
	struct event *channel_event, *schedule_event;
	struct collector_tls *collector_tls; /* NULL: none */
	struct collector_server *collector;
	struct collector_seen *seen;
	struct prober_hold *hold;
	struct probe_host host;
	struct probe_run *runs, **runs_end; /* in the order of their jobs */
	struct prober_letter *letters;
	struct probe_busy *busy;
	size_t count;
	bool channel_paused;
};

static int64_t
clock_us(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_REALTIME, &ts);
	return (int64_t)ts.tv_sec * 1000000 + ts.tv_nsec / 1000;
}

/* --- to the parent ------------------------------------------------------ */

/* Waits when the pipe is full: events are neither lost nor piled up here. */
static void
emit(void *context, struct prober_event *ev)
{
	struct child *child = context;
	ssize_t n;

	ev->time_us = clock_us();
	do {
		n = send(child->channel, ev, sizeof(*ev), MSG_NOSIGNAL);
	} while (n < 0 && errno == EINTR);
	if (n < 0)
		event_base_loopbreak(child->base);
}

static int
emit_failure(struct child *child, const struct error *e)
{
	struct prober_event ev = {.kind = PROBER_FAILED};

	text_printable(text_of(e->text), ev.text, sizeof(ev.text));
	emit(child, &ev);
	return EXIT_FAILURE;
}

/* --- runs --------------------------------------------------------------- */

static void
free_done(struct child *child)
{
	struct probe_run **link = &child->runs;

	while (*link != NULL) {
		struct probe_run *run = *link;

		if (run->state == PROBE_RUN_DONE) {
			*link = run->next;
			probe_run_free(run);
			child->count--;
		} else {
			link = &run->next;
		}
	}
	child->runs_end = link;
}

static void
free_letters_done(struct child *child)
{
	struct prober_letter **link = &child->letters;

	while (*link != NULL) {
		struct prober_letter *letter = *link;

		if (letter->done) {
			*link = letter->next;
			prober_letter_free(letter);
		} else {
			link = &letter->next;
		}
	}
}

static size_t
count_state(const struct child *child, enum probe_run_state state)
{
	size_t n = 0;

	for (const struct probe_run *run = child->runs; run != NULL; run = run->next)
		n += run->state == state;
	return n;
}

static void
find_busy(struct child *child)
{
	probe_busy_forget(child->busy);
	for (struct probe_run *run = child->runs; run != NULL; run = run->next)
		if (run->state == PROBE_RUN_TALKING)
			probe_busy_add(child->busy, &run->job.target.addr);
	for (struct prober_letter *l = child->letters; l != NULL; l = l->next)
		if (l->started)
			probe_busy_add(child->busy, &l->target);
}

/* Few, and short: they have no place among the sessions. */
static void
start_letters(struct child *child)
{
	for (struct prober_letter *l = child->letters; l != NULL; l = l->next)
		if (!l->started && probe_busy_add(child->busy, &l->target))
			prober_letter_start(l);
}

/* One connection to a host at a time, whatever the jobs. */
static void
start_runs(struct child *child, size_t talking)
{
	for (struct probe_run *run = child->runs; run != NULL; run = run->next) {
		if (talking >= child->conf.sessions)
			return;
		if (run->state != PROBE_RUN_QUEUED ||
			!probe_busy_add(child->busy, &run->job.target.addr))
			continue;
		probe_run_start(run);
		talking++;
	}
}

static void
schedule(evutil_socket_t fd, short what, void *context)
{
	struct child *child = context;

	(void)fd;
	(void)what;
	free_done(child);
	free_letters_done(child);
	if (child->channel_paused && child->count < PROBER_JOBS_MAX) {
		child->channel_paused = false;
		event_add(child->channel_event, NULL);
	}
	find_busy(child);
	start_letters(child);
	if (count_state(child, PROBE_RUN_QUEUED) != 0)
		start_runs(child, count_state(child, PROBE_RUN_TALKING));
}

static void
run_changed(void *context)
{
	struct child *child = context;

	event_active(child->schedule_event, EV_TIMEOUT, 0);
}

/* --- from the parent ---------------------------------------------------- */

static void
refuse_job(struct child *child, const struct prober_job *job, const char *why)
{
	struct prober_event ev = {.kind = PROBER_DONE, .id = job->id, .reach = REACH_TEMPORARY};

	text_printable(text_of(why), ev.text, sizeof(ev.text));
	emit(child, &ev);
}

static void
take_letter(struct child *child, const struct prober_job *job)
{
	struct prober_letter *letter = NULL;
	size_t count = 0;

	for (const struct prober_letter *l = child->letters; l != NULL; l = l->next)
		count++;
	if (count < PROBER_LETTERS_MAX)
		letter = prober_letter_new(&child->host, job);
	if (letter == NULL) {
		refuse_job(child, job, "too many letters at once");
		return;
	}
	letter->next = child->letters;
	child->letters = letter;
	run_changed(child);
}

static void
take_job(struct child *child, const struct prober_job *job)
{
	struct etiquette_rules rules = {.allow_count = child->conf.allow_count,
		.allow = child->conf.allow};
	struct etiquette_question question = {.addr = job->target.addr, .now_s = job->now_s};
	char why[ETIQUETTE_WHY];
	struct probe_run *run;

	if (etiquette_check(&rules, &question, why) != ETIQUETTE_PROBE) {
		refuse_job(child, job, why);
		return;
	}
	if (job->letter[0] != '\0') {
		take_letter(child, job);
		return;
	}
	run = probe_run_new(&child->host, job);
	if (run == NULL) {
		refuse_job(child, job, "out of memory");
		return;
	}
	*child->runs_end = run;
	child->runs_end = &run->next;
	child->count++;
	run_changed(child);
}

static void
take_cancel(struct child *child, const struct prober_cancel *cancel)
{
	for (struct probe_run *run = child->runs; run != NULL; run = run->next)
		if (run->job.id == cancel->id) {
			probe_run_cancel(run, "opted out");
			return;
		}
}

static bool
take_ack(struct child *child, const struct prober_ack *ack)
{
	if (ack->stored > 1 ||
		!prober_hold_settle(child->hold, ack->sequence, ack->stored != 0, child->seen))
		return false;
	collector_server_release(child->collector, ack->sequence, ack->stored != 0);
	return true;
}

/* False: there is nothing more for now, or ever. */
static bool
read_datagram(struct child *child)
{
	union {
		struct prober_job job;
		struct prober_ack ack;
		struct prober_cancel cancel;
		unsigned char too_long[sizeof(struct prober_job) + 1];
	} in;
	ssize_t n = recv(child->channel, &in, sizeof(in), MSG_DONTWAIT);

	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return false;
	if (n == sizeof(in.job)) {
		take_job(child, &in.job);
	} else if (n == sizeof(in.cancel)) {
		take_cancel(child, &in.cancel);
	} else if (n != sizeof(in.ack) || !take_ack(child, &in.ack)) {
		event_base_loopbreak(child->base); /* the parent has gone, or its mind */
		return false;
	}
	return true;
}

/* Many at a time: acknowledgements must not wait for one another while arrivals come in. With all
 * the jobs that it can hold the child reads nothing, acknowledgements wait with the next ones,
 * and relays, after a while, try again. */
static void
read_channel(evutil_socket_t fd, short what, void *context)
{
	struct child *child = context;

	(void)fd;
	(void)what;
	for (size_t i = 0; i < CHANNEL_BATCH; i++) {
		if (child->count >= PROBER_JOBS_MAX) {
			child->channel_paused = true;
			event_del(child->channel_event);
			return;
		}
		if (!read_datagram(child))
			return;
	}
}

/* --- arrivals ----------------------------------------------------------- */

/* What was refused cannot prove anything; the test goes on. Of a resumed one we do not know what
 * was. */
static bool
was_refused(const struct probe_run *run, unsigned case_number)
{
	for (size_t i = 0; i < probe_case_count(); i++)
		if (probe_case_row(i)->number == case_number)
			return run->cases[i].elsewhere ||
				run->cases[i].answer == PROBER_ANSWER_REFUSED;
	return false;
}

static void
tell_run(void *context, uint64_t probe_id, unsigned case_number, bool bounce)
{
	struct child *child = context;

	for (struct probe_run *run = child->runs; run != NULL; run = run->next)
		if (run->job.id == probe_id) {
			if (bounce || !was_refused(run, case_number))
				probe_run_arrival(run, case_number, bounce);
			return;
		}
}

static enum collector_told
take_arrival(const struct collector_arrival *a, const struct endpoint *peer, uint64_t *sequence,
	void *context)
{
	struct child *child = context;
	const struct prober_arrival_host host = {.key = child->conf.key,
		.seen = child->seen,
		.hold = child->hold,
		.emit = emit,
		.tell = tell_run,
		.context = child};

	return prober_arrival_take(&host, a, peer, sequence);
}

/* --- start -------------------------------------------------------------- */

static enum err
open_tls(struct child *child, struct error *e)
{
	const struct prober_conf *conf = &child->conf;
	enum err err = conf->starttls ? probe_tls_new(&child->host.tls, e) : OK;

	if (err != OK)
		return err;
	if (conf->tls_certificate[0] == '\0' && conf->tls_key[0] == '\0')
		return OK;
	return collector_tls_new(conf->tls_certificate, conf->tls_key, &child->collector_tls, e);
}

static enum err
open_all(struct child *child, struct error *e)
{
	struct collector_server_conf conf = {.domain = child->conf.collector_domain,
		.name = child->conf.helo,
		.url = child->conf.url,
		.key = child->conf.key,
		.hold_s = COLLECTOR_HOLD_S,
		.arrival_fn = take_arrival,
		.context = child};
	enum err err;
	int fd;

	child->base = event_base_new();
	if (child->base == NULL)
		return error_set(e, ERR_MEMORY, "no event loop");
	err = open_tls(child, e);
	if (err == OK)
		err = collector_server_bind(&child->conf.collector, &fd, e);
	if (err != OK)
		return err;
	conf.tls = child->collector_tls;
	child->seen = collector_seen_new(COLLECTOR_SEEN_MAX);
	child->hold = prober_hold_new();
	child->busy = probe_busy_new(PROBER_JOBS_MAX);
	child->collector = collector_server_new(child->base, fd, &conf);
	child->channel_event = event_new(child->base, child->channel, EV_READ | EV_PERSIST,
		read_channel, child);
	child->schedule_event = evtimer_new(child->base, schedule, child);
	if (child->collector == NULL || child->seen == NULL || child->hold == NULL ||
		child->busy == NULL || child->channel_event == NULL ||
		child->schedule_event == NULL || event_add(child->channel_event, NULL) != 0)
		return error_set(e, ERR_MEMORY, "out of memory");
	return OK;
}

/* Fewer sessions rather than some that find no socket. */
static void
limit_sessions(struct child *child)
{
	size_t others = COLLECTOR_CONNECTIONS_MAX + DESCRIPTORS_OTHER;
	size_t n = sandbox_raise_descriptors(child->conf.sessions + others);

	if (n < child->conf.sessions + others)
		child->conf.sessions = n > others ? (uint32_t)(n - others) : 1;
}

static void
work(struct child *child)
{
	struct prober_event ready = {.kind = PROBER_READY, .peer = child->conf.collector};

	emit(child, &ready);
	event_base_dispatch(child->base);
}

static void
close_all(struct child *child)
{
	while (child->runs != NULL) {
		struct probe_run *run = child->runs;

		child->runs = run->next;
		probe_run_free(run);
	}
	while (child->letters != NULL) {
		struct prober_letter *letter = child->letters;

		child->letters = letter->next;
		prober_letter_free(letter);
	}
	collector_server_free(child->collector);
	collector_tls_free(child->collector_tls);
	collector_seen_free(child->seen);
	prober_hold_free(child->hold);
	probe_busy_free(child->busy);
	probe_tls_free(child->host.tls);
	if (child->channel_event != NULL)
		event_free(child->channel_event);
	if (child->schedule_event != NULL)
		event_free(child->schedule_event);
	if (child->base != NULL)
		event_base_free(child->base);
}

static enum err
shut_in(const struct prober_conf *conf, struct error *e)
{
	const struct sandbox sandbox = {
		.user = conf->user,
		.option = "probe.user",
		.opens_tcp = true,
		.accepts = true,
	};

	return sandbox_enter(&sandbox, e);
}

int
prober_child_main(const struct prober_conf *conf, int channel)
{
	struct child child = {.conf = *conf, .channel = channel};
	int status = EXIT_SUCCESS;
	struct error e;

	child.runs_end = &child.runs;
	child.host = (struct probe_host){.conf = &child.conf,
		.emit = emit,
		.changed = run_changed,
		.context = &child};
	signal(SIGPIPE, SIG_IGN);
	limit_sessions(&child);
	if (open_all(&child, &e) != OK || shut_in(conf, &e) != OK) {
		status = emit_failure(&child, &e);
	} else {
		child.host.base = child.base;
		work(&child);
	}
	close_all(&child);
	return status;
}
