#include "follow_find.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <orbl/text.h>

static const char *const packed[] = {".gz", ".xz", ".zst"};

static bool
ends_packed(const char *s)
{
	for (size_t i = 0; i < ORBL_COUNT(packed); i++)
		if (text_has_suffix(text_of(s), text_of(packed[i])))
			return true;
	return false;
}

/* [.-] and digits, as of numbers and dates; the length, or 0. */
static size_t
rotation_len(const char *rest)
{
	size_t n = 1;

	if ((rest[0] != '.' && rest[0] != '-') || rest[1] < '0' || rest[1] > '9')
		return 0;
	while (rest[n] >= '0' && rest[n] <= '9')
		n++;
	while ((rest[n] == '-' || rest[n] == '_' || rest[n] == '.' || rest[n] == 'T' ||
		       rest[n] == ':') &&
		rest[n + 1] >= '0' && rest[n + 1] <= '9')
		for (n++; rest[n] >= '0' && rest[n] <= '9';)
			n++;
	return n;
}

static bool
is_end(const char *rest)
{
	for (size_t i = 0; i < ORBL_COUNT(packed); i++)
		if (strcmp(rest, packed[i]) == 0)
			return true;
	return rest[0] == '\0';
}

bool
follow_find_is_suffix(const char *rest)
{
	size_t n = rotation_len(rest);

	return n != 0 && is_end(rest + n);
}

/* "mail.log" and "mail-20261121.log": the date stands in front of the extension. */
static bool
is_rotated_stem(const char *base, const char *name)
{
	const char *dot = strrchr(base, '.');
	size_t stem = dot != NULL ? (size_t)(dot - base) : 0, n;

	if (stem == 0 || strncmp(base, name, stem) != 0)
		return false;
	n = rotation_len(name + stem);
	return n != 0 && strncmp(name + stem + n, dot, strlen(dot)) == 0 &&
		is_end(name + stem + n + strlen(dot));
}

static bool
is_rotated(const char *base, const char *name)
{
	size_t len = strlen(base);

	if (strncmp(base, name, len) == 0 && follow_find_is_suffix(name + len))
		return true;
	return is_rotated_stem(base, name);
}

/* FILE.1: the number; a date is none. */
static uint64_t
number_of(const char *base, const char *name)
{
	struct text rest = text_of(name + strlen(base));
	uint64_t n = 0;

	if (strncmp(base, name, strlen(base)) != 0 || rest.len < 2 || rest.p[0] != '.')
		return 0;
	rest = text_from(rest, 1);
	return text_to_u64(text_cut(&rest, '.'), 9999, &n) == OK ? n : 0;
}

static enum err
add(struct follow_list *l, const char *directory, const char *base, const char *name)
{
	struct follow_found f = {.is_packed = ends_packed(name), .number = number_of(base, name)};
	struct follow_found *bigger;
	struct stat st;

	if (asprintf(&f.path, "%s/%s", directory, name) < 0)
		return ERR_MEMORY;
	if (stat(f.path, &st) != 0 || !S_ISREG(st.st_mode) || l->count == FOLLOW_FILES_MAX) {
		free(f.path);
		return OK;
	}
	if (l->count == l->room) {
		bigger = realloc(l->items, (l->room + 64) * sizeof(*bigger));
		if (bigger == NULL) {
			free(f.path);
			return ERR_MEMORY;
		}
		l->items = bigger;
		l->room += 64;
	}
	f.time_ns = (int64_t)st.st_mtim.tv_sec * 1000000000 + st.st_mtim.tv_nsec;
	f.device = (uint64_t)st.st_dev;
	f.inode = (uint64_t)st.st_ino;
	f.size = (uint64_t)st.st_size;
	l->items[l->count++] = f;
	return OK;
}

static int
older_first(const void *x, const void *y)
{
	const struct follow_found *a = x, *b = y;

	if (a->time_ns != b->time_ns)
		return a->time_ns < b->time_ns ? -1 : 1;
	if (a->number != b->number)
		return a->number > b->number ? -1 : 1;
	return strcmp(a->path, b->path);
}

/* Being compressed just now, or kept both ways: the plain one is whole. */
static void
drop_doubles(struct follow_list *l)
{
	size_t kept = 0, len;
	bool doubled;

	for (size_t i = 0; i < l->count; i++) {
		doubled = false;
		for (size_t k = 0; l->items[i].is_packed && k < l->count; k++) {
			len = strlen(l->items[k].path);
			doubled = doubled ||
				(!l->items[k].is_packed &&
					strncmp(l->items[i].path, l->items[k].path, len) == 0 &&
					is_end(l->items[i].path + len));
		}
		if (doubled)
			l->items[i].inode = 0;
	}
	for (size_t i = 0; i < l->count; i++)
		if (l->items[i].inode != 0)
			l->items[kept++] = l->items[i];
		else
			free(l->items[i].path);
	l->count = kept;
}

enum err
follow_find_rotated(const char *file, struct follow_list *out, struct error *e)
{
	const char *slash = strrchr(file, '/'), *base = slash != NULL ? slash + 1 : file;
	char *directory = slash == NULL ? strdup(".") : strndup(file, (size_t)(slash - file) + 1);
	struct dirent *entry;
	enum err err = OK;
	DIR *d;

	*out = (struct follow_list){0};
	if (directory == NULL)
		return error_set(e, ERR_MEMORY, "%s: out of memory", file);
	d = opendir(directory);
	if (d == NULL && errno != ENOENT)
		err = error_errno(e, "%s: cannot look for rotated files", directory);
	while (d != NULL && err == OK && (entry = readdir(d)) != NULL)
		if (is_rotated(base, entry->d_name))
			err = add(out, directory, base, entry->d_name);
	if (d != NULL)
		closedir(d);
	free(directory);
	if (err == ERR_MEMORY)
		error_set(e, err, "%s: out of memory", file);
	if (out->count != 0)
		qsort(out->items, out->count, sizeof(out->items[0]), older_first);
	drop_doubles(out);
	return err;
}

void
follow_list_free(struct follow_list *l)
{
	for (size_t i = 0; i < l->count; i++)
		free(l->items[i].path);
	free(l->items);
	*l = (struct follow_list){0};
}
