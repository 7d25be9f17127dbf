#include "submission_drift.h"

#include <orbl/text.h>

void
submission_drift_add(struct submission_drift *d, uint64_t line, const struct addr *client,
	const struct relay_decision *decision)
{
	if (d->count == SUBMISSION_DRIFT_MAX)
		return;
	d->examples[d->count].line = line;
	d->examples[d->count].client = *client;
	d->examples[d->count].policy_line = decision->line;
	text_printable(text_of(decision->rule), d->examples[d->count].rule,
		sizeof(d->examples[0].rule));
	text_printable(text_of(decision->entry), d->examples[d->count].entry,
		sizeof(d->examples[0].entry));
	d->count++;
}

json_t *
submission_drift_json(const struct submission_drift *d, const char *policy)
{
	json_t *array = json_array();
	char ip[ADDR_TEXT];

	for (size_t i = 0; i < d->count; i++)
		json_array_append_new(array,
			json_pack("{s:I, s:s, s:s, s:s, s:s, s:I}", "line",
				(json_int_t)d->examples[i].line, "ip",
				addr_format(&d->examples[i].client, ip), "rule",
				d->examples[i].rule, "entry", d->examples[i].entry, "policy",
				policy, "policy_line", (json_int_t)d->examples[i].policy_line));
	return array;
}
