/* collector_client.h - a client of the collector, for tests: in clear, or encrypted. */
#ifndef TESTS_COLLECTOR_CLIENT_H
#define TESTS_COLLECTOR_CLIENT_H

#include <stdbool.h>
#include <sys/types.h>

#include <openssl/ssl.h>

#include <orbl/addr.h>

struct collector_client {
	int fd;
	SSL_CTX *context;
	SSL *ssl;           /* NULL: in clear */
	struct addr source; /* to dial from; family 0: any */
};

void collector_client_dial(struct collector_client *c, const struct endpoint *where);
void collector_client_hang_up(struct collector_client *c);
/* The handshake, with no newer version than this. */
bool collector_client_encrypt(struct collector_client *c, int newest);
ssize_t collector_client_receive(struct collector_client *c, char *out, size_t size);
/* One reply to its end; false when the server hangs up first. */
bool collector_client_read(struct collector_client *c, char *out, size_t size);
void collector_client_expect(struct collector_client *c, const char *wanted);
/* wanted: how the reply begins; NULL does not wait for one. */
void collector_client_say(struct collector_client *c, const char *line, const char *wanted);

#endif
