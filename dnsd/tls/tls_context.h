/* tls_context.h - what all TLS connections of one kind have in common (RFC 9103, 7858, 8310).
 *
 * TLS 1.3 alone, with ALPN "dot"; no resumption and no early data, so that each connection is
 * authenticated anew. Records are padded, so that their number alone tells of small changes. All is
 * read when it is made: no file is opened later.
 */
#ifndef DNSD_TLS_CONTEXT_H
#define DNSD_TLS_CONTEXT_H

#include <stdbool.h>
#include <stdint.h>

#include <openssl/types.h>

#include <orbl/err.h>
#include <orbl/text.h>

struct tls_context;

/* PEM texts: a certificate with those that lead to its CA behind it, and its key without a
 * passphrase. */
enum err tls_context_server(struct text certificate, struct text key, struct tls_context **out,
	struct error *e) ORBL_NODISCARD;
/* ca is a PEM file of those that are trusted; "": the system's bundle. */
enum err
tls_context_client(const char *ca, struct tls_context **out, struct error *e) ORBL_NODISCARD;
/* Connections that were made of it stay. NULL ok. */
void tls_context_free(struct tls_context *c);

SSL_CTX *tls_context_ssl(const struct tls_context *c);
/* When the certificate of a server ends, epoch. */
int64_t tls_context_expires_s(const struct tls_context *c);

#endif
