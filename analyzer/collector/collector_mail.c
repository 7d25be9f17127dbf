#include "collector_mail.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "dsn.h"
#include "mail_header.h"
#include "probe_case.h"

struct header {            /* what its header says of itself */
	bool is_reply;     /* Auto-Submitted: auto-replied or auto-notified */
	bool is_automatic; /* anything that says that no person wrote it */
	bool is_failure;   /* of a mail server that writes no RFC 3464 */
	bool is_delay;
};

/* --- header ------------------------------------------------------------- */

static bool
has_prefix(const char *value, const char *prefix)
{
	struct text p = text_of(prefix);

	return text_equal_nocase(text_upto(text_of(value), p.len), p);
}

static bool
has_any_prefix(const char *value, const char *const *prefixes, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (has_prefix(value, prefixes[i]))
			return true;
	return false;
}

/* RFC 3834 section 5 */
static void
take_auto_submitted(struct header *h, const char *value)
{
	h->is_reply = has_prefix(value, "auto-replied") || has_prefix(value, "auto-notified");
	h->is_automatic = h->is_automatic || !has_prefix(value, "no");
}

static void
take_precedence(struct header *h, const char *value)
{
	static const char *const words[] = {"bulk", "junk", "list", "auto_reply"};

	if (has_any_prefix(value, words, ORBL_COUNT(words)))
		h->is_automatic = true;
}

static void
take_marker(struct header *h, const char *value)
{
	(void)value;
	h->is_automatic = true;
}

/* Exim's, with whatever text the operator gave it */
static void
take_failed(struct header *h, const char *value)
{
	(void)value;
	h->is_failure = true;
}

static void
take_subject(struct header *h, const char *value)
{
	static const char *const delays[] = {"Warning: message ", "Warning: could not send",
		"Delivery Status Notification (Delay)", "Delayed mail", "Delivery delayed"};
	static const char *const replies[] = {"Auto:", "Automatic reply", "Autoreply", "Auto reply",
		"Auto-reply", "Out of Office", "Vacation"};

	h->is_delay = has_any_prefix(value, delays, ORBL_COUNT(delays));
	if (has_any_prefix(value, replies, ORBL_COUNT(replies)))
		h->is_automatic = true;
}

static const struct {
	const char *name;
	void (*take)(struct header *, const char *value);
} header_fields[] = {
	{"Auto-Submitted", take_auto_submitted},
	{"Precedence", take_precedence},
	{"Subject", take_subject},
	{"X-Auto-Response-Suppress", take_marker},
	{"X-Autoreply", take_marker},
	{"X-Autorespond", take_marker},
	{"X-Failed-Recipients", take_failed},
};

static void
read_header(struct text *rest, struct header *out)
{
	struct mail_field f;

	*out = (struct header){.is_reply = false};
	while (mail_header_next(rest, &f))
		for (size_t i = 0; i < ORBL_COUNT(header_fields); i++)
			if (mail_field_is(&f, header_fields[i].name))
				header_fields[i].take(out, f.value);
}

/* Words with which mail servers of old begin: qmail-send (and its heirs), Exchange 5.5, and the
 * Sendmail of before reports. */
static bool
has_failure_text(struct text body)
{
	static const char *const words[] = {"This is the qmail-send program",
		"I wasn't able to deliver your message", "did not reach the following recipient(s)",
		"did not reach some or all of the intended recipients",
		"----- The following addresses had permanent fatal errors -----",
		"A message that you sent could not be delivered"};

	body = text_upto(body, 4096);
	for (size_t i = 0; i < ORBL_COUNT(words); i++)
		if (text_find(body, text_of(words[i])) != SIZE_MAX)
			return true;
	return false;
}

/* --- which case --------------------------------------------------------- */

static bool
find_case_in(const struct collector_arrival *a, struct text where, struct token_search *search,
	struct collector_mail *out)
{
	struct token found;

	while (token_find(&where, search, &found)) {
		const struct probe_case *c = probe_case_by_number(found.case_index);

		if (c == NULL || probe_case_sender(c) != a->token.case_index)
			continue;
		out->case_index = c->number;
		out->exact = true;
		return true;
	}
	return false;
}

/* First what it says of the recipient, then what it returns, then anywhere. */
static void
find_case(const struct collector_arrival *a, const struct dsn *dsn,
	const uint8_t key[TOKEN_KEY_BYTES], struct collector_mail *out)
{
	struct token_search search;

	out->case_index = a->token.case_index;
	out->exact = !a->token.to_sender;
	if (out->exact)
		return;
	token_search_begin(&search, key, &a->token);
	for (size_t i = 0; i < dsn->count; i++)
		if (find_case_in(a, text_of(dsn->recipients[i].original), &search, out) ||
			find_case_in(a, text_of(dsn->recipients[i].final), &search, out))
			return;
	if (!find_case_in(a, dsn->returned, &search, out))
		(void)find_case_in(a, a->message, &search, out);
}

/* --- what it is --------------------------------------------------------- */

static void
note(struct collector_mail *out, const char *why)
{
	out->kind = COLLECTOR_MAIL_NOTE;
	out->why = why;
}

static void
summarize(const struct dsn *dsn, struct dsn_summary *out)
{
	const struct dsn_recipient *r = dsn_worst(dsn);

	text_printable(text_of(dsn->reporting_mta), out->by, sizeof(out->by));
	if (r == NULL)
		return;
	snprintf(out->action, sizeof(out->action), "%s", dsn_action_name(r->action));
	snprintf(out->status, sizeof(out->status), "%s", r->status);
	text_printable(text_of(r->final[0] != '\0' ? r->final : r->original), out->recipient,
		sizeof(out->recipient));
}

/* RFC 3464 section 2.3.3: only "failed" is the end of a message. */
static void
judge_report(const struct dsn *dsn, struct collector_mail *out)
{
	summarize(dsn, &out->dsn);
	switch (dsn_worst(dsn)->action) {
	case DSN_FAILED: out->kind = COLLECTOR_MAIL_BOUNCED; return;
	case DSN_DELAYED: note(out, "it is delayed there, and may still come"); return;
	case DSN_DELIVERED:
	case DSN_RELAYED:
	case DSN_EXPANDED: note(out, "it says that the message went on"); return;
	case DSN_NONE:
	case DSN_ACTION_COUNT: break;
	}
	out->kind = COLLECTOR_MAIL_BOUNCED;
}

static void
answered(struct collector_mail *out)
{
	out->kind = COLLECTOR_MAIL_ANSWERED;
	snprintf(out->dsn.action, sizeof(out->dsn.action), "auto-reply");
}

/* Something other than the test message, without a report that can be read. */
static void
judge_other(const struct collector_arrival *a, const struct header *h, bool is_report,
	struct text body, struct collector_mail *out)
{
	if (h->is_delay) {
		note(out, "a warning of a delay");
	} else if (h->is_failure || (a->null_sender && has_failure_text(body))) {
		out->kind = COLLECTOR_MAIL_BOUNCED;
		snprintf(out->dsn.action, sizeof(out->dsn.action), "failed");
	} else if (h->is_reply || (!a->null_sender && h->is_automatic)) {
		answered(out);
	} else if (a->null_sender || is_report) {
		out->kind = COLLECTOR_MAIL_BOUNCED;
	} else if (out->exact) { /* quotes the test message */
		answered(out);
	} else {
		note(out, "mail to the return path, no notification");
	}
}

/* At the recipient an empty reverse-path, when ours was not, is a notification's; else it is our
 * message, whatever was put into its header on the way. Only where sender and recipient are the
 * same must the header tell: our own message is auto-generated, neither a report nor a reply. */
static bool
is_relayed(const struct collector_arrival *a, const struct probe_case *c, const struct header *h,
	bool has_report)
{
	if (a->token.to_sender || (a->null_sender && strcmp(c->mail_from, "<>") != 0))
		return false;
	return strcmp(c->mail_from, c->rcpt_to) != 0 || (!has_report && !h->is_reply);
}

bool
collector_mail_read(const struct collector_arrival *a, const uint8_t key[TOKEN_KEY_BYTES],
	struct collector_mail *out)
{
	const struct probe_case *c = probe_case_by_number(a->token.case_index);
	struct text body = a->message;
	struct dsn dsn;
	struct header h;
	bool has_report;

	*out = (struct collector_mail){.kind = COLLECTOR_MAIL_RELAYED};
	if (c == NULL)
		return false;
	read_header(&body, &h);
	has_report = dsn_parse(a->message, &dsn);
	find_case(a, &dsn, key, out);
	if (a->is_copy)
		note(out, "the test message itself, at its return path");
	else if (is_relayed(a, c, &h, has_report))
		return true;
	else if (has_report)
		judge_report(&dsn, out);
	else
		judge_other(a, &h, dsn.is_report, body, out);
	return true;
}
