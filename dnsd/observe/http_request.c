#include "http_request.h"

#include <string.h>

#include <orbl/text.h>

/* The line at *rest without its end; false: it is not whole. A LF alone ends it, too (RFC 9112
 * section 2.2). */
static bool
take_line(struct text *rest, struct text *line)
{
	const char *end = rest->len != 0 ? memchr(rest->p, '\n', rest->len) : NULL;

	if (end == NULL)
		return false;
	line->p = rest->p;
	line->len = (size_t)(end - rest->p);
	rest->p = end + 1;
	rest->len -= line->len + 1;
	if (line->len != 0 && line->p[line->len - 1] == '\r')
		line->len--;
	return true;
}

static bool
is_printable(struct text line)
{
	for (size_t i = 0; i < line.len; i++)
		if (((unsigned char)line.p[i] < ' ' && line.p[i] != '\t') || line.p[i] == 0x7f)
			return false;
	return true;
}

static struct text
take_word(struct text *line)
{
	const char *space = line->len != 0 ? memchr(line->p, ' ', line->len) : NULL;
	struct text word = {line->p, space != NULL ? (size_t)(space - line->p) : line->len};

	line->p += word.len + (space != NULL);
	line->len -= word.len + (space != NULL);
	return word;
}

static bool
is_word(struct text word, const char *wanted)
{
	return word.len == strlen(wanted) && memcmp(word.p, wanted, word.len) == 0;
}

static bool
begins(struct text word, const char *wanted)
{
	return word.len >= strlen(wanted) && memcmp(word.p, wanted, strlen(wanted)) == 0;
}

/* Of the absolute form, which a proxy sends (RFC 9112 section 3.2.2), the path. */
static struct text
path_of(struct text target)
{
	const char *slash;

	if (begins(target, "http://")) {
		target.p += strlen("http://");
		target.len -= strlen("http://");
		slash = memchr(target.p, '/', target.len);
		target.len -= slash != NULL ? (size_t)(slash - target.p) : target.len;
		target.p = slash != NULL ? slash : target.p;
	}
	for (size_t i = 0; i < target.len; i++)
		if (target.p[i] == '?')
			target.len = i;
	return target;
}

static enum http_status
read_request_line(struct text line, bool *head_only, bool *needs_host)
{
	struct text method = take_word(&line), target = take_word(&line), version = line;

	*needs_host = is_word(version, "HTTP/1.1");
	if (method.len == 0 || target.len == 0 || !begins(version, "HTTP/"))
		return HTTP_BAD_REQUEST;
	if (!*needs_host && !is_word(version, "HTTP/1.0"))
		return HTTP_VERSION;
	*head_only = is_word(method, "HEAD");
	if (!is_word(path_of(target), "/metrics"))
		return HTTP_NOT_FOUND;
	return *head_only || is_word(method, "GET") ? HTTP_OK : HTTP_METHOD_NOT_ALLOWED;
}

static bool
is_host(struct text line)
{
	return line.len >= 5 && strncasecmp(line.p, "host:", 5) == 0;
}

enum http_status
http_request_read(const char *bytes, size_t len, bool *head_only)
{
	struct text rest = {bytes, len}, line = {bytes, 0};
	enum http_status status;
	bool needs_host = false;
	size_t headers = 0, hosts = 0;

	*head_only = false;
	if (!take_line(&rest, &line))
		return len >= HTTP_REQUEST_MAX ? HTTP_TOO_LARGE : HTTP_INCOMPLETE;
	status = is_printable(line) ? read_request_line(line, head_only, &needs_host) :
				      HTTP_BAD_REQUEST;
	while (take_line(&rest, &line)) {
		/* RFC 9112 section 3.2 */
		if (line.len == 0)
			return needs_host && hosts != 1 ? HTTP_BAD_REQUEST : status;
		if (++headers > HTTP_HEADERS_MAX)
			return HTTP_TOO_LARGE;
		hosts += is_host(line);
		if (!is_printable(line) || memchr(line.p, ':', line.len) == NULL)
			status = HTTP_BAD_REQUEST;
	}
	return len >= HTTP_REQUEST_MAX ? HTTP_TOO_LARGE : HTTP_INCOMPLETE;
}

const char *
http_status_text(enum http_status status)
{
	switch (status) {
	case HTTP_OK: return "OK";
	case HTTP_NOT_FOUND: return "Not Found";
	case HTTP_METHOD_NOT_ALLOWED: return "Method Not Allowed";
	case HTTP_TOO_LARGE: return "Request Header Fields Too Large";
	case HTTP_UNAVAILABLE: return "Service Unavailable";
	case HTTP_VERSION: return "HTTP Version Not Supported";
	case HTTP_BAD_REQUEST:
	case HTTP_INCOMPLETE: break;
	}
	return "Bad Request";
}
