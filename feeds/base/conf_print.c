#include <orbl/conf.h>

#include <string.h>

#include "conf_options.h"
#include "conf_value.h"
#include "config.h"

static void
print_quoted(const char *s, FILE *out)
{
	putc('"', out);
	for (; *s != '\0'; s++) {
		if (*s == '"' || *s == '\\' || (s[0] == '$' && s[1] == '{'))
			putc('\\', out);
		putc(*s, out);
	}
	putc('"', out);
}

static void
print_list(const struct conf_list *list, FILE *out)
{
	putc('{', out);
	for (size_t i = 0; i < list->count; i++) {
		fputs(i != 0 ? ", " : "", out);
		print_quoted(list->items[i], out);
	}
	putc('}', out);
}

static void
print_value(const void *base, const struct conf_option *o, FILE *out)
{
	const char *field = (const char *)base + o->offset;
	char number[32];
	char *text;
	int64_t n;

	if (conf_value_is_list(o->type)) {
		print_list((const struct conf_list *)(const void *)field, out);
	} else if (conf_value_is_number(o->type)) {
		memcpy(&n, field, sizeof(n));
		fputs(conf_value_format(o, n, number, sizeof(number)), out);
	} else {
		memcpy(&text, field, sizeof(text));
		print_quoted(text, out);
	}
}

static void
print_options(const void *base, struct conf_table table, const char *indent, FILE *out)
{
	for (size_t i = 0; i < table.count; i++) {
		const struct conf_option *o = &table.rows[i];

		fprintf(out, "%s# %s", indent, o->help);
		if (o->unit[0] != '\0')
			fprintf(out, " (%s)", o->unit);
		fprintf(out, "\n%s%s = ", indent, o->name);
		print_value(base, o, out);
		putc('\n', out);
	}
}

void
conf_print(const struct conf *c, FILE *out)
{
	print_options(c, conf_options(), "", out);
	for (size_t i = 0; i < c->reporter_count; i++) {
		fputs("reporter ", out);
		print_quoted(c->reporters[i].name, out);
		fputs(" {\n", out);
		print_options(&c->reporters[i], conf_reporter_options(), "\t", out);
		fputs("}\n", out);
	}
}

void
conf_print_version(const char *program, FILE *out)
{
	fprintf(out, "%s %s\n%s", program, PACKAGE_VERSION, ORBL_SUMMARY);
}
