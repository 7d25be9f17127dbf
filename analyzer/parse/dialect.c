#include "dialect.h"

#include <stdlib.h>
#include <string.h>

#include "assp.h"
#include "courier.h"
#include "event_csv.h"
#include "event_json.h"
#include "exchange_ims.h"
#include "exchange_smtp.h"
#include "exim.h"
#include "haraka.h"
#include "hmailserver.h"
#include "iis_smtp.h"
#include "kerio.h"
#include "mailenable.h"
#include "mdaemon.h"
#include "opensmtpd.h"
#include "postfix.h"
#include "qmail.h"
#include "scan.h"
#include "sendmail.h"
#include "session.h"
#include "spamdyke.h"

static const struct dialect rows[] = {
	{"opensmtpd", "OpenSMTPD 5 to 7", sizeof(struct opensmtpd), opensmtpd_knows,
		opensmtpd_parse, NULL},
	{"haraka", "Haraka", 0, haraka_knows, haraka_parse, NULL},
	{"hmailserver", "hMailServer", 0, hmailserver_knows, hmailserver_parse, NULL},
	{"mailenable", "MailEnable: SMTP activity log, W3C log", sizeof(struct mailenable),
		mailenable_knows, mailenable_parse, NULL},
	{"mdaemon", "MDaemon: SMTP session log", sizeof(struct mdaemon), mdaemon_knows,
		mdaemon_parse, NULL},
	{"kerio", "Kerio Connect, Kerio MailServer: security log", 0, kerio_knows, kerio_parse,
		NULL},
	{"assp", "ASSP, in front of a mail server: maillog", 0, assp_knows, assp_parse, NULL},
	{"courier", "Courier's SMTP server", 0, courier_knows, courier_parse, NULL},
	{"qmail", "tcpserver with recordio, rblsmtpd, chkuser, s/qmail, IndiMail",
		sizeof(struct qmail_memory), qmail_knows, qmail_parse, qmail_continues},
	{"postfix", "Postfix, also as Zimbra, Plesk, mailcow run it", 0, postfix_knows,
		postfix_parse, NULL},
	{"exim", "Exim, also as Debian, cPanel, DirectAdmin set it up", 0, exim_knows, exim_parse,
		exim_continues},
	{"exchange-smtp", "Exchange 2007 and later: SMTP receive protocol log",
		sizeof(struct exchange_smtp), exchange_smtp_knows, exchange_smtp_parse, NULL},
	{"iis-smtp", "IIS SMTP service, Exchange 2000 and 2003: W3C, NCSA, IIS log files",
		sizeof(struct iis_smtp), iis_smtp_knows, iis_smtp_parse, NULL},
	{"exchange-ims", "Exchange 5.5 Internet Mail Service: SMTP protocol log",
		sizeof(struct exchange_ims), exchange_ims_knows, exchange_ims_parse, NULL},
	{"event-json", "Windows events as JSON: evtx_dump, Winlogbeat, NXLog, PowerShell",
		sizeof(struct event_json), event_json_knows, event_json_parse, NULL},
	{"event-csv", "Windows events as CSV: Event Viewer, NT and 2000 dumps, PowerShell",
		sizeof(struct event_csv), event_csv_knows, event_csv_parse, NULL},
	{"sendmail", "Sendmail 8.9 and later", 0, sendmail_knows, sendmail_parse, NULL},
	{"spamdyke", "spamdyke, in front of qmail-smtpd", 0, spamdyke_knows, spamdyke_parse, NULL},
};

enum {
	CACHE_SLOTS = 64,
	CACHE_TAG = 56,
	ROW_NONE = 0xff /* no dialect knows the tag */
};

_Static_assert(ORBL_COUNT(rows) < ROW_NONE, "a row's number is a byte");

struct known_tag {               /* whose lines a tag's are */
	uint8_t len, frame, row; /* len 0: none */
	bool tag_cut;
	char tag[CACHE_TAG];
};

struct dialects {
	struct parse_state *state;
	const struct dialect *only; /* NULL: all */
	uint8_t unframed;           /* whose the last unframed line was that one knew */
	struct known_tag cache[CACHE_SLOTS];
	void *memory[ORBL_COUNT(rows)];
};

static size_t
find_row(const char *name)
{
	size_t i = 0;

	while (i < ORBL_COUNT(rows) && strcmp(rows[i].name, name) != 0)
		i++;
	return i;
}

struct dialects *
dialects_new(const char *only, struct parse_state *state)
{
	size_t row = only != NULL ? find_row(only) : 0;
	struct dialects *d;

	if (row == ORBL_COUNT(rows))
		return NULL;
	d = calloc(1, sizeof(*d));
	if (d == NULL)
		return NULL;
	d->state = state;
	d->only = only != NULL ? &rows[row] : NULL;
	d->unframed = ROW_NONE;
	for (size_t i = 0; i < ORBL_COUNT(rows); i++) {
		if (rows[i].memory_size == 0)
			continue;
		d->memory[i] = calloc(1, rows[i].memory_size);
		if (d->memory[i] == NULL) {
			dialects_free(d);
			return NULL;
		}
	}
	return d;
}

void
dialects_free(struct dialects *d)
{
	if (d == NULL)
		return;
	for (size_t i = 0; i < ORBL_COUNT(rows); i++)
		free(d->memory[i]);
	free(d);
}

bool
dialect_has(const char *name)
{
	return find_row(name) != ORBL_COUNT(rows);
}

static uint8_t
ask_rows(const struct dialects *d, const struct log_line *s)
{
	for (size_t i = 0; i < ORBL_COUNT(rows); i++)
		if ((d->only == NULL || d->only == &rows[i]) && rows[i].knows(s))
			return (uint8_t)i;
	return ROW_NONE;
}

/* A tag's ends and its length tell most tags apart. */
static size_t
slot_of(struct text tag)
{
	const unsigned char *b = (const unsigned char *)tag.p;

	return (b[0] + 7u * b[tag.len / 2] + 31u * b[tag.len - 1] + 5u * tag.len) % CACHE_SLOTS;
}

/* Most tags have 8 to 16 bytes. */
static bool
is_same(const char *a, const char *b, size_t len)
{
	if (len < 8 || len > 16)
		return memcmp(a, b, len) == 0;
	return ((scan_load64(a) ^ scan_load64(b)) |
		       (scan_load64(a + len - 8) ^ scan_load64(b + len - 8))) == 0;
}

static bool
is_tag(const struct known_tag *t, struct text tag, enum frame frame, bool tag_cut)
{
	return t->len == tag.len && t->frame == frame && t->tag_cut == tag_cut &&
		is_same(t->tag, tag.p, tag.len);
}

static uint8_t
find_dialect(struct dialects *d, const struct log_line *s)
{
	struct known_tag *t;

	if (s->frame == FRAME_NONE || s->tag.len == 0 || s->tag.len > CACHE_TAG)
		return ask_rows(d, s);
	t = &d->cache[slot_of(s->tag)];
	if (is_tag(t, s->tag, s->frame, s->tag_cut))
		return t->row;
	*t = (struct known_tag){.len = (uint8_t)s->tag.len,
		.frame = (uint8_t)s->frame,
		.row = ask_rows(d, s),
		.tag_cut = s->tag_cut};
	memcpy(t->tag, s->tag.p, s->tag.len);
	return t->row;
}

enum dialect_glance
dialect_glance(const struct dialects *d, struct text tag, struct text message)
{
	const struct known_tag *t = &d->cache[slot_of(tag)];

	if (!is_tag(t, tag, FRAME_SYSLOG, false))
		return GLANCE_NEW_TAG;
	if (t->row == ROW_NONE)
		return GLANCE_FOREIGN;
	return rows[t->row].parse == postfix_parse && postfix_is_idle(message) ? GLANCE_IDLE :
										 GLANCE_MATTERS;
}

void
parse_state_start(struct parse_state *state)
{
	state->reason = NULL;
	state->rejection = REJECTION_OTHER;
	state->key = TEXT_NONE;
	state->stamp = (struct stamp){0};
	state->quoted = false;
	state->twice = false;
	state->used = 0;
}

static bool
is_unframed(const struct log_line *s)
{
	return s->frame == FRAME_NONE || s->frame == FRAME_DOCKER;
}

/* Is this a line as the server of the last unframed one that was known writes them? */
static bool
continues(const struct dialects *d, const struct log_line *s)
{
	return is_unframed(s) && d->unframed != ROW_NONE && rows[d->unframed].continues != NULL &&
		rows[d->unframed].continues(s);
}

enum parse_result
dialect_parse(struct dialects *d, const struct log_line *s, struct denial *out, bool *known)
{
	uint8_t row = find_dialect(d, s);

	*known = row != ROW_NONE || continues(d, s);
	if (row == ROW_NONE)
		return PARSE_SKIP;
	if (is_unframed(s))
		d->unframed = row;
	parse_state_start(d->state);
	d->state->memory = d->memory[row];
	*out = (struct denial){0};
	return rows[row].parse(s, d->state, out);
}

const struct dialect *
dialect_row(size_t i)
{
	return i < ORBL_COUNT(rows) ? &rows[i] : NULL;
}

bool
parse_is_local(const struct parse_state *state, struct text recipient)
{
	size_t at = text_rfind(recipient, TEXT("@"));

	for (size_t i = 0; at != SIZE_MAX && i < state->local_domain_count; i++)
		if (text_equal_nocase(text_from(recipient, at + 1), state->local_domains[i]))
			return true;
	return false;
}
