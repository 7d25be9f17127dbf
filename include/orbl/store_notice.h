/* store_notice.h - notices to the abuse contacts of what was listed: one for each listing.
 *
 *	waiting    for its contact to be found out, or for a day on which the contact gets no more
 *	sent       it was made; done_s is when
 *	no-contact nobody is named for the address
 *	no-answer  who it would be could not be found out: the lookups failed for too long
 *	ended      the listing was over before
 */
#ifndef ORBL_STORE_NOTICE_H
#define ORBL_STORE_NOTICE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <orbl/addr.h>
#include <orbl/listing.h>
#include <orbl/store.h>

#define STORE_NOTICE_SENT       "sent"
#define STORE_NOTICE_NO_CONTACT "no-contact"
#define STORE_NOTICE_NO_ANSWER  "no-answer"

/* Make one for each listing in the categories (mask of 1 << category) that has none; end those that
 * wait and whose listing is over. Inside a transaction. */
enum err store_notice_queue(struct store *s, uint32_t categories, int64_t now_s, size_t *queued,
	struct error *e) ORBL_NODISCARD;

struct store_notice { /* lends; with what is listed as it is now */
	int64_t id;
	struct prefix prefix;
	enum category category;
	int64_t listed_s, effective_s, expires_s;
	uint64_t probe;
	const char *contact; /* "": not found out yet */
	const char *reason;
};
struct store_notice_rate {
	int64_t since_s; /* so many to one contact since then */
	int64_t max;
};
typedef enum err store_notice_fn(const struct store_notice *n, void *context);
/* Those that wait, the oldest first, but for those whose contact gets no more by the rate. */
enum err store_notices_due(struct store *s, const struct store_notice_rate *rate, int64_t after,
	size_t max, store_notice_fn *fn, void *context, struct error *e) ORBL_NODISCARD;
/* ERR_NOT_FOUND: it does not wait any more. */
enum err store_notice_get(struct store *s, int64_t id, store_notice_fn *fn, void *context,
	struct error *e) ORBL_NODISCARD;
enum err store_notice_sent_since(struct store *s, const char *contact, int64_t since_s,
	int64_t *count, struct error *e) ORBL_NODISCARD;
enum err store_notice_contact(struct store *s, int64_t id, const char *contact,
	struct error *e) ORBL_NODISCARD;
enum err store_notice_done(struct store *s, int64_t id, const char *state, int64_t now_s,
	struct error *e) ORBL_NODISCARD;
/* Forget those that were done with before a time, at most max, and whose listing is over: while it
 * is not, its notice must not be made again. */
enum err store_notices_prune(struct store *s, int64_t before_s, size_t max, size_t *gone,
	struct error *e) ORBL_NODISCARD;
/* Its contact could not be looked up. The first time is kept (as done_s, while it waits); after
 * give_up_s of that it waits no more: *given_up. */
enum err store_notice_failed(struct store *s, int64_t id, int64_t now_s, int64_t give_up_s,
	bool *given_up, struct error *e) ORBL_NODISCARD;

#endif
