#include "notify.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <unistd.h>

#include <orbl/log.h>

#include "big_endian.h"
#include "notify_message.h"
#include "peers_name.h"
#include "reply.h"

enum { RCODE_NOTAUTH = 9 };
enum state { STATE_IDLE, STATE_WAITING, STATE_SENT };

/* One zone and one secondary. */
struct target {
	struct peer peer;
	size_t status; /* row */
	enum state state;
	int fd; /* -1: none */
	unsigned tries;
	int64_t due_ms; /* when it is sent, or sent again */
	int64_t begun_ms;
	uint16_t id;
	uint32_t serial, told; /* of message; of what was sent */
	size_t len;            /* of message, without TSIG */
	uint8_t message[NOTIFY_MESSAGE_MAX];
	struct tsig_session session;
};

struct zone_row {
	char name[PEERS_NAME_TEXT];
	uint8_t origin[WIRE_NAME_MAX];
	size_t origin_len;
	bool is_known;
	uint32_t serial;
	size_t count;
	struct target *targets;
};

struct notify {
	const struct peers *peers;
	struct addr source;
	struct transfer_status *status;
	size_t count, open; /* open: sockets */
	struct zone_row *zones;
	struct target *polled[NOTIFY_POLLS_MAX];
	size_t polled_zone[NOTIFY_POLLS_MAX]; /* of zones, which move when there is one more */
};

struct notify *
notify_new(const struct peers *peers, const struct addr *source, struct transfer_status *status)
{
	struct notify *n = calloc(1, sizeof(*n));

	if (n == NULL)
		return NULL;
	n->peers = peers;
	n->source = *source;
	n->status = status;
	return n;
}

static void
close_target(struct notify *n, struct target *t)
{
	if (t->fd >= 0) {
		close(t->fd);
		n->open--;
	}
	t->fd = -1;
	t->state = STATE_IDLE;
	tsig_session_end(&t->session);
}

void
notify_free(struct notify *n)
{
	if (n == NULL)
		return;
	for (size_t i = 0; i < n->count; i++) {
		for (size_t k = 0; k < n->zones[i].count; k++)
			close_target(n, &n->zones[i].targets[k]);
		free(n->zones[i].targets);
	}
	free(n->zones);
	free(n);
}

/* --- zones ------------------------------------------------------------------------- */

static bool
open_targets(struct notify *n, struct zone_row *z)
{
	struct peer peer;
	size_t count = 0;

	while (peers_notify_of(n->peers, z->name, count, &peer))
		count++;
	z->targets = calloc(count + 1, sizeof(*z->targets));
	if (z->targets == NULL)
		return false;
	z->count = count;
	for (size_t i = 0; i < count; i++) {
		struct target *t = &z->targets[i];

		t->fd = -1;
		peers_notify_of(n->peers, z->name, i, &t->peer);
		t->status = transfer_status_row(n->status, z->name, &t->peer.endpoint,
			TRANSFER_NOTIFY);
	}
	return true;
}

/* The row of a zone, made when there is none; NULL: out of memory. */
static struct zone_row *
find_zone(struct notify *n, const struct zone *zone)
{
	struct zone_row *grown, *z;

	for (size_t i = 0; i < n->count; i++)
		if (n->zones[i].origin_len == zone->origin_len &&
			memcmp(n->zones[i].origin, zone->origin, zone->origin_len) == 0)
			return &n->zones[i];
	grown = realloc(n->zones, (n->count + 1) * sizeof(*grown));
	if (grown == NULL)
		return NULL;
	n->zones = grown;
	z = &grown[n->count];
	*z = (struct zone_row){.origin_len = zone->origin_len};
	memcpy(z->origin, zone->origin, zone->origin_len);
	if (!peers_name_of(zone->origin, zone->origin_len, z->name) || !open_targets(n, z))
		return NULL;
	n->count++;
	return z;
}

static uint16_t
random_id(void)
{
	uint16_t id = 0;

	/* 16 bits at once never fail, once there is randomness at all. */
	(void)!getrandom(&id, sizeof(id), 0);
	return id;
}

static void
begin_target(struct target *t, const struct notify_times *now)
{
	int64_t soon_ms = now->ms + NOTIFY_DELAY_MS, again_ms = t->begun_ms + NOTIFY_GAP_MS;

	t->tries = 0;
	t->due_ms = t->begun_ms != 0 && again_ms > soon_ms ? again_ms : soon_ms;
	t->state = STATE_WAITING;
}

/* What is under way stays so: a list that changes all the time would else be told of never, and so
 * would be that nobody answers. */
static void
notify_target(struct target *t, const struct zone *zone, const struct notify_times *now)
{
	t->serial = zone->serial;
	t->len = notify_message_write(zone, t->id, t->message, sizeof(t->message));
	if (t->state == STATE_IDLE)
		begin_target(t, now);
}

void
notify_zones(struct notify *n, const struct zone_set *zones, const struct notify_times *now)
{
	for (size_t i = 0; i < zone_set_count(zones); i++) {
		const struct zone *zone = zone_set_get(zones, i);
		struct zone_row *z;

		if (zone->is_within || !zone->is_ready)
			continue;
		z = find_zone(n, zone);
		if (z == NULL || (z->is_known && z->serial == zone->serial))
			continue;
		z->is_known = true;
		z->serial = zone->serial;
		for (size_t k = 0; k < z->count; k++)
			notify_target(&z->targets[k], zone, now);
	}
}

/* --- sending ----------------------------------------------------------------------- */

/* Connected: the kernel lets in only what comes from there. It also chooses a port by chance. */
static int
open_socket(const struct notify *n, const struct endpoint *to)
{
	struct sockaddr_storage address;
	socklen_t len = endpoint_to_sockaddr(to, &address);
	int fd = socket(address.ss_family, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0), saved;

	if (fd < 0)
		return -1;
	if (n->source.family == to->addr.family) {
		struct endpoint from = {.addr = n->source};
		struct sockaddr_storage own;
		socklen_t own_len = endpoint_to_sockaddr(&from, &own);

		if (bind(fd, (struct sockaddr *)&own, own_len) != 0)
			goto fail;
	}
	if (connect(fd, (struct sockaddr *)&address, len) == 0)
		return fd;
fail:
	saved = errno;
	close(fd);
	errno = saved;
	return -1;
}

static void
end_target(struct notify *n, const struct zone_row *z, struct target *t, enum transfer_state state,
	const char *error, const struct notify_times *now)
{
	char to[ENDPOINT_TEXT];

	endpoint_format(&t->peer.endpoint, to);
	if (state == TRANSFER_DONE)
		log_info("notified %s of zone %s, serial %u", to, z->name, (unsigned)t->told);
	else
		log_warning("cannot notify %s of zone %s, serial %u: %s", to, z->name,
			(unsigned)t->told, error);
	transfer_status_end(n->status, t->status, state, state == TRANSFER_DONE ? t->told : 0,
		now->s, error);
	close_target(n, t);
	if (t->serial != t->told)
		begin_target(t, now);
}

/* A reply to the message before is none to this one. */
static void
set_id(struct target *t)
{
	if (t->tries != 0 && t->serial == t->told)
		return;
	t->id = random_id();
	big_endian_put16(t->message, t->id);
	t->told = t->serial;
}

static bool
send_message(struct target *t, const struct notify_times *now)
{
	uint8_t packet[NOTIFY_MESSAGE_MAX + 512];
	size_t len;

	memcpy(packet, t->message, t->len);
	len = tsig_sign_request(t->peer.key, packet, t->len, sizeof(packet), now->s, &t->session);
	/* A refusal that ICMP told of an earlier try comes out here once. */
	return len != 0 &&
		(send(t->fd, packet, len, MSG_NOSIGNAL) >= 0 ||
			send(t->fd, packet, len, MSG_NOSIGNAL) >= 0);
}

/* Send it, the first time or again. What cannot be sent now is lost, and tried again. */
static void
try_target(struct notify *n, const struct zone_row *z, struct target *t,
	const struct notify_times *now)
{
	if (t->tries == NOTIFY_TRIES) {
		end_target(n, z, t, TRANSFER_FAILED,
			"it does not answer; is it up, and does it take NOTIFY from this address?",
			now);
		return;
	}
	if (t->fd < 0) {
		t->fd = open_socket(n, &t->peer.endpoint);
		if (t->fd >= 0)
			n->open++;
	}
	if (t->tries == 0) {
		transfer_status_begin(n->status, t->status, false, now->s);
		t->begun_ms = now->ms;
	}
	set_id(t);
	tsig_session_end(&t->session);
	if (t->fd >= 0 && !send_message(t, now))
		log_debug("NOTIFY was not sent: %s", strerror(errno));
	t->state = STATE_SENT;
	t->due_ms = now->ms + ((int64_t)NOTIFY_WAIT_MS << t->tries);
	t->tries++;
}

/* What it is, mostly. */
static const char *
remedy(unsigned rcode)
{
	switch (rcode) {
	case RCODE_SERVFAIL: return "; its log says why";
	case RCODE_NOTIMP: return "; does it take NOTIFY at all?";
	case RCODE_REFUSED: return "; does it take NOTIFY from this address or with this key?";
	case RCODE_NOTAUTH:
		return "; is it a secondary of this zone, and does it know this key with this "
		       "secret?";
	default: return "";
	}
}

static const char *
rcode_text(unsigned rcode, char out[TRANSFER_ERROR_MAX])
{
	static const char *const names[] = {"NOERROR", "FORMERR", "SERVFAIL", "NXDOMAIN", "NOTIMP",
		"REFUSED", "YXDOMAIN", "YXRRSET", "NXRRSET", "NOTAUTH", "NOTZONE"};

	snprintf(out, TRANSFER_ERROR_MAX, "it answered %s%s",
		rcode < ORBL_COUNT(names) ? names[rcode] : "an unknown RCODE", remedy(rcode));
	return out;
}

static void
read_reply(struct notify *n, const struct zone_row *z, struct target *t,
	const struct notify_times *now)
{
	uint8_t packet[4096];
	ssize_t got = recv(t->fd, packet, sizeof(packet), 0);
	size_t len = got > 0 ? (size_t)got : 0;
	char error[TRANSFER_ERROR_MAX];
	unsigned rcode;

	if (!notify_message_is_reply(packet, len, t->id, z->origin, z->origin_len, &rcode))
		return;
	/* A forged reply changes nothing: the right one, or the next try, is waited for. But one
	 * that says the signature was wrong will not get better. */
	switch (tsig_verify_reply(&t->session, packet, &len, now->s)) {
	case TSIG_GOOD: break;
	case TSIG_ABSENT:
		if (t->peer.key == NULL)
			break;
		return;
	default:
		if (t->session.peer_error == 0)
			return;
		end_target(n, z, t, TRANSFER_FAILED, tsig_result_name(t->session.result), now);
		return;
	}
	if (rcode == 0)
		end_target(n, z, t, TRANSFER_DONE, "", now);
	else
		end_target(n, z, t, TRANSFER_FAILED, rcode_text(rcode, error), now);
}

/* --- the loop's part ----------------------------------------------------------------- */

size_t
notify_prepare(struct notify *n, struct pollfd polls[NOTIFY_POLLS_MAX])
{
	size_t count = 0;

	for (size_t i = 0; i < n->count; i++)
		for (size_t k = 0; k < n->zones[i].count; k++) {
			struct target *t = &n->zones[i].targets[k];

			if (t->state != STATE_SENT || t->fd < 0 || count == NOTIFY_POLLS_MAX)
				continue;
			n->polled[count] = t;
			n->polled_zone[count] = i;
			polls[count++] = (struct pollfd){.fd = t->fd, .events = POLLIN};
		}
	return count;
}

static bool
is_due(const struct notify *n, const struct target *t, int64_t now_ms)
{
	return t->state != STATE_IDLE && t->due_ms <= now_ms &&
		(t->fd >= 0 || n->open < NOTIFY_POLLS_MAX);
}

int
notify_wait_ms(const struct notify *n, const struct notify_times *now)
{
	int64_t left = -1;

	for (size_t i = 0; i < n->count; i++)
		for (size_t k = 0; k < n->zones[i].count; k++) {
			const struct target *t = &n->zones[i].targets[k];
			int64_t wait = t->due_ms > now->ms ? t->due_ms - now->ms : 0;

			/* Those that wait for a socket have their turn when one is free. */
			if (t->state == STATE_IDLE || (t->fd < 0 && n->open == NOTIFY_POLLS_MAX))
				continue;
			left = left < 0 || wait < left ? wait : left;
		}
	return (int)left;
}

void
notify_serve(struct notify *n, const struct pollfd *polls, size_t count,
	const struct notify_times *now)
{
	for (size_t i = 0; i < count; i++)
		if (polls[i].revents != 0 && n->polled[i]->fd == polls[i].fd)
			read_reply(n, &n->zones[n->polled_zone[i]], n->polled[i], now);
	for (size_t i = 0; i < n->count; i++)
		for (size_t k = 0; k < n->zones[i].count; k++)
			if (is_due(n, &n->zones[i].targets[k], now->ms))
				try_target(n, &n->zones[i], &n->zones[i].targets[k], now);
}
