/* combined: several data sets in one file, each for subzones of its own.
 *
 *	common section: special entries that every data set gets
 *	$DATASET TYPE[:NAME] SUBZONE...     "@" is the base zone itself
 *	lines of that data set
 *
 * SOA, NS and expiry are the base zone's, wherever they stand.
 */
#include <stdlib.h>
#include <string.h>

#include "rbldnsd.h"
#include "rbldnsd_dn.h"

struct subzone {
	char name[RBLDNSD_DN_MAX + 1];
	size_t set_count;
	size_t sets[SNAPSHOT_ZONE_SETS_MAX]; /* in the builder */
};

struct combined {
	size_t count;
	struct subzone subzones[SNAPSHOT_ZONES_MAX]; /* the first is the base zone */
};

static struct rbldnsd_set *
container_of(const struct rbldnsd_set *s)
{
	return s->source->sets[0];
}

static enum err
need_state(struct rbldnsd_set *container, struct error *e)
{
	struct combined *c = container->state;

	if (c != NULL)
		return OK;
	c = calloc(1, sizeof(*c));
	if (c == NULL)
		return error_set(e, ERR_MEMORY, "out of memory");
	c->count = 1;
	container->state = c;
	return OK;
}

enum err
rbldnsd_combined_line(struct rbldnsd_set *s, struct text line, struct error *e)
{
	(void)line;
	return rbldnsd_fail(s, e, ERR_SYNTAX,
		"entry outside of a data set; there must be a $DATASET line before it");
}

/* --- subzones --- */

/* The name of a subzone as text. False: it is none, or would be another one as text. */
static bool
parse_subzone(struct text word, char name[RBLDNSD_DN_MAX + 1])
{
	uint8_t wire[RBLDNSD_DN_MAX];
	size_t len, out = 0;

	name[0] = '\0';
	if (text_equal(word, TEXT("@")))
		return true;
	if (!rbldnsd_dn_parse(word, wire, &len))
		return false;
	if (len == 1)
		return true;
	if (!rbldnsd_dn_parse_key(word, wire, &len))
		return false;
	for (size_t i = 0, end = 0; wire[i] != 0; i++) {
		if (i == end) {
			end += 1 + (size_t)wire[i];
			if (i != 0)
				name[out++] = '.';
			continue;
		}
		if (wire[i] <= ' ' || wire[i] > '~' || wire[i] == '.' || wire[i] == '\\')
			return false;
		name[out++] = (char)wire[i];
	}
	name[out] = '\0';
	return true;
}

static struct subzone *
find_subzone(struct combined *c, const char *name)
{
	for (size_t i = 0; i < c->count; i++)
		if (strcmp(c->subzones[i].name, name) == 0)
			return &c->subzones[i];
	return NULL;
}

/* The data set answers in the subzone, too; once, even if it is named twice. */
static enum err
add_to_subzone(struct rbldnsd_set *set, struct combined *c, const char *name, struct error *e)
{
	struct subzone *z = find_subzone(c, name);

	if (z == NULL) {
		if (c->count == SNAPSHOT_ZONES_MAX)
			return rbldnsd_fail(set, e, ERR_FULL, "more than %d subzones",
				SNAPSHOT_ZONES_MAX - 1);
		z = &c->subzones[c->count++];
		memcpy(z->name, name, strlen(name) + 1);
	}
	for (size_t i = 0; i < z->set_count; i++)
		if (z->sets[i] == set->index)
			return OK;
	if (z->set_count == SNAPSHOT_ZONE_SETS_MAX)
		return rbldnsd_fail(set, e, ERR_FULL, "more than %d data sets in a subzone",
			SNAPSHOT_ZONE_SETS_MAX);
	z->sets[z->set_count++] = set->index;
	return OK;
}

static enum err
read_subzones(struct rbldnsd_set *set, struct combined *c, struct text rest, struct error *e)
{
	char name[RBLDNSD_DN_MAX + 1];
	enum err err = OK;
	size_t count = 0;

	while (err == OK && rest.len != 0 && !rbldnsd_is_comment(rest.p[0])) {
		if (parse_subzone(rbldnsd_next_word(&rest), name)) {
			err = add_to_subzone(set, c, name, e);
			count++;
		} else {
			rbldnsd_warn(set, "subzone that is not a domain name is left out");
		}
	}
	if (err == OK && count == 0)
		rbldnsd_warn(set, "data set without a subzone: it is not served");
	return err;
}

/* --- data sets --- */

/* Where the first one counts, what the common section says up to here is the first. (The TTL, where
 * the last one counts, is looked up there when there is none.) */
static void
inherit(struct rbldnsd_set *set, const struct rbldnsd_set *container)
{
	const struct rbldnsd_specials *from = &container->specials;
	struct rbldnsd_specials *to = &set->specials;

	to->max_range = from->max_range;
	memcpy(to->variables, from->variables, sizeof(to->variables));
}

static enum err
read_data_set(struct rbldnsd_set *container, struct text what, struct text rest, struct error *e)
{
	struct rbldnsd_source *source = container->source;
	struct text name = text_cut(&what, ':');
	const struct rbldnsd_type *type = rbldnsd_type_find(name);
	struct error why;
	enum err err;

	if (type == NULL)
		return rbldnsd_fail(container, e, ERR_SYNTAX,
			"data set type is not known; there are %s", rbldnsd_type_names());
	if (type->zones != NULL) /* one that says what zones there are */
		return rbldnsd_fail(container, e, ERR_SYNTAX,
			"data set of type %s cannot stand inside of combined", type->name);
	err = rbldnsd_set_new(source, type, container, &why);
	if (err == OK)
		err = need_state(container, &why);
	if (err != OK)
		return rbldnsd_fail(container, e, err, "%s", why.text);
	inherit(source->current, container);
	container->used_lines++;
	return read_subzones(source->current, container->state, rest, e);
}

/* A special entry for another data set than the current one. */
static enum err
redirect(struct rbldnsd_set *s, struct text line, bool *taken, struct error *e)
{
	struct error why;
	enum err err = rbldnsd_special_read(&s->specials, line, s->source->now_s, &why);

	*taken = true;
	if (err == ERR_SYNTAX) {
		rbldnsd_reject(s, "%s", why.text);
		return OK;
	}
	if (err != OK)
		return rbldnsd_fail(s, e, err, "%s", why.text);
	s->used_lines++;
	return OK;
}

enum err
rbldnsd_combined_special(struct rbldnsd_set *s, struct text line, bool *taken, struct error *e)
{
	static const char *const of_base[] = {"SOA", "NS", "TIMESTAMP"};
	struct rbldnsd_source *source = s->source;
	struct text rest = line, word = rbldnsd_next_word(&rest);

	if (line.len == 0 || rbldnsd_is_blank(line.p[0]))
		return OK;
	if (text_equal_nocase(word, TEXT("DATASET")) && rest.len != 0) {
		*taken = true;
		word = rbldnsd_next_word(&rest);
		return read_data_set(container_of(s), word, rest, e);
	}
	for (size_t i = 0; i < ORBL_COUNT(of_base); i++)
		if (text_equal_nocase(word, text_of(of_base[i])))
			return redirect(container_of(s), line, taken, e);
	/* What a further file begins with is still the last data set's, as with rbldnsd. */
	if (s == container_of(s) && source->set_count > 1)
		return redirect(source->sets[source->set_count - 1], line, taken, e);
	return OK;
}

/* --- zones --- */

static enum err
make_zone(struct rbldnsd_set *container, const struct subzone *from, struct error *e)
{
	struct snapshot_zone_draft zone = {.name = text_of(from->name),
		.is_within = from->name[0] != '\0',
		.expires_s = container->specials.expires_s,
		.set_count = from->set_count};

	rbldnsd_set_apex(container, &zone.apex);
	memcpy(zone.sets, from->sets, from->set_count * sizeof(from->sets[0]));
	return snapshot_builder_zone(container->source->builder, &zone, e);
}

enum err
rbldnsd_combined_zones(struct rbldnsd_source *source, struct error *e)
{
	struct rbldnsd_set *container = source->sets[0];
	enum err err = need_state(container, e);
	const struct combined *c = container->state;

	for (size_t i = 0; err == OK && i < c->count; i++)
		err = make_zone(container, &c->subzones[i], e);
	return err;
}
