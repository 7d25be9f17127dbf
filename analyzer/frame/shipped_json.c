#include "shipped_json.h"

#include <inttypes.h>
#include <stdio.h>

#include "journal_line.h"
#include "json_scan.h"
#include "outer.h"
#include "scan.h"
#include "syslog_line.h"

enum member {
	AT_TIMESTAMP,
	MESSAGE,
	LOG,
	DATE,
	VERSION,
	TIMESTAMP,
	SHORT_MESSAGE,
	HOST,
	APPLICATION,
	MSG,
	TIME_REPORTED,
	HOST_NAME,
	SYSLOG_TAG,
	MEMBER_COUNT
};

static const struct text names[MEMBER_COUNT] = {
	[AT_TIMESTAMP] = {"@timestamp", 10},
	[MESSAGE] = {"message", 7},
	[LOG] = {"log", 3},
	[DATE] = {"date", 4},
	[VERSION] = {"version", 7},
	[TIMESTAMP] = {"timestamp", 9},
	[SHORT_MESSAGE] = {"short_message", 13},
	[HOST] = {"host", 4},
	[APPLICATION] = {"_application_name", 17},
	[MSG] = {"msg", 3},
	[TIME_REPORTED] = {"timereported", 12},
	[HOST_NAME] = {"hostname", 8},
	[SYSLOG_TAG] = {"syslogtag", 9},
};

struct form {
	enum member line, time;
	enum member host, tag; /* MEMBER_COUNT: they are in the line */
};

static const struct form forms[] = {
	{MSG, TIME_REPORTED, HOST_NAME, SYSLOG_TAG},
	{SHORT_MESSAGE, TIMESTAMP, HOST, APPLICATION},
	{SHORT_MESSAGE, TIMESTAMP, MEMBER_COUNT, MEMBER_COUNT},
	{MESSAGE, AT_TIMESTAMP, MEMBER_COUNT, MEMBER_COUNT},
	{LOG, AT_TIMESTAMP, MEMBER_COUNT, MEMBER_COUNT},
	{LOG, DATE, MEMBER_COUNT, MEMBER_COUNT},
};

/* Values as they stand there; the first of a name counts. */
static bool
scan(struct text rest, struct text values[MEMBER_COUNT])
{
	struct json_member m;

	if (!json_scan_open(&rest))
		return false;
	while (json_scan_member(&rest, &m))
		for (size_t i = 0; i < MEMBER_COUNT; i++)
			if (values[i].p == NULL && text_equal(m.name, names[i]))
				values[i] = m.value;
	return json_scan_close(&rest) && rest.len == 0;
}

/* "1795287656.051", seconds. */
static bool
take_seconds(struct text t, struct stamp *out)
{
	struct text whole = text_cut(&t, '.');
	int32_t us = 0, unit = 100000;
	uint64_t s;

	for (size_t i = 0; i < t.len; i++, unit /= 10) {
		if (!scan_is_digit(t.p[i]))
			return false;
		us += unit * (t.p[i] - '0');
	}
	return text_to_u64(whole, INT32_MAX * UINT64_C(8), &s) == OK &&
		stamp_from_epoch((int64_t)s, us, out);
}

static bool
take_time(struct text value, struct stamp *out)
{
	if (!scan_byte(&value, '"'))
		return take_seconds(value, out);
	return stamp_take_rfc3339(&value, out) && text_equal(value, TEXT("\""));
}

static bool
has_form(const struct form *form, const struct text values[MEMBER_COUNT])
{
	if (values[form->line].p == NULL || values[form->time].p == NULL ||
		values[form->line].p[0] != '"')
		return false;
	return form->tag == MEMBER_COUNT ||
		(values[form->host].p != NULL && values[form->tag].p != NULL);
}

/* Where the line has no frame of its own: its parts are members. */
static bool
make_line(struct text message, const struct text parts[2], const struct stamp *stamp, char *texts,
	char *made, struct log_line *out)
{
	struct text fields[JOURNAL_FIELD_COUNT] = {{NULL, 0}};
	struct stamp_clock clock = {0};
	struct log_line tag = {0};
	char us[32];
	int64_t s;

	if (!json_scan_string(parts[0], texts, &fields[JOURNAL_HOST]))
		return false;
	texts += parts[0].len;
	if (!json_scan_string(parts[1], texts, &fields[JOURNAL_IDENTIFIER]))
		return false;
	syslog_line_message(fields[JOURNAL_IDENTIFIER], &tag);
	if (tag.tag.len != 0) { /* rsyslog's has "[pid]:" */
		fields[JOURNAL_IDENTIFIER] = tag.tag;
		fields[JOURNAL_PID] = tag.pid;
		(void)scan_byte(&message, ' ');
	}
	if (!stamp_to_epoch(stamp, &clock, &s))
		return false;
	(void)snprintf(us, sizeof(us), "%" PRId64 "%06" PRId32, s, stamp->us);
	fields[JOURNAL_TIME] = text_of(us);
	fields[JOURNAL_MESSAGE] = message;
	return journal_line_make(fields, made, out);
}

bool
shipped_json_take(struct text line, char *texts, char *made, struct log_line *out)
{
	struct text values[MEMBER_COUNT] = {{NULL, 0}}, message;
	const struct form *form = forms;
	struct stamp stamp;

	if (line.len == 0 || line.p[0] != '{' || !scan(line, values))
		return false;
	while (!has_form(form, values))
		if (++form == forms + ORBL_COUNT(forms))
			return false;
	if (!take_time(values[form->time], &stamp) ||
		!json_scan_string(values[form->line], texts, &message))
		return false;
	if (form->line == SHORT_MESSAGE && values[VERSION].p == NULL)
		return false;
	while (message.len != 0 && message.p[message.len - 1] == '\n')
		message.len--;
	if (form->tag != MEMBER_COUNT)
		return make_line(message,
			(const struct text[]){values[form->host], values[form->tag]}, &stamp,
			texts + values[form->line].len, made, out);
	outer_unwrap(line, message, &stamp, out);
	return true;
}
