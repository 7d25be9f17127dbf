/* relay_transcript.c - play a transcript of relay questions and print it with our answers.
 *
 *	policy FILE              read this relay policy; FILE lies beside the transcript
 *	client ADDR [local ADDR] [helo NAME] [sender MAILBOX] [rcpt MAILBOX] [auth yes|no] -> ANSWER
 *
 * What follows "->" is replaced by what the engine says. Warnings about a policy are printed
 * as lines "warning: ...", the reason for refusing one as "refused: ..."; those of the transcript
 * are dropped. All other lines pass as they are. A transcript is right when it comes out as it
 * went in.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "relay_policy.h"

enum { LINE_SIZE = 1024, WARNINGS_SIZE = 4096, PATH_SIZE = 4096 };

struct play {
	struct relay_policy *policy;
};

static void
fail(const char *what, const char *detail)
{
	fprintf(stderr, "relay_transcript: %s: %s\n", what, detail);
	exit(2);
}

static void
print_warnings(const char *all)
{
	struct text rest = text_of(all), line;

	while (text_next_line(&rest, &line))
		printf("warning: %.*s\n", TEXT_ARG(line));
}

/* The policy goes by its own name in messages, wherever the transcript lies. */
static void
play_policy(struct play *play, struct text name)
{
	char shown[LINE_SIZE], warnings[WARNINGS_SIZE] = "";
	static char bytes[1 << 20];
	FILE *file, *sink = fmemopen(warnings, sizeof(warnings), "w");
	struct error e;
	size_t len;

	text_printable(name, shown, sizeof(shown));
	file = fopen(shown, "rb");
	if (file == NULL || sink == NULL)
		fail(shown, "cannot read it");
	len = fread(bytes, 1, sizeof(bytes), file);
	fclose(file);
	relay_policy_free(play->policy);
	if (relay_policy_parse(bytes, len, shown, &play->policy, sink, &e) != OK)
		printf("refused: %s\n", e.text);
	fclose(sink);
	print_warnings(warnings);
}

static struct addr
take_addr(struct text t)
{
	struct addr a = {.family = 0};
	char shown[LINE_SIZE];

	text_printable(t, shown, sizeof(shown));
	if (addr_parse(t, &a) != OK)
		fail("no address", shown);
	return a;
}

static void
take_word(struct relay_request *r, struct text key, struct text value)
{
	char shown[LINE_SIZE];

	text_printable(key, shown, sizeof(shown));
	if (text_equal(key, TEXT("client")))
		r->client = take_addr(value);
	else if (text_equal(key, TEXT("local")))
		r->local = take_addr(value);
	else if (text_equal(key, TEXT("helo")))
		r->helo = value;
	else if (text_equal(key, TEXT("sender")))
		r->sender = text_equal(value, TEXT("<>")) ? TEXT("") : value;
	else if (text_equal(key, TEXT("rcpt")))
		r->recipient = value;
	else if (text_equal(key, TEXT("auth")))
		r->authenticated = text_equal(value, TEXT("yes"));
	else
		fail("unknown word", shown);
}

static void
play_request(const struct play *play, struct text line)
{
	struct text question = text_upto(line, text_find(line, TEXT(" ->"))), rest = question;
	struct relay_request request = {.authenticated = false};
	struct relay_decision d;

	if (play->policy == NULL)
		fail("no policy is read", "a client line must follow a policy line");
	while (rest.len != 0) {
		struct text key = text_cut(&rest, ' ');

		take_word(&request, key, text_cut(&rest, ' '));
	}
	d = relay_policy_decide(play->policy, &request);
	printf("%.*s -> %s (%s", TEXT_ARG(question), relay_answer_name(d.answer), d.rule);
	if (d.file != NULL)
		printf(", %s:%u: %s", d.file, d.line, d.entry);
	else if (d.list != NULL && d.line == 0)
		printf(", %s as it is by default: %s", d.list, d.entry);
	else if (d.list != NULL)
		printf(", line %u: %s", d.line, d.entry);
	printf(")\n");
}

static void
play_line(struct play *play, struct text line)
{
	if (text_has_prefix(line, TEXT("warning: ")) || text_has_prefix(line, TEXT("refused: ")))
		return;
	if (text_has_prefix(line, TEXT("client "))) {
		play_request(play, line);
		return;
	}
	printf("%.*s\n", TEXT_ARG(line));
	if (text_has_prefix(line, TEXT("policy ")))
		play_policy(play, text_from(line, 7));
}

int
main(int argc, char **argv)
{
	struct play play = {.policy = NULL};
	char line[LINE_SIZE], directory[PATH_SIZE];
	char *slash;
	FILE *file;

	if (argc != 2)
		fail("usage", "relay_transcript TRANSCRIPT");
	file = fopen(argv[1], "r");
	if (file == NULL)
		fail(argv[1], "cannot read it");
	snprintf(directory, sizeof(directory), "%s", argv[1]);
	slash = strrchr(directory, '/');
	snprintf(slash != NULL ? slash : directory, 2, "%s", slash != NULL ? "" : ".");
	if (chdir(directory) != 0)
		fail(directory, "cannot go there");
	while (fgets(line, sizeof(line), file) != NULL)
		play_line(&play, text_upto(text_of(line), strcspn(line, "\n")));
	fclose(file);
	relay_policy_free(play.policy);
	return 0;
}
