#include "probe_run.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <time.h>

#include "probe_message.h"

enum { COMMAND_MAX = 600 };

/* --- what is said ------------------------------------------------------- */

/* The same tokens whenever the case is sent again: only the job's hour is in them. */
static void
set_tokens(struct probe_run *run, const struct probe_case *c)
{
	struct token token = {.probe_id = run->job.id};

	token.hour = (uint16_t)((uint64_t)run->job.now_s / 3600);
	token.case_index = (uint8_t)c->number;
	token_format(&token, run->host->conf->key, run->names.u);
	token.case_index = (uint8_t)probe_case_sender(c);
	token.to_sender = true;
	token_format(&token, run->host->conf->key, run->names.f);
}

static enum err
expand_case(struct probe_run *run, const struct probe_case *c, struct prober_event *ev)
{
	enum err err;

	set_tokens(run, c);
	err = probe_case_expand(c->mail_from, &run->names, ev->mail_from, sizeof(ev->mail_from));
	if (err == OK)
		err = probe_case_expand(c->rcpt_to, &run->names, ev->rcpt_to, sizeof(ev->rcpt_to));
	return err;
}

static void
answer_case(struct probe_run *run, size_t row, enum prober_answer answer, const char *rcpt_reply,
	const char *data_reply)
{
	const struct probe_case *c = probe_case_row(row);
	struct prober_event ev = {.kind = PROBER_CASE, .id = run->job.id};

	run->cases[row].answer = answer;
	if (answer != PROBER_ANSWER_BROKEN)
		run->progress = true;
	if (answer == PROBER_ANSWER_ACCEPTED)
		run->accepted++;
	ev.case_index = c->number;
	ev.answer = answer;
	if (expand_case(run, c, &ev) != OK)
		return;
	text_printable(text_of(rcpt_reply), ev.rcpt_reply, sizeof(ev.rcpt_reply));
	text_printable(text_of(data_reply), ev.data_reply, sizeof(ev.data_reply));
	run->host->emit(run->host->context, &ev);
}

static void
say_step(struct probe_run *run, enum probe_step step, const char *command)
{
	run->step = step;
	dialogue_say(run->dialogue, command);
}

static void
say_helo(struct probe_run *run, enum probe_step step)
{
	char command[COMMAND_MAX];

	snprintf(command, sizeof(command), "%s %s", step == PROBE_STEP_EHLO ? "EHLO" : "HELO",
		run->host->conf->helo);
	say_step(run, step, command);
}

static void
say_quit(struct probe_run *run)
{
	dialogue_hurry(run->dialogue, PROBE_QUIT_S);
	say_step(run, PROBE_STEP_QUIT, "QUIT");
}

static void
say_mail(struct probe_run *run)
{
	struct prober_event ev;
	char command[COMMAND_MAX];

	if (expand_case(run, probe_case_row(run->row), &ev) != OK)
		return;
	snprintf(command, sizeof(command), "MAIL FROM:%s", ev.mail_from);
	say_step(run, PROBE_STEP_MAIL, command);
}

static void
say_rcpt(struct probe_run *run)
{
	struct prober_event ev;
	char command[COMMAND_MAX];

	if (expand_case(run, probe_case_row(run->row), &ev) != OK)
		return;
	snprintf(command, sizeof(command), "RCPT TO:%s", ev.rcpt_to);
	say_step(run, PROBE_STEP_RCPT, command);
}

static void
say_message(struct probe_run *run)
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
	run->step = PROBE_STEP_MESSAGE;
	dialogue_say_message(run->dialogue, text, len);
}

/* --- which case is next ------------------------------------------------- */

static bool
has_same_paths(struct probe_run *run, const struct probe_case *a, const struct probe_case *b)
{
	static const char *const tokens[2] = {"U", "F"};
	struct probe_names names = run->names;
	char one[512], other[512];

	snprintf(names.u, sizeof(names.u), "%s", tokens[0]);
	snprintf(names.f, sizeof(names.f), "%s", tokens[1]);
	if (probe_case_expand(a->mail_from, &names, one, sizeof(one)) != OK ||
		probe_case_expand(b->mail_from, &names, other, sizeof(other)) != OK ||
		strcmp(one, other) != 0)
		return false;
	return probe_case_expand(a->rcpt_to, &names, one, sizeof(one)) == OK &&
		probe_case_expand(b->rcpt_to, &names, other, sizeof(other)) == OK &&
		strcmp(one, other) == 0;
}

static bool
has_letter(const struct probe_case *c, const char *letter)
{
	return strstr(c->mail_from, letter) != NULL || strstr(c->rcpt_to, letter) != NULL;
}

/* Of two cases that have become the same, the one stays that needs no name of the target. */
static bool
yields_to(const struct probe_case *a, size_t a_row, const struct probe_case *b, size_t b_row)
{
	bool a_needs = has_letter(a, "$H") || has_letter(a, "$P");
	bool b_needs = has_letter(b, "$H") || has_letter(b, "$P");

	return a_needs != b_needs ? a_needs : a_row > b_row;
}

static bool
is_superfluous(struct probe_run *run, size_t row)
{
	const struct probe_case *c = probe_case_row(row);
	struct prober_event ev;

	if (expand_case(run, c, &ev) != OK)
		return true;
	for (size_t i = 0; i < probe_case_count(); i++)
		if (i != row && run->cases[i].wanted && yields_to(c, row, probe_case_row(i), i) &&
			has_same_paths(run, c, probe_case_row(i)))
			return true;
	return false;
}

/* Once, when it is known how the target calls itself: strike out what then cannot be said, or
 * is said by another case. */
static void
strike_out_cases(struct probe_run *run)
{
	for (size_t i = 0; i < probe_case_count(); i++)
		if (run->cases[i].wanted && is_superfluous(run, i))
			run->cases[i].wanted = false;
}

void
probe_talk_next(struct probe_run *run)
{
	size_t row = probe_run_next_row(run);
	const char *sender;

	if (run->dialogue == NULL) {
		probe_run_hung_up(run);
		return;
	}
	if (row == SIZE_MAX || probe_run_has_enough(run) || run->refusals >= PROBE_REFUSALS_MAX) {
		say_quit(run);
		return;
	}
	run->row = row;
	sender = probe_case_row(row)->mail_from;
	if (run->sender == NULL)
		say_mail(run);
	else if (!run->spoiled && strcmp(run->sender, sender) == 0)
		say_rcpt(run);
	else if (run->resets++ < PROBE_RESETS_MAX)
		say_step(run, PROBE_STEP_RSET, "RSET");
	else
		say_quit(run);
}

/* --- replies, in the order of the steps --------------------------------- */

static bool
contains_nocase(const char *text, const char *word)
{
	for (; *text != '\0'; text++)
		if (strncasecmp(text, word, strlen(word)) == 0)
			return true;
	return false;
}

/* "454 4.7.1 <...>: Relay access denied" is Postfix's own default, defer_unauth_destination: it
 * will say so for ever. "530 Must issue a STARTTLS command first" says nothing about relaying. */
static enum prober_answer
judge_refusal(const struct smtp_reply *r)
{
	if (r->code == 454 && contains_nocase(r->text, "relay access denied"))
		return PROBER_ANSWER_REFUSED;
	if (r->code < 500)
		return PROBER_ANSWER_TEMPORARY;
	if (r->code == 530 && contains_nocase(r->text, "STARTTLS"))
		return PROBER_ANSWER_TEMPORARY;
	return PROBER_ANSWER_REFUSED;
}

static void
learn_names(struct probe_run *run, const struct smtp_reply *r)
{
	struct text rest = text_from(text_of(r->text), 4);

	if (!run->names_known && run->names.h[0] == '[')
		probe_names_host(&run->names, text_cut(&rest, ' '));
}

static void
set_why(struct probe_run *run, const char *what, const char *text)
{
	/* Both bounded: a step's name and a reply. */
	snprintf(run->why, sizeof(run->why), "%.60s: %.900s", what, text);
}

/* It will not talk to us at all, now (4xx) or ever (5xx). */
static void
turned_away(struct probe_run *run, const char *what, const struct smtp_reply *r)
{
	set_why(run, what, r->text);
	if (r->code >= 500)
		run->refused_as_client = true;
	probe_run_give_up(run, r->code >= 500 ? PROBER_ANSWER_BROKEN : PROBER_ANSWER_TEMPORARY);
	say_quit(run);
}

static void
reply_greeting(struct probe_run *run, const struct smtp_reply *r)
{
	if (r->code >= 400) {
		turned_away(run, "greeting", r);
		return;
	}
	learn_names(run, r);
	say_helo(run, run->helo_only ? PROBE_STEP_HELO : PROBE_STEP_EHLO);
}

static void
reply_helo(struct probe_run *run, const struct smtp_reply *r)
{
	if (r->code >= 500 && run->step == PROBE_STEP_EHLO) {
		say_helo(run, PROBE_STEP_HELO);
		return;
	}
	if (r->code >= 400) {
		turned_away(run, "HELO", r);
		return;
	}
	learn_names(run, r);
	if (!run->names_known)
		strike_out_cases(run);
	run->names_known = true;
	probe_talk_next(run);
}

static void
reply_rset(struct probe_run *run, const struct smtp_reply *r)
{
	run->sender = NULL;
	run->spoiled = false;
	if (r->code >= 400)
		say_quit(run);
	else
		probe_talk_next(run);
}

/* A refusal of the sender is one of all cases that have it. */
static void
refuse_sender(struct probe_run *run, const struct smtp_reply *r)
{
	const char *sender = probe_case_row(run->row)->mail_from;
	char text[PROBER_TEXT];

	snprintf(text, sizeof(text), "MAIL FROM: %.900s", r->text);
	run->refusals++;
	for (size_t i = 0; i < probe_case_count(); i++)
		if (run->cases[i].wanted && run->cases[i].answer == PROBER_ANSWER_NONE &&
			strcmp(probe_case_row(i)->mail_from, sender) == 0)
			answer_case(run, i, judge_refusal(r), text, "");
	probe_talk_next(run);
}

static void
reply_mail(struct probe_run *run, const struct smtp_reply *r)
{
	if (r->code >= 400) {
		refuse_sender(run, r);
		return;
	}
	run->sender = probe_case_row(run->row)->mail_from;
	say_rcpt(run);
}

/* The refused recipients before it are not in the transaction: the accepted one is alone. */
static void
reply_rcpt(struct probe_run *run, const struct smtp_reply *r)
{
	if (r->code < 400) {
		snprintf(run->rcpt_reply, sizeof(run->rcpt_reply), "%s", r->text);
		say_step(run, PROBE_STEP_DATA, "DATA");
		return;
	}
	run->refusals++;
	answer_case(run, run->row, judge_refusal(r), r->text, "");
	probe_talk_next(run);
}

static void
reply_data(struct probe_run *run, const struct smtp_reply *r)
{
	if (r->code == 354) {
		say_message(run);
		return;
	}
	run->refusals++;
	run->spoiled = true;
	answer_case(run, run->row, r->code >= 400 ? judge_refusal(r) : PROBER_ANSWER_BROKEN,
		run->rcpt_reply, r->text);
	probe_talk_next(run);
}

/* Before the next case a moment for this one to come back: one proof is enough, and the fewer
 * messages the better. All these moments together are not longer than the wait at the end. */
static void
settle(struct probe_run *run)
{
	uint32_t ms = PROBE_SETTLE_MS;

	if (ms > run->settle_left_ms)
		ms = run->settle_left_ms;
	if (probe_run_next_row(run) == SIZE_MAX || probe_run_has_enough(run) ||
		run->host->conf->all)
		ms = 0;
	run->settle_left_ms -= ms;
	run->step = PROBE_STEP_SETTLE;
	probe_run_set_timer(run, ms);
}

static void
reply_message(struct probe_run *run, const struct smtp_reply *r)
{
	run->sender = NULL;
	run->spoiled = false;
	if (r->code >= 400) {
		run->refusals++;
		answer_case(run, run->row, judge_refusal(r), run->rcpt_reply, r->text);
		probe_talk_next(run);
		return;
	}
	run->accepted_at_ms = probe_run_clock_ms();
	answer_case(run, run->row, PROBER_ANSWER_ACCEPTED, run->rcpt_reply, r->text);
	if (run->accepted >= PROBE_MESSAGES_MAX && !run->host->conf->all) {
		probe_run_note(run, "%u messages accepted, none came back: no more", run->accepted);
		probe_run_give_up(run, PROBER_ANSWER_NONE);
	}
	settle(run);
}

static void
reply_quit(struct probe_run *run, const struct smtp_reply *r)
{
	(void)r;
	probe_run_hung_up(run);
}

typedef void reply_fn(struct probe_run *run, const struct smtp_reply *r);

static const struct step {
	const char *name;
	reply_fn *reply; /* codes 200..599, never 421 */
} steps[] = {
	[PROBE_STEP_GREETING] = {"greeting", reply_greeting},
	[PROBE_STEP_EHLO] = {"EHLO", reply_helo},
	[PROBE_STEP_HELO] = {"HELO", reply_helo},
	[PROBE_STEP_RSET] = {"RSET", reply_rset},
	[PROBE_STEP_MAIL] = {"MAIL", reply_mail},
	[PROBE_STEP_RCPT] = {"RCPT", reply_rcpt},
	[PROBE_STEP_DATA] = {"DATA", reply_data},
	[PROBE_STEP_MESSAGE] = {"message", reply_message},
	[PROBE_STEP_SETTLE] = {"after the message", reply_quit},
	[PROBE_STEP_QUIT] = {"QUIT", reply_quit},
};

/* --- the ends of a connection ------------------------------------------- */

/* It hung up, or said 421, in the middle of a case. After some answers that is its limit on
 * errors, and the case is asked on a new connection; before any, the case may be the cause. */
static void
interrupted(struct probe_run *run, enum prober_answer answer, const char *text)
{
	struct probe_case_state *c = &run->cases[run->row];

	if (run->step < PROBE_STEP_MAIL || run->step > PROBE_STEP_MESSAGE || run->progress)
		return;
	if (++c->drops >= PROBE_DROPS_MAX)
		answer_case(run, run->row, answer,
			run->step > PROBE_STEP_RCPT ? run->rcpt_reply : text,
			run->step > PROBE_STEP_RCPT ? text : "");
}

static void
take_421(struct probe_run *run, const struct smtp_reply *r)
{
	set_why(run, steps[run->step].name, r->text);
	if (run->step <= PROBE_STEP_HELO)
		probe_run_give_up(run, PROBER_ANSWER_TEMPORARY);
	interrupted(run, PROBER_ANSWER_TEMPORARY, r->text);
	probe_run_hung_up(run);
}

static void
take_reply(void *context, const struct smtp_reply *r)
{
	struct probe_run *run = context;

	run->reached = true;
	if (run->step == PROBE_STEP_QUIT)
		reply_quit(run, r);
	else if (r->code == 421)
		take_421(run, r);
	else if (probe_run_has_enough(run) && run->step < PROBE_STEP_DATA)
		say_quit(run); /* the proof came meanwhile */
	else
		steps[run->step].reply(run, r);
}

static void
take_end(void *context, enum dialogue_end end, const char *why)
{
	struct probe_run *run = context;

	if (run->step == PROBE_STEP_QUIT) {
		probe_run_hung_up(run);
		return;
	}
	if (run->step == PROBE_STEP_SETTLE) { /* the timer goes on */
		dialogue_free(run->dialogue);
		run->dialogue = NULL;
		return;
	}
	set_why(run, end == DIALOGUE_UNREACHABLE ? "no connection" : steps[run->step].name, why);
	probe_run_note(run, "%s", run->why);
	if (end != DIALOGUE_UNREACHABLE)
		run->reached = true;
	if (end != DIALOGUE_DROPPED)
		probe_run_give_up(run, PROBER_ANSWER_BROKEN);
	else if (run->step == PROBE_STEP_EHLO)
		run->helo_only = true;
	else
		interrupted(run, PROBER_ANSWER_BROKEN, why);
	probe_run_hung_up(run);
}

static void
take_line(void *context, char direction, struct text line)
{
	probe_run_emit_line(context, direction, line);
}

struct dialogue_listener
probe_talk_listener(struct probe_run *run)
{
	return (struct dialogue_listener){
		.line = take_line,
		.reply = take_reply,
		.end = take_end,
		.context = run,
	};
}
