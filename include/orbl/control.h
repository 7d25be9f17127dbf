/* control.h - how a command talks to a daemon: JSON objects, one a line, over a Unix
 * stream socket. Described in docs/control-protocol.md.
 *
 * A request is {"cmd": "check", ...}. The daemon answers with any number of progress
 * objects ({"progress": ...}) and one last object that has "ok": true or false; a false
 * one has "error" (the code's name) and "message". A submission's body follows its
 * request as chunks: four bytes of length (big endian), then the bytes; length 0 ends it.
 */
#ifndef ORBL_CONTROL_H
#define ORBL_CONTROL_H

#include <stdbool.h>
#include <stddef.h>

#include <jansson.h>

#include <orbl/err.h>

enum {
	CONTROL_LINE_MAX = 1 << 20,  /* bytes of one object */
	CONTROL_CHUNK_MAX = 1 << 16, /* bytes of one chunk of a body */
};

/* Listen on a Unix socket with this mode; its directory is made when only that is missing. A
 * socket nobody answers on is replaced, one that is alive is ERR_REFUSED. Non-blocking,
 * close-on-exec. */
enum err control_listen(const char *path, unsigned mode, int *fd, struct error *e) ORBL_NODISCARD;

enum { CONTROL_PEER = 64 };
/* Who has connected: the user's name, or "uid N"; "unknown" when the kernel does not say. */
void control_peer(int fd, char out[CONTROL_PEER]);
/* May who has connected give orders, and not only ask? Root, our own user, and the members of the
 * group of the socket at this path; false when the kernel does not say who it is. */
bool control_peer_may_command(int fd, const char *path);

/* --- client, blocking --- */
struct control; /* a connection */
enum err control_connect(const char *path, struct control **out, struct error *e) ORBL_NODISCARD;
void control_close(struct control *c); /* NULL ok */
/* request is borrowed. ERR_TIMEOUT when the daemon takes nothing for a minute. */
enum err control_send(struct control *c, const json_t *request, struct error *e) ORBL_NODISCARD;
/* ERR_RANGE above CONTROL_CHUNK_MAX. */
enum err control_send_chunk(struct control *c, const void *bytes, size_t len,
	struct error *e) ORBL_NODISCARD;
/* Next object from the daemon; the caller decrefs it. ERR_IO when it hung up, ERR_TIMEOUT
 * after timeout_ms (negative: wait for ever). */
enum err
control_receive(struct control *c, int timeout_ms, json_t **out, struct error *e) ORBL_NODISCARD;
/* The last object of an answer: OK, or the error it carries. */
enum err control_check_answer(const json_t *answer, struct error *e) ORBL_NODISCARD;
/* Send a request and wait for its last object; an "ok": false becomes an error. */
enum err control_call(const char *path, const json_t *request, int timeout_ms, json_t **out,
	struct error *e) ORBL_NODISCARD;

#endif
