/* store_order.h - what the operator has ordered, and how far the list is on its way out. */
#ifndef ORBL_STORE_ORDER_H
#define ORBL_STORE_ORDER_H

#include <stddef.h>
#include <stdint.h>

#include <orbl/addr.h>
#include <orbl/store.h>

struct store_order { /* lends */
	struct prefix prefix;
	const char *action; /* "exempt", "opt-out" or "lock" */
	int64_t since_s;
	int64_t until_s; /* 0: for good */
	const char *author, *reason;
};

/* In place of an earlier one of this prefix and action. Inside a transaction. */
enum err
store_order_put(struct store *s, const struct store_order *o, struct error *e) ORBL_NODISCARD;
/* *ended: 0 when there is none. Inside a transaction. */
enum err store_order_end(struct store *s, const struct prefix *p, const char *action, size_t *ended,
	struct error *e) ORBL_NODISCARD;
typedef enum err store_order_fn(const struct store_order *o, void *context);
/* Those in force at now_s, by action and prefix. */
enum err store_orders(struct store *s, int64_t now_s, store_order_fn *fn, void *context,
	struct error *e) ORBL_NODISCARD;
/* A number that is another one when the orders in force at now_s are others. */
enum err store_orders_version(struct store *s, int64_t now_s, int64_t *version,
	struct error *e) ORBL_NODISCARD;

struct store_retirement {
	int64_t stage, announced_s, since_s, at_s;
};
enum err
store_retirement(struct store *s, struct store_retirement *out, struct error *e) ORBL_NODISCARD;
/* Inside a transaction. */
enum err store_retirement_put(struct store *s, const struct store_retirement *r,
	struct error *e) ORBL_NODISCARD;

#endif
