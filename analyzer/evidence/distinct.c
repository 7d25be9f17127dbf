#include "distinct.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define UNKNOWN "unknown"

static void
network_key(const struct geo *geo, const struct conf_reporter *r, char out[SCORE_KEY])
{
	struct prefix p = {.len = 24};
	char text[PREFIX_TEXT];

	(void)geo;
	if (addr_parse(text_of(r->address), &p.addr) != OK)
		return;
	if (p.addr.family == 6)
		p.len = 48;
	memset(p.addr.b + p.len / 8, 0, sizeof(p.addr.b) - p.len / 8);
	snprintf(out, SCORE_KEY, "%s", prefix_format(&p, text));
}

static void
asn_key(const struct geo *geo, const struct conf_reporter *r, char out[SCORE_KEY])
{
	struct geo_info info = {.asn = (uint32_t)r->asn};
	struct addr address;

	if (r->asn == 0 && addr_parse(text_of(r->address), &address) == OK)
		geo_look(geo, &address, &info);
	if (info.asn != 0)
		snprintf(out, SCORE_KEY, "AS%" PRIu32, info.asn);
}

static const struct {
	const char *name;
	void (*make)(const struct geo *geo, const struct conf_reporter *r, char out[SCORE_KEY]);
} rows[] = {
	{"network", network_key},
	{"asn", asn_key},
};

/* Names cost nothing: where some are known, those that are not are one with each other. Where none
 * is, they are told apart as conf_reporter does. */
static void
name_key(const struct conf *conf, const char *reporter, char out[SCORE_KEY])
{
	struct text name = text_trim(text_of(reporter));

	if (conf->reporter_count != 0) {
		snprintf(out, SCORE_KEY, UNKNOWN);
		return;
	}
	snprintf(out, SCORE_KEY, "%.*s", (int)name.len, name.p);
	for (char *c = out; *c != '\0'; c++)
		if (*c >= 'A' && *c <= 'Z')
			*c = (char)(*c - 'A' + 'a');
}

const char *
distinct_key(const struct conf *conf, const struct geo *geo, const char *reporter,
	char out[SCORE_KEY])
{
	const struct conf_reporter *section = conf_reporter(conf, reporter);

	for (size_t i = 0; i < ORBL_COUNT(rows); i++) {
		if (strcmp(conf->score.distinct, rows[i].name) != 0)
			continue;
		snprintf(out, SCORE_KEY, UNKNOWN);
		if (section != NULL)
			rows[i].make(geo, section, out);
		return out;
	}
	if (section == NULL)
		name_key(conf, reporter, out);
	else
		snprintf(out, SCORE_KEY, "%s", section->name);
	return out;
}
