/* gate_fixture.h - gates, and clients that ask at them as they would ask a worker. */
#ifndef TESTS_GATE_FIXTURE_H
#define TESTS_GATE_FIXTURE_H

#include "gate_inside.h"

enum {
	GATE_FIXTURE_DAY = 20000,
	GATE_FIXTURE_NOW = GATE_FIXTURE_DAY * 86400 + 3600,
	GATE_FIXTURE_WORKERS = 4,
};

struct gate_fixture {
	struct gates *gates;
	struct access_shared *shared;
	struct access_report report; /* of the last gate_fixture_sum */
};

void gate_fixture_set_up(struct gate_fixture *f);
void gate_fixture_tear_down(struct gate_fixture *f);

/* One worker, clients of one address, networks of /24, the report of f. */
struct gate_options
gate_fixture_options(const struct gate_fixture *f, uint64_t quota, uint64_t rate);
void gate_fixture_open(struct gate_fixture *f, const struct gate_options *o);

/* Of a query for a zone of ours, with nothing special. */
struct answer_outcome gate_fixture_plain(void);
/* What a worker does with a packet; what the gate said of it. */
struct answer_context
gate_fixture_settle(const struct gate_fixture *f, size_t worker, const struct addr *from,
	enum answer_transport transport, const struct answer_outcome *outcome);
/* ... with nothing special in its outcome. */
struct answer_context gate_fixture_ask(const struct gate_fixture *f, size_t worker,
	const char *from, enum answer_transport t);
/* So many queries, each from another address, none of them in 10.0.0.0/8. */
void gate_fixture_spray(const struct gate_fixture *f, size_t count, enum answer_transport t);

void gate_fixture_sum(struct gate_fixture *f);

#endif
