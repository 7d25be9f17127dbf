/* generic: records as they are, a line each.
 *
 *	NAME [TTL] [IN] TYPE DATA       "@" is the zone itself
 *
 * No wildcards, no substitution, no exclusions. Where rbldnsd(8) does not load the file for
 * an error in a line, neither do we.
 */
#include <stdlib.h>
#include <string.h>

#include "grow.h"
#include "rbldnsd.h"
#include "rbldnsd_dn.h"
#include "rbldnsd_rdata.h"

struct record {
	size_t name_at, rdata_at; /* in bytes */
	uint32_t ttl_s, line;
	uint16_t name_len, rdata_len, type, file;
};

struct generic {
	struct record *records;
	size_t count, room;
	uint8_t *bytes;
	size_t bytes_len, bytes_room;
};

/* A record while its line is read. */
struct draft {
	uint32_t ttl_s;
	size_t name_len;
	uint8_t name[RBLDNSD_DN_MAX];
	struct rbldnsd_rdata data;
};

/* --- lines --- */

static bool
read_name(struct draft *d, struct text word)
{
	if (!text_equal(word, TEXT("@")))
		return rbldnsd_dn_parse_key(word, d->name, &d->name_len);
	d->name[0] = 0;
	d->name_len = 1;
	return true;
}

/* TTL and class in front of the type, and the type: it is left in *word. A TTL given counts as
 * such, none or 0 is that of the data set up to here. */
static bool
read_head(const struct rbldnsd_set *s, struct draft *d, struct text *rest, struct text *word)
{
	*word = rbldnsd_next_word(rest);
	d->ttl_s = 0;
	if (word->len != 0 && word->p[0] >= '0' && word->p[0] <= '9') {
		if (!rbldnsd_parse_seconds(*word, &d->ttl_s))
			return false;
		*word = rbldnsd_next_word(rest);
	}
	d->ttl_s = d->ttl_s != 0 ? rbldnsd_bound_ttl(s->source, d->ttl_s) : rbldnsd_set_ttl(s);
	if (text_equal_nocase(*word, TEXT("IN")))
		*word = rbldnsd_next_word(rest);
	return true;
}

static bool
keep_bytes(struct generic *g, const uint8_t *bytes, size_t len, size_t *at)
{
	uint8_t *grown = grow(g->bytes, &g->bytes_room, g->bytes_len + len, 1);

	if (grown == NULL)
		return false;
	g->bytes = grown;
	*at = g->bytes_len;
	memcpy(g->bytes + g->bytes_len, bytes, len);
	g->bytes_len += len;
	return true;
}

static bool
keep_record(struct rbldnsd_set *s, const struct draft *d)
{
	struct generic *g = s->state;
	struct record *grown,
		r = {.ttl_s = d->ttl_s,
			.line = (uint32_t)s->source->lines.number,
			.name_len = (uint16_t)d->name_len,
			.rdata_len = (uint16_t)d->data.len,
			.type = d->data.type,
			.file = (uint16_t)s->source->file};

	if (g == NULL)
		g = s->state = calloc(1, sizeof(*g));
	if (g == NULL)
		return false;
	grown = grow(g->records, &g->room, g->count + 1, sizeof(*g->records));
	if (grown == NULL)
		return false;
	g->records = grown;
	if (!keep_bytes(g, d->name, d->name_len, &r.name_at) ||
		!keep_bytes(g, d->data.bytes, d->data.len, &r.rdata_at))
		return false;
	g->records[g->count++] = r;
	s->used_lines++;
	return true;
}

enum err
rbldnsd_generic_line(struct rbldnsd_set *s, struct text line, struct error *e)
{
	struct draft d = {.data.set = s};
	struct text word;

	if (!read_name(&d, rbldnsd_next_word(&line))) {
		rbldnsd_reject(s, "not a domain name");
		return OK;
	}
	if (!read_head(s, &d, &line, &word))
		return rbldnsd_fail(s, e, ERR_SYNTAX, "TTL is not a time");
	switch (rbldnsd_rdata_read(&d.data, word, line)) {
	case RBLDNSD_RDATA_TAKEN:
		if (!keep_record(s, &d))
			return rbldnsd_fail(s, e, ERR_MEMORY, "out of memory");
		break;
	case RBLDNSD_RDATA_NO_TYPE:
		rbldnsd_reject(s, "record type is none of %s", rbldnsd_rdata_types());
		break;
	case RBLDNSD_RDATA_REJECTED: rbldnsd_reject(s, "data of the record are wrong"); break;
	case RBLDNSD_RDATA_REFUSED:
		return rbldnsd_fail(s, e, ERR_SYNTAX, "data of the record are wrong");
	}
	return OK;
}

/* --- the records of a name become a class --- */

struct sort_key {
	const uint8_t *name;
	const struct record *record;
};

static int
compare_names(const void *a, const void *b)
{
	const struct sort_key *x = a, *y = b;
	size_t xn = x->record->name_len, yn = y->record->name_len;
	int order = memcmp(x->name, y->name, xn < yn ? xn : yn);

	if (order != 0)
		return order;
	if (xn != yn)
		return xn < yn ? -1 : 1;
	return x->record < y->record ? -1 : x->record > y->record;
}

static bool
is_same_name(const struct sort_key *x, const struct sort_key *y)
{
	return x->record->name_len == y->record->name_len &&
		memcmp(x->name, y->name, x->record->name_len) == 0;
}

static void
warn_full(const struct rbldnsd_source *source, const struct record *r)
{
	char path[FEED_PATHS_MAX];

	if (source->lines.warnings != NULL && feed_source_file(source->what, r->file, path))
		fprintf(source->lines.warnings, "%s:%u: more than %d records of one name\n", path,
			r->line, SNAPSHOT_RECORDS_MAX);
}

/* Add one without repetition; the TTL of a type is the lowest of all (RFC 2181 section 5.2).
 * False: there are too many. */
static bool
add_record(struct snapshot_class *class, const struct snapshot_record *r)
{
	struct snapshot_record *last = &class->records[class->record_count];
	uint32_t ttl_s = r->ttl_s;
	bool is_new = true;

	for (struct snapshot_record *k = class->records; k < last; k++) {
		if (k->type != r->type)
			continue;
		ttl_s = k->ttl_s < ttl_s ? k->ttl_s : ttl_s;
		is_new = is_new && !text_equal(k->rdata, r->rdata);
	}
	if (is_new && class->record_count == SNAPSHOT_RECORDS_MAX)
		return false;
	if (is_new) {
		*last++ = *r;
		class->record_count++;
	}
	for (struct snapshot_record *k = class->records; k < last; k++)
		if (k->type == r->type)
			k->ttl_s = ttl_s;
	return true;
}

static enum err
define_name(struct rbldnsd_set *s, const struct sort_key *keys, size_t count,
	struct snapshot_class *class, struct error *e)
{
	const struct generic *g = s->state;
	uint32_t id;
	enum err err;

	class->record_count = 0;
	for (size_t i = 0; i < count; i++) {
		const struct record *from = keys[i].record;
		struct snapshot_record r = {from->type, from->ttl_s,
			{(const char *)g->bytes + from->rdata_at, from->rdata_len}};

		if (!add_record(class, &r)) {
			warn_full(s->source, from);
			break;
		}
	}
	err = snapshot_builder_class(s->source->builder, class, &id, e);
	if (err == OK)
		err = snapshot_builder_add_name(s->source->builder, s->index, keys[0].name, false,
			id, e);
	return err;
}

static enum err
define_names(struct rbldnsd_set *s, struct sort_key *keys, struct snapshot_class *class,
	struct error *e)
{
	const struct generic *g = s->state;
	enum err err = OK;
	size_t run;

	for (size_t i = 0; i < g->count; i++)
		keys[i] = (struct sort_key){g->bytes + g->records[i].name_at, &g->records[i]};
	qsort(keys, g->count, sizeof(*keys), compare_names);
	class->ttl_s = rbldnsd_set_ttl(s);
	for (size_t i = 0; i < g->count && err == OK; i += run) {
		for (run = 1; i + run < g->count && is_same_name(&keys[i], &keys[i + run]);)
			run++;
		err = define_name(s, &keys[i], run, class, e);
	}
	return err;
}

enum err
rbldnsd_generic_end(struct rbldnsd_set *s, struct error *e)
{
	const struct generic *g = s->state;
	struct snapshot_class *class = NULL;
	struct sort_key *keys;
	enum err err;

	if (g == NULL)
		return OK;
	keys = malloc(g->count * sizeof(*keys));
	if (keys != NULL)
		class = calloc(1, sizeof(*class));
	if (class != NULL)
		err = define_names(s, keys, class, e);
	else
		err = error_set(e, ERR_MEMORY, "out of memory");
	free(keys);
	free(class);
	return err;
}

void
rbldnsd_generic_release(struct rbldnsd_set *s)
{
	struct generic *g = s->state;

	if (g == NULL)
		return;
	free(g->records);
	free(g->bytes);
	free(g);
}
