#include "probe_group.h"

#include <stdio.h>

#include "probe_say.h"
#include "probe_talk.h"

/* --- saying it ---------------------------------------------------------- */

struct draft {
	char commands[PROBE_GROUP_MAX + 2][PROBE_COMMAND_MAX];
	const char *list[PROBE_GROUP_MAX + 2];
};

static void
add_wait(struct probe_run *run, struct draft *d, enum probe_step step, size_t row)
{
	d->list[run->wait_count] = d->commands[run->wait_count];
	run->waits[run->wait_count++] = (struct probe_wait){step, row};
}

static void
begin_transaction(struct probe_run *run, struct draft *d, bool reset)
{
	run->recipients = 0;
	if (reset) {
		snprintf(d->commands[0], PROBE_COMMAND_MAX, "RSET");
		add_wait(run, d, PROBE_STEP_RSET, run->row);
	}
	if (probe_say_format_mail(run, run->row, d->commands[run->wait_count]))
		add_wait(run, d, PROBE_STEP_MAIL, run->row);
}

void
probe_group_say(struct probe_run *run, const size_t rows[], size_t count, bool reset)
{
	struct draft d;

	run->wait_count = run->wait_next = 0;
	run->group = (struct probe_group){.failed = false};
	if (reset || run->sender == NULL)
		begin_transaction(run, &d, reset);
	for (size_t i = 0; i < count; i++)
		if (probe_say_format_rcpt(run, rows[i], d.commands[run->wait_count]))
			add_wait(run, &d, PROBE_STEP_RCPT, rows[i]);
	run->recipients += (unsigned)count;
	run->step = run->waits[0].step;
	dialogue_say_group(run->dialogue, d.list, run->wait_count);
}

bool
probe_group_is_open(const struct probe_run *run)
{
	return run->wait_count > 1 && run->wait_next < run->wait_count;
}

/* --- when it does not work ---------------------------------------------- */

static void
fall_back(struct probe_run *run, const char *why)
{
	run->no_pipelining = true;
	probe_run_note(run, "it offers PIPELINING, but %s: one command at a time from here on",
		why);
}

/* A server that could do it once, or answers at all on this connection, ends one for another
 * reason. */
bool
probe_group_broke(struct probe_run *run, enum dialogue_end end)
{
	if (!probe_group_is_open(run))
		return false;
	if (end == DIALOGUE_TIMEOUT || (end == DIALOGUE_DEADLINE && !run->pipelines))
		fall_back(run, "does not answer each command");
	else if (end == DIALOGUE_DROPPED && !(run->pipelines && run->progress))
		fall_back(run, "ends the connection");
	else
		return false;
	return true;
}

/* Exim, Postfix and postscreen say so when somebody spoke too early; 503 is "not now". */
static bool
shows_inability(const struct smtp_reply *r)
{
	return r->code == 503 ||
		(r->code >= 500 &&
			(probe_talk_contains(r->text, "pipelin") ||
				probe_talk_contains(r->text, "synchroni")));
}

/* --- the replies -------------------------------------------------------- */

static void
take_rset(struct probe_run *run, const struct smtp_reply *r)
{
	run->sender = NULL;
	run->spoiled = false;
	if (r->code >= 400)
		run->group.failed = true;
}

/* The first sender that is refused in a group is refused for certain when it is alone. */
static void
take_mail(struct probe_run *run, const struct smtp_reply *r)
{
	const struct probe_case *c = probe_case_row(run->row);

	if (r->code < 400) {
		probe_talk_took_sender(run);
		return;
	}
	if (!probe_talk_wants_tls(run, r) && !shows_inability(r) && run->pipelines) {
		probe_talk_refused_sender(run, c->mail_from, r);
		return;
	}
	run->refusals++;
	run->group.wants_tls = probe_talk_wants_tls(run, r);
	run->group.failed = !run->group.wants_tls;
}

/* Behind a MAIL that was refused it says nothing of the recipient. */
static void
take_rcpt(struct probe_run *run, const struct smtp_reply *r)
{
	if (r->code < 400 && run->sender != NULL) {
		run->group.accepted++;
		run->cases[run->row].alone = true;
		snprintf(run->rcpt_reply, sizeof(run->rcpt_reply), "%s", r->text);
		return;
	}
	if (r->code < 400) {
		run->group.failed = true;
		return;
	}
	run->refusals++;
	if (run->sender == NULL)
		return;
	if (probe_talk_wants_tls(run, r))
		run->group.wants_tls = true;
	else if (shows_inability(r))
		run->group.failed = true;
	else
		probe_talk_answer(run, run->row, probe_talk_judge(run, r), r->text, "");
}

static size_t
count_recipients(const struct probe_run *run)
{
	size_t n = 0;

	for (size_t i = 0; i < run->wait_count; i++)
		n += run->waits[i].step == PROBE_STEP_RCPT;
	return n;
}

static void
end_group(struct probe_run *run)
{
	const struct probe_group *g = &run->group;

	if (g->wants_tls) {
		run->tls_wanted = true;
	} else if (g->failed) {
		fall_back(run, "answers out of order");
		probe_say_quit(run);
		return;
	}
	if (run->sender != NULL)
		run->pipelines = true;
	run->spoiled = g->accepted != 0;
	if (g->accepted == 1 && count_recipients(run) == 1 && !g->wants_tls &&
		!probe_run_has_enough(run))
		probe_say_step(run, PROBE_STEP_DATA, "DATA");
	else
		probe_talk_next(run);
}

void
probe_group_reply(struct probe_run *run, const struct smtp_reply *r)
{
	if (run->step == PROBE_STEP_RSET)
		take_rset(run, r);
	else if (run->step == PROBE_STEP_MAIL)
		take_mail(run, r);
	else
		take_rcpt(run, r);
	if (run->wait_next == run->wait_count)
		end_group(run);
}
