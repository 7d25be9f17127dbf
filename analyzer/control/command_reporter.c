#include "command.h"

#include <stdio.h>
#include <string.h>

#include <orbl/log.h>
#include <orbl/store_audit.h>
#include <orbl/store_reporter.h>

#include "command_json.h"
#include "command_part.h"
#include "submission_faults.h"
#include "trust.h"

enum { DAYS_SHOWN = 14 };

enum err
command_reason(const struct command_request *r, char out[COMMAND_REASON], struct error *e)
{
	struct text t = text_trim(text_of(command_text(r, "reason")));

	text_printable(t, out, COMMAND_REASON);
	if (t.len == 0)
		return error_set(e, ERR_SYNTAX, "give a reason: it is kept, and shown to who asks");
	if (t.len >= COMMAND_REASON)
		return error_set(e, ERR_RANGE, "the reason is longer than %d characters",
			COMMAND_REASON - 1);
	return OK;
}

struct gathering {
	const struct command_context *c;
	json_t *array;
	int64_t now_s;
	struct error *e;
};

/* As of the configuration, or of the network of its address. */
static int64_t
as_of(const struct command_context *c, const struct conf_reporter *conf)
{
	struct geo_info info = {.asn = 0};
	struct addr a;

	if (conf == NULL)
		return 0;
	if (conf->asn == 0 && addr_parse(text_of(conf->address), &a) == OK)
		geo_look(pipeline_geo(c->pipeline), &a, &info);
	return conf->asn != 0 ? conf->asn : (int64_t)info.asn;
}

/* What the configuration says of it. */
static void
add_settings(const struct command_context *c, const char *name, json_t *out)
{
	const struct conf_reporter *conf = conf_reporter(c->conf, name);
	const char *address = conf != NULL && conf->address[0] != '\0' ? conf->address : NULL;

	json_object_set_new(out, "configured", json_boolean(conf != NULL));
	json_object_set_new(out, "key", json_boolean(conf != NULL && conf->key[0] != '\0'));
	json_object_set_new(out, "quota", json_integer(reporters_quota(c->reporters, name)));
	json_object_set_new(out, "address", command_json_text(address));
	json_object_set_new(out, "asn", json_integer(as_of(c, conf)));
}

static enum err
add_trust(const struct gathering *g, const char *name, json_t *out)
{
	struct trust trust;
	enum err err = trust_look(g->c->store, g->c->conf, name, g->now_s, &trust, g->e);

	if (err != OK)
		return err;
	json_object_set_new(out, "trust", json_integer(trust.percent));
	json_object_set_new(out, "ceiling", json_integer(trust.ceiling));
	json_object_set_new(out, "confirmed", json_integer((json_int_t)trust.confirmed));
	json_object_set_new(out, "refuted", json_integer((json_int_t)trust.refuted));
	return OK;
}

static enum err
on_reporter(const struct store_reporter *r, void *context)
{
	const struct gathering *g = context;
	json_t *out = json_pack("{s:o, s:o, s:o, s:I, s:I, s:I, s:I, s:I, s:o}", "reporter",
		command_json_text(r->name), "since", command_json_time(r->since_s), "last",
		command_json_time(r->last_s), "denials", (json_int_t)r->denials, "today",
		(json_int_t)r->today, "over_quota", (json_int_t)r->over_quota, "own_domain",
		(json_int_t)r->own_domain, "faults", (json_int_t)r->faults, "revoked",
		command_json_time(r->revoked_s));

	if (out == NULL)
		return error_set(g->e, ERR_MEMORY, "out of memory");
	json_array_append_new(g->array, out);
	add_settings(g->c, r->name, out);
	return add_trust(g, r->name, out);
}

/* A section of which nothing has come so far. */
static enum err
add_unseen(struct gathering *g, const char *name)
{
	const struct store_reporter r = {.name = name};

	return on_reporter(&r, g);
}

static bool
has_name(const json_t *array, const char *name)
{
	const json_t *item;
	size_t i;

	json_array_foreach (array, i, item)
		if (strcmp(json_string_value(json_object_get(item, "reporter")), name) == 0)
			return true;
	return false;
}

/* All of them, or the one of this name: *array is a new reference, also on failure. */
static enum err
gather(const struct command_context *c, const char *name, int64_t now_s, json_t **array,
	struct error *e)
{
	struct gathering g = {c, json_array(), now_s, e};
	enum err err = store_reporters(c->store, name, now_s, on_reporter, &g, e);

	*array = g.array;
	for (size_t i = 0; err == OK && i < c->conf->reporter_count; i++) {
		const char *known = c->conf->reporters[i].name;

		if ((name == NULL || strcmp(name, known) == 0) && !has_name(g.array, known))
			err = add_unseen(&g, known);
	}
	return err;
}

static struct command_answer
list(const struct command_context *c, const struct command_request *r)
{
	struct error e = {.code = OK};
	json_t *array;

	if (gather(c, NULL, r->now_s, &array, &e) != OK) {
		json_decref(array);
		return command_failure(&e);
	}
	return (struct command_answer){
		.object = json_pack("{s:b, s:o}", "ok", 1, "reporters", array)};
}

/* --- one of them ---------------------------------------------------------- */

static enum err
on_day(const struct store_day *d, void *context)
{
	json_array_append_new(context,
		json_pack("{s:o, s:I, s:I, s:I}", "day", command_json_time(d->day_s), "denials",
			(json_int_t)d->denials, "over_quota", (json_int_t)d->over_quota,
			"own_domain", (json_int_t)d->own_domain));
	return OK;
}

struct faults {
	json_t *array;
	const char *reporter;
};

static enum err
on_fault(const struct store_fault *f, void *context)
{
	const struct faults *faults = context;
	char remedy[700];

	submission_faults_remedy(f->kind, f->subject, faults->reporter, remedy, sizeof(remedy));
	json_array_append_new(faults->array,
		json_pack("{s:s, s:o, s:o, s:o, s:I, s:o, s:o}", "kind", f->kind, "domain",
			command_json_text(f->subject), "first", command_json_time(f->first_s),
			"last", command_json_time(f->last_s), "denials", (json_int_t)f->count,
			"example", command_json_text(f->example), "remedy",
			command_json_text(remedy)));
	return OK;
}

/* The one reporter; ERR_NOT_FOUND. */
static enum err
find(const struct command_context *c, const char *name, int64_t now_s, json_t **out,
	struct error *e)
{
	json_t *array;
	char shown[80];
	enum err err = gather(c, name, now_s, &array, e);

	*out = json_incref(json_array_get(array, 0));
	json_decref(array);
	if (err != OK || *out != NULL)
		return err;
	text_printable(text_of(name), shown, sizeof(shown));
	return error_set(e, ERR_NOT_FOUND,
		"there is no reporter %s: none of this name has submitted anything, and orbl.conf "
		"has no section of it",
		shown);
}

static struct command_answer
show(const struct command_context *c, const struct command_request *r)
{
	const char *name = command_text(r, "reporter");
	struct faults faults = {json_array(), name};
	json_t *out = NULL, *days = json_array();
	struct error e = {.code = OK};
	enum err err = find(c, name, r->now_s, &out, &e);

	if (err == OK)
		err = store_reporter_days(c->store, name, DAYS_SHOWN, on_day, days, &e);
	if (err == OK)
		err = store_faults(c->store, name, on_fault, &faults, &e);
	if (err != OK) {
		json_decref(out);
		json_decref(days);
		json_decref(faults.array);
		return command_failure(&e);
	}
	json_object_set_new(out, "days", days);
	json_object_set_new(out, "fault_list", faults.array);
	json_object_set_new(out, "ok", json_true());
	return (struct command_answer){.object = out};
}

/* --- is it believed? ------------------------------------------------------ */

struct change { /* of who is believed */
	const char *name, *action, *reason;
	bool revokes;
};

/* What is so already would hide who has done it, when and why. */
static enum err
check_change(const struct command_context *c, const struct change *change, int64_t now_s,
	struct error *e)
{
	int64_t since_s = 0;
	json_t *found = NULL;
	enum err err = find(c, change->name, now_s, &found, e);

	json_decref(found);
	if (err == OK)
		err = store_reporter_revoked(c->store, change->name, &since_s, e);
	if (err != OK || (since_s != 0) != change->revokes)
		return err;
	return error_set(e, ERR_REFUSED,
		change->revokes ? "reporter %s is revoked already" : "reporter %s is not revoked",
		change->name);
}

static enum err
store_change(const struct command_context *c, const struct change *change,
	const struct command_request *r, uint64_t *hosts, struct error *e)
{
	enum err err = store_begin(c->store, e);

	if (err == OK)
		err = store_reporter_revoke(c->store, change->name, change->revokes ? r->now_s : 0,
			r->now_s, hosts, e);
	if (err == OK)
		err = store_audit_add(c->store,
			&(struct store_audit){.time_s = r->now_s,
				.author = r->author,
				.action = change->action,
				.subject = change->name,
				.detail = change->reason},
			e);
	if (err == OK)
		return store_commit(c->store, e);
	store_rollback(c->store);
	return err;
}

static struct command_answer
make_change(const struct command_context *c, const struct command_request *r, struct change change)
{
	char reason[COMMAND_REASON];
	struct error e = {.code = OK};
	uint64_t hosts = 0;

	change.name = command_text(r, "reporter");
	change.reason = reason;
	if (command_reason(r, reason, &e) != OK || check_change(c, &change, r->now_s, &e) != OK ||
		store_change(c, &change, r, &hosts, &e) != OK)
		return command_failure(&e);
	log_notice("reporter %s: %s by %s: %s", change.name, change.action, r->author, reason);
	pipeline_wake(c->pipeline);
	return (struct command_answer){
		.object = json_pack("{s:b, s:s, s:b, s:I}", "ok", 1, "reporter", change.name,
			"revoked", (int)change.revokes, "hosts", (json_int_t)hosts)};
}

static struct command_answer
revoke(const struct command_context *c, const struct command_request *r)
{
	return make_change(c, r, (struct change){.action = "revoke", .revokes = true});
}

static struct command_answer
restore(const struct command_context *c, const struct command_request *r)
{
	return make_change(c, r, (struct change){.action = "reinstate", .revokes = false});
}

struct command_answer
command_reporter(const struct command_context *c, const struct command_request *r)
{
	static const struct {
		const char *name;
		command_fn *run;
		bool of_one;
	} table[] = {
		{"list", list, false},
		{"show", show, true},
		{"revoke", revoke, true},
		{"restore", restore, true},
	};
	const char *action = command_text(r, "action"), *name = command_text(r, "reporter");

	for (size_t i = 0; action != NULL && i < ORBL_COUNT(table); i++) {
		if (strcmp(table[i].name, action) != 0)
			continue;
		if (table[i].of_one && (name == NULL || *name == '\0'))
			return command_refuse(ERR_SYNTAX, "name the reporter");
		return table[i].run(c, r);
	}
	return command_refuse(ERR_UNSUPPORTED, "action must be list, show, revoke or restore");
}
