#include "names_fixture.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <check.h>

#include <orbl/snapshot_layer.h>

#include "scratch.h"

/* A test is a process of its own. */
static struct {
	struct snapshot *snapshot;
	char *warnings;
	size_t warnings_len;
	char answer[16384];
} fixture;

struct out {
	char *p;
	size_t left;
};

void
names_file(const char *path, const char *line, ...)
{
	char *bytes = NULL;
	size_t len = 0;
	FILE *f = open_memstream(&bytes, &len);
	va_list lines;

	ck_assert_ptr_nonnull(f);
	va_start(lines, line);
	for (; line != NULL; line = va_arg(lines, const char *))
		fprintf(f, "%s\n", line);
	va_end(lines);
	ck_assert_int_eq(fclose(f), 0);
	scratch_write(path, bytes, len);
	free(bytes);
}

enum err
names_try_compile(const char *type, const char *paths, struct error *e)
{
	struct feed_source source = {.kind = FEED_RBLDNSD};
	struct feed_options options = {0};
	int fd = memfd_create("names", MFD_CLOEXEC);
	struct feed_warnings warnings = {.out = NULL};
	enum err err;

	names_close();
	snprintf(source.type, sizeof(source.type), "%s", type);
	snprintf(source.paths, sizeof(source.paths), "%s", paths);
	free(fixture.warnings);
	warnings.out = open_memstream(&fixture.warnings, &fixture.warnings_len);
	ck_assert(fd >= 0 && warnings.out != NULL);
	err = feed_compile(&source, &options, NAMES_NOW_S, fd, &warnings, e);
	ck_assert_int_eq(fclose(warnings.out), 0);
	if (err == OK)
		err = snapshot_open_fd(fd, "names", &fixture.snapshot, e);
	close(fd);
	return err;
}

void
names_compile(const char *type, const char *paths)
{
	struct error e = {.text = ""};

	ck_assert_msg(names_try_compile(type, paths, &e) == OK, "%s", e.text);
}

void
names_close(void)
{
	snapshot_close(fixture.snapshot);
	fixture.snapshot = NULL;
}

const struct snapshot *
names_snapshot(void)
{
	return fixture.snapshot;
}

const char *
names_warnings(void)
{
	return fixture.warnings;
}

/* --- answers --- */

static void put(struct out *o, const char *fmt, ...) ORBL_PRINTF(2, 3);

static void
put(struct out *o, const char *fmt, ...)
{
	va_list args;
	int n;

	va_start(args, fmt);
	n = vsnprintf(o->p, o->left, fmt, args);
	va_end(args);
	ck_assert(n >= 0 && (size_t)n < o->left);
	o->p += n;
	o->left -= (size_t)n;
}

static void
put_ipv4(struct out *o, uint32_t a)
{
	put(o, "%u.%u.%u.%u", a >> 24, a >> 16 & 0xff, a >> 8 & 0xff, a & 0xff);
}

static void
put_template(struct out *o, struct text t)
{
	put(o, " \"");
	for (size_t i = 0; i < t.len; i++)
		put(o, "%c", t.p[i] == SNAPSHOT_ADDRESS_MARK ? '$' : t.p[i]);
	put(o, "\"");
}

static void
put_name(struct out *o, const uint8_t *p)
{
	for (; *p != 0; p += 1 + *p)
		put(o, "%.*s.", (int)*p, (const char *)p + 1);
}

static void
put_strings(struct out *o, const uint8_t *p, const uint8_t *end)
{
	for (; p < end; p += 1 + *p) {
		ck_assert(p + 1 + *p <= end);
		put(o, " \"%.*s\"", (int)*p, (const char *)p + 1);
	}
}

static void
put_record(struct out *o, const struct snapshot_record *r)
{
	const uint8_t *p = (const uint8_t *)r->rdata.p, *end = p + r->rdata.len;

	if (r->type == 1) {
		ck_assert_uint_eq(r->rdata.len, 4);
		put(o, "A %u.%u.%u.%u", p[0], p[1], p[2], p[3]);
	} else if (r->type == 15) {
		put(o, "MX %u ", p[0] << 8 | p[1]);
		put_name(o, p + 2);
	} else if (r->type == 16) {
		put(o, "TXT");
		put_strings(o, p, end);
	} else {
		put(o, "TYPE%u ", r->type);
		for (; p < end; p++)
			put(o, "%02x", *p);
	}
	put(o, " %u", r->ttl_s);
}

static void
put_view(struct out *o, const struct snapshot_view *v)
{
	for (size_t i = 0; i < v->a_count; i++) {
		put(o, "%s", i != 0 ? "," : "");
		put_ipv4(o, snapshot_view_a(v, i));
	}
	for (size_t i = 0; i < v->txt_count; i++)
		put_template(o, snapshot_view_txt(v, i));
	if (v->a_count != 0)
		put(o, " %u", v->ttl_s);
	for (size_t i = 0; i < v->record_count; i++) {
		struct snapshot_record r = snapshot_view_record(v, i);

		put(o, "%s", i != 0 ? ", " : "");
		put_record(o, &r);
	}
}

static size_t
wire_of(const char *text, uint8_t wire[256], uint8_t label_at[128])
{
	size_t labels = 0, len, at = 0;

	for (; *text != '\0'; text += len + (text[len] == '.')) {
		len = strcspn(text, ".");
		label_at[labels++] = (uint8_t)at;
		wire[at++] = (uint8_t)len;
		memcpy(wire + at, text, len);
		at += len;
	}
	wire[at] = 0;
	return labels;
}

static void
put_name_answer(struct out *o, const struct snapshot_set *set, const char *text)
{
	uint8_t wire[256], label_at[128];
	struct snapshot_layer layer = {set, NULL};
	struct snapshot_name name = {wire, label_at, wire_of(text, wire, label_at)};
	struct snapshot_view view;
	size_t matched = 0;

	switch (snapshot_layer_find_name(&layer, &name, &view, &matched)) {
	case SNAPSHOT_NAME_NONE: put(o, "none"); break;
	case SNAPSHOT_NAME_EMPTY: put(o, "empty"); break;
	case SNAPSHOT_NAME_LISTED:
		put_view(o, &view);
		put(o, " of %zu", matched);
		break;
	}
}

static void
put_address_answer(struct out *o, const struct snapshot_set *set, const char *text)
{
	struct snapshot_layer layer = {set, NULL};
	struct snapshot_view view;
	struct addr a;

	if (addr_parse(text_of(text), &a) == OK && snapshot_layer_find(&layer, &a, &view))
		put_view(o, &view);
	else
		put(o, "none");
}

const char *
names_ask(const char *zone_name, const char *name)
{
	struct out o = {fixture.answer, sizeof(fixture.answer)};
	struct snapshot_zone zone;
	size_t i = 0;

	for (; i < snapshot_zone_count(fixture.snapshot); i++) {
		snapshot_zone(fixture.snapshot, i, &zone);
		if (text_equal(zone.name, text_of(zone_name)))
			break;
	}
	if (i == snapshot_zone_count(fixture.snapshot))
		return NULL;
	fixture.answer[0] = '\0';
	for (i = 0; i < zone.set_count; i++) {
		put(&o, "%s", i != 0 ? " | " : "");
		if (snapshot_set_has_names(zone.sets[i]))
			put_name_answer(&o, zone.sets[i], name);
		else
			put_address_answer(&o, zone.sets[i], name);
	}
	return fixture.answer;
}
