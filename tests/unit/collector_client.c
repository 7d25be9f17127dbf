#include "collector_client.h"

#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <check.h>

ssize_t
collector_client_receive(struct collector_client *c, char *out, size_t size)
{
	ssize_t n = c->ssl != NULL ? SSL_read(c->ssl, out, (int)size) : recv(c->fd, out, size, 0);

	return n;
}

bool
collector_client_read(struct collector_client *c, char *out, size_t size)
{
	size_t len = 0, line = 0;

	while (len + 1 < size) {
		if (collector_client_receive(c, out + len, 1) <= 0)
			return false;
		if (out[len++] != '\n')
			continue;
		out[len] = '\0';
		if (len - line > 4 && out[line + 3] == ' ')
			return true;
		line = len;
	}
	return false;
}

void
collector_client_expect(struct collector_client *c, const char *wanted)
{
	char reply[2048];

	ck_assert_msg(collector_client_read(c, reply, sizeof(reply)), "%s: hung up", wanted);
	ck_assert_msg(strncmp(reply, wanted, strlen(wanted)) == 0, "%s: %s", wanted, reply);
}

void
collector_client_say(struct collector_client *c, const char *line, const char *wanted)
{
	int len = (int)strlen(line);

	ck_assert_int_eq(c->ssl != NULL ? SSL_write(c->ssl, line, len) :
					  (int)send(c->fd, line, (size_t)len, 0),
		len);
	if (wanted != NULL)
		collector_client_expect(c, wanted);
}

void
collector_client_dial(struct collector_client *c, const struct endpoint *where)
{
	struct timeval patience = {10, 0};
	struct sockaddr_storage ss;
	socklen_t len = endpoint_to_sockaddr(where, &ss);

	c->ssl = NULL;
	c->fd = socket(AF_INET, SOCK_STREAM, 0);
	setsockopt(c->fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
	if (c->source.family != 0) {
		struct endpoint from = {.addr = c->source};
		struct sockaddr_storage own;
		socklen_t own_len = endpoint_to_sockaddr(&from, &own);

		ck_assert_int_eq(bind(c->fd, (struct sockaddr *)&own, own_len), 0);
	}
	ck_assert_int_eq(connect(c->fd, (struct sockaddr *)&ss, len), 0);
}

bool
collector_client_encrypt(struct collector_client *c, int newest)
{
	c->context = SSL_CTX_new(TLS_client_method());
	SSL_CTX_set_security_level(c->context, 0);
	SSL_CTX_set_min_proto_version(c->context, TLS1_VERSION);
	SSL_CTX_set_max_proto_version(c->context, newest);
	c->ssl = SSL_new(c->context);
	SSL_set_fd(c->ssl, c->fd);
	return SSL_connect(c->ssl) == 1;
}

void
collector_client_hang_up(struct collector_client *c)
{
	SSL_free(c->ssl);
	if (c->ssl != NULL)
		SSL_CTX_free(c->context);
	c->ssl = NULL;
	close(c->fd);
}
