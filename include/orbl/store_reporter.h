/* store_reporter.h - who has submitted logs, how much of a day, what is amiss with them, and
 * whether what they say counts.
 */
#ifndef ORBL_STORE_REPORTER_H
#define ORBL_STORE_REPORTER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <orbl/addr.h>
#include <orbl/store.h>

enum { STORE_DAY_S = 86400 };

struct store_reporter { /* lends */
	int64_t id;
	const char *name;
	int64_t since_s, revoked_s;             /* revoked_s 0: it is not */
	int64_t last_s;                         /* its last submission; 0: none counts */
	uint64_t denials;                       /* in all its submissions */
	uint64_t today, over_quota, own_domain; /* of the UTC day of now_s */
	uint64_t faults;
};
typedef enum err store_reporter_fn(const struct store_reporter *r, void *context);
/* All, or the one of this name when it is not NULL; by name. */
enum err store_reporters(struct store *s, const char *name, int64_t now_s, store_reporter_fn *fn,
	void *context, struct error *e) ORBL_NODISCARD;
/* Since when nothing it says counts; 0: it is not revoked, or not known. */
enum err store_reporter_revoked(struct store *s, const char *name, int64_t *since_s,
	struct error *e) ORBL_NODISCARD;
/* revoked_s 0: it counts again. A reporter that is new is made known. The hosts of its evidence
 * wait for a look. Inside a transaction. */
enum err store_reporter_revoke(struct store *s, const char *name, int64_t revoked_s, int64_t now_s,
	uint64_t *hosts, struct error *e) ORBL_NODISCARD;

struct store_day {     /* of a reporter */
	int64_t day_s; /* its start */
	uint64_t denials, over_quota, own_domain;
};
typedef enum err store_day_fn(const struct store_day *d, void *context);
/* The newest first, at most max. */
enum err store_reporter_days(struct store *s, const char *name, size_t max, store_day_fn *fn,
	void *context, struct error *e) ORBL_NODISCARD;

/* --- faults ------------------------------------------------------------------- */

enum {
	STORE_FAULTS_MAX = 200, /* kept of one reporter and kind; the oldest give way */
	STORE_FAULT_KEPT_S = 90 * STORE_DAY_S /* after it was seen last */
};
#define STORE_FAULT_OWN   "own-domain"  /* it denies relaying to a domain that is its own */
#define STORE_FAULT_GUESS "own-domain?" /* to one that seems to be */

struct store_fault { /* lends */
	const char *kind, *subject;
	int64_t first_s, last_s;
	uint64_t count;
	const char *example; /* "mail.log:17: text", printable */
};
/* One more, or count more of one that is known. Inside a transaction. */
enum err store_fault_add(struct store *s, const char *reporter, const struct store_fault *f,
	struct error *e) ORBL_NODISCARD;
typedef enum err store_fault_fn(const struct store_fault *f, void *context);
/* The newest first. */
enum err store_faults(struct store *s, const char *reporter, store_fault_fn *fn, void *context,
	struct error *e) ORBL_NODISCARD;

/* A domain to which strangers were denied relaying. */
struct store_denied_domain { /* borrows */
	const char *domain;  /* lower case */
	uint64_t count;      /* denials */
	size_t host_count;
	const struct addr *hosts; /* who was denied */
	const char *example;      /* as that of a fault */
};
enum {
	STORE_GUESS_S = 7 * STORE_DAY_S,
	STORE_GUESS_HOSTS = 20,
	STORE_GUESS_NETWORKS = 10,
	STORE_GUESS_CANDIDATES = 200 /* domains of one reporter that are watched */
};
/* Watch a domain. When this reporter alone has denied STORE_GUESS_HOSTS of STORE_GUESS_NETWORKS
 * (/24, /48) relaying to it within STORE_GUESS_S, while others have submitted denials too, it is a
 * fault, STORE_FAULT_GUESS; *guessed: it has become one just now. Inside a transaction. */
enum err
store_domain_watch(struct store *s, const char *reporter, const struct store_denied_domain *d,
	int64_t now_s, bool *guessed, struct error *e) ORBL_NODISCARD;
/* Faults and days that are over. Inside a transaction. */
enum err store_reporters_prune(struct store *s, int64_t now_s, struct error *e) ORBL_NODISCARD;

#endif
