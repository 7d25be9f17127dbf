#include "notice_message.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <sodium.h>

#include "failing_case.h"
#include "redact.h"

enum {
	LINE = 900, /* RFC 5322 section 2.1.1 */
	TRANSCRIPT_LINES = 200,
	WIDTH = 76,
	TIME_TEXT = 40,
	DESCRIPTION = 1000, /* of XARF */
};

static const struct {
	const char *type, *subject, *what;
} kinds[CATEGORY_COUNT] = {
	[CATEGORY_RELAY] = {"open_service", "open mail relay",
		"The mail server at this address relays mail for strangers: a test message that we "
		"gave to it came back to us from there."},
	[CATEGORY_RELAY_INPUT] = {"open_service", "open mail relay",
		"The mail server at this address accepts mail from strangers for strangers: a test "
		"message that we gave to it came back to us by way of another host."},
	[CATEGORY_SUSPECT] = {"misconfiguration", "suspected mail relay",
		"Mail servers report that this address tried to use them as relays."},
	[CATEGORY_RELAY_OUTPUT] = {"misconfiguration", "output of an open mail relay",
		"The mail server at this address delivers what another host accepts from "
		"strangers."},
	[CATEGORY_UNTESTABLE] = {"misconfiguration", "untestable mail server",
		"The mail server at this address refuses to be tested."},
	[CATEGORY_BOUNCER] = {"misconfiguration", "mail server that bounces to forged senders",
		"The mail server at this address accepts mail for recipients that it does not "
		"know, "
		"and returns it to its sender, who can be forged."},
};

/* --- small parts ------------------------------------------------------------------- */

void
notice_message_id(const uint8_t random[16], char out[NOTICE_UUID])
{
	static const uint8_t dashes = 4; /* behind bytes 4, 6, 8, 10 */
	char hex[33];
	uint8_t b[16];
	size_t n = 0;

	memcpy(b, random, sizeof(b));
	b[6] = (uint8_t)((b[6] & 0x0f) | 0x40);
	b[8] = (uint8_t)((b[8] & 0x3f) | 0x80);
	sodium_bin2hex(hex, sizeof(hex), b, sizeof(b));
	for (size_t i = 0; i < 32; i++) {
		if (i >= 2 * dashes && i <= 20 && i % 4 == 0)
			out[n++] = '-';
		out[n++] = hex[i];
	}
	out[n] = '\0';
}

static const char *
rfc3339(int64_t t, char out[TIME_TEXT])
{
	time_t seconds = (time_t)t;
	struct tm tm = {0};

	gmtime_r(&seconds, &tm);
	strftime(out, TIME_TEXT, "%Y-%m-%dT%H:%M:%SZ", &tm);
	return out;
}

/* Not strftime, whose names follow the locale. */
static void
write_date(FILE *f, int64_t t)
{
	static const char days[] = "SunMonTueWedThuFriSat";
	static const char months[] = "JanFebMarAprMayJunJulAugSepOctNovDec";
	time_t seconds = (time_t)t;
	struct tm tm = {0};

	gmtime_r(&seconds, &tm);
	fprintf(f, "Date: %.3s, %02d %.3s %04d %02d:%02d:%02d +0000\n",
		days + (size_t)(3 * (tm.tm_wday % 7)), tm.tm_mday,
		months + (size_t)(3 * (tm.tm_mon % 12)), tm.tm_year + 1900, tm.tm_hour, tm.tm_min,
		tm.tm_sec);
}

static const char *
domain_of(const char *mailbox)
{
	const char *at = strrchr(mailbox, '@');

	return at != NULL ? at + 1 : mailbox;
}

static void
write_url(FILE *f, const struct notice_message *m)
{
	char address[ADDR_TEXT];

	addr_format(&m->prefix.addr, address);
	for (const char *c = m->conf->zone.url; *c != '\0'; c++)
		if (*c == '$')
			fputs(address, f);
		else if (*c > ' ' && *c < 0x7f)
			fputc(*c, f);
}

/* --- the dialogue ------------------------------------------------------------------ */

/* A new text, "" without one; NULL: out of memory. */
static char *
make_transcript(const json_t *result, size_t *len)
{
	const json_t *lines = json_object_get(result, "transcript"), *line;
	char *text = NULL, redacted[LINE];
	FILE *f = open_memstream(&text, len);
	size_t i;

	if (f == NULL)
		return NULL;
	json_array_foreach (lines, i, line) {
		if (i == TRANSCRIPT_LINES) {
			fputs("...\n", f);
			break;
		}
		fprintf(f, "%s\n", redact_tokens(text_of(json_string_value(line)), redacted, LINE));
	}
	if (fclose(f) == 0)
		return text;
	free(text);
	return NULL;
}

static char *
make_base64(const char *bytes, size_t len, size_t *out_len)
{
	size_t size = sodium_base64_encoded_len(len, sodium_base64_VARIANT_ORIGINAL);
	char *out = malloc(size);

	if (out != NULL)
		sodium_bin2base64(out, size, (const unsigned char *)bytes, len,
			sodium_base64_VARIANT_ORIGINAL);
	*out_len = size - 1;
	return out;
}

/* --- the report -------------------------------------------------------------------- */

static json_t *
evidence_json(const struct notice_message *m)
{
	uint8_t hash[crypto_hash_sha256_BYTES];
	char hex[2 * sizeof(hash) + 1], sha256[sizeof(hex) + 8], *payload = NULL;
	json_t *array = json_array(), *item = NULL;
	size_t len = 0, payload_len;
	char *text = make_transcript(m->result, &len);

	if (text != NULL && len != 0)
		payload = make_base64(text, len, &payload_len);
	if (payload != NULL) {
		crypto_hash_sha256(hash, (const unsigned char *)text, len);
		snprintf(sha256, sizeof(sha256), "sha256:%s",
			sodium_bin2hex(hex, sizeof(hex), hash, sizeof(hash)));
		item = json_pack("{s:s, s:s, s:s, s:s, s:I}", "content_type", "text/plain",
			"description", "SMTP dialogue of the test, tokens masked", "payload",
			payload, "hash", sha256, "size", (json_int_t)len);
	}
	if (item != NULL)
		json_array_append_new(array, item);
	free(payload);
	free(text);
	return array;
}

static json_t *
contact_json(const struct notice_message *m)
{
	const char *from = m->conf->notify.from;

	return json_pack("{s:s, s:s, s:s}", "org", m->conf->zone.name, "contact", from, "domain",
		domain_of(from));
}

json_t *
notice_message_xarf(const struct notice_message *m)
{
	char listed[TIME_TEXT], source[PREFIX_TEXT], reason[400], description[DESCRIPTION], tag[64];
	const struct addr *host = m->tested.family != 0 ? &m->tested : &m->prefix.addr;

	if (m->category ==
		CATEGORY_RELAY_OUTPUT) /* the listed one, not the input that was tested */
		host = &m->prefix.addr;
	addr_format(host, source);
	redact_tokens(text_of(m->reason), reason, sizeof(reason));
	snprintf(description, sizeof(description), "%s %s", kinds[m->category].what, reason);
	snprintf(tag, sizeof(tag), "orbl:%s", category_row(m->category)->name);
	return json_pack("{s:s, s:s, s:s, s:o, s:o, s:s, s:I, s:s, s:s, s:s, s:I, s:s, s:f, s:s,"
			 " s:[s], s:o}",
		"xarf_version", "4.2.0", "report_id", m->id, "timestamp",
		rfc3339(m->listed_s, listed), "reporter", contact_json(m), "sender",
		contact_json(m), "source_identifier", source, "source_port",
		(json_int_t)m->conf->probe.port, "category", "vulnerability", "type",
		kinds[m->category].type, "service", "smtp", "service_port",
		(json_int_t)m->conf->probe.port, "evidence_source", "automated_scan", "confidence",
		1.0, "description", description, "tags", tag, "evidence", evidence_json(m));
}

/* --- the message ------------------------------------------------------------------- */

static void
write_header(FILE *f, const struct notice_message *m)
{
	const struct conf *c = m->conf;
	char prefix[PREFIX_TEXT];

	prefix_format(&m->prefix, prefix);
	fprintf(f, "From: <%s>\nTo: <%s>\n", c->notify.from, m->contact);
	fprintf(f, "Subject: %s: %s, listed in %s\n", prefix, kinds[m->category].subject,
		c->zone.name);
	write_date(f, m->now_s);
	/* RFC 3834 section 5: nobody is to answer by himself. */
	fprintf(f,
		"Message-ID: <%s@%s>\nAuto-Submitted: auto-generated\nMIME-Version: 1.0\n"
		"Content-Type: multipart/mixed; boundary=\"%s\"\n\n",
		m->id, domain_of(c->notify.from), m->id);
}

static void
write_case(FILE *f, const struct notice_message *m)
{
	struct failing_case c;
	unsigned v = 0;

	while (v < VERDICT_COUNT &&
		(m->verdict == NULL || strcmp(m->verdict, verdict_name((enum verdict)v)) != 0))
		v++;
	if (!failing_case_find(m->result, (enum verdict)v, &c))
		return;
	fprintf(f, "\nThe test %s:\n\n    MAIL FROM:%s\n    RCPT TO:%s\n    %s\n", c.id,
		c.mail_from, c.rcpt_to, c.reply);
}

static void
write_times(FILE *f, const struct notice_message *m)
{
	const struct category_row *row = category_row(m->category);
	struct addr code = addr_from_ipv4(row->code);
	char prefix[PREFIX_TEXT], from[TIME_TEXT], until[TIME_TEXT], answer[ADDR_TEXT];
	bool later = m->effective_s > m->now_s;

	fprintf(f, "\n%s %s in %s as %s (%s), %s %s, until %s unless a test\nfinds it so again.\n",
		prefix_format(&m->prefix, prefix), later ? "will be listed" : "is listed",
		m->conf->zone.name, row->name, addr_format(&code, answer), later ? "from" : "since",
		rfc3339(later ? m->effective_s : m->listed_s, from), rfc3339(m->expires_s, until));
}

static void
write_way_off(FILE *f, const struct notice_message *m)
{
	fputs("\nTo get off the list: close the relay, then ask for a new test. The entry ends as\n"
	      "soon as every test is refused; it costs nothing, and no reason is asked for.\n",
		f);
	if (m->conf->zone.url[0] != '\0') {
		fputs("What was found, and where to ask:\n    ", f);
		write_url(f, m);
		fputc('\n', f);
	}
	if (m->conf->zone.policy[0] != '\0')
		fprintf(f, "What is listed and why:\n    %s\n", m->conf->zone.policy);
	fputs("\nA report for programs (XARF 4) follows, and the dialogue of the test.\n", f);
}

static void
write_text(FILE *f, const struct notice_message *m)
{
	char prefix[PREFIX_TEXT], reason[LINE];

	fprintf(f,
		"--%s\nContent-Type: text/plain; charset=us-ascii\n\n"
		"To the abuse contact of %s.\n\n%s\n\nWhat was found: %s\n",
		m->id, prefix_format(&m->prefix, prefix), kinds[m->category].what,
		redact_tokens(text_of(m->reason), reason, sizeof(reason)));
	write_case(f, m);
	write_times(f, m);
	write_way_off(f, m);
}

/* In base64, as lines of JSON may be of any length. */
static bool
write_report(FILE *f, const struct notice_message *m)
{
	json_t *report = notice_message_xarf(m);
	char *text = report != NULL ? json_dumps(report, JSON_ENSURE_ASCII | JSON_INDENT(2)) : NULL;
	size_t len = 0;
	char *base64 = text != NULL ? make_base64(text, strlen(text), &len) : NULL;

	json_decref(report);
	free(text);
	if (base64 == NULL)
		return false;
	fprintf(f,
		"\n--%s\nContent-Type: application/json; charset=utf-8; name=\"xarf.json\"\n"
		"Content-Transfer-Encoding: base64\n"
		"Content-Disposition: attachment; filename=\"xarf.json\"\n\n",
		m->id);
	for (size_t i = 0; i < len; i += WIDTH)
		fprintf(f, "%.*s\n", WIDTH, base64 + i);
	free(base64);
	return true;
}

static bool
write_transcript(FILE *f, const struct notice_message *m)
{
	size_t len = 0;
	char *text = make_transcript(m->result, &len);

	if (text == NULL)
		return false;
	if (len != 0)
		fprintf(f,
			"\n--%s\nContent-Type: text/plain; charset=us-ascii; "
			"name=\"dialogue.txt\"\n"
			"Content-Disposition: attachment; filename=\"dialogue.txt\"\n\n%s",
			m->id, text);
	free(text);
	return true;
}

char *
notice_message_make(const struct notice_message *m, size_t *len)
{
	char *text = NULL;
	FILE *f = open_memstream(&text, len);
	bool good;

	if (f == NULL)
		return NULL;
	write_header(f, m);
	write_text(f, m);
	good = write_report(f, m) && write_transcript(f, m);
	fprintf(f, "\n--%s--\n", m->id);
	if (fclose(f) == 0 && good)
		return text;
	free(text);
	return NULL;
}
