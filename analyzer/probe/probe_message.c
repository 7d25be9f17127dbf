#include "probe_message.h"

#include <stdio.h>
#include <time.h>

/* RFC 5322 section 3.3; not strftime, whose names follow the locale. */
const char *
probe_message_date(int64_t now_s, char out[PROBE_DATE])
{
	static const char days[][4] = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
	static const char months[][4] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug",
		"Sep", "Oct", "Nov", "Dec"};
	time_t t = (time_t)now_s;
	struct tm tm = {0};

	gmtime_r(&t, &tm);
	snprintf(out, PROBE_DATE, "%s, %02d %s %04d %02d:%02d:%02d +0000", days[tm.tm_wday % 7],
		tm.tm_mday, months[tm.tm_mon % 12], tm.tm_year + 1900, tm.tm_hour, tm.tm_min,
		tm.tm_sec);
	return out;
}

/* RFC 3834 section 5: Auto-Submitted keeps vacation programs silent; Exchange wants its own. */
static int
format_header(const struct probe_message *m, const char *date, char *out, size_t size)
{
	return snprintf(out, size,
		"From: Relay test <%s@%s>\r\n"
		"To: <%s@%s>\r\n"
		"Subject: relay test of %s by %s\r\n"
		"Date: %s\r\n"
		"Message-ID: <%s.%s@%s>\r\n"
		"Auto-Submitted: auto-generated\r\n"
		"X-Auto-Response-Suppress: All\r\n"
		"Precedence: junk\r\n"
		"%s%s%s"
		"\r\n",
		m->sender_token, m->domain, m->recipient_token, m->domain, m->target, m->helo, date,
		m->recipient_token, m->case_id, m->domain, m->url[0] != '\0' ? "List-Help: <" : "",
		m->url, m->url[0] != '\0' ? ">\r\n" : "");
}

static int
format_body(const struct probe_message *m, const char *date, char *out, size_t size)
{
	return snprintf(out, size,
		"This is a test, made by %s, of whether the mail server\r\n"
		"at %s relays mail for strangers.\r\n"
		"\r\n"
		"Why: the address was reported for abuse of mail relays, or its operator asked.\r\n"
		"When: %s\r\n"
		"Test: %s\r\n"
		"Tracking id: %s\r\n"
		"\r\n"
		"Nobody but us gets this message, and one proof ends the test. It needs no\r\n"
		"answer. Who we are, and how to opt out of further tests:\r\n"
		"%s%s\r\n",
		m->helo, m->target, date, m->case_id, m->recipient_token,
		m->url[0] != '\0' ? "" : "https://", m->url[0] != '\0' ? m->url : m->domain);
}

enum err
probe_message_format(const struct probe_message *m, char out[PROBE_MESSAGE_MAX], size_t *len,
	struct error *e)
{
	int header, body = -1;
	char date[PROBE_DATE];

	probe_message_date(m->now_s, date);
	header = format_header(m, date, out, PROBE_MESSAGE_MAX);
	if (header > 0 && header < PROBE_MESSAGE_MAX)
		body = format_body(m, date, out + header, (size_t)(PROBE_MESSAGE_MAX - header));
	if (body < 0 || header + body >= PROBE_MESSAGE_MAX)
		return error_set(e, ERR_FULL,
			"the test message would exceed %d bytes: shorten collector.domain, "
			"probe.helo or probe.url",
			PROBE_MESSAGE_MAX);
	*len = (size_t)(header + body);
	return OK;
}
