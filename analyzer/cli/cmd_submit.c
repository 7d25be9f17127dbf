#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <orbl/text.h>

#include "client.h"
#include "cmd.h"

static const char usage[] =
	"usage: orbl submit [-c FILE] [--reporter NAME] [--json] FILE...\n"
	"\n"
	"Give logs to the analyzer, which stores the relay denials in them before it\n"
	"acknowledges. - is standard input. The same line submitted twice counts once.\n"
	"\n"
	"  -r, --reporter NAME  whose logs these are; default: this host's name\n"
	"  -j, --json           print one JSON object a file\n"
	"  -c, --config FILE    read FILE instead of the installed orbl.conf\n"
	"\n"
	"Exit status: 0 all files acknowledged; 2 trouble, or a file without one usable line.\n";

enum { ANSWER_TIMEOUT_MS = 600000, PROGRESS_BYTES = 16 << 20 };

static void
show_progress(const char *name, uint64_t sent, off_t size)
{
	if (!isatty(STDERR_FILENO))
		return;
	if (size > 0)
		fprintf(stderr, "\r%s: %llu of %llu MB", name, (unsigned long long)(sent >> 20),
			(unsigned long long)size >> 20);
	else
		fprintf(stderr, "\r%s: %llu MB", name, (unsigned long long)(sent >> 20));
}

static enum err
send_body(struct control *control, int fd, const char *name, struct error *e)
{
	static char chunk[CONTROL_CHUNK_MAX];
	uint64_t sent = 0, shown = 0;
	struct stat st = {0};
	enum err err = OK;
	ssize_t n = 1;

	if (fstat(fd, &st) != 0 || !S_ISREG(st.st_mode))
		st.st_size = 0;
	while (err == OK && n != 0) {
		n = read(fd, chunk, sizeof(chunk));
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return error_errno(e, "%s: cannot read", name);
		err = control_send_chunk(control, chunk, (size_t)n, e);
		sent += (uint64_t)n;
		if (sent - shown >= PROGRESS_BYTES) {
			shown = sent;
			show_progress(name, sent, st.st_size);
		}
	}
	if (shown != 0 && isatty(STDERR_FILENO))
		fputs("\n", stderr);
	return err;
}

static enum err
submit_fd(const struct client *c, int fd, const char *name, json_t **answer, struct error *e)
{
	json_t *request = json_pack("{s:s, s:s, s:s}", "cmd", "submit", "reporter", c->reporter,
		"file", name);
	struct control *control = NULL;
	char *path = NULL;
	enum err err = request == NULL ?
		error_set(e, ERR_SYNTAX, "%s: the name is not UTF-8", name) :
		client_socket(c, &path, e);

	if (err == OK)
		err = control_connect(path, &control, e);
	if (err == OK)
		err = control_send(control, request, e);
	if (err == OK)
		err = send_body(control, fd, name, e);
	if (err == OK)
		err = control_receive(control, ANSWER_TIMEOUT_MS, answer, e);
	if (err == OK)
		err = control_check_answer(*answer, e);
	control_close(control);
	json_decref(request);
	free(path);
	return err;
}

static void
print_summary(const struct client *c, const char *name, json_t *answer)
{
	const json_t *troubles = json_object_get(answer, "troubles"), *trouble;
	json_int_t bad = client_number(answer, "not_understood");
	size_t i;

	if (c->json) {
		json_object_set_new(answer, "file", json_string(name));
		json_object_set_new(answer, "reporter", json_string(c->reporter));
		client_print_json(answer);
		return;
	}
	printf("%s: stored for reporter %s: %lld lines, %lld denials of %lld hosts", name,
		c->reporter, client_number(answer, "lines"), client_number(answer, "denials"),
		client_number(answer, "hosts"));
	printf(", %lld other rejections", client_number(answer, "rejections"));
	if (client_number(answer, "duplicates") != 0)
		printf(", %lld submitted before", client_number(answer, "duplicates"));
	if (client_number(answer, "drift") != 0)
		printf(", %lld that the reporter's own relay policy allows (no evidence)",
			client_number(answer, "drift"));
	printf(", %lld lines not understood\n", bad);
	json_array_foreach (troubles, i, trouble)
		fprintf(stderr, "%s:%lld: not understood: %s\n", name,
			client_number(trouble, "line"), client_text(trouble, "reason"));
	if ((size_t)bad > json_array_size(troubles))
		fprintf(stderr, "%s: %lld more lines not understood\n", name,
			bad - (json_int_t)json_array_size(troubles));
}

static int
submit_file(const struct client *c, const char *name)
{
	bool is_stdin = strcmp(name, "-") == 0;
	struct error e = {.code = OK};
	json_t *answer = NULL;
	FILE *f = is_stdin ? stdin : fopen(name, "rb");
	int status = EXIT_SUCCESS;

	if (f == NULL) {
		error_errno(&e, "%s: cannot open", name);
		return client_trouble(c, e.text);
	}
	if (submit_fd(c, fileno(f), name, &answer, &e) != OK) {
		status = client_trouble(c, e.text);
	} else {
		print_summary(c, name, answer);
		if (client_number(answer, "lines") != 0 &&
			client_number(answer, "understood") == 0) {
			fprintf(stderr,
				"orbl submit: %s: no line was usable; is it a mail log in "
				"syslog form?\n",
				name);
			status = EXIT_TROUBLE;
		}
	}
	json_decref(answer);
	if (!is_stdin)
		fclose(f);
	return status;
}

int
cmd_submit(int argc, char **argv)
{
	struct client c = {.command = "submit", .usage = usage};
	char host[64] = "";
	int status = EXIT_SUCCESS, one;

	client_options(&c, argc, argv, "cjr");
	if (c.done)
		return c.status;
	if (optind == argc)
		return client_trouble(&c, "name the log files to submit, or - for standard input");
	if (c.reporter == NULL && gethostname(host, sizeof(host) - 1) == 0)
		c.reporter = host;
	for (int i = optind; i < argc; i++) {
		one = submit_file(&c, argv[i]);
		status = one != EXIT_SUCCESS ? one : status;
	}
	return status;
}
