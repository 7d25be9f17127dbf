/* tsig.h - signatures of messages between name servers (TSIG, RFC 8945).
 *
 *	verify_request -> GOOD -> reply -> sign_reply, sign_reply ...     one who is asked
 *	               -> else -> tsig_refuse
 *	sign_request -> send, receive -> verify_reply, verify_reply ...   one who asks
 *
 * A session is one request and its replies: each signature covers the one before. Algorithms are
 * HMAC with SHA-256, 384 and 512, no others; libcrypto computes them. (ldns signs only its own
 * parsed packets, by its own clock, cannot write an error or the server's time, does not know
 * hmac-sha384, compares in variable time, and looks at neither time nor fudge.)
 *
 * A request that came once may come again within its fudge: a secondary repeats one, and RFC 8945
 * knows no other memory than that of the newest time. What it does then is harmless, since a
 * NOTIFY only makes us ask the primary (at most one at a time), and a transfer goes to an address
 * that may have it.
 */
#ifndef DNSD_TSIG_H
#define DNSD_TSIG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <orbl/compiler.h>

enum {
	TSIG_SECRET_MAX = 128,
	TSIG_MAC_MAX = 64,
	TSIG_FUDGE_S = 300,
	TSIG_NAME_MAX = 255,    /* in wire form */
	TSIG_UNSIGNED_MAX = 99, /* messages of a reply between two that are signed */
};

struct tsig_key {
	char name[256];     /* presentation form, lower case, without the last dot */
	char algorithm[32]; /* such as "hmac-sha256" */
	uint8_t secret[TSIG_SECRET_MAX];
	size_t secret_len;
};

/* The keys there are, and the newest time in a good request with each. */
struct tsig_keys {
	size_t count;
	struct tsig_key *keys;
	int64_t *newest_s; /* one a key; NULL: not remembered */
};

enum tsig_result {
	TSIG_ABSENT,
	TSIG_GOOD,
	TSIG_BADKEY,
	TSIG_BADSIG,
	TSIG_BADTIME,
	TSIG_BADTRUNC, /* good, but shorter than its algorithm's */
	TSIG_MALFORMED,
};

/* Zeros is a session that is not signed. End each that was begun. */
struct tsig_session {
	const struct tsig_key *key; /* NULL: not signed, or by none of ours */
	enum tsig_result result;    /* of the last message verified */
	uint64_t time_s;            /* signed in the request */
	uint16_t peer_error;        /* of a reply: TSIG's own error, 0 none */
	bool is_next;               /* the first reply was signed */
	unsigned unsigned_count;
	uint8_t name[TSIG_NAME_MAX], algorithm[TSIG_NAME_MAX]; /* of the key, in wire form */
	size_t name_len, algorithm_len;
	uint8_t mac[TSIG_MAC_MAX]; /* of the message before */
	size_t mac_len;
	void *digest; /* of replies, since the last signature */
};
void tsig_session_end(struct tsig_session *s);

const char *tsig_result_name(enum tsig_result result); /* "BADKEY" and so on */
/* "hmac-sha256", in any case, with or without a last dot, or NULL: not ours. */
const char *tsig_algorithm(const char *name);
/* Once, before the process gives up opening files. False: libcrypto has no HMAC. */
bool tsig_prepare(void);

/* Look for a signature at the end of a request and check it. On all results but TSIG_MALFORMED
 * the record is taken off: *len is less, and ARCOUNT. Begins the session. */
enum tsig_result tsig_verify_request(struct tsig_keys *keys, uint8_t *packet, size_t *len,
	int64_t now_s, struct tsig_session *s);
/* How many bytes longer signing makes a message. */
size_t tsig_size(const struct tsig_session *s);
/* Sign a reply, each message of it. Returns the new length; a session that is not signed leaves
 * it. 0: no room. */
size_t
tsig_sign_reply(struct tsig_session *s, uint8_t *packet, size_t len, size_t size, int64_t now_s);
/* The reply to a request (without its TSIG, as verify_request leaves it) that is not good, RFC 8945
 * section 5.3.2: NOTAUTH, or FORMERR. Written over the request; returns its length, 0: none. */
size_t tsig_refuse(struct tsig_session *s, uint8_t *packet, size_t len, size_t size, int64_t now_s);

/* Sign a request; begins the session. key NULL: leaves it unsigned. 0: no room. */
size_t tsig_sign_request(const struct tsig_key *key, uint8_t *packet, size_t len, size_t size,
	int64_t now_s, struct tsig_session *s);
/* Check a reply, or the next message of one. TSIG_ABSENT is a message between two signed ones,
 * of which nothing may be used before a TSIG_GOOD; its first message is signed, or TSIG_BADSIG; the
 * last one has to be, see tsig_is_complete. To a request that was not signed TSIG_ABSENT is all
 * there is, and a signature is TSIG_BADKEY. */
enum tsig_result
tsig_verify_reply(struct tsig_session *s, uint8_t *packet, size_t *len, int64_t now_s);
/* Is everything so far covered by a signature? True of a session that is not signed. */
bool tsig_is_complete(const struct tsig_session *s);

#endif
