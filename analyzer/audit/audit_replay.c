#include "audit_replay.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

#include <orbl/addr.h>
#include <orbl/listing.h>
#include <orbl/log.h>
#include <orbl/store_audit.h>
#include <orbl/store_listing.h>
#include <orbl/store_order.h>
#include <orbl/store_probe.h>
#include <orbl/store_publish.h>
#include <orbl/store_reporter.h>
#include <orbl/text.h>

#include "host.h"
#include "retire.h"

enum { HOSTS_MAX = 64 /* of one listing */, DAY_S = 86400 };

/* --- listings ------------------------------------------------------------------- */

/* "relay: REASON", as list.c writes it. */
static enum err
remember(struct audit_replayed *out, const struct audit_record *r, enum host_event_kind kind)
{
	struct text rest = text_of(r->detail);
	enum category category;

	struct prefix prefix;
	size_t i = out->next_reason;

	if (prefix_parse(text_of(r->subject), &prefix) != OK ||
		category_by_name(text_cut(&rest, ':'), &category) != OK)
		return OK;
	out->reasons[i].is_there = true;
	out->reasons[i].prefix = prefix;
	out->reasons[i].category = category;
	out->reasons[i].kind = kind;
	out->next_reason = (i + 1) % AUDIT_REASONS;
	return OK;
}

static enum err
delist(struct store *s, const struct audit_record *r, struct audit_replayed *out, struct error *e)
{
	(void)s;
	(void)e;
	return remember(out, r, r->author[0] != '\0' ? HOST_OPERATOR_DELISTS : HOST_FOUND_CLOSED);
}

static enum err
purge(struct store *s, const struct audit_record *r, struct audit_replayed *out, struct error *e)
{
	(void)s;
	(void)e;
	return remember(out, r, HOST_PURGED);
}

static enum err
exempt(struct store *s, const struct audit_record *r, struct audit_replayed *out, struct error *e)
{
	(void)s;
	(void)e;
	return remember(out, r, HOST_OPERATOR_DELISTS);
}

/* By its time when nothing else is said, which is no reproach. Each reason is used once. */
static enum host_event_kind
reason_of(struct audit_replayed *out, const struct prefix *p, enum category category)
{
	for (size_t i = 0; i < AUDIT_REASONS; i++) {
		struct audit_reason *why = &out->reasons[i];

		if (!why->is_there || why->category != category || why->prefix.len != p->len ||
			!addr_equal(&why->prefix.addr, &p->addr))
			continue;
		why->is_there = false;
		return why->kind;
	}
	return HOST_EXPIRED;
}

static enum err
on_proof_left(const struct store_listing *l, void *context)
{
	bool *is_relay = context;

	*is_relay = *is_relay || l->category == CATEGORY_RELAY ||
		l->category == CATEGORY_RELAY_INPUT;
	return OK;
}

static enum err
tell_host(struct store *s, const struct host_news *news, int64_t confirm_after_s, struct error *e)
{
	const struct store_probe p = {
		.host = news->host,
		.cause = CAUSE_CONFIRM,
		.queued_s = news->now_s,
		.not_before_s = news->now_s + confirm_after_s,
	};
	bool is_relay = false, refused = false;
	uint64_t id;
	enum err err = store_proofs_of(s, &news->host, on_proof_left, &is_relay, e);

	if (err != OK || is_relay)
		return err;
	err = host_event_if_may(s, news, NULL, &refused, e);
	if (err != OK || refused || news->kind != HOST_FOUND_CLOSED || confirm_after_s == 0)
		return err;
	return store_probe_add(s, &p, &id, e);
}

/* What was listed, but for a network, and what was tested for it. */
static enum err
tell_hosts(struct store *s, const struct prefix *p, const struct host_news *news,
	const struct addr *tested, size_t count, int64_t confirm_after_s, struct error *e)
{
	struct host_news n = *news;
	enum err err = OK;

	n.host = p->addr;
	if (count == 0 && p->len == (p->addr.family == 4 ? 32 : 128))
		err = tell_host(s, &n, confirm_after_s, e);
	for (size_t i = 0; err == OK && i < count; i++) {
		n.host = tested[i];
		err = tell_host(s, &n, confirm_after_s, e);
	}
	return err;
}

static enum err
end_listing(struct store *s, const struct audit_record *r, const struct prefix *prefix,
	enum category category, struct audit_replayed *out, size_t *ended, struct error *e)
{
	struct host_news news = {.now_s = r->time_s, .kind = reason_of(out, prefix, category)};
	struct addr tested[HOSTS_MAX];
	size_t count;
	enum err err = store_restore_tested(s, prefix, category, r->time_s, tested, HOSTS_MAX,
		&count, e);

	if (err == OK)
		err = store_restore_end(s, prefix, category, r->time_s, ended, e);
	if (err != OK || *ended == 0 ||
		(category != CATEGORY_RELAY && category != CATEGORY_RELAY_INPUT))
		return err;
	return tell_hosts(s, prefix, &news, tested, count, out->confirm_after_s, e);
}

static enum err
unlist(struct store *s, const struct audit_record *r, struct audit_replayed *out, struct error *e)
{
	struct prefix prefix;
	enum category category;
	char text[PREFIX_TEXT];
	size_t ended = 0;
	enum err err;

	if (prefix_parse(text_of(r->subject), &prefix) != OK ||
		category_by_name(text_of(r->detail), &category) != OK)
		return OK;
	err = end_listing(s, r, &prefix, category, out, &ended, e);
	if (err == OK && ended != 0)
		log_notice("%s: was removed from %s after the backup, and is again",
			prefix_format(&prefix, text), category_row(category)->name);
	out->listings += ended;
	return err;
}

/* --- orders --------------------------------------------------------------------- */

/* "exempt, until 0: REASON" or "exempt, until 0, forced: REASON", as command_operator.c writes it;
 * what "list" and "delist" have done is in records of its own. */
struct order_text {
	struct text name, until, reason;
};

static struct order_text
split_order(struct text detail)
{
	struct order_text o;
	struct text facts;

	o.name = text_cut(&detail, ',');
	(void)text_cut(&detail, ' ');
	(void)text_cut(&detail, ' ');
	facts = text_cut(&detail, ':');
	o.until = text_cut(&facts, ',');
	o.reason = text_trim(detail);
	return o;
}

static enum err
lock(struct store *s, const struct store_order *o, enum host_event_kind kind, struct error *e)
{
	const struct host_news news = {.host = o->prefix.addr, .kind = kind, .now_s = o->since_s};

	return host_event_if_may(s, &news, NULL, NULL, e);
}

static enum err
order(struct store *s, const struct audit_record *r, struct audit_replayed *out, struct error *e)
{
	static const struct {
		const char *name, *action;
		bool ends;
		enum host_event_kind lock; /* COUNT: the host is what it was */
	} orders[] = {
		{"exempt", "exempt", false, HOST_EVENT_COUNT},
		{"unexempt", "exempt", true, HOST_EVENT_COUNT},
		{"opt-out", "opt-out", false, HOST_EVENT_COUNT},
		{"opt-in", "opt-out", true, HOST_EVENT_COUNT},
		{"lock", "lock", false, HOST_LOCK},
		{"unlock", "lock", true, HOST_UNLOCK},
	};
	struct order_text text = split_order(text_of(r->detail));
	struct store_order o = {.since_s = r->time_s, .author = r->author};
	uint64_t until_s;
	size_t ended;
	enum err err;

	if (prefix_parse(text_of(r->subject), &o.prefix) != OK ||
		text_to_u64(text.until, INT64_MAX, &until_s) != OK)
		return OK;
	o.until_s = (int64_t)until_s;
	o.reason = text.reason.p; /* the rest of a string */
	for (size_t i = 0; i < ORBL_COUNT(orders); i++) {
		if (!text_equal(text.name, text_of(orders[i].name)))
			continue;
		o.action = orders[i].action;
		out->orders++;
		err = orders[i].ends ? store_order_end(s, &o.prefix, o.action, &ended, e) :
				       store_order_put(s, &o, e);
		return err == OK && orders[i].lock != HOST_EVENT_COUNT ?
			lock(s, &o, orders[i].lock, e) :
			err;
	}
	return OK;
}

static enum err
revoke(struct store *s, const struct audit_record *r, struct audit_replayed *out, struct error *e)
{
	uint64_t hosts;

	out->orders++;
	return store_reporter_revoke(s, r->subject, r->time_s, r->time_s, &hosts, e);
}

static enum err
reinstate(struct store *s, const struct audit_record *r, struct audit_replayed *out,
	struct error *e)
{
	uint64_t hosts;

	out->orders++;
	return store_reporter_revoke(s, r->subject, 0, r->time_s, &hosts, e);
}

/* --- the end of the list ---------------------------------------------------------- */

/* "announced retire=2030-03-17: REASON", as command_zone.c writes it. */
static bool
split_stage(struct text detail, enum retire_stage *stage, int64_t *day_s)
{
	struct tm tm = {0};
	struct text what = text_cut(&detail, ':');
	char day[16];

	for (int i = RETIRE_ANNOUNCED; i < RETIRE_COUNT; i++) {
		*stage = (enum retire_stage)i;
		detail = what;
		if (!text_equal(text_cut(&detail, ' '), text_of(retire_stage_name(*stage))) ||
			!text_has_prefix(detail, TEXT("retire=")))
			continue;
		text_printable(text_from(detail, strlen("retire=")), day, sizeof(day));
		if (strptime(day, "%Y-%m-%d", &tm) == NULL)
			return false;
		*day_s = (int64_t)timegm(&tm);
		return true;
	}
	return false;
}

/* The record has the day alone: the list ends with it, not before what was announced. */
static enum err
retire(struct store *s, const struct audit_record *r, struct audit_replayed *out, struct error *e)
{
	struct retirement now, next;
	int64_t day_s = 0;
	enum err err = retire_load(s, &now, e);

	next = now;
	if (err != OK || !split_stage(text_of(r->detail), &next.stage, &day_s))
		return err;
	next.at_s = day_s + DAY_S - 1;
	if (next.stage != RETIRE_ANNOUNCED && next.at_s > r->time_s)
		next.at_s = r->time_s;
	if (next.stage != now.stage)
		next.since_s = r->time_s;
	if (next.stage == RETIRE_ANNOUNCED && now.announced_s == 0)
		next.announced_s = r->time_s;
	out->orders++;
	return retire_save(s, &next, e);
}

static enum err
resume(struct store *s, const struct audit_record *r, struct audit_replayed *out, struct error *e)
{
	enum err err = retire_save(s, &(struct retirement){.stage = RETIRE_NOT}, e);

	(void)r;
	out->orders++;
	/* The whole list is back by order (blast_radius.h). */
	return err == OK ? store_publish_permit(s, STORE_PERMIT_ALL, e) : err;
}

enum err
audit_replay(struct store *s, const struct audit_record *r, struct audit_replayed *out,
	struct error *e)
{
	static const struct {
		const char *action;
		enum err (*run)(struct store *s, const struct audit_record *r,
			struct audit_replayed *out, struct error *e);
	} table[] = {
		{"delist", delist},
		{"exempt", exempt},
		{"purge", purge},
		{STORE_AUDIT_UNLIST, unlist},
		{"order", order},
		{"revoke", revoke},
		{"reinstate", reinstate},
		{"retire", retire},
		{"resume", resume},
	};

	for (size_t i = 0; i < ORBL_COUNT(table); i++)
		if (strcmp(r->action, table[i].action) == 0)
			return table[i].run(s, r, out, e);
	return OK;
}
