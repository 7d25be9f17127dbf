#include "probe_say.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

#include "probe_message.h"

/* The same tokens whenever the case is sent again: only the job's hour is in them. */
static void
set_tokens(struct probe_run *run, const struct probe_case *c)
{
	struct token token = {.probe_id = run->job.id};
	unsigned sender = probe_case_sender(c);

	token.hour = (uint16_t)((uint64_t)run->job.now_s / 3600);
	token.case_index = (uint8_t)c->number;
	token_format(&token, run->host->conf->key, run->names.u);
	if (run->sender_token == sender)
		return;
	run->sender_token = sender;
	token.case_index = (uint8_t)sender;
	token.to_sender = true;
	token_format(&token, run->host->conf->key, run->names.f);
}

enum err
probe_say_expand(struct probe_run *run, const struct probe_case *c, struct prober_event *ev)
{
	enum err err;

	set_tokens(run, c);
	err = probe_case_expand(c->mail_from, &run->names, ev->mail_from, sizeof(ev->mail_from));
	if (err == OK)
		err = probe_case_expand(c->rcpt_to, &run->names, ev->rcpt_to, sizeof(ev->rcpt_to));
	return err;
}

/* Both patterns were expanded when the case was not struck out. */
static bool
format_command(struct probe_run *run, const struct probe_case *c, const char *verb,
	const char *pattern, char out[PROBE_COMMAND_MAX])
{
	size_t len = (size_t)snprintf(out, PROBE_COMMAND_MAX, "%s:", verb);

	set_tokens(run, c);
	return probe_case_expand(pattern, &run->names, out + len, PROBE_COMMAND_MAX - len) == OK;
}

bool
probe_say_format_mail(struct probe_run *run, size_t row, char out[PROBE_COMMAND_MAX])
{
	const struct probe_case *c = probe_case_row(row);

	return format_command(run, c, "MAIL FROM", c->mail_from, out);
}

bool
probe_say_format_rcpt(struct probe_run *run, size_t row, char out[PROBE_COMMAND_MAX])
{
	const struct probe_case *c = probe_case_row(row);

	return format_command(run, c, "RCPT TO", c->rcpt_to, out);
}

/* One reply is to come. */
static void
expect(struct probe_run *run, enum probe_step step)
{
	run->step = step;
	run->waits[0] = (struct probe_wait){step, run->row};
	run->wait_count = 1;
	run->wait_next = 0;
}

void
probe_say_step(struct probe_run *run, enum probe_step step, const char *command)
{
	expect(run, step);
	dialogue_say(run->dialogue, command);
}

void
probe_say_helo(struct probe_run *run, enum probe_step step)
{
	char command[PROBE_COMMAND_MAX];

	run->offers_starttls = run->offers_pipelining = false;
	snprintf(command, sizeof(command), "%s %s", step == PROBE_STEP_EHLO ? "EHLO" : "HELO",
		run->host->conf->helo);
	probe_say_step(run, step, command);
}

void
probe_say_quit(struct probe_run *run)
{
	dialogue_hurry(run->dialogue, PROBE_QUIT_S);
	probe_say_step(run, PROBE_STEP_QUIT, "QUIT");
}

void
probe_say_mail(struct probe_run *run)
{
	char command[PROBE_COMMAND_MAX];

	if (probe_say_format_mail(run, run->row, command))
		probe_say_step(run, PROBE_STEP_MAIL, command);
}

void
probe_say_before(struct probe_run *run)
{
	const struct probe_case *c = probe_case_row(run->row);
	char command[PROBE_COMMAND_MAX];

	run->recipients++;
	if (format_command(run, c, "RCPT TO", c->before_rcpt, command))
		probe_say_step(run, PROBE_STEP_BEFORE, command);
}

void
probe_say_rcpt(struct probe_run *run)
{
	char command[PROBE_COMMAND_MAX];

	run->recipients++;
	if (probe_say_format_rcpt(run, run->row, command))
		probe_say_step(run, PROBE_STEP_RCPT, command);
}

void
probe_say_message(struct probe_run *run)
{
	const struct probe_case *c = probe_case_row(run->row);
	char target[ADDR_TEXT], text[PROBE_MESSAGE_MAX];
	struct probe_message m = {
		.helo = run->host->conf->helo,
		.domain = run->host->conf->collector_domain,
		.url = run->host->conf->url,
		.target = addr_format(&run->job.target.addr, target),
		.case_id = c->id,
		.sender_token = run->names.f,
		.recipient_token = run->names.u,
		.now_s = (int64_t)time(NULL),
	};
	size_t len = 0;

	set_tokens(run, c);
	/* prober_start has seen that it fits. */
	if (probe_message_format(&m, text, &len, NULL) != OK)
		len = 0;
	expect(run, PROBE_STEP_MESSAGE);
	dialogue_say_message(run->dialogue, text, len);
}
