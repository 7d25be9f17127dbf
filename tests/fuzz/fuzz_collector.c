#include "collector.h"

#include <assert.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

enum { NOW = 1900000000, TRANSCRIPT_MAX = 1 << 16 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const uint8_t key[TOKEN_KEY_BYTES] = "key of the corpus";

struct observer {
	size_t arrivals;
	uint32_t messages; /* a sum over what they say */
	bool encrypted;
	uint32_t held;
	size_t len;
	char transcript[TRANSCRIPT_MAX]; /* replies */
};

/* Without the key nobody makes a token: only the one in the corpus can arrive. */
static enum collector_told
take_arrival(const struct collector_arrival *a, void *context)
{
	struct observer *o = context;

	assert(a->token.probe_id == 1 && a->token.case_index == 1);
	assert(strlen(a->mail_from) < sizeof(a->mail_from) && a->mail_from[0] == '<');
	for (const char *p = a->helo; *p != '\0'; p++)
		assert(*p >= ' ' && *p < 0x7f);
	assert(a->message.len <= COLLECTOR_KEPT_MAX && a->message.len <= a->bytes);
	for (size_t i = 0; i < a->message.len; i++)
		o->messages = 31 * o->messages + (unsigned char)a->message.p[i];
	assert((a->tls[0] != '\0') == o->encrypted);
	assert(!a->is_copy || (a->token.to_sender && !a->null_sender));
	o->arrivals++;
	return (enum collector_told)(o->messages % 3);
}

static void
take_output(struct collector_session *s, struct observer *o)
{
	struct text out = collector_output(s);

	assert(out.len <= COLLECTOR_OUTPUT_MAX);
	if (out.len <= sizeof(o->transcript) - o->len) {
		memcpy(o->transcript + o->len, out.p, out.len);
		o->len += out.len;
	}
	collector_output_taken(s, out.len);
}

static void
feed(struct collector_session *s, const uint8_t *data, size_t size, size_t piece,
	struct observer *o)
{
	size_t done = 0;

	while (done < size && !collector_is_over(s)) {
		size_t n = size - done < piece ? size - done : piece;
		size_t used = collector_feed(s, data + done, n, NOW);

		assert(used <= n);
		done += used;
		take_output(s, o);
		if (collector_is_held(s)) {
			assert(collector_feed(s, "x", 1, NOW) == 0);
			collector_release(s, ++o->held % 2 == 0);
			assert(!collector_is_held(s));
			take_output(s, o);
		}
	}
}

/* The first byte of a TLS handshake begins the encrypted part, when there is one. */
static void
run(const uint8_t *data, size_t size, size_t piece, struct observer *o)
{
	struct collector_conf conf = {.domain = "probe.test",
		.name = "mx.probe.test",
		.url = "https://probe.test/",
		.tls = true,
		.key = key,
		.arrival_fn = take_arrival,
		.context = o};
	struct addr local = {.family = 4, .b = {127, 0, 0, 1}};
	struct collector_session *s = collector_session_new(&conf, &local);
	const uint8_t *handshake = size != 0 ? memchr(data, 0x16, size) : NULL;
	size_t clear = handshake != NULL ? (size_t)(handshake - data) : size;

	o->arrivals = o->len = o->messages = o->held = 0;
	o->encrypted = false;
	if (s == NULL)
		return;
	take_output(s, o);
	feed(s, data, clear, piece, o);
	if (handshake != NULL) {
		if (collector_wants_tls(s)) {
			collector_tls_started(s, "TLSv1.3 AES");
			o->encrypted = true;
			assert(!collector_wants_tls(s));
		}
		feed(s, handshake + 1, size - clear - 1, piece, o);
		assert(!o->encrypted || !collector_wants_tls(s)); /* not twice */
	}
	collector_session_free(s);
}

/* The cutting must not matter. The first byte says how big the pieces are. */
int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct observer *whole = malloc(sizeof(*whole)), *pieces = malloc(sizeof(*pieces));

	if (size != 0 && whole != NULL && pieces != NULL) {
		run(data + 1, size - 1, SIZE_MAX, whole);
		run(data + 1, size - 1, (size_t)data[0] + 1, pieces);
		assert(whole->arrivals == pieces->arrivals && whole->len == pieces->len);
		assert(whole->messages == pieces->messages);
		assert(memcmp(whole->transcript, pieces->transcript, whole->len) == 0);
	}
	free(whole);
	free(pieces);
	return 0;
}
