/* store_fixture.h - a store in the scratch directory, and submissions of few words. */
#ifndef TESTS_STORE_FIXTURE_H
#define TESTS_STORE_FIXTURE_H

#include "analyzer_fixture.h"
#include "scratch.h"
#include "store_sql.h"
#include "unit.h"

enum { NOW = 1900000800, HOUR = 3600 }; /* NOW is the start of an hour */

/* Table seen as it was up to version 2. */
#define STORE_SEEN_2                                                                               \
	"DROP TABLE seen; CREATE TABLE seen (hash INTEGER PRIMARY KEY,"                            \
	" submission INTEGER NOT NULL, time_s INTEGER NOT NULL);"                                  \
	"CREATE INDEX seen_submission ON seen (submission);"

/* What version 5 has brought. */
#define STORE_4                                                                                    \
	"DROP TRIGGER probe_decided; DROP TRIGGER pair_decided; DROP TRIGGER pair_begun;"          \
	"DROP VIEW final_verdict; DROP TABLE reporter_host; DROP TABLE reporter_day; DROP TABLE "  \
	"reporter_fault; DROP TABLE nomination;"                                                   \
	"DROP TABLE alarm; DROP TABLE host; DROP TABLE operator_order; DROP TABLE control_proof;"  \
	"DROP TABLE notice; DROP TABLE decision; DROP INDEX evidence_hour;"                        \
	"DROP INDEX listing_effective; UPDATE probe SET cause = 3 WHERE cause = 4;"                \
	"ALTER TABLE reporter DROP COLUMN revoked_s; ALTER TABLE evidence DROP COLUMN domains;"    \
	"ALTER TABLE evidence DROP COLUMN hash; ALTER TABLE listing DROP COLUMN effective_s;"      \
	"ALTER TABLE listing DROP COLUMN asn; ALTER TABLE listing DROP COLUMN as_org;"             \
	"ALTER TABLE listing DROP COLUMN country; ALTER TABLE listing DROP COLUMN author;"         \
	"ALTER TABLE delisting DROP COLUMN author; ALTER TABLE audit DROP COLUMN author;"          \
	"ALTER TABLE audit DROP COLUMN hash; ALTER TABLE audit DROP COLUMN signature;"

/* And table probe as it was up to version 3. */
#define STORE_PROBE_3                                                                              \
	STORE_4                                                                                    \
	"DROP TABLE proof; DROP TABLE probe_event; DROP INDEX probe_waiting; DROP INDEX "          \
	"probe_started;"                                                                           \
	"DROP INDEX probe_parent; ALTER TABLE probe DROP COLUMN not_before_s;"                     \
	"ALTER TABLE probe DROP COLUMN started_s; ALTER TABLE probe DROP COLUMN tries;"            \
	"ALTER TABLE probe DROP COLUMN source; ALTER TABLE probe DROP COLUMN parent;"              \
	"ALTER TABLE probe DROP COLUMN pair_verdict;"                                              \
	"UPDATE probe SET cause = cause = 3;"                                                      \
	"CREATE INDEX probe_waiting ON probe (cause DESC, id) WHERE finished_s = 0;"

struct store *open_store(void);                        /* orbl.db */
struct store *reopen_store(struct store *s);           /* as the next run of the analyzer */
int64_t store_count(struct store *s, const char *sql); /* the number that a literal gives */
/* Other programs' doings, through a connection of their own. */
void store_meddle(const char *sql);

int64_t begin_submission(struct store *s, const char *reporter);
/* A denial of one line, in a transaction of its own; false: it was there already. */
bool
add_denial(struct store *s, int64_t submission, const char *host, int64_t time_s, const char *raw);
struct store_submission commit_submission(struct store *s, int64_t id);

struct seen {
	size_t count;
	struct {
		char reporter[64], file[64], raw[2100], rule[64];
		unsigned kind;
		int64_t hour_s, submission;
		uint32_t denials;
		uint64_t line;
	} facts[16];
	enum err answer; /* given from the second fact on */
};

/* For store_facts; context is a struct seen. */
enum err on_fact(const struct store_fact *f, void *context);
struct seen facts_of(struct store *s, const char *host, int64_t since_s, size_t max);
size_t pending(struct store *s); /* hosts that wait for a look */

struct probes_seen {
	size_t count;
	struct {
		uint64_t id, parent;
		char host[ADDR_TEXT], verdict[64], pair_verdict[64], result[64];
		enum store_cause cause;
		int64_t queued_s, not_before_s, started_s, finished_s;
		unsigned tries;
		bool second_source;
	} rows[8];
};

/* For store_probes_of and the like; context is a struct probes_seen. */
enum err on_probe(const struct store_probe *p, void *context);
uint64_t queue_probe(struct store *s, const char *host, enum store_cause cause); /* at NOW */
struct probes_seen due_probes(struct store *s, int64_t now_s); /* in their order */
struct probes_seen waiting_probes(struct store *s);            /* the same, of all times */

/* Tests that each have a scratch directory. */
TCase *store_tests(const char *name, const TTest *const *tests, size_t count);

#endif
