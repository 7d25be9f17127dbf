#include "tls_context.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/ssl.h>

#include <orbl/file.h>

enum {
	PADDING = 512, /* of TLS records; RFC 8467's 468 and 128 are for messages */
	CA_FILE_MAX = 8 << 20,
};

struct tls_context {
	SSL_CTX *ssl;
	int64_t expires_s;
};

static const unsigned char dot[] = {3, 'd', 'o', 't'};

static enum err
tls_failure(struct error *e, const char *what)
{
	const char *reason = ERR_reason_error_string(ERR_peek_last_error());

	error_set(e, ERR_SYNTAX, "%s (%s)", what, reason != NULL ? reason : "nothing of it there");
	ERR_clear_error();
	return ERR_SYNTAX;
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

/* What a client offers is refused without "dot"; RFC 7858 has clients that offer nothing. */
static int
choose_alpn(SSL *ssl, const unsigned char **out, unsigned char *out_len, const unsigned char *in,
	unsigned in_len, void *context)
{
	unsigned char *chosen = NULL;

	(void)ssl;
	(void)context;
	if (SSL_select_next_proto(&chosen, out_len, dot, sizeof(dot), in, in_len) !=
		OPENSSL_NPN_NEGOTIATED)
		return SSL_TLSEXT_ERR_ALERT_FATAL;
	*out = chosen;
	return SSL_TLSEXT_ERR_OK;
}

/* A turn reads one record, whatever it is: who sends nothing but records without data keeps nobody
 * busy. */
static enum err
new_context(const SSL_METHOD *method, struct tls_context **out, struct error *e)
{
	struct tls_context *c = calloc(1, sizeof(*c));
	unsigned char byte;

	*out = NULL;
	/* Random numbers, too, are there before files are not. */
	if (c != NULL && OPENSSL_init_ssl(OPENSSL_INIT_NO_LOAD_CONFIG, NULL) == 1 &&
		RAND_bytes(&byte, 1) == 1 && RAND_priv_bytes(&byte, 1) == 1)
		c->ssl = SSL_CTX_new(method);
	if (c == NULL || c->ssl == NULL ||
		SSL_CTX_set_min_proto_version(c->ssl, TLS1_3_VERSION) != 1 ||
		SSL_CTX_set_block_padding(c->ssl, PADDING) != 1) {
		tls_context_free(c);
		return error_set(e, ERR_MEMORY, "OpenSSL does not start");
	}
	SSL_CTX_set_session_cache_mode(c->ssl, SSL_SESS_CACHE_OFF);
	SSL_CTX_set_options(c->ssl, SSL_OP_NO_TICKET | SSL_OP_IGNORE_UNEXPECTED_EOF);
	SSL_CTX_set_mode(c->ssl,
		SSL_MODE_RELEASE_BUFFERS | SSL_MODE_ENABLE_PARTIAL_WRITE |
			SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
	SSL_CTX_clear_mode(c->ssl, SSL_MODE_AUTO_RETRY);
	*out = c;
	return OK;
}

void
tls_context_free(struct tls_context *c)
{
	if (c == NULL)
		return;
	SSL_CTX_free(c->ssl);
	free(c);
}

SSL_CTX *
tls_context_ssl(const struct tls_context *c)
{
	return c->ssl;
}

int64_t
tls_context_expires_s(const struct tls_context *c)
{
	return c->expires_s;
}

/* --- the server's ------------------------------------------------------------------------ */

static int64_t
expiry_of(const X509 *x)
{
	struct tm tm;

	if (x == NULL || ASN1_TIME_to_tm(X509_get0_notAfter(x), &tm) != 1)
		return 0;
	return (int64_t)timegm(&tm);
}

/* False: what there is cannot be read; the end of the file is no error. */
static bool
read_chain(SSL_CTX *ssl, BIO *bio)
{
	X509 *x = PEM_read_bio_X509(bio, NULL, no_passphrase, NULL);
	bool ok = x != NULL && SSL_CTX_use_certificate(ssl, x) == 1;

	X509_free(x);
	while (ok && (x = PEM_read_bio_X509(bio, NULL, no_passphrase, NULL)) != NULL)
		if (SSL_CTX_add0_chain_cert(ssl, x) != 1) {
			X509_free(x);
			return false;
		}
	if (!ok || ERR_GET_REASON(ERR_peek_last_error()) != PEM_R_NO_START_LINE)
		return false;
	ERR_clear_error();
	return true;
}

static bool
read_key(SSL_CTX *ssl, BIO *bio)
{
	EVP_PKEY *key = PEM_read_bio_PrivateKey(bio, NULL, no_passphrase, NULL);
	bool ok = key != NULL && SSL_CTX_use_PrivateKey(ssl, key) == 1;

	EVP_PKEY_free(key);
	return ok && SSL_CTX_check_private_key(ssl) == 1;
}

static enum err
set_identity(struct tls_context *c, BIO *certificate, BIO *key, struct error *e)
{
	ERR_clear_error();
	if (certificate == NULL || key == NULL)
		return error_set(e, ERR_MEMORY, "out of memory");
	if (!read_chain(c->ssl, certificate))
		return tls_failure(e, "no PEM certificate that can be used");
	if (!read_key(c->ssl, key))
		return tls_failure(e, "no PEM key without passphrase that fits the certificate");
	c->expires_s = expiry_of(SSL_CTX_get0_certificate(c->ssl));
	return OK;
}

enum err
tls_context_server(struct text certificate, struct text key, struct tls_context **out,
	struct error *e)
{
	struct tls_context *c;
	BIO *certificate_bio, *key_bio;
	enum err err = new_context(TLS_server_method(), &c, e);

	*out = NULL;
	if (err != OK)
		return err;
	SSL_CTX_set_options(c->ssl, SSL_OP_CIPHER_SERVER_PREFERENCE);
	SSL_CTX_set_num_tickets(c->ssl, 0);
	SSL_CTX_set_alpn_select_cb(c->ssl, choose_alpn, NULL);
	certificate_bio = BIO_new_mem_buf(certificate.p, (int)certificate.len);
	key_bio = BIO_new_mem_buf(key.p, (int)key.len);
	err = set_identity(c, certificate_bio, key_bio, e);
	BIO_free(certificate_bio);
	BIO_free(key_bio);
	if (err == OK)
		*out = c;
	else
		tls_context_free(c);
	return err;
}

/* --- the client's ------------------------------------------------------------------------ */

/* Where systems have it. */
static const char *
find_bundle(void)
{
	static const char *const paths[] = {
		"/etc/ssl/certs/ca-certificates.crt",
		"/etc/pki/tls/certs/ca-bundle.crt",
		"/etc/ssl/ca-bundle.pem",
		"/etc/ssl/cert.pem",
	};

	for (size_t i = 0; i < ORBL_COUNT(paths); i++)
		if (access(paths[i], R_OK) == 0)
			return paths[i];
	return NULL;
}

static size_t
add_authorities(X509_STORE *store, BIO *bio)
{
	size_t count = 0;
	X509 *x;

	while (bio != NULL && (x = PEM_read_bio_X509_AUX(bio, NULL, no_passphrase, NULL)) != NULL) {
		count += X509_STORE_add_cert(store, x) == 1;
		X509_free(x);
	}
	if (ERR_GET_REASON(ERR_peek_last_error()) != PEM_R_NO_START_LINE)
		return 0;
	ERR_clear_error();
	return count;
}

static enum err
read_authorities(SSL_CTX *ssl, const char *path, struct error *e)
{
	struct error why = {.code = OK};
	char *bytes;
	size_t len, count;
	BIO *bio;

	if (file_read(path, CA_FILE_MAX, &bytes, &len, &why) != OK)
		return error_set(e, why.code, "transfer.tls_ca: %s", why.text);
	ERR_clear_error();
	bio = BIO_new_mem_buf(bytes, (int)len);
	count = add_authorities(SSL_CTX_get_cert_store(ssl), bio);
	BIO_free(bio);
	free(bytes);
	ERR_clear_error();
	if (count == 0)
		return error_set(e, ERR_SYNTAX,
			"transfer.tls_ca: %s is no PEM file of certificates; name one that has the "
			"certificates of the CAs of your primaries",
			path);
	return OK;
}

enum err
tls_context_client(const char *ca, struct tls_context **out, struct error *e)
{
	const char *path = ca[0] != '\0' ? ca : find_bundle();
	struct tls_context *c;
	enum err err;

	*out = NULL;
	if (path == NULL)
		return error_set(e, ERR_NOT_FOUND,
			"this system has no bundle of CAs where we look for it; set "
			"transfer.tls_ca");
	err = new_context(TLS_client_method(), &c, e);
	if (err != OK)
		return err;
	SSL_CTX_set_verify(c->ssl, SSL_VERIFY_PEER, NULL);
	if (SSL_CTX_set_alpn_protos(c->ssl, dot, sizeof(dot)) != 0)
		err = error_set(e, ERR_MEMORY, "out of memory");
	if (err == OK)
		err = read_authorities(c->ssl, path, e);
	if (err == OK)
		*out = c;
	else
		tls_context_free(c);
	return err;
}
