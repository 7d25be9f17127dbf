/* dnset: domain names, each with A and TXT.
 *
 *	example.com     this name          *.example.com   all below
 *	.example.com    both               !...            not listed after all
 */
#include "rbldnsd.h"
#include "rbldnsd_dn.h"

enum { THIS = 1, BELOW = 2 };

/* What the marks in front of a name say; they are taken off. */
static unsigned
take_scope(struct text *key)
{
	if (text_has_prefix(*key, TEXT("*."))) {
		*key = text_from(*key, 2);
		return BELOW;
	}
	if (text_has_prefix(*key, TEXT("."))) {
		*key = text_from(*key, 1);
		return THIS | BELOW;
	}
	return THIS;
}

static enum err
add_name(struct rbldnsd_set *s, const uint8_t *wire, bool below, uint32_t id, struct error *e)
{
	struct error why;
	enum err err = snapshot_builder_add_name(s->source->builder, s->index, wire, below, id,
		&why);

	return err == OK ? OK : rbldnsd_fail(s, e, err, "%s", why.text);
}

enum err
rbldnsd_dnset_line(struct rbldnsd_set *s, struct text line, struct error *e)
{
	bool excludes = line.p[0] == '!';
	uint8_t wire[RBLDNSD_DN_MAX];
	uint32_t id = SNAPSHOT_NOT_LISTED;
	struct text key;
	unsigned scope;
	enum err err = OK;
	size_t len;

	if (line.p[0] == ':') {
		rbldnsd_default_read(s, line);
		return OK;
	}
	line = text_from(line, excludes);
	key = rbldnsd_next_word(&line);
	scope = take_scope(&key);
	if (!rbldnsd_dn_parse_key(key, wire, &len)) {
		rbldnsd_reject(s, "not a domain name");
		return OK;
	}
	if (!excludes) {
		err = rbldnsd_value_class(s, line, &id, e);
		if (err != OK || id == SNAPSHOT_NOT_LISTED)
			return err;
	}
	if ((scope & THIS) != 0)
		err = add_name(s, wire, false, id, e);
	if ((scope & BELOW) != 0 && err == OK)
		err = add_name(s, wire, true, id, e);
	s->used_lines++;
	return err;
}
