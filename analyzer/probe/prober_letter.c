#include "prober_letter.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "probe_message.h"

enum step { GREETING, EHLO, HELO, STARTTLS, MAIL, RCPT, DATA, MESSAGE, QUIT };

struct letter {
	struct prober_letter shared; /* first */
	const struct probe_host *host;
	struct prober_job job;
	struct dialogue *dialogue;
	enum step step;
	bool offers_tls, encrypted, reached, accepted;
	unsigned lines;
	char why[PROBER_TEXT];
};

/* --- the message ------------------------------------------------------------------- */

size_t
prober_letter_message(const struct prober_conf *conf, const struct prober_job *job,
	char out[PROBER_LETTER_MESSAGE])
{
	char date[PROBE_DATE], target[ADDR_TEXT];
	int n = snprintf(out, PROBER_LETTER_MESSAGE,
		"From: Relay test <postmaster@%s>\r\n"
		"To: postmaster of %s <postmaster>\r\n"
		"Subject: a token that proves that %s is yours\r\n"
		"Date: %s\r\n"
		"Message-ID: <letter.%llx.%lld@%.255s>\r\n"
		"Auto-Submitted: auto-generated\r\n"
		"X-Auto-Response-Suppress: All\r\n"
		"\r\n"
		"Somebody has asked the list of open mail relays at\r\n%.511s\r\n"
		"for a proof that he is in charge of the mail server at %s.\r\n"
		"The token is\r\n\r\n    %s\r\n\r\n"
		"If it was you, give it to the list, within 7 days:\r\n"
		"    orbl delist --token %s %s\r\n"
		"If it was not, nothing needs to be done. This message needs no answer, and "
		"there\r\n"
		"is one a day at most.\r\n",
		conf->collector_domain, addr_format(&job->target.addr, target), target,
		probe_message_date(job->now_s, date), (unsigned long long)job->id,
		(long long)job->now_s, conf->collector_domain,
		conf->url[0] != '\0' ? conf->url : conf->helo, target, job->letter, job->letter,
		target);

	return n > 0 && n < PROBER_LETTER_MESSAGE ? (size_t)n : 0;
}

/* --- the way it goes --------------------------------------------------------------- */

static void
finish(struct letter *l)
{
	struct prober_event ev = {.kind = PROBER_DONE, .id = l->job.id};

	dialogue_free(l->dialogue);
	l->dialogue = NULL;
	ev.reach = l->accepted ? REACH_DONE : l->reached ? REACH_TEMPORARY : REACH_NONE;
	text_printable(text_of(l->why), ev.text, sizeof(ev.text));
	l->host->emit(l->host->context, &ev);
	l->shared.done = true;
	l->host->changed(l->host->context);
}

static void
say(struct letter *l, enum step step, const char *command)
{
	l->step = step;
	dialogue_say(l->dialogue, command);
}

static void
say_quit(struct letter *l)
{
	l->step = QUIT;
	dialogue_hurry(l->dialogue, PROBE_QUIT_S);
	dialogue_say(l->dialogue, "QUIT");
}

static void
give_up(struct letter *l, const struct smtp_reply *r)
{
	snprintf(l->why, sizeof(l->why), "%s", r->text);
	if (l->step == STARTTLS || r->code == 421 || r->code == 354)
		finish(l);
	else
		say_quit(l);
}

static void
say_hello(struct letter *l, enum step step)
{
	char command[300];

	snprintf(command, sizeof(command), "%s %s", step == EHLO ? "EHLO" : "HELO",
		l->host->conf->helo);
	say(l, step, command);
}

static void
say_rcpt(struct letter *l)
{
	char command[128], address[ADDR_TEXT];

	/* RFC 5321 section 4.1.3; every server has a postmaster, section 4.5.1. */
	snprintf(command, sizeof(command), "RCPT TO:<postmaster@[%s%s]>",
		l->job.target.addr.family == 6 ? "IPv6:" : "",
		addr_format(&l->job.target.addr, address));
	say(l, RCPT, command);
}

static void
say_message(struct letter *l)
{
	char message[PROBER_LETTER_MESSAGE];
	size_t len = prober_letter_message(l->host->conf, &l->job, message);

	l->step = MESSAGE;
	dialogue_say_message(l->dialogue, message, len);
}

static void
after_hello(struct letter *l)
{
	bool tls = l->offers_tls && !l->encrypted && l->host->tls != NULL;

	if (tls)
		say(l, STARTTLS, "STARTTLS");
	else
		say(l, MAIL, "MAIL FROM:<>");
}

static void
go_on(struct letter *l, const struct smtp_reply *r)
{
	switch (l->step) {
	case GREETING: say_hello(l, EHLO); break;
	case EHLO:
	case HELO: after_hello(l); break;
	case STARTTLS: dialogue_encrypt(l->dialogue, l->host->tls); break;
	case MAIL: say_rcpt(l); break;
	case RCPT: say(l, DATA, "DATA"); break;
	case DATA: say_message(l); break;
	case MESSAGE:
		l->accepted = true;
		snprintf(l->why, sizeof(l->why), "%s", r->text);
		say_quit(l);
		break;
	case QUIT: finish(l); break;
	}
}

static void
take_reply(void *context, const struct smtp_reply *r)
{
	struct letter *l = context;
	int wanted = l->step == DATA ? 3 : 2;

	l->reached = true;
	if (l->step == QUIT || (r->code / 100 == wanted && (wanted == 2 || r->code == 354)))
		go_on(l, r);
	else if (l->step == EHLO && r->code / 100 == 5 && !l->encrypted)
		say_hello(l, HELO);
	else
		give_up(l, r);
}

static void
take_encrypted(void *context, const char *how)
{
	struct letter *l = context;

	(void)how;
	l->encrypted = true;
	say_hello(l, EHLO);
}

static void
take_end(void *context, enum dialogue_end end, const char *why)
{
	struct letter *l = context;

	(void)end;
	if (!l->accepted && l->step != QUIT)
		snprintf(l->why, sizeof(l->why), "%s", why);
	finish(l);
}

static void
take_line(void *context, char direction, struct text line)
{
	struct letter *l = context;
	struct prober_event ev = {.kind = PROBER_DIALOGUE, .id = l->job.id, .direction = direction};
	struct text keyword = line.len > 4 ? text_trim(text_from(line, 4)) : TEXT_NONE;

	if (l->step == EHLO && direction == '<' && text_equal_nocase(keyword, TEXT("STARTTLS")))
		l->offers_tls = true;
	if (l->lines++ >= PROBE_LINES_MAX)
		return;
	text_printable(line, ev.text, sizeof(ev.text));
	l->host->emit(l->host->context, &ev);
}

/* --- making and ending ------------------------------------------------------------- */

void
prober_letter_start(struct prober_letter *shared)
{
	struct letter *l = (struct letter *)shared;
	const struct prober_conf *conf = l->host->conf;
	const struct dialogue_conf dialogue = {
		.target = l->job.target,
		.source = conf->source,
		.reply_timeout_s = conf->reply_timeout_s,
		.session_timeout_s = conf->session_timeout_s,
	};
	const struct dialogue_listener listener = {
		.line = take_line,
		.reply = take_reply,
		.encrypted = take_encrypted,
		.end = take_end,
		.context = l,
	};

	l->shared.started = true;
	l->dialogue = dialogue_new(l->host->base, &dialogue, &listener);
	if (l->dialogue != NULL)
		return;
	snprintf(l->why, sizeof(l->why), "no socket for the connection: %s", strerror(errno));
	finish(l);
}

struct prober_letter *
prober_letter_new(const struct probe_host *host, const struct prober_job *job)
{
	struct letter *l = calloc(1, sizeof(*l));

	if (l == NULL)
		return NULL;
	l->host = host;
	l->job = *job;
	l->job.letter[sizeof(l->job.letter) - 1] = '\0';
	l->shared.target = job->target.addr;
	return &l->shared;
}

void
prober_letter_free(struct prober_letter *shared)
{
	struct letter *l = (struct letter *)shared;

	if (l == NULL)
		return;
	dialogue_free(l->dialogue);
	free(l);
}
