#include "policy_page.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "policy_value.h"

struct paragraph {
	enum page_block block;
	const char *text;
	bool (*when)(const struct policy_page *p); /* NULL: always */
};

/* --- conditions ------------------------------------------------------------------- */

static bool
has_notice(const struct policy_page *p)
{
	return p->notice != NULL && p->notice[0] != '\0';
}

static bool
has_policy_url(const struct policy_page *p)
{
	return p->conf->zone.policy[0] != '\0';
}

static bool
lists_suspects(const struct policy_page *p)
{
	return p->conf->score.suspect_at != 0;
}

static bool
lists_no_suspects(const struct policy_page *p)
{
	return !lists_suspects(p);
}

static bool
has_notice_periods(const struct policy_page *p)
{
	return p->conf->listing.notice_output_s != 0 || p->conf->listing.notice_bouncer_s != 0;
}

static bool
is_distinct_by_network(const struct policy_page *p)
{
	return strcmp(p->conf->score.distinct, "reporter") != 0;
}

static bool
new_ones_nominate(const struct policy_page *p)
{
	return policy_value_new_hours(p->conf) != 0;
}

static bool
has_second_source(const struct policy_page *p)
{
	return p->conf->probe.second_source[0] != '\0';
}

static bool
retests(const struct policy_page *p)
{
	return p->conf->probe.retest_before_s != 0;
}

static bool
counts_relapses(const struct policy_page *p)
{
	return p->conf->listing.relapse_window_s != 0;
}

static bool
confirms(const struct policy_page *p)
{
	return p->conf->delist.confirm_after_s != 0;
}

static bool
locks_out(const struct policy_page *p)
{
	return counts_relapses(p) && p->conf->delist.lockout_s != 0 &&
		p->conf->delist.max_lockout_s != 0;
}

static bool
has_resolver(const struct policy_page *p)
{
	return locks_out(p) && p->conf->delist.resolver[0] != '\0';
}

static bool
has_safe_lists(const struct policy_page *p)
{
	return p->conf->listing.safe_lists.count != 0;
}

static bool
tells_contacts(const struct policy_page *p)
{
	return p->conf->notify.spool[0] != '\0' && p->conf->notify.contacts[0] != '\0';
}

static bool
has_audit_key(const struct policy_page *p)
{
	return p->audit_key != NULL && p->audit_key[0] != '\0';
}

static bool
has_no_audit_key(const struct policy_page *p)
{
	return !has_audit_key(p);
}

/* --- the page -------------------------------------------------------------------------- */

static const struct paragraph what[] = {
	{PAGE_TITLE, "Listing policy", NULL},
	{PAGE_PARAGRAPH, "**$(notice)**", has_notice},
	{PAGE_PARAGRAPH,
		"This is the policy of the DNS list `$(zone)`: what is listed, on what proof, for "
		"how "
		"long, and how to get off. It is made from the configuration with which the list "
		"runs. "
		"Who runs it is reached at $(contact).",
		NULL},
	{PAGE_PARAGRAPH, "It is published at $(policy).", has_policy_url},
	{PAGE_HEADING, "What is listed", NULL},
	{PAGE_HEAD, "answer | category | zone | listed is a host", NULL},
	{PAGE_ROW,
		"$(code relay) | relay | $(subzone relay), base zone | that is an open relay: our "
		"test "
		"message came back **from the address we gave it to**",
		NULL},
	{PAGE_ROW,
		"$(code relay-input) | relay-input | $(subzone relay-input), base zone | that is "
		"an "
		"open relay: our test message came back, **from another address**",
		NULL},
	{PAGE_ROW,
		"$(code suspect) | suspect | $(subzone suspect) | whom $(suspect_reporters) or "
		"more "
		"independent reporters denied relaying, again and again. It was **not** proved an "
		"open "
		"relay",
		lists_suspects},
	{PAGE_ROW,
		"$(code relay-output) | relay-output | $(subzone relay-output) | that delivered a "
		"message given to such an input",
		NULL},
	{PAGE_ROW,
		"$(code untestable) | untestable | $(subzone untestable) | that refuses our tester "
		"as "
		"a client",
		NULL},
	{PAGE_ROW,
		"$(code bouncer) | bouncer | $(subzone bouncer) | that accepted our message and "
		"bounced "
		"it to its sender, who can be forged",
		NULL},
	{PAGE_PARAGRAPH,
		"`all` has every category. The base zone and `relays` have the two that are proofs "
		"and "
		"nothing else: refuse mail by these. An output relays for its own customers and "
		"delivers much wanted mail; suspects, untestable hosts and bouncers may be closed "
		"relays: weigh these, and refuse nothing by them alone.",
		NULL},
	{PAGE_PARAGRAPH, "$(code suspect) (`suspects`) is reserved: nothing is listed there.",
		lists_no_suspects},
	{PAGE_PARAGRAPH,
		"An IPv4 host is listed by its address, an IPv6 host by its $(ipv6_prefix). The "
		"TXT "
		"record says which codes are meant and where to read more: `$(url)`, with the "
		"address for "
		"the `$` in it.",
		NULL},
};

static const struct paragraph evidence[] = {
	{PAGE_HEADING, "How a host comes to be tested", NULL},
	{PAGE_PARAGRAPH,
		"Reporters submit the logs of their mail servers. A line counts when the server "
		"itself "
		"says that it denied relaying to a client. Such a line names a host that tried to "
		"**use** a relay. It nominates this host for a test. The points of what one "
		"reporter "
		"says of a host, and of all:",
		NULL},
	{PAGE_FORMULA,
		"fact      = $(denial_points) * (1 + log2(denials) / 4) * kind * rule * 2^(-age / "
		"$(half_life))",
		NULL},
	{PAGE_FORMULA, "reporter  = min($(reporter_cap), sum of facts * diversity) * trust", NULL},
	{PAGE_FORMULA, "diversity = 1 + log2(domains) / 4 + log2(days) / 4", NULL},
	{PAGE_FORMULA, "score     = sum over independent reporters", NULL},
	{PAGE_ITEM,
		"A fact is the denials of a reporter about a host in one hour. The first one "
		"counts "
		"most; each doubling of their number adds a quarter of it. After $(max_age) a fact "
		"is "
		"none any more.",
		NULL},
	{PAGE_ITEM,
		"`kind` is 1, but 1/2 for a denial that the log only shows as probable, or of a "
		"client "
		"that had authenticated.",
		NULL},
	{PAGE_ITEM,
		"`rule` is 1, but 1/2 when the reporter's relay policy denies this client by its "
		"address (Exchange's RelayDenyList, Postfix's check_client_access): that it was "
		"denied "
		"is no news.",
		NULL},
	{PAGE_ITEM,
		"`domains` is in how many domains the denied recipients were (an estimate, 1 to "
		"64), "
		"`days` on how many days (UTC) the host was denied.",
		NULL},
	{PAGE_ITEM,
		"`trust` of a reporter is what the operator gives it, at most 100 %, times the "
		"share "
		"that it has earned: (4 * $(new_trust) + confirmed) / (4 + confirmed + refuted / "
		"4). "
		"Confirmed are hosts that it nominated and that were found open in the last 180 "
		"days, "
		"refuted such that were found closed. A new reporter has $(new_trust) of its "
		"trust.",
		NULL},
	{PAGE_ITEM,
		"Reporters in one $(distinct) count as one, and have $(reporter_cap) points "
		"together "
		"at most; so do all whose $(distinct) is not known.",
		is_distinct_by_network},
	{PAGE_ITEM,
		"A line counts once for a reporter. A client that the reporter's own relay policy "
		"allows "
		"is no evidence, nor is a denial of relaying to a domain that is the reporter's "
		"own, nor "
		"what is beyond the reporter's quota of a day, nor what a revoked reporter says.",
		NULL},
	{PAGE_PARAGRAPH,
		"A host is tested when it has $(threshold) points, from at least $(min_reporters).",
		NULL},
	{PAGE_PARAGRAPH,
		"A new reporter gives $(new_most) points at most. When $(min_reporters), all of "
		"them new, have each denied it in $(new_hours) of the last day, recipients in two "
		"domains or more, this is at least $(new_points) points each, and enough.",
		new_ones_nominate},
	{PAGE_PARAGRAPH,
		"A host is listed as suspect, without a test, when it has $(suspect_at) points, "
		"from at "
		"least $(suspect_reporters) independent reporters. It stays until it has less than "
		"$(suspect_until), at most $(lifetime) at a time.",
		lists_suspects},
	{PAGE_PARAGRAPH,
		"`orbl explain ADDRESS` shows the lines, how each reporter's points come about, "
		"and "
		"what was decided on them.",
		NULL},
};

static const struct paragraph test[] = {
	{PAGE_HEADING, "The test", NULL},
	{PAGE_PARAGRAPH,
		"One connection at a time, one small message at a time, addressed to ourselves. "
		"The host "
		"name we give, `$(helo)`, and the message itself say who we are and where to read "
		"about "
		"it: $(probe_url). We try the forms of sender and recipient addresses with which "
		"relays "
		"were fooled, and stop at the first proof.",
		NULL},
	{PAGE_PARAGRAPH,
		"Nobody is tested by evidence twice within $(interval); a host that was found "
		"closed, or was not reached, twice in a row not within twice that time, and so on "
		"up to 32 times. A listed relay is not tested by evidence. Never tested are "
		"networks "
		"that "
		"have opted out (`probe.opt_out`, `orbl operator opt-out`), and private or "
		"reserved ones "
		"that the operator has not named (`probe.allow`). At most $(per_network) of a /24 "
		"(IPv6: a /48) are tested at once, and $(per_minute) in a minute. A host that gave "
		"no "
		"decision is tested again $(backoff); one that nobody could reach, once.",
		NULL},
	{PAGE_PARAGRAPH,
		"A listed host is tested again in the last $(retest_before) of its listing, but "
		"not in "
		"the first half of its life.",
		retests},
	{PAGE_PARAGRAPH,
		"A host that was not proved open is tested from a second address, too. What counts "
		"then "
		"is what both found.",
		has_second_source},
	{PAGE_PARAGRAPH,
		"A `250` proves nothing: servers accept and then discard, refuse or bounce. Proof "
		"is the "
		"message that arrives at our collector with its token, which nobody can guess. It "
		"counts "
		"also when it comes after the verdict, when the host had accepted this very "
		"message.",
		NULL},
	{PAGE_HEAD, "verdict | what it changes", NULL},
	{PAGE_ROW, "open | listed as relay; an entry as relay-input, bouncer or untestable ends",
		NULL},
	{PAGE_ROW,
		"open-multihop | listed as relay-input, and as relay-output who delivered; an "
		"entry as "
		"relay, bouncer or untestable ends",
		NULL},
	{PAGE_ROW, "bounces | listed as bouncer; an entry as relay, relay-input or untestable ends",
		NULL},
	{PAGE_ROW,
		"closed: every test was refused for good, among them the one that proved the "
		"listing | "
		"all entries that rest on tests of this host end, those of its outputs too",
		NULL},
	{PAGE_ROW, "untestable | listed as untestable; no other entry ends by it", NULL},
	{PAGE_ROW,
		"discriminates: our two addresses were answered differently, and no message came "
		"back | "
		"nothing",
		NULL},
	{PAGE_ROW, "accepts, unreachable, undecided | nothing", NULL},
	{PAGE_PARAGRAPH,
		"An entry as relay, relay-input or bouncer ends when the form of sender and "
		"recipient "
		"that proved it was asked again, by each of our addresses that has probed, and was "
		"refused (or, for `bounces`, bounced). Some forms have the name in them that the "
		"server "
		"gave itself: a listed host is tested with the name that it had in the proof, "
		"whatever "
		"it says now, as else a new greeting would be the way off the list. Where the form "
		"could "
		"not be asked all the same, the verdict is undecided, and `orbl delist` says so. "
		"Of a "
		"proof that is not stored any more nothing is asked.",
		NULL},
};

static const struct paragraph time_listed[] = {
	{PAGE_HEADING, "How long", NULL},
	{PAGE_PARAGRAPH,
		"A listing ends $(lifetime) after the last test that found it true, by itself, "
		"without a "
		"request. In DNS it ends up to 1/4320 of that time earlier (10 minutes of 30 "
		"days). It ends at once when a retest "
		"finds the host closed. Answers may be remembered by resolvers for $(ttl), that "
		"nothing "
		"is listed for $(negative_ttl).",
		NULL},
	{PAGE_PARAGRAPH,
		"A host that is found open again within $(relapse_window) after it was taken off "
		"has "
		"relapsed. Each relapse doubles the time of its listing, up to $(max_lifetime).",
		counts_relapses},
	{PAGE_PARAGRAPH,
		"Who may not know that others relay through him is told before the list is: an "
		"output is "
		"not published in the first $(notice_output) after it was found, a bouncer in the "
		"first "
		"$(notice_bouncer).",
		has_notice_periods},
	{PAGE_PARAGRAPH,
		"The abuse contact of a listed address is told by mail, where $(contacts) names "
		"one: at "
		"most $(per_day) messages to one contact within 24 hours.",
		tells_contacts},
};

static const struct paragraph removal[] = {
	{PAGE_HEADING, "How to get off", NULL},
	{PAGE_STEP,
		"`orbl explain ADDRESS`: why the host is listed, with everything that was said in "
		"the "
		"test. Whoever cannot run orbl finds this where the TXT record points to.",
		NULL},
	{PAGE_STEP, "Close the relay.", NULL},
	{PAGE_STEP,
		"`orbl delist ADDRESS`: the host is tested again, before all others, and is "
		"removed "
		"within seconds when it refuses every test. No reason, proof of ownership or "
		"payment is "
		"asked for. Anyone may ask, $(requests_per_day) in 24 hours for a host. The "
		"command "
		"works on the list's own machine: its operator runs it for whoever asks.",
		NULL},
	{PAGE_STEP,
		"`orbl status REQUEST`: how far it is, what was found, and when the next request "
		"may be "
		"made.",
		NULL},
	{PAGE_PARAGRAPH,
		"What keeps a host listed is answered with what was found: a test that was not "
		"refused, "
		"with what was said; one that could not be made, as the server hides its name; a "
		"greylisting answer or a silence, after which nothing is decided; that our tester "
		"is "
		"refused; or that we could not connect. A request does not count as evidence, and "
		"does "
		"not make the listing longer.",
		NULL},
	{PAGE_PARAGRAPH,
		"A relay that a test took off the list is tested once more after $(confirm_after). "
		"When it "
		"is open then it is listed again.",
		confirms},
	{PAGE_PARAGRAPH,
		"For a host that relapsed, requests are taken $(lockout) after it was listed; each "
		"further relapse doubles this, up to $(max_lockout).",
		locks_out},
	{PAGE_PARAGRAPH,
		"Whoever proves that the host is his, by a TXT record in its reverse zone or by a "
		"message to its own postmaster (`orbl delist --prove ADDRESS`), need not wait.",
		has_resolver},
	{PAGE_PARAGRAPH,
		"Ask for the address that was tested. An output gets off when the input does; "
		"another "
		"host of a listed IPv6 prefix gets off with the one that was found open. `orbl "
		"delist` "
		"names it. A suspect gets off when its points are gone; whoever runs it may ask "
		"the "
		"operator, who may end the listing of any address at once.",
		NULL},
	{PAGE_PARAGRAPH,
		"To see before asking what will be found: `orbl probe ADDRESS` from a machine of "
		"your "
		"own.",
		NULL},
};

static const struct paragraph never[] = {
	{PAGE_HEADING, "What is never listed", NULL},
	{PAGE_ITEM, "a host as a relay for log lines alone, or for a `250`;", NULL},
	{PAGE_ITEM, "a private or reserved address, unless the operator has such a network tested;",
		NULL},
	{PAGE_ITEM,
		"addresses of our own, and networks that the operator has exempted "
		"(`listing.exempt`, "
		"`orbl operator exempt`);",
		NULL},
	{PAGE_ITEM,
		"what is on one of $(safe_lists) of well-known mail senders: evidence against it "
		"raises "
		"an alarm instead;",
		has_safe_lists},
	{PAGE_ITEM,
		"a network, a country or a provider; no entry by a test is wider than one IPv4 "
		"address "
		"or one IPv6 $(ipv6_prefix);",
		NULL},
	{PAGE_ITEM,
		"127.0.0.1 and `::ffff:127.0.0.1`, in no zone. 127.0.0.2 and `::ffff:127.0.0.2` "
		"always "
		"are, to test with (RFC 5782 section 5);",
		NULL},
	{PAGE_ITEM,
		"anybody by default: when orbl-dnsd has no data it answers with an error, never "
		"with a "
		"listing.",
		NULL},
	{PAGE_PARAGRAPH,
		"A list that differs by more than $(max_change) (and $(max_change_floor) prefixes) "
		"from "
		"the one in service is not published before a person has looked at it.",
		NULL},
	{PAGE_PARAGRAPH,
		"The operator can list a host by hand, as relay or relay-input only with the "
		"stored test "
		"that proved it. Who ordered it and why is written down.",
		NULL},
};

static const struct paragraph records[] = {
	{PAGE_HEADING, "What is kept", NULL},
	{PAGE_PARAGRAPH,
		"Every nomination, listing and delisting is kept with its reason, the evidence and "
		"the "
		"dialogues on which it rests, and what was known when it was decided. `orbl "
		"replay` "
		"decides all of it again and names what does not come out as it was.",
		NULL},
	{PAGE_PARAGRAPH,
		"What is done to the list, by tests and by people, is written into an audit log "
		"whose "
		"records are chained and signed (`orbl audit verify`); `_status.$(zone)` names its "
		"head "
		"once a day.",
		NULL},
	{PAGE_PARAGRAPH, "Its key, in hexadecimal, is `$(audit_key)`.", has_audit_key},
	{PAGE_PARAGRAPH, "`orbl audit key` prints its key.", has_no_audit_key},
	{PAGE_PARAGRAPH,
		"When the list ends this is announced in `_status.$(zone)` and here beforehand. "
		"Then it "
		"becomes empty, and last its name servers go. It never answers that everybody is "
		"listed "
		"(RFC 6471 section 3.4).",
		NULL},
};

static const struct {
	const struct paragraph *paragraphs;
	size_t count;
} sections[] = {
	{what, ORBL_COUNT(what)},
	{evidence, ORBL_COUNT(evidence)},
	{test, ORBL_COUNT(test)},
	{time_listed, ORBL_COUNT(time_listed)},
	{removal, ORBL_COUNT(removal)},
	{never, ORBL_COUNT(never)},
	{records, ORBL_COUNT(records)},
};

static bool
find_value(const char *name, char out[PAGE_VALUE], const void *context)
{
	const struct policy_page *p = context;

	if (strcmp(name, "notice") == 0) {
		snprintf(out, PAGE_VALUE, "%s", p->notice);
		return true;
	}
	if (strcmp(name, "audit_key") == 0) {
		snprintf(out, PAGE_VALUE, "%s", p->audit_key);
		return true;
	}
	return policy_value(p->conf, name, out);
}

const char *
policy_page_day(int64_t t, char *out, size_t size)
{
	time_t seconds = (time_t)t;
	struct tm tm = {0};

	gmtime_r(&seconds, &tm);
	strftime(out, size, "%Y-%m-%d", &tm);
	return out;
}

void
policy_page_write(const struct policy_page *p, enum page_format format, FILE *out)
{
	struct page_writer w = {.out = out, .format = format, .value = find_value, .context = p};

	for (size_t i = 0; i < ORBL_COUNT(sections); i++)
		for (size_t k = 0; k < sections[i].count; k++) {
			const struct paragraph *row = &sections[i].paragraphs[k];

			if (row->when == NULL || row->when(p))
				page_add(&w, row->block, row->text);
		}
	page_end(&w);
}
