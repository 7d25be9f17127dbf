#include <orbl/err.h>

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

const char *
err_name(enum err code)
{
	static const char *const names[] = {"ok", "memory", "io", "full", "syntax", "range",
		"corrupt", "not-found", "refused", "timeout", "unsupported"};

	return (size_t)code < ORBL_COUNT(names) ? names[code] : "unknown";
}

/* Names and paths in the text come from outside: a terminal must not act on them. */
static void
make_printable(struct error *e)
{
	for (char *p = e->text; *p != '\0'; p++)
		if (*p < ' ' || *p > '~')
			*p = '?';
}

enum err
error_set(struct error *e, enum err code, const char *fmt, ...)
{
	va_list args;

	if (e == NULL)
		return code;
	e->code = code;
	va_start(args, fmt);
	vsnprintf(e->text, sizeof(e->text), fmt, args);
	va_end(args);
	make_printable(e);
	return code;
}

enum err
error_errno(struct error *e, const char *fmt, ...)
{
	int number = errno;
	enum err code = number == ENOSPC || number == EDQUOT ? ERR_FULL : ERR_IO;
	va_list args;
	size_t len;

	if (e == NULL)
		return code;
	e->code = code;
	va_start(args, fmt);
	vsnprintf(e->text, sizeof(e->text), fmt, args);
	va_end(args);
	len = strlen(e->text);
	snprintf(e->text + len, sizeof(e->text) - len, ": %s", strerror(number));
	make_printable(e);
	return code;
}
