#include "audit_replay.h"

#include <stdio.h>
#include <string.h>

#include <orbl/addr.h>
#include <orbl/listing.h>
#include <orbl/log.h>
#include <orbl/store_audit.h>
#include <orbl/store_order.h>
#include <orbl/store_reporter.h>
#include <orbl/text.h>

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
	err = store_restore_end(s, &prefix, category, r->time_s, &ended, e);
	if (err == OK && ended != 0)
		log_notice("%s: was removed from %s after the backup, and is again",
			prefix_format(&prefix, text), category_row(category)->name);
	out->listings += ended;
	return err;
}

/* "exempt, until 0: REASON", as command_operator.c writes it. */
struct order_text {
	struct text name, until, reason;
};

static struct order_text
split_order(struct text detail)
{
	struct order_text o;

	o.name = text_cut(&detail, ',');
	(void)text_cut(&detail, ' ');
	(void)text_cut(&detail, ' ');
	o.until = text_cut(&detail, ':');
	o.reason = text_trim(detail);
	return o;
}

static enum err
order(struct store *s, const struct audit_record *r, struct audit_replayed *out, struct error *e)
{
	static const struct {
		const char *name, *action;
		bool ends;
	} orders[] = {
		{"exempt", "exempt", false},
		{"unexempt", "exempt", true},
		{"opt-out", "opt-out", false},
		{"opt-in", "opt-out", true},
		{"lock", "lock", false},
		{"unlock", "lock", true},
	};
	struct order_text text = split_order(text_of(r->detail));
	struct store_order o = {.since_s = r->time_s, .author = r->author};
	uint64_t until_s;
	size_t ended;

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
		return orders[i].ends ? store_order_end(s, &o.prefix, o.action, &ended, e) :
					store_order_put(s, &o, e);
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

enum err
audit_replay(struct store *s, const struct audit_record *r, struct audit_replayed *out,
	struct error *e)
{
	static const struct {
		const char *action;
		enum err (*run)(struct store *s, const struct audit_record *r,
			struct audit_replayed *out, struct error *e);
	} table[] = {
		{STORE_AUDIT_UNLIST, unlist},
		{"order", order},
		{"revoke", revoke},
		{"reinstate", reinstate},
	};

	for (size_t i = 0; i < ORBL_COUNT(table); i++)
		if (strcmp(r->action, table[i].action) == 0)
			return table[i].run(s, r, out, e);
	return OK;
}
