/* page_writer.h - a page of headings, paragraphs, lists and tables in one of three formats.
 *
 * In the text of a block stand `code`, **strong**, and $(name) for a value; cells of a row are
 * parted by " | ". A value is never markup, whatever is in it. HTML is HTML 5 and well-formed XML,
 * has no script and asks for nothing from elsewhere.
 */
#ifndef ANALYZER_PAGE_WRITER_H
#define ANALYZER_PAGE_WRITER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#include <orbl/err.h>

enum page_format { PAGE_MARKDOWN, PAGE_HTML, PAGE_TEXT, PAGE_FORMAT_COUNT };
const char *page_format_name(enum page_format f); /* "markdown" */
enum err page_format_by_name(const char *name, enum page_format *out) ORBL_NODISCARD;

enum page_block {
	PAGE_NONE,
	PAGE_TITLE, /* the first one, once */
	PAGE_HEADING,
	PAGE_PARAGRAPH,
	PAGE_FORMULA, /* a line as it is */
	PAGE_ITEM,    /* of a list */
	PAGE_STEP,    /* of a numbered list */
	PAGE_HEAD,    /* of a table */
	PAGE_ROW,
};

enum { PAGE_VALUE = 640, PAGE_TEXT_MAX = 2048 };
/* Write the value of a name; false: there is none of this name, and the name is shown. */
typedef bool page_value_fn(const char *name, char out[PAGE_VALUE], const void *context);

struct page_writer {
	FILE *out;
	enum page_format format;
	page_value_fn *value;
	const void *context;

	enum page_block last; /* PAGE_NONE at the beginning */
	unsigned step;
};

void page_add(struct page_writer *w, enum page_block block, const char *text);
/* What ends the page. */
void page_end(struct page_writer *w);

#endif
