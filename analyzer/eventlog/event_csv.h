/* event_csv.h - events of a Windows Event Log as comma separated values.
 *
 *	Level,Date and Time,Source,Event ID,Task Category          Event Viewer since Vista
 *	Date,Time,Source,Type,Category,Event,User,Computer,Description      NT 4, 2000, XP
 *	"Message","Id",...,"RecordId","ProviderName",...           PowerShell's Export-Csv
 *
 * Event Viewer gives the message a sixth column without a name. Its messages and PowerShell's
 * hold line ends; those of NT stand to the end of the line, in quotes or not. The first two
 * forms are known without their head, too, which Windows translates. Dates are as the regional
 * settings have them (locale_date.h), times local.
 */
#ifndef ANALYZER_EVENT_CSV_H
#define ANALYZER_EVENT_CSV_H

#include "dialect.h"
#include "event_record.h"
#include "locale_date.h"

enum { EVENT_CSV_FIELDS = 8, EVENT_CSV_ROOM = 65536 };

struct event_csv {      /* memory of the dialect */
	char separator; /* NUL: what the columns are is not known */
	size_t column_count;
	size_t columns[EVENT_CSV_FIELDS];
	struct locale_date locale;
	struct event_record event;
	char room[EVENT_CSV_ROOM];
};

bool event_csv_knows(const struct log_line *s);
enum parse_result
event_csv_parse(const struct log_line *s, struct parse_state *state, struct denial *out);

#endif
