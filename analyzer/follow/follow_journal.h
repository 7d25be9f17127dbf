/* follow_journal.h - a systemd journal as a log that goes on. */
#ifndef ANALYZER_FOLLOW_JOURNAL_H
#define ANALYZER_FOLLOW_JOURNAL_H

#include "follow_source.h"
#include "journal.h"

/* conf is kept. */
enum err follow_journal_open(const struct journal_conf *conf, struct follow_source *out,
	struct error *e) ORBL_NODISCARD;

#endif
