/* probe_report.h - one target of orbl probe: its one or two probes, and how they are shown.
 *
 *	first source -> open or open-multihop? -> that is the verdict
 *	             -> else, with a second source of the target's address family: once more
 *	                from there; verdict_of_two
 */
#ifndef ANALYZER_CLI_PROBE_REPORT_H
#define ANALYZER_CLI_PROBE_REPORT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "probe_result.h"

enum { PROBE_REPORT_PROBES = 2, PROBE_REPORT_REASON = 256 };

struct probe_report { /* only probe_report.c looks inside */
	size_t index;
	struct endpoint target;
	struct addr sources[PROBE_REPORT_PROBES]; /* family 0: the system's choice */
	bool has_second;
	struct probe_result *results[PROBE_REPORT_PROBES]; /* the second: NULL when not needed */
	bool submitted[PROBE_REPORT_PROBES];
	size_t printed[PROBE_REPORT_PROBES]; /* lines of the dialogue */
};

enum err probe_report_init(struct probe_report *r, size_t index, const struct endpoint *target,
	const struct prober_conf *conf, struct error *e) ORBL_NODISCARD;
void probe_report_reset(struct probe_report *r);
const struct endpoint *probe_report_target(const struct probe_report *r);

/* Which target's event is it? */
size_t probe_report_index(uint64_t job_id);
/* Is there a job to hand over? Fills id, target and source. */
bool probe_report_wants(const struct probe_report *r, struct prober_job *job);
void probe_report_submitted(struct probe_report *r);
void probe_report_apply(struct probe_report *r, const struct prober_event *ev);
bool probe_report_is_finished(const struct probe_report *r);
enum verdict probe_report_verdict(const struct probe_report *r);
/* Why it is that; lent until the next call. */
const char *probe_report_reason(const struct probe_report *r, char text[PROBE_REPORT_REASON]);

void probe_report_print_dialogue(struct probe_report *r); /* what is new of it */
void probe_report_print(struct probe_report *r);          /* the rest of it, and the verdict */
void probe_report_print_json(const struct probe_report *r);

#endif
