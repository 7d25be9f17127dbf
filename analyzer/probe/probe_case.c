#include "probe_case.h"

#include <stdio.h>
#include <string.h>

#include <orbl/addr.h>

#define PLAIN "<$F@$D>"
#define RCPT  "<$U@$D>"

static const struct probe_case cases[] = {
	{1, "P01-plain", PLAIN, RCPT, "a relay for everybody", NULL},
	{2, "P02-null", "<>", RCPT, "\"always accept bounces\"", NULL},
	{7, "P07-fhost", "<$F@$H>", RCPT, "trust in a sender of the server's own host name", NULL},
	{8, "P08-fparent", "<$F@$P>", RCPT, "trust in a sender of the server's own domain", NULL},
	{10, "P10-fip", "<$F@[$I]>", RCPT, "trust in a sender at the server's address literal",
		NULL},
	{11, "P11-pct-host", PLAIN, "<$U%$D@$H>", "the percent hack", NULL},
	{12, "P12-pct-parent", PLAIN, "<$U%$D@$P>", "the percent hack at the mail domain", NULL},
	{13, "P13-pct-ip", PLAIN, "<$U%$D@[$I]>", "the percent hack at the address literal", NULL},
	{18, "P18-qat", PLAIN, "<\"$U@$D\">", "an @ in quotes taken as a local user", NULL},
	{21, "P21-route-host", PLAIN, "<@$H:$U@$D>", "source routes, first hop checked only", NULL},
	{24, "P24-bang-bare", PLAIN, "<$D!$U>", "UUCP paths taken as local", NULL},
	{25, "P25-bang-host", PLAIN, "<$D!$U@$H>", "a UUCP path behind the host name", NULL},
	{28, "P28-imcea", PLAIN, "<IMCEASMTP-$U+40$E@$H>", "Exchange's encapsulated addresses",
		NULL},
	{19, "P19-qat-host", PLAIN, "<\"$U@$D\"@$H>", "an @ in quotes before the host name", NULL},
	{15, "P15-qpct", PLAIN, "<\"$U%$D\">", "a percent sign hidden in quotes", NULL},
	{14, "P14-pct-bare", PLAIN, "<$U%$D>", "a percent sign without a domain", NULL},
	{16, "P16-at-host", PLAIN, "<$U@$D@$H>", "two @, the last one at the host name", NULL},
	{17, "P17-at-ip", PLAIN, "<$U@$D@[$I]>", "two @, the last one at the address literal",
		NULL},
	{20, "P20-qat-ip", PLAIN, "<\"$U@$D\"@[$I]>", "an @ in quotes before the literal", NULL},
	{22, "P22-route-ip", PLAIN, "<@[$I]:$U@$D>", "a source route through the literal", NULL},
	{23, "P23-route-multi", PLAIN, "<@$H,@$P:$U@$D>", "a source route of two hops", NULL},
	{26, "P26-bang-ip", PLAIN, "<$D!$U@[$I]>", "a UUCP path behind the literal", NULL},
	{27, "P27-bang-multi", PLAIN, "<$H!$D!$U>", "a UUCP path through the server", NULL},
	{29, "P29-imcea-parent", PLAIN, "<IMCEASMTP-$U+40$E@$P>", "P28 at the mail domain", NULL},
	{30, "P30-imcea-ip", PLAIN, "<IMCEASMTP-$U+40$E@[$I]>", "P28 at the literal", NULL},
	{31, "P31-dot", PLAIN, "<$U@$D.>", "a trailing dot that slips past a rule", NULL},
	{32, "P32-substr", PLAIN, "<$U@$P.$D>", "a rule without an anchor at the end", NULL},
	{33, "P33-literal", PLAIN, "<$U@[$C]>", "a rule that looks at names only", NULL},
	{34, "P34-nobracket", PLAIN, "$U@$D", "parsers that differ on missing brackets", NULL},
	{35, "P35-space", PLAIN, " <$U@$D>", "parsers that differ on a space", NULL},
	{36, "P36-pct-localhost", PLAIN, "<$U%$D@localhost>", "the percent hack at localhost",
		NULL},
	{37, "P37-route-pct", PLAIN, "<@$H:$U%$D@$H>", "a source route with a percent sign", NULL},
	{38, "P38-pct-double", PLAIN, "<$U%$D%$H@[$I]>", "a rule that strips once", NULL},
	{39, "P39-srs", PLAIN, "<SRS0=aaaa=zz=$D=$U@$H>", "SRS reversed without its hash", NULL},
	{40, "P40-eq", PLAIN, "<$U=$D@$H>", "rewriting as in VERP", NULL},
	{4, "P04-nodom", "<$F@nosuch.$D>", RCPT, "sender domains that do not resolve", NULL},
	{5, "P05-localhost", "<$F@localhost>", RCPT, "trust in a sender at localhost", NULL},
	{6, "P06-bare", "<$F>", RCPT, "an unqualified sender made local, then trusted", NULL},
	{9, "P09-fpostmaster", "<postmaster@$H>", RCPT, "trust in a sender that exists", NULL},
	{41, "P41-pct-null", "<>", "<$U%$D@$H>", "the percent hack for bounces", NULL},
	{42, "P42-pct-fhost", "<$F@$H>", "<$U%$D@$H>", "P07 and the percent hack", NULL},
	{45, "P45-bang-fhost", "<$F@$H>", "<$D!$U@$H>", "P07 and a UUCP path", NULL},
	{46, "P46-pct-fparent", "<$F@$P>", "<$U%$D@$P>", "P08 and the percent hack", NULL},
	{43, "P43-pct-fip", "<$F@[$I]>", "<$U%$D@[$I]>", "P10 and the percent hack", NULL},
	{44, "P44-mixed", PLAIN, RCPT, "a rule for the first recipient only", "<postmaster@$H>"},
	{3, "P03-same", RCPT, RCPT, "an exemption for mail to oneself", NULL},
};

size_t
probe_case_count(void)
{
	return ORBL_COUNT(cases);
}

const struct probe_case *
probe_case_row(size_t i)
{
	return &cases[i];
}

const struct probe_case *
probe_case_by_number(unsigned number)
{
	for (size_t i = 0; i < ORBL_COUNT(cases); i++)
		if (cases[i].number == number)
			return &cases[i];
	return NULL;
}

const struct probe_case *
probe_case_by_name(struct text name)
{
	for (size_t i = 0; i < ORBL_COUNT(cases); i++) {
		struct text id = text_of(cases[i].id);

		if (text_equal_nocase(name, id) || text_equal_nocase(name, text_upto(id, 3)))
			return &cases[i];
	}
	return NULL;
}

uint64_t
probe_case_mask_all(void)
{
	uint64_t mask = 0;

	for (size_t i = 0; i < ORBL_COUNT(cases); i++)
		mask |= UINT64_C(1) << cases[i].number;
	return mask;
}

uint64_t
probe_case_mask_default(void)
{
	uint64_t mask = 0;

	for (size_t i = 0; i < ORBL_COUNT(cases); i++)
		if (cases[i].before_rcpt == NULL)
			mask |= UINT64_C(1) << cases[i].number;
	return mask;
}

enum err
probe_case_parse_list(struct text list, uint64_t *mask, struct error *e)
{
	bool more;

	*mask = 0;
	do {
		size_t before = list.len;
		struct text item = text_cut(&list, ','), name = text_trim(item);
		const struct probe_case *c = probe_case_by_name(name);
		char shown[64];

		more = item.len < before;
		if (c == NULL) {
			text_printable(name, shown, sizeof(shown));
			return error_set(e, ERR_NOT_FOUND,
				"no relay test is called \"%s\"; they are P01 to P46, as in "
				"P01-plain",
				shown);
		}
		*mask |= UINT64_C(1) << c->number;
	} while (more);
	return OK;
}

unsigned
probe_case_sender(const struct probe_case *c)
{
	size_t i = 0;

	while (strcmp(cases[i].mail_from, c->mail_from) != 0)
		i++;
	return cases[i].number;
}

static const char *
find_name(const struct probe_names *n, char letter)
{
	switch (letter) {
	case 'U': return n->u;
	case 'F': return n->f;
	case 'D': return n->d;
	case 'E': return n->e;
	case 'H': return n->h;
	case 'P': return n->p;
	case 'I': return n->i;
	case 'C': return n->c;
	default: return "";
	}
}

enum err
probe_case_expand(const char *pattern, const struct probe_names *names, char *out, size_t size)
{
	size_t used = 0;

	for (const char *p = pattern; *p != '\0'; p++) {
		char literal[2] = {*p, '\0'};
		const char *piece = literal;
		size_t len;

		if (*p == '$' && p[1] != '\0')
			piece = find_name(names, *++p);
		len = strlen(piece);
		if (len == 0)
			return ERR_NOT_FOUND;
		if (len >= size - used)
			return ERR_FULL;
		memcpy(out + used, piece, len);
		used += len;
	}
	if (used >= size)
		return ERR_FULL;
	out[used] = '\0';
	return OK;
}

static bool
is_alphanumeric(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

/* Microsoft KB Q189492: all but letters, digits, "-" and "=" is "+" and two hex digits. */
static void
encapsulate(const char *domain, char *out, size_t size)
{
	size_t used = 0;

	for (const char *p = domain; *p != '\0' && used + 4 < size; p++) {
		if (is_alphanumeric(*p) || *p == '-' || *p == '=')
			out[used++] = *p;
		else
			used += (size_t)snprintf(out + used, size - used, "+%02X",
				(unsigned)(unsigned char)*p);
	}
	out[used] = '\0';
}

static void
format_literal(const struct addr *a, char *out, size_t size)
{
	char text[ADDR_TEXT];

	/* RFC 5321 section 4.1.3 */
	snprintf(out, size, "%s%s", a->family == 6 ? "IPv6:" : "", addr_format(a, text));
}

/* RFC 1123 section 2.1, and underscores, which exist; qualified. */
static bool
is_host_name(struct text t)
{
	bool dot = false;

	if (t.len < 3 || t.len > 255 || t.p[0] == '-')
		return false;
	for (size_t i = 0; i < t.len; i++) {
		if (t.p[i] == '.') {
			if (i == 0 || i + 1 == t.len || t.p[i - 1] == '.')
				return false;
			dot = true;
		} else if (!is_alphanumeric(t.p[i]) && t.p[i] != '-' && t.p[i] != '_') {
			return false;
		}
	}
	/* An address is no name. */
	return dot && (t.p[t.len - 1] < '0' || t.p[t.len - 1] > '9');
}

enum err
probe_names_init(struct probe_names *n, const char *domain, const struct addr *target,
	const struct addr *collector, struct error *e)
{
	static const struct addr any4 = {.family = 4}, any6 = {.family = 6};

	memset(n, 0, sizeof(*n));
	if (!is_host_name(text_of(domain)))
		return error_set(e, ERR_SYNTAX,
			"the collector's domain must be a qualified domain name");
	snprintf(n->d, sizeof(n->d), "%s", domain);
	encapsulate(domain, n->e, sizeof(n->e));
	format_literal(target, n->i, sizeof(n->i));
	if (collector != NULL && collector->family != 0 && !addr_equal(collector, &any4) &&
		!addr_equal(collector, &any6))
		format_literal(collector, n->c, sizeof(n->c));
	probe_names_host(n, TEXT_NONE);
	return OK;
}

void
probe_names_host(struct probe_names *n, struct text announced)
{
	struct text parent;

	if (announced.len != 0 && announced.p[announced.len - 1] == '.')
		announced.len--;
	if (!is_host_name(announced)) {
		snprintf(n->h, sizeof(n->h), "[%s]", n->i);
		snprintf(n->p, sizeof(n->p), "[%s]", n->i);
		return;
	}
	text_printable(announced, n->h, sizeof(n->h));
	parent = text_from(announced, text_find_byte(announced, '.') + 1);
	text_printable(is_host_name(parent) ? parent : announced, n->p, sizeof(n->p));
}
