#include "smtp_reply.h"

#include <stdbool.h>
#include <string.h>

void
smtp_reply_init(struct smtp_reply *r, smtp_reply_line_fn *line_fn, void *context)
{
	r->line_fn = line_fn;
	r->context = context;
	smtp_reply_reset(r);
}

void
smtp_reply_reset(struct smtp_reply *r)
{
	r->state = SMTP_REPLY_MORE;
	r->code = 0;
	r->lines = r->bytes = 0;
	r->text[0] = '\0';
	r->text_len = 0;
	r->line_len = 0;
	r->last = '\0';
}

static bool
parse_code(struct text line, int *code)
{
	if (line.len < 3 || line.p[0] < '2' || line.p[0] > '5')
		return false;
	for (size_t i = 1; i < 3; i++)
		if (line.p[i] < '0' || line.p[i] > '9')
			return false;
	*code = (line.p[0] - '0') * 100 + (line.p[1] - '0') * 10 + (line.p[2] - '0');
	return line.len == 3 || line.p[3] == ' ' || line.p[3] == '-';
}

static void
append_text(struct smtp_reply *r, struct text t)
{
	r->text_len += text_printable(t, r->text + r->text_len, sizeof(r->text) - r->text_len);
}

static void
keep_text(struct smtp_reply *r, struct text line)
{
	if (r->lines == 1) {
		append_text(r, text_upto(line, 3));
		append_text(r, TEXT(" "));
	} else {
		append_text(r, TEXT(" / "));
	}
	append_text(r, text_from(line, 4));
}

/* The last line's code counts, as in Postfix: servers exist whose lines differ. */
static enum smtp_reply_state
take_line(struct smtp_reply *r, struct text line)
{
	if (++r->lines > SMTP_REPLY_LINES_MAX)
		return SMTP_REPLY_TOO_BIG;
	if (r->line_fn != NULL)
		r->line_fn(line, r->context);
	if (!parse_code(line, &r->code))
		return SMTP_REPLY_GARBAGE;
	keep_text(r, line);
	return line.len > 3 && line.p[3] == '-' ? SMTP_REPLY_MORE : SMTP_REPLY_COMPLETE;
}

/* A line may end with LF alone: old servers do that, and it hides nothing from us. */
static enum smtp_reply_state
end_line(struct smtp_reply *r)
{
	size_t len = r->line_len - (r->last == '\r');

	r->line_len = 0;
	r->last = '\0';
	if (len > SMTP_REPLY_LINE_MAX)
		return SMTP_REPLY_TOO_BIG;
	return take_line(r, (struct text){r->line, len < SMTP_REPLY_KEPT ? len : SMTP_REPLY_KEPT});
}

static enum smtp_reply_state
add_byte(struct smtp_reply *r, char c)
{
	if (r->line_len > SMTP_REPLY_LINE_MAX)
		return SMTP_REPLY_TOO_BIG;
	if (r->line_len < SMTP_REPLY_KEPT)
		r->line[r->line_len] = c;
	r->line_len++;
	r->last = c;
	return SMTP_REPLY_MORE;
}

enum smtp_reply_state
smtp_reply_feed(struct smtp_reply *r, const void *bytes, size_t len, size_t *used)
{
	const char *p = bytes;

	*used = 0;
	while (r->state == SMTP_REPLY_MORE && *used < len) {
		char c = p[(*used)++];

		if (++r->bytes > SMTP_REPLY_BYTES_MAX)
			r->state = SMTP_REPLY_TOO_BIG;
		else if (c == '\n')
			r->state = end_line(r);
		else
			r->state = add_byte(r, c);
	}
	return r->state;
}

const char *
smtp_reply_state_text(enum smtp_reply_state s)
{
	static const char *const texts[] = {
		[SMTP_REPLY_MORE] = "reply not complete",
		[SMTP_REPLY_COMPLETE] = "complete reply",
		[SMTP_REPLY_GARBAGE] = "not an SMTP reply",
		[SMTP_REPLY_TOO_BIG] = "reply beyond all limits",
	};

	return texts[s];
}
