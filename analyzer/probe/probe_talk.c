#include "probe_talk.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "probe_blame.h"
#include "probe_choice.h"
#include "probe_group.h"
#include "probe_say.h"

/* --- what a reply means ------------------------------------------------- */

bool
probe_talk_contains(const char *text, const char *word)
{
	for (; *text != '\0'; text++)
		if (strncasecmp(text, word, strlen(word)) == 0)
			return true;
	return false;
}

static void
set_why(struct probe_run *run, const char *what, const char *text)
{
	/* Both bounded: a step's name and a reply. */
	snprintf(run->why, sizeof(run->why), "%.60s: %.900s", what, text);
}

static bool
has_own_sender(const struct probe_run *run)
{
	const char *sender = probe_case_row(run->row)->mail_from;

	return strstr(sender, "@$D>") != NULL || strcmp(sender, "<>") == 0;
}

/* A sender of a test need not exist, and what looks it up may say "for now" for ever. With the last
 * retry that is an answer. */
static bool
blames_sender(const struct probe_run *run, const struct smtp_reply *r)
{
	return run->passes >= run->host->conf->retries && !has_own_sender(run) &&
		probe_blame_sender(r->text);
}

/* "454 4.7.1 <...>: Relay access denied" is Postfix's own default, defer_unauth_destination: it
 * will say so for ever. "530 Must issue a STARTTLS command first" says nothing about relaying. */
enum prober_answer
probe_talk_judge(struct probe_run *run, const struct smtp_reply *r)
{
	if (r->code == 454 && probe_talk_contains(r->text, "relay access denied"))
		return PROBER_ANSWER_REFUSED;
	if (r->code < 500)
		return blames_sender(run, r) ? PROBER_ANSWER_REFUSED : PROBER_ANSWER_TEMPORARY;
	if (r->code == 530 && probe_talk_contains(r->text, "STARTTLS"))
		return PROBER_ANSWER_TEMPORARY;
	if (!probe_blame_client(r->text))
		return PROBER_ANSWER_REFUSED;
	set_why(run, "it refuses us", r->text);
	run->refused_as_client = run->progress = true;
	return PROBER_ANSWER_BROKEN;
}

/* RFC 3207 section 4: 530 5.7.0. Others put it into words. */
bool
probe_talk_wants_tls(const struct probe_run *run, const struct smtp_reply *r)
{
	bool named = probe_talk_contains(r->text, "STARTTLS");

	if (!run->host->conf->starttls || run->host->tls == NULL || run->encrypted || r->code < 400)
		return false;
	if (r->code == 530 && run->offers_starttls && strstr(r->text, "5.7.0") != NULL)
		return true;
	return named && (r->code == 530 || run->offers_starttls);
}

void
probe_talk_answer(struct probe_run *run, size_t row, enum prober_answer answer,
	const char *rcpt_reply, const char *data_reply)
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
	if (probe_say_expand(run, c, &ev) != OK)
		return;
	text_printable(text_of(rcpt_reply), ev.rcpt_reply, sizeof(ev.rcpt_reply));
	text_printable(text_of(data_reply), ev.data_reply, sizeof(ev.data_reply));
	run->host->emit(run->host->context, &ev);
}

void
probe_talk_took_sender(struct probe_run *run)
{
	const struct probe_case *c = probe_case_row(run->row);

	run->sender = c->mail_from;
	run->senders |= UINT64_C(1) << probe_case_sender(c);
}

void
probe_talk_refused_sender(struct probe_run *run, const char *sender, const struct smtp_reply *r)
{
	char text[PROBER_TEXT];

	snprintf(text, sizeof(text), "MAIL FROM: %.900s", r->text);
	run->refusals++;
	for (size_t i = 0; i < probe_case_count(); i++)
		if (run->cases[i].wanted && run->cases[i].answer == PROBER_ANSWER_NONE &&
			strcmp(probe_case_row(i)->mail_from, sender) == 0)
			probe_talk_answer(run, i, probe_talk_judge(run, r), text, "");
}

/* --- what is said next -------------------------------------------------- */

static bool
may_reset(struct probe_run *run)
{
	return run->resets++ < PROBE_RESETS_MAX;
}

/* RFC 3207 has no STARTTLS in the middle of a transaction. */
static void
ask_for_tls(struct probe_run *run)
{
	if (run->sender == NULL)
		probe_say_step(run, PROBE_STEP_STARTTLS, "STARTTLS");
	else if (may_reset(run))
		probe_say_step(run, PROBE_STEP_RSET, "RSET");
	else
		probe_say_quit(run);
}

static void
ask_recipient(struct probe_run *run)
{
	if (probe_case_row(run->row)->before_rcpt != NULL)
		probe_say_before(run);
	else
		probe_say_rcpt(run);
}

static void
ask_case(struct probe_run *run, size_t row)
{
	bool fits = probe_choice_fits(run, row), reset = run->sender != NULL && !fits;
	size_t rows[PROBE_GROUP_MAX], count = probe_choice_group(run, row, rows);

	run->row = row;
	if (reset && !may_reset(run))
		probe_say_quit(run);
	else if (count != 0)
		probe_group_say(run, rows, count, reset);
	else if (reset)
		probe_say_step(run, PROBE_STEP_RSET, "RSET");
	else if (fits)
		ask_recipient(run);
	else
		probe_say_mail(run);
}

void
probe_talk_next(struct probe_run *run)
{
	size_t row = probe_choice_next(run);

	if (run->dialogue == NULL)
		probe_run_hung_up(run);
	else if (row == SIZE_MAX || probe_run_has_enough(run) ||
		run->refusals >= PROBE_REFUSALS_MAX)
		probe_say_quit(run);
	else if (run->tls_wanted && !run->encrypted)
		ask_for_tls(run);
	else
		ask_case(run, row);
}

/* --- replies, in the order of the steps --------------------------------- */

static void
learn_names(struct probe_run *run, const struct smtp_reply *r)
{
	struct text rest = text_from(text_of(r->text), 4);

	if (!run->names_known && run->names.h[0] == '[')
		probe_names_host(&run->names, text_cut(&rest, ' '));
}

/* It will not talk to us at all, now (4xx) or ever (5xx). */
static void
turned_away(struct probe_run *run, const char *what, const struct smtp_reply *r)
{
	set_why(run, what, r->text);
	if (r->code >= 500)
		run->refused_as_client = true;
	probe_run_give_up(run, r->code >= 500 ? PROBER_ANSWER_BROKEN : PROBER_ANSWER_TEMPORARY);
	probe_say_quit(run);
}

static void
reply_greeting(struct probe_run *run, const struct smtp_reply *r)
{
	if (r->code >= 400) {
		turned_away(run, "greeting", r);
		return;
	}
	learn_names(run, r);
	probe_say_helo(run, run->helo_only ? PROBE_STEP_HELO : PROBE_STEP_EHLO);
}

static void
begin_tls(struct probe_run *run)
{
	run->refusals++;
	run->tls_wanted = true;
	probe_talk_next(run);
}

static void
reply_helo(struct probe_run *run, const struct smtp_reply *r)
{
	if (probe_talk_wants_tls(run, r)) {
		begin_tls(run);
		return;
	}
	if (r->code >= 500 && run->step == PROBE_STEP_EHLO) {
		probe_say_helo(run, PROBE_STEP_HELO);
		return;
	}
	if (r->code >= 400) {
		turned_away(run, "HELO", r);
		return;
	}
	learn_names(run, r);
	if (!run->names_known)
		probe_choice_strike_out(run);
	run->names_known = true;
	probe_talk_next(run);
}

static const char no_tls[] = "it wants STARTTLS";

static void
reply_starttls(struct probe_run *run, const struct smtp_reply *r)
{
	if (r->code < 300) {
		dialogue_encrypt(run->dialogue, run->host->tls);
		return;
	}
	set_why(run, no_tls, r->text);
	probe_run_give_up(run, PROBER_ANSWER_TEMPORARY);
	probe_say_quit(run);
}

static void
reply_rset(struct probe_run *run, const struct smtp_reply *r)
{
	run->sender = NULL;
	run->spoiled = false;
	if (r->code >= 400)
		probe_say_quit(run);
	else
		probe_talk_next(run);
}

static void
reply_mail(struct probe_run *run, const struct smtp_reply *r)
{
	if (r->code < 400) {
		run->recipients = 0;
		probe_talk_took_sender(run);
		ask_recipient(run);
	} else if (probe_talk_wants_tls(run, r)) {
		begin_tls(run);
	} else {
		probe_talk_refused_sender(run, probe_case_row(run->row)->mail_from, r);
		probe_talk_next(run);
	}
}

/* Taken or not: the question is whether the next one is. */
static void
reply_before(struct probe_run *run, const struct smtp_reply *r)
{
	if (probe_talk_wants_tls(run, r)) {
		begin_tls(run);
		return;
	}
	if (r->code >= 400)
		run->refusals++;
	else
		run->spoiled = true;
	probe_say_rcpt(run);
}

/* The refused recipients before it are not in the transaction: the accepted one is alone. */
static void
reply_rcpt(struct probe_run *run, const struct smtp_reply *r)
{
	if (r->code < 400) {
		snprintf(run->rcpt_reply, sizeof(run->rcpt_reply), "%s", r->text);
		probe_say_step(run, PROBE_STEP_DATA, "DATA");
	} else if (probe_talk_wants_tls(run, r)) {
		begin_tls(run);
	} else {
		run->refusals++;
		probe_talk_answer(run, run->row, probe_talk_judge(run, r), r->text, "");
		probe_talk_next(run);
	}
}

static void
reply_data(struct probe_run *run, const struct smtp_reply *r)
{
	if (r->code == 354) {
		probe_say_message(run);
		return;
	}
	run->refusals++;
	run->spoiled = true;
	probe_talk_answer(run, run->row,
		r->code >= 400 ? probe_talk_judge(run, r) : PROBER_ANSWER_BROKEN, run->rcpt_reply,
		r->text);
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
	if (probe_choice_next(run) == SIZE_MAX || probe_run_has_enough(run) || run->host->conf->all)
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
		probe_talk_answer(run, run->row, probe_talk_judge(run, r), run->rcpt_reply,
			r->text);
		probe_talk_next(run);
		return;
	}
	run->accepted_at_ms = probe_run_clock_ms();
	probe_talk_answer(run, run->row, PROBER_ANSWER_ACCEPTED, run->rcpt_reply, r->text);
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
	[PROBE_STEP_STARTTLS] = {"STARTTLS", reply_starttls},
	[PROBE_STEP_RSET] = {"RSET", reply_rset},
	[PROBE_STEP_MAIL] = {"MAIL", reply_mail},
	[PROBE_STEP_BEFORE] = {"RCPT", reply_before},
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
		probe_talk_answer(run, run->row, answer,
			run->step > PROBE_STEP_RCPT ? run->rcpt_reply : text,
			run->step > PROBE_STEP_RCPT ? text : "");
}

static void
take_421(struct probe_run *run, const struct smtp_reply *r)
{
	set_why(run, steps[run->step].name, r->text);
	if (run->step <= PROBE_STEP_STARTTLS)
		probe_run_give_up(run, PROBER_ANSWER_TEMPORARY);
	else if (!probe_group_broke(run, DIALOGUE_DROPPED))
		interrupted(run, PROBER_ANSWER_TEMPORARY, r->text);
	probe_run_hung_up(run);
}

/* Behind 354 and 220 to STARTTLS a QUIT would not be taken as one. */
static void
take_last_reply(struct probe_run *run, const struct smtp_reply *r, bool group)
{
	if (group && ++run->wait_next < run->wait_count)
		return;
	if (r->code == 421 || r->code == 354 || run->step == PROBE_STEP_STARTTLS)
		probe_run_hung_up(run);
	else
		probe_say_quit(run);
}

static void
take_reply(void *context, const struct smtp_reply *r)
{
	struct probe_run *run = context;
	bool group = probe_group_is_open(run);

	run->reached = true;
	run->step = run->waits[run->wait_next].step;
	if (group)
		run->row = run->waits[run->wait_next].row;
	if (run->step == PROBE_STEP_QUIT) {
		reply_quit(run, r);
	} else if (run->cancelled) {
		take_last_reply(run, r, group);
	} else if (r->code == 421) {
		take_421(run, r);
	} else if (group) {
		run->wait_next++;
		probe_group_reply(run, r);
	} else if (probe_run_has_enough(run) && run->step < PROBE_STEP_DATA) {
		probe_say_quit(run); /* the proof came meanwhile */
	} else {
		steps[run->step].reply(run, r);
	}
}

static void
take_encrypted(void *context, const char *how)
{
	struct probe_run *run = context;
	struct prober_event ev = {.kind = PROBER_TLS, .id = run->job.id};

	text_printable(text_of(how), ev.text, sizeof(ev.text));
	run->host->emit(run->host->context, &ev);
	run->encrypted = true;
	if (run->cancelled) {
		probe_say_quit(run);
		return;
	}
	/* RFC 3207 section 4.2: what it said before is forgotten. */
	probe_say_helo(run, run->helo_only ? PROBE_STEP_HELO : PROBE_STEP_EHLO);
}

/* Whether the same is tried again on a new connection, and how. */
static void
judge_end(struct probe_run *run, enum dialogue_end end, const char *why)
{
	if (end == DIALOGUE_NO_TLS)
		probe_run_give_up(run, PROBER_ANSWER_TEMPORARY);
	else if (probe_group_broke(run, end))
		return;
	else if (end == DIALOGUE_DEADLINE && run->progress)
		return;
	else if (end != DIALOGUE_DROPPED)
		probe_run_give_up(run, PROBER_ANSWER_BROKEN);
	else if (run->step == PROBE_STEP_EHLO)
		run->helo_only = true;
	else
		interrupted(run, PROBER_ANSWER_BROKEN, why);
}

static const char *
name_of_end(const struct probe_run *run, enum dialogue_end end)
{
	if (end == DIALOGUE_UNREACHABLE)
		return "no connection";
	return end == DIALOGUE_NO_TLS ? no_tls : steps[run->step].name;
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
	if (probe_group_is_open(run)) {
		run->step = run->waits[run->wait_next].step;
		run->row = run->waits[run->wait_next].row;
	}
	set_why(run, name_of_end(run, end), why);
	probe_run_note(run, "%s", run->why);
	if (end != DIALOGUE_UNREACHABLE)
		run->reached = true;
	judge_end(run, end, why);
	run->pausing = end != DIALOGUE_DROPPED && end != DIALOGUE_UNREACHABLE &&
		probe_choice_next(run) != SIZE_MAX;
	probe_run_hung_up(run);
}

/* RFC 5321 section 4.1.1.1: a keyword behind the code, on a line of its own. */
static void
learn_extension(struct probe_run *run, struct text line)
{
	struct text rest = text_from(line, 4), keyword = text_trim(text_cut(&rest, ' '));

	if (!text_has_prefix(line, TEXT("250")))
		return;
	if (text_equal_nocase(keyword, TEXT("STARTTLS")))
		run->offers_starttls = true;
	else if (text_equal_nocase(keyword, TEXT("PIPELINING")))
		run->offers_pipelining = true;
}

static void
take_line(void *context, char direction, struct text line)
{
	struct probe_run *run = context;

	if (direction == '<' && run->step == PROBE_STEP_EHLO)
		learn_extension(run, line);
	probe_run_emit_line(run, direction, line);
}

struct dialogue_listener
probe_talk_listener(struct probe_run *run)
{
	return (struct dialogue_listener){
		.line = take_line,
		.reply = take_reply,
		.encrypted = take_encrypted,
		.end = take_end,
		.context = run,
	};
}
