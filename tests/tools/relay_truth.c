#include "relay_truth.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

enum { PATH_SIZE = 4096 };

static const char usage[] =
	"usage: relay_truth DIR CLIENT COLLECTOR DOMAIN CASES\n"
	"\n"
	"Write the truth table of the relay policy into the folder DIR:\n"
	"  hosts   each row as a host for relay_host --hosts, on addresses of COLLECTOR's /16\n"
	"  few     what a probe from CLIENT with --all --cases CASES must find at each\n"
	"  many    what one with all cases must find at a sample\n"
	"  cases   these cases\n"
	"few and many are tables: address, verdict, outputs, cases, group of rows, row in words.\n"
	"\n"
	"Exit status: 1 when the engine and the words of Q193922 disagree, then told; 2 trouble.\n";

struct plan {
	const char *dir;
	struct truth_lab lab;
	uint64_t few, many; /* cases */
	FILE *hosts, *few_file, *many_file;
	unsigned rows, sampled, disagreements;
};

static FILE *
open_file(const struct plan *p, const char *name, struct error *e)
{
	char path[PATH_SIZE];
	FILE *f;

	snprintf(path, sizeof(path), "%s/%s", p->dir, name);
	f = fopen(path, "w");
	if (f == NULL)
		(void)error_errno(e, "%s", path);
	return f;
}

static enum err
close_file(FILE *f, struct error *e)
{
	bool bad = f != NULL && ferror(f) != 0;

	if (f != NULL && (fclose(f) != 0 || bad))
		return error_set(e, ERR_IO, "cannot write");
	return OK;
}

/* --- rows --------------------------------------------------------------- */

/* The engine's answer to a recipient against that of the words. */
static void
check_answer(struct plan *p, const struct truth_row *r, const struct relay_policy *policy,
	enum truth_recipient kind)
{
	char recipient[RECIPIENT_MAX], group[TRUTH_WORDS], row[TRUTH_WORDS];
	struct relay_request request = {
		.client = p->lab.client,
		.local = r->addr,
		.authenticated = (r->facts & FACT_AUTHENTICATED) != 0,
	};
	enum relay_answer wanted = truth_row_answer(r, kind);
	struct relay_decision d;

	truth_row_recipient(r, kind, recipient);
	request.recipient = text_of(recipient);
	d = relay_policy_decide(policy, &request);
	if (d.answer == wanted)
		return;
	truth_row_group(r, group);
	truth_row_words(r, row);
	p->disagreements++;
	fprintf(stderr, "row %u: %s, %s: to <%s> wanted %s, the engine says %s (%s)\n", r->number,
		group, row, recipient, relay_answer_name(wanted), relay_answer_name(d.answer),
		d.rule);
}

static enum err
write_policy(const struct plan *p, const struct truth_row *r, struct relay_policy **out,
	struct error *e)
{
	char name[32], path[PATH_SIZE];
	enum err err;
	FILE *f;

	snprintf(name, sizeof(name), "policy%u", r->number);
	f = open_file(p, name, e);
	if (f == NULL)
		return e->code;
	truth_row_write_policy(&p->lab, r, f);
	err = close_file(f, e);
	snprintf(path, sizeof(path), "%s/%s", p->dir, name);
	return err == OK ? relay_policy_read(path, out, NULL, e) : err;
}

static void
write_host(const struct plan *p, const struct truth_row *r)
{
	char address[ADDR_TEXT];

	fprintf(p->hosts, "%s=%s/policy%u,name=%s%s%s%s\n", addr_format(&r->addr, address), p->dir,
		r->number, r->name, r->catch_all ? ",catch-all" : "",
		r->pipelining ? ",pipelining" : "",
		(r->facts & FACT_AUTHENTICATED) != 0 ? ",authenticated" : "");
}

static enum err
write_row(struct plan *p, struct truth_row *r, struct error *e)
{
	struct relay_policy *policy = NULL;
	enum err err;

	r->number = p->rows++;
	truth_row_make(&p->lab, r);
	err = write_policy(p, r, &policy, e);
	if (err != OK)
		return err;
	for (int kind = 0; kind < TRUTH_RECIPIENT_COUNT; kind++)
		check_answer(p, r, policy, (enum truth_recipient)kind);
	write_host(p, r);
	err = truth_predict(&p->lab, r, policy, p->few, p->few_file, e);
	if (err == OK && r->sampled)
		err = truth_predict(&p->lab, r, policy, p->many, p->many_file, e);
	p->sampled += r->sampled;
	relay_policy_free(policy);
	return err;
}

/* All rows with these flags and of this version. */
static enum err
write_group(struct plan *p, unsigned flags, unsigned version, struct error *e)
{
	enum err err = OK;

	for (unsigned facts = 0; err == OK && facts < TRUTH_FACTS_COUNT; facts++) {
		struct truth_row r = {.flags = flags, .version = version, .facts = facts};

		if (truth_row_exists(flags, facts))
			err = write_row(p, &r, e);
	}
	return err;
}

static enum err
write_table(struct plan *p, struct error *e)
{
	enum err err = OK;

	for (unsigned flags = 0; err == OK && flags < TRUTH_FLAGS_COUNT; flags++)
		for (unsigned version = 0; err == OK && version < TRUTH_VERSION_COUNT; version++)
			err = write_group(p, flags, version, e);
	return err;
}

static enum err
write_case_list(const struct plan *p, struct error *e)
{
	FILE *f = open_file(p, "cases", e);
	const char *comma = "";

	if (f == NULL)
		return e->code;
	for (size_t i = 0; i < probe_case_count(); i++)
		if ((p->many >> probe_case_row(i)->number & 1) != 0) {
			fprintf(f, "%s%s", comma, probe_case_row(i)->id);
			comma = ",";
		}
	fputc('\n', f);
	return close_file(f, e);
}

static enum err
write_all(struct plan *p, struct error *e)
{
	FILE **const files[] = {&p->hosts, &p->few_file, &p->many_file};
	static const char *const names[] = {"hosts", "few", "many"};
	enum err err = write_case_list(p, e);

	for (size_t i = 0; err == OK && i < ORBL_COUNT(files); i++) {
		*files[i] = open_file(p, names[i], e);
		err = *files[i] == NULL ? e->code : OK;
	}
	if (err == OK)
		err = write_table(p, e);
	for (size_t i = 0; i < ORBL_COUNT(files); i++) {
		enum err closed = close_file(*files[i], e);

		err = err == OK ? closed : err;
	}
	return err;
}

static enum err
read_arguments(char **argv, struct plan *p, struct error *e)
{
	p->dir = argv[0];
	p->lab.domain = argv[3];
	p->many = probe_case_mask_default();
	if (addr_parse(text_of(argv[1]), &p->lab.client) != OK ||
		addr_parse(text_of(argv[2]), &p->lab.collector) != OK ||
		p->lab.client.family != 4 || p->lab.collector.family != 4)
		return error_set(e, ERR_SYNTAX, "CLIENT and COLLECTOR are IPv4 addresses");
	return probe_case_parse_list(text_of(argv[4]), &p->few, e);
}

int
main(int argc, char **argv)
{
	struct plan p = {.rows = 0};
	struct error e = {.code = OK};

	if (argc != 6) {
		fputs(usage, stderr);
		return 2;
	}
	if (read_arguments(argv + 1, &p, &e) != OK || write_all(&p, &e) != OK) {
		fprintf(stderr, "relay_truth: %s\n", e.text);
		return 2;
	}
	printf("%u rows, %u of them with all cases\n", p.rows, p.sampled);
	return p.disagreements != 0;
}
