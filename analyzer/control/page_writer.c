#include "page_writer.h"

#include <string.h>

#include <orbl/text.h>

enum { MARKDOWN_WIDTH = 128, TEXT_WIDTH = 76 };

static const char *const format_names[PAGE_FORMAT_COUNT] = {
	[PAGE_MARKDOWN] = "markdown",
	[PAGE_HTML] = "html",
	[PAGE_TEXT] = "text",
};

const char *
page_format_name(enum page_format f)
{
	return format_names[f];
}

enum err
page_format_by_name(const char *name, enum page_format *out)
{
	for (unsigned f = 0; f < PAGE_FORMAT_COUNT; f++)
		if (strcmp(name, format_names[f]) == 0) {
			*out = (enum page_format)f;
			return OK;
		}
	return ERR_NOT_FOUND;
}

/* --- inside a block --------------------------------------------------------- */

struct inline_text { /* a block with its values, in the format of the page */
	enum page_format format;
	bool code, strong;
	size_t len;
	char text[2 * PAGE_TEXT_MAX];
};

static void
put(struct inline_text *t, const char *s)
{
	size_t len = strlen(s);

	if (len >= sizeof(t->text) - t->len)
		len = sizeof(t->text) - t->len - 1;
	memcpy(t->text + t->len, s, len);
	t->len += len;
	t->text[t->len] = '\0';
}

static void
put_html(struct inline_text *t, char c)
{
	const char one[2] = {c, '\0'};

	switch (c) {
	case '&': put(t, "&amp;"); break;
	case '<': put(t, "&lt;"); break;
	case '>': put(t, "&gt;"); break;
	case '"': put(t, "&quot;"); break;
	default: put(t, one);
	}
}

/* A character that is no markup. */
static void
put_plain(struct inline_text *t, char c)
{
	const char one[2] = {c, '\0'};

	if (t->format == PAGE_HTML) {
		put_html(t, c);
		return;
	}
	if (t->format == PAGE_MARKDOWN && !t->code && strchr("\\`*_[]<>|#", c) != NULL)
		put(t, "\\");
	/* Nothing is escaped in code, which a backtick would end. */
	put(t, t->format == PAGE_MARKDOWN && t->code && (c == '`' || c == '|') ? "?" : one);
}

static void
put_plain_all(struct inline_text *t, const char *s)
{
	for (; *s != '\0'; s++)
		put_plain(t, *s);
}

static bool
is_link(const char *s)
{
	return strncmp(s, "https://", 8) == 0 || strncmp(s, "http://", 7) == 0;
}

static void
put_value(struct inline_text *t, const char *value)
{
	char shown[PAGE_VALUE];

	text_printable(text_of(value), shown, sizeof(shown));
	if (t->format == PAGE_HTML && !t->code && is_link(shown) && strchr(shown, ' ') == NULL) {
		put(t, "<a href=\"");
		put_plain_all(t, shown);
		put(t, "\">");
		put_plain_all(t, shown);
		put(t, "</a>");
	} else {
		put_plain_all(t, shown);
	}
}

/* $(name) at s: returns what is behind it; NULL: it is none. */
static const char *
take_value(const struct page_writer *w, struct inline_text *t, const char *s)
{
	const char *end = s[1] == '(' ? strchr(s, ')') : NULL;
	char name[64], value[PAGE_VALUE] = "";
	size_t len = end != NULL ? (size_t)(end - s) - 2 : 0;

	if (end == NULL || len >= sizeof(name))
		return NULL;
	memcpy(name, s + 2, len);
	name[len] = '\0';
	if (!w->value(name, value, w->context))
		snprintf(value, sizeof(value), "$(%s)", name);
	put_value(t, value);
	return end + 1;
}

static void
toggle(struct inline_text *t, bool *on, const char *markdown, const char *html)
{
	*on = !*on;
	if (t->format == PAGE_MARKDOWN) {
		put(t, markdown);
	} else if (t->format == PAGE_HTML) {
		put(t, *on ? "<" : "</");
		put(t, html);
		put(t, ">");
	}
}

static void
expand(const struct page_writer *w, const char *s, struct inline_text *t)
{
	const char *next;

	*t = (struct inline_text){.format = w->format};
	while (*s != '\0') {
		if (*s == '$' && (next = take_value(w, t, s)) != NULL) {
			s = next;
		} else if (*s == '`') {
			toggle(t, &t->code, "`", "code");
			s++;
		} else if (strncmp(s, "**", 2) == 0 && !t->code) {
			toggle(t, &t->strong, "**", "strong");
			s += 2;
		} else {
			const char one[2] = {*s++, '\0'};

			/* Our own words need no escape in Markdown. */
			if (w->format == PAGE_HTML)
				put_html(t, one[0]);
			else
				put(t, one);
		}
	}
}

/* --- lines ---------------------------------------------------------------------- */

/* Words in lines of at most width; indent stands before each line but the first. */
static void
wrap(FILE *out, const char *s, size_t column, size_t width, const char *indent)
{
	struct text rest = text_of(s), word;
	bool first = true;

	while (rest.len != 0) {
		word = text_cut(&rest, ' ');
		if (!first && column + 1 + word.len > width) {
			fprintf(out, "\n%s", indent);
			column = strlen(indent);
		} else if (!first) {
			putc(' ', out);
			column++;
		}
		fprintf(out, "%.*s", TEXT_ARG(word));
		column += word.len;
		first = false;
	}
	putc('\n', out);
}

static struct text
next_cell(struct text *rest)
{
	static const struct text bar = {" | ", 3};
	size_t at = text_find(*rest, bar);
	struct text cell = at != SIZE_MAX ? text_upto(*rest, at) : *rest;

	*rest = at != SIZE_MAX ? text_from(*rest, at + bar.len) : text_from(*rest, rest->len);
	return cell;
}

static size_t
count_cells(struct text row)
{
	size_t n = 0;

	for (; row.len != 0; n++)
		next_cell(&row);
	return n;
}

/* --- Markdown -------------------------------------------------------------------- */

static bool
is_table(enum page_block b)
{
	return b == PAGE_HEAD || b == PAGE_ROW;
}

/* Lists and tables go on; all else has an empty line before it. */
static bool
goes_on(const struct page_writer *w, enum page_block b)
{
	return w->last == PAGE_NONE || (is_table(b) && is_table(w->last)) ||
		(b == w->last && (b == PAGE_ITEM || b == PAGE_STEP || b == PAGE_FORMULA));
}

static void
write_markdown_row(FILE *out, const char *text, bool head)
{
	struct text rest = text_of(text), cell;

	putc('|', out);
	while (rest.len != 0) {
		cell = next_cell(&rest);
		fprintf(out, " %.*s |", TEXT_ARG(cell));
	}
	putc('\n', out);
	if (!head)
		return;
	putc('|', out);
	for (size_t n = count_cells(text_of(text)); n != 0; n--)
		fputs("---|", out);
	putc('\n', out);
}

static void
write_markdown(struct page_writer *w, enum page_block b, const char *text)
{
	if (!goes_on(w, b))
		putc('\n', w->out);
	switch (b) {
	case PAGE_TITLE: fprintf(w->out, "# %s\n", text); break;
	case PAGE_HEADING: fprintf(w->out, "## %s\n", text); break;
	case PAGE_FORMULA: fprintf(w->out, "    %s\n", text); break;
	case PAGE_ITEM:
		fputs("- ", w->out);
		wrap(w->out, text, 2, MARKDOWN_WIDTH, "  ");
		break;
	case PAGE_STEP:
		fprintf(w->out, "%u. ", w->step);
		wrap(w->out, text, 3, MARKDOWN_WIDTH, "   ");
		break;
	case PAGE_HEAD: write_markdown_row(w->out, text, true); break;
	case PAGE_ROW: write_markdown_row(w->out, text, false); break;
	case PAGE_PARAGRAPH:
	case PAGE_NONE: wrap(w->out, text, 0, MARKDOWN_WIDTH, "");
	}
}

/* --- plain text -------------------------------------------------------------------- */

static void
underline(FILE *out, const char *text, char with)
{
	fprintf(out, "%s\n", text);
	for (size_t n = strlen(text); n != 0; n--)
		putc(with, out);
	putc('\n', out);
}

/* The short cells together, the last one below them. */
static void
write_text_row(FILE *out, const char *text)
{
	struct text rest = text_of(text), cell = next_cell(&rest);
	char head[PAGE_TEXT_MAX], last[PAGE_TEXT_MAX];
	int n = snprintf(head, sizeof(head), "%.*s", TEXT_ARG(cell));

	while (rest.len != 0) {
		cell = next_cell(&rest);
		if (rest.len != 0 && n >= 0 && (size_t)n < sizeof(head))
			n += snprintf(head + n, sizeof(head) - (size_t)n, ", %.*s", TEXT_ARG(cell));
	}
	snprintf(last, sizeof(last), "%.*s", TEXT_ARG(cell));
	fputs("  ", out);
	wrap(out, head, 2, TEXT_WIDTH, "  ");
	fputs("      ", out);
	wrap(out, last, 6, TEXT_WIDTH, "      ");
}

static void
write_text(struct page_writer *w, enum page_block b, const char *text)
{
	if (b == PAGE_HEAD)
		return;
	if (!goes_on(w, b) || is_table(b))
		putc('\n', w->out);
	switch (b) {
	case PAGE_TITLE: underline(w->out, text, '='); break;
	case PAGE_HEADING: underline(w->out, text, '-'); break;
	case PAGE_FORMULA: fprintf(w->out, "    %s\n", text); break;
	case PAGE_ITEM:
		fputs("  - ", w->out);
		wrap(w->out, text, 4, TEXT_WIDTH, "    ");
		break;
	case PAGE_STEP:
		fprintf(w->out, " %u. ", w->step);
		wrap(w->out, text, 4, TEXT_WIDTH, "    ");
		break;
	case PAGE_ROW: write_text_row(w->out, text); break;
	case PAGE_PARAGRAPH:
	case PAGE_HEAD:
	case PAGE_NONE: wrap(w->out, text, 0, TEXT_WIDTH, "");
	}
}

/* --- HTML ------------------------------------------------------------------------------ */

static const char html_begin[] =
	"<!DOCTYPE html>\n"
	"<html lang=\"en\" xmlns=\"http://www.w3.org/1999/xhtml\">\n<head>\n"
	"<meta charset=\"utf-8\"/>\n"
	"<meta name=\"viewport\" content=\"width=device-width\"/>\n"
	"<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; "
	"style-src 'unsafe-inline'\"/>\n";
static const char html_style[] =
	"<style>\n"
	"body { max-width: 50em; margin: 2em auto; padding: 0 1em; font-family: sans-serif;"
	" line-height: 1.5; }\n"
	"td, th { padding: 0.2em 0.8em 0.2em 0; text-align: left; vertical-align: top; }\n"
	"</style>\n</head>\n<body>\n";

static const char *
html_around(enum page_block b) /* the element that holds such blocks; NULL: none does */
{
	return b == PAGE_ITEM     ? "ul" :
		b == PAGE_STEP    ? "ol" :
		b == PAGE_FORMULA ? "pre" :
		is_table(b)       ? "table" :
				    NULL;
}

static void
write_html_row(FILE *out, const char *text, const char *element)
{
	struct text rest = text_of(text), cell;

	fputs("<tr>", out);
	while (rest.len != 0) {
		cell = next_cell(&rest);
		fprintf(out, "<%s>%.*s</%s>", element, TEXT_ARG(cell), element);
	}
	fputs("</tr>\n", out);
}

static void
write_html(struct page_writer *w, enum page_block b, const char *text)
{
	const char *around = html_around(b), *before = html_around(w->last);

	if (before != NULL && before != around)
		fprintf(w->out, "</%s>\n", before);
	if (around != NULL && around != before)
		fprintf(w->out, "<%s>%s", around, b == PAGE_FORMULA ? "" : "\n");
	switch (b) {
	case PAGE_TITLE:
		fprintf(w->out, "%s<title>%s</title>\n%s<h1>%s</h1>\n", html_begin, text,
			html_style, text);
		break;
	case PAGE_HEADING: fprintf(w->out, "<h2>%s</h2>\n", text); break;
	case PAGE_PARAGRAPH: fprintf(w->out, "<p>%s</p>\n", text); break;
	case PAGE_FORMULA: fprintf(w->out, "%s\n", text); break;
	case PAGE_ITEM:
	case PAGE_STEP: fprintf(w->out, "<li>%s</li>\n", text); break;
	case PAGE_HEAD: write_html_row(w->out, text, "th"); break;
	case PAGE_ROW: write_html_row(w->out, text, "td"); break;
	case PAGE_NONE: break;
	}
}

/* --- the page ----------------------------------------------------------------------------- */

void
page_add(struct page_writer *w, enum page_block b, const char *text)
{
	static void (*const write[PAGE_FORMAT_COUNT])(struct page_writer *, enum page_block,
		const char *) = {
		[PAGE_MARKDOWN] = write_markdown,
		[PAGE_HTML] = write_html,
		[PAGE_TEXT] = write_text,
	};
	struct inline_text t;

	expand(w, text, &t);
	w->step = b == PAGE_STEP ? w->step + 1 : 0;
	write[w->format](w, b, t.text);
	w->last = b;
}

void
page_end(struct page_writer *w)
{
	const char *before = html_around(w->last);

	if (w->format != PAGE_HTML)
		return;
	if (before != NULL)
		fprintf(w->out, "</%s>\n", before);
	fputs("</body>\n</html>\n", w->out);
}
