#include <orbl/feed.h>

#include <string.h>

#include "rbldnsd/rbldnsd.h"

#define SOURCES "snapshot:FILE, transfer:FILE or rbldnsd:TYPE:FILE,FILE..."

/* --- zones ------------------------------------------------------------------ */

/* Letters, digits, hyphen and underscore in labels of 1 to 63; lower case in out. */
static bool
parse_origin(struct text t, char out[256])
{
	size_t label = 0;

	if (t.len != 0 && t.p[t.len - 1] == '.')
		t.len--;
	if (t.len == 0 || t.len > 253)
		return false;
	for (size_t i = 0; i < t.len; i++) {
		char c = t.p[i];

		if (c >= 'A' && c <= 'Z')
			c = (char)(c | 0x20);
		if (c == '.' && label == 0)
			return false;
		if (c != '.' && c != '-' && c != '_' && !(c >= 'a' && c <= 'z') &&
			!(c >= '0' && c <= '9'))
			return false;
		label = c == '.' ? 0 : label + 1;
		if (label > 63)
			return false;
		out[i] = c;
	}
	out[t.len] = '\0';
	return label != 0;
}

static size_t
count_files(struct text paths)
{
	size_t n = 1;

	for (size_t i = 0; i < paths.len; i++)
		n += paths.p[i] == ',';
	return n;
}

static bool
has_empty_file(struct text paths)
{
	size_t n = count_files(paths);

	for (size_t i = 0; i < n; i++)
		if (text_cut(&paths, ',').len == 0)
			return true;
	return false;
}

static enum err
parse_paths(const char *argument, struct text t, struct feed_source *out, struct error *e)
{
	bool many = out->kind == FEED_RBLDNSD;

	if (t.len == 0 || (many && has_empty_file(t)))
		return error_set(e, ERR_SYNTAX,
			"zone %.200s: no file named, or an empty name between commas; a source "
			"is " SOURCES,
			argument);
	if (t.len >= sizeof(out->paths) || (many && count_files(t) > FEED_FILES_MAX))
		return error_set(e, ERR_SYNTAX,
			"zone %.200s: more than %d files, or paths of more than %d bytes; name the "
			"zone once more with the rest",
			argument, FEED_FILES_MAX, FEED_PATHS_MAX - 1);
	memcpy(out->paths, t.p, t.len);
	out->paths[t.len] = '\0';
	return OK;
}

/* Written, too: FILE.prev, FILE.new and FILE.delta lie beside it. */
static enum err
parse_received(const char *argument, struct text t, struct feed_source *out, struct error *e)
{
	out->kind = FEED_TRANSFER;
	if (t.len != 0 && t.p[t.len - 1] == '/')
		return error_set(e, ERR_SYNTAX,
			"zone %.200s: a directory; name the file that received data are kept in",
			argument);
	return parse_paths(argument, t, out, e);
}

/* "TYPE:FILE,FILE..." */
static enum err
parse_data_set(const char *argument, struct text t, struct feed_source *out, struct error *e)
{
	struct text rest = t, type = text_cut(&rest, ':');

	out->kind = FEED_RBLDNSD;
	if (rbldnsd_type_find(type) == NULL || type.len >= sizeof(out->type))
		return error_set(e, ERR_SYNTAX,
			"zone %.200s: data set type %.*s is not known; there are %s", argument,
			TEXT_ARG(text_upto(type, 40)), rbldnsd_type_names());
	memcpy(out->type, type.p, type.len);
	return parse_paths(argument, rest, out, e);
}

/* The list of clients that is for all zones has no name; nothing else may go without. */
static enum err
parse_zone_name(const char *argument, struct text t, struct feed_zone *out, const char *form,
	struct error *e)
{
	bool is_acl = strcmp(out->source.type, "acl") == 0;

	if ((is_acl && t.len == 0) || parse_origin(t, out->origin))
		return OK;
	if (t.len == 0)
		return error_set(e, ERR_SYNTAX,
			"zone %.200s: the name is missing; write %s (only an access control list "
			"for "
			"all zones, of type acl, has none)",
			argument, form);
	return error_set(e, ERR_SYNTAX, "zone %.200s: %.*s is not a domain name; write %s",
		argument, TEXT_ARG(text_upto(t, 100)), form);
}

enum err
feed_zone_parse(const char *argument, struct feed_zone *out, struct error *e)
{
	struct text rest = text_of(argument), origin, kind;
	size_t at = text_find_byte(rest, '=');
	enum err err;

	*out = (struct feed_zone){.source = {.kind = FEED_SNAPSHOT}};
	if (at == SIZE_MAX)
		return error_set(e, ERR_SYNTAX,
			"zone %.200s: there is no =; write NAME=SOURCE, where a source is " SOURCES,
			argument);
	origin = text_cut(&rest, '=');
	kind = text_cut(&rest, ':');
	if (text_equal(kind, TEXT("snapshot")))
		err = parse_paths(argument, rest, &out->source, e);
	else if (text_equal(kind, TEXT("transfer")))
		err = parse_received(argument, rest, &out->source, e);
	else if (text_equal(kind, TEXT("rbldnsd")))
		err = parse_data_set(argument, rest, &out->source, e);
	else
		err = error_set(e, ERR_SYNTAX, "zone %.200s: %.*s is not a source; one is " SOURCES,
			argument, TEXT_ARG(text_upto(kind, 40)));
	return err == OK ? parse_zone_name(argument, origin, out, "NAME=SOURCE", e) : err;
}

enum err
feed_zone_parse_rbldnsd(const char *argument, struct feed_zone *out, struct error *e)
{
	static const char form[] = "NAME:TYPE:FILE,FILE...";
	struct text rest = text_of(argument), origin;
	enum err err;

	*out = (struct feed_zone){.source = {.kind = FEED_RBLDNSD}};
	if (text_find_byte(rest, ':') == SIZE_MAX)
		return error_set(e, ERR_SYNTAX, "zone %.200s: there is no colon; write %s",
			argument, form);
	origin = text_cut(&rest, ':');
	err = parse_data_set(argument, rest, &out->source, e);
	return err == OK ? parse_zone_name(argument, origin, out, form, e) : err;
}

/* --- sources ---------------------------------------------------------------- */

bool
feed_source_equal(const struct feed_source *a, const struct feed_source *b)
{
	return a->kind == b->kind && strcmp(a->type, b->type) == 0 &&
		strcmp(a->paths, b->paths) == 0;
}

bool
feed_source_file(const struct feed_source *s, size_t i, char out[FEED_PATHS_MAX])
{
	struct text rest = text_of(s->paths), path = rest;

	if (s->kind == FEED_RBLDNSD) {
		for (size_t k = 0; k < i && rest.len != 0; k++)
			text_cut(&rest, ',');
		path = text_cut(&rest, ',');
	} else if (i != 0 || s->kind == FEED_CATALOG) {
		path = TEXT_NONE;
	}
	if (path.len == 0)
		return false;
	memcpy(out, path.p, path.len);
	out[path.len] = '\0';
	return true;
}

enum err
feed_compile(const struct feed_source *source, const struct feed_options *options, int64_t now_s,
	int fd, struct feed_warnings *warnings, struct error *e)
{
	if (source->kind != FEED_RBLDNSD)
		return error_set(e, ERR_UNSUPPORTED, "%.300s: a snapshot is not compiled",
			source->paths);
	return rbldnsd_compile(source, options, now_s, fd, warnings, e);
}
