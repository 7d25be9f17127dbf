/* fuzz_relay_audit.c - a policy of any form is described and audited. */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "relay_audit.h"
#include "relay_describe.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct seen {
	enum relay_item_kind last;
	unsigned lines;
};

static void
check_text(const char *text)
{
	for (; text != NULL && *text != '\0'; text++)
		assert(*text >= ' ' && *text <= '~');
}

static void
see(const struct relay_item *item, void *context)
{
	struct seen *s = context;

	assert(item->kind >= s->last && item->kind < RELAY_ITEM_COUNT);
	assert(item->value != NULL);
	check_text(item->name);
	check_text(item->value);
	check_text(item->note);
	assert((item->name == NULL) == (item->kind == RELAY_ITEM_WARNING));
	assert(item->file != NULL || item->line <= s->lines);
	s->last = item->kind;
}

static void
check_case(const struct relay_policy *p, const struct relay_audit *a,
	const struct relay_audit_case *c)
{
	const struct relay_sent sent = {
		.row = c->row,
		.mail_from = c->mail_from,
		.rcpt_to = c->rcpt_to,
		.foreign = "elsewhere.invalid",
		.client = a->client,
		.local = a->local,
	};
	struct relay_decision again;

	/* A relayed one is permitted, or taken for local. */
	assert(relay_audit_predict(p, &sent, &again) == c->outlook);
	assert(again.answer == c->decision.answer && strcmp(again.rule, c->decision.rule) == 0);
	assert((c->outlook == RELAY_OUTLOOK_BOUNCED) == (again.answer == RELAY_THEN_BOUNCE));
	assert((c->outlook == RELAY_OUTLOOK_DENIED) == (again.answer == RELAY_DENY));
	assert(c->outlook != RELAY_OUTLOOK_LOCAL || again.answer == RELAY_LOCAL);
	assert(again.answer != RELAY_PERMIT || c->outlook == RELAY_OUTLOOK_RELAYED);
	assert(relay_audit_remedy(&again)[0] != '\0');
	check_text(c->mail_from);
	check_text(c->rcpt_to);
}

static void
check(const struct relay_policy *p, const struct relay_audit *a)
{
	size_t sum = 0;

	for (size_t i = 0; i < RELAY_OUTLOOK_COUNT; i++)
		sum += a->outlooks[i];
	assert(sum == a->count && a->count == probe_case_count());
	assert(a->alike >= 1 && a->alike <= a->strangers);
	assert(a->knows_domains == (relay_describe_domain(p, 0) != NULL));
	for (size_t i = 0; i < a->count; i++)
		check_case(p, a, &a->cases[i]);
	for (size_t i = 0; i < a->advice_count; i++) {
		assert(a->advice[i].why[0] != '\0');
		check_text(a->advice[i].why);
		assert(a->advice[i].met != RELAY_MET_NO || a->advice[i].remedy != NULL);
	}
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct relay_audit_question q = {.host = NULL};
	struct seen seen = {.lines = 1};
	struct relay_policy *p;
	struct relay_audit *a;
	struct error e;

	for (size_t i = 0; i < size; i++)
		seen.lines += data[i] == '\n';
	if (relay_policy_parse(data, size, "no/such/folder/main.cf", &p, NULL, &e) != OK)
		return 0;
	relay_describe(p, see, &seen);
	if (relay_audit_new(p, &q, &a, &e) != OK)
		abort();
	check(p, a);
	relay_audit_free(a);
	relay_policy_free(p);
	return 0;
}
