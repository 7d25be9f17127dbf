#include "list_fixture.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <orbl/listing.h>
#include <orbl/snapshot_builder.h>

struct fixture {
	struct snapshot_builder *builder;
	size_t sets[SUBZONE_COUNT];
};

static enum err
add_zones(struct fixture *x, const char *origin, uint32_t ttl_s, struct error *e)
{
	char mname[300], rname[300];
	struct snapshot_apex apex = {
		.has_soa = true,
		.soa_ttl_s = ttl_s != 0 ? ttl_s : LIST_FIXTURE_SOA_TTL,
		.refresh_s = 600,
		.retry_s = 120,
		.expire_s = 172800,
		.minimum_s = ttl_s != 0 ? ttl_s : LIST_FIXTURE_MINIMUM,
		.ns_ttl_s = 7200,
		.ttl_s = ttl_s != 0 ? ttl_s : LIST_FIXTURE_TTL,
		.ns_count = 2,
	};
	enum err err = OK;

	snprintf(mname, sizeof(mname), "ns1.%s", origin);
	snprintf(rname, sizeof(rname), "hostmaster.%s", origin);
	apex.mname = apex.ns[0] = text_of(mname);
	apex.rname = text_of(rname);
	apex.ns[1] = TEXT("ns2.example.net");
	for (size_t i = 0; err == OK && i < SUBZONE_COUNT; i++) {
		struct snapshot_zone_draft zone = {.name = text_of(subzone_row(i)->name),
			.policy = TEXT("https://dnsbl.test/policy"),
			.apex = apex,
			.set_count = 1};

		err = snapshot_builder_set(x->builder, &x->sets[i], e);
		zone.sets[0] = x->sets[i];
		if (err == OK)
			err = snapshot_builder_zone(x->builder, &zone, e);
	}
	return err;
}

static enum err
add_class(struct fixture *x, enum category category, int64_t expires_s, uint32_t *id,
	struct error *e)
{
	const struct category_row *row = category_row(category);
	struct snapshot_class class = {
		.expires_s = expires_s,
		.a_count = 1,
		.a = {row->code},
		.txt_count = 1,
	};
	char txt[SNAPSHOT_TXT_MAX];

	snprintf(txt, sizeof(txt), "[%u] %s; https://dnsbl.test/lookup?ip=%c",
		(unsigned)(row->code & 0xff), row->meaning, SNAPSHOT_ADDRESS_MARK);
	class.txt[0] = text_of(txt);
	return snapshot_builder_class(x->builder, &class, id, e);
}

static struct addr
last_of(const struct prefix *p)
{
	struct addr high = p->addr;

	for (unsigned bit = p->len; bit < (p->addr.family == 4 ? 32u : 128u); bit++)
		high.b[bit / 8] |= (uint8_t)(0x80 >> bit % 8);
	return high;
}

static enum err
add_line(struct fixture *x, struct text line, struct error *e)
{
	struct text rest = line, what = text_cut(&rest, ' '), name = text_cut(&rest, ' ');
	enum category category;
	struct prefix prefix;
	struct addr high;
	uint64_t expires_s = 0;
	uint32_t id;
	enum err err;

	if (prefix_parse(what, &prefix) != OK || category_by_name(name, &category) != OK ||
		(rest.len != 0 && text_to_u64(rest, INT64_MAX, &expires_s) != OK))
		return error_set(e, ERR_SYNTAX, "\"%.*s\" is not ADDR[/LEN] CATEGORY [EXPIRES]",
			TEXT_ARG(line));
	err = add_class(x, category, (int64_t)expires_s, &id, e);
	high = last_of(&prefix);
	for (size_t i = 0; err == OK && i < SUBZONE_COUNT; i++)
		if (subzone_row(i)->categories & 1u << category)
			err = snapshot_builder_add(x->builder, x->sets[i], &prefix.addr, &high,
				prefix.len, id, e);
	return err;
}

enum err
list_fixture_write(const struct list_fixture *f, int fd, struct error *e)
{
	struct fixture x = {.builder = snapshot_builder_new()};
	struct text rest = text_of(f->lines), line;
	enum err err;

	if (x.builder == NULL)
		return error_set(e, ERR_MEMORY, "out of memory");
	err = add_zones(&x, f->origin, f->ttl_s, e);
	while (err == OK && text_next_line(&rest, &line))
		if (line.len != 0)
			err = add_line(&x, line, e);
	if (err == OK)
		err = snapshot_builder_notice(x.builder, text_of(f->notice), e);
	if (err == OK)
		err = snapshot_builder_write(x.builder, fd, f->serial, 1700000000, e);
	snapshot_builder_free(x.builder);
	return err;
}

static void
fail(const struct error *e)
{
	printf("Bail out! list_fixture: %s\n", e->text);
	exit(EXIT_FAILURE);
}

static struct snapshot *
open_and_close(int fd)
{
	struct error e = {.code = OK};
	struct snapshot *s;

	if (snapshot_open_fd(fd, "fixture", &s, &e) != OK)
		fail(&e);
	close(fd);
	return s;
}

struct snapshot *
list_fixture_open(const struct list_fixture *f)
{
	int fd = memfd_create("fixture", MFD_CLOEXEC);
	struct error e = {.code = OK};

	if (list_fixture_write(f, fd, &e) != OK)
		fail(&e);
	return open_and_close(fd);
}

struct snapshot *
list_fixture_freeze(struct snapshot_builder *b, uint32_t serial)
{
	int fd = memfd_create("fixture", MFD_CLOEXEC);
	struct error e = {.code = OK};

	if (snapshot_builder_write(b, fd, serial, 1700000000, &e) != OK)
		fail(&e);
	snapshot_builder_free(b);
	return open_and_close(fd);
}
