#include "zone_fixture.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "wire_name.h"

static void
must(enum err err, const struct error *e)
{
	if (err == OK)
		return;
	printf("Bail out! zone_fixture: %s\n", e->text);
	exit(EXIT_FAILURE);
}

struct zone_fixture
zone_fixture_new(void)
{
	struct zone_fixture f = {.builder = snapshot_builder_new(),
		.created_s = ZONE_FIXTURE_CREATED,
		.serial = ZONE_FIXTURE_SERIAL};

	must(f.builder != NULL ? OK : ERR_MEMORY, &(struct error){.text = "out of memory"});
	return f;
}

/* An open zone has a name, if only "". */
static void
end_zone(struct zone_fixture *f)
{
	struct error e;

	if (f->zone.name.p != NULL)
		must(snapshot_builder_zone(f->builder, &f->zone, &e), &e);
}

void
zone_fixture_zone(struct zone_fixture *f, const char *name, bool is_within)
{
	end_zone(f);
	f->zone = (struct snapshot_zone_draft){.name = text_of(name), .is_within = is_within};
}

void
zone_fixture_soa(struct zone_fixture *f, const char *mname, const char *ns)
{
	struct snapshot_apex *a = &f->zone.apex;

	a->has_soa = true;
	a->mname = text_of(mname);
	a->rname = TEXT("hostmaster.example.net");
	a->soa_ttl_s = 3600;
	a->serial = 0;
	a->refresh_s = 600;
	a->minimum_s = 300;
	a->ns_ttl_s = 7200;
	a->ns_count = ns != NULL;
	a->ns[0] = text_of(ns);
}

static size_t
new_set(struct zone_fixture *f)
{
	struct error e;

	must(snapshot_builder_set(f->builder, &f->set, &e), &e);
	return f->set;
}

void
zone_fixture_set(struct zone_fixture *f)
{
	f->zone.sets[f->zone.set_count++] = new_set(f);
}

void
zone_fixture_acl(struct zone_fixture *f)
{
	f->zone.has_acl = true;
	f->zone.acl = new_set(f);
}

static void
add_prefix(struct zone_fixture *f, const struct prefix *p, uint32_t id)
{
	struct addr high = p->addr;
	struct error e;

	for (unsigned bit = p->len; bit < (p->addr.family == 4 ? 32u : 128u); bit++)
		high.b[bit / 8] |= (uint8_t)(0x80 >> bit % 8);
	must(snapshot_builder_add(f->builder, f->set, &p->addr, &high, p->len, id, &e), &e);
}

static void
add_id(struct zone_fixture *f, const char *what, uint32_t id)
{
	bool below = strncmp(what, "*.", 2) == 0;
	uint8_t wire[WIRE_NAME_MAX];
	struct prefix p;
	struct error e;
	size_t len;

	if (prefix_parse(text_of(what), &p) == OK) {
		add_prefix(f, &p, id);
		return;
	}
	must(wire_name_parse(text_of(what + 2 * below), wire, &len),
		&(struct error){.text = "not a name"});
	must(snapshot_builder_add_name(f->builder, f->set, wire, below, id, &e), &e);
}

void
zone_fixture_add(struct zone_fixture *f, const char *what, const struct snapshot_class *c)
{
	struct error e;
	uint32_t id;

	must(snapshot_builder_class(f->builder, c, &id, &e), &e);
	add_id(f, what, id);
}

void
zone_fixture_exclude(struct zone_fixture *f, const char *what)
{
	add_id(f, what, SNAPSHOT_NOT_LISTED);
}

struct snapshot *
zone_fixture_open(struct zone_fixture *f)
{
	int fd = memfd_create("fixture", MFD_CLOEXEC);
	struct snapshot *s;
	struct error e;

	end_zone(f);
	if (f->base != NULL)
		snapshot_builder_delta_of(f->builder, f->base);
	must(snapshot_builder_write(f->builder, fd, f->serial, f->created_s, &e), &e);
	snapshot_builder_free(f->builder);
	must(snapshot_open_fd(fd, "fixture", &s, &e), &e);
	close(fd);
	return s;
}
