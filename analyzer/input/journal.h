/* journal.h - entries of a systemd journal, this machine's or one in files.
 *
 * An entry comes in the journal's export form, as journalctl -o export prints it, which the
 * reader knows ("journal-export"). A cursor names the place of an entry and can be kept: what
 * journal_open starts with comes after it.
 *
 * Needs libsystemd; built without it, journal_open returns ERR_UNSUPPORTED.
 */
#ifndef ANALYZER_JOURNAL_H
#define ANALYZER_JOURNAL_H

#include <stdbool.h>
#include <stddef.h>

#include <orbl/err.h>
#include <orbl/text.h>

struct journal;

struct journal_conf {     /* borrowed by journal_open */
	const char *path; /* NULL: this machine's; a directory of journals, or one .journal file */
	/* FIELD=VALUE: different fields must all match, of one field's values any; "+" between two
	 * groups is "or", as for journalctl. None: SYSLOG_FACILITY=2, which is mail. */
	const char *const *matches;
	size_t match_count;
	const char *cursor; /* NULL: from the oldest entry */
	bool from_end;      /* without a cursor: only what comes from now on */
};

/* The error names the journal. A cursor whose entry is gone: from the next one after it. */
enum err
journal_open(const struct journal_conf *conf, struct journal **out, struct error *e) ORBL_NODISCARD;
void journal_close(struct journal *j); /* NULL ok */
/* The next entry with the empty line at its end, lent until the next call; empty when there is
 * none for now. Bounded: fields longer than 128 KiB are cut, those beyond 1 MiB left out. */
enum err journal_next(struct journal *j, struct text *out, struct error *e) ORBL_NODISCARD;
/* Of the entry that journal_next gave out last, lent until the next call; that of journal_conf
 * before the first (NULL: none). */
const char *journal_cursor(const struct journal *j);
/* Until there may be new entries, or timeout_ms have passed (-1: no limit); a signal may end the
 * wait early. *changed: worth a journal_next. */
enum err
journal_wait(struct journal *j, int timeout_ms, bool *changed, struct error *e) ORBL_NODISCARD;

#endif
