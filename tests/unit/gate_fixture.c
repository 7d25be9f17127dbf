#include "gate_fixture.h"

#include "unit.h"

#include <orbl/log.h>

void
gate_fixture_set_up(struct gate_fixture *f)
{
	*f = (struct gate_fixture){.shared = access_shared_new()};
	ck_assert_ptr_nonnull(f->shared);
	/* Lines are counted where they are looked for. */
	log_open("check_gate", LOG_LEVEL_ERROR);
}

void
gate_fixture_tear_down(struct gate_fixture *f)
{
	gates_free(f->gates);
	access_shared_free(f->shared);
}

struct gate_options
gate_fixture_options(const struct gate_fixture *f, uint64_t quota, uint64_t rate)
{
	return (struct gate_options){
		.workers = 1,
		.quota = quota,
		.warn_at = 80,
		.client_ipv4 = 32,
		.client_ipv6 = 64,
		.clients = 1024,
		.rate = rate,
		.slip = 2,
		.network_ipv4 = 24,
		.network_ipv6 = 56,
		.shared = f->shared,
	};
}

void
gate_fixture_open(struct gate_fixture *f, const struct gate_options *o)
{
	struct error e = {.text = ""};

	ck_assert_msg(gates_new(o, &f->gates, &e) == OK, "%s", e.text);
	for (size_t i = 0; f->gates != NULL && i < o->workers; i++)
		gate_turn(gates_of(f->gates, i), GATE_FIXTURE_NOW, 1000);
}

struct answer_context
gate_fixture_settle(const struct gate_fixture *f, size_t worker, const struct addr *from,
	enum answer_transport transport, const struct answer_outcome *outcome)
{
	struct answer_context c = {.transport = transport, .client = *from};
	struct gate *g = gates_of(f->gates, worker);
	struct gate_ticket t = gate_prepare(g, from);

	gate_admit(g, &t, &c);
	gate_settle(g, &t, NULL, outcome);
	return c;
}

struct answer_outcome
gate_fixture_plain(void)
{
	static const struct zone zone = {.is_ready = true};

	return (struct answer_outcome){.zone = &zone};
}

struct answer_context
gate_fixture_ask(const struct gate_fixture *f, size_t worker, const char *from,
	enum answer_transport transport)
{
	const struct answer_outcome plain = gate_fixture_plain();
	struct addr a;

	ck_assert_int_eq(addr_parse(text_of(from), &a), OK);
	return gate_fixture_settle(f, worker, &a, transport, &plain);
}

void
gate_fixture_spray(const struct gate_fixture *f, size_t count, enum answer_transport transport)
{
	const struct answer_outcome plain = gate_fixture_plain();
	static uint64_t state = 88172645463325252u;
	struct addr a;

	for (size_t i = 0; i < count; i++) {
		state ^= state << 13;
		state ^= state >> 7;
		state ^= state << 17;
		a = addr_from_ipv4((uint32_t)state | 0x80000000);
		gate_fixture_settle(f, 0, &a, transport, &plain);
	}
}

void
gate_fixture_sum(struct gate_fixture *f)
{
	gates_sum(f->gates, NULL, GATE_FIXTURE_NOW);
	ck_assert(access_shared_read(f->shared, &f->report));
}
