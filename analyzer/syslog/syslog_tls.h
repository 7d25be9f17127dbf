/* syslog_tls.h - the TLS side of the syslog receiver (RFC 5425). */
#ifndef ANALYZER_SYSLOG_TLS_H
#define ANALYZER_SYSLOG_TLS_H

#include <event2/bufferevent.h>
#include <event2/event.h>

#include <orbl/conf.h>

struct syslog_tls;

/* Reads certificate, key and, when there is one, the CA that must have signed what a sender shows.
 */
enum err
syslog_tls_new(const struct conf *conf, struct syslog_tls **out, struct error *e) ORBL_NODISCARD;
void syslog_tls_free(struct syslog_tls *t); /* NULL ok */
/* Takes fd but on failure, which is NULL. */
struct bufferevent *syslog_tls_accept(struct syslog_tls *t, struct event_base *base, int fd);

#endif
