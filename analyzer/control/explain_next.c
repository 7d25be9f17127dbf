#include "explain_part.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <orbl/store_host.h>
#include <orbl/store_probe.h>

#include "advice.h"
#include "command_json.h"
#include "delist_part.h"
#include "host_state.h"
#include "policy_value.h"

enum { SENTENCES = 1200 };

struct next {
	const struct explain *x;
	char address[ADDR_TEXT];
	json_t *out;
	char tested[ADDR_TEXT]; /* the host of a listing's probe */
};

static void say(struct next *n, const char *format, ...) ORBL_PRINTF(2, 3);

static void
say(struct next *n, const char *format, ...)
{
	char text[SENTENCES];
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	json_array_append_new(n->out, command_json_text(text));
}

static const char *
text_in(const json_t *object, const char *name)
{
	const char *s = json_string_value(json_object_get(object, name));

	return s != NULL ? s : "";
}

/* --- what is under way -------------------------------------------------------------- */

static enum err
on_probe(const struct store_probe *p, void *context)
{
	struct next *n = context;
	json_t *due = command_json_time(p->not_before_s);
	struct error why = {.code = OK};

	if (p->finished_s == 0 && p->started_s == 0 &&
		pipeline_may_probe(n->x->context->pipeline, &n->x->host, &why) != OK)
		say(n, "Probe %" PRIu64 " is queued (%s), but is not going to be made: %s.", p->id,
			store_cause_name(p->cause), why.text);
	else if (p->finished_s == 0 && p->started_s != 0)
		say(n, "Probe %" PRIu64 " is under way (%s): its verdict decides.", p->id,
			store_cause_name(p->cause));
	else if (p->finished_s == 0)
		say(n, "Probe %" PRIu64 " is queued (%s), due %s: its verdict decides.", p->id,
			store_cause_name(p->cause), json_string_value(due));
	json_decref(due);
	return OK;
}

/* --- by category ------------------------------------------------------------------------ */

static enum err
on_tested(const struct store_probe *p, void *context)
{
	struct next *n = context;

	addr_format(&p->host, n->tested);
	return OK;
}

static enum err
say_when(struct next *n)
{
	const struct command_context *c = n->x->context;
	const struct delist_rules rules = delist_part_rules(c->conf);
	struct delist_host host;
	int64_t next_s;
	json_t *when;
	enum err err = delist_part_host(c, &n->x->host, &host, n->x->e);

	if (err != OK)
		return err;
	next_s = delist_next_s(&rules, &host, n->x->now_s);
	if (next_s <= n->x->now_s)
		return OK;
	when = command_json_time(next_s);
	say(n, "The next request is taken at %s (relapses: %u).%s%s", json_string_value(when),
		host.relapses,
		delist_is_locked_out(&rules, &host, n->x->now_s) ?
			" Whoever proves that the host is his need not wait: orbl delist --prove " :
			"",
		delist_is_locked_out(&rules, &host, n->x->now_s) ? n->address : "");
	json_decref(when);
	return OK;
}

static enum err
next_relay(struct next *n, const json_t *l)
{
	if (n->tested[0] != '\0' && strcmp(n->tested, n->address) != 0) {
		say(n,
			"It is listed for what was found at %s: close that relay, then: "
			"orbl delist %s",
			n->tested, n->tested);
		return OK;
	}
	say(n, "Close the relay: %s. See what was said above. Then: orbl delist %s",
		text_in(l, "reason"), n->address);
	return say_when(n);
}

static enum err
next_output(struct next *n, const json_t *l)
{
	(void)l;
	if (n->tested[0] != '\0')
		say(n, "It delivers for %s: close that relay, then: orbl delist %s", n->tested,
			n->tested);
	return OK;
}

/* No test has put it there. */
static enum err
next_ordered(struct next *n, const json_t *l)
{
	char contact[PAGE_VALUE];

	policy_value(n->x->context->conf, "contact", contact);
	say(n,
		"%s is listed as %s by order of %s until %s, which no test changes: write to %s; "
		"an operator can end it at once: orbl operator delist %s",
		text_in(l, "prefix"), text_in(l, "category"), text_in(l, "author"),
		text_in(l, "expires"), contact, text_in(l, "prefix"));
	return OK;
}

static enum err
next_suspect(struct next *n, const json_t *l)
{
	say(n,
		"Find out what on this host tries to relay mail through others. The entry as "
		"suspect ends by itself when its points are gone, at %s if nothing new comes; an "
		"operator can end it at once: orbl operator delist %s",
		text_in(l, "expires"), n->address);
	return OK;
}

static enum err
advise(struct next *n, enum verdict verdict)
{
	const struct conf *c = n->x->context->conf;
	const struct advice_from us = {c->probe.source, c->probe.second_source, c->probe.helo,
		(unsigned)c->probe.port};
	char text[ADVICE_TEXT];

	say(n, "%s Then: orbl delist %s", advice_give(verdict, &us, text), n->address);
	return say_when(n);
}

static enum err
next_untestable(struct next *n, const json_t *l)
{
	(void)l;
	return advise(n, VERDICT_UNTESTABLE);
}

static enum err
next_bouncer(struct next *n, const json_t *l)
{
	(void)l;
	return advise(n, VERDICT_BOUNCES);
}

static const struct {
	enum category category;
	enum err (*say)(struct next *n, const json_t *l);
} by_category[] = {
	{CATEGORY_RELAY, next_relay},
	{CATEGORY_RELAY_INPUT, next_relay},
	{CATEGORY_SUSPECT, next_suspect},
	{CATEGORY_RELAY_OUTPUT, next_output},
	{CATEGORY_UNTESTABLE, next_untestable},
	{CATEGORY_BOUNCER, next_bouncer},
};

static enum err
next_of_listing(struct next *n, const json_t *l)
{
	json_int_t probe = json_integer_value(json_object_get(l, "probe"));
	const char *name = text_in(l, "category");
	enum err err = OK;

	n->tested[0] = '\0';
	if (probe == 0 && text_in(l, "author")[0] != '\0')
		return next_ordered(n, l);
	if (probe != 0)
		err = store_probe_get(n->x->context->store, (uint64_t)probe, on_tested, n, n->x->e);
	if (err != OK && err != ERR_NOT_FOUND)
		return err;
	for (size_t i = 0; i < ORBL_COUNT(by_category); i++)
		if (strcmp(category_row(by_category[i].category)->name, name) == 0)
			return by_category[i].say(n, l);
	return OK;
}

enum err
explain_next(const struct explain *x, const json_t *listings, const json_t *why_still, json_t **out)
{
	struct next n = {.x = x, .out = json_array()};
	struct store_host host;
	const json_t *l;
	size_t i;
	enum err err = store_host_get(x->context->store, &x->host, &host, x->e);

	*out = n.out;
	addr_format(&x->host, n.address);
	if (err == OK && host.state == HOST_LOCKED)
		say(&n,
			"An operator has locked this host: nothing changes before it is unlocked "
			"(orbl operator show).");
	if (err == OK)
		err = store_probes_of(x->context->store, &x->host, 1, on_probe, &n, x->e);
	json_array_foreach (listings, i, l)
		if (err == OK)
			err = next_of_listing(&n, l);
	if (json_is_string(why_still))
		say(&n, "It is still in DNS for what has ended: %s.", json_string_value(why_still));
	if (err == OK && json_array_size(n.out) == 0)
		say(&n, "Nothing needs to be done: it is not listed, and no probe waits.");
	return err;
}
