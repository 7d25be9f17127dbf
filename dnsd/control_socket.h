/* control_socket.h - the daemon's end of the control socket (orbl/control.h).
 *
 * A table of few clients with short lines, served from the main thread's poll loop. One
 * request at a time for each client; an answer may be given later (control_socket_finish). Who may
 * connect may ask (stats, status, zones); what changes something is for those that
 * control_peer_may_command names, and is logged with who asked.
 */
#ifndef DNSD_CONTROL_SOCKET_H
#define DNSD_CONTROL_SOCKET_H

#include <poll.h>

#include <jansson.h>

#include <orbl/err.h>

enum { CONTROL_CLIENTS = 8, CONTROL_POLLS = CONTROL_CLIENTS + 1 };

struct control_socket;

/* Answers a request: a new reference; json_null() for later (control_socket_finish). NULL is an
 * answer that could not be made. */
struct control_handler {
	json_t *(*handle)(void *context, const json_t *request);
	void *context;
};

/* path "": no socket, nothing is ever served. On error *out is NULL. */
enum err control_socket_open(const char *path, unsigned mode, const struct control_handler *handler,
	struct control_socket **out, struct error *e) ORBL_NODISCARD;
void control_socket_close(struct control_socket *c); /* removes the socket; NULL ok */

/* Fill polls (CONTROL_POLLS of them), then, after poll, serve them. */
void control_socket_prepare(const struct control_socket *c, struct pollfd *polls);
void control_socket_serve(struct control_socket *c, const struct pollfd *polls);
/* Answer every client that waits. Borrows the answer. */
void control_socket_finish(struct control_socket *c, const json_t *answer);

/* {"ok": false, "error": ..., "message": ...}; of a message that is no UTF-8, as names of files
 * need not be, what is ASCII. */
json_t *control_socket_refusal(enum err code, const char *message);

#endif
