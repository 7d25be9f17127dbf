/* fuzz_safe_list.c - a safe list file, read as such and as a plain one; then its set is asked. */
#include <assert.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "prefix_file.h"
#include "prefix_set.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { ASKED = 64 };

static void
check_text(const char *text)
{
	for (; *text != '\0'; text++)
		assert(*text >= ' ' && *text <= '~');
}

/* Lines are in order, names are printable and short, no prefix has bits outside its mask. */
static void
check_rows(const struct prefix_rows *rows, enum prefix_file_kind kind)
{
	for (size_t i = 0; i < rows->count; i++) {
		const struct prefix_row *row = &rows->rows[i];
		char text[PREFIX_TEXT];
		struct prefix again;

		assert(i == 0 || row->line >= rows->rows[i - 1].line);
		assert(prefix_parse(text_of(prefix_format(&row->prefix, text)), &again) == OK);
		assert(prefix_holds(&again, &row->prefix) && prefix_holds(&row->prefix, &again));
		assert(strlen(rows->names + row->name) < PREFIX_FILE_NAME);
		check_text(rows->names + row->name);
		if (kind == PREFIX_FILE_SAFE)
			assert(row->prefix.len >= (row->prefix.addr.family == 4 ?
								  PREFIX_FILE_SAFE_IPV4 :
								  PREFIX_FILE_SAFE_IPV6));
	}
}

static struct addr
last_address(const struct prefix *p)
{
	struct addr a = p->addr;

	for (unsigned bit = p->len; bit < (a.family == 4 ? 32U : 128U); bit++)
		a.b[bit / 8] |= (uint8_t)(0x80 >> bit % 8);
	return a;
}

/* Each row is found, by itself, by its first and by its last address; nothing is found that is not
 * in it, and the set has no prefix within another. */
static void
check_set(const struct prefix_rows *rows)
{
	struct prefix_item *items = calloc(rows->count + 1, sizeof(*items));
	struct prefix_set set;

	if (items == NULL)
		abort();
	for (size_t i = 0; i < rows->count; i++)
		items[i] = (struct prefix_item){rows->rows[i].prefix, (uint32_t)i};
	prefix_set_make(&set, items, rows->count);
	assert(set.count <= rows->count && (set.count != 0 || rows->count == 0));
	for (size_t i = 1; i < set.count; i++)
		assert(!prefix_holds(&set.items[i - 1].prefix, &set.items[i].prefix) &&
			addr_compare(&set.items[i - 1].prefix.addr, &set.items[i].prefix.addr) < 0);
	for (size_t i = 0; i < rows->count && i < ASKED; i++) {
		const struct prefix *p = &rows->rows[i].prefix;
		uint8_t bits = p->addr.family == 4 ? 32 : 128;
		struct prefix first = {p->addr, bits}, last = {last_address(p), bits};

		assert(prefix_set_find(&set, p) != NULL && prefix_set_find(&set, &first) != NULL);
		assert(prefix_set_find(&set, &last) != NULL);
		assert(prefix_holds(&prefix_set_find(&set, p)->prefix, p));
	}
	prefix_set_free(&set);
}

static size_t
read_as(struct text bytes, enum prefix_file_kind kind)
{
	struct error e = {.code = OK};
	struct prefix_rows rows;
	enum err err = prefix_rows_parse(bytes, "f", kind, &rows, &e);
	size_t count = rows.count;

	if (err != OK) {
		assert(e.code == err && strncmp(e.text, "f:", 2) == 0);
		assert(rows.rows == NULL && rows.names == NULL && count == 0);
		check_text(e.text);
		return SIZE_MAX;
	}
	check_rows(&rows, kind);
	check_set(&rows);
	prefix_rows_free(&rows);
	return count;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct text bytes = {(const char *)data, size};

	(void)read_as(bytes, PREFIX_FILE_SAFE);
	(void)read_as(bytes, PREFIX_FILE_PLAIN);
	return 0;
}
