/* world.h - the truth of a simulation: hosts, what they do when, and who reports it.
 *
 * All of it follows from the seed. A host is of one kind for good; an open relay is open between
 * open_s and closed_s, perhaps once more later.
 */
#ifndef TESTS_SIM_WORLD_H
#define TESTS_SIM_WORLD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <orbl/addr.h>

#include "random.h"

enum { SIM_HOUR = 3600, SIM_DAY = 86400 };
#define SIM_START INT64_C(1900000800) /* the start of an hour */

enum sim_kind {
	SIM_OPEN,       /* an open relay, abused */
	SIM_MULTIHOP,   /* one that sends through another host */
	SIM_BOUNCER,    /* accepts for strangers, then bounces */
	SIM_DISCARDS,   /* accepts, and nothing comes of it */
	SIM_SPAMMER,    /* tries relays; its own server is closed */
	SIM_GREYLISTER, /* the same, answers with 4xx */
	SIM_SHUNS,      /* the same, refuses our tester */
	SIM_ZOMBIE,     /* tries relays; no mail server */
	SIM_PROVIDER,   /* outbound host of a big provider with some bad users; on the safe list */
	SIM_INNOCENT,   /* a closed server that never tried anything */
	SIM_KIND_COUNT
};
const char *sim_kind_name(enum sim_kind k);

enum sim_reporter_kind {
	SIM_HONEST,
	SIM_FORGER,        /* in a ring, with forged lines about innocent hosts */
	SIM_MISCONFIGURED, /* denies mail to its own domain for some weeks */
	SIM_REPORTER_KINDS
};

struct sim_host {
	uint32_t address; /* host order */
	enum sim_kind kind;
	int64_t open_s, closed_s, again_s, closed_again_s; /* 0: never */
	int64_t active_s, quiet_s;                         /* tries to relay in between */
	bool asks;                                         /* for delisting, once it is closed */
	uint32_t output;                                   /* MULTIHOP: address that delivers */
	/* What the simulation has seen of it. */
	int64_t denied_s; /* first true denial; 0: none */
	int64_t listed_s; /* last time it became listed as open, 0: is not */
	int64_t found_s;  /* first time; 0: never */
	int64_t asked_s, removed_s;
	uint32_t probes;
	bool on_list;
};

struct sim_reporter {
	char name[32];
	enum sim_reporter_kind kind;
	unsigned ring;           /* FORGER */
	int64_t from_s, until_s; /* MISCONFIGURED: in between */
};

struct sim_world {
	struct sim_random random;
	int64_t end_s;
	size_t host_count, reporter_count;
	struct sim_host *hosts; /* by address, ascending */
	struct sim_reporter *reporters;
	size_t *agenda; /* for each hour the first host that does something; + 1, 0: none */
	size_t *next;   /* of each host: the next one of the same hour, + 1 */
};

struct sim_size {
	size_t hosts, reporters, forgers;
	int days;
};

/* Out of memory ends the program. */
void sim_world_make(struct sim_world *w, uint64_t seed, const struct sim_size *size);
void sim_world_free(struct sim_world *w);
struct addr sim_address(uint32_t host_order);
/* NULL: nobody's. */
struct sim_host *sim_world_find(const struct sim_world *w, const struct addr *a);
bool sim_host_is_open(const struct sim_host *h, int64_t now_s);

/* What is told in one hour: fn is called for each fact. */
struct sim_denial {
	size_t reporter;
	struct sim_host *host;
	uint32_t count, domains; /* different recipient domains */
	bool is_true;
};
typedef void sim_denial_fn(const struct sim_denial *d, void *context);
void sim_world_hour(struct sim_world *w, int64_t hour_s, sim_denial_fn *fn, void *context);

#endif
