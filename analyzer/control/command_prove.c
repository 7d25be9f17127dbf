#include "command.h"

#include <stdio.h>
#include <string.h>

#include <orbl/store_delisting.h>
#include <orbl/store_listing.h>

#include "command_json.h"
#include "command_part.h"
#include "control_proof.h"
#include "delist_part.h"
#include "desk.h"

enum { INSTRUCTIONS = 1024 };

/* Made before the host was listed as it is. What was proved with it did not prevent that. */
static bool
is_of_before(const struct store_control *control, const struct delist_host *host)
{
	return control->made_s < host->listed_s || control->made_s < host->removed_s;
}

/* --- a token that was mailed ---------------------------------------------------- */

enum err
delist_part_take_token(const struct command_context *c, const struct command_request *r,
	const struct addr *host, struct error *e)
{
	const char *token = command_text(r, "token");
	struct store_control control;
	struct delist_host known;
	char address[ADDR_TEXT];
	enum err err;

	if (token == NULL)
		return OK;
	err = delist_part_host(c, host, &known, e);
	if (err == OK)
		err = store_control_get(c->store, host, &control, e);
	if (err == OK &&
		(is_of_before(&control, &known) ||
			!control_proof_is_mailed(&control, host, text_of(token), r->now_s)))
		return error_set(e, ERR_REFUSED,
			"this is not the token that was mailed to %s, or it is more than 7 days "
			"old, or the host was listed again since then",
			addr_format(host, address));
	if (err == OK)
		err = store_begin(c->store, e);
	if (err != OK)
		return err;
	err = control_proof_done(c->store, host, "mail", r->author, r->now_s, e);
	if (err == OK)
		return store_commit(c->store, e);
	store_rollback(c->store);
	return err;
}

/* --- asking for one --------------------------------------------------------------- */

static enum err
begin(const struct command_context *c, const struct addr *host, int64_t now_s,
	struct store_control *out, struct error *e)
{
	struct delist_host known;
	bool anew = false;
	enum err err = delist_part_host(c, host, &known, e);

	if (err == OK)
		err = store_control_get(c->store, host, out, e);
	if (err == OK)
		err = store_begin(c->store, e);
	if (err != OK)
		return err;
	anew = is_of_before(out, &known) && !delist_is_proved(&known, now_s);
	err = control_proof_begin(c->store, host, anew, now_s, out, e);
	if (err == OK)
		return store_commit(c->store, e);
	store_rollback(c->store);
	return err;
}

struct asked {
	json_t *object; /* the first answer */
	uint64_t id;    /* what is waited for */
};

static enum err
ask_dns(const struct command_context *c, const struct command_request *r, const struct addr *host,
	const struct store_control *control, struct asked *out, struct error *e)
{
	char token[CONTROL_TOKEN], name[REVERSE_NAME], address[ADDR_TEXT];
	char instructions[INSTRUCTIONS];
	enum err err = control_proof_name(host, name, e);

	control_proof_token(control, host, "dns", token);
	if (err == OK)
		err = desk_look(pipeline_desk(c->pipeline), host, token, r->author, &out->id, e);
	if (err != OK)
		return err;
	addr_format(host, address);
	snprintf(instructions, sizeof(instructions),
		"Put this record into the reverse zone of %s, then run this command again:\n"
		"    %s. TXT \"orbl-verify=%s\"",
		address, name, token);
	out->object = json_pack("{s:s, s:s, s:s, s:s, s:s}", "address", address, "how", "dns",
		"name", name, "token", token, "instructions", instructions);
	return OK;
}

static enum err
mark_mailed(const struct command_context *c, const struct command_request *r,
	const struct addr *host, struct error *e)
{
	char address[ADDR_TEXT];
	enum err err = store_begin(c->store, e);

	if (err == OK)
		err = store_control_mailed(c->store, host, r->now_s, e);
	if (err == OK)
		err = store_audit_add(c->store,
			&(struct store_audit){.time_s = r->now_s,
				.author = r->author,
				.action = "mail",
				.subject = addr_format(host, address),
				.detail = "a token for its postmaster"},
			e);
	if (err == OK)
		return store_commit(c->store, e);
	store_rollback(c->store);
	return err;
}

static enum err
ask_mail(const struct command_context *c, const struct command_request *r, const struct addr *host,
	const struct store_control *control, struct asked *out, struct error *e)
{
	char token[CONTROL_TOKEN], address[ADDR_TEXT], instructions[INSTRUCTIONS];
	enum err err;

	addr_format(host, address);
	if (r->now_s - control->mailed_s < CONTROL_MAIL_EVERY_S)
		return error_set(e, ERR_REFUSED,
			"%s was sent a token within the last 24 hours, one a day is enough",
			address);
	/* Counted first: whoever kills us in between must not have it sent a hundred times. One
	 * that is not accepted is not counted in the end (desk.h). */
	err = mark_mailed(c, r, host, e);
	if (err == OK)
		err = desk_mail(pipeline_desk(c->pipeline), host,
			&(struct desk_mailing){.token = control_proof_token(control, host, "mail",
						       token),
				.now_s = r->now_s,
				.mailed_before_s = control->mailed_s},
			&out->id, e);
	if (err != OK)
		return err;
	snprintf(instructions, sizeof(instructions),
		"A token is mailed to postmaster@[%s%s], to that host itself.",
		host->family == 6 ? "IPv6:" : "", address);
	out->object = json_pack("{s:s, s:s, s:s}", "address", address, "how", "mail",
		"instructions", instructions);
	return OK;
}

/* Only a lock-out is ended by it; of mail nobody gets more than he needs. */
static enum err
is_needed(const struct command_context *c, const struct addr *host, int64_t now_s, bool *needed,
	char message[DELIST_WHY + 64], struct error *e)
{
	const struct delist_rules rules = delist_part_rules(c->conf);
	char why[DELIST_WHY];
	struct delist_host facts;
	enum delist_answer answer;
	enum err err = delist_part_host(c, host, &facts, e);

	if (err != OK)
		return err;
	facts.listed = true;
	answer = delist_ask(&rules, &facts, now_s, why);
	*needed = answer == DELIST_LOCKED_OUT;
	if (answer == DELIST_TAKE)
		snprintf(message, DELIST_WHY + 64,
			"No proof is needed, and nothing was sent: ask for the delisting.");
	else if (!*needed)
		snprintf(message, DELIST_WHY + 64,
			"A proof changes nothing, none was asked for: %s.", why);
	return OK;
}

static struct command_answer
say_needless(const struct addr *host, const char *message)
{
	char address[ADDR_TEXT];

	return (struct command_answer){
		.object = json_pack("{s:b, s:s, s:b, s:b, s:s}", "ok", 1, "address",
			addr_format(host, address), "proved", 0, "needed", 0, "message", message)};
}

static struct command_answer
say_proved(const struct addr *host, const struct store_control *control)
{
	char address[ADDR_TEXT];

	return (struct command_answer){
		.object = json_pack("{s:b, s:s, s:b, s:o, s:s}", "ok", 1, "address",
			addr_format(host, address), "proved", 1, "proved_at",
			command_json_time(control->proved_s), "message",
			"This was proved already; ask for the delisting.")};
}

static enum err
is_listed(const struct command_context *c, const struct addr *host, int64_t now_s, struct error *e)
{
	json_t *listings = NULL;
	char address[ADDR_TEXT];
	enum err err = command_listings_of(c, host, now_s, &listings, e);

	if (err == OK && json_array_size(listings) == 0)
		err = error_set(e, ERR_NOT_FOUND, "%s is not listed", addr_format(host, address));
	json_decref(listings);
	return err;
}

struct command_answer
command_prove(const struct command_context *c, const struct command_request *r)
{
	const char *how = command_text(r, "how");
	bool mails = how != NULL && strcmp(how, "mail") == 0;
	struct asked asked = {.object = NULL};
	struct error e = {.code = OK};
	struct command_answer answer;
	struct store_control control;
	struct addr host;
	char message[DELIST_WHY + 64];
	bool needed = true;

	if (command_address(r, &host, &answer) != OK)
		return answer;
	if (how != NULL && !mails && strcmp(how, "dns") != 0)
		return command_refuse(ERR_SYNTAX, "\"how\" must be dns or mail");
	if (is_listed(c, &host, r->now_s, &e) != OK ||
		begin(c, &host, r->now_s, &control, &e) != OK)
		return command_failure(&e);
	if (control.proved_s != 0)
		return say_proved(&host, &control);
	if (mails && pipeline_may_probe(c->pipeline, &host, &e) != OK)
		return command_failure(&e);
	if (mails && is_needed(c, &host, r->now_s, &needed, message, &e) != OK)
		return command_failure(&e);
	if (!needed)
		return say_needless(&host, message);
	if ((mails ? ask_mail : ask_dns)(c, r, &host, &control, &asked, &e) != OK)
		return command_failure(&e);
	return (struct command_answer){.object = asked.object, .follow = asked.id};
}

json_t *
delist_part_proved(const struct command_context *c, uint64_t id)
{
	struct desk_result result;
	char address[ADDR_TEXT];

	if (!desk_take(pipeline_desk(c->pipeline), id, &result))
		return command_error(ERR_NOT_FOUND, "nothing is known of this proof any more");
	return json_pack("{s:b, s:s, s:b, s:s}", "ok", 1, "address",
		addr_format(&result.host, address), "proved", (int)result.proved, "message",
		result.message);
}
