#include "cmd.h"

#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "denial_json.h"
#include "host_count.h"
#include "reader.h"
#include "stamp.h"

enum {
	EXIT_TROUBLE = 2,
	LINE_MAX_BYTES = 65536, /* Postfix and syslog daemons stay far below */
	CHUNK = 256 * 1024,
	OUTPUT_BUFFER = 256 * 1024,
	PROGRESS_EVERY = 64 /* chunks */
};

static const char usage[] =
	"usage: orbl parse [--summary] [--json] [--now TIME] FILE...\n"
	"\n"
	"Read mail logs and print each relay attempt that a server denied. Nothing is sent\n"
	"anywhere and no daemon is needed. FILE may be -, standard input.\n"
	"\n"
	"  -s, --summary   print one line a host (address, tab, number of denials) instead of\n"
	"                  one JSON object a denial\n"
	"  -j, --json      with --summary: one JSON object a host, with ip and denials\n"
	"  -n, --now TIME  time stamps without a year (\"Nov 21 19:00:56\") get the latest year\n"
	"                  that is not more than a day after TIME (RFC 3339); default: now\n"
	"  -h, --help      print this text\n"
	"\n"
	"Understood are syslog files (BSD, ISO 8601 or RFC 5424 time stamps, repeated messages)\n"
	"with what Postfix smtpd writes. A time stamp without a zone is local time (TZ).\n"
	"\n"
	"Each object has the keys file, line, time, ip, helo, sender, recipient, account,\n"
	"reply, server, kind and count; null is what the log does not say. kind is\n"
	"relay-denied (5xx), relay-denied-temporary (4xx) or relay-denied-probable (the log\n"
	"cut the words off). Totals and the first lines that were not understood go to\n"
	"standard error.\n"
	"\n"
	"Exit status: 0 when at least one line was understood or there was none; 2 when a\n"
	"file could not be read, no line was of use, the output could not be written or the\n"
	"command line is wrong.\n";

struct options {
	int64_t now_s;
	bool summary, json;
};

struct totals {
	uint64_t files, lines, understood, denials, rejections, not_understood;
};

struct run { /* of the command */
	struct options options;
	struct totals totals;
	struct host_count *hosts;
	const char *file; /* that is being read */
	bool failed;      /* a file could not be read */
	bool is_tty;      /* standard error */
};

static enum err
count_denial(const struct denial *d, void *context)
{
	struct run *run = context;

	if (!run->options.summary)
		denial_json_write(stdout, run->file, d);
	return host_count_add(run->hosts, &d->client, d->count);
}

static void
show_progress(const struct run *run, off_t done, off_t size)
{
	if (!run->is_tty)
		return;
	if (size > 0)
		(void)fprintf(stderr, "\r\033[Korbl parse: %s: %d %%", run->file,
			(int)(done < size ? done * 100 / size : 100));
	else
		(void)fprintf(stderr, "\r\033[Korbl parse: %s: %" PRIdMAX " MB", run->file,
			(intmax_t)done / 1000000);
}

static void
clear_progress(const struct run *run)
{
	if (run->is_tty)
		(void)fputs("\r\033[K", stderr);
}

static void
complain(struct run *run, const char *what)
{
	clear_progress(run);
	(void)fprintf(stderr, "orbl parse: %s: %s\n", run->file, what);
	run->failed = true;
}

/* Read a descriptor to its end. */
static void
feed_file(struct run *run, int fd, struct reader *r)
{
	static const char no_memory[] = "out of memory";
	char *chunk = malloc(CHUNK);
	enum err err = chunk != NULL ? OK : ERR_MEMORY;
	struct stat st = {0};
	off_t done = 0;

	if (fstat(fd, &st) != 0 || !S_ISREG(st.st_mode))
		st.st_size = 0;
	for (unsigned i = 1; err == OK; i++) {
		ssize_t n = read(fd, chunk, CHUNK);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			complain(run, strerror(errno));
		if (n <= 0)
			break;
		err = reader_feed(r, chunk, (size_t)n);
		done += n;
		if (i % PROGRESS_EVERY == 0)
			show_progress(run, done, st.st_size);
	}
	if (err == OK)
		err = reader_finish(r);
	if (err != OK)
		complain(run, err == ERR_MEMORY ? no_memory : err_name(err));
	free(chunk);
}

static void
add_totals(struct run *run, const struct reader_summary *s)
{
	struct totals *t = &run->totals;

	t->files++;
	t->lines += s->lines;
	t->understood += s->understood;
	t->denials += s->denials;
	t->rejections += s->rejections;
	t->not_understood += s->not_understood;
	clear_progress(run);
	for (size_t i = 0; i < s->trouble_count; i++)
		(void)fprintf(stderr, "orbl parse: %s:%" PRIu64 ": %s\n", run->file,
			s->troubles[i].line, s->troubles[i].reason);
	if (s->not_understood > s->trouble_count)
		(void)fprintf(stderr, "orbl parse: %s: %" PRIu64 " more lines not understood\n",
			run->file, s->not_understood - s->trouble_count);
}

static void
read_file(struct run *run, const char *path)
{
	struct reader_conf conf = {.now_s = run->options.now_s, .line_max = LINE_MAX_BYTES};
	bool is_stdin = strcmp(path, "-") == 0;
	struct reader *r;
	int fd;

	run->file = path;
	fd = is_stdin ? STDIN_FILENO : open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0) {
		complain(run, strerror(errno));
		return;
	}
	r = reader_new(&conf, count_denial, run);
	if (r == NULL) {
		complain(run, "out of memory");
	} else {
		feed_file(run, fd, r);
		add_totals(run, reader_summary(r));
	}
	reader_free(r);
	if (!is_stdin)
		(void)close(fd);
}

static void
print_hosts(struct run *run)
{
	const struct host_count_entry *e = host_count_sort(run->hosts);
	char address[ADDR_TEXT];

	for (size_t i = 0; i < host_count_size(run->hosts); i++)
		(void)printf(run->options.json ? "{\"ip\":\"%s\",\"denials\":%" PRIu64 "}\n" :
						 "%s\t%" PRIu64 "\n",
			addr_format(&e[i].host, address), e[i].count);
}

/* Returns the exit status. */
static int
finish(struct run *run)
{
	const struct totals *t = &run->totals;

	if (run->options.summary)
		print_hosts(run);
	if (fflush(stdout) != 0 || ferror(stdout)) {
		(void)fprintf(stderr, "orbl parse: standard output: %s\n", strerror(errno));
		return EXIT_TROUBLE;
	}
	(void)fprintf(stderr,
		"orbl parse: files: %" PRIu64 ", lines: %" PRIu64 ", denials: %" PRIu64
		", hosts: %zu, other rejections: %" PRIu64 ", not understood: %" PRIu64 "\n",
		t->files, t->lines, t->denials, host_count_size(run->hosts), t->rejections,
		t->not_understood);
	return run->failed || (t->not_understood != 0 && t->understood == 0) ? EXIT_TROUBLE :
									       EXIT_SUCCESS;
}

static bool
parse_now(const char *argument, int64_t *out)
{
	struct text rest = text_of(argument);
	struct stamp_clock clock;
	struct stamp stamp;

	stamp_clock_init(&clock, 0);
	return stamp_take_rfc3339(&rest, &stamp) && rest.len == 0 &&
		stamp_to_epoch(&stamp, &clock, out);
}

/* Returns -1 to go on, else the exit status. */
static int
read_options(int argc, char **argv, struct options *out)
{
	static const struct option options[] = {
		{"summary", no_argument, NULL, 's'},
		{"json", no_argument, NULL, 'j'},
		{"now", required_argument, NULL, 'n'},
		{"help", no_argument, NULL, 'h'},
		{NULL, 0, NULL, 0},
	};
	int option;

	optind = 0; /* the caller has used getopt */
	while ((option = getopt_long(argc, argv, "sjn:h", options, NULL)) != -1) {
		if (option == 's') {
			out->summary = true;
		} else if (option == 'j') {
			out->json = true;
		} else if (option == 'h') {
			return fputs(usage, stdout) < 0 ? EXIT_TROUBLE : EXIT_SUCCESS;
		} else if (option != 'n') {
			(void)fputs("orbl parse: try orbl parse --help\n", stderr);
			return EXIT_TROUBLE;
		} else if (!parse_now(optarg, &out->now_s)) {
			(void)fprintf(stderr,
				"orbl parse: --now %s: not a time such as "
				"2026-11-21T19:00:00Z\n",
				optarg);
			return EXIT_TROUBLE;
		}
	}
	if (optind < argc)
		return -1;
	(void)fputs("orbl parse: no FILE given (- is standard input); try orbl parse --help\n",
		stderr);
	return EXIT_TROUBLE;
}

int
cmd_parse(int argc, char **argv)
{
	struct run run = {.options.now_s = (int64_t)time(NULL),
		.is_tty = isatty(STDERR_FILENO) != 0};
	int status = read_options(argc, argv, &run.options);

	if (status >= 0)
		return status;
	run.hosts = host_count_new();
	if (run.hosts == NULL) {
		(void)fputs("orbl parse: out of memory\n", stderr);
		return EXIT_TROUBLE;
	}
	(void)setvbuf(stdout, NULL, _IOFBF, OUTPUT_BUFFER);
	for (int i = optind; i < argc; i++)
		read_file(&run, argv[i]);
	status = finish(&run);
	host_count_free(run.hosts);
	return status;
}
