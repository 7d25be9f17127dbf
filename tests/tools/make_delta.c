/* make_delta.c - a delta for tests: reads "ZONE ADDR[/LEN] CODE" lines from standard input and
 * replaces FILE by the delta of BASE that says so. ZONE is a name relative to the origin or @,
 * CODE the last octet of the A record, or - for what is no longer listed.
 *
 *	make_delta FILE BASE SERIAL <lines
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <orbl/file.h>
#include <orbl/snapshot_builder.h>
#include <orbl/snapshot_layer.h>

static enum err
add_sets(const struct snapshot *base, struct snapshot_builder *b, struct error *e)
{
	struct snapshot_zone zone;
	size_t count = 0, set;
	enum err err = OK;

	for (size_t i = 0; i < snapshot_zone_count(base); i++) {
		snapshot_zone(base, i, &zone);
		for (size_t k = 0; k < zone.set_count; k++)
			if (snapshot_set_index(zone.sets[k]) >= count)
				count = snapshot_set_index(zone.sets[k]) + 1;
	}
	while (err == OK && count-- != 0)
		err = snapshot_builder_set(b, &set, e);
	return err;
}

static enum err
add_zones(const struct snapshot *base, struct snapshot_builder *b, struct error *e)
{
	enum err err = OK;

	for (size_t i = 0; err == OK && i < snapshot_zone_count(base); i++) {
		struct snapshot_zone zone;
		struct snapshot_zone_draft draft;

		snapshot_zone(base, i, &zone);
		memset(&draft, 0, sizeof(draft));
		draft.name = zone.name;
		draft.is_within = zone.is_within;
		draft.expires_s = zone.expires_s;
		draft.policy = zone.policy;
		draft.apex = zone.apex;
		draft.apex.serial = 0;
		draft.set_count = zone.set_count;
		for (size_t k = 0; k < zone.set_count; k++)
			draft.sets[k] = snapshot_set_index(zone.sets[k]);
		err = snapshot_builder_zone(b, &draft, e);
	}
	return err;
}

static enum err
find_set(const struct snapshot *base, struct text name, size_t *set, struct error *e)
{
	struct snapshot_zone zone;

	for (size_t i = 0; i < snapshot_zone_count(base); i++) {
		snapshot_zone(base, i, &zone);
		if (zone.set_count != 0 &&
			text_equal(zone.name, text_equal(name, TEXT("@")) ? TEXT_NONE : name)) {
			*set = snapshot_set_index(zone.sets[0]);
			return OK;
		}
	}
	return error_set(e, ERR_NOT_FOUND, "no zone %.*s", TEXT_ARG(name));
}

static struct addr
last_of(const struct prefix *p)
{
	struct addr a = p->addr;

	for (unsigned i = p->len; i < (a.family == 4 ? 32u : 128u); i++)
		a.b[i / 8] = (uint8_t)(a.b[i / 8] | 0x80 >> i % 8);
	return a;
}

static enum err
add_line(const struct snapshot *base, struct text line, struct snapshot_builder *b, struct error *e)
{
	struct text name = text_cut(&line, ' '), address = text_cut(&line, ' ');
	struct snapshot_class class = {.action = SNAPSHOT_REMOVED};
	struct prefix prefix;
	uint64_t code;
	uint32_t id;
	size_t set = 0;
	struct addr last;
	enum err err = find_set(base, name, &set, e);

	if (err == OK && text_to_u64(line, 255, &code) == OK) {
		class.action = SNAPSHOT_LISTED;
		class.a_count = 1;
		class.a[0] = 0x7f000000 + (uint32_t)code;
	}
	if (err == OK)
		err = snapshot_builder_class(b, &class, &id, e);
	if (err == OK && prefix_parse(address, &prefix) != OK)
		err = error_set(e, ERR_SYNTAX, "\"%.*s\" is no prefix", TEXT_ARG(address));
	if (err != OK)
		return err;
	last = last_of(&prefix);
	return snapshot_builder_add(b, set, &prefix.addr, &last, prefix.len, id, e);
}

static enum err
add_lines(const struct snapshot *base, FILE *in, struct snapshot_builder *b, struct error *e)
{
	char line[256];
	enum err err = OK;

	while (err == OK && fgets(line, sizeof(line), in) != NULL) {
		line[strcspn(line, "\n")] = '\0';
		err = add_line(base, text_of(line), b, e);
	}
	return err;
}

static enum err
write_delta(const char *path, struct snapshot_builder *b, uint32_t serial, struct error *e)
{
	struct file_replacement r;
	enum err err = file_replace_begin(&r, path, 0644, e);

	if (err != OK)
		return err;
	err = snapshot_builder_write(b, r.fd, serial, (int64_t)time(NULL), e);
	if (err == OK)
		return file_replace_commit(&r, e);
	file_replace_abort(&r);
	return err;
}

int
main(int argc, char **argv)
{
	struct snapshot_builder *b = snapshot_builder_new();
	struct snapshot *base = NULL;
	struct error e = {.text = "usage: make_delta FILE BASE SERIAL <lines"};
	enum err err = ERR_UNSUPPORTED;

	if (argc == 4 && b != NULL)
		err = snapshot_open(argv[2], &base, &e);
	if (err == OK)
		err = add_sets(base, b, &e);
	if (err == OK)
		err = add_zones(base, b, &e);
	if (err == OK)
		err = add_lines(base, stdin, b, &e);
	if (err == OK) {
		snapshot_builder_delta_of(b, base);
		err = write_delta(argv[1], b, (uint32_t)strtoul(argv[3], NULL, 10), &e);
	}
	if (err != OK)
		fprintf(stderr, "%s\n", e.text);
	snapshot_builder_free(b);
	snapshot_close(base);
	return err == OK ? EXIT_SUCCESS : EXIT_FAILURE;
}
