/* desk.h - what about delisting takes its time: names that are looked up, tokens that are mailed,
 * notices. It lives in the pipeline's loop.
 *
 * What somebody waits for has a number, as a probe has, but above all of theirs; when it is over
 * tell() is called with done, and desk_take gives the result, once.
 */
#ifndef ANALYZER_DESK_H
#define ANALYZER_DESK_H

#include <stdbool.h>
#include <stdint.h>

#include <orbl/conf.h>
#include <orbl/store.h>

#include "prober.h"

struct event_base;

struct desk_parts { /* kept */
	const struct conf *conf;
	struct store *store;
	struct prober *prober;
	struct event_base *base;
	/* One printable line about a number; done: it is over. */
	void (*tell)(uint64_t id, const char *text, bool done, void *context);
	void *context;
};

struct desk;
enum err
desk_new(const struct desk_parts *parts, struct desk **out, struct error *e) ORBL_NODISCARD;
void desk_free(struct desk *d); /* NULL ok */
/* From time to time: notices. */
void desk_run(struct desk *d, int64_t now_s);

enum { DESK_ERRANDS_MAX = 16, DESK_MESSAGE = 512 };
#define DESK_FIRST PROBER_LETTER_FIRST /* the numbers */

/* Look for the record with this token; it is written down when it is there. */
enum err desk_look(struct desk *d, const struct addr *host, const char *token, const char *author,
	uint64_t *id, struct error *e) ORBL_NODISCARD;
struct desk_mailing { /* borrows */
	const char *token;
	int64_t now_s;
	int64_t mailed_before_s; /* the last mail was then: kept so if this one is not accepted */
};
/* Mail this token to the host itself. That it was mailed is stored already. */
enum err desk_mail(struct desk *d, const struct addr *host, const struct desk_mailing *mailing,
	uint64_t *id, struct error *e) ORBL_NODISCARD;
/* What the prober says of a letter. */
void desk_letter(struct desk *d, const struct prober_event *ev);

struct desk_result {
	struct addr host;
	bool proved;
	char message[DESK_MESSAGE];
};
/* False: there is none, or it was taken. */
bool desk_take(struct desk *d, uint64_t id, struct desk_result *out);

#endif
