#include "cmd.h"

#include <errno.h>
#include <getopt.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <sodium.h>

#include "probe_options.h"
#include "probe_plan.h"
#include "probe_report.h"
#include "probe_summary.h"
#include "target_progress.h"

enum {
	EXIT_TROUBLE = 2,
	TARGETS_MAX = 10000,
	LAST_REPLY_MS = 100,
};

struct run { /* of the command */
	struct probe_options options;
	struct probe_setup setup;
	struct prober *prober;
	struct probe_row *rows; /* one for each argument */
	size_t row_count;
	struct probe_report *targets; /* those that may be probed */
	size_t count, finished;
	struct target_progress progress;
	bool arrived;
};

static enum err
complain(const struct error *e)
{
	fprintf(stderr, "orbl probe: %s\n", e->text);
	return e->code;
}

/* --- targets ------------------------------------------------------------ */

/* A target that may not be probed is trouble, but not for the others. */
static enum err
add_row(struct run *run, const char *argument, struct error *e)
{
	struct probe_row *row = &run->rows[run->row_count];

	row->argument = argument;
	if (probe_setup_target(&run->setup, argument, &row->target, e) == OK) {
		row->report = run->count++;
	} else {
		complain(e);
		row->refused = strdup(e->text);
		if (row->refused == NULL)
			return error_set(e, ERR_MEMORY, "out of memory");
	}
	run->row_count++;
	return OK;
}

static enum err
read_targets(struct run *run, char **arguments, size_t count, struct error *e)
{
	enum err err = OK;

	if (count > TARGETS_MAX)
		return error_set(e, ERR_FULL, "at most %d targets", TARGETS_MAX);
	run->rows = calloc(count, sizeof(*run->rows));
	if (run->rows == NULL)
		return error_set(e, ERR_MEMORY, "out of memory");
	for (size_t i = 0; err == OK && i < count; i++)
		err = add_row(run, arguments[i], e);
	return err;
}

static enum err
begin_reports(struct run *run, struct error *e)
{
	enum err err = OK;

	run->targets = calloc(run->count, sizeof(*run->targets));
	if (run->targets == NULL)
		return error_set(e, ERR_MEMORY, "out of memory");
	for (size_t i = 0; err == OK && i < run->row_count; i++) {
		const struct probe_row *row = &run->rows[i];

		if (row->refused == NULL)
			err = probe_report_init(&run->targets[row->report], row->report,
				&row->target, &run->setup.conf, e);
	}
	return err;
}

/* --- the run ------------------------------------------------------------ */

/* *full: the pipe is, and the rest goes after the next event. */
static enum err
submit_target(struct run *run, struct probe_report *t, bool *full, struct error *e)
{
	struct prober_job job = {.now_s = (int64_t)time(NULL)};
	enum err err;

	if (!probe_report_wants(t, &job))
		return OK;
	err = prober_submit(run->prober, &job, e);
	*full = err == ERR_FULL;
	if (err == OK)
		probe_report_submitted(t);
	return *full ? OK : err;
}

static enum err
submit_targets(struct run *run, struct error *e)
{
	enum err err = OK;
	bool full = false;

	for (size_t i = 0; err == OK && !full && i < run->count; i++)
		err = submit_target(run, &run->targets[i], &full, e);
	return err;
}

static void
finish_target(struct run *run, struct probe_report *t)
{
	run->finished++;
	target_progress_clear(&run->progress);
	if (run->options.json)
		probe_report_print_json(t);
	else
		probe_report_print(t);
	fflush(stdout);
}

/* The dialogue of a single target is shown as it goes, those of several one after the other. */
static void
take_event(struct run *run, const struct prober_event *ev)
{
	struct probe_report *t;
	bool was_finished;

	if (ev->id == 0 || probe_report_index(ev->id) >= run->count)
		return;
	t = &run->targets[probe_report_index(ev->id)];
	was_finished = probe_report_is_finished(t);
	probe_report_apply(t, ev);
	if (run->count == 1 && !run->options.json) {
		probe_report_print_dialogue(t);
		fflush(stdout);
	}
	if (!was_finished && probe_report_is_finished(t))
		finish_target(run, t);
}

static enum err
take_events(struct run *run, struct error *e)
{
	struct pollfd pfd = {.fd = prober_fd(run->prober), .events = POLLIN};
	struct prober_event ev;
	enum err err;

	target_progress_show(&run->progress, run->finished, run->count);
	if (poll(&pfd, 1, -1) < 0 && errno != EINTR)
		return error_errno(e, "poll");
	while ((err = prober_next(run->prober, &ev, e)) == OK) {
		/* There is no store: what we know, we know. */
		prober_ack(run->prober, ev.sequence, true);
		run->arrived = run->arrived || ev.kind == PROBER_ARRIVAL;
		take_event(run, &ev);
	}
	return err == ERR_TIMEOUT ? OK : err;
}

static enum err
probe_targets(struct run *run, struct error *e)
{
	enum err err;

	if (run->count == 0)
		return OK;
	randombytes_buf(run->setup.conf.key, sizeof(run->setup.conf.key));
	err = probe_options_check_sources(&run->options, &run->setup.conf, e);
	if (err == OK)
		err = prober_start(&run->setup.conf, &run->prober, e);
	/* After the fork: the other process would have a copy of it all. */
	if (err == OK)
		err = begin_reports(run, e);
	while (err == OK && run->finished < run->count) {
		err = submit_targets(run, e);
		if (err == OK)
			err = take_events(run, e);
	}
	target_progress_clear(&run->progress);
	/* A relay whose message is not answered would try again for days. */
	if (run->arrived)
		poll(NULL, 0, LAST_REPLY_MS);
	return err;
}

static enum err
plan_targets(struct run *run, struct error *e)
{
	enum err err = OK;
	bool first = true;

	for (size_t i = 0; err == OK && i < run->row_count; i++) {
		if (run->rows[i].refused != NULL)
			continue;
		if (!first && !run->options.json)
			putchar('\n');
		first = false;
		err = probe_plan_print(&run->setup.conf, &run->rows[i].target, run->options.json,
			e);
	}
	return err;
}

static void
free_run(struct run *run)
{
	prober_stop(run->prober);
	for (size_t i = 0; run->targets != NULL && i < run->count; i++)
		probe_report_reset(&run->targets[i]);
	free(run->targets);
	for (size_t i = 0; i < run->row_count; i++)
		free(run->rows[i].refused);
	free(run->rows);
	probe_setup_reset(&run->setup);
}

static enum err
run_probe(struct run *run, int argc, char **argv, struct error *e)
{
	enum err err = probe_options_setup(&run->options, &run->setup, e);

	if (err == OK)
		err = read_targets(run, argv + optind, (size_t)(argc - optind), e);
	if (err != OK)
		return err;
	if (run->options.dry_run)
		return plan_targets(run, e);
	target_progress_start(&run->progress, run->count);
	err = probe_targets(run, e);
	if (err == OK && !run->options.json && run->row_count > 1)
		probe_summary_print(run->rows, run->row_count, run->targets);
	return err;
}

static int
find_status(const struct run *run)
{
	if (!run->options.dry_run)
		return probe_summary_status(run->rows, run->row_count, run->targets);
	return run->count == run->row_count ? EXIT_SUCCESS : EXIT_TROUBLE;
}

int
cmd_probe(int argc, char **argv)
{
	struct run run = {.count = 0};
	int status = EXIT_TROUBLE;
	struct error e = {.code = OK};
	enum err err = probe_options_read(argc, argv, &run.options, &e);

	if (err == OK && run.options.help) {
		fputs(probe_options_usage(), stdout);
		return EXIT_SUCCESS;
	}
	if (err == OK && run.options.list_cases) {
		probe_plan_list(run.options.json);
		return EXIT_SUCCESS;
	}
	if (err == OK && sodium_init() < 0)
		err = error_set(&e, ERR_IO, "libsodium does not start");
	if (err == OK)
		err = run_probe(&run, argc, argv, &e);
	if (err != OK)
		complain(&e);
	else
		status = find_status(&run);
	free_run(&run);
	return status;
}
