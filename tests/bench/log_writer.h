/* log_writer.h - lines of made-up mail logs, from templates, fast.
 *
 * A template is the text of a line with "%" and a letter for what changes:
 *
 *	T time as in BSD syslog        I as in Exim          Z as in Exchange, UTC
 *	a client's address             n its reverse name    e as Exchange writes it, with a port
 *	s sender   h HELO   q queue id   i six of its letters   S session id
 *	p process id        d number of the line
 *	r recipient elsewhere          R the same, a new one
 *	l recipient here               L a new one           % the sign itself
 *
 * A "!" in front of a template says that the line records a denial of the client, and is
 * not written.
 */
#ifndef BENCH_LOG_WRITER_H
#define BENCH_LOG_WRITER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

enum {
	LOG_HOSTS = 12500, /* clients that come again and again; those in front more often */
	LOG_HOST_TEXT = 48,
	LOG_TEXT = 64
};

struct log_host {
	char address[LOG_HOST_TEXT], name[LOG_HOST_TEXT];
	bool is_ipv6;
	uint64_t denials;
};

struct log_writer {
	FILE *out;
	uint64_t bytes, lines, denials;
	uint64_t seed, time_us;
	bool always_new; /* each client is one that was never there before; no hosts then */
	struct log_host *hosts, *host, stranger;
	char stamp[3][32]; /* of second stamp_s */
	uint64_t stamp_s;
	char sender[LOG_TEXT], recipient[LOG_TEXT], local[LOG_TEXT], helo[LOG_TEXT];
	char queue_id[16], session_id[24];
	uint32_t pid;
};

bool log_writer_start(struct log_writer *w, FILE *out, uint64_t seed); /* false: no memory */
void log_writer_free(struct log_writer *w);
uint32_t log_random(struct log_writer *w, uint32_t below);
/* Another client, later. */
void log_session(struct log_writer *w);
void log_line(struct log_writer *w, const char *template);

#endif
