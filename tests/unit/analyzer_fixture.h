/* analyzer_fixture.h - an analyzer in the scratch directory, with a prober that the test plays.
 *
 * Everything that orbl-analyzer's main joins together, but for the process and its clock.
 */
#ifndef TESTS_ANALYZER_FIXTURE_H
#define TESTS_ANALYZER_FIXTURE_H

#include <check.h>

#include <orbl/store_evidence.h>
#include <orbl/store_listing.h>
#include <orbl/store_probe.h>

#include "command.h"
#include "fake_prober.h"
#include "outcome.h"

struct error *trouble(void); /* where the calls in ck_ok leave their error */

/* A call that must succeed. */
#define ck_ok(call)                                                                                \
	do {                                                                                       \
		enum err ck_ok_code = (call);                                                      \
		ck_assert_msg(ck_ok_code == OK, "%s: %s: %s", #call, err_name(ck_ok_code),         \
			trouble()->text);                                                          \
	} while (0)

struct analyzer {
	struct conf *conf;
	struct store *store;
	struct prober *prober;
	struct reporters *reporters;
	struct event_base *base;
	struct pipeline *pipeline;
	struct command_context context;
};

struct addr fixture_address(const char *text);
struct prefix fixture_prefix(const char *text);
/* Of a test zone, one reporter enough, all files in the working directory; lines are added. */
struct conf *fixture_conf(const char *lines);
void analyzer_open(struct analyzer *a, const char *conf_lines);
void analyzer_close(struct analyzer *a);
/* Let the event loop do what is due. */
void analyzer_turn(struct analyzer *a);
/* A denial of host by reporter, now, of which nothing is known yet; committed. */
void analyzer_add_denial(struct analyzer *a, const char *reporter, const char *host);
/* List a host for a probe of it (queued and finished as "open"); returns the probe. */
uint64_t analyzer_list(struct analyzer *a, const char *host, enum category category, int64_t now_s,
	int64_t expires_s);
/* Listings of the host's prefix: a mask of 1 << category. */
uint32_t analyzer_listed(struct analyzer *a, const char *host);

#endif
