/* fuzz_relay_policy.c - orbl's own form, and behind the first NUL a recipient to ask about. */
#include <stdint.h>

#include "relay_invariants.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
ask(const struct relay_policy *p, struct text recipient, unsigned lines)
{
	struct relay_request r = {.client = {4, {192, 168, 1, 3}},
		.local = {4, {10, 0, 0, 1}},
		.recipient = recipient};
	struct relay_decision d = invariant_decide(p, &r, lines);
	char buffer[RECIPIENT_MAX];
	struct text mailbox = relay_policy_resolve(p, recipient, buffer), local_part, domain;

	recipient_split(mailbox, &local_part, &domain);
	assert(mailbox.len <= recipient.len);
	assert((d.answer == RELAY_LOCAL) == relay_policy_is_local(p, domain));
	/* Resolved once is resolved for good. */
	r.recipient = mailbox;
	assert((relay_policy_decide(p, &r).answer == RELAY_LOCAL) == (d.answer == RELAY_LOCAL));
}

/* Each form reads fewer bytes than there were, and never beyond the buffer. */
static void
read_forms(struct text local_part)
{
	static bool (*const forms[])(struct text, char *, size_t) = {
		recipient_decapsulate,
		recipient_swap_percent,
		recipient_swap_bang,
		recipient_dequote,
	};
	char *out = malloc(RECIPIENT_MAX);

	if (out == NULL)
		abort();
	for (size_t i = 0; i < ORBL_COUNT(forms); i++)
		for (size_t room = 0; room <= RECIPIENT_MAX; room += RECIPIENT_MAX / 16)
			if (forms[i](local_part, out, room))
				assert(strlen(out) < room && strlen(out) <= local_part.len);
	free(out);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct text all = {(const char *)data, size};
	size_t end = text_find_byte(all, '\0');
	struct text policy = text_upto(all, end);
	struct text recipient = end == SIZE_MAX ? TEXT_NONE : text_from(all, end + 1);
	struct relay_policy *p = invariant_parse(policy.p, policy.len);

	read_forms(recipient);
	if (p != NULL)
		ask(p, recipient, invariant_lines(data, size));
	relay_policy_free(p);
	return 0;
}
