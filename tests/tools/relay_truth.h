/* relay_truth.h - every row of the relay policy's truth table as a host, and what a probe of it
 * must find.
 *
 *	row (facts) --> policy file --> engine --> outcome of each case --> verdict
 *	     \--> the sentences of Q193922, written once more: must agree
 *
 * The hosts are played by relay_host, which is told a policy file and options; the prediction
 * here shares only the engine with it. What chance decides is the same in every run.
 */
#ifndef TESTS_RELAY_TRUTH_H
#define TESTS_RELAY_TRUTH_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include <orbl/addr.h>
#include <orbl/err.h>

#include "probe_case.h"
#include "relay_policy.h"

enum {
	TRUTH_FLAGS_ABSENT = 16,
	TRUTH_FLAGS_COUNT = 17,
	TRUTH_VERSION_COUNT = 5,
	TRUTH_FACTS_COUNT = 64, /* combinations of the facts below */
	TRUTH_NAME = 64,
	TRUTH_WORDS = 256,
};

enum truth_fact {
	FACT_DENIED = 1 << 0,  /* the client is in the deny list */
	FACT_ALLOWED = 1 << 1, /* and in the allow list */
	FACT_INSIDE = 1 << 2,  /* the host's address is in the local-IP list */
	FACT_AUTHENTICATED = 1 << 3,
	FACT_DO_NOT_REROUTE = 1 << 4,
	FACT_FORWARDING = 1 << 5, /* of IP packets; only with flag 4 */
};

enum truth_recipient {
	TRUTH_PLAIN, /* of a domain that is not the host's */
	TRUTH_ENCAPSULATED,
	TRUTH_LOCAL,
	TRUTH_RECIPIENT_COUNT
};

struct truth_lab {
	struct addr client, collector;
	const char *domain; /* of the collector */
};

struct truth_row {
	unsigned number; /* from 0 */
	unsigned flags, version, facts;
	uint32_t chance;
	/* Around the table, by chance: any local user exists; PIPELINING is offered; the domain
	 * above the host's name, and its address as a literal, are local too. */
	bool catch_all, pipelining, own_parent, own_literal;
	bool sampled; /* one in sixteen: probed with all cases, too */
	struct addr addr;
	char name[TRUTH_NAME];
};

/* --- relay_truth_row.c --- */
bool truth_row_exists(unsigned flags, unsigned facts);
void truth_row_make(const struct truth_lab *lab, struct truth_row *r); /* from number and facts */
void truth_row_write_policy(const struct truth_lab *lab, const struct truth_row *r, FILE *f);
/* The words of Q193922 and MS99-027 once more. */
enum relay_answer truth_row_answer(const struct truth_row *r, enum truth_recipient kind);
void
truth_row_recipient(const struct truth_row *r, enum truth_recipient kind, char out[RECIPIENT_MAX]);
void truth_row_group(const struct truth_row *r, char out[TRUTH_WORDS]);
void truth_row_words(const struct truth_row *r, char out[TRUTH_WORDS]);

/* --- relay_truth_predict.c --- */
/* A line for what a probe with these cases, all of them made, must find: address, verdict, outputs,
 * cases, group, row in words. */
enum err truth_predict(const struct truth_lab *lab, const struct truth_row *r,
	const struct relay_policy *policy, uint64_t cases, FILE *f, struct error *e) ORBL_NODISCARD;

#endif
