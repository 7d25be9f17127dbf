/* Listings, as the answers tell them; and whether DNS has them. */
#include <stdio.h>

#include <orbl/listing.h>

#include "command_json.h"
#include "command_part.h"
#include "retire.h"

enum { WHY = BLAST_WHY + GUARD_WHY, LISTINGS_PAGE = 1000 };

static unsigned
bits_of(const struct addr *a)
{
	return a->family == 4 ? 32 : 128;
}

bool
command_is_one_host(const struct prefix *p)
{
	return p->len == bits_of(&p->addr);
}

enum err
command_prefix(const struct command_request *r, struct prefix *out, struct command_answer *answer)
{
	const char *text = command_text(r, "address");
	char message[256], shown[64];

	if (text != NULL && prefix_parse(text_of(text), out) == OK)
		return OK;
	text_printable(text_of(text), shown, sizeof(shown));
	snprintf(message, sizeof(message),
		"\"%s\" is not an IPv4 or IPv6 address, nor a prefix without bits outside its mask",
		shown);
	*answer = command_refuse(ERR_SYNTAX, message);
	return ERR_SYNTAX;
}

/* --- one of them ----------------------------------------------------------------- */

struct gathering {
	const struct command_context *context;
	const struct addr *host; /* that is asked for; NULL: none */
	struct retirement retirement;
	int64_t now_s;
	json_t *array;
};

static void
last_address(const struct prefix *p, struct addr *out)
{
	*out = p->addr;
	for (unsigned bit = p->len; bit < bits_of(&p->addr); bit++)
		out->b[bit / 8] |= (uint8_t)(0x80 >> bit % 8);
}

/* A narrower listing answers in the place of a wider one: of a prefix both ends are looked at. */
static uint32_t
served_as(const struct gathering *g, const struct store_listing *l)
{
	const struct pipeline *p = g->context->pipeline;
	struct addr last;

	if (g->host != NULL)
		return pipeline_in_dns(p, g->host, g->now_s);
	last_address(&l->prefix, &last);
	return pipeline_in_dns(p, &l->prefix.addr, g->now_s) | pipeline_in_dns(p, &last, g->now_s);
}

static json_t *
why_not(const struct gathering *g, const struct store_listing *l, uint32_t served)
{
	const struct publish_hold *hold = pipeline_publish_hold(g->context->pipeline);
	json_t *effective = command_json_time(l->effective_s);
	char guarded[GUARD_WHY], why[WHY] = "the next publication has it";

	if (retire_is_empty(&g->retirement))
		snprintf(why, sizeof(why), "the list has ended, it is %s",
			retire_stage_name(g->retirement.stage));
	else if (l->effective_s > g->now_s)
		snprintf(why, sizeof(why), "not before %s, the end of its notice",
			json_string_value(effective));
	else if (guard_check(pipeline_guard(g->context->pipeline), &l->prefix, guarded) !=
		GUARD_MAY_LIST)
		snprintf(why, sizeof(why), "%s", guarded);
	else if (hold->blast != BLAST_SMALL)
		snprintf(why, sizeof(why), "held by a safety stop: %s", hold->why);
	else if (served != 0)
		snprintf(why, sizeof(why), "a narrower listing answers in its place");
	json_decref(effective);
	return json_string(why);
}

static json_t *
known_json(const char *s)
{
	return command_json_text(s != NULL && s[0] != '\0' ? s : NULL);
}

static json_t *
listing_json(const struct gathering *g, const struct store_listing *l)
{
	char prefix[PREFIX_TEXT], code[ADDR_TEXT];
	const struct category_row *row = category_row(l->category);
	uint32_t served = served_as(g, l);
	bool published = (served & 1U << l->category) != 0;
	struct addr a = addr_from_ipv4(row->code);

	return json_pack("{s:s, s:s, s:s, s:s, s:o, s:o, s:o, s:b, s:o, s:o, s:I, s:o, s:o, s:o, "
			 "s:o}",
		"prefix", prefix_format(&l->prefix, prefix), "category", row->name, "code",
		addr_format(&a, code), "zone", row->subzone, "since", command_json_time(l->since_s),
		"effective", command_json_time(l->effective_s), "expires",
		command_json_time(l->expires_s), "published", (int)published, "why_not",
		published ? json_null() : why_not(g, l, served), "reason",
		command_json_text(l->reason), "probe", (json_int_t)l->probe, "author",
		known_json(l->author), "asn", l->asn != 0 ? json_integer(l->asn) : json_null(),
		"as_org", known_json(l->as_org), "country", known_json(l->country));
}

static enum err
on_listing(const struct store_listing *l, void *context)
{
	struct gathering *g = context;

	if (l->expires_s > g->now_s)
		json_array_append_new(g->array, listing_json(g, l));
	return OK;
}

/* --- all of a host, or of a prefix ------------------------------------------------- */

struct covering {
	store_listing_fn *fn;
	void *context;
	int64_t now_s;
};

static enum err
on_covering(const struct store_listing *l, void *context)
{
	const struct covering *covering = context;

	return l->expires_s > covering->now_s ? covering->fn(l, covering->context) : OK;
}

enum err
command_covering(const struct command_context *c, const struct addr *host, int64_t now_s,
	store_listing_fn *fn, void *context, struct error *e)
{
	struct covering covering = {fn, context, now_s};
	struct prefix p = {*host, (uint8_t)bits_of(host)};
	enum err err = store_listings(c->store, &p, on_covering, &covering, e);

	return err == OK ? store_listings_over(c->store, &p, on_covering, &covering, e) : err;
}

enum err
command_listings_of(const struct command_context *c, const struct addr *host, int64_t now_s,
	json_t **out, struct error *e)
{
	struct gathering g = {.context = c, .host = host, .now_s = now_s, .array = json_array()};
	enum err err = retire_load(c->store, &g.retirement, e);

	*out = g.array;
	return err == OK ? command_covering(c, host, now_s, on_listing, &g, e) : err;
}

enum err
command_listings_at(const struct command_context *c, const struct prefix *p, int64_t now_s,
	json_t **out, struct error *e)
{
	struct gathering g = {.context = c, .now_s = now_s, .array = json_array()};
	enum err err = retire_load(c->store, &g.retirement, e);

	*out = g.array;
	if (err == OK)
		err = store_listings_over(c->store, p, on_listing, &g, e);
	return err == OK ? store_listings_within(c->store, p, on_listing, &g, e) : err;
}

/* --- all there are ------------------------------------------------------------------- */

struct page {
	struct gathering g;
	size_t rows;
	char last[PREFIX_TEXT + 8]; /* "PREFIX NUMBER" */
};

static enum err
on_row(const struct store_listing *l, void *context)
{
	struct page *page = context;
	char prefix[PREFIX_TEXT];

	page->rows++;
	snprintf(page->last, sizeof(page->last), "%s %d", prefix_format(&l->prefix, prefix),
		(int)l->category);
	return on_listing(l, &page->g);
}

enum err
command_listings_page(const struct command_context *c, const char *after, int64_t now_s,
	json_t **out, json_t **next, struct error *e)
{
	struct page page = {.g = {.context = c, .now_s = now_s, .array = json_array()}};
	struct text rest = text_of(after), prefix = text_cut(&rest, ' ');
	char from[PREFIX_TEXT] = "";
	uint64_t category = 0;
	struct prefix p;
	enum err err;

	*out = page.g.array;
	*next = json_null();
	if (after != NULL &&
		(prefix_parse(prefix, &p) != OK ||
			text_to_u64(rest, CATEGORY_COUNT, &category) != OK))
		return error_set(e, ERR_SYNTAX,
			"\"after\" is what \"next\" was in the page before");
	if (after != NULL)
		prefix_format(&p, from);
	err = retire_load(c->store, &page.g.retirement, e);
	if (err == OK)
		err = store_listings_behind(c->store, from, (int)category, LISTINGS_PAGE, on_row,
			&page, e);
	if (err == OK && page.rows == LISTINGS_PAGE)
		*next = json_string(page.last);
	return err;
}

/* --- and what is gone but for DNS ----------------------------------------------------- */

static uint32_t
categories_of(const json_t *listings)
{
	const json_t *l;
	uint32_t categories = 0;
	enum category category;
	size_t i;

	json_array_foreach (listings, i, l)
		if (category_by_name(text_of(json_string_value(json_object_get(l, "category"))),
			    &category) == OK)
			categories |= 1U << category;
	return categories;
}

json_t *
command_why_still(const struct command_context *c, const struct addr *host, const json_t *listings,
	int64_t now_s)
{
	const struct publish_hold *hold = pipeline_publish_hold(c->pipeline);
	char why[WHY] = "the next publication takes it off";

	if ((pipeline_in_dns(c->pipeline, host, now_s) & ~categories_of(listings)) == 0)
		return json_null();
	if (hold->blast != BLAST_SMALL)
		snprintf(why, sizeof(why),
			"the list is held by a safety stop (%s), which its operator was told",
			hold->why);
	return json_string(why);
}
