/* collector_seen.h - what has come back already: a message sent once more proves nothing more.
 *
 * A table of fixed size. When it is full the pair that was used longest ago is forgotten; its
 * message then counts once more, which a result takes as no news. One token has a bounded
 * number of senders, so that nobody fills the table with a single one. To ask and to keep are two
 * steps: what is not stored is not kept here either, and counts when it comes again.
 */
#ifndef ANALYZER_COLLECTOR_SEEN_H
#define ANALYZER_COLLECTOR_SEEN_H

#include <stddef.h>
#include <stdint.h>

#include <orbl/addr.h>
#include <orbl/text.h>

enum { COLLECTOR_SEEN_MAX = 100000, COLLECTOR_SEEN_PEERS_MAX = 64 };

enum collector_seen_answer {
	COLLECTOR_SEEN_FIRST, /* of its token */
	COLLECTOR_SEEN_OTHER, /* the token is known, this sender or content is not */
	COLLECTOR_SEEN_AGAIN, /* the same, or too many others */
};

struct collector_seen_key {
	uint64_t probe_id;
	uint64_t content; /* of messages that are told apart by what they say; else 0 */
	uint8_t case_index, kind;
};

struct collector_seen;
/* max: pairs, at least 2. NULL: out of memory. */
struct collector_seen *collector_seen_new(size_t max);
void collector_seen_free(struct collector_seen *s); /* NULL ok */
/* times: how often it has come by now, when it is kept. */
enum collector_seen_answer collector_seen_ask(struct collector_seen *s,
	const struct collector_seen_key *key, const struct addr *peer, uint32_t *times);
/* One that was FIRST or OTHER. */
void collector_seen_keep(struct collector_seen *s, const struct collector_seen_key *key,
	const struct addr *peer);
uint64_t collector_seen_content(const struct collector_seen *s, struct text message);

#endif
