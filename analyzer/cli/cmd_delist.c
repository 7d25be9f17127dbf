#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "client.h"
#include "cmd.h"

static const char usage[] =
	"usage: orbl delist [-c FILE] [--no-wait] [--json] ADDRESS\n"
	"\n"
	"Ask for a retest of a listed host. It is removed when every test is refused, and stays\n"
	"when one is not, or when it cannot be tested. Anyone may ask.\n"
	"\n"
	"  -n, --no-wait      do not wait for the result; see it later with orbl explain\n"
	"  -j, --json         print one JSON object\n"
	"  -c, --config FILE  read FILE instead of the installed orbl.conf\n"
	"\n"
	"Exit status: 0 delisted (or queued, with --no-wait); 1 refused; 2 trouble.\n";

/* The answer of one who does not wait, or the first progress. */
static void
say_if_it_waits(const json_t *object)
{
	if (json_object_get(object, "waits_for") != NULL)
		printf("it waits until probe.%s can be read: without that nobody is probed\n",
			client_text(object, "waits_for"));
}

static void
show_progress(const struct client *c, const json_t *object)
{
	if (c->json)
		return;
	if (json_object_get(object, "request") != NULL) {
		printf("request %lld: retest of %s is queued as probe %lld\n",
			client_number(object, "request"), client_text(object, "address"),
			client_number(object, "probe"));
		say_if_it_waits(object);
	} else {
		printf("  %s\n", client_text(object, "progress"));
	}
	fflush(stdout);
}

/* The analyzer has gone in the middle. A request that was answered is in the store. */
static void
lost_sight(bool taken, struct error *e)
{
	struct error why = *e;

	error_set(e, why.code, "%s; %s", why.text,
		taken ? "the request is kept, orbl explain shows what comes of it" :
			"whether the request was stored is not known, orbl explain shows it");
}

/* Read progress until the last object, which is returned; NULL: e says why. */
static json_t *
wait_for_answer(const struct client *c, const char *path, const json_t *request, struct error *e)
{
	struct control *control = NULL;
	json_t *object = NULL;
	enum err err = control_connect(path, &control, e);
	bool taken = false;

	if (err == OK)
		err = control_send(control, request, e);
	while (err == OK) {
		err = control_receive(control, -1, &object, e);
		if (err != OK || json_object_get(object, "ok") != NULL)
			break;
		show_progress(c, object);
		taken = taken || json_object_get(object, "request") != NULL;
		json_decref(object);
	}
	control_close(control);
	if (control != NULL && err != OK)
		lost_sight(taken, e);
	if (err == OK && control_check_answer(object, e) != OK) {
		json_decref(object);
		object = NULL;
	}
	return object;
}

static int
print_result(const struct client *c, json_t *answer)
{
	const char *state = client_text(answer, "state"), *address = client_text(answer, "address");
	bool refused = strcmp(state, "refused") == 0;

	if (c->json)
		client_print_json(answer);
	else if (refused)
		printf("%s stays listed: %s: %s\nSee what was said: orbl explain %s\n", address,
			client_text(answer, "verdict"), client_text(answer, "reason"), address);
	else {
		printf("%s: %s\n", address, state);
		say_if_it_waits(answer);
	}
	return refused ? EXIT_YES : EXIT_SUCCESS;
}

int
cmd_delist(int argc, char **argv)
{
	struct client c = {.command = "delist", .usage = usage};
	struct error e = {.code = OK};
	json_t *request, *answer = NULL;
	char *path = NULL;
	int status;

	client_options(&c, argc, argv, "cjn");
	if (c.done)
		return c.status;
	if (argc - optind != 1)
		return client_trouble(&c, "name one address; see --help");
	request = json_pack("{s:s, s:s, s:b}", "cmd", "delist", "address", argv[optind], "wait",
		(int)!c.no_wait);
	if (request == NULL)
		return client_trouble(&c, "the address is not UTF-8 text");
	if (client_socket(&c, &path, &e) == OK)
		answer = wait_for_answer(&c, path, request, &e);
	if (answer == NULL)
		/* A refusal of the request is an answer, not trouble. */
		status = e.code == ERR_REFUSED ? (client_trouble(&c, e.text), EXIT_YES) :
						 client_trouble(&c, e.text);
	else
		status = print_result(&c, answer);
	json_decref(answer);
	json_decref(request);
	free(path);
	return status;
}
