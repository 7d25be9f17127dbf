#include "long_call.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "target_progress.h"

enum { LOOK_MS = 200, TEXT = 200 };

struct call {
	const struct client *client;
	bool shows, is_shown;
	char last[TEXT]; /* what was said last */
};

static void
clear(struct call *c)
{
	if (c->is_shown)
		(void)fputs("\r\033[K", stderr);
	c->is_shown = false;
}

static void
show(struct call *c, const json_t *object)
{
	snprintf(c->last, sizeof(c->last), "%s", client_text(object, "progress"));
	if (!c->shows)
		return;
	(void)fprintf(stderr, "\r\033[K%s", c->last);
	c->is_shown = true;
}

/* One that is ignored, as by what a script runs in the background, would be pending as well. */
static bool
is_interrupted(void)
{
	struct sigaction action;
	sigset_t pending;

	return sigaction(SIGINT, NULL, &action) == 0 && action.sa_handler != SIG_IGN &&
		sigpending(&pending) == 0 && sigismember(&pending, SIGINT) == 1;
}

/* The signal is blocked while we wait, so that it meets nothing half done. */
static void
block_interrupt(int how)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGINT);
	(void)sigprocmask(how, &set, NULL);
}

static enum err
receive(struct call *c, struct control *control, json_t **out, bool *interrupted, struct error *e)
{
	enum err err = ERR_TIMEOUT;

	while (err == ERR_TIMEOUT && !*interrupted) {
		err = control_receive(control, LOOK_MS, out, e);
		*interrupted = err == ERR_TIMEOUT && is_interrupted();
	}
	if (err == OK && json_object_get(*out, "ok") == NULL) {
		show(c, *out);
		json_decref(*out);
		*out = NULL;
		*interrupted = is_interrupted();
	}
	return err;
}

static enum err
wait_for_answer(struct call *c, struct control *control, json_t **out, bool *interrupted,
	struct error *e)
{
	enum err err = OK;

	while (err == OK && *out == NULL && !*interrupted)
		err = receive(c, control, out, interrupted, e);
	clear(c);
	if (err == OK && *out != NULL)
		err = control_check_answer(*out, e);
	if (err != OK || *interrupted) {
		json_decref(*out);
		*out = NULL;
	}
	return err;
}

static void
die(const struct call *c, const char *rest)
{
	char text[2 * TEXT];

	snprintf(text, sizeof(text), "broken off%s%s; %s", c->last[0] != '\0' ? " at " : "",
		c->last, rest);
	(void)client_trouble(c->client, text);
	block_interrupt(SIG_UNBLOCK);
}

enum err
long_call(const struct client *c, json_t *request, const char *rest, json_t **answer,
	struct error *e)
{
	struct call call = {.client = c,
		.shows = !c->json && isatty(STDERR_FILENO) != 0 && target_progress_can_erase()};
	struct control *control = NULL;
	bool interrupted = false;
	char *path;
	enum err err = client_socket(c, &path, e);

	*answer = NULL;
	block_interrupt(SIG_BLOCK);
	if (err == OK) {
		err = control_connect(path, &control, e);
		free(path);
	}
	if (err == OK)
		err = control_send(control, request, e);
	if (err == OK)
		err = wait_for_answer(&call, control, answer, &interrupted, e);
	control_close(control);
	json_decref(request);
	if (interrupted)
		die(&call, rest);
	block_interrupt(SIG_UNBLOCK);
	return err;
}
