/* cookie.h - DNS cookies (RFC 7873), interoperable server cookies (RFC 9018).
 *
 * A valid server cookie proves that the client receives what is sent to its address.
 */
#ifndef DNSD_COOKIE_H
#define DNSD_COOKIE_H

#include <stdbool.h>
#include <stdint.h>

#include <orbl/addr.h>
#include <orbl/err.h>

enum {
	COOKIE_CLIENT_SIZE = 8,
	COOKIE_SERVER_SIZE = 16, /* of ours */
	COOKIE_SERVER_MIN = 8,   /* of anyone's */
	COOKIE_OPTION_MAX = 40,  /* a client's 8 bytes and a server's 8 to 32 */
	COOKIE_SECRET_SIZE = 16,
	COOKIE_LIFE_S = 3600, /* RFC 9018 section 4.3 */
	COOKIE_RENEW_S = 1800,
	COOKIE_AHEAD_S = 300,
};

/* The one that makes cookies, then the one that is still accepted (RFC 9018 section 5). */
struct cookie_secrets {
	uint8_t count; /* 1 or 2 */
	uint8_t secret[2][COOKIE_SECRET_SIZE];
};

/* From a file of one or two lines of 32 hexadecimal digits, the active one first, which several
 * servers of one address share; "": one by chance. */
enum err
cookie_secrets_load(const char *path, struct cookie_secrets *out, struct error *e) ORBL_NODISCARD;

/* Is the server's part, of len bytes, one that we made for this client? */
bool cookie_is_valid(const struct cookie_secrets *s, const struct addr *client,
	const uint8_t client_cookie[COOKIE_CLIENT_SIZE], const uint8_t *server_cookie, size_t len,
	int64_t now_s);
/* Is a valid one's time so recent that it need not be renewed? */
bool cookie_is_young(const uint8_t *server_cookie, int64_t now_s);
void cookie_make(const struct cookie_secrets *s, const struct addr *client,
	const uint8_t client_cookie[COOKIE_CLIENT_SIZE], int64_t now_s,
	uint8_t out[COOKIE_SERVER_SIZE]);

#endif
