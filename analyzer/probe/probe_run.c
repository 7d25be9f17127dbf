#include "probe_run.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <event2/event.h>

#include "probe_choice.h"
#include "probe_say.h"

int64_t
probe_run_clock_ms(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (int64_t)ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

/* --- events ------------------------------------------------------------- */

static void
emit_line(struct probe_run *run, char direction, struct text line, const struct endpoint *source)
{
	struct prober_event ev = {.kind = PROBER_DIALOGUE, .id = run->job.id, .peer = *source};

	if (run->lines > PROBE_LINES_MAX)
		return;
	ev.direction = direction;
	if (run->lines++ == PROBE_LINES_MAX) {
		ev.direction = '*';
		line = TEXT("the transcript ends here");
	}
	text_printable(line, ev.text, sizeof(ev.text));
	run->host->emit(run->host->context, &ev);
}

void
probe_run_emit_line(struct probe_run *run, char direction, struct text line)
{
	emit_line(run, direction, line, &(struct endpoint){.port = 0});
}

void
probe_run_note(struct probe_run *run, const char *fmt, ...)
{
	char text[PROBER_TEXT];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	probe_run_emit_line(run, '*', text_of(text));
}

/* --- state -------------------------------------------------------------- */

static void
set_state(struct probe_run *run, enum probe_run_state state)
{
	run->state = state;
	run->host->changed(run->host->context);
}

void
probe_run_set_timer(struct probe_run *run, int64_t ms)
{
	struct timeval tv = {.tv_sec = (time_t)(ms / 1000)};

	tv.tv_usec = (suseconds_t)(ms % 1000 * 1000);
	evtimer_add(run->timer, &tv);
}

bool
probe_run_has_enough(const struct probe_run *run)
{
	return run->proved && !run->host->conf->all;
}

static size_t
count_answer(const struct probe_run *run, enum prober_answer answer)
{
	size_t n = 0;

	for (size_t i = 0; i < probe_case_count(); i++)
		n += run->cases[i].wanted && run->cases[i].answer == answer;
	return n;
}

static bool
has_answers_elsewhere(const struct probe_run *run)
{
	for (size_t i = 0; i < probe_case_count(); i++)
		if (run->cases[i].elsewhere)
			return true;
	return false;
}

static bool
has_definite_answers(const struct probe_run *run)
{
	return has_answers_elsewhere(run) || run->accepted != 0 ||
		count_answer(run, PROBER_ANSWER_REFUSED) != 0;
}

/* What an earlier run of the same probe found is part of it: that one had reached the target, and
 * had definite answers. */
static enum prober_reach
find_reach(const struct probe_run *run)
{
	static const enum prober_answer missing[] = {PROBER_ANSWER_TEMPORARY, PROBER_ANSWER_BROKEN,
		PROBER_ANSWER_NONE};
	bool definite = has_definite_answers(run);

	if (run->ours)
		return REACH_OURS;
	if (run->cancelled)
		return REACH_TEMPORARY;
	if (!run->reached && !has_answers_elsewhere(run))
		return REACH_NONE;
	if (probe_run_has_enough(run))
		return REACH_DONE;
	if (run->refused_as_client && !definite)
		return REACH_REFUSED;
	for (size_t i = 0; i < ORBL_COUNT(missing); i++)
		if (count_answer(run, missing[i]) != 0)
			return REACH_TEMPORARY;
	/* When no case could be asked at all, nothing is known. */
	return definite ? REACH_DONE : REACH_TEMPORARY;
}

static void
finish(struct probe_run *run)
{
	struct prober_event ev = {.kind = PROBER_DONE, .id = run->job.id};

	evtimer_del(run->timer);
	ev.reach = find_reach(run);
	text_printable(text_of(run->cancelled ? run->cancelled_why : run->why), ev.text,
		sizeof(ev.text));
	run->host->emit(run->host->context, &ev);
	set_state(run, PROBE_RUN_DONE);
}

static bool
is_answered(const struct probe_run *run)
{
	return probe_run_has_enough(run) || run->answered >= run->accepted;
}

static void
wait_for_messages(struct probe_run *run)
{
	int64_t until = run->accepted_at_ms + (int64_t)run->host->conf->wait_s * 1000;
	int64_t left = until - probe_run_clock_ms();

	if (is_answered(run) || left <= 0) {
		finish(run);
		return;
	}
	probe_run_note(run, "waiting up to %lld s for what was accepted",
		(long long)((left + 999) / 1000));
	probe_run_set_timer(run, left);
	set_state(run, PROBE_RUN_WAITING);
}

/* What was refused for now is asked again later, with the same tokens: greylisting goes by
 * the triplet of client, sender and recipient. */
static bool
may_retry(const struct probe_run *run)
{
	return !probe_run_has_enough(run) && run->passes < run->host->conf->retries &&
		run->talk_left_ms > 0 && count_answer(run, PROBER_ANSWER_TEMPORARY) != 0;
}

static void
begin_pass(struct probe_run *run)
{
	run->passes++;
	run->connections = run->barren = 0;
	for (size_t i = 0; i < probe_case_count(); i++)
		if (run->cases[i].answer == PROBER_ANSWER_TEMPORARY) {
			run->cases[i].answer = PROBER_ANSWER_NONE;
			run->cases[i].drops = 0;
			run->cases[i].alone = false;
		}
}

static void
stop_talking(struct probe_run *run)
{
	if (!may_retry(run)) {
		wait_for_messages(run);
		return;
	}
	probe_run_note(run, "refused for now; once more in %u s",
		(unsigned)run->host->conf->retry_after_s);
	probe_run_set_timer(run, (int64_t)run->host->conf->retry_after_s * 1000);
	set_state(run, PROBE_RUN_RESTING);
}

/* --- connections -------------------------------------------------------- */

static const struct addr *
find_source(const struct probe_run *run)
{
	const struct prober_conf *conf = run->host->conf;

	return run->job.from_second_source ? &conf->second_source : &conf->source;
}

/* A second opinion must not come from the first source. */
static bool
lacks_source(const struct probe_run *run)
{
	return run->job.from_second_source &&
		find_source(run)->family != run->job.target.addr.family;
}

static struct dialogue *
open_dialogue(struct probe_run *run)
{
	const struct prober_conf *conf = run->host->conf;
	int64_t left_s = (run->talk_left_ms + 999) / 1000;
	struct dialogue_conf dialogue = {
		.target = run->job.target,
		.source = *find_source(run),
		.reply_timeout_s = conf->reply_timeout_s,
		.session_timeout_s = left_s < (int64_t)conf->session_timeout_s ?
			(uint32_t)left_s :
			conf->session_timeout_s,
	};
	struct dialogue_listener listener = probe_talk_listener(run);

	return dialogue_new(run->host->base, &dialogue, &listener);
}

/* Our trouble, not its: out of sockets or memory, or no such source address. */
static void
cannot_connect(struct probe_run *run)
{
	if (lacks_source(run))
		snprintf(run->why, sizeof(run->why),
			"probe.second_source is not of the target's address family");
	else
		snprintf(run->why, sizeof(run->why), "no socket for the connection: %s%s",
			strerror(errno),
			errno == EADDRNOTAVAIL ? "; the source must be an address of this machine" :
						 "");
	run->reached = true;
	probe_run_note(run, "%s", run->why);
	probe_run_give_up(run, PROBER_ANSWER_BROKEN);
	run->ours = run->accepted == 0;
	if (run->ours)
		finish(run);
	else
		stop_talking(run);
}

/* The first words of each connection say where it comes from; what binds no socket says nothing. */
static void
note_connection(struct probe_run *run)
{
	char target[ENDPOINT_TEXT], source[ADDR_TEXT], text[2 * ENDPOINT_TEXT + 32];
	struct endpoint from = {.port = 0};

	if (run->dialogue != NULL)
		from.addr = dialogue_source(run->dialogue);
	snprintf(text, sizeof(text), "connecting to %s%s%s",
		endpoint_format(&run->job.target, target), from.addr.family != 0 ? " from " : "",
		from.addr.family != 0 ? addr_format(&from.addr, source) : "");
	emit_line(run, '*', text_of(text), &from);
}

static void
connect_again(struct probe_run *run)
{
	int saved;

	run->connections++;
	run->step = PROBE_STEP_GREETING;
	run->waits[0].step = PROBE_STEP_GREETING;
	run->wait_count = 1;
	run->wait_next = 0;
	run->sender = NULL;
	run->spoiled = run->progress = run->encrypted = false;
	run->refusals = run->resets = 0;
	run->connected_ms = probe_run_clock_ms();
	run->dialogue = lacks_source(run) ? NULL : open_dialogue(run);
	saved = errno;
	note_connection(run);
	errno = saved;
	if (run->dialogue == NULL)
		cannot_connect(run);
}

void
probe_run_give_up(struct probe_run *run, enum prober_answer answer)
{
	for (size_t i = 0; i < probe_case_count(); i++)
		if (run->cases[i].wanted && run->cases[i].answer == PROBER_ANSWER_NONE) {
			run->cases[i].answer = answer;
			run->cases[i].wanted = answer != PROBER_ANSWER_NONE;
		}
}

static void
continue_talking(struct probe_run *run)
{
	run->pausing = false;
	if (probe_choice_next(run) == SIZE_MAX || probe_run_has_enough(run))
		stop_talking(run);
	else
		connect_again(run);
}

/* Why there is no further connection in this pass; NULL: there is. */
static const char *
find_limit(const struct probe_run *run)
{
	if (run->talk_left_ms <= 0)
		return "it has had all the time that one host gets";
	if (run->barren >= PROBE_BARREN_MAX || run->connections >= PROBE_CONNECTIONS_MAX)
		return "it answers nothing";
	return NULL;
}

void
probe_run_hung_up(struct probe_run *run)
{
	const char *limit;

	dialogue_free(run->dialogue);
	run->dialogue = NULL;
	if (run->cancelled) {
		finish(run);
		return;
	}
	run->talk_left_ms -= probe_run_clock_ms() - run->connected_ms;
	run->barren = run->progress ? 0 : run->barren + 1;
	if (run->refused_as_client && !has_definite_answers(run))
		probe_run_give_up(run, PROBER_ANSWER_BROKEN);
	limit = find_limit(run);
	if (probe_choice_next(run) != SIZE_MAX && !probe_run_has_enough(run) && limit != NULL) {
		probe_run_note(run, "no more connections: %s", limit);
		probe_run_give_up(run, PROBER_ANSWER_BROKEN);
	}
	if (run->pausing)
		probe_run_set_timer(run, PROBE_PAUSE_MS);
	else
		continue_talking(run);
}

static void
timer_fired(evutil_socket_t fd, short what, void *context)
{
	struct probe_run *run = context;

	(void)fd;
	(void)what;
	switch (run->state) {
	case PROBE_RUN_TALKING:
		if (run->pausing)
			continue_talking(run);
		else
			probe_talk_next(run);
		break;
	case PROBE_RUN_RESTING:
		begin_pass(run);
		set_state(run, PROBE_RUN_QUEUED);
		break;
	case PROBE_RUN_WAITING: finish(run); break;
	case PROBE_RUN_QUEUED:
	case PROBE_RUN_DONE: break;
	}
}

void
probe_run_start(struct probe_run *run)
{
	run->state = PROBE_RUN_TALKING;
	continue_talking(run);
}

void
probe_run_arrival(struct probe_run *run, unsigned case_number, bool bounce)
{
	size_t row = 0;

	while (row < probe_case_count() && probe_case_row(row)->number != case_number)
		row++;
	if (row == probe_case_count() || run->state == PROBE_RUN_DONE)
		return;
	if (bounce || !run->cases[row].arrived)
		run->answered++;
	if (!bounce)
		run->proved = run->cases[row].arrived = true;
	if (run->state == PROBE_RUN_TALKING && run->step == PROBE_STEP_SETTLE)
		probe_run_set_timer(run, 0);
	else if (run->state == PROBE_RUN_WAITING && is_answered(run))
		finish(run);
	else if (run->state == PROBE_RUN_RESTING && probe_run_has_enough(run))
		finish(run);
}

/* Between a command and its reply nothing can be said: probe_talk.c goes on from there. A greeting
 * is not waited for. */
static void
leave(struct probe_run *run)
{
	evtimer_del(run->timer);
	if (run->dialogue == NULL || run->step == PROBE_STEP_GREETING)
		probe_run_hung_up(run);
	else if (run->step == PROBE_STEP_SETTLE)
		probe_say_quit(run);
}

void
probe_run_cancel(struct probe_run *run, const char *why)
{
	if (run->state == PROBE_RUN_DONE || run->cancelled)
		return;
	run->cancelled = true;
	probe_run_note(run, "nothing more is asked: %s", why);
	snprintf(run->cancelled_why, sizeof(run->cancelled_why), "%s", why);
	if (run->state == PROBE_RUN_TALKING)
		leave(run);
	else
		finish(run);
}

struct probe_run *
probe_run_new(const struct probe_host *host, const struct prober_job *job)
{
	struct probe_run *run = calloc(1, sizeof(*run));
	const struct prober_conf *conf = host->conf;

	if (run == NULL)
		return NULL;
	run->host = host;
	run->job = *job;
	run->settle_left_ms = conf->wait_s * 1000;
	run->talk_left_ms = (int64_t)conf->session_timeout_s * PROBE_BUDGET_SESSIONS * 1000;
	run->timer = evtimer_new(host->base, timer_fired, run);
	if (run->timer == NULL ||
		probe_names_init(&run->names, conf->collector_domain, &job->target.addr,
			&conf->collector.addr, NULL) != OK) {
		probe_run_free(run);
		return NULL;
	}
	if (job->host_name[0] != '\0')
		probe_names_host(&run->names, text_of(job->host_name));
	probe_choice_begin(run);
	return run;
}

void
probe_run_free(struct probe_run *run)
{
	if (run == NULL)
		return;
	dialogue_free(run->dialogue);
	if (run->timer != NULL)
		event_free(run->timer);
	free(run);
}
