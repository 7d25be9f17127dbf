/* journal_pretty.h - systemd's journal as journalctl -o json-pretty prints it.
 *
 *	{
 *		"__REALTIME_TIMESTAMP" : "1795262400000000",
 *		"MESSAGE" : "..."
 *	}
 *
 * No text in a string has a line end of its own: a line that is "{" or "}" alone starts or ends an
 * entry. One of more than JOURNAL_PRETTY_ENTRY bytes is passed over.
 */
#ifndef ANALYZER_JOURNAL_PRETTY_H
#define ANALYZER_JOURNAL_PRETTY_H

#include "container.h"

enum { JOURNAL_PRETTY_ENTRY = 262144 };

bool journal_pretty_knows(struct text head);
void *journal_pretty_open(const struct container_sink *sink);
enum err journal_pretty_feed(void *c, const void *bytes, size_t len) ORBL_NODISCARD;
enum err journal_pretty_finish(void *c) ORBL_NODISCARD;
void journal_pretty_close(void *c);

#endif
