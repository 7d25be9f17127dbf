#include "control_socket.h"

#include <errno.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <orbl/clock.h>
#include <orbl/control.h>
#include <orbl/log.h>

#include "log_limit.h"

enum {
	LINE_MAX_BYTES = 4096, /* no command of ours is longer */
	MESSAGE_MAX = 1024,
	COMMAND_SHOWN = 61, /* bytes of a command that is told, with the NUL */
};

struct client {
	int fd;       /* -1: free */
	bool waiting; /* for the answer to a command that takes time */
	bool may_command;
	char name[CONTROL_PEER]; /* who it is */
	char *out;               /* of an answer, what is not sent yet */
	size_t out_len, out_at;
	uint64_t turn; /* of the last line, or of the connection: least is the most idle */
	size_t len;
	char line[LINE_MAX_BYTES];
};

struct control_socket {
	int fd;
	char *path;
	uint64_t turns;
	struct control_handler handler;
	struct log_limit refusals; /* in the log */
	struct client clients[CONTROL_CLIENTS];
};

enum err
control_socket_open(const char *path, unsigned mode, const struct control_handler *handler,
	struct control_socket **out, struct error *e)
{
	struct control_socket *c = calloc(1, sizeof(*c));
	enum err err = OK;

	*out = NULL;
	if (c != NULL)
		c->path = strdup(path);
	if (c == NULL || c->path == NULL) {
		free(c);
		return error_set(e, ERR_MEMORY, "out of memory for the control socket");
	}
	c->fd = -1;
	c->handler = *handler;
	for (size_t i = 0; i < CONTROL_CLIENTS; i++)
		c->clients[i].fd = -1;
	if (path[0] != '\0')
		err = control_listen(path, mode, &c->fd, e);
	if (err != OK) {
		free(c->path);
		free(c);
		return err;
	}
	*out = c;
	return OK;
}

static void
drop(struct client *client)
{
	if (client->fd >= 0)
		close(client->fd);
	client->fd = -1;
	free(client->out);
	client->out = NULL;
	client->out_len = client->out_at = 0;
	client->waiting = false;
	client->len = 0;
}

void
control_socket_close(struct control_socket *c)
{
	if (c == NULL)
		return;
	for (size_t i = 0; i < CONTROL_CLIENTS; i++)
		drop(&c->clients[i]);
	if (c->fd >= 0) {
		unlink(c->path);
		close(c->fd);
	}
	free(c->path);
	free(c);
}

/* What others chose, for the log and for answers: cut to size, '?' for what is not printable
 * ASCII. */
static void
copy_printable(char *out, size_t size, const char *text)
{
	size_t len = strnlen(text, size - 1);

	for (size_t i = 0; i < len; i++)
		out[i] = text[i] >= ' ' && text[i] <= '~' ? text[i] : '?';
	out[len] = '\0';
}

json_t *
control_socket_refusal(enum err code, const char *message)
{
	json_t *answer = json_pack("{s:b, s:s, s:s}", "ok", 0, "error", err_name(code), "message",
		message);
	char ascii[MESSAGE_MAX];

	if (answer != NULL)
		return answer;
	copy_printable(ascii, sizeof(ascii), message);
	return json_pack("{s:b, s:s, s:s}", "ok", 0, "error", err_name(code), "message", ascii);
}

/* --- answers ---------------------------------------------------------------- */

/* As much as the client takes. It gets no other turn until it has all. */
static void
flush(struct client *client)
{
	while (client->fd >= 0 && client->out_at < client->out_len) {
		ssize_t n = send(client->fd, client->out + client->out_at,
			client->out_len - client->out_at, MSG_NOSIGNAL | MSG_DONTWAIT);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0 && errno == EAGAIN)
			return;
		if (n < 0) {
			drop(client);
			return;
		}
		client->out_at += (size_t)n;
	}
	free(client->out);
	client->out = NULL;
	client->out_len = client->out_at = 0;
}

static void
send_answer(struct client *client, const json_t *answer)
{
	char *text = answer != NULL ? json_dumps(answer, JSON_COMPACT) : NULL;
	size_t len = text != NULL ? strlen(text) : 0;

	client->waiting = false;
	if (text == NULL) {
		drop(client);
		return;
	}
	text[len] = '\n'; /* over the NUL: a JSON text is sent with its length */
	client->out = text;
	client->out_len = len + 1;
	client->out_at = 0;
	flush(client);
}

/* --- requests --------------------------------------------------------------- */

/* What changes nothing, who may connect may ask; it is polled all day. */
static const char *const questions[] = {"stats", "status", "zones"};

static bool
is_question(const char *command)
{
	for (size_t i = 0; i < ORBL_COUNT(questions); i++)
		if (strcmp(questions[i], command) == 0)
			return true;
	return false;
}

static json_t *
refuse_order(struct control_socket *c, const struct client *client, const char *command)
{
	char message[CONTROL_PEER + 300];

	snprintf(message, sizeof(message),
		"\"%s\" is for root, for the user of orbl-dnsd, and for members of the group of "
		"dnsd.control_socket; you are %s",
		command, client->name);
	log_limit_warning(&c->refusals, clock_monotonic_ms(),
		"control socket: %s may not ask for \"%s\"", client->name, command);
	return control_socket_refusal(ERR_REFUSED, message);
}

static json_t *
answer_request(struct control_socket *c, const struct client *client, const json_t *request)
{
	const char *command = json_string_value(json_object_get(request, "cmd"));
	char shown[COMMAND_SHOWN];

	if (command != NULL && !is_question(command)) {
		copy_printable(shown, sizeof(shown), command);
		if (!client->may_command)
			return refuse_order(c, client, shown);
		log_notice("control socket: %s asks for \"%s\"", client->name, shown);
	}
	return c->handler.handle(c->handler.context, request);
}

static void
run_line(struct control_socket *c, struct client *client, const char *line, size_t len)
{
	json_t *request = json_loadb(line, len, JSON_REJECT_DUPLICATES, NULL), *answer;

	client->turn = ++c->turns;
	if (!json_is_object(request))
		answer = control_socket_refusal(ERR_SYNTAX,
			"a request is one JSON object on a line, such as {\"cmd\": \"status\"}");
	else
		answer = answer_request(c, client, request);
	if (answer == NULL)
		answer = control_socket_refusal(ERR_MEMORY, "the answer could not be made");
	if (json_is_null(answer))
		client->waiting = true;
	else
		send_answer(client, answer);
	json_decref(request);
	json_decref(answer);
}

/* Run the whole lines there are, until one has to wait. */
static void
run_lines(struct control_socket *c, struct client *client)
{
	char *end;

	while (client->fd >= 0 && !client->waiting && client->out == NULL && client->len != 0 &&
		(end = memchr(client->line, '\n', client->len)) != NULL) {
		size_t len = (size_t)(end - client->line);

		run_line(c, client, client->line, len);
		if (client->fd < 0)
			return;
		client->len -= len + 1;
		memmove(client->line, end + 1, client->len);
	}
	if (client->len == sizeof(client->line) && !client->waiting && client->out == NULL)
		drop(client);
}

static void
read_client(struct control_socket *c, struct client *client)
{
	ssize_t n = recv(client->fd, client->line + client->len, sizeof(client->line) - client->len,
		MSG_DONTWAIT);

	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (n <= 0) {
		drop(client);
		return;
	}
	client->len += (size_t)n;
	run_lines(c, client);
}

/* Gives way to a new one: whoever connects and says nothing must not keep others out. NULL: all
 * wait for an answer, or there is none. */
static struct client *
find_idlest(struct control_socket *c)
{
	struct client *idlest = NULL;

	for (size_t i = 0; i < CONTROL_CLIENTS; i++) {
		struct client *client = &c->clients[i];

		if (client->fd >= 0 && !client->waiting &&
			(idlest == NULL || client->turn < idlest->turn))
			idlest = client;
	}
	return idlest;
}

static struct client *
find_room(struct control_socket *c)
{
	for (size_t i = 0; i < CONTROL_CLIENTS; i++)
		if (c->clients[i].fd < 0)
			return &c->clients[i];
	return find_idlest(c);
}

static void
accept_client(struct control_socket *c)
{
	int fd = accept4(c->fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
	struct client *client;

	if (fd < 0) {
		/* Without a file for it, it is accepted in the next round. */
		client = errno == EMFILE || errno == ENFILE ? find_idlest(c) : NULL;
		if (client != NULL)
			drop(client);
		return;
	}
	client = find_room(c);
	if (client == NULL) {
		close(fd);
		return;
	}
	drop(client);
	client->fd = fd;
	control_peer(fd, client->name);
	client->may_command = control_peer_may_command(fd, c->path);
	client->turn = ++c->turns;
}

void
control_socket_prepare(const struct control_socket *c, struct pollfd *polls)
{
	polls[CONTROL_CLIENTS] = (struct pollfd){.fd = c->fd, .events = POLLIN};
	for (size_t i = 0; i < CONTROL_CLIENTS; i++) {
		const struct client *client = &c->clients[i];

		/* Poll still tells when a waiting client hangs up. */
		polls[i] = (struct pollfd){.fd = client->fd,
			.events = client->waiting ? 0 : POLLIN};
		if (client->out != NULL)
			polls[i].events = POLLOUT;
	}
}

void
control_socket_serve(struct control_socket *c, const struct pollfd *polls)
{
	for (size_t i = 0; i < CONTROL_CLIENTS; i++) {
		struct client *client = &c->clients[i];

		if (client->fd < 0 || client->fd != polls[i].fd || polls[i].revents == 0)
			continue;
		if (client->out != NULL) {
			flush(client);
			run_lines(c, client);
		} else if (client->waiting)
			drop(client);
		else
			read_client(c, client);
	}
	if (polls[CONTROL_CLIENTS].revents != 0)
		accept_client(c);
}

void
control_socket_finish(struct control_socket *c, const json_t *answer)
{
	for (size_t i = 0; i < CONTROL_CLIENTS; i++)
		if (c->clients[i].fd >= 0 && c->clients[i].waiting) {
			send_answer(&c->clients[i], answer);
			run_lines(c, &c->clients[i]);
		}
}
