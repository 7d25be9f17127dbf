#include "change.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include <orbl/control.h>
#include <orbl/file.h>
#include <orbl/snapshot_builder.h>
#include <orbl/snapshot_layer.h>

#include "addresses.h"

enum { RELOAD_TIMEOUT_MS = 60000, RANK = 32 };

static uint32_t
address_of(const struct change *c, uint32_t i)
{
	return addresses_at(i % 2 == 0 ? ADDRESSES_CHANGED + i : c->count - 1 - i / 2);
}

/* --- a delta --- */

static enum err
add_zones(const struct change *c, struct snapshot_builder *b, struct error *e)
{
	struct snapshot_zone zone;
	struct snapshot_zone_draft draft;
	enum err err = OK;
	size_t set;

	for (size_t i = 0; err == OK && i < snapshot_set_count(c->base); i++)
		err = snapshot_builder_set(b, &set, e);
	for (size_t i = 0; err == OK && i < snapshot_zone_count(c->base); i++) {
		snapshot_zone(c->base, i, &zone);
		draft = (struct snapshot_zone_draft){
			.name = zone.name,
			.is_within = zone.is_within,
			.apex = zone.apex,
			.set_count = zone.set_count,
		};
		for (size_t k = 0; k < zone.set_count; k++)
			draft.sets[k] = snapshot_set_index(zone.sets[k]);
		err = snapshot_builder_zone(b, &draft, e);
	}
	return err;
}

/* All changes up to this one: a delta says what has changed since the base. */
static enum err
add_changes(const struct change *c, struct snapshot_builder *b, uint32_t last, struct error *e)
{
	const struct snapshot_class removed = {.action = SNAPSHOT_REMOVED};
	struct snapshot_class listed = {.a_count = 1, .txt_count = 1};
	uint32_t listed_id, removed_id;
	enum err err;

	listed.a[0] = addresses_category(ADDRESSES_CATEGORIES - 1)->code;
	listed.txt[0] = text_of(addresses_category(ADDRESSES_CATEGORIES - 1)->text);
	err = snapshot_builder_class(b, &listed, &listed_id, e);
	if (err == OK)
		err = snapshot_builder_class(b, &removed, &removed_id, e);
	for (uint32_t i = 0; err == OK && i <= last; i++)
		err = snapshot_builder_add4(b, 0, address_of(c, i),
			i % 2 == 0 ? listed_id : removed_id, e);
	return err;
}

static enum err
write_delta(const struct change *c, uint32_t i, int fd, struct error *e)
{
	struct snapshot_builder *b = snapshot_builder_new();
	enum err err;

	if (b == NULL)
		return error_set(e, ERR_MEMORY, "Out of memory.");
	err = add_zones(c, b, e);
	if (err == OK)
		err = add_changes(c, b, i, e);
	if (err == OK) {
		snapshot_builder_delta_of(b, c->base);
		err = snapshot_builder_write(b, fd, snapshot_serial(c->base) + 1 + i,
			(int64_t)time(NULL), e);
	}
	snapshot_builder_free(b);
	return err;
}

static enum err
tell_server(const struct change *c, struct error *e)
{
	json_t *request = json_pack("{s:s}", "cmd", "reload"), *answer = NULL;
	enum err err = request == NULL ?
		error_set(e, ERR_MEMORY, "Out of memory.") :
		control_call(c->socket, request, RELOAD_TIMEOUT_MS, &answer, e);

	json_decref(request);
	json_decref(answer);
	return err;
}

static enum err
make_delta(const struct change *c, uint32_t i, struct error *e)
{
	struct file_replacement r;
	char path[sizeof(r.path)];
	enum err err;

	snprintf(path, sizeof(path), "%s.delta", c->path);
	err = file_replace_begin(&r, path, 0644, e);
	if (err == OK)
		err = write_delta(c, i, r.fd, e);
	if (err == OK)
		err = file_replace_commit(&r, e);
	file_replace_abort(&r);
	if (err == OK)
		err = tell_server(c, e);
	return err;
}

/* --- a file of rbldnsd --- */

static enum err
append_line(const struct change *c, uint32_t i, struct error *e)
{
	char quad[ADDRESSES_NAME];
	FILE *f = fopen(c->path, "a");
	bool is_written;

	if (f == NULL)
		return error_errno(e, "%s", c->path);
	is_written = fprintf(f, "%s%s\n", i % 2 == 0 ? "" : "!",
			     addresses_quad(address_of(c, i), quad)) > 0;
	is_written &= fclose(f) == 0;
	if (!is_written || kill(c->pid, SIGHUP) != 0)
		return error_errno(e, "%s", c->path);
	return OK;
}

/* --- both --- */

enum err
change_open(struct change *c, const char *kind, uint32_t count, const char *origin,
	const char *path, const char *target, struct error *e)
{
	uint64_t pid;

	*c = (struct change){.count = count, .origin = origin, .path = path};
	if (strcmp(kind, "delta") == 0) {
		c->make = make_delta;
		c->socket = target;
		return snapshot_open(path, &c->base, e);
	}
	if (strcmp(kind, "file") != 0 || text_to_u64(text_of(target), INT32_MAX, &pid) != OK)
		return error_set(e, ERR_SYNTAX, "%s %s: no such kind of change.", kind, target);
	c->make = append_line;
	c->pid = (pid_t)pid;
	return OK;
}

void
change_close(struct change *c)
{
	snapshot_close(c->base);
}

uint32_t
change_address(const struct change *c, uint32_t i, uint32_t *old, uint32_t *new)
{
	/* The last ones of the list are of the last category, and so is what is added. */
	uint32_t code = addresses_category(ADDRESSES_CATEGORIES - 1)->code;

	*old = i % 2 == 0 ? 0 : code;
	*new = i % 2 == 0 ? code : 0;
	return address_of(c, i);
}

enum err
change_make(const struct change *c, uint32_t i, struct error *e)
{
	return c->make(c, i, e);
}
