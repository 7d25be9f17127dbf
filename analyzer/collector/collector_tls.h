/* collector_tls.h - the collector's side of STARTTLS (RFC 3207).
 *
 * Opportunistic: nobody's certificate is asked for. A relay that knows only what is older than
 * TLS 1.2 fails, and comes back in clear (RFC 7435).
 */
#ifndef ANALYZER_COLLECTOR_TLS_H
#define ANALYZER_COLLECTOR_TLS_H

#include <stddef.h>

#include <event2/bufferevent.h>
#include <event2/event.h>

#include <orbl/err.h>

struct collector_tls;

/* Reads both files; key "": it is in the certificate's. After this no file is needed any more. */
enum err collector_tls_new(const char *certificate, const char *key, struct collector_tls **out,
	struct error *e) ORBL_NODISCARD;
void collector_tls_free(struct collector_tls *t); /* NULL ok */
/* Takes fd but on failure, which is NULL. */
struct bufferevent *collector_tls_accept(struct collector_tls *t, struct event_base *base, int fd);
/* "TLSv1.3 TLS_AES_256_GCM_SHA384"; returns out. */
const char *collector_tls_describe(struct bufferevent *bev, char *out, size_t size);
/* Say goodbye, if bev speaks TLS at all; it is then to be freed. */
void collector_tls_end(struct bufferevent *bev);

#endif
