#include "keeper_transfer.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <orbl/clock.h>
#include <orbl/log.h>

#include "channel.h"
#include "give.h"
#include "keeper_tls.h"
#include "message.h"
#include "rights.h"
#include "tls_files.h"
#include "transfer.h"

enum { STATUS_ROWS = 4096 };

/* What it has of a source, and how many files of older versions were looked for. */
struct owed {
	bool is_owed, has_snapshot;
	size_t older;
};

struct keeper_transfer {
	struct keeper_transfer_options options;
	struct transfer_options child;
	struct service service;
	int query_ends[HANDED_CHANNELS]; /* of the channels between the two */
	int *udp;
	struct keeper_tls tls;
	bool has_begun, is_begin_owed, is_tls_owed;
	struct owed *owed; /* one a source */
};

bool
keeper_transfer_is_wanted(const struct conf *conf)
{
	return peers_is_needed(conf);
}

/* --- the child ------------------------------------------------------------------- */

static void
close_others(const struct keeper_transfer *t, int keeper)
{
	size_t endpoints = t->options.server->endpoint_count, used = 0;
	int *keep = calloc(endpoints + 1 + HANDED_CHANNELS + t->child.tls_listener_count,
		sizeof(*keep));

	if (keep == NULL)
		return;
	keep[used++] = keeper;
	for (size_t i = 0; i < HANDED_CHANNELS; i++)
		keep[used++] = t->child.handed[i];
	for (size_t i = 0; i < endpoints; i++)
		keep[used++] = t->udp[i];
	for (size_t i = 0; i < t->child.tls_listener_count; i++)
		keep[used++] = t->child.tls_listeners[i];
	sandbox_close_others(keep, used);
	free(keep);
}

static int
run(void *context, int keeper)
{
	struct keeper_transfer *t = context;
	const struct sandbox sandbox = rights_of_transfer_process(t->options.server->conf);
	struct error e = {.code = OK};
	enum err err = OK;

	t->child.keeper = keeper;
	if (t->tls.fd >= 0)
		err = tls_files_open(t->tls.fd, &t->child.tls_server, &e);
	close_others(t, keeper);
	if (err == OK && transfer_prepare(&t->child, &e) == OK && sandbox_enter(&sandbox, &e) == OK)
		return transfer_run(&t->child);
	log_error("transfer process: %s", e.text);
	return EXIT_FAILURE;
}

/* --- open and close ---------------------------------------------------------------- */

static enum err
open_channels(struct keeper_transfer *t, struct error *e)
{
	enum err err = OK;
	int pair[2];

	for (size_t i = 0; i < HANDED_CHANNELS; i++)
		t->query_ends[i] = t->child.handed[i] = -1;
	for (size_t i = 0; i < HANDED_CHANNELS && err == OK; i++) {
		err = channel_pair(pair, e);
		t->query_ends[i] = pair[0];
		t->child.handed[i] = pair[1];
	}
	return err;
}

static enum err
open_all(struct keeper_transfer *t, struct error *e)
{
	const struct server_options *o = t->options.server;
	const struct listener *listeners = listeners_of(t->options.listeners, 0);
	enum err err = open_channels(t, e);

	if (err != OK)
		return err;
	t->child.server = o;
	t->child.answer = t->options.answer;
	t->child.status = transfer_status_new(STATUS_ROWS);
	t->owed = calloc(reload_source_count(t->options.reload) + 1, sizeof(*t->owed));
	t->udp = calloc(o->endpoint_count, sizeof(*t->udp));
	if (t->child.status == NULL || t->owed == NULL || t->udp == NULL)
		return error_set(e, ERR_MEMORY, "out of memory for transfers");
	for (size_t i = 0; i < o->endpoint_count; i++)
		t->udp[i] = listeners[i].udp;
	t->child.udp = t->udp;
	t->child.tls_listeners = listeners_tls(t->options.listeners, &t->child.tls_listener_count);
	t->service = (struct service){
		.name = "the transfer process",
		.run = run,
		.context = t,
		.child = {.title = "orbl-transfer", .channel = -1},
	};
	return OK;
}

enum err
keeper_transfer_open(const struct keeper_transfer_options *options, struct keeper_transfer **out,
	struct error *e)
{
	struct keeper_transfer *t = calloc(1, sizeof(*t));
	enum err err;

	*out = NULL;
	if (t == NULL)
		return error_set(e, ERR_MEMORY, "out of memory for transfers");
	t->options = *options;
	t->tls = (struct keeper_tls){.certificate = options->server->conf->transfer.tls_certificate,
		.key = options->server->conf->transfer.tls_key,
		.fd = -1};
	err = open_all(t, e);
	if (err == OK)
		*out = t;
	else
		keeper_transfer_close(t);
	return err;
}

void
keeper_transfer_close(struct keeper_transfer *t)
{
	if (t == NULL)
		return;
	service_stop(&t->service);
	for (size_t i = 0; i < HANDED_CHANNELS; i++) {
		if (t->query_ends[i] >= 0)
			close(t->query_ends[i]);
		if (t->child.handed[i] >= 0)
			close(t->child.handed[i]);
	}
	transfer_status_free(t->child.status);
	peers_free(t->child.peers);
	tls_context_free(t->child.tls_client);
	keeper_tls_close(&t->tls);
	free(t->owed);
	free(t->udp);
	free(t);
}

enum err
keeper_transfer_start(struct keeper_transfer *t, struct error *e)
{
	const struct conf *conf;
	bool is_new;
	enum err err;

	if (t == NULL)
		return OK;
	conf = t->options.server->conf;
	err = peers_new(conf, &t->child.peers, e);
	if (err == OK && peers_use_tls(t->child.peers))
		err = tls_context_client(conf->transfer.tls_ca, &t->child.tls_client, e);
	if (err == OK && conf->transfer.tls_listen.count != 0)
		err = keeper_tls_load(&t->tls, &is_new, e);
	return err == OK ? service_start(&t->service, clock_monotonic_ms(), e) : err;
}

void
keeper_transfer_forget(struct keeper_transfer *t, bool reads_status)
{
	if (t == NULL)
		return;
	peers_free(t->child.peers);
	t->child.peers = NULL;
	keeper_tls_close(&t->tls);
	if (reads_status)
		return;
	transfer_status_free(t->child.status);
	t->child.status = NULL;
}

void
keeper_transfer_channels(const struct keeper_transfer *t, int out[HANDED_CHANNELS])
{
	for (size_t i = 0; i < HANDED_CHANNELS; i++)
		out[i] = t != NULL ? t->query_ends[i] : -1;
}

const struct transfer_status *
keeper_transfer_status(const struct keeper_transfer *t)
{
	return t != NULL ? t->child.status : NULL;
}

const struct service *
keeper_transfer_service(const struct keeper_transfer *t)
{
	return t != NULL ? &t->service : NULL;
}

int
keeper_transfer_fd(const struct keeper_transfer *t)
{
	return t != NULL ? t->service.child.channel : -1;
}

/* --- what is sent ---------------------------------------------------------------------- */

/* False: the channel is full, or closed; the poll will tell. */
static bool
send_source(struct keeper_transfer *t, size_t i)
{
	struct owed *owed = &t->owed[i];
	const struct source_data *data = &reload_source(t->options.reload, i)->data;

	if (!owed->is_owed || data->snapshot == NULL)
		return true;
	if (give_data(t->service.child.channel, i, data, owed->has_snapshot, false, NULL) != OK)
		return false;
	owed->is_owed = false;
	owed->has_snapshot = true;
	return true;
}

/* Once, when it is told of a source: from then on it keeps them itself. The bases come before the
 * deltas of them. */
static bool
send_older(struct keeper_transfer *t, size_t i)
{
	const size_t versions = (size_t)t->options.server->conf->transfer.history;
	size_t deltas = versions < SNAPSHOT_HISTORY_MAX ? versions : SNAPSHOT_HISTORY_MAX;
	size_t count = versions != 0 ? 2 + deltas : 0;
	const struct source *source = reload_source(t->options.reload, i);
	struct owed *owed = &t->owed[i];
	char path[SNAPSHOT_HISTORY_PATH] = "the base";

	for (; owed->has_snapshot && owed->older < count; owed->older++) {
		bool is_base = owed->older == 0, ok = true;
		int fd = is_base ? -1 : source_open_older(source, owed->older - 1, path);

		if (is_base || fd >= 0)
			ok = give_older(t->service.child.channel, i, fd, path, NULL) == OK;
		if (fd >= 0)
			close(fd);
		if (!ok)
			return false;
	}
	return true;
}

static bool
send_tls(struct keeper_transfer *t)
{
	struct message m = {.kind = MESSAGE_TLS};
	struct channel_fds fds = {.count = 1, .fd = {t->tls.fd}};

	if (t->is_tls_owed)
		t->is_tls_owed = channel_send(t->service.child.channel, &m, sizeof(m), &fds, false,
					 NULL) != OK;
	return !t->is_tls_owed;
}

static void
send_owed(struct keeper_transfer *t)
{
	size_t sources = reload_source_count(t->options.reload);

	if (!service_runs(&t->service) || !send_tls(t))
		return;
	for (size_t i = 0; i < sources; i++)
		if (!send_source(t, i))
			return;
	for (size_t i = 0; i < sources; i++)
		if (!send_older(t, i))
			return;
	if (t->is_begin_owed && give_start(t->service.child.channel, false, NULL) == OK)
		t->is_begin_owed = false;
}

void
keeper_transfer_owe(struct keeper_transfer *t, size_t source, bool same_snapshot)
{
	if (t == NULL)
		return;
	t->owed[source].is_owed = true;
	t->owed[source].has_snapshot &= same_snapshot;
}

enum err
keeper_transfer_load_tls(struct keeper_transfer *t, int64_t now_s, struct error *e)
{
	bool is_new = false;
	enum err err;

	if (t == NULL || t->options.server->conf->transfer.tls_listen.count == 0)
		return OK;
	err = keeper_tls_load(&t->tls, &is_new, e);
	t->is_tls_owed |= is_new;
	send_owed(t);
	keeper_tls_warn(&t->tls, transfer_status_expires_s(t->child.status), now_s);
	return err;
}

void
keeper_transfer_begin(struct keeper_transfer *t)
{
	if (t == NULL)
		return;
	t->has_begun = t->is_begin_owed = true;
	send_owed(t);
}

enum err
keeper_transfer_fetch(struct keeper_transfer *t, size_t index, struct error *e)
{
	struct message m = {.kind = MESSAGE_FETCH, .index = (uint32_t)index};

	if (t == NULL || !service_runs(&t->service))
		return error_set(e, ERR_REFUSED, "there is no transfer process to ask primaries");
	return channel_send(t->service.child.channel, &m, sizeof(m), NULL, false, e);
}

/* --- what it says ----------------------------------------------------------------------- */

static void
owe_everything(struct keeper_transfer *t)
{
	for (size_t i = 0; i < reload_source_count(t->options.reload); i++)
		t->owed[i] = (struct owed){.is_owed = true};
	t->is_begin_owed = t->has_begun;
}

static void
receive(struct keeper_transfer *t, const struct message *m, const struct channel_fds *fds)
{
	struct message reply = {.kind = MESSAGE_TAKEN, .index = m->index};
	struct error e = {.code = OK};
	enum err err;

	if (fds->count != 1 || m->index >= t->options.server->zone_count)
		err = error_set(&e, ERR_CORRUPT, "what was sent is no zone");
	else
		err = t->options.receive(t->options.context, m->index, fds->fd[0], &e);
	reply.code = (uint32_t)err;
	snprintf(reply.text, sizeof(reply.text), "%.*s", (int)sizeof(reply.text) - 1,
		err != OK ? e.text : "");
	if (channel_send(t->service.child.channel, &reply, sizeof(reply), NULL, false, NULL) != OK)
		log_debug("the transfer process takes no answer");
}

/* Data that it could not take are sent whole the next time. */
static void
handle(struct keeper_transfer *t, const struct message *m, const struct channel_fds *fds)
{
	if (m->kind == MESSAGE_RECEIVED)
		receive(t, m, fds);
	else if (m->kind == MESSAGE_TAKEN && m->code != OK &&
		m->index < reload_source_count(t->options.reload))
		t->owed[m->index].has_snapshot = false;
}

void
keeper_transfer_read(struct keeper_transfer *t, int64_t now_ms)
{
	struct channel_fds fds = {.count = 0};
	struct error e = {.code = OK};
	struct message m;
	size_t len = 0;

	if (channel_receive(t->service.child.channel, &m, sizeof(m), &len, &fds, &e) != OK ||
		len != sizeof(m)) {
		channel_close_fds(&fds);
		service_ended(&t->service, now_ms);
		return;
	}
	handle(t, &m, &fds);
	channel_close_fds(&fds);
	send_owed(t);
}

void
keeper_transfer_tick(struct keeper_transfer *t, int64_t now_ms)
{
	if (t == NULL)
		return;
	if (service_tick(&t->service, now_ms))
		owe_everything(t);
	send_owed(t);
}

int64_t
keeper_transfer_wait_ms(const struct keeper_transfer *t, int64_t now_ms)
{
	return t != NULL ? service_wait_ms(&t->service, now_ms) : -1;
}
