#include "syslog_tls.h"

#include <stdlib.h>

#include <event2/bufferevent_ssl.h>
#include <openssl/err.h>
#include <openssl/ssl.h>

struct syslog_tls {
	SSL_CTX *context;
};

static enum err
tls_failure(struct error *e, const char *path, const char *what)
{
	unsigned long code = ERR_peek_last_error();
	const char *reason = ERR_reason_error_string(code);

	error_set(e, ERR_IO, "%s: %s: %s", path, what, reason != NULL ? reason : "unknown reason");
	ERR_clear_error();
	return ERR_IO;
}

/* RFC 5425 section 5.1 leaves it to the operator whose certificate is good: one CA of his own. */
static enum err
ask_for_certificates(SSL_CTX *context, const char *ca, struct error *e)
{
	if (ca[0] == '\0')
		return OK;
	if (SSL_CTX_load_verify_locations(context, ca, NULL) != 1)
		return tls_failure(e, ca, "cannot use it as syslog.ca");
	SSL_CTX_set_client_CA_list(context, SSL_load_client_CA_file(ca));
	SSL_CTX_set_verify(context, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, NULL);
	return OK;
}

static enum err
set_up(SSL_CTX *context, const struct conf *conf, struct error *e)
{
	const char *certificate = conf->syslog.certificate, *key = conf->syslog.key;

	SSL_CTX_set_min_proto_version(context, TLS1_2_VERSION);
	SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_OFF);
	SSL_CTX_set_options(context, SSL_OP_NO_RENEGOTIATION);
	if (SSL_CTX_use_certificate_chain_file(context, certificate) != 1)
		return tls_failure(e, certificate, "cannot use it as syslog.certificate");
	if (SSL_CTX_use_PrivateKey_file(context, key, SSL_FILETYPE_PEM) != 1)
		return tls_failure(e, key, "cannot use it as syslog.key");
	if (SSL_CTX_check_private_key(context) != 1)
		return tls_failure(e, key, "is not the key of syslog.certificate");
	return ask_for_certificates(context, conf->syslog.ca, e);
}

enum err
syslog_tls_new(const struct conf *conf, struct syslog_tls **out, struct error *e)
{
	struct syslog_tls *t;
	enum err err;

	*out = NULL;
	if (conf->syslog.certificate[0] == '\0' || conf->syslog.key[0] == '\0')
		return error_set(e, ERR_REFUSED,
			"syslog.tls needs a certificate; set syslog.certificate and syslog.key");
	t = calloc(1, sizeof(*t));
	if (t != NULL)
		t->context = SSL_CTX_new(TLS_server_method());
	if (t == NULL || t->context == NULL) {
		syslog_tls_free(t);
		return error_set(e, ERR_MEMORY, "TLS: out of memory");
	}
	err = set_up(t->context, conf, e);
	if (err != OK) {
		syslog_tls_free(t);
		return err;
	}
	*out = t;
	return OK;
}

void
syslog_tls_free(struct syslog_tls *t)
{
	if (t == NULL)
		return;
	SSL_CTX_free(t->context);
	free(t);
}

struct bufferevent *
syslog_tls_accept(struct syslog_tls *t, struct event_base *base, int fd)
{
	SSL *ssl = SSL_new(t->context);
	struct bufferevent *be = NULL;

	if (ssl == NULL)
		return NULL;
	be = bufferevent_openssl_socket_new(base, fd, ssl, BUFFEREVENT_SSL_ACCEPTING,
		BEV_OPT_CLOSE_ON_FREE);
	if (be == NULL)
		SSL_free(ssl);
	else
		bufferevent_openssl_set_allow_dirty_shutdown(be, 1);
	return be;
}
