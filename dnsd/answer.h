/* answer.h - from query packet to reply packet.
 *
 *	query_parse -> zone_set_find -> dnsbl_name_parse -> snapshot_find -> reply_*
 *
 * One pure function: the same packet, zones and context give the same reply. No
 * allocation, no lock, no system call, nothing kept between packets; work and size are
 * bounded by constants.
 */
#ifndef DNSD_ANSWER_H
#define DNSD_ANSWER_H

#include "zone.h"

enum answer_transport { ANSWER_UDP, ANSWER_TCP };

enum { ANSWER_MAX = 65535 }; /* bytes of a reply over TCP */

struct answer_context {
	enum answer_transport transport;
	uint16_t udp_size; /* ours: advertised, and the most that is sent over UDP */
	int64_t now_s;
};

/* Returns the length of the reply in out, 0: send nothing. size is at least udp_size for UDP;
 * over TCP ANSWER_MAX makes every reply whole. */
size_t answer_packet(const struct zone_set *zones, const struct answer_context *context,
	const uint8_t *packet, size_t len, uint8_t *out, size_t size);

#endif
