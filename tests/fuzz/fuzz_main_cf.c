/* fuzz_main_cf.c - a main.cf, and behind the first NUL a recipient to ask about. */
#include <assert.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "relay_policy.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { MAIN_CF_MAX = 1 << 14 };

/* Of no input; what a stranger must never be relayed to. */
static const char victim[] = "u@victim.test";
static const char guard[] = "\nsmtpd_relay_restrictions = reject_unauth_destination\n"
			    "smtpd_recipient_restrictions =\nallow_untrusted_routing = no\n"
			    "mydestination = a.test\nrelay_domains = b.test\n"
			    "virtual_alias_domains =\nvirtual_mailbox_domains =\n"
			    "mydomain = c.test\nmyorigin = c.test\n";

static struct relay_policy *
parse(const char *text, size_t len)
{
	struct relay_policy *p = NULL;
	struct error e = {.code = OK};
	enum err err = relay_policy_parse(text, len, "nowhere/main.cf", &p, NULL, &e);

	assert((err == OK) == (p != NULL));
	if (err != OK)
		assert(e.code == err && strncmp(e.text, "nowhere/", 8) == 0);
	for (const char *c = e.text; *c != '\0'; c++)
		assert(*c >= ' ' && *c <= '~');
	return p;
}

static void
check_text(const char *text)
{
	for (; text != NULL && *text != '\0'; text++)
		assert(*text >= ' ' && *text <= '~');
}

static void
check_decision(const struct relay_policy *p, const struct relay_request *r)
{
	struct relay_decision d = relay_policy_decide(p, r), again = relay_policy_decide(p, r);

	assert(d.answer == RELAY_PERMIT || d.answer == RELAY_DENY || d.answer == RELAY_LOCAL);
	assert(d.rule != NULL && (d.list != NULL) == (d.entry != NULL));
	assert(d.list != NULL || (d.file == NULL && d.line == 0));
	assert(d.answer == again.answer && strcmp(d.rule, again.rule) == 0 &&
		d.entry == again.entry && d.line == again.line);
	check_text(d.list);
	check_text(d.entry);
}

static void
ask(const struct relay_policy *p, struct text recipient)
{
	struct relay_request r = {.client = {4, {192, 0, 2, 7}},
		.local = {4, {192, 0, 2, 25}},
		.recipient = recipient,
		.sender = recipient,
		.helo = recipient};
	struct relay_request six = {.client = {6, {0x20, 1, 0xd, 0xb8, [15] = 1}},
		.recipient = recipient,
		.authenticated = true};
	char buffer[RECIPIENT_MAX];
	struct text mailbox = relay_policy_resolve(p, recipient, buffer);
	struct relay_setting s;

	assert(mailbox.len <= recipient.len || mailbox.len < RECIPIENT_MAX);
	(void)relay_policy_is_local(p, recipient);
	check_decision(p, &r);
	check_decision(p, &six);
	for (size_t i = 0; relay_policy_setting(p, i, &s); i++)
		check_text(s.value);
}

/* Whatever else it says, with these lines at its end no stranger is relayed. */
static void
ask_guarded(const char *text, size_t len, struct text recipient)
{
	struct relay_request r = {.client = {4, {203, 0, 113, 9}},
		.recipient = {victim, sizeof(victim) - 1}};
	char *guarded = malloc(len + sizeof(guard));
	struct relay_policy *p;

	if (guarded == NULL)
		abort();
	memcpy(guarded, text, len);
	memcpy(guarded + len, guard, sizeof(guard));
	p = parse(guarded, len + sizeof(guard) - 1);
	if (p != NULL) {
		struct relay_decision d = relay_policy_decide(p, &r);

		assert(d.answer == RELAY_DENY);
		r.recipient = recipient;
		d = relay_policy_decide(p, &r);
		assert(d.answer != RELAY_PERMIT);
	}
	relay_policy_free(p);
	free(guarded);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct text all = {(const char *)data, size};
	size_t end = text_find_byte(all, '\0');
	struct text policy = text_upto(all, end);
	struct text recipient = end == SIZE_MAX ? TEXT_NONE : text_from(all, end + 1);
	struct relay_policy *p;

	if (policy.len > MAIN_CF_MAX)
		return 0;
	p = parse(policy.p, policy.len);
	if (p != NULL && relay_policy_dialect(p) == RELAY_DIALECT_POSTFIX)
		ask(p, recipient);
	relay_policy_free(p);
	ask_guarded(policy.p, policy.len, recipient);
	return 0;
}
