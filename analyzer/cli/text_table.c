#include "text_table.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <orbl/err.h>
#include <orbl/text.h>

enum { CELL = 256, GAP = 2 };

struct text_table {
	size_t columns, count, room;
	char align[TEXT_TABLE_COLUMNS + 1];
	char **cells;
};

struct text_table *
text_table_new(const char *columns)
{
	struct text_table *t = calloc(1, sizeof(*t));

	if (t == NULL)
		return NULL;
	t->columns = strnlen(columns, TEXT_TABLE_COLUMNS);
	memcpy(t->align, columns, t->columns);
	return t;
}

void
text_table_free(struct text_table *t)
{
	if (t == NULL)
		return;
	for (size_t i = 0; i < t->count; i++)
		free(t->cells[i]);
	free(t->cells);
	free(t);
}

void
text_table_add(struct text_table *t, const char *fmt, ...)
{
	char cell[CELL], printable[CELL];
	va_list args;

	if (t->count == t->room) {
		size_t wanted = t->room == 0 ? 64 : t->room * 2;
		char **grown = realloc(t->cells, wanted * sizeof(*grown));

		if (grown == NULL)
			return;
		t->cells = grown;
		t->room = wanted;
	}
	va_start(args, fmt);
	vsnprintf(cell, sizeof(cell), fmt, args);
	va_end(args);
	text_printable(text_of(cell), printable, sizeof(printable));
	t->cells[t->count] = strdup(printable);
	t->count += t->cells[t->count] != NULL;
}

static int
width_of(const struct text_table *t, size_t column)
{
	size_t width = 0;

	for (size_t i = column; i < t->count; i += t->columns)
		if (strlen(t->cells[i]) > width)
			width = strlen(t->cells[i]);
	return (int)width;
}

static void
print_row(const struct text_table *t, const int *widths, char *const *cells, size_t count,
	FILE *out)
{
	while (count != 0 && cells[count - 1][0] == '\0')
		count--;
	for (size_t i = 0; i < count; i++) {
		if (i != 0)
			fprintf(out, "%*s", GAP, "");
		if (t->align[i] == 'r')
			fprintf(out, "%*s", widths[i], cells[i]);
		else
			fprintf(out, "%-*s", i + 1 < count ? widths[i] : 0, cells[i]);
	}
	fputc('\n', out);
}

void
text_table_print(const struct text_table *t, FILE *out)
{
	int widths[TEXT_TABLE_COLUMNS];

	for (size_t i = 0; i < t->columns; i++)
		widths[i] = width_of(t, i);
	for (size_t i = 0; i < t->count; i += t->columns)
		print_row(t, widths, t->cells + i,
			t->count - i < t->columns ? t->count - i : t->columns, out);
}
