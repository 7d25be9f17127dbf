/* log.h - what a daemon tells its operator, on standard error.
 *
 * Only mains and stages log; library code returns an error. Lines carry a syslog level
 * in the form systemd reads ("<4>") when standard error is the journal, and a time stamp
 * otherwise. Whatever came from outside is made printable first.
 */
#ifndef ORBL_LOG_H
#define ORBL_LOG_H

#include <orbl/compiler.h>

enum log_level {
	LOG_LEVEL_ERROR,
	LOG_LEVEL_WARNING,
	LOG_LEVEL_NOTICE,
	LOG_LEVEL_INFO,
	LOG_LEVEL_DEBUG
};

/* "warning" and so on; what is no level is LOG_LEVEL_NOTICE. */
enum log_level log_level_by_name(const char *name);
/* Once, at start: program name (kept) and the most talkative level shown. */
void log_open(const char *program, enum log_level level);
void log_error(const char *fmt, ...) ORBL_PRINTF(1, 2);
void log_warning(const char *fmt, ...) ORBL_PRINTF(1, 2);
void log_notice(const char *fmt, ...) ORBL_PRINTF(1, 2);
void log_info(const char *fmt, ...) ORBL_PRINTF(1, 2);
void log_debug(const char *fmt, ...) ORBL_PRINTF(1, 2);
/* Why a daemon does not start, where there is no log yet: as a command says it, or as an error in
 * the journal. */
void log_refusal(const char *program, const char *text);

#endif
