#include "retire.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

#include <orbl/store_order.h>

enum { DAY_S = 86400, DATE_TEXT = 16, NAME_MAX_BYTES = 253, NAME_SERVERS = 2 };

const char *
retire_stage_name(enum retire_stage stage)
{
	static const char *const names[] = {
		[RETIRE_NOT] = "in service",
		[RETIRE_ANNOUNCED] = "announced",
		[RETIRE_EMPTY] = "empty",
		[RETIRE_GONE] = "gone",
	};

	return names[stage];
}

static const char *
date(int64_t t, char out[DATE_TEXT])
{
	time_t seconds = (time_t)t;
	struct tm tm;

	if (gmtime_r(&seconds, &tm) == NULL || strftime(out, DATE_TEXT, "%Y-%m-%d", &tm) == 0)
		snprintf(out, DATE_TEXT, "?");
	return out;
}

/* --- for who publishes ------------------------------------------------------ */

enum err
retire_load(struct store *s, struct retirement *out, struct error *e)
{
	struct store_retirement kept = {0};
	enum err err = store_retirement(s, &kept, e);

	*out = (struct retirement){.stage = RETIRE_NOT};
	if (err != OK)
		return err;
	if (kept.stage < 0 || kept.stage >= RETIRE_COUNT)
		return error_set(e, ERR_CORRUPT,
			"the store has a stage of retirement, %lld, that there is not",
			(long long)kept.stage);
	*out = (struct retirement){
		.stage = (enum retire_stage)kept.stage,
		.announced_s = kept.announced_s,
		.since_s = kept.since_s,
		.at_s = kept.at_s,
	};
	return OK;
}

bool
retire_is_empty(const struct retirement *r)
{
	return r->stage >= RETIRE_EMPTY;
}

bool
retire_is_gone(const struct retirement *r)
{
	return r->stage == RETIRE_GONE;
}

uint32_t
retire_ttl(const struct retirement *r, uint32_t ttl_s)
{
	return retire_is_empty(r) && ttl_s < RETIRE_TTL_S ? RETIRE_TTL_S : ttl_s;
}

const char *
retire_notice(const struct retirement *r, char out[RETIRE_NOTICE])
{
	char day[DATE_TEXT];

	out[0] = '\0';
	if (r->stage != RETIRE_NOT)
		snprintf(out, RETIRE_NOTICE, "retire=%s", date(r->at_s, day));
	return out;
}

/* --- for who decides ---------------------------------------------------------- */

static enum err
announce(const struct retirement *r, const struct retire_order *o, struct retirement *out,
	struct error *e)
{
	int64_t at_s = o->at_s != 0 ? o->at_s : o->now_s + RETIRE_WARNING_S;
	char day[DATE_TEXT];

	if (r->stage > RETIRE_ANNOUNCED)
		return error_set(e, ERR_REFUSED,
			"the list is %s already: orbl zone resume comes first",
			retire_stage_name(r->stage));
	if (at_s < o->now_s - o->now_s % DAY_S)
		return error_set(e, ERR_REFUSED, "the day %s is over: name one to come",
			date(at_s, day));
	if (at_s < o->now_s + RETIRE_WARNING_S && !o->force)
		return error_set(e, ERR_REFUSED,
			"between the announcement and the end must be %d days "
			"(RFC 6471 section 3.4): name a later day, or add --force",
			(int)(RETIRE_WARNING_S / DAY_S));
	*out = (struct retirement){
		.stage = RETIRE_ANNOUNCED,
		.announced_s = r->announced_s != 0 ? r->announced_s : o->now_s,
		.since_s = r->stage == RETIRE_ANNOUNCED ? r->since_s : o->now_s,
		.at_s = at_s,
	};
	return OK;
}

static enum err
make_empty(const struct retirement *r, const struct retire_order *o, struct retirement *out,
	struct error *e)
{
	char day[DATE_TEXT];

	if (r->stage == RETIRE_GONE)
		return error_set(e, ERR_REFUSED,
			"the list is gone already: orbl zone resume comes first");
	if (r->stage == RETIRE_NOT && !o->force)
		return error_set(e, ERR_REFUSED,
			"the end was not announced: orbl zone retire --stage announce comes first, "
			"or add --force");
	if (r->stage == RETIRE_ANNOUNCED && o->now_s < r->at_s && !o->force)
		return error_set(e, ERR_REFUSED,
			"the end was announced for %s: wait, or add --force", date(r->at_s, day));
	*out = *r;
	if (r->stage == RETIRE_EMPTY)
		return OK;
	out->stage = RETIRE_EMPTY;
	out->since_s = o->now_s;
	if (out->at_s == 0 || out->at_s > o->now_s)
		out->at_s = o->now_s;
	return OK;
}

/* From a list in service straight to no list, dnsd and its copies would serve the old one until
 * they find it too old. This step cannot be forced. */
static enum err
make_gone(const struct retirement *r, const struct retire_order *o, struct retirement *out,
	struct error *e)
{
	if (r->stage < RETIRE_EMPTY)
		return error_set(e, ERR_REFUSED,
			"the list is not empty: orbl zone retire --stage empty comes first");
	*out = *r;
	if (r->stage != RETIRE_GONE)
		out->since_s = o->now_s;
	out->stage = RETIRE_GONE;
	return OK;
}

enum err
retire_next(const struct retirement *r, const struct retire_order *o, struct retirement *out,
	struct error *e)
{
	*out = *r;
	switch (o->stage) {
	case RETIRE_ANNOUNCED: return announce(r, o, out, e);
	case RETIRE_EMPTY: return make_empty(r, o, out, e);
	case RETIRE_GONE: return make_gone(r, o, out, e);
	case RETIRE_NOT:
	case RETIRE_COUNT: break;
	}
	if (r->stage == RETIRE_NOT)
		return error_set(e, ERR_REFUSED,
			"the list is in service, there is nothing to resume");
	*out = (struct retirement){.stage = RETIRE_NOT};
	return OK;
}

enum err
retire_save(struct store *s, const struct retirement *r, struct error *e)
{
	return store_retirement_put(s,
		&(struct store_retirement){.stage = r->stage,
			.announced_s = r->announced_s,
			.since_s = r->since_s,
			.at_s = r->at_s},
		e);
}

/* --- the parent zone ------------------------------------------------------------ */

static size_t
count_labels(struct text name)
{
	size_t n = 0;

	while (name.len != 0)
		n += text_cut(&name, '.').len != 0;
	return n;
}

/* Letters, digits, "-" and "_" in labels of 1 to 63: what else there is could end up as another
 * record than the one that is meant. */
static enum err
check_name(struct text name, struct error *e)
{
	static const char allowed[] =
		"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_";
	struct text rest = name, label;
	char shown[64];

	text_printable(name, shown, sizeof(shown));
	if (name.len == 0 || name.len > NAME_MAX_BYTES)
		return error_set(e, ERR_REFUSED, "\"%s\" is no name of a zone", shown);
	if (text_find_byte(name, '*') != SIZE_MAX)
		return error_set(e, ERR_REFUSED,
			"\"%s\" is a wildcard: it would list every address there is", shown);
	while (rest.len != 0) {
		label = text_cut(&rest, '.');
		if (label.len == 0 || label.len > 63)
			return error_set(e, ERR_REFUSED, "\"%s\" has a bad label", shown);
		for (size_t i = 0; i < label.len; i++)
			if (label.p[i] == '\0' || strchr(allowed, label.p[i]) == NULL)
				return error_set(e, ERR_REFUSED, "\"%s\" has a bad label", shown);
	}
	return OK;
}

/* Two name servers, as registries want them, in networks that nobody has (RFC 5737): whoever asks
 * waits, notices, and burdens nobody. Their names are in the parent zone, unless that is a
 * registry's. */
enum err
retire_records(struct text zone, char out[RETIRE_RECORDS], struct error *e)
{
	static const char *const addresses[NAME_SERVERS] = {"192.0.2.1", "192.0.2.2"};
	struct text name = zone, parent;
	size_t n = 0;
	enum err err;

	if (text_has_suffix(name, TEXT(".")))
		name.len--;
	err = check_name(name, e);
	if (err != OK)
		return err;
	parent = name;
	if (count_labels(name) > 2)
		(void)text_cut(&parent, '.');
	for (size_t i = 0; i < NAME_SERVERS && n < RETIRE_RECORDS; i++)
		n += (size_t)snprintf(out + n, RETIRE_RECORDS - n, "%.*s. %d IN NS u%zu.%.*s.\n",
			TEXT_ARG(name), (int)RETIRE_TTL_S, i + 1, TEXT_ARG(parent));
	for (size_t i = 0; i < NAME_SERVERS && n < RETIRE_RECORDS; i++)
		n += (size_t)snprintf(out + n, RETIRE_RECORDS - n, "u%zu.%.*s. %d IN A %s\n", i + 1,
			TEXT_ARG(parent), (int)RETIRE_TTL_S, addresses[i]);
	return n < RETIRE_RECORDS ? OK : error_set(e, ERR_FULL, "the zone's name is too long");
}
