#include <orbl/log.h>

#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include <orbl/text.h>

static const char *const names[] = {"error", "warning", "notice", "info", "debug"};
static enum log_level max_level = LOG_LEVEL_INFO;
static const char *program_name = "orbl";
static bool to_journal;

enum log_level
log_level_by_name(const char *name)
{
	for (size_t i = 0; i < ORBL_COUNT(names); i++)
		if (strcmp(names[i], name) == 0)
			return (enum log_level)i;
	return LOG_LEVEL_NOTICE;
}

/* Who started a program may itself log to the journal, and have us write elsewhere: systemd.exec(5)
 * says to compare. */
static bool
is_journal(int fd)
{
	const char *stream = getenv("JOURNAL_STREAM");
	char expected[64];
	struct stat st;

	if (stream == NULL || fstat(fd, &st) != 0)
		return false;
	snprintf(expected, sizeof(expected), "%llu:%llu", (unsigned long long)st.st_dev,
		(unsigned long long)st.st_ino);
	return strcmp(stream, expected) == 0;
}

void
log_open(const char *program, enum log_level level)
{
	program_name = program;
	max_level = level;
	to_journal = is_journal(STDERR_FILENO);
}

static void write_line(enum log_level level, const char *fmt, va_list args) ORBL_PRINTF(2, 0);

static void
write_line(enum log_level level, const char *fmt, va_list args)
{
	static const int syslog_levels[] = {3, 4, 5, 6, 7};
	char message[1024], printable[1024], line[1200], stamp[32];
	time_t now = time(NULL);
	struct tm tm;
	int len;

	if (level > max_level)
		return;
	vsnprintf(message, sizeof(message), fmt, args);
	text_printable(text_of(message), printable, sizeof(printable));
	if (to_journal) {
		len = snprintf(line, sizeof(line), "<%d>%s\n", syslog_levels[level], printable);
	} else {
		strftime(stamp, sizeof(stamp), "%Y-%m-%dT%H:%M:%SZ", gmtime_r(&now, &tm));
		len = snprintf(line, sizeof(line), "%s %s[%ld]: %s: %s\n", stamp, program_name,
			(long)getpid(), names[level], printable);
	}
	/* One write a line, so that lines of several threads do not mix. A log that cannot be
	 * written has nowhere to complain to. */
	if (len > 0 && write(STDERR_FILENO, line, (size_t)len) < 0)
		return;
}

#define DEFINE_LOG(name, level)                                                                    \
	void name(const char *fmt, ...)                                                            \
	{                                                                                          \
		va_list args;                                                                      \
                                                                                                   \
		va_start(args, fmt);                                                               \
		write_line(level, fmt, args);                                                      \
		va_end(args);                                                                      \
	}

DEFINE_LOG(log_error, LOG_LEVEL_ERROR)
DEFINE_LOG(log_warning, LOG_LEVEL_WARNING)
DEFINE_LOG(log_notice, LOG_LEVEL_NOTICE)
DEFINE_LOG(log_info, LOG_LEVEL_INFO)
DEFINE_LOG(log_debug, LOG_LEVEL_DEBUG)

void
log_refusal(const char *program, const char *text)
{
	log_open(program, LOG_LEVEL_ERROR);
	if (to_journal)
		log_error("%s", text);
	else
		fprintf(stderr, "%s: %s\n", program, text);
}
