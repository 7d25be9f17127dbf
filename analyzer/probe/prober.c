#include "prober.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <sodium.h>

#include <orbl/sandbox.h>

#include "probe_case.h"
#include "probe_message.h"
#include "prober_child.h"
#include "prober_event.h"

enum { START_TIMEOUT_MS = 10000 };

struct prober {
	int fd;
	pid_t pid;
	struct endpoint collector;
	struct prober_ack ack; /* not yet sent; sequence 0: none */
};

/* --- configuration ------------------------------------------------------ */

/* It is written into commands and headers: nothing that could end a line or a path. */
static bool
is_plain(const char *s)
{
	for (; *s != '\0'; s++)
		if (*s <= ' ' || *s >= 0x7f || *s == '<' || *s == '>')
			return false;
	return true;
}

static enum err
check_message(const struct prober_conf *conf, struct error *e)
{
	/* The longest of each. */
	struct probe_message m = {
		.helo = conf->helo,
		.domain = conf->collector_domain,
		.url = conf->url,
		.target = "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff",
		.case_id = "P36-pct-localhost",
		.sender_token = "aaaaaaaaaaaaaaaaaaaaaaaaaaaa",
		.recipient_token = "aaaaaaaaaaaaaaaaaaaaaaaaaaaa",
	};
	char text[PROBE_MESSAGE_MAX];
	size_t len;

	return probe_message_format(&m, text, &len, e);
}

enum err
prober_check(const struct prober_conf *conf, struct error *e)
{
	struct probe_names names;
	enum err err;

	if (conf->helo[0] == '\0' || !is_plain(conf->helo))
		return error_set(e, ERR_SYNTAX, "probe.helo must be a host name");
	if (!is_plain(conf->url))
		return error_set(e, ERR_SYNTAX, "probe.url must not have blanks, < or >");
	if (conf->collector.addr.family == 0)
		return error_set(e, ERR_SYNTAX, "collector.listen has no address");
	if (conf->sessions == 0 || conf->reply_timeout_s == 0 || conf->session_timeout_s == 0)
		return error_set(e, ERR_RANGE, "probe sessions and timeouts must not be 0");
	if ((conf->cases & ~probe_case_mask_all()) != 0 || conf->allow_count > PROBER_ALLOW_MAX)
		return error_set(e, ERR_RANGE, "unknown probe cases, or too many allowed networks");
	err = probe_names_init(&names, conf->collector_domain, &conf->collector.addr, NULL, e);
	return err == OK ? check_message(conf, e) : err;
}

/* --- acknowledgements ---------------------------------------------------- */

static void
send_ack(struct prober *p)
{
	ssize_t n;

	if (p->ack.sequence == 0)
		return;
	do {
		n = send(p->fd, &p->ack, sizeof(p->ack), MSG_DONTWAIT | MSG_NOSIGNAL);
	} while (n < 0 && errno == EINTR);
	if (n >= 0 || (errno != EAGAIN && errno != EWOULDBLOCK))
		p->ack.sequence = 0;
}

/* One for both when the one before is not yet sent: what is stored and called lost comes again,
 * which does no harm. */
void
prober_ack(struct prober *p, uint64_t sequence, bool stored)
{
	if (sequence == 0)
		return;
	p->ack.stored = stored && (p->ack.sequence == 0 || p->ack.stored != 0);
	p->ack.sequence = sequence;
	send_ack(p);
}

/* --- events -------------------------------------------------------------- */

static void
end_child(struct prober *p)
{
	if (p->pid > 0) {
		kill(p->pid, SIGKILL); /* it holds nothing that could be lost */
		while (waitpid(p->pid, NULL, 0) < 0 && errno == EINTR)
			;
	}
	p->pid = 0;
}

enum err
prober_next(struct prober *p, struct prober_event *out, struct error *e)
{
	unsigned char bytes[sizeof(struct prober_event) + 1];
	ssize_t n;

	send_ack(p);
	do {
		n = recv(p->fd, bytes, sizeof(bytes), MSG_DONTWAIT);
	} while (n < 0 && errno == EINTR);
	if (n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK))
		return ERR_TIMEOUT;
	if (n <= 0)
		return error_set(e, ERR_IO, "the prober process has ended");
	if (prober_event_read(bytes, (size_t)n, out))
		return OK;
	end_child(p);
	return error_set(e, ERR_IO, "the prober process sent nonsense and was ended");
}

/* --- start and stop ----------------------------------------------------- */

static enum err
wait_ready(struct prober *p, struct error *e)
{
	struct pollfd pfd = {.fd = p->fd, .events = POLLIN};
	struct prober_event ev;
	enum err err;
	int n;

	do {
		n = poll(&pfd, 1, START_TIMEOUT_MS);
	} while (n < 0 && errno == EINTR);
	if (n <= 0)
		return error_set(e, ERR_TIMEOUT, "the prober process does not start");
	err = prober_next(p, &ev, e);
	if (err != OK)
		return err;
	if (ev.kind != PROBER_READY)
		return error_set(e, ERR_IO, "prober: %s", ev.text);
	p->collector = ev.peer;
	return OK;
}

static void
run_child(const struct prober_conf *conf, int channel)
{
	int null = open("/dev/null", O_RDWR);

	/* Its own end only: a descriptor of the parent would be a way out of the sandbox. */
	if (null >= 0) {
		dup2(null, STDIN_FILENO);
		dup2(null, STDOUT_FILENO);
	}
	sandbox_close_others((int[]){channel}, 1);
	/* They come to the whole process group. The end is the parent's to decide: with it the
	 * channel closes. */
	signal(SIGINT, SIG_IGN);
	signal(SIGTERM, SIG_IGN);
	signal(SIGHUP, SIG_IGN);
	_exit(prober_child_main(conf, channel));
}

static enum err
fork_child(const struct prober_conf *conf, struct prober *p, struct error *e)
{
	int pair[2];

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) != 0)
		return error_errno(e, "prober: socketpair");
	p->fd = pair[0];
	p->pid = fork();
	if (p->pid == 0)
		run_child(conf, pair[1]);
	close(pair[1]);
	return p->pid > 0 ? OK : error_errno(e, "prober: fork");
}

enum err
prober_start(const struct prober_conf *conf, struct prober **out, struct error *e)
{
	struct prober *p = NULL;
	enum err err;

	*out = NULL;
	err = prober_check(conf, e);
	if (err != OK)
		return err;
	if (sodium_init() < 0)
		return error_set(e, ERR_IO, "libsodium does not start");
	p = calloc(1, sizeof(*p));
	if (p == NULL)
		return error_set(e, ERR_MEMORY, "out of memory");
	p->fd = -1;
	err = fork_child(conf, p, e);
	if (err == OK)
		err = wait_ready(p, e);
	if (err == OK)
		*out = p;
	else
		prober_stop(p);
	return err;
}

void
prober_stop(struct prober *p)
{
	if (p == NULL)
		return;
	end_child(p);
	if (p->fd >= 0)
		close(p->fd);
	free(p);
}

int
prober_fd(const struct prober *p)
{
	return p->fd;
}

struct endpoint
prober_collector(const struct prober *p)
{
	return p->collector;
}

/* A datagram for the child, which never waits. */
static enum err
tell_child(struct prober *p, const void *bytes, size_t len, struct error *e)
{
	ssize_t n;

	send_ack(p);
	do {
		n = send(p->fd, bytes, len, MSG_DONTWAIT | MSG_NOSIGNAL);
	} while (n < 0 && errno == EINTR);
	if (n == (ssize_t)len)
		return OK;
	if (errno == EAGAIN || errno == EWOULDBLOCK)
		return error_set(e, ERR_FULL, "the prober has enough to do for now");
	return error_errno(e, "prober: send");
}

enum err
prober_cancel(struct prober *p, uint64_t id, struct error *e)
{
	const struct prober_cancel cancel = {id};

	return tell_child(p, &cancel, sizeof(cancel), e);
}

enum err
prober_submit(struct prober *p, const struct prober_job *job, struct error *e)
{
	if (job->id == 0 || job->id >> 40 != 0)
		return error_set(e, ERR_RANGE, "probe id %" PRIu64 " is out of range", job->id);
	if ((job->cases & ~probe_case_mask_all()) != 0)
		return error_set(e, ERR_RANGE, "unknown probe cases");
	if ((job->id >= PROBER_LETTER_FIRST) != (job->letter[0] != '\0'))
		return error_set(e, ERR_RANGE, "id %" PRIu64 " is of the wrong kind", job->id);
	if (job->target.port == 0 || job->target.addr.family == 0)
		return error_set(e, ERR_RANGE, "a probe needs an address and a port");
	return tell_child(p, job, sizeof(*job), e);
}
