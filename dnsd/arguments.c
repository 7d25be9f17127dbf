#include "arguments.h"

#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <orbl/feed.h>
#include <orbl/text.h>

enum {
	A_WORD = 1,
	LONG_LISTEN = 256,
	LONG_ZONE,
	LONG_WORKERS,
	LONG_CONTROL,
	LONG_DUMP,
	LONG_OUTPUT,
};

static const struct option long_options[] = {
	{"config", required_argument, NULL, 'c'},
	{"check", no_argument, NULL, 'T'},
	{"version", no_argument, NULL, 'V'},
	{"help", no_argument, NULL, 'h'},
	{"listen", required_argument, NULL, LONG_LISTEN},
	{"zone", required_argument, NULL, LONG_ZONE},
	{"workers", required_argument, NULL, LONG_WORKERS},
	{"control", required_argument, NULL, LONG_CONTROL},
	{"dump", required_argument, NULL, LONG_DUMP},
	{"output", required_argument, NULL, LONG_OUTPUT},
	{NULL, 0, NULL, 0},
};

static enum err
out_of_memory(struct error *e)
{
	return error_set(e, ERR_MEMORY, "out of memory for options");
}

static enum err
add_zone(struct arguments *a, const char *zone, struct error *e)
{
	a->zones[a->zone_count] = strdup(zone);
	if (a->zones[a->zone_count] == NULL)
		return out_of_memory(e);
	a->zone_count++;
	return OK;
}

/* NAME:TYPE:FILE, as rbldnsd is told; ours is NAME=rbldnsd:TYPE:FILE. */
static enum err
add_rbldnsd_zone(struct arguments *a, const char *word, struct error *e)
{
	struct text source = text_of(word), name = text_cut(&source, ':');
	struct feed_zone zone;
	char *text;
	enum err err;

	err = feed_zone_parse_rbldnsd(word, &zone, e);
	if (err != OK)
		return err;
	if (asprintf(&text, "%.*s=rbldnsd:%.*s", TEXT_ARG(name), TEXT_ARG(source)) < 0)
		return out_of_memory(e);
	err = add_zone(a, text, e);
	free(text);
	return err;
}

/* To be served, or to be dumped. */
static enum err
add_word(struct arguments *a, const char *word, struct error *e)
{
	if (strchr(word, ':') != NULL)
		return add_rbldnsd_zone(a, word, e);
	a->words[a->word_count++] = word;
	return OK;
}

static enum err
set_dump(struct arguments *a, const char *form)
{
	a->action = ARGUMENTS_DUMP;
	a->dump = form;
	return OK;
}

static enum err
take_option(struct arguments *a, int c, const char *word, struct error *e)
{
	switch (c) {
	case A_WORD: return add_word(a, optarg, e);
	case 'c': a->conf_path = optarg; return OK;
	case 'd': return set_dump(a, "bind");
	case 'T': a->action = ARGUMENTS_CHECK; return OK;
	case 'V': a->action = ARGUMENTS_VERSION; return OK;
	case 'h': a->action = ARGUMENTS_HELP; return OK;
	case LONG_LISTEN: a->listen[a->listen_count++] = optarg; return OK;
	case LONG_ZONE: return add_zone(a, optarg, e);
	case LONG_WORKERS: a->workers = optarg; return OK;
	case LONG_CONTROL: a->control = optarg; return OK;
	case LONG_DUMP: return set_dump(a, optarg);
	case LONG_OUTPUT: a->output = optarg; return OK;
	case ':': return error_set(e, ERR_UNSUPPORTED, "option %s needs a value", word);
	default:
		return error_set(e, ERR_UNSUPPORTED,
			"there is no option %s; -h names them, and orbl-dnsd(8) those of rbldnsd",
			word);
	}
}

static bool
is_complete(const struct arguments *a)
{
	return a->action == ARGUMENTS_VERSION || a->action == ARGUMENTS_HELP;
}

static enum err
check_dump(const struct arguments *a, struct error *e)
{
	if (a->action == ARGUMENTS_DUMP)
		return OK;
	if (a->output != NULL)
		return error_set(e, ERR_UNSUPPORTED,
			"--output is for a dump; give --dump bind or --dump rbldnsd, too");
	if (a->word_count != 0)
		return error_set(e, ERR_UNSUPPORTED,
			"\"%s\" is neither an option nor NAME:TYPE:FILE; -h names the options",
			a->words[0]);
	return OK;
}

enum err
arguments_read(int argc, char **argv, struct arguments *out, struct error *e)
{
	enum err err = OK;
	int c;

	memset(out, 0, sizeof(*out));
	out->listen = calloc((size_t)argc + 1, sizeof(*out->listen));
	out->zones = calloc((size_t)argc + 1, sizeof(*out->zones));
	out->words = calloc((size_t)argc + 1, sizeof(*out->words));
	if (out->listen == NULL || out->zones == NULL || out->words == NULL)
		return out_of_memory(e);
	optind = 1;
	opterr = 0;
	/* The leading - keeps words and --zone in the order given. */
	while (err == OK && !is_complete(out) &&
		(c = getopt_long(argc, argv, "-:c:dTVh", long_options, NULL)) != -1)
		err = take_option(out, c, argv[optind - 1], e);
	while (err == OK && !is_complete(out) && optind < argc)
		err = add_word(out, argv[optind++], e);
	return err == OK && !is_complete(out) ? check_dump(out, e) : err;
}

void
arguments_free(struct arguments *a)
{
	while (a->zone_count != 0)
		free(a->zones[--a->zone_count]);
	free(a->zones);
	free(a->listen);
	free(a->words);
	memset(a, 0, sizeof(*a));
}

/* --- over the configuration --------------------------------------------------- */

static enum err
replace_text(char **at, const char *value, struct error *e)
{
	char *copy = strdup(value);

	if (copy == NULL)
		return out_of_memory(e);
	free(*at);
	*at = copy;
	return OK;
}

static enum err
replace_list(struct conf_list *list, const char *const *values, size_t count, struct error *e)
{
	char **items = calloc(count, sizeof(*items));

	for (size_t i = 0; items != NULL && i < count; i++)
		if (replace_text(&items[i], values[i], e) != OK) {
			while (i-- > 0)
				free(items[i]);
			free(items);
			items = NULL;
			break;
		}
	if (items == NULL)
		return out_of_memory(e);
	for (size_t i = 0; i < list->count; i++)
		free(list->items[i]);
	free(list->items);
	list->items = items;
	list->count = count;
	return OK;
}

enum err
arguments_apply(const struct arguments *a, struct conf *conf, struct error *e)
{
	uint64_t workers;
	enum err err = OK;

	if (a->listen_count != 0)
		err = replace_list(&conf->dnsd.listen, a->listen, a->listen_count, e);
	if (err == OK && a->zone_count != 0)
		err = replace_list(&conf->dnsd.zones, (const char *const *)a->zones, a->zone_count,
			e);
	/* A server of zones given by hand is often one of several, or nobody's in particular: the
	 * socket is made only where one was asked for. */
	if (err == OK && a->zone_count != 0 && a->conf_path == NULL)
		err = replace_text(&conf->dnsd.control_socket, "", e);
	if (err == OK && a->control != NULL)
		err = replace_text(&conf->dnsd.control_socket, a->control, e);
	if (err != OK || a->workers == NULL)
		return err;
	if (text_to_u64(text_of(a->workers), 64, &workers) != OK)
		return error_set(e, ERR_RANGE, "--workers \"%s\" is not a number from 0 to 64",
			a->workers);
	conf->dnsd.workers = (int64_t)workers;
	return OK;
}
