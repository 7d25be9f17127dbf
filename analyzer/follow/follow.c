#include "follow.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "follow_feed.h"
#include "follow_file.h"
#include "follow_journal.h"

enum { POLL_MS = 1000 };

static volatile sig_atomic_t told_to_end;

static void
on_signal(int number)
{
	(void)number;
	told_to_end = 1;
}

/* A second signal ends us at once. */
static void
catch_signals(void)
{
	const struct sigaction action = {.sa_handler = on_signal, .sa_flags = (int)SA_RESETHAND};

	sigaction(SIGTERM, &action, NULL);
	sigaction(SIGINT, &action, NULL);
}

static enum err
open_feed(const struct submit *s, const char *name, struct follow_feed **out, struct error *e)
{
	struct follow_source source;
	enum err err;

	*out = NULL;
	if (!s->has_journal && strcmp(name, "-") == 0)
		return error_set(e, ERR_UNSUPPORTED,
			"standard input cannot be followed; name a file, or leave --follow out");
	err = s->has_journal ? follow_journal_open(&s->journal, &source, e) :
			       follow_file_open(name, &source, e);
	if (err != OK)
		return err;
	*out = follow_feed_new(s, &source);
	return *out != NULL ? OK : error_set(e, ERR_MEMORY, "out of memory");
}

/* Poll, as notification does not reach across a network's file system. */
static void
wait_a_moment(void)
{
	const struct timespec t = {.tv_sec = POLL_MS / 1000, .tv_nsec = POLL_MS % 1000 * 1000000L};

	if (told_to_end == 0)
		nanosleep(&t, NULL);
}

/* Each once; a feed that is of no use any more goes. */
static bool
step_all(struct follow_feed **feeds, size_t count, size_t *left, int *status)
{
	bool any = false, busy;

	*left = 0;
	for (size_t i = 0; i < count && told_to_end == 0; i++) {
		if (feeds[i] == NULL)
			continue;
		++*left;
		if (follow_feed_step(feeds[i], &busy) != OK) {
			follow_feed_free(feeds[i]);
			feeds[i] = NULL;
			*status = EXIT_TROUBLE;
			--*left;
		}
		any = any || busy;
	}
	return any;
}

static int
run(struct follow_feed **feeds, size_t count)
{
	int status = EXIT_SUCCESS;
	size_t left = count;

	catch_signals();
	while (told_to_end == 0 && left != 0)
		if (!step_all(feeds, count, &left, &status))
			wait_a_moment();
	for (size_t i = 0; i < count; i++)
		if (feeds[i] != NULL && follow_feed_end(feeds[i]) != OK)
			fprintf(stderr,
				"orbl submit: the end was not acknowledged; "
				"the next start goes on before it\n");
	return status;
}

int
follow(const struct submit *s, char **names, size_t count)
{
	struct follow_feed **feeds;
	struct error e = {.code = OK};
	int status;
	size_t opened = 0;

	if (s->has_journal)
		count = 1;
	feeds = calloc(count, sizeof(feeds[0]));
	if (feeds == NULL)
		return client_trouble(&s->client, "out of memory");
	while (opened < count && open_feed(s, names[opened], &feeds[opened], &e) == OK)
		opened++;
	status = opened == count ? run(feeds, count) : client_trouble(&s->client, e.text);
	for (size_t i = 0; i < count; i++)
		follow_feed_free(feeds[i]);
	free(feeds);
	return status;
}
