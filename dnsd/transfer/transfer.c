#include "transfer.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include <orbl/clock.h>
#include <orbl/log.h>

#include "channel.h"
#include "connections.h"
#include "notify.h"
#include "requests.h"
#include "tls_files.h"
#include "zone_table.h"

enum {
	POLL_KEEPER,
	POLL_HANDED, /* HANDED_CHANNELS of them */
	POLLS_OWN = POLL_HANDED + HANDED_CHANNELS,
	HANDED_A_TURN = 64,
	BEGIN_AFTER_MS = 10000, /* when the keeper does not say that it has sent everything */
};

/* Of one source: what incoming borrows. */
struct taken {
	struct snapshot *snapshot, *delta;
};

struct transfer {
	const struct transfer_options *options;
	struct zone_table table;
	struct requests requests;
	struct connections *connections;
	struct tls_context *tls; /* of our own certificate; NULL: none */
	struct notify *notify;
	struct taken *taken; /* one a source */
	struct incoming_zone *zones;
	struct pollfd *polls;
	size_t notify_polls, incoming_polls, connection_polls;
	int64_t started_ms;
	bool has_begun, stop;
	struct handed handed;
	uint8_t reply[REQUESTS_REPLY_MAX];
};

static void
read_clock(struct transfer *t)
{
	t->requests.now.ms = clock_monotonic_ms();
	t->requests.now.s = (int64_t)time(NULL);
}

static struct notify_times
notify_now(const struct transfer *t)
{
	return (struct notify_times){t->requests.now.ms, t->requests.now.s};
}

/* --- the keeper ---------------------------------------------------------------------------- */

static void
send_taken(struct transfer *t, uint32_t index, enum err err, const char *text)
{
	struct message m = {.kind = MESSAGE_TAKEN, .index = index, .code = (uint32_t)err};
	struct error e = {.code = OK};

	text_printable(text_of(text), m.text, sizeof(m.text));
	if (channel_send(t->options->keeper, &m, sizeof(m), NULL, false, &e) != OK)
		log_warning("transfer process: %s", e.text);
}

/* Both are the receiver's; on error there is none. */
static enum err
open_files(const struct message *m, const struct channel_fds *fds, struct taken *out,
	struct error *e)
{
	size_t wanted = (m->has_snapshot != 0 ? 1u : 0u) + (m->has_delta != 0 ? 1u : 0u);
	enum err err = OK;

	*out = (struct taken){.snapshot = NULL};
	if (fds->count != wanted || m->has_snapshot == 0)
		return error_set(e, ERR_CORRUPT, "a message of the keeper has %zu files, not %zu",
			fds->count, wanted);
	err = snapshot_open_fd(fds->fd[0], "the keeper's snapshot", &out->snapshot, e);
	if (err == OK && m->has_delta != 0)
		err = snapshot_open_fd(fds->fd[1], "the keeper's delta", &out->delta, e);
	if (err != OK) {
		snapshot_close(out->snapshot);
		*out = (struct taken){.snapshot = NULL};
	}
	return err;
}

static bool
is_from_primary(const struct transfer *t, size_t entry)
{
	return t->table.entries[entry].zone->source.kind == FEED_TRANSFER;
}

/* The generations decide how long theirs live, so incoming has its own. */
static void
tell_incoming(struct transfer *t, size_t source, const struct message *m,
	const struct channel_fds *fds)
{
	struct taken next;
	struct error e = {.code = OK};
	bool is_used = false;

	for (size_t i = 0; i < t->table.entry_count; i++)
		is_used |= t->table.entries[i].source == source && is_from_primary(t, i);
	if (!is_used || t->requests.incoming == NULL || open_files(m, fds, &next, &e) != OK)
		return;
	for (size_t i = 0; i < t->table.entry_count; i++)
		if (t->table.entries[i].source == source && is_from_primary(t, i))
			incoming_take(t->requests.incoming, (uint32_t)i, next.snapshot, next.delta,
				&t->requests.now);
	snapshot_close(t->taken[source].delta);
	snapshot_close(t->taken[source].snapshot);
	t->taken[source] = next;
}

static void
notify_newest(struct transfer *t)
{
	struct generation *newest = generations_newest(t->requests.generations);
	struct notify_times now = notify_now(t);

	if (newest != NULL)
		notify_zones(t->notify, generation_zones(newest), &now);
}

static void
take(struct transfer *t, const struct message *m, const struct channel_fds *fds)
{
	struct error e = {.code = OK};
	struct taken data;
	enum err err;

	if (m->index >= t->table.source_count) {
		send_taken(t, m->index, ERR_RANGE, "there is no such source");
		return;
	}
	err = open_files(m, fds, &data, &e);
	if (err == OK)
		err = generations_take(t->requests.generations, m->index, data.snapshot, data.delta,
			&e);
	if (err == OK) {
		tell_incoming(t, m->index, m, fds);
		notify_newest(t);
	} else {
		log_warning("transfers: %s", e.text);
	}
	send_taken(t, m->index, err, err == OK ? "" : e.text);
}

/* What cannot be used costs a secondary that has it a transfer of the whole zone, and no more. What
 * is left over from other bases is nothing bad. */
static void
take_older(struct transfer *t, const struct message *m, const struct channel_fds *fds)
{
	struct snapshot *file = NULL;
	struct error e = {.code = OK};
	enum err err = OK;

	if (fds->count != m->has_snapshot)
		err = error_set(&e, ERR_CORRUPT, "an older version has %zu files", fds->count);
	else if (fds->count != 0)
		err = snapshot_open_fd(fds->fd[0], m->text, &file, &e);
	if (err == OK)
		err = generations_take_older(t->requests.generations, m->index, file, &e);
	if (err == ERR_REFUSED)
		log_info("%s is not used for IXFR: %s", m->text, e.text);
	else if (err != OK)
		log_warning("an older version is not used for IXFR: %s", e.text);
	send_taken(t, m->index, OK, "");
}

static void
begin_incoming(struct transfer *t)
{
	if (!t->has_begun && t->requests.incoming != NULL)
		incoming_begin(t->requests.incoming, &t->requests.now);
	t->has_begun = true;
}

/* The keeper has checked it; what there is stays if it fails all the same. */
static void
take_certificate(struct transfer *t, const struct channel_fds *fds)
{
	struct tls_context *next = NULL;
	struct error e = {.code = OK};

	if (t->tls == NULL || fds->count != 1)
		error_set(&e, ERR_CORRUPT, "a certificate that nobody waits for");
	else
		e.code = tls_files_open(fds->fd[0], &next, &e);
	if (next == NULL) {
		log_error("transfer process: %s", e.text);
		return;
	}
	tls_context_free(t->tls);
	t->tls = next;
	transfer_status_set_expires(t->options->status, tls_context_expires_s(next));
}

static void
handle_message(struct transfer *t, struct message *m, const struct channel_fds *fds)
{
	m->text[sizeof(m->text) - 1] = '\0';
	switch (m->kind) {
	case MESSAGE_TAKE: take(t, m, fds); break;
	case MESSAGE_OLDER: take_older(t, m, fds); break;
	case MESSAGE_START: begin_incoming(t); break;
	case MESSAGE_TLS: take_certificate(t, fds); break;
	case MESSAGE_TAKEN:
		if (m->code != OK && t->requests.incoming != NULL)
			incoming_rejected(t->requests.incoming, m->index, m->text,
				&t->requests.now);
		break;
	case MESSAGE_FETCH:
		if (t->requests.incoming != NULL)
			incoming_fetch(t->requests.incoming, m->index, &t->requests.now);
		break;
	default: break;
	}
}

/* False: there is no more for now. */
static bool
read_keeper(struct transfer *t)
{
	struct channel_fds fds = {.count = 0};
	struct error e = {.code = OK};
	struct message m;
	size_t len = 0;
	enum err err = channel_receive(t->options->keeper, &m, sizeof(m), &len, &fds, &e);

	if (err == ERR_TIMEOUT)
		return false;
	if (err != OK)
		log_error("transfer process: %s", e.text);
	if (err != OK || len == 0)
		t->stop = true;
	else if (len == sizeof(m))
		handle_message(t, &m, &fds);
	channel_close_fds(&fds);
	return !t->stop;
}

/* Of incoming: a zone that was received goes to the keeper, which can write files. */
static bool
deliver(void *context, uint32_t index, int fd)
{
	struct transfer *t = context;
	struct message m = {.kind = MESSAGE_RECEIVED, .index = index};
	struct channel_fds fds = {.count = 1, .fd = {fd}};
	struct error e = {.code = OK};
	bool sent = channel_send(t->options->keeper, &m, sizeof(m), &fds, false, &e) == OK;

	close(fd);
	return sent;
}

/* --- what the query process hands over ------------------------------------------------------ */

static size_t
set_source(const struct addr *local, struct msghdr *h)
{
	struct cmsghdr *c = CMSG_FIRSTHDR(h);

	if (local->family == 4) {
		struct in_pktinfo info = {.ipi_ifindex = 0};

		memcpy(&info.ipi_spec_dst, local->b, sizeof(info.ipi_spec_dst));
		c->cmsg_level = IPPROTO_IP;
		c->cmsg_type = IP_PKTINFO;
		c->cmsg_len = CMSG_LEN(sizeof(info));
		memcpy(CMSG_DATA(c), &info, sizeof(info));
		return CMSG_SPACE(sizeof(info));
	}
	if (local->family == 6) {
		struct in6_pktinfo info = {.ipi6_ifindex = 0};

		memcpy(&info.ipi6_addr, local->b, sizeof(info.ipi6_addr));
		c->cmsg_level = IPPROTO_IPV6;
		c->cmsg_type = IPV6_PKTINFO;
		c->cmsg_len = CMSG_LEN(sizeof(info));
		memcpy(CMSG_DATA(c), &info, sizeof(info));
		return CMSG_SPACE(sizeof(info));
	}
	return 0;
}

/* From the address it was sent to. What cannot be sent is lost, as datagrams may be. */
static void
send_datagram(struct transfer *t, const struct handed *h, size_t len)
{
	_Alignas(struct cmsghdr) uint8_t control[CMSG_SPACE(sizeof(struct in6_pktinfo))] = {0};
	struct sockaddr_storage to;
	struct iovec iov = {t->reply, len};
	struct msghdr message = {.msg_name = &to,
		.msg_iov = &iov,
		.msg_iovlen = 1,
		.msg_control = control,
		.msg_controllen = sizeof(control)};

	message.msg_namelen = endpoint_to_sockaddr(&h->client, &to);
	message.msg_controllen = set_source(&h->local, &message);
	if (message.msg_controllen == 0)
		message.msg_control = NULL;
	if (sendmsg(t->options->udp[h->endpoint], &message, MSG_NOSIGNAL | MSG_DONTWAIT) < 0)
		log_debug("a reply was not sent: %s", strerror(errno));
}

static void
answer_datagram(struct transfer *t, const struct handed *h)
{
	struct request r = {.client = h->client,
		.transport = ANSWER_UDP,
		.packet = h->bytes,
		.len = h->len};
	struct response response;

	requests_handle(&t->requests, &r, t->reply, sizeof(t->reply), &response);
	requests_end(&t->requests, &response, NULL);
	if (response.len != 0)
		send_datagram(t, h, response.len);
}

static bool
is_handed(const struct transfer *t, const struct handed *h, size_t len,
	const struct channel_fds *fds, enum answer_transport transport)
{
	size_t head = offsetof(struct handed, bytes);

	return len >= head && h->len <= sizeof(h->bytes) && h->len <= len - head &&
		h->endpoint < t->options->server->endpoint_count &&
		(h->client.addr.family == 4 || h->client.addr.family == 6) &&
		(h->is_tcp != 0) == (transport == ANSWER_TCP) && fds->count == (h->is_tcp != 0);
}

/* False: there is no more for now. */
static bool
read_handed(struct transfer *t, enum answer_transport transport)
{
	struct channel_fds fds = {.count = 0};
	struct handed *h = &t->handed;
	struct error e = {.code = OK};
	size_t len = 0;

	if (channel_receive(t->options->handed[transport], h, sizeof(*h), &len, &fds, &e) != OK ||
		len == 0)
		return false;
	if (!is_handed(t, h, len, &fds, transport))
		channel_close_fds(&fds);
	else if (h->is_tcp != 0)
		connections_add(t->connections, fds.fd[0], &h->client, h->bytes, h->len);
	else
		answer_datagram(t, h);
	return true;
}

/* --- the loop --------------------------------------------------------------------------------- */

static int
shorter(int a, int b)
{
	if (a < 0 || b < 0)
		return a < 0 ? b : a;
	return a < b ? a : b;
}

static int
time_to_wait(struct transfer *t)
{
	struct notify_times now = notify_now(t);
	int wait = shorter(connections_wait_ms(t->connections), notify_wait_ms(t->notify, &now));

	if (t->requests.incoming != NULL)
		wait = shorter(wait, incoming_wait_ms(t->requests.incoming, &t->requests.now));
	if (!t->has_begun) {
		int64_t left = t->started_ms + BEGIN_AFTER_MS - now.ms;

		wait = shorter(wait, left > 0 ? (int)left : 0);
	}
	return wait;
}

static size_t
prepare_polls(struct transfer *t)
{
	struct pollfd *at = t->polls;

	at[POLL_KEEPER] = (struct pollfd){.fd = t->options->keeper, .events = POLLIN};
	/* Until the keeper has sent everything, "no such zone" would be a wrong answer. */
	for (size_t i = 0; i < HANDED_CHANNELS; i++)
		at[POLL_HANDED + i] = (struct pollfd){.fd = t->has_begun ? t->options->handed[i] :
									   -1,
			.events = POLLIN};
	at += POLLS_OWN;
	t->notify_polls = notify_prepare(t->notify, at);
	at += t->notify_polls;
	t->incoming_polls = t->requests.incoming != NULL ?
		incoming_prepare(t->requests.incoming, at) :
		0;
	at += t->incoming_polls;
	t->connection_polls = connections_prepare(t->connections, at);
	at += t->connection_polls;
	for (size_t i = 0; i < t->options->tls_listener_count; i++)
		*at++ = (struct pollfd){.fd = t->has_begun &&
					connections_may_accept(t->connections) ?
				t->options->tls_listeners[i] :
				-1,
			.events = POLLIN};
	return (size_t)(at - t->polls);
}

static void
accept_tls(struct transfer *t, const struct pollfd *polls)
{
	for (size_t i = 0; i < t->options->tls_listener_count; i++)
		if (polls[i].revents != 0 && t->tls != NULL)
			connections_accept(t->connections, polls[i].fd, t->tls);
}

static void
serve_handed(struct transfer *t, enum answer_transport transport)
{
	if (t->polls[POLL_HANDED + transport].revents == 0)
		return;
	for (int i = 0; i < HANDED_A_TURN && read_handed(t, transport); i++)
		;
}

static void
serve_once(struct transfer *t)
{
	size_t count = prepare_polls(t);
	struct pollfd *at = t->polls + POLLS_OWN;
	struct notify_times now;

	if (poll(t->polls, count, time_to_wait(t)) < 0 && errno != EINTR)
		log_error("transfer process: poll: %s", strerror(errno));
	read_clock(t);
	if (t->polls[POLL_KEEPER].revents != 0)
		while (read_keeper(t))
			;
	now = notify_now(t);
	notify_serve(t->notify, at, t->notify_polls, &now);
	at += t->notify_polls;
	if (t->requests.incoming != NULL)
		incoming_serve(t->requests.incoming, at, t->incoming_polls, &t->requests.now);
	at += t->incoming_polls;
	connections_serve(t->connections, at, t->connection_polls);
	accept_tls(t, at + t->connection_polls);
	serve_handed(t, ANSWER_UDP);
	serve_handed(t, ANSWER_TCP);
	if (!t->has_begun && now.ms - t->started_ms >= BEGIN_AFTER_MS)
		begin_incoming(t);
}

/* --- start and end ------------------------------------------------------------------------------
 */

static enum err
open_incoming(struct transfer *t, const struct addr *source, struct error *e)
{
	struct incoming_options o = {.peers = t->options->peers,
		.tls = t->options->tls_client,
		.source = *source,
		.status = t->options->status,
		.deliver = deliver,
		.context = t};

	t->zones = calloc(t->table.entry_count + 1, sizeof(*t->zones));
	t->taken = calloc(t->table.source_count + 1, sizeof(*t->taken));
	if (t->zones == NULL || t->taken == NULL)
		return error_set(e, ERR_MEMORY, "out of memory for zones from primaries");
	for (size_t i = 0; i < t->table.entry_count; i++)
		if (is_from_primary(t, i))
			t->zones[o.zone_count++] = (struct incoming_zone){t->table.entries[i]
										  .zone->origin,
				(uint32_t)i};
	o.zones = t->zones;
	return o.zone_count != 0 ? incoming_new(&o, &t->requests.incoming, e) : OK;
}

static void
set_requests(struct transfer *t)
{
	struct requests *r = &t->requests;

	r->peers = t->options->peers;
	r->keys = peers_keys(t->options->peers);
	r->status = t->options->status;
	r->answer = *t->options->answer;
	r->answer.hands_over = false;
	r->refusals.per_minute = r->notifies.per_minute = LOG_LIMIT_PER_MINUTE;
	r->expand = (uint64_t)t->options->server->conf->transfer.expand;
}

static enum err
open_transfer(struct transfer *t, struct error *e)
{
	const struct server_options *o = t->options->server;
	size_t max = (size_t)o->conf->transfer.connections;
	struct addr source = {.family = 0};
	enum err err;

	if (o->conf->transfer.source[0] != '\0' &&
		addr_parse(text_of(o->conf->transfer.source), &source) != OK)
		return error_set(e, ERR_SYNTAX, "transfer.source is no address");
	err = zone_table_init(&t->table, o->zones, o->zone_count, o->max_age_s, e);
	if (err != OK)
		return err;
	set_requests(t);
	t->requests.generations = generations_new(&t->table, (size_t)o->conf->transfer.history);
	t->connections = connections_new(&t->requests, max);
	t->notify = notify_new(t->options->peers, &source, t->options->status);
	t->polls = calloc(POLLS_OWN + NOTIFY_POLLS_MAX + INCOMING_POLLS_MAX + max +
			t->options->tls_listener_count,
		sizeof(*t->polls));
	if (t->requests.generations == NULL || t->connections == NULL || t->notify == NULL ||
		t->polls == NULL)
		return error_set(e, ERR_MEMORY, "out of memory for transfers");
	return open_incoming(t, &source, e);
}

static void
close_transfer(struct transfer *t)
{
	connections_free(t->connections);
	notify_free(t->notify);
	incoming_free(t->requests.incoming);
	for (size_t i = 0; t->taken != NULL && i < t->table.source_count; i++) {
		snapshot_close(t->taken[i].delta);
		snapshot_close(t->taken[i].snapshot);
	}
	generations_free(t->requests.generations);
	zone_table_free(&t->table);
	tls_context_free(t->tls);
	free(t->taken);
	free(t->zones);
	free(t->polls);
	free(t);
}

enum err
transfer_prepare(const struct transfer_options *o, struct error *e)
{
	if (!tsig_prepare())
		return error_set(e, ERR_UNSUPPORTED, "libcrypto computes no HMAC; reinstall it");
	if (fcntl(o->keeper, F_SETFL, O_NONBLOCK) != 0 ||
		fcntl(o->handed[ANSWER_UDP], F_SETFL, O_NONBLOCK) != 0 ||
		fcntl(o->handed[ANSWER_TCP], F_SETFL, O_NONBLOCK) != 0)
		return error_errno(e, "cannot prepare the transfer process's channels");
	return OK;
}

int
transfer_run(const struct transfer_options *options)
{
	struct transfer *t = calloc(1, sizeof(*t));
	struct error e = {.code = OK};
	int status = EXIT_SUCCESS;

	if (t == NULL) {
		log_error("out of memory for the transfer process");
		return EXIT_FAILURE;
	}
	t->options = options;
	t->tls = options->tls_server;
	if (t->tls != NULL)
		transfer_status_set_expires(options->status, tls_context_expires_s(t->tls));
	read_clock(t);
	t->started_ms = t->requests.now.ms;
	if (open_transfer(t, &e) != OK) {
		log_error("transfer process: %s", e.text);
		status = EXIT_FAILURE;
	}
	while (status == EXIT_SUCCESS && !t->stop)
		serve_once(t);
	close_transfer(t);
	return status;
}
