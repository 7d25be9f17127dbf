/* probe_hosts.c - thousands of mail servers in one process, to be probed.
 *
 *	probe_hosts PORT DELAY_MS closed|last|open COLLECTOR DOMAIN
 *
 * Listens on all addresses of this machine, each of which is a host of its own (127.1.2.3 is one).
 * Answers come after DELAY_MS, all at once what was asked at once. "closed" refuses each recipient;
 * "last" takes none but the one that is its own sender, the last case of the catalogue, and "open"
 * all; what is taken is delivered at once to COLLECTOR, from the host's own address, to the mailbox
 * in DOMAIN that the address begins with. "ready" is printed when it listens; when standard input
 * ends, "CONNECTIONS MOST_AT_ONCE MOST_AT_ONE_HOST".
 */
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/resource.h>
#include <unistd.h>

#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <event2/event.h>
#include <event2/listener.h>

#include <orbl/addr.h>
#include <orbl/text.h>

enum { PATH_MAX_LEN = 512, TOKEN_LEN = 28, HOSTS_MAX = 1 << 16 };
enum mode { CLOSED, LAST, OPEN };

struct hosts {
	struct event_base *base;
	enum mode mode;
	struct timeval delay;
	struct endpoint collector;
	const char *domain;
	unsigned connections, now, most, most_at_host;
	unsigned char now_at_host[HOSTS_MAX]; /* by the last two bytes of the address */
};

struct session {
	struct hosts *hosts;
	struct bufferevent *bev;
	struct event *timer;
	struct addr host;
	bool in_message, closing;
	char sender[PATH_MAX_LEN], rcpt[PATH_MAX_LEN]; /* rcpt "": none taken */
};

static unsigned char *
count_of(struct session *s)
{
	return &s->hosts->now_at_host[s->host.b[2] << 8 | s->host.b[3]];
}

static void
close_session(struct session *s)
{
	s->hosts->now--;
	--*count_of(s);
	event_free(s->timer);
	bufferevent_free(s->bev);
	free(s);
}

/* --- delivery ----------------------------------------------------------- */

struct delivery {
	unsigned step;
	char sender[PATH_MAX_LEN], rcpt[PATH_MAX_LEN];
};

static void
end_delivery(struct bufferevent *bev, struct delivery *d)
{
	bufferevent_free(bev);
	free(d);
}

static void
deliver_next(struct bufferevent *bev, void *context)
{
	struct evbuffer *in = bufferevent_get_input(bev), *out = bufferevent_get_output(bev);
	struct delivery *d = context;
	char *line;

	while ((line = evbuffer_readln(in, NULL, EVBUFFER_EOL_CRLF)) != NULL) {
		free(line);
		switch (d->step++) {
		case 0: evbuffer_add_printf(out, "HELO host.example\r\n"); break;
		case 1: evbuffer_add_printf(out, "MAIL FROM:%s\r\n", d->sender); break;
		case 2: evbuffer_add_printf(out, "RCPT TO:%s\r\n", d->rcpt); break;
		case 3: evbuffer_add_printf(out, "DATA\r\n"); break;
		case 4: evbuffer_add_printf(out, "Subject: test\r\n\r\n.\r\n"); break;
		case 5: evbuffer_add_printf(out, "QUIT\r\n"); break;
		default: end_delivery(bev, d); return;
		}
	}
}

static void
delivery_event(struct bufferevent *bev, short what, void *context)
{
	if ((what & BEV_EVENT_CONNECTED) == 0)
		end_delivery(bev, context);
}

/* The token is the first run of letters and digits that is long enough. */
static bool
find_mailbox(const char *path, const char *domain, char out[PATH_MAX_LEN])
{
	static const char alphabet[] = "abcdefghijklmnopqrstuvwxyz234567";

	for (; *path != '\0'; path++)
		if (strspn(path, alphabet) == TOKEN_LEN) {
			snprintf(out, PATH_MAX_LEN, "<%.*s@%s>", TOKEN_LEN, path, domain);
			return true;
		}
	return false;
}

static void
deliver(struct session *s)
{
	struct endpoint from = {.addr = s->host};
	struct delivery *d = calloc(1, sizeof(*d));
	struct sockaddr_storage ss;
	struct bufferevent *bev;
	socklen_t len;
	int fd;

	if (d == NULL || !find_mailbox(s->rcpt, s->hosts->domain, d->rcpt)) {
		free(d);
		return;
	}
	memcpy(d->sender, s->sender, sizeof(d->sender));
	fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	len = endpoint_to_sockaddr(&from, &ss);
	if (bind(fd, (struct sockaddr *)&ss, len) != 0)
		abort();
	bev = bufferevent_socket_new(s->hosts->base, fd, BEV_OPT_CLOSE_ON_FREE);
	bufferevent_setcb(bev, deliver_next, NULL, delivery_event, d);
	len = endpoint_to_sockaddr(&s->hosts->collector, &ss);
	bufferevent_enable(bev, EV_READ | EV_WRITE);
	bufferevent_socket_connect(bev, (struct sockaddr *)&ss, (int)len);
}

/* --- the dialogue ------------------------------------------------------- */

static bool
is_taken(const struct session *s, const char *rcpt)
{
	return s->hosts->mode == OPEN || (s->hosts->mode == LAST && strcmp(rcpt, s->sender) == 0);
}

static const char *
take_rcpt(struct session *s, const char *rcpt)
{
	if (!is_taken(s, rcpt))
		return "554 5.7.1 Relay access denied";
	snprintf(s->rcpt, sizeof(s->rcpt), "%s", rcpt);
	return "250 2.1.5 Ok";
}

static const char *
answer(struct session *s, const char *line)
{
	if (s->in_message) {
		if (strcmp(line, ".") != 0)
			return NULL;
		s->in_message = false;
		deliver(s);
		s->rcpt[0] = '\0';
		return "250 2.0.0 Ok: queued";
	}
	if (strncasecmp(line, "EHLO", 4) == 0)
		return "250-host.example.net\r\n250-SIZE 10240000\r\n250-PIPELINING\r\n250 "
		       "8BITMIME";
	if (strncasecmp(line, "MAIL FROM:", 10) == 0)
		snprintf(s->sender, sizeof(s->sender), "%s", line + 10);
	if (strncasecmp(line, "RCPT TO:", 8) == 0)
		return take_rcpt(s, line + 8);
	if (strcasecmp(line, "DATA") == 0) {
		s->in_message = s->rcpt[0] != '\0';
		return s->in_message ? "354 go ahead" : "503 no recipient";
	}
	s->closing = strcasecmp(line, "QUIT") == 0;
	return s->closing ? "221 2.0.0 Bye" : "250 2.0.0 Ok";
}

static void
answer_all(evutil_socket_t fd, short what, void *context)
{
	struct session *s = context;
	struct evbuffer *in = bufferevent_get_input(s->bev);
	struct evbuffer *out = bufferevent_get_output(s->bev);
	char *line;

	(void)fd;
	(void)what;
	while (!s->closing && (line = evbuffer_readln(in, NULL, EVBUFFER_EOL_CRLF)) != NULL) {
		const char *reply = answer(s, line);

		free(line);
		if (reply != NULL)
			evbuffer_add_printf(out, "%s\r\n", reply);
	}
}

static void
take_input(struct bufferevent *bev, void *context)
{
	struct session *s = context;

	(void)bev;
	if (s->hosts->delay.tv_sec == 0 && s->hosts->delay.tv_usec == 0)
		answer_all(-1, 0, s);
	else if (!evtimer_pending(s->timer, NULL))
		evtimer_add(s->timer, &s->hosts->delay);
}

static void
output_sent(struct bufferevent *bev, void *context)
{
	struct session *s = context;

	(void)bev;
	if (s->closing)
		close_session(s);
}

static void
session_event(struct bufferevent *bev, short what, void *context)
{
	(void)bev;
	(void)what;
	close_session(context);
}

static void
count_session(struct session *s)
{
	struct hosts *h = s->hosts;
	unsigned char here = ++*count_of(s);

	h->connections++;
	if (++h->now > h->most)
		h->most = h->now;
	if (here > h->most_at_host)
		h->most_at_host = here;
}

static void
take_connection(struct evconnlistener *listener, evutil_socket_t fd, struct sockaddr *sa, int len,
	void *context)
{
	struct session *s = calloc(1, sizeof(*s));
	struct hosts *h = context;
	struct sockaddr_storage ss;
	socklen_t ss_len = sizeof(ss);

	(void)listener;
	(void)sa;
	(void)len;
	if (s == NULL || getsockname(fd, (struct sockaddr *)&ss, &ss_len) != 0)
		abort();
	s->hosts = h;
	s->host = endpoint_from_sockaddr((struct sockaddr *)&ss).addr;
	s->timer = evtimer_new(h->base, answer_all, s);
	s->bev = bufferevent_socket_new(h->base, fd, BEV_OPT_CLOSE_ON_FREE);
	bufferevent_setcb(s->bev, take_input, output_sent, session_event, s);
	count_session(s);
	evbuffer_add_printf(bufferevent_get_output(s->bev), "220 host.example.net ESMTP\r\n");
	bufferevent_enable(s->bev, EV_READ | EV_WRITE);
}

/* --- start -------------------------------------------------------------- */

static void
input_ended(evutil_socket_t fd, short what, void *context)
{
	struct event_base *base = context;
	char bytes[64];

	(void)what;
	if (read(fd, bytes, sizeof(bytes)) <= 0)
		event_base_loopbreak(base);
}

static bool
read_arguments(struct hosts *h, char **argv, struct endpoint *where)
{
	static const char *const modes[] = {"closed", "last", "open"};
	uint64_t port, delay_ms;
	size_t i = 0;

	if (text_to_u64(text_of(argv[1]), 65535, &port) != OK ||
		text_to_u64(text_of(argv[2]), 60000, &delay_ms) != OK ||
		endpoint_parse(text_of(argv[4]), &h->collector) != OK)
		return false;
	while (i < ORBL_COUNT(modes) && strcmp(modes[i], argv[3]) != 0)
		i++;
	h->mode = (enum mode)i;
	h->delay.tv_sec = (time_t)(delay_ms / 1000);
	h->delay.tv_usec = (suseconds_t)(delay_ms % 1000 * 1000);
	h->domain = argv[5];
	*where = (struct endpoint){.addr = {.family = 4}, .port = (uint16_t)port};
	return i < ORBL_COUNT(modes);
}

static void
raise_limit(void)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) == 0) {
		limit.rlim_cur = limit.rlim_max;
		setrlimit(RLIMIT_NOFILE, &limit);
	}
}

int
main(int argc, char **argv)
{
	struct hosts *h = calloc(1, sizeof(*h));
	struct evconnlistener *listener;
	struct endpoint where;
	struct sockaddr_storage ss;
	struct event *input;
	socklen_t len;

	if (h == NULL || argc != 6 || !read_arguments(h, argv, &where)) {
		fprintf(stderr,
			"usage: probe_hosts PORT DELAY_MS closed|last|open COLLECTOR DOMAIN\n");
		return 2;
	}
	raise_limit();
	len = endpoint_to_sockaddr(&where, &ss);
	h->base = event_base_new();
	listener = evconnlistener_new_bind(h->base, take_connection, h,
		LEV_OPT_CLOSE_ON_FREE | LEV_OPT_REUSEABLE, 4096, (struct sockaddr *)&ss, (int)len);
	if (listener == NULL) {
		perror("probe_hosts: listen");
		return 1;
	}
	input = event_new(h->base, STDIN_FILENO, EV_READ | EV_PERSIST, input_ended, h->base);
	event_add(input, NULL);
	puts("ready");
	fflush(stdout);
	event_base_dispatch(h->base);
	printf("%u %u %u\n", h->connections, h->most, h->most_at_host);
	return 0;
}
