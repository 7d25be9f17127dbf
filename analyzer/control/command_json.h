/* command_json.h - what is in the store, as JSON for the answers of command.c. */
#ifndef ANALYZER_COMMAND_JSON_H
#define ANALYZER_COMMAND_JSON_H

#include <jansson.h>

#include <orbl/store_probe.h>

#include "probe_queue.h"
#include "publish.h"

/* All new references. */
json_t *command_json_time(int64_t t); /* RFC 3339; 0: null */
/* A string whatever its bytes: it may have come from a log. NULL: null. */
json_t *command_json_text(const char *s);
json_t *command_json_hold(const struct publish_hold *h); /* nothing is held: null */
json_t *command_json_probe(const struct store_probe *p);
/* What waits: by cause what is due, then what is not due yet, and what holds the rest up. */
json_t *command_json_queue(const struct store_queue *queue, const struct probe_queue_state *state);

uint64_t command_json_count_due(const struct store_queue *queue);
/* Of those that are due, how many a rate holds up. */
uint64_t
command_json_count_held(const struct store_queue *queue, const struct probe_queue_state *state);

#endif
