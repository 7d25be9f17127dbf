#include <orbl/control.h>

#include <errno.h>
#include <poll.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include <orbl/file.h>
#include <orbl/text.h>
#include <orbl/writer.h>

enum {
	SEND_TIMEOUT_S = 60,
	GROUPS_MAX = 1024, /* of a peer; who is in more may only ask */
};

struct control {
	int fd;
	size_t used, room;
	char *buffer; /* received, not yet taken */
};

static enum err
socket_address(const char *path, struct sockaddr_un *out, struct error *e)
{
	memset(out, 0, sizeof(*out));
	out->sun_family = AF_UNIX;
	if (strlen(path) >= sizeof(out->sun_path))
		return error_set(e, ERR_RANGE,
			"%s: path of a Unix socket must be shorter than %zu bytes", path,
			sizeof(out->sun_path));
	memcpy(out->sun_path, path, strlen(path));
	return OK;
}

void
control_peer(int fd, char out[CONTROL_PEER])
{
	struct ucred peer;
	socklen_t len = sizeof(peer);
	struct passwd entry, *found = NULL;
	char strings[4096];

	snprintf(out, CONTROL_PEER, "unknown");
	if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &len) != 0)
		return;
	if (getpwuid_r(peer.uid, &entry, strings, sizeof(strings), &found) == 0 && found != NULL)
		text_printable(text_of(entry.pw_name), out, CONTROL_PEER);
	else
		snprintf(out, CONTROL_PEER, "uid %lu", (unsigned long)peer.uid);
}

/* The group a process runs with is among those that SO_PEERGROUPS tells, or in SO_PEERCRED. */
static bool
is_member(int fd, const struct ucred *peer, gid_t group)
{
	gid_t groups[GROUPS_MAX];
	socklen_t len = sizeof(groups);

	if (peer->gid == group)
		return true;
	if (getsockopt(fd, SOL_SOCKET, SO_PEERGROUPS, groups, &len) != 0)
		return false;
	for (size_t i = 0; i < len / sizeof(groups[0]); i++)
		if (groups[i] == group)
			return true;
	return false;
}

bool
control_peer_may_command(int fd, const char *path)
{
	struct ucred peer;
	socklen_t len = sizeof(peer);
	struct stat st;

	if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &len) != 0 || len != sizeof(peer))
		return false;
	if (peer.uid == 0 || peer.uid == geteuid())
		return true;
	return lstat(path, &st) == 0 && S_ISSOCK(st.st_mode) && is_member(fd, &peer, st.st_gid);
}

/* The time limit holds for connecting and sending: a daemon that takes nothing is an error. */
static int
connect_to(const struct sockaddr_un *address, int flags)
{
	const struct timeval timeout = {.tv_sec = SEND_TIMEOUT_S};
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | flags, 0), saved;

	if (fd >= 0)
		setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &timeout, sizeof(timeout));
	if (fd >= 0 && connect(fd, (const struct sockaddr *)address, sizeof(*address)) != 0) {
		saved = errno;
		close(fd);
		errno = saved;
		return -1;
	}
	return fd;
}

/* Take the path for us: a socket left by a dead daemon goes, a live one stays. */
static enum err
clear_path(const char *path, const struct sockaddr_un *address, struct error *e)
{
	struct stat st;
	int fd;

	if (lstat(path, &st) != 0)
		return OK;
	if (!S_ISSOCK(st.st_mode))
		return error_set(e, ERR_REFUSED,
			"%s: exists and is not a socket; remove it or "
			"choose another path",
			path);
	fd = connect_to(address, SOCK_NONBLOCK);
	if (fd >= 0)
		close(fd);
	/* Only a refusal says that nobody listens: EAGAIN is a daemon too busy to accept, EACCES
	 * one that is not ours. */
	if (fd >= 0 || errno != ECONNREFUSED)
		return error_set(e, ERR_REFUSED,
			"%s: another daemon answers there; stop it or "
			"choose another path",
			path);
	if (unlink(path) != 0)
		return error_errno(e, "%s: cannot remove the old socket", path);
	return OK;
}

/* A directory below /run is gone after a start of the machine. Only the last one is made: a
 * longer way that is missing is more likely a slip of the pen. What fails here, bind tells. */
static void
make_directory_of(const char *path)
{
	char directory[sizeof(((struct sockaddr_un *)NULL)->sun_path)];
	const char *slash = strrchr(path, '/');

	if (slash == NULL || slash == path)
		return;
	snprintf(directory, sizeof(directory), "%.*s", (int)(slash - path), path);
	if (mkdir(directory, 0755) != 0)
		return;
}

enum err
control_listen(const char *path, unsigned mode, int *fd, struct error *e)
{
	struct sockaddr_un address;
	mode_t saved;
	int bound;
	enum err err = socket_address(path, &address, e);

	*fd = -1;
	if (err == OK)
		err = clear_path(path, &address, e);
	if (err != OK)
		return err;
	*fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (*fd < 0)
		return error_errno(e, "%s: cannot make a socket", path);
	make_directory_of(path);
	/* The mode is right from the first moment: no time in which anyone may connect. */
	saved = umask(0777 & ~(mode_t)mode);
	bound = bind(*fd, (struct sockaddr *)&address, sizeof(address));
	umask(saved);
	if (bound != 0 || listen(*fd, 64) != 0) {
		err = error_errno(e,
			"%s: cannot listen (does its directory exist and may we "
			"write there?)",
			path);
		close(*fd);
		*fd = -1;
	}
	return err;
}

enum err
control_connect(const char *path, struct control **out, struct error *e)
{
	struct sockaddr_un address;
	struct control *c;
	enum err err = socket_address(path, &address, e);

	*out = NULL;
	if (err != OK)
		return err;
	c = calloc(1, sizeof(*c));
	if (c == NULL)
		return error_set(e, ERR_MEMORY, "%s: out of memory", path);
	c->fd = connect_to(&address, 0);
	if (c->fd < 0) {
		err = error_errno(e,
			"%s: cannot reach the daemon (is it running, and is "
			"control.socket the same for both?)",
			path);
		free(c);
		return err;
	}
	*out = c;
	return OK;
}

void
control_close(struct control *c)
{
	if (c == NULL)
		return;
	close(c->fd);
	free(c->buffer);
	free(c);
}

/* send, not write: a daemon that hung up is an error, not a signal. */
static enum err
send_all(struct control *c, const void *bytes, size_t len, struct error *e)
{
	const char *at = bytes;
	ssize_t n;

	while (len != 0) {
		n = send(c->fd, at, len, MSG_NOSIGNAL);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0 && errno == EAGAIN)
			return error_set(e, ERR_TIMEOUT, "the daemon took nothing for %d seconds",
				SEND_TIMEOUT_S);
		if (n < 0)
			return error_errno(e, "cannot send to the daemon");
		at += n;
		len -= (size_t)n;
	}
	return OK;
}

enum err
control_send(struct control *c, const json_t *request, struct error *e)
{
	char *line = json_dumps(request, JSON_COMPACT);
	enum err err;

	if (line == NULL)
		return error_set(e, ERR_MEMORY, "cannot write the request as JSON");
	err = send_all(c, line, strlen(line), e);
	if (err == OK)
		err = send_all(c, "\n", 1, e);
	free(line);
	return err;
}

enum err
control_send_chunk(struct control *c, const void *bytes, size_t len, struct error *e)
{
	uint8_t header[4];
	struct writer w;
	enum err err;

	if (len > CONTROL_CHUNK_MAX)
		return error_set(e, ERR_RANGE, "a chunk may have at most %d bytes",
			CONTROL_CHUNK_MAX);
	writer_init(&w, header, sizeof(header));
	writer_u32be(&w, (uint32_t)len);
	err = send_all(c, header, sizeof(header), e);
	return err == OK ? send_all(c, bytes, len, e) : err;
}

static enum err
receive_more(struct control *c, int timeout_ms, struct error *e)
{
	struct pollfd p = {.fd = c->fd, .events = POLLIN};
	char *bigger;
	ssize_t n;
	int ready;

	if (c->used == c->room) {
		if (c->room >= CONTROL_LINE_MAX)
			return error_set(e, ERR_SYNTAX, "the daemon's answer is too long");
		c->room = c->room == 0 ? 4096 : c->room * 2;
		bigger = realloc(c->buffer, c->room);
		if (bigger == NULL)
			return error_set(e, ERR_MEMORY, "out of memory");
		c->buffer = bigger;
	}
	do
		ready = poll(&p, 1, timeout_ms);
	while (ready < 0 && errno == EINTR);
	if (ready == 0)
		return error_set(e, ERR_TIMEOUT, "the daemon did not answer in time");
	n = recv(c->fd, c->buffer + c->used, c->room - c->used, 0);
	if (n < 0 && errno == EINTR)
		return OK;
	if (n < 0)
		return error_errno(e, "cannot receive from the daemon");
	if (n == 0)
		return error_set(e, ERR_IO, "the daemon closed the connection without an answer");
	c->used += (size_t)n;
	return OK;
}

enum err
control_receive(struct control *c, int timeout_ms, json_t **out, struct error *e)
{
	json_error_t reason;
	char *end;
	size_t len;
	enum err err;

	*out = NULL;
	while (c->used == 0 || (end = memchr(c->buffer, '\n', c->used)) == NULL) {
		err = receive_more(c, timeout_ms, e);
		if (err != OK)
			return err;
	}
	len = (size_t)(end - c->buffer);
	*out = json_loadb(c->buffer, len, 0, &reason);
	memmove(c->buffer, end + 1, c->used - len - 1);
	c->used -= len + 1;
	if (!json_is_object(*out)) {
		json_decref(*out);
		*out = NULL;
		return error_set(e, ERR_SYNTAX, "the daemon's answer is not a JSON object: %s",
			reason.text);
	}
	return OK;
}

enum err
control_check_answer(const json_t *answer, struct error *e)
{
	const char *name = json_string_value(json_object_get(answer, "error"));
	const char *message = json_string_value(json_object_get(answer, "message"));
	enum err code = ERR_IO;

	if (json_is_true(json_object_get(answer, "ok")))
		return OK;
	for (int i = OK + 1; i <= ERR_UNSUPPORTED; i++)
		if (name != NULL && strcmp(name, err_name((enum err)i)) == 0)
			code = (enum err)i;
	return error_set(e, code, "%s", message != NULL ? message : "the daemon refused");
}

enum err
control_call(const char *path, const json_t *request, int timeout_ms, json_t **out, struct error *e)
{
	struct control *c;
	enum err err = control_connect(path, &c, e);

	*out = NULL;
	if (err == OK)
		err = control_send(c, request, e);
	while (err == OK) {
		err = control_receive(c, timeout_ms, out, e);
		if (err != OK || json_object_get(*out, "ok") != NULL)
			break;
		json_decref(*out);
	}
	control_close(c);
	if (err == OK)
		err = control_check_answer(*out, e);
	if (err != OK && *out != NULL) {
		json_decref(*out);
		*out = NULL;
	}
	return err;
}
