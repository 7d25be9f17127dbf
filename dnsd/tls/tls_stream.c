#include "tls_stream.h"

#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

/* --- why a handshake failed -------------------------------------------------------------- */

static const struct {
	int reason;
	const char *text;
} reasons[] = {
	{SSL_R_NO_APPLICATION_PROTOCOL, "it offers ALPN without \"dot\""},
	{SSL_R_TLSV1_ALERT_NO_APPLICATION_PROTOCOL, "it does not know ALPN \"dot\""},
	{SSL_R_UNSUPPORTED_PROTOCOL, "it does not speak TLS 1.3"},
	{SSL_R_WRONG_SSL_VERSION, "it does not speak TLS 1.3"},
	{SSL_R_TLSV1_ALERT_PROTOCOL_VERSION, "it does not speak TLS 1.3"},
	{SSL_R_NO_PROTOCOLS_AVAILABLE, "it does not speak TLS 1.3"},
	{SSL_R_WRONG_VERSION_NUMBER, "it does not speak TLS on this port"},
	{SSL_R_HTTP_REQUEST, "it does not speak TLS on this port"},
	{SSL_R_PACKET_LENGTH_TOO_LONG, "it does not speak TLS on this port"},
	{SSL_R_TLSV1_ALERT_UNKNOWN_CA, "it does not trust the CA of our certificate"},
	{SSL_R_SSLV3_ALERT_CERTIFICATE_EXPIRED, "it says that our certificate has expired"},
	{SSL_R_SSLV3_ALERT_BAD_CERTIFICATE, "it does not take our certificate"},
	{SSL_R_SSLV3_ALERT_CERTIFICATE_UNKNOWN, "it does not take our certificate"},
	{SSL_R_TLSV13_ALERT_CERTIFICATE_REQUIRED,
		"it wants a certificate of ours, and we have none"},
};

static enum err
explain_certificate(const struct tls_stream *s, long verdict, struct error *e)
{
	switch (verdict) {
	case X509_V_ERR_CERT_HAS_EXPIRED:
		return error_set(e, ERR_REFUSED, "its certificate, or one above it, has expired");
	case X509_V_ERR_CERT_NOT_YET_VALID:
		return error_set(e, ERR_REFUSED,
			"its certificate is not valid yet; its clock or ours is wrong");
	case X509_V_ERR_HOSTNAME_MISMATCH:
		return error_set(e, ERR_REFUSED, "its certificate is not for %.200s",
			s->asked_name);
	case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT:
	case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY:
	case X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE:
	case X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT:
	case X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN:
		return error_set(e, ERR_REFUSED,
			"its certificate is of no CA that we know (%s); see transfer.tls_ca",
			X509_verify_cert_error_string(verdict));
	default:
		return error_set(e, ERR_REFUSED, "its certificate is not good: %s",
			X509_verify_cert_error_string(verdict));
	}
}

static enum err
explain(const struct tls_stream *s, int error, int errno_then, struct error *e)
{
	unsigned long code = ERR_peek_error();
	const char *text = ERR_reason_error_string(code);
	long verdict = SSL_get_verify_result(s->ssl);

	if (!SSL_is_server(s->ssl) && verdict != X509_V_OK)
		return explain_certificate(s, verdict, e);
	for (size_t i = 0; code != 0 && i < ORBL_COUNT(reasons); i++)
		if (ERR_GET_REASON(code) == reasons[i].reason)
			return error_set(e, ERR_REFUSED, "%s", reasons[i].text);
	if (error == SSL_ERROR_SYSCALL && errno_then != 0)
		return error_set(e, ERR_IO, "the TLS handshake broke: %s", strerror(errno_then));
	if (error == SSL_ERROR_SYSCALL || error == SSL_ERROR_ZERO_RETURN)
		return error_set(e, ERR_IO, "it closed the connection in the TLS handshake");
	return error_set(e, ERR_IO, "the TLS handshake failed: %s",
		text != NULL ? text : "for no reason that OpenSSL tells");
}

/* --- begin and end ------------------------------------------------------------------------ */

static bool
put_tls(struct tls_stream *s, const struct tls_context *c)
{
	ERR_clear_error();
	s->is_ready = s->is_broken = false;
	s->ssl = SSL_new(tls_context_ssl(c));
	if (s->ssl != NULL && SSL_set_fd(s->ssl, s->fd) == 1)
		return true;
	SSL_free(s->ssl);
	s->ssl = NULL;
	s->is_broken = true;
	return false;
}

bool
tls_stream_accept(struct tls_stream *s, const struct tls_context *c)
{
	if (!put_tls(s, c))
		return false;
	SSL_set_accept_state(s->ssl);
	s->wants = POLLIN;
	return true;
}

/* RFC 8310 section 8.1: the names are those of subjectAltName. */
bool
tls_stream_connect(struct tls_stream *s, const struct tls_context *c, const char *name)
{
	if (!put_tls(s, c))
		return false;
	s->asked_name = name;
	SSL_set_hostflags(s->ssl,
		X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS | X509_CHECK_FLAG_NEVER_CHECK_SUBJECT);
	SSL_set_connect_state(s->ssl);
	if (SSL_set1_host(s->ssl, name) == 1 && SSL_set_tlsext_host_name(s->ssl, name) == 1)
		return true;
	s->is_broken = true;
	return false;
}

void
tls_stream_close(struct tls_stream *s)
{
	if (s->ssl != NULL) {
		ERR_clear_error();
		if (s->is_ready && !s->is_broken)
			SSL_shutdown(s->ssl);
		SSL_free(s->ssl);
		ERR_clear_error();
	}
	if (s->fd >= 0)
		close(s->fd);
	*s = (struct tls_stream){.fd = -1};
}

/* --- work --------------------------------------------------------------------------------- */

/* Is it only to be tried again? */
static bool
is_again(struct tls_stream *s, int error)
{
	s->wants = error == SSL_ERROR_WANT_READ ? POLLIN :
		error == SSL_ERROR_WANT_WRITE   ? POLLOUT :
						  0;
	return s->wants != 0;
}

static bool
has_chosen_dot(const struct tls_stream *s)
{
	const unsigned char *chosen = NULL;
	unsigned len = 0;

	SSL_get0_alpn_selected(s->ssl, &chosen, &len);
	return len == 3 && memcmp(chosen, "dot", 3) == 0;
}

enum tls_stream_shaken
tls_stream_shake(struct tls_stream *s, struct error *e)
{
	int result, error, errno_then;

	ERR_clear_error();
	errno = 0;
	result = SSL_do_handshake(s->ssl);
	errno_then = errno;
	error = SSL_get_error(s->ssl, result);
	s->is_ready = result == 1;
	if (is_again(s, error))
		return TLS_STREAM_NOT_YET;
	if (s->is_ready && (SSL_is_server(s->ssl) || has_chosen_dot(s)))
		return TLS_STREAM_READY;
	s->is_broken = true;
	if (s->is_ready)
		error_set(e, ERR_REFUSED, "it does not know ALPN \"dot\"");
	else
		explain(s, error, errno_then, e);
	return TLS_STREAM_FAILED;
}

/* What SSL_read and SSL_write have returned, as recv and send would. */
static ssize_t
finish(struct tls_stream *s, int result)
{
	int errno_then = errno, error = SSL_get_error(s->ssl, result);

	if (is_again(s, error)) {
		errno = EAGAIN;
		return -1;
	}
	if (error == SSL_ERROR_NONE)
		return result;
	if (error == SSL_ERROR_ZERO_RETURN)
		return 0;
	s->is_broken = true;
	errno = error == SSL_ERROR_SYSCALL && errno_then != 0 ? errno_then : EPROTO;
	return -1;
}

static int
at_most_int(size_t n)
{
	return n < INT_MAX ? (int)n : INT_MAX;
}

ssize_t
tls_stream_read(struct tls_stream *s, void *to, size_t size)
{
	if (s->ssl == NULL)
		return recv(s->fd, to, size, MSG_DONTWAIT);
	ERR_clear_error();
	errno = 0;
	return finish(s, SSL_read(s->ssl, to, at_most_int(size)));
}

ssize_t
tls_stream_write(struct tls_stream *s, const void *bytes, size_t len)
{
	ssize_t n;

	if (s->ssl == NULL)
		return send(s->fd, bytes, len, MSG_NOSIGNAL | MSG_DONTWAIT);
	ERR_clear_error();
	errno = 0;
	n = finish(s, SSL_write(s->ssl, bytes, at_most_int(len)));
	if (n != 0)
		return n;
	/* what OpenSSL makes of a write that failed behind a goodbye */
	s->is_broken = true;
	errno = EPIPE;
	return -1;
}

bool
tls_stream_has_more(const struct tls_stream *s)
{
	return s->ssl != NULL && SSL_pending(s->ssl) > 0;
}

short
tls_stream_events(const struct tls_stream *s, short events)
{
	return events != 0 && s->wants != 0 ? s->wants : events;
}
