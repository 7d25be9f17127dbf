/* relay_invariants.h - what holds for every relay policy of an IMS that could be read. */
#ifndef TESTS_RELAY_INVARIANTS_H
#define TESTS_RELAY_INVARIANTS_H

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "relay_policy.h"

static inline uint32_t
invariant_quad(struct text t)
{
	struct addr a = {.family = 0};

	if (addr_parse(t, &a) != OK || a.family != 4)
		abort();
	return addr_ipv4(&a);
}

/* The entry that a decision names does match the address. */
static inline void
invariant_entry(const struct relay_decision *d, const struct addr *a)
{
	struct text mask = text_of(d->entry), net = text_cut(&mask, ';');
	uint32_t bits = mask.len != 0 ? invariant_quad(mask) : UINT32_MAX;

	assert(a->family == 4);
	assert((addr_ipv4(a) & bits) == invariant_quad(net));
}

static inline struct relay_decision
invariant_decide(const struct relay_policy *p, const struct relay_request *r, unsigned lines)
{
	struct relay_decision d = relay_policy_decide(p, r);

	assert(d.answer == RELAY_PERMIT || d.answer == RELAY_DENY ||
		d.answer == RELAY_THEN_BOUNCE || d.answer == RELAY_LOCAL);
	assert(d.rule != NULL && relay_answer_name(d.answer) != NULL);
	assert((d.list != NULL) == (d.line != 0) && (d.list != NULL) == (d.entry != NULL));
	assert(d.line <= lines);
	if (d.list == NULL)
		assert(d.answer != RELAY_LOCAL);
	else if (strcmp(d.list, "RelayLocalIPList") == 0)
		invariant_entry(&d, &r->local);
	else if (strcmp(d.list, "local_domain") != 0)
		invariant_entry(&d, &r->client);
	return d;
}

static inline unsigned
invariant_lines(const uint8_t *data, size_t size)
{
	unsigned lines = 1;

	for (size_t i = 0; i < size; i++)
		lines += data[i] == '\n';
	return lines;
}

/* Read a policy: either there is one, or there is an error that names the file. */
static inline struct relay_policy *
invariant_parse(const void *data, size_t size)
{
	struct relay_policy *p = NULL;
	struct error e = {.code = OK};
	enum err err = relay_policy_parse(data, size, "fuzz", &p, NULL, &e);

	assert((err == OK) == (p != NULL));
	if (err != OK)
		assert(e.code == err && strncmp(e.text, "fuzz:", 5) == 0);
	for (const char *c = e.text; *c != '\0'; c++)
		assert(*c >= ' ' && *c <= '~');
	/* Postfix has other lists: fuzz_main_cf. */
	if (p != NULL && relay_policy_dialect(p) != RELAY_DIALECT_IMS) {
		relay_policy_free(p);
		return NULL;
	}
	return p;
}

#endif
