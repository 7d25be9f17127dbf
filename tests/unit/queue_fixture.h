/* queue_fixture.h - a probe_queue with a store and a played prober, and a clock that tests turn. */
#ifndef TESTS_QUEUE_FIXTURE_H
#define TESTS_QUEUE_FIXTURE_H

#include "analyzer_fixture.h"
#include "probe_queue.h"

#define QUEUE_NOW INT64_C(1900000000)

struct queue_fixture {
	struct conf *conf;
	struct store *store;
	struct prober *prober;
	struct probe_queue *queue;
	int64_t now_ms; /* QUEUE_NOW at first */
	struct {        /* what was called back */
		char refused[512], said[256];
		size_t ended, lates;
		char verdict[32], reason[256];
		bool keep; /* what is over cannot be stored */
		bool full; /* nor what comes late */
	} seen;
};

struct queue_fixture *here(void);
void queue_set_up(void); /* three sessions, ten minutes of waiting */
void queue_set_up_with(const char *conf_lines);
void queue_open(const char *conf_lines); /* the same, in a scratch directory that is there */
void queue_tear_down(void);
void queue_again_with(const char *conf_lines);
/* As after a kill: nothing is told to the queue, and the prober is another one. */
void queue_restart(void);

uint64_t queue_add(const char *host, enum store_cause cause); /* its id */
int64_t queue_start(void);
size_t queue_jobs(void); /* given to the prober since the last start */
const struct prober_job *queue_job(size_t i);
/* What the prober says; it is read at once. */
void queue_say(struct prober_event ev);
void queue_say_case(uint64_t id, unsigned number, enum prober_answer answer);
void queue_say_arrival(uint64_t id, unsigned number, const char *peer);
void queue_say_done(uint64_t id, enum prober_reach reach);
size_t queue_end_all(void);
int64_t queue_number(const char *sql);
TCase *queue_tests(const char *name, const TTest *const *tests, size_t count);

#endif
