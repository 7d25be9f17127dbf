#include "outcome_listing.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include <orbl/log.h>
#include <orbl/store_listing.h>

#include "decision.h"

enum { OUTPUTS_MAX = 16 };

struct prefix
outcome_prefix(const struct addr *host)
{
	struct prefix p = {.addr = *host, .len = host->family == 4 ? 32 : 64};

	if (host->family == 6) /* who has one address of a /64 has them all */
		memset(p.addr.b + 8, 0, 8);
	return p;
}

static enum err
list(struct outcome *o, const struct addr *host, enum category category, uint64_t probe,
	const char *reason, struct error *e)
{
	const struct store_listing listing = {
		.prefix = outcome_prefix(host),
		.category = category,
		.since_s = o->now_s,
		.expires_s = o->now_s + o->lifetime_s,
		.probe = probe,
		.reason = reason,
	};
	char prefix[PREFIX_TEXT], detail[512];
	enum err err = store_listing_put(o->store, &listing, e);

	if (err != OK)
		return err;
	prefix_format(&listing.prefix, prefix);
	snprintf(detail, sizeof(detail), "%s, probe %" PRIu64 ": %s", category_row(category)->name,
		probe, reason);
	log_notice("%s: listed: %s", prefix, detail);
	o->changed = true;
	return store_audit_add(o->store,
		&(struct store_audit){.time_s = o->now_s,
			.action = "list",
			.subject = prefix,
			.detail = detail},
		e);
}

static enum err
unlist(struct outcome *o, const struct addr *host, uint32_t categories, uint64_t probe,
	const char *reason, struct error *e)
{
	struct prefix prefix = outcome_prefix(host);
	char text[PREFIX_TEXT], detail[512];
	size_t removed = 0;
	enum err err = store_listing_remove(o->store, host, categories, &removed, e);

	if (err != OK || removed == 0)
		return err;
	prefix_format(&prefix, text);
	snprintf(detail, sizeof(detail), "probe %" PRIu64 ": %s", probe, reason);
	log_notice("%s: delisted: %s", text, detail);
	o->changed = true;
	return store_audit_add(o->store,
		&(struct store_audit){.time_s = o->now_s,
			.action = "delist",
			.subject = text,
			.detail = detail},
		e);
}

/* Outputs are listed in a category of their own: they relay for the input, without being
 * open themselves. One in a network that the Internet does not have is a forwarder of ours,
 * unless the host under test is in such a network too. */
enum err
outcome_list_output(struct outcome *o, const struct addr *output, const struct addr *host,
	uint64_t probe, struct error *e)
{
	char reason[128], address[ADDR_TEXT];

	if (addr_equal(output, host) || (addr_is_reserved(output) && !addr_is_reserved(host)))
		return OK;
	snprintf(reason, sizeof(reason), "delivered the test message given to %s",
		addr_format(host, address));
	return list(o, output, CATEGORY_RELAY_OUTPUT, probe, reason, e);
}

enum err
outcome_list_outputs(struct outcome *o, const struct probe_result *result, uint64_t probe,
	const struct addr *host, struct error *e)
{
	struct addr outputs[OUTPUTS_MAX];
	size_t count = probe_result_outputs(result, outputs, OUTPUTS_MAX);
	enum err err = OK;

	for (size_t i = 0; err == OK && i < count && i < OUTPUTS_MAX; i++)
		err = outcome_list_output(o, &outputs[i], host, probe, e);
	return err;
}

enum err
outcome_apply(struct outcome *o, uint64_t probe, const struct addr *host, enum verdict verdict,
	uint32_t keeps, const char *reason, struct error *e)
{
	struct decision decision = decision_verdict(verdict);
	enum err err = unlist(o, host, decision.removes & ~keeps, probe, reason, e);

	if (err == OK && decision.kind == DECISION_LIST)
		err = list(o, host, decision.category, probe, reason, e);
	return err;
}
