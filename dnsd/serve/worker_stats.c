#include "worker_stats.h"

#include <stdbool.h>

/* By RCODE, RFC 1035 section 4.1.1; those above are OTHER. */
static const uint8_t classes[] = {
	WORKER_REPLY_ANSWER,
	WORKER_REPLY_FORMERR,
	WORKER_REPLY_SERVFAIL,
	WORKER_REPLY_NXDOMAIN,
	WORKER_REPLY_NOTIMP,
	WORKER_REPLY_REFUSED,
};

/* NOERROR without AA is no answer of ours: the upper bits of the RCODE are in OPT, RFC 6891
 * section 6.1.3. */
static enum worker_reply
classify(const uint8_t *header)
{
	unsigned rcode = header[3] & 0x0f;
	bool authoritative = header[2] & 0x04, truncated = header[2] & 0x02;

	if (rcode != 0)
		return rcode < sizeof(classes) ? classes[rcode] : WORKER_REPLY_OTHER;
	if (!authoritative && !truncated)
		return WORKER_REPLY_OTHER;
	return truncated || (header[6] | header[7]) != 0 ? WORKER_REPLY_ANSWER :
							   WORKER_REPLY_NODATA;
}

void
worker_stats_count(struct worker_stats *s, const uint8_t *reply, size_t in, size_t out)
{
	s->bytes_in += in;
	if (out == 0) {
		s->dropped++;
		return;
	}
	s->bytes_out += out;
	s->replies[classify(reply)]++;
	s->truncated += (reply[2] & 0x02) != 0;
}
