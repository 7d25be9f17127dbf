#include "client.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <orbl/conf.h>

enum { CALL_TIMEOUT_MS = 30000, OPTIONS_MAX = 15 };

static const struct option common[] = {
	{"config", required_argument, NULL, 'c'},
	{"json", no_argument, NULL, 'j'},
	{"reporter", required_argument, NULL, 'r'},
	{"no-wait", no_argument, NULL, 'n'},
	{"help", no_argument, NULL, 'h'},
};

/* The common ones, then the command's own; out is zero behind them. */
static void
join_options(const struct option *more, struct option out[OPTIONS_MAX + 1])
{
	size_t n = ORBL_COUNT(common);

	memcpy(out, common, sizeof(common));
	for (; more != NULL && more->name != NULL && n < OPTIONS_MAX; more++)
		out[n++] = *more;
}

static void
take_option(struct client *c, int letter)
{
	switch (letter) {
	case 'c': c->config = optarg; break;
	case 'r': c->reporter = optarg; break;
	case 'j': c->json = true; break;
	case 'n': c->no_wait = true; break;
	default: c->take(c, letter, optarg);
	}
}

void
client_options(struct client *c, int argc, char **argv, const char *letters)
{
	struct option table[OPTIONS_MAX + 1] = {0};
	int letter;

	join_options(c->more, table);
	optind = 1;
	while ((letter = getopt_long(argc, argv, c->more != NULL ? "c:jr:nhfv" : "c:jr:nh", table,
			NULL)) != -1) {
		if (letter == 'h' || strchr(letters, letter) == NULL) {
			fputs(c->usage, letter == 'h' ? stdout : stderr);
			c->done = true;
			c->status = letter == 'h' ? EXIT_SUCCESS : EXIT_TROUBLE;
			return;
		}
		take_option(c, letter);
	}
}

int
client_trouble(const struct client *c, const char *text)
{
	fprintf(stderr, "orbl %s: %s\n", c->command, text);
	return EXIT_TROUBLE;
}

int
client_failure(const struct client *c, const struct error *e, const json_t *answer)
{
	json_t *next = json_object_get(answer, "next_request");
	json_t *object = c->json ?
		json_pack("{s:s, s:s}", "error", err_name(e->code), "message", e->text) :
		NULL;

	if (object != NULL && next != NULL)
		json_object_set(object, "next_request", next);
	if (object != NULL)
		client_print_json(object);
	json_decref(object);
	return client_trouble(c, e->text);
}

enum err
client_socket(const struct client *c, char **path, struct error *e)
{
	struct conf *conf;
	enum err err = conf_load(conf_path(c->config), &conf, e);

	if (err != OK)
		return err;
	*path = strdup(conf->control_socket);
	conf_free(conf);
	return *path != NULL ? OK : error_set(e, ERR_MEMORY, "out of memory");
}

enum err
client_call(const struct client *c, json_t *request, json_t **answer, struct error *e)
{
	char *path;
	enum err err = client_socket(c, &path, e);

	*answer = NULL;
	if (err == OK) {
		err = control_call(path, request, CALL_TIMEOUT_MS, answer, e);
		free(path);
	}
	json_decref(request);
	return err;
}

json_t *
client_ask(struct client *c, int argc, char **argv, bool with_address, int *status)
{
	struct error e = {.code = OK};
	json_t *answer = NULL, *request;

	client_options(c, argc, argv, "cj");
	*status = c->status;
	if (c->done)
		return NULL;
	if (argc - optind != (with_address ? 1 : 0)) {
		*status = client_trouble(c,
			with_address ? "name one address; see --help" :
				       "takes no operand; see --help");
		return NULL;
	}
	request = with_address ?
		json_pack("{s:s, s:s}", "cmd", c->command, "address", argv[optind]) :
		json_pack("{s:s}", "cmd", c->command);
	if (request == NULL)
		error_set(&e, ERR_SYNTAX, "the address is not UTF-8 text");
	else if (client_call(c, request, &answer, &e) == OK)
		return answer;
	*status = client_failure(c, &e, NULL);
	return NULL;
}

void
client_print_json(json_t *object)
{
	json_object_del(object, "ok");
	json_dumpf(object, stdout, JSON_COMPACT);
	putchar('\n');
}

const char *
client_text(const json_t *object, const char *key)
{
	const char *text = json_string_value(json_object_get(object, key));

	return text != NULL ? text : "-";
}

json_int_t
client_number(const json_t *object, const char *key)
{
	return json_integer_value(json_object_get(object, key));
}
