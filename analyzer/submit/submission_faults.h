/* submission_faults.h - denials of a reporter's own recipients: its server is set up so that it
 * takes no mail for a domain that is its own. They are no evidence, and its administrator is told.
 *
 * A domain that is not known to be its own, but seems to be, is a guess: table reporter_fault
 * watches domains for that (store_reporter.h).
 */
#ifndef ANALYZER_SUBMISSION_FAULTS_H
#define ANALYZER_SUBMISSION_FAULTS_H

#include <jansson.h>

#include <orbl/store_reporter.h>
#include <orbl/text.h>

enum {
	SUBMISSION_FAULTS_MAX = 16,  /* domains of a part; more are counted, and not named */
	SUBMISSION_WATCHED_MAX = 16, /* the least denied one gives way */
	SUBMISSION_DOMAIN = 256
};

struct submission_faults;

struct submission_faults *submission_faults_new(void);    /* NULL: out of memory */
void submission_faults_free(struct submission_faults *f); /* NULL ok */

/* The domain of a recipient that is asked for as it is; empty when the mailbox has a route in it,
 * so that the domain is not where the mail would go: to deny user%victim@own.example is right. */
struct text submission_faults_domain(struct text recipient);

struct submission_fault { /* borrows */
	struct text domain;
	const char *file;
	uint64_t line;
	struct text raw;
	uint32_t count;
	struct addr host;
};
/* A denial to a domain that is the reporter's own. */
void submission_faults_add(struct submission_faults *f, const struct submission_fault *fault);
/* One to another. */
void submission_faults_watch(struct submission_faults *f, const struct submission_fault *fault);

/* Into the store, inside a transaction; who is new among those that were guessed at is kept. */
enum err submission_faults_store(struct submission_faults *f, struct store *s, const char *reporter,
	int64_t now_s, struct error *e) ORBL_NODISCARD;
/* [{"kind", "domain", "denials", "example", "remedy"}], a new reference; NULL: there are none. */
json_t *submission_faults_json(const struct submission_faults *f, const char *reporter);
/* Tell our operator of domains that have just been guessed. */
void submission_faults_log(const struct submission_faults *f, const char *reporter);
void submission_faults_clear(struct submission_faults *f);
/* One sentence: what is amiss, and what to do about it. kind is that of the store. */
void submission_faults_remedy(const char *kind, const char *domain, const char *reporter, char *out,
	size_t size);

#endif
