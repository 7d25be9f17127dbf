/* probe_tls.h - the client's side of STARTTLS with hosts under test (RFC 3207).
 *
 * Nothing is secret in a relay test, and nobody's identity is believed: certificates are not
 * checked, and old protocols and weak ciphers are good enough. All that OpenSSL loads is loaded
 * by probe_tls_new, before the process shuts itself in; its configuration file is not read.
 */
#ifndef ANALYZER_PROBE_TLS_H
#define ANALYZER_PROBE_TLS_H

#include <stddef.h>

#include <orbl/err.h>

struct bufferevent;
struct event_base;

enum { PROBE_TLS_TEXT = 512 };

struct probe_tls;
enum err probe_tls_new(struct probe_tls **out, struct error *e) ORBL_NODISCARD;
void probe_tls_free(struct probe_tls *t); /* NULL ok */
/* Takes fd, also when it fails: then NULL. BEV_EVENT_CONNECTED when the handshake is done. */
struct bufferevent *probe_tls_connect(struct probe_tls *t, struct event_base *base, int fd);
/* "TLSv1.3, TLS_AES_256_GCM_SHA384, certificate CN=mx.example.net", printable. */
const char *probe_tls_describe(struct bufferevent *bev, char out[PROBE_TLS_TEXT]);
/* Why the handshake failed. Static. */
const char *probe_tls_failure(struct bufferevent *bev);

#endif
