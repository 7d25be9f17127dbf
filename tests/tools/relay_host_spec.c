#include <stdio.h>
#include <string.h>

#include "relay_host.h"

enum { NUMBER_MAX = 3600 * 1000, SHOWN = 80 };

static enum err take_greylist(struct host *h, struct text value);
static enum err take_multihop(struct host *h, struct text value);
static enum err take_name(struct host *h, struct text value);
static enum err take_tarpit(struct host *h, struct text value);

static const struct option_row {
	const char *name;
	uint32_t option;
	enum err (*take)(struct host *h, struct text value); /* NULL: no value */
	const char *help;
} options[] = {
	{"authenticated", HOST_AUTHENTICATED, NULL, "take every client for an authenticated one"},
	{"bang", HOST_BANG, NULL, "read domain!user@local as user@domain and relay it"},
	{"catch-all", HOST_CATCH_ALL, NULL, "keep mail for any user of a local domain"},
	{"discard", HOST_DISCARD, NULL, "accept everything and discard it"},
	{"drop", HOST_DROP, NULL, "close the connection after MAIL"},
	{"garbage", HOST_GARBAGE, NULL, "nonsense replies"},
	{"greylist=SECONDS", 0, take_greylist, "450 for a triplet until it is this old"},
	{"helo-only", HOST_HELO_ONLY, NULL, "500 to EHLO"},
	{"multihop=ADDR", 0, take_multihop, "deliver from this address"},
	{"name=NAME", 0, take_name, "instead of hostNNN.test"},
	{"null-sender", HOST_NULL_SENDER, NULL, "relay what comes from <>"},
	{"percent", HOST_PERCENT, NULL, "read user%domain@local as user@domain and relay it"},
	{"pipelining", HOST_PIPELINING, NULL, "offer PIPELINING"},
	{"quoted", HOST_QUOTED, NULL, "read \"user@domain\"@local as user@domain and relay it"},
	{"reject-connect", HOST_REJECT_CONNECT, NULL, "554 as banner"},
	{"reject-data", HOST_REJECT_DATA, NULL, "554 to DATA"},
	{"reject-dot", HOST_REJECT_DOT, NULL, "554 to the message"},
	{"sender-domain", HOST_SENDER_DOMAIN, NULL, "relay what a local sender sends"},
	{"tarpit=MS", 0, take_tarpit, "delay each reply"},
};

static enum err
take_number(struct text value, uint32_t *out)
{
	uint64_t number;
	enum err err = text_to_u64(value, NUMBER_MAX, &number);

	if (err == OK)
		*out = (uint32_t)number;
	return err;
}

static enum err
take_greylist(struct host *h, struct text value)
{
	return take_number(value, &h->greylist_s);
}

static enum err
take_multihop(struct host *h, struct text value)
{
	return addr_parse(value, &h->output);
}

static enum err
take_name(struct host *h, struct text value)
{
	if (value.len == 0 || value.len >= sizeof(h->name))
		return ERR_RANGE;
	text_printable(value, h->name, sizeof(h->name));
	return OK;
}

static enum err
take_tarpit(struct host *h, struct text value)
{
	return take_number(value, &h->tarpit_ms);
}

static const struct option_row *
find_option(struct text name, bool has_value)
{
	for (size_t i = 0; i < ORBL_COUNT(options); i++) {
		struct text row = text_of(options[i].name);

		if (text_equal(text_cut(&row, '='), name) && (options[i].take != NULL) == has_value)
			return &options[i];
	}
	return NULL;
}

static enum err
take_option(struct host *h, struct text option, struct error *e)
{
	bool has_value = text_find_byte(option, '=') != SIZE_MAX;
	struct text value = option, name = text_cut(&value, '=');
	const struct option_row *row = find_option(name, has_value);
	char shown[SHOWN];

	text_printable(option, shown, sizeof(shown));
	if (row == NULL)
		return error_set(e, ERR_SYNTAX, "unknown option '%s'; --help lists them", shown);
	h->options |= row->option;
	if (row->take != NULL && row->take(h, value) != OK)
		return error_set(e, ERR_SYNTAX, "'%s' is not %s", shown, row->name);
	return OK;
}

/* host005.test for 127.0.0.5: unique within 127.0.0.0/8. */
static void
set_defaults(struct host *h, const struct addr *a)
{
	unsigned low = a->family == 4 ? addr_ipv4(a) & 0xffffff : a->b[15];

	memset(h, 0, sizeof(*h));
	h->listen.addr = h->output = *a;
	snprintf(h->name, sizeof(h->name), "host%03u.test", low);
	LIST_INIT(&h->triplets);
}

enum err
host_parse(const char *spec, struct host *out, struct error *e)
{
	struct text rest = text_of(spec), path;
	struct addr a;
	enum err err = OK;

	if (addr_parse(text_cut(&rest, '='), &a) != OK || rest.len == 0)
		return error_set(e, ERR_SYNTAX, "'%s' is not ADDR=POLICYFILE[,option...]", spec);
	set_defaults(out, &a);
	path = text_cut(&rest, ',');
	if (path.len >= sizeof(out->policy_path))
		return error_set(e, ERR_RANGE, "'%s' has too long a path", spec);
	memcpy(out->policy_path, path.p, path.len);
	while (err == OK && rest.len != 0)
		err = take_option(out, text_cut(&rest, ','), e);
	if (err == OK && (!addr_is_reserved(&a) || !addr_is_reserved(&out->output)))
		return error_set(e, ERR_REFUSED,
			"'%s' is in the Internet; a relay for tests may "
			"have only reserved addresses, such as 127.0.0.5",
			spec);
	return err == OK ? host_read_policy(out, e) : err;
}

enum err
host_read_policy(struct host *h, struct error *e)
{
	struct relay_policy *new;
	enum err err = relay_policy_read(h->policy_path, &new, stderr, e);

	if (err != OK)
		return err;
	relay_policy_free(h->policy);
	h->policy = new;
	return OK;
}

void
host_print_options(FILE *out)
{
	for (size_t i = 0; i < ORBL_COUNT(options); i++)
		fprintf(out, "  %-17s %s\n", options[i].name, options[i].help);
}
