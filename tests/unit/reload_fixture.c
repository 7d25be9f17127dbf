#include "reload_fixture.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <orbl/file.h>
#include <orbl/log.h>
#include <orbl/snapshot_builder.h>

#include "list_fixture.h"
#include "unit.h"

/* --- files ------------------------------------------------------------------------ */

void
fixture_write_file(const char *name, const char *text)
{
	FILE *f;

	unlink(name); /* what is mapped is not written to */
	f = fopen(name, "w");
	ck_assert_ptr_nonnull(f);
	fputs(text, f);
	fclose(f);
}

void
fixture_publish_list(struct reload_fixture *f, uint32_t serial)
{
	struct list_fixture list = {.origin = "dnsbl.test",
		.lines = "192.0.2.1 relay\n",
		.serial = serial};
	struct file_replacement r;

	ck_assert_int_eq(file_replace_begin(&r, f->path, 0644, NULL), OK);
	ck_assert_int_eq(list_fixture_write(&list, r.fd, NULL), OK);
	ck_assert_int_eq(file_replace_commit(&r, NULL), OK);
}

void
fixture_publish_small(const char *name, const struct snapshot *base, const char *zone,
	uint32_t serial, unsigned addresses)
{
	struct snapshot_class class = {.a_count = 1, .a = {0x7f000002}};
	struct snapshot_zone_draft draft = {.name = text_of(zone), .set_count = 1};
	struct snapshot_builder *b = snapshot_builder_new();
	struct file_replacement r;
	uint32_t id;

	ck_assert_ptr_nonnull(b);
	ck_assert_int_eq(snapshot_builder_class(b, &class, &id, NULL), OK);
	ck_assert_int_eq(snapshot_builder_set(b, &draft.sets[0], NULL), OK);
	for (unsigned i = 0; i < addresses; i++)
		ck_assert_int_eq(snapshot_builder_add4(b, draft.sets[0], 0x0a000000 + 2 * i, id,
					 NULL),
			OK);
	ck_assert_int_eq(snapshot_builder_zone(b, &draft, NULL), OK);
	if (base != NULL)
		snapshot_builder_delta_of(b, base);
	ck_assert_int_eq(file_replace_begin(&r, name, 0644, NULL), OK);
	ck_assert_int_eq(snapshot_builder_write(b, r.fd, serial, RELOAD_FIXTURE_CREATED, NULL), OK);
	ck_assert_int_eq(file_replace_commit(&r, NULL), OK);
	snapshot_builder_free(b);
}

void
fixture_publish_base(struct reload_fixture *f, uint32_t serial)
{
	fixture_publish_small(f->path, NULL, "", serial, 1);
}

void
fixture_publish_delta(struct reload_fixture *f, uint32_t serial)
{
	struct snapshot *base;

	ck_assert_int_eq(snapshot_open(f->path, &base, NULL), OK);
	fixture_publish_small(f->delta_path, base, "", serial, 2);
	snapshot_close(base);
}

/* --- fixture ------------------------------------------------------------------------- */

void
fixture_set_up(struct reload_fixture *f)
{
	const struct feed_options feed = {.ttl_s = 2100};

	snprintf(f->dir, sizeof(f->dir), "/tmp/check_reload.XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(f->dir));
	snprintf(f->path, sizeof(f->path), "%s/list", f->dir);
	snprintf(f->delta_path, sizeof(f->delta_path), "%s.delta", f->path);
	f->loader = loader_new(f->program, &feed);
	f->zone_count = 0;
	f->options = (struct reload_options){.loader = f->loader};
	log_open("check_reload", LOG_LEVEL_INFO);
	snprintf(f->zones[0].source.paths, sizeof(f->zones[0].source.paths), "%s/log", f->dir);
	ck_assert_ptr_nonnull(freopen(f->zones[0].source.paths, "w", stderr));
}

void
fixture_tear_down(struct reload_fixture *f)
{
	char command[80];

	reload_free(f->reload);
	loader_free(f->loader);
	f->reload = NULL;
	f->loader = NULL;
	snprintf(command, sizeof(command), "rm -r %s", f->dir);
	ck_assert_int_eq(system(command), 0);
}

void
fixture_add_zone(struct reload_fixture *f, const char *zone, const char *file)
{
	char text[400];

	snprintf(text, sizeof(text), "%s%s", zone, file);
	ck_assert_int_eq(feed_zone_parse(text, &f->zones[f->zone_count++], NULL), OK);
}

enum err
fixture_try_to_open(struct reload_fixture *f, struct error *e)
{
	f->options.zones = f->zones;
	f->options.zone_count = f->zone_count;
	return reload_new(&f->options, &f->reload, e);
}

void
fixture_open_zones(struct reload_fixture *f)
{
	struct error e = {.text = ""};

	ck_assert_msg(fixture_try_to_open(f, &e) == OK, "%s", e.text);
}

void
fixture_open_snapshot_zone(struct reload_fixture *f)
{
	fixture_add_zone(f, "dnsbl.test=snapshot:", f->path);
	fixture_open_zones(f);
}

void
fixture_open_rbldnsd_zone(struct reload_fixture *f)
{
	fixture_add_zone(f, "dnsbl.test=rbldnsd:ip4set:", f->path);
	fixture_open_zones(f);
}

struct reload_status
fixture_status_of(struct reload_fixture *f, size_t i)
{
	struct reload_status s;

	reload_status(f->reload, i, RELOAD_FIXTURE_NOW, &s);
	return s;
}

struct reload_status
fixture_status(struct reload_fixture *f)
{
	return fixture_status_of(f, 0);
}

const struct zone *
fixture_find_zone(struct reload_fixture *f, const char *origin)
{
	const struct zone_set *set = reload_zones(f->reload);
	char name[WIRE_NAME_TEXT];

	for (size_t i = 0; i < zone_set_count(set); i++)
		if (strcmp(wire_name_format(zone_set_get(set, i)->origin, name), origin) == 0)
			return zone_set_get(set, i);
	return NULL;
}

bool
fixture_is_ready(struct reload_fixture *f, const char *origin)
{
	const struct zone *zone = fixture_find_zone(f, origin);

	return zone != NULL && zone->is_ready;
}

uint32_t
fixture_serial(struct reload_fixture *f)
{
	const struct snapshot *s = fixture_status(f).snapshot;

	ck_assert(fixture_is_ready(f, "dnsbl.test") == (s != NULL));
	return s != NULL ? snapshot_serial(s) : 0;
}

uint32_t
fixture_delta_serial(struct reload_fixture *f)
{
	const struct snapshot *s = fixture_status(f).delta;
	const struct zone *zone = fixture_find_zone(f, "dnsbl.test");

	ck_assert_ptr_nonnull(zone);
	ck_assert((zone->layers[0].layer.delta != NULL) == (s != NULL));
	return s != NULL ? snapshot_serial(s) : 0;
}

size_t
fixture_count_logged(struct reload_fixture *f, const char *what)
{
	char name[128], text[16384], *at = text;
	size_t count = 0;
	FILE *log;

	fflush(stderr);
	snprintf(name, sizeof(name), "%s/log", f->dir);
	log = fopen(name, "r");
	ck_assert_ptr_nonnull(log);
	text[fread(text, 1, sizeof(text) - 1, log)] = '\0';
	fclose(log);
	for (; (at = strstr(at, what)) != NULL; at++)
		count++;
	return count;
}
