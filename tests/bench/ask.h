/* ask.h - just enough DNS to ask a server on loopback whether a name is listed, and how. */
#ifndef BENCH_ASK_H
#define BENCH_ASK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { ASK_MESSAGE = 512 };
enum { ASK_NOERROR = 0, ASK_NXDOMAIN = 3 };

struct ask_reply {
	uint16_t id;
	unsigned rcode;
	bool is_truncated;
	unsigned answers;
	uint32_t a; /* the first answer, when that is an A record: host order; else 0 */
};

/* A non-blocking UDP socket that talks to 127.0.0.1:port; negative: errno. */
int ask_open(uint16_t port);
/* A question for the A record of a name of at most 253 bytes; returns the length, 0: no name. */
size_t ask_write(uint8_t out[ASK_MESSAGE], uint16_t id, const char *name);
/* A number for the question of a message of len bytes, of ask_write or a reply to it: replies that
 * come so late that their id has been used again are told from others by it. 0: none. */
uint32_t ask_question(const uint8_t *bytes, size_t len);
/* False: no reply, or not one that can be read. */
bool ask_read(const uint8_t *bytes, size_t len, struct ask_reply *out);
/* NOERROR with this address, or for 0 NXDOMAIN. */
bool ask_reply_is(const struct ask_reply *r, uint32_t wanted);

uint64_t ask_now_us(void);

#endif
