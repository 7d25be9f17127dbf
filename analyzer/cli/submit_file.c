#include "submit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <orbl/text.h>

#include "input.h"

static const char is_no_mail_log[] =
	"no line of a mail server in it; orbl parse --help names the formats";

enum { ANSWER_TIMEOUT_MS = 600000, PROGRESS_BYTES = 16 << 20 };

/* Where the bytes come from; a file or the journal. */
struct body {
	const char *name;
	char printed[1024]; /* of it, printable */
	struct input *input;
	struct journal *journal;
	uint64_t sent, shown;
};

json_t *
submit_request(const struct submit *s, const char *name, const char *source, const char *format)
{
	json_t *request = json_pack("{s:s, s:s, s:s}", "cmd", "submit", "reporter",
		s->client.reporter, "file", name);
	json_t *domains = json_array();

	for (size_t i = 0; i < s->domain_count; i++)
		json_array_append_new(domains, json_string(s->domains[i]));
	if (format == NULL)
		format = s->format;
	if (request == NULL ||
		(format != NULL &&
			json_object_set_new(request, "format", json_string(format)) != 0)) {
		json_decref(domains);
		json_decref(request);
		return NULL;
	}
	json_object_set_new(request, "local_domains", domains);
	if (s->key[0] != '\0')
		json_object_set_new(request, "key", json_string(s->key));
	if (source != NULL) {
		json_object_set_new(request, "follow", json_true());
		json_object_set_new(request, "source", json_string(source));
	}
	return request;
}

static void
show_progress(struct body *b)
{
	uint64_t done = 0, total = 0;

	if (b->sent - b->shown < PROGRESS_BYTES)
		return;
	b->shown = b->sent;
	if (!isatty(STDERR_FILENO))
		return;
	if (b->input != NULL)
		input_progress(b->input, &done, &total);
	if (total > 0)
		fprintf(stderr, "\r%s: %llu of %llu MB", b->printed,
			(unsigned long long)(done >> 20), (unsigned long long)(total >> 20));
	else
		fprintf(stderr, "\r%s: %llu MB", b->printed, (unsigned long long)(b->sent >> 20));
}

static enum err
send_text(struct control *control, struct text t, struct error *e)
{
	enum err err = OK;

	while (err == OK && t.len != 0) {
		struct text chunk = text_upto(t, CONTROL_CHUNK_MAX);

		err = control_send_chunk(control, chunk.p, chunk.len, e);
		t = text_from(t, chunk.len);
	}
	return err;
}

static enum err
next_bytes(struct body *b, struct text *out, struct error *e)
{
	struct error why = {.code = OK};

	if ((b->input != NULL ? input_read(b->input, out, &why) :
				journal_next(b->journal, out, &why)) == OK)
		return OK;
	*out = TEXT_NONE;
	return error_set(e, why.code, "%s; nothing of it is stored", why.text);
}

static enum err
send_body(struct control *control, struct body *b, struct error *e)
{
	struct text t;
	enum err err;

	do {
		err = next_bytes(b, &t, e);
		if (err == OK)
			err = send_text(control, t, e);
		b->sent += t.len;
		show_progress(b);
	} while (err == OK && t.len != 0);
	if (b->shown != 0 && isatty(STDERR_FILENO))
		fputs("\n", stderr);
	return err == OK ? control_send_chunk(control, "", 0, e) : err;
}

static enum err
submit_body(const struct submit *s, struct body *b, const char *format, json_t **answer,
	struct error *e)
{
	json_t *request = submit_request(s, b->name, NULL, format);
	struct control *control = NULL;
	enum err err = request == NULL ?
		error_set(e, ERR_SYNTAX, "%s: the name, or that of the format, is not UTF-8",
			b->name) :
		control_connect(s->socket, &control, e);

	*answer = NULL;
	if (err == OK)
		err = control_send(control, request, e);
	if (err == OK)
		err = send_body(control, b, e);
	if (err == OK)
		err = control_receive(control, ANSWER_TIMEOUT_MS, answer, e);
	if (err == OK)
		err = control_check_answer(*answer, e);
	control_close(control);
	json_decref(request);
	return err;
}

/* --- what is said --------------------------------------------------------- */

static void
print_reasons(const char *name, const json_t *answer)
{
	const json_t *troubles = json_object_get(answer, "troubles"), *item;
	json_int_t bad = client_number(answer, "not_understood");
	size_t i;

	json_array_foreach (troubles, i, item)
		fprintf(stderr, "%s:%lld: not understood: %s\n", name, client_number(item, "line"),
			client_text(item, "reason"));
	if ((size_t)bad <= json_array_size(troubles))
		return;
	fprintf(stderr, "%s: %lld more lines not understood\n", name,
		bad - (json_int_t)json_array_size(troubles));
	json_array_foreach (json_object_get(answer, "reasons"), i, item)
		fprintf(stderr, "%s: %lld times: %s\n", name, client_number(item, "count"),
			client_text(item, "reason"));
}

static void
print_rejected(const json_t *answer)
{
	const char *kind, *between = " (";
	json_t *rejected = json_object_get(answer, "rejected"), *count;

	printf(", %lld other rejections", client_number(answer, "rejections"));
	if (json_object_size(rejected) == 0)
		return;
	json_object_foreach (rejected, kind, count) {
		printf("%s%lld %s", between, json_integer_value(count), kind);
		between = ", ";
	}
	putchar(')');
}

/* To the reporter's administrator: the server and its policy disagree. */
static void
print_drift(const char *name, const json_t *answer)
{
	const json_t *examples = json_object_get(answer, "drift_examples"), *d;
	json_int_t drift = client_number(answer, "drift");
	const char *entry;
	size_t i;

	json_array_foreach (examples, i, d) {
		entry = client_text(d, "entry");
		fprintf(stderr, "%s:%lld: %s was denied though the policy %s", name,
			client_number(d, "line"), client_text(d, "ip"), client_text(d, "policy"));
		if (client_number(d, "policy_line") != 0)
			fprintf(stderr, ":%lld", client_number(d, "policy_line"));
		fprintf(stderr, " allows it (%s%s%s)\n", client_text(d, "rule"),
			entry[0] != '\0' ? " " : "", entry);
	}
	if (json_array_size(examples) != 0 && (size_t)drift > json_array_size(examples))
		fprintf(stderr, "%s: %lld more that the policy allows\n", name,
			drift - (json_int_t)json_array_size(examples));
}

/* The same: what its server is set up wrong for. */
static void
print_faults(const char *name, const json_t *answer)
{
	const json_t *f;
	size_t i;

	json_array_foreach (json_object_get(answer, "faults"), i, f)
		fprintf(stderr, "%s: %s; %lld denials, first at %s\n", name,
			client_text(f, "remedy"), client_number(f, "denials"),
			client_text(f, "example"));
}

static void
print_summary(const struct client *c, const struct body *b, json_t *answer)
{
	if (c->json) {
		json_object_set_new(answer, "file", json_string(b->name));
		json_object_set_new(answer, "reporter", json_string(c->reporter));
		client_print_json(answer);
		return;
	}
	printf("%s: stored for reporter %s: %lld lines, %lld denials of %lld hosts", b->printed,
		c->reporter, client_number(answer, "lines"), client_number(answer, "denials"),
		client_number(answer, "hosts"));
	print_rejected(answer);
	if (client_number(answer, "duplicates") != 0)
		printf(", %lld submitted before", client_number(answer, "duplicates"));
	if (client_number(answer, "drift") != 0)
		printf(", %lld that the reporter's own relay policy allows (no evidence)",
			client_number(answer, "drift"));
	if (client_number(answer, "own_domain") != 0)
		printf(", %lld to domains of the reporter's own (no evidence)",
			client_number(answer, "own_domain"));
	if (client_number(answer, "over_quota") != 0)
		printf(", %lld beyond its quota of the day (no evidence)",
			client_number(answer, "over_quota"));
	printf(", %lld lines not understood\n", client_number(answer, "not_understood"));
	print_reasons(b->printed, answer);
	print_drift(b->printed, answer);
	print_faults(b->printed, answer);
}

static int
submit_and_tell(const struct submit *s, struct body *b, const char *format)
{
	struct error e = {.code = OK};
	json_t *answer;
	int status = EXIT_SUCCESS;

	if (submit_body(s, b, format, &answer, &e) != OK) {
		status = client_trouble(&s->client, e.text);
	} else {
		print_summary(&s->client, b, answer);
		if (client_number(answer, "known") == 0 &&
			client_number(answer, "not_understood") != 0)
			status = client_trouble(&s->client, is_no_mail_log);
	}
	json_decref(answer);
	return status;
}

int
submit_file(const struct submit *s, const char *name)
{
	struct body b = {.name = name};
	struct error e = {.code = OK};
	int status;

	(void)text_printable(text_of(name), b.printed, sizeof(b.printed));
	if (input_open(name, &b.input, &e) != OK)
		return client_trouble(&s->client, e.text);
	status = submit_and_tell(s, &b, NULL);
	input_close(b.input);
	return status;
}

int
submit_journal(const struct submit *s)
{
	struct body b = {.name = "journal", .printed = "journal"};
	struct error e = {.code = OK};
	int status;

	if (journal_open(&s->journal, &b.journal, &e) != OK)
		return client_trouble(&s->client, e.text);
	status = submit_and_tell(s, &b, "journal-export");
	journal_close(b.journal);
	return status;
}
