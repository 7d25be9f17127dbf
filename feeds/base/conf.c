#include <orbl/conf.h>

#include <confuse.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <orbl/file.h>
#include <orbl/text.h>

#include "conf_options.h"
#include "conf_scan.h"
#include "conf_value.h"

enum { CONF_FILE_MAX = 1 << 20, ITEMS_MAX = 4096 };

/* --- reading with libconfuse -------------------------------------------- */

/* libconfuse gives a callback only the cfg_t it works on, so the place where errors are
 * kept is found through this; reading happens once, in one thread. */
struct reading {
	const char *path;
	struct error *error; /* the first error is kept */
	bool failed;
};

static _Thread_local struct reading *reading;

static void
keep_error(unsigned line, const char *reason)
{
	if (!reading->failed)
		error_set(reading->error, ERR_SYNTAX, "%s:%u: %s", reading->path, line, reason);
	reading->failed = true;
}

static struct conf_table
table_of(cfg_t *cfg)
{
	bool in_reporter = cfg != NULL && strcmp(cfg_name(cfg), "reporter") == 0;

	return in_reporter ? conf_reporter_options() : conf_options();
}

static void
describe_unknown(cfg_t *cfg, const char *name, char *out, size_t size)
{
	const char *near = conf_option_nearest(table_of(cfg), name);

	if (near != NULL)
		snprintf(out, size, "there is no option \"%s\" here; did you mean \"%s\"?", name,
			near);
	else
		snprintf(out, size,
			"there is no option \"%s\" here; orbl.conf(5) and -T name them all", name);
}

static void on_error(cfg_t *cfg, const char *fmt, va_list args) ORBL_PRINTF(2, 0);

/* Also called by libconfuse itself after on_value has failed, when keep_error has the reason. */
static void
on_error(cfg_t *cfg, const char *fmt, va_list args)
{
	char message[256], reason[384], name[80];

	vsnprintf(message, sizeof(message), fmt, args);
	if (sscanf(message, "no such option '%79[^']'", name) == 1)
		describe_unknown(cfg, name, reason, sizeof(reason));
	else
		snprintf(reason, sizeof(reason),
			"%s; write NAME = \"VALUE\" or "
			"NAME = {\"A\", \"B\"}, see orbl.conf(5)",
			message);
	keep_error(cfg != NULL ? (unsigned)cfg->line : 0, reason);
}

/* Called by libconfuse when a value is read, so that cfg->line is its line. */
static int
on_value(cfg_t *cfg, cfg_opt_t *opt)
{
	const struct conf_option *o = conf_option_find(table_of(cfg), opt->name);
	unsigned count = cfg_opt_size(opt), max = ITEMS_MAX;
	struct error e = {.code = OK};
	char reason[640];
	int64_t n;
	enum err err;

	if (o == NULL || count == 0)
		return 0;
	if (conf_value_is_list(o->type) && o->max != 0)
		max = (unsigned)o->max;
	if (count > max)
		err = error_set(&e, ERR_FULL, "has more than %u items; remove some", max);
	else
		err = conf_value_check(o, text_of(cfg_opt_getnstr(opt, count - 1)), &n, &e);
	if (err == OK)
		return 0;
	snprintf(reason, sizeof(reason), "%s: %s", o->name, e.text);
	keep_error((unsigned)cfg->line, reason);
	return -1;
}

/* Called at the end of a reporter section. */
static int
on_reporter(cfg_t *cfg, cfg_opt_t *opt)
{
	cfg_t *section = cfg_opt_getnsec(opt, cfg_opt_size(opt) - 1);
	char printable[CONF_REPORTER_NAME_MAX + 1];
	struct text name = text_of(cfg_title(section));

	text_printable(name, printable, sizeof(printable));
	if (name.len != 0 && text_equal(name, text_of(printable)))
		return 0;
	keep_error((unsigned)cfg->line,
		"the name of the reporter section that ends here must be "
		"1 to 64 printable ASCII characters; write reporter \"NAME\" { ... }");
	return -1;
}

static cfg_opt_t
new_option(const struct conf_option *o)
{
	cfg_opt_t scalar = CFG_STR((char *)(uintptr_t)o->name, o->value, CFGF_NONE);
	cfg_opt_t list = CFG_STR_LIST((char *)(uintptr_t)o->name, (char *)(uintptr_t)o->value,
		CFGF_NONE);
	cfg_opt_t option = conf_value_is_list(o->type) ? list : scalar;

	option.validcb = on_value;
	return option;
}

/* libconfuse keeps pointers into these until cfg_free. */
struct schema {
	cfg_opt_t reporter[16];
	cfg_opt_t top[192];
};

static cfg_t *
new_parser(struct schema *schema)
{
	struct conf_table reporter = conf_reporter_options(), top = conf_options();
	cfg_opt_t section = CFG_SEC("reporter", schema->reporter,
		CFGF_MULTI | CFGF_TITLE | CFGF_NO_TITLE_DUPES);
	const cfg_opt_t end = CFG_END();
	cfg_t *cfg;

	if (reporter.count + 1 > ORBL_COUNT(schema->reporter) ||
		top.count + 2 > ORBL_COUNT(schema->top))
		return NULL;
	for (size_t i = 0; i < reporter.count; i++)
		schema->reporter[i] = new_option(&reporter.rows[i]);
	schema->reporter[reporter.count] = end;
	for (size_t i = 0; i < top.count; i++)
		schema->top[i] = new_option(&top.rows[i]);
	section.validcb = on_reporter;
	schema->top[top.count] = section;
	schema->top[top.count + 1] = end;
	cfg = cfg_init(schema->top, CFGF_NONE);
	if (cfg != NULL)
		cfg_set_error_function(cfg, on_error);
	return cfg;
}

/* --- from cfg_t to struct conf ------------------------------------------ */

static bool
set_list(struct conf_list *list, cfg_opt_t *opt)
{
	unsigned count = cfg_opt_size(opt);

	list->items = calloc(count != 0 ? count : 1, sizeof(*list->items));
	if (list->items == NULL)
		return false;
	for (; list->count < count; list->count++) {
		list->items[list->count] = strdup(cfg_opt_getnstr(opt, (unsigned)list->count));
		if (list->items[list->count] == NULL)
			return false;
	}
	return true;
}

static bool
set_field(void *base, const struct conf_option *o, cfg_opt_t *opt)
{
	char *field = (char *)base + o->offset, *copy;
	int64_t n;

	if (conf_value_is_list(o->type))
		return set_list((struct conf_list *)(void *)field, opt);
	if (conf_value_is_number(o->type)) {
		if (conf_value_check(o, text_of(cfg_opt_getstr(opt)), &n, NULL) != OK)
			return false;
		memcpy(field, &n, sizeof(n));
		return true;
	}
	copy = strdup(cfg_opt_getstr(opt));
	memcpy(field, &copy, sizeof(copy));
	return copy != NULL;
}

static bool
set_fields(void *base, struct conf_table table, cfg_t *cfg)
{
	for (size_t i = 0; i < table.count; i++)
		if (!set_field(base, &table.rows[i], cfg_getopt(cfg, table.rows[i].name)))
			return false;
	return true;
}

static bool
set_reporters(struct conf *c, cfg_t *cfg)
{
	unsigned count = cfg_size(cfg, "reporter");

	c->reporters = calloc(count != 0 ? count : 1, sizeof(*c->reporters));
	if (c->reporters == NULL)
		return false;
	for (unsigned i = 0; i < count; i++) {
		cfg_t *section = cfg_getnsec(cfg, "reporter", i);
		struct conf_reporter *r = &c->reporters[c->reporter_count++];

		r->name = strdup(cfg_title(section));
		if (r->name == NULL || !set_fields(r, conf_reporter_options(), section))
			return false;
	}
	return true;
}

static void
free_fields(void *base, struct conf_table table)
{
	for (size_t i = 0; i < table.count; i++) {
		char *field = (char *)base + table.rows[i].offset, *text;
		struct conf_list *list = (struct conf_list *)(void *)field;

		if (conf_value_is_list(table.rows[i].type)) {
			while (list->count != 0)
				free(list->items[--list->count]);
			free(list->items);
		} else if (!conf_value_is_number(table.rows[i].type)) {
			memcpy(&text, field, sizeof(text));
			free(text);
		}
	}
}

void
conf_free(struct conf *c)
{
	if (c == NULL)
		return;
	free_fields(c, conf_options());
	for (size_t i = 0; i < c->reporter_count; i++) {
		free(c->reporters[i].name);
		free_fields(&c->reporters[i], conf_reporter_options());
	}
	free(c->reporters);
	free(c);
}

/* --- files -------------------------------------------------------------- */

static enum err
parse(const char *path, const char *bytes, struct conf *c, struct error *e)
{
	struct reading state = {.path = path, .error = e};
	struct schema schema;
	enum err err = OK;
	cfg_t *cfg;

	reading = &state;
	cfg = new_parser(&schema);
	if (cfg == NULL)
		err = error_set(e, ERR_MEMORY, "%s: out of memory", path);
	else if (cfg_parse_buf(cfg, bytes) != CFG_SUCCESS || state.failed)
		err = state.failed ? ERR_SYNTAX :
				     error_set(e, ERR_SYNTAX, "%s: cannot be parsed", path);
	else if (!set_fields(c, conf_options(), cfg) || !set_reporters(c, cfg))
		err = error_set(e, ERR_MEMORY, "%s: out of memory", path);
	cfg_free(cfg);
	reading = NULL;
	return err;
}

static enum err
parse_file(const char *path, struct conf *c, struct error *e)
{
	struct error reason = {.code = OK};
	uint32_t line;
	char *bytes;
	size_t len;
	enum err err = file_read(path, CONF_FILE_MAX, &bytes, &len, e);

	if (err != OK)
		return err;
	if (strlen(bytes) != len)
		err = error_set(e, ERR_SYNTAX, "%s: has a NUL byte; it must be text", path);
	else if (conf_scan(bytes, &line, &reason) != OK)
		err = error_set(e, ERR_SYNTAX, "%s:%u: %s", path, line, reason.text);
	else
		err = parse(path, bytes, c, e);
	free(bytes);
	return err;
}

enum err
conf_load(const char *path, struct conf **out, struct error *e)
{
	struct conf *c = calloc(1, sizeof(*c));
	enum err err;

	*out = NULL;
	if (c == NULL)
		return error_set(e, ERR_MEMORY, "configuration: out of memory");
	err = path != NULL ? parse_file(path, c, e) : parse("the defaults", "", c, e);
	if (err != OK)
		conf_free(c);
	else
		*out = c;
	return err;
}

const char *
conf_path(const char *argument)
{
	static const char installed[] = ORBL_SYSCONFDIR "/orbl.conf";
	const char *environment = getenv("ORBL_CONF");

	if (argument != NULL)
		return argument;
	if (environment != NULL && environment[0] != '\0')
		return environment;
	return access(installed, F_OK) == 0 ? installed : NULL;
}

/* A name that only looks like another must not get around what the other's section says. */
const struct conf_reporter *
conf_reporter(const struct conf *c, const char *name)
{
	const struct conf_reporter *found = NULL;

	for (size_t i = 0; i < c->reporter_count; i++) {
		const struct conf_reporter *r = &c->reporters[i];

		if (strcmp(r->name, name) == 0)
			return r;
		if (found == NULL &&
			text_equal_nocase(text_trim(text_of(r->name)), text_trim(text_of(name))))
			found = r;
	}
	return found;
}
