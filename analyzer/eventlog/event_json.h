/* event_json.h - events of a Windows Event Log as JSON: what tools make of them.
 *
 * Read are the forms of evtx_dump (nested as the XML is), Winlogbeat, NXLog and PowerShell's
 * ConvertTo-Json of Get-WinEvent and Get-EventLog, by the names of their members. One object a
 * line is a dialect; pretty-printed objects and arrays are a container (event_json_document.c).
 */
#ifndef ANALYZER_EVENT_JSON_H
#define ANALYZER_EVENT_JSON_H

#include "container.h"
#include "dialect.h"
#include "event_map.h"
#include "event_record.h"

enum { EVENT_JSON_LINE_MAX = 65536 };

enum { EVENT_JSON_DATA_MAX = 4 };

struct event_json_data { /* what holds strings, in one of several ways */
	int scope;
	struct text value;
};

struct event_json_found { /* members as they stand in the object; p NULL: there is none */
	struct text source, id, number, computer, time, message;
	size_t data_count;
	struct event_json_data data[EVENT_JSON_DATA_MAX];
	size_t string_count; /* found when the event is decoded */
	struct event_string strings[EVENT_STRINGS_MAX];
};

/* False when it is no object, or ends before it should. */
bool event_json_find(struct text object, struct event_json_found *out);
void event_json_find_strings(struct event_json_found *found);
/* room has object.len bytes, out lends from it. is_line is set when there is no number. */
void event_json_decode(struct event_json_found *found, char *room, struct event_record *out);
/* Has a text that starts an object a member that only events have? */
bool event_json_is_event(struct text t);

struct event_json { /* memory of the dialect */
	struct event_json_found found;
	struct event_record event;
	char room[EVENT_JSON_LINE_MAX];
};

bool event_json_knows(const struct log_line *s);
enum parse_result
event_json_parse(const struct log_line *s, struct parse_state *state, struct denial *out);

bool event_json_document_knows(struct text head);
void *event_json_document_open(const struct container_sink *sink);
enum err event_json_document_feed(void *c, const void *bytes, size_t len);
enum err event_json_document_finish(void *c);
void event_json_document_close(void *c);

#endif
