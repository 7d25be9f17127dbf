/* query_log.h - the file with a line for one of so many queries.
 *
 *	TIME CLIENT TRANSPORT ZONE NAME TYPE RESULT CODES
 *	2026-01-31T12:00:00.125Z 192.0.2.0/24 udp bl.example 2.0.0.127.bl.example A NOERROR \
 *	127.0.0.2
 *
 * Such a log says who gets mail from whom (RFC 5782 section 7): clients are shortened to their
 * network unless that is asked for, and query keys are left out (key_mask.h). "-" is for what there
 * is not; RESULT is the RCODE, or "dropped".
 */
#ifndef DNSD_QUERY_LOG_H
#define DNSD_QUERY_LOG_H

#include "observation.h"

enum { QUERY_LOG_LINE = 2048 };

struct query_log;

/* fd may be -1. Takes it. NULL: out of memory. */
struct query_log *query_log_new(int fd, bool whole_clients);
void query_log_free(struct query_log *l);           /* closes; NULL ok */
void query_log_change(struct query_log *l, int fd); /* after rotation; takes the descriptor */
/* zone: its name, or NULL. */
void query_log_add(struct query_log *l, const struct observation *o, const char *zone,
	const uint8_t *query, const uint8_t *reply);
/* Write what there is. What the system does not take is lost, and that is logged once. */
void query_log_flush(struct query_log *l);

/* The line, with its end. Returns its length. */
size_t query_log_format(const struct observation *o, const char *zone, bool whole_clients,
	const uint8_t *query, const uint8_t *reply, char out[QUERY_LOG_LINE]);

#endif
