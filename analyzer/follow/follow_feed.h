/* follow_feed.h - one log that goes on, on its way to the analyzer.
 *
 * The analyzer keeps the position, in the same transaction as the evidence: each connection
 * starts with the one it tells. What was sent and not acknowledged does not count, and is sent
 * again by the next connection.
 */
#ifndef ANALYZER_FOLLOW_FEED_H
#define ANALYZER_FOLLOW_FEED_H

#include "follow_source.h"
#include "submit.h"

struct follow_feed;

/* source is taken, also on failure (NULL: out of memory). */
struct follow_feed *follow_feed_new(const struct submit *s, const struct follow_source *source);
void follow_feed_free(struct follow_feed *f); /* NULL ok */
/* Do what there is to do now, for a moment at most. *busy: there is more. Not OK: it is of no use
 * to go on with this log, and why was said. */
enum err follow_feed_step(struct follow_feed *f, bool *busy) ORBL_NODISCARD;
/* The last acknowledgement. Not OK: some of what was read has none. */
enum err follow_feed_end(struct follow_feed *f) ORBL_NODISCARD;

#endif
