#include "reporters.h"

#include <stdlib.h>
#include <string.h>

struct reporters {
	const struct conf *conf;
	struct relay_policy *policies[]; /* as conf->reporters, NULL: none */
};

enum err
reporters_load(const struct conf *conf, struct reporters **out, struct error *e)
{
	struct reporters *r = calloc(1, sizeof(*r) + conf->reporter_count * sizeof(r->policies[0]));
	enum err err = OK;

	*out = NULL;
	if (r == NULL)
		return error_set(e, ERR_MEMORY, "reporters: out of memory");
	r->conf = conf;
	for (size_t i = 0; err == OK && i < conf->reporter_count; i++)
		if (conf->reporters[i].relay_policy[0] != '\0')
			err = relay_policy_read(conf->reporters[i].relay_policy, &r->policies[i],
				stderr, e);
	if (err != OK) {
		reporters_free(r);
		return err;
	}
	*out = r;
	return OK;
}

void
reporters_free(struct reporters *r)
{
	if (r == NULL)
		return;
	for (size_t i = 0; i < r->conf->reporter_count; i++)
		relay_policy_free(r->policies[i]);
	free(r);
}

const struct relay_policy *
reporters_relay_policy(const struct reporters *r, const char *name)
{
	const struct conf_reporter *reporter = conf_reporter(r->conf, name);

	return reporter != NULL ? r->policies[reporter - r->conf->reporters] : NULL;
}

int64_t
reporters_trust(const struct reporters *r, const char *name)
{
	const struct conf_reporter *reporter = conf_reporter(r->conf, name);

	return reporter != NULL ? reporter->trust : 100;
}
