#include "observer.h"

#include <errno.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <orbl/log.h>

#include "channel.h"
#include "dnstap.h"
#include "log_file.h"
#include "message.h"

enum { BACKLOG = 16, LOG_MODE = 0640 };

bool
observer_is_wanted(const struct conf *conf)
{
	return conf->dnsd.metrics.count != 0 || conf->dnsd.query_log[0] != '\0' ||
		conf->dnsd.dnstap[0] != '\0';
}

enum err
observer_check(const struct conf *conf, struct error *e)
{
	struct sockaddr_un address;

	if (conf->dnsd.dnstap[0] == '\0')
		return OK;
	if (!dnstap_is_built())
		return error_set(e, ERR_UNSUPPORTED,
			"dnsd.dnstap is set, but this orbl-dnsd was built without dnstap; build it "
			"with --enable-dnstap, or remove the option");
	if (strlen(conf->dnsd.dnstap) >= sizeof(address.sun_path))
		return error_set(e, ERR_RANGE,
			"dnsd.dnstap: the path of a Unix socket must be shorter than %zu bytes",
			sizeof(address.sun_path));
	return OK;
}

/* --- dnsd.metrics ----------------------------------------------------------- */

static bool
bind_to(int fd, const struct endpoint *endpoint)
{
	struct sockaddr_storage address;
	socklen_t len = endpoint_to_sockaddr(endpoint, &address);
	int one = 1;

	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
	if (endpoint->addr.family == 6)
		setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &one, sizeof(one));
	return bind(fd, (struct sockaddr *)&address, len) == 0 && listen(fd, BACKLOG) == 0;
}

static enum err
listen_on(const char *word, int *out, struct error *e)
{
	struct endpoint endpoint;
	int fd, reason;

	if (endpoint_parse(text_of(word), &endpoint) != OK || endpoint.port == 0)
		return error_set(e, ERR_SYNTAX,
			"dnsd.metrics: \"%s\" is not ADDR@PORT; write for example 127.0.0.1@9153",
			word);
	fd = socket(endpoint.addr.family == 6 ? AF_INET6 : AF_INET,
		SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd >= 0 && bind_to(fd, &endpoint)) {
		*out = fd;
		return OK;
	}
	reason = errno;
	if (fd >= 0)
		close(fd);
	return error_set(e, ERR_IO,
		"dnsd.metrics: cannot listen on %s: %s; choose another address or stop what "
		"listens there",
		word, strerror(reason));
}

enum err
observer_files_bind(struct observer_files *f, const struct conf *conf, struct error *e)
{
	enum err err = OK;

	*f = (struct observer_files){.conf = conf, .log = -1};
	for (size_t i = 0; err == OK && i < conf->dnsd.metrics.count; i++) {
		if (f->metrics_count == OBSERVER_LISTEN_MAX)
			err = error_set(e, ERR_RANGE, "dnsd.metrics has more than %d addresses",
				OBSERVER_LISTEN_MAX);
		else
			err = listen_on(conf->dnsd.metrics.items[i], &f->metrics[f->metrics_count],
				e);
		f->metrics_count += err == OK;
	}
	if (err != OK)
		observer_files_close(f);
	return err;
}

/* --- dnsd.query_log ------------------------------------------------------------- */

enum err
observer_files_open(struct observer_files *f, struct error *e)
{
	const char *path = f->conf->dnsd.query_log;
	struct error why = {.code = OK};

	if (path[0] == '\0')
		return OK;
	f->log = log_file_open(path, LOG_MODE, &why);
	if (f->log >= 0)
		return OK;
	observer_files_close(f);
	return error_set(e, why.code, "dnsd.query_log: %s cannot be written (by dnsd.user): %s",
		path, why.text);
}

void
observer_files_close(struct observer_files *f)
{
	for (size_t i = 0; i < f->metrics_count; i++)
		close(f->metrics[i]);
	if (f->log >= 0)
		close(f->log);
	f->metrics_count = 0;
	f->log = -1;
}

static void
send_fd(int channel, enum message_kind kind, int fd)
{
	struct message message = {.kind = kind};
	struct channel_fds fds = {.count = 1, .fd = {fd}};
	struct error e = {.code = OK};

	if (channel >= 0 && channel_send(channel, &message, sizeof(message), &fds, false, &e) != OK)
		log_warning("the observer does not take a descriptor: %s", e.text);
}

void
observer_files_reopen(struct observer_files *f, int channel)
{
	const char *path = f->conf->dnsd.query_log;
	struct error e = {.code = OK};
	int fd;

	if (path[0] == '\0')
		return;
	fd = log_file_open(path, LOG_MODE, &e);
	if (fd < 0) {
		log_error("dnsd.query_log: %s cannot be opened again: %s; the old file is written",
			path, e.text);
		return;
	}
	if (f->log >= 0)
		close(f->log);
	f->log = fd;
	send_fd(channel, MESSAGE_LOG, fd);
}

/* --- dnsd.dnstap --------------------------------------------------------------------- */

/* The same reason is told once: it is tried again every few seconds. */
static void
tell_tap(struct observer_files *f, int reason)
{
	const struct conf *conf = f->conf;
	const char *path = conf->dnsd.dnstap;

	if (reason == f->tap_errno)
		return;
	f->tap_errno = reason;
	if (reason == EACCES || reason == EPERM)
		log_warning("dnsd.dnstap: no connection to %s: %s; dnsd.user %s needs the right to "
			    "write to it and to enter the directories above it (the collector's "
			    "umask, or chmod, chgrp)",
			path, strerror(reason), conf->dnsd.user);
	else if (reason == ENOENT || reason == ECONNREFUSED)
		log_warning("dnsd.dnstap: no connection to %s: %s; start the collector that "
			    "listens there, it is looked for every few seconds",
			path, strerror(reason));
	else if (reason != 0)
		log_warning("dnsd.dnstap: no connection to %s: %s; it must be the Unix socket of "
			    "a dnstap collector",
			path, strerror(reason));
}

static void
connect_tap(struct observer_files *f, int channel)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	const char *path = f->conf->dnsd.dnstap;
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	memcpy(address.sun_path, path, strnlen(path, sizeof(address.sun_path) - 1));
	/* A Unix socket is connected at once or not at all; the observer asks again. */
	if (fd < 0 || connect(fd, (struct sockaddr *)&address, sizeof(address)) != 0) {
		tell_tap(f, errno);
	} else {
		tell_tap(f, 0);
		send_fd(channel, MESSAGE_TAP, fd);
	}
	if (fd >= 0)
		close(fd);
}

bool
observer_files_message(struct observer_files *f, int channel)
{
	struct message message;
	struct channel_fds fds = {.count = 0};
	struct error e = {.code = OK};
	size_t len = 0;
	enum err err = channel_receive(channel, &message, sizeof(message), &len, &fds, &e);

	channel_close_fds(&fds);
	if (err != OK)
		return err == ERR_TIMEOUT;
	if (len == 0)
		return false;
	if (len == sizeof(message) && message.kind == MESSAGE_TAP_WANTED &&
		f->conf->dnsd.dnstap[0] != '\0')
		connect_tap(f, channel);
	return true;
}
