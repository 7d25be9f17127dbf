#include "desk.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <orbl/log.h>
#include <orbl/store_delisting.h>

#include "control_proof.h"
#include "notify.h"
#include "txt_lookup.h"

struct errand {
	struct desk *desk;
	uint64_t id; /* 0: free */
	bool mails, done;
	int64_t mailed_before_s;
	char token[CONTROL_TOKEN], author[64];
	struct desk_result result;
};

struct desk {
	struct desk_parts parts;
	struct txt_lookup *lookup; /* NULL: no resolver */
	struct notify *notify;
	uint64_t last;
	struct errand errands[DESK_ERRANDS_MAX];
};

static struct errand *
find(struct desk *d, uint64_t id)
{
	for (size_t i = 0; i < DESK_ERRANDS_MAX; i++)
		if (d->errands[i].id == id)
			return &d->errands[i];
	return NULL;
}

/* One that nobody took the result of makes room. */
static struct errand *
find_room(struct desk *d)
{
	struct errand *free_one = find(d, 0);

	for (size_t i = 0; free_one == NULL && i < DESK_ERRANDS_MAX; i++)
		if (d->errands[i].done)
			free_one = &d->errands[i];
	return free_one;
}

static enum err
begin(struct desk *d, const struct addr *host, const char *token, struct errand **out,
	struct error *e)
{
	struct errand *errand = find_room(d);

	if (errand == NULL)
		return error_set(e, ERR_FULL,
			"too many proofs of control are under way; try again in a minute");
	*errand = (struct errand){.desk = d, .id = ++d->last, .result = {.host = *host}};
	snprintf(errand->token, sizeof(errand->token), "%s", token);
	*out = errand;
	return OK;
}

static void
end(struct errand *errand)
{
	struct desk *d = errand->desk;

	errand->done = true;
	d->parts.tell(errand->id, errand->result.message, true, d->parts.context);
}

/* --- a record ---------------------------------------------------------------------- */

static enum err
write_down(const struct errand *errand, struct error *e)
{
	struct store *s = errand->desk->parts.store;
	enum err err = store_begin(s, e);

	if (err == OK)
		err = control_proof_done(s, &errand->result.host, "dns", errand->author,
			(int64_t)time(NULL), e);
	if (err == OK)
		return store_commit(s, e);
	store_rollback(s);
	return err;
}

static void
say_not_found(struct errand *errand, const struct txt_answer *answer)
{
	char *message = errand->result.message;

	if (answer->kind == TXT_FAILED)
		snprintf(message, DESK_MESSAGE, "The record could not be looked up: %s.",
			answer->why);
	else if (answer->kind == TXT_NONE)
		snprintf(message, DESK_MESSAGE, "The record is not there yet.");
	else
		snprintf(message, DESK_MESSAGE,
			"There is a TXT record, but none with this token: \"%.200s\".",
			answer->records[0]);
}

static void
on_answer(const struct txt_answer *answer, void *context)
{
	struct errand *errand = context;
	struct error e = {.code = OK};

	if (!control_proof_is_in(answer, errand->token)) {
		say_not_found(errand, answer);
	} else if (write_down(errand, &e) != OK) {
		snprintf(errand->result.message, DESK_MESSAGE,
			"The record is there, but this cannot be stored: %.300s", e.text);
	} else {
		errand->result.proved = true;
		snprintf(errand->result.message, DESK_MESSAGE,
			"The record is there: the host is yours.");
	}
	end(errand);
}

enum err
desk_look(struct desk *d, const struct addr *host, const char *token, const char *author,
	uint64_t *id, struct error *e)
{
	char name[REVERSE_NAME];
	struct errand *errand;
	enum err err;

	if (d->lookup == NULL)
		return error_set(e, ERR_UNSUPPORTED,
			"this list looks nothing up in the DNS (delist.resolver is not set); "
			"--prove=mail is the other way");
	err = control_proof_name(host, name, e);
	if (err == OK)
		err = begin(d, host, token, &errand, e);
	if (err != OK)
		return err;
	snprintf(errand->author, sizeof(errand->author), "%s", author != NULL ? author : "");
	*id = errand->id;
	err = txt_lookup_ask(d->lookup, name, on_answer, errand, e);
	if (err != OK)
		errand->id = 0;
	return err;
}

/* --- a letter ---------------------------------------------------------------------- */

enum err
desk_mail(struct desk *d, const struct addr *host, const struct desk_mailing *mailing, uint64_t *id,
	struct error *e)
{
	struct prober_job job = {.now_s = mailing->now_s};
	struct errand *errand;
	enum err err = begin(d, host, mailing->token, &errand, e);

	if (err != OK)
		return err;
	errand->mails = true;
	errand->mailed_before_s = mailing->mailed_before_s;
	*id = job.id = errand->id;
	job.target = (struct endpoint){*host, (uint16_t)d->parts.conf->probe.port};
	snprintf(job.letter, sizeof(job.letter), "%s", mailing->token);
	err = prober_submit(d->parts.prober, &job, e);
	if (err != OK)
		errand->id = 0;
	return err;
}

static void
forget_mailed(const struct errand *errand)
{
	struct store *s = errand->desk->parts.store;
	struct error e = {.code = OK};
	enum err err = store_begin(s, &e);

	if (err == OK)
		err = store_control_mailed(s, &errand->result.host, errand->mailed_before_s, &e);
	if (err == OK)
		err = store_commit(s, &e);
	if (err == OK)
		return;
	store_rollback(s);
	log_warning("a mail that was not accepted counts for the day: %s", e.text);
}

static void
end_letter(struct errand *errand, const struct prober_event *ev)
{
	bool accepted = ev->reach == REACH_DONE;

	snprintf(errand->result.message, DESK_MESSAGE,
		accepted ?
			"The host has accepted the mail. Give the token that is in it: orbl delist "
			"--token TOKEN ADDRESS. (%.200s)" :
			"The mail could not be given to the host: %.300s",
		ev->text);
	if (!accepted)
		forget_mailed(errand);
	end(errand);
}

void
desk_letter(struct desk *d, const struct prober_event *ev)
{
	struct errand *errand = find(d, ev->id);
	char line[PROBER_TEXT + 4];

	if (errand == NULL || !errand->mails || errand->done)
		return;
	if (ev->kind == PROBER_DONE) {
		end_letter(errand, ev);
	} else if (ev->kind == PROBER_DIALOGUE) {
		snprintf(line, sizeof(line), "%c %s", ev->direction, ev->text);
		d->parts.tell(ev->id, line, false, d->parts.context);
	}
}

/* --- results ----------------------------------------------------------------------- */

bool
desk_take(struct desk *d, uint64_t id, struct desk_result *out)
{
	struct errand *errand = id != 0 ? find(d, id) : NULL;

	if (errand == NULL || !errand->done)
		return false;
	*out = errand->result;
	errand->id = 0;
	return true;
}

void
desk_run(struct desk *d, int64_t now_s)
{
	notify_run(d->notify, now_s);
}

static enum err
open_lookup(struct desk *d, struct error *e)
{
	const char *resolver = d->parts.conf->delist.resolver;
	struct txt_lookup_conf conf = {.timeout_ms = 0};

	if (resolver[0] == '\0')
		return OK;
	if (endpoint_parse(text_of(resolver), &conf.resolver) != OK)
		return error_set(e, ERR_SYNTAX, "delist.resolver: \"%s\" is not ADDR@PORT",
			resolver);
	if (conf.resolver.port == 0)
		conf.resolver.port = 53;
	return txt_lookup_new(d->parts.base, &conf, &d->lookup, e);
}

enum err
desk_new(const struct desk_parts *parts, struct desk **out, struct error *e)
{
	struct desk *d = calloc(1, sizeof(*d));
	enum err err;

	*out = NULL;
	if (d == NULL)
		return error_set(e, ERR_MEMORY, "out of memory");
	d->parts = *parts;
	d->last = DESK_FIRST;
	err = notify_check(parts->conf, e);
	if (err == OK)
		err = open_lookup(d, e);
	if (err == OK)
		err = notify_new(parts->conf, parts->store, d->lookup, &d->notify, e);
	if (err == OK)
		*out = d;
	else
		desk_free(d);
	return err;
}

void
desk_free(struct desk *d)
{
	if (d == NULL)
		return;
	txt_lookup_free(d->lookup);
	notify_free(d->notify);
	free(d);
}
