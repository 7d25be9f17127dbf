/* The listing policy, made from the configuration: orbl policy-page. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <orbl/conf.h>

#include "client.h"
#include "cmd.h"
#include "policy_page.h"

static const char usage[] =
	"usage: orbl policy-page [-c FILE] [--format FORMAT] [--offline]\n"
	"\n"
	"The listing policy of this list: who is listed, on what proof, for how long, and how to "
	"get\n"
	"off, with the numbers of the configuration that the analyzer runs with. FORMAT is "
	"markdown,\n"
	"html or text. --offline: of the configuration file, without the analyzer.\n"
	"Exit status: 0; 2 trouble.\n";

enum { LETTER_FORMAT = 'F', LETTER_OFFLINE = 'O' };

static const struct option more[] = {
	{"format", required_argument, NULL, LETTER_FORMAT},
	{"offline", no_argument, NULL, LETTER_OFFLINE},
	{NULL, 0, NULL, 0},
};

struct page_client {
	struct client client; /* first */
	const char *format;
	bool offline;
};

static void
take(struct client *c, int letter, const char *value)
{
	struct page_client *p = (struct page_client *)c;

	if (letter == LETTER_FORMAT)
		p->format = value;
	else
		p->offline = true;
}

static enum err
print_offline(const struct page_client *p, enum page_format format, struct error *e)
{
	struct conf *conf;
	enum err err = conf_load(conf_path(p->client.config), &conf, e);

	if (err != OK)
		return err;
	policy_page_write(&(struct policy_page){.conf = conf}, format, stdout);
	conf_free(conf);
	return OK;
}

static enum err
print_asked(const struct page_client *p, enum page_format format, struct error *e)
{
	json_t *answer;
	enum err err = client_call(&p->client,
		json_pack("{s:s, s:s}", "cmd", "policy-page", "format", page_format_name(format)),
		&answer, e);

	if (err != OK)
		return err;
	fputs(client_text(answer, "page"), stdout);
	json_decref(answer);
	return OK;
}

int
cmd_policy_page(int argc, char **argv)
{
	struct page_client p = {
		.client = {.command = "policy-page", .usage = usage, .more = more, .take = take},
		.format = "markdown",
	};
	struct error e = {.code = OK};
	enum page_format format;
	enum err err;

	client_options(&p.client, argc, argv, "cFO");
	if (p.client.done)
		return p.client.status;
	if (argc != optind)
		return client_trouble(&p.client, "takes no operand; see --help");
	if (page_format_by_name(p.format, &format) != OK)
		return client_trouble(&p.client, "--format is markdown, html or text");
	err = p.offline ? print_offline(&p, format, &e) : print_asked(&p, format, &e);
	return err == OK ? EXIT_SUCCESS : client_trouble(&p.client, e.text);
}
