/* answer_long.h - any packet, whatever is asked: see answer.h, answer_packet.
 *
 *	query_parse -> zone_set_find -> answer_data_find -> answer_data_write -> reply_end
 */
#ifndef DNSD_ANSWER_LONG_H
#define DNSD_ANSWER_LONG_H

#include "answer.h"

size_t
answer_long(const struct zone_set *zones, const struct answer_context *c, const uint8_t *packet,
	size_t len, uint8_t *out, size_t size, struct answer_outcome *outcome);

#endif
