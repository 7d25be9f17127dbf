/* gate.h - how much a client may ask: a quota a day, and replies a second (RRL).
 *
 *	worker        gate_turn, gate_prepare (each packet of a batch: a hint to the memory),
 *	              gate_admit -> struct answer_context -> answer -> gate_settle (gate_worker.h)
 *	main thread   gates_sum, once a second: sums over workers, marks who is over, logs, reports
 *
 * Each worker has a gate of its own: two tables of fixed size, one of clients (quota) and one of
 * networks (rate), in sets of four entries, a cache line each. Nothing that two threads write often
 * shares a line: the main thread reads the counts and writes a mark, once for a client and day.
 *
 * Quota. A client's queries come to any worker (the kernel chooses by its ports), so what counts is
 * the sum, which is known once a second: a client gets through what it asks within that second
 * beyond its quota. What its address was proved for, by TCP or a cookie, is counted apart from
 * what anybody may have forged: each has an entry, and the quota is that of each. Who is over by
 * what is forged, if it is, is sent to TCP; who is over by what it proved is refused. The entry of
 * a newcomer in a full set: the one with the lowest count loses one, with a chance that halves
 * with every 16 that it has, eight times, and is replaced at 0. Who sprays forged addresses thus
 * replaces what was asked once or twice, and seldom who has asked often; a newcomer counts for
 * less than it asked, never for more, so that nobody is refused for what others did. With more
 * clients at once than access.clients the lightest are not counted. Who is over is noted by the
 * main thread for the rest of the day, wherever its entries go, four in each set, the heaviest. An
 * entry counts to 2^32.
 *
 * Rate. A network's bucket is one time: when it is full again (the virtual scheduling of ATM's
 * GCRA). An entry of the past says nothing, and is free. Of a full set of networks that are all
 * busy the least busy is replaced, and its successor goes on from there: so the sum over all
 * networks is bounded too, whatever is sprayed; a newcomer is then limited too early, not too late,
 * and that means: it gets a truncated reply and asks over TCP. The rate is divided by the workers:
 * a network whose queries come from many ports has all of it, one that asks from a single port (and
 * so from one worker) 1/workers of it, never less than one reply at once.
 *
 * The multiplier that spreads ids over sets is random: which addresses meet in one cannot be known.
 */
#ifndef DNSD_GATE_H
#define DNSD_GATE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <orbl/addr.h>
#include <orbl/conf.h>
#include <orbl/feed.h>

#include "access_report.h"
#include "keys.h"

struct gate;  /* a worker's (gate_worker.h) */
struct gates; /* all of them, and what the main thread knows */

struct gate_options {
	size_t workers;
	uint64_t quota;                    /* queries a day and client; 0: no bound */
	unsigned warn_at;                  /* percent of any quota */
	unsigned client_ipv4, client_ipv6; /* bits of a client */
	size_t clients;
	uint64_t rate; /* replies a second and network; 0: no bound */
	unsigned slip; /* one of so many limited replies is sent; 0: none */
	unsigned network_ipv4, network_ipv6;
	bool has_keys; /* gates are needed for their quotas alone, too */
	size_t exempt_count;
	const struct prefix *exempt;  /* copied */
	struct access_shared *shared; /* keeps; NULL: no report */
};

/* From orbl.conf; exempt is made, the caller frees it. */
enum err gate_options_read(const struct conf *conf, size_t workers, struct gate_options *out,
	struct prefix **exempt, struct error *e) ORBL_NODISCARD;

/* Do the options of access.* go together, and with the zones served? */
enum err access_check(const struct conf *conf, const struct feed_zone *zones, size_t count,
	struct error *e) ORBL_NODISCARD;

/* *out is NULL when nothing is configured: then there is nothing to ask. */
enum err
gates_new(const struct gate_options *options, struct gates **out, struct error *e) ORBL_NODISCARD;
void gates_free(struct gates *g);                      /* NULL ok */
struct gate *gates_of(struct gates *g, size_t worker); /* of NULL: NULL */
/* Main thread, once a second, with the table in service (NULL: none). Logs who nears its quota and
 * who is over, once a day and client. */
void gates_sum(struct gates *g, struct key_table *keys, int64_t now_s);

#endif
