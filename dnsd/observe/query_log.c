#include "query_log.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <orbl/cursor.h>
#include <orbl/log.h>

#include "answer.h"
#include "key_mask.h"

enum {
	BUFFER = 1 << 16,
	CODES_MAX = 16,
	CLIENT_IPV4 = 24, /* bits of a client that are told */
	CLIENT_IPV6 = 48,
};

struct query_log {
	int fd;
	bool whole_clients, has_failed;
	size_t len;
	char buffer[BUFFER];
};

struct query_log *
query_log_new(int fd, bool whole_clients)
{
	struct query_log *l = calloc(1, sizeof(*l));

	if (l == NULL)
		return NULL;
	l->fd = fd;
	l->whole_clients = whole_clients;
	return l;
}

void
query_log_free(struct query_log *l)
{
	if (l == NULL)
		return;
	query_log_flush(l);
	if (l->fd >= 0)
		close(l->fd);
	free(l);
}

void
query_log_change(struct query_log *l, int fd)
{
	query_log_flush(l);
	if (l->fd >= 0)
		close(l->fd);
	l->fd = fd;
	l->has_failed = false;
}

void
query_log_flush(struct query_log *l)
{
	ssize_t n = l->len != 0 && l->fd >= 0 ? write(l->fd, l->buffer, l->len) : 0;
	bool has_failed = l->len != 0 && l->fd >= 0 && n != (ssize_t)l->len;

	if (has_failed && !l->has_failed)
		log_error("dnsd.query_log cannot be written (%s): lines are lost until it can",
			n < 0 ? strerror(errno) : "no room");
	l->has_failed = l->len != 0 ? has_failed : l->has_failed;
	l->len = 0;
}

/* --- a line --------------------------------------------------------------- */

static const struct {
	uint16_t number;
	const char *name;
} types[] = {
	{1, "A"},
	{2, "NS"},
	{5, "CNAME"},
	{6, "SOA"},
	{12, "PTR"},
	{15, "MX"},
	{16, "TXT"},
	{28, "AAAA"},
	{33, "SRV"},
	{43, "DS"},
	{48, "DNSKEY"},
	{65, "HTTPS"},
	{251, "IXFR"},
	{252, "AXFR"},
	{255, "ANY"},
};

static const char *const rcodes[] = {"NOERROR", "FORMERR", "SERVFAIL", "NXDOMAIN", "NOTIMP",
	"REFUSED"};

static const char *
format_number(const char *name, const char *prefix, unsigned number, char out[16])
{
	snprintf(out, 16, "%s%u", name != NULL ? name : prefix, number);
	if (name != NULL)
		snprintf(out, 16, "%s", name);
	return out;
}

static const char *
format_type(uint16_t type, char out[16])
{
	const char *name = NULL;

	for (size_t i = 0; i < ORBL_COUNT(types); i++)
		if (types[i].number == type)
			name = types[i].name;
	return format_number(name, "TYPE", type, out);
}

static const char *
format_time(int64_t ns, char out[32])
{
	time_t seconds = (time_t)(ns / 1000000000);
	struct tm tm;
	size_t len;

	if (gmtime_r(&seconds, &tm) == NULL || ns < 0)
		return "-";
	len = strftime(out, 24, "%Y-%m-%dT%H:%M:%S", &tm);
	snprintf(out + len, 32 - len, ".%03dZ", (int)(ns / 1000000 % 1000));
	return out;
}

static const char *
format_client(const struct addr *client, bool whole, char out[PREFIX_TEXT])
{
	unsigned bits = client->family == 4 ? CLIENT_IPV4 : CLIENT_IPV6;
	struct prefix prefix = {.addr = *client, .len = client->family == 4 ? 32 : 128};

	if (client->family != 4 && client->family != 6)
		return "-";
	if (!whole) {
		prefix.len = (uint8_t)bits;
		memset(prefix.addr.b + bits / 8, 0, sizeof(prefix.addr.b) - bits / 8);
	}
	return prefix_format(&prefix, out);
}

static void
skip_name(struct cursor *c)
{
	uint8_t label;

	do {
		label = cursor_u8(c);
		if (label >= 0xc0) {
			cursor_u8(c);
			return;
		}
		cursor_bytes(c, label);
	} while (label != 0 && !cursor_failed(c));
}

/* The addresses in the answer section, which are the list's codes. */
static const char *
format_codes(const uint8_t *reply, size_t len, char out[CODES_MAX * ADDR_TEXT])
{
	unsigned answers, questions;
	struct cursor c;
	size_t at = 0;

	cursor_init(&c, reply, len);
	cursor_bytes(&c, 4);
	questions = cursor_u16be(&c);
	answers = cursor_u16be(&c);
	cursor_bytes(&c, 4);
	if (questions == 1) {
		skip_name(&c);
		cursor_bytes(&c, 4);
	}
	for (unsigned i = 0, codes = 0; i < answers && codes < CODES_MAX && questions <= 1; i++) {
		uint16_t type, size;
		const uint8_t *data;

		skip_name(&c);
		type = cursor_u16be(&c);
		cursor_bytes(&c, 6);
		size = cursor_u16be(&c);
		data = cursor_bytes(&c, size);
		if (data == NULL)
			break;
		if (type != TYPE_A || size != 4)
			continue;
		at += (size_t)snprintf(out + at, ADDR_TEXT, "%s%u.%u.%u.%u", codes != 0 ? "," : "",
			data[0], data[1], data[2], data[3]);
		codes++;
	}
	return at != 0 ? out : "-";
}

/* A key is shown as the label "*", which is odd in a name, but not in a log. */
static void
unescape_asterisks(char *name)
{
	static const char escaped[] = "\\042";
	char *at = name;

	while ((at = strstr(at, escaped)) != NULL) {
		*at++ = '*';
		memmove(at, at + sizeof(escaped) - 2, strlen(at + sizeof(escaped) - 2) + 1);
	}
}

static const char *
format_name(const struct query *q, char out[WIRE_NAME_TEXT])
{
	uint8_t masked[WIRE_NAME_MAX];

	if (q->name.len == 0)
		return "-";
	if (q->name.len == 1)
		return ".";
	key_mask_name(q->name.wire, q->name.len, masked);
	wire_name_format(masked, out);
	unescape_asterisks(out);
	return out;
}

static const char *
format_result(const struct observation *o, const uint8_t *reply, char out[16])
{
	unsigned rcode;

	if (o->reply_len < QUERY_HEADER_SIZE)
		return "dropped";
	rcode = reply[3] & 0x0f;
	return format_number(rcode < ORBL_COUNT(rcodes) ? rcodes[rcode] : NULL, "RCODE", rcode,
		out);
}

size_t
query_log_format(const struct observation *o, const char *zone, bool whole_clients,
	const uint8_t *query, const uint8_t *reply, char out[QUERY_LOG_LINE])
{
	char stamp[32], client[PREFIX_TEXT], name[WIRE_NAME_TEXT], type[16], result[16];
	char codes[CODES_MAX * ADDR_TEXT];
	struct query q = {.id = 0};
	bool has_question = query_parse(query, o->query_len, &q) != QUERY_DROP &&
		q.question_len != 0;
	int len;

	len = snprintf(out, QUERY_LOG_LINE, "%s %s %s %s %s %s %s %s\n",
		format_time(o->query_ns, stamp),
		format_client(&o->client.addr, whole_clients, client),
		o->transport == ANSWER_TCP ? "tcp" : "udp", zone != NULL ? zone : "-",
		has_question ? format_name(&q, name) : "-",
		has_question ? format_type(q.type, type) : "-", format_result(o, reply, result),
		format_codes(reply, o->reply_len, codes));
	if (len < QUERY_LOG_LINE)
		return (size_t)len;
	out[QUERY_LOG_LINE - 2] = '\n';
	return QUERY_LOG_LINE - 1;
}

void
query_log_add(struct query_log *l, const struct observation *o, const char *zone,
	const uint8_t *query, const uint8_t *reply)
{
	if (sizeof(l->buffer) - l->len < QUERY_LOG_LINE)
		query_log_flush(l);
	l->len += query_log_format(o, zone, l->whole_clients, query, reply, l->buffer + l->len);
}
