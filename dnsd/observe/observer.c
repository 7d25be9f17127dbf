#include "observer.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include <orbl/clock.h>
#include <orbl/log.h>

#include "channel.h"
#include "dnstap.h"
#include "http.h"
#include "message.h"
#include "prometheus.h"
#include "query_log.h"

enum {
	POLL_KEEPER = HTTP_POLLS,
	POLL_OBSERVATIONS,
	POLL_TAP,
	POLLS,
	ROUND = 256,         /* observations before the others get their turn */
	TAP_AGAIN_MS = 5000, /* between two wishes for a connection */
	FLUSH_MS = 1000,     /* that a line of the log may wait */
	MESSAGE_MAX = sizeof(struct observation) + 2 * OBSERVATION_BYTES_MAX,
};

struct observer {
	const struct observer_options *options;
	bool has_ended;
	struct prometheus_sources sources;
	struct http *http;
	struct query_log *log;          /* NULL: none wanted */
	struct dnstap *tap;             /* likewise */
	int64_t tap_again_ms, flush_ms; /* flush_ms 0: nothing waits */
	uint8_t message[MESSAGE_MAX + 1];
};

static char *
make_metrics(void *context, size_t *len)
{
	const struct observer *o = context;
	struct prometheus_sources sources = o->sources;

	sources.has_dnstap = o->tap != NULL;
	sources.is_dnstap_connected = o->tap != NULL && dnstap_is_open(o->tap);
	return prometheus_text(&sources, time(NULL), len);
}

/* --- from the keeper ------------------------------------------------------------ */

static void
take_fd(struct observer *o, const struct message *message, int fd)
{
	if (message->kind == MESSAGE_LOG && o->log != NULL)
		query_log_change(o->log, fd);
	else if (message->kind == MESSAGE_TAP && o->tap != NULL)
		dnstap_connect(o->tap, fd);
	else
		close(fd);
}

static void
read_keeper(struct observer *o)
{
	struct message message;
	struct channel_fds fds = {.count = 0};
	struct error e = {.code = OK};
	size_t len = 0;
	enum err err = channel_receive(o->options->keeper, &message, sizeof(message), &len, &fds,
		&e);

	if (err == OK && len == sizeof(message) && fds.count == 1) {
		take_fd(o, &message, fds.fd[0]);
		return;
	}
	channel_close_fds(&fds);
	o->has_ended = err != ERR_TIMEOUT && (err != OK || len == 0);
}

static void
ask_for_tap(struct observer *o, int64_t now_ms)
{
	struct message message = {.kind = MESSAGE_TAP_WANTED};
	struct error e = {.code = OK};

	if (o->tap == NULL || dnstap_is_connected(o->tap) || now_ms < o->tap_again_ms)
		return;
	o->tap_again_ms = now_ms + TAP_AGAIN_MS;
	if (channel_send(o->options->keeper, &message, sizeof(message), NULL, false, &e) != OK)
		log_debug("the keeper is busy: %s", e.text);
}

/* --- from the workers -------------------------------------------------------------- */

static void
observe(struct observer *o, size_t len, int64_t now_ms)
{
	const uint8_t *query, *reply;
	struct observation header;
	struct stats_zone zone;
	uint8_t origin[WIRE_NAME_MAX];
	size_t origin_len = 0;
	bool has_zone;

	if (!observation_read(o->message, len, &header, &query, &reply))
		return;
	has_zone = stats_zone(o->options->stats, header.row, &zone);
	if ((header.what & OBSERVATION_LOG) != 0 && o->log != NULL) {
		query_log_add(o->log, &header, has_zone ? zone.name : NULL, query, reply);
		if (o->flush_ms == 0)
			o->flush_ms = now_ms + FLUSH_MS;
	}
	if ((header.what & OBSERVATION_TAP) == 0 || o->tap == NULL)
		return;
	if (has_zone && wire_name_parse(text_of(zone.name), origin, &origin_len) != OK)
		origin_len = 0;
	dnstap_add(o->tap, &header, origin, origin_len, query, reply);
}

static void
read_observations(struct observer *o, int64_t now_ms)
{
	for (int i = 0; i < ROUND; i++) {
		ssize_t n = recv(o->options->observations, o->message, sizeof(o->message),
			MSG_DONTWAIT);

		if (n <= 0)
			return;
		observe(o, (size_t)n, now_ms);
	}
}

/* --- the loop ------------------------------------------------------------------------- */

static int
sooner(int wait_ms, int64_t due_ms, int64_t now_ms)
{
	int64_t left = due_ms > now_ms ? due_ms - now_ms : 0;

	return wait_ms < 0 || left < wait_ms ? (int)left : wait_ms;
}

/* Do what is due. Returns how long there is nothing to do without an event, -1: for ever. */
static int
do_timed_work(struct observer *o, int64_t now_ms)
{
	int wait_ms = http_expire(o->http, now_ms);

	if (o->flush_ms != 0 && now_ms >= o->flush_ms) {
		query_log_flush(o->log);
		o->flush_ms = 0;
	}
	if (o->flush_ms != 0)
		wait_ms = sooner(wait_ms, o->flush_ms, now_ms);
	ask_for_tap(o, now_ms);
	if (o->tap != NULL && !dnstap_is_connected(o->tap))
		wait_ms = sooner(wait_ms, o->tap_again_ms, now_ms);
	return wait_ms;
}

static void
serve_once(struct observer *o)
{
	struct pollfd polls[POLLS];
	int wait_ms = do_timed_work(o, clock_monotonic_ms());
	int64_t now_ms;

	http_prepare(o->http, polls);
	polls[POLL_KEEPER] = (struct pollfd){.fd = o->options->keeper, .events = POLLIN};
	polls[POLL_OBSERVATIONS] = (struct pollfd){.fd = o->options->observations,
		.events = POLLIN};
	polls[POLL_TAP] = (struct pollfd){.fd = -1};
	if (o->tap != NULL)
		dnstap_prepare(o->tap, &polls[POLL_TAP]);
	if (poll(polls, POLLS, wait_ms) < 0)
		return;
	now_ms = clock_monotonic_ms();
	if (polls[POLL_OBSERVATIONS].revents != 0)
		read_observations(o, now_ms);
	if (o->tap != NULL)
		dnstap_serve(o->tap, &polls[POLL_TAP]);
	http_serve(o->http, polls, now_ms);
	if (polls[POLL_KEEPER].revents != 0)
		read_keeper(o);
}

static bool
open_observer(struct observer *o)
{
	const struct observer_files *f = o->options->files;
	const struct conf *conf = f->conf;
	struct http_body body = {make_metrics, o, PROMETHEUS_TYPE};

	o->sources = (struct prometheus_sources){
		.stats = o->options->stats,
		.transfers = o->options->transfers,
		.access = o->options->access,
		.started_s = o->options->started_s,
	};
	o->http = http_new(f->metrics, f->metrics_count, &body);
	if (conf->dnsd.query_log[0] != '\0')
		o->log = query_log_new(f->log, conf->dnsd.query_log_clients != 0);
	if (conf->dnsd.dnstap[0] != '\0')
		o->tap = dnstap_new(conf->dnsd.identity, conf->dnsd.version);
	return o->http != NULL && (conf->dnsd.query_log[0] == '\0' || o->log != NULL) &&
		(conf->dnsd.dnstap[0] == '\0' || o->tap != NULL);
}

int
observer_run(const struct observer_options *options)
{
	struct observer *o = calloc(1, sizeof(*o));
	int status = EXIT_FAILURE;

	if (o != NULL)
		o->options = options;
	if (o != NULL && open_observer(o)) {
		while (!o->has_ended)
			serve_once(o);
		status = EXIT_SUCCESS;
	} else {
		log_error("out of memory for the observer");
	}
	if (o != NULL) {
		http_free(o->http);
		query_log_free(o->log);
		dnstap_free(o->tap);
	}
	free(o);
	return status;
}
