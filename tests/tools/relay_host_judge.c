#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "relay_host.h"

enum { TRIPLET_MAX = 10000, TRIPLET_KEY = 1200 };

struct triplet {
	LIST_ENTRY(triplet) next;
	time_t since;
	char key[TRIPLET_KEY];
};

/* What a careless host reads into a local part of its own. */
static const struct trick {
	const char *name;
	uint32_t option;
	bool (*read)(struct text local_part, char *out, size_t size);
} tricks[] = {
	{"percent", HOST_PERCENT, recipient_swap_percent},
	{"bang", HOST_BANG, recipient_swap_bang},
	{"quoted", HOST_QUOTED, recipient_dequote},
};

/* Of the policy's local domains, the host's own name or address, or none at all. */
static bool
is_own(const struct host *h, struct text domain)
{
	char address[ADDR_TEXT], literal[ADDR_TEXT + 2];

	snprintf(literal, sizeof(literal), "[%s]", addr_format(&h->listen.addr, address));
	return domain.len == 0 || relay_policy_is_local(h->policy, domain) ||
		text_equal_nocase(domain, text_of(h->name)) ||
		text_equal_nocase(domain, text_of(literal));
}

static bool
is_own_mailbox(const struct host *h, struct text mailbox)
{
	struct text local_part, domain;

	recipient_split(mailbox, &local_part, &domain);
	return is_own(h, domain);
}

/* Copies what fits: an address that does not is of nobody. */
static void
set_mailbox(struct judgement *out, struct text mailbox)
{
	size_t len = mailbox.len < sizeof(out->mailbox) ? mailbox.len : 0;

	if (len != 0)
		memcpy(out->mailbox, mailbox.p, len);
	out->mailbox[len] = '\0';
}

static const struct trick *
apply_trick(const struct host *h, struct text mailbox, char out[RECIPIENT_MAX])
{
	struct text local_part, domain;

	recipient_split(mailbox, &local_part, &domain);
	if (!is_own(h, domain))
		return NULL;
	for (size_t i = 0; i < ORBL_COUNT(tricks); i++)
		if ((h->options & tricks[i].option) != 0 &&
			tricks[i].read(local_part, out, RECIPIENT_MAX))
			return &tricks[i];
	return NULL;
}

/* Ends: each trick takes the own domain or a sign away and adds none. Returns the last one. */
static const struct trick *
apply_tricks(const struct host *h, struct judgement *out)
{
	const struct trick *last = NULL, *trick;
	char read[RECIPIENT_MAX];

	while ((trick = apply_trick(h, text_of(out->mailbox), read)) != NULL) {
		set_mailbox(out, recipient_strip_route(text_of(read)));
		last = trick;
	}
	return last;
}

static bool
has_user(const struct host *h, const char *mailbox)
{
	struct text local_part, domain;

	recipient_split(text_of(mailbox), &local_part, &domain);
	return (h->options & HOST_CATCH_ALL) != 0 ||
		text_equal_nocase(local_part, TEXT("postmaster"));
}

/* With "do not reroute" every recipient is accepted; unknown local ones bounce as well. */
static bool
accepts_all(const struct host *h)
{
	struct relay_request stranger = {.recipient = TEXT_NONE};

	return relay_policy_decide(h->policy, &stranger).answer == RELAY_THEN_BOUNCE;
}

static void
ask_policy(const struct host *h, const struct question *q, struct judgement *out)
{
	struct relay_request request = {
		.client = q->client,
		.local = h->listen.addr,
		.authenticated = q->authenticated,
		.recipient = text_of(q->recipient),
		.sender = text_of(q->sender),
		.helo = text_of(q->helo),
	};
	struct relay_decision d = relay_policy_decide(h->policy, &request);
	char buffer[RECIPIENT_MAX];

	set_mailbox(out, relay_policy_resolve(h->policy, request.recipient, buffer));
	out->answer = d.answer;
	out->rule = d.rule;
	out->line = d.line;
	if (d.answer != RELAY_LOCAL || has_user(h, out->mailbox))
		return;
	if (accepts_all(h))
		out->answer = RELAY_THEN_BOUNCE;
	else
		out->unknown = true;
}

static const char *
find_sender_trick(const struct host *h, const char *sender)
{
	if ((h->options & HOST_NULL_SENDER) != 0 && sender[0] == '\0')
		return "null-sender";
	if ((h->options & HOST_SENDER_DOMAIN) != 0 && sender[0] != '\0' &&
		is_own_mailbox(h, text_of(sender)))
		return "sender-domain";
	return NULL;
}

struct judgement
judge_recipient(const struct host *h, const struct question *q)
{
	struct judgement out = {.answer = RELAY_LOCAL, .rule = "discard"};
	const struct trick *trick;
	const char *rule;

	if ((h->options & HOST_DISCARD) != 0)
		return out;
	set_mailbox(&out, recipient_strip_route(text_of(q->recipient)));
	trick = apply_tricks(h, &out);
	rule = trick != NULL ? trick->name : find_sender_trick(h, q->sender);
	if (rule != NULL && !is_own_mailbox(h, text_of(out.mailbox))) {
		out.answer = RELAY_PERMIT;
		out.rule = rule;
		return out;
	}
	ask_policy(h, q, &out);
	return out;
}

static struct triplet *
find_triplet(const struct host *h, const char *key)
{
	struct triplet *t;

	LIST_FOREACH(t, &h->triplets, next)
	if (strcmp(t->key, key) == 0)
		return t;
	return NULL;
}

bool
judge_greylist(struct host *h, const struct question *q)
{
	char key[TRIPLET_KEY], client[ADDR_TEXT];
	struct triplet *t;
	time_t now = time(NULL);

	if (h->greylist_s == 0)
		return false;
	snprintf(key, sizeof(key), "%s %s %s", addr_format(&q->client, client), q->sender,
		q->recipient);
	t = find_triplet(h, key);
	if (t != NULL)
		return now - t->since < (time_t)h->greylist_s;
	if (h->triplet_count >= TRIPLET_MAX)
		judge_forget(h);
	t = calloc(1, sizeof(*t));
	if (t == NULL)
		return true;
	t->since = now;
	memcpy(t->key, key, sizeof(key));
	LIST_INSERT_HEAD(&h->triplets, t, next);
	h->triplet_count++;
	return true;
}

void
judge_forget(struct host *h)
{
	struct triplet *t;

	while ((t = LIST_FIRST(&h->triplets)) != NULL) {
		LIST_REMOVE(t, next);
		free(t);
	}
	h->triplet_count = 0;
}
