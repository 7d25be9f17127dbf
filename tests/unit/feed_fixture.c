#include "feed_fixture.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <check.h>

#include "scratch.h"

struct feed_case
feed_case_files(const char *type, const struct feed_options *options, const char *paths)
{
	struct feed_case c = {.warnings = NULL};
	struct feed_source source = {.kind = FEED_RBLDNSD};
	struct feed_options none = {0};
	int fd = memfd_create("feed", MFD_CLOEXEC);
	size_t size;
	struct feed_warnings warnings = {.out = open_memstream(&c.warnings, &size)};

	ck_assert(fd >= 0 && warnings.out != NULL);
	snprintf(source.type, sizeof(source.type), "%s", type);
	snprintf(source.paths, sizeof(source.paths), "%s", paths);
	c.err = feed_compile(&source, options != NULL ? options : &none, FEED_NOW_S, fd, &warnings,
		&c.e);
	c.skipped = warnings.skipped;
	if (c.err == OK)
		ck_assert_int_eq(snapshot_open_fd(fd, "list", &c.snapshot, &c.e), OK);
	fclose(warnings.out);
	close(fd);
	return c;
}

struct feed_case
feed_case_text(const char *type, const struct feed_options *options, const char *text, size_t len)
{
	const struct timespec times[2] = {{.tv_sec = FEED_FILE_S}, {.tv_sec = FEED_FILE_S}};

	scratch_write("list", text, len);
	ck_assert_int_eq(utimensat(AT_FDCWD, "list", times, 0), 0);
	return feed_case_files(type, options, "list");
}

void
feed_case_free(struct feed_case *c)
{
	snapshot_close(c->snapshot);
	free(c->warnings);
}

/* --- answers ---------------------------------------------------------------- */

struct snapshot_zone
feed_case_zone(const struct feed_case *c)
{
	struct snapshot_zone zone;

	ck_assert_msg(c->err == OK, "%s", c->e.text);
	ck_assert_uint_eq(snapshot_zone_count(c->snapshot), 1);
	snapshot_zone(c->snapshot, 0, &zone);
	return zone;
}

/* addr_parse makes IPv4 of a mapped address; in a list of IPv6 it is not. */
static struct addr
parse_query(const char *query)
{
	struct addr a, mapped = {.family = 6, .b = {[10] = 0xff, [11] = 0xff}};
	bool is_mapped = strncmp(query, "6 ", 2) == 0;

	ck_assert_msg(addr_parse(text_of(query + 2 * is_mapped), &a) == OK, "%s", query);
	if (!is_mapped)
		return a;
	memcpy(mapped.b + 12, a.b, 4);
	return mapped;
}

bool
feed_case_find(const struct feed_case *c, const char *query, struct snapshot_view *out)
{
	struct snapshot_zone zone = feed_case_zone(c);
	struct snapshot_layer layer = {zone.acl != NULL ? zone.acl : zone.sets[0], NULL};
	struct addr a = parse_query(query);

	return snapshot_layer_find(&layer, &a, out);
}

static void
put_view(FILE *f, const struct snapshot_view *v)
{
	static const char *const actions[] = {"", "removed", "ignore", "refuse", "empty", "pass"};
	char text[ADDR_TEXT];

	ck_assert_uint_lt(v->action, ORBL_COUNT(actions));
	fputs(actions[v->action], f);
	for (size_t i = 0; i < v->a_count; i++) {
		struct addr a = addr_from_ipv4(snapshot_view_a(v, i));

		fprintf(f, "%s%s", i != 0 ? " " : "", addr_format(&a, text));
	}
	for (size_t i = 0; i < v->txt_count; i++) {
		struct text t = snapshot_view_txt(v, i);

		fputc('|', f);
		for (size_t k = 0; k < t.len; k++)
			if (t.p[k] == SNAPSHOT_ADDRESS_MARK)
				fputs("<ip>", f);
			else
				fputc(t.p[k], f);
	}
}

const char *
feed_case_answer(const struct feed_case *c, const char *query)
{
	static char answer[1 << 16];
	FILE *f = fmemopen(answer, sizeof(answer), "w");
	struct snapshot_view view;

	ck_assert_ptr_nonnull(f);
	if (feed_case_find(c, query, &view))
		put_view(f, &view);
	fputc('\0', f);
	fclose(f);
	return answer;
}

/* --- tables ----------------------------------------------------------------- */

void
feed_check_rows(const char *type, const struct feed_options *options, const struct feed_row *rows,
	size_t count)
{
	for (size_t i = 0; i < count; i++) {
		struct feed_case c = feed_case_text(type, options, rows[i].file,
			strlen(rows[i].file));
		const char *got = feed_case_answer(&c, rows[i].query);

		ck_assert_msg(strcmp(got, rows[i].wanted) == 0, "\"%s\" for %s: \"%s\", not \"%s\"",
			rows[i].file, rows[i].query, got, rows[i].wanted);
		feed_case_free(&c);
	}
}

void
feed_check_rejected(const char *type, const char *before, const char *after,
	const char *const *lines, size_t count)
{
	char file[400];

	for (size_t i = 0; i < count; i++) {
		struct feed_case c;

		snprintf(file, sizeof(file), "%s\n%s\n%s\n", before, lines[i], after);
		c = feed_case_text(type, NULL, file, strlen(file));
		ck_assert_msg(c.err == OK, "%s", c.e.text);
		ck_assert_msg(strncmp(c.warnings, "list:2: ", 8) == 0, "not rejected: %s",
			lines[i]);
		ck_assert_ptr_null(strstr(c.warnings, "list:3"));
		ck_assert_uint_eq(c.skipped, 1);
		ck_assert_uint_eq(snapshot_entries(c.snapshot), 2);
		feed_case_free(&c);
		c = feed_case_text(type, NULL, lines[i], strlen(lines[i]));
		ck_assert_msg(c.err == ERR_SYNTAX, "%s", lines[i]);
		ck_assert_msg(strncmp(c.e.text, "list:1: ", 8) == 0, "%s", c.e.text);
		feed_case_free(&c);
	}
}
