/* running_probes.h - the probes under way: what each has found so far, in memory and in the store.
 *
 * A probe that an earlier run of ours had begun is rebuilt from its events, and goes on. Until the
 * wait for its accepted messages is over it is not, whatever the prober says, which knows only
 * the cases that were left.
 */
#ifndef ANALYZER_RUNNING_PROBES_H
#define ANALYZER_RUNNING_PROBES_H

#include <stdbool.h>

#include <orbl/store_probe.h>

#include "probe_result.h"
#include "prober.h"
#include "probe_progress.h"

enum probe_place {
	PROBE_CHOSEN, /* not yet committed as started */
	PROBE_READY,  /* to be given to the prober */
	PROBE_ASKED,  /* it has it */
	PROBE_ENDED,  /* there is no more to ask; what was accepted may still come back */
};

struct probe_under_way {
	struct store_probe probe; /* without its texts */
	struct probe_result *result;
	enum probe_place place;
	struct probe_progress progress, before; /* before: of earlier runs */
	bool resumed;
	bool rated; /* counted by probe_rate.c */
	bool cancelled,
		cancel_told; /* not wanted any more, for the reason below; the prober knows */
	char why[256];
	uint64_t records;
	int64_t heard_s;         /* ASKED: when it was given to the prober, or told of last */
	enum prober_reach reach; /* ENDED */
	char ended[PROBER_TEXT];
};

enum { RUNNING_PROBES_BATCH = 256 /* events between two running_probes_store */ };

struct probe_record_waiting {
	uint64_t probe, number;
	char *text;
};

struct running_probes {
	struct store *store;
	uint16_t port;
	int64_t wait_s;         /* for what was accepted */
	uint64_t wanted;        /* cases of a probe */
	struct addr sources[2]; /* family 0: not chosen */
	size_t count, room;
	struct probe_under_way *list;
	bool durable;     /* what waits to be stored must survive a power loss, too */
	bool record_lost; /* something since the last running_probes_store */
	size_t record_count;
	struct probe_record_waiting records[RUNNING_PROBES_BATCH];
};

/* store, port, wait_s, wanted and sources are set; takes over what the store says is under way, and
 * has room for at least so many. */
enum err running_probes_open(struct running_probes *runs, size_t room, int64_t now_s,
	struct error *e) ORBL_NODISCARD;
void running_probes_close(struct running_probes *runs);

struct probe_under_way *
running_probes_find(struct running_probes *runs, uint64_t id); /* NULL: none */
/* NULL: no room, no memory. */
struct probe_under_way *
running_probes_add(struct running_probes *runs, const struct store_probe *probe);
/* Moves the last one to its place. */
void running_probes_remove(struct running_probes *runs, struct probe_under_way *r);

/* Those that are chosen become ready once the store knows that they were started. */
enum err
running_probes_commit(struct running_probes *runs, int64_t now_s, struct error *e) ORBL_NODISCARD;
void running_probes_take(struct running_probes *runs, struct probe_under_way *r,
	const struct prober_event *ev);
/* Put what was taken into the store, in one transaction; false: not all of it is there. An arrival
 * is then stored for good. */
bool running_probes_store(struct running_probes *runs);
/* Those that may have a connection now: one of which nothing was heard for a while rests or waits
 * for a message. */
size_t running_probes_count_active(const struct running_probes *runs, int64_t now_s);
/* The cases to ask; 0: all. */
uint64_t running_probes_cases(const struct running_probes *runs, const struct probe_under_way *r);
/* Is it over, its result final? */
bool
running_probes_end(const struct running_probes *runs, struct probe_under_way *r, int64_t now_s);

#endif
