/* list_options.c - for the lint of orbl.conf(5).
 *
 * Without an argument: the options and what their table says, "NAME<tab>SENTENCE" a line,
 * paths as in an installation below /var and /run. With one: can this file be read?
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <orbl/conf.h>

#include "conf_options.h"
#include "conf_value.h"

static const char *
skip_prefix(const char *s, const char *prefix)
{
	size_t len = strlen(prefix);

	return strncmp(s, prefix, len) == 0 ? s + len : NULL;
}

static void
print_default(const struct conf_option *o)
{
	/* The state directory may hold the run-time directory: that one first. */
	const char *run = skip_prefix(o->value, ORBL_RUNSTATEDIR);
	const char *state = skip_prefix(o->value, ORBL_LOCALSTATEDIR);
	char text[32];
	int64_t n;

	if (conf_value_is_list(o->type)) {
		printf("Default %s", o->value);
	} else if (o->type == TYPE_YES_NO) {
		printf("Default %s", o->value);
	} else if (conf_value_is_number(o->type)) {
		if (conf_value_check(o, text_of(o->value), &n, NULL) != OK)
			abort();
		printf("Default %s,", conf_value_format(o, n, text, sizeof(text)));
		printf(" from %s", conf_value_format(o, o->min, text, sizeof(text)));
		printf(" to %s", conf_value_format(o, o->max, text, sizeof(text)));
		if (o->type == TYPE_NUMBER)
			printf(" (%s)", o->unit);
	} else if (run != NULL) {
		printf("Default \"/run%s\"", run);
	} else if (state != NULL) {
		printf("Default \"/var%s\"", state);
	} else {
		printf("Default \"%s\"", o->value);
	}
}

static void
print_table(struct conf_table table)
{
	for (size_t i = 0; i < table.count; i++) {
		printf("%s\t", table.rows[i].name);
		print_default(&table.rows[i]);
		puts(".");
	}
}

static int
check_file(const char *path)
{
	struct error e = {.code = OK};
	struct conf *c;

	if (conf_load(path, &c, &e) != OK) {
		fprintf(stderr, "%s\n", e.text);
		return EXIT_FAILURE;
	}
	conf_free(c);
	return EXIT_SUCCESS;
}

int
main(int argc, char **argv)
{
	if (argc > 1)
		return check_file(argv[1]);
	print_table(conf_options());
	print_table(conf_reporter_options());
	return EXIT_SUCCESS;
}
