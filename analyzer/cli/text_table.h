/* text_table.h - rows of words for people: columns as wide as their longest cell. */
#ifndef ANALYZER_TEXT_TABLE_H
#define ANALYZER_TEXT_TABLE_H

#include <stdio.h>

#include <orbl/compiler.h>

enum { TEXT_TABLE_COLUMNS = 12 };

struct text_table;

/* A letter a column: 'l' its cells stand to the left, 'r' to the right. NULL: out of memory. */
struct text_table *text_table_new(const char *columns);
void text_table_free(struct text_table *t); /* NULL ok */
/* The next cell, row by row; cut at 255 bytes. What there is no memory for is left out. */
void text_table_add(struct text_table *t, const char *fmt, ...) ORBL_PRINTF(2, 3);
/* Nothing is printed behind the last cell of a row. */
void text_table_print(const struct text_table *t, FILE *out);

#endif
