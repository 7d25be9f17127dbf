/* Orders that last: exempt, opted out, locked. */
#include "operator_order.h"

#include <stdio.h>

#include <orbl/store_order.h>

static enum err
put_order(struct operator_order *o, const char *action, struct error *e)
{
	const struct store_order order = {.prefix = o->prefix,
		.action = action,
		.since_s = o->request->now_s,
		.until_s = o->until_s,
		.author = o->request->author,
		.reason = o->reason};

	return o->dry_run ? OK : store_order_put(o->context->store, &order, e);
}

static enum err
end_order(struct operator_order *o, const char *action, struct error *e)
{
	size_t ended;
	char prefix[PREFIX_TEXT];
	enum err err = store_order_end(o->context->store, &o->prefix, action, &ended, e);

	if (err == OK && ended == 0)
		return error_set(e, ERR_NOT_FOUND,
			"there is no order \"%s\" of %s; orbl operator show has them all", action,
			prefix_format(&o->prefix, prefix));
	return err;
}

enum err
operator_order_exempt(struct operator_order *o, struct error *e)
{
	enum err err = put_order(o, "exempt", e);

	if (err == OK)
		err = operator_order_end_listings(o, "exempt", true, e);
	snprintf(o->done, sizeof(o->done), "never listed from now on; listings ended: %zu",
		o->affected_count);
	return err;
}

enum err
operator_order_unexempt(struct operator_order *o, struct error *e)
{
	snprintf(o->done, sizeof(o->done), "may be listed again");
	return end_order(o, "exempt", e);
}

enum err
operator_order_opt_out(struct operator_order *o, struct error *e)
{
	snprintf(o->done, sizeof(o->done), "never probed from now on");
	return put_order(o, "opt-out", e);
}

enum err
operator_order_opt_in(struct operator_order *o, struct error *e)
{
	snprintf(o->done, sizeof(o->done), "may be probed again");
	return end_order(o, "opt-out", e);
}

static enum err
check_lock(const struct operator_order *o, struct error *e)
{
	if (!operator_order_is_of_one_host(o))
		return error_set(e, ERR_REFUSED, "hosts are locked one by one");
	if (o->until_s != 0)
		return error_set(e, ERR_REFUSED, "a lock lasts until it is taken off");
	return OK;
}

enum err
operator_order_lock(struct operator_order *o, struct error *e)
{
	enum err err = check_lock(o, e);

	if (err == OK)
		err = operator_order_tell_host(o, HOST_LOCK, e);
	snprintf(o->done, sizeof(o->done), "locked: it stays as it is");
	return err == OK ? put_order(o, "lock", e) : err;
}

enum err
operator_order_unlock(struct operator_order *o, struct error *e)
{
	size_t ended;
	enum err err = check_lock(o, e);

	if (err == OK)
		err = operator_order_tell_host(o, HOST_UNLOCK, e);
	snprintf(o->done, sizeof(o->done), "unlocked");
	return err == OK ? store_order_end(o->context->store, &o->prefix, "lock", &ended, e) : err;
}
