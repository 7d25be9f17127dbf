#include "trust.h"

#include <math.h>

#include <orbl/store_nomination.h>

/* As sure as after four probes, before there was one. */
static const double prior = 4.0;
static const double refutation = 0.25;

int64_t
trust_percent(int64_t ceiling, int64_t new_trust, uint64_t confirmed, uint64_t refuted)
{
	double p = (double)new_trust / 100.0;
	double share = (prior * p + (double)confirmed) /
		(prior + (double)confirmed + refutation * (double)refuted);

	return (int64_t)floor((double)ceiling * share + 0.5);
}

enum err
trust_look(struct store *s, const struct conf *conf, const char *reporter, int64_t now_s,
	struct trust *out, struct error *e)
{
	const struct conf_reporter *section = conf_reporter(conf, reporter);
	struct store_record record;
	enum err err = store_nomination_record(s, reporter, now_s - TRUST_WINDOW_S, &record, e);

	*out = (struct trust){.ceiling = section != NULL ? section->trust : 100};
	if (err != OK)
		return err;
	out->confirmed = record.confirmed;
	out->refuted = record.refuted;
	out->is_revoked = record.is_revoked;
	if (!record.is_revoked)
		out->percent = trust_percent(out->ceiling, conf->score.new_trust, record.confirmed,
			record.refuted);
	return OK;
}
