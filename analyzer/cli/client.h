/* client.h - what the commands share that talk to the analyzer. */
#ifndef ANALYZER_CLIENT_H
#define ANALYZER_CLIENT_H

#include <getopt.h>
#include <stdbool.h>

#include <jansson.h>

#include <orbl/control.h>
#include <orbl/err.h>

/* Exit statuses of every command that has no others. */
enum { EXIT_YES = 1, EXIT_TROUBLE = 2 };

struct client {
	const char *command;  /* for messages */
	const char *usage;    /* whole text */
	const char *config;   /* of -c, NULL: the default */
	const char *reporter; /* of --reporter, NULL */
	bool json, no_wait;
	/* Options of one command alone, ended by a row without a name; each is given to take. */
	const struct option *more;
	void (*take)(struct client *c, int letter, const char *value);
	bool done; /* --help was printed: leave with exit status status */
	int status;
};

/* Take the options that the letters name ("c" config, "j" json, "r" reporter, "n" no-wait, and
 * those of c->more); optind is left at the first operand. */
void client_options(struct client *c, int argc, char **argv, const char *letters);
/* Print "orbl COMMAND: text" on standard error and return EXIT_TROUBLE. */
int client_trouble(const struct client *c, const char *text);
/* The same of e; with --json also as an object on standard output: "error", "message", and
 * "next_request" when the answer (NULL ok) has it. */
int client_failure(const struct client *c, const struct error *e, const json_t *answer);
/* Path of the control socket, from orbl.conf; the caller frees it. */
enum err client_socket(const struct client *c, char **path, struct error *e) ORBL_NODISCARD;
/* One request, one answer. request is taken. */
enum err client_call(const struct client *c, json_t *request, json_t **answer,
	struct error *e) ORBL_NODISCARD;
/* Take the options -c and -j, and ask the command's one question: about the one operand as
 * "address", or about nothing. NULL: leave with *status, it was said why. */
json_t *client_ask(struct client *c, int argc, char **argv, bool with_address, int *status);
/* Print an object on one line, without its "ok". */
void client_print_json(json_t *object);
/* A text member, "-" when it is missing. Lent. */
const char *client_text(const json_t *object, const char *key);
json_int_t client_number(const json_t *object, const char *key);

#endif
