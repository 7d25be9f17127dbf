#include "probe_rules.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <orbl/log.h>
#include <orbl/store_opt_out.h>
#include <orbl/store_order.h>

#include "probe_case.h"

enum { KEEP_AGAIN_S = 60, DATE_TEXT = 32 };

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

/* --- the kept list of who has opted out --- */

struct kept {
	struct prefix *list;
	size_t count, room;
};

static enum err
on_kept(const struct prefix *p, void *context)
{
	struct kept *kept = context;
	size_t room = kept->room == 0 ? 64 : 2 * kept->room;
	struct prefix *list;

	if (kept->count == kept->room) {
		list = realloc(kept->list, room * sizeof(*list));
		if (list == NULL)
			return ERR_MEMORY;
		kept->list = list;
		kept->room = room;
	}
	kept->list[kept->count++] = *p;
	return OK;
}

static enum err
on_order(const struct store_order *o, void *context)
{
	return strcmp(o->action, "opt-out") == 0 ? on_kept(&o->prefix, context) : OK;
}

/* What an operator has ordered is asked for each time; a store that cannot be read leaves all as it
 * was, and ends the analyzer's work at other places. */
static void
take_orders(struct probe_rules *r, int64_t now_s)
{
	struct kept ordered = {.list = NULL};
	struct error e = {.code = OK};
	int64_t version;
	enum err err;

	if (r->store == NULL || store_orders_version(r->store, now_s, &version, &e) != OK ||
		version == r->orders_version)
		return;
	err = store_orders(r->store, now_s, on_order, &ordered, &e);
	if (err == OK)
		err = opt_out_order(r->opt_out, ordered.list, ordered.count, &e);
	if (err == OK)
		r->orders_version = version;
	else
		log_error("an operator's orders cannot be read: %s", e.text);
	free(ordered.list);
}

static enum err
restore(struct probe_rules *r, const struct conf *conf, struct error *e)
{
	struct kept kept = {.list = NULL};
	int64_t kept_s;
	enum err err;

	r->kept = opt_out_generation(r->opt_out); /* without a file there is nothing to keep */
	if (r->store == NULL || conf->probe.opt_out_file[0] == '\0')
		return OK;
	err = store_opt_out_kept(r->store, on_kept, &kept, &kept_s, e);
	if (err == ERR_MEMORY)
		err = error_set(e, err, "out of memory");
	if (err == OK && kept_s != 0)
		err = opt_out_restore(r->opt_out, kept.list, kept.count, kept_s, e);
	free(kept.list);
	r->kept = opt_out_generation(r->opt_out);
	return err;
}

static void
keep(struct probe_rules *r, int64_t now_s)
{
	struct error e = {.code = OK};
	const struct prefix *list;
	size_t count;

	if (r->store == NULL || r->kept == opt_out_generation(r->opt_out) ||
		(r->tried_s != 0 && now_s - r->tried_s < KEEP_AGAIN_S))
		return;
	list = opt_out_of_file(r->opt_out, &count);
	if (store_opt_out_keep(r->store, list, count, now_s, &e) == OK) {
		r->kept = opt_out_generation(r->opt_out);
		r->tried_s = 0;
		return;
	}
	r->tried_s = now_s;
	log_error("who has opted out cannot be kept for the next start: %s", e.text);
}

enum err
probe_rules_open(struct probe_rules *r, const struct conf *conf, struct store *store,
	struct error *e)
{
	enum err err;

	*r = (struct probe_rules){.store = store};
	err = set_etiquette(r, conf, e);
	if (err == OK)
		err = set_sources(r, conf, e);
	if (err == OK)
		err = set_cases(r, conf, e);
	if (err == OK)
		err = restore(r, conf, e);
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

static void
tell_trouble(const struct probe_rules *r, const char *trouble)
{
	time_t since = (time_t)opt_out_since(r->opt_out);
	char date[DATE_TEXT] = "?";
	struct tm tm;

	if (gmtime_r(&since, &tm) != NULL)
		(void)strftime(date, sizeof(date), "%Y-%m-%dT%H:%M:%SZ", &tm);
	if (probe_rules_allow_probes(r))
		log_error("%s; the list of %s stays in force", trouble, date);
	else
		log_error("%s; nothing is probed before this is mended", trouble);
}

void
probe_rules_refresh(struct probe_rules *r, int64_t now_s)
{
	bool was_bad = opt_out_trouble(r->opt_out)[0] != '\0';
	struct error e = {.code = OK};

	if (opt_out_refresh(r->opt_out, now_s, &e) != OK)
		tell_trouble(r, e.text);
	take_orders(r, now_s);
	r->etiquette.opt_out = opt_out_list(r->opt_out, &r->etiquette.opt_out_count);
	if (was_bad && opt_out_is_good(r->opt_out))
		log_notice("the list of who has opted out can be read again");
	if (opt_out_is_good(r->opt_out))
		keep(r, now_s);
}

bool
probe_rules_allow_probes(const struct probe_rules *r)
{
	return opt_out_is_known(r->opt_out);
}
