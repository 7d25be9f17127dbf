#include "etiquette.h"

#include <inttypes.h>
#include <stdio.h>

static const struct prefix *
find_prefix(const struct prefix *list, size_t count, const struct addr *a)
{
	for (size_t i = 0; i < count; i++)
		if (prefix_has_addr(&list[i], a))
			return &list[i];
	return NULL;
}

/* A clock set back must not open the door: a probe in the future was just now. */
static int64_t
seconds_to_go(const struct etiquette_rules *rules, const struct etiquette_question *q)
{
	int64_t passed = q->now_s > q->last_probe_s ? q->now_s - q->last_probe_s : 0;
	unsigned doublings = q->fruitless > 1 ? q->fruitless - 1 : 0;
	int64_t interval_s;

	if (doublings > ETIQUETTE_DOUBLINGS_MAX)
		doublings = ETIQUETTE_DOUBLINGS_MAX;
	interval_s = rules->interval_s << doublings;
	if (!q->automated || q->last_probe_s == 0 || passed >= interval_s)
		return 0;
	return interval_s - passed;
}

enum etiquette_answer
etiquette_check(const struct etiquette_rules *rules, const struct etiquette_question *q,
	char why[ETIQUETTE_WHY])
{
	const struct prefix *opt_out = find_prefix(rules->opt_out, rules->opt_out_count, &q->addr);
	int64_t wait_s = seconds_to_go(rules, q);
	char address[ADDR_TEXT], prefix[PREFIX_TEXT];

	addr_format(&q->addr, address);
	why[0] = '\0';
	if (opt_out != NULL) {
		snprintf(why, ETIQUETTE_WHY, "%s has opted out of probes (%s)", address,
			prefix_format(opt_out, prefix));
		return ETIQUETTE_OPTED_OUT;
	}
	if (addr_is_reserved(&q->addr) &&
		find_prefix(rules->allow, rules->allow_count, &q->addr) == NULL) {
		snprintf(why, ETIQUETTE_WHY, "%s is in a private or reserved network", address);
		return ETIQUETTE_RESERVED;
	}
	if (wait_s > 0) {
		snprintf(why, ETIQUETTE_WHY,
			"%s was probed not long ago and may be probed again in %" PRId64 " s",
			address, wait_s);
		return ETIQUETTE_TOO_SOON;
	}
	return ETIQUETTE_PROBE;
}

const char *
etiquette_answer_name(enum etiquette_answer a)
{
	static const char *const names[] = {
		[ETIQUETTE_PROBE] = "probe",
		[ETIQUETTE_RESERVED] = "reserved",
		[ETIQUETTE_OPTED_OUT] = "opted-out",
		[ETIQUETTE_TOO_SOON] = "too-soon",
	};

	return names[a];
}
