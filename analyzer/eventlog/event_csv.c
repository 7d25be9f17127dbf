#include "event_csv.h"

#include "csv.h"
#include "event_denial.h"
#include "event_map.h"
#include "scan.h"

enum field { SOURCE, ID, NUMBER, COMPUTER, DATE, CLOCK, MOMENT, MESSAGE };

enum { COLUMNS_MAX = 48, LEVEL_MAX = 24 };

static const struct {
	struct text name;
	enum field field;
} names[] = {
	{{"Source", 6}, SOURCE},
	{{"ProviderName", 12}, SOURCE},
	{{"SourceName", 10}, SOURCE},
	{{"Event ID", 8}, ID},
	{{"EventID", 7}, ID},
	{{"Id", 2}, ID},
	{{"Event", 5}, ID},
	{{"RecordId", 8}, NUMBER},
	{{"RecordNumber", 12}, NUMBER},
	{{"Index", 5}, NUMBER},
	{{"Computer", 8}, COMPUTER},
	{{"ComputerName", 12}, COMPUTER},
	{{"MachineName", 11}, COMPUTER},
	{{"Date", 4}, DATE},
	{{"Time", 4}, CLOCK},
	{{"Date and Time", 13}, MOMENT},
	{{"TimeCreated", 11}, MOMENT},
	{{"TimeGenerated", 13}, MOMENT},
	{{"Message", 7}, MESSAGE},
	{{"Description", 11}, MESSAGE},
};

/* The forms that are known without their head: which column holds what; COLUMNS_MAX: none. */
enum { NO = COLUMNS_MAX };

static const size_t viewer_columns[EVENT_CSV_FIELDS] = {
	[SOURCE] = 2,
	[ID] = 3,
	[NUMBER] = NO,
	[COMPUTER] = NO,
	[DATE] = NO,
	[CLOCK] = NO,
	[MOMENT] = 1,
	[MESSAGE] = 5,
};
static const size_t dump_columns[EVENT_CSV_FIELDS] = {
	[SOURCE] = 2,
	[ID] = 5,
	[NUMBER] = NO,
	[COMPUTER] = 7,
	[DATE] = 0,
	[CLOCK] = 1,
	[MOMENT] = NO,
	[MESSAGE] = 8,
};

static bool
is_separator(char c)
{
	return c == ',' || c == ';' || c == '\t';
}

static bool
is_head(struct text t)
{
	static const struct text heads[] = {{"Level,Date and Time,Source,Event ID,", 36},
		{"#TYPE System.Diagnostics.Event", 30}, {"EventLog,RecordNumber,", 22}};

	for (size_t i = 0; i < ORBL_COUNT(heads); i++)
		if (text_has_prefix(t, heads[i]))
			return true;
	return t.len > 11 && text_has_prefix(t, TEXT("Date")) && is_separator(t.p[4]) &&
		text_has_prefix(text_from(t, 5), TEXT("Time")) &&
		text_find(t, TEXT("Description")) != SIZE_MAX;
}

/* "Error,11/21/2026 7:00:56 PM,": the level is in the language of Windows. */
static bool
is_viewer_row(struct text t)
{
	struct locale_date locale = {false};
	struct stamp stamp = {0};
	size_t comma = text_find_byte(text_upto(t, LEVEL_MAX), ',');

	if (comma == SIZE_MAX || comma == 0 || scan_is_digit(t.p[0]))
		return false;
	t = text_from(t, comma + 1);
	return locale_date_take(&t, &locale, &stamp) && scan_byte(&t, ' ') &&
		locale_date_take_clock(&t, &stamp) && scan_byte(&t, ',');
}

/* "4/2/2001,11:44:31 AM," or with tabs */
static bool
is_dump_row(struct text t, char *separator)
{
	struct locale_date locale = {false};
	struct stamp stamp = {0};

	if (!scan_is_digit(t.p[0]) || !locale_date_take(&t, &locale, &stamp) || t.len == 0 ||
		!is_separator(t.p[0]))
		return false;
	*separator = t.p[0];
	scan_skip(&t, 1);
	return locale_date_take_clock(&t, &stamp) && scan_byte(&t, *separator);
}

/* Rows of PowerShell are known by their quotes alone; parse() asks for the head. */
bool
event_csv_knows(const struct log_line *s)
{
	struct text t = s->message;
	char separator;

	if (s->frame != FRAME_NONE || t.len < 4)
		return false;
	if (t.p[0] == '"')
		return text_find(t, TEXT("\"\t")) == SIZE_MAX;
	return is_head(t) || is_dump_row(t, &separator) || is_viewer_row(t);
}

static void
set_columns(struct event_csv *log, char separator, const size_t columns[EVENT_CSV_FIELDS])
{
	log->separator = separator;
	log->column_count = columns[MESSAGE] + 1;
	for (size_t i = 0; i < EVENT_CSV_FIELDS; i++)
		log->columns[i] = columns[i];
}

/* Is this line a head? */
static bool
read_head(struct event_csv *log, struct text line)
{
	size_t columns[EVENT_CSV_FIELDS], count = 0, known = 0;
	struct text name;
	struct csv csv;
	char separator = text_find_byte(line, '\t') != SIZE_MAX ? '\t' :
		text_find_byte(line, ',') != SIZE_MAX           ? ',' :
								  ';';

	for (size_t f = 0; f < EVENT_CSV_FIELDS; f++)
		columns[f] = COLUMNS_MAX;
	csv_init(&csv, line, separator, log->room, sizeof(log->room));
	for (; csv_next(&csv, &name) == CSV_FIELD && count < COLUMNS_MAX; count++) {
		for (size_t i = 0; i < ORBL_COUNT(names); i++) {
			if (!text_equal(event_trim(name), names[i].name) ||
				columns[names[i].field] != COLUMNS_MAX)
				continue;
			columns[names[i].field] = count;
			known++;
		}
	}
	if (known < 3 || columns[SOURCE] == COLUMNS_MAX || columns[ID] == COLUMNS_MAX)
		return false;
	if (columns[MESSAGE] == COLUMNS_MAX)
		columns[MESSAGE] = count++;
	set_columns(log, separator, columns);
	log->column_count = count;
	return true;
}

/* The message is whatever follows, when it is the last column and has no quotes. */
static enum csv_result
read_fields(struct event_csv *log, struct text line, struct text *all, size_t *count)
{
	enum csv_result result = CSV_FIELD;
	struct csv csv;

	csv_init(&csv, line, log->separator, log->room, sizeof(log->room));
	for (*count = 0; *count < log->column_count; (*count)++) {
		if (*count == log->columns[MESSAGE] && *count + 1 == log->column_count &&
			!csv.ended && (csv.rest.len == 0 || csv.rest.p[0] != '"')) {
			all[(*count)++] = csv.rest;
			return CSV_END;
		}
		result = csv_next(&csv, &all[*count]);
		if (result != CSV_FIELD)
			return result;
	}
	return csv.ended ? CSV_END : CSV_BAD;
}

static struct text
field_of(const struct event_csv *log, const struct text *all, size_t count, enum field f)
{
	return log->columns[f] < count ? event_trim(all[log->columns[f]]) : TEXT_NONE;
}

static struct stamp
read_time(struct event_csv *log, const struct text *all, size_t count)
{
	struct text moment = field_of(log, all, count, MOMENT);
	struct text date = field_of(log, all, count, DATE);
	struct text clock = field_of(log, all, count, CLOCK);
	struct stamp stamp = {0}, none = {0};

	if (moment.p != NULL) {
		if (stamp_take_date_time(&moment, &stamp))
			return stamp;
		date = text_cut(&moment, ' ');
		clock = moment;
	}
	return locale_date_take(&date, &log->locale, &stamp) && date.len == 0 &&
			locale_date_take_clock(&clock, &stamp) && clock.len == 0 ?
		stamp :
		none;
}

static enum parse_result
judge(struct event_csv *log, const struct text *all, size_t count, struct parse_state *state,
	struct denial *out)
{
	struct text message = field_of(log, all, count, MESSAGE);
	struct event_record *e = &log->event;
	enum parse_result result;
	uint64_t id, number = 0;

	e->stamp = read_time(log, all, count);
	if (text_to_u64(field_of(log, all, count, ID), UINT32_MAX, &id) != OK)
		return PARSE_SKIP;
	e->source = field_of(log, all, count, SOURCE);
	e->id = (uint32_t)id & UINT16_MAX;
	if (!event_map_concerns(state->events, e->source, e->id))
		return PARSE_SKIP;
	e->is_line = text_to_u64(field_of(log, all, count, NUMBER), UINT64_MAX, &number) != OK;
	e->number = number;
	e->computer = field_of(log, all, count, COMPUTER);
	e->message = message;
	e->string_count = 0;
	result = event_map_judge(state->events, e, state, out);
	out->is_record = false;
	return result;
}

static bool
find_columns(struct event_csv *log, struct text line)
{
	char separator;

	if (log->separator != '\0')
		return true;
	if (is_dump_row(line, &separator))
		set_columns(log, separator, dump_columns);
	else if (is_viewer_row(line))
		set_columns(log, ',', viewer_columns);
	return log->separator != '\0';
}

enum parse_result
event_csv_parse(const struct log_line *s, struct parse_state *state, struct denial *out)
{
	struct event_csv *log = state->memory;
	struct text all[COLUMNS_MAX];
	enum csv_result result;
	size_t count;

	if (s->message.p[0] == '#')
		return PARSE_SKIP;
	if ((s->message.p[0] == '"' || is_head(s->message)) && read_head(log, s->message))
		return PARSE_SKIP;
	if (!find_columns(log, s->message)) {
		state->reason = "the line that names the columns is missing";
		return PARSE_BAD;
	}
	result = read_fields(log, s->message, all, &count);
	if (result == CSV_OPEN) {
		state->quoted = true;
		return PARSE_MORE;
	}
	if (result == CSV_BAD) {
		state->reason = "the row does not fit the columns of the log";
		return PARSE_BAD;
	}
	return judge(log, all, count, state, out);
}
