#include "probe_tls.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <event2/bufferevent_ssl.h>
#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/rand.h>
#include <openssl/ssl.h>

#include <orbl/text.h>

struct probe_tls {
	SSL_CTX *context;
};

/* Hosts that want TLS and know only what was good in 1999 are tested, too. */
static bool
set_up(SSL_CTX *context)
{
	SSL_CTX_set_verify(context, SSL_VERIFY_NONE, NULL);
	SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_OFF);
	SSL_CTX_set_mode(context, SSL_MODE_RELEASE_BUFFERS);
	SSL_CTX_set_security_level(context, 0);
	SSL_CTX_set_options(context,
		SSL_OP_LEGACY_SERVER_CONNECT | SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_TICKET |
			SSL_OP_IGNORE_UNEXPECTED_EOF);
	return SSL_CTX_set_min_proto_version(context, TLS1_VERSION) == 1 &&
		SSL_CTX_set_cipher_list(context, "ALL:+aNULL:@SECLEVEL=0") == 1;
}

enum err
probe_tls_new(struct probe_tls **out, struct error *e)
{
	struct probe_tls *t = calloc(1, sizeof(*t));
	unsigned char seed;

	*out = NULL;
	if (t == NULL)
		return error_set(e, ERR_MEMORY, "TLS: out of memory");
	/* The random numbers open their source with the first one taken. */
	if (OPENSSL_init_ssl(OPENSSL_INIT_NO_LOAD_CONFIG | OPENSSL_INIT_LOAD_SSL_STRINGS |
			    OPENSSL_INIT_LOAD_CRYPTO_STRINGS,
		    NULL) == 1 &&
		RAND_bytes(&seed, 1) == 1 && RAND_priv_bytes(&seed, 1) == 1)
		t->context = SSL_CTX_new(TLS_client_method());
	if (t->context == NULL || !set_up(t->context)) {
		probe_tls_free(t);
		return error_set(e, ERR_IO, "TLS: OpenSSL does not start");
	}
	*out = t;
	return OK;
}

void
probe_tls_free(struct probe_tls *t)
{
	if (t == NULL)
		return;
	SSL_CTX_free(t->context);
	free(t);
}

struct bufferevent *
probe_tls_connect(struct probe_tls *t, struct event_base *base, int fd)
{
	SSL *ssl = SSL_new(t->context);
	struct bufferevent *bev = NULL;

	ERR_clear_error();
	if (ssl != NULL)
		bev = bufferevent_openssl_socket_new(base, fd, ssl, BUFFEREVENT_SSL_CONNECTING,
			BEV_OPT_CLOSE_ON_FREE | BEV_OPT_DEFER_CALLBACKS);
	if (bev == NULL) { /* libevent has freed ssl, or nobody could make one */
		close(fd);
		return NULL;
	}
	bufferevent_openssl_set_allow_dirty_shutdown(bev, 1);
	return bev;
}

/* RFC 2253 with all escaped that is not printable ASCII. */
static void
describe_certificate(SSL *ssl, char *out, size_t size)
{
	X509 *certificate = SSL_get1_peer_certificate(ssl);
	BIO *bio = BIO_new(BIO_s_mem());
	char subject[PROBE_TLS_TEXT];
	int len = 0;

	if (certificate != NULL && bio != NULL &&
		X509_NAME_print_ex(bio, X509_get_subject_name(certificate), 0, XN_FLAG_RFC2253) >=
			0)
		len = BIO_read(bio, subject, sizeof(subject));
	if (certificate == NULL)
		text_printable(TEXT("no certificate"), out, size);
	else if (len <= 0)
		text_printable(TEXT("certificate without a subject"), out, size);
	else if (size > sizeof("certificate "))
		text_printable((struct text){subject, (size_t)len},
			out + snprintf(out, size, "certificate "), size - strlen("certificate "));
	BIO_free(bio);
	X509_free(certificate);
}

const char *
probe_tls_describe(struct bufferevent *bev, char out[PROBE_TLS_TEXT])
{
	SSL *ssl = bufferevent_openssl_get_ssl(bev);
	char certificate[PROBE_TLS_TEXT - 128];

	describe_certificate(ssl, certificate, sizeof(certificate));
	snprintf(out, PROBE_TLS_TEXT, "%.20s, %.60s, %s", SSL_get_version(ssl),
		SSL_get_cipher_name(ssl), certificate);
	return out;
}

const char *
probe_tls_failure(struct bufferevent *bev)
{
	unsigned long code = bufferevent_get_openssl_error(bev);
	const char *reason = code != 0 ? ERR_reason_error_string(code) : NULL;

	return reason != NULL ? reason : "it hung up";
}
