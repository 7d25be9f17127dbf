/* store_alarm.h - what somebody should look at, until he has or it is over. */
#ifndef ORBL_STORE_ALARM_H
#define ORBL_STORE_ALARM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <orbl/store.h>

/* Suspects are held (store_suspects_hold). */
#define STORE_ALARM_RESTORED "restored"

struct store_alarm {      /* lends */
	const char *kind; /* one word: "safe" */
	const char *subject;
	int64_t since_s, last_s;
	const char *text;
};

/* Raise it, or say that it still is; *first (NULL ok): it was not there, tell of it. Needs no
 * transaction. */
enum err store_alarm_raise(struct store *s, const char *kind, const char *subject, const char *text,
	int64_t now_s, bool *first, struct error *e) ORBL_NODISCARD;
/* Those of this kind and subject (NULL: all of the kind). */
enum err store_alarm_end(struct store *s, const char *kind, const char *subject,
	struct error *e) ORBL_NODISCARD;
/* End those that nobody has raised since. *ended may be NULL. */
enum err store_alarms_prune(struct store *s, int64_t before_s, size_t *ended,
	struct error *e) ORBL_NODISCARD;
typedef enum err store_alarm_fn(const struct store_alarm *a, void *context);
/* The newest first, at most max. */
enum err store_alarms(struct store *s, size_t max, store_alarm_fn *fn, void *context,
	struct error *e) ORBL_NODISCARD;

#endif
