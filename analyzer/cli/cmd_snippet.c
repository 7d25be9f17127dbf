/* What the administrator of a mail server pastes to use the list: orbl snippet. */
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <orbl/conf.h>
#include <orbl/listing.h>
#include <orbl/query_key.h>

#include "client.h"
#include "cmd.h"
#include "snippet.h"

static const char usage[] =
	"usage: orbl snippet [-c FILE] [--key KEY] postfix|postscreen|exim|rspamd|spamassassin "
	"[ZONE]\n"
	"\n"
	"What to put into the configuration of a mail server or filter that uses the list ZONE:\n"
	"zone.name of orbl.conf, when none is given. Proved open relays are rejected, or given "
	"the\n"
	"points for it; what is not proved is given fewer. The comments tell which part goes into\n"
	"which file. The codes, and the zones below ZONE, such as suspects.ZONE, are those of a\n"
	"list of orbl-analyzer.\n"
	"\n"
	"      --key KEY      ask with this query key, and do not tell it to clients\n"
	"  -c, --config FILE  read FILE instead of the installed orbl.conf\n"
	"\n"
	"Exit status: 0; 2 trouble.\n";

enum { LETTER_KEY = 'K', NAME_MAX_OF_DNS = 253, REVERSED_IPV6 = 64, LABEL_MAX = 63 };

static const struct option more[] = {
	{"key", required_argument, NULL, LETTER_KEY},
	{NULL, 0, NULL, 0},
};

static const struct {
	const char *name;
	void (*print)(const struct snippet *s);
} programs[] = {
	{"postfix", snippet_postfix},
	{"postscreen", snippet_postscreen},
	{"exim", snippet_exim},
	{"rspamd", snippet_rspamd},
	{"spamassassin", snippet_spamassassin},
};

struct snippet_client {
	struct client client; /* first: take gets it */
	const char *key;
};

static void
take(struct client *c, int letter, const char *value)
{
	if (letter == LETTER_KEY)
		((struct snippet_client *)c)->key = value;
}

static size_t
label_length(const char *s)
{
	size_t n = 0;

	while (isalnum((unsigned char)s[n]) || s[n] == '-' || s[n] == '_')
		n++;
	return n <= LABEL_MAX ? n : 0;
}

/* These names go into files in which other characters have a meaning. */
static bool
is_domain(const char *name)
{
	for (;;) {
		size_t n = label_length(name);

		if (n == 0)
			return false;
		name += n;
		if (*name == '\0')
			return true;
		if (*name++ != '.')
			return false;
	}
}

static bool
name_list(struct snippet_name *n, const char *key, const char *subzone, const char *zone)
{
	int shown = snprintf(n->shown, sizeof(n->shown), "%s%s%s", subzone,
		subzone[0] != '\0' ? "." : "", zone);
	int asked = snprintf(n->asked, sizeof(n->asked), "%s%s%s", key, key[0] != '\0' ? "." : "",
		n->shown);

	return shown > 0 && asked > 0 && asked <= NAME_MAX_OF_DNS - REVERSED_IPV6;
}

static bool
name_lists(struct snippet *s, const char *key, const char *zone)
{
	bool fits = name_list(&s->base, key, "", zone) && name_list(&s->all, key, "all", zone);

	for (size_t i = 0; i < CATEGORY_COUNT; i++) {
		bool in_base = (subzone_row(0)->categories & 1U << i) != 0;

		fits = fits &&
			name_list(&s->of[i], key,
				in_base ? "" : category_row((enum category)i)->subzone, zone);
	}
	return fits;
}

/* A dot at the end means the same to DNS, but not to every program. */
static enum err
read_zone(const char *operand, const char *config, char zone[NAME_MAX_OF_DNS + 2], struct error *e)
{
	struct conf *conf = NULL;
	enum err err = operand != NULL ? OK : conf_load(conf_path(config), &conf, e);
	size_t n;

	if (err != OK)
		return err;
	snprintf(zone, NAME_MAX_OF_DNS + 2, "%s", operand != NULL ? operand : conf->zone.name);
	conf_free(conf);
	n = strlen(zone);
	if (n > 1 && zone[n - 1] == '.')
		zone[n - 1] = '\0';
	if (!is_domain(zone))
		return error_set(e, ERR_SYNTAX, "\"%.253s\" is not a domain name", zone);
	return OK;
}

static int
name_trouble(const struct client *c, const char *name)
{
	fprintf(stderr, "orbl %s: ", c->command);
	if (name != NULL)
		fprintf(stderr, "there is no snippet for \"%s\"; ", name);
	fputs("name one of", stderr);
	for (size_t i = 0; i < ORBL_COUNT(programs); i++)
		fprintf(stderr, "%s %s", i != 0 ? "," : "", programs[i].name);
	fputs("; see --help\n", stderr);
	return EXIT_TROUBLE;
}

int
cmd_snippet(int argc, char **argv)
{
	struct snippet_client x = {
		.client = {.command = "snippet", .usage = usage, .more = more, .take = take},
	};
	struct client *c = &x.client;
	struct snippet s = {.has_key = false};
	char zone[NAME_MAX_OF_DNS + 2];
	struct error e = {.code = OK};
	size_t i = 0;

	client_options(c, argc, argv, "cK");
	if (c->done)
		return c->status;
	if (argc == optind)
		return name_trouble(c, NULL);
	while (i < ORBL_COUNT(programs) && strcmp(programs[i].name, argv[optind]) != 0)
		i++;
	if (i == ORBL_COUNT(programs))
		return name_trouble(c, argv[optind]);
	if (argc - optind > 2)
		return client_trouble(c, "name one zone at most; see --help");
	s.has_key = x.key != NULL;
	if (s.has_key && !query_key_is_key(text_of(x.key)))
		return client_trouble(c,
			"this is no query key, which has 26 letters and digits 2 to 7; take it as "
			"orbl dnsd key add printed it");
	if (read_zone(argv[optind + 1], c->config, zone, &e) != OK)
		return client_trouble(c, e.text);
	if (!name_lists(&s, s.has_key ? x.key : "", zone))
		return client_trouble(c, "with an address before it the name is too long for DNS");
	programs[i].print(&s);
	return EXIT_SUCCESS;
}
