/* probe_result_replay.h - a result back from its JSON, so that the verdict is made again from what
 * was kept (probe_result_json), by the same code.
 *
 * The verdict and the reason in the JSON are not read.
 */
#ifndef ANALYZER_PROBE_RESULT_REPLAY_H
#define ANALYZER_PROBE_RESULT_REPLAY_H

#include "probe_result.h"

/* ERR_SYNTAX: it is no result, the error names the member. ERR_NOT_FOUND: an older one, which does
 * not say how far the probe came ("reach"), where the verdict rests on that. The caller frees *out.
 */
enum err probe_result_replay(const json_t *json, uint64_t id, struct probe_result **out,
	struct error *e) ORBL_NODISCARD;

#endif
