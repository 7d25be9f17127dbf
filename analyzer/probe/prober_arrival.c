#include "prober_arrival.h"

#include <stdio.h>
#include <string.h>

#include "collector_mail.h"
#include "collector_seen.h"
#include "mail_header.h"
#include "probe_case.h"
#include "prober_hold.h"

static void
describe(const struct collector_arrival *a, const struct endpoint *peer, char *out, size_t size)
{
	char text[ENDPOINT_TEXT];

	snprintf(out, size, "%zu bytes from %s, HELO %s%s%s", a->bytes, endpoint_format(peer, text),
		a->helo, a->tls[0] != '\0' ? ", " : "", a->tls);
}

static void
emit_note(const struct prober_arrival_host *host, const struct collector_arrival *a,
	const struct collector_mail *mail, const struct endpoint *peer)
{
	struct prober_event ev = {.kind = PROBER_DIALOGUE,
		.id = a->token.probe_id,
		.direction = '*'};
	char dsn[DSN_SUMMARY_TEXT], from[PROBER_TEXT];

	dsn_summary_format(&mail->dsn, dsn);
	describe(a, peer, from, sizeof(from));
	snprintf(ev.text, sizeof(ev.text), "%s: %s%s%s%s; %.500s",
		probe_case_by_number(mail->case_index)->id, mail->why, dsn[0] != '\0' ? " (" : "",
		dsn, dsn[0] != '\0' ? ")" : "", from);
	host->emit(host->context, &ev);
}

/* Told ever more seldom, so that nobody fills the pipe with what we know. */
static void
emit_again(const struct prober_arrival_host *host, const struct collector_arrival *a,
	const struct collector_mail *mail, const struct endpoint *peer, uint32_t times)
{
	struct prober_event ev = {.kind = PROBER_AGAIN,
		.id = a->token.probe_id,
		.case_index = mail->case_index,
		.peer = *peer};
	char from[PROBER_TEXT];

	if ((times & (times - 1)) != 0)
		return;
	describe(a, peer, from, sizeof(from));
	snprintf(ev.text, sizeof(ev.text), "%.700s, time %u", from, (unsigned)times);
	host->emit(host->context, &ev);
}

static void
emit_arrival(const struct prober_arrival_host *host, const struct collector_arrival *a,
	const struct collector_mail *mail, const struct endpoint *peer, uint64_t sequence)
{
	struct prober_event ev = {.kind = PROBER_ARRIVAL,
		.id = a->token.probe_id,
		.case_index = mail->case_index,
		.to_sender = mail->kind != COLLECTOR_MAIL_RELAYED,
		.sequence = sequence,
		.peer = *peer};

	memcpy(ev.mail_from, a->mail_from, sizeof(ev.mail_from));
	memcpy(ev.rcpt_to, a->rcpt_to, sizeof(a->rcpt_to));
	describe(a, peer, ev.text, sizeof(ev.text));
	if (ev.to_sender)
		dsn_summary_format(&mail->dsn, ev.dsn);
	host->emit(host->context, &ev);
}

static void
emit_header(const struct prober_arrival_host *host, const struct collector_arrival *a,
	const struct collector_mail *mail)
{
	struct text rest = text_upto(a->message, COLLECTOR_HEADER_BYTES);
	struct prober_event ev = {.kind = PROBER_HEADER,
		.id = a->token.probe_id,
		.case_index = mail->case_index};

	for (size_t i = 0; i < COLLECTOR_HEADER_LINES; i++) {
		if (!mail_header_line(&rest, ev.text, sizeof(ev.text)))
			return;
		host->emit(host->context, &ev);
	}
}

static struct collector_seen_key
key_of(const struct prober_arrival_host *host, const struct collector_arrival *a,
	const struct collector_mail *mail)
{
	struct collector_seen_key key = {.probe_id = a->token.probe_id,
		.case_index = (uint8_t)mail->case_index,
		.kind = (uint8_t)mail->kind};

	/* Bounces that do not name their message may be of several. */
	if (!mail->exact)
		key.content = collector_seen_content(host->seen, a->message);
	return key;
}

static void
tell_arrival(const struct prober_arrival_host *host, const struct collector_arrival *a,
	const struct collector_mail *mail, const struct endpoint *peer, bool first,
	uint64_t sequence)
{
	bool relayed = mail->kind == COLLECTOR_MAIL_RELAYED;

	emit_arrival(host, a, mail, peer, sequence);
	if (relayed && first)
		emit_header(host, a, mail);
	if (relayed || !mail->exact || first)
		host->tell(host->context, a->token.probe_id, mail->case_index, !relayed);
}

enum collector_told
prober_arrival_take(const struct prober_arrival_host *host, const struct collector_arrival *a,
	const struct endpoint *peer, uint64_t *sequence)
{
	struct collector_seen_key key;
	enum collector_seen_answer seen;
	struct collector_mail mail;
	uint32_t times;

	if (!collector_mail_read(a, host->key, &mail))
		return COLLECTOR_KEPT;
	key = key_of(host, a, &mail);
	*sequence = prober_hold_find(host->hold, &key, &peer->addr);
	if (*sequence != 0)
		return COLLECTOR_HELD;
	seen = collector_seen_ask(host->seen, &key, &peer->addr, &times);
	if (seen == COLLECTOR_SEEN_AGAIN) {
		emit_again(host, a, &mail, peer, times);
		return COLLECTOR_KEPT;
	}
	if (mail.kind == COLLECTOR_MAIL_NOTE) {
		collector_seen_keep(host->seen, &key, &peer->addr);
		emit_note(host, a, &mail, peer);
		return COLLECTOR_KEPT;
	}
	*sequence = prober_hold_add(host->hold, &key, &peer->addr);
	if (*sequence == 0)
		return COLLECTOR_LOST;
	tell_arrival(host, a, &mail, peer, seen == COLLECTOR_SEEN_FIRST, *sequence);
	return COLLECTOR_HELD;
}
