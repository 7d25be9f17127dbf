/* store_delisting.h - the requests to delist hosts, and the proofs that somebody controls one.
 *
 * A request is answered by a probe; two that are answered by the same probe have the same end.
 */
#ifndef ORBL_STORE_DELISTING_H
#define ORBL_STORE_DELISTING_H

#include <stddef.h>
#include <stdint.h>

#include <orbl/addr.h>
#include <orbl/store.h>

struct store_delisting { /* lends */
	int64_t id;
	const char *host;
	int64_t requested_s, finished_s;
	uint64_t probe;
	const char *state; /* "queued", "delisted" or "refused" */
	const char *reason;
	const char *author; /* who asked on the control socket */
};
/* Take a request: queues a probe in the same step. Inside a transaction. */
enum err store_delisting_add(struct store *s, const struct addr *host, const char *author,
	int64_t now_s, int64_t *id, uint64_t *probe, struct error *e) ORBL_NODISCARD;
enum err store_delisting_finish(struct store *s, uint64_t probe, const char *state,
	const char *reason, int64_t now_s, struct error *e) ORBL_NODISCARD;
typedef enum err store_delisting_fn(const struct store_delisting *d, void *context);
/* Newest first. */
enum err store_delistings_of(struct store *s, const struct addr *host, size_t max,
	store_delisting_fn *fn, void *context, struct error *e) ORBL_NODISCARD;
/* One by its number. ERR_NOT_FOUND. */
enum err store_delisting_get(struct store *s, int64_t id, store_delisting_fn *fn, void *context,
	struct error *e) ORBL_NODISCARD;
/* The newest that this probe answers. ERR_NOT_FOUND. */
enum err store_delisting_by_probe(struct store *s, uint64_t probe, store_delisting_fn *fn,
	void *context, struct error *e) ORBL_NODISCARD;
/* The one whose test is still to come or under way; *id 0: there is none. */
enum err store_delisting_open(struct store *s, const struct addr *host, int64_t *id,
	struct error *e) ORBL_NODISCARD;
/* When the n-th newest request was made, n from 1 on; 0: there are fewer. */
enum err store_delisting_nth(struct store *s, const struct addr *host, int64_t n,
	int64_t *requested_s, struct error *e) ORBL_NODISCARD;

/* --- proofs of control ---------------------------------------------------------- */

enum { STORE_CONTROL_SECRET = 64 };

struct store_control {                     /* of one host; all 0: nobody has asked */
	char secret[STORE_CONTROL_SECRET]; /* what its tokens are made of: never shown */
	int64_t made_s;
	int64_t mailed_s; /* a token was sent to the host itself */
	int64_t proved_s; /* 0: not proved */
};
enum err store_control_get(struct store *s, const struct addr *host, struct store_control *out,
	struct error *e) ORBL_NODISCARD;
/* A new secret, of which nothing is proved; the time of the last mail is kept. */
enum err store_control_begin(struct store *s, const struct addr *host, const char *secret,
	int64_t now_s, struct error *e) ORBL_NODISCARD;
enum err store_control_mailed(struct store *s, const struct addr *host, int64_t now_s,
	struct error *e) ORBL_NODISCARD;
/* means: "dns" or "mail". */
enum err store_control_proved(struct store *s, const struct addr *host, const char *means,
	int64_t now_s, struct error *e) ORBL_NODISCARD;

#endif
