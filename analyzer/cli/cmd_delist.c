#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "client.h"
#include "cmd.h"
#include "ticket.h"

static const char usage[] =
	"usage: orbl delist [-c FILE] [--no-wait] [--json] ADDRESS\n"
	"       orbl delist [-c FILE] [--json] --prove[=dns|mail] ADDRESS\n"
	"       orbl delist [-c FILE] [--no-wait] [--json] --token TOKEN ADDRESS\n"
	"\n"
	"Ask for a retest of a listed host. It is removed when every test is refused, and stays\n"
	"when one is not, or when it cannot be tested. Anyone may ask.\n"
	"\n"
	"  -n, --no-wait      do not wait for the result; see it later with orbl status REQUEST\n"
	"      --prove[=HOW]  prove that the host is yours, which is never needed, but spares you\n"
	"                     the wait of a host that relapsed: by a TXT record of its reversed\n"
	"                     address (dns, the default), or by a mail that it is sent (mail)\n"
	"      --token TOKEN  the token that was in this mail\n"
	"  -j, --json         print one JSON object\n"
	"  -c, --config FILE  read FILE instead of the installed orbl.conf\n"
	"\n"
	"Exit status: 0 delisted (or queued, with --no-wait), or proved, or no proof is needed;\n"
	"1 refused, or not proved yet; 2 trouble.\n";

struct wish {            /* the options of this command alone */
	struct client c; /* first: take_option is given this */
	const char *how, *token;
};

static const struct option more[] = {
	{"prove", optional_argument, NULL, 'P'},
	{"token", required_argument, NULL, 't'},
	{0},
};

static void
take_option(struct client *c, int letter, const char *value)
{
	struct wish *w = (struct wish *)c;

	if (letter == 'P')
		w->how = value != NULL ? value : "dns";
	else
		w->token = value;
}

/* The answer of one who does not wait, or the first progress. */
static void
show_progress(const struct client *c, const json_t *object)
{
	if (c->json)
		return;
	if (json_object_get(object, "request") != NULL)
		ticket_print(object);
	else if (json_object_get(object, "instructions") != NULL)
		printf("%s\n", client_text(object, "instructions"));
	else
		printf("  %s\n", client_text(object, "progress"));
	fflush(stdout);
}

/* The analyzer has gone in the middle. A request that was answered is in the store. */
static void
lost_sight(json_int_t request, struct error *e)
{
	struct error why = *e;

	if (request != 0)
		error_set(e, why.code,
			"%s; the request is kept, orbl status %" JSON_INTEGER_FORMAT
			" shows what comes of it",
			why.text, request);
	else
		error_set(e, why.code,
			"%s; whether the request was stored is not known, orbl explain shows it",
			why.text);
}

/* Read progress until the last object, which is returned, or NULL; e says why it is a refusal. */
static json_t *
wait_for_answer(const struct client *c, const char *path, const json_t *request, struct error *e)
{
	struct control *control = NULL;
	json_t *object = NULL;
	enum err err = control_connect(path, &control, e);
	json_int_t taken = 0;

	if (err == OK)
		err = control_send(control, request, e);
	while (err == OK) {
		err = control_receive(control, -1, &object, e);
		if (err != OK || json_object_get(object, "ok") != NULL)
			break;
		show_progress(c, object);
		if (taken == 0)
			taken = client_number(object, "request");
		json_decref(object);
	}
	control_close(control);
	if (control != NULL && err != OK)
		lost_sight(taken, e);
	if (err != OK)
		return NULL;
	(void)!control_check_answer(object, e);
	return object;
}

static int
print_result(const struct wish *w, json_t *answer)
{
	bool proved = json_is_true(json_object_get(answer, "proved"));
	bool needless = json_is_false(json_object_get(answer, "needed"));

	if (w->c.json)
		client_print_json(answer);
	else if (w->how != NULL)
		printf("%s\n", client_text(answer, "message"));
	else
		ticket_print(answer);
	if (w->how != NULL)
		return proved || needless ? EXIT_SUCCESS : EXIT_YES;
	return ticket_status(answer);
}

static json_t *
make_request(const struct wish *w, const char *address)
{
	json_t *request = json_pack("{s:s, s:s, s:b}", "cmd", w->how != NULL ? "prove" : "delist",
		"address", address, "wait", (int)!w->c.no_wait);

	if (request != NULL && w->how != NULL)
		json_object_set_new(request, "how", json_string(w->how));
	if (request != NULL && w->token != NULL)
		json_object_set_new(request, "token", json_string(w->token));
	return request;
}

static int
ask(const struct wish *w, const json_t *request)
{
	struct error e = {.code = OK};
	json_t *answer = NULL;
	char *path = NULL;
	int status;

	if (client_socket(&w->c, &path, &e) == OK)
		answer = wait_for_answer(&w->c, path, request, &e);
	if (answer != NULL && e.code == OK) {
		status = print_result(w, answer);
	} else {
		status = client_failure(&w->c, &e, answer);
		if (e.code == ERR_REFUSED) /* of the request: an answer, not trouble */
			status = EXIT_YES;
	}
	json_decref(answer);
	free(path);
	return status;
}

int
cmd_delist(int argc, char **argv)
{
	struct wish w = {
		.c = {.command = "delist", .usage = usage, .more = more, .take = take_option}};
	json_t *request;
	int status;

	client_options(&w.c, argc, argv, "cjnPt");
	if (w.c.done)
		return w.c.status;
	if (argc - optind != 1)
		return client_trouble(&w.c, "name one address; see --help");
	if (w.how != NULL && w.token != NULL)
		return client_trouble(&w.c, "--prove and --token exclude each other");
	if (w.how != NULL && strcmp(w.how, "dns") != 0 && strcmp(w.how, "mail") != 0)
		return client_trouble(&w.c, "--prove takes dns or mail");
	request = make_request(&w, argv[optind]);
	if (request == NULL)
		return client_trouble(&w.c, "the address is not UTF-8 text");
	status = ask(&w, request);
	json_decref(request);
	return status;
}
