#include "journal_line.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "syslog_line.h"

static const struct text names[JOURNAL_FIELD_COUNT] = {
	[JOURNAL_MESSAGE] = {"MESSAGE", 7},
	[JOURNAL_TIME] = {"__REALTIME_TIMESTAMP", 20},
	[JOURNAL_HOST] = {"_HOSTNAME", 9},
	[JOURNAL_IDENTIFIER] = {"SYSLOG_IDENTIFIER", 17},
	[JOURNAL_COMM] = {"_COMM", 5},
	[JOURNAL_SYSLOG_PID] = {"SYSLOG_PID", 10},
	[JOURNAL_PID] = {"_PID", 4},
	[JOURNAL_CONTAINER] = {"CONTAINER_ID", 12},
};

enum journal_field
journal_field_find(struct text name)
{
	size_t i = 0;

	while (i < JOURNAL_FIELD_COUNT && !text_equal(name, names[i]))
		i++;
	return (enum journal_field)i;
}

static struct text
put(char **at, struct text t)
{
	struct text there = {*at, t.len};

	if (t.len != 0)
		memcpy(*at, t.p, t.len);
	*at += t.len;
	return there;
}

static struct text
either(struct text a, struct text b)
{
	return a.len != 0 ? a : b;
}

static void
put_stamp(char **at, const struct stamp *s)
{
	*at += snprintf(*at, JOURNAL_LINE_MORE / 2, "%04d-%02d-%02dT%02d:%02d:%02d.%06" PRId32 "Z ",
		s->year, s->month, s->day, s->hour, s->minute, s->second, s->us);
}

static bool
read_time(struct text t, struct stamp *out)
{
	uint64_t us;

	return text_to_u64(t, INT64_MAX, &us) == OK &&
		stamp_from_epoch((int64_t)(us / 1000000), (int32_t)(us % 1000000), out);
}

/* What a container printed may have a frame of its own. */
static void
unwrap(struct log_line *s)
{
	struct stamp stamp = s->stamp;
	struct text raw = s->raw;
	struct log_line inner;
	const char *reason;

	if (syslog_line_parse(s->message, &inner, &reason) == OK) {
		*s = inner;
		if (inner.stamp.year == 0)
			s->stamp = stamp;
		s->raw = raw;
	} else {
		s->frame = FRAME_DOCKER;
		s->tag = text_upto(s->message, 0);
		s->pid = TEXT_NONE;
	}
}

bool
journal_line_make(const struct text fields[JOURNAL_FIELD_COUNT], char *room, struct log_line *out)
{
	struct text tag = either(fields[JOURNAL_IDENTIFIER], fields[JOURNAL_COMM]);
	struct text pid = either(fields[JOURNAL_SYSLOG_PID], fields[JOURNAL_PID]);
	char *at = room;

	*out = (struct log_line){.frame = FRAME_JOURNAL, .count = 1};
	if (!read_time(fields[JOURNAL_TIME], &out->stamp))
		return false;
	put_stamp(&at, &out->stamp);
	out->host = put(&at, fields[JOURNAL_HOST]);
	*at++ = ' ';
	out->tag = put(&at, tag);
	if (pid.len != 0) {
		*at++ = '[';
		out->pid = put(&at, pid);
		*at++ = ']';
	}
	*at++ = ':';
	*at++ = ' ';
	out->message = put(&at, fields[JOURNAL_MESSAGE]);
	out->raw = (struct text){room, (size_t)(at - room)};
	if (fields[JOURNAL_CONTAINER].p != NULL)
		unwrap(out);
	return true;
}
