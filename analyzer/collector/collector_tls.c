#include "collector_tls.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <event2/bufferevent_ssl.h>
#include <openssl/err.h>
#include <openssl/rand.h>
#include <openssl/ssl.h>

struct collector_tls {
	SSL_CTX *context;
};

static enum err
tls_failure(struct error *e, const char *path, const char *what)
{
	unsigned long code = ERR_peek_last_error();
	const char *reason = ERR_reason_error_string(code);

	error_set(e, ERR_IO, "%s: %s: %s", path, what,
		reason != NULL ? reason : "it cannot be read");
	ERR_clear_error();
	return ERR_IO;
}

/* Nobody is there to type one. */
static int
no_passphrase(char *out, int size, int rwflag, void *context)
{
	(void)out;
	(void)size;
	(void)rwflag;
	(void)context;
	return -1;
}

/* The library's own words for a missing file are "system lib". */
static bool
can_read(const char *path, const char *option, struct error *e)
{
	FILE *f = fopen(path, "r");

	if (f == NULL) {
		(void)error_set(e, ERR_IO, "%s: cannot read %s: %s", option, path, strerror(errno));
		return false;
	}
	fclose(f);
	return true;
}

static enum err
load_files(SSL_CTX *context, const char *certificate, const char *key, struct error *e)
{
	bool has_key = key[0] != '\0';

	if (!has_key)
		key = certificate;
	if (!can_read(certificate, "collector.tls_certificate", e) ||
		!can_read(key, "collector.tls_key", e))
		return ERR_IO;
	if (SSL_CTX_use_certificate_chain_file(context, certificate) != 1)
		return tls_failure(e, certificate,
			"is no PEM certificate for collector.tls_certificate; name one, or leave "
			"it out to have no STARTTLS");
	if (SSL_CTX_use_PrivateKey_file(context, key, SSL_FILETYPE_PEM) != 1)
		return tls_failure(e, key,
			has_key ? "has no PEM key without passphrase that fits "
				  "collector.tls_certificate" :
				  "has no PEM key without passphrase that fits "
				  "collector.tls_certificate; set collector.tls_key");
	if (SSL_CTX_check_private_key(context) != 1)
		return tls_failure(e, key, "is not the key of collector.tls_certificate");
	return OK;
}

static enum err
set_up(SSL_CTX *context, const char *certificate, const char *key, struct error *e)
{
	unsigned char byte;

	SSL_CTX_set_min_proto_version(context, TLS1_2_VERSION);
	SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_OFF);
	SSL_CTX_set_options(context,
		SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_TICKET | SSL_OP_NO_COMPRESSION |
			SSL_OP_CIPHER_SERVER_PREFERENCE);
	SSL_CTX_set_num_tickets(context, 0);
	SSL_CTX_set_mode(context, SSL_MODE_RELEASE_BUFFERS);
	SSL_CTX_set_default_passwd_cb(context, no_passphrase);
	/* Seed it now: later there is no file to take it from. */
	if (RAND_bytes(&byte, 1) != 1)
		return error_set(e, ERR_IO, "TLS: no random numbers");
	return load_files(context, certificate, key, e);
}

enum err
collector_tls_new(const char *certificate, const char *key, struct collector_tls **out,
	struct error *e)
{
	struct collector_tls *t;
	enum err err;

	*out = NULL;
	if (certificate[0] == '\0')
		return error_set(e, ERR_SYNTAX,
			"collector.tls_key needs a certificate; set collector.tls_certificate");
	t = calloc(1, sizeof(*t));
	if (t != NULL)
		t->context = SSL_CTX_new(TLS_server_method());
	if (t == NULL || t->context == NULL) {
		collector_tls_free(t);
		return error_set(e, ERR_MEMORY, "TLS: out of memory");
	}
	err = set_up(t->context, certificate, key, e);
	if (err != OK) {
		collector_tls_free(t);
		return err;
	}
	*out = t;
	return OK;
}

void
collector_tls_free(struct collector_tls *t)
{
	if (t == NULL)
		return;
	SSL_CTX_free(t->context);
	free(t);
}

struct bufferevent *
collector_tls_accept(struct collector_tls *t, struct event_base *base, int fd)
{
	SSL *ssl = SSL_new(t->context);
	struct bufferevent *bev;

	if (ssl == NULL)
		return NULL;
	bev = bufferevent_openssl_socket_new(base, fd, ssl, BUFFEREVENT_SSL_ACCEPTING,
		BEV_OPT_CLOSE_ON_FREE);
	if (bev == NULL)
		SSL_free(ssl);
	else
		bufferevent_openssl_set_allow_dirty_shutdown(bev, 1);
	return bev;
}

const char *
collector_tls_describe(struct bufferevent *bev, char *out, size_t size)
{
	const SSL *ssl = bufferevent_openssl_get_ssl(bev);

	snprintf(out, size, "%s %s", ssl != NULL ? SSL_get_version(ssl) : "",
		ssl != NULL ? SSL_get_cipher_name(ssl) : "");
	return out;
}

void
collector_tls_end(struct bufferevent *bev)
{
	SSL *ssl = bufferevent_openssl_get_ssl(bev);

	if (ssl == NULL)
		return;
	/* We do not wait for its own goodbye. */
	SSL_set_shutdown(ssl, SSL_RECEIVED_SHUTDOWN);
	SSL_shutdown(ssl);
	ERR_clear_error();
}
