#include "relay_truth.h"

#include <stdlib.h>
#include <string.h>

enum outcome { /* of one case, the most telling last */
	OUTCOME_REFUSED,
	OUTCOME_ACCEPTED, /* and no message comes back */
	OUTCOME_BOUNCED,  /* to the collector */
	OUTCOME_RELAYED,  /* to the collector */
};

/* In the place of the tokens: as long, and told apart. */
static const char recipient_token[] = "uuuuuuuuuuuuuuuuuuuuuuuuuuuu";
static const char sender_token[] = "ffffffffffffffffffffffffffff";

struct question {
	const struct truth_lab *lab;
	const struct truth_row *row;
	const struct relay_policy *policy;
	struct text sender, recipient; /* paths without brackets */
};

static enum err
set_names(const struct truth_lab *lab, const struct truth_row *r, struct probe_names *out,
	struct error *e)
{
	enum err err = probe_names_init(out, lab->domain, &r->addr, &lab->collector, e);

	if (err != OK)
		return err;
	probe_names_host(out, text_of(r->name));
	snprintf(out->u, sizeof(out->u), "%s", recipient_token);
	snprintf(out->f, sizeof(out->f), "%s", sender_token);
	return OK;
}

static struct text
take_brackets(struct text path)
{
	path = text_trim(path);
	if (!text_has_prefix(path, TEXT("<")) || !text_has_suffix(path, TEXT(">")))
		return path;
	return text_upto(text_from(path, 1), path.len - 2);
}

/* The mail domain, a name below it, or its address as a literal. */
static bool
is_of_collector(const struct truth_lab *lab, struct text domain)
{
	char address[ADDR_TEXT], literal[ADDR_TEXT + 2], below[TRUTH_WORDS];

	if (text_has_suffix(domain, TEXT(".")))
		domain.len--;
	snprintf(literal, sizeof(literal), "[%s]", addr_format(&lab->collector, address));
	snprintf(below, sizeof(below), ".%s", lab->domain);
	return text_equal_nocase(domain, text_of(lab->domain)) ||
		text_equal_nocase(domain, text_of(literal)) ||
		text_has_suffix(domain, text_of(below));
}

/* Mail to any other mailbox is refused by the collector and lost. */
static bool
is_mailbox(const struct truth_lab *lab, struct text path)
{
	struct text local_part, domain;

	recipient_split(path, &local_part, &domain);
	return is_of_collector(lab, domain) &&
		(text_equal(local_part, text_of(recipient_token)) ||
			text_equal(local_part, text_of(sender_token)));
}

static enum outcome
when_permitted(const struct question *q)
{
	char buffer[RECIPIENT_MAX];
	struct text mailbox = relay_policy_resolve(q->policy, q->recipient, buffer);

	return is_mailbox(q->lab, mailbox) ? OUTCOME_RELAYED : OUTCOME_ACCEPTED;
}

static enum outcome
when_bounced(const struct question *q)
{
	return is_mailbox(q->lab, q->sender) ? OUTCOME_BOUNCED : OUTCOME_ACCEPTED;
}

/* A user it has not: refused at once, unless it takes everything first. */
static enum outcome
when_local(const struct question *q)
{
	if (q->row->catch_all)
		return OUTCOME_ACCEPTED;
	if (truth_row_answer(q->row, TRUTH_PLAIN) == RELAY_THEN_BOUNCE)
		return when_bounced(q);
	return OUTCOME_REFUSED;
}

static enum outcome
answer(const struct question *q)
{
	struct relay_request request = {
		.client = q->lab->client,
		.local = q->row->addr,
		.authenticated = (q->row->facts & FACT_AUTHENTICATED) != 0,
		.recipient = q->recipient,
		.sender = q->sender,
	};

	switch (relay_policy_decide(q->policy, &request).answer) {
	case RELAY_PERMIT: return when_permitted(q);
	case RELAY_THEN_BOUNCE: return when_bounced(q);
	case RELAY_LOCAL: return when_local(q);
	case RELAY_DENY:
	case RELAY_DUNNO: break;
	}
	return OUTCOME_REFUSED;
}

static enum err
predict(const struct truth_lab *lab, const struct truth_row *r, const struct relay_policy *policy,
	const struct probe_case *c, enum outcome *out, struct error *e)
{
	struct question q = {.lab = lab, .row = r, .policy = policy};
	char sender[RECIPIENT_MAX], recipient[RECIPIENT_MAX];
	struct probe_names names;
	enum err err = set_names(lab, r, &names, e);

	if (err != OK)
		return err;
	if (probe_case_expand(c->mail_from, &names, sender, sizeof(sender)) != OK ||
		probe_case_expand(c->rcpt_to, &names, recipient, sizeof(recipient)) != OK)
		return error_set(e, ERR_RANGE, "%s cannot be said to %s", c->id, r->name);
	q.sender = take_brackets(text_of(sender));
	q.recipient = take_brackets(text_of(recipient));
	*out = answer(&q);
	return OK;
}

/* --- what a probe must find ------------------------------------------------- */

static const char *
outcome_name(enum outcome o)
{
	static const char *const names[] = {
		[OUTCOME_REFUSED] = "refused",
		[OUTCOME_ACCEPTED] = "accepted",
		[OUTCOME_BOUNCED] = "bounced",
		[OUTCOME_RELAYED] = "relayed",
	};

	return names[o];
}

static const char *
outcome_verdict(enum outcome o)
{
	static const char *const verdicts[] = {
		[OUTCOME_REFUSED] = "closed",
		[OUTCOME_ACCEPTED] = "accepts",
		[OUTCOME_BOUNCED] = "bounces",
		[OUTCOME_RELAYED] = "open",
	};

	return verdicts[o];
}

struct forecast {
	enum outcome most;
	FILE *cases;
};

static enum err
add_case(const struct truth_lab *lab, const struct truth_row *r, const struct relay_policy *policy,
	const struct probe_case *c, struct forecast *out, struct error *e)
{
	enum outcome outcome;
	enum err err = predict(lab, r, policy, c, &outcome, e);

	if (err != OK)
		return err;
	if (outcome > out->most)
		out->most = outcome;
	fprintf(out->cases, "%s%s=%s", ftell(out->cases) == 0 ? "" : " ", c->id,
		outcome_name(outcome));
	return OK;
}

static enum err
add_cases(const struct truth_lab *lab, const struct truth_row *r, const struct relay_policy *policy,
	uint64_t cases, struct forecast *out, struct error *e)
{
	enum err err = OK;

	for (size_t i = 0; err == OK && i < probe_case_count(); i++)
		if ((cases >> probe_case_row(i)->number & 1) != 0)
			err = add_case(lab, r, policy, probe_case_row(i), out, e);
	return err;
}

static void
write_forecast(const struct truth_row *r, const struct forecast *forecast, const char *cases,
	FILE *f)
{
	char address[ADDR_TEXT], group[TRUTH_WORDS], row[TRUTH_WORDS];

	addr_format(&r->addr, address);
	truth_row_group(r, group);
	truth_row_words(r, row);
	fprintf(f, "%s\t%s\t%s\t%s\t%s\t%s\n", address, outcome_verdict(forecast->most),
		forecast->most == OUTCOME_RELAYED ? address : "-", cases, group, row);
}

enum err
truth_predict(const struct truth_lab *lab, const struct truth_row *r,
	const struct relay_policy *policy, uint64_t cases, FILE *f, struct error *e)
{
	struct forecast forecast = {.most = OUTCOME_REFUSED};
	char *text = NULL;
	size_t len = 0;
	enum err err;

	forecast.cases = open_memstream(&text, &len);
	if (forecast.cases == NULL)
		return error_errno(e, "open_memstream");
	err = add_cases(lab, r, policy, cases, &forecast, e);
	fclose(forecast.cases);
	if (err == OK)
		write_forecast(r, &forecast, text, f);
	free(text);
	return err;
}
