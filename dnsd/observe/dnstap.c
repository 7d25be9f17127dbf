#include "dnstap.h"

#include "config.h"

#if defined(ORBL_DNSTAP) && !defined(ORBL_WITHOUT_DNSTAP)

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <fstrm.h>

#include <orbl/log.h>

#include "key_mask.h"

enum { BUFFER = 1 << 18, CONTROL_MAX = 512, TEXT_MAX = 256 };

static const char content_type[] = "protobuf:dnstap.Dnstap";

enum state { CLOSED, ACCEPTING, OPEN };

struct dnstap {
	int fd;
	enum state state;
	uint64_t lost;
	struct fstrm_control *control;
	size_t in_len, out_at, out_len;
	char identity[TEXT_MAX], version[TEXT_MAX];
	uint8_t in[CONTROL_MAX];
	uint8_t out[BUFFER];
};

bool
dnstap_is_built(void)
{
	return true;
}

struct dnstap *
dnstap_new(const char *identity, const char *version)
{
	struct dnstap *t = calloc(1, sizeof(*t));

	if (t == NULL)
		return NULL;
	t->fd = -1;
	t->control = fstrm_control_init();
	if (t->control == NULL) {
		free(t);
		return NULL;
	}
	memcpy(t->identity, identity, strnlen(identity, TEXT_MAX - 1));
	memcpy(t->version, version, strnlen(version, TEXT_MAX - 1));
	return t;
}

static void
disconnect(struct dnstap *t, const char *why)
{
	if (t->fd < 0)
		return;
	log_notice("dnsd.dnstap: %s; another connection is tried every few seconds", why);
	close(t->fd);
	t->fd = -1;
	t->state = CLOSED;
	t->in_len = t->out_at = t->out_len = 0;
}

/* Send the STOP that a collector waits for; it may have gone. */
static void
add_control(struct dnstap *t, fstrm_control_type type)
{
	size_t len = sizeof(t->out) - t->out_len;

	fstrm_control_reset(t->control);
	if (fstrm_control_set_type(t->control, type) != fstrm_res_success ||
		(type != FSTRM_CONTROL_STOP &&
			fstrm_control_add_field_content_type(t->control,
				(const uint8_t *)content_type,
				sizeof(content_type) - 1) != fstrm_res_success) ||
		fstrm_control_encode(t->control, t->out + t->out_len, &len,
			FSTRM_CONTROL_FLAG_WITH_HEADER) != fstrm_res_success)
		return;
	t->out_len += len;
}

static void
flush(struct dnstap *t)
{
	while (t->out_at < t->out_len) {
		ssize_t n = send(t->fd, t->out + t->out_at, t->out_len - t->out_at,
			MSG_NOSIGNAL | MSG_DONTWAIT);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0 && errno == EAGAIN)
			return;
		if (n < 0) {
			disconnect(t, strerror(errno));
			return;
		}
		t->out_at += (size_t)n;
	}
	t->out_at = t->out_len = 0;
}

void
dnstap_free(struct dnstap *t)
{
	if (t == NULL)
		return;
	if (t->state == OPEN) {
		flush(t);
		if (t->state == OPEN && t->out_len == 0)
			add_control(t, FSTRM_CONTROL_STOP);
		if (t->state == OPEN)
			flush(t);
	}
	if (t->fd >= 0)
		close(t->fd);
	fstrm_control_destroy(&t->control);
	free(t);
}

void
dnstap_connect(struct dnstap *t, int fd)
{
	if (t->fd >= 0)
		close(t->fd);
	t->fd = fd;
	t->state = ACCEPTING;
	t->in_len = t->out_at = t->out_len = 0;
	add_control(t, FSTRM_CONTROL_READY);
	flush(t);
}

bool
dnstap_is_connected(const struct dnstap *t)
{
	return t->fd >= 0;
}

bool
dnstap_is_open(const struct dnstap *t)
{
	return t->state == OPEN;
}

void
dnstap_prepare(const struct dnstap *t, struct pollfd *poll)
{
	*poll = (struct pollfd){.fd = t->fd, .events = t->out_len != 0 ? POLLIN | POLLOUT : POLLIN};
}

/* The length of the control frame there, with what is before it; 0: it is not whole. */
static size_t
control_length(const struct dnstap *t)
{
	size_t len;

	if (t->in_len < 8)
		return 0;
	len = 8 +
		((size_t)t->in[4] << 24 | (size_t)t->in[5] << 16 | (size_t)t->in[6] << 8 |
			t->in[7]);
	return len <= t->in_len ? len : 0;
}

/* After START a collector has nothing to say but that it ends. */
static void
read_control(struct dnstap *t)
{
	size_t len = control_length(t);
	fstrm_control_type type;

	if (len == 0 && t->in_len == sizeof(t->in)) {
		disconnect(t, "what answers there is no dnstap collector");
		return;
	}
	if (len == 0)
		return;
	fstrm_control_reset(t->control);
	if (t->state != ACCEPTING ||
		fstrm_control_decode(t->control, t->in, len, FSTRM_CONTROL_FLAG_WITH_HEADER) !=
			fstrm_res_success ||
		fstrm_control_get_type(t->control, &type) != fstrm_res_success ||
		type != FSTRM_CONTROL_ACCEPT ||
		fstrm_control_match_field_content_type(t->control, (const uint8_t *)content_type,
			sizeof(content_type) - 1) != fstrm_res_success) {
		disconnect(t,
			t->state == ACCEPTING ? "the collector does not accept dnstap" :
						"the collector has ended");
		return;
	}
	t->in_len = 0;
	t->state = OPEN;
	add_control(t, FSTRM_CONTROL_START);
	log_notice("dnsd.dnstap: the collector takes our messages");
}

void
dnstap_serve(struct dnstap *t, const struct pollfd *poll)
{
	ssize_t n;

	if (t->fd < 0 || poll->fd != t->fd || poll->revents == 0)
		return;
	n = recv(t->fd, t->in + t->in_len, sizeof(t->in) - t->in_len, MSG_DONTWAIT);
	if (n == 0 || (n < 0 && errno != EAGAIN && errno != EINTR)) {
		disconnect(t, n == 0 ? "the collector has ended" : strerror(errno));
		return;
	}
	if (n > 0) {
		t->in_len += (size_t)n;
		read_control(t);
	}
	if (t->fd >= 0)
		flush(t);
}

static void
add_frame(struct dnstap *t, const struct observation *o, bool is_reply, const uint8_t *zone,
	size_t zone_len, const uint8_t *bytes, size_t len)
{
	uint8_t message[OBSERVATION_BYTES_MAX], *at = t->out + t->out_len;
	size_t frame = 0;

	memcpy(message, bytes, len);
	key_mask_message(message, len);
	if (sizeof(t->out) - t->out_len >= DNSTAP_FRAME_MAX)
		frame = dnstap_encode(o, is_reply, t->identity, t->version, zone, zone_len, message,
			len, at + 4, sizeof(t->out) - t->out_len - 4);
	if (frame == 0) {
		t->lost++;
		return;
	}
	at[0] = (uint8_t)(frame >> 24);
	at[1] = (uint8_t)(frame >> 16);
	at[2] = (uint8_t)(frame >> 8);
	at[3] = (uint8_t)frame;
	t->out_len += 4 + frame;
}

void
dnstap_add(struct dnstap *t, const struct observation *o, const uint8_t *zone, size_t zone_len,
	const uint8_t *query, const uint8_t *reply)
{
	if (t->state != OPEN) {
		t->lost++;
		return;
	}
	if (t->out_at != 0) {
		memmove(t->out, t->out + t->out_at, t->out_len - t->out_at);
		t->out_len -= t->out_at;
		t->out_at = 0;
	}
	add_frame(t, o, false, zone, zone_len, query, o->query_len);
	if (o->reply_len != 0)
		add_frame(t, o, true, zone, zone_len, reply, o->reply_len);
}

uint64_t
dnstap_lost(const struct dnstap *t)
{
	return t->lost;
}

#endif
