/* audit_fixture.h - a store with its audit log in the scratch directory: audit.key, audit.jsonl. */
#ifndef TESTS_AUDIT_FIXTURE_H
#define TESTS_AUDIT_FIXTURE_H

#include <orbl/store_audit.h>

#include "audit.h"
#include "audit_verify.h"
#include "store_fixture.h"

enum { DAY = 86400 };

struct audit_here {
	struct conf *conf;
	struct store *store;
	struct audit *audit;
};
struct audit_here *here(void);

/* As an analyzer's start and end; at once: without a last look at the copy. */
void audit_start(int64_t now_s);
void audit_stop(void);
void audit_stop_at_once(void);

/* Each in a transaction of its own, at NOW; listings last for ten days. */
void audit_put(const char *action);
void audit_list(const char *prefix, enum category category);
void audit_unlist(const char *prefix); /* at NOW + 60 */
int64_t audit_listings(void);          /* how many there are */

/* What orbl audit verify says of a copy, with the key that is there. */
struct audit_verifier audit_verify_file(const char *path);
/* All the store's records are in the copy, and sound. */
void audit_check_copy(void);
void audit_append(const char *path, const char *text);
void audit_copy_file(const char *from, const char *to);

/* Tests that each have a scratch directory and a configuration. */
TCase *audit_tests(const char *name, const TTest *const *list_of, size_t count);

#endif
