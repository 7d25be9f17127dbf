/* operator_order.h - what the files of command_operator.c share: an order as it was given, and the
 * actions, one function each. Each is called inside the order's transaction.
 */
#ifndef ANALYZER_OPERATOR_ORDER_H
#define ANALYZER_OPERATOR_ORDER_H

#include <jansson.h>

#include "command.h"
#include "list.h"

enum { OPERATOR_REASON = 300 };

struct operator_order {
	const struct command_context *context;
	const struct command_request *request;
	struct prefix prefix;
	char reason[OPERATOR_REASON];
	bool force, dry_run, has_category;
	enum category category;
	int64_t until_s; /* 0: for good, or by the rules */
	uint64_t proof;
	struct lister lister;

	/* out */
	json_t *affected; /* listings, as they were before they ended, or as made */
	size_t affected_count;
	bool ends;            /* affected are those that end */
	bool ends_wider;      /* which is more than the prefix */
	char done[GUARD_WHY]; /* what came of it, a clause */
};

typedef enum err operator_order_fn(struct operator_order *o, struct error *e);
operator_order_fn operator_order_list, operator_order_delist, operator_order_exempt,
	operator_order_unexempt, operator_order_opt_out, operator_order_opt_in, operator_order_lock,
	operator_order_unlock;

/* End the listings within the prefix, and the wider ones in which it lies if wider; what ends is
 * added to affected. */
enum err operator_order_end_listings(struct operator_order *o, const char *action, bool wider,
	struct error *e) ORBL_NODISCARD;
enum err operator_order_tell_host(struct operator_order *o, enum host_event_kind kind,
	struct error *e) ORBL_NODISCARD;
bool operator_order_is_of_one_host(const struct operator_order *o);

#endif
