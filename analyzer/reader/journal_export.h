/* journal_export.h - systemd's Journal Export Format, as journalctl -o export prints it.
 *
 *	__REALTIME_TIMESTAMP=1795262400000000
 *	MESSAGE
 *	<8 bytes, little-endian: length><that many bytes, LF in them or not>
 *	<an empty line ends the entry>
 *
 * A field of more than JOURNAL_EXPORT_FIELD bytes is left out, and so is what an entry has
 * beyond JOURNAL_EXPORT_FIELD in all: no mail server writes such.
 */
#ifndef ANALYZER_JOURNAL_EXPORT_H
#define ANALYZER_JOURNAL_EXPORT_H

#include "container.h"

enum { JOURNAL_EXPORT_FIELD = 65536 };

bool journal_export_knows(struct text head);
void *journal_export_open(const struct container_sink *sink);
enum err journal_export_feed(void *c, const void *bytes, size_t len) ORBL_NODISCARD;
enum err journal_export_finish(void *c) ORBL_NODISCARD;
void journal_export_close(void *c);

#endif
