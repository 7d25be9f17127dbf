#include "relay_truth.h"

#include <string.h>

enum { HOSTS_A_NETWORK = 250 };

static const struct version {
	const char *words, *lines;
	bool open; /* cannot be secured */
	bool hole; /* relays what is encapsulated */
} versions[TRUTH_VERSION_COUNT] = {
	{"version 4.0", "version = 4.0\n", true, false},
	{"version 5.0 with POP3/IMAP4", "version = 5.0\npop3_imap4 = on\n", true, false},
	{"version 5.0 without POP3/IMAP4", "version = 5.0\npop3_imap4 = off\n", false, false},
	{"version 5.5 without the fix", "version = 5.5\nencapsulated_fix = no\n", false, true},
	{"version 5.5 with the fix", "version = 5.5\nencapsulated_fix = yes\n", false, false},
};

/* By the bits of enum truth_fact. */
static const char *const words[][2] = {
	{"client not in the deny list", "client in the deny list"},
	{"not in the allow list", "in the allow list"},
	{"local address not listed", "local address listed"},
	{"not authenticated", "authenticated"},
	{"reroute", "do not reroute"},
	{"no IP forwarding", "IP forwarding"},
};

struct line { /* ((address XOR flip) AND cut);mask */
	uint32_t flip, cut, mask;
};

static const struct line lines_with[] = {
	{0, UINT32_MAX, UINT32_MAX},
	{0, 0xffffff00, 0xffffff00},
	{0, 0xff0000ff, 0xff0000ff}, /* a mask with a gap */
	{0, 0xfffffffe, 0xfffffffe},
};
static const struct line lines_without[] = {
	{1, UINT32_MAX, UINT32_MAX},     /* its neighbour */
	{0, UINT32_MAX, 0xffffff00},     /* bits outside the mask: never matches */
	{0x100, 0xffffff00, 0xffffff00}, /* the next network */
	{1, 0xff0000ff, 0xff0000ff},
};

static uint32_t
mix(uint32_t n)
{
	n = (n ^ n >> 16) * 0x7feb352du;
	n = (n ^ n >> 15) * 0x846ca68bu;
	return n ^ n >> 16;
}

static bool
has_fact(const struct truth_row *r, enum truth_fact fact)
{
	return (r->facts & (unsigned)fact) != 0;
}

static bool
has_flag(const struct truth_row *r, unsigned flag)
{
	return r->flags != TRUTH_FLAGS_ABSENT && (r->flags & flag) != 0;
}

bool
truth_row_exists(unsigned flags, unsigned facts)
{
	struct truth_row r = {.flags = flags, .facts = facts};

	return !has_fact(&r, FACT_FORWARDING) || has_flag(&r, RELAY_FLAG_LOCAL_IP);
}

void
truth_row_make(const struct truth_lab *lab, struct truth_row *r)
{
	uint32_t net = addr_ipv4(&lab->collector) & 0xffff0000;
	uint32_t third = 1 + r->number / HOSTS_A_NETWORK, fourth = 1 + r->number % HOSTS_A_NETWORK;

	r->chance = mix(r->number);
	r->catch_all = (r->chance & 1) != 0;
	r->pipelining = (r->chance & 2) != 0;
	r->own_parent = (r->chance & 4) != 0;
	r->own_literal = (r->chance & 8) != 0;
	r->sampled = r->chance >> 28 == 0;
	r->addr = addr_from_ipv4(net | third << 8 | fourth);
	snprintf(r->name, sizeof(r->name), "row%u.truth.test", r->number);
}

/* --- its policy --------------------------------------------------------- */

static void
write_line(FILE *f, const char *name, const struct addr *a, const struct line *line)
{
	struct addr net = addr_from_ipv4((addr_ipv4(a) ^ line->flip) & line->cut);
	struct addr mask = addr_from_ipv4(line->mask);
	char net_text[ADDR_TEXT], mask_text[ADDR_TEXT];

	fprintf(f, "%s = %s;%s\n", name, addr_format(&net, net_text),
		addr_format(&mask, mask_text));
}

/* With the address or without: one to four lines, or none at all. */
static void
write_list(FILE *f, const char *name, const struct addr *a, bool has, uint32_t chance)
{
	size_t others = chance % (ORBL_COUNT(lines_without) + 1);

	for (size_t i = 0; i < others; i++)
		write_line(f, name, a, &lines_without[i]);
	if (has)
		write_line(f, name, a, &lines_with[chance / 8 % ORBL_COUNT(lines_with)]);
}

void
truth_row_write_policy(const struct truth_lab *lab, const struct truth_row *r, FILE *f)
{
	char address[ADDR_TEXT], row[TRUTH_WORDS], group[TRUTH_WORDS];

	truth_row_group(r, group);
	truth_row_words(r, row);
	fprintf(f, "# %s: %s\n", group, row);
	if (r->flags != TRUTH_FLAGS_ABSENT)
		fprintf(f, "relay_flags = %u\n", r->flags);
	write_list(f, "relay_deny", &lab->client, has_fact(r, FACT_DENIED), r->chance >> 8);
	write_list(f, "relay_allow", &lab->client, has_fact(r, FACT_ALLOWED), r->chance >> 14);
	write_list(f, "relay_local_ip", &r->addr, has_fact(r, FACT_INSIDE), r->chance >> 20);
	fputs(versions[r->version].lines, f);
	fprintf(f, "routing = %s\n",
		has_fact(r, FACT_DO_NOT_REROUTE) ? "do-not-reroute" : "reroute");
	fprintf(f, "ip_forwarding = %s\n", has_fact(r, FACT_FORWARDING) ? "on" : "off");
	fprintf(f, "local_domain = %s\n", r->name);
	if (r->own_parent)
		fprintf(f, "local_domain = truth.test\n");
	if (r->own_literal)
		fprintf(f, "local_domain = [%s]\n", addr_format(&r->addr, address));
}

/* --- in words ----------------------------------------------------------- */

enum relay_answer
truth_row_answer(const struct truth_row *r, enum truth_recipient kind)
{
	bool list_4 = has_fact(r, FACT_INSIDE) && !has_fact(r, FACT_FORWARDING);

	if (kind == TRUTH_LOCAL)
		return RELAY_LOCAL;
	if (versions[r->version].open)
		return RELAY_PERMIT;
	if (kind == TRUTH_ENCAPSULATED && versions[r->version].hole)
		return RELAY_PERMIT;
	if (has_fact(r, FACT_DO_NOT_REROUTE))
		return RELAY_THEN_BOUNCE;
	if (r->flags == TRUTH_FLAGS_ABSENT)
		return RELAY_PERMIT;
	if (has_flag(r, 1) && has_fact(r, FACT_DENIED))
		return RELAY_DENY;
	if ((has_flag(r, 2) && has_fact(r, FACT_ALLOWED)) || (has_flag(r, 4) && list_4) ||
		(has_flag(r, 8) && has_fact(r, FACT_AUTHENTICATED)))
		return RELAY_PERMIT;
	return r->flags == 1 ? RELAY_PERMIT : RELAY_DENY;
}

void
truth_row_recipient(const struct truth_row *r, enum truth_recipient kind, char out[RECIPIENT_MAX])
{
	static const char *const forms[TRUTH_RECIPIENT_COUNT] = {
		[TRUTH_PLAIN] = "user@elsewhere.test",
		[TRUTH_ENCAPSULATED] = "IMCEASMTP-user+40elsewhere+2Etest@",
		[TRUTH_LOCAL] = "user@",
	};

	snprintf(out, RECIPIENT_MAX, "%s%s", forms[kind], kind == TRUTH_PLAIN ? "" : r->name);
}

void
truth_row_group(const struct truth_row *r, char out[TRUTH_WORDS])
{
	char flags[16] = "absent";

	if (r->flags != TRUTH_FLAGS_ABSENT)
		snprintf(flags, sizeof(flags), "%u", r->flags);
	snprintf(out, TRUTH_WORDS, "RelayFlags %s, %s", flags, versions[r->version].words);
}

void
truth_row_words(const struct truth_row *r, char out[TRUTH_WORDS])
{
	size_t used = 0;

	for (size_t i = 0; i < ORBL_COUNT(words) && used < TRUTH_WORDS; i++)
		used += (size_t)snprintf(out + used, TRUTH_WORDS - used, "%s%s", i == 0 ? "" : ", ",
			words[i][r->facts >> i & 1]);
	if (used < TRUTH_WORDS)
		snprintf(out + used, TRUTH_WORDS - used, ", %s",
			r->catch_all ? "any local user exists" : "no local user exists");
}
