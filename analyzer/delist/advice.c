#include "advice.h"

#include <stdbool.h>
#include <stdio.h>

static const struct {
	const char *means, *remedy;
	bool names_us; /* who they should let in */
} advice[VERDICT_COUNT + 1] = {
	[VERDICT_OPEN] = {"The test message came back to us: the host relays mail for strangers.",
		"Have it refuse mail as in the case named here, and ask again.", false},
	[VERDICT_OPEN_MULTIHOP] = {"The test message came back to us by way of other hosts: what "
				   "this "
				   "host accepts from strangers is relayed.",
		"Have it refuse mail as in the case named here, before it hands it on, and ask "
		"again.",
		false},
	[VERDICT_BOUNCES] = {"It accepted a message for a stranger and then returned it to its "
			     "sender, who can be forged.",
		"Have it refuse such recipients while the sender is connected, and ask again.",
		false},
	[VERDICT_ACCEPTS] = {"It accepted a message for a stranger. It did not come back in time, "
			     "which proves nothing: it may wait in a queue.",
		"A listing ends only when every test is refused. Have it refuse the case named "
		"here, and ask again.",
		false},
	[VERDICT_CLOSED] = {"Every test was refused, among them the one that proved the listing.",
		"Its listings have ended.", false},
	[VERDICT_UNTESTABLE] = {"It refuses our tester as a client, so that nothing can be found "
				"out about it. This is neither open nor closed, and ends no "
				"listing.",
		"Let us in for the test, past block lists, rate limits and checks of our name, and "
		"ask again; it may go on refusing to relay.",
		true},
	[VERDICT_UNREACHABLE] = {"We could not connect, were refused at connecting, or got no "
				 "greeting. This is neither open nor closed, and ends no listing.",
		"See that it can be reached, and ask again. Of a host that is gone the listing "
		"ends "
		"by itself.",
		true},
	[VERDICT_UNDECIDED] =
		{"It put us off: with a temporary answer (4xx, as in greylisting, or "
		 "421), by hanging up, or by keeping us from the test that proved the "
		 "listing. Nothing is decided by that, and no listing ends.",
			"Exempt us from greylisting and rate limits for the test, and ask again.",
			true},
	[VERDICT_DISCRIMINATES] = {"Our two addresses were answered differently.",
		"A listing ends when both are refused every test. Have it treat both alike, and "
		"ask "
		"again.",
		true},
	[VERDICT_COUNT] = {"The test was not made.", "", false},
};

static void
name_us(const struct advice_from *us, char *out, size_t size)
{
	bool two = us->second_source[0] != '\0';

	snprintf(out, size, " We come from %s%s%s, to port %u, and greet with %s.",
		us->source[0] != '\0' ? us->source : "the address of this machine",
		two ? " and from " : "", us->second_source, us->port,
		us->helo[0] != '\0' ? us->helo : "the name of this machine");
}

const char *
advice_give(enum verdict verdict, const struct advice_from *us, char out[ADVICE_TEXT])
{
	char ours[512] = "";
	size_t row = (size_t)verdict < VERDICT_COUNT ? (size_t)verdict : VERDICT_COUNT;

	if (advice[row].names_us)
		name_us(us, ours, sizeof(ours));
	snprintf(out, ADVICE_TEXT, "%s%s%s%s", advice[row].means,
		advice[row].remedy[0] != '\0' ? " " : "", advice[row].remedy, ours);
	return out;
}
