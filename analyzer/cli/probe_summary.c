#include "probe_summary.h"

#include <stdio.h>
#include <string.h>

static const char *
name_of(const struct probe_row *row, char text[ENDPOINT_TEXT])
{
	return row->refused != NULL ? row->argument : endpoint_format(&row->target, text);
}

static int
width_of(const struct probe_row *rows, size_t count)
{
	char text[ENDPOINT_TEXT];
	size_t width = 0;

	for (size_t i = 0; i < count; i++) {
		size_t len = strlen(name_of(&rows[i], text));

		/* An argument that is no address may be anything. */
		if (len > width && len < sizeof(text))
			width = len;
	}
	return (int)width;
}

void
probe_summary_print(const struct probe_row *rows, size_t count, const struct probe_report *reports)
{
	int width = width_of(rows, count);
	char target[ENDPOINT_TEXT], why[PROBE_REPORT_REASON];

	putchar('\n');
	for (size_t i = 0; i < count; i++) {
		const struct probe_row *row = &rows[i];
		const char *name = name_of(row, target);

		if (row->refused != NULL)
			printf("%-*s  %-13s  %s\n", width, name, "not probed", row->refused);
		else
			printf("%-*s  %-13s  %s\n", width, name,
				verdict_name(probe_report_verdict(&reports[row->report])),
				probe_report_reason(&reports[row->report], why));
	}
}

int
probe_summary_status(const struct probe_row *rows, size_t count, const struct probe_report *reports)
{
	static const int statuses[VERDICT_COUNT] = {
		[VERDICT_OPEN] = 1,
		[VERDICT_OPEN_MULTIHOP] = 1,
		[VERDICT_BOUNCES] = 1,
		[VERDICT_ACCEPTS] = 2,
		[VERDICT_CLOSED] = 0,
		[VERDICT_UNTESTABLE] = 2,
		[VERDICT_UNREACHABLE] = 2,
		[VERDICT_UNDECIDED] = 2,
		[VERDICT_DISCRIMINATES] = 2,
	};
	int all = 0;

	for (size_t i = 0; i < count; i++) {
		int one = rows[i].refused != NULL ?
			2 :
			statuses[probe_report_verdict(&reports[rows[i].report])];

		if (one == 1)
			return 1;
		all = one != 0 ? one : all;
	}
	return all;
}
