#include "container.h"

#include <string.h>

#include "event_json.h"
#include "event_xml.h"
#include "evt.h"
#include "evtx.h"
#include "journal_export.h"
#include "journal_pretty.h"

/* The table ends with a row without a name. */
static const struct container rows[] = {
	{"evtx", "event log of Windows Vista, Server 2008 and later", evtx_knows, evtx_open,
		evtx_feed, evtx_finish, evtx_close},
	{"evt", "event log of Windows NT 4 to Server 2003", evt_knows, evt_open, evt_feed,
		evt_finish, evt_close},
	{"event-xml", "events as Event Viewer and wevtutil export them", event_xml_knows,
		event_xml_open, event_xml_feed, event_xml_finish, event_xml_close},
	{"journal-export", "systemd's journal, journalctl -o export", journal_export_knows,
		journal_export_open, journal_export_feed, journal_export_finish,
		journal_export_close},
	{"journal-pretty", "systemd's journal, journalctl -o json-pretty", journal_pretty_knows,
		journal_pretty_open, journal_pretty_feed, journal_pretty_finish,
		journal_pretty_close},
	{"event-json", "Windows events as pretty-printed JSON or as an array",
		event_json_document_knows, event_json_document_open, event_json_document_feed,
		event_json_document_finish, event_json_document_close},
	{NULL, NULL, NULL, NULL, NULL, NULL, NULL},
};

const struct container *
container_row(size_t i)
{
	return i + 1 < ORBL_COUNT(rows) ? &rows[i] : NULL;
}

const struct container *
container_find(const char *name)
{
	for (size_t i = 0; i + 1 < ORBL_COUNT(rows); i++)
		if (strcmp(rows[i].name, name) == 0)
			return &rows[i];
	return NULL;
}

const struct container *
container_recognise(struct text head)
{
	for (size_t i = 0; i + 1 < ORBL_COUNT(rows); i++)
		if (rows[i].knows(head))
			return &rows[i];
	return NULL;
}
