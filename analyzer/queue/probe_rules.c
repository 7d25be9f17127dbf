#include "probe_rules.h"

#include <stdlib.h>

#include <orbl/log.h>

#include "probe_case.h"

static bool
read_prefixes(const struct conf_list *list, struct prefix *out)
{
	for (size_t i = 0; i < list->count; i++)
		if (prefix_parse(text_of(list->items[i]), &out[i]) != OK)
			return false;
	return true;
}

static enum err
set_etiquette(struct probe_rules *r, const struct conf *c, struct error *e)
{
	const struct prefix *opt_out;

	r->prefixes = calloc(c->probe.allow.count + c->probe.opt_out.count + 1,
		sizeof(*r->prefixes));
	if (r->prefixes == NULL)
		return error_set(e, ERR_MEMORY, "out of memory");
	opt_out = r->prefixes + c->probe.allow.count;
	if (!read_prefixes(&c->probe.allow, r->prefixes) ||
		!read_prefixes(&c->probe.opt_out, r->prefixes + c->probe.allow.count))
		return error_set(e, ERR_SYNTAX, "probe.allow or probe.opt_out has a bad prefix");
	r->etiquette = (struct etiquette_rules){
		.allow_count = c->probe.allow.count,
		.allow = r->prefixes,
		.interval_s = c->probe.interval_s,
	};
	return opt_out_new(opt_out, c->probe.opt_out.count, c->probe.opt_out_file, &r->opt_out, e);
}

static enum err
set_sources(struct probe_rules *r, const struct conf *c, struct error *e)
{
	const char *const texts[] = {c->probe.source, c->probe.second_source};

	for (size_t i = 0; i < ORBL_COUNT(texts); i++)
		if (texts[i][0] != '\0' && addr_parse(text_of(texts[i]), &r->sources[i]) != OK)
			return error_set(e, ERR_SYNTAX, "\"%s\" is no address to probe from",
				texts[i]);
	return OK;
}

static enum err
set_cases(struct probe_rules *r, const struct conf *c, struct error *e)
{
	const struct conf_list *names = &c->probe.cases;
	uint64_t mask;
	enum err err = OK;

	r->cases = names->count == 0 ? probe_case_mask_default() : 0;
	for (size_t i = 0; err == OK && i < names->count; i++) {
		err = probe_case_parse_list(text_of(names->items[i]), &mask, e);
		r->cases |= err == OK ? mask : 0;
	}
	return err;
}

enum err
probe_rules_open(struct probe_rules *r, const struct conf *conf, struct error *e)
{
	enum err err;

	*r = (struct probe_rules){.opt_out = NULL};
	err = set_etiquette(r, conf, e);
	if (err == OK)
		err = set_sources(r, conf, e);
	if (err == OK)
		err = set_cases(r, conf, e);
	if (err != OK)
		probe_rules_close(r);
	return err;
}

void
probe_rules_close(struct probe_rules *r)
{
	opt_out_free(r->opt_out);
	free(r->prefixes);
	*r = (struct probe_rules){.opt_out = NULL};
}

void
probe_rules_refresh(struct probe_rules *r, int64_t now_s)
{
	struct error e = {.code = OK};

	if (opt_out_refresh(r->opt_out, now_s, &e) != OK)
		log_error("no automatic probe starts before this is mended: %s", e.text);
	r->etiquette.opt_out = opt_out_list(r->opt_out, &r->etiquette.opt_out_count);
}
