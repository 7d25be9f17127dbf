#include "cmd.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "denial_json.h"
#include "dialect.h"
#include "host_count.h"
#include "input.h"
#include "journal.h"
#include "parse_options.h"
#include "parse_progress.h"
#include "parse_report.h"
#include "reader.h"
#include "twins.h"

enum {
	LINE_MAX_BYTES = 65536, /* mail servers and syslog daemons stay far below */
	OUTPUT_BUFFER = 256 * 1024,
	NAME_BYTES = 1024
};

struct run { /* of the command */
	struct parse_options options;
	struct parse_totals totals;
	struct parse_progress progress;
	struct host_count *hosts;
	struct twins *twins;
	char **files;
	size_t file_count;
	const char *file;      /* that is being read */
	char name[NAME_BYTES]; /* of it, printable */
	uint64_t duplicates;   /* in it */
	struct error error;    /* of the table of hosts */
	bool failed;           /* a file could not be read */
};

static enum err
count_denial(const struct denial *d, void *context)
{
	struct run *run = context;

	if (d->identity.p != NULL && run->file_count > 1 && twins_seen(run->twins, d->identity)) {
		run->duplicates += d->count;
		return OK;
	}
	if (!run->options.summary)
		denial_json_write(stdout, run->file, d);
	return host_count_add(run->hosts, &d->client, d->count, &run->error);
}

/* name NULL: what names the file already. */
static void
complain(struct run *run, const char *name, const char *what)
{
	parse_progress_clear(&run->progress);
	if (name != NULL)
		(void)fprintf(stderr, "orbl parse: %s: %s\n", name, what);
	else
		(void)fprintf(stderr, "orbl parse: %s\n", what);
	run->failed = true;
}

static void
show_progress(struct run *run, const struct reader *r, size_t more, uint64_t done, uint64_t total)
{
	run->progress.bytes += more;
	parse_progress_show(&run->progress, run->name, done, total,
		run->totals.sum.denials + reader_summary(r)->denials);
}

/* As much as can be read. What reader_feed fails with, reader_finish says again. */
static enum err
feed_input(struct run *run, struct input *in, struct reader *r, struct error *e)
{
	uint64_t done, total;
	struct text bytes;
	enum err err;

	while ((err = input_read(in, &bytes, e)) == OK && bytes.len != 0 &&
		reader_feed(r, bytes.p, bytes.len) == OK) {
		input_progress(in, &done, &total);
		show_progress(run, r, bytes.len, done, total);
	}
	return err;
}

static enum err
feed_journal(struct run *run, struct journal *j, struct reader *r, struct error *e)
{
	struct text bytes;
	enum err err;

	while ((err = journal_next(j, &bytes, e)) == OK && bytes.len != 0 &&
		reader_feed(r, bytes.p, bytes.len) == OK)
		show_progress(run, r, bytes.len, run->progress.bytes + bytes.len, 0);
	return err;
}

static struct reader *
new_reader(struct run *run, const char *format)
{
	const struct parse_options *o = &run->options;
	const struct reader_conf conf = {
		.now_s = o->now_s,
		.line_max = LINE_MAX_BYTES,
		.format = format,
		.events = o->events,
		.local_domain_count = o->local_domain_count,
		.local_domains = o->local_domains,
	};
	struct reader *r = reader_new(&conf, count_denial, run);

	if (r == NULL)
		complain(run, run->name, "out of memory");
	return r;
}

/* The mail server whose lines were asked for, or NULL: containers hold any program's. */
static const char *
wanted_dialect(const struct run *run)
{
	const char *format = run->options.format;

	return format != NULL && dialect_has(format) ? format : NULL;
}

/* All bytes have been fed, or what could be read of them. */
static void
end_reader(struct run *run, struct reader *r)
{
	enum err err = reader_finish(r);

	if (err != OK)
		complain(run, run->name, run->error.code != OK ? run->error.text : err_name(err));
	parse_report_add(&run->totals, reader_summary(r), run->duplicates);
	parse_progress_clear(&run->progress);
	parse_report_troubles(run->name, wanted_dialect(run), reader_summary(r));
	reader_free(r);
}

static void
start_log(struct run *run, const char *name)
{
	run->file = name;
	run->duplicates = 0;
	run->progress.file++;
	(void)text_printable(text_of(name), run->name, sizeof(run->name));
}

static void
read_file(struct run *run, const char *name)
{
	struct input *in = NULL;
	struct reader *r = NULL;
	struct error e;

	start_log(run, name);
	if (input_open(name, &in, &e) != OK) {
		complain(run, NULL, e.text);
		return;
	}
	r = new_reader(run, run->options.format);
	if (r != NULL && feed_input(run, in, r, &e) != OK)
		complain(run, NULL, e.text);
	if (r != NULL)
		end_reader(run, r);
	input_close(in);
}

static void
read_journal(struct run *run)
{
	const struct parse_options *o = &run->options;
	const struct journal_conf conf = {.path = o->journal_path,
		.matches = (const char *const *)o->operands,
		.match_count = (size_t)o->operand_count};
	struct journal *j = NULL;
	struct reader *r = NULL;
	struct error e;

	start_log(run, conf.path != NULL ? conf.path : "journal");
	if (journal_open(&conf, &j, &e) != OK) {
		complain(run, NULL, e.text);
		return;
	}
	r = new_reader(run, "journal-export");
	if (r != NULL && feed_journal(run, j, r, &e) != OK)
		complain(run, NULL, e.text);
	if (r != NULL)
		end_reader(run, r);
	journal_close(j);
}

static enum err
add_file(const char *name, void *context)
{
	struct run *run = context;
	char **grown = run->files;

	/* Grown whenever the count is a power of two. */
	if ((run->file_count & (run->file_count - 1)) == 0)
		grown = realloc(run->files,
			(run->file_count != 0 ? run->file_count * 2 : 1) * sizeof(*grown));
	if (grown == NULL)
		return ERR_MEMORY;
	run->files = grown;
	grown[run->file_count] = strdup(name);
	if (grown[run->file_count] == NULL)
		return ERR_MEMORY;
	run->file_count++;
	return OK;
}

static void
read_files(struct run *run)
{
	struct error e = {.text = "out of memory"};

	for (int i = 0; i < run->options.operand_count; i++)
		if (input_walk(run->options.operands[i], add_file, run, &e) != OK)
			complain(run, NULL, e.text);
	run->progress.files = run->file_count;
	for (size_t i = 0; i < run->file_count; i++) {
		twins_next_file(run->twins);
		read_file(run, run->files[i]);
	}
	if (twins_is_full(run->twins))
		(void)fputs("orbl parse: too many denials to know each again in a later file: some "
			    "may count twice\n",
			stderr);
}

/* Returns the exit status. */
static int
report(struct run *run)
{
	const struct parse_options *o = &run->options;
	struct error e;
	uint64_t hosts;

	if (parse_report_hosts(run->hosts, o, &hosts, &e) != OK)
		complain(run, NULL, e.text);
	if (o->totals)
		parse_report_json(&run->totals, hosts);
	if (fflush(stdout) != 0 || ferror(stdout)) {
		(void)fprintf(stderr, "orbl parse: standard output: %s\n", strerror(errno));
		return PARSE_TROUBLE;
	}
	parse_report_print(&run->totals, hosts);
	return run->failed || parse_report_is_useless(&run->totals, wanted_dialect(run)) ?
		PARSE_TROUBLE :
		EXIT_SUCCESS;
}

static void
reset(struct run *run)
{
	for (size_t i = 0; i < run->file_count; i++)
		free(run->files[i]);
	free(run->files);
	twins_free(run->twins);
	host_count_free(run->hosts);
	parse_options_reset(&run->options);
	free(run);
}

int
cmd_parse(int argc, char **argv)
{
	struct run *run = calloc(1, sizeof(*run));
	int status;

	if (run == NULL)
		return PARSE_TROUBLE;
	status = parse_options_read(argc, argv, &run->options);
	if (status < 0) {
		run->hosts = host_count_new(HOST_COUNT_MAX);
		run->twins = twins_new();
	}
	if (status < 0 && (run->hosts == NULL || run->twins == NULL)) {
		(void)fputs("orbl parse: out of memory\n", stderr);
		status = PARSE_TROUBLE;
	}
	if (status < 0) {
		(void)setvbuf(stdout, NULL, _IOFBF, OUTPUT_BUFFER);
		parse_progress_start(&run->progress, !run->options.summary, 1);
		if (run->options.is_journal)
			read_journal(run);
		else
			read_files(run);
		status = report(run);
	}
	reset(run);
	return status;
}
