#include "parse_report.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include <jansson.h>

/* What does not fit counts in the last reason, as a reader does it. */
static void
add_reason(struct reader_summary *sum, const struct reader_reason *reason)
{
	size_t i = 0;

	while (i < sum->reason_count && strcmp(sum->reasons[i].text, reason->text) != 0)
		i++;
	if (i == READER_REASONS_MAX)
		i--;
	else if (i == sum->reason_count) {
		sum->reasons[i] = *reason;
		sum->reason_count++;
		return;
	}
	sum->reasons[i].count += reason->count;
}

void
parse_report_add(struct parse_totals *t, const struct reader_summary *s, uint64_t duplicates)
{
	struct reader_summary *sum = &t->sum;

	t->files++;
	t->duplicates += duplicates;
	sum->lines += s->lines;
	sum->understood += s->understood;
	sum->known += s->known;
	sum->denials += s->denials - duplicates;
	sum->rejections += s->rejections;
	sum->not_understood += s->not_understood;
	for (size_t k = 0; k < REJECTION_KIND_COUNT; k++)
		sum->rejections_of[k] += s->rejections_of[k];
	for (size_t i = 0; i < s->reason_count; i++)
		add_reason(sum, &s->reasons[i]);
}

/* A log may be quiet, or another one than was meant: that is to be seen. */
static void
tell_unknown(const char *name, const char *format)
{
	if (format != NULL)
		(void)fprintf(stderr, "orbl parse: %s: no line of the format %s in it\n", name,
			format);
	else
		(void)fprintf(stderr, "orbl parse: %s: no line of a mail server in it\n", name);
}

void
parse_report_troubles(const char *name, const char *format, const struct reader_summary *s)
{
	for (size_t i = 0; i < s->trouble_count; i++) {
		const struct reader_trouble *t = &s->troubles[i];

		if (t->line != 0)
			(void)fprintf(stderr, "orbl parse: %s:%" PRIu64 ": %s\n", name, t->line,
				t->reason);
		else /* a place in a file of records, which the reason names */
			(void)fprintf(stderr, "orbl parse: %s: %s\n", name, t->reason);
	}
	if (s->not_understood > s->trouble_count)
		(void)fprintf(stderr, "orbl parse: %s: %" PRIu64 " more lines not understood\n",
			name, s->not_understood - s->trouble_count);
	if (s->lines != 0 && s->known == 0)
		tell_unknown(name, format);
}

bool
parse_report_is_useless(const struct parse_totals *t, const char *format)
{
	const struct reader_summary *sum = &t->sum;

	return sum->known == 0 && (sum->not_understood != 0 || (format != NULL && sum->lines != 0));
}

static void
print_host(const struct host_count_entry *e, void *context)
{
	const struct parse_options *o = context;
	char address[ADDR_TEXT];

	(void)printf(o->json ? "{\"ip\":\"%s\",\"denials\":%" PRIu64 "}\n" : "%s\t%" PRIu64 "\n",
		addr_format(&e->host, address), e->count);
}

enum err
parse_report_hosts(struct host_count *hosts, const struct parse_options *o, uint64_t *count,
	struct error *e)
{
	struct parse_options options = *o;

	return host_count_finish(hosts, o->summary ? print_host : NULL, &options, count, e);
}

static json_t *
rejected_json(const struct reader_summary *sum)
{
	json_t *object = json_object();

	for (unsigned k = 0; k < REJECTION_KIND_COUNT; k++)
		if (sum->rejections_of[k] != 0)
			json_object_set_new(object, rejection_kind_name(k),
				json_integer((json_int_t)sum->rejections_of[k]));
	return object;
}

static json_t *
reasons_json(const struct reader_summary *sum)
{
	json_t *array = json_array();

	for (size_t i = 0; i < sum->reason_count; i++)
		json_array_append_new(array,
			json_pack("{s:s, s:I}", "reason", sum->reasons[i].text, "count",
				(json_int_t)sum->reasons[i].count));
	return array;
}

void
parse_report_json(const struct parse_totals *t, uint64_t hosts)
{
	const struct reader_summary *sum = &t->sum;
	json_t *json = json_pack("{s:{s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:o, s:o}}", "totals",
		"files", (json_int_t)t->files, "lines", (json_int_t)sum->lines, "understood",
		(json_int_t)sum->understood, "denials", (json_int_t)sum->denials, "hosts",
		(json_int_t)hosts, "duplicates", (json_int_t)t->duplicates, "rejections",
		(json_int_t)sum->rejections, "not_understood", (json_int_t)sum->not_understood,
		"rejected", rejected_json(sum), "reasons", reasons_json(sum));

	if (json == NULL || json_dumpf(json, stdout, JSON_COMPACT) != 0)
		(void)fputs("orbl parse: out of memory for the totals\n", stderr);
	(void)fputs("\n", stdout);
	json_decref(json);
}

static void
print_rejections(const struct reader_summary *sum)
{
	const char *before = "orbl parse: other rejections: ";

	for (unsigned k = 0; k < REJECTION_KIND_COUNT; k++) {
		if (sum->rejections_of[k] == 0)
			continue;
		(void)fprintf(stderr, "%s%s %" PRIu64, before, rejection_kind_name(k),
			sum->rejections_of[k]);
		before = ", ";
	}
	(void)fputs("\n", stderr);
}

void
parse_report_print(const struct parse_totals *t, uint64_t hosts)
{
	const struct reader_summary *sum = &t->sum;

	if (t->duplicates != 0)
		(void)fprintf(stderr,
			"orbl parse: %" PRIu64
			" denials were in an earlier file, too, and count once\n",
			t->duplicates);
	for (size_t i = 0; sum->not_understood > READER_TROUBLES_MAX && i < sum->reason_count; i++)
		(void)fprintf(stderr,
			"orbl parse: not understood: %" PRIu64 " of %" PRIu64 ": %s\n",
			sum->reasons[i].count, sum->not_understood, sum->reasons[i].text);
	if (sum->rejections != 0)
		print_rejections(sum);
	(void)fprintf(stderr,
		"orbl parse: files: %" PRIu64 ", lines: %" PRIu64 ", denials: %" PRIu64
		", hosts: %" PRIu64 ", other rejections: %" PRIu64 ", not understood: %" PRIu64
		"\n",
		t->files, sum->lines, sum->denials, hosts, sum->rejections, sum->not_understood);
}
