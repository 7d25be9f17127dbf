/* rbldnsd_oracle.c - does orbl-dnsd answer as rbldnsd(8) does, but for what is documented?
 *
 *	rbldnsd_oracle PLAN QUESTIONS SEED THEIRS OURS READ
 *	rbldnsd_oracle --plain PLAN QUESTIONS SEED PORT PORT
 *	rbldnsd_oracle --dump PLAN QUESTIONS SEED THEIRS OURS THEIRS
 *	rbldnsd_oracle --rules
 *
 * Asks both the same questions and compares what they say. THEIRS is rbldnsd with the files of
 * the plan, READ is one with the files as orbl-dnsd reads them; the last three are ports. Each
 * difference has to be the effect of a rule (rbldnsd_oracle_rules.c) that is documented in
 * docs/rbldnsd-differences.md. --plain: any difference counts. --dump: THEIRS has what OURS has
 * written for it, a list of ours; no rule has to be met, and 6to4 is left out, which such a list
 * does not have. --rules: print their names. Prints TAP.
 */
#include "rbldnsd_oracle.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { SHOWN_MAX = 10, TCP_QUESTIONS = 400 };

struct run {
	bool plain, dump;
	struct plan plan;
	struct ask *ask;
	struct rules *rules;
	unsigned long wanted, compared, different, unanswered, shown;
	bool ignored[2][CLIENTS]; /* by the list for all zones; in the zone that has one */
	const struct zone *acl_zone;
	uint64_t state;
	unsigned tests, failed;
};

static void
result(struct run *r, bool ok, const char *what)
{
	r->failed += !ok;
	printf("%sok %u - %s\n", ok ? "" : "not ", ++r->tests, what);
}

static void
show(struct run *r, const struct question *q, const struct reply *theirs, const struct reply *ours)
{
	const struct zone *z = plan_zone(&r->plan, q->name, q->len);

	r->different++;
	if (r->shown++ >= SHOWN_MAX)
		return;
	printf("# different, in zone %s (%s)\n", z != NULL ? z->origin : "none",
		z != NULL ? z->types : "-");
	wire_print_question(q);
	wire_print_reply("rbldnsd", theirs);
	wire_print_reply("orbl-dnsd", ours);
	if (!r->plain)
		wire_print_reply("due", rules_due(r->rules));
}

static void
count_positive(struct run *r, const struct question *q, const struct reply *theirs)
{
	struct zone *z = plan_zone(&r->plan, q->name, q->len);

	if (z == NULL)
		return;
	z->asked++;
	for (size_t i = 0; i < theirs->count; i++)
		if (theirs->records[i].section == SECTION_ANSWER &&
			theirs->records[i].type != TYPE_SOA && theirs->records[i].type != TYPE_NS) {
			z->positive++;
			return;
		}
}

/* What did not fit, and is left out: rbldnsd takes turns in what that is. */
static bool
is_cut(const struct reply *r)
{
	return r->rcode == RCODE_OK && (r->flags & FLAG_AA) == 0;
}

static bool
is_same(struct run *r, const struct question *q, const struct reply *theirs,
	const struct reply *ours)
{
	if (!r->plain)
		return rules_explain(r->rules, q, theirs, ours);
	return wire_equal(theirs, ours) || (is_cut(theirs) && is_cut(ours));
}

static void
compare(struct run *r, const struct question *q, const struct reply *theirs,
	const struct reply *ours)
{
	r->compared++;
	count_positive(r, q, theirs);
	if (!theirs->got && !ours->got)
		r->unanswered++;
	if (!is_same(r, q, theirs, ours))
		show(r, q, theirs, ours);
}

/* --- many ------------------------------------------------------------------------------- */

/* Is the name one of 2002::/16 (RFC 3056), or of a network around it? */
static bool
is_6to4(const struct run *r, const struct question *q)
{
	static const char digits[] = "2002";
	const struct zone *z = plan_zone(&r->plan, q->name, q->len);
	size_t end = z != NULL ? q->len - z->len : 0, digit = 0;

	for (; digit < 4 && end >= 2 && q->name[end - 2] == 1; digit++, end -= 2)
		if (q->name[end - 1] != digits[digit])
			return false;
	return digit != 0 && (digit == 4 || end == 0);
}

static bool
may_ask(const struct run *r, const struct question *q)
{
	if (r->dump && is_6to4(r, q))
		return false;
	return !r->ignored[1][q->client] || plan_zone(&r->plan, q->name, q->len) != r->acl_zone;
}

/* Every eighth batch comes from a client of the access control lists. */
static void
fill(struct run *r, struct ask_batch *b, unsigned n)
{
	*b = (struct ask_batch){.first_id = n % 256 * WINDOW};
	b->count = r->plain ? WINDOW / 2 : WINDOW; /* plain: both may be one server */
	if (n % 8 == 7)
		b->client = (unsigned)(names_random(&r->state) % CLIENTS);
	if (r->ignored[0][b->client])
		b->client = 0;
	if (r->wanted - r->compared < b->count)
		b->count = r->wanted - r->compared;
	for (size_t i = 0; i < b->count; i++) {
		do {
			b->slots[i].question.client = b->client;
			names_question(&r->plan, &r->state, &b->slots[i].question);
		} while (!may_ask(r, &b->slots[i].question));
	}
}

static void
compare_batch(struct run *r, const struct ask_batch *b)
{
	static _Thread_local struct reply theirs, ours;

	for (size_t i = 0; i < b->count; i++) {
		const struct ask_slot *s = &b->slots[i];

		wire_reply(&s->question, s->reply[THEIRS], s->len[THEIRS], &theirs);
		wire_reply(&s->question, s->reply[OURS], s->len[OURS], &ours);
		compare(r, &s->question, &theirs, &ours);
	}
}

/* While one batch is compared the servers answer the next. */
static void
compare_many(struct run *r)
{
	struct ask_batch *batches = malloc(2 * sizeof(*batches));
	unsigned n = 0;

	if (batches == NULL)
		abort();
	fill(r, &batches[0], 0);
	ask_send(r->ask, &batches[0]);
	while (r->compared < r->wanted) {
		fill(r, &batches[(n + 1) % 2], n + 1);
		ask_send(r->ask, &batches[(n + 1) % 2]);
		ask_collect(r->ask, &batches[n % 2], &batches[(n + 1) % 2]);
		compare_batch(r, &batches[n % 2]);
		n++;
	}
	free(batches);
}

static void
compare_fixed(struct run *r)
{
	static _Thread_local struct reply theirs, ours;
	struct question q;

	for (size_t i = 0; names_fixed(&r->plan, i, &q); i++) {
		if (!may_ask(r, &q))
			continue;
		ask_one(r->ask, THEIRS, &q, &theirs);
		ask_one(r->ask, OURS, &q, &ours);
		compare(r, &q, &theirs, &ours);
	}
}

/* --- access control, TCP ---------------------------------------------------------------- */

static bool
is_ignored(struct run *r, enum server server, unsigned client, const struct zone *z)
{
	struct question q = {.class = 1, .type = TYPE_A, .client = client};

	names_ip4(0x7f000002, 0, &q);
	names_text(z->origin, &q);
	q.name[q.len++] = 0;
	return ask_is_ignored(r->ask, server, &q);
}

/* Ours has to ignore the same clients. */
static bool
note_ignored(struct run *r, unsigned client, const struct zone *z, bool *out)
{
	bool ours = is_ignored(r, OURS, client, z);

	*out = is_ignored(r, THEIRS, client, z);
	if (*out != ours)
		printf("# client %u in zone %s: rbldnsd %s, orbl-dnsd %s\n", client, z->origin,
			*out ? "ignores" : "answers", ours ? "ignores" : "answers");
	return *out == ours;
}

static void
compare_ignored(struct run *r)
{
	size_t seen = 0;
	bool same = true;

	for (size_t i = 0; i < r->plan.zone_count; i++)
		if (strstr(r->plan.zones[i].types, "acl") != NULL)
			r->acl_zone = &r->plan.zones[i];
	for (unsigned c = 0; c < CLIENTS && r->acl_zone != NULL; c++) {
		same &= note_ignored(r, c, &r->plan.zones[0], &r->ignored[0][c]);
		same &= note_ignored(r, c, r->acl_zone, &r->ignored[1][c]);
		seen += r->ignored[0][c] + r->ignored[1][c];
	}
	printf("# %zu times a client was ignored\n", seen);
	result(r, same && seen > 1, "the same clients are ignored");
}

static void
compare_tcp(struct run *r)
{
	static _Thread_local struct reply theirs, ours;
	unsigned long before = r->different;

	if (!ask_has_tcp(r->ask, OURS)) {
		result(r, false, "there is TCP");
		return;
	}
	for (size_t i = 0; i < TCP_QUESTIONS; i++) {
		struct question q = {.client = 0};

		names_question(&r->plan, &r->state, &q);
		q.edns = true;
		q.udp_size = 4096;
		ask_one(r->ask, THEIRS, &q, &theirs);
		ask_tcp(r->ask, OURS, &q, &ours);
		compare(r, &q, &theirs, &ours);
	}
	result(r, r->different == before && !ask_has_tcp(r->ask, THEIRS),
		"over TCP the same, and rbldnsd has none (tcp)");
}

static void
compare_packets(struct run *r)
{
	char what[128];

	for (size_t i = 0; i < packets_count(); i++) {
		bool ok = packets_compare(r->ask, i, what);

		result(r, ok, what);
	}
}

/* --- report -------------------------------------------------------------------------------- */

static void
report_types(struct run *r)
{
	static const char *const types[] = {"ip4set", "ip4trie", "ip4tset", "ip6trie", "ip6tset",
		"dnset", "generic", "combined", "acl"};

	for (size_t t = 0; t < sizeof(types) / sizeof(types[0]); t++) {
		unsigned long positive = 0, asked = 0;
		char line[128];

		for (size_t i = 0; i < r->plan.zone_count; i++) {
			const struct zone *z = &r->plan.zones[i];

			/* One type, or a list of clients with what it stands over. */
			if (strcmp(z->types, types[t]) == 0 ||
				(strcmp(types[t], "acl") == 0 && z == r->acl_zone)) {
				positive += z->positive;
				asked += z->asked;
			}
		}
		snprintf(line, sizeof(line), "%s: %lu of %lu answers are positive", types[t],
			positive, asked);
		result(r, positive > 0, line);
	}
}

static void
report(struct run *r, double seconds)
{
	char line[128];

	printf("# %lu questions, at %.0f a second; %lu that neither answers\n", r->compared,
		(double)r->wanted / seconds, r->unanswered);
	if (!r->plain && !r->dump) {
		report_types(r);
		for (size_t i = 0; rules_name(i) != NULL; i++) {
			snprintf(line, sizeof(line), "rule %s: %lu answers", rules_name(i),
				rules_count(r->rules, i));
			result(r, rules_count(r->rules, i) > 0, line);
		}
	}
	snprintf(line, sizeof(line), "%lu of %lu answers differ in a way that is not documented",
		r->different, r->compared);
	result(r, r->different == 0 && r->compared >= r->wanted, line);
	printf("1..%u\n", r->tests);
}

static double
now_s(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static void
run_all(struct run *r)
{
	double start;

	if (!r->dump)
		compare_ignored(r);
	if (!r->plain)
		r->rules = rules_new(&r->plan, r->ask, r->acl_zone, r->ignored);
	compare_fixed(r);
	r->wanted += r->compared;
	start = now_s();
	compare_many(r);
	start = now_s() - start;
	if (!r->plain && !r->dump) {
		compare_tcp(r);
		compare_packets(r);
	}
	report(r, start);
}

static bool
parse(struct run *r, int argc, char **argv)
{
	uint16_t ports[SERVERS];

	r->plain = argc > 1 && strcmp(argv[1], "--plain") == 0;
	r->dump = argc > 1 && strcmp(argv[1], "--dump") == 0;
	argv += r->plain || r->dump;
	argc -= r->plain || r->dump;
	if (argc != (r->plain ? 6 : 7)) {
		fprintf(stderr,
			"usage: rbldnsd_oracle [--plain|--dump] PLAN QUESTIONS SEED PORT...\n");
		return false;
	}
	if (!plan_read(argv[1], &r->plan)) {
		fprintf(stderr, "%s: no plan\n", argv[1]);
		return false;
	}
	r->wanted = strtoul(argv[2], NULL, 10);
	r->state = strtoull(argv[3], NULL, 10);
	for (int i = 0; i < SERVERS; i++)
		ports[i] = (uint16_t)strtoul(argv[i + 4 < argc ? i + 4 : 4], NULL, 10);
	if ((r->ask = ask_open(ports)) == NULL) {
		fprintf(stderr, "sockets: %s\n", strerror(errno));
		return false;
	}
	return true;
}

static void
print_rules(void)
{
	for (size_t i = 0; rules_name(i) != NULL; i++)
		puts(rules_name(i));
	for (size_t i = 0; i < packets_count(); i++)
		if (packets_rule(i) != NULL)
			puts(packets_rule(i));
	puts("tcp");
}

int
main(int argc, char **argv)
{
	struct run r = {0};
	bool ok;

	if (argc == 2 && strcmp(argv[1], "--rules") == 0) {
		print_rules();
		return 0;
	}
	ok = parse(&r, argc, argv);
	if (ok) {
		setvbuf(stdout, NULL, _IOLBF, 0);
		run_all(&r);
	}
	rules_free(r.rules);
	ask_close(r.ask);
	plan_free(&r.plan);
	return ok && r.failed == 0 ? 0 : 1;
}
