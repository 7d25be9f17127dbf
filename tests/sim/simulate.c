/* simulate [--seed N] [--hosts N] [--reporters N] [--forgers N] [--days N] [--conf LINE]... DIR
 *
 * A list in virtual time: what reporters say goes into a real store, and is scored, decided,
 * queued, listed, retested and removed by the analyzer's own code; only the hosts under test are a
 * model (world.h). Prints what came of it as JSON, the same for the same arguments. DIR gets the
 * store; best in memory.
 */
#include <getopt.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <sodium.h>

#include <orbl/conf.h>
#include <orbl/log.h>
#include <orbl/store_delisting.h>
#include <orbl/store_evidence.h>
#include <orbl/store_listing.h>
#include <orbl/store_probe.h>

#include "denial.h"
#include "housekeeping.h"
#include "measure.h"
#include "nominate.h"
#include "outcome.h"
#include "probe_queue.h"
#include "sim_prober.h"
#include "world.h"

enum {
	LINES_MAX = 16 << 10, /* bytes of options */
	DOMAINS_MAX = 16,     /* of a fact */
	ASKS_AFTER_S = 2 * SIM_DAY,
	TEXT = 128
};

struct fact {
	size_t reporter;
	uint32_t address, count, domain;
};

struct simulation {
	struct sim_world world;
	struct measure measure;
	struct conf *conf;
	struct store *store;
	struct guard *guard;
	struct prober *prober;
	struct probe_queue *queue;
	struct nominate nominate;
	struct housekeeping housekeeping;
	int64_t now_ms;
	size_t fact_count, fact_max; /* of the hour */
	struct fact *facts;
};

static struct error e;

static void
must(enum err err)
{
	if (err == OK)
		return;
	fprintf(stderr, "simulate: %s\n", e.text);
	exit(EXIT_FAILURE);
}

static int64_t
now_s(const struct simulation *s)
{
	return s->now_ms / 1000;
}

/* --- what is told --------------------------------------------------------------- */

static void
add_fact(struct simulation *s, const struct fact *f)
{
	if (s->fact_count == s->fact_max) {
		s->fact_max = s->fact_max != 0 ? 2 * s->fact_max : 1024;
		s->facts = realloc(s->facts, s->fact_max * sizeof(*s->facts));
		if (s->facts == NULL)
			abort();
	}
	s->facts[s->fact_count++] = *f;
}

/* One line for each recipient domain. */
static void
on_denial(const struct sim_denial *d, void *context)
{
	struct simulation *s = context;
	uint32_t domains = d->domains < DOMAINS_MAX ? d->domains : DOMAINS_MAX;

	s->measure.denials++;
	s->measure.forged += !d->is_true;
	if (d->is_true && d->host->denied_s == 0)
		d->host->denied_s = now_s(s);
	if (domains > d->count)
		domains = d->count;
	for (uint32_t i = 0; i < domains; i++)
		add_fact(s,
			&(struct fact){d->reporter, d->host->address,
				(d->count + domains - 1 - i) / domains, i});
}

static int
by_reporter(const void *a, const void *b)
{
	const struct fact *x = a, *y = b;

	if (x->reporter != y->reporter)
		return x->reporter < y->reporter ? -1 : 1;
	if (x->address != y->address)
		return x->address < y->address ? -1 : 1;
	return (x->domain > y->domain) - (x->domain < y->domain);
}

static void
submit_part(struct simulation *s, const struct fact *facts, size_t count)
{
	struct store_denial *denials = calloc(count, sizeof(*denials));
	char(*texts)[2][TEXT] = calloc(count, sizeof(*texts));
	struct store_part part = {.reporter = s->world.reporters[facts[0].reporter].name,
		.file = "simulated",
		.now_s = now_s(s),
		.count = count,
		.denials = denials,
		.totals = {.lines = count, .denials = count}};

	if (denials == NULL || texts == NULL)
		abort();
	for (size_t i = 0; i < count; i++) {
		snprintf(texts[i][0], TEXT, "%" PRIu32 " %" PRId64 " %" PRIu32, facts[i].address,
			now_s(s), facts[i].domain);
		snprintf(texts[i][1], TEXT, "u@d%" PRIu32 ".example",
			facts[i].domain * 7 + facts[i].address % 50);
		denials[i] = (struct store_denial){.host = sim_address(facts[i].address),
			.time_s = now_s(s),
			.said_s = now_s(s),
			.kind = DENIAL_RELAY,
			.count = facts[i].count,
			.line = i + 1,
			.raw = text_of(texts[i][0]),
			.recipient = text_of(texts[i][1])};
	}
	must(store_part_add(s->store, &part, &e));
	free(denials);
	free(texts);
}

/* Each reporter's lines of this hour are a submission. */
static void
tell_hour(struct simulation *s)
{
	size_t from = 0;

	s->fact_count = 0;
	sim_world_hour(&s->world, now_s(s), on_denial, s);
	qsort(s->facts, s->fact_count, sizeof(*s->facts), by_reporter);
	must(store_begin_lazily(s->store, &e));
	for (size_t i = 1; i <= s->fact_count; i++)
		if (i == s->fact_count || s->facts[i].reporter != s->facts[from].reporter) {
			submit_part(s, s->facts + from, i - from);
			from = i;
		}
	must(store_commit(s->store, &e));
}

/* --- what the analyzer does ------------------------------------------------------ */

static void
take_verdict(struct simulation *s, struct sim_host *h, enum verdict verdict)
{
	if (verdict == VERDICT_OPEN || verdict == VERDICT_OPEN_MULTIHOP)
		measure_listed(&s->measure, h, now_s(s));
	else if (verdict == VERDICT_CLOSED && h->listed_s != 0)
		measure_removed(&s->measure, h, now_s(s));
}

static struct outcome
new_outcome(const struct simulation *s)
{
	return (struct outcome){.store = s->store,
		.now_s = now_s(s),
		.rules = list_rules_of(s->conf),
		.guard = s->guard,
		.retry = {s->conf->probe.backoff_s, s->conf->probe.interval_s}};
}

static bool
on_end(const struct store_probe *probe, const struct probe_result *result, void *context)
{
	struct simulation *s = context;
	struct outcome o = new_outcome(s);
	struct sim_host *h = sim_world_find(&s->world, &probe->host);

	must(outcome_finish(&o, probe, result, &e));
	if (h != NULL)
		take_verdict(s, h, o.verdict);
	return true;
}

static void
on_refused(const struct store_probe *probe, const char *why, void *context)
{
	struct simulation *s = context;
	struct outcome o = new_outcome(s);

	must(outcome_cancel(&o, probe, why, &e));
}

static bool
on_late(const struct prober_event *arrival, void *context)
{
	(void)arrival;
	(void)context;
	return true;
}

static void
on_said(const struct store_probe *probe, const char *line, void *context)
{
	(void)probe;
	(void)line;
	(void)context;
}

/* All that is due in this hour; the clock goes on with the rates. */
static void
probe_hour(struct simulation *s, int64_t end_ms)
{
	int64_t wait_ms = 0;

	while (wait_ms >= 0 && s->now_ms < end_ms) {
		wait_ms = probe_queue_start(s->queue, s->now_ms);
		do
			must(probe_queue_read(s->queue, &e));
		while (probe_queue_end(s->queue, now_s(s), on_end, s) != 0);
		s->now_ms += wait_ms > 0 ? wait_ms : 1;
	}
	s->now_ms = end_ms;
}

/* --- what owners do ---------------------------------------------------------------- */

static void
ask_for_delisting(struct simulation *s)
{
	for (size_t i = 0; i < s->world.host_count; i++) {
		struct sim_host *h = &s->world.hosts[i];
		struct addr address = sim_address(h->address);
		uint64_t probe;
		int64_t id;

		if (h->listed_s == 0 || !h->asks || h->asked_s != 0 ||
			sim_host_is_open(h, now_s(s) - ASKS_AFTER_S) ||
			sim_host_is_open(h, now_s(s)))
			continue;
		must(store_begin(s->store, &e));
		must(store_delisting_add(s->store, &address, "owner", now_s(s), &id, &probe, &e));
		must(store_commit(s->store, &e));
		h->asked_s = now_s(s);
		s->measure.requests++;
	}
}

/* --- all of it ------------------------------------------------------------------------ */

/* What has ended by itself. */
static enum err
on_listing(const struct store_listing *l, void *context)
{
	struct simulation *s = context;
	struct sim_host *h = sim_world_find(&s->world, &l->prefix.addr);

	if (h != NULL && (l->category == CATEGORY_RELAY || l->category == CATEGORY_RELAY_INPUT))
		h->on_list = true;
	return OK;
}

static void
look_at_list(struct simulation *s)
{
	for (size_t i = 0; i < s->world.host_count; i++)
		s->world.hosts[i].on_list = false;
	must(store_listings(s->store, NULL, on_listing, s, &e));
	for (size_t i = 0; i < s->world.host_count; i++)
		if (!s->world.hosts[i].on_list)
			s->world.hosts[i].listed_s = s->world.hosts[i].asked_s = 0;
	must(measure_day(&s->measure, &s->world, s->store, now_s(s), &e));
}

static void
run_hour(struct simulation *s)
{
	int64_t end_ms = s->now_ms + SIM_HOUR * 1000;

	tell_hour(s);
	while (nominate_batch(&s->nominate, probe_queue_etiquette(s->queue, now_s(s)), now_s(s)))
		;
	ask_for_delisting(s);
	probe_hour(s, end_ms);
	(void)housekeeping_run(&s->housekeeping, now_s(s));
}

static void
run(struct simulation *s, bool progress)
{
	while (now_s(s) < s->world.end_s) {
		run_hour(s);
		if ((now_s(s) - SIM_START) % SIM_DAY != 0)
			continue;
		look_at_list(s);
		if (progress)
			fprintf(stderr, "\rday %" PRId64 " ", (now_s(s) - SIM_START) / SIM_DAY);
	}
	if (progress)
		fputc('\n', stderr);
}

/* --- making it -------------------------------------------------------------------------- */

/* The safe list has the providers. */
static void
write_conf(struct simulation *s, const char *directory, const char *lines)
{
	char path[PATH_MAX], address[ADDR_TEXT];
	FILE *f;

	snprintf(path, sizeof(path), "%s/safe", directory);
	f = fopen(path, "w");
	if (f == NULL) {
		perror(path);
		exit(EXIT_FAILURE);
	}
	fprintf(f, "192.0.2.1 never empty\n");
	for (size_t i = 0; i < s->world.host_count; i++) {
		struct addr a = sim_address(s->world.hosts[i].address);

		if (s->world.hosts[i].kind == SIM_PROVIDER)
			fprintf(f, "%s provider\n", addr_format(&a, address));
	}
	fclose(f);
	snprintf(path, sizeof(path), "%s/orbl.conf", directory);
	f = fopen(path, "w");
	if (f == NULL)
		exit(EXIT_FAILURE);
	fprintf(f,
		"store.path = \"%s/orbl.db\"\nzone.snapshot = \"%s/orbl.snapshot\"\n"
		"audit.file = \"\"\naudit.key = \"%s/audit.key\"\n"
		"listing.safe_lists = {\"%s/safe\"}\n"
		"probe.cases = {P01-plain, P02-null, P11-pct-host}\nprobe.sessions = 40\n%s",
		directory, directory, directory, directory, lines);
	fclose(f);
	must(conf_load(path, &s->conf, &e));
}

static void
start(struct simulation *s, const char *directory, const char *lines)
{
	struct probe_queue_parts parts;

	write_conf(s, directory, lines);
	must(store_open(s->conf->store_path, &s->store, &e));
	must(guard_new(s->conf, s->store, SIM_START, &s->guard, &e));
	s->now_ms = SIM_START * 1000;
	s->prober = sim_prober_new(&s->world);
	parts = (struct probe_queue_parts){.conf = s->conf,
		.store = s->store,
		.prober = s->prober,
		.said = on_said,
		.late = on_late,
		.refused = on_refused,
		.context = s};
	must(probe_queue_new(&parts, s->now_ms, &s->queue, &e));
	s->nominate = (struct nominate){.conf = s->conf, .store = s->store, .guard = s->guard};
	must(nominate_init(&s->nominate, &e));
	s->housekeeping.store = s->store;
	s->housekeeping.conf = s->conf;
	measure_begin(&s->measure, &s->world);
}

static void
stop(struct simulation *s)
{
	probe_queue_free(s->queue);
	prober_stop(s->prober);
	nominate_reset(&s->nominate);
	guard_free(s->guard);
	store_close(s->store);
	conf_free(s->conf);
	measure_end(&s->measure);
	sim_world_free(&s->world);
	free(s->facts);
}

static size_t
number(const char *text)
{
	uint64_t n;

	if (text_to_u64(text_of(text), UINT32_MAX, &n) != OK) {
		fprintf(stderr, "simulate: \"%s\" is not a number\n", text);
		exit(EXIT_FAILURE);
	}
	return (size_t)n;
}

int
main(int argc, char **argv)
{
	static const struct option options[] = {
		{"seed", required_argument, NULL, 's'},
		{"hosts", required_argument, NULL, 'h'},
		{"reporters", required_argument, NULL, 'r'},
		{"forgers", required_argument, NULL, 'f'},
		{"days", required_argument, NULL, 'd'},
		{"conf", required_argument, NULL, 'c'},
		{"progress", no_argument, NULL, 'p'},
		{0},
	};
	struct sim_size size = {100000, 200, 30, 365};
	struct simulation s = {.now_ms = 0};
	char lines[LINES_MAX] = "";
	uint64_t seed = 1;
	bool progress = false;
	int c;

	while ((c = getopt_long(argc, argv, "", options, NULL)) != -1)
		switch (c) {
		case 's': seed = number(optarg); break;
		case 'h': size.hosts = number(optarg); break;
		case 'r': size.reporters = number(optarg); break;
		case 'f': size.forgers = number(optarg); break;
		case 'd': size.days = (int)number(optarg); break;
		case 'c':
			snprintf(lines + strlen(lines), sizeof(lines) - strlen(lines), "%s\n",
				optarg);
			break;
		case 'p': progress = true; break;
		default: return EXIT_FAILURE;
		}
	if (argc - optind != 1 || sodium_init() < 0) {
		fprintf(stderr, "usage: simulate [options] DIRECTORY\n");
		return EXIT_FAILURE;
	}
	log_open("simulate", LOG_LEVEL_ERROR);
	sim_world_make(&s.world, seed, &size);
	start(&s, argv[optind], lines);
	run(&s, progress);
	measure_print(&s.measure, &s.world, stdout);
	stop(&s);
	return EXIT_SUCCESS;
}
