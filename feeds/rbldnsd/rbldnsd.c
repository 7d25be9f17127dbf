#include "rbldnsd.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static const struct rbldnsd_type types[] = {
	{.name = "ip4set", .line = rbldnsd_ip4set_line, .block = rbldnsd_ip4tset_block},
	{.name = "ip4trie", .line = rbldnsd_ip4trie_line, .release = rbldnsd_trie_release},
	{.name = "ip4tset",
		.one_default = true,
		.line = rbldnsd_ip4tset_line,
		.block = rbldnsd_ip4tset_block},
	{.name = "ip6trie", .line = rbldnsd_ip6trie_line, .release = rbldnsd_trie_release},
	{.name = "ip6tset", .one_default = true, .line = rbldnsd_ip6tset_line},
	{.name = "dnset", .line = rbldnsd_dnset_line},
	{.name = "generic",
		.line = rbldnsd_generic_line,
		.end = rbldnsd_generic_end,
		.release = rbldnsd_generic_release},
	{.name = "combined",
		.is_container = true,
		.line = rbldnsd_combined_line,
		.special = rbldnsd_combined_special,
		.zones = rbldnsd_combined_zones},
	{.name = "acl",
		.is_whole = true,
		.default_action = SNAPSHOT_IGNORE,
		.line = rbldnsd_acl_line,
		.special = rbldnsd_acl_special,
		.zones = rbldnsd_acl_zones,
		.release = rbldnsd_trie_release},
};

const struct rbldnsd_type *
rbldnsd_type_find(struct text name)
{
	for (size_t i = 0; i < ORBL_COUNT(types); i++)
		if (text_equal(name, text_of(types[i].name)))
			return &types[i];
	return NULL;
}

const char *
rbldnsd_type_names(void)
{
	return "ip4set, ip4trie, ip4tset, ip6trie, ip6tset, dnset, generic, combined, acl";
}

/* --- data sets --- */

enum err
rbldnsd_set_new(struct rbldnsd_source *source, const struct rbldnsd_type *type,
	const struct rbldnsd_set *parent, struct error *e)
{
	struct rbldnsd_set *s;

	if (source->set_count == ORBL_COUNT(source->sets))
		return error_set(e, ERR_FULL, "more than %zu data sets", ORBL_COUNT(source->sets));
	s = calloc(1, sizeof(*s));
	if (s == NULL)
		return error_set(e, ERR_MEMORY, "out of memory for a data set");
	s->source = source;
	s->type = type;
	s->parent = parent;
	rbldnsd_default_reset(s);
	source->sets[source->set_count++] = s;
	source->current = s;
	return type->is_container ? OK : snapshot_builder_set(source->builder, &s->index, e);
}

static void
free_set(struct rbldnsd_set *s)
{
	rbldnsd_values_free(&s->values);
	if (s->type->release != NULL)
		s->type->release(s);
	else
		free(s->state);
	free(s);
}

uint32_t
rbldnsd_bound_ttl(const struct rbldnsd_source *source, uint32_t ttl_s)
{
	const struct feed_options *o = source->options;

	if (o->ttl_max_s != 0 && ttl_s > o->ttl_max_s)
		ttl_s = o->ttl_max_s;
	return ttl_s < o->ttl_min_s ? o->ttl_min_s : ttl_s;
}

static uint32_t
default_ttl(const struct rbldnsd_source *source)
{
	if (source->options->ttl_s != 0)
		return source->options->ttl_s;
	return rbldnsd_bound_ttl(source, RBLDNSD_TTL_S);
}

/* Of SOA and NS: 0 means what held where their line stood. */
static uint32_t
apex_ttl(const struct rbldnsd_set *s, uint32_t ttl_s)
{
	return ttl_s != 0 ? rbldnsd_bound_ttl(s->source, ttl_s) : default_ttl(s->source);
}

uint32_t
rbldnsd_set_ttl(const struct rbldnsd_set *s)
{
	if (s->specials.ttl_s != 0)
		return rbldnsd_bound_ttl(s->source, s->specials.ttl_s);
	if (!s->specials.has_ttl && s->parent != NULL)
		return rbldnsd_set_ttl(s->parent);
	return default_ttl(s->source);
}

void
rbldnsd_set_apex(const struct rbldnsd_set *s, struct snapshot_apex *out)
{
	const struct rbldnsd_specials *p = &s->specials;

	*out = (struct snapshot_apex){.has_soa = p->has_soa,
		.mname = text_of(p->soa.mname.text),
		.rname = text_of(p->soa.rname.text),
		.soa_ttl_s = apex_ttl(s, p->soa.ttl_s),
		.serial = p->soa.serial,
		.refresh_s = p->soa.refresh_s,
		.retry_s = p->soa.retry_s,
		.expire_s = p->soa.expire_s,
		.minimum_s = p->soa.minimum_s,
		.ns_count = p->ns_count,
		.ns_ttl_s = apex_ttl(s, p->ns_ttl_s),
		.ttl_s = rbldnsd_set_ttl(s)};
	for (size_t i = 0; i < p->ns_count; i++)
		out->ns[i] = text_of(p->ns[i].text);
}

/* --- lines --- */

static enum err
read_special(struct rbldnsd_set *s, struct text line, struct error *e)
{
	struct error why;
	bool taken = false;
	enum err err = OK;

	if (s->parent != NULL && s->parent->type->special != NULL)
		err = s->parent->type->special(s, line, &taken, e);
	if (err == OK && !taken && s->type->special != NULL)
		err = s->type->special(s, line, &taken, e);
	if (err != OK || taken)
		return err;
	err = rbldnsd_special_read(&s->specials, line, s->source->now_s, &why);
	if (err == ERR_SYNTAX) {
		rbldnsd_reject(s, "%s", why.text);
		return OK;
	}
	if (err == ERR_RANGE)
		rbldnsd_warn(s, "%s", why.text);
	else if (err != OK)
		return rbldnsd_fail(s, e, err, "%s", why.text);
	return OK;
}

static enum err
read_line(struct rbldnsd_set *s, struct text line, struct error *e)
{
	line = text_trim(line);
	if (rbldnsd_special_cut(&line))
		return read_special(s, line, e);
	if (line.len == 0 || rbldnsd_is_comment(line.p[0]))
		return OK;
	return s->type->line(s, line, e);
}

static enum err
read_block(struct rbldnsd_source *source, struct error *e)
{
	struct rbldnsd_set *s = source->current;
	size_t used = 0, lines = 0;
	enum err err;

	if (s->type->block == NULL)
		return OK;
	err = s->type->block(s, feed_lines_peek(&source->lines), &used, &lines, e);
	feed_lines_skip(&source->lines, used, lines);
	s->used_lines += lines;
	return err;
}

static enum err
read_lines(struct rbldnsd_source *source, struct error *e)
{
	struct text line;
	enum err err = read_block(source, e);

	while (err == OK && feed_lines_next(&source->lines, &line)) {
		err = read_line(source->current, line, e);
		if (err == OK)
			err = read_block(source, e);
	}
	return err;
}

/* --- files --- */

/* Whoever writes into the file while it is read makes a list that nobody meant. */
static enum err
check_unchanged(int fd, const struct stat *before, const char *path, struct error *e)
{
	struct stat now;

	if (fstat(fd, &now) != 0)
		return error_errno(e, "%s: cannot stat", path);
	if (now.st_size != before->st_size || now.st_mtim.tv_sec != before->st_mtim.tv_sec ||
		now.st_mtim.tv_nsec != before->st_mtim.tv_nsec)
		return error_set(e, ERR_REFUSED,
			"%s: changed while it was read; replace it by "
			"rename instead of writing into it",
			path);
	return OK;
}

/* Every file begins in the first data set, with the built-in default. */
static enum err
read_open_file(struct rbldnsd_source *source, int fd, const char *path, int64_t *modified_s,
	struct error *e)
{
	struct stat st;
	int copy;
	enum err err, closed;

	if (fstat(fd, &st) != 0)
		return error_errno(e, "%s: cannot stat", path);
	if (!S_ISREG(st.st_mode))
		return error_set(e, ERR_IO, "%s: is not a regular file", path);
	copy = dup(fd);
	if (copy < 0)
		return error_errno(e, "%s: cannot read", path);
	err = feed_lines_open(&source->lines, copy, path, e);
	if (err != OK)
		return err;
	source->current = source->sets[0];
	if (!source->current->type->one_default)
		rbldnsd_default_reset(source->current);
	err = read_lines(source, e);
	closed = feed_lines_close(&source->lines, err == OK ? e : NULL);
	if (err == OK)
		err = closed;
	if (st.st_mtim.tv_sec > *modified_s)
		*modified_s = st.st_mtim.tv_sec;
	return err == OK ? check_unchanged(fd, &st, path, e) : err;
}

static enum err
read_files(struct rbldnsd_source *source, const struct feed_source *what, int64_t *modified_s,
	struct error *e)
{
	char path[FEED_PATHS_MAX];
	enum err err = OK;
	int fd;

	for (source->file = 0; err == OK && feed_source_file(what, source->file, path);
		source->file++) {
		/* Not to wait for a writer when somebody puts a FIFO there. */
		fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
		if (fd < 0)
			return error_errno(e, "%s: cannot open", path);
		err = read_open_file(source, fd, path, modified_s, e);
		close(fd);
	}
	return err;
}

/* --- the snapshot --- */

/* A list may be empty on purpose, and says so by a comment. What is empty without a word is rather
 * what a full disk has left, and what has rejected lines alone is of another type. */
static enum err
check_used(const struct rbldnsd_source *source, const char *paths, struct error *e)
{
	size_t used = 0;

	/* Whom a line that was meant to refuse does not name is let in. */
	if (source->sets[0]->type->is_whole && source->lines.rejected != 0)
		return error_set(e, ERR_SYNTAX, "%.400s", source->lines.first.text);
	for (size_t i = 0; i < source->set_count; i++)
		used += source->sets[i]->used_lines;
	if (used != 0)
		return OK;
	if (source->lines.rejected != 0)
		return error_set(e, ERR_SYNTAX, "%.400s; no other entry can be used either",
			source->lines.first.text);
	if (source->lines.total == 0)
		return error_set(e, ERR_SYNTAX,
			"%.300s: is empty; a list that is to be empty has a comment in it", paths);
	return OK;
}

static enum err
end_sets(struct rbldnsd_source *source, struct error *e)
{
	enum err err = OK;

	for (size_t i = 0; i < source->set_count && err == OK; i++) {
		struct rbldnsd_set *s = source->sets[i];

		if (s->type->end != NULL)
			err = s->type->end(s, e);
		if (err == OK)
			err = rbldnsd_values_define(s, e);
	}
	return err;
}

static enum err
make_zone(struct rbldnsd_source *source, struct error *e)
{
	const struct rbldnsd_set *s = source->sets[0];
	struct snapshot_zone_draft zone = {.expires_s = s->specials.expires_s,
		.set_count = 1,
		.sets = {s->index}};

	rbldnsd_set_apex(s, &zone.apex);
	return snapshot_builder_zone(source->builder, &zone, e);
}

static enum err
compile(struct rbldnsd_source *source, const struct feed_source *what, int fd, struct error *e)
{
	const struct rbldnsd_type *type = rbldnsd_type_find(text_of(what->type));
	const struct rbldnsd_soa *soa;
	int64_t modified_s = 0;
	struct error why;
	enum err err;

	if (type == NULL)
		return error_set(e, ERR_UNSUPPORTED, "data set type %s is not known; there are %s",
			what->type, rbldnsd_type_names());
	err = rbldnsd_set_new(source, type, NULL, e);
	if (err == OK)
		err = read_files(source, what, &modified_s, e);
	if (err == OK)
		err = check_used(source, what->paths, e);
	if (err != OK)
		return err;
	soa = &source->sets[0]->specials.soa;
	err = end_sets(source, &why);
	if (err == OK)
		err = type->zones != NULL ? type->zones(source, &why) : make_zone(source, &why);
	if (err == OK)
		err = snapshot_builder_write(source->builder, fd,
			soa->serial != 0 ? soa->serial : (uint32_t)modified_s, modified_s, &why);
	if (err != OK)
		return error_set(e, err, "compiling %.200s: %s", what->paths, why.text);
	return OK;
}

enum err
rbldnsd_compile(const struct feed_source *what, const struct feed_options *options, int64_t now_s,
	int fd, struct feed_warnings *warnings, struct error *e)
{
	struct rbldnsd_source *source = calloc(1, sizeof(*source));
	enum err err;

	if (source != NULL)
		source->builder = snapshot_builder_new();
	if (source == NULL || source->builder == NULL) {
		free(source);
		return error_set(e, ERR_MEMORY, "%.200s: out of memory", what->paths);
	}
	source->what = what;
	source->options = options;
	source->now_s = now_s;
	feed_lines_init(&source->lines, warnings != NULL ? warnings->out : NULL);
	err = compile(source, what, fd, e);
	if (warnings != NULL)
		warnings->skipped = source->lines.rejected;
	for (size_t i = 0; i < source->set_count; i++)
		free_set(source->sets[i]);
	snapshot_builder_free(source->builder);
	free(source);
	return err;
}
